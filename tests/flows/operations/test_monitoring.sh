# The alerts of deploy/monitoring ask for what is really there: every metric, label and outcome that they name is in the pages of the running demo.
# shellcheck shell=bash disable=SC1091
. tests/tap.sh
if [ "${MOHAR_DEMO_STATUS:-1}" != 0 ]; then skip 'alerts name metrics that exist' 'the demo did not come up'; finish; exit 0; fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mohar=$MOHAR_BUILD/bin/mohar
rules=deploy/monitoring/mohar.rules.yml

# Every page that Prometheus would have of this demo.
pages() {
	local port
	for port in $(sed -n 's/^metrics_port = //p' "$MOHAR_DEMO_DIR"/{cad,idpd,signerd}.conf); do curl -sf -m 5 "http://127.0.0.1:$port/metrics" || return; done
	"$mohar" status --metrics && MOHAR=$mohar deploy/monitoring/status-page
}
# Status 3 is promtool's taste in names; 1 is a page that it cannot read.
each_page_is_read() {
	local port status
	for port in $(sed -n 's/^metrics_port = //p' "$MOHAR_DEMO_DIR"/{cad,idpd,signerd}.conf); do
		status=0
		curl -sf -m 5 "http://127.0.0.1:$port/metrics" | promtool check metrics || status=$?
		[[ $status == [03] ]] || return
	done
	status=0
	"$mohar" status --metrics | promtool check metrics || status=$?
	[[ $status == [03] ]] || return
	MOHAR=$mohar deploy/monitoring/status-page | promtool check metrics || [[ $? == 3 ]]
}
names() { grep -E '^ +(expr):' "$rules" | grep -oE '\bmohar_[a-z_]+' | sort -u; }

# A log without witnesses does not tell how far they are: for those two the source is looked at.
metrics_exist() {
	local name missing=0
	names >"$folder/names"
	[ "$(wc -l <"$folder/names")" -ge 20 ] || { echo 'the names were not found'; return 1; }
	while read -r name; do
		case $name in
		mohar_log_cosigned_size | mohar_log_witnessed_size) grep -q "$name{\?" signer/log/tlog.c && continue ;;
		esac
		grep -Eq "^$name(\{| )" "$folder/pages" || { echo "$rules: nobody gives $name"; missing=1; }
	done <"$folder/names"
	return $missing
}

labels_exist() {
	local word missing=0
	for word in $(grep -oE 'outcome=~?"[A-Z_|]+"' "$rules" | grep -oE '[A-Z_]{2,}' | sort -u); do
		grep -rqwE "[A-Z]*\(?$word" lib/base/err.h || { echo "no outcome is called $word"; missing=1; }
	done
	grep -q '^mohar_hsm_operations_total{key="log",op="SIGN",outcome="OK"}' "$folder/pages" || { echo 'the log signs under another name'; missing=1; }
	grep -q '^mohar_log_signed_size{tree="public"}' "$folder/pages" || { echo 'the public tree has another label'; missing=1; }
	return $missing
}

ends_are_told() {
	grep -q '^mohar_days_left{kind="authority",name="citizen-ca"} 36[0-9][0-9]$' "$folder/pages" &&
		grep -q '^mohar_days_left{kind="list",name="root-ca"} 36[0-9]$' "$folder/pages" &&
		grep -q '^mohar_days_left{kind="certificate",name="mohar-cad TLS"} [89][0-9]$' "$folder/pages" &&
		! grep -q '^mohar_well.* 0$' "$folder/pages"
}

# Each alert has a line in OPERATIONS.md that says what to do, and a test of its own or none fires for want of node_exporter.
alerts_are_told() {
	local alert missing=0
	for alert in $(sed -n 's/^ *- alert: //p' "$rules"); do
		grep -q "\`$alert\`" docs/OPERATIONS.md || { echo "docs/OPERATIONS.md does not say what to do about $alert"; missing=1; }
	done
	return $missing
}

check 'the pages of every daemon answer' pages
pages >"$folder/pages" 2>/dev/null
check 'every metric that an alert asks for is given by somebody' metrics_exist
check 'every label and outcome that an alert asks for is one that there is' labels_exist
check 'days until authorities, certificates and the root list end are told' ends_are_told
check 'OPERATIONS.md says what to do about every alert' alerts_are_told
if type -P promtool >/dev/null; then
	check 'promtool reads every page' each_page_is_read
	check 'promtool finds the rules well formed' promtool check rules "$rules"
	check 'each alert fires when it should, and none on a quiet day' promtool test rules deploy/monitoring/mohar.rules.test.yml
else
	skip 'promtool finds the rules well formed' 'needs promtool (package prometheus)'
fi
finish
