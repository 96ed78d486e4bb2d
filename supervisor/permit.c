#include "supervisor/permit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"
#include "supervisor/core/spec.h"
#include "supervisor/identity.h"

#define LIMIT_TEXT 64
#define SECOND     1000

#define GROUPS_MOST 65536 /* as the kernel has it */

/* Above it a double does not know every whole number. */
#define NUMBER_MOST ((int64_t)1 << 53)

static void *field(const struct assignment *task)
{
	return (char *)task->target + task->setting->offset;
}

static int keep_option(const struct assignment *task, int value)
{
	struct spec_option *option = field(task);

	*option = (struct spec_option){.given = true, .value = value};
	return 0;
}

/* A name may be known tomorrow, when the database can be reached. */
static int refuse_unknown(const struct assignment *task, int error, const char *what,
			  const char *name)
{
	task->reader->faults->of_machine = true;
	if (error == -ENOENT)
		return value_refuse(task->reader, task->value, "no such %s: \"%s\"", what,
				    name);
	return value_refuse(task->reader, task->value, "%s \"%s\": %s", what, name,
			    strerror(-error));
}

int permit_user(const struct assignment *task)
{
	const char **user = field(task);
	char *name = NULL;
	uid_t uid;
	int error = value_read_text(task->reader, task->value, &name);

	if (error)
		return error;
	error = identity_find_user(name, &uid);
	if (error)
		return refuse_unknown(task, error, "user", name);
	if (geteuid() != 0 && uid != geteuid())
		return value_refuse(task->reader, task->value,
				    "only root can start workers as another user");
	*user = name;
	return 0;
}

static bool is_ours(gid_t wanted)
{
	gid_t group[GROUPS_MOST];
	int count = getgroups(GROUPS_MOST, group);

	for (int i = 0; i < count; i++)
		if (group[i] == wanted)
			return true;
	return wanted == getegid();
}

/* A process takes on no group but by root's leave; a file may have any that we are in. */
static bool may_use(const struct assignment *task, gid_t group)
{
	if (geteuid() == 0 || group == getegid())
		return true;
	return task->setting->kind == SETTING_MEMBERSHIP && is_ours(group);
}

int permit_group(const struct assignment *task)
{
	const char **group = field(task);
	char *name = NULL;
	gid_t gid;
	int error = value_read_text(task->reader, task->value, &name);

	if (error)
		return error;
	error = identity_find_group(name, &gid);
	if (error)
		return refuse_unknown(task, error, "group", name);
	if (!may_use(task, gid))
		return value_refuse(task->reader, task->value,
				    task->setting->kind == SETTING_GROUP
					    ? "only root can start workers with another "
					      "group"
					    : "only root can let in a group that it is "
					      "not in");
	*group = name;
	return 0;
}

int permit_mode(const struct assignment *task)
{
	const struct value *value = task->value;
	const char *digits = value->text;
	unsigned long number;

	if (value->kind != VALUE_TEXT)
		return value_expect(task->reader, value,
				    "octal digits in quotes, such as \"0027\"");
	number = strtoul(digits, NULL, 8);
	if (!digits[0] || digits[strspn(digits, "01234567")] ||
	    (number & ~(unsigned long)task->setting->most) != 0)
		return value_refuse(task->reader, value,
				    "\"%s\" is not octal, or has other bits than %04o",
				    digits, (unsigned)task->setting->most);
	return keep_option(task, (int)number);
}

int permit_level(const struct assignment *task)
{
	int64_t number;
	int error = value_read_whole(task->reader, task->value, task->setting->least,
				     task->setting->most, &number);

	return error ? error : keep_option(task, (int)number);
}

int permit_decision(const struct assignment *task)
{
	if (task->value->kind != VALUE_FLAG)
		return value_expect(task->reader, task->value, "true or false");
	return keep_option(task, task->value->flag);
}

/* ---- limits ---- */

static int parse_number(uint64_t *ret_number, const char *text)
{
	if (!text[0] || text[strspn(text, "0123456789")])
		return -EINVAL;
	errno = 0;
	*ret_number = strtoull(text, NULL, 10);
	return errno || *ret_number == SPEC_INFINITY ? -ERANGE : 0;
}

static int parse_seconds(uint64_t *ret_seconds, const char *text)
{
	msec span;
	int error = text_parse_duration(&span, text);

	if (error)
		return error;
	if (span % SECOND != 0)
		return -EINVAL;
	*ret_seconds = (uint64_t)(span / SECOND);
	return 0;
}

static int parse_bound(enum setting_kind kind, uint64_t *ret_bound, const char *text)
{
	if (strcmp(text, "infinity") == 0) {
		*ret_bound = SPEC_INFINITY;
		return 0;
	}
	if (parse_number(ret_bound, text) == 0)
		return 0;
	if (kind == SETTING_LIMIT_SIZE)
		return text_parse_bytes(ret_bound, text);
	return kind == SETTING_LIMIT_TIME ? parse_seconds(ret_bound, text) : -EINVAL;
}

static int refuse_limit(const struct assignment *task)
{
	static const char *const example[SETTING_KINDS] = {
		[SETTING_LIMIT] = "1024, \"1024:4096\"",
		[SETTING_LIMIT_SIZE] = "\"64M\", \"64M:1G\"",
		[SETTING_LIMIT_TIME] = "\"30s\", \"30s:1m\"",
	};

	return value_refuse(task->reader, task->value,
			    "\"%s\" is not a limit such as %s or \"infinity\"",
			    task->value->text, example[task->setting->kind]);
}

/* "SOFT:HARD", or one bound that is both. */
static int parse_limit(const struct assignment *task, struct spec_limit *ret_limit)
{
	struct spec_limit limit = {.given = true};
	char text[LIMIT_TEXT];
	char *colon;

	if (!text_copy(text, sizeof(text), task->value->text))
		return refuse_limit(task);
	colon = strchr(text, ':');
	if (colon)
		*colon = '\0';
	if (parse_bound(task->setting->kind, &limit.soft, text) < 0 ||
	    parse_bound(task->setting->kind, &limit.hard, colon ? colon + 1 : text) < 0)
		return refuse_limit(task);
	if (limit.soft > limit.hard)
		return value_refuse(task->reader, task->value,
				    "\"%s\": the soft limit is above the hard one",
				    task->value->text);
	*ret_limit = limit;
	return 0;
}

int permit_limit(const struct assignment *task)
{
	struct spec_limit *limit = field(task);
	int64_t number;
	int error;

	if (task->value->kind == VALUE_TEXT)
		return parse_limit(task, limit);
	error = value_read_whole(task->reader, task->value, 0, NUMBER_MOST, &number);
	if (!error)
		*limit = (struct spec_limit){true, (uint64_t)number, (uint64_t)number};
	return error;
}
