# shellcheck shell=bash
# lib.sh - what every system test begins with: a house of its own, and checks that are
# sentences.  Sourced, not run:   . "$(dirname "$0")/lib.sh"
#
# Environment: BUILD (where the programs are), LOAD_SCALE (loads are divided by it),
# TIME_SCALE (patience is multiplied by it).
#
# Nothing waits by the clock alone: `within` asks again until what it waits for is true,
# and gives up at a deadline.  When the test ends, whatever it started must be gone, and
# that is its last check.

set -u
export LC_ALL=C
ulimit -c 0
umask 022 # root's supervisor takes no file that others may write

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${BUILD:-$TOP/build}
case $BUILD in /*) ;; *) BUILD=$TOP/$BUILD ;; esac
LOAD_SCALE=${LOAD_SCALE:-1}
TIME_SCALE=${TIME_SCALE:-1}
W=$BUILD/tests/w # the test worker
export W

# Short, because the path of a Unix socket may have 107 bytes.
HOUSE=$(mktemp -d -p /tmp) || exit 1
EVENTS=$HOUSE/events # where workers write what happens to them
SUPERVISOR= # what was started: the keeper
INNER=      # the supervisor's own process; the same where nobody keeps
passed=0 failed=0 skipped=0
declare -A loads=()

export CLUSTERD_HOME=$HOUSE/home
mkdir "$CLUSTERD_HOME"
: >"$EVENTS"
unset NOTIFY_SOCKET LISTEN_FDS LISTEN_PID LISTEN_FDNAMES WATCHDOG_USEC WATCHDOG_PID NO_COLOR
unset XDG_RUNTIME_DIR XDG_CONFIG_HOME XDG_STATE_HOME
unset RUNTIME_DIRECTORY STATE_DIRECTORY LOGS_DIRECTORY JOURNAL_STREAM

# ---- checks ----

# check SENTENCE COMMAND...: is the sentence true?  What the command says is shown if not.
check() {
	local sentence=$1
	shift
	if "$@" >"$HOUSE/check" 2>&1; then
		passed=$((passed + 1))
		printf 'ok - %s\n' "$sentence"
	else
		failed=$((failed + 1))
		printf 'not ok - %s\n' "$sentence"
		printf '#   %s\n' "$*" | head -n 3
		head -n 30 "$HOUSE/check" | sed 's/^/#   /'
	fi
}

skip() { # SENTENCE REASON
	skipped=$((skipped + 1))
	printf 'skip - %s (%s)\n' "$1" "$2"
}

equal() { # GOT WANTED
	[ "$1" = "$2" ] && return 0
	printf 'got: %s\nwanted: %s\n' "$1" "$2"
	return 1
}

not() { ! "$@"; }

# json CONDITION: of the object on stdin; where nothing comes nothing is true.
json() {
	local text
	text=$(cat)
	[ -n "$text" ] && jq -e "$1" >/dev/null <<<"$text" && return
	printf 'not true: %s\nof: %.2000s\n' "$1" "$text"
	return 1
}

says() { # TEXT COMMAND...: the command's output has the text, whatever its exit code
	local text=$1 out
	shift
	out=$("$@" 2>&1)
	case $out in *"$text"*) return 0 ;; esac
	printf 'not said: %s\nbut: %s\n' "$text" "$out"
	return 1
}

exits() { # CODE COMMAND...
	local wanted=$1 code=0
	shift
	"$@" || code=$?
	equal "exit $code" "exit $wanted"
}

# ---- time ----

now_ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); } # since 1970

# A pipe that nobody writes to: reading it with a timeout is a pause without a process.
exec {pause_fd}<> <(:)
pause() { read -r -t "$1" -u "$pause_fd" || :; }

# within SECONDS COMMAND...: becomes true before the deadline; what the last try said is shown.
within() {
	local deadline=$(($(now_ms) + $1 * 1000 * TIME_SCALE)) try=$HOUSE/try.${#FUNCNAME[@]}
	shift
	until "$@" >"$try" 2>&1; do
		if [ "$(now_ms)" -ge "$deadline" ]; then
			echo "not within the time: $*"
			cat "$try"
			return 1
		fi
		pause 0.03
	done
}

# for_all_of SECONDS COMMAND...: stays true that long.
for_all_of() {
	local deadline=$(($(now_ms) + $1 * 1000))
	shift
	while [ "$(now_ms)" -lt "$deadline" ]; do
		"$@" || return 1
		pause 0.05
	done
}

scaled() { # N: a load, divided by LOAD_SCALE, at least 1
	local value=$(($1 / LOAD_SCALE))
	echo $((value > 0 ? value : 1))
}

# ---- processes ----

gone() { # PIDS: ended, or zombies that only wait for us; commas separate, too
	local pid
	# shellcheck disable=SC2048 # split into words
	for pid in ${*//,/ }; do
		[ -d "/proc/$pid" ] && ! grep -qs '^State:.Z' "/proc/$pid/status" && return 1
	done
	return 0
}

