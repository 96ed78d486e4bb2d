#include "supervisor/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/text.h"
#include "supervisor/retell.h"

void view_supervisor(struct json_writer *writer, const char *key,
		     const struct supervisor *supervisor)
{
	struct supervisor_status status;

	supervisor_read_status(supervisor, &status);
	json_open_object(writer, key);
	json_put_figure(writer, "pid", status.pid);
	json_put_text(writer, "keeper", status.keeper);
	json_put_figure(writer, "keeper_pid", status.keeper_pid);
	json_put_text(writer, "version", status.version);
	json_put_figure(writer, "uptime_ms", status.uptime_ms);
	json_put_figure(writer, "rss_bytes", status.rss_bytes);
	json_put_bool(writer, "stopping", status.stopping);
	json_put_bool(writer, "started", status.started);
	json_put_text(writer, "log_directory", status.places->log);
	json_put_text(writer, "trouble", status.trouble);
	json_close_object(writer);
}

void view_moment(struct json_writer *writer, const char *key, msec wall)
{
	time_t seconds = (time_t)(wall / 1000);
	struct tm when;
	char text[48];
	size_t used;

	(void)gmtime_r(&seconds, &when);
	used = strftime(text, sizeof(text), "%FT%T", &when);
	(void)snprintf(text + used, sizeof(text) - used, ".%03dZ", (int)(wall % 1000));
	json_put_text(writer, key, text);
}

static void view_exit(struct json_writer *writer, const struct last_exit *last)
{
	if (last == NULL || last->kind == EXIT_NONE) {
		json_put_null(writer, "last_exit");
		return;
	}
	json_open_object(writer, "last_exit");
	if (last->kind == EXIT_CODE)
		json_put_number(writer, "code", last->number);
	else
		json_put_null(writer, "code");
	json_put_text(writer, "signal",
		      last->kind == EXIT_SIGNAL ? text_signal_name(last->number) : NULL);
	json_put_bool(writer, "core", last->core);
	if (last->knows_oom)
		json_put_bool(writer, "oom", last->oom);
	else
		json_put_null(writer, "oom"); /* only a cgroup of its own can tell */
	json_put_text(writer, "reason", last->reason);
	view_moment(writer, "at", last->at_wall);
	json_close_object(writer);
}

static void view_probe(struct json_writer *writer, const struct worker_status *worker)
{
	const struct last_probe *last = worker->last_probe;

	if (last == NULL) {
		json_put_null(writer, "last_probe");
		return;
	}
	json_open_object(writer, "last_probe");
	json_put_bool(writer, "passed", last->passed);
	json_put_text(writer, "result", last->text);
	json_put_number(writer, "latency_ms", last->latency);
	json_put_number(writer, "failures", worker->probe_failures);
	view_moment(writer, "at", last->at_wall);
	json_close_object(writer);
}

static void view_worker(struct json_writer *writer, const struct worker_status *worker)
{
	json_open_object(writer, NULL);
	json_put_number(writer, "slot", worker->slot);
	json_put_figure(writer, "pid", worker->pid > 0 ? worker->pid : -1);
	json_put_text(writer, "state", worker_state_name(worker->state));
	json_put_figure(writer, "generation",
			worker->pid > 0 ? (int64_t)worker->generation : -1);
	json_put_figure(writer, "uptime_ms", worker->uptime_ms);
	json_put_number(writer, "restarts", worker->restarts);
	json_put_figure(writer, "rss_bytes", worker->rss_bytes);
	json_put_real_figure(writer, "cpu_percent", worker->cpu_percent);
	json_put_figure(writer, "heartbeat_age_ms", worker->heartbeat_age_ms);
	json_put_figure(writer, "loop_lag_us", worker->loop_lag_us);
	json_put_figure(writer, "connections", worker->connections);
	json_put_figure(writer, "requests", worker->requests);
	json_put_figure(writer, "errors", worker->errors);
	json_put_figure(writer, "latency_us", worker->latency_us);
	json_put_text(writer, "door", worker->door);
	json_put_text(writer, "status", worker->status);
	view_exit(writer, worker->last_exit);
	json_put_real_figure(writer, "share_percent", worker->share_percent);
	json_put_figure(writer, "queue_depth", worker->queue_depth);
	json_put_figure(writer, "connections_in_use", worker->in_use);
	view_probe(writer, worker);
	json_close_object(writer);
}

static void view_recycle(struct json_writer *writer, const struct app_status *status)
{
	const struct core_recycle *policy = &status->spec->policy.recycle;
	const struct last_recycle *last = status->last_recycle;

	json_open_object(writer, "recycle");
	json_put_figure(writer, "memory_bytes",
			policy->memory ? (int64_t)policy->memory : -1);
	json_put_figure(writer, "age_ms", policy->age ? policy->age : -1);
	json_put_figure(writer, "requests",
			policy->requests ? (int64_t)policy->requests : -1);
	json_put_number(writer, "jitter_percent", policy->jitter);
	json_put_text(writer, "cron", status->spec->cron);
	if (status->next_cron == MSEC_NEVER)
		json_put_null(writer, "next_cron");
	else
		view_moment(writer, "next_cron", status->next_cron);
	json_close_object(writer);
	if (last == NULL) {
		json_put_null(writer, "last_recycle");
		return;
	}
	json_open_object(writer, "last_recycle");
	json_put_number(writer, "slot", last->slot);
	json_put_text(writer, "reason", last->reason);
	view_moment(writer, "at", last->at_wall);
	json_close_object(writer);
}

