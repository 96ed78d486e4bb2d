/*
 * environment.c - what a worker finds in its environment and on its command line.
 *
 * The environment is clean: a few variables that always pass, those that the
 * configuration names, and the worker protocol's own.  Nothing else of the supervisor's
 * leaks in.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ask.h"
#include "supervisor/estate.h"

#define FIRST_LENT     3 /* descriptor: the first socket, or what comes behind them */
#define ENV_FILE_BYTES 65536
#define VARIABLES      1024 /* an app can have */

static const char *const always[] = {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG"};

struct builder {
	struct arena *arena;
	char **list;
	unsigned count;
	bool failed; /* out of memory, or too many */
};

static bool names(const char *entry, const char *name, size_t length)
{
	return strncmp(entry, name, length) == 0 && entry[length] == '=';
}

/* A later value of the same name takes the place of the earlier. */
static void set_entry(struct builder *builder, char *entry)
{
	size_t length;

	if (entry == NULL) {
		builder->failed = true;
		return;
	}
	length = (size_t)(strchr(entry, '=') - entry);
	for (unsigned i = 0; i < builder->count; i++)
		if (names(builder->list[i], entry, length)) {
			builder->list[i] = entry;
			return;
		}
	if (builder->count == VARIABLES) {
		builder->failed = true;
		return;
	}
	builder->list[builder->count++] = entry;
}

static void __attribute__((format(printf, 2, 3)))
set(struct builder *builder, const char *format, ...)
{
	char text[4096];
	va_list values;
	int length;

	va_start(values, format);
	length = vsnprintf(text, sizeof(text), format, values);
	va_end(values);
	if (length < 0 || (size_t)length >= sizeof(text))
		builder->failed = true;
	else
		set_entry(builder, arena_text(builder->arena, text));
}

static void pass(struct builder *builder, const char *name)
{
	const char *value = getenv(name);

	if (value != NULL)
		set_entry(builder, arena_print(builder->arena, "%s=%s", name, value));
}

/* Another user is at home elsewhere. */
static void set_identity(struct builder *builder, const struct identity *identity)
{
	set(builder, "HOME=%s", identity->home);
	set(builder, "USER=%s", identity->name);
	set(builder, "LOGNAME=%s", identity->name);
	set(builder, "SHELL=%s", identity->shell);
}

/* NAME=VALUE lines; '#' begins a comment line; "export " and one pair of quotes go. */
static int read_line(struct builder *builder, char *line)
{
	char *equals, *value;
	size_t length;

	line += strspn(line, " \t");
	if (*line == '#' || *line == '\0')
		return 0;
	if (strncmp(line, "export ", 7) == 0)
		line += 7;
	equals = strchr(line, '=');
	if (equals == NULL || equals == line)
		return -EINVAL;
	value = equals + 1;
	length = strlen(value);
	if (length >= 2 && (*value == '"' || *value == '\'') &&
	    value[length - 1] == *value) {
		value[length - 1] = '\0';
		value++;
	}
	*equals = '\0';
	set_entry(builder, arena_print(builder->arena, "%s=%s", line, value));
	return 0;
}

/* As in /proc/PID/environ: each entry is ended by a NUL, and nothing is taken off it. */
static int read_entries(struct builder *builder, char *entry, const char *end)
{
	for (; entry < end; entry += strlen(entry) + 1) {
		if (entry[0] == '=' || strchr(entry, '=') == NULL)
			return -EINVAL;
		set_entry(builder, entry);
	}
	return 0;
}

static int read_lines(struct builder *builder, char *text, unsigned *ret_number)
{
	char *rest = text, *line;

	for (*ret_number = 1; (line = strsep(&rest, "\n")) != NULL; ++*ret_number)
		if (read_line(builder, line) < 0)
			return -EINVAL;
	return 0;
}

static int read_file(struct builder *builder, const char *path, struct fault *fault)
{
	char *text = arena_take(builder->arena, ENV_FILE_BYTES);
	FILE *file = fopen(path, "re");
	unsigned number;
	size_t bytes;

	if (file == NULL)
		return fault_set(fault, -errno, "env_file %s: %s", path, strerror(errno));
	bytes = text != NULL ? fread(text, 1, ENV_FILE_BYTES, file) : ENV_FILE_BYTES;
	(void)fclose(file);
	if (bytes == ENV_FILE_BYTES)
		return fault_set(fault, -EINVAL, "env_file %s: 64 KiB and more", path);
	if (memchr(text, '\0', bytes) != NULL) {
		if (read_entries(builder, text, text + bytes) < 0)
			return fault_set(fault, -EINVAL,
					 "env_file %s: an entry is not NAME=VALUE", path);
	} else if (read_lines(builder, text, &number) < 0) {
		return fault_set(fault, -EINVAL, "%s:%u: not NAME=VALUE", path, number);
	}
	return 0;
}

/* The part that is the same for every worker of a generation. */
int environment_resolve(struct generation *generation, struct fault *fault)
{
	const struct app_spec *spec = generation->spec;
	struct builder builder = {.arena = &generation->words};
	int result;

	builder.list = arena_take(&generation->words, (VARIABLES + 1) * sizeof(char *));
	if (builder.list == NULL)
		return fault_set(fault, -ENOMEM, "out of memory");
	for (size_t i = 0; i < ARRAY_COUNT(always); i++)
		pass(&builder, always[i]);
	if (spec->user != NULL)
		set_identity(&builder, &generation->identity);
	for (unsigned i = 0; i < spec->pass_env_count; i++)
		pass(&builder, spec->pass_env[i]);
	if (spec->env_file != NULL) {
		result = read_file(&builder, spec->env_file, fault);
		if (result < 0)
			return result;
	}
	for (unsigned i = 0; i < spec->env_count; i++)
		set_entry(&builder, arena_print(builder.arena, "%s=%s", spec->env[i].name,
						spec->env[i].value));
	if (builder.failed)
		return fault_set(fault, -E2BIG,
				 "env: too many variables, or out of memory");
	generation->environment = builder.list;
	return 0;
}

/* "%i" becomes the slot; NULL: out of memory. */
static char *with_slot(struct arena *arena, const char *text, unsigned slot)
{
	const char *mark = strstr(text, "%i");
	char *rest;

	if (mark == NULL)
		return arena_text(arena, text);
	rest = with_slot(arena, mark + 2, slot);
	if (rest == NULL)
		return NULL;
	return arena_print(arena, "%.*s%u%s", (int)(mark - text), text, slot, rest);
}

/* As it is called; a link of this name may lead to one with a version in it. */
static const char *program_name(const struct generation *generation)
{
	const char *slash = strrchr(generation->command[0], '/');

	return slash != NULL ? slash + 1 : generation->command[0];
}

static void set_listeners(struct builder *builder, const struct generation *generation,
			  unsigned listens)
{
	char names_text[SPEC_LISTEN * 16] = "", nginx[SPEC_LISTEN * 8] = "";
	unsigned ports = 0, port = 0;

	if (listens == 0)
		return;
	for (unsigned i = 0; i < listens; i++) {
		const struct address *address = &generation->holding[i]->listener.address;
		size_t used = strlen(names_text), nginx_used = strlen(nginx);

		(void)snprintf(names_text + used, sizeof(names_text) - used,
			       "%slisten-%u", i > 0 ? ":" : "", i);
		(void)snprintf(nginx + nginx_used, sizeof(nginx) - nginx_used, "%u;",
			       3 + i);
		if (address_is_tcp(address)) {
			ports++;
			port = address_port(address);
		}
	}
	set(builder, "LISTEN_FDS=%u", listens);
	set(builder, "LISTEN_PID=");
	set(builder, "LISTEN_FDNAMES=%s", names_text);
	if (strcmp(program_name(generation), "nginx") == 0)
		set(builder, "NGINX=%s", nginx);
	if (ports == 1)
		set(builder, "PORT=%u", port);
}

static const char *find_entry(char **list, const char *name)
{
	size_t length = strlen(name);

	for (; *list != NULL; list++)
		if (strncmp(*list, name, length) == 0 && (*list)[length] == '=')
			return *list + length + 1;
	return NULL;
}

/* What the configuration preloads comes after ours. */
static void set_preload(struct builder *builder, const struct generation *generation)
{
	const char *theirs = find_entry(generation->environment, "LD_PRELOAD");

	if (generation->preload == NULL)
		return;
	set(builder, "LD_PRELOAD=%s%s%s", generation->preload, theirs != NULL ? ":" : "",
	    theirs != NULL ? theirs : "");
}

static void set_broker(struct builder *builder, const struct app *app,
		       const struct generation *generation)
{
	if (generation->preload != NULL || generation->spec->control != SPEC_CONTROL_NONE)
		set(builder, ASK_ENVIRONMENT "=%s", app->supervisor->broker.path);
}

/* What Node's cluster module expects of its parent, and what PM2's apps expect. */
static void set_node(struct builder *builder, const struct generation *generation,
		     const struct place *place, unsigned listens)
{
	const char *theirs = find_entry(generation->environment, "NODE_OPTIONS");

	if (generation->node_preload == NULL)
		return;
	set(builder, "NODE_CHANNEL_FD=%u", FIRST_LENT + listens);
	set(builder, "NODE_CHANNEL_SERIALIZATION_MODE=json");
	set(builder, "NODE_UNIQUE_ID=%u", place->slot + 1);
	set(builder, "CLUSTER_NOTIFY_FD=%u", FIRST_LENT + listens + 1);
	set(builder, "NODE_OPTIONS=--require=%s%s%s", generation->node_preload,
	    theirs != NULL ? " " : "", theirs != NULL ? theirs : "");
	set(builder, "pm_id=%u", place->slot);
}

/* The whole environment of one worker; NULL: out of memory. */
char **environment_of(struct arena *arena, const struct app *app,
		      const struct generation *generation, const struct place *place,
		      unsigned listens)
{
	const struct core_policy *policy = &generation->spec->policy;
	struct builder builder = {.arena = arena};

	builder.list = arena_take(arena, (VARIABLES + 1) * sizeof(char *));
	if (builder.list == NULL)
		return NULL;
	set(&builder, "PWD=%s", generation->directory_path);
	for (char **entry = generation->environment; *entry != NULL; entry++)
		set_entry(&builder, with_slot(arena, *entry, place->slot));
	set_listeners(&builder, generation, listens);
	set(&builder, "NOTIFY_SOCKET=%s", place->heartbeat.path);
	if (policy->beats) {
		set(&builder, "WATCHDOG_USEC=%lld",
		    (long long)policy->beat_interval * 1000);
		set(&builder, "WATCHDOG_PID=");
	}
	set_preload(&builder, generation);
	set_broker(&builder, app, generation);
	set_node(&builder, generation, place, listens);
	set(&builder, "CLUSTER_APP=%s", app->name);
	set(&builder, "CLUSTER_SLOT=%u", place->slot);
	set(&builder, "CLUSTER_INSTANCES=%u", app->core.want.count);
	set(&builder, "CLUSTER_GENERATION=%u", generation->number);
	set(&builder, "NODE_APP_INSTANCE=%u", place->slot);
	return builder.failed ? NULL : builder.list;
}

char **environment_command(struct arena *arena, char *const *command, unsigned slot)
{
	unsigned count = 0;
	char **list;

	while (command[count] != NULL)
		count++;
	list = arena_take(arena, (count + 1) * sizeof(char *));
	for (unsigned i = 0; list != NULL && i < count; i++) {
		list[i] = with_slot(arena, command[i], slot);
		if (list[i] == NULL)
			return NULL;
	}
	return list;
}
