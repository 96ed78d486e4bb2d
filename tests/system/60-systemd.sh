#!/usr/bin/env bash
# The unit on a real systemd, in a container: start means ready, a reload that fails says
# so and harms nobody, stop answers what is in flight, and nothing is left behind.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/container.sh"

worker=/usr/local/libexec/clusterd/cluster-worker

refusal=$(container_refusal) && {
	skip "clusterd is a service of systemd" "$refusal"
	exit
}
container_prepare() {
	container_create && make --no-print-directory -C "$TOP" install DESTDIR="$container_root" &&
		container_boot
}
leave() {
	check "no process, mount or cgroup of the container is left" container_stop
	finish
}
trap leave EXIT
container_prepare >"$HOUSE/prepare.log" 2>&1 || {
	cat "$HOUSE/prepare.log" "$container_folder/console"
	skip "clusterd is a service of systemd" "the container does not boot; see above"
	exit
}

in_container() { container_run "$@"; }
unit() { in_container systemctl "$@" clusterd; }
unit_is() { equal "$(unit show -P "$1")" "$2"; } # PROPERTY VALUE
list() { in_container clusterctl list --json; }
main_pid() { unit show -P MainPID; }
worker_count() { in_container pgrep -c -x cluster-worker; }
get() { in_container curl -sS -f -m "$((20 * TIME_SCALE))" "http://127.0.0.1:8080$1"; }
journal_says() { says "$1" in_container journalctl -u clusterd --no-pager; }

configure() { # COMMAND, as the file has it [TIMEOUT]: of readiness
	cat >"$container_root/etc/clusterd/cluster.conf" <<-END
		apps = (
		  { name = "web"; command = [ $1 ]; instances = 2; listen = [ "127.0.0.1:8080" ];
		    ready = { on = "notify"; timeout = "${2-10s}"; }; reload = { settle = "100ms"; }; }
		);
	END
}
serving="\"$worker\", \"--test-endpoints\""
slow="\"/bin/sh\", \"-c\", \"sleep 1; exec $worker --test-endpoints\""

# ---- start ----

configure "$slow"
unit start &
starting=$!
check "the unit is activating while its workers are not ready" within 5 \
	unit_is ActiveState activating
check "systemctl start succeeds" wait $starting
check "active means that a request is answered" get /healthz
check "active means that every worker is ready" ready_are web 2
check "the status line tells how it goes" not unit_is StatusText ""

# ---- reload ----

configure "$serving"
main=$(main_pid)
before=$(pids web)
check "systemctl reload succeeds" unit reload
check "a reload replaces every worker" \
	equal "$(comm -12 <(echo "$before" | sort) <(pids web | sort))" ""
check "a reload keeps the supervisor" equal "$(main_pid)" "$main"

before=$(pids web)
configure '"/bin/false"'
check "systemctl reload fails when the new workers do" not unit reload
check "a failed reload keeps the old workers" equal "$(pids web)" "$before"
check "a failed reload leaves the unit active" unit_is ActiveState active
check "the journal says which app failed" journal_says web
entries() { in_container journalctl -q -o json --no-pager _SYSTEMD_UNIT=clusterd.service "$@"; }
entered() { entries "${@:2}" | jq -s . | json "$1"; } # CONDITION FIELD=VALUE...
check "the journal has events by field" entered \
	'length >= 2 and all(.[]; .CLUSTER_SLOT != null and .CLUSTER_GENERATION == "1"
		and .PRIORITY == "6" and .SYSLOG_IDENTIFIER == "clusterd" and (.CLUSTER_PID | tonumber) > 1)' \
	CLUSTER_EVENT=ready CLUSTER_APP=web CLUSTER_GENERATION=1
check "and by the identifier of their kind" entered 'length >= 1 and all(.[]; .CLUSTER_EVENT == "reverting")' \
	"MESSAGE_ID=$(printf org.clusterd.reverting | sha256sum | cut -c 1-32)"
check "an event is there once" equal "$(entries | jq -r .MESSAGE | grep -c '^clusterd .* runs in ')" 1
echo "apps = ( { name = 7; } );" >"$container_root/etc/clusterd/cluster.conf"
check "systemctl reload fails when the configuration is invalid" not unit reload
check "an invalid configuration changes nothing" equal "$(pids web)" "$before"
check "the journal says where the mistake is" journal_says "cluster.conf:1:"
configure "$serving"
check "systemctl reload succeeds once it is mended" unit reload

# ---- what workers write, in the journal ----

