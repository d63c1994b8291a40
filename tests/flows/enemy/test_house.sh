#!/usr/bin/env bash
# What another user of the machine must not get from a running demo: files, sockets, processes. timeout: 60
set -u
cd "$(dirname "$0")/../../.." || exit 2
. tests/tap.sh
stranger() { setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs -- "$@"; }

if [[ -z ${MOHAR_DEMO_DIR-} || -z ${MOHAR_HSM_SOCKET-} || $(id -u) != 0 ]]; then
	skip "another user gets nothing" "needs a demo that runs as root"
	finish
	exit
fi
demo=$(dirname "$MOHAR_PIDS")
sockets=$(dirname "$MOHAR_HSM_SOCKET")

refuse "a socket in the place of the key daemon's" stranger touch "$sockets/enemy"
refuse "a log file where root will write" stranger touch "$demo/log/enemy"
refuse "a file in the demo's folder" stranger touch "$demo/enemy"

# Everything secret, by what it holds: private keys, PINs, client secrets, tokens' folders.
readable() {
	stranger find "$demo" \( -name '*.key' -o -name '*.pin' -o -name '*.so' -o -name '*.jwk' -o -name '*.secret' -o -name env -o -name '*.conf' -o -name '*.object' \) \
		-type f -readable 2>/dev/null | grep -vE '/(softhsm2|main|root|apache)\.conf$'
}
check "no key, PIN, secret or setting can be read" test -z "$(readable)"
private_keys() { stranger grep -rlsE 'PRIVATE KEY|"d": *"' "$demo" 2>/dev/null; }
check "no private key in any file that can be read" test -z "$(private_keys)"

while read -r name pid; do
	[[ $name == mohar-* ]] || continue
	refuse "$name: its environment" stranger cat "/proc/$pid/environ"
	refuse "$name: its descriptors" stranger ls "/proc/$pid/fd/"
	refuse "$name: its memory" stranger cat "/proc/$pid/maps"
	check "$name: no core dumps" grep -qE '^Max core file size +0 ' "/proc/$pid/limits"
	words=$(tr '\0' ' ' <"/proc/$pid/cmdline")
	for file in "$demo"/hsm/*.pin "$demo"/cards/*.pin "$demo"/clients/*.secret; do
		secret=$(cat "$file")
		[[ -z $secret || $words != *"$secret"* ]] || words=betrayed
	done
	check "$name: no secret on its command line" test "$words" != betrayed
done <"$MOHAR_PIDS"

refuse "the database as anybody" stranger psql "$MOHAR_DATABASE" -c 'SELECT 1'
for role in mohar_owner mohar_cad mohar_idpd mohar_signerd; do
	refuse "the database as $role" stranger psql "host=$sockets dbname=mohar user=$role" -c 'SELECT 1'
	refuse "the database as $role over the network" stranger psql "host=127.0.0.1 dbname=mohar user=$role connect_timeout=2" -c 'SELECT 1'
done
finish
