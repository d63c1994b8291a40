#!/usr/bin/env bash
# What mohar-hsmd leaves behind, checked by the command, and what `mohar status` makes of the whole house. timeout: 120
# shellcheck shell=bash disable=SC1091
. tests/tap.sh
mohar=$MOHAR_BUILD/bin/mohar
journal=$MOHAR_DEMO_DIR/hsm/main.journal
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

status() { "$mohar" status "$@" --json >"$folder/status"; }

all_is_healthy() { status && jq -e '[.daemons[], .certificates[], .lists[]] | length >= 15 and all(.state == "healthy")' "$folder/status"; }
each_server_shows_its_tls_certificate() { jq -e '[.certificates[] | select(.name | endswith(" TLS")) | .days] | length == 3 and all(. > 60)' "$folder/status"; }
responders_are_seen() { jq -e '[.certificates[] | select(.name | endswith("-ocsp"))] | length == 2' "$folder/status"; }
# The key of an authority has as many days as its certificate.
keys_have_their_certificates_days() {
	jq -e '. as $all | [.keys[] | select(.purpose == "issuing-ca") | .label as $l | .days == ($all.certificates[] | select(.name == $l) | .days)] | length == 2 and all' "$folder/status"
}
what_ends_soon_is_warned_of() { status --warn-days 400 && jq -e '.warning and ([.certificates[] | select(.state == "warning")] | length) >= 5' "$folder/status"; }
wrong_days_are_usage() { ! "$mohar" status --warn-days none 2>"$folder/error" && grep -q 'warn-days wants' "$folder/error"; }
no_colours_in_a_pipe() { "$mohar" status >"$folder/text" && ! grep -q $'\e\|─' "$folder/text"; }
lines_on_a_terminal() { LC_ALL=C.UTF-8 script -qec "$mohar status" /dev/null | grep -q '┌──'; }
the_metrics_count_signatures() { "$mohar" status --metrics | grep -q '^mohar_hsm_operations_total{key="idp-token",op="SIGN",outcome="OK"} [1-9]'; }

verify() { "$mohar" log verify --json "$@" >"$folder/verified"; }
the_evidence_is_valid() { verify --journal "$journal" --operations "$journal.operations" --status && jq -e '.result == "valid" and (.files | length) == 2' "$folder/verified"; }
a_cut_end_is_invalid() {
	head -n -2 "$journal.operations.000001" >"$folder/operations.000001"
	! verify --journal "$journal" --operations "$folder/operations.000001" --status 2>/dev/null && jq -e '.result == "invalid" and (.why | contains("its end was cut off"))' "$folder/verified"
}
# What the authority says it issued is what the journal says was signed.
every_certificate_is_in_the_journal() { [ "$(grep -c '"type":"TBSCertificate"' "$journal")" -ge 5 ]; }

check 'everything is healthy, and is looked at' all_is_healthy
check "each server's TLS certificate is seen" each_server_shows_its_tls_certificate
check "the OCSP responders' certificates are seen" responders_are_seen
check 'keys have the days of their certificates' keys_have_their_certificates_days
check 'what ends soon is warned of' what_ends_soon_is_warned_of
check 'wrong days are wrong usage' wrong_days_are_usage
check 'a pipe gets neither colours nor lines' no_colours_in_a_pipe
check 'a terminal gets drawn tables' lines_on_a_terminal
check 'the metrics count signatures' the_metrics_count_signatures
check 'journal and record are valid, and as long as mohar-hsmd knows' the_evidence_is_valid
check 'a record whose end was cut is invalid' a_cut_end_is_invalid
check 'certificates are in the journal' every_certificate_is_in_the_journal
finish
