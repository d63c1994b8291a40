#!/bin/bash
# A certificate's proof that it stands in the public log: got when it is ordered, checked with no service in reach, and by nobody's word but the log's key. Beside the demo. timeout: 120
. tests/tap.sh

[ -n "${MOHAR_HSM_SOCKET-}" ] || { skip "receipts of certificates" "no demo is running"; finish; exit 0; }
W=$(mktemp -d /tmp/mohar-receipt-XXXXXX)
trap 'rm -rf "$W"' EXIT
mohar() { "$MOHAR_BUILD/bin/mohar" "$@"; }
by() { mohar "$@" --token operator --pin "file:$MOHAR_DEMO_DIR/cards/operator.pin"; }
says() {
	local text=$1 status=0
	shift
	"$@" >"$W/said" 2>&1 || status=$?
	cat "$W/said"
	grep -Eq -- "$text" "$W/said" && return $status
	return 126
}
sql() { psql "$MOHAR_DATABASE" -qAtc "$1"; }
curl -s --cacert "$MOHAR_TLS_CA" "$MOHAR_SIGNER_URL/jwks" >"$W/jwks"
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$W/key" -subj /CN=x -out "$W/csr" 2>/dev/null
order() { by ca issue --profile tls-client --csr "$W/csr" --subject "CN=Receipt Test" --out "$W/$1.pem" --receipt "$W/$1.json" --trust "$W/jwks" --json >"$W/$1.said"; }
check 'the order brings certificate and receipt' order one
check 'and another one for the same key' order two
cat "$W/one.pem" >"$W/all.pem"
# With nothing in reach: no address in the environment.
verify() { env -u MOHAR_SIGNER_URL -u MOHAR_CA_URL -u MOHAR_PKI_URL "$MOHAR_BUILD/bin/mohar" verify certificate "$W/$1.pem" --trust "$MOHAR_TLS_CA" --receipt "$W/$2" --log-trust "${3-$W/jwks}"; }
check 'offline it is valid, and this very certificate is in the log' says 'this very certificate' verify one one.json
refuse 'not with the receipt of another certificate' says 'about certificate' verify one two.json
jq 'del(.salt, .private)' "$W/one.json" >"$W/closed.json"
check 'without salt and private part it proves serial, key and validity' says 'of this serial, key and validity' verify one closed.json
jq '.private.subject = "CN=Somebody Else"' "$W/one.json" >"$W/other.json"
refuse 'a changed private part opens nothing' says 'open its commitment' verify one other.json
jq '.index += 1' "$W/one.json" >"$W/moved.json"
refuse 'a receipt with another index' says 'invalid' verify one moved.json
jq '(.keys[] | select(.mohar_purpose == "log")).x |= (if .[0:1] == "A" then "B" else "A" end) + .[1:]' "$W/jwks" >"$W/false.jwks"
refuse 'nor by another key of a log' says 'invalid|unknown|refused' verify one one.json "$W/false.jwks"
grep -q 'Receipt Test' <(jq -r .entry "$W/one.json" | tr '_-' '/+' | base64 -d 2>/dev/null) && hidden=no
check 'the entry that everybody sees does not name the subject' test "${hidden-yes}" = yes
event=$(jq -r .logged.event "$W/one.said" 2>/dev/null)
[ "$event" != null ] && [ -n "$event" ] || event=$(sql "SELECT event FROM ca.certificate WHERE subject = 'CN=Receipt Test' ORDER BY issued_at DESC LIMIT 1")
check 'whoever knows the number of the event gets its proof' mohar log prove --event "ca/$event" --trust "$W/jwks"
refuse 'an event that is none' says 'HTTP 404' mohar log prove --event "ca/00000000-0000-4000-8000-000000000000" --trust "$W/jwks"
refuse 'a number that is none' says 'SCHEMA/EVENT' mohar log prove --event "ca/12" --trust "$W/jwks"
login=$(sql "SELECT id FROM idp.event WHERE tree = 1 LIMIT 1")
refuse 'a login is not shown to who knows its number' says 'HTTP 404' mohar log prove --event "idp/$login" --trust "$W/jwks"
check 'every certificate made by this demo knows its event, and the log has it' test "$(sql "SELECT count(*) FROM ca.certificate c WHERE NOT EXISTS (SELECT FROM log.leaf l WHERE l.schema = 'ca' AND l.event = c.event)")" = 0
finish
