/*
 * cluster-top.c - the cluster live, on a whole screen: asks `list` once a second and does
 * what keys say.
 *
 * A program of its own, which `clusterctl top` becomes: no other command has to load what
 * speaks to the terminal.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/places.h"
#include "common/text.h"
#include "supervisor/ctl/aide.h"
#include "supervisor/ctl/client.h"
#include "supervisor/top/screen.h"

#define INTERVAL 1000 /* ms between two looks */
#define PATIENCE 3000 /* ms in which a supervisor answers */

static const char hint[] =
	"q quit  r reload  + - = scale  s stop  S start  l logs  o order  ? help";

struct top {
	struct options options;
	struct roster roster;
	char title[160];
	char status[256];
	bool ends;
};

static volatile sig_atomic_t told_to_end;

static void on_signal(int number)
{
	(void)number;
	told_to_end = 1;
}

/* ---- the supervisor ---- */

static void take_title(struct top *top, const struct json *supervisor, size_t apps)
{
	const char *version = json_find_text(supervisor, "version");
	char uptime[32], memory[32];

	text_format_duration(uptime, sizeof(uptime),
			     json_find_number(supervisor, "uptime_ms", 0));
	text_format_bytes(memory, sizeof(memory),
			  (uint64_t)json_find_number(supervisor, "rss_bytes", 0));
	(void)snprintf(top->title, sizeof(top->title),
		       "clusterd %s  pid %lld  up %s  %s  %zu apps  by %s",
		       version != NULL ? version : "?",
		       (long long)json_find_number(supervisor, "pid", 0), uptime, memory,
		       apps, roster_order_name(&top->roster));
}

/* One call, one reply, whose error, if it is one, becomes the status. */
static bool ask(struct top *top, struct client *client, struct varlink_reply *ret_reply)
{
	const char *message;

	client_send(client);
	client->deadline = clock_now() + PATIENCE;
	if (client_receive(client, ret_reply) != 1) {
		(void)text_copy(top->status, sizeof(top->status),
				"the supervisor does not answer");
		return false;
	}
	if (ret_reply->error == NULL)
		return true;
	message = json_find_text(ret_reply->parameters, "message");
	(void)text_copy(top->status, sizeof(top->status),
			message != NULL ? message : ret_reply->error);
	varlink_free_reply(ret_reply);
	return false;
}

static bool open_client(struct top *top, struct client *client)
{
	if (client_connect(client, &top->options, false) == 0)
		return true;
	(void)text_copy(top->title, sizeof(top->title),
			"no supervisor: waiting for one to come");
	return false;
}

static void look(struct top *top)
{
	struct varlink_reply reply;
	struct client client;

	if (!open_client(top, &client)) {
		roster_free(&top->roster);
		return;
	}
	(void)client_begin(&client, "List", false);
	if (ask(top, &client, &reply)) {
		const struct json *apps = json_find(reply.parameters, "apps");

		if (roster_take(&top->roster, apps, clock_now()) == 0)
			take_title(top, json_find(reply.parameters, "supervisor"),
				   json_count(apps));
		roster_move(&top->roster, 0, screen_rows());
		varlink_free_reply(&reply);
	}
	client_close(&client);
}

/* ---- what keys do ---- */

static void tell_verdict(struct top *top, const struct json *verdict)
{
	const char *app = json_find_text(verdict, "app");
	const char *kind = json_find_text(verdict, "kind");
	const char *result = json_find_text(verdict, "result");
	const char *reason = json_find_text(verdict, "reason");

	if (app != NULL && kind != NULL && result != NULL)
		(void)snprintf(top->status, sizeof(top->status), "%s %s: %s%s%s", kind,
			       app, result, reason != NULL ? ": " : "",
			       reason != NULL ? reason : "");
}

/* `count`: of a scale; NULL: the method takes targets. */
static void order(struct top *top, const char *method, const char *target,
		  const char *count)
{
	struct json_writer *writer;
	struct varlink_reply reply;
	struct client client;

	if (!open_client(top, &client))
		return;
	writer = client_begin(&client, method, false);
	if (count != NULL) {
		json_put_text(writer, "target", target);
		json_put_text(writer, "count", count);
	} else {
		json_open_array(writer, "targets");
		json_put_text(writer, NULL, target);
		json_close_array(writer);
	}
	json_put_bool(writer, "wait", false);
	if (ask(top, &client, &reply)) {
		tell_verdict(top, json_at(json_find(reply.parameters, "verdicts"), 0));
		varlink_free_reply(&reply);
	}
	client_close(&client);
}

static bool is_sure(const char *what, const char *app)
{
	char question[128], answer[8];

	(void)snprintf(question, sizeof(question), "%s %s? y or n:", what, app);
	return screen_ask(question, answer, sizeof(answer)) &&
	       (strcmp(answer, "y") == 0 || strcmp(answer, "yes") == 0);
}

static void scale_to(struct top *top, const char *app)
{
	char question[128], answer[16];

	(void)snprintf(question, sizeof(question),
		       "workers of %s (N, +N, max, 50%%):", app);
	if (screen_ask(question, answer, sizeof(answer)))
		order(top, "Scale", app, answer);
}

