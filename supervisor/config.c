#include "supervisor/config.h"

#include <dirent.h>
#include <errno.h>
#include <libconfig.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/draft.h"
#include "supervisor/source.h"
#include "supervisor/value.h"

#define EMBEDDED_NAME "(embedded)"

static const char embedded[] = "apps = ({\n"
			       "  name = \"web\";\n"
			       "  command = [ \"cluster-worker\" ];\n"
			       "  instances = \"max\";\n"
			       "  listen = [ \"127.0.0.1:8080\" ];\n"
			       "});\n";

static int convert(struct arena *arena, const struct source *source,
		   const config_setting_t *setting, struct source_place place,
		   struct value *ret_value);

static int convert_items(struct arena *arena, const struct source *source,
			 const config_setting_t *setting, struct value *value)
{
	unsigned count = (unsigned)config_setting_length(setting);
	struct value *item = arena_take(arena, count * sizeof(*item));

	if (!item)
		return -ENOMEM;
	value->item = item;
	value->items = count;
	for (unsigned i = 0; i < count; i++) {
		int error = convert(arena, source, config_setting_get_elem(setting, i),
				    value->place, &item[i]);

		if (error)
			return error;
	}
	return 0;
}

/* `place` is the parent's, for settings of which libconfig keeps no line.  As deep as
 * brackets may nest. */
static int convert(struct arena *arena, const struct source *source,
		   const config_setting_t *setting, struct source_place place,
		   struct value *ret_value)
{
	unsigned line = config_setting_source_line(setting);
	const char *name = config_setting_name(setting);
	struct value value = {.place = line ? source_find_place(source, line) : place};

	if (name && !(value.name = arena_text(arena, name)))
		return -ENOMEM;
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		value.kind = VALUE_NUMBER;
		value.number = (double)config_setting_get_int64(setting);
		value.plain = config_setting_get_format(setting) == CONFIG_FORMAT_DEFAULT;
		break;
	case CONFIG_TYPE_FLOAT:
		value.kind = VALUE_NUMBER;
		value.number = config_setting_get_float(setting);
		break;
	case CONFIG_TYPE_BOOL:
		value.kind = VALUE_FLAG;
		value.flag = config_setting_get_bool(setting);
		break;
	case CONFIG_TYPE_STRING:
		value.kind = VALUE_TEXT;
		value.text = arena_text(arena, config_setting_get_string(setting));
		if (!value.text)
			return -ENOMEM;
		break;
	case CONFIG_TYPE_ARRAY:
	case CONFIG_TYPE_LIST:
	case CONFIG_TYPE_GROUP:
		value.kind = config_setting_is_group(setting) ? VALUE_GROUP : VALUE_LIST;
		if (convert_items(arena, source, setting, &value) < 0)
			return -ENOMEM;
		break;
	}
	*ret_value = value;
	return 0;
}

/* libconfig tells what it found in few words; ours are to help. */
static void refuse_text(const struct source *source, const config_t *config,
			struct faults *faults)
{
	int line = config_error_line(config);
	struct source_place place =
		source_find_place(source, line > 0 ? (unsigned)line : 1);
	const char *text = config_error_text(config);
	const char *why = text ? text : "cannot be understood";

	if (strcmp(why, "duplicate setting name") == 0)
		why = "a setting is given twice in one group";
	else if (strcmp(why, "mismatched element type in array") == 0)
		why = "the values of [ ] are of different kinds; ( ) takes any";
	else if (strcmp(why, "syntax error") == 0)
		why = "not understood, here or just before; settings are NAME = VALUE;";
	fault_add(faults, "%s:%u: syntax: %s", place.file, place.line, why);
}

/* Text -> tree; what is wrong becomes a fault. */
static int parse(struct arena *arena, const struct source *source, struct faults *faults,
		 struct value *ret_root)
{
	config_t config;
	int result = 0;

	config_init(&config);
	if (!config_read_string(&config, source->text)) {
		refuse_text(source, &config, faults);
		result = -EINVAL;
	} else {
		result = convert(arena, source, config_root_setting(&config),
				 source_find_place(source, 1), ret_root);
	}
	config_destroy(&config);
	return result;
}

/* What one load needs: built on the stack, gone when the spec is there. */
struct load {
	struct arena scratch;
	struct draft draft;
};

