# What the daemons log, read by programs that we did not write: RFC 5424 by rsyslog's parser (and its mmpstrucdata for the structured data), JSON by jq.
# shellcheck shell=bash disable=SC1091
. tests/tap.sh
say=$MOHAR_BUILD/tests/flows/operations/say
W=$(mktemp -d /tmp/mohar-siem-XXXXXX)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; rm -rf "$W"' EXIT
PATH=$PATH:/usr/sbin

# A real daemon, whose start fails: settings as an operator may have them, with a name in them that somebody has chosen.
refusal() { # FORMAT
	printf 'log_format = %s\nsocket = s\nmodule = m\ntoken = t\nkeys = k\njournal = j\npin_file = /nowhere/]"\\\342\200\256evil\n' "$1" >"$W/hsmd.conf"
	"$MOHAR_BUILD/bin/mohar-hsmd" check --config "$W/hsmd.conf" 2>&1
}

one_line() { [ "$(wc -l)" = 1 ]; }
json_is_json() {
	"$say" json 2>&1 | jq -e '.kind == "security" and .id == "login" and .error == "REFUSED" and .level == "warn" and .program == "mohar-test" and (.time | test("^20.*Z$")) and (.message | test("[[:cntrl:]]") | not)' &&
		refusal json | tail -n 1 | jq -e '.program == "mohar-hsmd" and (.message | contains("nowhere")) and (.message | contains("\\xe2\\x80\\xae"))'
}
lines_stay_lines() { local f; for f in text json syslog; do "$say" $f 2>&1 | one_line || { echo "$f: more than one line"; return 1; }; done; }
no_control() { local f; for f in text json syslog; do ! "$say" $f 2>&1 | tr -d '\n' | LC_ALL=C grep -q '[[:cntrl:]]' || { echo "$f: a control character"; return 1; }; done; }

check 'a hostile name makes no second line in any format' lines_stay_lines
check 'and brings no control character in' no_control
check 'jq reads the JSON, of a daemon too' json_is_json

# OPERATIONS.md tells of each message id of the kind security, and of each type of event that is not told.
ids_told() {
	local id missing=0
	sed -n '/^static const char \*const security/,/;$/p' lib/base/log.c | grep -oE '"[a-z]+"' | tr -d '"' | sort >"$W/ids"
	sed -n '/^static const char \*const everyday/,/;$/p' signer/log/news.c | grep -oE '"[a-z.]+"' | tr -d '"' | sort >>"$W/ids"
	[ "$(wc -l <"$W/ids")" -ge 30 ] || { echo 'the ids were not found'; return 1; }
	sed -n '/^## Events for a SIEM/,/^## Backup/p' docs/OPERATIONS.md >"$W/told"
	while read -r id; do grep -qF "\`$id\`" "$W/told" || { echo "docs/OPERATIONS.md does not tell of $id"; missing=1; }; done <"$W/ids"
	return $missing
}
check 'every message id for those who watch over security is documented' ids_told

# The demo froze a signing key and revoked a decision: signerd says so, once each, and names nobody.
told_once() {
	local log=$MOHAR_DEMO_DIR/log/mohar-signerd type
	for type in signing-key.frozen signing-key.unfrozen decision.revoked person.added; do
		grep -q " info $type: " "$log" || { echo "$type is not told"; return 1; }
	done
	[ "$(grep -oE '\\"id\\":\\"[0-9a-f-]{36}' "$log" | sort | uniq -d | wc -l)" = 0 ] || { echo 'an event is told twice'; return 1; }
	! grep -E 'Test (Citizen|Officer)|token\.issued|login\.succeeded' "$log"
}
if [ "${MOHAR_DEMO_STATUS:-1}" = 0 ]; then check 'grave events of the demo are told once, and name nobody' told_once; else skip 'grave events of the demo are told once' 'no demo runs'; fi

if ! command -v rsyslogd >/dev/null; then skip 'rsyslog reads the messages' 'needs rsyslogd (package rsyslog)'; finish; exit 0; fi
cat >"$W/rsyslog.conf" <<END
global(workDirectory="$W" parser.permitSlashInProgramName="off")
module(load="imptcp")
module(load="mmpstrucdata")
template(name="out" type="list" option.jsonf="on") {
	property(outname="facility" name="syslogfacility-text" format="jsonf")
	property(outname="severity" name="syslogseverity-text" format="jsonf")
	property(outname="protocol" name="protocol-version" format="jsonf")
	property(outname="time" name="timereported" dateFormat="rfc3339" format="jsonf")
	property(outname="app" name="app-name" format="jsonf")
	property(outname="procid" name="procid" format="jsonf")
	property(outname="id" name="msgid" format="jsonf")
	property(outname="sd" name="structured-data" format="jsonf")
	property(outname="kind" name="\$!rfc5424-sd!mohar@32473!kind" format="jsonf")
	property(outname="error" name="\$!rfc5424-sd!mohar@32473!error" format="jsonf")
	property(outname="message" name="msg" format="jsonf")
}
ruleset(name="mohar" parser="rsyslog.rfc5424") {
	action(type="mmpstrucdata")
	action(type="omfile" file="$W/out" template="out")
}
input(type="imptcp" path="$W/socket" ruleset="mohar")
END
rsyslogd -n -f "$W/rsyslog.conf" -i "$W/pid" >"$W/said" 2>&1 &
pid=$!
for ((i = 0; i < 200; i++)); do [ -S "$W/socket" ] && break; sleep 0.05; done
{ "$say" syslog; "$say" syslog certificate.revoked '{"serial":"00"}'; "$say" syslog migrate 'done'; refusal syslog | tail -n 1; echo '<999>no message at all'; } 2>&1 | tee "$W/in" | nc -N -U "$W/socket"
for ((i = 0; i < 200; i++)); do [ "$(wc -l <"$W/out" 2>/dev/null)" -ge 4 ] 2>/dev/null && break; sleep 0.05; done
line() { sed -n "$1p" "$W/out" 2>/dev/null | jq -e "$2" || { cat "$W/in" "$W/out" "$W/said"; return 1; }; }
check 'rsyslog reads facility, severity, program, id and structured data of a hostile name' line 1 \
	'.facility == "authpriv" and .severity == "warning" and .protocol == "1" and .app == "mohar-test" and .id == "login" and .kind == "security" and .error == "REFUSED" and (.procid | test("^[0-9]+$"))'
check 'the forged message is part of the name' line 1 '.message | contains("forged") and contains("\\x0a<14>1") and (test("[[:cntrl:]]") | not)'
check 'an event of the log is for those who watch over security' line 2 '.id == "certificate.revoked" and .facility == "authpriv"'
check 'what is not about security is not' line 3 '.id == "migrate" and .facility == "daemon" and .kind == "daemon"'
check 'a daemon that does not start says so in the same form' line 4 '.app == "mohar-hsmd" and (.message | contains("nowhere"))'
strict() { [ "$(jq -r .id "$W/out" | sed -n 5p)" = "" ] || [ "$(jq -r .id "$W/out" | sed -n 5p)" = - ]; }
check 'what is no message of RFC 5424 is not taken for one' strict
finish
