# database: a private PostgreSQL on a Unix socket. Every daemon's user is mapped to its own role; nobody has a password; nothing listens on the network.
PG=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1) || true

database_make() {
	as "$USER_DB" "$PG/initdb" -D "$REAL/pg/data" -U "$DB_SUPER" --auth=peer -E UTF8 --locale=C.UTF-8 --data-checksums &&
		database_settings && database_start && database_roles
}

database_settings() {
	cat >>"$REAL/pg/data/postgresql.conf" <<-END
	listen_addresses = ''
	unix_socket_directories = '$SOCKETS'
	unix_socket_permissions = 0777
	max_connections = 100
	shared_buffers = 64MB
	log_min_messages = warning
	END
	{
		echo 'local all all peer map=mohar'
	} >"$REAL/pg/data/pg_hba.conf"
	{
		echo "mohar $DB_SUPER $DB_SUPER"
		echo "mohar root $DB_SUPER"
		local row
		for row in "$USER_CA mohar_cad" "$USER_IDP mohar_idpd" "$USER_SIGNER mohar_signerd" "$USER_DB mohar_owner" "$USER_CEREMONY mohar_owner"; do
			echo "mohar $row"
		done
	} | sort -u >"$REAL/pg/data/pg_ident.conf"
	own "$USER_DB" "$REAL/pg"
}

database_start() {
	as "$USER_DB" "$PG/pg_ctl" -D "$REAL/pg/data" status >/dev/null 2>&1 && return
	as "$USER_DB" "$PG/pg_ctl" -D "$REAL/pg/data" -l "$REAL/pg/log" -w -t 30 start >/dev/null 3>&- 4>&- 5>&-
}

database_stop() {
	[ -f "$REAL/pg/data/postmaster.pid" ] || return 0
	as "$USER_DB" "$PG/pg_ctl" -D "$REAL/pg/data" -m fast -w stop >/dev/null 2>&1 || true
}

database_roles() {
	as "$USER_DB" psql -q -v ON_ERROR_STOP=1 -h "$SOCKETS" -U "$DB_SUPER" -d postgres -f "$(database_sql)"
}

# psql runs as the database's user, who may not be able to read the checkout.
database_sql() {
	cp "$TREE/deploy/sql/roles.sql" "$REAL/work/roles.sql"
	chmod 644 "$REAL/work/roles.sql"
	echo "$REAL/work/roles.sql"
}

# database_ask SQL: one value, as the superuser.
database_ask() { as "$USER_DB" psql -qAt -h "$SOCKETS" -U "$DB_SUPER" -d mohar -c "$1"; }