mkdir -p "$container_root/etc/clusterd/conf.d"
echo 'apps = ( { name = "talk"; instances = 2; heartbeat = false; log = { to = "journal"; };
	command = [ "/bin/sh", "-c", "echo said; echo complained >&2; exec sleep 1000" ]; } );' \
	>"$container_root/etc/clusterd/conf.d/talk.conf"
check "an app that logs to the journal is added" unit reload
written() { in_container journalctl -q -o json --no-pager CLUSTER_APP=talk CLUSTER_STREAM="$2" |
	jq -s 'map(select(has("CLUSTER_EVENT") | not))' | json "$1"; } # CONDITION STREAM
check "each line is an entry with app, slot and stream" within 5 written \
	'length == 2 and (map(.CLUSTER_SLOT) | sort) == ["0", "1"] and
		all(.[]; .MESSAGE == "said" and .PRIORITY == "6" and .SYSLOG_IDENTIFIER == "talk")' stdout
check "stderr has another priority" within 5 written \
	'length == 2 and all(.[]; .MESSAGE == "complained" and .PRIORITY == "3")' stderr
rm "$container_root/etc/clusterd/conf.d/talk.conf"
check "and is removed again" unit reload

# ---- stop with requests in flight ----

connections_are() {
	local count
	count=$(in_container ss -Htn state established '( dport = :8080 )' | wc -l)
	[ "$count" -ge "$1" ]
}
all_end_well() { # PID...
	local pid failures=0
	for pid; do
		wait "$pid" || failures=$((failures + 1))
	done
	equal "$failures failed: $(cat "$HOUSE"/slow.*.err)" "0 failed: "
}
clients=()
for client in 1 2 3 4 5 6 7 8; do
	get "/_test/sleep?ms=2000" >"$HOUSE/slow.$client" 2>"$HOUSE/slow.$client.err" &
	clients+=($!)
done
check "eight requests are in flight" within 10 connections_are 8
cgroup=$(unit show -P ControlGroup)
check "systemctl stop succeeds" unit stop
check "a stop answers what is in flight" all_end_well "${clients[@]}"
check "a stop is a success" unit_is Result success
check "clusterd exits with 0" unit_is ExecMainStatus 0
check "no worker is left" equal "$(worker_count)" 0
check "no cgroup is left" in_container test ! -e "/sys/fs/cgroup$cgroup"
check "no run directory is left" in_container test ! -e /run/clusterd

# ---- faults ----

echo "apps = 1;" >"$container_root/etc/clusterd/cluster.conf"
check "an invalid configuration does not start" not unit start
check "an invalid configuration is exit code 2" unit_is ExecMainStatus 2
check "an invalid configuration is not tried again" unit_is NRestarts 0

drop_in() { # SETTING...: the only ones beside the unit's own
	mkdir -p "$container_root/etc/systemd/system/clusterd.service.d"
	printf '%s\n' '[Service]' "$@" \
		>"$container_root/etc/systemd/system/clusterd.service.d/test.conf"
	in_container systemctl daemon-reload
}
drop_in TimeoutStartSec=1s TimeoutStopSec=1s Restart=no
configure "$slow"
check "a start may take as long as its apps may, whatever the unit allows" unit start
get "/_test/sleep?ms=3000" >"$HOUSE/slow.9" 2>"$HOUSE/slow.9.err" &
client=$!
check "a request is in flight that takes longer than the unit allows" within 10 connections_are 1
check "a stop may take as long as its drain may" unit stop
check "it answers the request" wait $client
check "and is a success" unit_is Result success
drop_in TimeoutStartSec=2s Restart=no
configure '"/bin/sleep", "600"' 1s
check "K30 a start whose workers never get ready fails" not unit start
check "K30 it fails by its timeout" unit_is Result timeout
check "K30 it leaves no worker" equal "$(in_container pgrep -c -x sleep)" 0

drop_in WatchdogSec=2s
configure "$serving"
check "it starts again after a mistake is mended" unit start
main=$(main_pid)
in_container pkill -KILL -o -x cluster-worker
one_was_replaced() { equal "$(app web .restarts)" 1 && ready_are web 2; }
check "a worker that is killed is replaced" within 5 one_was_replaced
check "the unit does not mind" unit_is MainPID "$main"
served_after_restart() { # COUNT
	unit_is NRestarts "$1" && unit_is ActiveState active && ready_are web 2
}
idle=$(now_ms)
still_watched() { unit_is NRestarts 0 && [ $(($(now_ms) - idle)) -gt 3000 ]; }
check "a supervisor that has nothing to do still feeds the watchdog" within 5 still_watched

