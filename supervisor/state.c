#include "supervisor/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC UINT64_C(0x657461747363) /* "cstate" */
#define GONE  UINT32_C(0x80000000)     /* beside the kind */
#define ALIGN 8

struct head {
	uint64_t magic;
	uint32_t version;
	uint32_t reserved;
	uint64_t used; /* and its complement, so that neither is believed alone */
	uint64_t padding;
};

struct frame {
	uint32_t kind, app, number;
	uint32_t count;
	uint64_t sum; /* of the four before, and of the bytes behind */
};

_Static_assert(sizeof(struct head) == STATE_HEAD, "the head is of a fixed size");
_Static_assert(STATE_HEAD % ALIGN == 0 && sizeof(struct frame) % ALIGN == 0, "aligned");

/* Eight bytes at a time: it is to find what was damaged, not who is evil. */
static uint64_t mix(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return sum ^ (sum >> 29);
}

uint64_t state_sum(const void *bytes, size_t count)
{
	const uint8_t *at = bytes;
	uint64_t sum = mix(UINT64_C(0x243f6a8885a308d3), count), word;

	for (; count >= sizeof(word); count -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		sum = mix(sum, word);
	}
	word = 0;
	if (count > 0)
		memcpy(&word, at, count);
	return mix(sum, word);
}

static uint64_t sum_of(const struct frame *frame, const void *bytes)
{
	return mix(state_sum(frame, offsetof(struct frame, sum)),
		   state_sum(bytes, frame->count));
}

static size_t padded(size_t count)
{
	return (count + ALIGN - 1) / ALIGN * ALIGN;
}

/* ---- writing ---- */

static void publish(uint8_t *image, uint32_t used)
{
	uint64_t both = used | (uint64_t)~used << 32;
	struct head *head = (struct head *)(void *)image;

	__atomic_store_n(&head->used, both, __ATOMIC_RELEASE);
}

void state_begin(uint8_t *image, unsigned version)
{
	struct head head = {.magic = MAGIC, .version = version};

	memcpy(image, &head, sizeof(head));
	publish(image, STATE_HEAD);
}

size_t state_used(const uint8_t *image)
{
	const struct head *head = (const struct head *)(const void *)image;
	uint64_t both = __atomic_load_n(&head->used, __ATOMIC_ACQUIRE);
	uint32_t used = (uint32_t)both;

	return head->magic == MAGIC && (uint32_t)(both >> 32) == ~used ? used : 0;
}

static int add(uint8_t *image, size_t size, struct frame frame, const void *bytes)
{
	size_t used = state_used(image), room = padded(frame.count);

	if (used < STATE_HEAD || used > size || size > STATE_MOST ||
	    size - used < sizeof(frame) || size - used - sizeof(frame) < room)
		return -ENOSPC;
	frame.sum = sum_of(&frame, bytes);
	memcpy(image + used, &frame, sizeof(frame));
	if (frame.count > 0)
		memcpy(image + used + sizeof(frame), bytes, frame.count);
	memset(image + used + sizeof(frame) + frame.count, 0, room - frame.count);
	publish(image, (uint32_t)(used + sizeof(frame) + room));
	return 0;
}

int state_add(uint8_t *image, size_t size, struct state_key key, const void *bytes,
	      size_t count)
{
	struct frame frame = {key.kind, key.app, key.number, (uint32_t)count, 0};

	return count > STATE_MOST ? -ENOSPC : add(image, size, frame, bytes);
}

int state_forget(uint8_t *image, size_t size, struct state_key key)
{
	struct frame frame = {key.kind | GONE, key.app, key.number, 0, 0};

	return add(image, size, frame, "");
}

/* ---- reading ---- */

/* As it stands in the image, before the later ones replaced the earlier. */
struct found {
	struct state_entry entry;
	unsigned position;
	bool gone;
};

static int read_frame(const uint8_t *image, size_t used, size_t *at, struct found *found)
{
	struct frame frame;

	if (used - *at < sizeof(frame))
		return -EBADMSG;
	memcpy(&frame, image + *at, sizeof(frame));
	*at += sizeof(frame);
	if (frame.count > used - *at || padded(frame.count) > used - *at)
		return -EBADMSG;
	if (frame.sum != sum_of(&frame, image + *at))
		return -EBADMSG;
	for (size_t i = frame.count; i < padded(frame.count); i++)
		if (image[*at + i] != 0)
			return -EBADMSG;
	found->entry.key =
		(struct state_key){frame.kind & ~GONE, frame.app, frame.number};
	found->entry.bytes = image + *at;
	found->entry.count = frame.count;
	found->gone = frame.kind & GONE;
	*at += padded(frame.count);
	return 0;
}

static int count_frames(const uint8_t *image, size_t used, unsigned *ret_count)
{
	struct found found;
	unsigned count = 0;

	for (size_t at = STATE_HEAD; at < used; count++)
		if (read_frame(image, used, &at, &found) < 0)
			return -EBADMSG;
	*ret_count = count;
	return 0;
}

static int compare(uint32_t one, uint32_t other)
{
	return (one > other) - (one < other);
}

