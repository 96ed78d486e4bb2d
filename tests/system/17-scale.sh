#!/usr/bin/env bash
# More workers, fewer workers: at any load, and nobody is cut off.
. "$(dirname "$0")/lib.sh"

cores=$(nproc)
slots() { app web '[.workers[] | select(.pid) | .slot] | @csv'; }

apps "$(w_app web 2 "$TCP")" "$(w_app most max "$TCP")" | config
check "two apps" supervise web most
check "A8 max is one per core" equal "$(app most .instances.ready)" "$cores"
check "E1 scale to 8" ctl scale web 8
check "E1 eight are ready" ready_are web 8
check "E1 scale to 2" ctl scale web 2
check "E1 two are ready" ready_are web 2
before=$(pids_by_slot web)
check "E2 scale to what it is: exit 0" ctl scale web 2
check "E2 and nothing happens" equal "$(pids_by_slot web)" "$before"
check "E3 scale to 4: slots 0 to 3" eval 'ctl scale web 4 && equal "$(slots)" 0,1,2,3'
check "E3 to 2: the lowest two stay" eval 'ctl scale web 2 && equal "$(slots)" 0,1'
check "E3 they are the same workers" equal "$(pids_by_slot web)" "$before"
check "E3 to 4 again: 0 to 3, never 4 or 5" eval 'ctl scale web 4 && equal "$(slots)" 0,1,2,3'
check "+1 and -2" eval 'ctl scale web +1 && ctl scale web -2 && equal "$(slots)" 0,1,2'
check "max" eval 'ctl scale web max && ready_are web $cores'
check "a percentage of max" eval 'ctl scale web 100% && ready_are web $cores'
check "the file's number again" eval 'ctl scale web config && ready_are web 2'
check "below one is refused with exit 2" exits 2 ctl scale web -9
check "who was scaled away is no worker any more" eval '
	ctl scale web 4 && ctl scale web 2 && ctl show web.1 && exits 5 ctl show web.3 &&
	exits 5 ctl restart web.3 && exits 5 ctl wait web.3 --timeout 10s'
check "the override is shown beside the file's number" eval 'ctl scale web 3 &&
	equal "$(app web "[.instances.configured, .instances.desired] | @csv")" 2,3'
check "and survives a reload of the same file" eval 'ctl reload web && ready_are web 3'
apps "$(w_app web 1 "$TCP")" "$(w_app most max "$TCP")" | config
check "a changed number in the file ends it" eval 'ctl reload web && ready_are web 1'
retire

taskset -c 0 "$BUILD/clusterd" >>"$HOUSE/clusterd.log" 2>&1 &
SUPERVISOR=$!
within 10 answers
check "K17 max knows which cores it may use" eval 'ctl wait most --timeout 10s && ready_are most 1'
retire

# ---- under load ----

apps "$(http_app web 2 "$TCP")" | config
check "the built-in worker" supervise web
load_begin all --rate "$(scaled 2000)" --keepalive "$(scaled 64)" --think 500ms --post 30 \
	--path /_test/id --echo /_test/echo "127.0.0.1:$(port web)"
within 5 eval '[ "$(app web ".workers | map(.requests // 0) | add")" -gt 0 ]'
for count in 8 1 max 4 2; do
	check "scale to $count under load" ctl scale web $count --timeout "$((30 * TIME_SCALE))s"
	check "is $count" ready_are web "${count/max/$cores}"
done
check "the load is reported" load_end all
check "scale 2 > 8 > 1 > max > 4 > 2 under load: no request failed" unharmed all "$(scaled 1500)"
check "slots that were added answered" load_shows all \
	"[.workers[].slot] | unique | length >= (if $LOAD_SCALE == 1 then 8 else 3 end)"
retire

# Others leave at once and let their queue down: they are told only when it is empty, and
# nobody has to be started again for its sake.
: >"$EVENTS"
apps "$(w_app web 8 "$TCP" --abrupt)" | config
check "workers that leave at once" supervise web
load_begin abrupt --rate "$(scaled 1500)" "127.0.0.1:$(port web)"
within 5 eval '[ "$(ss -Htn state time-wait "sport = :$(port web)" | wc -l)" -gt 50 ]'
check "scale 8 > 1" ctl scale web 1
load_end abrupt
check "no request was in the queue of one that left" unharmed abrupt "$(scaled 200)"
check "and no other worker had to be started for it" equal "$(said start)" 8
