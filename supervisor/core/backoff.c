#include "supervisor/core/backoff.h"

#include <assert.h>

static msec wait_after(unsigned failures, const struct backoff_policy *policy)
{
	msec wait = policy->first;

	if (failures < 2)
		return 0;
	for (unsigned i = 2; i < failures && wait < policy->most; i++)
		wait *= 2;
	return wait < policy->most ? wait : policy->most;
}

void backoff_fail(struct backoff *backoff, const struct backoff_policy *policy,
		  msec served, msec now, uint32_t dice)
{
	msec wait;

	assert(0 < policy->first && policy->first <= policy->most);
	assert(policy->most <= MSEC_NEVER / 4);

	if (served >= policy->steady)
		backoff->failures = 0;
	backoff->failures++;

	wait = wait_after(backoff->failures, policy);
	backoff->until = now + wait / 2 + (msec)dice % (wait - wait / 2 + 1);
}

void backoff_clear(struct backoff *backoff)
{
	*backoff = (struct backoff){0};
}

bool backoff_allows(const struct backoff *backoff, msec now)
{
	return now >= backoff->until;
}