static int compare_keys(const struct state_key *one, const struct state_key *other)
{
	int result = compare(one->kind, other->kind);

	if (result == 0)
		result = compare(one->app, other->app);
	return result != 0 ? result : compare(one->number, other->number);
}

static int compare_found(const void *one, const void *other)
{
	const struct found *first = one, *second = other;
	int result = compare_keys(&first->entry.key, &second->entry.key);

	return result != 0 ? result : compare(first->position, second->position);
}

static bool is_last_of_key(const struct found *found, unsigned count, unsigned i)
{
	return i + 1 == count ||
	       compare_keys(&found[i].entry.key, &found[i + 1].entry.key) != 0;
}

/* What belongs to an app that is gone is gone, too. */
static int drop_strays(struct state *state, struct arena *arena)
{
	struct state_entry *kept = arena_take(arena, state->entries * sizeof(*kept));
	unsigned count = 0, apps;

	if (kept == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < state->entries; i++)
		if (state->entry[i].key.app == 0 ||
		    state_find(state, LAYOUT_APP, state->entry[i].key.app, &apps) != NULL)
			kept[count++] = state->entry[i];
	state->entry = kept;
	state->entries = count;
	return 0;
}

static int read_frames(struct state *state, const uint8_t *image, size_t used,
		       struct arena *arena)
{
	struct found *found;
	unsigned count;

	if (count_frames(image, used, &count) < 0)
		return -EBADMSG;
	found = calloc(count > 0 ? count : 1, sizeof(*found));
	state->entry = arena_take(arena, (count > 0 ? count : 1) * sizeof(*state->entry));
	if (found == NULL || state->entry == NULL) {
		free(found);
		return -ENOMEM;
	}
	for (size_t i = 0, at = STATE_HEAD; i < count; i++) {
		(void)read_frame(image, used, &at, &found[i]);
		found[i].position = (unsigned)i;
	}
	qsort(found, count, sizeof(*found), compare_found);
	for (unsigned i = 0; i < count; i++)
		if (is_last_of_key(found, count, i) && !found[i].gone)
			state->entry[state->entries++] = found[i].entry;
	free(found);
	return drop_strays(state, arena);
}

int state_read(struct state *ret_state, const uint8_t *image, size_t size,
	       struct arena *arena, struct fault *fault)
{
	struct head head;
	struct state state = {0};
	size_t used;
	int result;

	if (size < sizeof(head))
		return fault_set(fault, -EBADMSG, "the state is cut short");
	memcpy(&head, image, sizeof(head));
	used = state_used(image);
	if (used < STATE_HEAD || used > size || head.reserved != 0 || head.padding != 0)
		return fault_set(fault, -EBADMSG, "the state is broken");
	if (head.version < STATE_OLDEST || head.version > STATE_VERSION + 1)
		return fault_set(fault, -EBADMSG, "the state is of version %u, not %d",
				 head.version, STATE_VERSION);
	state.version = head.version;
	result = read_frames(&state, image, used, arena);
	if (result < 0)
		return fault_set(fault, result, "the state is broken");
	*ret_state = state;
	return 0;
}

static bool is_of(const struct state_entry *entry, enum layout_kind kind, uint32_t app)
{
	return entry->key.kind == kind && entry->key.app == app;
}

const struct state_entry *state_find(const struct state *state, enum layout_kind kind,
				     uint32_t app, unsigned *ret_count)
{
	const struct state_key first = {kind, app, 0};
	unsigned low = 0, high = state->entries, count = 0;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (compare_keys(&state->entry[middle].key, &first) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (low + count < state->entries &&
	       is_of(&state->entry[low + count], kind, app))
		count++;
	*ret_count = count;
	return count > 0 ? &state->entry[low] : NULL;
}

int state_decode(const struct state_entry *entry, void *to, struct arena *arena)
{
	const struct layout *layout = layout_find(entry->key.kind);

	if (layout == NULL)
		return -EBADMSG;
	return record_decode(to, layout->row, entry->bytes, entry->count, arena);
}

static int check(const struct state_entry *entry, unsigned version)
{
	const struct layout *layout = layout_find(entry->key.kind);
	struct arena arena = {0};
	struct buffer again;
	void *scratch;
	int result;

	if (layout == NULL)
		return -EBADMSG;
	scratch = calloc(1, layout->bytes);
	buffer_init(&again, STATE_MOST);
	result = scratch != NULL ? state_decode(entry, scratch, &arena) : -ENOMEM;
	if (result == 0)
		record_encode(&again, layout->row, scratch, version);
	if (result == 0 &&
	    (again.broken || again.count != entry->count ||
	     (again.count > 0 && memcmp(again.bytes, entry->bytes, again.count) != 0)))
		result = -EBADMSG;
	buffer_free(&again);
	arena_free(&arena);
	free(scratch);
	return result;
}

int state_check(const struct state *state, struct fault *fault)
{
	for (unsigned i = 0; i < state->entries; i++) {
		const struct state_key *key = &state->entry[i].key;
		const struct layout *layout = layout_find(key->kind);
		int result = check(&state->entry[i], state->version);

		if (result < 0)
			return fault_set(fault, result, "%s %u.%u is not understood",
					 layout != NULL ? layout->name : "what", key->app,
					 key->number);
	}
	return 0;
}
