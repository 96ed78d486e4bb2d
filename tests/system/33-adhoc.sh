#!/usr/bin/env bash
# Programs that no file names: started by hand, found as the shell finds them, forgotten
# again.
. "$(dirname "$0")/lib.sh"

HERE=$HOUSE/here
mkdir -p "$HERE/bin"
cd "$HERE" || exit 1
launch() { ctl start "$@" --no-wait; } # most of these are ready after a second, by default
log_has() { within 5 grep -qxF -- "$2" "$CLUSTERD_HOME/log/$1.log"; }
command_of() { ctl show "$1" --json | jq -r '.apps[0].command | join(" ")'; }

# ---- the first one brings a supervisor along ----

check "A1 start of a program brings up a supervisor and four workers" \
	ctl start "$W" -i 4 -l 127.0.0.1:0 -- --log "$EVENTS"
check "A1 its name is that of the file" equal "$(query '[.apps[].name] | @csv')" '"w"'
check "A1 four are ready, in slots 0 to 3, none restarted, four pids" eval 'list | json "
	.apps[0] | .state == \"online\" and .instances.ready == 4 and .restarts == 0 and .ad_hoc
	and ([.workers[].slot] == [0, 1, 2, 3]) and ([.workers[].pid] | unique | length == 4)"'
check "A7 they share one port" eval '[ -n "$(port w)" ] && fetch "$(port w)" / >/dev/null'
before=$(pids_by_slot w)
check "A2 the same again is exit 0, and says so" says "runs already, unchanged" \
	ctl start "$W" -i 4 -l 127.0.0.1:0 -- --log "$EVENTS"
check "A2 by its name, too" says "runs already" ctl start w
check "A2 with another option it is exit 1" exits 1 ctl start "$W" -i 3 -l 127.0.0.1:0 -- \
	--log "$EVENTS"
check "A2 with another argument as well" exits 1 ctl start "$W" -i 4 -l 127.0.0.1:0
check "A2 and the hint says what to do" says '`delete w` first' ctl start "$W"
check "A2 nothing was restarted by any of these" equal "$(pids_by_slot w)" "$before"
check "it is an app as others are: scale" eval 'ctl scale w 2 && ready_are w 2'
check "reload" eval 'ctl reload w && ready_are w 2 && equal "$(app w .generation)" 2'
check "show tells its file" says "$CLUSTERD_HOME/state/apps/w.conf" ctl show w
check "check reads that file" ctl check "$CLUSTERD_HOME/state/apps/w.conf"
check "plan has nothing to change" eval 'ctl plan --json | json ".changes == [] or
	all(.changes[]; .kind == \"keep\")"'

# ---- A4 arguments ----

words=(one -x --two "" "three four" -- -5 '"quoted"' 'back\slash' $'new\nline' "ü" '$HOME')
check "A4 a program of twelve arguments" ctl start "$W" -n words -l 127.0.0.1:0 -- "${words[@]}"
fetch "$(port words)" /argv | tail -n +2 >"$HOUSE/argv"
printf '%s\n' "${words[@]}" >"$HOUSE/wanted"
check "A4 they arrive as they were typed" diff "$HOUSE/argv" "$HOUSE/wanted"
check "A4 another one keeps its own" eval 'ctl start "$W" -n other -l 127.0.0.1:0 -- own "a b" &&
	equal "$(fetch "$(port other)" /argv | tail -n +2 | tr "\n" :)" "own:a b:" &&
	fetch "$(port words)" /argv | tail -n +2 | diff - "$HOUSE/wanted"'

# ---- A6 what a program can be ----

for language in "snake.py python3" "beads.rb ruby" "old.php php" "camel.pl perl" "letter.js node" \
	"shell.sh bash"; do
	read -r file interpreter <<<"$language"
	if ! command -v "$interpreter" >/dev/null; then
		skip "A6 $file runs by $interpreter" "no $interpreter here"
		continue
	fi
	case $file in
	*.py) printf 'import sys, time\nprint("out", flush=True)\nprint("err", file=sys.stderr, flush=True)\ntime.sleep(1e6)\n' ;;
	*.rb) printf '$stdout.sync = true\nputs "out"\nwarn "err"\nsleep\n' ;;
	*.php) printf '<?php fwrite(STDOUT, "out\\n"); fwrite(STDERR, "err\\n"); while (true) sleep(1000);\n' ;;
	*.pl) printf '$| = 1; print "out\\n"; print STDERR "err\\n"; sleep 1000000;\n' ;;
	*.js) printf 'console.log("out"); console.error("err"); setInterval(() => {}, 1e6);\n' ;;
	*.sh) printf 'echo out\necho err >&2\nexec sleep 1d\n' ;;
	esac >"$HERE/$file"
	name=${file%.*}
	check "A6 $file runs by $interpreter" launch "$file"
	check "A6 which was found in PATH" says "/$interpreter $HERE/$file" command_of "$name"
	check "A6 its stdout is in its log" log_has "$name-out" out
	check "A6 its stderr in another" log_has "$name-err" err
