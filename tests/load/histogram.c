#include "tests/load/histogram.h"

#include <math.h>

static unsigned bucket_of(int64_t us)
{
	uint64_t value = us < 0 ? 0 : (uint64_t)us;
	unsigned shift;

	if (value >= UINT64_C(1) << HISTOGRAM_BITS)
		return HISTOGRAM_BUCKETS - 1;
	if (value < 256)
		return (unsigned)value;
	shift = 64 - 8 - (unsigned)__builtin_clzll(value);
	return shift * 128 + (unsigned)(value >> shift);
}

/* The longest duration that falls into this bucket. */
static int64_t bucket_most(unsigned bucket)
{
	unsigned shift;

	if (bucket < 256)
		return bucket;
	shift = bucket / 128 - 1;
	return (int64_t)(((uint64_t)(bucket - shift * 128) + 1) << shift) - 1;
}

void histogram_add(struct histogram *histogram, int64_t us)
{
	histogram->bucket[bucket_of(us)]++;
	histogram->count++;
	if (us > histogram->most)
		histogram->most = us;
}

void histogram_join(struct histogram *histogram, const struct histogram *other)
{
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		histogram->bucket[i] += other->bucket[i];
	histogram->count += other->count;
	if (other->most > histogram->most)
		histogram->most = other->most;
}

int64_t histogram_quantile(const struct histogram *histogram, double share)
{
	uint64_t wanted = (uint64_t)ceil(share * (double)histogram->count);
	uint64_t seen = 0;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS && wanted > 0; i++) {
		seen += histogram->bucket[i];
		if (seen >= wanted)
			return bucket_most(i) < histogram->most ? bucket_most(i)
								: histogram->most;
	}
	return 0;
}