# Every process with this test's house in its environment.
ours() {
	local entries entry
	mapfile -t entries <<<"$(grep -lsF "$HOUSE" /proc/[0-9]*/environ)"
	for entry in "${entries[@]}"; do
		entry=${entry#/proc/}
		entry=${entry%/environ}
		[ -z "$entry" ] || gone "$entry" || echo "$entry"
	done
}

# ---- the supervisor ----

ctl() { "$BUILD/clusterctl" "$@"; }

config() { cat >"$CLUSTERD_HOME/cluster.conf"; }

# shellcheck disable=SC2034 # the tests'
TCP='listen = [ "127.0.0.1:0" ];'
# shellcheck disable=SC2034
QUICK='reload = { settle = "100ms"; };'

# w_app NAME INSTANCES SETTINGS WORDS...: an app of the test worker with these words, as
# the configuration says it.
w_app() {
	local name=$1 instances=$2 settings=$3 command word
	shift 3
	command="\"$W\", \"--log\", \"$EVENTS\""
	for word; do
		command="$command, \"$word\""
	done
	case $instances in *[!0-9]*) instances="\"$instances\"" ;; esac
	printf '{ name = "%s"; instances = %s; command = [ %s ]; %s }' \
		"$name" "$instances" "$command" "$settings"
}

# The same of the built-in worker, which serves loads.
http_app() { # NAME INSTANCES SETTINGS
	printf '{ name = "%s"; instances = %s; command = [ "cluster-worker", "--test-endpoints" ]; %s }' \
		"$1" "$2" "$3"
}

