/*
 * generation.c - a spec resolved once: program, directory, environment, listeners.
 *
 * A worker that crashes in the middle of a deploy comes back as the generation it was.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "supervisor/bridge/door.h"
#include "supervisor/capacity.h"
#include "supervisor/estate.h"
#include "supervisor/interpreter.h"

static void generation_free(struct generation *generation)
{
	if (generation == NULL)
		return;
	fd_close(&generation->directory);
	pin_drop(&generation->program);
	arena_free(&generation->words);
	arena_free(&generation->numbers);
	free(generation);
}

static const char *directory_of(struct generation *generation)
{
	const struct app_spec *spec = generation->spec;
	const char *slash;

	if (spec->directory != NULL)
		return spec->directory;
	slash = spec->file != NULL ? strrchr(spec->file, '/') : NULL;
	if (slash == NULL || slash == spec->file)
		return "/";
	return arena_print(&generation->words, "%.*s", (int)(slash - spec->file),
			   spec->file);
}

static int resolve_directory(struct generation *generation, struct fault *fault)
{
	const char *wanted = directory_of(generation);
	char link[64], real[PATH_MAX];
	ssize_t length;

	if (wanted == NULL)
		return fault_set(fault, -ENOMEM, "out of memory");
	generation->directory = open(wanted, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (generation->directory == -1)
		return fault_set(fault, -errno, "cwd %s: %s", wanted, strerror(errno));
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", generation->directory);
	length = readlink(link, real, sizeof(real) - 1);
	if (length == -1)
		return fault_set(fault, -errno, "cwd %s: %s", wanted, strerror(errno));
	real[length] = '\0';
	generation->directory_path = arena_text(&generation->words, real);
	return generation->directory_path != NULL ? 0 : -ENOMEM;
}

static const char *search_path(const struct generation *generation)
{
	for (char **entry = generation->environment; *entry != NULL; entry++)
		if (strncmp(*entry, "PATH=", 5) == 0)
			return *entry + 5;
	return "/usr/local/bin:/usr/bin:/bin";
}

static int resolve_program(struct generation *generation, struct fault *fault)
{
	char path[PATH_MAX];
	int result;

	result = places_find_program(path, sizeof(path), generation->spec->command[0],
				     search_path(generation), generation->directory_path,
				     fault);
	if (result < 0)
		return result;
	return pin_file(&generation->program, &generation->words, path, fault);
}

/* Does this path lead through symbolic links?  A kernel that cannot say so says yes. */
static bool has_links(const struct generation *generation, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC,
			       .resolve = RESOLVE_NO_SYMLINKS};
	CLOSE_FD int fd =
		(int)syscall(SYS_openat2, generation->directory, path, &how, sizeof(how));

	return fd == -1;
}

/* Where workers look for it, as long as links did not move. */
static char *path_seen(struct generation *generation, const char *path)
{
	if (path[0] == '/')
		return arena_text(&generation->words, path);
	return arena_print(&generation->words, "%s/%s", generation->directory_path, path);
}

static int resolve_script(struct generation *generation, char **word, struct fault *fault)
{
	const char *path = path_seen(generation, *word);
	int result;

	if (path == NULL)
		return fault_set(fault, -ENOMEM, "out of memory");
	result = pin_file(&generation->script, &generation->words, path, fault);
	if (result < 0)
		return result;
	pin_drop(&generation->script); /* its interpreter opens it by name */
	if (has_links(generation, *word))
		*word = arena_text(&generation->words, generation->script.path);
	return *word != NULL ? 0 : fault_set(fault, -ENOMEM, "out of memory");
}

/* A program may look for what is its own where it is called, so it keeps its name there;
 * a link in the way to that place is resolved. */
static int resolve_name(struct generation *generation, char **word, struct fault *fault)
{
	const char *slash = strrchr(*word, '/');
	char *directory, real[PATH_MAX];

	if (slash == NULL || slash == *word)
		return 0;
	directory = arena_print(&generation->words, "%.*s", (int)(slash - *word), *word);
	if (directory == NULL)
		return fault_set(fault, -ENOMEM, "out of memory");
	if (!has_links(generation, directory))
		return 0;
	directory = path_seen(generation, directory);
	if (directory == NULL)
		return fault_set(fault, -ENOMEM, "out of memory");
	if (realpath(directory, real) == NULL)
		return fault_set(fault, -errno, "%s: %s", *word, strerror(errno));
	*word = arena_print(&generation->words, "%s%s", real, slash);
	return *word != NULL ? 0 : fault_set(fault, -ENOMEM, "out of memory");
}

/* Of all words only these two are paths for sure. */
static int resolve_command(struct generation *generation, struct fault *fault)
{
	char *const *command = generation->spec->command;
	unsigned count = 0, script = interpreter_script(command, generation->directory);
	int result = 0;

	while (command[count] != NULL)
		count++;
	generation->command =
		arena_take(&generation->words, (count + 1) * sizeof(char *));
	if (generation->command == NULL)
		return fault_set(fault, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < count; i++) {
		generation->command[i] = arena_text(&generation->words, command[i]);
		if (generation->command[i] == NULL)
			return fault_set(fault, -ENOMEM, "out of memory");
	}
	if (script > 0)
		result = resolve_script(generation, &generation->command[script], fault);
	if (result == 0)
		result = resolve_name(generation, &generation->command[0], fault);
	return result;
}

