#include "supervisor/assign.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/http.h"
#include "common/text.h"
#include "supervisor/core/cron.h"
#include "supervisor/core/spec.h"
#include "supervisor/gather.h"
#include "supervisor/permit.h"

#define NUMBER_TEXT 32 /* a number or a span, written */

static void store(const struct assignment *task, const void *bytes, size_t count)
{
	if (task->setting->offset != SETTING_NOWHERE)
		memcpy((char *)task->target + task->setting->offset, bytes, count);
}

/* "web.3" is a worker of web. */
static bool looks_like_worker(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && dot[1] && !dot[1 + strspn(dot + 1, "0123456789")];
}

static int assign_name(const struct assignment *task)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789._-";
	const struct value *value = task->value;
	const char *name;

	if (value->kind != VALUE_TEXT)
		return value_expect(task->reader, value, "text");
	if (!value->text[0])
		return value_refuse(task->reader, value, "is empty");
	if (strlen(value->text) > (size_t)task->setting->most)
		return value_refuse(task->reader, value, "is longer than %d letters",
				    (int)task->setting->most);
	if (value->text[strspn(value->text, letters)] || strchr("-.", value->text[0]))
		return value_refuse(
			task->reader, value,
			"\"%s\" is not made of letters, digits, \".\", \"_\" and "
			"\"-\", or begins with \".\" or \"-\"",
			value->text);
	if (strcmp(value->text, "all") == 0)
		return value_refuse(task->reader, value, "\"all\" means every app");
	if (looks_like_worker(value->text))
		return value_refuse(task->reader, value,
				    "\"%s\" ends in a number, as names of workers do",
				    value->text);
	name = arena_text(task->reader->arena, value->text);
	if (!name)
		return -ENOMEM;
	store(task, &name, sizeof(name));
	return 0;
}

static int assign_path(const struct assignment *task)
{
	const struct value *value = task->value;
	const char *text = value->text;
	const char *path;

	if (value->kind != VALUE_TEXT)
		return value_expect(task->reader, value, "text");
	if (!text[0])
		return value_refuse(task->reader, value, "is empty");
	while (strncmp(text, "./", 2) == 0)
		text += 1 + strspn(text + 1, "/");
	if (text[0] == '/')
		path = arena_text(task->reader->arena, text);
	else if (!text[0] || strcmp(text, ".") == 0)
		path = arena_text(task->reader->arena, task->reader->directory);
	else
		path = arena_print(task->reader->arena, "%s/%s", task->reader->directory,
				   text);
	if (!path)
		return -ENOMEM;
	store(task, &path, sizeof(path));
	return 0;
}

/* Where the log directory is, is not known here: relative to that. */
static int assign_log_path(const struct assignment *task)
{
	const struct value *value = task->value;
	size_t length;
	const char *path;

	if (value->kind != VALUE_TEXT)
		return value_expect(task->reader, value, "text");
	length = strlen(value->text);
	if (length < (size_t)task->setting->least)
		return value_refuse(task->reader, value, "is empty");
	if (length > (size_t)task->setting->most)
		return value_refuse(task->reader, value, "is longer than %d letters",
				    (int)task->setting->most);
	if (value->text[length - 1] == '/')
		return value_refuse(task->reader, value, "\"%s\" is a directory",
				    value->text);
	path = arena_text(task->reader->arena, value->text);
	if (!path)
		return -ENOMEM;
	store(task, &path, sizeof(path));
	return 0;
}

static int assign_flag(const struct assignment *task)
{
	if (task->value->kind != VALUE_FLAG)
		return value_expect(task->reader, task->value, "true or false");
	store(task, &task->value->flag, sizeof(task->value->flag));
	return 0;
}

static int assign_heartbeat(const struct assignment *task)
{
	if (task->value->kind != VALUE_FLAG)
		return value_expect(task->reader, task->value, "false or a group");
	return assign_flag(task);
}

static int assign_count(const struct assignment *task)
{
	int64_t number;
	unsigned count;
	int error = value_read_whole(task->reader, task->value, task->setting->least,
				     task->setting->most, &number);

	if (error)
		return error;
	count = (unsigned)number;
	store(task, &count, sizeof(count));
	return 0;
}

/* "25%" -> 25 */
static int parse_percent(unsigned *ret_percent, const char *text)
{
	char number[NUMBER_TEXT];
	size_t length = strlen(text);

	if (length == 0 || length >= sizeof(number) || text[length - 1] != '%')
		return -EINVAL;
	memcpy(number, text, length - 1);
	number[length - 1] = '\0';
	return text_parse_unsigned(ret_percent, number, 1, 100);
}

