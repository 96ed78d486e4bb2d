#include "supervisor/import/rules.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/address.h"
#include "common/text.h"
#include "supervisor/core/cron.h"
#include "supervisor/core/spec.h"
#include "supervisor/import/variables.h"

#define BACKOFF_MOST 15000 /* of PM2's exponential backoff */

/* ---- how many ---- */

int64_t rules_translate_instances(struct sheet *sheet)
{
	const struct json *said = sheet_find(sheet, "instances");
	const char *text = json_text(said);
	int64_t number = 1;

	if (text != NULL && strcmp(text, "max") == 0) {
		sheet_set(sheet, "instances", "\"max\"");
		return 0;
	}
	if (!sheet_number(sheet, "instances", &number))
		return 1;
	if (number < -(CORE_SLOTS - 1) || number > CORE_SLOTS) {
		sheet_refuse(sheet, "instances", "%" PRId64 " is more than %d", number,
			     CORE_SLOTS);
		return 1;
	}
	if (number > 0) {
		sheet_set_number(sheet, "instances", "instances", number);
		return number;
	}
	sheet_set(sheet, "instances",
		  number < 0 ? sheet_format(sheet, "\"max%" PRId64 "\"", number)
			     : "\"max\"");
	return 0;
}

/* Nothing has to be said of it: whoever opens a port shares it with its like. */
void rules_check_mode(struct sheet *sheet)
{
	const char *mode = sheet_text(sheet, "exec_mode");

	if (mode != NULL && strncmp(mode, "cluster", strlen("cluster")) != 0 &&
	    strncmp(mode, "fork", strlen("fork")) != 0)
		sheet_refuse(sheet, "exec_mode", "\"%.64s\" is neither cluster nor fork",
			     mode);
}

/* What was behind a password is not to be open to everybody. */
static const char *host_of_site(struct sheet *sheet)
{
	const char *host = variables_find(sheet, VARIABLES_SITE "HOST");
	const char *guarded = variables_find(sheet, VARIABLES_SITE "BASIC_AUTH");

	if (guarded != NULL && strcmp(guarded, "true") == 0) {
		sheet_note(sheet, VARIABLES_SITE
			   "BASIC_AUTH: the built-in worker asks nobody for a password, "
			   "so it listens on this machine only; put a proxy that asks "
			   "before it");
		return "127.0.0.1";
	}
	if (host == NULL || strcmp(host, "localhost") == 0)
		return host == NULL ? "0.0.0.0" : "127.0.0.1";
	return strchr(host, ':') != NULL ? sheet_format(sheet, "[%s]", host) : host;
}

void rules_translate_site(struct sheet *sheet)
{
	const char *port = variables_find(sheet, VARIABLES_SITE "PORT");
	const char *host = host_of_site(sheet);
	struct address address;
	unsigned number;

	if (port == NULL)
		port = variables_find(sheet, "PORT");
	if (port == NULL)
		port = "8080";
	if (text_parse_unsigned(&number, port, 1, UINT16_MAX) < 0) {
		sheet_refuse(sheet, VARIABLES_SITE "PORT", "expects 1 to %d", UINT16_MAX);
		return;
	}
	sheet->listen = sheet_format(sheet, "%s:%u", host != NULL ? host : "", number);
	if (sheet->listen == NULL)
		return;
	if (address_parse(&address, sheet->listen, NULL) < 0)
		sheet_refuse(sheet, VARIABLES_SITE "HOST", "expects a numeric address");
	else
		sheet_set(
			sheet, "listen",
			sheet_format(sheet, "[ %s ]", sheet_quote(sheet, sheet->listen)));
}

/* ---- when they are ready, and how they end ---- */

