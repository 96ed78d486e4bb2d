#include "supervisor/layout.h"

#include "supervisor/estate.h"

#define EXITS     (EXIT_UNKNOWN + 1)
#define WORDS     65536 /* of a command or an environment */
#define GROUPS    65536 /* that a user can be in */
#define VARIABLES 65536

#define AT(member)   offsetof(T, member)
#define SIZE(member) sizeof(((T *)0)->member)
#define BASE(number, what, member) \
	.tag = (number), .kind = (what), .offset = AT(member), .bytes = SIZE(member)
#define ITEM(member) sizeof(((T *)0)->member[0])

#define NUMBER(tag, member)        BASE(tag, RECORD_NUMBER, member)
#define UPTO(tag, member, limit)   BASE(tag, RECORD_NUMBER, member), .most = (limit)
#define FLAG(tag, member)          UPTO(tag, member, 1)
#define CHOICE(tag, member, count) UPTO(tag, member, (count)-1)
#define CHARS(tag, member)         BASE(tag, RECORD_CHARS, member)
#define TEXT(tag, member)          BASE(tag, RECORD_TEXT, member)
#define WORDY(tag, member)         BASE(tag, RECORD_WORDS, member), .most = WORDS
#define STRUCT(tag, member, rows)  BASE(tag, RECORD_STRUCT, member), .row = (rows)
#define NUMBERS(number, member, limit)                                 \
	.tag = (number), .kind = RECORD_NUMBERS, .offset = AT(member), \
	.bytes = ITEM(member), .most = (limit)
#define MANY(number, what, member, rows, limit, counted)                              \
	.tag = (number), .kind = (what), .offset = AT(member), .bytes = ITEM(member), \
	.most = (limit), .count = (counted), .row = (rows)
#define ALL_OF(tag, member, rows, limit) \
	MANY(tag, RECORD_ARRAY, member, rows, limit, RECORD_ALL)
#define SOME_OF(tag, member, rows, limit, counted) \
	MANY(tag, RECORD_ARRAY, member, rows, limit, AT(counted))
#define LIST_OF(tag, member, rows, limit, counted) \
	MANY(tag, RECORD_LIST, member, rows, limit, AT(counted))
#define END              \
	{                \
		.tag = 0 \
	}

/* clang-format off */

/* ---- the core ---- */

#define T struct backoff
static const struct record_row backoff[] = {
	{NUMBER(1, failures)},
	{NUMBER(2, until)},
	END
};
#undef T

#define T struct core_policy
static const struct record_row policy[] = {
	{CHOICE(1, ready, CORE_READY_AUTO + 1)},
	{NUMBER(2, ready_timeout)},
	{NUMBER(3, ready_exec)},
	{FLAG(4, beats)},
	{NUMBER(5, beat_interval)},
	{NUMBER(6, beat_timeout)},
	{NUMBER(7, drain_timeout)},
	{NUMBER(8, surge)},
	{FLAG(9, surge_percent)},
	{NUMBER(10, settle)},
	{NUMBER(11, failures)},
	{CHOICE(12, restart, CORE_RESTART_NEVER + 1)},
	{NUMBER(13, restart_max)},
	{NUMBER(14, backoff.first)},
	{NUMBER(15, backoff.most)},
	{NUMBER(16, backoff.steady)},
	{NUMBER(17, recycle.memory)},
	{NUMBER(18, recycle.age)},
	{NUMBER(19, recycle.requests)},
	{NUMBER(20, recycle.jitter)},
	{NUMBER(21, probe_failures)},
	{NUMBER(22, unroute_timeout)},
	{NUMBER(23, abort_timeout)},
	{NUMBER(24, kill_retry)},
	{FLAG(25, moves)},
	{CHOICE(26, drain, CORE_DRAIN_QUIET + 1)},
	{NUMBER(27, drain_grace)},
	END
};
#undef T

