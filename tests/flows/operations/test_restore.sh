# A restore drill: the commands of docs/OPERATIONS.md ("Backup"), word for word, on a demo of its own that is destroyed: the database with its archive, the HSM's token, and the
# database of yesterday alone, which must not be signed a second time. timeout: 600
# shellcheck shell=bash disable=SC1091,SC1090,SC2034,SC2154
. tests/tap.sh
what='restore drill'
for need in softhsm2-util jq; do command -v $need >/dev/null || { skip "$what" "needs $need"; finish; exit 0; }; done
export MOHAR_DEMO_DIR=$MOHAR_BUILD/drill MOHAR_DEMO_PORT_BASE=${MOHAR_DRILL_PORT_BASE:-30000} MOHAR_BUILD_DIR=$MOHAR_BUILD
unset MOHAR_CARD_TOKEN MOHAR_CARD_PIN SOFTHSM2_CONF
run=deploy/demo/run
W=$(mktemp -d /tmp/mohar-drill-XXXXXX)
chmod 711 "$W"
trap '"$run" clean >/dev/null 2>&1 </dev/null; rm -rf "$W"' EXIT
"$run" clean >/dev/null 2>&1 </dev/null
came_up() { timeout 300 "$run" up </dev/null; }
check 'a demo to destroy comes up' came_up
[ -f "$MOHAR_DEMO_DIR/complete" ] || { finish; exit 1; }

# The demo's own words: pid_of, daemon, await, mohar_card, agency_call ...
PATH=$PATH:/usr/sbin:/sbin
HERE=$MOHAR_ROOT/deploy/demo TREE=$MOHAR_ROOT
for part in say place users database cards hsm daemons people portals signpage story; do . "$HERE/parts/$part.sh"; done
place_read
users_find
set -a && . "$MOHAR_DEMO_DIR/env" && set +a
NOTES=$W/notes
service_ca=$REAL/ceremony/service-ca.pem
eval "card_$(declare -f mohar)" # the demo's `mohar`, with its cards
mohar_card() {
	MOHAR_CARD_MODULE=$MODULE MOHAR_CARD_TOKEN=$1 MOHAR_CARD_PIN=file:$REAL/cards/$1.pin card_mohar "${@:2}"
}
mohar() { timeout 60 "$BIN/mohar" "$@"; }

# ---- what the document's commands mean here: the demo's parts are not systemd's
systemctl() {
	local verb=$1 unit
	for unit in "${@:2}"; do
		case $verb-$unit in
		stop-postgresql) database_stop ;;
		start-postgresql) database_start ;;
		restart-postgresql) database_stop && database_start ;;
		stop-*) ! runs "$unit" || { kill "$(pid_of "$unit")" && await 10 "$unit" test ! -d "/proc/$(pid_of "$unit")"; } ;;
		start-mohar-hsmd) rm -f "$SOCKETS/hsm.sock" && hsmd_up ;;
		start-mohar-cad) cad_up ;;
		start-mohar-idpd) idpd_up ;;
		start-mohar-signerd) signerd_up ;;
		esac || return
	done
}
runuser() {
	local user=$2
	shift 3
	case $user in mohar-cad) as "$USER_CA" env PATH="$BIN:$PATH" "${@//\/etc\/mohar/$REAL}" ;; *) as "$USER_DB" env PATH="$PATH" "$@" ;; esac
}
PATH=$PATH:$PG
SUPER=$DB_SUPER SOCKET=$SOCKETS DATA=$REAL/pg/data CONF=$REAL/pg/data/postgresql.conf ARCHIVE=$W/archive COPY=$W/first KEPT=$W/checkpoint
TOKEN=$REAL/hsm/main-tokens JOURNAL=$REAL/hsm/main.journal KEYS=$REAL/keys.json HSM_USER=$USER_HSM
export MOHAR_TRUST=$REAL/work/jwks.json

