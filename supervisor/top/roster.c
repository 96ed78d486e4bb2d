#include "supervisor/top/roster.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

#define NAME   18 /* columns of the name, and of the other words */
#define STATE  16
#define PID    8
#define FIGURE 8
#define WORDS  (NAME + STATE + PID + ROSTER_FIGURES * FIGURE)
#define SPARK  20 /* columns of a line of the past at most */

static const char *const headings[ROSTER_FIGURES] = {
	[ROSTER_MEMORY] = "MEM",
	[ROSTER_CPU] = "CPU%",
	[ROSTER_LAG] = "LAG",
	[ROSTER_REQUESTS] = "REQ/s",
};

void roster_free(struct roster *roster)
{
	free(roster->row);
	*roster = (struct roster){0};
}

static double newest(const struct roster_row *row, enum roster_figure figure)
{
	return row->past[figure][ROSTER_PAST - 1];
}

static void forget_past(struct roster_row *row)
{
	for (unsigned figure = 0; figure < ROSTER_FIGURES; figure++)
		for (unsigned i = 0; i < ROSTER_PAST; i++)
			row->past[figure][i] = -1;
}

static void add_sample(struct roster_row *row, enum roster_figure figure, double sample)
{
	double *past = row->past[figure];

	memmove(past, past + 1, (ROSTER_PAST - 1) * sizeof(*past));
	past[ROSTER_PAST - 1] = sample;
}

static bool is_same(const struct roster_row *one, const struct roster_row *other)
{
	return one->slot == other->slot && one->pid == other->pid &&
	       strcmp(one->app, other->app) == 0;
}

/* Most rows are where they were. */
static const struct roster_row *find(const struct roster *roster,
				     const struct roster_row *row, unsigned near)
{
	if (near < roster->count && is_same(&roster->row[near], row))
		return &roster->row[near];
	for (unsigned i = 0; i < roster->count; i++)
		if (is_same(&roster->row[i], row))
			return &roster->row[i];
	return NULL;
}

static double rate(const struct roster_row *row, const struct roster_row *before,
		   msec span)
{
	if (before == NULL || span <= 0 || row->requests < before->requests ||
	    before->requests < 0)
		return -1;
	return (double)(row->requests - before->requests) * 1e3 / (double)span;
}

static void read_worker(struct roster_row *row, const struct json *app,
			const struct json *worker)
{
	const char *state = json_find_text(worker, "state");

	*row = (struct roster_row){0};
	(void)text_copy(row->app, sizeof(row->app), json_find_text(app, "name"));
	row->slot = (int)json_find_number(worker, "slot", 0);
	row->pid = json_find_number(worker, "pid", -1);
	row->requests = json_find_number(worker, "requests", -1);
	(void)text_copy(row->state, sizeof(row->state), state != NULL ? state : "?");
}

static void sample_worker(struct roster_row *row, const struct roster_row *before,
			  const struct json *worker, msec span)
{
	forget_past(row);
	if (before != NULL)
		memcpy(row->past, before->past, sizeof(row->past));
	add_sample(row, ROSTER_MEMORY, json_find_real(worker, "rss_bytes", -1));
	add_sample(row, ROSTER_CPU, json_find_real(worker, "cpu_percent", -1));
	add_sample(row, ROSTER_LAG, json_find_real(worker, "loop_lag_us", -1));
	add_sample(row, ROSTER_REQUESTS, rate(row, before, span));
}

static void read_app(struct roster_row *row, const struct json *app)
{
	const struct json *instances = json_find(app, "instances");
	const char *state = json_find_text(app, "state");

	*row = (struct roster_row){.slot = -1, .pid = -1, .requests = -1};
	(void)text_copy(row->app, sizeof(row->app), json_find_text(app, "name"));
	(void)snprintf(row->state, sizeof(row->state), "%s %lld/%lld",
		       state != NULL ? state : "?",
		       (long long)json_find_number(instances, "ready", 0),
		       (long long)json_find_number(instances, "desired", 0));
}

