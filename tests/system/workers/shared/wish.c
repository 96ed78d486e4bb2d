#include "tests/system/workers/shared/wish.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
	"usage: w [OPTIONS] [WORDS...]\n"
	"  --log FILE          appends starts, signals and exits\n"
	"  --say TEXT          a line on stdout and one on stderr at the start\n"
	"  --from-slot N       the options below only from this slot on\n"
	"  --exit CODE         at the start\n"
	"  --ready-after MS    else at once\n"
	"  --never-ready\n"
	"  --crash-after MS    after being ready: exit 1\n"
	"  --exit-after MS     after being ready: exit 0, or as --code says\n"
	"  --code CODE\n"
	"  --hang-after MS     after being ready\n"
	"  --mute              never beats\n"
	"  --ignore-term       a drain signal is logged, no more\n"
	"  --slow MS           each answer\n"
	"  --busy MS           each answer, and nobody else is served meanwhile\n"
	"  --children N        a chain of this many descendants that hold what we hold\n"
	"  --children-trap     who ignore TERM, INT and HUP\n"
	"  --flood             beats as fast as the socket takes them\n"
	"  --garbage           sends rubbish to the notify socket, all the time\n"
	"  --unlink PATH       removes it when it ends\n"
	"  --abrupt            leaves what waits in its queue when it is told to go\n";

static struct wish told;

enum kind { FLAG, NUMBER, TEXT, SECONDS };

static const struct {
	const char *name;
	enum kind kind;
	void *to;
} rows[] = {
	{"say", TEXT, &told.say},
	{"exit", NUMBER, &told.exit},
	{"ready-after", SECONDS, &told.ready_after},
	{"never-ready", FLAG, &told.is_never_ready},
	{"exit-after", SECONDS, &told.exit_after},
	{"code", NUMBER, &told.code},
	{"hang-after", SECONDS, &told.hang_after},
	{"mute", FLAG, &told.is_mute},
	{"ignore-term", FLAG, &told.ignores_term},
	{"slow", SECONDS, &told.slow},
	{"busy", SECONDS, &told.busy},
	{"children", NUMBER, &told.children},
	{"children-trap", FLAG, &told.children_trap},
	{"flood", FLAG, &told.floods},
	{"garbage", FLAG, &told.is_garbage},
	{"unlink", TEXT, &told.unlink},
	{"abrupt", FLAG, &told.is_abrupt},
};

enum { LOG = ARRAY_COUNT(rows), CRASH_AFTER, FROM_SLOT, OPTIONS };

static void take(size_t row)
{
	switch (rows[row].kind) {
	case FLAG:
		*(bool *)rows[row].to = true;
		break;
	case NUMBER:
		*(int *)rows[row].to = atoi(optarg);
		break;
	case TEXT:
		*(const char **)rows[row].to = optarg;
		break;
	case SECONDS:
		*(double *)rows[row].to = atof(optarg) / 1000;
		break;
	}
}

void wish_parse(struct wish *ret_wish, int argc, char **argv, int slot)
{
	struct option known[OPTIONS + 1] = {
		[LOG] = {"log", required_argument, NULL, LOG},
		[CRASH_AFTER] = {"crash-after", required_argument, NULL, CRASH_AFTER},
		[FROM_SLOT] = {"from-slot", required_argument, NULL, FROM_SLOT},
	};
	const struct wish none = {
		.log = -1, .exit = -1, .exit_after = -1, .hang_after = -1};
	bool is_meant = true;
	int option;

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		known[i] =
			(struct option){rows[i].name, rows[i].kind != FLAG, NULL, (int)i};
	told = none;
	/* +: the words after the options are nobody's but the test's */
	while ((option = getopt_long(argc, argv, "+", known, NULL)) != -1) {
		if (option == FROM_SLOT) {
			is_meant = slot >= atoi(optarg);
		} else if (option == LOG) {
			told.log = open(optarg, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
					0644);
		} else if (option == CRASH_AFTER) {
			told.exit_after = atof(optarg) / 1000;
			told.code = 1;
		} else if (option < LOG) {
			take((size_t)option);
		} else {
			fputs(usage, stderr);
			exit(2);
		}
	}
	*ret_wish = is_meant ? told : none;
	ret_wish->log = told.log;
	ret_wish->say = told.say;
}
