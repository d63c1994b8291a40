# say: how the demo speaks. Colour on a terminal, plain in a pipe; each step with its time; a failed step shows its own output and ends the demo.
if [ -t 1 ]; then
	BOLD=$'\e[1m' DIM=$'\e[2m' GREEN=$'\e[32m' RED=$'\e[31m' BLUE=$'\e[34m' PLAIN=$'\e[0m'
else
	BOLD='' DIM='' GREEN='' RED='' BLUE='' PLAIN=''
fi

say_title() { printf '\n%s%s%s\n\n' "$BOLD" "$1" "$PLAIN"; }
say_part() { printf '\n%s%s%s\n' "$BLUE" "$1" "$PLAIN"; }
# What a step found out, shown under it.
note() { printf '      %s%s%s\n' "$DIM" "$1" "$PLAIN" >>"$NOTES"; }

now_ms() { echo $(($(date +%s%N) / 1000000)); }

# step TEXT COMMAND [ARG...]: runs it, prints TEXT with a mark and the time. The command runs in this shell, so it may set variables.
step() {
	local text=$1 from status=0
	shift
	NOTES=$WORK/notes
	: >"$NOTES"
	[ -t 1 ] && printf '  ... %s' "$text"
	from=$(now_ms)
	STEP_LOG=$WORK/step.log
	# errexit does not reach into a tested function: each step function chains with && or calls die.
	"$@" >"$STEP_LOG" 2>&1 || status=$?
	[ -t 1 ] && printf '\r\e[K'
	if [ "$status" -ne 0 ]; then
		printf '  %sno%s  %s\n\n' "$RED" "$PLAIN" "$text"
		sed 's/^/      /' "$STEP_LOG" >&2
		printf '\nThe demo stops here. What it has made stays in %s; its logs are in %s/log.\n' "$DIR" "$DIR" >&2
		exit 1
	fi
	printf '  %sok%s  %-66s %s%6d ms%s\n' "$GREEN" "$PLAIN" "$text" "$DIM" $(($(now_ms) - from)) "$PLAIN"
	cat "$NOTES"
}

# A check inside a step: says what was expected and ends the step.
die() {
	echo "$*" >&2
	return 1
}

# want WHAT GOT EXPECTED
want() { [ "$2" = "$3" ] || die "$1: expected '$3', got '$2'"; }
