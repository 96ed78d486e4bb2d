#!/bin/bash
# mutants.sh - breaks the core on purpose, again and again, and looks who notices.
#
#   tests/model/mutants.sh [WORDS]     only the mutants of which the description has WORDS
#   SETS= tests/model/mutants.sh       without the model, or with these sets of it
#
# A model check is as good as its laws; this measures the laws.  Each mutant is one edit of
# a copy of the core in a temporary folder.  Stories, unit tests, walks and the model are
# tried in this order; the first that fails has caught it.  A survivor wants a new law, or
# shows a line that nothing needs.
set -u

only=${1:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

sets=${SETS-"adopt adopt-restart stops versions rest late job renew renew-reload restart crash age recycle probe-twice probe probe-patience quiet quiet-auto quiet-adopt quiet-owes quiet-scale scale auto beats reload moves patience reshape compose surge"}
units="core edges backoff recycle trace"
modules=$(cd supervisor/core && ls core.c edges.c step.c slot.c worker.c verdict.c roll.c recycle.c want.c \
	news.c backoff.c trace.c buckets.c)

mkdir -p "$work"/{supervisor,tests,common}
cp -r Makefile "$work"
cp common/base.h "$work/common"
cp -r supervisor/core "$work/supervisor"
cp -r tests/{unit,trace,model} "$work/tests"
cd "$work" || exit 1

under_test=""
for module in $modules; do under_test+=" supervisor/core/$module"; done

build() {
	# shellcheck disable=SC2046 # names without blanks
	make --no-print-directory -j2 BUILD=build CFLAGS='-O1 -g0' WERROR= WARNINGS= \
		UNDER_TEST="$under_test" $(printf 'build/tests/%s ' "$@") >build.log 2>&1
}

# try SECONDS PROGRAM [WORD...]: says who caught the mutant, and fails, if it did.
try() {
	local seconds=$1 program=$2

	build "$program" || { echo "DOES NOT BUILD" && return 1; }
	shift 2
	timeout "$seconds" "build/tests/$program" "$@" >/dev/null 2>&1 && return
	echo "$program $*"
	return 1
}

# Says who caught it; nothing: it survived.  The quick ones come first.
catcher() {
	local unit set

	try 20 trace || return
	for unit in $units; do try 20 "test_$unit" || return; done
	try 60 walk || return
	for set in $sets; do try 60 model "$set" || return; done
}

caught=0 survived=0 invalid=0

# mutant MODULE SED-SCRIPT WHAT-IS-BROKEN
mutant() {
	local file=supervisor/core/$1.c edit=$2 what=$3 by

	case $what in *"$only"*) ;; *) return ;; esac
	cp "$file" original
	sed -i -E "$edit" "$file"
	if cmp -s original "$file"; then
		by="NOT A CHANGE"
	else
		by=$(catcher)
	fi
	case $by in
	"") by=SURVIVED survived=$((survived + 1)) ;;
	*[A-Z]*) invalid=$((invalid + 1)) ;;
	*) caught=$((caught + 1)) ;;
	esac
	printf '%-15s %-9s %s\n' "$by" "$1" "$what"
	cp original "$file"
}

by=$(catcher)
[ -z "$by" ] || { echo "mutants: the core as it is fails already: $by" && exit 1; }

mutant edges '/SERVING\] = /,/^\t\}/s/TO\(UNROUTING\), ORDER\(UNROUTE\)/TO(STOPPING), ORDER(TERM)/' \
	"a retiring worker drains at once"
mutant edges '/STARTING\] = /,/^\t\}/s/TO\(VACANT\), JUDGED/TO(VACANT)/' \
	"an exit before ready is not judged"
mutant edges '/SERVING\] = /,/^\t\}/s/TO\(VACANT\), JUDGED/TO(VACANT)/' \
	"an exit in service is not judged"
mutant edges '/UNROUTING\] = /,/^\t\}/s/TO\(VACANT\), JUDGED/TO(VACANT)/' \
	"an exit while unrouting is not judged"