# ---- a supervisor that dies ----

# From where the container's network is, as this machine's process.
load() { # NAME RATE
	nsenter --target "$container_init" --net -- "$BUILD/loadgen" --json --rate "$(scaled "$2")" \
		"127.0.0.1:8080" >"$HOUSE/load.$1" 2>"$HOUSE/load.$1.err" &
	loads[$1]=$!
}
generations() { app web '[.workers[] | .generation] | unique | @csv'; }
before=$(pids_by_slot web)
generation=$(generations)
load crash 500
main=$(main_pid)
check "K10 clusterctl upgrade" in_container clusterctl upgrade
check "K10 it is the same main process, with the same workers" equal \
	"$(main_pid) $(pids_by_slot web)" "$main $before"
check "K10 the unit is active" unit_is ActiveState active
check "K10 it knows of systemd's watchdog" says WATCHDOG_USEC= in_container \
	cat "/proc/$main/environ"
in_container kill -KILL "$(main_pid)"
check "K9 a supervisor that is killed is replaced" within 15 served_after_restart 1
check "K9 its successor takes over the same workers" equal "$(pids_by_slot web)" "$before"
check "K9 and their generation" equal "$(generations)" "$generation"
check "K9 there is one set of workers" equal "$(worker_count)" 2
kill -STOP "$(pgrep -P "$container_init" -x clusterd)"
check "a supervisor that hangs is replaced" within 15 served_after_restart 2
check "its successor takes over the same workers, too" equal "$(pids_by_slot web)" "$before"
check "there still is one set of workers" equal "$(worker_count)" 2
check "the load ends" load_end crash
check "K9 nobody noticed any of it" unharmed crash 100
check "the journal tells of it" entered 'length == 2' CLUSTER_EVENT=adopted
check "a reload goes on as before" unit reload
check "with other workers" equal "$(comm -12 <(tr , '\n' <<<"$before" | sort) <(pids web | sort))" ""
one_more_dies() {
	in_container pkill -KILL -o -x cluster-worker
	within 5 ready_are web 2
}
check "a worker of the successor's is replaced as before" one_more_dies

finding() { in_container clusterctl doctor --json | json ".findings[] | select(.check == \"$1\") | $2"; }
check "the doctor says that systemd keeps enough descriptors" \
	finding keeper '.level == "ok" and (.found | contains("systemd keeps 4096"))'
check "and that each worker has a control group" \
	finding "control groups" '.found | contains("one for each worker")'

# ---- stopped while it waits to be restarted ----

drop_in WatchdogSec=2s RestartSec=1h FileDescriptorStoreMax=4
check "the doctor says when it keeps too few" finding keeper '.level == "warning"'
drop_in WatchdogSec=2s RestartSec=1h
in_container kill -KILL "$(main_pid)"
waits() { unit_is SubState auto-restart; }
check "a supervisor that died is waited for" within 10 waits
check "its workers serve on" get /healthz
clients=()
for client in 1 2 3 4; do
	get "/_test/sleep?ms=2000" >"$HOUSE/slow.$client" 2>"$HOUSE/slow.$client.err" &
	clients+=($!)
done
check "four requests are in flight" within 10 connections_are 4
check "the unit is stopped while nobody supervises" unit stop
check "that answers what is in flight" all_end_well "${clients[@]}"
check "no worker is left then" equal "$(worker_count)" 0
check "nor who wrote their logs" not in_container pgrep -f cluster-logger
cgroup=/system.slice/clusterd.service
check "and nothing in the unit's group" not in_container grep -qs . \
	"/sys/fs/cgroup$cgroup/cgroup.procs"
drop_in WatchdogSec=2s
check "it starts again" unit start
check "and serves" get /healthz

# ---- what is left ----

in_container clusterctl start /bin/sh -n helper -- -c 'setsid sleep 4711 & exec sleep 1d' >/dev/null
helper() { in_container pgrep -f '^sleep 4711'; }
check "a worker starts something in a session of its own" within 5 helper
helper=$(helper)
check "each worker has a control group of its own" in_container \
	grep -q '/clusterd.service/helper.0.' "/proc/$helper/cgroup"
