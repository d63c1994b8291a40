# A counter where cards are made, for the tests of this folder: the demo's services and registrars (tests/with-demo), SoftHSM tokens as cards, people of its own. Source it after
# tests/tap.sh; it skips the file ($what) where there is no demo.
# shellcheck shell=bash
[[ -n ${MOHAR_DEMO_DIR-} && -n ${MOHAR_CARD_MODULE-} ]] || { skip "${what:?}" 'needs a demo (tests/with-demo)'; finish; exit 0; }
: "${MOHAR_BUILD:?run me by tests/run}"
CARDS=$MOHAR_DEMO_DIR/cards
BIN=$MOHAR_DEMO_DIR/programs/bin
[ -d "$BIN" ] || BIN=$MOHAR_BUILD/bin
PULL=$MOHAR_BUILD/tests/modules/p11pull.so
W=$(mktemp -d /tmp/mohar-card-XXXXXX)
trap 'rm -rf "$W"' EXIT
cp "$PULL" "$W/pull.so" 2>/dev/null
OWNER=$(stat -c %u "$CARDS")
chown "$OWNER" "$W"
export P11PULL_MODULE=$MOHAR_CARD_MODULE MOHAR_REGISTRAR_TOKEN=registrar-1 MOHAR_REGISTRAR_PIN=file:$CARDS/registrar-1.pin
unset MOHAR_CARD_TOKEN MOHAR_CARD_PIN

# As the one whose cards they are.
as_owner() {
	if [ "$(id -u)" = 0 ] && [ "$OWNER" != 0 ]; then
		HOME=$W setpriv --reuid="$OWNER" --regid="$OWNER" --clear-groups -- "$@"
	else
		HOME=$W "$@"
	fi
}
mohar() { as_owner timeout 60 "$BIN/mohar" "$@"; }
# For check: it succeeds and says so. For refuse: it fails and says so.
says() { "${@:2}" >"$W/said" 2>&1; local code=$?; cat "$W/said"; grep -q -- "$1" "$W/said" || { echo "does not say: $1"; return 1; }; return $code; }
denies() { "${@:2}" >"$W/said" 2>&1; local code=$?; cat "$W/said"; grep -q -- "$1" "$W/said" || { echo "does not say: $1"; return 0; }; return $code; }

# person HANDLE NAME: somebody of whom two registrars say who it is.
person() {
	local facts=(--handle "$1" --name "$2" --number "file:$W/$1.number" --birthdate 1990-01-01 --gender other --proofing 3)
	as_owner sh -c "umask 077; echo $((RANDOM % 9 + 1))$(date +%N)0 | cut -c1-11 >'$W/$1.number'"
	mohar citizen countersign "${facts[@]}" --token registrar-2 --pin "file:$CARDS/registrar-2.pin" --out "$W/$1.countersign" >/dev/null &&
		mohar citizen add "${facts[@]}" --token registrar-1 --pin "file:$CARDS/registrar-1.pin" --countersign "$W/$1.countersign" >/dev/null
}
blank() { mohar card init --token "$1" --so-pin 87654321 --pin 123456; }
enrol() { mohar card enrol --token "$1" --pin 123456 --person "$2" "${@:3}"; }
show() { mohar card show --token "$1" --pin 123456 --json; }
# numbers TOKEN: "01,02 01,02": the keys on a card and its certificates, by number.
numbers() { show "$1" | jq -r '[([.keys[]?.id] | sort), ([.certificates[]?.id] | sort)] | map(join(",")) | join(" ")'; }
sql() { psql -qAt "$MOHAR_DATABASE" -c "$1"; }
# How many certificates were given in this name.
given() { sql "SELECT count(*) FROM ca.certificate WHERE subject LIKE 'CN=$1%'"; }
# How many keys of that name have more than one.
twice() { sql "SELECT count(*) FROM (SELECT spki_sha256 FROM ca.certificate WHERE subject LIKE 'CN=$1%' GROUP BY spki_sha256 HAVING count(*) > 1) AS more"; }
