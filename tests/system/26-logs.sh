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
check "logs of an unknown app is exit 5" exits 5 ctl logs nobody --no-follow
