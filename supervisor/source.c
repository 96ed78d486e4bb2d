#include "supervisor/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "supervisor/trust.h"

#define DECIMAL_DIGITS 9 /* more may not fit in 32 bits, and libconfig says nothing */
#define HEX_DIGITS     7

#define INCLUDE "@include"

/* Letters of names and numbers. */
#define WORD                                                     \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_*" \
	"0123456789.+-"

/* One file being joined. */
struct reader {
	struct source *source;
	const char *name;
	const char *directory; /* where its includes are */
	const char *text;
	size_t length;
	size_t at;
	unsigned line;
	unsigned depth;
	struct fault *fault;
};

static PRINTF_LIKE(2, 3) int refuse(struct reader *reader, const char *format, ...)
{
	char why[FAULT_SIZE];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(why, sizeof(why), format, arguments);
	va_end(arguments);
	return fault_set(reader->fault, -EINVAL, "%s:%u: syntax: %s", reader->name,
			 reader->line, why);
}

static bool starts(const struct reader *reader, const char *word)
{
	size_t length = strlen(word);

	return reader->length - reader->at >= length &&
	       memcmp(reader->text + reader->at, word, length) == 0;
}

static bool is_letter_of(const char *letters, char letter)
{
	return letter != '\0' && strchr(letters, letter);
}

static int append(struct reader *reader, const char *bytes, size_t count)
{
	struct source *source = reader->source;

	if (count > SOURCE_BYTES - source->length)
		return refuse(reader, "the configuration is larger than %zu KiB",
			      SOURCE_BYTES / 1024);
	memcpy(source->text + source->length, bytes, count);
	source->length += count;
	source->text[source->length] = '\0';
	for (size_t i = 0; i < count; i++)
		source->line += bytes[i] == '\n';
	return 0;
}

/* Moves the next bytes of the file to the joined text. */
static int take(struct reader *reader, size_t count)
{
	const char *bytes = reader->text + reader->at;
	int error = append(reader, bytes, count);

	for (size_t i = 0; !error && i < count; i++)
		reader->line += bytes[i] == '\n';
	reader->at += count;
	return error;
}

static int take_line_comment(struct reader *reader)
{
	const char *from = reader->text + reader->at;
	const char *end = memchr(from, '\n', reader->length - reader->at);

	return take(reader, end ? (size_t)(end - from) : reader->length - reader->at);
}

static int take_block_comment(struct reader *reader)
{
	const char *from = reader->text + reader->at;
	const char *end = memmem(from + 2, reader->length - reader->at - 2, "*/", 2);

	if (!end)
		return refuse(reader, "this comment is never closed");
	return take(reader, (size_t)(end - from) + 2);
}

/* How many bytes the quoted text at `at` has, with its quotes; 0: it has no end. */
static size_t measure_quoted(const struct reader *reader, size_t at)
{
	size_t start = at;

	for (at++; at < reader->length; at++) {
		if (reader->text[at] == '\\')
			at++;
		else if (reader->text[at] == '"')
			return at + 1 - start;
	}
	return 0;
}

static int take_quoted(struct reader *reader)
{
	size_t bytes = measure_quoted(reader, reader->at);

	if (bytes == 0)
		return refuse(reader, "this text is never closed");
	return take(reader, bytes);
}

/* A name or a number.  What a number says is not repeated: it may be meant as the value
 * of a variable. */
static int take_word(struct reader *reader)
{
	const char *word = reader->text + reader->at;
	const char *number = word + (*word == '+' || *word == '-');
	size_t digits = strspn(number, "0123456789");
	bool is_hex = number[0] == '0' && is_letter_of("xX", number[1]);

	/* The text ends with a NUL, so that nothing here runs beyond it. */
	if (is_hex && strspn(number + 2, "0123456789abcdefABCDEF") > HEX_DIGITS)
		return refuse(reader, "a number of more than %d digits", HEX_DIGITS);
	if (!is_letter_of("._", number[digits])) {
		if (digits > DECIMAL_DIGITS)
			return refuse(
				reader,
				"a number of more than %d digits; text is in quotes",
				DECIMAL_DIGITS);
		if (digits > 1 && number[0] == '0')
			return refuse(reader,
				      "a number that begins with 0; text is in quotes");
	}
	return take(reader, strspn(word, WORD));
}

