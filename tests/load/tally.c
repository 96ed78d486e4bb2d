#include "tests/load/tally.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const outcome_names[OUTCOMES] = {
	[OUTCOME_OK] = "ok",
	[OUTCOME_REFUSED] = "refused",
	[OUTCOME_RESET] = "reset",
	[OUTCOME_TRUNCATED] = "truncated",
	[OUTCOME_STALE] = "stale",
	[OUTCOME_TIMEOUT] = "timeout",
	[OUTCOME_BAD_STATUS] = "bad_status",
	[OUTCOME_BAD_BODY] = "bad_body",
	[OUTCOME_LOCAL] = "local",
};

static const char *const manner_names[MANNERS] = {
	[MANNER_NEW] = "new",
	[MANNER_KEPT] = "keepalive",
};

static const struct {
	const char *name;
	double share;
} quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}};

void tally_ok(struct tally *tally, enum manner manner, int64_t latency_us)
{
	tally->outcome[manner][OUTCOME_OK]++;
	histogram_add(&tally->latency[manner], latency_us);
}

void tally_fail(struct tally *tally, const struct failure *failure)
{
	tally->outcome[failure->manner][failure->outcome]++;
	if (tally->failures < TALLY_FAILURES)
		tally->failure[tally->failures++] = *failure;
}

void tally_worker(struct tally *tally, int pid, int slot)
{
	unsigned i;

	for (i = 0; i < tally->workers; i++) {
		if (tally->worker[i].pid == pid && tally->worker[i].slot == slot)
			break;
	}
	if (i == TALLY_WORKERS)
		return;
	if (i == tally->workers) {
		tally->worker[i].pid = pid;
		tally->worker[i].slot = slot;
		tally->workers++;
	}
	tally->worker[i].answers++;
}

static uint64_t count_of(const struct tally *tally, enum outcome outcome)
{
	return tally->outcome[MANNER_NEW][outcome] + tally->outcome[MANNER_KEPT][outcome];
}

uint64_t tally_started(const struct tally *tally)
{
	return count_of(tally, OUTCOME_OK) + tally_failed(tally);
}

uint64_t tally_failed(const struct tally *tally)
{
	uint64_t failed = 0;

	for (enum outcome i = OUTCOME_OK + 1; i < OUTCOMES; i++)
		failed += count_of(tally, i);
	return failed;
}

static void print_latency(const char *name, const struct histogram *histogram)
{
	printf("%-10s", name);
	for (size_t i = 0; i < ARRAY_COUNT(quantiles); i++)
		printf("  %s %.3f", quantiles[i].name,
		       (double)histogram_quantile(histogram, quantiles[i].share) / 1000);
	printf("  ms\n");
}

void tally_print(const struct tally *tally, int64_t duration_us)
{
	printf("%" PRIu64 " requests (%" PRIu64 " POST) in %.1f s over %" PRIu64
	       " connections, %" PRIu64 " failed\n",
	       tally_started(tally), tally->posts, (double)duration_us / 1e6,
	       tally->connections, tally_failed(tally));
	for (enum outcome i = OUTCOME_OK; i < OUTCOMES; i++)
		printf("%s %" PRIu64 "%s", outcome_names[i], count_of(tally, i),
		       i + 1 < OUTCOMES ? ", " : "\n");
	printf("idle connections closed %" PRIu64 ", reset %" PRIu64
	       ", stray answers %" PRIu64 "\n",
	       tally->idle_closed, tally->idle_reset, tally->stray);
	for (enum manner i = 0; i < MANNERS; i++) {
		if (tally->latency[i].count > 0)
			print_latency(manner_names[i], &tally->latency[i]);
	}
	print_latency("sent late", &tally->late);
	for (unsigned i = 0; i < tally->workers; i++)
		printf("slot %d pid %d: %" PRIu64 " answers\n", tally->worker[i].slot,
		       tally->worker[i].pid, tally->worker[i].answers);
	if (count_of(tally, OUTCOME_LOCAL) > 0)
		printf("the client itself failed: this run says nothing about the "
		       "server\n");
}

static void print_json_latency(const char *name, const struct histogram *histogram)
{
	printf("\"%s\": {", name);
	for (size_t i = 0; i < ARRAY_COUNT(quantiles); i++)
		printf("%s\"%s\": %" PRId64, i ? ", " : "", quantiles[i].name,
		       histogram_quantile(histogram, quantiles[i].share));
	printf("}");
}

static void print_json_manner(const struct tally *tally, enum manner manner)
{
	printf("\"%s\": {", manner_names[manner]);
	for (enum outcome i = OUTCOME_OK; i < OUTCOMES; i++)
		printf("\"%s\": %" PRIu64 ", ", outcome_names[i],
		       tally->outcome[manner][i]);
	print_json_latency("latency_us", &tally->latency[manner]);
	printf("}");
}

static void print_json_lists(const struct tally *tally)
{
	printf("\"workers\": [");
	for (unsigned i = 0; i < tally->workers; i++)
		printf("%s{\"pid\": %d, \"slot\": %d, \"answers\": %" PRIu64 "}",
		       i ? ", " : "", tally->worker[i].pid, tally->worker[i].slot,
		       tally->worker[i].answers);
	printf("], \"failures\": [");
	for (unsigned i = 0; i < tally->failures; i++) {
		const struct failure *failure = &tally->failure[i];

		printf("%s{\"at_ms\": %" PRId64
		       ", \"class\": \"%s\", \"manner\": \"%s\", "
		       "\"method\": \"%s\", \"detail\": %d}",
		       i ? ", " : "", failure->at_us / 1000,
		       outcome_names[failure->outcome], manner_names[failure->manner],
		       failure->is_post ? "POST" : "GET", failure->detail);
	}
	printf("]");
}

void tally_print_json(const struct tally *tally, int64_t began_wall_ms,
		      int64_t duration_us)
{
	printf("{\"began_ms\": %" PRId64 ", \"duration_ms\": %" PRId64, began_wall_ms,
	       duration_us / 1000);
	printf(", \"requests\": %" PRIu64 ", \"posts\": %" PRIu64
	       ", \"connections\": %" PRIu64 ", \"failed\": %" PRIu64,
	       tally_started(tally), tally->posts, tally->connections,
	       tally_failed(tally));
	for (enum outcome i = OUTCOME_OK; i < OUTCOMES; i++)
		printf(", \"%s\": %" PRIu64, outcome_names[i], count_of(tally, i));
	printf(", \"idle_closed\": %" PRIu64 ", \"idle_reset\": %" PRIu64
	       ", \"stray\": %" PRIu64 ", ",
	       tally->idle_closed, tally->idle_reset, tally->stray);
	print_json_latency("late_us", &tally->late);
	for (enum manner i = 0; i < MANNERS; i++) {
		printf(", ");
		print_json_manner(tally, i);
	}
	printf(", ");
	print_json_lists(tally);
	printf("}\n");
}
