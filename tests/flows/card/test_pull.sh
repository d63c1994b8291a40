#!/bin/bash
# A card pulled out (the process killed) before and after every call that changes it: the same command again ends right, no key has two certificates, nothing is half made.
# shellcheck disable=SC2046 # the words of enrolment and renewal are words
# timeout: 600
. tests/tap.sh
what='cards pulled out'
. tests/flows/card/house.sh
[ -r "$W/pull.so" ] || { skip "$what" 'needs tests/modules/p11pull.so'; finish; exit 0; }

# pulled AT WHEN COMMAND...: killed there.
pulled() {
	local at=$1 when=$2
	shift 2
	MOHAR_CARD_MODULE=$W/pull.so P11PULL_AT=$at P11PULL_WHEN=$when MOHAR_REGISTRAR_MODULE=$P11PULL_MODULE mohar "$@" >"$W/pulled" 2>&1
	[ $? -gt 128 ] && return
	cat "$W/pulled"
	echo "was not pulled out at call $at"
	return 1
}
# counted FILE COMMAND...: the calls that it takes.
counted() { as_owner sh -c ": >'$W/$1'" && MOHAR_CARD_MODULE=$W/pull.so P11PULL_COUNT=$W/$1 mohar "${@:2}"; }
enrolment() { echo card enrol --token "$1" --pin 123456 --person "$1"; }
renewal() { echo card renew --token "$1" --pin 123456 --person "$1" --within 3000; }
# right TOKEN NAME GIVEN: two keys, two certificates, so many given in that name, none twice for a key, and both keys sign (enrolment looks).
right() {
	[ "$(numbers "$1")" = '01,02 01,02' ] || { echo "on the card: $(numbers "$1")"; return 1; }
	[ "$(given "$2") $(twice "$2")" = "$3 0" ] || { echo "given: $(given "$2"), twice for a key: $(twice "$2")"; return 1; }
	[ "$(show "$1" | jq '.authorities | length')" = 1 ] || { echo "no CA's certificate"; return 1; }
	mohar $(enrolment "$1") | grep -c 'there already' >/dev/null
}

person pull 'Test Card Pull'
counted init card init --token pull --so-pin 87654321 --pin 123456 >/dev/null
counted enrol $(enrolment pull) >/dev/null
counted renew $(renewal pull) >/dev/null
check 'initialising takes two calls' test "$(tr '\n' ' ' <"$W/init")" = 'C_InitToken C_InitPIN '
check 'enrolment makes two keys, then writes three certificates' test "$(sort "$W/enrol" | uniq -c | awk '{ printf "%s %s ", $1, $2 }')" = '3 C_CreateObject 2 C_GenerateKeyPair '
check 'renewal removes an old key only after both new ones are certified' test "$(grep -n C_DestroyObject "$W/renew" | head -1 | cut -d: -f1)" -gt "$(grep -n C_CreateObject "$W/renew" | sed -n 2p | cut -d: -f1)"

# ---- making the card ready ----
for when in before after; do
	for at in 1 2; do
		token=init-$at-$when
		pulled_init() { pulled "$at" "$when" card init --token "$token" --so-pin 87654321 --pin 123456; }
		check "initialising, pulled out $when call $at" pulled_init
		# What was done before the end is done; anything less goes on.
		if [ "$at $when" = '2 after' ]; then
			refuse 'was complete' denies 'exists already' mohar card init --token "$token" --so-pin 87654321 --pin 123456
		else
			check 'goes on' mohar card init --token "$token" --so-pin 87654321 --pin 123456
		fi
		check 'its PIN opens it' mohar card show --token "$token" --pin 123456
	done
done

# ---- enrolment ----
# round KIND AT WHEN GIVEN: a person and a card; for renewal enrolled before.
round() {
	local kind=$1 at=$2 when=$3 token=$1-$2-$3 name="Test Card $1 $2 $3"
	person "$token" "$name" && mohar card init --token "$token" --so-pin 87654321 --pin 123456 >/dev/null || return
	[ "$kind" = enrol ] || mohar $(enrolment "$token") >/dev/null || return
	if [ "$kind" = enrol ]; then set -- $(enrolment "$token"); else set -- $(renewal "$token"); fi
	pulled "$at" "$when" "$@" && mohar "$@" && right "$token" "$name" "$given"
}
given=2
for at in $(seq "$(wc -l <"$W/enrol")"); do
	check "enrolment, pulled out before call $at ($(sed -n "$at"p "$W/enrol"))" round enrol "$at" before
	check "enrolment, pulled out after call $at" round enrol "$at" after
done

# ---- renewal ----
last=$(wc -l <"$W/renew")
for at in $(seq "$last"); do
	given=4
	# Before a certificate is written it has been given: what is lost then is only on the way.
	case $(sed -n "$at"p "$W/renew") in C_CreateObject) check "renewal, pulled out before call $at (C_CreateObject)" round renew "$at" before ;; esac
	# After the last call it was complete; once more is a new renewal.
	[ "$at" != "$last" ] || given=6
	check "renewal, pulled out after call $at ($(sed -n "$at"p "$W/renew"))" round renew "$at" after
done
finish
