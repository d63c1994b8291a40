# Certificate policy and practice statement say what is so: the tests that they name exist, what they say enforces a clause is there, every number in them is that of the policy files or of the
# code, and every section of RFC 3647's outline is there.
# shellcheck shell=bash disable=SC1091
. tests/tap.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# The rows of an annex: cells apart by tabs, backquotes and the Markdown escape of | gone.
rows() { # FILE HEADING
	awk -v heading="$2" '/^## / { inside = index($0, heading) } inside && /^\|/ && !/^\|---/' "$1" | tail -n +2 | sed 's/\\|/\x01/g; s/^| *//; s/ *|$//; s/ *| */\t/g; s/\x01/|/g; s/`//g'
}

# A case is a name of a cmocka test in that file or folder, or the text of a check, refuse or test in it.
tests_exist() {
	local clause by file name missing=0 count=0
	while IFS=$'\t' read -r clause by file name; do
		count=$((count + 1))
		[[ -e $by ]] || { echo "$1, clause $clause: $by is not there"; missing=1; }
		if [[ $name =~ ^[a-z0-9_]+$ && ! $file =~ \.mjs$ ]]; then
			grep -rqE "\(${name}[,)]" "$file" || { echo "$1, clause $clause: $file has no case $name"; missing=1; }
		else
			grep -qE "(check|refuse|perform|test)(\(| )['\"\`].*" "$file" && grep -qF -- "$name" "$file" || { echo "$1, clause $clause: $file has no case '$name'"; missing=1; }
		fi
	done < <(rows "$1" 'Annex A')
	((count >= 20)) || { echo "$1: annex A was not found"; return 1; }
	return $missing
}

# The clause of a row is a section, or within one.
clauses_exist() {
	local clause missing=0
	while IFS=$'\t' read -r clause _; do
		grep -qE "^##+ .*\b${clause%%.*}\b" "$1" && { grep -qE "^### ${clause//./\\.}( |$)" "$1" || grep -qE "^## ${clause%%.*}\. " "$1"; } || { echo "$1 has no clause $clause"; missing=1; }
	done < <(rows "$1" 'Annex A')
	return $missing
}

# One number against its source: jq for JSON; else the last number of a piece of the code, which may count seconds where the document says minutes.
number_is() { # NUMBER FILE WHERE
	local said real
	said=$(grep -oE '[0-9]+' <<<"$1")
	case $2 in
	*.json) real=$(jq -r "$3" "$2") ;;
	*)
		grep -qF -- "$3" "$2" || { echo "$2 has no $3"; return 1; }
		real=$(grep -oE '[0-9]+' <<<"$3" | tail -n 1)
		[[ $1 != *minutes || $3 != *SECONDS* ]] || real=$((real / 60))
		;;
	esac
	[[ $said == "$real" ]] || { echo "says $1; $2 says $real"; return 1; }
}
numbers_agree() {
	local number what file where wrong=0 count=0
	while IFS=$'\t' read -r number what file where; do
		count=$((count + 1))
		number_is "$number" "$file" "$where" || { echo "$1: $what"; wrong=1; }
	done < <(rows "$1" 'Annex B')
	((count >= 9)) || { echo "$1: annex B was not found"; return 1; }
	return $wrong
}

# No number with a unit stands in the text that annex B does not account for.
no_other_number() {
	local number missing=0
	rows "$1" 'Annex B' | cut -f 1 >"$folder/known"
	while read -r number; do
		case $number in
		*' of '*) grep -qxF "${number%% of*} of" "$folder/known" && grep -qxF "of ${number##* of }" "$folder/known" ;;
		*) grep -qxF "$number" "$folder/known" ;;
		esac || { echo "$1: nothing says where '$number' comes from"; missing=1; }
	done < <(sed '/^## Annex B/,$d' "$1" | grep -oE '\b[0-9]+ (days|hours|minutes|seconds|years|months|of [0-9]+)\b' | sort -u)
	return $missing
}

outline_is_whole() {
	local n missing=0
	for n in 1 2 3 4 5 6 7 8 9; do grep -q "^## $n\. " "$1" || { echo "$1 lacks section $n"; missing=1; }; done
	[[ $1 != *policy.md ]] && return $missing
	for n in 1.{1..6} 2.{1..4} 3.{1..4} 4.{1..12} 5.{1..8} 6.{1..8} 7.{1..3}; do grep -q "^### $n " "$1" || { echo "$1 lacks section $n"; missing=1; }; done
	return $missing
}

# Each profile of people and services stands in 1.2 under its own OID.
oids_agree() {
	local profile oid wrong=0
	while read -r profile; do
		oid=$(jq -r '.policies[0] // empty' "policies/profiles/$profile.json")
		[[ -z $oid || $oid == 2.5.* ]] || grep -qF "| \`$profile\` | $oid |" policies/practice/certificate-policy.md || { echo "$profile is not under $oid"; wrong=1; }
	done < <(find policies/profiles -name '*.json' ! -name 'schema.json' -printf '%f\n' | sed 's/\.json$//')
	return $wrong
}

# Each `mohar VERB` of the procedures is a verb, each --option of a line that begins with it is one of that verb's.
commands_exist() {
	local mohar=$MOHAR_BUILD/bin/mohar line words option missing=0 count=0
	"$mohar" --help | sed -n 's/^  \([a-z].*[^ ]\)   .*/\1/p' | sed 's/   .*//; s/ [[A-Z].*//' | sort -u >"$folder/verbs"
	while read -r line; do
		read -ra words <<<"$line"
		if grep -qxF "${words[*]:1:2}" "$folder/verbs"; then words=("${words[@]:1:2}"); elif grep -qxF "${words[1]}" "$folder/verbs"; then words=("${words[1]}"); else
			echo "docs/OPERATIONS.md: '$line': no such verb"
			missing=1
			continue
		fi
		count=$((count + 1))
		"$mohar" "${words[@]}" --help >"$folder/help" 2>&1
		for option in $(grep -oE -- '--[a-z-]+' <<<"$line"); do
			grep -qE -- "^  $option( |\$)" "$folder/help" || { echo "docs/OPERATIONS.md: '$line': no option $option"; missing=1; }
		done
	done < <({ grep -oE '`mohar [a-z][^`]*`' docs/OPERATIONS.md | tr -d '`'; grep -E '^ *mohar [a-z]' docs/OPERATIONS.md; } | grep -v '^mohar-')
	((count >= 40)) || { echo "$count commands were found"; return 1; }
	return $missing
}
check 'every command of the procedures is one that there is' commands_exist

for page in policies/practice/*.md; do
	check "$page: every test that it names exists, and what enforces it" tests_exist "$page"
	check "$page: its tables are about clauses that it has" clauses_exist "$page"
	check "$page: every number of annex B is that of its source" numbers_agree "$page"
	check "$page: there is no number that annex B does not account for" no_other_number "$page"
	check "$page: the outline of RFC 3647 is whole" outline_is_whole "$page"
done
check 'every profile stands in the policy under its own OID' oids_agree
finish
