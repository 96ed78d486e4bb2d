/*
 * succession.c - how a supervisor begins where another has left off, or why it does not.
 */
#include <errno.h>

#include "common/clock.h"
#include "common/log.h"
#include "supervisor/estate.h"
#include "supervisor/lives.h"

/* What a predecessor left, unless those who took it over before died of it. */
static int inherit(struct supervisor *supervisor, bool inherits, struct fault *fault)
{
	struct store *store = &supervisor->store;
	struct lives *lives;
	int fd = lives_open(&lives, store_take(store, "lives"));
	bool many;

	if (fd < 0)
		return adopt(supervisor, fault);
	(void)store_put(store, "lives", fd);
	many = lives_begin(lives, clock_now(), inherits);
	lives_watch(lives);
	if (!many)
		return adopt(supervisor, fault);
	salvage_all(supervisor);
	return fault_set(
		fault, -ECANCELED,
		"%d supervisors died soon after they had taken over: sockets are "
		"kept, workers replaced, as the configuration says",
		LIVES_MOST);
}

/* What was in force when our predecessor died goes on, whatever the files say by now. */
static bool take_over(struct supervisor *supervisor)
{
	struct fault fault;
	bool inherits = store_inherits(&supervisor->store);
	int result = inherit(supervisor, inherits, &fault);

	if (result < 0 && fault.text[0] != '\0')
		supervisor_tell(supervisor, (struct happening){.kind = HAPPENING_ALERT,
							       .reason = fault.text});
	if (result == 0 || !inherits) /* else the old ones were told to go */
		housing_sweep(supervisor);
	store_sweep(&supervisor->store);
	if (supervisor->store.socket != -1)
		(void)remember_all(supervisor);
	if (result < 0)
		return false;
	operations_miss(supervisor);
	if (supervisor->rules.log_level == 0) /* no file said anything */
		return true;
	(void)control_admit(supervisor->control, (mode_t)supervisor->rules.mode.value,
			    supervisor->rules.group, &fault);
	log_set_level((enum log_level)(supervisor->rules.log_level - 1));
	return true;
}

/* A predecessor that died may have been told to stop. */
static void go_on(struct supervisor *supervisor)
{
	upgrade_settle(supervisor);
	if (!supervisor->stopping)
		return;
	supervisor->stopping = false;
	supervisor->stage = STAGE_STAYING;
	supervisor_shutdown(supervisor);
}

bool succession_begin(struct supervisor *supervisor)
{
	upgrade_meet(supervisor);
	if (!take_over(supervisor) && !supervisor->stopping)
		return false;
	go_on(supervisor);
	return true;
}