#define T struct worker
static const struct record_row worker[] = {
	{CHOICE(1, phase, WORKER_PHASES)},
	{NUMBER(2, generation)},
	{NUMBER(3, since)},
	{NUMBER(4, deadline)},
	{NUMBER(5, beat)},
	{NUMBER(6, served)},
	{FLAG(7, settled)},
	{FLAG(8, renew)},
	{FLAG(9, recycled)},
	{FLAG(10, proven)},
	{NUMBER(11, misses)},
	{NUMBER(12, lot)},
	{CHOICE(13, due, CORE_BOUNDS)},
	{FLAG(14, undone)},
	{FLAG(15, unaware)},
	{FLAG(16, speaks)},
	{UPTO(17, socket, 1)},
	END
};
#undef T

#define T struct slot
static const struct record_row slot[] = {
	{ALL_OF(1, seat, worker, CORE_SEATS)},
	{STRUCT(2, backoff, backoff)},
	{FLAG(3, owed)},
	{FLAG(4, resting)},
	{FLAG(5, restarting)},
	{UPTO(6, socket, 1)},
	END
};
#undef T

#define T struct core_app
static const struct record_row core[] = {
	{STRUCT(1, policy, policy)},
	{FLAG(2, want.running)},
	{NUMBER(3, want.generation)},
	{UPTO(4, want.count, CORE_SLOTS)},
	{NUMBER(5, want.surge)},
	{FLAG(6, reload.active)},
	{NUMBER(7, reload.from)},
	{UPTO(8, reload.reached, CORE_SLOTS)},
	{NUMBER(9, reload.failures)},
	{UPTO(10, reload.count, CORE_SLOTS)},
	{NUMBER(11, served.now)},
	{NUMBER(12, served.before)},
	{FLAG(13, scale.active)},
	{UPTO(14, scale.from, CORE_SLOTS)},
	{NUMBER(15, scale.failures)},
	{CHOICE(16, operation.kind, CORE_OPERATION_KINDS)},
	{NUMBER(17, operation.id)},
	{UPTO(18, operation.first, CORE_SLOTS)},
	{UPTO(19, operation.past, CORE_SLOTS + 1)},
	{FLAG(20, operation.reverted)},
	{UPTO(21, recycle.next, CORE_SLOTS)},
	{STRUCT(22, recycle.backoff, backoff)},
	{FLAG(23, notifies)},
	{FLAG(24, listens)},
	{UPTO(25, slots, CORE_SLOTS)},
	END
};
#undef T

/* ---- what a configuration says ---- */

#define T struct { const char *text; }
static const struct record_row text[] = {
	{.tag = 1, .kind = RECORD_TEXT, .bytes = sizeof(char *)},
	END
};
#undef T

static const struct record_row number[] = {
	{.tag = 1, .kind = RECORD_NUMBER, .bytes = sizeof(uint32_t)},
	END
};

#define T struct spec_variable
static const struct record_row variable[] = {
	{TEXT(1, name)},
	{TEXT(2, value)},
	END
};
#undef T

#define T struct spec_option
static const struct record_row option[] = {
	{FLAG(1, given)},
	{NUMBER(2, value)},
	END
};
#undef T

#define T struct spec_limit
static const struct record_row limit[] = {
	{FLAG(1, given)},
	{NUMBER(2, soft)},
	{NUMBER(3, hard)},
	END
};
#undef T

#define T struct spec_cgroup
static const struct record_row bounds[] = {
	{NUMBER(1, memory_max)},
	{NUMBER(2, memory_high)},
	{NUMBER(3, cpu_max)},
	{NUMBER(4, cpu_weight)},
	{NUMBER(5, pids_max)},
	END
};
#undef T

#define T struct spec_probe
static const struct record_row probe[] = {
	{TEXT(1, http)},
	{FLAG(2, tcp)},
	{NUMBER(3, interval)},
	{NUMBER(4, timeout)},
	{NUMBER(5, failures)},
	END
};
#undef T

