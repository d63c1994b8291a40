# What make install puts where, the units, and the pinned tools.
. tests/tap.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
root=$folder/root

# A unit as it is installed, its program where it is here: systemd complains on standard error, and of other units too.
units_verify() {
	sed "s|^ExecStart=/usr/sbin/|ExecStart=$root/usr/sbin/|" "$root/usr/lib/systemd/system/$1.service" >"$folder/$1.service"
	mkdir -p "$folder/mohar-.service.d" && cp "$root/usr/lib/systemd/system/mohar-.service.d/"*.conf "$folder/mohar-.service.d/" || return
	local said
	said=$(systemd-analyze verify --man=no --recursive-errors=no "$folder/$1.service" 2>&1) || { echo "$said"; return 1; }
	! grep "$1" <<<"$said"
}
check 'make install works' make BUILD="$MOHAR_BUILD" install DESTDIR="$root" PREFIX=/usr
for daemon in mohar-hsmd mohar-cad mohar-idpd mohar-signerd; do
	check "$daemon is installed" test -x "$root/usr/sbin/$daemon"
	check "$daemon.service starts it" grep -q "^ExecStart=/usr/sbin/$daemon " "$root/usr/lib/systemd/system/$daemon.service"
	if type -P systemd-analyze >/dev/null; then
		check "$daemon.service is exposed 2.0 at most" systemd-analyze security --offline=true --threshold=20 \
			--no-pager "$root/usr/lib/systemd/system/$daemon.service"
		check "$daemon.service says nothing that systemd does not know" units_verify "$daemon"
	else
		skip "$daemon.service is exposed 2.0 at most" 'no systemd-analyze here'
	fi
done
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