mutant edges '/STOPPING\] = /,/^\t\}/s/TO\(VACANT\)/TO(VACANT), JUDGED/' \
	"an exit that was asked for is judged"
mutant edges '/NOTE\(READY_TIMEOUT\),/{N;s/JUDGED//}' \
	"a ready timeout is no failure"
mutant edges '/LATE\] = /,/^\t\}/s/TO\(ABORTING\), ORDER\(ABORT\)/TO(KILLING), ORDER(KILL)/' \
	"a hung worker leaves no evidence"
mutant edges '/LATE\] = /,/^\t\}/s/TO\(SERVING\), NOTE\(BACK\)/TO(LATE), NOTE(BACK)/' \
	"a late worker never comes back"
mutant edges '/STIMULUS_UNROUTED/d' "an empty queue does not end the unrouting"
mutant edges '/STIMULUS_STAY/d' "a slot wanted again loses its worker"
mutant edges '/KILLING\] = /,/^\t\}/s/TO\(KILLING\), ORDER\(KILL\)/TO(KILLING)/' \
	"SIGKILL is sent once only"
mutant edges '/SERVING\] = /,/^\t\}/s/NOTE\(LEAVES\), JUDGED/NOTE(LEAVES)/' \
	"a leave is no end"

mutant worker 's/worker->undone && find_order/find_order/' "an adoption tells everybody twice"
mutant worker 's/if \(worker->undone && find_order\(.*\)\)/if (worker->undone \&\& find_order(WORKER_VACANT, \&order))/' \
	"an adoption forgets what was not done"
mutant worker '/^void worker_adopt/,/^}/s/worker->beat = step->now/(void)0/' \
	"who could not be heard was silent"
mutant worker '/^void worker_adopt/,/^}/s/worker->since = step->now/(void)0/' \
	"who starts or drains pays for the death"
mutant worker '/^void worker_adopt/,/^}/s/worker->deadline = granted/(void)0/' \
	"an adoption takes back what was granted"
mutant core '/event->kind == CORE_ADOPT/,+1d' "an adoption decides before it knows who is there"
mutant worker 's/(step->now - worker->served >= )settle/\10/' "who is ready is good at once"
mutant worker 's/!app->notifies/true/' "nobody is ever held to READY=1"
mutant worker 's/!app->listens/true/' "nobody is ever held to listening"
mutant news 's/rule == CORE_READY_LISTEN \|\| !step/true || !step/' \
	"listening is enough for who says READY=1"
mutant worker '/worker->served = step->now/d' "nobody remembers since when one serves"
mutant worker 's/worker->deadline <= step->now/worker->deadline < step->now/' \
	"deadlines are one tick late"
mutant worker 's/(worker->beat \+ policy->)beat_timeout/\1beat_interval/' \
	"late is hung as soon as it is late"
mutant worker 's/worker->since \+ unroute_time\(app, worker\)/MSEC_NEVER/' \
	"an unrouting worker may wait for ever"
mutant worker 's/worker->phase == WORKER_SERVING && step/worker->phase != WORKER_VACANT \&\& step/' \
	"a late worker can become good"
mutant worker '/worker->beat != MSEC_NEVER\)$/,+1d' \
	"a beat before ready counts from when it came"
mutant worker 's/^(\tif \(worker->phase == WORKER_LATE && )/\1false \&\& /' \
	"a very late tick leaves a deadline behind"

mutant worker '/^static msec unroute_time/,/^}/s/worker_is_quiet\(app, worker\)/false/' \
	"a quiet drain waits for the queue only"
mutant worker 's/bool taken = worker_is_present.*/bool taken = false \&\&/; s/^\t\t     worker_is_quiet/\t\t     worker_is_quiet/' \
	"the heir of a quiet one takes its socket"
mutant worker 's/other->socket == slot->socket &&/true \&\&/' \
	"a quiet one that is on the other socket drives its heir away from this one"
mutant worker 's/return taken \? 1 - slot->socket : slot->socket/return taken ? 1 - slot->socket : 0/' \
	"a successor leaves the socket of a crashed one, quiet or not"
