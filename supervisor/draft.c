#include "supervisor/draft.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/address.h"
#include "common/text.h"
#include "supervisor/assign.h"
#include "supervisor/settings.h"

#define KEY_TEXT 128 /* whole name of a setting; what is cut is unknown anyway */

/* Where the settings of a group go. */
struct destination {
	enum setting_scope scope;
	void *target;
};

static int read_defaults(struct value_reader *reader, const struct destination *to)
{
	for (const struct setting *setting = settings_list(to->scope); setting->name;
	     setting++) {
		int error = assign_default(reader, setting, to->target);

		if (error)
			return error;
	}
	return 0;
}

int draft_init(struct draft *draft, struct arena *arena, struct arena *scratch,
	       struct faults *faults)
{
	struct value_reader reader = {.arena = arena, .faults = faults};
	const struct destination to = {SETTING_OF_SUPERVISOR, &draft->spec};

	*draft = (struct draft){.arena = arena,
				.scratch = scratch,
				.faults = faults,
				.told = faults->count};
	return read_defaults(&reader, &to);
}

static int refuse_unknown(const struct value_reader *reader, const struct value *value,
			  enum setting_scope scope)
{
	const char *meant = settings_suggest(scope, reader->key);

	if (!meant)
		return value_refuse(reader, value, "unknown key");
	return value_refuse(reader, value, "unknown key; did you mean %s?", meant);
}

static int read_group(struct value_reader *reader, const struct destination *to,
		      const char *prefix, const struct value *group);

/* What is known by its own name wins, but for a group that could also be switched off. */
static int read_member(struct value_reader *reader, const struct destination *to,
		       const struct value *member)
{
	const struct setting *setting = settings_find(to->scope, reader->key);
	char prefix[KEY_TEXT];

	if (settings_is_group(to->scope, reader->key)) {
		if (member->kind == VALUE_GROUP) {
			(void)snprintf(prefix, sizeof(prefix), "%s.", reader->key);
			return read_group(reader, to, prefix, member);
		}
		if (!setting)
			return value_expect(reader, member, "a group");
	}
	if (!setting)
		return refuse_unknown(reader, member, to->scope);
	return assign_value(reader, setting, member, to->target);
}

/* `prefix` is the whole name of the group and a dot, or empty.  -ENOMEM or 0: what is
 * wrong with one member does not keep us from the others. */
