#include "supervisor/core/spec.h"

#include <assert.h>
#include <string.h>

#define PERCENT 100

/* Is being alive ever taken for being ready? */
static bool counts_alive(const struct core_policy *policy)
{
	return policy->ready == CORE_READY_AUTO || policy->ready == CORE_READY_EXEC;
}

bool spec_probes(const struct app_spec *app)
{
	return app->probe.http || app->probe.tcp;
}

/* IPv4, alone or with IPv6, and a socket for each slot. */
static bool has_slot_address(const struct app_spec *app)
{
	if (!app->slot_addresses || app->balance == BALANCE_QUEUE)
		return false;
	for (unsigned i = 0; i < app->listen_count; i++)
		if (app->listen[i][0] != '[' && strncmp(app->listen[i], "unix:", 5) != 0)
			return true;
	return false;
}

/* Its slots have none of their own for some address. */
static bool shares_sockets(const struct app_spec *app)
{
	for (unsigned i = 0; i < app->listen_count; i++)
		if (strncmp(app->listen[i], "unix:", 5) == 0)
			return true;
	return app->balance == BALANCE_QUEUE;
}

static bool conflicts(const struct app_spec *app, enum spec_conflict conflict)
{
	const struct core_policy *policy = &app->policy;

	switch (conflict) {
	case SPEC_READY_EXEC_TOO_LONG:
		return counts_alive(policy) &&
		       policy->ready_exec >= policy->ready_timeout;
	case SPEC_BEAT_TIMEOUT_TOO_SHORT:
		return policy->beats && policy->beat_timeout <= policy->beat_interval;
	case SPEC_DELAY_TOO_LONG:
		return policy->backoff.first > policy->backoff.most;
	case SPEC_LISTENS_FOR_NOBODY:
		return app->adopt == SPEC_ADOPT_NONE && app->listen_count > 0;
	case SPEC_LISTENS_UNSEEN:
		return policy->ready == CORE_READY_LISTEN &&
		       (app->adopt == SPEC_ADOPT_NONE ||
			app->adopt == SPEC_ADOPT_LISTEN_FDS);
	case SPEC_PROBES_TWICE:
		return app->probe.http && app->probe.tcp;
	case SPEC_QUIET_SHARES:
		return policy->drain == CORE_DRAIN_QUIET && shares_sockets(app);
	case SPEC_PROBES_NO_SLOT:
		return spec_probes(app) && !has_slot_address(app);
	case SPEC_FITS:
	case SPEC_CONFLICTS:
		break;
	}
	return false;
}

enum spec_conflict spec_check(const struct app_spec *app, enum spec_conflict after)
{
	for (unsigned next = after + 1; next < SPEC_CONFLICTS; next++)
		if (conflicts(app, (enum spec_conflict)next))
			return (enum spec_conflict)next;
	return SPEC_FITS;
}

const char *spec_log_format_name(enum spec_log_format format)
{
	static const char *const names[] = {
		[SPEC_LOG_RAW] = "raw",
		[SPEC_LOG_PREFIXED] = "prefixed",
		[SPEC_LOG_JSON] = "json",
	};

	return names[format];
}

bool spec_logs(const struct app_spec *app, enum spec_stream stream)
{
	const char *path = app->log.path[stream];

	if (app->log.to == SPEC_LOG_JOURNAL)
		return true;
	return app->log.to == SPEC_LOG_FILE && !(path && strcmp(path, "/dev/null") == 0);
}

static unsigned within(unsigned number, unsigned least, unsigned most)
{
	if (number < least)
		return least;
	return number < most ? number : most;
}

/* Reads a number from 1 to `most` off the text. */
static bool take_number(const char **text, unsigned most, unsigned *ret_number)
{
	const char *at = *text;
	unsigned number = 0;

	for (; *at >= '0' && *at <= '9' && number <= most; at++)
		number = number * 10 + (unsigned)(*at - '0');
	*text = at;
	*ret_number = number;
	return number >= 1 && number <= most;
}

int spec_parse_instances(struct spec_instances *ret_instances, const char *text)
{
	struct spec_instances instances = {.kind = SPEC_INSTANCES_MAX_MINUS};

	if (strncmp(text, "max", 3) == 0) {
		text += 3;
		if (*text == '-') {
			text++;
			if (!take_number(&text, CORE_SLOTS, &instances.number))
				return -1;
		}
	} else if (take_number(&text, SPEC_PERCENT, &instances.number) && *text == '%') {
		instances.kind = SPEC_INSTANCES_PERCENT;
		text++;
	} else {
		instances.kind = SPEC_INSTANCES_COUNT;
		if (instances.number < 1 || instances.number > CORE_SLOTS)
			return -1;
	}
	if (*text)
		return -1;
	*ret_instances = instances;
	return 0;
}

unsigned spec_instances_count(const struct spec_instances *instances, unsigned most)
{
	unsigned number = instances->number;

	most = within(most, 1, CORE_SLOTS);
	switch (instances->kind) {
	case SPEC_INSTANCES_COUNT:
		return within(number, 1, CORE_SLOTS);
	case SPEC_INSTANCES_MAX_MINUS:
		return number < most ? most - number : 1;
	case SPEC_INSTANCES_PERCENT:
		assert(number <= SPEC_PERCENT);
		return within((most * number + PERCENT - 1) / PERCENT, 1, CORE_SLOTS);
	}
	return 1;
}

unsigned spec_weight(const struct app_spec *app, unsigned slot)
{
	return slot < app->weight_count ? app->weight[slot] : 1;
}

bool spec_denies_new_privileges(const struct app_spec *app)
{
	return app->no_new_privileges.given ? app->no_new_privileges.value != 0
					    : app->user != NULL;
}

const char *spec_limit_name(enum spec_limit_kind kind)
{
	static const char *const names[] = {
		[SPEC_LIMIT_AS] = "as",
		[SPEC_LIMIT_CORE] = "core",
		[SPEC_LIMIT_CPU] = "cpu",
		[SPEC_LIMIT_DATA] = "data",
		[SPEC_LIMIT_FSIZE] = "fsize",
		[SPEC_LIMIT_MEMLOCK] = "memlock",
		[SPEC_LIMIT_MSGQUEUE] = "msgqueue",
		[SPEC_LIMIT_NOFILE] = "nofile",
		[SPEC_LIMIT_NPROC] = "nproc",
		[SPEC_LIMIT_RTPRIO] = "rtprio",
		[SPEC_LIMIT_SIGPENDING] = "sigpending",
		[SPEC_LIMIT_STACK] = "stack",
	};

	assert(kind < SPEC_LIMITS);
	return names[kind];
}

const struct app_spec *spec_find(const struct spec *spec, const char *name)
{
	for (unsigned i = 0; i < spec->apps; i++)
		if (strcmp(spec->app[i].name, name) == 0)
			return &spec->app[i];
	return NULL;
}
