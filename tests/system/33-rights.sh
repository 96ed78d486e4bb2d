#!/usr/bin/env bash
# Workers as other users, within limits: what was configured is what the kernel says of them,
# what cannot be had is a reason in words, and nothing of the supervisor's own rights leaks.

# With a list of groups of our own, in a mount namespace of our own.
if [ "$(id -u)" = 0 ] && [ -z "${OWN_MOUNTS:-}" ] && unshare -m true 2>/dev/null; then
	OWN_MOUNTS=1 exec unshare -m "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"

ulimit -Sn 512 # below what the supervisor can have
chmod 755 "$HOUSE" "$CLUSTERD_HOME" # others come in
SLEEP='command = [ "sleep", "1d" ]; cwd = "/"; ready = { exec = "50ms"; };'
sleeper() { # NAME INSTANCES SETTINGS
	printf '{ name = "%s"; instances = %s; %s %s }' "$1" "$2" "$SLEEP" "$3"
}

# of PID NAME: a line of the kernel's word on a process, blanks as one.
of() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" | tr -s '[:blank:]' ' ' | sed 's/ $//'; }
limit() { # PID NAME: soft and hard
	sed -n "s/^$2  *\([^ ]*\)  *\([^ ]*\) .*/\1 \2/p" "/proc/$1/limits"
}
of_environment() { tr '\0' '\n' <"/proc/$1/environ" | sed -n "s/^$2=//p"; }
worker() { pids "$1" | sed -n "${2:-1}p"; }

all_settings='umask = "0027"; nice = 5; oom_score_adj = 700; affinity = "auto";
	limits = { nofile = "1234:2345"; core = 0; cpu = "1h"; stack = "4M"; };'

checks_of_any_user() {
	local first second cpus
	first=$(worker every) second=$(worker every 2)
	check "the umask is the configured one" equal "$(of "$first" Umask)" 0027
	check "nice is" equal "$(ps -o ni= -p "$first" | tr -d ' ')" 5
	check "the OOM score is" equal "$(cat "/proc/$first/oom_score_adj")" 700
	check "limits are, soft and hard" equal "$(limit "$first" 'Max open files')" "1234 2345"
	check "limits with units are" equal \
		"$(limit "$first" 'Max cpu time') $(limit "$first" 'Max stack size')" \
		"3600 3600 4194304 4194304"
	cpus=$(taskset -cp $$ | sed 's/.*: //')
	if [[ $cpus == *[,-]* ]]; then
		check "each slot has a CPU of its own" not equal \
			"$(of "$first" Cpus_allowed_list)" "$(of "$second" Cpus_allowed_list)"
	fi
	check "and one only" not grep -q '[,-]' <<<"$(of "$second" Cpus_allowed_list)"
	check "an app without any of these has what the supervisor began with" equal \
		"$(limit "$(worker plain)" 'Max open files')" "$(limit $$ 'Max open files')"
	check "show says so as JSON" json '.apps[0] | .umask == "0027" and .nice == 5 and
		.oom_score_adj == 700 and .affinity == "auto" and .limits.nofile == "1234:2345" and
		.limits.cpu == "3600" and .limits.as == null' <<<"$(ctl show every --json)"
	check "and to people" says "nofile=1234:2345" ctl show every
}

# ---- as root ----

supervise_as() { # COMMAND-BEFORE CLUSTERD...
	"$@" "$BUILD/clusterd" >>"$HOUSE/clusterd.log" 2>&1 &
	SUPERVISOR=$!
	meet
}

free_low_port() {
	local port
	for port in {1023..900}; do
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	done
	echo "$port"
}

