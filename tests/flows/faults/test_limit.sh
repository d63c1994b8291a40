#!/bin/bash
# Who knocks too often at mohar-idpd's doors is told to wait, and nobody else is. On a second mohar-idpd beside the demo's, with small limits. timeout: 60
. tests/tap.sh

[ -n "${MOHAR_HSM_SOCKET-}" ] || { skip "limits" "no demo is running"; finish; exit 0; }
: "${MOHAR_BUILD:?run me by tests/run}"
D=$MOHAR_DEMO_DIR
W=$(mktemp -d /tmp/mohar-limit-XXXXXX)
chmod 755 "$W"
port=$((25000 + $$ % 900)) # below the ports that the kernel gives to clients
sed -E "s/^port = .*/port = $port/; s/^card_port = .*/card_port = $((port + 1000))/; s/^metrics_port = .*/metrics_port = $((port + 2000))/
	s/^address_per_second = .*/address_per_second = 1/; s/^address_burst = .*/address_burst = 20/" "$D/idpd.conf" >"$W/conf"
printf 'account_per_second = 1\naccount_burst = 5\n' >>"$W/conf"
chmod 644 "$W/conf"
as=()
[ "$(id -u)" != 0 ] || as=(setpriv --reuid=mohar-idpd --regid=mohar-idpd --clear-groups --no-new-privs --)
"${as[@]}" "$MOHAR_BUILD/bin/mohar-idpd" --config "$W/conf" 2>"$W/log" &
idpd=$!
trap 'kill $idpd; wait $idpd; rm -rf "$W"' EXIT
up() {
	local i
	for ((i = 0; i < 200; i++)); do
		grep -q 'serving' "$W/log" && return
		sleep 0.05
	done
	cat "$W/log"
	return 1
}
check 'mohar-idpd with small limits starts' up

# ask ADDRESS PATH [ARG...]: the status, and the answer's headers in $W/headers
ask() {
	local from=$1 path=$2
	shift 2
	curl -s -m 5 --cacert "$MOHAR_TLS_CA" --interface "$from" -D "$W/headers" -o "$W/body" -w '%{http_code}' "$@" "https://localhost:$port$path"
}
# flood ADDRESS PATH [ARG...]: forty times; the statuses seen, with how often
flood() {
	local i
	for ((i = 0; i < 40; i++)); do
		ask "$@"
		echo
	done | sort | uniq -c >"$W/seen"
	cat "$W/seen"
}
held() { flood "$@" && grep -q ' 429$' "$W/seen" && [ "$(awk '$2 != 429 { n += $1 } END { print n }' "$W/seen")" -ge 5 ]; }
check 'a flood of /login from one address is held' held 127.0.0.9 /login
retry() { [ "$(ask 127.0.0.9 /login)" = 429 ] && grep -qi '^retry-after: [0-9]' "$W/headers"; }
check 'and told when to try again' retry
check 'at /authorize and /activate too' test "$(ask 127.0.0.9 /authorize) $(ask 127.0.0.9 /activate)" = '429 429'
check 'but not where nothing is opened' test "$(ask 127.0.0.9 /jwks)" = 200
check 'another address comes in' test "$(ask 127.0.0.10 /activate)" = 200
# A client that authenticates wrongly again and again, from one address; the same client from another.
wrong=(-u stock:wrong -d grant_type=client_credentials)
check 'a client that fails again and again is held' held 127.0.0.11 /token "${wrong[@]}"
token_answer() { [ "$(ask 127.0.0.11 /token "${wrong[@]}")" = 429 ] && grep -q temporarily_unavailable "$W/body" && grep -qi '^retry-after: [0-9]' "$W/headers"; }
check 'in the words of OAuth, with Retry-After' token_answer
check 'and not from elsewhere' test "$(ask 127.0.0.12 /token "${wrong[@]}")" = 401
finish
