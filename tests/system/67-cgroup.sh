#!/usr/bin/env bash
# Where clusterd has a control group to divide, each worker has one of its own: what it
# started ends with it, bounds hold for all of it, and nothing of it is left.
. "$(dirname "$0")/lib.sh"

mount=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)
group=$mount/clusterd-test-cells-$$
if [ -z "$mount" ] || ! mkdir "$group" 2>/dev/null; then
	skip "each worker has a control group" "no cgroup2 that is ours to divide"
	exit
fi
leave() {
	retire >/dev/null
	check "no group is left" within 5 rmdir "$group/supervisor" "$group"
	finish
}
trap leave EXIT

# As `supervise`, in the group.
supervise_there() { # APP...
	local name
	(
		echo "$BASHPID" >"$group/cgroup.procs"
		exec "$BUILD/clusterd" >>"$HOUSE/clusterd.log" 2>&1
	) &
	SUPERVISOR=$!
	meet || return
	for name; do
		ctl wait "$name" --timeout "$((10 * TIME_SCALE))s" >/dev/null || return
	done
}
group_of() { sed -n 's/^0:://p' "/proc/$1/cgroup"; }
cells() { find "$group" -mindepth 1 -maxdepth 1 -type d ! -name supervisor -printf '%f\n' | sort; }
cells_are() { equal "$(cells | sed 's/[0-9]*$//' | tr '\n' ' ')" "$1"; } # without their numbers
worker() { pids "$1" | sed -n "${2:-1}p"; }

# Its helper leads a session of its own, so that nothing but the group tells whose it is.
cat >"$HOUSE/parent.sh" <<-'END'
	#!/bin/bash
	setsid sleep 1000 </dev/null >/dev/null 2>&1 &
	echo $! >>"$HELPERS"
	if [ "$1" = leave ]; then sleep 0.3; exit 0; fi
	exec sleep 1000
END
chmod +x "$HOUSE/parent.sh"
parent() { # NAME SETTINGS WORD
	printf '{ name = "%s"; command = [ "%s", "%s" ]; env = { HELPERS = "%s"; };
		ready = { exec = "50ms"; }; %s }' "$1" "$HOUSE/parent.sh" "$3" "$HOUSE/helpers.$1" "$2"
}
helper() { tail -n 1 "$HOUSE/helpers.$1"; }

apps "$(w_app web 2 "$TCP $QUICK")" "$(parent mother "$QUICK" stay)" | config
check "it starts" supervise_there web mother
main=$(query .supervisor.pid)
check "the supervisor sits in a leaf" equal "$(group_of "$main")" "/${group#"$mount/"}/supervisor"
check "each worker has a group" cells_are "mother.0. web.0. web.1. "
first=$(worker web)
check "it is in it" eval '[[ $(group_of $first) == */web.[01].* ]]'
check "what it started is in it, too" equal "$(group_of "$(helper mother)")" "$(group_of "$(worker mother)")"

check "a reload succeeds" ctl reload
check "it leaves one group a worker" within 5 cells_are "mother.0. web.0. web.1. "
check "others than before" not grep -qx "$(basename "$(group_of "$first")")" <(cells)

# ---- what it started ends with it ----

helper=$(helper mother)
check "a helper in a session of its own runs" kill -0 "$helper"
kill -KILL "$(worker mother)"
check "it ends with a worker that is killed" within 5 gone "$helper"
ready_again() { ready_are mother 1 && [ "$(helper mother)" != "$helper" ]; }
check "which is replaced" within 10 ready_again
helper=$(helper mother)
check "a stop ends it" ctl stop mother
check "and its helper" within 5 gone "$helper"
check "and its group" within 5 cells_are "web.0. web.1. "

apps "$(w_app web 2 "$TCP $QUICK")" "$(parent leaver "restart = { when = \"never\"; };" leave)" | config
ctl reload >/dev/null
one_has_left() { [ "$(app leaver '.workers[0].last_exit.code')" = 0 ]; }
check "a worker leaves by itself" within 10 one_has_left
check "its helper ends with it" within 5 gone "$(helper leaver)"
check "and its group" within 5 cells_are "web.0. web.1. "

# ---- a supervisor that dies ----

