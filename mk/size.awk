# Files over 500 lines and C functions over 60 (from the name's line to the closing brace; the dialect puts both braces
# at the start of a line). Prints each, ends with status 1 if there is one.
function too_long(where, what, lines, limit) {
	printf "%s: %s has %d lines; the limit is %d: find the noun hiding in it\n", where, what, lines, limit
	bad = 1
}
function close_file() {
	if (file != "" && count > 500)
		too_long(file, "the file", count, 500)
}
FNR == 1 {
	close_file()
	file = FILENAME
	start = 0
}
{ count = FNR }
FILENAME ~ /\.[ch]$/ && /^$/ { head = 0 }
FILENAME ~ /\.[ch]$/ && /^[A-Za-z_][^=;]*\(/ && head == 0 { head = FNR; name = $0; sub(/\(.*/, "", name) }
FILENAME ~ /\.[ch]$/ && /^\{$/ { start = head }
FILENAME ~ /\.[ch]$/ && /^\}$/ && start > 0 {
	if (FNR - start + 1 > 60)
		too_long(FILENAME ":" start, name, FNR - start + 1, 60)
	start = 0
}
END {
	close_file()
	exit bad
}
