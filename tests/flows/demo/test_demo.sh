#!/usr/bin/env bash
# The demo as somebody sees it who runs it for the first time, and again. timeout: 120
. tests/tap.sh

steps_that_were_done() { grep -c '^  ok  ' "$MOHAR_DEMO_SAID"; }

the_demo_came_up() {
	[ "$MOHAR_DEMO_STATUS" = 0 ] || { cat "$MOHAR_DEMO_SAID"; return 1; }
}

no_step_is_missing() {
	local steps
	steps=$(grep -c '^	step "' "$MOHAR_ROOT/deploy/demo/parts/story.sh")
	[ "$(steps_that_were_done)" = "$steps" ] || { cat "$MOHAR_DEMO_SAID"; return 1; }
}

a_pipe_gets_no_colours() { ! grep -q $'\e' "$MOHAR_DEMO_SAID"; }

the_settings_can_be_sourced_by_sh() {
	sh -c '. "$1/env" && [ -n "$MOHAR_ISSUER" ] && [ -S "$MOHAR_HSM_SOCKET" ] && [ -r "$MOHAR_CLIENT_JWK" ]' sh "$MOHAR_DEMO_DIR"
}

a_second_run_resumes_in_five_seconds() {
	local from
	from=$(date +%s%N)
	"$MOHAR_ROOT/deploy/demo/run" up </dev/null || return
	[ $((($(date +%s%N) - from) / 1000000)) -lt 5000 ]
}

what_was_stopped_starts_again_with_its_data() {
	local before after
	before=$("$MOHAR_BUILD/bin/mohar" verify "$MOHAR_DEMO_DIR/work/land.jwt" --trust "$MOHAR_DEMO_DIR/work/jwks.json" \
		--offline "$MOHAR_DEMO_DIR/work/bundle.json" --json | jq -r .result)
	"$MOHAR_ROOT/deploy/demo/run" stop </dev/null && "$MOHAR_ROOT/deploy/demo/run" up </dev/null || return
	after=$(curl -sf --cacert "$MOHAR_TLS_CA" "$MOHAR_SIGNER_URL/jwks" | jq -S .)
	[ "$before" = valid ] && [ "$after" = "$(jq -S . "$MOHAR_DEMO_DIR/work/jwks.json")" ]
}

no_number_stands_in_any_log() {
	local number
	for number in "$MOHAR_DEMO_DIR"/work/*.number; do
		! grep -rqF -- "$(cat "$number")" "$MOHAR_DEMO_DIR/log" || return
	done
}

check "the demo came up" the_demo_came_up
check "no step is missing" no_step_is_missing
check "a pipe gets no colours" a_pipe_gets_no_colours
check "the settings can be sourced by sh" the_settings_can_be_sourced_by_sh
check "a second run resumes in five seconds" a_second_run_resumes_in_five_seconds
check "what was stopped starts again with its data" what_was_stopped_starts_again_with_its_data
check "no number stands in any log" no_number_stands_in_any_log
finish