apps() { # OBJECT...: the whole configuration
	local all=$1
	shift
	printf 'apps = ( %s' "$all"
	[ $# -eq 0 ] || printf ',\n  %s' "$@"
	printf ' );\n'
}

# supervise [APP...]: starts clusterd as a child of ours with the configuration there is,
# waits until it answers and these apps are ready.
supervise() {
	local name
	"$BUILD/clusterd" >>"$HOUSE/clusterd.log" 2>&1 &
	SUPERVISOR=$!
	meet || return
	for name; do
		ctl wait "$name" --timeout "$((10 * TIME_SCALE))s" >/dev/null || return
	done
}

# When it answers: which process is the supervisor's own.
meet() {
	within 10 answers && INNER=$(query .supervisor.pid)
}

answers() {
	ctl ping >/dev/null 2>&1
}

# What it remembers of apps that were stopped, scaled or started by hand.
forget() { rm -rf "$CLUSTERD_HOME/state"; }

# Ends the supervisor as TERM does; its exit code is ours.
retire() {
	local pid=$SUPERVISOR
	[ -n "$pid" ] || return 0
	kill -TERM "$pid" 2>/dev/null
	SUPERVISOR=
	within 20 gone "$pid" || kill -KILL "$pid"
	wait "$pid"
}

list() { ctl list --json; }

query() { list | jq -r "$@"; }

# app NAME FILTER: of this app's object in the list.
app() {
	query --arg name "$1" ".apps[] | select(.name == \$name) | $2"
}

pids() { app "$1" '.workers[] | select(.pid) | .pid' | sort -n; }

# The slots' pids in order, on one line: to compare before and after.
pids_by_slot() { app "$1" '[.workers[] | select(.pid)] | sort_by(.slot) | map(.pid) | @csv'; }

port() { app "$1" '.listen[0]' | sed 's/.*://'; }

ready_are() { # APP COUNT
	[ "$(app "$1" '[.instances.ready, .instances.running] | @csv')" = "$2,$2" ]
}

log_of_supervisor() { cat "$HOUSE/clusterd.log" "$CLUSTERD_HOME"/log/clusterd.log 2>/dev/null; }

# ---- requests ----

fetch() { # PORT PATH [CURL OPTIONS]
	local port=$1 path=$2
	shift 2
	curl -sS --noproxy '*' -m "$((20 * TIME_SCALE))" "$@" "http://127.0.0.1:$port$path"
}

# fetch_slot PORT PATH SLOT [BODY]: connects until it is this slot that answers, then asks it
# for the path over that same connection; with a body it is a POST.
fetch_slot() {
	local tries=200 fd slot body=${4-}
	local bytes=${#body}
	while [ $((tries--)) -gt 0 ]; do
		exec {fd}<>"/dev/tcp/127.0.0.1/$1" || return
		printf 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' >&"$fd"
		slot=$(read_answer "$fd")
		if [ "$slot" = "$3" ]; then
			printf '%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s' \
				"$([ $# -gt 3 ] && echo POST || echo GET)" "$2" "$bytes" "$body" >&"$fd"
			timeout $((20 * TIME_SCALE)) sed '1,/^\r*$/d' <&"$fd"
			exec {fd}>&-
			return
		fi
		exec {fd}>&-
	done
	echo "slot $3 never answered"
	return 1
}

read_answer() { # FD: reads one answer, says which slot it came from
	local line slot='' bytes=0
	while read -r -t $((10 * TIME_SCALE)) -u "$1" line; do
		line=${line%$'\r'}
		case $line in
		X-Cluster-Slot:*) slot=${line##* } ;;
		Content-Length:*) bytes=${line##* } ;;
		'') break ;;
		esac
	done
	read -r -t $((10 * TIME_SCALE)) -N "$bytes" -u "$1" line
	echo "$slot"
}

# faulty_begin ARGUMENTS...: a server that misbehaves; sets faulty_pid and faulty_port.
# shellcheck disable=SC2034 # for the tests
faulty_begin() {
	rm -f "$HOUSE/faulty"
	"$BUILD/tests/faulty" "$@" >"$HOUSE/faulty" &
	faulty_pid=$!
	within 5 test -s "$HOUSE/faulty" || return
	faulty_port=$(head -n 1 "$HOUSE/faulty")
}

# shellcheck disable=SC2034 # for the tests
faulty_end() { # sets deeds, how often it misbehaved
	kill -TERM "$faulty_pid"
	wait "$faulty_pid"
	deeds=$(sed -n 2p "$HOUSE/faulty")
}

said() { # WHAT: how many workers noted it
	grep -c " $1\$" "$EVENTS"
}

# ---- load ----

load_begin() { # NAME LOADGEN-ARGUMENTS...
	local name=$1
	shift
	"$BUILD/loadgen" --json "$@" >"$HOUSE/load.$name" 2>"$HOUSE/load.$name.err" &
	loads[$name]=$!
}

load_end() { # NAME: starts no more, waits for what is out; 0 if it reported
	local pid=${loads[$1]}
	unset "loads[$1]"
	kill -TERM "$pid" 2>/dev/null
	within 30 gone "$pid"
	wait "$pid"
}

report() { # NAME JQ-FILTER
	jq -r "$2" "$HOUSE/load.$1"
}

# No request of this load failed, and it was a load.
unharmed() { # NAME AT-LEAST-REQUESTS
	load_shows "$1" ".failed == 0 and .stray == 0 and .requests >= $2"
}

load_shows() { # NAME JQ-CONDITION
	json "$2" <"$HOUSE/load.$1" && return
	cat "$HOUSE/load.$1.err"
	jq -c '{requests, failed, ok, refused, reset, truncated, stale, timeout, bad_status,
		bad_body, local, stray, new: .new.latency_us, late_us, failures: .failures[:8]}' \
		"$HOUSE/load.$1"
	return 1
}

# ---- the end ----

nothing_runs() {
	local left
	left=$(ours)
	[ -z "$left" ] && return
	for pid in $left; do
		printf '%s: %s\n' "$pid" "$(tr '\0' ' ' <"/proc/$pid/cmdline")"
	done
	return 1
}

no_file_is_left() {
	local left
	left=$(find "$CLUSTERD_HOME/run" -type s 2>/dev/null)
	equal "$left" ""
}

no_sanitizer_spoke() {
	not grep -rsE -A 12 'runtime error:|ERROR: [A-Za-z]*Sanitizer|Assertion .* failed' \
		"$HOUSE" --include='*.log' --include='*.err'
}

finish() {
	local pid
	trap - EXIT
	for pid in "${loads[@]}"; do
		kill -KILL "$pid" 2>/dev/null
	done
	if [ -n "$SUPERVISOR" ]; then
		kill -CONT "$SUPERVISOR" "$INNER" 2>/dev/null
		check "the supervisor stops in order at the end" retire
	elif answers; then
		ctl shutdown >/dev/null 2>&1
	fi
	check "no process of this test is left" within 5 nothing_runs
	for pid in $(ours); do
		kill -KILL "$pid" 2>/dev/null
	done
	check "no socket of this test is left" no_file_is_left
	check "no assertion failed and no sanitizer spoke" no_sanitizer_spoke
	if [ "$failed" -gt 0 ]; then
		log_of_supervisor | tail -n 40 | sed 's/^/# clusterd: /'
	fi
	[ -n "${KEEP:-}" ] || rm -rf "$HOUSE"
	printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
	[ "$failed" -eq 0 ]
	exit
}
trap finish EXIT
trap 'exit 1' INT TERM
