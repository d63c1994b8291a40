#!/bin/bash
# The certificate authority with real parts: ceremony, mohar-hsmd on SoftHSM, PostgreSQL, cards; openssl and GnuTLS as judges of what it answers.
# timeout: 240
. tests/tap.sh

what="the certificate authority"
. tests/flows/ca/house.sh

check 'the schema is made' cad migrate --config "$W/one.conf"
check 'and made again it is as it was' cad migrate --config "$W/one.conf"
check 'settings and policies are in order' cad check --config "$W/one.conf"
check "the daemon's own TLS certificate is issued at bootstrap" cad issue --config "$W/one.conf" --profile tls-server --dns localhost \
	--key-out "$W/tls/ca.key" --out "$W/tls/ca.pem"
check 'its key is for its user only' test "$(stat -c %a "$W/tls/ca.key")" = 600
refuse 'a citizen profile is not issued without an order' cad issue --config "$W/one.conf" --profile citizen-authentication --cn x --key-out "$W/x" --out "$W/y"
check 'and left nothing behind' test ! -e "$W/x" -a ! -e "$W/y"
check 'it serves' serve_one
check 'TLS by its own certificate' test "$(curl -s -o /dev/null -w '%{http_code}' --cacert "$W/ceremony/root-ca.pem" "$API/")" = 404
if [ -n "${MOHAR_SANITIZE-}" ]; then
	skip 'idle it is under 25 MB' 'a sanitizer needs room of its own'
else
	check 'idle it is under 25 MB' test "$(awk '/VmRSS/ { print $2 }' "/proc/$cad/status")" -lt 25600
fi

