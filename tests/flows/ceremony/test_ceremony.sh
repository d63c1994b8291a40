#!/bin/bash
# The ceremony with real tokens: two mohar-hsmd, three custodians' cards of whom two take part, and openssl as the judge of what comes out.
# timeout: 120
. tests/tap.sh

command -v softhsm2-util >/dev/null || { skip "the ceremony" "needs softhsm2"; finish; exit 0; }
. tests/flows/ceremony/house.sh

refuse_one() { ! ceremony one custodian-1 2>"$W/why" >&2 && grep -q "2 custodians must take part" "$W/why" && [ -z "$(ls "$W/one")" ]; }
refuse_twice() { ! ceremony twice custodian-1 custodian-1 2>"$W/why" >&2 && grep -q "counts once" "$W/why" && [ -z "$(ls "$W/twice")" ]; }
held() { ceremony out custodian-1 custodian-3; }
chain() { openssl verify -x509_strict -CAfile "$W/out/root-ca.pem" "$W/out/root-ca.pem" "$W/out/citizen-ca.pem" "$W/out/service-ca.pem"; }
root_key() { openssl x509 -in "$W/out/root-ca.pem" -noout -text | grep -q "NIST CURVE: P-384"; }
list() { openssl crl -inform DER -in "$W/out/root-ca.crl" -CAfile "$W/out/root-ca.pem" -noout 2>&1 | grep -q "verify OK"; }
status_of_ca() { openssl crl -inform DER -in "$W/out/root-ca.crl" -out "$W/root.crl.pem" && openssl verify -crl_check -CAfile "$W/out/root-ca.pem" -CRLfile "$W/root.crl.pem" "$W/out/citizen-ca.pem"; }
shown() { mohar ceremony show "$W/out/transcript.json" --keys "$W/keys.json" --json | jq -e '.result == "valid" and (.steps | length) == 21 and (.approvals | length) == 2'; }
attributes() {
	payload out |
		jq -e '[.steps[] | select(.do == "generate") | .made.attributes] | length == 15 and all(.never_extractable and .always_sensitive and .local and (.extractable | not))'
}
tampered() {
	jq '.payload |= (.[0:-4] + "AAAA")' "$W/out/transcript.json" >"$W/tampered.json"
	! mohar ceremony show "$W/tampered.json" --keys "$W/keys.json" >"$W/why" 2>&1
}
again_same_folder() { ! ceremony out custodian-1 custodian-3 2>"$W/why" >&2 && grep -q "has been held" "$W/why"; }
again_same_token() { ! ceremony again custodian-1 custodian-3 2>"$W/why" >&2 && grep -q "exists already" "$W/why" && [ ! -e "$W/again/transcript.json" ]; }
unknown_step() {
	jq '.steps = [{do: "dance"}]' policies/ceremonies/demo.json >"$W/bad.json"
	! SCRIPT=$W/bad.json ceremony bad custodian-1 custodian-2 2>"$W/why" >&2 && grep -q "bad.json:[0-9]*: a ceremony has no step 'dance'" "$W/why"
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
	payload out |
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
one_signature() {
	jq '.signatures |= .[0:1]' "$W/out/transcript.json" >"$W/one.json"
	! mohar ceremony show "$W/one.json" --keys "$W/keys.json" >"$W/why" 2>&1 && grep -q "1 custodians signed" "$W/why"
}
witnessed() {
	jq -n '{title: "w", roles: ["custodian", "witness"], steps: [{do: "token", token: "main"}]}' >"$W/w.json"
	mohar card init --token witness --so-pin 876543 --pin 123456 && mohar card key --token witness --pin 123456
	more=(--card "witness:witness:file:$W/pin")
	SCRIPT=$W/w.json ceremony w custodian-1 custodian-3 && jq -e '.signatures | length == 3' "$W/w/transcript.json" &&
		mohar ceremony show "$W/w/transcript.json" --keys "$W/keys.json"
}
check "a transcript that one custodian signed is refused, whatever it says" one_signature
check "a witness signs with a card, and show believes it" witnessed
check "a changed transcript is invalid" tampered
check "a second ceremony into the same folder is refused" again_same_folder
check "a second ceremony on the same tokens is refused" again_same_token
finish
