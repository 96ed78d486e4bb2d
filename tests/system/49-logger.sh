#!/usr/bin/env bash
# What workers write is in their logs, whole and once, whatever happens to the logger.
. "$(dirname "$0")/lib.sh"

folder=$CLUSTERD_HOME/log
FLOOD=$BUILD/tests/flood

flood_app() { # NAME INSTANCES LOG-SETTINGS WORDS...
	local name=$1 instances=$2 settings=$3 command="\"$FLOOD\"" word
	shift 3
	for word; do command="$command, \"$word\""; done
	printf '{ name = "%s"; instances = %s; command = [ %s ]; heartbeat = false; %s log = { %s }; }' \
		"$name" "$instances" "$command" "$QUICK" "$settings"
}

# All files of a log, oldest first, unpacked.
whole_log() { # NAME
	local file
	for file in "$folder/$1".2* "$folder/$1"; do
		[ -e "$file" ] && "$BUILD/cluster-logger" --print "$file"
	done
}

# What became of numbered lines: "DIFFERENT TORN REPEATED OUT-OF-ORDER", of files on stdin.
tally() {
	awk 'length($0) != 199 || substr($0, 1, 13) !~ /^[0-9]+\.$/ || substr($0, 14) !~ /^\.+$/ { torn++; next }
		{ number = substr($0, 1, 12) + 0
		  if (number in seen) repeated++; else { different++; if (number < last) order++ }
		  seen[number] = 1; last = number }
		END { print different + 0, torn + 0, repeated + 0, order + 0 }'
}
logger_pid() {
	local pid
	for pid in $(pgrep -x cluster-logger); do
		grep -qsF "$HOUSE" "/proc/$pid/environ" && echo "$pid" && return
	done
	return 1
}
files_of() { find "$folder" -name "$1*" | wc -l; }

lines=$(scaled 200000)
apps "$(flood_app web 1 'rotate = "4M"; keep = 1000; compress = false;' \
	--lines "$lines" --count "$HOUSE/count" --stay)" | config
check "an app that writes as fast as it can" supervise web
check "it gets it all written" within 60 test -s "$HOUSE/count"
written() { [ "$(whole_log web-out.log | wc -l)" -ge "$lines" ]; }
check "it is all in the log" within 10 written
check "across rotations no line is lost, torn, repeated or misplaced" \
	equal "$(whole_log web-out.log | tally)" "$lines 0 0 0"
check "and no file is larger than it may be" \
	equal "$(find "$folder" -name 'web-out.log*' -size +4M | wc -l)" 0
[ "$lines" -lt 100000 ] || check "there were rotations" eval '[ "$(files_of web-out.log.2)" -gt 5 ]'
check "the supervisor spent no time on it" eval \
	'[ "$(awk "{ print \$14 + \$15 }" /proc/$INNER/stat)" -lt 30 ]'
check "who writes nothing to stderr has an empty file" test -e "$folder/web-err.log" -a ! -s "$folder/web-err.log"

# ---- the logger is killed ----

rm -f "$HOUSE/count"
lines=$((lines * 2))
apps "$(flood_app kill 1 'rotate = "4M"; keep = 1000;' \
	--lines "$lines" --count "$HOUSE/count" --stay)" | config
ctl reload --no-wait >/dev/null
kills=0
while [ ! -s "$HOUSE/count" ] && [ $kills -lt 6 ]; do
	victim=$(logger_pid)
	[ -z "$victim" ] || { kill -KILL "$victim" && kills=$((kills + 1)); }
	pause 0.2
done
check "the logger was killed, and is there again" eval '[ $kills -gt 0 ] && within 20 logger_pid'
check "the worker lived through it" within 60 test -s "$HOUSE/count"
kept() { # DIFFERENT TORN
	read -r different torn repeated _ <<<"$(whole_log kill-out.log | tally)"
	echo "$different different lines, $torn torn, $repeated repeated after $kills kills"
	[ "$different $torn" = "$lines 0" ]
}
check "no line was lost or torn" within 30 kept
kept | sed 's/^/# /'
check "that the logger ended is an event" eval 'ctl events --no-follow -n 500 | grep -q "the logger was killed by SIGKILL"'
packed() { [ "$(files_of kill-out.log.2)" -gt 0 ] || return
	find "$folder" -name 'kill-out.log.2*' | not grep -qv '\.zst$'; }
[ "$lines" -lt 100000 ] || check "files that were put aside are packed" within 30 packed

# ---- the supervisor is killed, then both, then it is upgraded ----

