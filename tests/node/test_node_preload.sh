#!/bin/sh
# Node's own test runner, for what is written in JavaScript; its sum in the house's words.
cd "$(dirname "$0")" || exit 1
if ! command -v node >/dev/null; then
	echo "skip - tests in JavaScript (no node here)"
	echo "0 passed, 0 failed, 1 skipped"
	exit
fi
unset NODE_OPTIONS
timeout 120 node --test --test-reporter=tap ./*.test.cjs | awk '
	{ print }
	$2 == "pass" || $2 == "fail" || $2 == "skipped" { count[$2] = $3 }
	END {
		printf "%d passed, %d failed, %d skipped\n", count["pass"], count["fail"],
			count["skipped"]
		exit count["fail"] > 0 || count["pass"] == 0
	}'
