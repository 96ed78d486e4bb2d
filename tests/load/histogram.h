/*
 * histogram.h - counts of durations in microseconds, each known to better than 1 %.
 *
 * Every power of two is cut into 128 equal buckets, so memory is fixed and no sample is
 * thrown away: the thousandth percentile of a million requests is as true as the median.
 */
#ifndef TESTS_LOAD_HISTOGRAM_H
#define TESTS_LOAD_HISTOGRAM_H

#include "common/base.h"

#define HISTOGRAM_BITS    36 /* longer than 19 hours is counted as 19 hours */
#define HISTOGRAM_BUCKETS (128 * (HISTOGRAM_BITS - 8) + 256)

struct histogram {
	uint64_t count;
	int64_t most; /* exact */
	uint64_t bucket[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, int64_t us);

void histogram_join(struct histogram *histogram, const struct histogram *other);

/* The duration that `share` (0 to 1) of all samples do not exceed; 0 without samples. */
int64_t histogram_quantile(const struct histogram *histogram, double share);

#endif
