/*
 * doctor.c - looks at the machine, and at the supervisor if one runs, and says what it
 * found, why it matters and what to type.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "supervisor/ctl/finding.h"
#include "supervisor/ctl/verbs.h"

#define PATIENCE 10000 /* ms */

static const struct check *const tables[] = {checks_of_machine, checks_of_network,
					     checks_of_safety, checks_of_custody};
static const char *const levels[FINDING_LEVELS] = {
	[FINDING_OK] = "ok",
	[FINDING_NOTE] = "note",
	[FINDING_WARNING] = "warning",
	[FINDING_PROBLEM] = "problem",
};

void finding_set(struct finding *finding, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	(void)vsnprintf(finding->found, sizeof(finding->found), format, values);
	va_end(values);
}

void finding_blame(struct finding *finding, enum finding_level level, const char *why,
		   const char *type)
{
	finding->level = level;
	finding->why = why;
	finding->type = type;
}

/* ---- what the supervisor tells ---- */

struct history {
	struct patient patient;
	struct varlink_reply reply[PATIENT_APPS]; /* of which the apps are parts */
	unsigned replies;
};

/* Whom the process runs as; ourselves where there is none. */
static uid_t find_user(pid_t pid)
{
	char path[64];
	struct stat status;

	(void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return pid > 0 && stat(path, &status) == 0 ? status.st_uid : geteuid();
}

static bool hear_pid(const struct options *options, struct patient *patient)
{
	struct varlink_reply reply;
	struct client client;

	if (client_connect(&client, options, false) < 0)
		return false;
	client.deadline = clock_now() + PATIENCE;
	(void)client_begin(&client, "Ping", false);
	client_send(&client);
	if (client_receive(&client, &reply) == 1) {
		patient->supervisor = (pid_t)json_find_number(reply.parameters, "pid", 0);
		patient->keeper =
			(pid_t)json_find_number(reply.parameters, "keeper_pid", 0);
		varlink_free_reply(&reply);
	}
	client_close(&client);
	return patient->supervisor > 0;
}

static void take_apps(struct patient *patient, const struct json *apps)
{
	for (size_t i = 0; i < json_count(apps) && patient->apps < PATIENT_APPS; i++)
		patient->app[patient->apps++] = json_at(apps, i);
}

static void hear_apps(const struct options *options, struct history *history)
{
	struct json_writer *writer;
	struct client client;
	bool continues = true;

	if (client_connect(&client, options, false) < 0)
		return;
	client.deadline = clock_now() + PATIENCE;
	writer = client_begin(&client, "Show", true);
	json_open_array(writer, "targets");
	json_put_text(writer, NULL, "all");
	json_close_array(writer);
	client_send(&client);
	while (continues && history->replies < PATIENT_APPS) {
		struct varlink_reply *reply = &history->reply[history->replies];

		if (client_receive(&client, reply) != 1)
			break;
		history->replies++;
		continues = reply->continues;
		take_apps(&history->patient, json_find(reply->parameters, "apps"));
	}
	client_close(&client);
}

/* ---- telling ---- */

static void print_finding(const struct options *options, const struct check *check,
			  const struct finding *finding)
{
	if (finding->level == FINDING_OK && options->quiet)
		return;
	(void)printf("%-8s %-16s %s\n", levels[finding->level], check->name,
		     finding->found);
	if (finding->why != NULL)
		(void)printf("%-8s %-16s %s\n", "", "", finding->why);
	if (finding->type != NULL)
		(void)printf("%-8s %-16s > %s\n", "", "", finding->type);
}

static void put_finding(struct json_writer *writer, const struct check *check,
			const struct finding *finding)
{
	json_open_object(writer, NULL);
	json_put_text(writer, "check", check->name);
	json_put_text(writer, "level", levels[finding->level]);
	json_put_text(writer, "found", finding->found);
	json_put_text(writer, "why", finding->why);
	json_put_text(writer, "type", finding->type);
	json_close_object(writer);
}

/* Returns how bad the worst is. */
static enum finding_level examine(const struct options *options,
				  const struct patient *patient)
{
	enum finding_level worst = FINDING_OK;
	struct buffer json;
	struct json_writer writer = {.to = &json};

	buffer_init(&json, SIZE_MAX);
	json_open_object(&writer, NULL);
	json_put_figure(&writer, "supervisor",
			patient->supervisor > 0 ? patient->supervisor : -1);
	json_open_array(&writer, "findings");
	for (size_t i = 0; i < ARRAY_COUNT(tables); i++)
		for (const struct check *check = tables[i]; check->name; check++) {
			struct finding finding = {0};

			check->look(patient, &finding);
			worst = finding.level > worst ? finding.level : worst;
			if (options->json)
				put_finding(&writer, check, &finding);
			else
				print_finding(options, check, &finding);
		}
	json_close_array(&writer);
	json_close_object(&writer);
	if (options->json)
		say_json(&json);
	buffer_free(&json);
	return worst;
}

enum exit_code verb_doctor(const struct options *options)
{
	struct history *history = calloc(1, sizeof(*history));
	struct fault fault = {0};
	enum finding_level worst;

	if (history == NULL)
		return say_error(options, EXIT_FAILED, NULL, "doctor: out of memory");
	history->patient.root = "";
	if (places_find(&history->patient.places, NULL, &fault) < 0) {
		free(history);
		return say_error(options, EXIT_FAILED, NULL, "doctor: %s", fault.text);
	}
	if (hear_pid(options, &history->patient))
		hear_apps(options, history);
	history->patient.uid = find_user(history->patient.supervisor);
	worst = examine(options, &history->patient);
	for (unsigned i = 0; i < history->replies; i++)
		varlink_free_reply(&history->reply[i]);
	free(history);
	return worst == FINDING_PROBLEM ? EXIT_FAILED : EXIT_DONE;
}
