/*
 * options.h - what was typed -> a command, its flags and arguments, by the table.
 *
 * Flags may stand anywhere up to `--`; what follows that are arguments, or for `start`
 * those of a program.  A flag that the command does not have is an
 * error, and so is one that a later version brings; neither is silently ignored.
 */
#ifndef SUPERVISOR_CTL_OPTIONS_H
#define SUPERVISOR_CTL_OPTIONS_H

#include "common/commands.h"
#include "common/fault.h"

/* Of flags that may be repeated every one counts, in their order. */
struct option_given {
	enum flag flag;
	const char *value; /* NULL: it takes none */
};

struct options {
	enum command command;    /* COMMAND_COUNT: none was named */
	const char *socket;      /* --socket; NULL: by the usual search */
	bool json, quiet, plain; /* plain: no colours */
	bool help, version;
	uint64_t flags;                /* FLAG_BIT of those given */
	const char *value[FLAG_COUNT]; /* the last of each */
	struct option_given given[COMMAND_MANY];
	unsigned givens;
	const char *argument[COMMAND_MANY];
	unsigned arguments;
	char *const *passed; /* to a program: what stands behind `--` */
	unsigned passes;
};

struct command_row {
	const char *name, *aliases, *arguments;
	unsigned least, most;
	uint64_t flags;
	enum command_kind kind;
	const char *method; /* of org.clusterd.Supervisor; NULL: none */
	const char *help;
};

struct flag_row {
	const char *name;
	char letter; /* 0: none */
	const char *argument;
	enum command_kind kind;
	const char *help;
};

extern const struct command_row command_rows[COMMAND_COUNT];
extern const struct flag_row flag_rows[FLAG_COUNT];

static inline bool options_has(const struct options *options, enum flag flag)
{
	return (options->flags & UINT64_C(1) << flag) != 0;
}

/* -EINVAL and a fault, ready to print, for what cannot be meant. */
int options_parse(struct options *ret_options, int count, char *const *list,
		  struct fault *fault);

/* By name or alias; COMMAND_COUNT: there is none. */
enum command options_find(const char *word);

#endif
