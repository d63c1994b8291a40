# Documents say what the code does, where that is cheap to compare: settings, verbs and options, routes, links.
# shellcheck shell=bash disable=SC1091
. tests/tap.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mohar=$MOHAR_BUILD/bin/mohar

# The names of a daemon's settings, from its rows.
settings() { sed -n '/config_row .*rows\[\] = {/,/^};/s/^\t{"\([a-z_]*\)", CONFIG_.*/\1/p' "$1"; }

# settings_told NAME SOURCE: the man page and OPERATIONS.md have each of them, and no other.
settings_told() {
	local daemon=$1
	settings "$2" | sort >"$folder/rows"
	[[ $(wc -l <"$folder/rows") -ge 10 ]] || { echo "$2: its rows were not found"; return 1; }
	awk -v title="### $daemon" '/^#/ { inside = $0 == title } inside' docs/OPERATIONS.md | sed -n 's/^| `\([a-z_]*\)` |.*/\1/p' | sort >"$folder/table"
	sed -n '/^\.SH SETTINGS/,/^\.SH \(OPTIONS\|EXIT\)/s/^\.BR \([a-z_]*\) " (.*/\1/p' "docs/man/$daemon.8" | sort >"$folder/man"
	diff "$folder/rows" "$folder/man" && diff "$folder/rows" "$folder/table"
}

# "verify webauthn": the verbs of the help, without operands.
verbs() { "$mohar" --help | sed -n 's/^  \([a-z].*[^ ]\)   .*/\1/p' | sed 's/   .*//; s/ [[A-Z].*//' | sort -u; }

verbs_told() {
	verbs >"$folder/verbs"
	[[ $(wc -l <"$folder/verbs") -ge 30 ]] || { echo 'the verbs were not found in mohar --help'; return 1; }
	sed -n 's/^\.SS "mohar \([a-z -]*[a-z]\) .*/\1/p' docs/man/mohar.1 | sort -u >"$folder/man"
	diff "$folder/verbs" "$folder/man"
}

# Each option of each verb stands under that verb.
options_told() {
	local verb option missing=0 words
	verbs >"$folder/verbs"
	while read -r verb; do
		read -ra words <<<"$verb"
		[[ $verb != verify ]] || words=(verify FILE)
		sed -n "/^\\.SS \"mohar $verb [^a-z]/,/^\\.S[SH] /p" docs/man/mohar.1 | sed 's/\\-/-/g' >"$folder/section"
		for option in $("$mohar" "${words[@]}" --help | sed -n 's/^  \(--[a-z-]*\) .*/\1/p'); do
			[[ $option == --json ]] || grep -Eq -- "^\.B[IR] $option( |\$)" "$folder/section" || { echo "mohar.1, $verb: $option is missing"; missing=1; }
		done
	done <"$folder/verbs"
	return $missing
}

# "get /decisions/{}": the routes of the tables, and of the OpenAPI document. Parameters by position only.
same_form() { sed -E 's/\{[a-z.]*\}/{}/g' | sort -u; }
routes() { sed -nE 's/^\t\{"(GET|POST)", "([^"]*)", .*/\1 \2/p' idp/routes.c ca/routes.c signer/routes.c | tr GETPOS getpos | same_form; }
documented() {
	awk '/^paths:/ { inside = 1; next } /^[^ #]/ { inside = 0 } !inside { next }
		/^  \/[^ ]*:/ { path = substr($1, 1, length($1) - 1); if (match($0, /: \{(get|post):/)) print substr($0, RSTART + 3, RLENGTH - 4), path }
		/^    (get|post):/ { print substr($1, 1, length($1) - 1), path }' docs/API.yaml
}
routes_told() {
	routes >"$folder/routes"
	[[ $(wc -l <"$folder/routes") -ge 50 ]] || { echo 'the routes were not found'; return 1; }
	documented | same_form >"$folder/api"
	diff "$folder/routes" "$folder/api"
}

# Links of a Markdown file to files of ours lead somewhere.
links_lead() {
	local target missing=0
	while read -r target; do
		[[ -e $(dirname "$1")/$target ]] || { echo "$1: $target is not there"; missing=1; }
	done < <(grep -oE '\]\([^)# ]+' "$1" | sed 's/^](//' | grep -vE '^[a-z]+:')
	return $missing
}

# Files that documents name in backquotes by their path from the top.
paths_lead() {
	local target missing=0
	while read -r target; do
		[[ -e $target ]] || { echo "$1: $target is not there"; missing=1; }
	done < <(grep -oE '`(hsm|ca|idp|signer|cli|lib|policies|deploy|tests|mk|docs)/[A-Za-z0-9_./-]+`' "$1" | tr -d '`' | grep -vE '/$' | sort -u)
	return $missing
}

# Tests that THREATS.md names exist, and so do the triggers.
tests_exist() {
	local name missing=0
	while read -r name; do
		grep -rqw --include='*.c' --include='*.sql' -e "$name" tests/unit lib/audit ca/store signer || { echo "docs/THREATS.md: there is no test $name"; missing=1; }
	done < <(grep -oE '`[a-z0-9]+(_[a-z0-9]+){3,}`' docs/THREATS.md | tr -d '`' | sort -u)
	return $missing
}

check "mohar-hsmd's settings are told" settings_told mohar-hsmd hsm/settings.c
check "mohar-cad's settings are told" settings_told mohar-cad ca/cad.c
check "mohar-idpd's settings are told" settings_told mohar-idpd idp/settings.c
check "mohar-signerd's settings are told" settings_told mohar-signerd signer/settings.c
check 'mohar.1 has every verb, and no other' verbs_told
check 'mohar.1 has every option of every verb' options_told
check 'API.yaml has every route, and no other' routes_told
check 'the tests that THREATS.md names exist' tests_exist
for page in README.md docs/*.md policies/profiles/README.md; do
	check "the links of $page lead somewhere" links_lead "$page"
	check "the files that $page names are there" paths_lead "$page"
done
if type -P groff >/dev/null; then
	for page in docs/man/*.[1-8]; do
		check "$page formats without a warning" test -z "$(groff -man -ww -Tutf8 "$page" 2>&1 >/dev/null)"
	done
else
	skip 'man pages format without a warning' 'no groff here'
fi
finish