before=$(pids_by_slot web) cells=$(cells)
kill -KILL "$INNER"
succeeded() { local now; now=$(query .supervisor.pid) && [ "$now" != "$INNER" ]; }
check "a supervisor that is killed has a successor" within 10 succeeded
INNER=$(query .supervisor.pid)
main=$INNER
check "who takes the workers over" equal "$(pids_by_slot web)" "$before"
check "in the groups where they are" equal "$(cells)" "$cells"
check "and sits in the leaf" equal "$(group_of "$INNER")" "/${group#"$mount/"}/supervisor"
first=$(worker web)
kill -KILL "$first"
replaced() { ready_are web 2 && [ "$(worker web)" != "$first" ]; }
check "one of them that dies is replaced" within 10 replaced
check "its group goes with it" within 5 cells_are "web.0. web.1. "

# ---- bounds ----

oom() { app "$1" '[.workers[] | select(.last_exit) | .last_exit.oom] | unique | @csv'; }
check "who left was not short of memory" equal "$(oom leaver)" false
apps "$(w_app web 2 "$TCP $QUICK cgroup = { memory_max = \"64M\"; memory_high = \"60M\";
	cpu_max = 150; cpu_weight = 50; pids_max = 20; };")" | config
before=$(pids web)
check "changed bounds are a roll" says "cgroup" ctl plan
check "they are applied" ctl reload
check "to new workers" not equal "$(pids web)" "$before"
check "they are shown" eval 'ctl show web --json | json ".apps[0].cgroup == {memory_max: 67108864,
	memory_high: 62914560, cpu_max: 150, cpu_weight: 50, pids_max: 20}"'
bound() { cat "$group/$(basename "$(group_of "$(worker web)")")/$1"; }
events() { ctl events web --no-follow -n 512; }
has() { grep -qw "$1" "$group/cgroup.controllers"; }
for row in memory:memory.max:67108864 memory:memory.high:62914560 cpu:cpu.max:"150000 100000" \
	cpu:cpu.weight:50 pids:pids.max:20; do
	IFS=: read -r controller file wanted <<<"$row"
	if has "$controller"; then
		check "$file is in force" equal "$(bound "$file")" "$wanted"
	else
		skip "$file is in force" "cgroup2 has no $controller controller here"
	fi
done
if has memory && has cpu && has pids; then
	check "nothing is said to be missing" not says "not in force" events
else
	check "what is not in force is told" says "is not in force" events
fi

# ---- memory runs out ----

if has memory; then
	cat >"$HOUSE/hog.sh" <<-'END'
		#!/bin/bash
		if [ "$CLUSTER_SLOT" = 0 ]; then sleep 1; exec tail /dev/zero; fi
		exec sleep 1000
	END
	chmod +x "$HOUSE/hog.sh"
	printf 'apps = ( { name = "hog"; command = [ "%s" ]; instances = 2; ready = { exec = "100ms"; };
		restart = { when = "never"; }; cgroup = { memory_max = "32M"; }; } );' "$HOUSE/hog.sh" | config
	ctl reload >/dev/null
	other=$(app hog '.workers[1].pid')
	ran_out() { equal "$(app hog '.workers[0].last_exit.oom')" true; }
	check "a worker that takes more memory than it may is killed, and said to be" within 30 ran_out
	check "with words" says "for want of memory" ctl show hog
	check "the other one is unharmed" equal "$(app hog '.workers[1].pid')" "$other"
	check "and so is the supervisor" equal "$(query .supervisor.pid)" "$main"
else
	skip "a worker that takes more memory than it may is killed" \
		"cgroup2 has no memory controller here"
fi

# ---- what others left, where there is none ----

retire >/dev/null
check "nothing but the leaf is left" cells_are ""
mkdir "$group/web.0.7"
sleep 1000 &
stray=$!
echo "$stray" >"$group/web.0.7/cgroup.procs"
check "it starts once more" supervise_there
check "whom nobody knows is ended" within 5 gone "$stray"
retire >/dev/null
check "its group is removed, in the end at the latest" cells_are ""
wait "$stray" 2>/dev/null
apps "$(w_app web 1 "$TCP cgroup = { memory_max = \"64M\"; };")" | config
check "where others live, it divides nothing" supervise web
check "the worker lives where it does" equal \
	"$(group_of "$(worker web)")" "$(group_of "$(query .supervisor.pid)")"
check "what cannot be bounded is told" says "cgroup.memory_max is not in force" events
check "whether memory ran out is not known" equal "$(query '.apps[0].workers[0].last_exit.oom')" null
check "it stops" retire