void rules_translate_ready(struct sheet *sheet)
{
	msec timeout;

	if (sheet_span(sheet, "listen_timeout", &timeout)) {
		sheet_set_span(sheet, "listen_timeout", "ready.timeout", timeout);
		/* One that says nothing is to be ready before its time is up. */
		if (timeout <= 1000)
			sheet_set_span(sheet, "listen_timeout", "ready.exec",
				       timeout / 2);
	}
	if (sheet_flag(sheet, "wait_ready", false))
		sheet_note_key(
			sheet, "wait_ready", sheet_find(sheet, "wait_ready"),
			"there is no process.send() here; a program is ready when it "
			"listens, or when it says READY=1 (sd_notify)");
}

/* PM2 asks with INT what others ask with TERM. */
void rules_translate_drain(struct sheet *sheet)
{
	msec timeout;

	sheet_set_text(sheet, "drain.signal", "INT");
	if (sheet_span(sheet, "kill_timeout", &timeout))
		sheet_set_span(sheet, "kill_timeout", "drain.timeout", timeout);
}

/* ---- when they are started again ---- */

static void translate_delay(struct sheet *sheet)
{
	msec delay = 0;

	if (sheet_span(sheet, "exp_backoff_restart_delay", &delay) && delay > 0) {
		sheet_set_span(sheet, "exp_backoff_restart_delay", "restart.delay",
			       delay);
		sheet_set_span(sheet, "exp_backoff_restart_delay", "restart.delay_max",
			       delay > BACKOFF_MOST ? delay : BACKOFF_MOST);
	} else if (sheet_span(sheet, "restart_delay", &delay) && delay > 0) {
		sheet_set_span(sheet, "restart_delay", "restart.delay", delay);
		sheet_set_span(sheet, "restart_delay", "restart.delay_max", delay);
	}
}

static void translate_exit_codes(struct sheet *sheet)
{
	struct words words = {.count = 0};
	const struct json *said = sheet_find(sheet, "stop_exit_codes");
	const char *list = "";
	unsigned code;

	if (json_is_figure(said))
		sheet_add_word(sheet, &words, sheet_print_scalar(sheet, said));
	else
		sheet_words(sheet, "stop_exit_codes", &words);
	if (words.count > SPEC_EXIT_CODES) {
		sheet_refuse(sheet, "stop_exit_codes", "more than %d", SPEC_EXIT_CODES);
		return;
	}
	for (unsigned i = 0; i < words.count && list != NULL; i++) {
		if (words.word[i] == NULL ||
		    text_parse_unsigned(&code, words.word[i], 0, 255) < 0) {
			sheet_refuse(sheet, "stop_exit_codes", "expects 0 to 255");
			return;
		}
		list = sheet_format(sheet, "%s%s%u", list, i > 0 ? ", " : "", code);
	}
	if (words.count > 0)
		sheet_set(sheet, "restart.stop_exit_codes",
			  sheet_format(sheet, "[ %s ]", list != NULL ? list : ""));
}

void rules_translate_restart(struct sheet *sheet)
{
	int64_t most;
	msec steady;

	if (!sheet_flag(sheet, "autorestart", true))
		sheet_set_text(sheet, "restart.when", "never");
	translate_delay(sheet);
	if (sheet_span(sheet, "min_uptime", &steady))
		sheet_set_span(sheet, "min_uptime", "restart.stable_after", steady);
	translate_exit_codes(sheet);
	if (!sheet_number(sheet, "max_restarts", &most))
		return;
	if (most > 0)
		sheet_set_number(sheet, "max_restarts", "restart.max", most);
	else
		sheet_note_key(sheet, "max_restarts", sheet_find(sheet, "max_restarts"),
			       "0 would mean to restart for ever; see restart.when");
}

/* ---- when they are replaced ---- */

static void translate_memory(struct sheet *sheet)
{
	const char *text = sheet_text(sheet, "max_memory_restart");
	uint64_t bytes;
	bool bare;

	if (text == NULL)
		return;
	bare = text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
	if (bare)
		text = sheet_format(sheet, "%sB", text);
	if (text == NULL)
		return;
	if (text_parse_bytes(&bytes, text) < 0 || bytes == 0) {
		sheet_refuse(sheet, "max_memory_restart",
			     "expects bytes, or a size such as \"300M\"");
		return;
	}
	if (bytes < UINT64_C(1) << 20) {
		sheet_note(sheet,
			   "max_memory_restart = %s: recycle.memory takes at least 1M",
			   text);
		text = "1M";
	}
	sheet_set_text(sheet, "recycle.memory", text);
}

