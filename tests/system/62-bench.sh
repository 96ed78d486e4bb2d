#!/usr/bin/env bash
# The benchmarks run; what they find is not for a test to judge.
. "$(dirname "$0")/lib.sh"

bench() { # MEASUREMENT...
	mkdir "$HOUSE/build"
	for program in "$BUILD"/*; do ln -s "$program" "$HOUSE/build/"; done
	rm -f "$HOUSE/build/bench"
	BENCH_QUICK=1 RIVALS=$HOUSE BUILD=$HOUSE/build "$TOP/tests/bench/bench.py" "$@"
}

check "a benchmark runs" bench commands crash
check "it has figures of clusterd" json \
	'map(select(.who == "clusterd" and .value > 0)) | length >= 4' \
	<"$HOUSE/build/bench/results.json"
check "they become a table" grep -q '^| status command, ms |.*[0-9]' \
	"$HOUSE/build/bench/table.md"
if command -v gnuplot >/dev/null; then
	check "they become a plot" grep -q '<svg' "$HOUSE/build/bench/bench.svg"
else
	skip "they become a plot" "no gnuplot"
fi
