#!/usr/bin/env bash
# Web servers as workers, as the examples configure them: nginx, HAProxy, Go, PHP, Puma, C.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/programs.sh"

apps "$FIRST" | config
check "a supervisor is there" supervise first

if_there() { # NAME PROGRAM: for `if`
	command -v "$2" >/dev/null && return
	skip "$1 serves" "not installed"
	return 1
}

if if_there nginx /usr/sbin/nginx; then
	mkdir "$SITE/temporary"
	try_out nginx QUIT /usr/sbin/nginx -p . -c nginx.conf -e stderr
fi

if if_there HAProxy /usr/sbin/haproxy; then
	try_out haproxy USR1 systemd-socket-activate --listen=127.0.0.1:PORT \
		/usr/sbin/haproxy -db -f haproxy.cfg
fi

# Each port is another program: it is said in the source.
build_web() {
	GOCACHE=$BUILD/go GOPATH=$BUILD/go/path go build -o "$SITE/web" "$SITE/web.go"
}
if if_there Go go; then
	CGO_ENABLED=1 prepare=build_web try_out go TERM ./web
	check "go: it came by the kernel's door, though it loads libraries" equal "$door" seccomp
fi

if if_there PHP php; then
	RATE=20 KEPT=1 try_out php INT php -S 127.0.0.1:PORT hello.php
fi

if if_there Puma puma; then
	RATE=60 KEPT=8 try_out puma TERM puma --quiet --bind tcp://127.0.0.1:PORT hello.ru
	# With workers of its own: two each, of two of ours.
	port=$(free_port)
	lay_out "$port"
	example puma "$port" | sed 's|"--quiet"|&, "-w", "2"|' | config
	four_answer() { # asked all at once: each has five threads, and takes its time
		rm -f "$HOUSE"/four.*
		for i in {1..40}; do fetch "$port" / >"$HOUSE/four.$i" & asked[i]=$!; done
		wait "${asked[@]}"
		equal "$(sort -u "$HOUSE"/four.* | wc -l)" 4
	}
	check "puma -w 2: starts, in two slots again" eval 'ctl reload && ctl scale puma 2'
	check "puma -w 2: all four answer on one port" within 20 four_answer
	check "puma -w 2: it is reloaded" ctl reload puma
	check "puma -w 2: all four answer again" within 20 four_answer
fi

port=$(free_port)
cp "$BUILD/examples/hello" "$SITE"
example c "$port" | config
greeted() {
	local fd line
	exec {fd}<>"/dev/tcp/127.0.0.1/$port" || return
	read -r -t 10 -u "$fd" line
	exec {fd}>&-
	equal "$line" hello
}
check "c: starts" ctl reload
check "c: greets" greeted
check "c: it is reloaded" ctl reload c
check "c: and scaled" scale_over c 1 4 1
check "c: and greets again" greeted
