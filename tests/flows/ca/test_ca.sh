#!/bin/bash
# The certificate authority with real parts: ceremony, mohar-hsmd on SoftHSM, PostgreSQL, cards; openssl and GnuTLS as judges of what it answers.
# timeout: 240
. tests/tap.sh

command -v softhsm2-util >/dev/null || { skip "the certificate authority" "needs softhsm2"; finish; exit 0; }
: "${MOHAR_BUILD:?run me by tests/run}"
BIN=$MOHAR_BUILD/bin SHARE=$MOHAR_BUILD/share
W=$(mktemp -d /tmp/mohar-ca-XXXXXX)
chmod 711 "$W"
pids=
trap 'kill $pids 2>/dev/null; wait 2>/dev/null; tests/postgres stop "$W/pg"; rm -rf "$W"' EXIT
tests/postgres start "$W/pg" $$ >/dev/null || { skip "the certificate authority" "needs PostgreSQL"; finish; exit 0; }
MODULE=/usr/lib/softhsm/libsofthsm2.so
# Thirteen ports in a row that nobody listens on.
ports_free() { local n; for n in 0 1 2 10 11 12; do ! (: </dev/tcp/127.0.0.1/$(($1 + n))) 2>/dev/null || return; done; }
base=$((20000 + $$ % 10000))
until ports_free $base; do base=$((base + 20)); done
API=https://localhost:$base PKI=http://localhost:$((base + 1)) PKI2=http://localhost:$((base + 11))
export MOHAR_CARD_MODULE=$MODULE MOHAR_CA_URL=$API MOHAR_TLS_CA=$W/ceremony/root-ca.pem

# ---- the house ----
softhsm() { mkdir -p "$W/$1" && printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$W/$1" >"$W/$1.conf"; }
mohar() { SOFTHSM2_CONF=$W/cards.conf timeout 30 "$BIN/mohar" "$@"; }
await() { for ((i = 0; i < 400; i++)); do "$@" >/dev/null 2>&1 && return; sleep 0.02; done; return 1; }
launch() { "$@" >>"$W/log" 2>&1 </dev/null & pids="$pids $!"; }

for token in cards root main; do softhsm $token; done
(umask 077 && echo 123456 >"$W/pin")
operators='[]'
for card in custodian-1 custodian-2 custodian-3 registrar operator citizen; do
	mohar card init --token $card --so-pin 876543 --pin 123456 >/dev/null
	[ $card != citizen ] || continue
	mohar card key --token $card --pin 123456 >/dev/null
	case $card in registrar) role=registrar ;; operator) role=ca-operator ;; *) role=custodian ;; esac
	operators=$(jq -c --argjson jwk "$(mohar card show --token $card --jwk --json | jq -c .jwk)" --arg name $card --arg role $role \
		'. + [{name: $name, roles: [$role], jwk: $jwk}]' <<<"$operators")
done
jq --argjson operators "$operators" --arg me "$(id -u)" '.operators = $operators | .callers |= map(.users = [$me])' policies/keys.json >"$W/keys.json"
for token in root main; do
	SOFTHSM2_CONF=$W/$token.conf softhsm2-util --init-token --free --label "$token" --pin 123456 --so-pin 876543 >/dev/null
	printf 'socket = %s.sock\nmodule = %s\nmodule_config = %s.conf\nmodule_folder = %s\ntoken = %s\nserves = %s\npin_file = pin\nkeys = keys.json\njournal = %s.journal\n' \
		$token $MODULE $token $token $token $token $token >"$W/hsmd-$token.conf"
	"$BIN/mohar-hsmd" genesis --config "$W/hsmd-$token.conf" >>"$W/log" 2>&1
	launch "$BIN/mohar-hsmd" --config "$W/hsmd-$token.conf"
	hsmd=$!
	await test -S "$W/$token.sock"
done
mkdir "$W/ceremony" "$W/tls"
mohar ceremony run policies/ceremonies/demo.json --keys "$W/keys.json" --policies policies --root-socket "$W/root.sock" --main-socket "$W/main.sock" \
	--out "$W/ceremony" --pki-url "$PKI" --custodian "custodian-1:file:$W/pin" --custodian "custodian-2:file:$W/pin" >>"$W/log" 2>&1
psql -q -h "$W/pg" -U postgres -d postgres -f deploy/sql/roles.sql >>"$W/log" 2>&1

# conf NAME PORT: settings of an instance at PORT, PORT+1, PORT+2
conf() {
	cat >"$W/$1.conf" <<-END
	port = $2
	pki_port = $(($2 + 1))
	metrics_port = $(($2 + 2))
	tls_certificate = $W/tls/ca.pem
	tls_key = $W/tls/ca.key
	database = host=$W/pg dbname=mohar user=mohar_cad
	owner_database = host=$W/pg dbname=mohar user=mohar_owner
	hsm_socket = $W/main.sock
	policies = policies
	keys = $W/keys.json
	share = $SHARE
	authorities = $W/ceremony
	url = $API
	pki_url = $PKI
	ocsp_unknown_per_second = 5
	END
	sed -i "s|= policies$|= $PWD/policies|" "$W/$1.conf"
}
conf one $base
conf two $((base + 10))
ready() { curl -sf -m 2 "http://127.0.0.1:$1/readyz"; }
serve_one() { launch "$BIN/mohar-cad" --config "$W/one.conf" && cad=$! && await ready $((base + 2)); }
serve_two() { launch "$BIN/mohar-cad" --config "$W/two.conf" && await ready $((base + 12)); }
cad() { timeout 20 "$BIN/mohar-cad" "$@"; }
sql() { psql -qAt -h "$W/pg" -U postgres -d mohar -c "$1"; }
says() { "${@:2}" >"$W/said" 2>&1; local code=$?; cat "$W/said"; grep -q -- "$1" "$W/said" && return $code; echo "does not say: $1"; return 0; }

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
refuse 'a key with a certificate is not enrolled again' says 'has a certificate already' enrol registrar
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
