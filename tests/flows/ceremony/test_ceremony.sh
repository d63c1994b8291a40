#!/bin/bash
# The ceremony with real tokens: two mohar-hsmd, three custodians' cards of whom two take part, and openssl as the judge of what comes out.
# timeout: 120
. tests/tap.sh

command -v softhsm2-util >/dev/null || { skip "the ceremony" "needs softhsm2"; finish; exit 0; }
BIN=$MOHAR_BUILD/bin
W=$(mktemp -d /tmp/mohar-ceremony-XXXXXX)
pids=
trap 'kill $pids 2>/dev/null; wait 2>/dev/null; rm -rf "$W"' EXIT
MODULE=/usr/lib/softhsm/libsofthsm2.so
export MOHAR_CARD_MODULE=$MODULE

softhsm() { mkdir -p "$W/$1" && printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$W/$1" >"$W/$1.conf"; }
mohar() { SOFTHSM2_CONF=$W/cards.conf "$BIN/mohar" "$@"; }

softhsm cards
softhsm root
softhsm main
(umask 077 && echo 123456 >"$W/pin")
operators='[]'
for n in 1 2 3; do
	mohar card init --token "custodian-$n" --so-pin 876543 --pin 123456 >/dev/null
	mohar card key --token "custodian-$n" --pin 123456 >/dev/null
	operators=$(jq -c --argjson jwk "$(mohar card show --token "custodian-$n" --jwk --json | jq -c .jwk)" --arg name "custodian-$n" \
		'. + [{name: $name, roles: ["custodian"], jwk: $jwk}]' <<<"$operators")
done
me=$(id -u)
jq --argjson operators "$operators" --arg me "$me" '.operators = $operators | .callers |= map(.users = [$me])' policies/keys.json >"$W/keys.json"
for token in root main; do
	SOFTHSM2_CONF=$W/$token.conf softhsm2-util --init-token --free --label "$token" --pin 123456 --so-pin 876543 >/dev/null
	printf 'socket = %s.sock\nmodule = %s\nmodule_config = %s.conf\nmodule_folder = %s\ntoken = %s\nserves = %s\npin_file = pin\nkeys = keys.json\njournal = %s.journal\n' \
		"$token" "$MODULE" "$token" "$token" "$token" "$token" "$token" >"$W/hsmd-$token.conf"
	"$BIN/mohar-hsmd" genesis --config "$W/hsmd-$token.conf" 2>>"$W/log"
	"$BIN/mohar-hsmd" --config "$W/hsmd-$token.conf" 2>>"$W/log" &
	pids="$pids $!"
done
for token in root main; do
	for ((i = 0; i < 500; i++)); do
		[ -S "$W/$token.sock" ] && break
		sleep 0.01
	done
done

# ceremony OUT CUSTODIAN...
ceremony() {
	local out=$1 all=()
	shift
	mkdir -p "$W/$out"
	for who in "$@"; do all+=(--custodian "$who:file:$W/pin"); done
	mohar ceremony run "${SCRIPT:-policies/ceremonies/demo.json}" --keys "$W/keys.json" --policies policies --root-socket "$W/root.sock" \
		--main-socket "$W/main.sock" --out "$W/$out" --pki-url http://localhost:8080 "${all[@]}"
}

refuse_one() { ! ceremony one custodian-1 2>"$W/why" >&2 && grep -q "2 custodians must take part" "$W/why" && [ -z "$(ls "$W/one")" ]; }
refuse_twice() { ! ceremony twice custodian-1 custodian-1 2>"$W/why" >&2 && grep -q "counts once" "$W/why" && [ -z "$(ls "$W/twice")" ]; }
held() { ceremony out custodian-1 custodian-3; }
chain() { openssl verify -x509_strict -CAfile "$W/out/root-ca.pem" "$W/out/root-ca.pem" "$W/out/citizen-ca.pem" "$W/out/service-ca.pem"; }
root_key() { openssl x509 -in "$W/out/root-ca.pem" -noout -text | grep -q "NIST CURVE: P-384"; }
list() { openssl crl -inform DER -in "$W/out/root-ca.crl" -CAfile "$W/out/root-ca.pem" -noout 2>&1 | grep -q "verify OK"; }
status_of_ca() { openssl crl -inform DER -in "$W/out/root-ca.crl" -out "$W/root.crl.pem" && openssl verify -crl_check -CAfile "$W/out/root-ca.pem" -CRLfile "$W/root.crl.pem" "$W/out/citizen-ca.pem"; }
shown() { mohar ceremony show "$W/out/transcript.json" --keys "$W/keys.json" --json | jq -e '.result == "valid" and (.steps | length) == 20 and (.approvals | length) == 2'; }
attributes() {
	jq -r .payload "$W/out/transcript.json" | tr '_-' '/+' | awk '{ while (length($0) % 4) $0 = $0 "="; print }' | base64 -d |
		jq -e '[.steps[] | select(.do == "generate") | .made.attributes] | length == 14 and all(.never_extractable and .always_sensitive and .local and (.extractable | not))'
}
tampered() {
	jq '.payload |= (.[0:-4] + "AAAA")' "$W/out/transcript.json" >"$W/tampered.json"
	! mohar ceremony show "$W/tampered.json" --keys "$W/keys.json" >"$W/why" 2>&1
}
again_same_folder() { ! ceremony out custodian-1 custodian-3 2>"$W/why" >&2 && grep -q "has been held" "$W/why"; }
again_same_token() { ! ceremony again custodian-1 custodian-3 2>"$W/why" >&2 && grep -q "exists already" "$W/why" && [ ! -e "$W/again/transcript.json" ]; }
unknown_step() {
	jq '.steps = [{do: "destroy"}]' policies/ceremonies/demo.json >"$W/bad.json"
	! SCRIPT=$W/bad.json ceremony bad custodian-1 custodian-2 2>"$W/why" >&2 && grep -q "no step 'destroy'" "$W/why"
}
other_keys() {
	cp "$W/keys.json" "$W/keys.bak" && echo >>"$W/keys.json"
	! ceremony other custodian-1 custodian-2 2>"$W/why" >&2 && grep -q "sealed with another keys.json" "$W/why"
	local result=$?
	mv "$W/keys.bak" "$W/keys.json"
	return $result
}

# The root asked as the ceremony's own user asks: its certificate's bytes again, without custodians.
root_alone() {
	openssl x509 -in "$W/out/root-ca.pem" -outform DER | openssl asn1parse -inform DER -strparse 4 -noout -out "$W/tbs.der" &&
		printf 'SIGN root-ca %s -\n' "$(xxd -p "$W/tbs.der" | tr -d '\n')" | "$MOHAR_BUILD/tests/flows/compromise/ask" "$W/root.sock" | grep "^REFUSED .*PROPOSE it"
}
summaries() {
	jq -r .payload "$W/out/transcript.json" | tr '_-' '/+' | awk '{ while (length($0) % 4) $0 = $0 "="; print }' | base64 -d |
		jq -e '[.steps[] | select(.proposal) | .proposal] | length == 4 and all(.summary | test("^SIGN A (ROOT|CA|REVOCATION)")) and all(.approvals | length == 2)'
}

check "one custodian alone is refused, and nothing is made" refuse_one
check "one custodian twice is refused" refuse_twice
check "another keys.json than the sealed one is refused" other_keys
check "a script with an unknown step is refused" unknown_step
check "two of three hold the ceremony" held
check "openssl verifies both authorities under the root, strictly" chain
check "the root is P-384" root_key
check "openssl verifies the root's revocation list" list
check "openssl finds an authority's status in it" status_of_ca
check "the transcript is signed by those who took part" shown
check "every key's attributes are read back into the transcript" attributes
check "what mohar-hsmd said of each signature is in the transcript, with two approvals" summaries
check "the ceremony's own user cannot have the root sign" root_alone
check "a changed transcript is invalid" tampered
check "a second ceremony into the same folder is refused" again_same_folder
check "a second ceremony on the same tokens is refused" again_same_token
finish
