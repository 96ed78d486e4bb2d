#include "supervisor/import/script.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/json.h"
#include "common/places.h"

#define ANSWER_FD 3

/* Prints {"value": ...}, or {"error": why, "line": where}, to descriptor 3. */
static const char program[] =
	"const fs = require('fs'), path = process.argv[1];"
	"const url = require('url').pathToFileURL(path).href;"
	"const say = (what) => {"
	"  const bytes = Buffer.from(JSON.stringify(what));"
	"  for (let at = 0; at < bytes.length;) at += fs.writeSync(3, bytes, at);"
	"  process.exit(0);"
	"};"
	"import(url).then((all) => say({ value: 'default' in all ? all.default : all }))"
	"  .catch((error) => {"
	"    const stack = String(error?.stack ?? '');"
	"    const at = [path, url].map((name) => stack.split(name + ':')[1]);"
	"    const line = parseInt(at.find((rest) => rest !== undefined));"
	"    say({ error: String(error?.message ?? error), line: line || 0 });"
	"  });";

/* Between fork and exec: a group of its own, so that all of it can be ended. */
static void become_node(const char *node, const char *path, int answer)
{
	const char *const list[] = {node, "-e", program, "--", path, NULL};
	int nowhere = open("/dev/null", O_RDWR);

	(void)setpgid(0, 0);
	(void)dup2(nowhere, STDIN_FILENO);
	(void)dup2(nowhere, STDOUT_FILENO);
	(void)dup2(nowhere, STDERR_FILENO);
	if (answer == ANSWER_FD)
		(void)fcntl(answer, F_SETFD, 0);
	else
		(void)dup2(answer, ANSWER_FD);
	(void)execv(node, (char *const *)(uintptr_t)list);
	_exit(127);
}

/* Until its end: 0, -ETIMEDOUT or another errno. */
static int read_answer(int fd, msec deadline, struct buffer *to)
{
	for (;;) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		msec left = deadline - clock_now();
		int result;

		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&ready, 1, (int)left) == -1 && errno != EINTR)
			return -errno;
		if (ready.revents == 0)
			continue;
		result = buffer_read(to, fd);
		if (result == 0)
			return 0;
		if (result < 0 && result != -EINTR && result != -EAGAIN)
			return result;
	}
}

static int run(const char *node, const char *path, msec patience, struct buffer *to)
{
	int ends[2];
	int result;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return -errno;
	child = fork();
	if (child == 0)
		become_node(node, path, ends[1]);
	(void)close(ends[1]);
	result = child == -1 ? -EAGAIN : read_answer(ends[0], clock_now() + patience, to);
	(void)close(ends[0]);
	if (child == -1)
		return result;
	(void)setpgid(child, child); /* whoever comes first, it is done before the kill */
	(void)kill(-child, SIGKILL);
	while (waitpid(child, NULL, 0) == -1 && errno == EINTR)
		continue;
	return result;
}

/* What node answered -> what the file exports. */
static int take_answer(struct buffer *answer, struct buffer *to, unsigned *ret_line,
		       struct fault *fault)
{
	struct json_writer writer = {.to = to};
	unsigned line;
	struct json *json = json_parse_written(answer->bytes, answer->count, &line, NULL);
	const char *why = json_find_text(json, "error");
	int error = 0;

	if (why != NULL) {
		*ret_line = (unsigned)json_find_number(json, "line", 0);
		error = fault_set(fault, -EINVAL, "%s", why);
	} else if (json_is_none(json_find(json, "value"))) {
		error = fault_set(fault, -EINVAL, "%s",
				  json == NULL ? "node could not run it"
					       : "it exports nothing");
	} else {
		json_put(&writer, NULL, json_find(json, "value"));
	}
	json_free(json);
	return error;
}

int script_to_json(const char *path, msec patience, struct buffer *to, unsigned *ret_line,
		   struct fault *fault)
{
	char node[PATH_MAX];
	struct buffer answer;
	int error;

	*ret_line = 0;
	if (places_find_program(node, sizeof(node), "node", getenv("PATH"), NULL, NULL) <
	    0)
		return fault_set(fault, -ENOENT,
				 "it takes node to read it, and there is none in PATH");
	buffer_init(&answer, to->most);
	error = run(node, path, patience, &answer);
	if (error == -ETIMEDOUT)
		(void)fault_set(fault, error, "it did not come to its end in time");
	else if (error == -ENOBUFS)
		error = fault_set(fault, -EINVAL, "there is too much of it");
	else if (error < 0)
		(void)fault_set(fault, error, "node: %s", strerror(-error));
	else
		error = take_answer(&answer, to, ret_line, fault);
	buffer_free(&answer);
	return error;
}
