#!/bin/bash
# Wrong settings, files and circumstances, given to each daemon and to the command: one line that names what, where and the remedy, the exit status of
# docs (1 refused or invalid, 2 wrong usage, 3 not reachable), and nothing half-made. Beside the demo, whose daemons go on. timeout: 120
. tests/tap.sh

[ -n "${MOHAR_HSM_SOCKET-}" ] || { skip "bad input" "no demo is running"; finish; exit 0; }
: "${MOHAR_BUILD:?run me by tests/run}"
BIN=$MOHAR_BUILD/bin D=$MOHAR_DEMO_DIR
W=$(mktemp -d /tmp/mohar-bad-XXXXXX)
chmod 755 "$W"
trap 'rm -rf "$W"' EXIT
root=no
[ "$(id -u)" != 0 ] || root=yes

# as DAEMON COMMAND...: as the user whom the demo runs it as
as() {
	local user=mohar-$1
	shift
	if [ $root = yes ]; then setpriv --reuid="$user" --regid="$user" --clear-groups --no-new-privs -- "$@"; else "$@"; fi
}

# conf DAEMON SED: the demo's settings with one thing changed and ports of their own, in $W/conf
conf() {
	local n=24000 name # below the ports that the kernel gives to clients
	sed -E "$2" "$D/$1.conf" >"$W/conf"
	# a free port for each that the change left as it was
	for name in port card_port pki_port device_port metrics_port; do
		[ "${ports-}" = taken ] || sed -i "s/^$name = [0-9]*\$/$name = $((n += 1 + $$ % 997))/" "$W/conf"
	done
	sed -i "s|^socket = .*|socket = $W/run/hsm.sock|" "$W/conf"
	[ "${journal-}" = theirs ] || sed -i "s|^journal = $D/.*|journal = $W/run/journal|" "$W/conf"
	mkdir -p "$W/run"
	chmod 1777 "$W/run"
	chmod 644 "$W/conf"
}

# says STATUS TEXT COMMAND...: ends by itself with that status, and says so in one line that has TEXT (an extended regular expression)
says() {
	local want=$1 text=$2 status=0
	shift 2
	timeout 10 "$@" >"$W/out" 2>"$W/said" || status=$?
	cat "$W/said" "$W/out"
	echo "status $status, wanted $want"
	[ "$status" = "$want" ] && [ "$(grep -vc " warn texts: " "$W/said")" = 1 ] && grep -Eq -- "$text" "$W/said" && [ "$(wc -c <"$W/said")" -lt 600 ]
}

# daemon STATUS TEXT DAEMON MODE SED
daemon() {
	conf "$3" "$5" && run "$3" "$1" "$2" "$4"
}
# run DAEMON STATUS TEXT MODE: with $W/conf
run() {
	local words=(timeout 10 "$BIN/mohar-$1" "$4" --config "$W/conf") status=0
	as "$1" "${words[@]}" >"$W/out" 2>"$W/said" || status=$?
	cat "$W/said" "$W/out"
	echo "status $status, wanted $2"
	[ "$status" = "$2" ] && [ "$(grep -vc " warn texts: " "$W/said")" = 1 ] && grep -Eq -- "$3" "$W/said" && [ ! -e "$W/run/hsm.sock" ]
}
nothing_left() { [ -z "$(ls -A "$W/run")" ]; }

