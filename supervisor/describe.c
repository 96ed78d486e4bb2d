#include "supervisor/describe.h"

#include <string.h>

#include "common/text.h"

#define NAME_BYTES 128                /* of a method or an interface, in an answer */
#define TEXT_BYTES ((size_t)32 << 10) /* more than any description */

static const char service_text[] =
	"# What every Varlink service says about itself\n"
	"interface org.varlink.service\n\n"
	"method GetInfo() -> (vendor: string, product: string, version: string,"
	" url: string, interfaces: []string)\n"
	"method GetInterfaceDescription(interface: string) -> (description: string)\n\n"
	"error InterfaceNotFound (interface: string)\n"
	"error MethodNotFound (method: string)\n"
	"error MethodNotImplemented (method: string)\n"
	"error InvalidParameter (parameter: string)\n"
	"error PermissionDenied ()\n"
	"error ExpectedMore ()\n";

#define METHOD_SERVED(method, signature)  "method " method signature "\n"
#define METHOD_LOCAL(method, signature)   ""
#define METHOD_PLANNED(method, signature) ""

/* Methods come from the table of commands; what they speak of stands here. */
static const char types_text[] =
	"# The supervisor of a cluster of workers\n"
	"interface " VARLINK_INTERFACE "\n\n"
	"type Process (pid: ?int, keeper: string, keeper_pid: ?int,"
	" version: string, uptime_ms: ?int, rss_bytes: ?int,"
	" stopping: bool, started: bool, log_directory: string, trouble: ?string)\n"
	"type Instances (configured: int, desired: int, ready: int, running: int,"
	" overridden: bool)\n"
	"type Operation (kind: string, phase: ?string, done: int, total: int)\n"
	"type LastOperation (kind: string, ok: bool, error: ?string, duration_ms: ?int)\n"
	"type Exit (code: ?int, signal: ?string, core: bool, oom: ?bool, reason: string,"
	" at: string)\n"
	"type Worker (slot: int, pid: ?int, state: string, generation: ?int,"
	" uptime_ms: ?int, restarts: int, rss_bytes: ?int, cpu_percent: ?float,"
	" heartbeat_age_ms: ?int, loop_lag_us: ?int, connections: ?int, requests: ?int,"
	" errors: ?int, latency_us: ?int, door: ?string, status: ?string, last_exit: "
	"?Exit,"
	" share_percent: ?float, queue_depth: ?int,"
	" connections_in_use: ?int, last_probe: ?Probed)\n"
	"type Probed (passed: bool, result: string, latency_ms: int, failures: int,"
	" at: string)\n"
	"# http: null where to be accepted is enough\n"
	"type Probe (http: ?string, interval_ms: int, timeout_ms: int, failures: int)\n"
	"type Bounds (memory_bytes: ?int, age_ms: ?int, requests: ?int, jitter_percent: "
	"int, cron: ?string, next_cron: ?string)\n"
	"type Recycle (slot: int, reason: string, at: string)\n"
	"# role: wanted, before (a rollback goes there), leaving\n"
	"type Generation (number: int, role: string, age_ms: int, workers: int,"
	" program: string, sha256: ?string, script: ?string, script_sha256: ?string,"
	" sha256_note: ?string, directory: string, replaced_on_disk: bool,"
	" changed_on_disk: bool, changed: ?string)\n"
	"# What stands between `trouble` and `workers` only Show tells\n"
	"type App (name: string, state: string, instances: Instances, started: bool,"
	" ad_hoc: bool,"
	" generation: int, rolled_back_from: ?int,"
	" balance: ?string, balance_note: ?string, balance_configured: ?string,"
	" weights: []int, listen: []string, restarts: int,"
	" operation: ?Operation,"
	" last_operation: ?LastOperation, log_out: ?string, log_err: ?string,"
	" log_format: ?string,"
	" foreign_listeners: ?string, trouble: ?string, config: ?string, config_line: "
	"?int, command: ?[]string,"
	" program: ?string, directory: ?string, generations: ?[]Generation, slot_listen: "
	"?string, backlog: int, drain_signal: "
	"?string,"
	" ready_timeout_ms: ?int, drain_timeout_ms: ?int, heartbeat_interval_ms: ?int,"
	" heartbeat_timeout_ms: ?int, user: ?string, group: ?string, umask: ?string,"
	" no_new_privileges: ?bool, nice: ?int, oom_score_adj: ?int, affinity: ?string,"
	" control: ?string,"
	" limits: ?[string]string, cgroup: ?[string]?int,"
	" recycle: Bounds, last_recycle: ?Recycle, probe: ?Probe,"
	" events: ?[]Event, workers: []Worker)\n"
	"# kind: see clusterctl(1); level: info, warn, error\n"
	"type Event (number: int, at: string, kind: string, level: string, app: ?string,"
	" slot: ?int, pid: ?int, generation: ?int, operation: ?string, result: ?string,"
	" duration_ms: ?int, failures: ?int, code: ?int, signal: ?string, core: bool,"
	" reason: ?string, message: string)\n"
	"# result: done, unchanged, queued, planned, reverted, failed, superseded, "
	"refused\n"
	"type Verdict (app: string, kind: string, result: string, reason: ?string,"
	" duration_ms: ?int)\n"
	"type Progress (app: string, kind: string, phase: string, done: int, total: "
	"int)\n"
	"# kind: keep, add, reshape, roll, remove; keys: the settings that differ\n"
	"type Change (app: string, kind: string, keys: []string, asked_for: bool,"
	" rolled_back_from: ?int, fault: ?string)\n\n";

