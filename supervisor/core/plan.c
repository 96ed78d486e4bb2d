#include "supervisor/core/plan.h"

#include <assert.h>
#include <string.h>

static bool same_text(const char *one, const char *other)
{
	return one && other ? strcmp(one, other) == 0 : one == other;
}

static bool same_texts(const char *const *one, unsigned count, const char *const *other,
		       unsigned other_count)
{
	if (count != other_count)
		return false;
	for (unsigned i = 0; i < count; i++)
		if (strcmp(one[i], other[i]) != 0)
			return false;
	return true;
}

static bool same_command(const struct app_spec *one, const struct app_spec *other)
{
	unsigned i;

	for (i = 0; one->command[i] && other->command[i]; i++)
		if (strcmp(one->command[i], other->command[i]) != 0)
			return false;
	return one->command[i] == other->command[i];
}

static bool same_environment(const struct app_spec *one, const struct app_spec *other)
{
	if (one->env_count != other->env_count)
		return false;
	for (unsigned i = 0; i < one->env_count; i++)
		if (strcmp(one->env[i].name, other->env[i].name) != 0 ||
		    strcmp(one->env[i].value, other->env[i].value) != 0)
			return false;
	return same_text(one->env_file, other->env_file) &&
	       same_texts(one->pass_env, one->pass_env_count, other->pass_env,
			  other->pass_env_count);
}

static bool same_option(const struct spec_option *one, const struct spec_option *other)
{
	return one->given == other->given && (!one->given || one->value == other->value);
}

static bool same_limits(const struct app_spec *one, const struct app_spec *other)
{
	for (unsigned i = 0; i < SPEC_LIMITS; i++) {
		const struct spec_limit *ours = &one->limit[i];
		const struct spec_limit *theirs = &other->limit[i];

		if (ours->given != theirs->given ||
		    (ours->given &&
		     (ours->soft != theirs->soft || ours->hard != theirs->hard)))
			return false;
	}
	return true;
}

static bool same_weights(const struct app_spec *one, const struct app_spec *other)
{
	for (unsigned slot = 0; slot < CORE_SLOTS; slot++)
		if (spec_weight(one, slot) != spec_weight(other, slot))
			return false;
	return true;
}

static bool same_heartbeat(const struct core_policy *one, const struct core_policy *other)
{
	return one->beats == other->beats &&
	       (!one->beats || one->beat_interval == other->beat_interval);
}

static bool same_ready(const struct core_policy *one, const struct core_policy *other)
{
	return one->ready == other->ready && one->ready_timeout == other->ready_timeout &&
	       one->ready_exec == other->ready_exec;
}

static bool same_reload(const struct core_policy *one, const struct core_policy *other)
{
	return one->surge == other->surge && one->surge_percent == other->surge_percent &&
	       one->settle == other->settle && one->failures == other->failures;
}

static bool same_probe(const struct spec_probe *one, const struct spec_probe *other)
{
	return same_text(one->http, other->http) && one->tcp == other->tcp &&
	       one->interval == other->interval && one->timeout == other->timeout &&
	       one->failures == other->failures;
}

static bool same_restart(const struct app_spec *one, const struct app_spec *other)
{
	const struct core_policy *ours = &one->policy;
	const struct core_policy *theirs = &other->policy;

	if (one->stop_exit_codes != other->stop_exit_codes)
		return false;
	for (unsigned i = 0; i < one->stop_exit_codes; i++)
		if (one->stop_exit_code[i] != other->stop_exit_code[i])
			return false;
	return ours->restart == theirs->restart &&
	       ours->restart_max == theirs->restart_max &&
	       ours->backoff.first == theirs->backoff.first &&
	       ours->backoff.most == theirs->backoff.most &&
	       ours->backoff.steady == theirs->backoff.steady;
}

static bool same_recycle(const struct app_spec *one, const struct app_spec *other)
{
	const struct core_recycle *ours = &one->policy.recycle;
	const struct core_recycle *theirs = &other->policy.recycle;

	return ours->memory == theirs->memory && ours->age == theirs->age &&
	       ours->requests == theirs->requests && ours->jitter == theirs->jitter &&
	       same_text(one->cron, other->cron);
}