as_root() {
	local uid gid pid port groups
	uid=$(id -u www-data) gid=$(id -g www-data)
	groups=$gid
	port=$(free_low_port)
	sed '/^clusterd-test:/d' /etc/group >"$HOUSE/group"
	echo "clusterd-test:x:64242:www-data" >>"$HOUSE/group"
	if [ -n "${OWN_MOUNTS:-}" ] && mount --bind "$HOUSE/group" /etc/group; then
		groups="$gid 64242"
	fi
	mkdir -m 0700 "$HOUSE/closed" "$HOUSE/theirs"
	chown www-data "$HOUSE/theirs"

	apps "$(sleeper every 2 "user = \"www-data\"; $all_settings")" "$(sleeper plain 1 '')" \
		"$(sleeper numbers 1 "user = $uid; group = 64243; no_new_privileges = false;")" \
		"$(sleeper theirs 1 "user = \"www-data\"; cwd = \"$HOUSE/theirs\";" | sed 's|cwd = "/";||')" \
		"$(http_app low 2 "user = \"www-data\"; listen = [ \"127.0.0.1:$port\" ];
			cwd = \"/\"; ready = { timeout = \"9s\"; };")" | config
	check "apps of many users start" supervise every plain numbers theirs low
	pid=$(worker every)
	check "the worker is that user, for good" equal "$(of "$pid" Uid)" "$uid $uid $uid $uid"
	check "with its group" equal "$(of "$pid" Gid)" "$gid $gid $gid $gid"
	check "and all groups it is in" equal "$(of "$pid" Groups)" "$groups"
	check "it gets no new privileges" equal "$(of "$pid" NoNewPrivs)" 1
	check "it has no capability left" equal "$(of "$pid" CapPrm) $(of "$pid" CapInh)" \
		"0000000000000000 0000000000000000"
	check "it is at home where that user is" equal \
		"$(of_environment "$pid" HOME) $(of_environment "$pid" USER) $(of_environment "$pid" LOGNAME)" \
		"$(getent passwd www-data | cut -d: -f6) www-data www-data"
	check "by numbers, with a group of another's" equal \
		"$(of "$(worker numbers)" Uid) $(of "$(worker numbers)" Gid)" \
		"$uid $uid $uid $uid 64243 64243 64243 64243"
	check "new privileges may be allowed" equal "$(of "$(worker numbers)" NoNewPrivs)" 0
	check "a directory that only the user may enter is entered" equal \
		"$(readlink "/proc/$(worker theirs)/cwd")" "$HOUSE/theirs"
	check "without a user it is root" equal "$(of "$(worker plain)" Uid)" "0 0 0 0"
	checks_of_any_user
	check "show names the user" json '.apps[0] | .user == "www-data" and .group == null and
		.no_new_privileges' <<<"$(ctl show every --json)"

	check "a port below 1024 is served" says "" fetch "$port" /
	check "by workers that could not have bound it" equal \
		"$(of "$(worker low)" Uid)" "$uid $uid $uid $uid"
	check "and that say READY" equal "$(app low .state)" online

	# L7: another generation, other limits; nothing of the old ones stays.
	apps "$(sleeper every 2 "user = \"www-data\"; limits = { nproc = 4321; };")" \
		"$(sleeper plain 1 "limits = { nofile = 77; };")" | config
	check "L7 a reload with other limits" ctl reload
	pid=$(worker every)
	check "L7 what is gone from the file is as it was in the beginning" equal \
		"$(limit "$pid" 'Max open files')" "$(limit $$ 'Max open files')"
	check "L7 what is new is there" equal "$(limit "$pid" 'Max processes')" "4321 4321"
	check "L7 for each app its own" equal "$(limit "$(worker plain)" 'Max open files')" "77 77"
	check "L7 nice, umask and CPUs are the supervisor's again" equal \
		"$(ps -o ni= -p "$pid" | tr -d ' ') $(of "$pid" Umask) $(of "$pid" Cpus_allowed_list)" \
		"$(ps -o ni= -p "$INNER" | tr -d ' ') $(of "$INNER" Umask) $(of "$INNER" Cpus_allowed_list)"
	check "plan names what would change" eval 'sed -i "s/4321/4322/" "$CLUSTERD_HOME/cluster.conf" &&
		says limits ctl plan'

	failing "a cwd that the user may not enter" "user = \"www-data\"; cwd = \"$HOUSE/closed\";" \
		"cannot change directory to $HOUSE/closed: Permission denied"
	failing "more files than the kernel allows anybody" 'cwd = "/"; limits = { nofile = "2000000000"; };' \
		"cannot apply limits.nofile: Operation not permitted"
	failing "a user without an entry and group" 'cwd = "/"; user = "3999999999";' "set group, too"

	retire
	by_itself "$port"
	shielded
	capable "$port"
}

# A program that binds its port itself, as a user that may not: what the configuration names
# it gets through clusterd, and nothing else.
by_itself() { # PORT
	if [ ! -x /usr/bin/python3 ]; then
		skip "a program that binds its port itself" "no python3 here"
		return
	fi
	python() { # NAME PORT SETTINGS
		printf '{ name = "%s"; user = "www-data"; cwd = "/"; instances = 2; restart = { max = 2; };
			command = [ "/usr/bin/python3", "-m", "http.server", "--bind", "127.0.0.1", "%s" ]; %s }' "$@"
	}
	apps "$(python named "$1" "listen = [ \"127.0.0.1:$1\" ];")" | config
	check "a program that binds a low port itself, as www-data" supervise named
	check "is served that port" within 10 fetch "$1" / -o /dev/null
	apps "$(python unnamed "$(($1 - 1))" '')" >"$HOUSE/unnamed.conf"
	check "where nobody allowed it, it is refused" exits 1 ctl start "$HOUSE/unnamed.conf"
	check "as the kernel would have" grep -q 'Permission denied' "$CLUSTERD_HOME/log/unnamed-err.log"
	retire
}

