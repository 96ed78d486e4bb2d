#!/usr/bin/env bash
# Rollback: the generation before comes back, as it was, by a reload that can fail as one.
. "$(dirname "$0")/lib.sh"

inode() { stat -L -c %i "$1"; }
runs() { for pid in $(pids "$1"); do inode "/proc/$pid/exe"; done | sort -u; }
generations() { app "$1" '[.workers[] | select(.pid) | .generation] | unique | @csv'; }
fds() { find "/proc/$INNER/fd" -mindepth 1 | wc -l; }
kind() { app "$1" '.last_operation | [.kind, .ok] | @csv'; }
refuses() { not fetch "$1" /; } # PORT

for release in 1 2; do
	mkdir -p "$HOUSE/releases/$release"
	cp "$BUILD/cluster-worker" "$HOUSE/releases/$release/server"
	echo "RELEASE=$release" >"$HOUSE/releases/$release/env"
done
one=$(inode "$HOUSE/releases/1/server") two=$(inode "$HOUSE/releases/2/server")
ln -s releases/1 "$HOUSE/current"
web() { # INSTANCES SETTINGS
	printf '{ name = "web"; instances = %s; command = [ "./server", "--test-endpoints" ];
		cwd = "%s/current"; env_file = "%s/current/env"; %s }' \
		"$1" "$HOUSE" "$HOUSE" "$2"
}
apps "$(web 2 "$TCP $QUICK")" "$(w_app other 1 "$TCP $QUICK")" | config
check "two apps" supervise web other
check "a rollback where there was nothing before is exit 1" exits 1 ctl rollback web
check "and says so" says "there is no generation before" ctl rollback web
check "of an app that is not there it is exit 5" exits 5 ctl rollback nobody
check "of a single worker it is exit 2" exits 2 ctl rollback web.0
check "of nothing it is exit 2" exits 2 ctl rollback

# ---- there and back ----

ln -sfn releases/2 "$HOUSE/current"
ctl reload web >/dev/null
check "the second release runs" equal "$(runs web) $(generations web)" "$two 2"
rm -r "$HOUSE/releases/1" # as deployments clean up
load_begin back --rate "$(scaled 400)" "127.0.0.1:$(port web)"
check "rollback" ctl rollback web
load_end back
check "loses no request" unharmed back 1
check "brings the first release, though it was deleted" equal \
	"$(runs web) $(generations web)" "$one 1"
check "in the environment it had" eval \
	'tr "\0" "\n" <"/proc/$(pids web | head -n 1)/environ" | grep -qx RELEASE=1'
check "the list calls it what it was" equal "$(kind web)" '"rollback",true'
check "and tells what was left" equal "$(app web .rolled_back_from)" 2
check "show does, too" says "from generation 2" ctl show web
check "plan says that what runs is not what a reload would make" says "rolled back" ctl plan
check "of the other app it does not" equal "$(ctl plan | grep -c 'rolled back')" 1
check "start of the file leaves it alone" ctl start
check "which is not what is new" equal "$(generations web)" 1

check "rollback once more" ctl rollback web
check "is back to the second release" equal "$(runs web) $(generations web)" "$two 2"
check "which is the last that was made" equal "$(app web .rolled_back_from)" null
ctl rollback web >/dev/null
check "a reload after a rollback" ctl reload web
check "takes what the file says" equal "$(runs web) $(generations web)" "$two 3"
check "and nothing is called rolled back any more" not says "rolled back" ctl show web

# ---- what fails leaves what runs ----

script() { printf '#!/bin/sh\nexec %s "$@"\n' "$W" >"$HOUSE/serve" && chmod +x "$HOUSE/serve"; }
script
apps "$(web 2 "$TCP $QUICK")" "{ name = \"other\"; instances = 2; command = [ \"$HOUSE/serve\" ]; $TCP $QUICK }" | config
ctl reload other >/dev/null
apps "$(web 2 "$TCP $QUICK")" "$(w_app other 3 "$TCP $QUICK")" | config
ctl reload other >/dev/null
before=$(pids_by_slot other)
rm "$HOUSE/serve"
check "a rollback to what is gone is exit 1" exits 1 ctl rollback other
check "and says what is gone" says "serve is gone" ctl rollback other
check "the workers that serve stay" equal "$(pids_by_slot other)" "$before"
script
check "when it is there again, it can be gone back to" ctl rollback other
check "with as many workers as it had" within 5 ready_are other 2
check "forth again" ctl rollback other
check "with as many as then" within 5 ready_are other 3

now=$(generations other)
apps "$(web 2 "$TCP $QUICK")" "$(w_app other 3 "$TCP $QUICK" --exit 3)" | config
check "a reload that fails" exits 1 ctl reload other
check "is none to go back from" equal "$(generations other) $(app other .rolled_back_from)" "$now null"
check "the generation before is still the one before" ctl rollback other
check "so that two are there again" within 5 ready_are other 2