#define T struct app_spec
static const struct record_row spec[] = {
	{TEXT(1, name)},
	{TEXT(2, file)},
	{NUMBER(3, line)},
	{WORDY(4, command)},
	{TEXT(5, directory)},
	{LIST_OF(6, env, variable, VARIABLES, env_count)},
	{TEXT(7, env_file)},
	{LIST_OF(8, pass_env, text, VARIABLES, pass_env_count)},
	{TEXT(9, user)},
	{TEXT(10, group)},
	{STRUCT(11, umask, option)},
	{STRUCT(12, nice, option)},
	{STRUCT(13, oom_score_adj, option)},
	{STRUCT(14, no_new_privileges, option)},
	{ALL_OF(15, limit, limit, SPEC_LIMITS)},
	{CHOICE(16, affinity, SPEC_AFFINITY_AUTO + 1)},
	{CHOICE(17, instances.kind, SPEC_INSTANCES_PERCENT + 1)},
	{UPTO(18, instances.number, SPEC_PERCENT)},
	{SOME_OF(19, listen, text, SPEC_LISTEN, listen_count)},
	{NUMBER(20, backlog)},
	{CHOICE(21, adopt, SPEC_ADOPT_NONE + 1)},
	{CHOICE(22, balance, BALANCES)},
	{LIST_OF(23, weight, number, CORE_SLOTS, weight_count)},
	{FLAG(24, slot_addresses)},
	{STRUCT(25, probe, probe)},
	{UPTO(26, drain_signal, 64)},
	{NUMBERS(27, stop_exit_code, SPEC_EXIT_CODES)},
	{UPTO(28, stop_exit_codes, SPEC_EXIT_CODES)},
	{CHOICE(29, log.to, SPEC_LOG_JOURNAL + 1)},
	{FLAG(30, autostart)},
	{STRUCT(31, policy, policy)},
	{TEXT(32, cron)},
	{CHOICE(33, control, SPEC_CONTROL_READ + 1)},
	{CHOICE(34, log.format, SPEC_LOG_JSON + 1)},
	{TEXT(35, log.path[SPEC_OUT])},
	{TEXT(36, log.path[SPEC_ERR])},
	{NUMBER(37, log.rotate)},
	{NUMBER(38, log.age)},
	{NUMBER(39, log.keep)},
	{CHOICE(40, log.packing, SPEC_PACKING_GZIP + 1)},
	{STRUCT(41, cgroup, bounds)},
	END
};
#undef T

/* ---- what it was resolved to ---- */

#define T struct pin
static const struct record_row pin[] = {
	{TEXT(1, path)},
	{NUMBER(2, original.st_dev)},
	{NUMBER(3, original.st_ino)},
	{NUMBER(4, original.st_mode)},
	{NUMBER(5, original.st_size)},
	{NUMBER(6, original.st_mtim.tv_sec)},
	{NUMBER(7, original.st_mtim.tv_nsec)},
	{CHARS(8, digest)},
	{TEXT(9, no_digest)},
	END
};
#undef T

#define T struct identity
static const struct record_row identity[] = {
	{NUMBER(1, uid)},
	{NUMBER(2, gid)},
	{TEXT(3, name)},
	{TEXT(4, home)},
	{TEXT(5, shell)},
	{LIST_OF(6, group, number, GROUPS, groups)},
	END
};
#undef T

#define T struct process_limit
static const struct record_row process_limit[] = {
	{TEXT(1, name)},
	{UPTO(2, resource, RLIM_NLIMITS - 1)},
	{NUMBER(3, value.rlim_cur)},
	{NUMBER(4, value.rlim_max)},
	END
};
#undef T

/* Its groups are those of the identity. */
#define T struct process_rights
static const struct record_row rights[] = {
	{SOME_OF(1, limit, process_limit, PROCESS_LIMITS, limits)},
	{FLAG(2, has_nice)},
	{FLAG(3, has_oom_score_adj)},
	{FLAG(4, has_umask)},
	{NUMBER(5, nice)},
	{CHARS(6, oom_score_adj)},
	{NUMBER(7, umask)},
	{FLAG(8, changes_identity)},
	{NUMBER(9, uid)},
	{NUMBER(10, gid)},
	{FLAG(11, denies_new_privileges)},
	END
};
#undef T

