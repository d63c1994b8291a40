#!/bin/bash
# Every script of policies/ceremonies: rehearsed on scratch tokens, and the ones that make or end something held for real, one after the other, as a state would
# hold them. What must stop a ceremony stops it, and what interrupts it makes nothing twice.
# timeout: 240
. tests/tap.sh

command -v softhsm2-util >/dev/null || { skip "ceremonies" "needs softhsm2"; finish; exit 0; }
. tests/flows/ceremony/house.sh

says() { # TEXT COMMAND...: fails, and says why
	local text=$1
	shift
	"$@" >"$W/said" 2>&1
	local status=$?
	cat "$W/said"
	[ "$status" -eq 1 ] && grep -q -- "$text" "$W/said"
}
roles=(--present "ceremony leader=Test Leader" --present "witness=Test Witness" --present "auditor=Test Auditor")
hold() { # SCRIPT OUT [ARG...]
	local script=$1 out=$2
	shift 2
	more=("${roles[@]}" "$@")
	SCRIPT=policies/ceremonies/$script.json ceremony "$out" custodian-1 custodian-2
}
jq '.version = 2 | .keys += [.keys[] | select(.label == "citizen-ca") | .label = "citizen-ca-2"]' "$W/keys.json" >"$W/keys-next.json"

# ---- rehearsals ----
for script in policies/ceremonies/*.json; do
	name=$(basename "$script" .json)
	extra=()
	[ "$name" = key-rollover ] && extra=(--input "keys-next=$W/keys-next.json")
	mkdir -p "$W/tmp"
	check "$name is rehearsed" env TMPDIR="$W/tmp" "$BIN/mohar" ceremony run --dry-run "$script" --keys policies/keys.json --policies policies \
		--pki-url http://localhost:8080 --scratch-module "$MODULE" "${extra[@]}"
	check "and leaves nothing" test -z "$(ls "$W/tmp")"
done
jq '.steps += [{do: "generate", token: "main", key: "nobody"}]' policies/ceremonies/issuing-ca.json >"$W/wrong.json"
check "a rehearsal that fails says at which step" says "step 9 (generate nobody)" env TMPDIR="$W/tmp" "$BIN/mohar" ceremony run --dry-run "$W/wrong.json" \
	--keys policies/keys.json --policies policies --scratch-module "$MODULE"
check "and leaves nothing either" test -z "$(ls "$W/tmp")"

# ---- for real ----
missing_role() { more=(); SCRIPT=policies/ceremonies/genesis-root.json ceremony lonely custodian-1 custodian-2; }
check "without the roles that the script wants it does not begin" says 'wants a ceremony leader' missing_role
check "genesis and root" hold genesis-root genesis
check "a token that holds a key does not come from genesis" says "does not come from genesis" hold genesis-root again
check "an input that is not given is asked for" says "add --input root-ca=PATH" hold issuing-ca nothing
jq '.inputs[0].sha256 = "00"' policies/ceremonies/issuing-ca.json >"$W/hash.json"
other_hash() { more=("${roles[@]}" --input "root-ca=$W/genesis/root-ca.pem"); SCRIPT=$W/hash.json ceremony hash custodian-1 custodian-2; }
check "an input with another hash than the script expects" says "and the script expects" other_hash
check "an issuing authority" hold issuing-ca issuing --input "root-ca=$W/genesis/root-ca.pem"
check "openssl verifies it under the root" openssl verify -x509_strict -CAfile "$W/genesis/root-ca.pem" "$W/issuing/citizen-ca.pem"
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout "$W/other.key" -subj "/CN=Another Body" -outform DER -out "$W/other.csr" 2>/dev/null
check "a cross-certificate" hold cross-certificate cross --input "root-ca=$W/genesis/root-ca.pem" --input "request=$W/other.csr"
check "it certifies the other body's key" sh -c "[ \"\$(openssl x509 -in $W/cross/other-body.pem -noout -pubkey)\" = \"\$(openssl pkey -in $W/other.key -pubout)\" ]"
check "openssl verifies it too" openssl verify -x509_strict -CAfile "$W/genesis/root-ca.pem" "$W/cross/other-body.pem"

# ---- expected results ----
jq -n '{title: "x", steps: [{do: "generate", token: "main", key: "service-ocsp"}, {do: "expect", file: "root-ca.pem", sha256: "00"}]}' >"$W/expect.json"
expected() { cp "$W/genesis/root-ca.pem" "$W/expect/"; more=(); SCRIPT=$W/expect.json ceremony expect custodian-1 custodian-2; }
mkdir "$W/expect"
check "a result that is not what the script expects stops it" says "step 2 (expect): root-ca.pem: its SHA-256 is" expected
check "and no transcript says that it was held" test ! -e "$W/expect/transcript.json"
jq '.title = "y"' "$W/expect.json" >"$W/expect2.json"
others() { more=(); SCRIPT=$W/expect2.json ceremony expect custodian-1 custodian-2; }
check "with other script bytes it does not go on" says "by another script was begun here" others

# ---- rollover: the policy changes in the middle, and the ceremony goes on after the restart ----
rollover() { hold key-rollover rollover --input "root-ca=$W/genesis/root-ca.pem" --input "keys-next=$W/keys-next.json"; }
check "the rollover stops where the new keys.json is to be put in place" says "goes on from here" rollover
hsmd_stop main
cp "$W/keys-next.json" "$W/keys-main.json"
sed -i 's/^keys = .*/keys = keys-main.json/' "$W/hsmd-main.conf"
hsmd_start main
check "and goes on after it" rollover
check "the new key is certified beside the old one" openssl verify -x509_strict -CAfile "$W/genesis/root-ca.pem" "$W/rollover/citizen-ca-2.pem"
check "the transcript tells of the interruption" sh -c "$(declare -f payload); W=$W; payload rollover | jq -e '.resumed_after == 6 and (.steps | length) == 10'"