static int assign_instances(const struct assignment *task)
{
	const struct value *value = task->value;
	struct spec_instances instances = {.kind = SPEC_INSTANCES_COUNT};
	int64_t number = 0;
	int error = 0;

	if (value->kind != VALUE_TEXT) {
		error = value_read_whole(task->reader, value, task->setting->least,
					 task->setting->most, &number);
		instances.number = (unsigned)number;
	} else if (spec_parse_instances(&instances, value->text) < 0) {
		error = value_refuse(
			task->reader, value,
			"\"%s\" is none of 1 to %d, \"max\", \"max-1\", \"50%%\"",
			value->text, CORE_SLOTS);
	}
	if (!error)
		store(task, &instances, sizeof(instances));
	return error;
}

static int assign_surge(const struct assignment *task)
{
	const struct value *value = task->value;
	struct app_spec *app = task->target;
	unsigned percent;

	app->policy.surge_percent = value->kind == VALUE_TEXT;
	if (!app->policy.surge_percent)
		return assign_count(task);
	if (parse_percent(&percent, value->text) < 0)
		return value_refuse(task->reader, value,
				    "\"%s\" is neither a whole number nor a share of the "
				    "instances such as \"25%%\"",
				    value->text);
	store(task, &percent, sizeof(percent));
	return 0;
}

static int assign_span(const struct assignment *task)
{
	const struct value *value = task->value;
	const struct setting *setting = task->setting;
	char border[NUMBER_TEXT];
	msec span;
	int error;

	if (value->kind == VALUE_NUMBER)
		return value_refuse(task->reader, value,
				    "%.15g has no unit: write \"%.15gs\" or \"%.15gms\"",
				    value->number, value->number, value->number);
	if (value->kind != VALUE_TEXT)
		return value_expect(task->reader, value,
				    "a span of time such as \"30s\"");
	error = text_parse_duration(&span, value->text);
	if (error == -EINVAL)
		return value_refuse(
			task->reader, value,
			"\"%s\" is not a span of time such as \"500ms\", \"30s\", "
			"\"5m\"",
			value->text);
	if (error || span > setting->most) {
		text_format_duration(border, sizeof(border), setting->most);
		return value_refuse(task->reader, value, "\"%s\" is more than %s",
				    value->text, border);
	}
	if (span < setting->least) {
		text_format_duration(border, sizeof(border), setting->least);
		return value_refuse(task->reader, value, "\"%s\" is less than %s",
				    value->text, border);
	}
	store(task, &span, sizeof(span));
	return 0;
}

static int assign_bytes(const struct assignment *task)
{
	const struct value *value = task->value;
	char border[NUMBER_TEXT];
	uint64_t bytes;
	int error;

	if (value->kind == VALUE_NUMBER)
		return value_refuse(task->reader, value,
				    "%.15g has no unit: write \"%.15gM\" or \"%.15gB\"",
				    value->number, value->number, value->number);
	if (value->kind != VALUE_TEXT)
		return value_expect(task->reader, value, "a size such as \"512M\"");
	error = text_parse_bytes(&bytes, value->text);
	if (error == -EINVAL)
		return value_refuse(
			task->reader, value,
			"\"%s\" is not a size such as \"512K\", \"64M\", \"1G\"",
			value->text);
	if (error || bytes > (uint64_t)task->setting->most)
		return value_refuse(task->reader, value, "\"%s\" is too large",
				    value->text);
	if (bytes < (uint64_t)task->setting->least) {
		text_format_bytes(border, sizeof(border), (uint64_t)task->setting->least);
		return value_refuse(task->reader, value, "\"%s\" is less than %s",
				    value->text, border);
	}
	store(task, &bytes, sizeof(bytes));
	return 0;
}

static int assign_request(const struct assignment *task)
{
	const struct value *value = task->value;
	const char *path;

	if (value->kind != VALUE_TEXT)
		return value_expect(task->reader, value, "text");
	if (!http_is_path(value->text))
		return value_refuse(task->reader, value,
				    "\"%s\" is no path of a URL, such as /healthz",
				    value->text);
	path = arena_text(task->reader->arena, value->text);
	if (!path)
		return -ENOMEM;
	store(task, &path, sizeof(path));
	return 0;
}

static int assign_cron(const struct assignment *task)
{
	const struct value *value = task->value;
	enum cron_verdict verdict;
	const char *pattern;
	struct cron cron;

	if (value->kind != VALUE_TEXT)
		return value_expect(task->reader, value, "text such as \"0 4 * * *\"");
	if (strlen(value->text) >= CRON_TEXT)
		return value_refuse(task->reader, value, "is longer than %d letters",
				    CRON_TEXT - 1);
	verdict = cron_parse(&cron, value->text);
	if (verdict != CRON_FITS)
		return value_refuse(task->reader, value, "\"%s\" never comes: %s",
				    value->text, cron_complaint(verdict));
	pattern = arena_text(task->reader->arena, value->text);
	if (!pattern)
		return -ENOMEM;
	store(task, &pattern, sizeof(pattern));
	return 0;
}