#define T struct generation
static const struct record_row generation[] = {
	{NUMBER(1, number)},
	{NUMBER(2, made)},
	{.tag = 3, .kind = RECORD_POINTER, .offset = AT(spec),
	 .bytes = sizeof(struct app_spec), .row = spec},
	{UPTO(4, count, CORE_SLOTS)},
	{STRUCT(5, program, pin)},
	{STRUCT(6, script, pin)},
	{WORDY(7, command)},
	{FLAG(8, told_of_change)},
	{TEXT(9, directory_path)},
	{WORDY(10, environment)},
	{STRUCT(11, identity, identity)},
	{STRUCT(12, rights, rights)},
	{TEXT(13, preload)},
	{TEXT(14, node_preload)},
	{FLAG(15, traps)},
	{UPTO(16, holdings, SPEC_LISTEN + ASKED)},
	{NUMBERS(17, named, SPEC_LISTEN + ASKED)},
	END
};
#undef T

/* ---- sockets ---- */

#define T struct address
static const struct record_row address[] = {
	{CHOICE(1, kind, ADDRESS_UNIX + 1)},
	{UPTO(2, bytes, SIZE(at))},
	{.tag = 3, .kind = RECORD_NUMBERS, .offset = AT(at), .bytes = 1,
	 .most = SIZE(at)},
	{FLAG(4, datagram)},
	END
};
#undef T

#define T struct holding
static const struct record_row holding[] = {
	{NUMBER(1, number)},
	{CHARS(2, text)},
	{STRUCT(3, listener.address, address)},
	{FLAG(4, listener.any_port)},
	{FLAG(5, listener.shared)},
	{FLAG(6, listener.taken)},
	{NUMBER(7, listener.backlog)},
	{UPTO(8, listener.slots, LISTENER_SLOTS)},
	{FLAG(9, listener.local.is_lent)},
	{NUMBER(10, listener.local.device)},
	{NUMBER(11, listener.local.inode)},
	{UPTO(12, listener.group.members, GROUP_MEMBERS)},
	{NUMBERS(13, listener.group.member, GROUP_MEMBERS)},
	{NUMBERS(14, buckets.owner, BUCKETS)},
	{NUMBER(15, buckets.groups)},
	END
};
#undef T

/* ---- workers ---- */

#define T struct last_exit
static const struct record_row last_exit[] = {
	{CHOICE(1, kind, EXITS)},
	{NUMBER(2, number)},
	{FLAG(3, core)},
	{NUMBER(4, at_wall)},
	{CHARS(5, reason)},
	{FLAG(6, knows_oom)},
	{FLAG(7, oom)},
	END
};
#undef T

#define T struct seat
static const struct record_row seat[] = {
	{NUMBER(1, process.pid)},
	{NUMBER(2, process.birth)},
	{NUMBER(3, pid)},
	{NUMBER(4, status)},
	{NUMBER(5, generation)},
	{NUMBER(6, started)},
	{FLAG(7, figures.ready)},
	{FLAG(8, figures.has_status)},
	{CHARS(9, figures.status)},
	{CHARS(10, reason)},
	{FLAG(11, exec_failed)},
	{NUMBER(12, asked)},
	{NUMBER(13, listening)},
	{FLAG(14, floods)},
	{FLAG(15, is_rude)},
	{NUMBER(16, channel.keys)},
	{NUMBER(17, excess)},
	END
};
#undef T

#define T struct conduit
static const struct record_row conduit[] = {
	{NUMBER(1, number)},
	{NUMBER(2, generation)},
	END
};
#undef T

#define T struct place
static const struct record_row place[] = {
	{NUMBER(1, spawns)},
	{STRUCT(2, last_exit, last_exit)},
	{ALL_OF(3, seat, seat, CORE_SEATS)},
	{ALL_OF(4, conduit, conduit, SPEC_STREAMS)},
	END
};
#undef T

/* ---- the app, and all of them ---- */

#define T struct dealing
static const struct record_row dealing[] = {
	{CHOICE(1, balance, BALANCES)},
	{NUMBERS(2, weight, CORE_SLOTS)},
	END
};
#undef T