# ---- settings ----
for d in hsmd cad idpd signerd; do
	check "$d: an unknown setting, by file and line" daemon 1 "conf:1: unknown setting 'colour'; known are: [a-z_]+, .*more" $d check '1i colour = red'
	check "$d: a setting left out" daemon 1 "conf: setting 'keys' is missing: keys.json" $d check '/^keys/d'
	check "$d: a setting given twice" daemon 1 'conf:[0-9]+: .*keys' $d check 's|^(keys = .*)|\1\n\1|'
	check "$d: a line that is no setting" daemon 1 'conf:1: expected .name = value' $d check '1i this is none'
	check "$d: no settings file" says 1 "nowhere.conf: .*No such file" "$BIN/mohar-$d" check --config "$W/nowhere.conf"
	check "$d: no --config is wrong usage" test "$("$BIN/mohar-$d" >/dev/null 2>&1; echo $?)" = 2
	check "$d: an unknown mode is wrong usage" test "$("$BIN/mohar-$d" dance --config "$W/conf" >/dev/null 2>&1; echo $?)" = 2
	echo '{"version": 1,' >"$W/keys.json"
	chmod 644 "$W/keys.json"
	check "$d: keys.json that ends too early, by line" daemon 1 'keys.json:.*2' $d "$([ $d = hsmd ] && echo serve || echo check)" "s|^keys = .*|keys = $W/keys.json|"
done
check 'hsmd: a number that is none' daemon 1 'conf:[0-9]+: workers must be a whole number from' hsmd check '1i workers = many'
for d in cad idpd signerd; do
	ports=taken check "$d: a port that is none" daemon 1 'conf:[0-9]+: port must be a whole number from 1 to 65535' $d check 's/^port = .*/port = 70000/'
done

# ---- policies ----
policy() {
	rm -rf "$W/policies"
	cp -r "$MOHAR_BUILD/share/policies" "$W/policies"
	chmod -R a+rX "$W/policies"
	sed -i "0,/{/s/{/{\n\t\"colour\": $2,/" "$W/policies/$1"
}
for row in "cad profiles/agency-seal.json" "idpd identity.json" "idpd assurance.json" "idpd claims.json" "signerd decisions/land-transfer.json"; do
	read -r d file <<<"$row"
	policy "$file" '"red"'
	check "$d: $file with an unknown member" daemon 1 "$file:2: .*colour: unknown member; known are: " "$d" check "s|^policies = .*|policies = $W/policies|"
	check "$d: and it does not serve with that" daemon 1 "$file:2: .*colour: unknown member" "$d" serve "s|^policies = .*|policies = $W/policies|"
	policy "$file" 'red'
	check "$d: $file that is no JSON" daemon 1 "$file:2: " "$d" check "s|^policies = .*|policies = $W/policies|"
done

# ---- circumstances ----
for d in cad idpd signerd; do
	check "$d: the database is down" daemon 3 "database: connecting .*setting 'database'.*/nowhere/" $d serve 's|^database = .*|database = host=/nowhere dbname=mohar|'
	check "$d: no TLS key" daemon 1 "TLS key /nowhere.key: .*No such file.*set 'tls_key'" $d serve 's|^tls_key = .*|tls_key = /nowhere.key|'
	check "$d: a TLS key that is none" daemon 1 "TLS certificate .* with key .*keys.json" $d serve "s|^tls_key = .*|tls_key = $D/keys.json|"
	ports=taken check "$d: the port is taken" daemon 1 'cannot listen on .*port [0-9]+: Address already in use .*choose another port' $d serve ''
done
for d in cad idpd signerd; do
	migrate() { conf $d 's|^owner_database = .*|owner_database = host=/nowhere dbname=mohar|' && chmod 644 "$W/conf" && says 3 "setting 'owner_database'" "$BIN/mohar-$d" migrate --config "$W/conf"; }
	check "$d: the database is down at migration" migrate