mutant worker 's/worker->deadline = until > least \? until : least/(void)least, (void)until/' \
	"a quiet drain has its time twice"
mutant worker 's/until > least \? until : least/until/' "a quiet drain has no grace"
mutant worker 's/before->phase == WORKER_UNROUTING && worker/worker/' \
	"who never was quiet has its time cut"

mutant news 's/worker->speaks = true/(void)worker/' "who says READY=1 is quiet all the same"
mutant news 's/worker->unaware = true/(void)worker/' "nobody is quiet by itself"
mutant news 's/event->arg == CORE_ASKER_UNAWARE\)/true)/' "whoever listens is quiet"
mutant news '/worker->beat > step->now/,+1d' "a beat may lie in the future"
mutant news '/worker_is_ready\(worker\)\)$/,+1d' "AWAKE moves no deadline"
mutant news '/backoff->until = 0/s/backoff->until = 0/(void)backoff/' \
	"a backoff that is over is due for ever"
mutant news '/WORKER_STARTING\)$/,+1d' "those who start just now are not held to READY=1"
mutant news 's/!step->app->policy.beats \|\| //' "beats count where they are switched off"
mutant news '/until > most/,+1d' "a deadline can be extended for ever"
mutant news '/phase == WORKER_VACANT\)$/s/WORKER_VACANT/WORKER_PHASES/' \
	"READY from nobody is believed"

mutant roll 's/app->reload.active && !is_any_good\(app\)/false/' "the first does not go alone"
mutant roll 's/ \+ 99\) / + 0) /' "a share of surge is rounded down"
mutant roll 's/slot_present\(&app->slot\[next\]\) == CORE_SEATS/false/' \
	"a slot with two workers is reached"
mutant roll 's/reload.failures <= app/reload.failures < app/' "one failure less is forgiven"
mutant roll 's/scale.failures <= app/scale.failures < app/' \
	"one failure less is forgiven to a scale"
mutant roll 's/^\tapp->want.generation = app->reload.from;//' "a bad version stays wanted"
mutant roll '/^void roll_fail\(/,/^}/s/app->reload.reached = 0;//' \
	"a revert takes every slot for reached"
mutant roll 's/ &&$/ \&\&/; s/generation != app->reload.from/true/' \
	"failures of the way back are counted"
mutant roll '/want.surge == app->want.generation/,+1d' "a promoted canary stays"
mutant roll 's/app->want.count = app->reload.count;/;/' "a revert keeps the count"
mutant roll '/slot_forgive\(&app->slot\[next\]\)/d' "a new version pays for the old one"
mutant roll 's/ && !app->slot\[at.slot\].resting//' "a roll waits for a slot that was given up"
mutant roll 's/ && !app->slot\[i\].resting//' "a slot at rest is proof that a version is good"
mutant roll 's/slot_good\(app, i\) \|\| !//; s/!slot_satisfied/!slot_satisfied/' \
	"a roll is over before its last slot is good"

mutant recycle 's/app->operation.kind != CORE_OPERATION_NONE \|\|/false ||/' \
	"a recycle does not wait for a command"
mutant recycle 's/app->reload.active \|\| app->scale.active/app->scale.active/' \
	"a recycle does not wait for a roll"
mutant recycle 's/ \|\| app->scale.active//' "a recycle does not wait for a scale"
mutant recycle 's/if \(worker->renew \|\|/if (/' "several recycle at a time"
mutant recycle 's/if \(worker->renew \|\|/if ((worker->renew \&\& worker_is_present(worker)) ||/' \
	"a recycle does not wait until the one before is gone"
mutant recycle 's/return it->seat\[keeper\].due != .*/return keeper;/' \
	"who exceeds nothing is recycled"
mutant recycle 's/backoff_allows\(&app->recycle.backoff, now\) &&/true \&\&/' \
	"a fruitless recycle is repeated at once"
mutant recycle 's/backoff_allows\(&app->slot\[slot\].backoff, now\)/true/' \
	"a recycle that failed is tried again at once"
