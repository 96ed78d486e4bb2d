#!/bin/bash
# run-tests.sh - runs test programs and adds up what they say.
#
#   BUILD=/path/to/build scripts/run-tests.sh PROGRAM...
#
# A program's last words are `N passed, N failed, N skipped`.  One that says nothing of the
# kind, or exits with a failure that it did not count, is one failure more.  Each one's
# output is kept in BUILD/test-log/; only that of failures is shown.  Two run at a time,
# but a script with a line `# alone`, one that measures, has the machine for itself.
set -u

: "${BUILD:?the folder of the programs}"
export BUILD LOAD_SCALE="${LOAD_SCALE:-1}" TIME_SCALE="${TIME_SCALE:-1}" SOAK="${SOAK:-}"
# Check ends a test after 4 seconds, which a busy machine may need for one that takes 0.4.
export CK_TIMEOUT_MULTIPLIER="${CK_TIMEOUT_MULTIPLIER:-10}"
logs=$BUILD/test-log
reports=$BUILD/reports # written by sanitizers, see tests/sanitizer.c
at_a_time=2
closing='^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$'

patience() {
	local seconds=300
	[ -z "$SOAK" ] || seconds=$((seconds * 60))
	echo $((seconds * TIME_SCALE))
}

# Runs one program; leaves NAME.log, and NAME.sum with its three numbers.
run_one() {
	local program=$1 name=$2 log=$logs/$2.log
	local started=$SECONDS code said passed failed skipped

	timeout --kill-after=10 "$(patience)" "$program" >"$log" 2>&1 </dev/null &
	# shellcheck disable=SC2064 # this very process
	trap "kill $!" TERM
	wait $! 2>/dev/null # bash need not tell of its signal as well
	code=$?
	said=$(tail -n 5 "$log" | grep -aE "$closing" | tail -n 1)
	# shellcheck disable=SC2086 # split into words
	set -- ${said//[!0-9 ]/}
	passed=${1:-0} failed=${2:-0} skipped=${3:-0}

	if [ "$code" = 124 ] || [ "$code" = 137 ]; then
		echo "run-tests: out of time" >>"$log"
	elif [ -z "$said" ]; then
		echo "run-tests: no closing line; exit code $code" >>"$log"
	fi
	if [ "$failed" = 0 ] && { [ "$code" != 0 ] || [ -z "$said" ]; }; then
		failed=1
	fi
	echo "$passed $failed $skipped" >"$logs/$name.sum"
	printf '  %-4s  %-28s %4d passed%s%s  %3d s\n' "$([ "$failed" = 0 ] && echo ok || echo FAIL)" \
		"$name" "$passed" "$([ "$failed" = 0 ] || echo ", $failed failed")" \
		"$([ "$skipped" = 0 ] || echo ", $skipped skipped")" $((SECONDS - started))
}

is_alone() {
	case $1 in *.sh) head -n 30 "$1" | grep -qx '# alone' ;; *) false ;; esac
}

rm -rf "$logs" "$reports"
mkdir -p "$logs" "$reports"
chmod 1777 "$reports" # workers may run as other users
trap 'kill $(jobs -pr) 2>/dev/null; wait; exit 130' INT TERM

names=()
for program; do
	name=$(basename "$program" .sh)
	names+=("$name")
	if is_alone "$program"; then
		wait
		(run_one "$program" "$name")
		continue
	fi
	while [ "$(jobs -pr | wc -l)" -ge "$at_a_time" ]; do wait -n; done
	run_one "$program" "$name" &
done
wait

passed=0 failed=0 skipped=0
for name in "${names[@]}"; do
	read -r p f s <"$logs/$name.sum"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	if [ "$f" != 0 ]; then
		printf '\n--- %s (%s)\n' "$name" "$logs/$name.log"
		tail -n 100 "$logs/$name.log"
	elif [ "$s" != 0 ]; then
		grep -ai '^skip' "$logs/$name.log" | sed "s/^/  $name: /"
	fi
done
for report in "$reports"/*; do
	[ -e "$report" ] || continue
	failed=$((failed + 1))
	printf '\n--- %s\n' "$report"
	head -n 60 "$report"
done

if [ $((passed + failed)) = 0 ]; then
	echo "run-tests: no test was run" >&2
	failed=1
fi
echo "$passed passed, $failed failed, $skipped skipped" | tee "$logs/sum"
[ "$failed" = 0 ]
