/*
 * rights.c - a generation's user, limits and priorities, resolved once.
 *
 * The user database is asked here and not by the child, and a worker that crashes comes
 * back as who it was.  What is not configured is as the supervisor began with: its own
 * limit of open files it raises for itself alone.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "supervisor/estate.h"

static const int resources[SPEC_LIMITS] = {
	[SPEC_LIMIT_AS] = RLIMIT_AS,
	[SPEC_LIMIT_CORE] = RLIMIT_CORE,
	[SPEC_LIMIT_CPU] = RLIMIT_CPU,
	[SPEC_LIMIT_DATA] = RLIMIT_DATA,
	[SPEC_LIMIT_FSIZE] = RLIMIT_FSIZE,
	[SPEC_LIMIT_MEMLOCK] = RLIMIT_MEMLOCK,
	[SPEC_LIMIT_MSGQUEUE] = RLIMIT_MSGQUEUE,
	[SPEC_LIMIT_NOFILE] = RLIMIT_NOFILE,
	[SPEC_LIMIT_NPROC] = RLIMIT_NPROC,
	[SPEC_LIMIT_RTPRIO] = RLIMIT_RTPRIO,
	[SPEC_LIMIT_SIGPENDING] = RLIMIT_SIGPENDING,
	[SPEC_LIMIT_STACK] = RLIMIT_STACK,
};

static struct rlimit get_limit(int resource)
{
	struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

	(void)getrlimit((__rlimit_resource_t)resource, &limit);
	return limit;
}

void rights_raise_files(struct supervisor *supervisor)
{
	struct rlimit raised = supervisor->files = get_limit(RLIMIT_NOFILE);

	raised.rlim_cur = raised.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &raised);
}

static void add_limit(struct process_rights *rights, enum spec_limit_kind kind,
		      const struct rlimit *value)
{
	rights->limit[rights->limits++] = (struct process_limit){
		.name = spec_limit_name(kind),
		.resource = resources[kind],
		.value = *value,
	};
}

/* Root may raise what it likes; who else tries would only fail in every child. */
static int resolve_limit(struct process_rights *rights, enum spec_limit_kind kind,
			 const struct spec_limit *wanted, struct fault *fault)
{
	struct rlimit value = {.rlim_cur = wanted->soft, .rlim_max = wanted->hard};
	struct rlimit ours = get_limit(resources[kind]);

	if (geteuid() != 0 && value.rlim_max > ours.rlim_max)
		return fault_set(fault, -EPERM,
				 "limits.%s: only root can raise it above the hard limit "
				 "of %llu",
				 spec_limit_name(kind),
				 (unsigned long long)ours.rlim_max);
	add_limit(rights, kind, &value);
	return 0;
}

static int resolve_limits(const struct supervisor *supervisor,
			  struct process_rights *rights, const struct app_spec *spec,
			  struct fault *fault)
{
	_Static_assert(SPEC_LIMITS <= PROCESS_LIMITS, "all limits have room");
	_Static_assert(RLIM_INFINITY == SPEC_INFINITY, "no limit is the same to both");
	if (!spec->limit[SPEC_LIMIT_NOFILE].given)
		add_limit(rights, SPEC_LIMIT_NOFILE, &supervisor->files);
	for (unsigned kind = 0; kind < SPEC_LIMITS; kind++) {
		int result = 0;

		if (spec->limit[kind].given)
			result = resolve_limit(rights, (enum spec_limit_kind)kind,
					       &spec->limit[kind], fault);
		if (result < 0)
			return result;
	}
	return 0;
}

/* What shields the supervisor from the kernel when memory runs out is not for workers,
 * unless they are given it. */
static void resolve_oom_score_adj(struct process_rights *rights,
				  const struct app_spec *spec)
{
	char ours[16];
	int value = spec->oom_score_adj.value;

	rights->has_oom_score_adj = spec->oom_score_adj.given;
	if (!spec->oom_score_adj.given &&
	    fd_read_text("/proc/self/oom_score_adj", ours, sizeof(ours)) >= 0 &&
	    atoi(ours) < 0)
		rights->has_oom_score_adj = true;
	(void)snprintf(rights->oom_score_adj, sizeof(rights->oom_score_adj), "%d", value);
}

static int resolve_identity(struct generation *generation, struct fault *fault)
{
	const struct app_spec *spec = generation->spec;
	struct process_rights *rights = &generation->rights;
	struct identity *identity = &generation->identity;
	int result;

	if (spec->user == NULL && spec->group == NULL)
		return 0;
	result = identity_resolve(identity, &generation->words, spec->user, spec->group,
				  fault);
	if (result < 0)
		return result;
	rights->changes_identity = geteuid() == 0; /* others can only name themselves */
	rights->uid = identity->uid;
	rights->gid = identity->gid;
	rights->group = identity->group;
	rights->groups = identity->groups;
	return 0;
}

int rights_resolve(const struct supervisor *supervisor, struct generation *generation,
		   struct fault *fault)
{
	const struct app_spec *spec = generation->spec;
	struct process_rights *rights = &generation->rights;
	int result;

	rights->has_nice = spec->nice.given;
	rights->nice = spec->nice.value;
	rights->has_umask = spec->umask.given;
	rights->umask = (mode_t)spec->umask.value;
	rights->denies_new_privileges = spec_denies_new_privileges(spec);
	resolve_oom_score_adj(rights, spec);
	result = resolve_identity(generation, fault);
	if (result == 0)
		result = resolve_limits(supervisor, rights, spec, fault);
	return result;
}
