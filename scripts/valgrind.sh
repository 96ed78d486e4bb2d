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
failed=0

rm -rf "$logs"
mkdir -p "$logs"

# Says how NAME went; what valgrind wrote is in NAME.log of each process.
verdict() { # NAME CODE
	local code=$2 complaints
	complaints=$(find "$logs" -name "$1.*.valgrind" -size +0)
	if [ "$code" = 0 ] && [ -z "$complaints" ]; then
		printf '  ok    %s\n' "$1"
		return
	fi
	failed=1
	printf '  FAIL  %s (exit code %d)\n' "$1" "$code"
	tail -n 20 "$logs/$1.log"
	head -n 3 <<<"$complaints" | xargs -r head -n 40
}

# What the tool cannot do: an execve() that fails ends it, and a pidfd of tests/valgrind.c
# does not tell of an exit.  The address sanitizer watches these.
cannot=' test_process '

for program; do
	name=$(basename "$program")
	if [[ $cannot == *" $name "* ]]; then
		printf '  skip  %s\n' "$name"
		continue
	fi
	CK_TIMEOUT_MULTIPLIER=10 timeout --kill-after=5 120 "${valgrind[@]}" \
		--log-file="$logs/$name.%p.valgrind" "$program" >"$logs/$name.log" 2>&1 </dev/null
	verdict "$name" $?
done

# One reload of the real thing.
reload() {
	local home pid code
	home=$(mktemp -d)
	export CLUSTERD_HOME=$home TIME_SCALE=20
	cat >"$home/cluster.conf" <<-END
		apps = ( { name = "web"; command = [ "cluster-worker" ]; instances = 2;
		           listen = [ "127.0.0.1:0" ]; } );
	END
	"${valgrind[@]}" --log-file="$logs/clusterd.%p.valgrind" "$BUILD/clusterd" \
		>"$logs/clusterd.log" 2>&1 </dev/null &
	pid=$!
	until "$BUILD/clusterctl" --quiet ping 2>/dev/null; do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.2
	done
	"$BUILD/clusterctl" wait all --timeout 60s &&
		"$BUILD/clusterctl" list --json >/dev/null &&
		"$BUILD/clusterctl" show web >/dev/null &&
		"$BUILD/clusterctl" scale web 3 --timeout 60s &&
		"$BUILD/clusterctl" reload --timeout 60s &&
		"$BUILD/clusterctl" shutdown
	code=$?
	[ "$code" = 0 ] || kill "$pid" 2>/dev/null
	wait "$pid" || code=$?
	rm -rf "$home"
	return "$code"
}
if [ -x "$BUILD/clusterd" ]; then
	reload >"$logs/reload.log" 2>&1
	verdict clusterd $?
fi
exit "$failed"
