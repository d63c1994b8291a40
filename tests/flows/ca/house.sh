# A certificate authority with real parts, for the tests of this folder: ceremony, mohar-hsmd on SoftHSM, PostgreSQL, cards. Source it after tests/tap.sh; it skips the file ($what) where a part is
# absent. keys_filter: what else jq does to keys.json; more_cards: registrar-2 and the like; policies: another folder of them. `serve_one` and `serve_two` start two instances over one database.
# shellcheck shell=bash
command -v softhsm2-util >/dev/null || { skip "${what:?}" "needs softhsm2"; finish; exit 0; }
: "${MOHAR_BUILD:?run me by tests/run}"
BIN=$MOHAR_BUILD/bin SHARE=$MOHAR_BUILD/share
W=$(mktemp -d /tmp/mohar-ca-XXXXXX)
chmod 711 "$W"
pids=
trap 'kill $pids 2>/dev/null; wait 2>/dev/null; tests/postgres stop "$W/pg"; rm -rf "$W"' EXIT
tests/postgres start "$W/pg" $$ >/dev/null || { skip "${what:?}" "needs PostgreSQL"; finish; exit 0; }
MODULE=/usr/lib/softhsm/libsofthsm2.so
# Thirteen ports in a row that nobody listens on.
ports_free() { local n; for n in 0 1 2 10 11 12; do ! (: </dev/tcp/127.0.0.1/$(($1 + n))) 2>/dev/null || return; done; }
base=$((20000 + $$ % 10000))
until ports_free $base; do base=$((base + 20)); done
API=https://localhost:$base PKI=http://localhost:$((base + 1)) PKI2=http://localhost:$((base + 11))
export MOHAR_CARD_MODULE=$MODULE MOHAR_CA_URL=$API MOHAR_TLS_CA=$W/ceremony/root-ca.pem

# ---- the house ----
softhsm() { mkdir -p "$W/$1" && printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$W/$1" >"$W/$1.conf"; }
mohar() { SOFTHSM2_CONF=$W/cards.conf timeout 30 "$BIN/mohar" "$@"; }
await() { for ((i = 0; i < 400; i++)); do "$@" >/dev/null 2>&1 && return; sleep 0.02; done; return 1; }
launch() { "$@" >>"$W/log" 2>&1 </dev/null & pids="$pids $!"; }

for token in cards root main; do softhsm $token; done
(umask 077 && echo 123456 >"$W/pin")
operators='[]'
for card in custodian-1 custodian-2 custodian-3 registrar operator citizen ${more_cards-}; do
	mohar card init --token $card --so-pin 876543 --pin 123456 >/dev/null
	[ $card != citizen ] || continue
	mohar card key --token $card --pin 123456 >/dev/null
	case $card in registrar*) role=registrar ;; operator*) role=ca-operator ;; *) role=custodian ;; esac
	operators=$(jq -c --argjson jwk "$(mohar card show --token $card --jwk --json | jq -c .jwk)" --arg name $card --arg role $role \
		'. + [{name: $name, roles: [$role], jwk: $jwk}]' <<<"$operators")
done
jq --argjson operators "$operators" --arg me "$(id -u)" ".operators = \$operators | .callers |= map(.users = [\$me]) | ${keys_filter:-.}" policies/keys.json >"$W/keys.json"
for token in root main; do
	SOFTHSM2_CONF=$W/$token.conf softhsm2-util --init-token --free --label "$token" --pin 123456 --so-pin 876543 >/dev/null
	printf 'socket = %s.sock\nmodule = %s\nmodule_config = %s.conf\nmodule_folder = %s\ntoken = %s\nserves = %s\npin_file = pin\nkeys = keys.json\njournal = %s.journal\n' \
		$token $MODULE $token $token $token $token $token >"$W/hsmd-$token.conf"
	"$BIN/mohar-hsmd" genesis --config "$W/hsmd-$token.conf" >>"$W/log" 2>&1
	launch "$BIN/mohar-hsmd" --config "$W/hsmd-$token.conf"
	hsmd=$!
	await test -S "$W/$token.sock"
done
mkdir "$W/ceremony" "$W/tls"
mohar ceremony run policies/ceremonies/demo.json --keys "$W/keys.json" --policies "${policies:=$PWD/policies}" --root-socket "$W/root.sock" --main-socket "$W/main.sock" \
	--out "$W/ceremony" --pki-url "$PKI" --custodian "custodian-1:file:$W/pin" --custodian "custodian-2:file:$W/pin" >>"$W/log" 2>&1
psql -q -h "$W/pg" -U postgres -d postgres -f deploy/sql/roles.sql >>"$W/log" 2>&1

# conf NAME PORT: settings of an instance at PORT, PORT+1, PORT+2
conf() {
	cat >"$W/$1.conf" <<-END
	port = $2
	pki_port = $(($2 + 1))
	metrics_port = $(($2 + 2))
	tls_certificate = $W/tls/ca.pem
	tls_key = $W/tls/ca.key
	database = host=$W/pg dbname=mohar user=mohar_cad
	owner_database = host=$W/pg dbname=mohar user=mohar_owner
	hsm_socket = $W/main.sock
	policies = $policies
	keys = $W/keys.json
	share = $SHARE
	authorities = $W/ceremony
	url = $API
	pki_url = $PKI
	ocsp_unknown_per_second = 5
	END
}
conf one $base
conf two $((base + 10))
ready() { curl -sf -m 2 "http://127.0.0.1:$1/readyz"; }
serve_one() { launch "$BIN/mohar-cad" --config "$W/one.conf" && cad=$! && await ready $((base + 2)); }
serve_two() { launch "$BIN/mohar-cad" --config "$W/two.conf" && await ready $((base + 12)); }
cad() { timeout 20 "$BIN/mohar-cad" "$@"; }
sql() { psql -qAt -h "$W/pg" -U postgres -d mohar -c "$1"; }
says() { "${@:2}" >"$W/said" 2>&1; local code=$?; cat "$W/said"; grep -q -- "$1" "$W/said" && return $code; echo "does not say: $1"; return 0; }