static int take_bracket(struct reader *reader)
{
	static const char openers[] = "({[";
	static const char closers[] = ")}]";
	struct source *source = reader->source;
	struct source_bracket *top = &source->bracket[source->depth];
	char letter = reader->text[reader->at];

	if (is_letter_of(openers, letter)) {
		if (source->depth == SOURCE_NESTING)
			return refuse(reader, "nested too deep");
		source->depth++;
		top[1] = (struct source_bracket){.letter = letter, .line = source->line};
		return take(reader, 1);
	}
	if (source->depth == 0)
		return refuse(reader, "\"%c\" closes nothing", letter);
	if (strchr(openers, top->letter) - openers != strchr(closers, letter) - closers)
		return refuse(reader, "\"%c\" cannot close the \"%c\" of line %u", letter,
			      top->letter, source_find_place(source, top->line).line);
	source->depth--;
	return take(reader, 1);
}

static int take_member(struct reader *reader)
{
	struct source *source = reader->source;

	if (++source->bracket[source->depth].members > SOURCE_MEMBERS)
		return refuse(reader, "a group of more than %d settings", SOURCE_MEMBERS);
	return take(reader, 1);
}

/* From the line being written on, the joined text is this file from its current line. */
static void mark_place(struct reader *reader)
{
	struct source *source = reader->source;

	source->mark[source->marks++] = (struct source_mark){
		.line = source->line,
		.place = {.file = reader->name, .line = reader->line}};
}

/* The whole file, ended with a NUL. */
static int read_all(int fd, char **ret_text, size_t *ret_length)
{
	struct stat status;
	char *text = NULL;
	size_t length = 0;
	ssize_t got;
	int error = 0;

	if (fstat(fd, &status) == -1)
		error = -errno;
	else if (!S_ISREG(status.st_mode))
		error = S_ISDIR(status.st_mode) ? -EISDIR : -ENOTSUP;
	else if (status.st_size > (off_t)SOURCE_BYTES)
		error = -EFBIG;
	else if (!(text = malloc((size_t)status.st_size + 1)))
		error = -ENOMEM;
	while (!error && length < (size_t)status.st_size) {
		got = read(fd, text + length, (size_t)status.st_size - length);
		if (got == -1 && errno != EINTR)
			error = -errno;
		if (got == 0)
			break;
		length += got > 0 ? (size_t)got : 0;
	}
	if (error) {
		free(text);
		return error;
	}
	text[length] = '\0';
	*ret_text = text;
	*ret_length = length;
	return 0;
}

/* A FIFO must not make us wait.  What nobody should rely on is read and thrown away. */
static int read_file(const char *path, char **ret_text, size_t *ret_length,
		     struct fault *why)
{
	CLOSE_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int error = fd == -1 ? -errno : read_all(fd, ret_text, ret_length);

	if (error)
		return fault_set(why, error, "%s",
				 error == -ENOTSUP ? "not a regular file"
						   : strerror(-error));
	error = trust_file(fd, why);
	if (error)
		free(*ret_text);
	return error;
}

/* "dir" of "dir/file", "." of "file". */
static void find_directory(char directory[PATH_MAX], const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		path = ".";
	else if (slash == path)
		path = "/";
	(void)snprintf(directory, PATH_MAX, "%.*s",
		       slash && slash > path ? (int)(slash - path) : 1, path);
}

/* Reads `@include "PATH"` and leaves PATH, seen from the file that says it. */
static int parse_include(struct reader *reader, char path[PATH_MAX])
{
	const char *line = reader->text + reader->at;
	const char *name;
	size_t bytes;
	size_t length = 0;

	while (line > reader->text && is_letter_of(" \t", line[-1]))
		line--;
	if (!starts(reader, INCLUDE) || (line > reader->text && line[-1] != '\n'))
		return refuse(reader,
			      "\"@\" is for " INCLUDE " at the beginning of a line");

	name = reader->text + reader->at + strlen(INCLUDE);
	name += strspn(name, " \t");
	bytes = measure_quoted(reader, (size_t)(name - reader->text));
	if (*name != '"' || bytes <= 2 || memchr(name, '\n', bytes))
		return refuse(reader, INCLUDE " needs the name of a file in quotes");

	if (name[1] != '/' && strcmp(reader->directory, ".") != 0)
		length = (size_t)snprintf(path, PATH_MAX, "%s/", reader->directory);
	if (length + bytes > PATH_MAX)
		return refuse(reader, INCLUDE ": %s", strerror(ENAMETOOLONG));
	for (const char *end = name + bytes - 1; ++name < end;) {
		if (*name == '\\')
			name++;
		path[length++] = *name;
	}
	path[length] = '\0';
	reader->at = (size_t)(name + 1 - reader->text);
	return 0;
}

