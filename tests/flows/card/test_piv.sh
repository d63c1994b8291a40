#!/bin/bash
# A PIV card in a virtual reader, through pcscd and OpenSC: what SoftHSM does not have, a PIN that is counted and locks, and a PUK. The card is told of, its tries are told, nothing is tried by itself.
# timeout: 240
. tests/tap.sh
what='a PIV card'
opensc=/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so
driver=/usr/lib/pcsc/drivers/serial/libifdvpcd.so
PATH=$PATH:/usr/sbin
for part in pcscd openssl pkcs15-tool; do type -P $part >/dev/null || { skip "$what" "needs $part"; finish; exit 0; }; done
for part in "$opensc" "$driver"; do [ -e "$part" ] || { skip "$what" "needs $part"; finish; exit 0; }; done
/usr/bin/python3 -c 'import cryptography' 2>/dev/null || { skip "$what" "needs python3-cryptography"; finish; exit 0; }
[[ $(id -u) = 0 && ! -e /run/pcscd/pcscd.comm ]] || { skip "$what" 'needs root, and that no pcscd runs'; finish; exit 0; }
W=$(mktemp -d /tmp/mohar-piv-XXXXXX)
pids=
trap 'kill $pids 2>/dev/null; wait 2>/dev/null; rm -rf "$W"; rm -f /run/pcscd/pcscd.comm /run/pcscd/pcscd.pid' EXIT
await() { for ((i = 0; i < 200; i++)); do "$@" >/dev/null 2>&1 && return; sleep 0.05; done; return 1; }
says() { "${@:2}" >"$W/said" 2>&1; local code=$?; cat "$W/said"; grep -q -- "$1" "$W/said" || { echo "does not say: $1"; return 1; }; return $code; }
denies() { "${@:2}" >"$W/said" 2>&1; local code=$?; cat "$W/said"; grep -q -- "$1" "$W/said" || { echo "does not say: $1"; return 0; }; return $code; }
mohar() { OPENSC_CONF=$W/opensc.conf MOHAR_CARD_MODULE=$opensc timeout 30 "${MOHAR_BUILD:?run me by tests/run}/bin/mohar" "$@"; }

pair() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$W/$1.key" -outform DER -out "$W/$1.der" -days 100 -subj "/CN=Test Card PIV" -addext "keyUsage=critical,$2" -addext basicConstraints=critical,CA:FALSE 2>/dev/null; }
pair 9a digitalSignature
pair 9c nonRepudiation
port=25963 # below those that the kernel gives to clients
unset MOHAR_CARD_PIN MOHAR_CARD_TOKEN # the demo's
mkdir "$W/readers"
printf 'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:0x%X\nLIBPATH %s\nCHANNELID 0x%X\n' $port "$driver" $port >"$W/readers/vpcd"
printf 'app default {\n\tframework pkcs15 {\n\t\tuse_file_caching = false;\n\t}\n}\napp opensc-pkcs11 {\n\tpkcs11 {\n\t\tuser_pin_unblock_style = set_pin_in_unlogged_session;\n\t}\n}\n' >"$W/opensc.conf"
pcscd --foreground --config "$W/readers" >"$W/pcscd.log" 2>&1 &
pids=$!
await test -S /run/pcscd/pcscd.comm
/usr/bin/python3 tests/flows/card/pivcard.py $port 123456 12345678 "$W/9a.key" "$W/9a.der" "$W/9c.key" "$W/9c.der" >"$W/card.log" 2>&1 &
pids="$pids $!"
token() { mohar card show --json | jq -r '.tokens[0].label'; }
await sh -c "OPENSC_CONF='$W/opensc.conf' pkcs15-tool --list-keys" || true
check "OpenSC's pkcs15-tool knows the card" says 'PIV AUTH key\|SIGN key' env OPENSC_CONF="$W/opensc.conf" pkcs15-tool --list-keys
label=$(token)
check "mohar knows it: $label" test "${label:-null}" != null
check 'keys, certificates and days are told' says 'Test Card PIV' mohar card show --token "$label" --pin 123456
mohar card show --token "$label" --pin 123456 --json >"$W/shown.json"
check 'one certificate to log in, one to sign' test "$(jq -r '[.certificates[].use] | sort | join(",")' "$W/shown.json")" = 'log in,sign'
check 'the signature key asks its PIN each time' test "$(jq '[.keys[] | select(.pin_each_time)] | length' "$W/shown.json")" = 1
tries() { mohar card show --json | jq -r '.tokens[0].pin'; }

# ---- three tries ----
check 'all tries left' test "$(tries)" = 'all tries left, or not told'
refuse 'a wrong PIN costs one' denies 'PIN is wrong' mohar card show --token "$label" --pin 999999
refuse 'another' denies 'PIN is wrong' mohar card show --token "$label" --pin 999999
check 'one is left' test "$(tries)" = 'ONE try left'
refuse 'which no program spends' denies 'ONE try left' mohar card show --token "$label" --pin 999999
refuse 'not even the right one' denies 'ONE try left' mohar card show --token "$label" --pin 123456
check 'one is left still' test "$(tries)" = 'ONE try left'
# typed PIN: by a person who reads what is asked, at a terminal.
typed() {
	: >"$W/typed"
	(await grep -q 'PIN of the card' "$W/typed"; echo "$1"; await grep -q 'refused' "$W/typed") |
		script -qefc "OPENSC_CONF='$W/opensc.conf' MOHAR_CARD_MODULE=$opensc '$MOHAR_BUILD/bin/mohar' card key --token '$label' --id 3" "$W/typed" >/dev/null
}
types_wrong() { typed 999999; cat "$W/typed"; grep 'ONE try is left: a wrong one locks the card' "$W/typed" && grep 'PIN is wrong\|PIN is locked' "$W/typed"; }
check 'a person is warned, types, and locks it' types_wrong
check 'locked' test "$(tries)" = locked
refuse 'nothing more is tried' denies "nothing was tried; 'mohar card unblock'" mohar card show --token "$label" --pin 123456

# ---- PUK ----
refuse 'a wrong PUK' denies 'PUK of .* is wrong' mohar card unblock --token "$label" --puk 11111111 --new-pin 654321
check 'the right one sets a new PIN' says 'the old PIN is void' mohar card unblock --token "$label" --puk 12345678 --new-pin 654321
check 'all tries are back' test "$(tries)" = 'all tries left, or not told'
check 'the new PIN opens it' mohar card show --token "$label" --pin 654321
check 'and is changed' mohar card pin --token "$label" --pin 654321 --new-pin 123456
check 'OpenSC signs with it' env OPENSC_CONF="$W/opensc.conf" pkcs15-tool --verify-pin --auth-id 01 --pin 123456
finish
