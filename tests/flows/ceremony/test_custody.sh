#!/bin/bash
# What keeps keys through a state's life: keys that only custodians make, an issuing key whose certificates they decide, a backup, a module that is replaced, a
# journal that is lost, and the hand-over to another body; each on real tokens, each judged by the public keys.
# timeout: 240
. tests/tap.sh

command -v softhsm2-util >/dev/null || { skip "custody" "needs softhsm2"; finish; exit 0; }
export KEYS_FILTER='(.keys[] | select(.label == "root-ca" or .label == "service-ca")).generate = "quorum"
	| (.keys[] | select(.label == "service-ca") | .certificates[] | select(.profile == "agency-seal")).quorum = true'
. tests/flows/ceremony/house.sh

says() { # TEXT COMMAND...: fails, and says why
	local text=$1
	shift
	"$@" >"$W/said" 2>&1
	local status=$?
	cat "$W/said"
	[ "$status" -eq 1 ] && grep -q -- "$text" "$W/said"
}
ask() { printf '%s\n' "$2" | "$MOHAR_BUILD/tests/flows/compromise/ask" "$W/$1.sock"; }
roles=(--present "ceremony leader=Test Leader" --present "witness=Test Witness" --present "auditor=Test Auditor")
main=main custodians=(custodian-1 custodian-3)
hold() { # SCRIPT OUT [ARG...]
	local script=$1 out=$2 all=()
	shift 2
	mkdir -p "$W/$out"
	for who in "${custodians[@]}"; do all+=(--custodian "$who:file:$W/pin"); done
	mohar ceremony run "$script" --keys "$W/keys.json" --policies policies --root-socket "$W/root.sock" --main-socket "$W/$main.sock" --out "$W/$out" \
		--pki-url http://localhost:8080 --yes "${roles[@]}" "${all[@]}" "$@"
}
steps_of() { payload "$1" | jq -c "$2"; }
waits() { for ((i = 0; i < 500; i++)); do ask "$1" "PUBKEY ${2:-citizen-ca} - -" | grep -q ^OK && return; sleep 0.01; done; return 1; }

# ---- keys that custodians make, certificates that they decide ----
guarded_alone() { ask root "GENERATE root-ca - -" | grep "^REFUSED .*PROPOSE it"; }
check "the ceremony's user alone cannot make a guarded key" guarded_alone
check "custodians make it" hold policies/ceremonies/genesis-root.json genesis
check "what they read, who approved, and the attributes are in the transcript" test "$(steps_of genesis '.steps[] | select(.do == "generate") | [(.proposal.summary | startswith("MAKE KEY")), (.proposal.approvals | length), .made.attributes.never_extractable]')" = '[true,2,true]'
check "a rehearsal and the true one have the same steps" test \
	"$("$BIN/mohar" ceremony run --dry-run policies/ceremonies/genesis-root.json --keys "$W/keys.json" --policies policies --json | jq -c '[.plan[].do]')" = "$(steps_of genesis '[.steps[].do]')"
jq '.inputs[0].sha256 = "00"' policies/ceremonies/issuing-ca.json >"$W/hash.json"
check "a rehearsal holds a given input against the script's hash" says "and the script expects" "$BIN/mohar" ceremony run --dry-run "$W/hash.json" --keys "$W/keys.json" \
	--policies policies --input "root-ca=$W/genesis/root-ca.pem"
check "and asks for the roles that are not there, once somebody is" says "wants a witness" "$BIN/mohar" ceremony run --dry-run policies/ceremonies/issuing-ca.json \
	--keys "$W/keys.json" --policies policies --present "ceremony leader=Test Leader"
check "and says of whom what is asked" sh -c "$BIN/mohar ceremony run --dry-run policies/ceremonies/genesis-root.json --keys $W/keys.json --policies policies --json | \
	jq -e '[.plan[] | select(.do == \"certificate\").asked] | .[0] | startswith(\"2 custodians read\")'"
