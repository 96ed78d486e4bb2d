#!/bin/sh
# bench.sh - measures clusterd beside Debian's nginx and npm's PM2, in one run.
#
#   BUILD=/path/to/build scripts/bench.sh [MEASUREMENT...]
#
# Leaves BUILD/bench/table.md, results.json and bench.svg.  PM2 comes into
# BUILD/bench/rivals; without npm or a network it is left out.
set -eu

: "${BUILD:?the folder of the programs}"
rivals=$BUILD/bench/rivals

mkdir -p "$rivals"
if [ ! -x "$rivals/node_modules/.bin/pm2" ] && command -v npm >/dev/null; then
	npm install --prefix "$rivals" --no-audit --no-fund --silent pm2@7 ||
		echo "bench: PM2 could not be installed and is left out" >&2
fi
exec "$(dirname "$0")/../tests/bench/bench.py" "$@"
