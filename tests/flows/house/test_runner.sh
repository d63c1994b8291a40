# The test runner itself: what must never pass unseen.
. tests/tap.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# case_is NAME SCRIPT TOTAL: a test file with this text gives this total line
case_is() {
	echo "$2" >"$folder/test_case.sh"
	check "$1" grep -qx "$3" <(tests/run --timeout 2 "$folder/test_case.sh")
}

case_is 'a passing case is counted' 'echo 1..1; echo ok 1 - a' '1 passed, 0 failed, 0 skipped'
case_is 'a failing case is counted' 'echo 1..2; echo ok 1 - a; echo not ok 2 - b; exit 1' '1 passed, 1 failed, 0 skipped'
case_is 'a skip is counted, not passed' 'echo 1..1; echo "ok 1 - a # SKIP no card"' '0 passed, 0 failed, 1 skipped'
case_is 'a file skipped whole is counted' 'echo "1..0 # SKIP no card"' '0 passed, 0 failed, 1 skipped'
case_is 'a file without a test fails' 'true' '0 passed, 1 failed, 0 skipped'
case_is 'an early end fails though it exits 0' 'echo 1..3; echo ok 1 - a' '1 passed, 1 failed, 0 skipped'
case_is 'no plan fails' 'echo ok 1 - a' '1 passed, 1 failed, 0 skipped'
case_is 'a crash after the last case fails' 'echo 1..1; echo ok 1 - a; kill -SEGV $$' '1 passed, 1 failed, 0 skipped'
case_is 'a bad status after good cases fails' 'echo 1..1; echo ok 1 - a; exit 3' '1 passed, 1 failed, 0 skipped'
case_is 'a hanging file fails in time' 'echo 1..1; echo ok 1 - a; sleep 60' '1 passed, 1 failed, 0 skipped'

echo 'echo 1..1; echo detail; echo not ok 1 - a; exit 1' >"$folder/test_case.sh"
refuse 'a failure makes the run fail' tests/run "$folder/test_case.sh"
check 'the output of a failing case is shown' grep -q detail <(tests/run "$folder/test_case.sh")
finish
