#!/usr/bin/env bash
# Does the load client tell the truth?  Against servers that do one wrong thing and count
# how often: what it reports must be what they did.
. "$(dirname "$0")/lib.sh"

# faulty DEED EVERY MS LOADGEN-ARGUMENTS...: loads such a server.
faulty() {
	faulty_begin "$1" "$2" "$3"
	shift 3
	"$BUILD/loadgen" --json "$@" "127.0.0.1:$faulty_port" >"$HOUSE/load.faulty" 2>"$HOUSE/load.faulty.err"
	faulty_end
}

# The load had this many of a class, which is what the server did, and no other failure.
only() { # CLASS
	[ "$deeds" -gt 0 ] && load_shows faulty ".$1 == $deeds and .failed == $deeds"
}

new=(--rate 1000 --requests 400)
kept=(--keepalive 20 --think 20ms --requests 600)

for deed in right dribble chunks until-close; do
	faulty $deed 1 0 "${new[@]}" --post 50 --body 600
	check "a $deed answer over a new connection is ok" load_shows faulty '.ok == 400 and .posts > 100'
	faulty $deed 1 0 "${kept[@]}" --post 50 --body 600
	check "a $deed answer over a kept connection is ok" load_shows faulty '.failed == 0 and .ok >= 600'
done

for pair in status:bad_status truncate:truncated close:truncated reset:reset; do
	faulty "${pair%:*}" 7 0 "${new[@]}"
	check "${pair%:*} is classed ${pair#*:}, as often as it was done" only "${pair#*:}"
done

faulty spoil 3 0 "${new[@]}" --post 100 --body 20000
check "an answer with one bit wrong is classed bad_body" \
	load_shows faulty ".bad_body == .failed and .failed > 100 and .failed <= $deeds"

faulty silence 50 0 "${new[@]}" --timeout 300ms
check "no answer is classed timeout" only timeout
faulty slow 50 600 "${new[@]}" --timeout 300ms
check "an answer that comes too late is classed timeout" only timeout

faulty stale-close 10 0 "${kept[@]}"
check "a kept connection closed under a request is classed stale" only stale
faulty stale-reset 10 0 "${kept[@]}"
check "a kept connection reset under a request is classed stale" only stale

faulty idle 1 10 --keepalive 20 --think 200ms --duration 2s
# Now and then one is sent in the very moment of the close, and lost: that is stale.
check "a kept connection closed between two requests is no failure" \
	load_shows faulty '.failed == .stale and .stale * 10 < .idle_closed and .idle_closed > 100'

faulty twice 10 0 "${kept[@]}"
check "an answer that nobody asked for is noticed" load_shows faulty ".stray > 0"

faulty slow 1 100 --rate 100 --requests 100
check "a slow answer's time is what it took" \
	load_shows faulty '.new.latency_us.p50 > 99000 and .new.latency_us.p50 < 150000'

check "a port where nobody listens is classed refused" eval '
	"$BUILD/loadgen" --json --rate 100 --requests 50 127.0.0.1:1 >"$HOUSE/load.none" &&
	load_shows none ".refused == 50 and .failed == 50"'
check "a Unix path where nobody listens is classed refused" eval '
	"$BUILD/loadgen" --json --rate 100 --requests 50 "unix:$HOUSE/none" >"$HOUSE/load.none" &&
	load_shows none ".refused == 50"'
check "--fail-on-error makes failures an exit code" \
	exits 1 "$BUILD/loadgen" --fail-on-error --rate 100 --requests 5 127.0.0.1:1
check "without it they are only told" \
	exits 0 "$BUILD/loadgen" --rate 100 --requests 5 127.0.0.1:1
check "an option that makes no sense is exit 2" \
	exits 2 "$BUILD/loadgen" --rate many 127.0.0.1:1