/* Where a worker writes to: into a pipe, or elsewhere. */
static bool same_ends(const struct app_spec *one, const struct app_spec *other)
{
	for (unsigned i = 0; i < SPEC_STREAMS; i++)
		if (spec_logs(one, (enum spec_stream)i) !=
		    spec_logs(other, (enum spec_stream)i))
			return false;
	return one->log.to == other->log.to || spec_logs(one, SPEC_OUT);
}

static bool same_log_rules(const struct spec_log *one, const struct spec_log *other)
{
	return one->format == other->format && one->rotate == other->rotate &&
	       one->age == other->age && one->keep == other->keep &&
	       one->packing == other->packing &&
	       same_text(one->path[SPEC_OUT], other->path[SPEC_OUT]) &&
	       same_text(one->path[SPEC_ERR], other->path[SPEC_ERR]);
}

static bool same_cgroup(const struct spec_cgroup *one, const struct spec_cgroup *other)
{
	return one->memory_max == other->memory_max &&
	       one->memory_high == other->memory_high && one->cpu_max == other->cpu_max &&
	       one->cpu_weight == other->cpu_weight && one->pids_max == other->pids_max;
}

/* What a process is entitled to, and may be stopped by. */
static bool same_rights(const struct app_spec *one, const struct app_spec *other,
			enum plan_key key)
{
	if (key == PLAN_KEY_USER)
		return same_text(one->user, other->user);
	if (key == PLAN_KEY_GROUP)
		return same_text(one->group, other->group);
	if (key == PLAN_KEY_UMASK)
		return same_option(&one->umask, &other->umask);
	if (key == PLAN_KEY_LIMITS)
		return same_limits(one, other);
	if (key == PLAN_KEY_CGROUP)
		return same_cgroup(&one->cgroup, &other->cgroup);
	if (key == PLAN_KEY_NICE)
		return same_option(&one->nice, &other->nice);
	if (key == PLAN_KEY_OOM_SCORE_ADJ)
		return same_option(&one->oom_score_adj, &other->oom_score_adj);
	if (key == PLAN_KEY_AFFINITY)
		return one->affinity == other->affinity;
	if (key == PLAN_KEY_CONTROL)
		return one->control == other->control;
	return same_option(&one->no_new_privileges, &other->no_new_privileges);
}

