/*
 * startup.c - clusterd as a unit of systemd's: made and enabled, or taken away again.
 *
 * What runs is left alone: enabling starts nothing, and taking away stops nothing.  Doing
 * it twice changes nothing and says so.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/ctl/systemctl.h"
#include "supervisor/ctl/unit.h"
#include "supervisor/ctl/verbs.h"

#define TEXT_BYTES 65536

struct task {
	const struct options *options;
	const char *verb;
	struct unit unit;
	char installed[PATH_MAX]; /* where the unit is that needs no writing */
	const char *path;         /* where the unit is, or is to be */
	bool changed;
};

static enum exit_code refuse(const struct task *task, enum exit_code code,
			     const char *why)
{
	return say_error(task->options, code, NULL, "%s: %s", task->verb, why);
}

static enum exit_code begin(struct task *task, const struct options *options)
{
	bool user = options_has(options, FLAG_USER_UNIT);
	struct fault fault;
	int result;

	*task = (struct task){.options = options,
			      .verb = command_rows[options->command].name};
	result = unit_find(&task->unit, options->value[FLAG_UNIT_NAME], user, &fault);
	if (result < 0)
		return refuse(task, result == -EINVAL ? EXIT_USAGE : EXIT_FAILED,
			      fault.text);
	task->path = task->unit.path;
	if (user || geteuid() == 0 || options_has(options, FLAG_DRY_RUN))
		return EXIT_DONE;
	return refuse(task, EXIT_DENIED,
		      "the machine's units are root's: try it as root, or --user");
}

/* ---- what systemctl does ---- */

/* EXIT_DONE, or its own words said. */
static enum exit_code tell_systemd(const struct task *task, const char *verb,
				   const char *unit)
{
	const char *const words[] = {verb, unit, NULL};
	enum exit_code code = EXIT_DONE;
	struct buffer said;
	int result;

	buffer_init(&said, TEXT_BYTES);
	result = systemctl_run(task->unit.user, words, &said);
	if (result != 0)
		code = say_error(task->options, EXIT_FAILED, NULL, "%s: systemctl %s: %s",
				 task->verb, verb,
				 result < 0 ? strerror(-result) : said.bytes);
	buffer_free(&said);
	return code;
}

static bool is_so(const struct task *task, const char *question)
{
	const char *const words[] = {question, task->unit.name, NULL};
	struct buffer said;
	int result;

	buffer_init(&said, TEXT_BYTES);
	result = systemctl_run(task->unit.user, words, &said);
	buffer_free(&said);
	return result == 0;
}

/* A systemd that does not run reads the files when it does. */
static enum exit_code have_files_read(const struct task *task)
{
	return systemctl_is_up() ? tell_systemd(task, "daemon-reload", NULL) : EXIT_DONE;
}

static void say_outcome(const struct task *task, bool enabled)
{
	struct buffer json;
	struct json_writer writer = {.to = &json};

	if (!task->options->json)
		return;
	buffer_init(&json, TEXT_BYTES);
	json_open_object(&writer, NULL);
	json_put_text(&writer, "unit", task->unit.name);
	json_put_text(&writer, "path", task->path);
	json_put_bool(&writer, "enabled", enabled);
	json_put_bool(&writer, "changed", task->changed);
	json_close_object(&writer);
	say_json(&json);
	buffer_free(&json);
}

/* ---- startup ---- */

/* Makes the file what it should be, unless one is there that is as good. */
static enum exit_code place_unit(struct task *task, const struct buffer *text)
{
	enum unit_presence there = unit_look(&task->unit, text);
	const char *installed = unit_installed(&task->unit, task->installed);
	struct fault fault;

	if (there == UNIT_ABSENT && installed != NULL) {
		task->path = installed;
		say(task->options, "%s is there already", installed);
		return EXIT_DONE;
	}
	if (there == UNIT_OURS) {
		say(task->options, "%s is up to date", task->path);
		return EXIT_DONE;
	}
	if (there == UNIT_FOREIGN)
		return say_error(task->options, EXIT_FAILED, NULL,
				 "%s: %s is not of its making: remove it, or give "
				 "another --name",
				 task->verb, task->path);
	if (unit_write(&task->unit, text, &fault) < 0)
		return refuse(task, EXIT_FAILED, fault.text);
	task->changed = true;
	say(task->options, "wrote %s, which runs %s", task->path, task->unit.clusterd);
	return have_files_read(task);
}

static enum exit_code enable(struct task *task)
{
	enum exit_code code;

	if (is_so(task, "is-enabled")) {
		say(task->options, "%s is enabled", task->unit.name);
		return EXIT_DONE;
	}
	code = tell_systemd(task, "enable", task->unit.name);
	if (code != EXIT_DONE)
		return code;
	task->changed = true;
	say(task->options, "enabled %s: it starts with %s", task->unit.name,
	    task->unit.user ? "your session" : "the machine");
	return EXIT_DONE;
}

