#!/usr/bin/env bash
# Where the workers' lines go.
. "$(dirname "$0")/lib.sh"

folder=$CLUSTERD_HOME/log
write() { # TEXT [SETTINGS]
	apps "$(w_app web 2 "$TCP $QUICK" --say "$1")" \
		"$(w_app none 1 "$TCP log = { to = \"none\"; };" --say nothing)" \
		"$(w_app inherit 1 "$TCP log = { to = \"inherit\"; };" --say inherited)" | config
}
lines() { # TEXT FILE: how often
	grep -c "$1" "$folder/$2"
}
write first
check "G1 the log folder is made" supervise web none inherit
check "G2 stdout has a file" within 5 eval '[ "$(lines "^out: first$" web-out.log)" = 2 ]'
check "G2 stderr has one" within 5 eval '[ "$(lines "^err: first$" web-err.log)" = 2 ]'
check "G2 and each only its own" equal "$(lines err: web-out.log)$(lines out: web-err.log)" 00
check "G3 log.to = none makes no file" eval '! ls "$folder"/none-* 2>/dev/null'
check "log.to = inherit is the supervisor's own" within 5 grep -q "^out: inherited$" "$HOUSE/clusterd.log"

write second
ctl reload web >/dev/null
check "G2 a reload appends" eval '[ "$(lines "^out: first$" web-out.log)" = 2 ] &&
	[ "$(lines "^out: second$" web-out.log)" = 2 ]'

# G4: rotated by somebody else.
for how in 'kill -USR1 $SUPERVISOR' 'ctl reopen'; do
	mv "$folder/web-out.log" "$folder/web-out.log.1"
	check "G4 after rename: ${how%% *}" eval "$how"
	check "G4 the file is made anew (${how%% *})" within 5 test -e "$folder/web-out.log"
	write "after $how"
	ctl reload web >/dev/null
	check "G4 new workers write to it (${how%% *})" within 5 eval \
		'[ "$(grep -c "^out: after" "$folder/web-out.log")" = 2 ]'
done

# ---- clusterctl logs ----

write "one line"
ctl reload web >/dev/null
check "logs shows the last lines and ends" says "out: one line" ctl logs web -n 5 --no-follow
check "logs --err shows stderr" says "err: one line" ctl logs web --err -n 5 --no-follow
check "logs --out shows no stderr" not says "err:" ctl logs web --out -n 50 --no-follow
check "logs -n counts" equal "$(ctl logs web --out -n 1 --no-follow | grep -c 'out:')" 1
"$BUILD/clusterctl" logs web >"$HOUSE/followed" 2>&1 &
follower=$!
within 5 test -s "$HOUSE/followed"
write "while following"
ctl reload web >/dev/null
check "logs follows" within 5 grep -q "out: while following" "$HOUSE/followed"
kill -TERM $follower
wait $follower 2>/dev/null
# ---- rotated files ----

numbers() { # NAME SETTINGS FROM TO SLOTS
	printf '{ name = "%s"; instances = %s; heartbeat = false; log = { %s }; command = [
		"/bin/bash", "-c", "seq -f \x27number %%04g\x27 %s %s; exec sleep 1000" ]; }' \
		"$1" "$5" "$2" "$3" "$4"
}
apps "$(numbers count 'rotate = "2K"; keep = 100; compress = "gzip";' 1 2000 1)" \
	"$(numbers each 'out = "each-%i.log";' 1 3 2)" \
	"$(numbers told 'format = "prefixed"; out = "told.log"; rotate = "2K";' 1 200 2)" \
	"$(numbers object 'format = "json"; out = "object.log";' 1 3 2)" | config
ctl reload >/dev/null
last_of() { tail -n 1 "$folder/$1" | grep -q "$2"; }
within 10 last_of count-out.log "number 2000"
check "logs -n looks into rotated files" equal \
	"$(ctl logs count --out -n 1500 --no-follow | md5sum)" "$(seq -f 'number %04g' 501 2000 | md5sum)"
