#!/bin/bash
# What an operator does with one card at a counter: make it, look at it, make it again, change and unblock its PIN, renew it.
# timeout: 240
. tests/tap.sh
what='cards at the counter'
. tests/flows/card/house.sh

person test-card-one 'Test Card One'
person test-card-two 'Test Card Two'
check 'a blank card is made ready, and the next step named' says "mohar card enrol" blank one
refuse 'not twice' denies 'exists already' blank one
refuse 'somebody whom the registry does not know gets none' denies 'no person of that handle' enrol one nobody-of-that-name
check 'both keys and certificates by one command' says 'hand the card over' enrol one test-card-one
check 'two keys, two certificates, by number' test "$(numbers one)" = '01,02 01,02'
show one >"$W/one.json"
check 'the login certificate is not for signing, the other only for that' test "$(jq -r '[.certificates | sort_by(.id)[].use] | join(",")' "$W/one.json")" = 'log in,sign'
check 'days left are told' test "$(jq '[.certificates[].days_left] | min' "$W/one.json")" -gt 1000
check 'the signature asks its PIN each time, the login does not' test "$(jq -c '[.keys | sort_by(.id)[].pin_each_time]' "$W/one.json")" = '[false,true]'
check 'no key can leave the card' test "$(jq '[.keys[] | select(.never_extractable and (.extractable | not) and .sensitive and .local)] | length' "$W/one.json")" = 2
check "the CA's certificate is there, the root's is not" test "$(jq '.authorities | length' "$W/one.json")" = 1
check 'the same command again orders nothing' says 'there already' enrol one test-card-one
check 'and no key has two certificates' test "$(given 'Test Card One') $(twice 'Test Card One')" = '2 0'
check 'without a PIN nothing is said of what is not seen' test "$(mohar card show --token one --json | jq -c '[.keys[].attributes] | unique')" = '["with --pin"]'
check 'people are told PIN and PUK' says ' pin: all tries left' mohar card show --token one
refuse "another person's name is not written on it" denies 'for somebody else' enrol one test-card-two
refuse 'a login key gets no signature profile' denies 'belongs on the other' enrol one test-card-one --profile citizen-signature --id 1

# ---- two PINs: a card that shows each as a token ----
check 'a second PIN' blank one-sign
check 'another card, its signature key under a PIN of its own' blank two
check 'is enrolled' enrol two test-card-two --sign-token one-sign --sign-pin 123456
check 'the login key here, the signature key there' test "$(numbers two) $(numbers one-sign)" = '01 01 02 02'

# ---- PINs ----
refuse 'a wrong PIN is tried once' denies 'PIN is wrong' env MOHAR_CARD_MODULE="$W/pull.so" P11PULL_LOGINS="$W/logins" bash -c "$(declare -f as_owner mohar); $(declare -p W OWNER BIN); mohar card key --token one --id 3 --pin 999999"
check 'and only once' test "$(wc -l <"$W/logins")" = 1
with_flags() { MOHAR_CARD_MODULE=$W/pull.so P11PULL_FLAGS=$1 P11PULL_LOGINS=$W/none mohar "${@:2}"; }
refuse 'before the last try nothing is tried' denies 'ONE try left' with_flags 20000 card key --token one --id 3 --pin 123456
refuse 'a locked card is not tried, and the way out is named' denies 'mohar card unblock' with_flags 40000 card key --token one --id 3 --pin 123456
check 'no login was made' test ! -e "$W/none"
check 'show says it' says 'ONE try left' with_flags 20000 card show --token one
check 'a PIN from a descriptor' mohar card show --token one --pin fd:7 7<<<123456
refuse 'a descriptor that is not open' denies 'no such descriptor' mohar card show --token one --pin fd:77
check 'PIN changed' mohar card pin --token one --pin 123456 --new-pin 222222
refuse 'the old one is void' mohar card show --token one --pin 123456
check 'unblocked by the officer' says 'void' mohar card unblock --token one --so-pin 87654321 --new-pin 123456
check 'keys are as they were' test "$(numbers one)" = '01,02 01,02'
refuse "a wrong officer's PIN" denies "officer's PIN of 'one' is wrong" mohar card unblock --token one --so-pin 11111111 --new-pin 333333
refuse 'a new PIN that the card does not take costs no try' denies 'nothing was tried' mohar card unblock --token one --so-pin 11111111 --new-pin 1
check 'by PUK, as OpenSC does it' says 'void' mohar card unblock --token one --puk 123456 --new-pin 123456

# ---- renewal ----
before=$(jq -r '[.certificates | sort_by(.id)[].serial] | join(" ")' "$W/one.json")
renew() { mohar card renew --token one --pin 123456 --person test-card-one "$@"; }
check 'nothing is renewed before its time' says 'nothing ends so soon' renew
check 'still two' test "$(given 'Test Card One')" = 2
refuse "without a registrar, policy does not take the card's own order" env -u MOHAR_REGISTRAR_TOKEN bash -c "$(declare -f as_owner mohar); $(declare -p W OWNER BIN); mohar card renew --token one --pin 123456 --person test-card-one --within 3000"
check 'which left nothing half done that renewal does not end' says 'takes\|valid' renew --within 3000 --keep-old
check 'new keys have the numbers, the old signature certificate stays' test "$(numbers one)" = '01,02 01,02,22'
show one >"$W/after.json"
check 'other certificates than before' test "$(jq -r '[.certificates | sort_by(.id)[].serial][0:2] | join(" ")' "$W/after.json")" != "$before"
check 'no key has two' test "$(given 'Test Card One') $(twice 'Test Card One')" = '4 0'
check "the registry knows the old login key and the new one" test "$(sql "SELECT count(*) FROM idp.card JOIN idp.person p ON p.id = card.person WHERE p.handle = 'test-card-one'")" = 2
finish