in_container pkill -KILL -f '^sleep 1d'
check "it ends with its worker" within 5 in_container test ! -e "/proc/$helper"
in_container clusterctl delete helper >/dev/null
in_container kill -KILL "$(main_pid)"
unit stop
check "a stop right after a crash leaves no worker" equal "$(worker_count)" 0
check "it starts after that" unit start
check "a shutdown by clusterctl ends the unit" in_container clusterctl shutdown
ended() { unit_is ActiveState inactive; }
check "and it is not started again" within 5 ended
check "nor failed" unit_is Result success

# ---- sockets from systemd ----

cat >"$container_root/etc/systemd/system/clusterd.socket" <<-END
	[Socket]
	ListenStream=127.0.0.1:8080
	ReusePort=yes
END
in_container systemctl daemon-reload
in_container systemctl start clusterd.socket
check "a request starts the service that is to answer it" get /healthz
check "the unit is active after it" unit_is ActiveState active
in_container systemctl stop clusterd.socket clusterd
check "the unit stops in order once more" unit_is Result success

# ---- what is ordered by hand ----

unit start
check "a program is started beside the unit's apps" \
	in_container clusterctl start /bin/sleep -n sleeper -- 1d
check "and kept where the unit has its state" in_container test -s /var/lib/clusterd/apps/sleeper.conf
in_container clusterctl scale web 3 >/dev/null
unit restart
check "it comes back with the unit" within 5 ready_are sleeper 1
check "as does what was scaled" ready_are web 3
check "the unit stops in order at the end" unit stop

# ---- startup and unstartup ----

enabled_is() { equal "$(in_container systemctl is-enabled "${2:-clusterd}" 2>/dev/null)" "$1"; }
startup() { in_container clusterctl startup "$@"; }
unstartup() { in_container clusterctl unstartup "$@"; }

check "startup finds the unit that was installed" says "is there already" startup
check "it has enabled it" enabled_is enabled
check "startup twice changes nothing" eval 'startup --json | json ".changed == false"'
check "unstartup disables it" unstartup
check "it is disabled" enabled_is disabled
check "but not removed, since startup did not write it" in_container \
	test -s /usr/local/lib/systemd/system/clusterd.service

mkdir -p "$container_root/srv/shop"
sed 's/8080/8081/' "$container_root/etc/clusterd/cluster.conf" >"$container_root/srv/shop/cluster.conf"
for_shop() { in_container env CLUSTERD_HOME=/srv/shop clusterctl "$@"; }
check "startup makes a unit for another home" for_shop startup --name shop
check "it is enabled" enabled_is enabled shop
check "it starts" in_container systemctl start shop
check "active means that it serves" in_container curl -sSf -m 10 http://127.0.0.1:8081/healthz
check "startup again sees no change" eval 'for_shop startup --name shop --json | json ".changed == false"'
check "unstartup says that it still runs" says "still runs" for_shop unstartup --name shop
check "it does" for_shop ping
check "its unit is removed" in_container test ! -e /etc/systemd/system/shop.service
check "it is stopped in order for all that" in_container systemctl stop shop
check "nothing of it runs" equal "$(worker_count)" 0

# ---- a unit of a user ----

as_person() {
	in_container setpriv --reuid 4242 --regid 4242 --clear-groups \
		env HOME=/home/person XDG_RUNTIME_DIR=/run/user/4242 "$@"
}
persons_unit() { as_person systemctl --user "$@" clusterd; }
persons_workers() { as_person clusterctl list --json | jq -r '.apps[0].workers[] | .pid'; }
persons_systemd() {
	in_container useradd -m -u 4242 person && in_container systemctl start user@4242.service &&
		as_person systemctl --user is-system-running
}
if persons_systemd >"$HOUSE/person.log" 2>&1; then
	check "startup --user enables a unit" as_person clusterctl startup --user
	check "it starts" persons_unit start
	check "and serves" get /
	before=$(persons_workers)
	check "its workers have control groups" says web.0. \
		in_container cat "/proc/$(head -n 1 <<<"$before")/cgroup"
	in_container kill -KILL "$(persons_unit show -P MainPID)"
	persons_again() { equal "$(persons_unit show -P NRestarts) $(persons_unit show -P ActiveState)" "1 active"; }
	check "its supervisor has a successor" within 15 persons_again
	check "who takes the workers over" equal "$(persons_workers)" "$before"
	check "it stops" persons_unit stop
	check "nothing of it runs" not in_container pgrep -u 4242 cluster
	check "unstartup --user disables it" as_person clusterctl unstartup --user
	check "it is disabled" equal "$(persons_unit is-enabled 2>/dev/null)" disabled
else
	cat "$HOUSE/person.log"
	skip "startup --user enables a unit" "the container has no systemd for users"
fi
