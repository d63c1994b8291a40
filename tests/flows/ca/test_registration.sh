#!/bin/bash
# The queue and bulk acts: who may approve what, over which bytes, and what a crash between two approvals or two batches changes: nothing.
# timeout: 280
. tests/tap.sh

what="the queue of requests"
profiles=$(mktemp -d /tmp/mohar-profiles-XXXXXX)
cp -r policies "$profiles/" && chmod -R a+rX "$profiles"
policies=$profiles/policies
jq '.approvals = 2' policies/profiles/officer.json >"$policies/profiles/officer.json"
more_cards='registrar-2 registrar-3 operator-2'
. tests/flows/ca/house.sh
trap 'kill $pids 2>/dev/null; wait 2>/dev/null; tests/postgres stop "$W/pg"; rm -rf "$W" "$profiles"' EXIT
cad migrate --config "$W/one.conf" >>"$W/log" 2>&1
cad issue --config "$W/one.conf" --profile tls-server --dns localhost --key-out "$W/tls/ca.key" --out "$W/tls/ca.pem" >>"$W/log" 2>&1
check 'it serves' serve_one
by() { local card=$1; shift; mohar "$@" --token "$card" --pin 123456; }
field() { jq -r ".$1 // empty" "$W/said"; }
state() { sql "SELECT state FROM ca.request WHERE id = '$1'"; }
csr() { openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$W/$1.key" -subj "/CN=${2:-ignored}" -out "$W/$1.csr" 2>/dev/null; }
ask() { local card=$1 name=$2; shift 2; csr "$name"; by "$card" ca request --csr "$W/$name.csr" --json "$@"; }
id_of() { "$@" >"$W/asked" 2>&1; jq -r '.id // empty' "$W/asked"; }

# An act, signed on a card by its PKCS#11 module: what no command of ours would sign. act CARD NAME MEMBERS(JSON). pkcs11-tool takes the first token whose label begins so: operator-2, not operator.
b64() { basenc --base64url -w0 | tr -d =; }
act() {
	local jwk kid now header payload
	jwk=$(jq -c --arg name "$1" '.operators[] | select(.name == $name) | .jwk' "$W/keys.json")
	kid=$(jq -c '{crv, kty, x, y}' <<<"$jwk" | tr -d '\n' | openssl dgst -sha256 -binary | b64)
	now=$(($(date +%s) + ${shift_time:-0}))
	header=$(printf '{"alg":"ES256","typ":"act+jwt","kid":"%s"}' "$kid" | b64)
	payload=$(jq -c --arg act "$2" --arg aud "$API" --argjson now "$now" --arg jti "$(openssl rand -hex 16)" '. + {act: $act, aud: $aud, iat: $now, exp: ($now + 300), jti: $jti}' <<<"$3" | b64)
	printf '%s.%s' "$header" "$payload" | openssl dgst -sha256 -binary >"$W/digest"
	SOFTHSM2_CONF=$W/cards.conf pkcs11-tool --module $MODULE --token-label "$1" --login --pin 123456 --sign --mechanism ECDSA --id 01 --input-file "$W/digest" --output-file "$W/signature" >/dev/null 2>&1
	printf '%s.%s.%s' "$header" "$payload" "$(b64 <"$W/signature")"
}
# posts PATH ACT: fails with what the service says, unless it is done
posts() { local code; code=$(curl -s -m 15 --cacert "$MOHAR_TLS_CA" -o "$W/body" -w '%{http_code}' -H 'Content-Type: application/jose' --data-binary "$2" "$API$1"); cat "$W/body"; [ "${code:0:1}" = 2 ]; }
gets() { local code; code=$(curl -s -m 15 --cacert "$MOHAR_TLS_CA" -o "$W/body" -w '%{http_code}' -H "Authorization: Bearer $2" "$API$1"); cat "$W/body"; [ "${code:0:1}" = 2 ]; }
members() { sql "SELECT json_build_object('request', id, 'profile', profile, 'person', person, 'subject', subject::json, 'names', names::json,
	'spki_sha256', rtrim(translate(encode(spki_sha256, 'base64'), '+/', '-_'), '='), 'issue_sha256', rtrim(translate(encode(issue_sha256, 'base64'), '+/', '-_'), '=')) FROM ca.request WHERE id = '$1'" | jq -c 'del(..|nulls)'; }

# ---- one approval: a service's certificate ----
refuse 'what the profile does not allow is refused when it is asked for, naming the field' says 'subject attribute serialNumber' ask operator one --profile tls-client --subject serialNumber=1 --subject CN=One
refuse 'a profile that is not there' says 'there is no profile' ask operator one --profile nothing --subject CN=One
check 'an operator asks' ask operator one --profile tls-client --subject 'CN=Agency One' --batch first
one=$(sql "SELECT id FROM ca.request")
check 'it waits' says waiting by operator ca queue
refuse 'the same key does not wait twice' says 'waiting already' by operator ca request --csr "$W/one.csr" --profile tls-client --subject 'CN=Agency One'
refuse 'whoever asked does not approve' says 'somebody else must approve' by operator ca approve "$one"
refuse 'nor a registrar, where an operator must' says "takes a ca-operator's word" by registrar ca approve "$one"
refuse 'over another hash than the one that was seen' says 'not what --over says' by operator-2 ca approve "$one" --over AAAA
other=$(members "$one" | jq -c '.subject[0].value = "Agency Two"')
refuse 'over other bytes' says 'over other bytes' posts "/requests/$one/approve" "$(act operator-2 certificate.issue "$other")"
refuse 'an act that has expired' says 'expired' posts "/requests/$one/approve" "$(shift_time=-400 act operator-2 certificate.issue "$(members "$one")")"
refuse 'an act for one request at the address of another' says 'the address about another' posts "/requests/$one/approve" "$(act operator-2 certificate.issue "$(members "$one" | jq -c '.request = "123e4567-e89b-42d3-a456-426614174000"')")"
refuse 'an approval is no order for a certificate' says 'goes to /requests/' posts /certificates "$(act operator-2 certificate.issue "$(members "$one" | jq -c --arg csr "$(openssl req -in "$W/one.csr" -outform DER | b64)" '.csr = $csr')")"
check 'nothing of that has changed it' test "$(state "$one")" = waiting
check 'another operator approves, and it is issued' by operator-2 ca approve "$one" --out "$W/one.pem"
check 'with the key and the name that were asked for' diff <(openssl x509 -in "$W/one.pem" -noout -pubkey -subject -nameopt RFC2253) <(openssl pkey -in "$W/one.key" -pubout; echo 'subject=CN=Agency One')
check 'it says so, with its serial' test "$(sql "SELECT state, encode(serial, 'hex') FROM ca.request WHERE id = '$one'")" = "issued|$(openssl x509 -in "$W/one.pem" -noout -serial | sed 's/.*=//' | tr A-F a-f)"
check 'through the channel queue' test "$(sql "SELECT channel, actor, principal FROM ca.certificate WHERE subject = 'CN=Agency One'")" = 'queue|operator-2|operator'
refuse 'what is issued is not approved again' says 'issued already' by operator-2 ca approve "$one"
refuse 'nor withdrawn' says 'issued already' by operator ca withdraw "$one"
check 'each step is an event' test "$(sql "SELECT string_agg(type, ' ' ORDER BY type) FROM ca.event WHERE type LIKE 'request.%'")" = 'request.approved request.issued request.submitted'

# ---- reject, withdraw, expire ----
two=$(id_of ask operator two --profile tls-client --subject CN=Two)
refuse 'a rejection needs its reason' by operator-2 ca reject "$two"
check 'rejected' by operator-2 ca reject "$two" --reason 'the agency is closed'
check 'and its applicant reads why' says 'the agency is closed' by operator ca queue --state rejected
refuse 'what is rejected is not approved' says 'rejected already' by operator-2 ca approve "$two"
three=$(id_of ask operator three --profile tls-client --subject CN=Three)
refuse 'another withdraws nothing' says 'only they can withdraw' by operator-2 ca withdraw "$three"
check 'the applicant withdraws' by operator ca withdraw "$three"
four=$(id_of ask operator four --profile tls-client --subject CN=Four)
sql "SET session_replication_role = replica; UPDATE ca.request SET created_at = created_at - interval '20 days', expires_at = now() - interval '1 minute' WHERE id = '$four'"
refuse 'what has expired is not approved' says 'the request expired' by operator-2 ca approve "$four"
check 'and shown as such' says expired by operator ca queue --state expired

# ---- two approvals: an officer's card ----
refuse 'no single order goes past the queue' says 'goes through the queue' mohar card enrol --token citizen --pin 123456 --registrar-token registrar --registrar-pin 123456 --profile officer --name 'Test Officer One'
five=$(id_of ask registrar five --profile officer --subject 'CN=Test Officer One')
refuse 'an operator is no registrar' says "takes a registrar's word" by operator ca approve "$five"
check 'the first registrar approves' by registrar-2 ca approve "$five"
check 'and it still waits' test "$(state "$five")" = waiting
refuse 'one person does not approve twice' says 'approved this request already' by registrar-2 ca approve "$five"
kill -9 "$cad" && wait "$cad" 2>/dev/null
check 'killed between the two approvals, it starts again' serve_one
check 'and knows the first' says registrar-2 by registrar-3 ca approve "$five" --over AAAA --json
refuse 'which still does not count twice' says 'approved this request already' by registrar-2 ca approve "$five"
check 'the second registrar approves, and mohar-hsmd takes the act as evidence' by registrar-3 ca approve "$five" --out "$W/five.pem"
check 'the certificate is signed' openssl verify -CAfile "$W/ceremony/root-ca.pem" -untrusted "$W/ceremony/citizen-ca.pem" "$W/five.pem"

# ---- the database, for whoever comes past the code ----
six=$(id_of ask registrar six --profile officer --subject 'CN=Test Officer Six')
as_cad() { psql -qAt -v ON_ERROR_STOP=1 -h "$W/pg" -U mohar_cad -d mohar -c "$1"; }
approval() { echo "INSERT INTO ca.request_approval SELECT id, '$1', sha256('$1'), ${2:-issue_sha256}, 'x', ${3:-now()} FROM ca.request WHERE id = '$six'"; }
refuse 'the database: not by the applicant' says 'asked for themself' as_cad "$(approval registrar)"
refuse 'the database: not over other bytes' says 'over other bytes' as_cad "$(approval a "sha256('x')")"
refuse 'the database: not too late' says 'has expired' as_cad "$(approval a issue_sha256 'expires_at')"
check 'the database: one approval' as_cad "$(approval a)"
refuse 'the database: not twice' says 'duplicate key' as_cad "$(approval a)"
refuse 'the database: not issued without its approvals' says 'without its approvals' as_cad "UPDATE ca.request SET state = 'issued', ended_at = now(), ended_by = 'a', serial = (SELECT serial FROM ca.certificate LIMIT 1) WHERE id = '$six'"
check 'the database: a second' as_cad "$(approval b)"
refuse 'the database: not with another certificate' says 'not what was asked for' as_cad "UPDATE ca.request SET state = 'issued', ended_at = now(), ended_by = 'a', serial = (SELECT serial FROM ca.certificate LIMIT 1) WHERE id = '$six'"
refuse 'the database: a request does not change' as_cad "UPDATE ca.request SET subject = '[]' WHERE id = '$six'"
refuse 'the database: nothing is deleted' as_cad "DELETE FROM ca.request WHERE id = '$six'"

# ---- a holder asks with the card that they have ----
person=123e4567-e89b-42d3-a456-426614174000
csr holder && mohar card key --token citizen --pin 123456 >/dev/null 2>&1
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$W/holder.key" -subj /CN=x -out "$W/holder.csr" 2>/dev/null
by registrar ca issue --profile citizen-authentication --csr "$W/holder.csr" --subject 'CN=Test Citizen One' --subject serialNumber=abc --person $person --json >"$W/said" 2>&1
holder=$(field serial)
check 'a citizen has a certificate' test -n "$holder"
# signed by the key in the file, as a card would
holder_act() {
	local now header payload pub kid
	pub=$(openssl pkey -in "$W/holder.key" -pubout -outform DER | tail -c 64 | basenc --base16 -w0)
	kid=$(printf '{"crv":"P-256","kty":"EC","x":"%s","y":"%s"}' "$(basenc -d --base16 <<<"${pub:0:64}" | b64)" "$(basenc -d --base16 <<<"${pub:64}" | b64)" | openssl dgst -sha256 -binary | b64)
	now=$(date +%s)
	header=$(printf '{"alg":"ES256","typ":"act+jwt","kid":"%s"}' "$kid" | b64)
	payload=$(jq -c --arg act "$1" --arg aud "$API" --argjson now "$now" --arg jti "$(openssl rand -hex 16)" '. + {act: $act, aud: $aud, iat: $now, exp: ($now + 300), jti: $jti}' <<<"$2" | b64)
	printf '%s.%s.%s' "$header" "$payload" "$(printf '%s.%s' "$header" "$payload" | openssl dgst -sha256 -sign "$W/holder.key" | openssl asn1parse -inform DER | sed -n 's/.*INTEGER *://p' | while read -r n; do printf '%64s' "$n" | tr ' ' 0; done | basenc -d --base16 | b64)"
}
csr next
next() { jq -nc --arg csr "$(openssl req -in "$W/next.csr" -outform DER | b64)" --arg spki "$(openssl req -in "$W/next.csr" -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | b64)" \
	--arg person "$1" --arg certificate "$holder" '{profile: "citizen-authentication", csr: $csr, spki_sha256: $spki, person: $person, certificate: $certificate, subject: [{type: "CN", value: "Test Citizen One"}, {type: "serialNumber", value: "abc"}]}'; }
refuse 'a holder asks for nobody else' says 'for themselves only' posts /requests "$(holder_act request.submit "$(next 223e4567-e89b-42d3-a456-426614174000)")"
refuse 'with a certificate that is not theirs' posts /requests "$(holder_act request.submit "$(next $person | jq -c --arg s "$(openssl x509 -in "$W/one.pem" -noout -serial | sed 's/.*=//' | tr A-F a-f)" '.certificate = $s')")"
check 'a holder asks for the next one' posts /requests "$(holder_act request.submit "$(next $person)")"
seven=$(jq -r .id "$W/body")
check 'and a registrar approves it' by registrar ca approve "$seven"
by registrar ca suspend "$holder" >/dev/null 2>&1
csr next
refuse 'a suspended certificate asks for nothing' says 'revoked or suspended' posts /requests "$(holder_act request.submit "$(next $person)")"

# ---- pages and summary ----
for n in 1 2 3 4 5; do ask operator "page-$n" --profile tls-client --subject "CN=Page $n" --batch pages >/dev/null; done
walk() { local after= names=; while :; do by operator ca queue --batch pages --limit 2 ${after:+--after "$after"} --json >"$W/page" || return; names+=$(jq -r '.requests[]?.title' "$W/page" | tr '\n' ' '); after=$(jq -r '.next // empty' "$W/page"); [ -n "$after" ] || break; done; echo "$names"; }
check 'pages neither lose nor repeat' test "$(walk | tr ' ' '\n' | grep -c '^[1-5]$')" = 5
refuse 'an unknown filter is refused' says 'no such filter' gets "/requests?colour=red" "$(act operator-2 request.read '{}')"
summary() { by operator ca queue --summary --json; }
check 'the summary counts them' test "$(summary | jq -c '.summary.profiles[] | select(.profile == "tls-client") | .waiting')" = 5
check 'and says how long it will take' test "$(summary | jq '.summary.estimate_seconds > 0')" = true

# ---- bulk ----
for n in 1 2 3 4 5; do by operator-2 ca approve "$(sql "SELECT id FROM ca.request WHERE title = 'CN=Page $n'")" >/dev/null; done
suspended() { sql "SELECT count(*) FROM ca.certificate WHERE reason = 6"; }
already=$(suspended)
refuse 'a registrar proposes nothing for many' by registrar ca suspend-many --why test --batch pages
refuse 'everything there is cannot be meant' says 'at least one thing' by operator ca suspend-many --why test
refuse 'what fits nothing is told' says 'no certificate fits' by operator ca suspend-many --why test --batch none
check 'an operator proposes, and sees how many' by operator ca suspend-many --why 'a broken delivery' --batch pages
bulk=$(sql "SELECT id FROM ca.bulk WHERE state = 'proposed'")
check 'five, with their hash' test "$(sql "SELECT count, serials_sha256 = (SELECT sha256(string_agg(serial, ''::bytea ORDER BY serial)) FROM ca.request WHERE batch = 'pages') FROM ca.bulk WHERE id = '$bulk'")" = '5|t'
check 'nothing has happened yet' test "$(suspended)" = "$already"
hash=$(sql "SELECT rtrim(translate(encode(serials_sha256, 'base64'), '+/', '-_'), '=') FROM ca.bulk WHERE id = '$bulk'")
refuse 'over another list' says 'another list' posts "/bulk/$bulk/approve" "$(act operator-2 bulk.approve "{\"bulk\":\"$bulk\",\"action\":\"suspend\",\"count\":5,\"serials_sha256\":\"$(printf x | openssl dgst -sha256 -binary | b64)\"}")"
refuse 'with another count' says 'count:' posts "/bulk/$bulk/approve" "$(act operator-2 bulk.approve "{\"bulk\":\"$bulk\",\"action\":\"suspend\",\"count\":4,\"serials_sha256\":\"$hash\"}")"
check 'one approves' by operator ca approve-many "$bulk" --over "$hash"
check 'and nothing has happened yet' test "$(suspended)" = "$already"
refuse 'not twice' says 'approved this already' by operator ca approve-many "$bulk"
kill -9 "$cad" && wait "$cad" 2>/dev/null
check 'killed between the two approvals, it starts again' serve_one
ask operator late --profile tls-client --subject 'CN=Late' --batch pages >/dev/null
by operator-2 ca approve "$(sql "SELECT id FROM ca.request WHERE title = 'CN=Late'")" >/dev/null
check 'the second approves, and it is carried out' by operator-2 ca approve-many "$bulk"
check 'on exactly the list that was approved' test "$(sql "SELECT string_agg(subject, ' ' ORDER BY subject) FROM ca.certificate WHERE reason = 6 AND profile = 'tls-client'")" = 'CN=Page 1 CN=Page 2 CN=Page 3 CN=Page 4 CN=Page 5'
check 'its result is an event' test "$(sql "SELECT count(*) FROM ca.event WHERE type = 'bulk.done'")" = 1
refuse 'what is done is not approved' says 'it is done' by operator-2 ca approve-many "$bulk"
serials=$(sql "SELECT encode(serial, 'hex') FROM ca.certificate WHERE subject = 'CN=Page 3'")
hold() { openssl ocsp -issuer "$W/ceremony/service-ca.pem" -serial "0x$serials" -url "$PKI/ocsp" -CAfile "$W/ceremony/root-ca.pem" 2>&1 | grep -q "$1"; }
check 'OCSP says so' await hold certificateHold
check 'resuming that very list is proposed' by operator ca resume-many --why 'it was another delivery' --bulk "$bulk"
back=$(sql "SELECT id FROM ca.bulk WHERE state = 'proposed'")
by operator ca approve-many "$back" >/dev/null
check 'and done by a quorum too' by operator-2 ca approve-many "$back"
check 'all are valid again' test "$(suspended)" = "$already"
check 'and OCSP says so' await hold ': good'

# ---- certificates, page by page, and one with its lint ----
certificates() { local after= got=; while :; do gets "/certificates?profile=tls-client&status=good&subject=PAGE&limit=2${after:+&after=$after}" "$(act operator-2 certificate.read '{}')" >/dev/null || return; got+=$(jq -r '.certificates[].subject' "$W/body" | tr '\n' ','); after=$(jq -r '.next // empty' "$W/body"); [ -n "$after" ] || break; done; echo "$got"; }
check 'pages of certificates neither lose nor repeat' test "$(certificates | tr ',' '\n' | grep -c '^CN=Page [1-5]$')" = 5
refuse 'nor is an unknown filter passed over there' says 'no such filter' gets '/certificates?colour=red' "$(act operator-2 certificate.read '{}')"
gets "/certificates/$serials" "$(act operator-2 certificate.read '{}')" >/dev/null
check 'a certificate is shown with its lint' test "$(jq -c '[.status, .channel, .lint.errors, (.lint.rules > 10)]' "$W/body")" = '["good",null,0,true]'
check 'and its event in the log' test "$(sql "SELECT type FROM ca.event WHERE id = '$(jq -r .event "$W/body")'")" = certificate.issued

# ---- by key ----
openssl x509 -in "$W/one.pem" -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -r | cut -c1-64 >"$W/keys"
for n in 1 2 3; do openssl rand -hex 32; done >>"$W/keys"
check 'a list of keys finds its certificate' test "$(by operator ca suspend-many --why 'leaked keys' --keys "$W/keys" --json | jq .count)" = 1
leaked=$(sql "SELECT id FROM ca.bulk WHERE state = 'proposed'")
check 'a proposal is withdrawn' by operator-2 ca withdraw-many "$leaked"
refuse 'and not approved then' says 'it is withdrawn' by operator ca approve-many "$leaked"
check 'a kind of key, a profile and a time' test "$(by operator ca suspend-many --why x --key-type P-256 --profile officer --issued-from 2020-01-01 --json | jq .count)" = 1
refuse 'no weak keys here' says 'no certificate fits' by operator ca suspend-many --why x --weak
by operator ca withdraw-many "$(sql "SELECT id FROM ca.bulk WHERE state = 'proposed'")" >/dev/null

# ---- a crash in the middle: 20,000 certificates ----
sql "INSERT INTO ca.certificate (serial, issuer, profile, subject, spki_sha256, not_before, not_after, der, issued_at, actor, principal, channel)
	SELECT decode(md5(n::text), 'hex'), 'service-ca', 'tls-server', 'CN=many', sha256(n::text::bytea), now(), now() + interval '9 days', 'x', now(), 'x', 'x', 'local' FROM generate_series(1, 20000) n"
check 'many are counted' test "$(by operator ca suspend-many --why 'ROCA' --profile tls-server --issued-from 2020-01-01 --json | jq .count)" -ge 20000
many=$(sql "SELECT id FROM ca.bulk WHERE state = 'proposed'")
by operator ca approve-many "$many" >/dev/null
by operator-2 ca approve-many "$many" >"$W/said" 2>&1 &
waiter=$!
await test "$(sql "SELECT count(*) > 0 FROM ca.status_batch WHERE bulk = '$many'")" = t
kill -9 "$cad" && wait "$cad" "$waiter" 2>/dev/null
check 'killed in the middle, it starts again' serve_one
finished() { [ "$(sql "SELECT state FROM ca.bulk WHERE id = '$many'")" = done ]; }
later() { for _ in 1 2 3 4 5; do await finished && return; done; return 1; }
check 'and goes on by itself' later
check 'each once' test "$(sql "SELECT (SELECT sum(count) FROM ca.status_batch WHERE bulk = '$many') = count AND (SELECT count(*) FROM ca.certificate WHERE profile = 'tls-server' AND reason = 6) = count FROM ca.bulk WHERE id = '$many'")" = t
finish