done

printf '#!/bin/sh\necho "by its first line, $1"\nexec sleep 1d\n' >"$HERE/script.py"
chmod +x "$HERE/script.py"
check "A6 an executable script runs by its first line, whatever its name" \
	launch ./script.py -- here
check "A6 and says so" log_has script-out "by its first line, here"
printf '#!/bin/sh\necho "found: $PWD $COLOUR"\nexec sleep 1d\n' >"$HERE/bin/in-path"
chmod +x "$HERE/bin/in-path"
check "A6 a program is found by the caller's PATH" eval 'PATH=$HERE/bin:$PATH launch in-path'
check "A6 and runs in the caller's folder" log_has in-path-out "found: $HERE "
printf '#!/usr/bin/env mine\nexec sleep 1d\n' >"$HERE/by-env"
printf '#!/bin/sh\necho "mine, of $1"\nexec sleep 1d\n' >"$HERE/bin/mine"
chmod +x "$HERE/by-env" "$HERE/bin/mine"
check "A6 the interpreter that env looks for comes from the caller's PATH" eval \
	'PATH=$HERE/bin:$PATH launch by-env && log_has by-env-out "mine, of $HERE/by-env"'
check "A6 a relative path is one from here" eval '(cd bin && launch ../bin/in-path -n relative -C /)'
check "A5 -C is its folder" log_has relative-out "found: / "

# ---- A7 a program that knows nothing of us, on one port ----