# ---- while a new version comes ----

apps "$(web 2 "$TCP $QUICK")" "$(w_app other 2 "$TCP $QUICK" --ready-after 60000)" | config
before=$(pids_by_slot other)
ctl reload other --no-wait >/dev/null
within 5 eval 'app other ".workers[].state" | grep -q starting'
check "a rollback while a new version comes" ctl rollback other
check "leaves who serves" equal "$(pids_by_slot other)" "$before"
ctl stop other >/dev/null
check "a rollback of a stopped app is exit 1" exits 1 ctl rollback other
check "and says why" says "is stopped" ctl rollback other
apps "$(web 2 "$TCP $QUICK")" "$(w_app other 2 "$TCP $QUICK")" | config
ctl start other >/dev/null

# ---- several at once, and not waited for ----

ctl reload >/dev/null
check "all at once" ctl rollback all
check "each has its verdict" json '[.results[] | [.app, .kind, .result]] |
	sort == [["other","rollback","done"],["web","rollback","done"]]' < <(ctl rollback 'w*' other --json)
check "not waited for it is queued" says "under way" ctl rollback web --no-wait
check "and done all the same" within 10 equal "$(kind web)" '"rollback",true'

# ---- addresses ----

free_port() {
	perl -MIO::Socket::INET -e \
		'print IO::Socket::INET->new(LocalAddr => "127.0.0.1:0", Listen => 1)->sockport'
}
first=$(free_port) second=$(free_port)
apps "$(w_app other 2 "listen = [ \"127.0.0.1:$first\" ]; $QUICK")" | config
check "an address of its own" eval 'ctl reload && fetch "$first" /'
apps "$(w_app other 2 "listen = [ \"127.0.0.1:$second\" ]; $QUICK")" | config
check "another address in the file" eval 'ctl reload && fetch "$second" /'
check "closes the one before" refuses "$first"
check "a rollback opens it" ctl rollback other
check "serves there" fetch "$first" /
check "and nowhere else" refuses "$second"
ctl reload >/dev/null
perl -MIO::Socket::INET -e '$taken = IO::Socket::INET->new(LocalAddr => $ARGV[0], Listen => 1,
	ReuseAddr => 1) or exit 1; open(my $said, ">", $ARGV[1]); close($said); sleep 600' \
	"127.0.0.1:$first" "$HOUSE/taken" &
holder=$!
check "somebody takes the address that is free" within 5 test -e "$HOUSE/taken"
before=$(pids_by_slot other)
check "a rollback to an address that somebody took is exit 1" exits 1 ctl rollback other
check "and says where" says "127.0.0.1:$first" ctl rollback other
check "and who serves stays" equal "$(pids_by_slot other)" "$before"
check "where it was" fetch "$second" /
kill "$holder"
wait "$holder"
check "when it is free again, it can be gone back to" ctl rollback other

# One that opens a port by itself, too, keeps what it opened when a new version is sent back.
third=$(free_port)
cat >"$HOUSE/opener" <<'END'
use IO::Socket::INET;
my $socket = IO::Socket::INET->new(LocalAddr => $ARGV[0], Listen => 9, ReuseAddr => 1) or exit 1;
while (my $client = $socket->accept) {
	while (<$client>) { last if /^\r?\n$/ }
	print $client "HTTP/1.0 200 OK\r\n\r\n$$\n";
	close $client;
}
END
opener() { # HOW-IT-IS-READY
	printf '{ name = "opener"; instances = 2; command = [ "perl", "%s", "127.0.0.1:%s" ];
		%s %s ready = { %s }; }' "$HOUSE/opener" "$third" "$TCP" "$QUICK" "$1"
}
apps "$(opener 'on = "listen";')" | config
ctl reload >/dev/null
check "one that opens a port of its own" within 5 ready_are opener 2
apps "$(opener 'on = "notify"; timeout = "60s";')" | config
ctl reload opener --no-wait >/dev/null
within 5 eval 'app opener ".workers[].state" | grep -q starting'
check "is rolled back while a new version comes" ctl rollback opener
before=$(pids opener | head -n 1)
kill -KILL "$before"
check "and its next worker finds that port" within 10 eval \
	'ready_are opener 2 && ! pids opener | grep -qx '"$before"
check "and answers there" fetch "$third" /

# ---- nothing grows ----

apps "$(w_app other 1 "$TCP reload = { settle = \"1ms\"; };")" | config
ctl reload >/dev/null && ctl reload >/dev/null
usual=$(fds)
there_and_back() {
	for _ in $(seq "$(scaled 50)"); do
		ctl reload && ctl rollback all || return
	done
}
check "fifty times there and back" there_and_back
check "leave no descriptor" within 5 eval '[ "$(fds)" -le '"$usual"' ]'
