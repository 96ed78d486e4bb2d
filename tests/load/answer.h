/*
 * answer.h - one HTTP/1.1 answer, read as its bytes arrive.
 *
 * Knows three ends of a body: Content-Length, chunks, and the end of the connection.  A
 * body that was promised is compared byte by byte as it comes; nothing of it is kept.
 */
#ifndef TESTS_LOAD_ANSWER_H
#define TESTS_LOAD_ANSWER_H

#include "common/base.h"

#define ANSWER_HEAD_BYTES 2048

enum answer_phase {
	ANSWER_HEAD,
	ANSWER_COUNTED, /* `remaining` bytes of body to come */
	ANSWER_CHUNK_SIZE,
	ANSWER_CHUNK,
	ANSWER_CHUNK_END,
	ANSWER_TRAILER,
	ANSWER_UNTIL_CLOSE,
	ANSWER_COMPLETE,
	ANSWER_BROKEN, /* not HTTP */
	ANSWER_PHASES
};

struct answer {
	enum answer_phase phase;
	int status;
	bool closes;   /* the server said that this was the connection's last */
	bool is_wrong; /* the body is not the one promised */
	int pid;       /* of the worker, from its headers; -1: not said */
	int slot;
	uint64_t remaining;
	size_t body_bytes;
	const unsigned char *promised; /* NULL: any body is right */
	size_t promised_bytes;
	size_t head_bytes;
	char head[ANSWER_HEAD_BYTES];
};

/* `promised` must live as long as the answer is fed. */
void answer_init(struct answer *answer, const void *promised, size_t bytes);

/* Takes what belongs to this answer; returns how many bytes that was. */
size_t answer_feed(struct answer *answer, const void *data, size_t bytes);

/* The connection has ended: for one kind of body that is its end. */
void answer_end(struct answer *answer);

/* Complete, and the promised body if one was promised. */
bool answer_is_right(const struct answer *answer);

#endif
