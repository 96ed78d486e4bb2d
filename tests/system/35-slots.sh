#!/usr/bin/env bash
# One slot, asked on purpose: by its own address, through the port that everybody uses.
. "$(dirname "$0")/lib.sh"

# by_address SLOT: which slot answers who comes from this slot's address.
by_address() { fetch "$port" / --interface "127.128.0.$1" | jq -r .slot; }
each_finds_its_own() { # SLOTS
	local slot
	for _ in 1 2 3; do
		for ((slot = 0; slot < $1; slot++)); do
			equal "$(by_address $slot)" $slot || return
		done
	done
}
# How many different slots answer forty clients from this slot's address.
answers_from() { for _ in {1..40}; do by_address "$1"; done | sort -u | grep -c .; }

settings="listen = [ \"0.0.0.0:0\" ]; $QUICK"
apps "$(w_app web 4 "$settings")" | config
check "four workers" supervise web
port=$(port web)

check "each slot is reached by its own address" each_finds_its_own 4
check "others are dealt as ever" test "$(answers_from 99)" -gt 1
for balance in random hash ip-hash round-robin; do
	apps "$(w_app web 4 "$settings balance = \"$balance\";")" | config
	check "so it is by $balance" eval 'ctl reload web && each_finds_its_own 4'
done

# ---- show --request ----

answered_by() { # SLOT PID FILTER: what --json tells of this slot's answer
	ctl show "web.$1" --request / --json |
		json ".slot == $1 and .pid == $2 and .status == 200 and .whole and (.body | fromjson |
			.slot == $1 and .pid == $2) and (.from == \"127.128.0.$1\")"
}
for slot in 0 3; do
	check "show --request asks worker $slot and no other" answered_by $slot \
		"$(app web ".workers[$slot].pid")"
done
check "it shows the status line" says "HTTP/1.1 200" ctl show web.2 --request /
check "the headers" says "X-Cluster-Slot: 2" ctl show web.2 --request /
check "the body" says '"slot": 2' ctl show web.2 --request /
check "and who answered" says "web.2: worker $(app web '.workers[2].pid') answered" \
	ctl show web.2 --request /
check "of an app with several workers one must be named" exits 2 ctl show web --request /
check "a path begins with a slash" exits 2 ctl show web.0 --request healthz
check "and has no line of its own" exits 2 ctl show web.0 --request $'/\r\nX: y'
check "a slot that is not there" exits 5 ctl show web.9 --request /

kill -STOP "$(app web '.workers[2].pid')"
check "a worker that does not answer is a failure" exits 1 \
	ctl show web.2 --request / --timeout 300ms
check "told as such" says "no answer within the time" ctl show web.2 --request / --timeout 300ms
kill -CONT "$(app web '.workers[2].pid')"

# ---- slots come and go ----

kill -KILL "$(app web '.workers[1].pid')"
check "who comes while a slot has no worker waits for the next one" equal "$(by_address 1)" 1
check "after that as before" eval 'within 5 ready_are web 4 && each_finds_its_own 4'
kill -STOP "$(app web '.workers[2].pid')"
check "a slot that does not answer is not answered for" not fetch "$port" / -m 0.3 \
	--interface 127.128.0.2
kill -CONT "$(app web '.workers[2].pid')"

check "a slot that is added has an address, too" eval 'ctl scale web 6 && each_finds_its_own 6'
ctl scale web 2 >/dev/null
check "slots that are taken away have none" test "$(answers_from 3)" = 2
check "and nobody is started for their sake" ready_are web 2
check "those that stay keep theirs" each_finds_its_own 2
apps "$(w_app web 2 "$settings" --ready-after 500)" | config
ctl reload web >/dev/null
ctl scale web 3 --no-wait >/dev/null
check "one that comes again is reached from its start on, by who waits" equal "$(by_address 2)" 2
check "and then there are three" eval 'ctl wait web --timeout 10s && ready_are web 3'
ctl scale web config >/dev/null

before=$(pids_by_slot web)
apps "$(w_app web 2 "$settings slot_addresses = false;" --ready-after 500)" | config
check "without slot_addresses" ctl start
check "which replaces no worker" equal "$(pids_by_slot web)" "$before"
check "nobody can choose" test "$(answers_from 1)" = 2
check "and show --request says why it cannot" says "cannot be asked one by one" \
	ctl show web.1 --request /

apps "$(w_app web 3 "listen = [ \"*:0\" ]; $QUICK")" | config
check "a socket of IPv4 and IPv6" ctl reload web
port=$(port web)
check "has addresses of slots as well" each_finds_its_own 3
check "by which a worker can be asked" says '"slot": 1' ctl show web.1 --request /

# ---- answers of all kinds ----

cat >"$HOUSE/odd.py" <<'END'
import socket
listener = socket.socket(fileno=3)
listener.setblocking(True)
answers = {
    "/chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
               b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    "/sad": b"HTTP/1.1 503 Sad\r\n\r\nalas",
    "/ssh": b"SSH-2.0-x\r\n",
    "/big": b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 1000000,
}
while True:
    client, _ = listener.accept()
    lines = client.makefile("rb")
    first = lines.readline()
    while lines.readline().strip():
        pass
    path = first.split()[1].decode()
    echo = b"HTTP/1.1 200 OK\r\n\r\n" + first
    try:
        client.sendall(answers.get(path, echo if path != "/nothing" else b""))
    except ConnectionError:
        pass
    lines.close()
    client.close()
END
apps "$(http_app files 1 "$TCP $QUICK")" "{ name = \"odd\"; listen = [ \"127.0.0.1:0\" ];
	command = [ \"python3\", \"$HOUSE/odd.py\" ]; ready = { exec = \"200ms\"; }; }" | config
check "workers that answer oddly" eval 'ctl reload && ctl wait odd --timeout 10s'
odd() { ctl show odd --request "$@"; }
check "a path and its query arrive as they are" says 'GET /x%20y?z=1 HTTP/1.1' odd '/x%20y?z=1'
check "an answer that is no success has exit code 1" exits 1 odd /sad
check "and is shown" says alas odd /sad
check "chunks are joined" eval 'odd /chunks --json | json ".body == \"abcde\" and .whole"'
check "what is no HTTP is a failure" says "is not HTTP" odd /ssh
check "so is nothing at all" says "it hung up" odd /nothing
check "too much is cut, and said to be" eval \
	'odd /big --json | json ".whole == false and .body_bytes > 200000 and .body_bytes < 300000"'
check "the built-in worker answers too" says "200 OK" ctl show files.0 --request /