# The document's block of that name, run as it stands; the first command that fails ends it.
drill() {
	awk -v mark="<!-- drill: $1 -->" '$0 == mark { found = 1 } found && /^```sh$/ { inside = 1; next } inside && /^```$/ { exit } inside' docs/OPERATIONS.md >"$W/block"
	[ -s "$W/block" ] || { echo "docs/OPERATIONS.md has no block $1"; return 1; }
	set -e
	. "$W/block"
}
# In a shell of its own, outside of any condition: there `set -e` holds.
block() {
	local status
	(drill "$1") </dev/null
	status=$?
	return $status
}
tell() { tap_line "$@"; }
# perform NAME BLOCK: check, but not in an if.
perform() {
	local status
	block "$2" >"$tap_output" 2>&1
	status=$?
	if ((status == 0)); then tell ok "$1"; else tell 'not ok' "$1"; fi
}

certificate() { # NAME: a certificate of the service authority
	as "$USER_CA" "$BIN/mohar-cad" issue --config "$REAL/cad.conf" --profile tls-server --dns localhost --key-out "$REAL/ca/$1.key" --out "$REAL/ca/$1.pem" &&
		openssl x509 -in "$REAL/ca/$1.pem" -out "$W/$1.pem"
}
serial() { openssl x509 -in "$W/$1.pem" -noout -serial | sed 's/serial=//' | tr A-F a-f; }
# What OCSP says of it: good, revoked, unknown.
ocsp() { openssl ocsp -issuer "$service_ca" -cert "$W/$1.pem" -url "$PKI_URL/ocsp" -CAfile "$REAL/tls/root.pem" -no_nonce 2>&1 | sed -n "s|^$W/$1.pem: ||p"; }
says() { [ "$(ocsp "$1")" = "$2" ] || { echo "OCSP says $(ocsp "$1") of $1, not $2"; return 1; }; }
soon_says() { await 10 "OCSP: $1 $2" says "$1" "$2" || says "$1" "$2"; }
list() { mohar ca crl service-ca --out "$W/list" >/dev/null && openssl crl -inform DER -in "$W/list" "$@"; }
list_number() { printf '%d\n' "$(list -noout -crlnumber | sed 's/crlNumber=//')"; }
listed() { list -noout -text | grep -qi "Serial Number: $(serial "$1")"; }
logged() { await 20 "the sequencer" test_empty_outboxes; }
no_serial_twice() {
	[ "$(database_ask 'SELECT count(*) = count(DISTINCT (issuer, serial)) FROM ca.certificate')" = t ]
}
sign_once() { (signing_sign) >"$W/signing" 2>&1 || { cat "$W/signing"; return 1; }; }
# It signs nothing, and mohar-hsmd or mohar-signerd says since then that it is stopped.
stopped() { # DAEMON PATTERN
	local from
	from=$(wc -l <"$REAL/log/$1")
	! sign_once || { echo 'it signed'; return 1; }
	tail -n "+$((from + 1))" "$REAL/log/$1" | grep -E "$2"
}

# ---- the copy, and what came after it
install -d "$W/first"
grep -q replication "$REAL/pg/data/pg_hba.conf" || echo 'local replication all peer map=mohar' >>"$REAL/pg/data/pg_hba.conf"
certificate before >/dev/null 2>&1
cp "$CONF" "$W/postgresql.conf"
perform 'the write-ahead log is archived' once
for d in mohar-cad mohar-idpd mohar-signerd; do systemctl stop $d && systemctl start $d; done >/dev/null 2>&1
perform 'the database is copied while it is used, and the copy is whole' copy-database
perform 'token, journal, record and keys.json are copied' copy-token

revoke_before() { mohar_card operator ca revoke "$(serial before)" --reason keyCompromise; }
freeze() { mohar_card registrar-1 citizen signing-freeze test-citizen-one; }
check 'the citizen signs' sign_once
check 'after the copy: a certificate is issued' certificate after
check 'after the copy: another is revoked' revoke_before
check 'after the copy: a signing key is frozen' freeze
check 'its end stands in the log' logged
check 'OCSP says so before the loss' soon_says before revoked
leaves=$(database_ask 'SELECT size FROM log.tree WHERE id = 0')
certificates=$(database_ask 'SELECT count(*) FROM ca.certificate')
await 10 'the list' listed before
number=$(list_number)
perform 'a checkpoint is kept elsewhere' checkpoint
COPY=$W/second perform 'token and journal are copied after the freeze' copy-token
archived() { [ "$(database_ask "SELECT last_archived_wal >= '$1' FROM pg_stat_archiver")" = t ]; }
last=$(database_ask 'SELECT pg_walfile_name(pg_switch_wal())')
check 'the archive has the end' await 30 'the archive' archived "$last"

