/*
 * conduit.c - the pipes through which workers write, one for each stream of a slot.
 *
 * A pipe outlives its workers, and the logger: we hold it for both ends by a single
 * descriptor, so that nobody who writes meets a pipe without a reader, and what was
 * written waits for the next logger.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/journal.h"
#include "common/logging.h"
#include "common/text.h"
#include "supervisor/estate.h"

#define FOLDER_MODE 0750

/* ---- where to ---- */

static void fill_in(char *path, size_t size, const char *pattern, int slot)
{
	const char *mark;
	size_t used = 0;

	while (slot >= 0 && (mark = strstr(pattern, "%i")) != NULL && used < size) {
		used += (size_t)snprintf(path + used, size - used, "%.*s%d",
					 (int)(mark - pattern), pattern, slot);
		pattern = mark + 2;
	}
	if (used < size)
		(void)snprintf(path + used, size - used, "%s", pattern);
}

void conduit_path(const struct app *app, const struct app_spec *spec,
		  enum spec_stream stream, int slot, char *path, size_t size)
{
	const char *folder = app->supervisor->places.log;
	const char *given = spec->log.path[stream];
	char pattern[LOGGING_PATH];

	if (spec->log.to == SPEC_LOG_JOURNAL) {
		(void)text_copy(path, size, JOURNAL_SOCKET);
		return;
	}
	if (given == NULL)
		(void)snprintf(pattern, sizeof(pattern), "%s/%s-%s.log", folder,
			       app->name, stream == SPEC_OUT ? "out" : "err");
	else
		(void)snprintf(pattern, sizeof(pattern), "%s%s%s",
			       given[0] == '/' ? "" : folder, given[0] == '/' ? "" : "/",
			       given);
	fill_in(path, size, pattern, slot);
}

static int make_folder(const char *path)
{
	char folder[LOGGING_PATH];
	char *slash;

	(void)text_copy(folder, sizeof(folder), path);
	for (slash = strchr(folder + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, FOLDER_MODE) == -1 && errno != EEXIST &&
		    access(folder, F_OK) == -1)
			return -errno;
		*slash = '/';
	}
	slash = strrchr(folder, '/');
	*slash = '\0';
	return faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == -1 ? -errno : 0;
}

static int check_file(const char *path)
{
	struct stat status;

	if (stat(path, &status) == -1)
		return errno == ENOENT ? make_folder(path) : -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == -1 ? -errno : 0;
}

int conduit_check(const struct app *app, const struct app_spec *spec, struct fault *fault)
{
	char path[LOGGING_PATH];

	for (unsigned i = 0; i < SPEC_STREAMS; i++) {
		int result;

		if (!spec_logs(spec, (enum spec_stream)i))
			continue;
		conduit_path(app, spec, (enum spec_stream)i, 0, path, sizeof(path));
		if (spec->log.to == SPEC_LOG_JOURNAL)
			result = access(path, W_OK) == -1 ? -errno : 0;
		else
			result = check_file(path);
		if (result < 0)
			return fault_set(fault, result, "log %s: %s", path,
					 strerror(-result));
	}
	return 0;
}

/* ---- the pipes ---- */

static const char *const names[SPEC_STREAMS] = {[SPEC_OUT] = "out", [SPEC_ERR] = "err"};

static int open_through(int fd, int flags)
{
	char path[64];
	int opened;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	opened = open(path, flags | O_CLOEXEC);
	return opened == -1 ? -errno : opened;
}

static int make_pipe(struct conduit *conduit, uint32_t number)
{
	int ends[2];
	int fd;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return -errno;
	fd = open_through(ends[0], O_RDWR | O_NONBLOCK);
	(void)close(ends[0]);
	(void)close(ends[1]);
	if (fd < 0)
		return fd;
	*conduit = (struct conduit){.fd = fd, .number = number};
	return 0;
}

int conduit_reader(int fd)
{
	return open_through(fd, O_RDONLY | O_NONBLOCK);
}

/* The rules of the generation whose worker sits there, or sat there last. */
static const struct app_spec *rules_of(const struct place *place, enum spec_stream stream)
{
	const struct generation *generation =
		generation_find(place->app, place->conduit[stream].generation);

	return generation != NULL ? generation->spec : app_spec(place->app);
}

static enum logging_packing packing_of(enum spec_packing packing)
{
	if (packing == SPEC_PACKING_NONE)
		return LOGGING_PLAIN;
	return packing == SPEC_PACKING_ZSTD ? LOGGING_ZSTD : LOGGING_GZIP;
}

