/*
 * logging.h - what the supervisor orders of cluster-logger, and what it is told.
 *
 * Both sides are of one build or of neighbouring versions, on a SOCK_SEQPACKET socket; a
 * logger lives through the death of its supervisor, so `version` tells.  An order that is
 * cut short, of another version or out of range is dropped.  A feed is one pipe, of one
 * stream of one slot; it has a number, and with LOGGING_ATTACH comes its read end, by
 * SCM_RIGHTS.
 */
#ifndef COMMON_LOGGING_H
#define COMMON_LOGGING_H

#include <sys/types.h>

#include "common/base.h"

#define LOGGING_VERSION 1
#define LOGGING_APP     64   /* bytes of an app's name, with its NUL */
#define LOGGING_PATH    1024 /* bytes of a log file's path, with its NUL */
#define LOGGING_SLOTS   257
#define LOGGING_STAMP   19 /* "20261129-151944-000", in the name of a rotated file */

enum logging_verb {
	LOGGING_ATTACH, /* this feed, or other rules for the one there is */
	LOGGING_ENDED,  /* a worker: what it left of a line is a line */
	LOGGING_DETACH, /* read what is in the pipe, then say LOGGING_DETACHED */
	LOGGING_REOPEN, /* all files */
	LOGGING_FLUSH,  /* truncate the files of this app */
	LOGGING_FINISH, /* read what is in the pipes, then exit */
	LOGGING_VERBS
};

enum logging_stream { LOGGING_OUT, LOGGING_ERR, LOGGING_STREAMS };
enum logging_target { LOGGING_FILE, LOGGING_JOURNAL, LOGGING_TARGETS };
enum logging_format { LOGGING_RAW, LOGGING_PREFIXED, LOGGING_JSON, LOGGING_FORMATS };
enum logging_packing { LOGGING_PLAIN, LOGGING_ZSTD, LOGGING_GZIP, LOGGING_PACKINGS };

/* How one file is kept. */
struct logging_rules {
	uint64_t rotate; /* bytes; 0: never by size */
	msec age;        /* 0: never by age */
	uint32_t keep;   /* rotated files, at most */
	uint32_t packing;
};

struct logging_order {
	uint32_t version, verb;
	uint32_t serial; /* of LOGGING_REOPEN and LOGGING_FLUSH, for the answer */
	uint32_t feed;
	uint32_t slot, stream;
	uint32_t target, format;
	struct logging_rules rules;
	char app[LOGGING_APP];
	char path[LOGGING_PATH];
};

enum logging_news {
	LOGGING_DETACHED,  /* this feed */
	LOGGING_DONE,      /* what was ordered with this serial */
	LOGGING_FAILING,   /* lines for this path are lost from now on: `code` */
	LOGGING_RECOVERED, /* it can be written again; so many lines were lost */
	LOGGING_TROUBLE,   /* with the upkeep of this path, and nothing is lost: `code` */
	LOGGING_NEWS
};

struct logging_report {
	uint32_t version, news;
	uint32_t serial;
	uint32_t feed;
	int32_t code; /* an errno */
	uint32_t reserved;
	uint64_t lines, bytes;
	char app[LOGGING_APP];
	char path[LOGGING_PATH];
};

/* Is it one, whole and in range?  What comes from outside is looked at by these. */
bool logging_is_order(const struct logging_order *order, size_t bytes);
bool logging_is_report(const struct logging_report *report, size_t bytes);

/* Is `name` a rotated file of `base`, and how is it packed?  Returns where its stamp is,
 * or NULL. */
const char *logging_find_stamp(const char *base, const char *name,
			       enum logging_packing *ret_packing);
const char *logging_suffix(enum logging_packing packing); /* ".zst", ".gz", "" */

/* One datagram, with a descriptor or -1: 0, -EAGAIN or another negative errno. */
int logging_send(int socket, const void *message, size_t bytes, int fd);
/* Its bytes, 0 at the end, or a negative errno; *ret_fd is the caller's, -1: none came.
 */
ssize_t logging_receive(int socket, void *message, size_t size, int *ret_fd);

#endif
