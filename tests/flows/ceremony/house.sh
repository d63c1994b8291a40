# house: two tokens, two mohar-hsmd, three custodians' cards, for the tests of ceremonies. Source it after tap.sh.
# shellcheck shell=bash
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
jq --argjson operators "$operators" --arg me "$me" '.operators = $operators | .callers |= map(.users = [$me])' policies/keys.json | jq "${KEYS_FILTER:-.}" >"$W/keys.json"
for token in root main; do
	SOFTHSM2_CONF=$W/$token.conf softhsm2-util --init-token --free --label "$token" --pin 123456 --so-pin 876543 >/dev/null
	printf 'socket = %s.sock\nmodule = %s\nmodule_config = %s.conf\nmodule_folder = %s\ntoken = %s\nserves = %s\npin_file = pin\nkeys = keys.json\njournal = %s.journal\n' \
		"$token" "$MODULE" "$token" "$token" "$token" "$token" "$token" >"$W/hsmd-$token.conf"
	"$BIN/mohar-hsmd" genesis --config "$W/hsmd-$token.conf" 2>>"$W/log"
done

# hsmd_start TOKEN, hsmd_stop TOKEN
declare -A daemon
hsmd_start() {
	"$BIN/mohar-hsmd" --config "$W/hsmd-$1.conf" 2>>"$W/log" &
	daemon[$1]=$! pids="$pids $!"
	for ((i = 0; i < 500; i++)); do
		[ -S "$W/$1.sock" ] && return
		sleep 0.01
	done
	return 1
}
hsmd_stop() {
	kill "${daemon[$1]}" && wait "${daemon[$1]}"
	rm -f "$W/$1.sock"
}
hsmd_start root
hsmd_start main

# ceremony OUT CUSTODIAN...: SCRIPT, or the demo's
ceremony() {
	local out=$1 all=()
	shift
	mkdir -p "$W/$out"
	for who in "$@"; do all+=(--custodian "$who:file:$W/pin"); done
	mohar ceremony run "${SCRIPT:-policies/ceremonies/demo.json}" --keys "$W/keys.json" --policies policies --root-socket "$W/root.sock" \
		--main-socket "$W/main.sock" --out "$W/$out" --pki-url http://localhost:8080 --yes "${more[@]}" "${all[@]}"
}
more=()
# The transcript of a ceremony, unpacked.
payload() { jq -r .payload "$W/$1/transcript.json" | tr '_-' '/+' | awk '{ while (length($0) % 4) $0 = $0 "="; print }' | base64 -d; }
