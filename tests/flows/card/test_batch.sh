#!/bin/bash
# Many cards from a list: PIN letters, the report, what fails and what is interrupted, and the same command again.
# timeout: 240
. tests/tap.sh
what='batches of cards'
. tests/flows/card/house.sh

for n in one two three; do person "batch-$n" "Test Batch $n"; done
as_owner mkdir -m 700 "$W/letters"
list() { as_owner tee "$W/$1" >/dev/null; }
batch() { mohar card batch "$W/$1" --report "$W/report.json" --letters "$W/letters" --wait 5 "${@:2}"; }
pulled() { MOHAR_CARD_MODULE=$W/pull.so P11PULL_AT=$1 P11PULL_WHEN=after batch list.csv; [ $? -gt 128 ]; }
report() { jq -r "$1" "$W/report.json"; }
states() { report '[.cards[].state] | join(",")'; }

# ---- lists that are not carried out ----
printf 'who,what,label\nbatch-one,citizen,batch card 1\n' | list bad.csv
refuse 'a list without its head' denies 'bad.csv:1: .*handle,profiles,label' batch bad.csv
printf 'handle,profiles,label\nbatch-one,citizen,same\nbatch-two,citizen,same\n' | list bad.csv
refuse 'a label twice' denies 'bad.csv:3: .*twice' batch bad.csv
printf 'handle,profiles,label\nbatch-one,citizen,../../etc/x\n' | list bad.csv
refuse 'a label that leaves the folder of letters' denies "bad.csv:2: label" batch bad.csv
printf 'handle,profiles,label\nbatch-one,nonsense,x\n' | list bad.csv
refuse 'profiles that there are not' denies 'bad.csv:2: .*citizen-login' batch bad.csv
printf '{"handle":"batch-one","profiles":"citizen","label":"x","colour":"red"}\n' | list bad.jsonl
refuse 'an unknown member' denies 'bad.jsonl:1: ' batch bad.jsonl
check 'nothing was made' test ! -e "$W/report.json"

# ---- three cards, one for nobody; pulled out on the way ----
printf 'handle,profiles,label\nbatch-one,citizen,batch card 1\nnobody,citizen,batch card 2\nbatch-two,citizen-login,batch card 3\n' | list list.csv
check 'the process dies after the first certificate is written' pulled 4
check 'the report knows the card that was begun' test "$(states)" = begun,waiting,waiting
pin=$(as_owner sed -n 's/^PIN: //p' "$W/letters/batch card 1.txt")
refuse 'the same command goes on, and says that one failed' denies '1 of 3 cards failed' batch list.csv
check 'done, failed, done' test "$(states)" = done,failed,done
check 'with its reason' test "$(report '.cards[1].reason')" = 'no person of that handle'
check 'and how long each took' test "$(report '[.cards[] | select(.milliseconds > 0)] | length')" = 3
check 'for people too' grep -q '^3 cards: 2 done, 1 failed, 0 to do' "$W/report.json.txt"
check 'no card was spent on nobody' test -z "$(mohar card show --json | jq -r '.tokens[] | select(.label == "batch card 2") | .label')"
check "the interrupted card has its letter's PIN still" test "$(as_owner sed -n 's/^PIN: //p' "$W/letters/batch card 1.txt")" = "$pin"
check 'no key has two certificates' test "$(given 'Test Batch one') $(twice 'Test Batch')" = '2 0'
check 'the PIN of the letter opens the card' mohar card show --token 'batch card 1' --pin "$pin"
check 'its PUK sets a new one' mohar card unblock --token 'batch card 1' --so-pin "$(as_owner sed -n 's/^PUK: //p' "$W/letters/batch card 1.txt")" --new-pin 333333
check "letters are for their reader's eyes" test "$(stat -c %a "$W/letters/batch card 3.txt")" = 600
check 'each card has a PIN of its own' test "$(as_owner sh -c "grep -h ^PIN '$W'/letters/*" | sort | uniq -d | wc -l)" = 0
check 'one key on the second' test "$(mohar card show --token 'batch card 3' --json | jq -c '[.certificates[].use]')" = '["log in"]'

# ---- again ----
person nobody 'Test Batch Somebody'
check 'whoever was nobody is somebody now: only that card is made' says 'done: 3' batch list.csv
check 'all done' test "$(states)" = done,done,done
serials=$(report '[.cards[].serials[]] | join(",")')
check 'and again: nothing' batch list.csv
check 'serials as they were' test "$(report '[.cards[].serials[]] | join(",")')" = "$serials"
printf 'handle,profiles,label\nbatch-three,citizen,batch card 1\n' | list other.csv
refuse 'a label of the report is not given to somebody else' denies "was of batch-one" batch other.csv
printf '{"handle":"batch-three","profiles":"citizen","label":"batch card 4"}\n' | list more.jsonl
check 'JSON lines, without letters' mohar card batch "$W/more.jsonl" --report "$W/more.json" --pin 123456 --so-pin 87654321
check 'done' test "$(jq -r '.cards[0].state' "$W/more.json")" = 'done'
printf '{"handle":"batch-three","profiles":"citizen-login","label":"batch card 5"}\n' | list five.jsonl
refuse 'the authority away ends the run at once' denies 'run the same command again' env MOHAR_CA_URL=https://localhost:1 bash -c "$(declare -f as_owner mohar); $(declare -p W OWNER BIN); mohar card batch '$W/five.jsonl' --report '$W/five.json' --pin 123456 --so-pin 87654321"
check 'the card is begun, not failed' test "$(jq -r '.cards[0].state' "$W/five.json")" = begun
check 'and goes on when it is back' mohar card batch "$W/five.jsonl" --report "$W/five.json" --pin 123456 --so-pin 87654321
printf '{"handle":"batch-three","profiles":"citizen-login","label":"batch card 6"}\n' | list more2.jsonl
check 'it does show its progress on a terminal' says '3 of 3 done\|1 of 1 done' as_owner script -qec "'$BIN/mohar' card batch '$W/more2.jsonl' --report '$W/more2.json' --pin 123456 --so-pin 87654321" /dev/null
finish
