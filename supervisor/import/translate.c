#include "supervisor/import/translate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/address.h"
#include "supervisor/core/spec.h"
#include "supervisor/import/command.h"
#include "supervisor/import/pm2.h"
#include "supervisor/import/rules.h"
#include "supervisor/import/variables.h"

#define LETTERS                      \
	"abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

/* What all apps of one file share. */
struct translation {
	const struct translate *with;
	struct arena arena;
	struct faults *faults;
	struct buffer *to;
	const char *name[SPEC_APPS];
	const char *listen[SPEC_APPS]; /* or NULL */
	unsigned apps;
	int64_t workers;
	bool has_profile;
};

/* ---- names ---- */

/* The file's name without its last extension. */
static const char *name_of_script(struct sheet *sheet)
{
	const char *script = sheet_text(sheet, "script");
	const char *slash;
	const char *dot;

	if (script == NULL)
		return NULL;
	slash = strrchr(script, '/');
	script = slash != NULL ? slash + 1 : script;
	dot = strrchr(script, '.');
	return sheet_format(sheet, "%.*s",
			    (int)(dot != NULL && dot != script ? (size_t)(dot - script)
							       : strlen(script)),
			    script);
}

/* Other letters become a dash. */
static const char *make_fit(struct sheet *sheet, const char *name)
{
	char fit[SPEC_NAME];
	size_t used = 0;

	name += strspn(name, ".-");
	for (; *name != '\0' && used + 1 < sizeof(fit); name++)
		if (strchr(LETTERS, *name) != NULL)
			fit[used++] = *name;
		else if (used > 0 && fit[used - 1] != '-')
			fit[used++] = '-';
	while (used > 0 && fit[used - 1] == '-')
		used--;
	fit[used] = '\0';
	if (used == 0 || strcmp(fit, "all") == 0)
		return "app";
	return sheet_format(sheet, "%s", fit);
}

static bool is_taken(const struct translation *all, const char *name)
{
	for (unsigned i = 0; i < all->apps; i++)
		if (strcmp(all->name[i], name) == 0)
			return true;
	return false;
}

static void translate_name(struct translation *all, struct sheet *sheet)
{
	const char *said = sheet_text(sheet, "name");
	const char *name;
	const char *fit;

	if (said == NULL || said[0] == '\0')
		said = name_of_script(sheet);
	fit = name = make_fit(sheet, said != NULL ? said : "");
	for (unsigned i = 2; name != NULL && is_taken(all, name); i++)
		name = sheet_format(sheet, "%.*s-%u", SPEC_NAME - 6, fit, i);
	if (name == NULL)
		return;
	if (sheet_find(sheet, "name") != NULL && said != NULL && strcmp(said, name) != 0)
		sheet_note_key(sheet, "name", sheet_find(sheet, "name"),
			       "names are of letters, digits, \".\", \"_\" and \"-\", "
			       "and each is there once");
	sheet->name = name;
	sheet_set_text(sheet, "name", name);
}

/* Is the address free of what the apps before have? */
static void check_claims(const struct translation *all, struct sheet *sheet)
{
	struct address wanted, taken;

	if (sheet->listen == NULL || address_parse(&wanted, sheet->listen, NULL) < 0)
		return;
	for (unsigned i = 0; i < all->apps; i++)
		if (all->listen[i] != NULL &&
		    address_parse(&taken, all->listen[i], NULL) == 0 &&
		    address_claims(&taken, &wanted))
			sheet_refuse(sheet, VARIABLES_SITE "PORT", "%s is taken by %s",
				     sheet->listen, all->name[i]);
}

/* ---- one app ---- */

static bool is_off(const struct json *value)
{
	const char *text = json_text(value);

	if (text != NULL)
		return text[0] == '\0' || strcmp(text, "false") == 0;
	if (json_is_figure(value))
		return json_number(value, 1) == 0;
	if (json_is_map(value) || json_is_list(value))
		return json_count(value) == 0;
	return !json_truth(value);
}

/* What has no counterpart, and what nobody knows. */
static void note_others(struct sheet *sheet)
{
	struct json_member member = {0};

	while (json_next(sheet->said, &member)) {
		const struct pm2_key *key = pm2_find(member.key);
		bool off = is_off(member.value);

		if (key == NULL &&
		    strncmp(member.key, PM2_PROFILE, strlen(PM2_PROFILE)) != 0)
			sheet_note_key(sheet, member.key, member.value,
				       "not a key that PM2 is known to have");
		else if (key != NULL && ((key->fate == PM2_LOST && !off) ||
					 (key->fate == PM2_LOST_OFF && off)))
			sheet_note_key(sheet, member.key, member.value, key->note);
	}
}

