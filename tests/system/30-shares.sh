#!/usr/bin/env bash
# Who gets how many of real connections from many clients, by every policy, v4 and v6.
if [ "$(id -u)" = 0 ] && [ -z "${OWN_NETWORK-}" ] && unshare -n true 2>/dev/null; then
	OWN_NETWORK=1 exec unshare -n "$0" # to have as many addresses as it takes
fi
. "$(dirname "$0")/lib.sh"

declare -A host=([4]=127.0.0.1 [6]=::1) clients=([4]=127.0.0.0/9)
families=4
if [ -n "${OWN_NETWORK-}" ]; then
	ip link set lo up
	ip -6 route add local fd00::/64 dev lo 2>/dev/null && families="4 6" clients[6]=fd00::/64
fi

both='"127.0.0.1:0"'
[ "$families" = 4 ] || both="$both, \"[::1]:0\""
dealt() { w_app "$1" "$2" "listen = [ $both ]; balance = \"$3\"; $QUICK heartbeat = false; $4"; }

apps "$(dealt random 4 random '')" "$(dealt hash 4 hash '')" "$(dealt ip 4 ip-hash '')" \
	"$(dealt turns 4 round-robin '')" "$(dealt cpu "$(nproc)" cpu 'affinity = "auto";')" \
	"$(dealt heavy 3 random 'weights = [ 2, 1, 1 ];')" | config
check "apps of every policy" supervise random hash ip turns cpu heavy

port_of() { # APP FAMILY: its port there
	app "$1" "[.listen[] | select(startswith(\"[\") == ($2 == 6))][0]" | sed 's/.*://'
}

address() { case $1 in *:*) echo "[$1]" ;; *) echo "$1" ;; esac }

# deal APP FAMILY COUNT [COMMAND...]: so many connections, each from an address by lot.
deal() {
	local name=$1 family=$2 count=$3
	shift 3
	"$@" "$BUILD/loadgen" --json --rate "$(scaled 4000)" --requests "$count" \
		--source "${clients[$family]}" "$(address "${host[$family]}"):$(port_of "$name" "$family")" \
		>"$HOUSE/load.deal"
	load_shows deal ".ok == $count"
}
# Counts by slot, of slots 0 to LAST, as a list.
counts() { # LAST
	report deal "[range($1 + 1) as \$slot | [.workers[] | select(.slot == \$slot).answers] | add // 0] | @csv"
}
# within_sigmas COUNT SHARES...: each count is within five deviations of a binomial draw.
# What is true then fails once in a million times.
within_sigmas() {
	local count=$1 shares
	shift
	shares=$(IFS=,; echo "$*")
	jq -n -e "[[$(counts $(($# - 1)))], [$shares]] | transpose | all(.[];
		(.[1] / 100) as \$p | (\$p * $count) as \$due |
		((.[0] - \$due) | fabs) <= 5 * ($count * \$p * (1 - \$p) | sqrt))" >/dev/null ||
		equal "$(counts $(($# - 1)))" "$count by $shares percent"
}
are() { # COUNT COUNTS
	equal "$(counts "$(tr -cd , <<<"$2" | wc -c)")" "$2"
}
within_points() { # COUNT SHARES...: each within three percentage points
	local count=$1 shares
	shift
	shares=$(IFS=,; echo "$*")
	jq -n -e "[[$(counts $(($# - 1)))], [$shares]] | transpose |
		all(.[]; (.[0] * 100 / $count - .[1]) | fabs <= 3)" >/dev/null ||
		equal "$(counts $(($# - 1)))" "$count by $shares percent"
}

# Others on this machine may make a queue grow, and its slot is rightly avoided a while;
# what is wrong with a policy is wrong every time.
thrice() { "$@" || "$@" || "$@"; }
is_dealt() { # HOW APP FAMILY COUNT SHARES...
	deal "$2" "$3" "$4" && "$1" "${@:4}"
}

many=$(scaled 2000)
for family in $families; do
	for policy in random hash; do
		check "v$family: $policy deals $many evenly, within five deviations" \
			thrice is_dealt within_sigmas $policy "$family" "$many" 25 25 25 25
	done
done
[ "$families" != 4 ] || skip "v6: the same" "needs root and a network of its own"

# ---- weights ----

if [ "$LOAD_SCALE" = 1 ]; then
	check "weights 2, 1, 1 are shares within 3 points of 10000" \
		thrice is_dealt within_points heavy 4 10000 50 25 25