# kill_while_it_writes WHOM...: until the worker has written all
kill_while_it_writes() {
	local who
	kills=0
	while [ ! -s "$HOUSE/count" ] && [ $kills -lt 2 ]; do
		for who; do
			case $who in
			supervisor) kill -KILL "$INNER" ;;
			logger) kill -KILL "$(logger_pid)" ;;
			upgrade) ctl upgrade >/dev/null ;;
			esac && kills=$((kills + 1))
		done
		meet || return
	done
	[ $kills -gt 0 ]
}
for whom in "supervisor" "logger supervisor" "upgrade"; do
	name=${whom// /-}
	rm -f "$HOUSE/count"
	apps "$(flood_app "$name" 1 'rotate = "4M"; keep = 1000; compress = false;' \
		--seconds 4 --pace 1 --count "$HOUSE/count" --stay)" | config
	ctl reload --no-wait >/dev/null
	within 10 test -s "$folder/$name-out.log"
	writer=$(pids "$name")
	before=$(logger_pid)
	# shellcheck disable=SC2086 # a list
	check "while a worker writes: $whom" kill_while_it_writes $whom
	check "the worker writes on" within 60 test -s "$HOUSE/count"
	read -r lines _ <"$HOUSE/count"
	check "and is the same" equal "$(pids "$name")" "$writer"
	[ "$whom" = "logger supervisor" ] ||
		check "so is the logger, whom the next supervisor takes over" equal "$(logger_pid)" "$before"
	kept() { # DIFFERENT TORN
		read -r different torn repeated _ <<<"$(whole_log "$name-out.log" | tally)"
		echo "$different different lines, $torn torn, $repeated repeated after $kills kills"
		[ "$different $torn" = "$lines 0" ]
	}
	check "no line was lost or torn" within 30 kept
	kept | sed 's/^/# /'
	[ "$whom" = "logger supervisor" ] || check "and none was repeated" equal "$repeated" 0
done

# ---- several slots ----

apps "$(flood_app many 4 'out = "all.log"; err = "many/err-%i.log"; format = "raw"; rotate = "0B";' \
	--lines 5000 --bytes 200 --stay)" \
	"$(flood_app json 2 'format = "json"; out = "json.log"; rotate = "64K"; keep = 3; compress = "gzip";' \
		--lines 1000 --stay)" \
	"$(flood_app prefix 2 'format = "prefixed"; out = "/dev/null"; err = "prefix.log";' \
		--err --lines 100 --stay)" | config
check "G5 one file for all slots, or one for each" ctl reload
all() { [ "$(wc -l <"$folder/$1")" = "$2" ]; }
check "G5 one file has the lines of all" within 20 all all.log 20000
check "lines of several slots are not mixed" \
	equal "$(grep -cvE '^[0-9]{12}\.{187}$' "$folder/all.log")" 0
check "G1 missing folders are made, with a file for each slot" \
	equal "$(cd "$folder/many" && echo *)" "err-0.log err-1.log err-2.log err-3.log"
check "G3 /dev/null is no file" eval '! ls "$folder"/prefix-out* 2>/dev/null'
check "prefixed lines have time, app and slot" within 10 all prefix.log 200
check "each of them" equal \
	"$(grep -cE '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z prefix\.[01] [0-9]{12}\.+$' "$folder/prefix.log")" 200
thinned() { [ "$(find "$folder" -name 'json.log.*.gz' | wc -l)" = 3 ] &&
	[ "$(files_of json.log.)" = 3 ]; }
check "as many files are kept as were asked for, packed by gzip" within 20 thinned
check "G6 each line is a JSON object" eval \
	'whole_log json.log | jq -es "map(.app == \"json\" and .stream == \"out\" and (.slot < 2) and
		(.time | length == 24) and (.line | test(\"^[0-9]{12}\"))) | all and length > 100" >/dev/null'

# ---- other settings, without another worker ----

before=$(pids many)
sed -i 's/format = "raw"/format = "json"/' "$CLUSTERD_HOME/cluster.conf"
check "a format is changed" ctl start "$CLUSTERD_HOME/cluster.conf"
check "and no worker was replaced for that" equal "$(pids many)" "$before"
sed -i 's/rotate = "0B"/rotate = "soon"/' "$CLUSTERD_HOME/cluster.conf"
check "L34 a setting that makes no sense is refused" exits 2 ctl reload
sed -i "s|rotate = \"soon\"|rotate = \"0B\"|; s|all.log|$CLUSTERD_HOME/cluster.conf/x.log|" "$CLUSTERD_HOME/cluster.conf"
check "L34 so is a place that cannot be written to" exits 1 ctl reload
check "L34 and the workers serve on" equal "$(pids many)" "$before"

# ---- pieces of lines ----

bash_app() { # NAME SCRIPT
	printf '{ name = "%s"; command = [ "/bin/bash", "-c", "%s" ]; heartbeat = false; restart = { when = "never"; }; }' "$1" "$2"
}
apps "$(bash_app piece 'printf unended; sleep 1000')" \
	"$(bash_app last 'printf last-words')" \
	"$(bash_app bytes "printf '\\\\0\\\\1\\\\377\\\\n'; head -c 300000 /dev/zero; echo; sleep 1000")" | config
ctl reload >/dev/null
check "what a worker wrote last is a line when it has ended" within 10 grep -q '^last-words$' "$folder/last-out.log"
check "binary output is as it was" within 10 eval \
	'[ "$(md5sum <"$folder/bytes-out.log")" = "$({ printf "\0\1\377\n"; head -c 300000 /dev/zero; echo; } | md5sum)" ]'
ctl stop piece >/dev/null
check "so is what one that was stopped left unended" within 10 grep -q '^unended$' "$folder/piece-out.log"

# ---- a file that cannot be written ----

apps "$(flood_app full 1 'rotate = "0B";' --pace 2000)" | config
ctl reload >/dev/null
grows() { local size; size=$(stat -c %s "$folder/full-out.log"); pause 0.3
	[ "$(stat -c %s "$folder/full-out.log")" -gt "$size" ]; }
check "a worker writes" within 10 grows
prlimit --pid "$(logger_pid)" --fsize="$(stat -c %s "$folder/full-out.log"):"
told() { ctl events --no-follow -n 500 full | grep -q "$1"; }
check "K25 that a file cannot be written is an event" within 10 told "full-out.log: File too large are dropped"
prlimit --pid "$(logger_pid)" --fsize=unlimited:
check "K25 it is written again by itself, and the lines that were lost are counted" \
	within 10 told "is written again; lost: [1-9]"
check "K25 no line is torn" equal "$(grep -cvE '^[0-9]{12}\.{187}$' "$folder/full-out.log")" 0
check "and the worker that wrote them is the same" equal "$(app full .restarts)" 0