# A server stopped for a while: whoever would wait for each answer before sending the next
# request would see one slow answer; every request that was due meanwhile must count.
faulty_begin right
load_begin stopped --rate 200 --duration 3s "127.0.0.1:$faulty_port"
pause 0.5
kill -STOP "$faulty_pid"
pause 1
kill -CONT "$faulty_pid"
wait "${loads[stopped]}"
unset 'loads[stopped]'
faulty_end
check "a stop of one second is charged to all requests that were due in it" \
	load_shows stopped '.failed == 0 and .new.latency_us.p90 > 400000 and .new.latency_us.max > 900000'

# The client itself stopped: what it could not send in time is late, and said to be; a
# connection that the server closed meanwhile is not written to.
faulty_begin idle 1 300
load_begin paused --rate 200 --keepalive 20 --think 200ms --duration 2s \
	"127.0.0.1:$faulty_port"
client=${loads[paused]}
pause 0.5
kill -STOP "$client"
pause 0.8
kill -CONT "$client"
wait "$client"
unset 'loads[paused]'
faulty_end
check "a client that was stopped counts its own lateness" load_shows paused \
	'.late_us.max > 700000 and .new.latency_us.max > 700000'
check "and sends nothing into connections that were closed meanwhile" load_shows paused \
	'.failed == 0 and .idle_closed >= 15'

# ---- a real server, and the loads that the other tests rely on ----

nginx=$(PATH=$PATH:/usr/sbin command -v nginx)
if [ -n "$nginx" ]; then
	chmod 755 "$HOUSE" # its workers are somebody else when we are root
	mkdir "$HOUSE/www"
	head -c 300 /dev/zero >"$HOUSE/www/index.html"
	nginx_start() { # it knows no port 0: tries one below the kernel's range after another
		port=$((20000 + RANDOM % 12000))
		cat >"$HOUSE/nginx.conf" <<-END
			daemon off; pid $HOUSE/nginx.pid; worker_processes 1;
			events { worker_connections 4096; }
			http {
				access_log off; root $HOUSE/www;
				client_body_temp_path $HOUSE/b; proxy_temp_path $HOUSE/p;
				fastcgi_temp_path $HOUSE/f; uwsgi_temp_path $HOUSE/u; scgi_temp_path $HOUSE/s;
				server { listen unix:$HOUSE/nginx.sock; }
				server { listen 127.0.0.1:$port backlog=1024; listen [::1]:$port; }
			}
		END
		rm -f "$HOUSE/nginx.sock"
		"$nginx" -c "$HOUSE/nginx.conf" -p "$HOUSE" -e "$HOUSE/nginx.err" 2>/dev/null &
		server=$!
		within 3 eval 'gone "$server" || [ -s "$HOUSE/nginx.pid" ]'
		! gone "$server"
	}
	within 15 nginx_start
	"$BUILD/loadgen" --json --rate "$(scaled 2000)" --keepalive "$(scaled 64)" --duration 4s \
		"127.0.0.1:$port" >"$HOUSE/load.nginx" 2>"$HOUSE/load.nginx.err"
	check "2000 new connections/s and 64 keep-alive clients against nginx: none failed" \
		unharmed nginx "$(scaled 8000)"
	check "as many client addresses as one likes" eval '
		"$BUILD/loadgen" --json --rate 500 --requests 500 --source 127.0.0.0/16 "127.0.0.1:$port" \
			>"$HOUSE/load.source" && unharmed source 500'
	check "an IPv6 server is served as well" eval '
		"$BUILD/loadgen" --json --rate 100 --requests 50 "[::1]:$port" >"$HOUSE/load.six" &&
		unharmed six 50'
	check "a Unix socket is served as well" eval '
		"$BUILD/loadgen" --json --rate 100 --keepalive 4 --requests 200 "unix:$HOUSE/nginx.sock" \
			>"$HOUSE/load.unix" && unharmed unix 200'
	kill -QUIT "$server"
	wait "$server"
else
	skip "nginx is loaded without a failure" "no nginx here"
fi
