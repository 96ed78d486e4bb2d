#!/usr/bin/env bash
# The supervisor is replaced in place: same process, same workers, no request lost; and a
# program that is no good leaves the old one running.
#
# SOAK_UPGRADES: how many under load; ten here, and fifty in `make soak`.
. "$(dirname "$0")/lib.sh"

upgrades=${SOAK_UPGRADES:-10} rate=500
[ -z "${SOAK:-}" ] || upgrades=${SOAK_UPGRADES:-50} rate=2000

# A house of its own for the programs, since they are to be replaced.
programs=$HOUSE/programs
mkdir "$programs"
cp "$BUILD"/cluster* "$BUILD"/lib*.so* "$programs/" 2>/dev/null
clusterd=$programs/clusterd
cp "$clusterd" "$HOUSE/good"
install_program() { # FILE: as a package manager does it
	cp "$1" "$clusterd.new" && chmod "${2:-755}" "$clusterd.new" && mv "$clusterd.new" "$clusterd"
}

start() {
	"$clusterd" "$@" >>"$HOUSE/clusterd.log" 2>&1 &
	SUPERVISOR=$!
	meet && ctl wait all --timeout "$((10 * TIME_SCALE))s" >/dev/null
}
fds() { find "/proc/$INNER/fd" -mindepth 1 | wc -l; }
rss_kib() { awk '/^VmRSS/ { print $2 }' "/proc/$INNER/status"; }
same() {
	equal "$(query .supervisor.pid) $(pids_by_slot web) $(pids_by_slot plain)" "$INNER $workers"
}

# ---- a good one, under load ----

apps "$(http_app web 2 "$TCP $QUICK")" "$(w_app plain 1 "heartbeat = false; ready = { on = \"exec\"; exec = \"10ms\"; };")" | config
check "a supervisor" start
workers="$(pids_by_slot web) $(pids_by_slot plain)"
port=$(port web)
check "K10 is upgraded while nobody looks" ctl upgrade
check "K10 its pid and its workers are the same" same
check "K10 there was an event" says upgraded ctl events --no-follow
check "and ping tells how often" json '.upgrades == 1 and .upgrade_fault == null' <<<"$(ctl ping --json)"

load_begin all --rate "$(scaled $rate)" --keepalive "$(scaled 64)" --think 500ms --duration 120s \
	"127.0.0.1:$port"
upgrade_often() {
	local i
	for ((i = 0; i < upgrades; i++)); do
		install_program "$HOUSE/good"
		ctl upgrade --quiet || return
		same || return
	done
}
upgrade_often_first() { ctl upgrade --quiet && ctl upgrade --quiet; }
check "twice under load, to begin with" upgrade_often_first
# shellcheck disable=SC2034 # read by eval
before_fds=$(fds) before_rss=$(rss_kib)
check "K10 $upgrades times more: every time the same pid and the same workers" upgrade_often
check "K10 no more descriptors than before" within 5 eval '[ "$(fds)" -le "$before_fds" ] || { fds && false; }'
case $BUILD in
*/asan | */valgrind) skip "K10 and no more memory" "this build is for finding faults" ;;
*) check "K10 and no more memory" eval '[ "$(rss_kib)" -le $((before_rss + 512)) ] || { rss_kib && false; }' ;;
esac
load_end all
check "K10 of all requests, on new connections and kept ones, none failed" unharmed all "$(scaled 500)"

# ---- workers are still taken care of ----

victim=$(app web '.workers[0].pid')
kill -KILL "$victim"
replaced() { [ "$(app web '.workers[0].pid')" != "$victim" ] && ready_are web 2; }
check "a worker that crashes is replaced" within 10 replaced
check "and how it ended is known" equal "$(app web '.workers[0].last_exit.signal')" KILL
check "a reload rolls" ctl reload web
workers="$(pids_by_slot web) $(pids_by_slot plain)"
kill -USR2 "$SUPERVISOR"
upgraded_by_signal() { json '.upgrades == '"$((upgrades + 4))" <<<"$(ctl ping --json)"; }
check "USR2 to the keeper upgrades as well" within 10 upgraded_by_signal
check "with the same workers" same

# ---- bad ones ----

refused() { # WORDS: exit 1 with the reason, and all is as it was
	exits 1 ctl upgrade >"$HOUSE/refused" 2>&1 || { cat "$HOUSE/refused" && return 1; }
	grep -q "$1" "$HOUSE/refused" || { cat "$HOUSE/refused" && return 1; }
	same && fetch "$port" /healthz >/dev/null
}
program() { printf '#!/bin/sh\n%s\n' "$1" >"$HOUSE/bad" && install_program "$HOUSE/bad"; }
install_program "$HOUSE/good" 644
check "L29 one that is not executable is refused" refused "not executable"
rm -f "$clusterd"
check "L29 one that is not there is refused" refused "No such file"
echo rubbish >"$HOUSE/bad"
install_program "$HOUSE/bad"
check "L29 one that is no program is refused" refused "trial"
program 'echo "clusterd: it has a bad day" >&2; exit 1'
check "L29 one that fails its trial is refused, with its own words" refused "it has a bad day"
program 'kill -SEGV $$'
check "L29 one that crashes is refused" refused "SIGSEGV"
program 'exit 0'
check "L29 one that only exits with 0 is refused" refused "no clusterd"
program 'exec sleep 30'
check "L29 one that hangs is refused" refused "within 5 s"
check "the trial that hung is no more" within 5 eval '! pgrep -f "^sleep 30$" -P "$INNER" >/dev/null'
check "ping tells why the last one was refused" says "within 5 s" ctl ping --json

# Dies after it has taken over: the keeper starts the old one again, by its descriptor.
undone() { # WORDS
	exits 1 ctl upgrade >"$HOUSE/refused" 2>&1
	INNER=$(query .supervisor.pid)
	grep -q "$1" "$HOUSE/refused" || { cat "$HOUSE/refused" && return 1; }
	same && fetch "$port" /healthz >/dev/null
}
passes='case "$*" in *--trial*) echo "clusterd: can take over"; exit 0 ;; esac'
program "$passes; exit 1"
check "L29 one that exits after it has taken over is undone" undone "died after it had taken over"
program "$passes; kill -KILL \$\$"
check "L29 one that is killed after it has taken over, too" undone "died after it had taken over"
install_program "$HOUSE/good"
check "and a good one is taken all the same" eval 'ctl upgrade && same'
holds() { find "/proc/$SUPERVISOR/fd" -lname "$clusterd" | grep -q .; }
check "after ten seconds the keeper holds the new one" within 20 holds
kill -KILL "$INNER"
check "and starts that when it is killed" within 5 eval '[ "$(query .supervisor.pid)" != "$INNER" ] &&
	[ "$(readlink "/proc/$(query .supervisor.pid)/exe")" = "$clusterd" ]'
INNER=$(query .supervisor.pid)
check "with the same workers" within 5 same
check "the keeper is the one it was" equal "$(query .supervisor.keeper_pid)" "$SUPERVISOR"
retire

# ---- without a keeper ----

check "with nobody to keep" start --keeper=none
workers="$(pids_by_slot web) $(pids_by_slot plain)"
port=$(port web)
check "it is upgraded in place as well" eval 'ctl upgrade && same'
check "and once more" eval 'ctl upgrade && same'
check "and stops in order" retire