static int join(struct reader *reader, const char *name);

static int take_include(struct reader *reader)
{
	struct source *source = reader->source;
	struct reader inner = {.source = source, .line = 1, .fault = reader->fault};
	char path[PATH_MAX];
	char directory[PATH_MAX];
	struct fault why;
	char *text = NULL;
	int error = parse_include(reader, path);

	if (error)
		return error;
	if (reader->depth + 1 == SOURCE_DEPTH)
		return refuse(reader,
			      "includes nest too deep; does a file include itself?");
	if (source->files == SOURCE_FILES)
		return refuse(reader, "more than %d files", SOURCE_FILES);
	if (read_file(path, &text, &inner.length, &why) < 0)
		return refuse(reader, INCLUDE ": %s: %s", path, why.text);

	find_directory(directory, path);
	inner.directory = directory;
	inner.text = text;
	inner.depth = reader->depth + 1;
	error = join(&inner, path);
	free(text);
	if (!error)
		error = append(reader, "\n", 1);
	mark_place(reader);
	return error;
}

static int take_next(struct reader *reader)
{
	char letter = reader->text[reader->at];

	if (letter == '#' || starts(reader, "//"))
		return take_line_comment(reader);
	if (starts(reader, "/*"))
		return take_block_comment(reader);
	if (letter == '"')
		return take_quoted(reader);
	if (letter == '@')
		return take_include(reader);
	if (is_letter_of("(){}[]", letter))
		return take_bracket(reader);
	if (is_letter_of("=:", letter))
		return take_member(reader);
	if (is_letter_of(WORD, letter))
		return take_word(reader);
	return take(reader, 1);
}

static int join(struct reader *reader, const char *name)
{
	struct source *source = reader->source;
	size_t length;
	int error = 0;

	reader->name = arena_text(source->names, name);
	if (!reader->name)
		return fault_set(reader->fault, -ENOMEM, "%s: %s", name,
				 strerror(ENOMEM));
	source->files++;
	mark_place(reader);

	length = strlen(reader->text);
	if (length < reader->length) {
		for (size_t i = 0; i < length; i++)
			reader->line += reader->text[i] == '\n';
		return refuse(reader, "a byte of value 0 is not text");
	}
	while (!error && reader->at < reader->length)
		error = take_next(reader);
	return error;
}

static int join_first(struct reader *reader, const char *name)
{
	struct source *source = reader->source;
	struct source_bracket *open;
	struct source_place place;
	int error;

	/* Room for all there can be: what is never written to costs nothing. */
	source->text = malloc(SOURCE_BYTES + 1);
	if (!source->text)
		return fault_set(reader->fault, -ENOMEM, "%s: %s", name,
				 strerror(ENOMEM));
	source->text[0] = '\0';
	source->line = 1;
	error = join(reader, name);
	if (error || source->depth == 0)
		return error;
	open = &source->bracket[source->depth];
	place = source_find_place(source, open->line);
	return fault_set(reader->fault, -EINVAL,
			 "%s:%u: syntax: this \"%c\" is never closed", place.file,
			 place.line, open->letter);
}

int source_read(struct source *source, const char *path, struct fault *fault)
{
	struct reader reader = {.source = source, .line = 1, .fault = fault};
	char directory[PATH_MAX];
	char *text = NULL;
	struct fault why;
	int error = read_file(path, &text, &reader.length, &why);

	if (error)
		return fault_set(fault, error, "%s: %s", path, why.text);
	find_directory(directory, path);
	reader.directory = directory;
	reader.text = text;
	error = join_first(&reader, path);
	free(text);
	return error;
}

int source_read_text(struct source *source, const char *name, const char *directory,
		     const char *text, struct fault *fault)
{
	struct reader reader = {.source = source,
				.directory = directory,
				.text = text,
				.length = strlen(text),
				.line = 1,
				.fault = fault};

	return join_first(&reader, name);
}

void source_free(struct source *source)
{
	free(source->text);
	*source = (struct source){0};
}

struct source_place source_find_place(const struct source *source, unsigned line)
{
	struct source_place place = source->mark[0].place;

	for (unsigned i = 0; i < source->marks && source->mark[i].line <= line; i++) {
		place = source->mark[i].place;
		place.line += line - source->mark[i].line;
	}
	return place;
}