/* What is left to the person, as far as it can be told from here. */
static void hint(const struct task *task)
{
	const char *mode = task->unit.user ? "--user " : "";
	const struct passwd *person = getpwuid(geteuid());
	char linger[PATH_MAX];
	struct client client;

	if (task->options->json)
		return;
	if (task->unit.user && person != NULL) {
		(void)snprintf(linger, sizeof(linger), "/var/lib/systemd/linger/%s",
			       person->pw_name);
		if (access(linger, F_OK) == -1)
			say_hint(task->options,
				 "`loginctl enable-linger %s` lets it start with the "
				 "machine, and outlive your session",
				 person->pw_name);
	}
	if (!systemctl_is_up() || is_so(task, "is-active"))
		return;
	if (client_connect(&client, task->options, true) == 0) {
		client_close(&client);
		say_hint(task->options, "a supervisor runs that is no unit: `clusterctl "
					"shutdown` ends it");
	}
	say_hint(task->options, "`systemctl %sstart %s` starts it now", mode,
		 task->unit.name);
}

static enum exit_code place(struct task *task)
{
	struct buffer text;
	enum exit_code code;

	buffer_init(&text, TEXT_BYTES);
	unit_print(&task->unit, &text);
	code = place_unit(task, &text);
	buffer_free(&text);
	return code;
}

/* Its companion is needed, and nothing that people have to know of. */
static enum exit_code place_both(struct task *task)
{
	struct options quietly = *task->options;
	struct task companion = *task;
	enum exit_code code;

	quietly.quiet = true;
	companion.options = &quietly;
	unit_companion(&task->unit, &companion.unit);
	companion.path = companion.unit.path;
	code = place(&companion);
	task->changed = companion.changed;
	return code == EXIT_DONE ? place(task) : code;
}

enum exit_code verb_startup(const struct options *options)
{
	struct task task;
	struct buffer text;
	enum exit_code code = begin(&task, options);

	if (code != EXIT_DONE)
		return code;
	if (options_has(options, FLAG_DRY_RUN)) {
		buffer_init(&text, TEXT_BYTES);
		unit_print(&task.unit, &text);
		(void)fwrite(text.bytes, 1, text.count, stdout);
		buffer_free(&text);
		return EXIT_DONE;
	}
	code = place_both(&task);
	if (code == EXIT_DONE)
		code = enable(&task);
	if (code != EXIT_DONE)
		return code;
	say_outcome(&task, true);
	hint(&task);
	return EXIT_DONE;
}

/* ---- unstartup ---- */

static enum exit_code disable(struct task *task)
{
	enum exit_code code;

	if (!is_so(task, "is-enabled")) {
		say(task->options, "%s is not enabled", task->unit.name);
		return EXIT_DONE;
	}
	code = tell_systemd(task, "disable", task->unit.name);
	if (code != EXIT_DONE)
		return code;
	task->changed = true;
	say(task->options, "disabled %s", task->unit.name);
	return EXIT_DONE;
}

static enum unit_presence look(const struct unit *unit)
{
	enum unit_presence there;
	struct buffer text;

	buffer_init(&text, TEXT_BYTES);
	unit_print(unit, &text);
	there = unit_look(unit, &text);
	buffer_free(&text);
	return there;
}

static enum exit_code remove_unit(struct task *task)
{
	enum unit_presence there = look(&task->unit);
	struct unit companion;

	unit_companion(&task->unit, &companion);
	if (look(&companion) == UNIT_OURS || look(&companion) == UNIT_STALE)
		(void)unlink(companion.path);
	if (there == UNIT_ABSENT)
		return EXIT_DONE;
	if (there == UNIT_FOREIGN) {
		say(task->options, "%s is not of startup's making: it stays", task->path);
		return EXIT_DONE;
	}
	if (unlink(task->path) == -1)
		return say_error(task->options, EXIT_FAILED, NULL, "%s: %s: %s",
				 task->verb, task->path, strerror(errno));
	task->changed = true;
	say(task->options, "removed %s", task->path);
	return have_files_read(task);
}

enum exit_code verb_unstartup(const struct options *options)
{
	struct task task;
	enum exit_code code = begin(&task, options);

	if (code == EXIT_DONE)
		code = disable(&task);
	if (code == EXIT_DONE)
		code = remove_unit(&task);
	if (code != EXIT_DONE)
		return code;
	say_outcome(&task, false);
	if (!options->json && systemctl_is_up() && is_so(&task, "is-active"))
		say_hint(options, "it still runs: `systemctl %sstop %s` ends it",
			 task.unit.user ? "--user " : "", task.unit.name);
	return EXIT_DONE;
}
