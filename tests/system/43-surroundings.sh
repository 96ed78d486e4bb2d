#!/usr/bin/env bash
# Where the supervisor keeps its things, and what of its own surroundings workers see.
. "$(dirname "$0")/lib.sh"

# ---- who began us means us, not our workers ----

apps "$(w_app web 1 "$TCP")" \
	"{ name = \"plain\"; command = [ \"sleep\", \"1d\" ]; heartbeat = false; ready = { exec = \"50ms\"; }; }" | config
export NOTIFY_SOCKET=$HOUSE/of-another WATCHDOG_USEC=1234567 WATCHDOG_PID=1 \
	LISTEN_FDS=5 LISTEN_PID=1 LISTEN_FDNAMES=of-another NGINX=9 CLUSTER_APP=of-another CLUSTER_SLOT=77 \
	NODE_CHANNEL_FD=3 LD_PRELOAD_OF_ANOTHER=x
check "a supervisor in the surroundings of somebody's worker" supervise web plain
unset NOTIFY_SOCKET WATCHDOG_USEC WATCHDOG_PID LISTEN_FDS LISTEN_PID LISTEN_FDNAMES NGINX \
	CLUSTER_APP CLUSTER_SLOT NODE_CHANNEL_FD LD_PRELOAD_OF_ANOTHER
of() { tr '\0' '\n' <"/proc/$(pids "$1")/environ" | sed -n "s/^$2=//p"; } # APP NAME
check "L38 a worker's notify socket is its own" eval \
	'case $(of web NOTIFY_SOCKET) in "$CLUSTERD_HOME"/run/notify/*) ;; *) false ;; esac'
check "L38 the descriptors it is lent are its own" equal \
	"$(of web LISTEN_FDS) $(of web LISTEN_PID) $(of web LISTEN_FDNAMES)" "1 $(pids web) $(of web LISTEN_FDNAMES)"
check "L38 their names, too" not says of-another of web LISTEN_FDNAMES
check "L38 its beats are asked of it by name" equal "$(of web WATCHDOG_PID)" "$(pids web)"
check "L38 as often as its app says" not equal "$(of web WATCHDOG_USEC)" 1234567
check "it knows whose it is" equal "$(of web CLUSTER_APP).$(of web CLUSTER_SLOT)" web.0
leaked() { tr '\0' '\n' <"/proc/$(pids "$1")/environ" | grep -E 'of-another|^NODE_CHANNEL|=77$|^LD_PRELOAD_OF'; }
check "L38 nothing of what was meant for the supervisor is left" eval '! leaked web && ! leaked plain'
check "L38 a worker without sockets is told of none" equal "$(of plain LISTEN_FDS)$(of plain LISTEN_PID)" ""
check "L38 one that need not beat is not asked to" equal "$(of plain WATCHDOG_USEC)" ""
retire

# ---- places ----

# other_home SENTENCE ENVIRONMENT... -- WORDS...: a supervisor with these, asked by its socket.
there=$HOUSE/there
mkdir -p "$there"
untouched() { equal "$(find "$HOUSE/home" -newer "$HOUSE/mark" | head -n 5)" ""; }
apps "$(w_app web 1 "$TCP")" >"$there/cluster.conf"
: >"$HOUSE/mark"
"$BUILD/clusterd" --home "$there" >>"$HOUSE/clusterd.log" 2>&1 &
SUPERVISOR=$!
at() { CLUSTERD_HOME=$there ctl "$@"; }
check "F7 --home wins over CLUSTERD_HOME" within 10 at wait web --timeout 5s
check "F7 clusterctl finds it by its socket, wherever that is" ctl --socket "$there/run/control.sock" ping
check "F7 what it keeps is there" eval '[ -S "$there/run/control.sock" ] && [ -d "$there/log" ]'
check "F7 and nothing elsewhere" untouched
check "F7 without a word of it nobody is found" exits 3 ctl ping
retire

# A configuration named on the command line, the rest at home.
cp "$there/cluster.conf" "$HOUSE/named.conf"
rm -f "$CLUSTERD_HOME/cluster.conf"
"$BUILD/clusterd" -c "$HOUSE/named.conf" >>"$HOUSE/clusterd.log" 2>&1 &
SUPERVISOR=$!
check "F7 -c names the configuration" within 10 ctl wait web --timeout 5s
check "F7 and show tells it" says "$HOUSE/named.conf:1" ctl show web
retire

# As a user without CLUSTERD_HOME: where the desktop's rules say.
as=()
if [ "$(id -u)" = 0 ]; then
	uid=$((200000 + $$ % 100000))
	as=(setpriv --reuid "$uid" --regid "$uid" --clear-groups)
	chmod 755 "$HOUSE"
fi
if [ ${#as[@]} -gt 0 ] && ! "${as[@]}" test -x "$BUILD/clusterd"; then
	skip "F7 a user's own places" "another user cannot read $BUILD"
	exit
fi
mine=$HOUSE/mine
mkdir -p "$mine"/{run,config/clusterd,state,home}
sed "s|\"--log\", \"[^\"]*\"|\"--mute\"|" "$there/cluster.conf" >"$mine/config/clusterd/cluster.conf"
chmod 644 "$mine/config/clusterd/cluster.conf"
[ ${#as[@]} -eq 0 ] || chown -R "$uid" "$mine"
user() {
	"${as[@]}" env -u CLUSTERD_HOME HOME="$mine/home" XDG_RUNTIME_DIR="$mine/run" \
		XDG_CONFIG_HOME="$mine/config" XDG_STATE_HOME="$mine/state" HOUSE="$HOUSE" "$@"
}
# In the background of its own, as a user does it.
check "F7 a user starts one" user "$BUILD/clusterctl" start
check "F7 it is a user's own" user "$BUILD/clusterctl" wait web --timeout 10s
check "F7 its sockets are in XDG_RUNTIME_DIR" test -S "$mine/run/clusterd/control.sock"
check "F7 its logs in XDG_STATE_HOME" test -d "$mine/state/clusterd/log"
check "F7 and nothing at home" equal "$(find "$mine/home" -mindepth 1)" ""
check "F7 it ends" user "$BUILD/clusterctl" shutdown
check "F7 and leaves no socket" within 5 equal "$(find "$mine/run" -type s)" ""