check "an issuing authority" hold policies/ceremonies/issuing-ca.json issuing --input "root-ca=$W/genesis/root-ca.pem"
jq -n '{title: "services", inputs: [{name: "root-ca", what: "root"}, {name: "request", what: "request"}], steps: [
	{do: "generate", token: "main", key: "service-ca"},
	{do: "certificate", key: "service-ca", issuer: "root-ca", profile: "issuing-ca", days: 3000, subject: [{type: "C", value: "BT"}, {type: "O", value: "test"}, {type: "CN", value: "Test Services"}]},
	{do: "cross-certificate", key: "seal", input: "request", issuer: "service-ca", profile: "agency-seal", days: 365,
	 subject: [{type: "C", value: "BT"}, {type: "O", value: "Test Agency"}, {type: "organizationIdentifier", value: "NTRBT-1"}, {type: "CN", value: "Test Agency"}]}]}' >"$W/services.json"
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$W/seal.key" -subj "/CN=x" -outform DER -out "$W/seal.csr" 2>/dev/null
check "a certificate that keys.json gives to custodians, by a key of the main token" hold "$W/services.json" services --input "root-ca=$W/genesis/root-ca.pem" --input "request=$W/seal.csr"
check "openssl verifies it" openssl verify -x509_strict -CAfile "$W/genesis/root-ca.pem" -untrusted "$W/services/service-ca.pem" "$W/services/seal.pem"

# ---- on paper ----
pages() {
	local file=$1
	shift
	mohar ceremony show "$file" --keys "$W/keys.json" --out "$W/pages" "$@" >/dev/null &&
		awk 'BEGIN { RS = "\f" } { n = split($0, l, "\n") - 1; if (n > 66) exit 1; for (i = 1; i <= n; i++) if (length(l[i]) > 80) { print l[i]; exit 1 }
			if (l[1] !~ /page [0-9]+ of [0-9]+$/ || length(l[2]) != 79 || l[2] !~ /^[0-9a-f ]+$/) { print l[1]; exit 1 } }' "$W/pages"
}
check "a transcript's pages fit A4, and each has title, number and hash" pages "$W/services/transcript.json"
for script in policies/ceremonies/*.json; do
	check "so do those of $(basename "$script")" pages "$script"
done
check "HTML says the same, and runs nothing" sh -c "SOFTHSM2_CONF=$W/cards.conf $BIN/mohar ceremony show $W/services/transcript.json --keys $W/keys.json --html $W/t.html && grep -q '@page{size:A4' $W/t.html && grep -q 'Test Agency' $W/t.html && ! grep -qi '<script\|src=\|href=' $W/t.html"
jq '.title = "<script>alert(1)</script>\u202e\u0007"' policies/ceremonies/backup.json >"$W/evil.json"
evil() { mohar ceremony show "$W/evil.json" --html "$W/evil.html" --out "$W/evil.text" >/dev/null && ! grep -q '<script>' "$W/evil.html" && ! grep -qP '\x{202e}|\x07' "$W/evil.text" "$W/evil.html"; }
check "a title cannot be more than a title" evil

# ---- backup; the module is replaced by one that holds the copy ----
hsmd_stop main
mkdir "$W/copy" && cp -a "$W/main" "$W"/main.journal* "$W/keys.json" "$W/copy/"
hsmd_start main
check "a backup" hold policies/ceremonies/backup.json backup --input "copy=$W/copy"
for key in citizen-ca citizen-ocsp service-ca; do ask main "PUBKEY $key - -"; done >"$W/keys.before"
hsmd_stop main
cp -a "$W/copy/main" "$W/spare"
for f in "$W"/copy/main.journal*; do cp "$f" "$W/spare${f##*/main}"; done
sed "s,main,spare,g; s,token = spare,token = main,; s,serves = spare,serves = main," "$W/hsmd-main.conf" >"$W/hsmd-spare.conf"
printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$W/spare" >"$W/spare.conf"
check "another module with the copy starts" hsmd_start spare
main=spare
check "the replacement is held on it" hold policies/ceremonies/hsm-replacement.json replacement --input "copy=$W/copy"
check "both ceremonies name the same files" test "$(steps_of backup '[.steps[].files_sha256 // empty]')" = "$(steps_of replacement '[.steps[].files_sha256 // empty]')"
for key in citizen-ca citizen-ocsp service-ca; do ask spare "PUBKEY $key - -"; done >"$W/keys.after"
check "every key is the one of before" cmp "$W/keys.before" "$W/keys.after"
check "nothing had to be restored" test "$(steps_of replacement '[.steps[] | select(.do == "restore").needed]')" = '[false]'

