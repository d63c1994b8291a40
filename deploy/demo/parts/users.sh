# users: who runs what. As root: one user a daemon, so that mohar-hsmd can tell its callers apart. As an ordinary user: all are that one, which is said loudly.
users_find() {
	if [ "$(id -u)" = 0 ]; then
		ROOT=yes
		USER_HSM=mohar-hsmd USER_CA=mohar-cad USER_IDP=mohar-idpd USER_SIGNER=mohar-signerd USER_SIGN=mohar-sign USER_DB=mohar-db USER_DEMO=mohar-demo
		USER_CEREMONY=root DB_SUPER=mohar-db
	else
		ROOT=no
		USER_HSM=$(id -un) USER_CA=$USER_HSM USER_IDP=$USER_HSM USER_SIGNER=$USER_HSM USER_SIGN=$USER_HSM USER_DB=$USER_HSM USER_DEMO=$USER_HSM
		USER_CEREMONY=$USER_HSM DB_SUPER=$USER_HSM
	fi
}

users_make() {
	users_find
	if [ "$ROOT" = no ]; then
		cat <<-END
		  ${BOLD}You are not root, so every daemon runs as $USER_HSM.${PLAIN} That gives up what a real installation has: mohar-hsmd knows its
		  callers by their user, and here any of them may do what all of them may. Run as root to see them kept apart.

		END
		return
	fi
	local user
	for user in "$USER_HSM" "$USER_CA" "$USER_IDP" "$USER_SIGNER" "$USER_SIGN" "$USER_DB" "$USER_DEMO"; do
		id "$user" >/dev/null 2>&1 || useradd --system --user-group --home-dir /nonexistent --shell /usr/sbin/nologin "$user"
	done
}

# own USER PATH...: only root can give away.
own() {
	local user=$1
	shift
	[ "$ROOT" = no ] || chown -R "$user:$user" "$@"
}

# The words to put before a command so that it runs as USER, in AS.
as_words() {
	AS=()
	if [ "$ROOT" = yes ] && [ "$1" != root ]; then
		AS=(setpriv --reuid="$1" --regid="$1" --clear-groups --no-new-privs -- env HOME="$REAL/work")
	fi
}

# as USER COMMAND...
as() {
	local AS
	as_words "$1"
	shift
	"${AS[@]}" "$@"
}
