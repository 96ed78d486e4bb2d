#include "supervisor/core/depth.h"

#include <assert.h>

#define CROWD  4 /* fewer who wait are no crowd */
#define FACTOR 4 /* times the median, to stand out */
#define EMPTY  1 /* at most: it has caught up */
#define CALM   2 /* samples in a row, to be asked again */

/* What the slots that take part have in common in one sample. */
struct crowd {
	unsigned count;
	unsigned median; /* the lower of two: of two slots one may stand out */
	unsigned least;
};

static unsigned count_up_to(const struct depth_sample *sample, unsigned slots,
			    unsigned depth)
{
	unsigned count = 0;

	for (unsigned i = 0; i < slots; i++)
		count += sample[i].takes_part && sample[i].depth <= depth;
	return count;
}

static struct crowd survey(const struct depth_sample *sample, unsigned slots)
{
	struct crowd crowd = {.median = UINT32_MAX, .least = UINT32_MAX};

	for (unsigned i = 0; i < slots; i++) {
		if (!sample[i].takes_part)
			continue;
		crowd.count++;
		if (sample[i].depth < crowd.least)
			crowd.least = sample[i].depth;
	}
	for (unsigned i = 0; i < slots; i++)
		if (sample[i].takes_part && sample[i].depth < crowd.median &&
		    2 * count_up_to(sample, slots, sample[i].depth) >= crowd.count)
			crowd.median = sample[i].depth;
	return crowd;
}

static bool stands_out(const struct depth_sample *sample, const struct crowd *crowd)
{
	return sample->takes_part && sample->depth >= CROWD &&
	       sample->depth > (uint64_t)FACTOR * crowd->median;
}

/* It has caught up and its worker beat since, or all the others fare like it. */
static bool may_return(const struct depth_slot *slot, const struct depth_sample *sample,
		       const struct crowd *crowd)
{
	if (sample->depth <= EMPTY)
		return sample->beat == MSEC_NEVER || sample->beat > slot->since;
	return crowd->count > 0 && crowd->least >= CROWD && !stands_out(sample, crowd);
}

static bool judge(struct depth_slot *slot, const struct depth_sample *sample,
		  const struct crowd *crowd, unsigned patience, msec now)
{
	unsigned needed = slot->crowded ? CALM : patience;
	bool change = slot->crowded ? may_return(slot, sample, crowd)
				    : stands_out(sample, crowd);

	slot->streak = change ? (uint8_t)(slot->streak + 1) : 0;
	if (slot->streak < needed)
		return false;
	*slot = (struct depth_slot){.crowded = !slot->crowded, .since = now};
	return true;
}

/* Where more than half are crowded, those who fare best take part again. */
static bool keep_half(struct depth_slot *slot, const struct depth_sample *sample,
		      unsigned slots, unsigned most)
{
	unsigned crowded = 0;
	bool changed = false;

	for (unsigned i = 0; i < slots; i++)
		crowded += sample[i].takes_part && slot[i].crowded;
	for (; crowded > most; crowded--) {
		unsigned best = slots;

		for (unsigned i = 0; i < slots; i++)
			if (sample[i].takes_part && slot[i].crowded &&
			    (best == slots || sample[i].depth < sample[best].depth))
				best = i;
		slot[best] = (struct depth_slot){0};
		changed = true;
	}
	return changed;
}

bool depth_judge(struct depth_slot *slot, const struct depth_sample *sample,
		 unsigned slots, unsigned patience, msec now)
{
	struct crowd crowd = survey(sample, slots);
	bool changed = false;

	assert(slots <= DEPTH_SLOTS);

	for (unsigned i = 0; i < slots; i++)
		if (judge(&slot[i], &sample[i], &crowd, patience, now))
			changed = true;
	return keep_half(slot, sample, slots, crowd.count / 2) || changed;
}

bool depth_doubts(const struct depth_slot *slot, unsigned slots, unsigned patience)
{
	for (unsigned i = 0; i < slots; i++)
		if (!slot[i].crowded && slot[i].streak + 1U == patience)
			return true;
	return false;
}