static int assign_signal(const struct assignment *task)
{
	const struct value *value = task->value;
	int64_t number = 0;
	int signal = 0;
	int error = 0;

	if (value->kind == VALUE_NUMBER) {
		error = value_read_whole(task->reader, value, task->setting->least,
					 task->setting->most, &number);
		signal = (int)number;
	} else if (value->kind != VALUE_TEXT) {
		return value_expect(task->reader, value, "a signal such as \"TERM\"");
	} else if (text_parse_signal(&signal, value->text) < 0) {
		return value_refuse(task->reader, value, "\"%s\" is not a signal",
				    value->text);
	}
	if (!error)
		store(task, &signal, sizeof(signal));
	return error;
}

/* All words that are supported: "auto, notify, exec". */
static void list_choices(char *text, size_t size, const struct setting_choice *choice)
{
	text[0] = '\0';
	for (; choice->name; choice++) {
		size_t length = strlen(text);

		if (!choice->later)
			(void)snprintf(text + length, size - length, "%s%s",
				       length ? ", " : "", choice->name);
	}
}

static int assign_choice(const struct assignment *task)
{
	const struct value *value = task->value;
	const struct setting_choice *choice = task->setting->choice;
	const char *text = value->text;
	char known[FAULT_SIZE / 2];

	if (value->kind == VALUE_FLAG)
		text = value->flag ? "true" : "false";
	else if (value->kind != VALUE_TEXT)
		return value_expect(task->reader, value, "text");
	while (choice->name && strcmp(choice->name, text) != 0)
		choice++;
	if (!choice->name && value->kind == VALUE_FLAG)
		return value_expect(task->reader, value, "text");
	if (!choice->name) {
		list_choices(known, sizeof(known), task->setting->choice);
		return value_refuse(task->reader, value, "\"%s\" is none of: %s",
				    value->text, known);
	}
	if (choice->later)
		return value_refuse(task->reader, value, "\"%s\" is not supported yet",
				    value->text);
	/* An enum of ours is an unsigned: the compiler's choice, held to by a check. */
	_Static_assert(sizeof(enum spec_log_to) == sizeof(choice->value),
		       "enums are unsigned");
	store(task, &choice->value, sizeof(choice->value));
	return 0;
}

static int refuse_later(const struct assignment *task)
{
	return value_refuse(task->reader, task->value, "not supported yet");
}

static int (*const assigners[SETTING_KINDS])(const struct assignment *) = {
	[SETTING_NAME] = assign_name,           [SETTING_COMMAND] = gather_command,
	[SETTING_PATH] = assign_path,           [SETTING_LOG_PATH] = assign_log_path,
	[SETTING_VARIABLES] = gather_variables, [SETTING_WORDS] = gather_words,
	[SETTING_INSTANCES] = assign_instances, [SETTING_LISTEN] = gather_listen,
	[SETTING_WEIGHTS] = gather_weights,     [SETTING_EXIT_CODES] = gather_exit_codes,
	[SETTING_SURGE] = assign_surge,         [SETTING_HEARTBEAT] = assign_heartbeat,
	[SETTING_FLAG] = assign_flag,           [SETTING_COUNT] = assign_count,
	[SETTING_SPAN] = assign_span,           [SETTING_BYTES] = assign_bytes,
	[SETTING_CRON] = assign_cron,           [SETTING_REQUEST] = assign_request,
	[SETTING_SIGNAL] = assign_signal,       [SETTING_CHOICE] = assign_choice,
	[SETTING_USER] = permit_user,           [SETTING_GROUP] = permit_group,
	[SETTING_MEMBERSHIP] = permit_group,    [SETTING_MODE] = permit_mode,
	[SETTING_LEVEL] = permit_level,         [SETTING_DECISION] = permit_decision,
	[SETTING_LIMIT] = permit_limit,         [SETTING_LIMIT_SIZE] = permit_limit,
	[SETTING_LIMIT_TIME] = permit_limit,    [SETTING_LATER] = refuse_later,
};

int assign_value(const struct value_reader *reader, const struct setting *setting,
		 const struct value *value, void *target)
{
	const struct assignment task = {
		.reader = reader, .setting = setting, .value = value, .target = target};

	return assigners[setting->kind](&task);
}

int assign_default(const struct value_reader *reader, const struct setting *setting,
		   void *target)
{
	const char *text = setting->otherwise;
	struct value value = {.kind = VALUE_TEXT, .text = text};

	if (!text)
		return 0;
	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
		value = (struct value){.kind = VALUE_FLAG, .flag = text[0] == 't'};
	else if (setting->kind == SETTING_COUNT || setting->kind == SETTING_SURGE)
		value = (struct value){.kind = VALUE_NUMBER, .number = atoi(text)};
	return assign_value(reader, setting, &value, target);
}