check "logs -n takes what there is" equal "$(ctl logs count --out -n 9999 --no-follow | wc -l)" 2000
packed() { ! find "$folder" -name 'count-out.log.2*' | grep -qv '\.gz$'; }
check "rotated files are packed" within 20 packed
check "logs reads them as before" equal \
	"$(ctl logs count --out -n 1500 --no-follow | md5sum)" "$(seq -f 'number %04g' 501 2000 | md5sum)"
check "logs --since shows all since then" equal \
	"$(ctl logs count --out --since 1h --no-follow | wc -l)" 2000
check "logs of one slot, by its file" equal "$(ctl logs each.1 --out --no-follow | sort -u | head -n 1)" \
	"each.1 | number 0001"
check "logs of one slot, by what is before its lines" equal \
	"$(ctl logs told.1 --out -n 9999 --no-follow | grep -c ' told.1 number')$(ctl logs told.1 --out -n 9999 --no-follow | grep -c ' told.0 ')" 2000
check "logs --since goes by that, too" equal \
	"$(ctl logs told --out --since 2100-01-01 --no-follow)$(ctl logs told --since 1h --no-follow | wc -l)" 400
check "logs of one slot, of objects" equal "$(ctl logs object.0 --out --no-follow | jq -r .slot | sort -u)" 0
check "logs --json has slot and time where they are known" eval \
	'ctl logs told --out --json --no-follow | jq -es "map(.app == \"told\" and .slot < 2 and .time and
		(.line | test(\"^number [0-9]+$\"))) | all" >/dev/null'
check "logs says when it cannot tell slots apart" says "all slots write to" ctl logs count.0 --no-follow -n 1
check "logs --since refuses what is no time" exits 2 ctl logs --since yesterday-ish

apps "$(numbers burst 'rotate = "0B";' 1 1 1)" | config
ctl reload >/dev/null
"$BUILD/clusterctl" logs burst --out -n 0 >"$HOUSE/followed" 2>&1 &
follower=$!
within 5 grep -q inotify <(ls -l "/proc/$follower/fd")
apps "$(numbers burst 'rotate = "2K"; keep = 1000;' 2 3000 1)" | config
ctl reload >/dev/null
followed() { [ "$(grep -c number "$HOUSE/followed")" -ge 2999 ]; }
check "logs follows across rotations" within 20 followed
kill -TERM $follower
wait $follower 2>/dev/null
check "and misses no line" equal "$(md5sum <"$HOUSE/followed")" "$(seq -f 'number %04g' 2 3000 | md5sum)"

check "G9 flush empties the files of one app" ctl flush burst
check "G9 when it is done they are empty" test ! -s "$folder/burst-out.log"
check "G9 flush of an unknown app is exit 5" exits 5 ctl flush nobody
printf 'number again\n' >>"$folder/burst-out.log"
check "G9 flush says of each that it did" says "burst: flushed" ctl flush
check "G9 flush without a target empties the files of all" test ! -s "$folder/burst-out.log"

check "logs of an unknown app is exit 5" exits 5 ctl logs nobody --no-follow

# ---- logrotate ----

if command -v logrotate >/dev/null; then
	sed "s|/var/log/clusterd|$folder|; s|clusterctl|$BUILD/clusterctl|; s|daily|su $(id -un) $(id -gn)|" \
		"$TOP/conf/logrotate/clusterd" >"$HOUSE/rotate.conf"
	chmod 644 "$HOUSE/rotate.conf"
	ctl stop all >/dev/null 2>&1
	ctl start all >/dev/null 2>&1
	check "logrotate has something to rotate" within 10 test -s "$folder/burst-out.log"
	check "logrotate rotates with our snippet" logrotate -f -s "$HOUSE/rotate.state" "$HOUSE/rotate.conf"
	check "and the files are made anew" within 5 test -e "$folder/burst-out.log" -a ! -s "$folder/burst-out.log"
else
	skip "logrotate rotates with our snippet" "there is no logrotate"
fi