static int load_begin(struct load *load, struct arena *arena, struct faults *faults)
{
	load->scratch = (struct arena){0};
	return draft_init(&load->draft, arena, &load->scratch, faults);
}

static int load_end(struct load *load, int error, struct spec *ret_spec)
{
	struct draft *draft = &load->draft;

	/* A file that could not be read does not keep us from looking at the others. */
	if (error != -ENOMEM) {
		int finished = draft_finish(draft, ret_spec);

		error = error ? error : finished;
	}
	if (error && draft->faults->count == draft->told)
		fault_add(draft->faults, "%s", strerror(-error));
	if (error)
		arena_free(draft->arena);
	arena_free(&load->scratch);
	return error;
}

/* What is there and makes no sense will make none tomorrow. */
static bool is_for_good(int error)
{
	return error == -EINVAL || error == -EISDIR || error == -ENOTSUP ||
	       error == -EFBIG;
}

static void add_unread(struct faults *faults, int error, const struct fault *fault)
{
	faults->of_machine |= !is_for_good(error);
	fault_add(faults, "%s", fault->text);
}

/* A source that was read, or the fault why not, becomes part of the draft.  -EINVAL only
 * says that the draft will not succeed; faults of other files are looked for all the
 * same. */
static int load_source(struct load *load, struct source *source, int error,
		       const struct fault *fault, const char *file, const char *directory)
{
	struct value *root = arena_take(&load->scratch, sizeof(*root));

	if (!root)
		error = -ENOMEM;
	else if (error)
		add_unread(load->draft.faults, error, fault);
	else
		error = parse(&load->scratch, source, load->draft.faults, root);
	source_free(source);
	if (error)
		return error;
	return draft_add(&load->draft, root, file, directory);
}

/* Absolute, but with its symbolic links: the file is known by the name it was given. */
static int make_absolute(struct load *load, const char *path, char **ret_file)
{
	char here[PATH_MAX] = "";
	char *file;

	if (path[0] != '/' && !getcwd(here, sizeof(here))) {
		int error = -errno;

		fault_add(load->draft.faults, "%s: current directory: %s", path,
			  strerror(-error));
		return error;
	}
	file = arena_print(load->draft.arena, "%s%s%s", here, here[0] ? "/" : "", path);
	if (!file)
		return -ENOMEM;
	*ret_file = file;
	return 0;
}

static int load_file(struct load *load, const char *path)
{
	struct source source = {.names = &load->scratch};
	struct fault fault;
	const char *directory;
	const char *slash;
	char *file = NULL;
	int error = make_absolute(load, path, &file);

	if (error)
		return error;
	slash = strrchr(file, '/');
	directory = arena_print(load->draft.arena, "%.*s",
				slash == file ? 1 : (int)(slash - file), file);
	if (!directory)
		return -ENOMEM;
	error = source_read(&source, path, &fault);
	return load_source(load, &source, error, &fault, file, directory);
}

static int is_configuration(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > strlen(".conf") &&
	       strcmp(entry->d_name + length - strlen(".conf"), ".conf") == 0;
}

/* Lexical order whatever the locale. */
static int compare_names(const struct dirent **one, const struct dirent **other)
{
	return strcmp((*one)->d_name, (*other)->d_name);
}

/* Returns how many files there were. */
static int load_directory(struct load *load, const char *beside)
{
	const char *slash = strrchr(beside, '/');
	const char *directory =
		arena_print(&load->scratch, "%.*sconf.d",
			    slash ? (int)(slash + 1 - beside) : 0, beside);
	struct dirent **entry = NULL;
	int count;
	int error = 0;

	if (!directory)
		return -ENOMEM;
	count = scandir(directory, &entry, is_configuration, compare_names);
	if (count == -1 && errno == ENOENT)
		return 0;
	if (count == -1) {
		fault_add(load->draft.faults, "%s: %s", directory, strerror(errno));
		return -EINVAL;
	}
	for (int i = 0; i < count; i++) {
		const char *path =
			arena_print(&load->scratch, "%s/%s", directory, entry[i]->d_name);

		if (error != -ENOMEM)
			error = path ? load_file(load, path) : -ENOMEM;
		free(entry[i]);
	}
	free(entry);
	return error == -ENOMEM ? error : count;
}

