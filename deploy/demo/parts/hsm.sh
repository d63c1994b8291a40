# hsm: two SoftHSM tokens stand for two hardware modules: one for the root, used in the ceremony only, and one for everything else.
hsm_tokens() {
	local token
	for token in main root; do
		mkdir -p "$REAL/hsm/$token-tokens"
		printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$REAL/hsm/$token-tokens" >"$REAL/hsm/$token.conf"
		od -An -N12 -tx1 /dev/urandom | tr -d ' \n' >"$REAL/hsm/$token.pin"
		chmod 600 "$REAL/hsm/$token.pin"
		own "$USER_HSM" "$REAL/hsm"
		as "$USER_HSM" env SOFTHSM2_CONF="$REAL/hsm/$token.conf" softhsm2-util --init-token --free --label "mohar-$token" \
			--pin "$(cat "$REAL/hsm/$token.pin")" --so-pin "$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')" >/dev/null || return
	done
	conf hsmd "$USER_HSM" && conf hsmd-root "$USER_HSM"
}

# Genesis: only on an empty token; from then on the token serves under this keys.json and no other.
hsm_genesis() {
	as "$USER_HSM" "$BIN/mohar-hsmd" genesis --config "$REAL/hsmd-root.conf" &&
		as "$USER_HSM" "$BIN/mohar-hsmd" genesis --config "$REAL/hsmd.conf" || return
	if as "$USER_HSM" "$BIN/mohar-hsmd" genesis --config "$REAL/hsmd.conf"; then
		die "a second genesis on the same token was not refused"
		return
	fi
	note "a second genesis on the same token is refused"
}

hsm_root_up() {
	launch mohar-hsmd-root "$USER_HSM" "$BIN/mohar-hsmd" --config "$REAL/hsmd-root.conf" &&
		await 10 mohar-hsmd-root test -S "$SOCKETS/hsm-root.sock"
}

# The root's module goes back into its safe.
hsm_root_down() {
	kill "$(pid_of mohar-hsmd-root)" && await 5 mohar-hsmd-root test ! -S "$SOCKETS/hsm-root.sock" || rm -f "$SOCKETS/hsm-root.sock"
	sed -i '/^mohar-hsmd-root /d' "$REAL/pids"
}
