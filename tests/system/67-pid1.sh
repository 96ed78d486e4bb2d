#!/bin/bash
# clusterd as PID 1 of a container: another user or root, no capabilities, no new privileges,
# nothing to write but /run; it starts, reloads, scales and stops there, reaps who is nobody's,
# logs to stdout, and says by its exit code how all ended.
. "$(dirname "$0")/lib.sh"

refusal() {
	[ "$(id -u)" = 0 ] || { echo "needs root" && return; }
	unshare --mount --pid --fork --propagation private mount -t tmpfs none /mnt \
		>/dev/null 2>&1 || { echo "no namespaces here" && return; }
	return 1
}
why=$(refusal) && {
	skip "clusterd as PID 1" "$why"
	exit
}

# contain UID CONFIG: clusterd in a container; sets `container`, whose exit code is its.
# shellcheck disable=SC2016 # for the shell inside
inside='
	set -e
	root=$1/root uid=$2
	mkdir -p "$root"
	mount --bind / "$root"
	mount -o remount,bind,ro "$root"
	mount -t proc proc "$root/proc"
	mount --rbind /dev "$root/dev"
	mount --bind "$3" "$root/opt"
	mount -o remount,bind,ro "$root/opt"
	mount --bind "$1/etc" "$root/mnt"
	mount -o remount,bind,ro "$root/mnt"
	mount -t tmpfs -o mode=0755 none "$root/run"
	mkdir -m 0700 "$root/run/clusterd"
	chown "$uid:$uid" "$root/run/clusterd"
	mount -t tmpfs -o ro none "$root/tmp"
	exec chroot "$root" env -i PATH=/usr/bin:/bin HOUSE="$1" CLUSTERD_HOME=/run/clusterd \
		setpriv --reuid "$uid" --regid "$uid" --clear-groups --bounding-set=-all \
		--inh-caps=-all --no-new-privs /opt/clusterd -c /mnt/cluster.conf
'
begin() { # UID
	: >"$HOUSE/out"
	unshare --mount --pid --fork --kill-child --propagation private \
		sh -c "$inside" sh "$HOUSE" "$1" "$BUILD" >"$HOUSE/out" 2>&1 &
	container=$!
	init=
	within 5 found_init
}
found_init() { # the process that is PID 1 there
	init=$(pgrep -P "$container" | head -n 1) && [ -n "$init" ] &&
		grep -q clusterd "/proc/$init/comm"
}
on() {
	"$BUILD/clusterctl" "$@" --socket "/proc/$init/root/run/clusterd/run/control.sock"
}
up() { on ping && on wait web --timeout "$((10 * TIME_SCALE))s"; }
of() { on list --json | jq -r ".apps[] | select(.name == \"$1\") | $2"; }
ended() { # its exit code, as a container engine sees it
	within 20 gone "$container" || kill -KILL "$init"
	wait "$container"
}
mkdir "$HOUSE/etc" && chmod 755 "$HOUSE" "$HOUSE/etc"
configure() { # SETTINGS APP...
	local settings=$1
	shift
	{
		echo "supervisor: { $settings };"
		apps "$@"
	} >"$HOUSE/etc/cluster.conf"
	chmod 644 "$HOUSE/etc/cluster.conf"
}
log='log = { to = "inherit"; };'
admin="{ name = \"admin\"; command = [ \"cluster-worker\", \"--admin\" ]; control = \"read\";
	listen = \"127.0.0.1:0\"; $log }"
# Its orphans lose their parent at once, and end later; they have a session of their own.
mother="{ name = \"mother\"; $log ready = { exec = \"100ms\"; }; command = [ \"sh\", \"-c\",
	\"echo I am a mother; for i in 1 2 3; do (setsid sleep 0.1 &); done; exec sleep 1000\" ]; }"
web="$(http_app web 2 "$TCP $QUICK $log")"

zombies() { # of that PID namespace
	local child
	for child in $(pgrep --ns "$init" --nslist pid .); do
		grep -l '^State:.Z' "/proc/$child/status" 2>/dev/null
	done
	return 0
}
no_zombie() { equal "$(zombies)" ""; }
status() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$init/status"; }
reaped() { [ "$(pgrep -c --ns "$init" --nslist pid -x sleep)" = 1 ] && no_zombie; }

