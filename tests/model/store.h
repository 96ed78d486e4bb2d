/*
 * store.h - all states met so far, each once, and how each was reached.
 */
#ifndef TESTS_MODEL_STORE_H
#define TESTS_MODEL_STORE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/model/choices.h"

struct origin {
	uint32_t parent;
	struct choice choice;
};

struct store {
	struct code *code;
	struct origin *origin;
	uint32_t *good; /* where good behaviour leads; NOBODY: it rests */
	uint32_t count, room;
	uint32_t *table; /* of indexes into the above, plus one */
	uint32_t mask;
};

static void *grow(void *memory, size_t count, size_t size)
{
	memory = realloc(memory, count * size);
	if (!memory) {
		printf("out of memory\n");
		exit(EXIT_FAILURE);
	}
	return memory;
}

static uint32_t hash(const struct code *code)
{
	uint64_t word;
	uint64_t sum = 0;

	for (unsigned i = 0; i < CODE; i += sizeof(word)) {
		memcpy(&word, code->byte + i, sizeof(word));
		sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
		sum ^= sum >> 29;
	}
	return (uint32_t)(sum >> 16);
}

static void store_enlarge(struct store *store)
{
	store->room = store->room ? 2 * store->room : 1 << 16;
	store->code = grow(store->code, store->room, sizeof(*store->code));
	store->origin = grow(store->origin, store->room, sizeof(*store->origin));
	store->good = grow(store->good, store->room, sizeof(*store->good));
	free(store->table);
	store->table = grow(NULL, 2 * (size_t)store->room, sizeof(*store->table));
	memset(store->table, 0, 2 * (size_t)store->room * sizeof(*store->table));
	store->mask = 2 * store->room - 1;
	for (uint32_t i = 0; i < store->count; i++) {
		uint32_t at = hash(&store->code[i]) & store->mask;

		while (store->table[at])
			at = (at + 1) & store->mask;
		store->table[at] = i + 1;
	}
}

/* The index of this state, which is added if it is new. */
static uint32_t store_find(struct store *store, const struct state *state,
			   uint32_t parent, const struct choice *choice)
{
	struct code code = encode(state);
	uint32_t at;

	if (store->count == store->room)
		store_enlarge(store);
	for (at = hash(&code) & store->mask; store->table[at];
	     at = (at + 1) & store->mask)
		if (memcmp(&store->code[store->table[at] - 1], &code, sizeof(code)) == 0)
			return store->table[at] - 1;
	store->code[store->count] = code;
	store->origin[store->count] =
		(struct origin){.parent = parent, .choice = *choice};
	store->good[store->count] = NOBODY;
	store->table[at] = ++store->count;
	return store->count - 1;
}

static void store_free(struct store *store)
{
	free(store->code);
	free(store->origin);
	free(store->good);
	free(store->table);
	memset(store, 0, sizeof(*store));
}

#endif
