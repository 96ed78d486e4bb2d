/*
 * snapshot.h - what the supervisor said of itself and of its apps, at one moment.
 *
 * The replies of one List, kept as they came: each brings an app, the first the
 * supervisor, too.  Here is who reads them: an app counts as ready while a worker of it
 * serves, and does not count at all while it is stopped, has ended, or only watches.
 */
#ifndef WORKER_HTTP_SNAPSHOT_H
#define WORKER_HTTP_SNAPSHOT_H

#include "common/varlink.h"

#define SNAPSHOT_REPLIES 2048
#define SNAPSHOT_SLOTS   257 /* of an app, with one more while it is reshaped */

struct snapshot {
	struct varlink_reply *reply; /* owned */
	size_t replies;
	bool whole; /* the last reply has come */
};

void snapshot_free(struct snapshot *snapshot); /* accepts a zeroed one; zeroes it */
/* Takes a reply over.  -EPROTO: it is an error, or one too many; -ENOMEM. */
int snapshot_add(struct snapshot *snapshot, struct varlink_reply *reply);

const struct json *snapshot_supervisor(const struct snapshot *snapshot);
/* In the order of their names; NULL: no more. */
const struct json *snapshot_app(const struct snapshot *snapshot, size_t index);
const struct json *snapshot_find(const struct snapshot *snapshot, const char *name);

bool snapshot_is_stopping(const struct snapshot *snapshot); /* the supervisor */
int64_t snapshot_ready(const struct json *app); /* slots of which a worker serves */
int64_t snapshot_desired(const struct json *app);
/* Is it stopped by hand, not started yet, or has it ended? */
bool snapshot_rests(const struct json *app);
bool snapshot_is_leaving(const struct json *app); /* it was told to stop */

#endif
