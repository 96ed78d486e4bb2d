#!/usr/bin/env bash
# Ten seconds of lines as fast as one worker writes them, while logger and supervisor are
# killed in turn: no line is lost or torn, and what came twice is counted.
#
# SOAK_LOG_SECONDS: how long; `make soak` takes the default.
. "$(dirname "$0")/lib.sh"

seconds=${SOAK_LOG_SECONDS:-10}
folder=$CLUSTERD_HOME/log
apps "{ name = \"flood\"; heartbeat = false; log = { rotate = \"64M\"; keep = 10000; compress = false; };
	command = [ \"$BUILD/tests/flood\", \"--seconds\", \"$seconds\", \"--count\", \"$HOUSE/count\", \"--stay\" ]; }" | config
logger_pid() {
	local pid
	for pid in $(pgrep -x cluster-logger); do
		grep -qsF "$HOUSE" "/proc/$pid/environ" && echo "$pid" && return
	done
	return 1
}

check "a worker that writes as fast as it can" supervise flood
kills=0
while [ ! -s "$HOUSE/count" ]; do
	victim=$(logger_pid) && kill -KILL "$victim" && kills=$((kills + 1))
	[ $((kills % 4)) != 0 ] || { kill -KILL "$INNER" && meet; }
	pause 0.7
done
check "it lived through all of it" within 60 test -s "$HOUSE/count"
read -r lines took <"$HOUSE/count"
kept() {
	local different torn repeated
	read -r different torn repeated <<<"$(cat "$folder"/flood-out.log* |
		awk 'length($0) != 199 { torn++; next }
			{ number = substr($0, 1, 12) + 0
			  if (number in seen) repeated++; else different++
			  seen[number] = 1 }
			END { print different + 0, torn + 0, repeated + 0 }')"
	echo "# $lines lines in $took s: $different are there, $torn torn, $repeated came twice, $kills kills"
	[ "$different $torn" = "$lines 0" ]
}
check "no line was lost or torn" within 30 kept
kept