static int read_group(struct value_reader *reader, const struct destination *to,
		      const char *prefix, const struct value *group)
{
	for (unsigned i = 0; i < group->items; i++) {
		char key[KEY_TEXT];

		(void)snprintf(key, sizeof(key), "%s%s", prefix, group->item[i].name);
		reader->key = key;
		if (read_member(reader, to, &group->item[i]) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

static int read_supervisor(struct draft *draft, struct value_reader *reader,
			   const struct value *value)
{
	const struct destination to = {SETTING_OF_SUPERVISOR, &draft->spec};

	reader->key = "supervisor";
	if (draft->supervisor)
		return value_refuse(reader, value, "given twice, first at %s:%u",
				    draft->supervisor->place.file,
				    draft->supervisor->place.line);
	if (value->kind != VALUE_GROUP)
		return value_expect(reader, value, "a group");
	draft->supervisor = value;
	draft->spec.rules = true;
	reader->subject = "supervisor";
	return read_group(reader, &to, "", value);
}

/* Where "ready.timeout" stands in the app, or the nearest there is around it. */
static const struct value *find_blamed(const struct value *app, const char *key)
{
	const char *dot = strchr(key, '.');
	const struct value *found;
	char group[KEY_TEXT];

	if (dot) {
		(void)snprintf(group, sizeof(group), "%.*s", (int)(dot - key), key);
		found = value_find_member(app, group);
		return found && found->kind == VALUE_GROUP ? find_blamed(found, dot + 1)
							   : app;
	}
	found = value_find_member(app, key);
	return found ? found : app;
}

static const struct {
	const char *key;
	const char *why;
} conflicts[SPEC_CONFLICTS] = {
	[SPEC_READY_EXEC_TOO_LONG] = {"ready.exec", "must be less than ready.timeout"},
	[SPEC_BEAT_TIMEOUT_TOO_SHORT] = {"heartbeat.timeout",
					 "must be more than heartbeat.interval"},
	[SPEC_DELAY_TOO_LONG] = {"restart.delay", "is more than restart.delay_max"},
	[SPEC_LISTENS_FOR_NOBODY] =
		{"adopt", "\"none\" leaves nobody to take the sockets of listen"},
	[SPEC_LISTENS_UNSEEN] = {"ready.on",
				 "\"listen\" cannot be told without a bridge: see adopt"},
	[SPEC_PROBES_TWICE] = {"probe.tcp", "says less than probe.http: leave it out"},
	[SPEC_QUIET_SHARES] = {"drain.how", "\"quiet\" needs a socket for each worker: "
					    "there is one for all by balance = "
					    "\"queue\", and at a unix: address"},
	[SPEC_PROBES_NO_SLOT] =
		{"probe", "needs an IPv4 address in listen, slot_addresses, and no "
			  "queue for a balance, to reach each slot"},
};

static void check_app(struct value_reader *reader, const struct draft_app *app)
{
	enum spec_conflict conflict = SPEC_FITS;
	const struct value *probe = value_find_member(app->value, "probe");

	if (probe && !value_find_member(probe, "http") &&
	    !value_find_member(probe, "tcp")) {
		reader->key = "probe";
		(void)value_refuse(reader, probe, "asks for neither http nor tcp");
	}
	while ((conflict = spec_check(&app->spec, conflict)) != SPEC_FITS) {
		reader->key = conflicts[conflict].key;
		(void)value_refuse(reader, find_blamed(app->value, reader->key), "%s",
				   conflicts[conflict].why);
	}
}

/* Is there an unknown key of which we said that this one may have been meant? */
static bool is_misspelt(const struct value *app, const char *key)
{
	for (unsigned i = 0; i < app->items; i++) {
		const char *name = app->item[i].name;
		const char *meant = settings_find(SETTING_OF_APP, name)
					    ? NULL
					    : settings_suggest(SETTING_OF_APP, name);

		if (meant && strcmp(meant, key) == 0)
			return true;
	}
	return false;
}

static void require(struct value_reader *reader, const struct value *app, const char *key)
{
	reader->key = key;
	if (!value_find_member(app, key) && !is_misspelt(app, key))
		(void)value_refuse(reader, app, "is missing");
}

/* What an app is called in faults: its name, though it may be a wrong one. */
static const char *find_label(const struct draft *draft, const struct value *app,
			      unsigned index)
{
	const struct value *name = value_find_member(app, "name");

	if (name && name->kind == VALUE_TEXT && name->text[0])
		return name->text;
	return arena_print(draft->scratch, "apps[%u]", index);
}

static int read_app(struct draft *draft, struct value_reader *reader,
		    struct draft_app *app)
{
	const struct destination to = {SETTING_OF_APP, &app->spec};
	unsigned faults = draft->faults->count;
	int error;

	app->spec.line = app->value->place.line;
	app->spec.policy.unroute_timeout = SPEC_UNROUTE_TIMEOUT;
	app->spec.policy.drain_grace = SPEC_DRAIN_GRACE;
	app->spec.policy.abort_timeout = SPEC_ABORT_TIMEOUT;
	app->spec.policy.kill_retry = SPEC_KILL_RETRY;
	error = read_defaults(reader, &to);
	if (!error)
		error = read_group(reader, &to, "", app->value);
	if (error)
		return error;

	if (spec_probes(&app->spec))
		app->spec.policy.probe_failures = app->spec.probe.failures;
	require(reader, app->value, "name");
	require(reader, app->value, "command");
	/* What does not fit may be no more than what was not understood. */
	if (draft->faults->count == faults)
		check_app(reader, app);
	return 0;
}

static int read_apps(struct draft *draft, struct value_reader *reader,
		     const struct value *list, const char *file)
{
	if (list->kind != VALUE_LIST)
		return value_expect(reader, list,
				    "a list of groups: apps = ( { ... } );");
	for (unsigned i = 0; i < list->items; i++) {
		struct draft_app *app = arena_take(draft->scratch, sizeof(*app));
		int error;

		if (!app)
			return -ENOMEM;
		reader->subject = NULL;
		reader->key = "apps";
		app->value = &list->item[i];
		if (draft->apps == SPEC_APPS)
			return value_refuse(reader, app->value, "more than %d apps",
					    SPEC_APPS);
		if (app->value->kind != VALUE_GROUP) {
			(void)value_expect(reader, app->value, "a group");
			continue;
		}
		reader->subject = app->label = find_label(draft, app->value, i);
		if (!app->label)
			return -ENOMEM;
		app->spec.file = file;
		app->spec.directory = file ? reader->directory : NULL;
		error = read_app(draft, reader, app);
		if (error)
			return error;
		draft->app[draft->apps++] = app;
	}
	return 0;
}

static int refuse_member(const struct value_reader *reader, const struct value *member)
{
	static const char *const known[] = {"supervisor", "apps"};
	const char *meant = text_nearest(member->name, known, ARRAY_COUNT(known));

	if (meant)
		return value_refuse(reader, member, "unknown key; did you mean %s?",
				    meant);
	if (settings_find(SETTING_OF_APP, member->name) ||
	    settings_is_group(SETTING_OF_APP, member->name))
		return value_refuse(
			reader, member,
			"unknown key; it belongs to an app: apps = ( { ... } );");
	return value_refuse(reader, member, "unknown key");
}

int draft_add(struct draft *draft, const struct value *root, const char *file,
	      const char *directory)
{
	for (unsigned i = 0; i < root->items; i++) {
		const struct value *member = &root->item[i];
		struct value_reader reader = {.arena = draft->arena,
					      .directory = directory,
					      .key = member->name,
					      .faults = draft->faults};
		int error;

		if (strcmp(member->name, "supervisor") == 0)
			error = read_supervisor(draft, &reader, member);
		else if (strcmp(member->name, "apps") == 0)
			error = read_apps(draft, &reader, member, file);
		else
			error = refuse_member(&reader, member);
		if (error == -ENOMEM)
			return error;
	}
	return 0;
}

/* One listen address, by the app that asks for it. */
struct claim {
	struct address address;
	const char *text;
	const struct draft_app *app;
	struct source_place place;
};

static void refuse_twin(const struct draft *draft, const struct draft_app *app)
{
	const struct source_place *place = &find_blamed(app->value, "name")->place;

	for (unsigned i = 0; app->spec.name && draft->app[i] != app; i++) {
		const struct draft_app *first = draft->app[i];

		if (!first->spec.name || strcmp(first->spec.name, app->spec.name) != 0)
			continue;
		fault_add(draft->faults, "%s:%u: %s.name: given twice, first at %s:%u",
			  place->file, place->line, app->label, first->value->place.file,
			  find_blamed(first->value, "name")->place.line);
		return;
	}
}

static void refuse_claimed(const struct draft *draft, const struct claim *before,
			   const struct claim *claim)
{
	for (; before < claim; before++) {
		bool same = strcmp(before->text, claim->text) == 0;

		if (!address_claims(&before->address, &claim->address))
			continue;
		fault_add(draft->faults,
			  "%s:%u: %s.listen: %s is claimed by %s%s%s at %s:%u",
			  claim->place.file, claim->place.line, claim->app->label,
			  claim->text, before->app->label, same ? "" : " as ",
			  same ? "" : before->text, before->place.file,
			  before->place.line);
		return;
	}
}

/* Adds the addresses of an app that could be read; returns where the next claim goes. */
static struct claim *add_claims(const struct draft *draft, const struct draft_app *app,
				const struct claim *first, struct claim *next)
{
	const struct value *listen = value_find_member(app->value, "listen");
	unsigned items = 0;
	const struct value *item = listen ? value_items(listen, &items) : NULL;

	for (unsigned i = 0; i < app->spec.listen_count; i++) {
		const char *text = app->spec.listen[i];

		if (!text)
			continue;
		*next = (struct claim){.text = text, .app = app, .place = item[i].place};
		(void)address_parse(&next->address, text, NULL);
		refuse_claimed(draft, first, next);
		next++;
	}
	return next;
}

static int check_claims(const struct draft *draft)
{
	struct claim *claim;
	struct claim *next;
	size_t count = 0;

	for (unsigned i = 0; i < draft->apps; i++)
		count += draft->app[i]->spec.listen_count;
	claim = arena_take(draft->scratch, count * sizeof(*claim));
	if (!claim)
		return -ENOMEM;
	next = claim;
	for (unsigned i = 0; i < draft->apps; i++)
		next = add_claims(draft, draft->app[i], claim, next);
	return 0;
}

static void check_workers(const struct draft *draft)
{
	unsigned workers = 0;

	for (unsigned i = 0; i < draft->apps; i++) {
		const struct draft_app *app = draft->app[i];
		const struct source_place *place =
			&find_blamed(app->value, "instances")->place;

		if (app->spec.instances.kind == SPEC_INSTANCES_COUNT)
			workers += app->spec.instances.number;
		if (workers <= SPEC_WORKERS)
			continue;
		fault_add(draft->faults,
			  "%s:%u: %s.instances: more than %d workers in all", place->file,
			  place->line, app->label, SPEC_WORKERS);
		return;
	}
}

int draft_finish(struct draft *draft, struct spec *ret_spec)
{
	struct app_spec *app;

	for (unsigned i = 0; i < draft->apps; i++)
		refuse_twin(draft, draft->app[i]);
	check_workers(draft);
	if (check_claims(draft) < 0)
		return -ENOMEM;
	if (draft->faults->count > draft->told)
		return -EINVAL;

	app = arena_take(draft->arena, draft->apps * sizeof(*app));
	if (!app)
		return -ENOMEM;
	for (unsigned i = 0; i < draft->apps; i++)
		app[i] = draft->app[i]->spec;
	draft->spec.app = app;
	draft->spec.apps = draft->apps;
	*ret_spec = draft->spec;
	return 0;
}