/* What stands beside our library is ours, and finds its sockets by LISTEN_FDS. */
static bool is_our_own(const char *program, const char *library)
{
	size_t length = (size_t)(strrchr(library, '/') - library) + 1;

	return strncmp(program, library, length) == 0 && !strchr(program + length, '/');
}

static int find_part(struct generation *generation, const char *name, char **ret_path,
		     struct fault *fault)
{
	char path[PLACES_PATH];
	int result;

	result = places_find_program(path, sizeof(path), name, "", NULL, fault);
	if (result < 0)
		return result;
	if (is_our_own(generation->program.path, path))
		return 0;
	*ret_path = arena_text(&generation->words, path);
	return *ret_path != NULL ? 0 : -ENOMEM;
}

/* Node's cluster module knows nothing of what the app's threads and children listen on,
 * nor of what is to be its alone: for that the library is there, too. */
static int meet_node(struct generation *generation, enum nature nature,
		     struct fault *fault)
{
	int result = find_part(generation, "clusterd-node.cjs", &generation->node_preload,
			       fault);

	if (result == 0 && door_refusal(nature) == NULL)
		result = find_part(generation, "libclusterbind.so", &generation->preload,
				   fault);
	return result;
}

/* How the program is met if it opens its port by itself. */
static int choose_door(struct generation *generation, struct fault *fault)
{
	enum spec_adopt adopt = generation->spec->adopt;
	const char *program = generation->program.path;
	enum nature nature;
	bool is_node;

	if (adopt == SPEC_ADOPT_NONE || adopt == SPEC_ADOPT_LISTEN_FDS)
		return 0;
	nature = door_look(program, search_path(generation), generation->directory_path);
	is_node = nature == NATURE_NODE || nature == NATURE_NODE_APART;
	if (is_node && adopt == SPEC_ADOPT_AUTO && door_is_node(program) &&
	    generation->script.path == NULL)
		is_node = false; /* `node -e` is no cluster worker, ever */
	if (is_node && adopt != SPEC_ADOPT_PRELOAD && adopt != SPEC_ADOPT_SECCOMP)
		return meet_node(generation, nature, fault);
	if (adopt == SPEC_ADOPT_SECCOMP) {
		generation->traps = nature != NATURE_PRIVILEGED;
		return generation->traps
			       ? 0
			       : fault_set(
					 fault, -EINVAL,
					 "adopt: %s is setuid or has capabilities of its "
					 "own, and would lose them",
					 program);
	}
	if (adopt == SPEC_ADOPT_NODE)
		return fault_set(fault, -EINVAL, "adopt: %s is not Node.js", program);
	if (door_refusal(nature) == NULL)
		return find_part(generation, "libclusterbind.so", &generation->preload,
				 fault);
	if (adopt == SPEC_ADOPT_PRELOAD)
		return fault_set(fault, -EINVAL, "cannot preload %s: %s", program,
				 door_refusal(nature));
	/* It costs a little for ever: only where nothing else leads to a socket. */
	generation->traps = (nature == NATURE_STATIC || nature == NATURE_GO) &&
			    generation->spec->listen_count == 0;
	return 0;
}

static int resolve(const struct supervisor *supervisor, struct generation *generation,
		   struct fault *fault)
{
	int result;

	result = resolve_directory(generation, fault);
	if (result == 0)
		result = rights_resolve(supervisor, generation, fault);
	if (result == 0)
		result = environment_resolve(generation, fault);
	if (result == 0)
		result = resolve_program(generation, fault);
	if (result == 0)
		result = resolve_command(generation, fault);
	if (result == 0)
		result = choose_door(generation, fault);
	return result;
}

/* A file that the next worker would not find as it was; NULL: there is none. */
const char *generation_changed(const struct generation *generation)
{
	const struct pin *program = &generation->program;
	const struct pin *script = &generation->script;

	if (script->path != NULL && pin_look(script) != PIN_SAME)
		return script->path;
	switch (pin_look(program)) {
	case PIN_SAME:
	case PIN_STATES:
		return NULL;
	case PIN_REPLACED:
	case PIN_GONE:
		return program->fd == -1 ? program->path : NULL;
	case PIN_CHANGED:
		break;
	}
	return program->path;
}

unsigned generation_count(const struct app_spec *spec)
{
	return spec_instances_count(&spec->instances, capacity_max());
}

static void keep(const struct app *app, const struct generation *generation)
{
	struct supervisor *supervisor = app->supervisor;

	(void)remember_fd(supervisor, generation->directory, "%s.g%u.directory",
			  app->name, generation->number);
	if (generation->program.fd != -1)
		(void)remember_fd(supervisor, generation->program.fd, "%s.g%u.program",
				  app->name, generation->number);
}

