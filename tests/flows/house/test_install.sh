# What make install puts where, the units, and the pinned tools.
. tests/tap.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
root=$folder/root

# A unit as it is installed, its program where it is here: systemd complains on standard error, and of other units too.
units_verify() {
	sed "s|^ExecStart=/usr/sbin/mohar-|ExecStart=$root/usr/sbin/mohar-|" "$root/usr/lib/systemd/system/$1.service" >"$folder/$1.service"
	mkdir -p "$folder/mohar-.service.d" && cp "$root/usr/lib/systemd/system/mohar-.service.d/"*.conf "$folder/mohar-.service.d/" || return
	local said
	said=$(systemd-analyze verify --man=no --recursive-errors=no "$folder/$1.service" 2>&1) || { echo "$said"; return 1; }
	! grep "$1" <<<"$said"
}
check 'make install works' make BUILD="$MOHAR_BUILD" install DESTDIR="$root" PREFIX=/usr
# unit NAME: as narrow as the others, and understood
unit() {
	if type -P systemd-analyze >/dev/null; then
		check "$1.service is exposed 2.0 at most" systemd-analyze security --offline=true --threshold=20 \
			--no-pager "$root/usr/lib/systemd/system/$1.service"
		check "$1.service says nothing that systemd does not know" units_verify "$1"
	else
		skip "$1.service is exposed 2.0 at most" 'no systemd-analyze here'
	fi
}
for daemon in mohar-hsmd mohar-cad mohar-idpd mohar-signerd; do
	check "$daemon is installed" test -x "$root/usr/sbin/$daemon"
	check "$daemon.service starts it" grep -q "^ExecStart=/usr/sbin/$daemon " "$root/usr/lib/systemd/system/$daemon.service"
	unit "$daemon"
done
unit mohar-sign
# Under another prefix our programs move, and a stock server does not.
elsewhere() {
	make BUILD="$MOHAR_BUILD" install DESTDIR="$folder/other" PREFIX=/usr/local >/dev/null &&
		grep -q '^ExecStart=/usr/local/sbin/mohar-signerd ' "$folder/other/usr/local/lib/systemd/system/mohar-signerd.service" &&
		grep -q '^ExecStart=/usr/sbin/apache2 ' "$folder/other/usr/local/lib/systemd/system/mohar-sign.service"
}
check 'under another prefix the units start what is there' elsewhere
# The signing page's settings for that unit: every name in capitals that its comment and OPERATIONS.md tell, and Apache takes them.
sign_settings() {
	local conf=$folder/apache.conf value name sign=$folder/sign
	mkdir -p "$sign/bundle" "$folder/run" && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$sign/key" -out "$sign/tls.pem" -subj /CN=sign.localhost -days 2 2>/dev/null || return
	sed -e "s|@ROOT@|$sign|g; s|@RUN@|$folder/run|g; s|@TLS_KEY@|$sign/key|g; s|@MODULES@|/usr/lib/apache2/modules|g" \
		-e 's|@SIGN_ORIGIN@|https://sign.localhost:9443|g; s|@SIGN_PORT@|9443|g; s|@SIGNER_URL@|https://signer.localhost|g' signpage/apache.conf.in >"$conf"
	if grep -n '@[A-Z]' "$conf"; then return 1; fi
	for name in RUN TLS_KEY; do
		value=$(grep -o "$name [^, ;)]*" deploy/systemd/mohar-sign.service | head -1) || return
		grep -qF "$(sed 's/ / `/; s/\.$//' <<<"$value")" docs/OPERATIONS.md || { echo "OPERATIONS.md does not say $value"; return 1; }
	done
	apache2 -t -f "$conf"
}
check "the signing page's settings are whole, and Apache takes them" sign_settings
check 'mohar is installed' test -x "$root/usr/bin/mohar"
check 'policies are installed' test -s "$root/usr/share/mohar/policies/keys.json"

# links DAEMON: the libraries a key daemon must have no use for
links() { ldd "$root/usr/sbin/$1" | grep -E 'libpq|microhttpd|libcurl|libgnutls'; }
refuse 'mohar-hsmd links no database and no network library' links mohar-hsmd
hardened() { readelf -hlWd "$root/usr/sbin/$1" | awk '/Type:.*DYN/ { pie = 1 } /GNU_RELRO/ { relro = 1 } /BIND_NOW|NOW/ { now = 1 }
	/GNU_STACK/ && !/ RW / { bad = 1 } END { exit !(pie && relro && now && !bad) }'; }
for daemon in mohar-hsmd mohar-cad mohar-idpd mohar-signerd; do
	check "$daemon is position-independent, relro and bound at start" hardened "$daemon"
done

refuse 'the lockfile names no registry' grep -n '"resolved"' tests/npm/package-lock.json
check 'nothing missing, nothing said' test -z "$(deploy/install/dependencies build demo browser test 2>&1)"
refuse 'no group has a remedy' deploy/install/dependencies
finish