/* Of all its workers: the sum, but of lag the worst. */
static void sample_app(struct roster_row *row, const struct roster_row *before,
		       const struct roster_row *worker, unsigned workers)
{
	forget_past(row);
	if (before != NULL)
		memcpy(row->past, before->past, sizeof(row->past));
	for (unsigned figure = 0; figure < ROSTER_FIGURES; figure++) {
		double all = -1;

		for (unsigned i = 0; i < workers; i++) {
			double one = newest(&worker[i], (enum roster_figure)figure);

			if (one < 0)
				continue;
			if (all < 0 || (figure == ROSTER_LAG && one > all))
				all = one;
			else if (figure != ROSTER_LAG)
				all += one;
		}
		add_sample(row, (enum roster_figure)figure, all);
	}
}

static int compare(const void *one, const void *other, void *with)
{
	const struct roster_row *a = one, *b = other;
	const struct roster *roster = with;
	double x = newest(a, roster->order), y = newest(b, roster->order);

	if (roster->ordered && x != y)
		return x < y ? 1 : -1;
	return a->slot != b->slot ? a->slot - b->slot : a->pid < b->pid ? -1 : 1;
}

static unsigned count_rows(const struct json *apps)
{
	size_t count = json_count(apps);

	for (size_t i = 0; i < json_count(apps); i++)
		count += json_count(json_find(json_at(apps, i), "workers"));
	return (unsigned)count;
}

static unsigned add_app(struct roster *fresh, const struct roster *old,
			const struct json *app, msec span)
{
	const struct json *workers = json_find(app, "workers");
	struct roster_row *first = &fresh->row[fresh->count];
	unsigned count = (unsigned)json_count(workers);

	if (json_find_text(app, "name") == NULL)
		return 0;
	read_app(first, app);
	for (unsigned i = 0; i < count; i++) {
		struct roster_row *row = first + 1 + i;

		read_worker(row, app, json_at(workers, i));
		sample_worker(row, find(old, row, fresh->count + 1 + i),
			      json_at(workers, i), span);
	}
	sample_app(first, find(old, first, fresh->count), first + 1, count);
	qsort_r(first + 1, count, sizeof(*first), compare, fresh);
	return count + 1;
}

/* The row that was selected, wherever it is now; else what came in its place. */
static void keep_selection(struct roster *fresh, const struct roster *old)
{
	const struct roster_row *same = NULL;

	if (old->count > 0)
		same = find(fresh, &old->row[old->selected], old->selected);
	if (same != NULL)
		fresh->selected = (unsigned)(same - fresh->row);
	else if (fresh->selected >= fresh->count)
		fresh->selected = fresh->count > 0 ? fresh->count - 1 : 0;
}

int roster_take(struct roster *roster, const struct json *apps, msec now)
{
	struct roster fresh = *roster;

	fresh.row = calloc(count_rows(apps) + 1, sizeof(*fresh.row));
	if (fresh.row == NULL)
		return -ENOMEM;
	fresh.count = 0;
	fresh.taken = now;
	for (size_t i = 0; i < json_count(apps); i++)
		fresh.count +=
			add_app(&fresh, roster, json_at(apps, i), now - roster->taken);
	keep_selection(&fresh, roster);
	free(roster->row);
	*roster = fresh;
	return 0;
}

void roster_turn_order(struct roster *roster)
{
	if (!roster->ordered) {
		roster->ordered = true;
		roster->order = (enum roster_figure)0;
	} else if (roster->order + 1 < ROSTER_FIGURES) {
		roster->order++;
	} else {
		roster->ordered = false;
	}
}

const char *roster_order_name(const struct roster *roster)
{
	return roster->ordered ? headings[roster->order] : "slot";
}

void roster_move(struct roster *roster, int by, unsigned height)
{
	int64_t to = (int64_t)roster->selected + by;

	if (to >= roster->count)
		to = (int64_t)roster->count - 1;
	roster->selected = to > 0 ? (unsigned)to : 0;
	if (height == 0 || roster->selected < roster->first)
		roster->first = roster->selected;
	else if (roster->selected >= roster->first + height)
		roster->first = roster->selected - height + 1;
}

const struct roster_row *roster_selected(const struct roster *roster)
{
	return roster->count > 0 ? &roster->row[roster->selected] : NULL;
}

void roster_target(const struct roster_row *row, char *text, size_t size)
{
	if (row->slot < 0)
		(void)text_copy(text, size, row->app);
	else
		(void)snprintf(text, size, "%s.%d", row->app, row->slot);
}