mutant recycle 's/app->recycle.next = slot \+ 1/app->recycle.next = 0/' \
	"the lowest slot is always the first to be recycled"
mutant recycle 's/backoff_clear\(&app->recycle.backoff\)/(void)0/' \
	"fruitless recycles are never forgiven"
mutant recycle '/if \(!worker->recycled\)$/,+1d' \
	"to exceed for the first time is a fruitless recycle"
mutant recycle 's/if \(until < app->recycle.backoff.until\)/if (false)/' \
	"a recycle that waits is due for ever"
mutant recycle 's/step_worker\(step, at\)->renew = true/(void)0/' "who is to be recycled stays"
mutant core 's/^\t+deadline = earlier\(deadline, recycle_ripe.*/\t\t\t;/' \
	"nobody wakes to recycle who is too old"
mutant core 's/return due \? .* : deadline;/return deadline;/' \
	"nobody wakes when a recycle may be"
mutant worker 's/\.recycled = .*/.recycled = false,/' "nobody knows who was recycled"
mutant verdict 's/early && app->reload.active/false \&\& app->reload.active/' \
	"a reload waits for ever for what does not start"
mutant verdict 's/if \(renewal && other->due != CORE_BOUND_NONE\)/if (false)/' \
	"nobody hears that a recycle failed"
mutant roll 's/ \|\| app->reload.active \|\| app->served/ || app->served/' "what a roll tries is remembered as served"
mutant roll 's/!serves\(app, generation\)\)/false)/' "who never served is one to go back to"
mutant roll 's/app->served.before = app->served.now;//' "nobody knows what served before"
mutant roll 's/!app->want.running \|\| app->reload/app->reload/' "what is stopped just now has served"

mutant slot 's/worker->unaware && !worker->speaks/worker->unaware/' "who is aware after all is quiet"
mutant slot 's/worker->unaware && !worker->speaks/!worker->speaks/' "whoever does not speak is quiet"
mutant slot '/^bool slot_doubled/,/^}/s/ &&$/;/; /seat\[[01]\].phase != WORKER_UNROUTING/d' \
	"a roll waits for a quiet drain"
mutant core 's/keeper->socket != worker->socket \|\|/false ||/' "a quiet one is told to go at once"
mutant core '/^static void choose_socket/,/^}/s/keeper == CORE_SEATS \|\| .*\)$/true)/' \
	"new connections go to the old one, quiet or not"
mutant core 's/it->socket = it->seat\[keeper\].socket/(void)it/' "a quiet one gets new connections"
mutant core 's/ \|\| worker->socket != it->socket\)/)/' "a probe waits for a quiet drain"
mutant core '/^bool core_may_fetch/,/^}/s/socket != it->socket &&/true \&\&/' \
	"a quiet one is replaced for what waits at its own socket"
mutant core '/^bool core_may_fetch/,/^}/s/worker_is_quiet\(.*\);/true;/' \
	"one that is not quiet is replaced for what its heir does not fetch"
mutant core '/^bool core_may_fetch/,/^}/s/app->reload.active \|\|/false ||/' \
	"what waits at the socket of a quiet one is fetched in the middle of a roll"
mutant want 's/app->slot\[slot\].socket = event->arg/(void)event/' \
	"who fetches what waits at the second socket, of a quiet one, comes to the first"
mutant want 's/if \(slot_vacant\(&app->slot\[slot\]\)\)/if (true)/' \
	"a debt moves connections, quiet ones too, from who serves"
mutant slot 's/worker->misses >= most/false/' "nobody is sick, whatever its probes say"
mutant core 's/ && !worker_is_sick\(app, worker\)//' "who fails its probes is routed"
mutant core 's/answering != 1 \|\| //' "a probe speaks for one of two"
mutant slot 's/return worker->proven \|\| app->policy.probe_failures == 0 \|\|/return true ||/' \
	"a roll does not wait for probes"
mutant slot '/return worker->proven/,+1s/worker->generation == app->reload.from/false/' \
	"the way back waits for probes, too"