static bool same(const struct app_spec *one, const struct app_spec *other,
		 enum plan_key key)
{
	switch (key) {
	case PLAN_KEY_COMMAND:
		return same_command(one, other);
	case PLAN_KEY_DIRECTORY:
		return same_text(one->directory, other->directory);
	case PLAN_KEY_ENVIRONMENT:
		return same_environment(one, other);
	case PLAN_KEY_LISTEN:
		return same_texts(one->listen, one->listen_count, other->listen,
				  other->listen_count);
	case PLAN_KEY_ADOPT:
		return one->adopt == other->adopt;
	case PLAN_KEY_HEARTBEAT:
		return same_heartbeat(&one->policy, &other->policy);
	case PLAN_KEY_LOG:
		return same_ends(one, other);
	case PLAN_KEY_LOG_RULES: /* the logger's business */
		return (one->log.to == other->log.to || !same_ends(one, other)) &&
		       same_log_rules(&one->log, &other->log);
	case PLAN_KEY_USER:
	case PLAN_KEY_GROUP:
	case PLAN_KEY_UMASK:
	case PLAN_KEY_LIMITS:
	case PLAN_KEY_CGROUP:
	case PLAN_KEY_NICE:
	case PLAN_KEY_OOM_SCORE_ADJ:
	case PLAN_KEY_AFFINITY:
	case PLAN_KEY_CONTROL:
	case PLAN_KEY_NO_NEW_PRIVILEGES:
		return same_rights(one, other, key);
	case PLAN_KEY_INSTANCES:
		return one->instances.kind == other->instances.kind &&
		       one->instances.number == other->instances.number;
	case PLAN_KEY_BACKLOG:
		return one->backlog == other->backlog;
	case PLAN_KEY_QUEUE: /* changes what sockets workers have */
		return (one->balance == BALANCE_QUEUE) ==
		       (other->balance == BALANCE_QUEUE);
	case PLAN_KEY_BALANCE: /* any other change is the supervisor's to make */
		return one->balance == other->balance || one->balance == BALANCE_QUEUE ||
		       other->balance == BALANCE_QUEUE;
	case PLAN_KEY_WEIGHTS:
		return same_weights(one, other);
	case PLAN_KEY_SLOT_ADDRESSES:
		return one->slot_addresses == other->slot_addresses;
	case PLAN_KEY_READY:
		return same_ready(&one->policy, &other->policy);
	case PLAN_KEY_HEARTBEAT_TIMEOUT:
		return one->policy.beat_timeout == other->policy.beat_timeout;
	case PLAN_KEY_PROBE:
		return same_probe(&one->probe, &other->probe);
	case PLAN_KEY_DRAIN:
		return one->drain_signal == other->drain_signal &&
		       one->policy.drain == other->policy.drain &&
		       one->policy.drain_timeout == other->policy.drain_timeout;
	case PLAN_KEY_RELOAD:
		return same_reload(&one->policy, &other->policy);
	case PLAN_KEY_RESTART:
		return same_restart(one, other);
	case PLAN_KEY_RECYCLE:
		return same_recycle(one, other);
	case PLAN_KEY_AUTOSTART:
		return one->autostart == other->autostart;
	case PLAN_KEY_COUNT:
		break;
	}
	return true;
}

static const enum plan_kind effects[] = {
#define X(id, name, effect) PLAN_##effect,
	PLAN_KEYS(X)
#undef X
};

struct plan_app plan_compare(const struct app_spec *before, const struct app_spec *after)
{
	struct plan_app row = {.kind = PLAN_KEEP, .before = before, .after = after};

	_Static_assert(PLAN_KEY_COUNT <= 32, "keys are bits of a uint32_t");
	_Static_assert(PLAN_KEEP < PLAN_RESHAPE && PLAN_RESHAPE < PLAN_ROLL,
		       "the kind of a changed app is the largest of its keys' effects");
	for (unsigned key = 0; key < PLAN_KEY_COUNT; key++) {
		if (same(before, after, (enum plan_key)key))
			continue;
		row.keys |= UINT32_C(1) << key;
		if (row.kind < effects[key])
			row.kind = effects[key];
	}
	return row;
}

unsigned plan_make(const struct spec *old_spec, const struct spec *new_spec,
		   struct plan_app *plan)
{
	unsigned rows = 0;

	for (unsigned i = 0; i < new_spec->apps; i++) {
		const struct app_spec *after = &new_spec->app[i];
		const struct app_spec *before =
			old_spec ? spec_find(old_spec, after->name) : NULL;

		if (before)
			plan[rows++] = plan_compare(before, after);
		else
			plan[rows++] =
				(struct plan_app){.kind = PLAN_ADD, .after = after};
	}
	for (unsigned i = 0; old_spec && i < old_spec->apps; i++) {
		const struct app_spec *before = &old_spec->app[i];

		if (!spec_find(new_spec, before->name))
			plan[rows++] =
				(struct plan_app){.kind = PLAN_REMOVE, .before = before};
	}
	return rows;
}

const char *plan_kind_name(enum plan_kind kind)
{
	static const char *const names[] = {
		[PLAN_KEEP] = "keep",       [PLAN_ADD] = "add",
		[PLAN_RESHAPE] = "reshape", [PLAN_ROLL] = "roll",
		[PLAN_REMOVE] = "remove",
	};

	assert(kind < PLAN_KINDS);
	return names[kind];
}

const char *plan_key_name(enum plan_key key)
{
	static const char *const names[] = {
#define X(id, name, effect) name,
		PLAN_KEYS(X)
#undef X
	};

	assert(key < PLAN_KEY_COUNT);
	return names[key];
}