# ---- the database is destroyed, and restored elsewhere with its archive
destroy() { database_stop && rm -rf "$REAL/pg/data" "$REAL/pg/elsewhere"; }
elsewhere() { DATA=$REAL/pg/elsewhere && ln -sfn elsewhere "$REAL/pg/data" && [ "$ROOT" = no ] || chown -h "$USER_DB" "$REAL/pg/data"; }
perform 'who writes is stopped' stop
check 'the database is destroyed' destroy
elsewhere
perform 'the copy is put elsewhere, and the archive on top' restore-database
perform 'the daemons start' start
perform 'log, journal, record, lists and OCSP are compared: nothing is missing' compare
same() { [ "$(database_ask "$1")" = "$2" ] || { echo "$1: $(database_ask "$1"), not $2"; return 1; }; }
check 'every certificate is there' same 'SELECT count(*) FROM ca.certificate' "$certificates"
check 'the revoked one is revoked' soon_says before revoked
check 'and on the list' listed before
check 'what was issued after the copy is good' soon_says after good
number_grew() { (($(list_number) >= number)) || { echo "$(list_number) after $number"; return 1; }; }
check 'the numbers of lists did not go back' number_grew
grows() { certificate next && logged && (($(database_ask 'SELECT size FROM log.tree WHERE id = 0') > leaves)) && mohar log checkpoint --since "$KEPT"; }
check 'the log goes on behind what was signed' grows
check 'no serial is there twice' no_serial_twice
refuse 'the frozen key signs nothing' sign_once
cp "$W/signing" "$W/signing.first"

# ---- the token is destroyed, and restored from its copy
lose_token() { systemctl stop mohar-hsmd && rm -rf "$TOKEN" "$JOURNAL" "$JOURNAL".operations.*; }
check 'the token is destroyed' lose_token
COPY=$W/second perform 'token, journal and record are restored' restore-token
hsm_answers() { mohar status --json | jq -e '.hsm_state == "ready"' && certificate third && mohar log verify --journal "$JOURNAL" --operations "$JOURNAL.operations" --status; }
check 'it signs with the keys that it had, and its record is whole' hsm_answers

# ---- the database is destroyed again, and the archive with it: only the copy is left
perform 'who writes is stopped again' stop
check 'database and archive are destroyed' destroy
rm -rf "${ARCHIVE:?}"/* "$REAL"/pg/*.broken
elsewhere
old_copy() { cp -a "$COPY/database" "$DATA" && systemctl start postgresql mohar-cad mohar-idpd; }
check 'the copy alone is put back' old_copy
refuse 'signerd does not start on a log that is older than what it signed' systemctl start mohar-signerd
told() { grep 'it is an older copy' "$REAL/log/mohar-signerd" | tail -n 1 | grep "$leaves\|were signed"; }
check 'and says how much is missing' told
unsigned() { same "SELECT count(*) FROM log.checkpoint WHERE size > (SELECT size FROM log.tree t WHERE t.id = tree)" 0; }
check 'nothing was signed over it' unsigned
new_serials() {
	certificate fourth && certificate fifth && no_serial_twice || return
	local name
	for name in fourth fifth; do for other in before after next third; do [ "$(serial $name)" != "$(serial $other)" ] || return; done; done
}
check 'no serial is used twice, also of those that the database has forgotten' new_serials
check 'a certificate that it has forgotten is not good' soon_says after unknown

# Somebody in a hurry takes away what signerd keeps. The frozen key is not to be had by that, and the fork shows.
hurry() { rm -f "$REAL"/signer/*.checkpoint && sed -i '/^log_kept/d' "$REAL/signerd.conf" && systemctl start mohar-signerd && logged; }
check 'without what it keeps signerd starts' hurry
check 'the frozen key signs nothing, although the database has forgotten it' stopped mohar-hsmd 'REVOKED'
fork() {
	for ((i = 0; i < 40; i++)); do certificate more >/dev/null 2>&1 && logged && (($(database_ask 'SELECT size FROM log.tree WHERE id = 0') > leaves)) && break; done
	! mohar log checkpoint --since "$KEPT" >"$W/fork" 2>&1 && grep 'not consistent' "$W/fork" || { cat "$W/fork"; return 1; }
}
check 'whoever kept a checkpoint sees the fork' fork
finish
