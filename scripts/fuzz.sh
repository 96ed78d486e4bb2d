#!/bin/bash
# fuzz.sh - runs each fuzzer for a while, beginning from what its corpus knows.
#
#   BUILD=build/fuzz FUZZ_SECONDS=60 scripts/fuzz.sh NAME...
#
# What a fuzzer finds goes into BUILD/found/NAME/, not into the corpus: an input belongs
# there once it is understood and its fault is mended.
set -u
cd "$(dirname "$0")/.." || exit 1

: "${BUILD:=build/fuzz}" "${FUZZ_SECONDS:=60}"
failed=0

# libconfig 1.5 forgets the text it was reading when it meets a syntax error.
mkdir -p "$BUILD"
echo leak:libconfig.so >"$BUILD/known-leaks"
export LSAN_OPTIONS=suppressions=$BUILD/known-leaks:print_suppressions=0

for name; do
	found=$BUILD/found/$name
	mkdir -p "$found"
	log=$BUILD/fuzz-$name.log
	if "$BUILD/tests/fuzz-$name" -max_total_time="$FUZZ_SECONDS" -timeout=10 -rss_limit_mb=2048 \
		-artifact_prefix="$found/" -print_final_stats=1 "$found" "tests/fuzz/corpus/$name" \
		>"$log" 2>&1; then
		printf '  ok    %-12s %s inputs\n' "$name" \
			"$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
	else
		failed=1
		printf '  FAIL  %-12s %s\n' "$name" "$log"
		tail -n 40 "$log"
	fi
done
exit "$failed"