for uid in 65534 0; do
	echo "# as user $uid"
	configure 'exit_when = "all-ended";' "$web" "$admin" "$mother"
	begin "$uid"
	check "a container starts" within 10 up
	check "clusterd is PID 1 there" equal "$(status NSpid | awk '{ print $NF }')" 1
	check "it has no capabilities, nor can it get any" equal \
		"$(status CapEff) $(status CapBnd) $(status NoNewPrivs)" \
		"0000000000000000 0000000000000000 1"
	check "and nothing to write to but /run" not touch "/proc/$init/root/file"
	port=$(of web '.listen[0]' | sed 's/.*://')
	admin_port=$(of admin '.listen[0]' | sed 's/.*://')
	check "it serves" fetch "$port" /_test/id
	check "probes are answered" within 10 fetch "$admin_port" /readyz -f
	check "workers log to its stdout" within 5 grep -q "^I am a mother" "$HOUSE/out"
	check "who lost his parent is reaped" within 10 reaped

	before=$(of web '[.workers[].pid] | @csv')
	check "it reloads" on reload web
	check "to other workers" not equal "$(of web '[.workers[].pid] | @csv')" "$before"
	check "it scales" on scale web 4
	check "to four" equal "$(of web .instances.ready)" 4
	generation=$(of web .generation)
	kill -HUP "$init"
	reloaded() { [ "$(of web .generation)" -gt "$generation" ] && up; }
	check "HUP reloads" within 20 reloaded
	kill -TTIN "$init"
	check "TTIN is one worker more" within 10 eval '[ "$(of web .instances.ready)" = 5 ]'
	check "nobody is a zombie" within 5 no_zombie
	workers=$(of web '[.workers[].pid] | @csv')
	# What that namespace calls its second process is the supervisor, child of its first.
	kill -KILL "$(pgrep -P "$init" -x clusterd)"
	check "a supervisor that was killed is replaced" within 10 up
	check "and its workers stay" equal "$(of web '[.workers[].pid] | @csv')" "$workers"
	check "the container, too" kill -0 "$container"
	fetch "$port" '/_test/sleep?ms=2000' >"$HOUSE/answer" &
	asked=$!
	check "a request is in flight" within 5 \
		eval '[ "$(of web "[.workers[].connections] | add")" = 1 ]'
	kill -TERM "$init"
	code=0
	ended || code=$?
	check "TERM ends it with 0" equal "$code" 0
	check "after the request in flight was answered" wait "$asked"
done

# ---- how all ended ----

job() { # NAME CODE RESTART [SETTINGS]
	printf '{ name = "%s"; %s command = [ "sh", "-c", "sleep 0.3; exit %d" ];
		ready = { exec = "100ms"; }; restart = { %s delay = "10ms"; }; }' \
		"$1" "$log ${4-}" "$2" "$3"
}
ends_with() { # CODE APP...
	local wanted=$1 code=0
	shift
	configure 'exit_when = "all-ended";' "$@"
	begin 65534
	ended || code=$?
	equal "$code" "$wanted" || {
		cat "$HOUSE/out"
		return 1
	}
}
once='when = "on-failure";'
check "I2 when every app has ended it ends with 10" ends_with 10 "$(job one 0 "$once")" \
	"$(job two 0 "$once")" "$admin"
check "a code that is as good as 0 counts as such" ends_with 10 \
	"$(job one 7 'stop_exit_codes = [ 7 ];')"
check "I2 where one failed it ends with 11" ends_with 11 "$(job one 0 "$once")" \
	"$(job two 3 "$once max = 2;")"
check "an app that was not started does not keep it" ends_with 10 "$(job one 0 "$once")" \
	"$(job two 0 "" 'autostart = false;')"
check "a configuration that is wrong is 2" ends_with 2 '{ name = "x"; }'

configure '' "$(job one 0 "$once")" "$web"
begin 65534
rests() { equal "$(of one .state)" stopped; }
check "while another app runs it stays" within 10 rests
check "and runs it" within 5 up
kill -QUIT "$init"
code=0
ended || code=$?
check "QUIT ends it at once" equal "$code" 0