mutant slot 's/!worker->proven && !worker_is_sick\(app, worker\)/!worker->proven/' \
	"who failed its probes is on trial for ever"
mutant news 's/worker->misses = 0;/(void)0;/' "failed probes are never forgiven"
mutant news 's/worker->proven = true;/(void)0;/' "a probe that is passed proves nothing"
mutant news 's/worker->due == CORE_BOUND_PROBE && !worker->renew/false/' \
	"who passes its probes again is recycled all the same"
mutant verdict '/roll_owns\(step->app/,+2s/worker->renew = true/(void)worker/' \
	"a roll keeps one that fails its probes"
mutant verdict 's/recycle_mark\(step, at, CORE_BOUND_PROBE\)/(void)at/' \
	"who fails its probes gets no heir"
mutant recycle 's/\(worker->recycled && worker_is_on_trial\(app, worker\)\)/false/' \
	"the next recycle does not wait for probes"
mutant recycle 's/bound == CORE_BOUND_PROBE && !worker->proven/false/' \
	"a recycle after which probes still fail was of use"

mutant slot 's/return is_reached\(app, slot\) \? app->want.generation : app->reload.from/return app->want.generation/' \
	"a crash spreads the new version"
mutant slot 's/suits && !goes/suits/' "who is to be renewed may stay"
mutant slot 's/is_reached\(app, slot\) && slot_present\(.*\) < CORE_SEATS/is_reached(app, slot)/' \
	"two who are to make room wait for each other"
mutant slot 's/claim \+= WORKER_PHASES/(void)claim/' "the older of two who are to be renewed stays"
mutant slot 's/if \(is_reached\(app, slot\) && slot_present/if (slot_present/' \
	"a slot that is not reached loses who serves"
mutant slot '/it->seat\[keeper\].phase == WORKER_SERVING/,+1s/ &&$/;/; /seat\[1 - keeper\].phase == WORKER_VACANT;/d' \
	"a slot with an old worker is satisfied"
mutant slot 's/return is_reached\(app, slot\) \|\| app->reload.count == 0.*/return slot < CORE_SURGE + 1;/' \
	"a slot that a roll adds is filled at once"
mutant slot 's/if \(it->resting \|\| it->restarting\)/if (it->restarting)/' \
	"a slot at rest is filled again"
mutant slot 's/app->want.count > app->reload.count \? /true ? /' \
	"a roll takes slots away before it is over"

mutant core 's/\(app->policy.moves && keeper->generation != worker->generation\)/false/' "who has no heir drains at once"
mutant core 's/keeper->generation != worker->generation/true/' "a crash's heir has no sockets"
mutant core 's/\(keeper < CORE_SEATS && at.seat != keeper &&$/(false \&\&/' "who moves out is asked to stay"
mutant core 's/if \(step->ticks\)/if (false)/' "who stays is not seen to"
mutant core 's/^(\t\t)recycle_expire/\1(void)recycle_expire/; s/\(void\)recycle_expire\(step, at\)/(void)at/' \
	"who stays is never too old"
mutant core 's/if \(keeper < CORE_SEATS\)$/if (false)/' "who stays is not the keeper first"
mutant core 's/keeper < CORE_SEATS && at.seat != keeper/keeper < CORE_SEATS \&\& at.seat > keeper/' \
	"who keeps the second seat asks the other one to stay"
mutant core 's/ && keeper->settled//' "an old worker goes before its heir is good"
mutant core 's/return !\(app->reload.active && .*/return true;/' "the way back is no reserve"
mutant core '/slot_ready\(it\) > 0\)$/,+1d' "who fetches what is owed stays"
mutant core 's/if \(it->restarting\) \{/if (false) {/' "a restart waits for an heir"
mutant core 's/app->slot\[i\].restarting && !slot_vacant\(&app->slot\[i\]\)/false/' \
	"a restart does not wait for the old ones"
mutant core 's/slot_ready\(it\) > 0 && \*pairs >= roll_limit\(app\)/false/' \
	"any number of successors start at a time"
