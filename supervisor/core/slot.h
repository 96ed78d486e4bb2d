/*
 * slot.h - questions about a slot: is it wanted, by which generation, who holds it.
 *
 * During a roll a slot that the roll has not reached keeps whoever serves in it, and
 * comes back as the generation before if it falls: a bad new version never spreads by
 * crashes.
 * A slot that the roll adds waits for it; one that it takes away serves until it is over.
 */
#ifndef SUPERVISOR_CORE_SLOT_H
#define SUPERVISOR_CORE_SLOT_H

#include "common/base.h"
#include "supervisor/core/core.h"

/* Ready, and not told to go. */
bool worker_is_ready(const struct worker *worker);

/* Starting or ready or unrouting: it may yet stay. */
bool worker_is_present(const struct worker *worker);

/* Too many of its probes failed, and it was not told to go. */
bool worker_is_sick(const struct core_app *app, const struct worker *worker);

/* Probes have still to say what it is good for. */
bool worker_is_on_trial(const struct core_app *app, const struct worker *worker);

/* When it goes, it is left alone until its connections are gone or idle. */
bool worker_is_quiet(const struct core_app *app, const struct worker *worker);

/* From slot to slot that may hold anybody; the surge slot comes last. */
unsigned slot_next(const struct core_app *app, unsigned slot);

bool slot_wanted(const struct core_app *app, unsigned slot);

/* What a worker started here now would be. */
uint32_t slot_generation(const struct core_app *app, unsigned slot);

/* The seat of the worker that is as wanted and may stay for good; CORE_SEATS: none. */
unsigned slot_keeper(const struct core_app *app, unsigned slot);

/* How many seats hold a worker that is present, or that is ready. */
unsigned slot_present(const struct slot *slot);
unsigned slot_ready(const struct slot *slot);

/* Two that are to serve: none of them is on its way out. */
bool slot_doubled(const struct slot *slot);

bool slot_vacant(const struct slot *slot);

/* The roll need not wait for this slot: its worker is good, or it rests. */
bool slot_good(const struct core_app *app, unsigned slot);

/* Nothing is left to do here. */
bool slot_satisfied(const struct core_app *app, unsigned slot);

/* Only its backoff keeps this slot from being filled. */
bool slot_waits(const struct core_app *app, unsigned slot);

/* Start at will: what happened here before is forgotten. */
void slot_forgive(struct slot *slot);

#endif
