#include "tests/load/alarm.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

int alarms_init(struct alarms *alarms, unsigned room)
{
	*alarms = (struct alarms){.room = room};
	alarms->heap = calloc(room + 1, sizeof(*alarms->heap));
	return alarms->heap ? 0 : -ENOMEM;
}

void alarms_fini(struct alarms *alarms)
{
	free(alarms->heap);
	*alarms = (struct alarms){0};
}

static void put(struct alarms *alarms, struct alarm *alarm, unsigned place)
{
	alarms->heap[place] = alarm;
	alarm->place = place;
}

static void rise(struct alarms *alarms, struct alarm *alarm)
{
	unsigned place = alarm->place;

	while (place > 1 && alarms->heap[place / 2]->at > alarm->at) {
		put(alarms, alarms->heap[place / 2], place);
		place /= 2;
	}
	put(alarms, alarm, place);
}

static void sink(struct alarms *alarms, struct alarm *alarm)
{
	unsigned place = alarm->place;

	while (place * 2 <= alarms->count) {
		unsigned child = place * 2;

		if (child < alarms->count &&
		    alarms->heap[child + 1]->at < alarms->heap[child]->at)
			child++;
		if (alarms->heap[child]->at >= alarm->at)
			break;
		put(alarms, alarms->heap[child], place);
		place = child;
	}
	put(alarms, alarm, place);
}

void alarms_set(struct alarms *alarms, struct alarm *alarm, int64_t at)
{
	if (alarm->place == 0) {
		assert(alarms->count < alarms->room);
		put(alarms, alarm, ++alarms->count);
	}
	alarm->at = at;
	rise(alarms, alarm);
	sink(alarms, alarm);
}

void alarms_clear(struct alarms *alarms, struct alarm *alarm)
{
	struct alarm *last;

	if (alarm->place == 0)
		return;
	last = alarms->heap[alarms->count--];
	if (last != alarm) {
		put(alarms, last, alarm->place);
		rise(alarms, last);
		sink(alarms, last);
	}
	alarm->place = 0;
}

struct alarm *alarms_first(const struct alarms *alarms)
{
	return alarms->count > 0 ? alarms->heap[1] : NULL;
}
