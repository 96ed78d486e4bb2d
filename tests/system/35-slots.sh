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

apps "$(w_app web 3 "listen = [ \"*:0\" ]; $QUICK")" | config
check "a socket of IPv4 and IPv6" ctl reload web
port=$(port web)
check "has addresses of slots as well" each_finds_its_own 3
