# TAP for shell tests; source it: check NAME COMMAND..., refuse NAME COMMAND..., skip NAME REASON, and finish at the end.
# shellcheck shell=bash
tap_count=0
tap_output=$(mktemp)

# $1 = "ok" or "not ok", $2 = name
tap_line() {
	tap_count=$((tap_count + 1))
	echo "$1 $tap_count - $2"
	[[ $1 == ok ]] || sed 's/^/# /' "$tap_output"
}

# Passes if the command succeeds; shows its output if not.
check() {
	local name=$1
	shift
	if "$@" >"$tap_output" 2>&1; then tap_line ok "$name"; else tap_line 'not ok' "$name"; fi
}

# Passes if the command fails with a status of its own, not by a signal.
refuse() {
	local name=$1 status=0
	shift
	"$@" >"$tap_output" 2>&1 || status=$?
	if ((status > 0 && status < 126)); then tap_line ok "$name"; else
		echo "status $status" >>"$tap_output"
		tap_line 'not ok' "$name"
	fi
}

skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

finish() {
	echo "1..$tap_count"
	rm -f "$tap_output"
}
