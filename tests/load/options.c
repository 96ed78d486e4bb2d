#include "tests/load/options.h"

#include <arpa/inet.h>
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage: loadgen [OPTIONS] ADDRESS\n"
	"Sends HTTP requests when they are due, whether or not earlier ones were "
	"answered,\n"
	"and tells what became of each.  ADDRESS is HOST:PORT, [V6]:PORT or unix:/PATH.\n"
	"\n"
	"  --rate N          new connections a second, one request each\n"
	"  --keepalive N     clients that keep their connection\n"
	"  --think TIME      longest pause of such a client (500ms); drawn by lot\n"
	"  --post PERCENT    share of POSTs (0)\n"
	"  --body BYTES      longest body of a POST (8192); drawn by lot\n"
	"  --path PATH       what is got (/)\n"
	"  --echo PATH       what is posted to (as --path); must answer with the same "
	"bytes\n"
	"  --timeout TIME    from the moment a request was due (10s)\n"
	"  --duration TIME   how long to go on; else until a signal\n"
	"  --requests N      how many to send\n"
	"  --source NET      client addresses, as 127.0.0.0/16 or fd00::/64; the host\n"
	"                    part by lot\n"
	"  --seed N          for everything drawn by lot\n"
	"  --json            report as one JSON object\n"
	"  --fail-on-error   exit 1 unless every request was answered well\n"
	"  --help\n"
	"\n"
	"TERM or INT: starts nothing more, waits for what is out, reports; twice: at "
	"once.\n";

static uint64_t parse_number(const char *name, const char *text, uint64_t most)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 10);

	if (end == text || *end != '\0' || *text == '-' || value > most)
		errx(2, "--%s %s: not a number up to %llu", name, text,
		     (unsigned long long)most);
	return value;
}

/* "10s" "500ms" "250us" "2m"; microseconds. */
static int64_t parse_time(const char *name, const char *text)
{
	static const struct {
		const char *unit;
		double us;
	} units[] = {{"us", 1}, {"ms", 1e3}, {"s", 1e6}, {"m", 60e6}};
	char *end;
	double value = strtod(text, &end);

	for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
		if (end != text && value >= 0 && value < 1e6 &&
		    !strcmp(end, units[i].unit))
			return (int64_t)(value * units[i].us);
	}
	errx(2, "--%s %s: not a time such as 500ms or 10s", name, text);
}

static void parse_source(struct options *options, const char *text)
{
	char network[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t bytes = slash ? (size_t)(slash - text) : strlen(text);
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	unsigned most = family == AF_INET ? 32 : 128;

	if (bytes >= sizeof(network))
		errx(2, "--source %s: not a network", text);
	memcpy(network, text, bytes);
	network[bytes] = '\0';
	if (inet_pton(family, network, options->source) != 1)
		errx(2, "--source %s: not a network of addresses", text);
	options->source_family = family;
	options->source_bits =
		slash ? (unsigned)parse_number("source", slash + 1, most) : most;
}

enum { RATE, KEEPALIVE, THINK, POST, BODY, PATH, ECHO_PATH, TIMEOUT, DURATION, REQUESTS };
enum { SOURCE = REQUESTS + 1, SEED, JSON, FAIL_ON_ERROR, HELP };

static const struct option known[] = {
	{"rate", required_argument, NULL, RATE},
	{"keepalive", required_argument, NULL, KEEPALIVE},
	{"think", required_argument, NULL, THINK},
	{"post", required_argument, NULL, POST},
	{"body", required_argument, NULL, BODY},
	{"path", required_argument, NULL, PATH},
	{"echo", required_argument, NULL, ECHO_PATH},
	{"timeout", required_argument, NULL, TIMEOUT},
	{"duration", required_argument, NULL, DURATION},
	{"requests", required_argument, NULL, REQUESTS},
	{"source", required_argument, NULL, SOURCE},
	{"seed", required_argument, NULL, SEED},
	{"json", no_argument, NULL, JSON},
	{"fail-on-error", no_argument, NULL, FAIL_ON_ERROR},
	{"help", no_argument, NULL, HELP},
	{NULL, 0, NULL, 0},
};

static void take(struct options *options, int option, const char *name)
{
	switch (option) {
	case RATE:
		options->rate = (unsigned)parse_number(name, optarg, 1000000);
		break;
	case KEEPALIVE:
		options->kept = (unsigned)parse_number(name, optarg, 100000);
		break;
	case THINK:
		options->think_us = parse_time(name, optarg);
		break;
	case POST:
		options->post_percent = (unsigned)parse_number(name, optarg, 100);
		break;
	case BODY:
		options->body_most = parse_number(name, optarg, OPTIONS_BODY_MOST);
		break;
	case PATH:
		options->path = optarg;
		break;
	case ECHO_PATH:
		options->echo = optarg;
		break;
	case TIMEOUT:
		options->timeout_us = parse_time(name, optarg);
		break;
	case DURATION:
		options->duration_us = parse_time(name, optarg);
		break;
	case REQUESTS:
		options->requests = parse_number(name, optarg, UINT64_MAX);
		break;
	case SOURCE:
		parse_source(options, optarg);
		break;
	case SEED:
		options->seed = parse_number(name, optarg, UINT64_MAX);
		break;
	case JSON:
		options->json = true;
		break;
	case FAIL_ON_ERROR:
		options->fail_on_error = true;
		break;
	case HELP:
		fputs(usage, stdout);
		exit(0);
	default:
		fputs(usage, stderr);
		exit(2);
	}
}

void options_parse(struct options *ret_options, int argc, char **argv)
{
	struct options options = {
		.think_us = 500000,
		.body_most = 8192,
		.path = "/",
		.timeout_us = 10000000,
		.seed = 1,
	};
	struct fault fault = {0};
	int index = 0;
	int option;

	while ((option = getopt_long(argc, argv, "", known, &index)) != -1)
		take(&options, option, known[index].name);
	if (argc - optind != 1 || (options.rate == 0 && options.kept == 0)) {
		fputs(usage, stderr);
		exit(2);
	}
	if (address_parse(&options.target, argv[optind], &fault) < 0)
		errx(2, "%s: %s", argv[optind], fault.text);
	if (!options.echo)
		options.echo = options.path;
	*ret_options = options;
}
