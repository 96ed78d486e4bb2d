#!/usr/bin/env bash
# Static programs load no library of ours; their bind() is met in the kernel.
. "$(dirname "$0")/lib.sh"

cat >"$HOUSE/static.c" <<'END'
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile sig_atomic_t ends;

static void on_term(int number)
{
	ends = number; /* after the request in hand */
}

static int open_port(int kind, int port)
{
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, kind, 0);

	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&name, sizeof(name)) == -1) {
		perror("bind");
		exit(3);
	}
	return fd;
}

int main(int count, char **word)
{
	int listener, peer;
	char text[1000];

	open_port(SOCK_DGRAM, 0);
	open_port(SOCK_STREAM, 0);
	if (count > 2)
		close(open_port(SOCK_STREAM, atoi(word[1])));
	listener = open_port(SOCK_STREAM, atoi(word[1]));
	listen(listener, 5);
	sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_term}, NULL);
	while (!ends && (peer = accept(listener, NULL, NULL)) >= 0) {
		if (read(peer, text, sizeof(text)) > 0) {
			sprintf(text, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
				"Connection: close\r\n\r\n%s\n", getenv("CLUSTER_SLOT"));
			write(peer, text, strlen(text));
		}
		close(peer);
	}
	return ends ? 0 : 4;
}
END
check "a static program is made" gcc -static -w -o "$HOUSE/static" "$HOUSE/static.c"

free_port() {
	python3 -c 'import random, socket
while True:
    port = random.randrange(20000, 32000)
    try:
        socket.socket().bind(("127.0.0.1", port))
        break
    except OSError:
        pass
print(port)'
}
listen='ready = { on = "listen"; timeout = "20s"; };'
static_app() { # NAME INSTANCES SETTINGS WORDS...
	local name=$1 instances=$2 settings=$3 words=
	shift 3
	for word; do words="$words, \"$word\""; done
	printf '{ name = "%s"; instances = %s; command = [ "%s"%s ]; heartbeat = false; %s %s }' \
		"$name" "$instances" "$HOUSE/static" "$words" "$QUICK" "$settings"
}
slots_at() { for _ in {1..20}; do fetch "$1" /; done | sort -u | paste -sd ' '; }

port=$(free_port)
apps "$(static_app web 2 "$listen" "$port")" | config
if ! supervise web && ctl show web | grep -q "cannot trap bind"; then
	skip "bind() of a static program" "no trap can be laid here"
	exit
fi
check "a static program starts in two slots" equal "$(app web '[.workers[].door] | unique | @csv')" \
	'"seccomp"'
check "both answer on the one port" equal "$(slots_at "$port")" "0 1"
check "its own UDP socket and its port 0 are left alone" equal "$(app web '.listen | @csv')" \
	"\"127.0.0.1:$port\""
load_begin web --rate "$(scaled 300)" --timeout 5s "127.0.0.1:$port"
for _ in 1 2 3; do check "it is reloaded under load" ctl reload; done
check "scaled up" ctl scale web 4
check "and down" ctl scale web 1
load_end web
check "no request failed" unharmed web "$(scaled 200)"
again_and_again() {
	local left=25
	while [ $((left--)) -gt 0 ]; do ctl restart web || return; done
}
check "three slots" ctl scale web 3
check "none that is born meets a socket of those who went" again_and_again
check "and one slot again" ctl scale web 1
kill -KILL "$(pids web)"
check "after a crash it serves again" within 5 eval '[ "$(slots_at "$port")" = 0 ]'
check "it can gain no privileges" grep -qE '^NoNewPrivs:\s1' "/proc/$(pids web)/status"

another=$(free_port)
apps "$(static_app again 2 "$listen" "$another" twice)" \
	"{ name = \"python\"; instances = 2; heartbeat = false; adopt = \"seccomp\"; $QUICK $listen
	command = [ \"$TOP/tests/system/workers/opener.py\", \"one\", \"$(free_port)\" ]; }" \
	"$(static_app lent 1 "$TCP ready = { on = \"exec\"; exec = \"100ms\"; };" "$(free_port)")" | config
check "others take its place" ctl reload
check "one that closes and opens its port again has it" equal "$(slots_at "$another")" "0 1"
check "whoever wants it has it for other programs, too" equal \
	"$(app python '[.workers[].door] | unique | @csv')" '"seccomp"'
check "where listen is named nobody is trapped by itself" equal \
	"$(app lent '.workers[0].door')" listen-fds

# ---- its supervisor dies with the socket lent, and the answer not given ----

retire
port=$(free_port)
apps "$(static_app web 3 'ready = { on = "listen"; timeout = "2s"; };' "$port")" | config
export DEATH_LENT=$HOUSE/death
: >"$DEATH_LENT"
if env LD_PRELOAD="$BUILD/tests/death.so" true 2>&1 | grep -q .; then
	skip "a supervisor dies when it has lent a socket" "this build takes nothing that is preloaded"
else
	LD_PRELOAD=$BUILD/tests/death.so supervise
	check "a supervisor dies when it has lent a socket" within 10 test ! -e "$DEATH_LENT"
	check "its successor knows whose that is, and all come to serve" within 30 ready_are web 3
	check "on one port" equal "$(slots_at "$port")" "0 1 2"
	check "and none was refused it" not says "is in use by" cat "$HOUSE/clusterd.log"
fi
