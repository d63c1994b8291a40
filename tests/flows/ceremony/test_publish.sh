#!/bin/bash
# A transcript becomes a leaf of the transparency log: entered once, by whoever has it, if k custodians signed it; its receipt is checked without anybody.
# timeout: 120
. tests/tap.sh

if [[ -z ${MOHAR_DEMO_DIR-} || -z ${MOHAR_SIGNER_URL-} ]]; then
	skip "transcripts in the log" "needs the demo"
	finish
	exit 0
fi
D=$MOHAR_DEMO_DIR mohar=$MOHAR_BUILD/bin/mohar
W=$(mktemp -d)
trap 'rm -rf "$W"' EXIT
cp "$D/ceremony/transcript.json" "$W/t.json"
curl -sf --cacert "$MOHAR_TLS_CA" "$MOHAR_SIGNER_URL/jwks" >"$W/jwks.json"

# says TEXT COMMAND...: fails, and says why
says() {
	local text=$1
	shift
	"$@" >"$W/said" 2>&1
	local status=$?
	cat "$W/said"
	[ "$status" -ne 0 ] && grep -q -- "$text" "$W/said"
}
shown() { "$mohar" ceremony show "$1" --keys "$D/keys.json" --json "${@:2}" >"$W/shown" && jq -e "$filter" "$W/shown"; }

filter='.log | test("no receipt is at hand")' check "before it is entered, it says so" shown "$W/t.json"
check "it is entered, and the receipt lies beside it" "$mohar" ceremony publish "$W/t.json"
check "the receipt is there" test -s "$W/t.receipt.json"
cp "$W/t.receipt.json" "$W/first.json"
check "entered again it is the same event" "$mohar" ceremony publish "$W/t.json"
check "and the same leaf" test "$(jq .index "$W/first.json")" = "$(jq .index "$W/t.receipt.json")"
filter='.log | test("entered at .*verifies")' check "the receipt is checked offline with the log's key" env -u MOHAR_SIGNER_URL "$(type -P bash)" -c "$(declare -f shown); W=$W D=$D mohar=$mohar filter='.log | test(\"entered at .*verifies\")'; shown $W/t.json --trust $W/jwks.json"
filter='.log | test("was not checked")' check "without that key it does not claim to be" shown "$W/t.json"
jq '.index += 1' "$W/first.json" >"$W/moved.json"
check "a receipt of another place is refused" says "RFC 9162" "$mohar" ceremony show "$W/t.json" --keys "$D/keys.json" --trust "$W/jwks.json" --receipt "$W/moved.json"
other=$(find "$D/work" -name '*receipt*.json' | head -1)
if [ -n "$other" ]; then
	check "another object's receipt is refused" says "not this transcript's" "$mohar" ceremony show "$W/t.json" --keys "$D/keys.json" --trust "$W/jwks.json" --receipt "$other"
fi
check "the log as a whole verifies" "$mohar" log verify --trust "$W/jwks.json"

jq '.signatures |= .[0:1]' "$W/t.json" >"$W/one.json"
check "what one custodian signed is not entered" says "1 custodians signed" "$mohar" ceremony publish "$W/one.json"
jq '.payload |= (.[0:60] + (if .[60:61] == "A" then "B" else "A" end) + .[61:])' "$W/t.json" >"$W/other.json"
check "what was changed is not entered" says "refused" "$mohar" ceremony publish "$W/other.json"
echo '{}' >"$W/empty.json"
check "what is no transcript is not sent" says "empty.json" "$mohar" ceremony publish "$W/empty.json"
check "a hash that nobody entered has no receipt" test "$(curl -s -o /dev/null -w '%{http_code}' --cacert "$MOHAR_TLS_CA" "$MOHAR_SIGNER_URL/ceremonies/$(printf '0%.0s' {1..64})/receipt")" = 404
check "nor has what is no hash" test "$(curl -s -o /dev/null -w '%{http_code}' --cacert "$MOHAR_TLS_CA" "$MOHAR_SIGNER_URL/ceremonies/nothing/receipt")" = 404
check "with nobody there it says so, and the transcript stays" says "127.0.0.1:1\|unreachable" "$mohar" ceremony publish "$W/t.json" --signer-url https://127.0.0.1:1
finish
