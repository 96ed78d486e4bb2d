#include "supervisor/notes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/text.h"

#define VERSION     1
#define WEIGHT_MOST 1000 /* as `weights` of a configuration */

void notes_free(struct notes *notes)
{
	free(notes->list);
	*notes = (struct notes){0};
}

static bool is_empty(const struct note *note)
{
	return !note->stopped && note->count == 0 && !note->dealt;
}

static struct note *find(const struct notes *notes, const char *app)
{
	for (unsigned i = 0; i < notes->count; i++)
		if (strcmp(notes->list[i].app, app) == 0)
			return &notes->list[i];
	return NULL;
}

const struct note *notes_find(const struct notes *notes, const char *app)
{
	return find(notes, app);
}

static void forget_note(struct notes *notes, struct note *note)
{
	size_t behind = (size_t)(&notes->list[notes->count] - note) - 1;

	memmove(note, note + 1, behind * sizeof(*note));
	notes->count--;
	notes->changed = true;
}

/* When there is no room, the oldest goes: of an app that came and went long ago. */
static void add_note(struct notes *notes, const struct note *note)
{
	struct note *grown;

	if (notes->count == NOTES_MOST)
		forget_note(notes, &notes->list[0]);
	grown = realloc(notes->list, (notes->count + 1) * sizeof(*grown));
	if (grown == NULL)
		return;
	notes->list = grown;
	grown[notes->count++] = *note;
	notes->changed = true;
}

static bool is_same_dealing(const struct dealing *one, const struct dealing *other)
{
	return one->balance == other->balance &&
	       memcmp(one->weight, other->weight, sizeof(one->weight)) == 0;
}

static bool is_same(const struct note *one, const struct note *other)
{
	return one->stopped == other->stopped && one->count == other->count &&
	       one->configured == other->configured && one->dealt == other->dealt &&
	       (!one->dealt ||
		(is_same_dealing(&one->dealing, &other->dealing) &&
		 is_same_dealing(&one->dealing_configured, &other->dealing_configured)));
}

void notes_put(struct notes *notes, const struct note *note)
{
	struct note *before = find(notes, note->app);

	if (before != NULL && is_empty(note)) {
		forget_note(notes, before);
	} else if (before != NULL && !is_same(before, note)) {
		*before = *note;
		notes->changed = true;
	} else if (before == NULL && !is_empty(note)) {
		add_note(notes, note);
	}
}

void notes_put_embedded(struct notes *notes, bool embedded)
{
	notes->changed = notes->changed || notes->embedded != embedded;
	notes->embedded = embedded;
}

static int read_dealing(const struct json *json, struct dealing *dealing)
{
	const char *policy = json_find_text(json, "policy");
	const struct json *weights = json_find(json, "weights");

	if (policy == NULL || !buckets_find_balance(policy, &dealing->balance) ||
	    !json_is_list(weights) || json_count(weights) > CORE_SLOTS)
		return -EBADMSG;
	for (unsigned i = 0; i < CORE_SLOTS; i++)
		dealing->weight[i] = 1;
	for (size_t i = 0; i < json_count(weights); i++) {
		int64_t weight = json_number(json_at(weights, i), 0);

		if (weight < 1 || weight > WEIGHT_MOST)
			return -EBADMSG;
		dealing->weight[i] = (uint16_t)weight;
	}
	return 0;
}

static int read_note(const struct json *json, struct note *note)
{
	const struct json *dealing = json_find(json, "dealing");
	const char *app = json_find_text(json, "app");
	int64_t count = json_find_number(json, "count", 0);
	int64_t configured = json_find_number(json, "configured", 0);

	*note = (struct note){.stopped = json_find_bool(json, "stopped")};
	if (app == NULL || !text_copy(note->app, sizeof(note->app), app) || count < 0 ||
	    count > CORE_SLOTS || configured < 0 || configured > CORE_SLOTS)
		return -EBADMSG;
	note->count = (unsigned)count;
	note->configured = (unsigned)configured;
	note->dealt = !json_is_none(dealing);
	if (note->dealt && (read_dealing(dealing, &note->dealing) < 0 ||
			    read_dealing(json_find(dealing, "configured"),
					 &note->dealing_configured) < 0))
		return -EBADMSG;
	return 0;
}

static int read_notes(struct notes *notes, const struct json *json, struct fault *fault)
{
	const struct json *apps = json_find(json, "apps");
	int64_t version = json_find_number(json, "version", -1);

	if (version != VERSION)
		return fault_set(fault, -EBADMSG, "its version is not %d", VERSION);
	if (!json_is_list(apps) || json_count(apps) > NOTES_MOST)
		return fault_set(fault, -EBADMSG, "it has no list of apps, or too many");
	for (size_t i = 0; i < json_count(apps); i++) {
		struct note note;

		if (read_note(json_at(apps, i), &note) < 0)
			return fault_set(fault, -EBADMSG, "app %zu makes no sense", i);
		notes_put(notes, &note);
	}
	notes->embedded = json_find_bool(json, "embedded");
	return 0;
}

/* Slots beyond the last that weighs more than 1 need not be named. */
static void put_dealing(struct json_writer *writer, const struct dealing *dealing)
{
	unsigned count = CORE_SLOTS;

	while (count > 0 && dealing->weight[count - 1] == 1)
		count--;
	json_put_text(writer, "policy", buckets_balance_name(dealing->balance));
	json_open_array(writer, "weights");
	for (unsigned i = 0; i < count; i++)
		json_put_number(writer, NULL, dealing->weight[i]);
	json_close_array(writer);
}

static void put_note(struct json_writer *writer, const struct note *note)
{
	json_open_object(writer, NULL);
	json_put_text(writer, "app", note->app);
	json_put_bool(writer, "stopped", note->stopped);
	json_put_number(writer, "count", note->count);
	json_put_number(writer, "configured", note->configured);
	if (note->dealt) {
		json_open_object(writer, "dealing");
		put_dealing(writer, &note->dealing);
		json_open_object(writer, "configured");
		put_dealing(writer, &note->dealing_configured);
		json_close_object(writer);
		json_close_object(writer);
	}
	json_close_object(writer);
}

void notes_encode(const struct notes *notes, struct buffer *to)
{
	struct json_writer writer = {.to = to};

	json_open_object(&writer, NULL);
	json_put_number(&writer, "version", VERSION);
	json_put_bool(&writer, "embedded", notes->embedded);
	json_open_array(&writer, "apps");
	for (unsigned i = 0; i < notes->count; i++)
		put_note(&writer, &notes->list[i]);
	json_close_array(&writer);
	json_close_object(&writer);
	buffer_append_text(to, "\n");
}

int notes_decode(struct notes *ret_notes, const char *bytes, size_t count,
		 struct fault *fault)
{
	struct json *json = json_parse(bytes, count, fault);
	struct notes notes = {0};
	int result = json != NULL ? read_notes(&notes, json, fault) : -EBADMSG;

	json_free(json);
	notes.changed = false;
	if (result < 0)
		notes_free(&notes);
	else
		*ret_notes = notes;
	return result;
}