free=$(python3 -c 'import random, socket
while True:
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", random.randrange(20000, 32000)))
            print(probe.getsockname()[1])
            break
    except OSError:
        pass')
cat >"$HERE/site.py" <<'END'
import os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Site(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"%d\n" % os.getpid())

HTTPServer(("127.0.0.1", int(sys.argv[1])), Site).serve_forever()
END
check "A7 a server that binds its port by itself" ctl start site.py -i 3 --ready listen -- "$free"
answering() { for _ in {1..60}; do fetch "$free" /; done | sort -un; }
check "A7 all of its workers answer there" eval 'equal "$(answering)" "$(pids site)"'
check "A7 and others after a reload" eval 'ctl reload site && equal "$(answering)" "$(pids site)"'
check "A7 as after another start" eval 'ctl shutdown && ctl start && within 10 ready_are site 3 &&
	equal "$(answering)" "$(pids site)" && ctl delete site'

# ---- environment ----

show_environment() { ctl start "$W" -n "$1" -l 127.0.0.1:0 "${@:2}" && fetch "$(port "$1")" /environ \
	>"$HOUSE/environ.$1"; }
has() { grep -qx -- "$2" "$HOUSE/environ.$1"; }
export COPIED='two words' LEFT_OUT=1 SECRET=hush-hush PORT=4711 NODE_ENV=testing
unset WITHOUT
check "variables: set, copied, empty" show_environment vars -e SET=here -e COPIED -e EMPTY= -e SECRET
check "a value may have quotes, blanks and lines" eval \
	"show_environment odd -e ODD=\$' \"a\"\n\\'b\\' = # c' && has odd 'ODD= \"a\"' && has odd \"'b' = # c\""
check "what is set is there" eval 'has vars SET=here && has vars EMPTY='
check "what is copied is there" has vars "COPIED=two words"
check "and nothing else of the caller's" not has vars "LEFT_OUT=.*"
check "a variable that is not there cannot be copied" exits 2 launch "$W" -n no -e WITHOUT
check "what is not UTF-8 is refused by name, not by value" eval \
	"exits 2 launch $W -n no -e RAW=\$'x\\xff' && says 'RAW: not UTF-8' launch $W -n no -e RAW=\$'x\\xff'"
check "as an argument as well" exits 2 launch "$W" -n no -- $'x\xff'
check "-E passes all" eval 'show_environment whole -E && has whole LEFT_OUT=1 && not has whole "OLDPWD=.*"'
check "NODE_ENV that is set here gets a hint" says "-e NODE_ENV" launch "$W" -n hint1
check "PORT, too" says "-e PORT" launch "$W" -n hint2
check "not when they are passed" not says "hint:" launch "$W" -n hint3 -e PORT -e NODE_ENV=x
check "PORT is not missed by an app that has a port" not says "-e PORT" \
	launch "$W" -n hint4 -l 127.0.0.1:0
check "K19 a value is in no answer, in no log, in no configuration" eval '
	! ctl list --json | grep -q hush && ! ctl show all | grep -q hush &&
	! grep -rq hush "$CLUSTERD_HOME/log" && ! grep -q hush "$CLUSTERD_HOME"/state/apps/*.conf'
check "it stands in one file, which only its owner can read" equal \
	"$(grep -rl hush "$CLUSTERD_HOME" | xargs stat -c '%a %n' | sed "s|$CLUSTERD_HOME||" | sort)" \
	"$(printf '600 /state/apps/%s.env\n' vars whole)"
check "another value is another option" exits 1 launch "$W" -n vars -l 127.0.0.1:0 -e SET=there \
	-e COPIED -e EMPTY= -e SECRET
check "the same values are not" says "runs already" launch "$W" -n vars -l 127.0.0.1:0 -e SET=here \
	-e COPIED -e EMPTY= -e SECRET
check "an environment that is too large is refused in words" says "more than 64 KiB" env \
	HUGE="$(printf '%070000d' 0)" "$BUILD/clusterctl" start "$W" -n huge -E

# ---- settings that are passed on ----

setting() { jq -r "$2" < <(ctl show "$1" --json | jq '.apps[0]'); }
check "--balance, --max-memory and --ready are settings" ctl start "$W" -n settings -l 127.0.0.1:0 \
	--balance ip-hash --max-memory 300M --ready notify
check "as its file says" eval 'grep -qF "memory = \"300M\"" "$CLUSTERD_HOME/state/apps/settings.conf" &&
	grep -qF "on = \"notify\"" "$CLUSTERD_HOME/state/apps/settings.conf"'
check "and as it runs" equal "$(setting settings .balance)" ip-hash
if [ "$(id -u)" = 0 ]; then
	chmod 755 "$HOUSE" "$HERE"
	check "--user" ctl start "$(command -v sleep)" -n other-user --user nobody -C / -- 1d
	check "it runs as that user" equal "$(stat -c %U "/proc/$(pids other-user)")" nobody
else
	skip "--user" "only root can be somebody else"
fi

# ---- A3 what cannot be started leaves nothing ----

refused() { # WHAT CODE TEXT WORDS...
	check "A3 $1 is exit $2" exits "$2" ctl start "${@:4}"
	check "A3 $1 is told" says "$3" ctl start "${@:4}"
}
# shellcheck disable=SC2034 # used by a check
apps_before=$(query '.apps | length')
touch "$HERE/data.bin"
refused "a program that is missing" 1 "./nothing: No such file" ./nothing
refused "a word that means nothing" 5 "no such app" nothing-at-all
refused "which is told to be no program either" 5 "nor is there such a program" nothing-at-all
refused "arguments without two dashes" 5 'follows `--`' "$W" nothing-at-all
cp "$W" "$HERE/two words"
refused "a file that no app can be called like" 2 "give it another with -n" "./two words"
for file in ecosystem.config.js apps.json; do
	echo '{ "apps": [] }' >"$HERE/$file"
	refused "PM2's $file" 2 "clusterctl import" "$file"
done
refused "a folder" 1 "not a program" ./bin
refused "a file that is none" 1 "chmod +x" ./data.bin
refused "a port that is taken" 1 "$(port w)" "$W" -n taken -l "127.0.0.1:$(port w)"
refused "an address that is none" 2 "listen" "$W" -n bad -l nonsense
refused "too many workers" 2 "257" "$W" -n bad -i 257
refused "a name that is none" 2 "is not made of letters" "$W" -n 'a b'
refused "a folder that is missing" 1 "cwd" "$W" -n bad -C /nonexistent
refused "a file with the options of a program" 2 "have their options in it" here.conf -i 2
refused "two programs at once" 2 "one program at a time" "$W" "$W" -i 2
check "A3 no app and no file came of it" eval 'equal "$(query ".apps | length")" "$apps_before" &&
	[ ! -e "$CLUSTERD_HOME/state/apps/bad.conf" ] && [ ! -e "$CLUSTERD_HOME/state/apps/taken.env" ]'
check "A8 -i 0 is one for each core, as with PM2" eval 'ctl start "$W" -n cores -i 0 &&
	equal "$(app cores .instances.ready)" "$(nproc)"'

# ---- C10 counters ----

six() { query '[.apps[] | select(.name | startswith("six-")) | .restarts] | @csv'; }
for i in 1 2 3 4 5 6; do
	launch "$W" -n "six-$i" -l 127.0.0.1:0 >/dev/null 2>&1
done
ctl wait 'six-*' --timeout "$((10 * TIME_SCALE))s"
check "C10 six programs that were started have 0 restarts" equal "$(six)" 0,0,0,0,0,0
check "C10 started once more they have 0" eval "ctl start 'six-*' && equal \"\$(six)\" 0,0,0,0,0,0"
check "C10 restarted 1" eval "ctl restart 'six-*' && equal \"\$(six)\" 1,1,1,1,1,1"
check "C10 reloaded 2" eval "ctl reload 'six-*' && equal \"\$(six)\" 2,2,2,2,2,2"
check "A12 a glob deletes them" eval "ctl delete 'six-*' && equal \"\$(six)\" ''"

# ---- delete ----

first=$(pids words)
check "A13 delete takes several names" ctl delete words other
check "it drains and ends them" within 5 gone "$first"
check "they are not listed any more" eval 'list | json "[.apps[].name] | index(\"words\") == null"'
check "and their files are gone" eval '[ ! -e "$CLUSTERD_HOME/state/apps/words.conf" ] &&
	[ ! -e "$CLUSTERD_HOME/state/apps/words.env" ]'
check "A10 delete of an unknown app is exit 5" exits 5 ctl delete words
before=$(pids w)
check "A10 with a known one beside it as well" exits 5 ctl delete w words
check "A10 and touches nothing" equal "$(pids w)" "$before"
check "a worker cannot be deleted" exits 2 ctl delete w.0
check "a stopped app can" eval 'ctl stop cores && ctl delete cores && not ctl show cores'
check "variables that make no sense keep a reload from what runs" eval '
	printf "A=1\0nonsense\0" >"$CLUSTERD_HOME/state/apps/vars.env" &&
	says "vars.env: an entry is not NAME=VALUE" ctl reload vars && equal "$(app vars .state)" online &&
	ctl delete vars'
check "the name is free again" ctl start "$W" -n words -l 127.0.0.1:0 -- anew
check "it is a stopped app that start starts" eval 'ctl stop words &&
	equal "$(app words .state)" stopped && ctl start words && equal "$(app words .state)" online'

check "one that takes its time to drain" ctl start "$W" -n slow -- --ignore-term --log "$EVENTS"
slow=$(pids slow)
check "is deleted at once" ctl delete slow --no-wait
check "but there until it has gone: its name is not free" says "is being removed" ctl start "$W" -n slow
check "a reload does not miss its file" not says slow ctl reload
kill -KILL "$slow"
check "then it is" eval 'within 5 not ctl show slow && ctl start "$W" -n slow && ctl delete slow'

apps "$(w_app named 1 "$TCP")" >"$HOUSE/named.conf"
check "an app of a file beside them" ctl start "$HOUSE/named.conf"
check "delete of that one is exit 2" exits 2 ctl delete named
check "and says where it comes from" says "$HOUSE/named.conf" ctl delete named
check "a program of that name is refused" exits 1 ctl start "$W" -n named
check "and told where the other comes from" says "$HOUSE/named.conf" ctl start "$W" -n named
apps "$(w_app words 1 "$TCP")" >"$HOUSE/clash.conf"
check "a file that names an ad-hoc app is refused" exits 2 ctl start "$HOUSE/clash.conf"
check "and told whose the name is" says "state/apps/words.conf" ctl start "$HOUSE/clash.conf"
check "reload rolls both kinds" eval 'ctl reload && equal "$(app named .generation)" 2 &&
	equal "$(app words .generation)" 4'
check "delete all deletes what was started by hand" ctl delete all
check "and leaves the others" equal "$(query '[.apps[].name] | @csv')" '"named"'
check "which it says" says "named.conf" ctl delete all
check "no file is left of them" equal "$(ls "$CLUSTERD_HOME/state/apps")" ""