# ---- issuing ----
by() { local card=$1; shift; mohar "$@" --token "$card" --pin 123456; }
enrol() { mohar card enrol --token citizen --pin 123456 --registrar-token "$1" --registrar-pin 123456 --profile officer --name "Test Officer One" "${@:2}"; }
refuse "an operator's card cannot order what takes a registrar" says "takes a registrar's order" enrol operator
check 'a card is enrolled by the registrar' enrol registrar
mohar card show --token citizen --json >"$W/card.json"
serial=$(jq -r '.certificates[0].serial' "$W/card.json")
check 'the certificate is on the card, its serial 128 bits long' test ${#serial} = 32
check 'a key with a certificate gets no second one' says 'has a certificate already' enrol registrar
check 'one certificate was given' test "$(sql "SELECT count(*) FROM ca.certificate WHERE profile = 'officer'")" = 1
by operator ca show "$serial" --json | jq -r .certificate >"$W/officer.pem"
cat "$W/ceremony/citizen-ca.pem" "$W/ceremony/root-ca.pem" >"$W/chain.pem"
key() { openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$W/$1.key" -subj /CN=ignored -out "$W/$1.csr" 2>/dev/null; }
key agency
key other
issue() { by "${by:-operator}" ca issue --profile "${profile:-tls-client}" --csr "$W/$1.csr" --subject "CN=$2" "${@:3}"; }
check "an operator's order is carried out" issue agency "Agency One" --out "$W/agency.pem"
check "the request's own names are not taken" test "$(openssl x509 -in "$W/agency.pem" -noout -subject)" = 'subject=CN = Agency One'
check 'the same key for the same holder is a renewal' issue agency "Agency One"
refuse 'the same key for another holder' says 'certified for another holder' issue agency "Agency Two"
by=citizen refuse 'the order of a card that is no operator' says 'no operator' issue agency "Agency One"
profile=issuing-ca refuse "a CA's profile" says 'takes a ceremony' issue agency "Agency One"
profile=ocsp-responder-service refuse "a responder's profile" says 'our own OCSP responder' issue agency "Agency One"
profile=nonsense refuse 'an unknown profile' says 'no profile' issue agency "Agency One"
refuse 'a subject attribute that the profile does not allow' says 'serialNumber' issue other "Agency Four" --subject serialNumber=1
openssl req -new -newkey rsa:1024 -nodes -keyout "$W/weak.key" -subj /CN=x -out "$W/weak.csr" 2>/dev/null
refuse 'a weak key' says 'RSA' issue weak "Agency Three"
check 'every certificate has its event, and every event its place in the outbox' test \
	"$(sql "SELECT (SELECT count(*) FROM ca.certificate) = (SELECT count(*) FROM ca.event WHERE type = 'certificate.issued') AND (SELECT count(*) FROM ca.event) = (SELECT count(*) FROM ca.outbox)")" = t
check 'no subject stands in the public part of an event' test \
	"$(sql "SELECT count(*) FROM ca.event WHERE convert_from(entry, 'UTF8') LIKE '%Officer One%'")" = 0
refuse 'the serving role cannot delete a certificate' says 'permission denied' psql -q -h "$W/pg" -U mohar_cad -d mohar -c 'DELETE FROM ca.certificate'
refuse 'nobody can change one' says 'for ever' psql -q -h "$W/pg" -U postgres -d mohar -c "UPDATE ca.certificate SET not_after = now()"

# ---- acts ----
post() { curl -s --cacert "$W/ceremony/root-ca.pem" -o "$W/reply" -w '%{http_code}' "$API$1" -H "Content-Type: ${type:-application/jose}" --data-binary "$2"; }
check 'an act that is none is refused' test "$(post /certificates a.b.c)" = 400
check 'an act of the wrong content type is refused' test "$(type=text/plain post /certificates a.b.c)" = 400
check 'certificates are not listed to anybody' test "$(curl -s --cacert "$W/ceremony/root-ca.pem" -o /dev/null -w '%{http_code}' "$API/certificates")" = 401
check 'an operator sees them' says 'Agency One' by operator ca list

# ---- status ----
ocsp() { openssl ocsp -issuer "$W/ceremony/citizen-ca.pem" ${digest:+-$digest} -cert "$W/officer.pem" -url "${pki:-$PKI}/ocsp" -CAfile "$W/ceremony/root-ca.pem" "$@" 2>&1; }
good() { ocsp "$@" >"$W/ocsp" && cat "$W/ocsp" && grep -q 'Response verify OK' "$W/ocsp" && grep -q 'officer.pem: good' "$W/ocsp"; }
revoked() { ocsp "$@" >"$W/ocsp" && cat "$W/ocsp" && grep -q 'Response verify OK' "$W/ocsp" && grep -q 'officer.pem: revoked' "$W/ocsp"; }
check 'openssl: good' good -no_nonce
digest=sha256 check 'openssl: good, by SHA-256' good -no_nonce
live() { good && ! grep -q 'no nonce' "$W/ocsp"; }
check 'openssl: good, nonce answered' live
openssl ocsp -issuer "$W/ceremony/citizen-ca.pem" -cert "$W/officer.pem" -no_nonce -reqout "$W/req.der"
url=$PKI/ocsp/$(base64 -w0 "$W/req.der" | jq -sRr @uri)
get() { curl -sf -D "$W/headers" -o "$W/resp.der" "$url"; }
get_good() { get && openssl ocsp -respin "$W/resp.der" -issuer "$W/ceremony/citizen-ca.pem" -cert "$W/officer.pem" -CAfile "$W/ceremony/root-ca.pem" | grep -q ': good'; }
check 'by GET too' get_good
check 'caches may keep it 30 seconds at most' grep -Eqi '^cache-control: public, max-age=([12]?[0-9]|30).?$' "$W/headers"
etag=$(sed -n 's/^etag: //Ip' "$W/headers" | tr -d '\r')
check 'and are told when nothing changed' test "$(curl -s -o /dev/null -w '%{http_code}' -H "If-None-Match: $etag" "$url")" = 304
if command -v ocsptool >/dev/null; then
	gnutls() { ocsptool --ask="$PKI/ocsp" --load-issuer "$W/ceremony/citizen-ca.pem" --load-cert "$W/officer.pem" --load-signer "$W/ceremony/citizen-ca.pem" >"$W/gnutls" 2>&1 && grep -q 'Success' "$W/gnutls"; }
	check 'GnuTLS verifies it' gnutls
else skip 'GnuTLS verifies it' 'needs gnutls-bin'; fi
status_of() { curl -s "${@:2}" -o "$W/err.der" && [ "$(od -An -tx1 "$W/err.der" | tr -d ' \n')" = "30030a010$1" ]; }
check 'garbage is malformedRequest' status_of 1 -H 'Content-Type: application/ocsp-request' --data-binary garbage "$PKI/ocsp"
check 'garbage by GET too' status_of 1 "$PKI/ocsp/AAAA"
foreign() { openssl ocsp -issuer "$W/agency.pem" -serial 0x1234567890abcdef1234567890abcdef -no_nonce -reqout "$W/f.der" && status_of 6 -H 'Content-Type: application/ocsp-request' --data-binary "@$W/f.der" "$PKI/ocsp"; }
check 'an issuer that is not ours is unauthorized' foreign
unknown() { openssl ocsp -issuer "$W/ceremony/citizen-ca.pem" -serial 0x1234567890abcdef1234567890abcdef -url "$PKI/ocsp" -CAfile "$W/ceremony/root-ca.pem" "$@" 2>&1; }
never() { unknown -no_nonce | grep -q ': unknown'; }
check 'a serial that was never issued is unknown, not good' never
flood() { openssl ocsp -issuer "$W/ceremony/citizen-ca.pem" -serial 0x1234567890abcdef1234567890abcdef -no_nonce -reqout "$W/u.der"; for i in $(seq 20); do status_of 3 -H 'Content-Type: application/ocsp-request' --data-binary "@$W/u.der" "$PKI/ocsp" && return; done; return 1; }
check 'and asked too often gets tryLater' flood

crls() { for ca in citizen-ca root-ca; do curl -sf "$PKI/crl/$ca.crl" | openssl crl -inform DER || return; done >"$W/crls.pem"; }
crl_verify() { crls && openssl verify -crl_check_all -CRLfile "$W/crls.pem" -CAfile "$W/ceremony/root-ca.pem" -untrusted "$W/ceremony/citizen-ca.pem" "$W/officer.pem"; }
check 'openssl verify with lists: good' crl_verify
check 'CA certificates are where certificates say' says citizens openssl x509 -inform DER -noout -subject -in <(curl -sf "$PKI/ca/citizen-ca.cer")
check 'and all of them together' test "$(curl -sf "$PKI/ca/bundle.pem" | grep -c BEGIN)" = 3
check 'no list of a CA that is none' test "$(curl -s -o /dev/null -w '%{http_code}' "$PKI/crl/nobody.crl")" = 404

# ---- revoking, seen by a second instance ----
check 'a second instance serves beside it' serve_two
pki=$PKI2 check 'and says good' good -no_nonce
number=$(mohar ca crl citizen-ca --pki-url "$PKI" --json | jq .number)
refuse "a reason must be one of RFC 5280's" says 'is not one of' by registrar ca revoke "$serial" --reason annoyance
check 'the registrar revokes' by registrar ca revoke "$serial" --reason keyCompromise
check 'at once it is revoked' revoked -no_nonce
check 'by GET too' says ': revoked' openssl ocsp -respin <(curl -s "$url") -issuer "$W/ceremony/citizen-ca.pem" -cert "$W/officer.pem" -CAfile "$W/ceremony/root-ca.pem"
refuse 'it is not revoked twice' says 'revoked already' by registrar ca revoke "$serial"
listed() { mohar ca crl citizen-ca --pki-url "$1" --json | jq -e ".number > $number and .entries == 1"; }
check 'the list has it' await listed "$PKI"
refuse 'openssl verify with lists: revoked' says 'certificate revoked' crl_verify
elsewhere() { pki=$PKI2 revoked -no_nonce; }
check 'the other instance learns it' await elsewhere
check 'and lists it' await listed "$PKI2"

# ---- when something dies ----
kill -9 "$cad"
check 'killed and started again it serves' serve_one
check 'and has forgotten nothing' revoked -no_nonce
tests/postgres crash "$W/pg"
no_database() { status_of 3 -H 'Content-Type: application/ocsp-request' --data-binary "@$W/u.der" "$PKI/ocsp"; }
check 'without its database OCSP says tryLater' no_database
refuse 'and it is not ready' ready $((base + 2))
refuse 'and issues nothing' says 'unreachable' issue agency "Agency One"
tests/postgres again "$W/pg"
check 'with it back all is well' await ready $((base + 2))
check 'nothing that was acknowledged is lost' test "$(sql "SELECT count(*) FROM ca.certificate WHERE encode(serial, 'hex') = '$serial' AND revoked_at IS NOT NULL")" = 1
kill "$hsmd"
await test ! -S "$W/main.sock"
refuse 'without the key daemon it issues nothing' says 'unreachable' issue agency "Agency One"
check 'and recorded nothing' test "$(sql "SELECT (SELECT count(*) FROM ca.certificate) = (SELECT count(*) FROM ca.event WHERE type = 'certificate.issued')")" = t
launch "$BIN/mohar-hsmd" --config "$W/hsmd-main.conf"
again() { issue agency "Agency One"; }
check 'with it back it issues' await again

# ---- bad settings ----
echo 'colour = red' | cat "$W/one.conf" - >"$W/bad.conf"
refuse 'an unknown setting is named with its line' says 'bad.conf:[0-9]*: unknown setting' cad check --config "$W/bad.conf"
sed 's|^authorities = .*|authorities = /nonexistent|' "$W/one.conf" >"$W/bad.conf"
refuse 'missing CA certificates are named with the remedy' says 'run the ceremony first' cad check --config "$W/bad.conf"
mkdir -p "$W/policies" && cp -r policies/. "$W/policies" && sed -i '3i "colour": "red",' "$W/policies/profiles/tls-server.json"
sed "s|^policies = .*|policies = $W/policies|" "$W/one.conf" >"$W/bad.conf"
refuse "a policy's unknown member is named with its line" says 'tls-server.json:3.*colour' cad check --config "$W/bad.conf"
refuse 'and mohar policy check finds it too' says 'tls-server.json:3.*colour' mohar policy check "$W/policies"
check 'the policies of this tree are in order' mohar policy check policies
finish
