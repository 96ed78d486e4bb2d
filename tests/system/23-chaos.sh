#!/usr/bin/env bash
# Many hands at once: reloads, scales and kills from several clients.  Every client gets an
# answer, and the table comes to what was accepted last.
. "$(dirname "$0")/lib.sh"

apps "$(w_app web 4 "$TCP reload = { settle = \"50ms\"; }; restart = { delay = \"50ms\"; };")" | config
check "four workers" supervise web

calm() { # COUNT: the table is what is wanted, and nothing is under way
	app web 'select(.operation == null and .state == "online" and
		.instances.desired == .instances.ready and .instances.ready == .instances.running) |
		.instances.desired' | grep -qx "$1"
}
# Every process of the test worker, by its executable: the table must know them all.
workers() {
	local entry
	for entry in $(ours); do
		[ "$(readlink "/proc/$entry/exe")" = "$(realpath "$W")" ] && echo "$entry"
	done | sort -n
}

for round in 1 2 3; do
	clients=()
	for i in 1 2 3 4 5 6 7 8 9 10; do
		case $(((i * round + i / 3) % 4)) in
		0) ctl reload web --timeout "$((20 * TIME_SCALE))s" ;;
		1) ctl scale web $((1 + (i * 7 + round) % 8)) --timeout "$((20 * TIME_SCALE))s" ;;
		2) ctl scale web +1 --timeout "$((20 * TIME_SCALE))s" ;;
		3) kill -KILL "$(pids web | shuf -n 1)" ;;
		esac >"$HOUSE/answer.$i" 2>&1 &
		clients+=($!)
	done
	check "round $round: every client gets an answer" within 25 gone "${clients[@]}"
	codes=
	for i in "${!clients[@]}"; do
		wait "${clients[$i]}"
		codes="$codes $?"
	done
	check "round $round: an answer is yes or superseded, never a timeout or a lost connection" \
		eval "! grep -qvE '^(0|1)\$' <<<'$(tr ' ' '\n' <<<"${codes# }")'"
	# What was accepted last is this one: it comes after all the others were answered.
	wanted=$((2 + round))
	check "round $round: the last word" ctl scale web $wanted
	check "K8 round $round: within 10 s the table is the last accepted want" within 10 calm $wanted
	check "K8 round $round: no process outside the table" within 5 eval \
		'equal "$(workers)" "$(pids web)"'
done

# The last of many scales at once, without waiting for each: the newest wins.
for count in 8 3 6 2 7 5; do
	ctl scale web $count --no-wait >/dev/null
done
check "K8 of several scales the last one holds" within 10 calm 5
check "K8 no process outside the table" within 5 eval 'equal "$(workers)" "$(pids web)"'
check "L16 L18 slots are 0 to 4, once each" equal \
	"$(app web '[.workers[] | select(.pid) | .slot] | @csv')" 0,1,2,3,4

# L2: a second reload while the first workers are not ready yet.
apps "$(w_app slow 3 "$TCP reload = { settle = \"50ms\"; };" --ready-after 800)" \
	"$(w_app web 4 "$TCP")" | config
ctl start --no-wait >/dev/null
ctl reload slow --no-wait >/dev/null
check "L2 a reload during the first start" ctl reload slow --timeout "$((20 * TIME_SCALE))s"
check "L2 multiplies nobody" within 10 ready_are slow 3
