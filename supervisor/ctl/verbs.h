/*
 * verbs.h - what clusterctl does: one function a command, each returns the exit code.
 */
#ifndef SUPERVISOR_CTL_VERBS_H
#define SUPERVISOR_CTL_VERBS_H

#include "supervisor/ctl/client.h"

/* change.c: commands whose outcome is awaited */
enum exit_code verb_change(const struct options *options);
/* Sends the call that was begun and tells what it comes to. */
enum exit_code change_await(struct client *client, const struct options *options);

enum exit_code verb_start(const struct options *options);
enum exit_code verb_list(const struct options *options);
enum exit_code verb_show(const struct options *options);
/* request.c: show --request, over the connection that show opened */
enum exit_code verb_request(const struct options *options, struct client *client);
/* events.c */
enum exit_code verb_events(const struct options *options);
void events_print(const struct options *options, const struct json *event); /* a line */

enum exit_code verb_top(const struct options *options);
enum exit_code verb_logs(const struct options *options);

/* plan.c */
enum exit_code verb_plan(const struct options *options);
/* Prints the changes that a reply tells of. */
void plan_print(const struct options *options, const struct json *parameters);

/* ask.c: one question, one answer */
enum exit_code verb_wait(const struct options *options);
enum exit_code verb_signal(const struct options *options);
enum exit_code verb_reset(const struct options *options);
enum exit_code verb_reopen(const struct options *options);
enum exit_code verb_ping(const struct options *options);
enum exit_code verb_version(const struct options *options);
enum exit_code verb_shutdown(const struct options *options);

enum exit_code verb_doctor(const struct options *options);

/* local.c: without a supervisor */
enum exit_code verb_check(const struct options *options);
enum exit_code verb_init(const struct options *options);
enum exit_code verb_completion(const struct options *options);
enum exit_code verb_help(const struct options *options);

enum exit_code verb_import(const struct options *options); /* import.c */

/* startup.c */
enum exit_code verb_startup(const struct options *options);
enum exit_code verb_unstartup(const struct options *options);

enum exit_code verb_sweep(const struct options *options); /* sweep.c */

enum exit_code verb_upgrade(const struct options *options); /* upgrade.c */

/* The arguments as the parameter `targets`. */
void verb_put_targets(struct json_writer *writer, const struct options *options,
		      unsigned first);

#endif