/* The logs have the terminal until they are interrupted. */
static void show_logs(struct top *top, const char *app)
{
	const char *const words[] = {"logs", app,
				     top->options.socket != NULL ? "--socket" : NULL,
				     top->options.socket, NULL};
	char path[2 * PLACES_PATH];
	pid_t child;

	if (places_find_program(path, sizeof(path), "clusterctl", NULL, NULL, NULL) < 0) {
		(void)text_copy(top->status, sizeof(top->status),
				"clusterctl is not installed");
		return;
	}
	screen_leave();
	(void)signal(SIGINT, SIG_IGN); /* it is the child's */
	child = fork();
	if (child == 0) {
		(void)signal(SIGINT, SIG_DFL);
		aide_become(path, words);
	}
	while (child > 0 && waitpid(child, NULL, 0) == -1 && !told_to_end)
		continue;
	(void)signal(SIGINT, SIG_DFL);
	screen_return();
}

static void show_help(void)
{
	static const char *const lines[] = {
		"clusterctl top",
		"",
		"  arrows, j, k, PgUp, PgDn   select an app or a worker",
		"  r      reload what is selected",
		"  + -    one worker more, or fewer;  =  type a number",
		"  s, S   stop, start the app",
		"  l      its logs; control-C comes back",
		"  o      order workers by slot, memory, CPU, lag, requests",
		"  q      quit",
		"",
		"Lines of the past have the newest at the right, each to its own scale.",
		"Any key goes back.",
	};

	screen_draw_text(lines, ARRAY_COUNT(lines));
	(void)screen_read(-1);
}

/* A worker can be reloaded alone; everything else is its app's. */
static void act(struct top *top, int key, const struct roster_row *row)
{
	char target[96], app[sizeof(row->app)];

	roster_target(row, target, sizeof(target));
	(void)text_copy(app, sizeof(app), row->app);
	if (key == 'r')
		order(top, "Reload", target, NULL);
	else if (key == '+')
		order(top, "Scale", app, "+1");
	else if (key == '-')
		order(top, "Scale", app, "-1");
	else if (key == '=')
		scale_to(top, app);
	else if (key == 's' && is_sure("stop", app))
		order(top, "Stop", app, NULL);
	else if (key == 'S' && is_sure("start", app))
		order(top, "Start", app, NULL);
	else if (key == 'l')
		show_logs(top, app);
}

static int distance(const struct top *top, int key)
{
	int page = (int)screen_rows(), all = (int)top->roster.count;

	switch (key) {
	case SCREEN_UP:
		return -1;
	case SCREEN_DOWN:
		return 1;
	case SCREEN_PAGE_UP:
		return -page;
	case SCREEN_PAGE_DOWN:
		return page;
	case SCREEN_FIRST:
		return -all;
	case SCREEN_LAST:
		return all;
	default:
		return 0;
	}
}

static void take_key(struct top *top, int key)
{
	const struct roster_row *row = roster_selected(&top->roster);

	if (key == SCREEN_NOTHING)
		return;
	(void)text_copy(top->status, sizeof(top->status), hint);
	if (key == 'q' || key == SCREEN_INTERRUPT)
		top->ends = true;
	else if (key == '?')
		show_help();
	else if (key == 'o')
		roster_turn_order(&top->roster);
	else if (row != NULL && key >= ' ')
		act(top, key, row);
	roster_move(&top->roster, distance(top, key), screen_rows());
}

static void run(struct top *top)
{
	msec due = 0;

	while (!top->ends && !told_to_end) {
		msec now = clock_now();

		if (now >= due) {
			look(top);
			due = clock_now() + INTERVAL;
			now = clock_now();
		}
		screen_draw(&top->roster, top->title, top->status);
		take_key(top, screen_read(due > now ? (int)(due - now) : 0));
	}
}

/* clusterctl tells what it was told: [--socket PATH] [--no-color] */
static void take_arguments(struct options *options, int count, char **list)
{
	for (int i = 1; i < count; i++)
		if (strcmp(list[i], "--socket") == 0 && i + 1 < count)
			options->socket = list[++i];
		else if (strcmp(list[i], "--no-color") == 0)
			options->plain = true;
}

int main(int count, char **list)
{
	struct top top = {.options = {.command = COMMAND_TOP}};
	struct client client;
	enum exit_code code;

	take_arguments(&top.options, count, list);
	code = client_open(&client, &top.options);
	if (code != EXIT_DONE)
		return (int)code;
	client_close(&client);
	(void)text_copy(top.status, sizeof(top.status), hint);
	(void)signal(SIGTERM, on_signal);
	(void)signal(SIGHUP, on_signal);
	if (screen_open(say_in_colours(&top.options)) < 0)
		return (int)say_error(&top.options, EXIT_USAGE, NULL,
				      "top: this terminal cannot show it");
	run(&top);
	screen_close();
	roster_free(&top.roster);
	return EXIT_DONE;
}