/* On success the app owns it; it is dropped by generation_sweep when nothing uses it. */
int generation_make(struct app *app, const struct app_spec *spec,
		    struct generation **ret_generation, struct fault *fault)
{
	struct generation *generation = calloc(1, sizeof(*generation));
	int result;

	if (generation == NULL)
		return fault_set(fault, -ENOMEM, "out of memory");
	generation->directory = -1;
	generation->program = generation->script = PIN_NONE;
	result = config_copy_app(spec, &generation->numbers, &generation->spec);
	if (result < 0)
		(void)fault_set(fault, result, "out of memory");
	else
		result = resolve(app->supervisor, generation, fault);
	if (result == 0)
		result = conduit_check(app, generation->spec, fault);
	if (result < 0) {
		generation_free(generation);
		return result;
	}
	generation->count = generation_count(generation->spec);
	generation->number = ++app->last_generation;
	generation->made = clock_now();
	generation->next = app->generations;
	app->generations = generation;
	keep(app, generation);
	digest_need(app->supervisor);
	housing_check(app, generation);
	*ret_generation = generation;
	return 0;
}

/* Other numbers for the same workers: what was resolved stays. */
int generation_reshape(struct generation *generation, const struct app_spec *spec)
{
	struct arena arena = {0};
	const struct app_spec *copy;
	int result;

	result = config_copy_app(spec, &arena, &copy);
	if (result < 0) {
		arena_free(&arena);
		return result;
	}
	arena_free(&generation->numbers);
	generation->numbers = arena;
	generation->spec = copy;
	generation->count = generation_count(copy);
	return 0;
}

struct generation *generation_find(const struct app *app, uint32_t number)
{
	for (struct generation *at = app->generations; at != NULL; at = at->next)
		if (at->number == number)
			return at;
	return NULL;
}

/* Until its first start is stepped, an app has one generation that is not wanted yet. */
struct generation *app_generation(const struct app *app)
{
	struct generation *wanted = generation_find(app, app->core.want.generation);

	if (wanted == NULL)
		wanted = app->generations;
	assert(wanted != NULL);
	return wanted;
}

const struct app_spec *app_spec(const struct app *app)
{
	return app_generation(app)->spec;
}

void generation_drop(struct app *app, struct generation *generation)
{
	struct supervisor *supervisor = app->supervisor;
	struct generation **at = &app->generations;

	while (*at != generation)
		at = &(*at)->next;
	*at = generation->next;
	remember_gone(supervisor, LAYOUT_GENERATION, app->number, generation->number);
	forget_fd(supervisor, "%s.g%u.directory", app->name, generation->number);
	forget_fd(supervisor, "%s.g%u.program", app->name, generation->number);
	generation_free(generation);
}

/* One that could be gone back to keeps what it is made of, but no address: nobody listens
 * where nobody serves. */
void generation_sweep(struct app *app)
{
	struct generation *next;

	for (struct generation *at = app->generations; at != NULL; at = next) {
		next = at->next;
		if (core_uses(&app->core, at->number))
			continue;
		at->holdings = 0;
		if (!core_keeps(&app->core, at->number))
			generation_drop(app, at);
	}
}

/* ---- what people are told ---- */

static unsigned count_workers(const struct app *app, uint32_t number)
{
	unsigned count = 0;

	for (unsigned i = 0; i <= CORE_SLOTS; i++)
		for (unsigned j = 0; app->place[i] != NULL && j < CORE_SEATS; j++) {
			const struct seat *seat = &app->place[i]->seat[j];

			count += seat->process.pid != 0 && seat->generation == number;
		}
	return count;
}

static const char *role_of(const struct app *app, uint32_t number)
{
	if (number == app->core.want.generation)
		return "wanted";
	return number == core_before(&app->core) ? "before" : "leaving";
}

static const char *digest_of(const struct pin *pin)
{
	return pin->digest[0] != '\0' ? pin->digest : NULL;
}

static const char *why_no_digest(const struct pin *pin)
{
	if (pin->path == NULL || pin->digest[0] != '\0')
		return NULL;
	return pin->no_digest != NULL ? pin->no_digest : "not read yet";
}

bool app_read_generation(const struct app *app, unsigned index,
			 struct generation_status *ret_status)
{
	const struct generation *at = app->generations;
	enum pin_state state;

	while (at != NULL && index-- > 0)
		at = at->next;
	if (at == NULL)
		return false;
	state = pin_look(&at->program);
	*ret_status = (struct generation_status){
		.number = at->number,
		.role = role_of(app, at->number),
		.age_ms = clock_now() - at->made,
		.workers = count_workers(app, at->number),
		.program = at->program.path,
		.directory = at->directory_path,
		.script = at->script.path,
		.sha256 = digest_of(&at->program),
		.script_sha256 = digest_of(&at->script),
		.sha256_note = why_no_digest(&at->program),
		.replaced = at->program.fd != -1 &&
			    (state == PIN_REPLACED || state == PIN_GONE),
		.changed = generation_changed(at),
	};
	if (ret_status->sha256_note == NULL)
		ret_status->sha256_note = why_no_digest(&at->script);
	return true;
}