else
	check "weights 2, 1, 1 are shares within five deviations" \
		thrice is_dealt within_sigmas heavy 4 "$many" 50 25 25
fi
ctl balance heavy hash >/dev/null
check "hash and weights, too" thrice is_dealt within_sigmas heavy 4 "$many" 50 25 25

# ---- in turn ----

if [ "$(app turns .balance)" = round-robin ]; then
	for family in $families; do
		check "v$family: in turn, everybody gets the same" \
			thrice is_dealt are turns "$family" 400 100,100,100,100
	done
	ctl balance heavy round-robin >/dev/null
	check "by weight, exactly that" thrice is_dealt are heavy 4 512 256,128,128
else
	skip "in turn, everybody gets the same" "$(app turns .balance_note)"
fi

# ---- one client, one worker ----

owners() { # FAMILY: who answers each of 200 clients
	"$(dirname "$0")/30-shares.py" "${host[$1]}" "$(port_of ip "$1")" "${clients[$1]}" 200
}
# Of clients whose owner was SLOT none stays; of the others nobody moves.
only_moved() { # SLOT BEFORE AFTER
	jq -n -e --arg before "$2" --arg after "$3" "
		[(\$before | split(\" \")), (\$after | split(\" \"))] | transpose | map(select(.[0] != \"\")) |
		all(.[]; if .[0] == \"$1\" then .[1] != \"$1\" else .[1] == .[0] end)" >/dev/null ||
		equal "$3" "$2"
}
for family in $families; do
	first=$(owners "$family")
	check "v$family: ip-hash spreads 200 clients over all" equal \
		"$(tr ' ' '\n' <<<"$first" | sort -u | grep -c .)" 4
	check "v$family: each stays with its worker" equal "$(owners "$family")" "$first"
	ctl scale ip 3 >/dev/null
	check "v$family: a slot less moves only its own clients" only_moved 3 "$first" \
		"$(owners "$family")"
	ctl scale ip config >/dev/null
	check "v$family: and its return brings them back" equal "$(owners "$family")" "$first"
	kill -KILL "$(app ip '.workers[1].pid')"
	within 5 ready_are ip 4
	check "v$family: as after a crash" equal "$(owners "$family")" "$first"
done

# ---- by core ----

on_core() { # CORE COUNT: connections that come in there
	deal cpu 4 "$2" taskset -c "$1"
}
cores=$(nproc)
mapfile -t core < <(taskset -c -p $$ | sed 's/.*: //' | tr ',' '\n' |
	awk -F- '{ for (i = $1; i <= ($2 == "" ? $1 : $2); i++) print i }')
if [ "$cores" -gt 1 ] && [ "${#core[@]}" = "$cores" ]; then
	for slot in 0 1; do
		only_its_slot() {
			on_core "${core[slot]}" 100 &&
				load_shows deal ".workers | map(.slot) | unique == [$slot]"
		}
		check "what comes to core ${core[slot]} is slot $slot's" thrice only_its_slot
		check "whose worker runs there and nowhere else" says "list: ${core[slot]}" \
			taskset -c -p "$(app cpu ".workers[$slot].pid")"
	done
	ctl scale cpu $((2 * cores)) >/dev/null
	halves=(0 50)
	for ((slot = 2; slot <= cores; slot++)); do
		halves+=(0)
	done
	two_of_one_core() {
		on_core "${core[1]}" "$many" && within_sigmas "$many" "${halves[@]}" 50
	}
	check "two slots of a core share what it gets" thrice two_of_one_core
	victims=$(app cpu "[.workers[] | select(.slot % $cores == 1) | .pid] | @csv")
	ctl scale cpu config >/dev/null
	victim=${victims%%,*}
	kill -STOP "$victim"
	taskset -c "${core[1]}" "$BUILD/loadgen" --rate 200 --requests 60 --timeout 20s \
		"127.0.0.1:$(port_of cpu 4)" >"$HOUSE/load.stuck" &
	check "who is stuck loses its core" within 5 eval '[ "$(app cpu ".workers[1].share_percent")" = 0 ]'
	check "and others answer what comes to it" eval 'on_core ${core[1]} 50 &&
		load_shows deal ".workers | all(.slot != 1)"'
	kill -CONT "$victim"
	wait $!
else
	skip "what comes to a core is its slot's" "needs more than one core"
fi