static unsigned height_of(double sample, double most, unsigned steps)
{
	unsigned height = most > 0 ? (unsigned)(sample / most * (steps - 1) + 0.5) : 0;

	return height < steps ? height : steps - 1;
}

void roster_spark(const double *past, unsigned width, bool ascii, char *text, size_t size)
{
	static const char *const blocks[] = {"\u2581", "\u2582", "\u2583", "\u2584",
					     "\u2585", "\u2586", "\u2587", "\u2588"};
	static const char *const signs[] = {"_", ".", "-", "=", "+", "*", "#", "@"};
	const char *const *step = ascii ? signs : blocks;
	unsigned from = width < ROSTER_PAST ? ROSTER_PAST - width : 0;
	double most = 0;

	for (unsigned i = from; i < ROSTER_PAST; i++)
		most = past[i] > most ? past[i] : most;
	text[0] = '\0';
	for (unsigned i = from; i < ROSTER_PAST; i++) {
		size_t used = strlen(text);

		(void)text_copy(
			text + used, size - used,
			past[i] < 0
				? " "
				: step[height_of(past[i], most, ARRAY_COUNT(blocks))]);
	}
}

static void format_figure(double value, enum roster_figure figure, char *text,
			  size_t size)
{
	text[0] = '\0';
	if (value < 0)
		return;
	switch (figure) {
	case ROSTER_MEMORY:
		text_format_bytes(text, size, (uint64_t)value);
		break;
	case ROSTER_CPU:
	case ROSTER_REQUESTS:
		(void)snprintf(text, size, value < 10 ? "%.1f" : "%.0f", value);
		break;
	case ROSTER_LAG:
		(void)snprintf(text, size, value < 10000 ? "%.1fms" : "%.0fms",
			       value / 1e3);
		break;
	case ROSTER_FIGURES:
		break;
	}
}

/* What is left of the width, shared by the figures; with a blank before each. */
static unsigned spark_width(unsigned width)
{
	unsigned each = width > WORDS ? (width - WORDS) / ROSTER_FIGURES : 0;

	return each > SPARK + 1 ? SPARK : each > 3 ? each - 1 : 0;
}

/* The first `width` columns: bytes that continue a character take none. */
static void cut(char *text, unsigned width)
{
	unsigned columns = 0;

	for (; *text != '\0'; text++) {
		if (((unsigned char)*text & 0xc0) == 0x80)
			continue;
		if (columns++ == width)
			break;
	}
	*text = '\0';
}

void roster_format(const struct roster_row *row, unsigned width, bool ascii, char *text,
		   size_t size)
{
	char name[NAME + 1], pid[24] = "", value[24], spark[SPARK * 4];
	unsigned columns = spark_width(width);
	size_t used;

	if (row->slot < 0)
		(void)snprintf(name, sizeof(name), "%.17s", row->app);
	else
		(void)snprintf(name, sizeof(name), "  %d", row->slot);
	if (row->pid > 0)
		(void)snprintf(pid, sizeof(pid), "%lld", (long long)row->pid);
	used = (size_t)snprintf(text, size, "%-*s%-*.15s%*s", NAME, name, STATE,
				row->state, PID, pid);
	for (unsigned figure = 0; figure < ROSTER_FIGURES && used < size; figure++) {
		format_figure(newest(row, (enum roster_figure)figure),
			      (enum roster_figure)figure, value, sizeof(value));
		used += (size_t)snprintf(text + used, size - used, "%*s", FIGURE, value);
		if (columns == 0 || used >= size)
			continue;
		roster_spark(row->past[figure], columns, ascii, spark, sizeof(spark));
		used += (size_t)snprintf(text + used, size - used, " %s", spark);
	}
	cut(text, width);
}

void roster_format_heading(unsigned width, char *text, size_t size)
{
	int columns = (int)spark_width(width);
	size_t used = (size_t)snprintf(text, size, "%-*s%-*s%*s", NAME, "APP", STATE,
				       "STATE", PID, "PID");

	for (unsigned figure = 0; figure < ROSTER_FIGURES && used < size; figure++)
		used += (size_t)snprintf(text + used, size - used, "%*s%*s", FIGURE,
					 headings[figure], columns > 0 ? columns + 1 : 0,
					 "");
	cut(text, width);
}