static void translate_cron(struct sheet *sheet)
{
	const char *text = sheet_text(sheet, "cron_restart");
	enum cron_verdict verdict;
	struct cron cron;

	if (text == NULL || text[0] == '\0' || strcmp(text, "0") == 0)
		return;
	verdict = strlen(text) < CRON_TEXT ? cron_parse(&cron, text) : CRON_BAD_COUNT;
	if (verdict == CRON_FITS)
		sheet_set_text(sheet, "recycle.cron", text);
	else
		sheet_note_key(sheet, "cron_restart", sheet_find(sheet, "cron_restart"),
			       cron_complaint(verdict));
}

void rules_translate_recycle(struct sheet *sheet)
{
	translate_memory(sheet);
	translate_cron(sheet);
}

/* ---- whose they are, and where they write ---- */

void rules_translate_owner(struct sheet *sheet)
{
	const char *user = sheet_text(sheet, "uid");
	const char *group = sheet_text(sheet, "gid");

	if (user != NULL && user[0] != '\0')
		sheet_set_text(sheet, "user", user);
	if (group != NULL && group[0] != '\0')
		sheet_set_text(sheet, "group", group);
}

static bool is_nowhere(const char *path)
{
	return path != NULL &&
	       (strcmp(path, "/dev/null") == 0 || strcmp(path, "NULL") == 0);
}

/* PM2 puts the number of the worker before the ending, unless they are merged. */
static void set_file(struct sheet *sheet, const char *key, const char *ours,
		     bool for_each)
{
	const char *path = sheet_text(sheet, key);
	const char *ending, *slash;
	char text[PATH_MAX];

	if (path == NULL)
		return;
	if (path[0] != '/' && !is_nowhere(path)) {
		sheet_note_key(sheet, key, sheet_find(sheet, key),
			       "relative to the log directory of clusterd here, which is "
			       "where NAME-out.log and NAME-err.log are");
		return;
	}
	slash = strrchr(path, '/');
	ending = strrchr(path, '.');
	if (ending == NULL || (slash != NULL && ending < slash))
		ending = path + strlen(path);
	if (is_nowhere(path))
		(void)snprintf(text, sizeof(text), "/dev/null");
	else
		(void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(ending - path), path,
			       for_each ? "-%i" : "", ending);
	sheet_set_text(sheet, ours, text);
}

static bool has_several(const struct sheet *sheet)
{
	const struct json *said = sheet_find(sheet, "instances");

	return said != NULL && json_number(said, 0) != 1;
}

static void set_format(struct sheet *sheet)
{
	const char *type = sheet_text(sheet, "log_type");
	const char *stamp = sheet_text(sheet, "log_date_format");

	if (type != NULL && strcmp(type, "json") == 0)
		sheet_set_text(sheet, "log.format", "json");
	else if ((stamp != NULL && stamp[0] != '\0') || sheet_flag(sheet, "time", false))
		sheet_set_text(sheet, "log.format", "prefixed");
}

void rules_translate_logs(struct sheet *sheet)
{
	const char *out = sheet_text(sheet, "out_file");
	const char *err = sheet_text(sheet, "error_file");
	bool for_each;

	if (sheet_flag(sheet, "disable_logs", false) ||
	    (is_nowhere(out) && is_nowhere(err))) {
		sheet_set_text(sheet, "log.to", "none");
		return;
	}
	for_each = has_several(sheet) && !sheet_flag(sheet, "merge_logs", false);
	set_file(sheet, "out_file", "log.out", for_each);
	set_file(sheet, "error_file", "log.err", for_each);
	set_format(sheet);
}