static const char methods_text[] =
#define X(id, name, aliases, arguments, least, most, flags, kind, method, signature, \
	  help)                                                                      \
	METHOD_##kind(method, signature)
	COMMANDS(X)
#undef X
		"\n"
		"error NoSuchTarget (target: string)\n"
		"error InvalidConfig (faults: []string, count: int)\n"
		"error Busy (message: string)\n"
		"error Lagged (message: string)\n"
		"error Failed (message: string)\n"
		"error OutOfMemory ()\n";

static void answer_info(struct call *call)
{
	struct json_writer writer;

	call_open_reply(call, &writer, NULL, false);
	json_put_text(&writer, "vendor", "clusterd");
	json_put_text(&writer, "product", "clusterd");
	json_put_text(&writer, "version", CLUSTERD_VERSION);
	json_put_text(&writer, "url", "");
	json_open_array(&writer, "interfaces");
	json_put_text(&writer, NULL, VARLINK_SERVICE);
	json_put_text(&writer, NULL, VARLINK_INTERFACE);
	json_close_array(&writer);
	call_close_reply(call, &writer, false);
}

/* The name is copied: it is a part of the message, which ends with the call. */
static void fail_naming(struct call *call, const char *error, const char *key,
			const char *name)
{
	char copy[NAME_BYTES];

	(void)text_copy(copy, sizeof(copy), name);
	call_fail(call, error, key, copy);
}

static void answer_description(struct call *call)
{
	const char *name = json_find_text(call->message.parameters, "interface");
	struct json_writer writer;
	struct buffer text;

	if (name == NULL) {
		call_refuse_parameter(call, "interface");
		return;
	}
	if (strcmp(name, VARLINK_SERVICE) != 0 && strcmp(name, VARLINK_INTERFACE) != 0) {
		fail_naming(call, VARLINK_SERVICE ".InterfaceNotFound", "interface",
			    name);
		return;
	}
	buffer_init(&text, TEXT_BYTES);
	if (strcmp(name, VARLINK_SERVICE) == 0) {
		buffer_append_text(&text, service_text);
	} else {
		buffer_append_text(&text, types_text);
		buffer_append_text(&text, methods_text);
	}
	buffer_append(&text, "", 1);
	call_open_reply(call, &writer, NULL, false);
	json_put_text(&writer, "description", text.broken ? NULL : text.bytes);
	call_close_reply(call, &writer, false);
	buffer_free(&text);
}

void describe_answer(struct call *call)
{
	const char *method = call->message.method;

	if (strcmp(method, VARLINK_SERVICE ".GetInfo") == 0)
		answer_info(call);
	else if (strcmp(method, VARLINK_SERVICE ".GetInterfaceDescription") == 0)
		answer_description(call);
	else
		fail_naming(call, VARLINK_SERVICE ".MethodNotFound", "method", method);
}
