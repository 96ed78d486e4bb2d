#!/bin/bash
# valgrind.sh - memory and descriptors of unit tests, traces and one reload, by valgrind.
#
#   BUILD=build scripts/valgrind.sh PROGRAM...
#
# After the programs given, clusterd itself runs under valgrind: an app is started, shown,
# scaled, reloaded and stopped.
set -u
cd "$(dirname "$0")/.." || exit 1

: "${BUILD:=build}"
logs=$BUILD/valgrind
valgrind=(valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite
	--track-origins=yes --suppressions=scripts/valgrind.supp)
rm -rf "$logs"
mkdir -p "$logs"
chmod 1777 "$logs" # for children that become another user

# Says how NAME went; what valgrind wrote is in NAME.log of each process.
verdict() { # NAME CODE
	local code=$2 complaints
	complaints=$(find "$logs" -name "$1.*.valgrind" -size +0)
	if [ "$code" = 0 ] && [ -z "$complaints" ]; then
		printf '  ok    %s\n' "$1"
		return
	fi
	touch "$logs/failed"
	printf '  FAIL  %s (exit code %d)\n' "$1" "$code"
	tail -n 20 "$logs/$1.log"
	head -n 3 <<<"$complaints" | xargs -r head -n 40
}

# What the tool cannot do: an execve() that fails ends it, and a pidfd of tests/valgrind.c
# does not tell of an exit; descriptors of its own are counted.  The address sanitizer
# watches these.
cannot=' test_process test_sample '

run_one() { # PROGRAM NAME
	CK_TIMEOUT_MULTIPLIER=60 timeout --kill-after=5 600 "${valgrind[@]}" \
		--log-file="$logs/$2.%p.valgrind" "$1" >"$logs/$2.log" 2>&1 </dev/null
	verdict "$2" $?
}

for program; do
	name=$(basename "$program")
	if [[ $cannot == *" $name "* ]]; then
		printf '  skip  %s\n' "$name"
		continue
	fi
	while [ "$(jobs -pr | wc -l)" -ge 2 ]; do wait -n; done
	run_one "$program" "$name" &
done
wait

# One reload of the real thing.
ctl() { timeout 120 "$BUILD/clusterctl" "$@"; }
steps() {
	local tries
	for ((tries = 0; tries < 150; tries++)); do
		ctl --quiet ping 2>/dev/null && break
		sleep 0.2
	done
	ctl wait all --timeout 60s && ctl list --json && ctl show web && ctl scale web 3 &&
		ctl reload && ctl shutdown
}
reload() {
	local pid code
	CLUSTERD_HOME=$(mktemp -d)
	export CLUSTERD_HOME
	cat >"$CLUSTERD_HOME/cluster.conf" <<-END
		apps = ( { name = "web"; command = [ "cluster-worker" ]; instances = 2;
		           listen = [ "127.0.0.1:0" ]; } );
	END
	"${valgrind[@]}" --log-file="$logs/clusterd.%p.valgrind" "$BUILD/clusterd" \
		>"$logs/clusterd.log" 2>&1 </dev/null &
	pid=$!
	steps
	code=$?
	[ "$code" = 0 ] || kill "$pid" 2>/dev/null
	wait "$pid" || code=$?
	rm -rf "$CLUSTERD_HOME"
	return "$code"
}
reload >"$logs/reload.log" 2>&1
verdict clusterd $?
[ ! -e "$logs/failed" ]