# ---- the journal is lost: an older one is put back, and custodians decide to go on ----
jq -n '{title: "more", steps: [{do: "generate", token: "main", key: "status"}]}' >"$W/more.json"
check "a key is made after the backup" hold "$W/more.json" more
hsmd_stop spare
cp "$W/copy/main.journal" "$W/spare.journal"
check "with the older journal mohar-hsmd starts" hsmd_start spare
refuse "but serves nothing" sh -c "printf 'PUBKEY citizen-ca - -\n' | $MOHAR_BUILD/tests/flows/compromise/ask $W/spare.sock | grep ^OK"
custodians=(custodian-2)
check "one custodian cannot decide to go on" says "2 custodians must take part" hold policies/ceremonies/restore.json alone --input "copy=$W/copy"
custodians=(custodian-2 custodian-3)
check "two do" hold policies/ceremonies/restore.json restore --input "copy=$W/copy"
check "the transcript says what was lost, and who decided" test "$(steps_of restore '[.steps[] | select(.do == "restore") | [.needed, (.proposal.summary | test("What is lost")), (.proposal.approvals | length)]]')" = '[[true,true,2]]'
check "and it serves" waits spare
for key in citizen-ca citizen-ocsp service-ca; do ask spare "PUBKEY $key - -"; done >"$W/keys.after"
check "with the keys of before" cmp "$W/keys.before" "$W/keys.after"

# ---- every key of a token ends ----
jq -n '{title: "end", steps: [{do: "destroy", token: "main"}]}' >"$W/end.json"
check "a token is emptied, each key by a decision of its own" hold "$W/end.json" end
check "and each is named" test "$(steps_of end '[.steps[0].destroyed[] | select(.proposal.approvals | length == 2) | .key] | length')" -ge 4
check "on its pages too" pages "$W/end/transcript.json"
jq -n '{title: "both", roles: ["custodian", "witness"], steps: [{do: "note", say: "both"}]}' >"$W/both.json"
both() { (roles=() && hold "$W/both.json" both --card "witness:custodian-2:file:$W/pin"); }
check "a custodian who is a witness too" both
check "signs once" test "$(jq '.signatures | length' "$W/both/transcript.json")" = 2
check "and is named as both" sh -c "SOFTHSM2_CONF=$W/cards.conf $BIN/mohar ceremony show $W/both/transcript.json --keys $W/keys.json | grep -q '^  custodian-2 .*custodian, witness; signed'"

# ---- succession ----
for n in 1 2; do
	mohar card init --token "successor-$n" --so-pin 876543 --pin 123456 >/dev/null
	mohar card key --token "successor-$n" --pin 123456 >/dev/null
done
jq --argjson a "$(mohar card show --token successor-1 --jwk --json | jq -c .jwk)" --argjson b "$(mohar card show --token successor-2 --jwk --json | jq -c .jwk)" \
	'.version = 2 | .custodians.names = ["successor-1", "successor-2"] | .operators = [{name: "successor-1", roles: ["custodian"], jwk: $a}, {name: "successor-2", roles: ["custodian"], jwk: $b}]' \
	"$W/keys.json" >"$W/keys-next.json"
mkdir "$W/records" && cp "$W/root.journal" "$W/genesis/transcript.json" "$W/genesis/root-ca.crl" "$W/genesis/root-ca.pem" "$W/records/"
succession() { hold policies/ceremonies/succession.json succession --input "keys-next=$W/keys-next.json" --input "records=$W/records"; }
custodians=(custodian-1 custodian-2)
check "the hand-over stops where the successor's keys.json is to be put in place" says "goes on from here" succession
hsmd_stop root
sed -i 's/^keys = .*/keys = keys-next.json/' "$W/hsmd-root.conf"
hsmd_start root
check "and goes on after it, signed by those who hand over" succession
check "each record is named by its hash" sh -c "$(declare -f payload); W=$W; payload succession | jq -r '.steps[] | select(.files) | .files' >$W/list && cd $W/records && sha256sum -c --quiet $W/list"
export MOHAR_HSM_SOCKET=$W/root.sock
mohar ceremony propose --kind delete --key root-ca --out "$W/p.json" >/dev/null
approve() { mohar ceremony approve "$W/p.json" --token "$1" --pin "file:$W/pin" --yes; }
check "those who handed over decide nothing any more" says "no operator\|none of the custodians\|UNAUTHENTICATED\|not.*operator" approve custodian-1
check "a successor approves" approve successor-1
check "and two decide" approve successor-2
gone() { for ((i = 0; i < 300; i++)); do ask root "PUBKEY root-ca - -" | grep -q ^OK || return 0; sleep 0.02; done; return 1; }
check "as they did: the key is gone" gone
finish