int config_load(const char *path, bool with_directory, struct arena *arena,
		struct spec *ret_spec, struct faults *faults)
{
	bool missing = with_directory && access(path, F_OK) == -1 && errno == ENOENT;
	struct load load;
	int error = load_begin(&load, arena, faults);
	int count = 0;

	if (!missing && !error)
		error = load_file(&load, path);
	if (with_directory && error != -ENOMEM)
		count = load_directory(&load, path);
	if (missing && count == 0 && !error)
		error = load_file(&load, path);
	return load_end(&load, count < 0 ? count : error, ret_spec);
}

int config_load_text(const char *name, const char *directory, const char *text,
		     struct arena *arena, struct spec *ret_spec, struct faults *faults)
{
	struct load load;
	struct source source = {0};
	struct fault fault;
	int error = load_begin(&load, arena, faults);

	if (error)
		return load_end(&load, error, ret_spec);
	source.names = &load.scratch;
	error = source_read_text(&source, name, directory, text, &fault);
	error = load_source(&load, &source, error, &fault, NULL, directory);
	return load_end(&load, error, ret_spec);
}

int config_load_embedded(struct arena *arena, struct spec *ret_spec,
			 struct faults *faults)
{
	return config_load_text(EMBEDDED_NAME, "/", embedded, arena, ret_spec, faults);
}

/* One that runs out of memory goes on with NULLs and says so at the end. */
struct copier {
	struct arena *arena;
	bool failed;
};

static void *copy_bytes(struct copier *copier, const void *bytes, size_t count)
{
	void *copy = arena_take(copier->arena, count);

	if (!copy)
		copier->failed = true;
	else if (count > 0)
		memcpy(copy, bytes, count);
	return copy;
}

static char *copy_text(struct copier *copier, const char *text)
{
	return text ? copy_bytes(copier, text, strlen(text) + 1) : NULL;
}

/* Ended by a NULL that `count` does not count. */
static char **copy_texts(struct copier *copier, const char *const *text, unsigned count)
{
	char **copy = arena_take(copier->arena, (count + 1) * sizeof(*copy));

	if (!copy)
		copier->failed = true;
	for (unsigned i = 0; copy && i < count; i++)
		copy[i] = copy_text(copier, text[i]);
	return copy;
}

static struct spec_variable *copy_variables(struct copier *copier,
					    const struct app_spec *app)
{
	struct spec_variable *copy =
		copy_bytes(copier, app->env, app->env_count * sizeof(*copy));

	for (unsigned i = 0; copy && i < app->env_count; i++) {
		copy[i].name = copy_text(copier, app->env[i].name);
		copy[i].value = copy_text(copier, app->env[i].value);
	}
	return copy;
}

int config_copy_app(const struct app_spec *app, struct arena *arena,
		    const struct app_spec **ret_copy)
{
	struct copier copier = {.arena = arena};
	struct app_spec *copy = copy_bytes(&copier, app, sizeof(*app));
	unsigned words = 0;

	if (!copy)
		return -ENOMEM;
	while (app->command[words])
		words++;
	copy->name = copy_text(&copier, app->name);
	copy->file = copy_text(&copier, app->file);
	copy->command = copy_texts(&copier, (const char *const *)app->command, words);
	copy->directory = copy_text(&copier, app->directory);
	copy->env = copy_variables(&copier, app);
	copy->env_file = copy_text(&copier, app->env_file);
	copy->cron = copy_text(&copier, app->cron);
	copy->probe.http = copy_text(&copier, app->probe.http);
	copy->pass_env = (const char *const *)copy_texts(&copier, app->pass_env,
							 app->pass_env_count);
	for (unsigned i = 0; i < SPEC_STREAMS; i++)
		copy->log.path[i] = copy_text(&copier, app->log.path[i]);
	copy->user = copy_text(&copier, app->user);
	copy->group = copy_text(&copier, app->group);
	for (unsigned i = 0; i < app->listen_count; i++)
		copy->listen[i] = copy_text(&copier, app->listen[i]);
	copy->weight = copy_bytes(&copier, app->weight,
				  app->weight_count * sizeof(*app->weight));
	if (copier.failed)
		return -ENOMEM;
	*ret_copy = copy;
	return 0;
}