static void view_probes(struct json_writer *writer, const struct app_spec *spec)
{
	if (!spec_probes(spec)) {
		json_put_null(writer, "probe");
		return;
	}
	json_open_object(writer, "probe");
	json_put_text(writer, "http", spec->probe.http);
	json_put_number(writer, "interval_ms", spec->probe.interval);
	json_put_number(writer, "timeout_ms", spec->probe.timeout);
	json_put_number(writer, "failures", spec->probe.failures);
	json_close_object(writer);
}

static void view_operation(struct json_writer *writer, const struct app_status *status)
{
	const struct app_operation_status *now = &status->operation;
	const struct app_operation_status *last = &status->last_operation;

	if (now->kind == NULL) {
		json_put_null(writer, "operation");
	} else {
		json_open_object(writer, "operation");
		json_put_text(writer, "kind", now->kind);
		json_put_text(writer, "phase", now->phase);
		json_put_number(writer, "done", now->done);
		json_put_number(writer, "total", now->total);
		json_close_object(writer);
	}
	if (last->kind == NULL) {
		json_put_null(writer, "last_operation");
		return;
	}
	json_open_object(writer, "last_operation");
	json_put_text(writer, "kind", last->kind);
	json_put_bool(writer, "ok", last->ok);
	json_put_text(writer, "error", last->error);
	json_put_figure(writer, "duration_ms", last->duration_ms);
	json_close_object(writer);
}

static void view_numbers(struct json_writer *writer, const struct app_status *status)
{
	json_open_object(writer, "instances");
	json_put_number(writer, "configured", status->configured);
	json_put_number(writer, "desired", status->desired);
	json_put_number(writer, "ready", status->ready);
	json_put_number(writer, "running", status->running);
	json_put_bool(writer, "overridden", status->overridden);
	json_close_object(writer);
}

static void format_bound(char *text, size_t size, uint64_t bound)
{
	if (bound == SPEC_INFINITY)
		(void)snprintf(text, size, "infinity");
	else
		(void)snprintf(text, size, "%" PRIu64, bound);
}

/* As a configuration would have it: "1024", "1024:4096", "infinity". */
static void view_limit(struct json_writer *writer, enum spec_limit_kind kind,
		       const struct spec_limit *limit)
{
	char soft[24], hard[24], text[64];

	format_bound(soft, sizeof(soft), limit->soft);
	format_bound(hard, sizeof(hard), limit->hard);
	(void)snprintf(text, sizeof(text), "%s%s%s", soft,
		       limit->soft != limit->hard ? ":" : "",
		       limit->soft != limit->hard ? hard : "");
	json_put_text(writer, spec_limit_name(kind), text);
}

static void view_option(struct json_writer *writer, const char *key,
			const struct spec_option *option)
{
	if (option->given)
		json_put_number(writer, key, option->value);
	else
		json_put_null(writer, key);
}

static void view_bound(struct json_writer *writer, const char *key, uint64_t bound)
{
	json_put_figure(writer, key, bound > 0 ? (int64_t)bound : -1);
}

static void view_cgroup(struct json_writer *writer, const struct spec_cgroup *bounds)
{
	json_open_object(writer, "cgroup");
	view_bound(writer, "memory_max", bounds->memory_max);
	view_bound(writer, "memory_high", bounds->memory_high);
	view_bound(writer, "cpu_max", bounds->cpu_max);
	view_bound(writer, "cpu_weight", bounds->cpu_weight);
	view_bound(writer, "pids_max", bounds->pids_max);
	json_close_object(writer);
}

/* What is null is as the supervisor has it. */
static void view_rights(struct json_writer *writer, const struct app_spec *spec)
{
	char mask[8];

	(void)snprintf(mask, sizeof(mask), "%04o", (unsigned)spec->umask.value & 0777);
	json_put_text(writer, "user", spec->user);
	json_put_text(writer, "group", spec->group);
	json_put_text(writer, "umask", spec->umask.given ? mask : NULL);
	json_put_bool(writer, "no_new_privileges", spec_denies_new_privileges(spec));
	view_option(writer, "nice", &spec->nice);
	view_option(writer, "oom_score_adj", &spec->oom_score_adj);
	json_put_text(writer, "affinity",
		      spec->affinity == SPEC_AFFINITY_AUTO ? "auto" : "none");
	json_put_text(writer, "control",
		      spec->control == SPEC_CONTROL_READ ? "read" : "none");
	json_open_object(writer, "limits");
	for (unsigned kind = 0; kind < SPEC_LIMITS; kind++)
		if (spec->limit[kind].given)
			view_limit(writer, (enum spec_limit_kind)kind,
				   &spec->limit[kind]);
	json_close_object(writer);
	view_cgroup(writer, &spec->cgroup);
}

