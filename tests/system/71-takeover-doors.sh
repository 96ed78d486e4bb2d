#!/usr/bin/env bash
# Programs that know nothing of us outlive the supervisor, too: their doors stay open, so
# that they live on, ask the next one for sockets, and are told to go by it.  And what
# happens when the state of a supervisor that died cannot be read.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/openers.sh"

supervisor() { query .supervisor.pid; }
die() {
	local before
	before=$(supervisor)
	kill -KILL "$before" || return
	within 10 eval "answers && [ \"\$(supervisor)\" != $before ]"
}
pids_of_all() { query '[.apps[].workers[] | select(.pid) | .pid] | @csv'; }

# Listens on a second port when it is told to (USR1).
cat >"$HOUSE/late.py" <<'END'
import signal, socket, sys
def listen(port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", int(port)))
    s.listen()
    return s
first = listen(sys.argv[1])
kept = []
signal.signal(signal.SIGUSR1, lambda *_: kept.append(listen(sys.argv[2])))
while True:
    peer, _ = first.accept()
    peer.sendall(b"here\n")
    peer.close()
END

cat >"$HOUSE/static.c" <<'END'
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <stdlib.h>
#include <unistd.h>
static int again;
static void on_usr1(int number) { again = number; }
static int listen_at(int port)
{
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&name, sizeof(name)) == -1 || listen(fd, 9) == -1)
		_exit(3);
	return fd;
}
int main(int count, char **word)
{
	struct sigaction action = {.sa_handler = on_usr1};
	int fd = listen_at(atoi(word[1])), peer;
	(void)count;
	sigaction(SIGUSR1, &action, NULL);
	for (;;) {
		peer = accept(fd, NULL, NULL);
		if (again) {
			again = 0;
			listen_at(atoi(word[2]));
		}
		if (peer == -1)
			continue;
		if (write(peer, "here\n", 5) != 5)
			_exit(4);
		close(peer);
	}
}
END

first=$(ports_in_a_row 4)
list="$(printf '{ name = "preload"; instances = 2; heartbeat = false; %s %s command = [ "python3", "%s", "%s", "%s" ]; }' \
	"$QUICK" "$listen" "$HOUSE/late.py" "$first" $((first + 1)))"
names="preload"
if cc -static -o "$HOUSE/static" "$HOUSE/static.c" 2>/dev/null; then
	list="$list, $(printf '{ name = "static"; instances = 2; heartbeat = false; %s %s adopt = "seccomp"; command = [ "%s", "%s", "%s" ]; }' \
		"$QUICK" "$listen" "$HOUSE/static" $((first + 2)) $((first + 3)))"
	names="$names static"
else
	skip "static programs" "no static libc here"
fi
if command -v node >/dev/null; then
	list="$list, $(printf '{ name = "node"; instances = 2; %s %s command = [ "node", "%s", "0" ]; }' \
		"$QUICK" "$listen" "$TOP/tests/system/workers/plain.mjs")"
	names="$names node"
else
	skip "Node.js apps" "no node here"
fi

printf 'apps = ( %s );\n' "$list" | config
# shellcheck disable=SC2086 # words
check "programs of all doors start" supervise $names
before=$(pids_of_all)
check "the supervisor dies, and another one answers" die
check "it dies again" die
check "all live on" equal "$(pids_of_all)" "$before"
check "the preloaded one answers" equal "$(answer 127.0.0.1 "$first")" here

listens_at() { app "$1" '.listen | join(" ")' | grep -q ":$2\\b"; }
asks() { # APP PORT: each of its workers asks for this one, now
	ctl signal USR1 "$1" >/dev/null
	answer 127.0.0.1 "$3" >/dev/null # wakes one that waits
	answer 127.0.0.1 "$3" >/dev/null
	within 5 listens_at "$1" "$2"
}
check "the preloaded one can still ask for a socket" asks preload $((first + 1)) "$first"
case $names in *static*)
	check "and the static one" asks static $((first + 3)) $((first + 2))
	;;
esac
case $names in *node*)
	check "Node's worker beats" within 5 eval \
		'[ "$(app node "[.workers[] | select(.heartbeat_age_ms < 1500)] | length")" = 2 ]'
	check "and serves" json '.pid' < <(fetch "$(port node)" /)
	;;
esac
for name in $names; do
	check "$name: a reload replaces all" ctl reload "$name" --timeout 60s
	check "$name: it is generation 2" equal "$(app "$name" '[.generation, .instances.running] | @csv')" "2,2"
done
check "none of those who were there is left" gone "$before"
retire

# ---- a state that nobody can read ----

apps "$(http_app web 3 "$TCP $QUICK")" | config
forget
check "three workers" supervise web
before=$(pids web)
port=$(port web)
apps "$(http_app web 3 "listen = [ \"127.0.0.1:$port\" ]; $QUICK")" | config
spoil() { # the memory of the state, as its keeper holds it
	local fd
	for fd in /proc/"$SUPERVISOR"/fd/*; do
		case $(readlink "$fd") in *clusterd-state*) printf x 1<>"$fd" && return ;; esac
	done
	return 1
}
if [ "$(id -u)" = 0 ]; then
	load_begin spoiled --rate "$(scaled 300)" --path /_test/id "127.0.0.1:$port"
	check "the state is spoiled, and its supervisor dies" eval 'spoil && die'
	check "the next one says so" within 5 says 'the state is broken' log_of_supervisor
	check "and starts from the configuration" within 10 ready_are web 3
	check "the old workers are told to go" within 10 gone "$before"
	check "on the same port" equal "$(port web)" "$port"
	check "the load is reported" load_end spoiled
	check "nobody was refused" load_shows spoiled '.refused == 0 and .ok > 0'
else
	skip "a spoiled state" "only root can reach it"
fi
