/*
 * json.h - JSON: text -> a tree to look things up in; values -> text in a buffer.
 *
 * Reading is jansson's work; this is its only user.  Writing appends to a buffer piece by
 * piece: no tree is built, nothing is allocated but the buffer, and one look at its
 * `broken` after the last piece tells whether all of it is there.  Text from outside that
 * is not UTF-8 is repaired, so that what is written is always JSON.
 */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include "common/buffer.h"
#include "common/fault.h"

/* Reading.  Finding in NULL, or in what is no object, finds nothing. */
struct json;

struct json *json_parse(const char *bytes, size_t count, struct fault *fault);
/* As a file that people write: of members with one name the last counts, and a failure
 * has a line. */
struct json *json_parse_written(const char *bytes, size_t count, unsigned *ret_line,
				struct fault *fault);
void json_free(struct json *json); /* accepts NULL */

bool json_is_map(const struct json *json);    /* an object; jansson has taken the word */
bool json_is_list(const struct json *json);   /* an array */
bool json_is_truth(const struct json *json);  /* true or false */
bool json_is_none(const struct json *json);   /* null, or NULL */
bool json_is_whole(const struct json *json);  /* a number without a fraction */
bool json_is_figure(const struct json *json); /* a number, whole or not */
bool json_truth(const struct json *json);     /* is it true, and not merely there? */

const struct json *json_find(const struct json *object, const char *key);
const char *json_find_text(const struct json *object, const char *key); /* or NULL */
bool json_find_bool(const struct json *object, const char *key);        /* or false */
/* What is not there, or no number, is `missing`. */
int64_t json_find_number(const struct json *object, const char *key, int64_t missing);
double json_find_real(const struct json *object, const char *key, double missing);

/* Members in the order they were written: begins with a zeroed one. */
struct json_member {
	const char *key;
	const struct json *value;
	void *place;
};
bool json_next(const struct json *object, struct json_member *member);

size_t json_count(const struct json *array); /* members of an object, too */
const struct json *json_at(const struct json *array, size_t index);
/* The name of an object's member, in the order they were written; NULL: no more. */
const char *json_name(const struct json *object, size_t index);
const char *json_text(const struct json *json); /* NULL: not a text */
int64_t json_number(const struct json *json, int64_t missing);
double json_fraction(const struct json *json, double missing);
/* The name of an object's first member that is none of `names` (NULL-ended), or NULL. */
const char *json_find_stranger(const struct json *object, const char *const *names);

/* Writing.  `key` is NULL in an array and at the top. */
struct json_writer {
	struct buffer *to;
	bool separate; /* a comma is due before the next value */
};

void json_open_object(struct json_writer *writer, const char *key);
void json_close_object(struct json_writer *writer);
void json_open_array(struct json_writer *writer, const char *key);
void json_close_array(struct json_writer *writer);

void json_put_null(struct json_writer *writer, const char *key);
void json_put_bool(struct json_writer *writer, const char *key, bool is);
void json_put_text(struct json_writer *writer, const char *key, const char *text);
void json_put_number(struct json_writer *writer, const char *key, int64_t number);
/* Figures: a negative one is not known, and written as null. */
void json_put_figure(struct json_writer *writer, const char *key, int64_t figure);
void json_put_real_figure(struct json_writer *writer, const char *key, double figure);
/* Would it be written as it is? */
bool json_is_utf8(const char *text);
/* A value that was read; NULL is null. */
void json_put(struct json_writer *writer, const char *key, const struct json *json);

#endif