/* What people look for when something is wrong: where it comes from and what it runs. */
static void view_origin(struct json_writer *writer, const struct app_status *status)
{
	const struct app_spec *spec = status->spec;

	json_put_text(writer, "config", spec->file);
	json_put_figure(writer, "config_line",
			spec->file != NULL ? (int64_t)spec->line : -1);
	json_open_array(writer, "command");
	for (char *const *word = spec->command; *word != NULL; word++)
		json_put_text(writer, NULL, *word);
	json_close_array(writer);
	json_put_text(writer, "program", status->program);
	json_put_text(writer, "directory", status->directory);
	json_put_text(writer, "slot_listen", status->slot_listen);
	json_put_number(writer, "backlog", spec->backlog);
	json_put_text(writer, "drain_signal", text_signal_name(spec->drain_signal));
	json_put_figure(writer, "ready_timeout_ms", spec->policy.ready_timeout);
	json_put_figure(writer, "drain_timeout_ms", spec->policy.drain_timeout);
	json_put_figure(writer, "heartbeat_interval_ms",
			spec->policy.beats ? spec->policy.beat_interval : -1);
	json_put_figure(writer, "heartbeat_timeout_ms",
			spec->policy.beats ? spec->policy.beat_timeout : -1);
}

/* `changed_on_disk`: a worker that starts now is not what its generation was. */
static void view_generation(struct json_writer *writer,
			    const struct generation_status *status)
{
	json_open_object(writer, NULL);
	json_put_number(writer, "number", status->number);
	json_put_text(writer, "role", status->role);
	json_put_figure(writer, "age_ms", status->age_ms);
	json_put_number(writer, "workers", status->workers);
	json_put_text(writer, "program", status->program);
	json_put_text(writer, "sha256", status->sha256);
	json_put_text(writer, "script", status->script);
	json_put_text(writer, "script_sha256", status->script_sha256);
	json_put_text(writer, "sha256_note", status->sha256_note);
	json_put_text(writer, "directory", status->directory);
	json_put_bool(writer, "replaced_on_disk", status->replaced);
	json_put_bool(writer, "changed_on_disk", status->changed != NULL);
	json_put_text(writer, "changed", status->changed);
	json_close_object(writer);
}

static void view_generations(struct json_writer *writer, const struct app *app)
{
	struct generation_status status;

	json_open_array(writer, "generations");
	for (unsigned i = 0; app_read_generation(app, i, &status); i++)
		view_generation(writer, &status);
	json_close_array(writer);
}

static void view_balance(struct json_writer *writer, const struct app_status *status)
{
	unsigned slots = status->desired > 0 ? status->desired : status->configured;

	json_put_text(writer, "balance", status->balance);
	json_put_text(writer, "balance_note", status->balance_note);
	json_put_text(writer, "balance_configured", status->balance_configured);
	json_open_array(writer, "weights");
	for (unsigned i = 0; i < slots && status->weight != NULL; i++)
		json_put_number(writer, NULL, status->weight[i]);
	json_close_array(writer);
}

void view_app(struct json_writer *writer, struct app *app, int slot,
	      const struct chronicle *chronicle)
{
	struct app_status status;
	struct worker_status worker;

	app_read_status(app, &status);
	json_open_object(writer, NULL);
	json_put_text(writer, "name", status.name);
	json_put_text(writer, "state", app_state_name(status.state));
	view_numbers(writer, &status);
	json_put_bool(writer, "started", status.started);
	json_put_bool(writer, "ad_hoc", status.ad_hoc);
	json_put_number(writer, "generation", status.generation);
	json_put_figure(writer, "rolled_back_from",
			status.rolled_back_from != 0 ? (int64_t)status.rolled_back_from
						     : -1);
	view_balance(writer, &status);
	json_open_array(writer, "listen");
	for (unsigned i = 0; i < status.listens; i++)
		json_put_text(writer, NULL, status.listen[i]);
	json_close_array(writer);
	json_put_number(writer, "restarts", status.restarts);
	view_operation(writer, &status);
	json_put_text(writer, "foreign_listeners", status.foreign);
	json_put_text(writer, "trouble", status.trouble);
	json_put_text(writer, "log_out", status.log_out);
	json_put_text(writer, "log_err", status.log_err);
	if (status.spec != NULL)
		json_put_text(writer, "log_format",
			      spec_log_format_name(status.spec->log.format));
	if (chronicle != NULL && status.spec != NULL) {
		view_origin(writer, &status);
		view_generations(writer, app);
		view_recycle(writer, &status);
		view_probes(writer, status.spec);
		view_rights(writer, status.spec);
	}
	if (chronicle != NULL)
		retell_recent(writer, chronicle, status.name, slot);
	json_open_array(writer, "workers");
	for (unsigned i = 0; app_read_worker(app, i, true, &worker); i++)
		if (slot < 0 || worker.slot == (unsigned)slot)
			view_worker(writer, &worker);
	json_close_array(writer);
	json_close_object(writer);
}
