#!/bin/bash
# What custodians decide by a file that goes from hand to hand: a key's end, another keys.json, a root's signature; and every way in which it must not happen.
# timeout: 120
. tests/tap.sh

command -v softhsm2-util >/dev/null || { skip "proposals" "needs softhsm2"; finish; exit 0; }
. tests/flows/ceremony/house.sh
export MOHAR_HSM_SOCKET=$W/main.sock

says() { # TEXT COMMAND...: fails, and says why
	local text=$1
	shift
	"$@" >"$W/out.text" 2>&1
	local status=$?
	cat "$W/out.text"
	[ "$status" -eq 1 ] && grep -q -- "$text" "$W/out.text"
}
approve() { mohar ceremony approve "$1" --token "$2" --pin "file:$W/pin" --yes "${@:3}"; }
present() { mohar status --json >/dev/null 2>&1; printf 'PUBKEY %s - -\n' "$1" | "$MOHAR_BUILD/tests/flows/compromise/ask" "$W/main.sock" | grep -q ^OK; }

ceremony out custodian-1 custodian-2 >"$W/why" 2>&1 || cat "$W/why"

check "a key's end is proposed, and read" sh -c "$(declare -f mohar); W=$W BIN=$BIN; mohar ceremony propose --kind delete --key status --out $W/p.json >$W/told && grep -q \"DESTROY KEY 'status'\" $W/told"
check "the proposal waits for two" sh -c "SOFTHSM2_CONF=$W/cards.conf $BIN/mohar ceremony status $W/p.json --json | jq -e '.proposals[0] | .state == \"open\" and .missing == 2'"
check "nobody at a terminal: it is not approved without --yes" says "nobody is at a terminal" mohar ceremony approve "$W/p.json" --token custodian-1 --pin "file:$W/pin"
jq '.summary |= sub("status"; "number-wrap")' "$W/p.json" >"$W/lie.json"
check "a summary about another key is refused before a card is asked" says "not about key 'status'" approve "$W/lie.json" custodian-1
jq '.summary += "All is well.\n"' "$W/p.json" >"$W/lie.json"
check "a summary with a word more is refused by mohar-hsmd" says "of another summary" approve "$W/lie.json" custodian-1
jq '.object = "AAAA"' "$W/p.json" >"$W/lie.json"
check "other bytes are refused" says "are not the bytes\|other bytes" approve "$W/lie.json" custodian-1
check "one custodian approves" sh -c "SOFTHSM2_CONF=$W/cards.conf $BIN/mohar ceremony approve $W/p.json --token custodian-1 --pin file:$W/pin --yes --json | jq -e '(.executed | not) and .missing == 1'"
check "and the key is there still: one custodian's approval destroys nothing" present status
check "a custodian who approves twice counts once" says "once counts" approve "$W/p.json" custodian-1
check "the second has it done" approve "$W/p.json" custodian-3
for ((i = 0; i < 300; i++)); do
	present status || break
	sleep 0.02
done
refuse "and the key is gone" present status
check "what was done is not done again" says "executed" approve "$W/p.json" custodian-2
jq '.executed = false' "$W/p.json" >"$W/again.json"
check "nor by a file that says it was not" says "done once" approve "$W/again.json" custodian-2

# A root's signature: its own certificate's bytes once more, by hand.
openssl x509 -in "$W/out/root-ca.pem" -outform DER | openssl asn1parse -inform DER -strparse 4 -noout -out "$W/tbs.der"
export MOHAR_HSM_SOCKET=$W/root.sock
check "a root's signature is proposed" mohar ceremony propose "$W/tbs.der" --kind sign --key root-ca --out "$W/s.json"
check "one approves" approve "$W/s.json" custodian-2
refuse "one custodian's approval signs nothing" test -e "$W/s.json.result"
check "another approves, and the signature comes" approve "$W/s.json" custodian-1 --out "$W/s.der"
openssl x509 -in "$W/out/root-ca.pem" -noout -pubkey >"$W/root.pub"
check "openssl verifies it" openssl dgst -sha384 -verify "$W/root.pub" -signature "$W/s.der" "$W/tbs.der"
printf 'hello' >"$W/hello"
check "what is neither certificate nor list is not even proposed" says "does not sign an object of this kind" mohar ceremony propose "$W/hello" --kind sign --key root-ca --out "$W/h.json"

# Another keys.json.
export MOHAR_HSM_SOCKET=$W/main.sock
jq '.version = 2 | .custodians.names = ["custodian-1", "custodian-2"]' "$W/keys.json" >"$W/keys2.json"
check "another keys.json is proposed, and the difference is read" sh -c "SOFTHSM2_CONF=$W/cards.conf $BIN/mohar ceremony propose $W/keys2.json --kind policy --out $W/k.json | grep -q 'custodian-3'"
check "one approves the change" approve "$W/k.json" custodian-1
check "the second has it done" approve "$W/k.json" custodian-2
jq '.version = 1' "$W/keys2.json" >"$W/keys1.json"
check "a lower version is not proposed" says "never goes back" mohar ceremony propose "$W/keys1.json" --kind policy --out "$W/l.json"
check "nothing is to restore where nothing is lost" says "does not wait for a restore" mohar ceremony propose --kind restore --out "$W/r.json"
hsmd_stop main
cp "$W/keys.json" "$W/keys.old.json"
cp "$W/keys2.json" "$W/keys.json"
check "mohar-hsmd starts with the new file" hsmd_start main
finish
