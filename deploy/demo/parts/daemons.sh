# daemons: starting, awaiting and stopping what this demo runs; $DIR/pids holds a `name pid` line for each.
DAEMONS="mohar-hsmd mohar-cad mohar-idpd mohar-signerd land complaints sign"

pid_of() { sed -n "s/^$1 //p" "$REAL/pids" 2>/dev/null | tail -n 1; }

# Is the process that we started under that name still that program? A pid alone may be somebody else's by now.
runs() {
	local pid
	pid=$(pid_of "$1")
	[ -n "$pid" ] && [ -d "/proc/$pid" ] && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q -- "$REAL"
}

# launch NAME USER COMMAND...: in the background, its output in log/NAME.
launch() {
	local name=$1 user=$2
	shift 2
	if runs "$name"; then return 0; fi
	touch "$REAL/pids"
	sed -i "/^$name /d" "$REAL/pids"
	# Each of these words replaces itself by the next, so that the pid is the daemon's own.  Descriptors of whoever called are not theirs.
	local AS
	as_words "$user"
	setsid "${AS[@]}" "$@" >>"$REAL/log/$name" 2>&1 </dev/null 3>&- 4>&- 5>&- &
	echo "$name $!" >>"$REAL/pids"
}

# await SECONDS WHAT COMMAND...: until it succeeds.
await() {
	local until=$(($(now_ms) + $1 * 1000)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		if [ "$(now_ms)" -gt "$until" ]; then
			die "$what: not there in time"
			return
		fi
		sleep 0.05
	done
}

ready() { curl -sf -m 2 "http://127.0.0.1:$1/readyz"; }

daemon() {
	case $1 in
	mohar-hsmd) launch mohar-hsmd "$USER_HSM" "$BIN/mohar-hsmd" --config "$REAL/hsmd.conf" ;;
	mohar-cad) launch mohar-cad "$USER_CA" "$BIN/mohar-cad" --config "$REAL/cad.conf" ;;
	mohar-idpd) launch mohar-idpd "$USER_IDP" "$BIN/mohar-idpd" --config "$REAL/idpd.conf" ;;
	mohar-signerd) launch mohar-signerd "$USER_SIGNER" "$BIN/mohar-signerd" --config "$REAL/signerd.conf" ;;
	land | complaints) portal_launch "$1" ;;
	sign) signpage_launch ;;
	esac
}

# The log's last words, when a daemon does not come up.
daemon_up() {
	local name=$1
	shift
	daemon "$name" && await 15 "$name" "$@" && return
	echo "$name says:"
	tail -n 5 "$REAL/log/$name"
	return 1
}

hsmd_up() { daemon_up mohar-hsmd test -S "$SOCKETS/hsm.sock"; }
cad_up() { daemon_up mohar-cad ready "$CA_PRIVATE"; }
idpd_up() { daemon_up mohar-idpd ready "$IDP_PRIVATE"; }
signerd_up() { daemon_up mohar-signerd ready "$SIGNER_PRIVATE"; }

daemons_start() {
	local name
	place_sockets && database_start || return
	runs mohar-hsmd || rm -f "$SOCKETS/hsm.sock"
	hsmd_up || return
	for name in $DAEMONS; do daemon "$name" || return; done
}

daemons_ready() {
	await 15 mohar-cad ready "$CA_PRIVATE" && await 15 mohar-idpd ready "$IDP_PRIVATE" && await 15 mohar-signerd ready "$SIGNER_PRIVATE" &&
		portal_ready land "$PORTAL_A" && portal_ready complaints "$PORTAL_B" && signpage_ready
}

# Ends only what was started here, by its pid, children before parents' helpers: SIGTERM, then after 5 s SIGKILL.
daemons_stop() {
	local name pid
	for name in $(cut -d' ' -f1 "$REAL/pids" 2>/dev/null | tac); do
		runs "$name" || continue
		pid=$(pid_of "$name")
		kill "$pid" 2>/dev/null || true
		await 5 "$name" test ! -d "/proc/$pid" || kill -9 "$pid" 2>/dev/null || true
	done
	rm -f "$REAL/pids"
	database_stop
	rm -rf -- "$SOCKETS"
}