done
check 'signerd: no mohar-hsmd' daemon 3 'mohar-hsmd at /nowhere.sock: No such file' signerd serve 's|^hsm_socket = .*|hsm_socket = /nowhere.sock|'
check 'idpd: no mohar-hsmd' daemon 3 'mohar-hsmd at /nowhere.sock: No such file' idpd serve 's|^hsm_socket = .*|hsm_socket = /nowhere.sock|'
# cad serves certificates and lists that need no key, and recovers by itself: it starts, says so, and is not ready.
cad_without_hsmd() {
	local ready i running
	conf cad 's|^hsm_socket = .*|hsm_socket = /nowhere.sock|'
	as cad timeout 4 "$BIN/mohar-cad" --config "$W/conf" >"$W/out" 2>"$W/said" &
	running=$!
	for ((i = 0; i < 150; i++)); do
		grep -q 'mohar-hsmd at /nowhere.sock: No such file' "$W/said" && grep -q serving "$W/said" && break
		sleep 0.02
	done
	ready=$(curl -s -m 2 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$(sed -n 's/^metrics_port = //p' "$W/conf")/readyz")
	wait "$running" # timeout ends it
	cat "$W/said"
	echo "readyz: $ready"
	[ "$ready" = 503 ]
}
check 'cad: no mohar-hsmd: it says so and is not ready' cad_without_hsmd
issue() {
	conf cad 's|^hsm_socket = .*|hsm_socket = /nowhere.sock|'
	run_issue() { as cad timeout 10 "$BIN/mohar-cad" issue --config "$W/conf" --profile tls-server --dns localhost --key-out "$W/run/k" --out "$W/run/c"; }
	local status=0
	run_issue >"$W/out" 2>"$W/said" || status=$?
	cat "$W/said"
	[ $status = 3 ] && grep -q 'mohar-hsmd at /nowhere.sock' "$W/said" && nothing_left
}
check 'cad: no mohar-hsmd, so no certificate, and no key left behind' issue

# ---- the token ----
check 'hsmd: no such token' daemon 1 "no token 'nowhere': initialise it" hsmd serve 's/^token = .*/token = nowhere/'
check 'hsmd: no module' daemon 1 "/nowhere.so: .*set 'module'" hsmd serve 's|^module = .*|module = /nowhere.so|'
check 'hsmd: a module that is none' daemon 1 'no PKCS#11 library' hsmd serve 's|^module = .*|module = /usr/lib/x86_64-linux-gnu/libz.so.1|'
check 'hsmd: no PIN file' daemon 1 'pin_file /nowhere: No such file' hsmd serve 's|^pin_file = .*|pin_file = /nowhere|'
# One start is one try: a supervisor that started its worker again with the same PIN would lock the token.
echo 00000000 >"$W/pin"
chmod 600 "$W/pin"
[ $root = no ] || chown mohar-hsmd "$W/pin"
check 'hsmd: a wrong PIN is tried once, and said so' daemon 1 'refuses the PIN .*tried once and is not tried again: correct pin_file' hsmd serve "s|^pin_file = .*|pin_file = $W/pin|"
own() {
	conf hsmd 's/x/x/'
	sed -i "s|^journal = .*|journal = $D/hsm/main.journal|" "$W/conf"
	as hsmd timeout 10 "$BIN/mohar-hsmd" check --config "$W/conf" 2>&1 | tee "$W/said"
	! grep -qi 'pin' "$W/said"
}
check 'hsmd: the token is not locked by it: the right PIN still opens it' own
chmod 644 "$W/pin"
check 'hsmd: a PIN file that others may read' daemon 1 'pin_file .* readable by nobody else: .*chmod 600' hsmd serve "s|^pin_file = .*|pin_file = $W/pin|"
journal=theirs check 'hsmd: a journal in no folder' daemon 1 "journal /nowhere/j: No such file.*set 'journal'" hsmd serve 's|^journal = .*|journal = /nowhere/j|'
serving() { journal=theirs conf hsmd 's/^token = .*/&/' && run hsmd 1 'another mohar-hsmd has it' serve; }
check 'hsmd: a second one on the same journal' serving
check 'nothing of all this is left' test -z "$(find "$W/run" -type s)"
check 'the demo beside it still serves' "$BIN/mohar" status

# ---- the command ----
export MOHAR_CARD_TOKEN=operator MOHAR_CARD_PIN=file:$D/cards/operator.pin
# verb NAME STATUS RESULT TEXT ARG...: in words and as JSON
verb() {
	local status=0 want=$1 result=$2 text=$3
	shift 3
	timeout 20 "$BIN/mohar" "$@" >"$W/out" 2>"$W/said" || status=$?
	cat "$W/said" "$W/out"
	echo "status $status, wanted $want"
	[ "$status" = "$want" ] && grep -Eq -- "$text" "$W/said" && [ "$(grep -vc " warn texts: " "$W/said")" = 1 ] || return
	status=0
	timeout 20 "$BIN/mohar" "$@" --json >"$W/out" 2>"$W/said" || status=$?
	cat "$W/said" "$W/out"
	[ "$status" = "$want" ] && jq -es --arg text "$text" --arg result "$result" 'length == 1 and .[0].result == $result and (.[0].why | length > 0)' "$W/out"
}
there() { env MOHAR_ISSUER=https://localhost:1 MOHAR_CA_URL=https://localhost:1 MOHAR_SIGNER_URL=https://localhost:1 bash -c "$(declare -f verb); W='$W' BIN='$BIN'; verb \"\$@\"" x "$@"; }
id=00000000-0000-4000-8000-000000000000
check 'mohar: an unknown verb' verb 2 usage "no verb 'frobnicate'" frobnicate
for group in ca card citizen client decision log policy ceremony; do
	check "mohar $group: an unknown verb" verb 2 usage "no verb '$group frobnicate'" $group frobnicate
done
check 'mohar: an unknown option' verb 2 usage 'no option --colour' ca list --colour red
check 'mohar: an option without its value' verb 2 usage '--trust' log verify --trust
check 'mohar: an argument that is missing' verb 2 usage 'FILE' verify
check 'mohar verify: a file that is not there' verb 1 refused '/nowhere: .*No such file' verify /nowhere
check 'mohar verify jws: a file that is not there' verb 1 refused '/nowhere: .*No such file' verify jws --jwks /nowhere /nowhere
check 'mohar policy check: a folder that is not there' verb 1 invalid 'policies are wrong' policy check /nowhere
check 'mohar log verify: a key set that is not there' verb 1 unknown '/nowhere: .*No such file' log verify --trust /nowhere
echo garbage >"$W/garbage"
check 'mohar log checkpoint: a kept checkpoint that is none' verb 1 invalid "--since $W/garbage: is no checkpoint of this log: " log checkpoint --trust "$D/work/jwks.json" --since "$W/garbage"
check 'mohar log verify: a kept checkpoint that is none' verb 1 invalid "--since $W/garbage: is no checkpoint of this log: " log verify --trust "$D/work/jwks.json" --since "$W/garbage"
check 'mohar log checkpoint: a key set that is none' verb 1 invalid "--trust $W/garbage: " log checkpoint --trust "$W/garbage"
check 'mohar decision: a key that is not there' verb 1 refused '/nowhere: .*No such file' decision show $id --client-jwk /nowhere
check 'mohar ca list: not reachable' there 3 unreachable 'https://localhost:1 does not answer' ca list
check 'mohar citizen show: not reachable' there 3 unreachable 'https://localhost:1 does not answer' citizen show test-citizen-one
check 'mohar decision show: not reachable' there 3 unreachable 'https://localhost:1 does not answer' decision show $id
check 'mohar log verify: not reachable' there 3 unreachable 'https://localhost:1 does not answer' log verify --trust "$D/work/jwks.json"
check 'mohar status: not reachable' there 3 unreachable 'unwell' status
check 'mohar client add: scopes that nobody offers, named beside those that are' verb 1 refused 'scopes: unknown: profil, email; known: openid, profile, .*signatures' client add \
	--name en=Test --sector test --auth none --redirect http://localhost:1/cb --scope openid --scope profil --scope email
check 'mohar ca list: a wrong card PIN' env MOHAR_CARD_PIN=000000 bash -c "$(declare -f verb); W='$W' BIN='$BIN'; verb 1 refused '[Pp][Ii][Nn]' ca list"
check 'and the card is not locked by it' "$BIN/mohar" ca list
check 'mohar ca list: no such card' env MOHAR_CARD_TOKEN=nowhere bash -c "$(declare -f verb); W='$W' BIN='$BIN'; verb 1 refused 'nowhere' ca list"
finish