static void translate_app(struct translation *all, const struct json *said)
{
	struct sheet sheet = {
		.arena = &all->arena,
		.faults = all->faults,
		.file = all->with->file,
		.directory = all->with->directory,
		.profile = all->with->profile,
		.has_file = all->with->has_file,
		.said = said,
	};
	int64_t instances;

	translate_name(all, &sheet);
	command_translate(&sheet);
	instances = rules_translate_instances(&sheet);
	variables_translate(&sheet, instances);
	rules_check_mode(&sheet);
	if (command_is_site(&sheet))
		rules_translate_site(&sheet);
	rules_translate_ready(&sheet);
	rules_translate_drain(&sheet);
	rules_translate_restart(&sheet);
	rules_translate_recycle(&sheet);
	rules_translate_owner(&sheet);
	rules_translate_logs(&sheet);
	note_others(&sheet);

	if (sheet.failed || sheet.name == NULL) {
		sheet_refuse(&sheet, "script", "there is too much of it");
		return;
	}
	check_claims(all, &sheet);
	all->listen[all->apps] = sheet.listen;
	all->name[all->apps++] = sheet.name;
	all->workers += instances;
	buffer_append_text(all->to, all->apps > 1 ? ",\n" : "");
	sheet_print(&sheet, all->to);
}

/* ---- the file ---- */

static bool has_profile(const struct json *app, const char *profile)
{
	struct json_member member = {0};

	while (json_next(app, &member))
		if (strncmp(member.key, PM2_PROFILE, strlen(PM2_PROFILE)) == 0 &&
		    strcmp(member.key + strlen(PM2_PROFILE), profile) == 0)
			return true;
	return false;
}

static void refuse(struct translation *all, const char *key, const char *why)
{
	fault_add(all->faults, "%s: %s: %s", all->with->file, key, why);
}

static void translate_apps(struct translation *all, const struct json *list)
{
	size_t count = json_is_list(list) ? json_count(list) : 1;

	if (count > SPEC_APPS) {
		refuse(all, "apps", "too many");
		return;
	}
	if (count == 0)
		refuse(all, "apps", "there are none in it");
	for (size_t i = 0; i < count; i++) {
		const struct json *app = json_is_list(list) ? json_at(list, i) : list;

		if (!json_is_map(app)) {
			refuse(all, "apps", "expects objects, one for each app");
			return;
		}
		if (all->with->profile != NULL)
			all->has_profile =
				all->has_profile || has_profile(app, all->with->profile);
		translate_app(all, app);
	}
	if (all->workers > SPEC_WORKERS)
		refuse(all, "instances", "too many in all");
	if (all->with->profile != NULL && !all->has_profile)
		fault_add(all->faults, "%s: env_%s: no app has it", all->with->file,
			  all->with->profile);
}

static void print_head(const struct translation *all, const struct json *root)
{
	static const char about[] =
		"made by `clusterctl import`. What has no counterpart is a comment. PM2 "
		"passes on the environment that it was started from; here workers get "
		"env, "
		"PATH, HOME, USER, LOGNAME, SHELL and LANG, and what pass_env names.";
	char text[512];

	(void)snprintf(text, sizeof(text), "From %.200s, %s", all->with->file, about);
	sheet_print_comment(all->to, "", text);
	if (json_find(root, "deploy") != NULL)
		sheet_print_comment(all->to, "",
				    "deploy: clusterd does not fetch releases; what does "
				    "ends with `clusterctl reload`.");
}

/* A list of apps, an object that has one, or a single app. */
static const struct json *find_apps(const struct json *root)
{
	static const char *const keys[] = {"apps", "pm2"};

	for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
		const struct json *apps = json_find(root, keys[i]);

		if (json_is_map(apps) && json_find(apps, "apps") != NULL)
			return json_find(apps, "apps");
		if (apps != NULL)
			return apps;
	}
	return root;
}

int translate(const struct translate *translate, const struct json *root,
	      struct buffer *to, struct faults *faults)
{
	struct translation all = {.with = translate, .faults = faults, .to = to};
	unsigned told = faults->count;

	print_head(&all, root);
	buffer_append_text(to, "apps = (\n");
	translate_apps(&all, find_apps(root));
	buffer_append_text(to, "\n);\n");
	if (to->broken || to->count >= TRANSLATE_BYTES)
		refuse(&all, "apps", "there is too much of it");
	arena_free(&all.arena);
	return faults->count > told ? -EINVAL : 0;
}