# ---- killed in the middle ----
jq -n '{title: "kill", steps: ([["status","log","idp-token","seal-land","seal-complaints","number-index","number-wrap"][] | {do: "generate", token: "main", key: .}])}' >"$W/kill.json"
cp "$W/keys.json" "$W/keys.1.json"
cp "$W/keys-next.json" "$W/keys.json"
killed() { more=(); SCRIPT=$W/kill.json ceremony killed custodian-1 custodian-3; }
mkdir "$W/killed"
SOFTHSM2_CONF=$W/cards.conf "$BIN/mohar" ceremony run "$W/kill.json" --keys "$W/keys.json" --policies policies --main-socket "$W/main.sock" --out "$W/killed" \
	--custodian "custodian-1:file:$W/pin" --custodian "custodian-3:file:$W/pin" >"$W/killed.out" 2>&1 &
for ((i = 0; i < 20000; i++)); do grep -q '"doing":4' "$W/killed/ceremony.part" 2>/dev/null && break; done
kill -9 $! 2>/dev/null
wait $!
if [ -e "$W/killed/transcript.json" ]; then skip "a killed ceremony" "it was over before it could be killed"; else
	check "a killed ceremony goes on" killed
	once() { [ "$(SOFTHSM2_CONF=$W/main.conf pkcs11-tool --module "$MODULE" --token-label main --login --pin 123456 -O --type privkey 2>/dev/null | grep -c 'label: *seal-complaints')" = 1 ]; }
	check "and no key was made twice" once
fi

# ---- the end of an authority ----
cp "$W/keys.1.json" "$W/keys.json"
jq '.steps |= map(if .key == "service-ca" then .key = "citizen-ca" else . end) | .steps |= map(if .do == "token" and .token == "main" then .input = "keys-next" else . end) | .inputs += [{name: "keys-next", what: "keys.json of now"}]' \
	policies/ceremonies/destruction.json >"$W/destruction.json"
destroyed() {
	more=("${roles[@]}" --input "root-ca=$W/genesis/root-ca.pem" --input "ended=$W/issuing/citizen-ca.pem" --input "keys-next=$W/keys-next.json")
	SCRIPT=$W/destruction.json ceremony ended custodian-2 custodian-3
}
check "an authority ends" destroyed
openssl crl -inform DER -in "$W/ended/root-ca.crl" -out "$W/ended.pem"
refuse "openssl finds it revoked" openssl verify -crl_check -CAfile "$W/genesis/root-ca.pem" -CRLfile "$W/ended.pem" "$W/issuing/citizen-ca.pem"
gone() { printf 'PUBKEY citizen-ca - -\n' | "$MOHAR_BUILD/tests/flows/compromise/ask" "$W/main.sock" | grep -v ^OK; }
check "and its key is gone" gone
finish