# What protects the supervisor when memory runs out is not for its workers.
shielded() {
	if ! choom -n -500 -- true 2>/dev/null; then
		skip "a shielded supervisor" "this root may not lower an OOM score"
		return
	fi
	apps "$(sleeper plain 1 '')" "$(sleeper kept 1 'oom_score_adj = -100;')" | config
	check "a supervisor that is shielded" supervise_as choom -n -500 --
	check "and starts" ctl wait all --timeout 10s
	check "does not shield its workers" equal "$(cat "/proc/$(worker plain)/oom_score_adj")" 0
	check "unless they are to be" equal "$(cat "/proc/$(worker kept)/oom_score_adj")" -100
	retire
}

# One that is not root but may bind low ports: its workers may not.
capable() { # PORT
	rm -rf "$CLUSTERD_HOME"
	install -d -o nobody "$CLUSTERD_HOME"
	apps "$(http_app low 2 "listen = [ \"127.0.0.1:$1\" ]; cwd = \"/\";")" | config
	check "a supervisor that may bind low ports and no more" supervise_as setpriv \
		--reuid nobody --regid nogroup --clear-groups \
		--inh-caps +net_bind_service --ambient-caps +net_bind_service
	check "binds one" ctl wait low --timeout 10s
	check "which its workers serve" says "" fetch "$1" /
	check "without that capability" equal "$(of "$(worker low)" CapAmb) $(of "$(worker low)" CapPrm)" \
		"0000000000000000 0000000000000000"
	check "and the supervisor still has it" not equal "$(of "$INNER" CapAmb)" 0000000000000000
	retire
}

failing() { # WHAT SETTINGS TEXT
	apps "{ name = \"bad\"; command = [ \"sleep\", \"1d\" ]; $2 }" >"$HOUSE/bad.conf"
	chmod 644 "$HOUSE/bad.conf"
	check "$1: the start fails" exits 1 ctl start "$HOUSE/bad.conf"
	check "$1: the reason is told" says "$3" eval 'ctl start "$HOUSE/bad.conf"; ctl show bad'
	ctl stop bad >/dev/null 2>&1
}

refused() { # WHAT SETTINGS TEXT
	apps "$(sleeper bad 1 "$2")" >"$HOUSE/refused.conf"
	check "$1 is exit 2" exits 2 ctl check "$HOUSE/refused.conf"
	check "$1 is told with its line" says "$3" ctl check "$HOUSE/refused.conf"
}

# ---- as anybody else ----

as_user() {
	local uid
	uid=$(id -u)
	apps "$(sleeper every 2 "user = $uid; $all_settings")" "$(sleeper plain 1 '')" | config
	check "who is not root may name himself" supervise every plain
	check "and is himself" equal "$(of "$(worker every)" Uid)" "$uid $uid $uid $uid"
	checks_of_any_user
	refused "another user" 'user = "root";' \
		"refused.conf:1: bad.user: only root can start workers as another user"
	refused "another group" 'group = "root";' \
		"refused.conf:1: bad.group: only root can start workers with another group"
	failing "more than the hard limit" 'cwd = "/"; limits = { nofile = "2000000000"; };' \
		"limits.nofile: only root can raise it above the hard limit of"
	if [ "$(ulimit -e)" = 0 ]; then
		failing "a better place in the queue" 'cwd = "/"; nice = -5;' \
			"cannot apply nice: setpriority: Permission denied"
	else
		skip "a better place in the queue" "this user may be nicer than others"
	fi
}

refused "F9 an unknown user" 'user = "no-such-user";' \
	'refused.conf:1: bad.user: no such user: "no-such-user"'
refused "F9 an unknown group" 'group = "no-such-group";' \
	'refused.conf:1: bad.group: no such group: "no-such-group"'
if [ "$(id -u)" != 0 ]; then
	skip "users, ports and capabilities" "needs root"
	as_user
	exit
fi
as_root
if setpriv --reuid nobody --regid nogroup --clear-groups test -x "$BUILD/clusterd"; then
	check "the same as a user who is not root" setpriv --reuid nobody --regid nogroup \
		--clear-groups env -u CLUSTERD_HOME -u HOUSE "$0"
	grep -E '^(not )?ok|^#|^skip' "$HOUSE/check"
else
	skip "the same as a user who is not root" "nobody cannot read $BUILD"
fi