static enum logging_format format_of(enum spec_log_format format)
{
	if (format == SPEC_LOG_RAW)
		return LOGGING_RAW;
	return format == SPEC_LOG_JSON ? LOGGING_JSON : LOGGING_PREFIXED;
}

void conduit_describe(const struct place *place, enum spec_stream stream,
		      struct logging_order *ret_order)
{
	const struct app_spec *spec = rules_of(place, stream);

	*ret_order = (struct logging_order){
		.version = LOGGING_VERSION,
		.verb = LOGGING_ATTACH,
		.feed = place->conduit[stream].number,
		.slot = place->slot,
		.stream = stream == SPEC_OUT ? LOGGING_OUT : LOGGING_ERR,
		.target =
			spec->log.to == SPEC_LOG_JOURNAL ? LOGGING_JOURNAL : LOGGING_FILE,
		.format = format_of(spec->log.format),
		.rules = {.rotate = spec->log.rotate,
			  .age = spec->log.age,
			  .keep = spec->log.keep,
			  .packing = packing_of(spec->log.packing)},
	};
	(void)text_copy(ret_order->app, sizeof(ret_order->app), place->app->name);
	conduit_path(place->app, spec, stream, (int)place->slot, ret_order->path,
		     sizeof(ret_order->path));
}

int conduit_open(struct place *place, enum spec_stream stream,
		 const struct generation *generation, struct fault *fault)
{
	struct conduit *conduit = &place->conduit[stream];
	struct supervisor *supervisor = place->app->supervisor;
	int result = 0;

	if (conduit->fd == 0) {
		result = make_pipe(conduit, ++supervisor->logger.last_number);
		if (result == 0)
			(void)remember_fd(supervisor, conduit->fd, "%s.%u.%s",
					  place->app->name, place->slot, names[stream]);
	}
	if (result == 0 && generation->rights.changes_identity) /* for /dev/stdout */
		(void)!fchown(conduit->fd, generation->rights.uid,
			      generation->rights.gid);
	if (result == 0)
		result = open_through(conduit->fd, O_WRONLY);
	if (result < 0)
		return fault_set(fault, result, "log: cannot make a pipe: %s",
				 strerror(-result));
	if (conduit->generation != generation->number)
		conduit->told = false;
	conduit->generation = generation->number;
	supervisor->logger.stale |= !conduit->told;
	supervisor->logger.needed = true;
	return result;
}

/* What was not kept is made anew by the next worker. */
void conduit_adopt(struct place *place)
{
	struct supervisor *supervisor = place->app->supervisor;
	char name[STORE_NAME];

	for (unsigned i = 0; i < SPEC_STREAMS; i++) {
		struct conduit *conduit = &place->conduit[i];
		int fd;

		(void)snprintf(name, sizeof(name), "%s.%u.%s", place->app->name,
			       place->slot, names[i]);
		fd = store_take(&supervisor->store, name);
		if (fd < 0 || conduit->number == 0) {
			fd_close(&fd);
			*conduit = (struct conduit){0};
			continue;
		}
		conduit->fd = fd;
		supervisor->logger.needed = supervisor->logger.stale = true;
	}
}

void conduit_end(struct place *place)
{
	for (unsigned i = 0; i < SPEC_STREAMS; i++) {
		if (place->conduit[i].fd == 0)
			continue;
		place->conduit[i].ended = true;
		place->app->supervisor->logger.stale = true;
	}
}

void conduit_renew(const struct app *app)
{
	for (unsigned i = 0; i <= CORE_SLOTS; i++)
		for (unsigned j = 0; app->place[i] != NULL && j < SPEC_STREAMS; j++)
			app->place[i]->conduit[j].told = false;
	app->supervisor->logger.stale = true;
}

static void part(struct place *place, enum spec_stream stream)
{
	struct logger *logger = &place->app->supervisor->logger;
	struct parting *parting = calloc(1, sizeof(*parting));

	forget_fd(place->app->supervisor, "%s.%u.%s", place->app->name, place->slot,
		  names[stream]);
	if (parting == NULL) { /* the logger, if it has it, reads to the end */
		(void)close(place->conduit[stream].fd);
		return;
	}
	parting->fd = place->conduit[stream].fd;
	parting->attached = place->conduit[stream].told;
	conduit_describe(place, stream, &parting->order);
	parting->next = logger->partings;
	logger->partings = parting;
	logger->stale = true;
}

void conduit_part(struct place *place)
{
	for (unsigned i = 0; i < SPEC_STREAMS; i++)
		if (place->conduit[i].fd != 0)
			part(place, (enum spec_stream)i);
}