mutant core '/^static void decide/,/^}/s/for \(unsigned i = 0; i < app->want.count; i\+\+\)/for (unsigned i = 0; i < app->slots; i++)/' \
	"a slot that goes when the roll is over is asked to stay first"
mutant core 's/ \|\| !backoff_allows\(&it->backoff, step->now\)//' "no backoff is waited for"
mutant core 's/earlier\(deadline, worker->served \+ app->policy.settle\)/deadline/' \
	"nobody wakes to see that one is good"
mutant core 's/earlier\(deadline, it->backoff.until\)/deadline/' "nobody wakes when a backoff is over"
mutant core 's/for \(unsigned i = app->slots; i-- > 0;\)/for (unsigned i = 0; i < app->slots; i++)/' \
	"the lowest slot retires first"
mutant core '/^bool core_routes/,/^}/s/worker->phase == WORKER_SERVING/worker_is_ready(worker)/' \
	"late workers are routed"
mutant core '/it->owed = false;$/{x;s/^/x/;/^x{2}$/{x;d};x}' "a wanted slot owes"

mutant verdict 's/bool alone = .*/bool alone = true;/' "a slot rests beside a worker"
mutant verdict 's/else if \(early && roll_owns_slot\(app, at.slot\)\)/else if (false)/' \
	"a scale never fails"
mutant verdict '/^\tslot->owed = false;/d' "a debt outlives who failed to pay it"
mutant verdict '/at.slot == CORE_SURGE\) \{/,+1s/app->want.surge = 0;//' "a bad canary is tried again"
mutant verdict 's/step->dice \+ at.slot \* .*\)/step->dice)/' "neighbours rise together"
mutant verdict 's/other->renew = false;//' "a renewal is tried for ever"
mutant verdict 's/return end != CORE_EXIT_FAILURE/return false/' "a clean exit is replaced on-failure"
mutant verdict 's/slot->backoff.failures >= policy/slot->backoff.failures > policy/' \
	"restart.max is one more"

mutant want 's/^\t\tstep_answer\(step, CORE_RESULT_SUPERSEDED\);/\t\t;/' \
	"who is superseded is not told"
mutant want '/^void want_stop/,/^}/s/app->slot\[i\].owed = false;//' "a stopped app owes"
mutant want '/^void want_stop/,/^}/s/app->slot\[i\].restarting = false;//' \
	"a stop remembers the restart"
mutant want 's/^\t\troll_back\(app\);/\t\t;/' "a stop forgets the way back"
mutant want 's/app->want.running && !app->reload.active/app->want.running/' \
	"the way back is a version that never was good"
mutant want '/^void want_scale/,/^}/{/reload.reached > count/,+1d}' "a scale leaves the roll too far"
mutant want 's/app->scale.active \? app->scale.from : before/before/' \
	"a scale goes back to a count that never served"
mutant want 's/^(\tif \(app->scale.active && are_satisfied.*)/\tif (false)/' "a scale is never over"
mutant want '/^static bool is_over/,/^}/s/return false;$/continue;/2; /!slot_wanted\(app, i\) && !slot_vacant/,+1d' \
	"a reload does not wait for those who go"
mutant want 's/event->operation;/1;/' "the wrong caller is answered"
mutant want 's/app->want.generation != event->arg\)/true)/' "the same reload again begins anew"
mutant want 's/^\tapp->want.running = false;//' "a stop does not stop"

mutant backoff 's/\(msec\)dice % .*;/0;/' "no dice"
mutant backoff 's/return wait < policy->most \? wait : policy->most/return wait/' \
	"a wait can be longer than the most"
mutant backoff 's/served >= policy->steady/served > policy->steady/' \
	"who served long enough is not forgiven"
mutant backoff 's/failures < 2\)/failures < 1)/' "the first failure waits"

printf '%d mutants: %d caught, %d survived, %d are none\n' $((caught + survived + invalid)) \
	"$caught" "$survived" "$invalid"
echo "$caught passed, $((survived + invalid)) failed, 0 skipped"
[ $((survived + invalid)) = 0 ]