#define T struct app
static const struct record_row app[] = {
	{CHARS(1, name)},
	{NUMBER(2, origin_number)},
	{FLAG(3, removing)},
	{FLAG(4, held)},
	{FLAG(5, was_online)},
	{FLAG(6, quenched)},
	{NUMBER(7, last_generation)},
	{NUMBER(8, last_holding)},
	{STRUCT(9, core, core)},
	{FLAG(10, override.given)},
	{STRUCT(11, override.dealing, dealing)},
	{STRUCT(12, override.configured, dealing)},
	{NUMBER(13, bounds.last.at_wall)},
	{UPTO(14, bounds.last.slot, CORE_SLOTS)},
	{CHARS(15, bounds.last.reason)},
	{TEXT(16, last.name)},
	{CHOICE(17, last.result, CORE_RESULTS)},
	{CHARS(18, last.error)},
	{NUMBER(19, last.took)},
	{CHARS(20, trouble)},
	END
};
#undef T

#define T struct operation
static const struct record_row operation[] = {
	{NUMBER(1, id)},
	{TEXT(2, name)},
	{NUMBER(3, began)},
	END
};
#undef T

#define T struct origin
static const struct record_row origin[] = {
	{NUMBER(1, number)},
	{TEXT(2, path)},
	{FLAG(3, with_directory)},
	{FLAG(4, ad_hoc)},
	{FLAG(5, rules)},
	END
};
#undef T

#define T struct supervisor
static const struct record_row supervisor[] = {
	{FLAG(1, stopping)},
	{FLAG(2, recalled)},
	{NUMBER(3, last_operation)},
	{NUMBER(4, last_app)},
	{NUMBER(5, last_origin)},
	{NUMBER(6, orphans)},
	{NUMBER(7, chronicle.next)},
	{CHARS(8, default_file)},
	{STRUCT(9, rules.mode, option)},
	{NUMBER(10, rules.group)},
	{UPTO(11, rules.log_level, 8)},
	{FLAG(12, told.ready)},
	{CHOICE(13, stage, STAGE_LAST + 1)},
	{NUMBER(14, ending.stop_delay)},
	{CHOICE(15, ending.exit_when, SPEC_EXIT_ALL_ENDED + 1)},
	{NUMBER(16, logger.last_number)},
	{NUMBER(17, upgrade.count)},
	{UPTO(18, answers.next, ANSWERS - 1)},
	END
};
#undef T

#define T struct answer
static const struct record_row answer[] = {
	{CHARS(1, ticket)},
	{CHARS(2, app)},
	{CHARS(3, kind)},
	{CHARS(4, result)},
	{NUMBER(5, operation)},
	{CHARS(6, reason)},
	{NUMBER(7, duration_ms)},
	END
};
#undef T

/* Who adds a field adds its row, and then says here how large it is now. */
#if UINTPTR_MAX == UINT64_MAX
#define IS(type, size) \
	_Static_assert(sizeof(type) == (size), #type " has a row for each field")
IS(struct core_policy, 192);
IS(struct worker, 72);
IS(struct slot, 168);
IS(struct core_app, 43480);
IS(struct app_spec, 992);
IS(struct process_rights, 576);
IS(struct identity, 48);
IS(struct dealing, 516);
IS(struct last_exit, 280);
IS(struct address, 124);
#endif

#define ROWS(rows, type) {#rows, rows, sizeof(struct type)}

static const struct layout layouts[LAYOUT_KINDS] = {
	[LAYOUT_SUPERVISOR] = ROWS(supervisor, supervisor),
	[LAYOUT_ORIGIN] = ROWS(origin, origin),
	[LAYOUT_APP] = ROWS(app, app),
	[LAYOUT_OPERATION] = ROWS(operation, operation),
	[LAYOUT_GENERATION] = ROWS(generation, generation),
	[LAYOUT_HOLDING] = ROWS(holding, holding),
	[LAYOUT_SLOT] = ROWS(slot, slot),
	[LAYOUT_PLACE] = ROWS(place, place),
	[LAYOUT_ANSWER] = ROWS(answer, answer),
};
/* clang-format on */

const struct layout *layout_find(uint32_t kind)
{
	return kind < LAYOUT_KINDS && layouts[kind].row != NULL ? &layouts[kind] : NULL;
}
