#include "common/places.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define RUN_MODE     0711 /* workers of other users find their notify sockets in it */
#define LOG_MODE     0750
#define STATE_MODE   0700
#define PRIVATE_MODE 0700
#define PARENT_MODE  0755
#define OTHERS_WRITE (S_IWGRP | S_IWOTH)

#define SOCKET_PATH sizeof(((struct sockaddr_un *)NULL)->sun_path)

#define TEMPORARY_RUN "/tmp/clusterd-" /* the user's number follows */

/* The built-in program by whose being beside us we know that we are not installed. */
#define BESIDE_US "cluster-worker"

/* Paths are written one after the other; the first that fails is the one that counts. */
struct search {
	struct fault *fault;
	int error;
};

static void PRINTF_LIKE(3, 4)
	put(struct search *search, char path[PLACES_PATH], const char *format, ...)
{
	va_list arguments;
	int length;

	if (search->error)
		return;
	va_start(arguments, format);
	length = vsnprintf(path, PLACES_PATH, format, arguments);
	va_end(arguments);
	if (length < 0 || length >= PLACES_PATH)
		search->error = fault_set(search->fault, -ENAMETOOLONG,
					  "%.64s...: path is too long", path);
}

/* The XDG rules: a path that is not absolute is to be ignored. */
static const char *absolute_variable(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] == '/' ? value : NULL;
}

/* What systemd made for our unit, where it did; of several ("a:b") the first. */
static void prefer_unit_directory(struct search *search, char path[PLACES_PATH],
				  const char *variable)
{
	const char *value = absolute_variable(variable);

	if (value)
		put(search, path, "%.*s", (int)strcspn(value, ":"), value);
}

static void find_under_home(struct search *search, struct places *places,
			    const char *home)
{
	char base[PLACES_PATH] = "";
	char here[PLACES_PATH] = "";

	if (home[0] == '/')
		put(search, base, "%s", home);
	else if (getcwd(here, sizeof(here)))
		put(search, base, "%s/%s", here, home);
	else
		search->error = fault_set(search->fault, -errno, "current directory: %s",
					  strerror(errno));
	put(search, places->config, "%s/cluster.conf", base);
	put(search, places->run, "%s/run", base);
	put(search, places->log, "%s/log", base);
	put(search, places->state, "%s/state", base);
}

static void find_for_root(struct search *search, struct places *places)
{
	put(search, places->config, "%s", CLUSTERD_SYSCONFDIR "/clusterd/cluster.conf");
	put(search, places->run, "/run/clusterd");
	put(search, places->log, "/var/log/clusterd");
	put(search, places->state, "/var/lib/clusterd");
}

static void put_xdg(struct search *search, char path[PLACES_PATH], const char *variable,
		    const char *below_home)
{
	const char *value = absolute_variable(variable);
	const char *home = absolute_variable("HOME");

	if (!home) {
		const struct passwd *user = getpwuid(geteuid());

		home = user ? user->pw_dir : "/";
	}
	if (value)
		put(search, path, "%s/clusterd", value);
	else
		put(search, path, "%s/%s/clusterd", home, below_home);
}

static void find_for_user(struct search *search, struct places *places)
{
	const char *runtime = absolute_variable("XDG_RUNTIME_DIR");
	char base[PLACES_PATH] = "";

	put_xdg(search, base, "XDG_CONFIG_HOME", ".config");
	put(search, places->config, "%s/cluster.conf", base);
	put_xdg(search, places->state, "XDG_STATE_HOME", ".local/state");
	put(search, places->log, "%s/log", places->state);
	if (runtime)
		put(search, places->run, "%s/clusterd", runtime);
	else
		put(search, places->run, TEMPORARY_RUN "%u", (unsigned)geteuid());
}

int places_find(struct places *ret_places, const char *home, struct fault *fault)
{
	struct places places = {0};
	struct search search = {.fault = fault};

	if (!home)
		home = getenv("CLUSTERD_HOME");
	if (home && home[0]) {
		find_under_home(&search, &places, home);
	} else {
		if (geteuid() == 0)
			find_for_root(&search, &places);
		else
			find_for_user(&search, &places);
		prefer_unit_directory(&search, places.run, "RUNTIME_DIRECTORY");
		prefer_unit_directory(&search, places.state, "STATE_DIRECTORY");
		prefer_unit_directory(&search, places.log, "LOGS_DIRECTORY");
	}
	put(&search, places.config_directory, "%.*s/conf.d",
	    (int)(strlen(places.config) - strlen("/cluster.conf")), places.config);
	put(&search, places.control, "%s/control.sock", places.run);
	if (search.error)
		return search.error;
	if (strlen(places.control) >= SOCKET_PATH)
		return fault_set(
			fault, -ENAMETOOLONG,
			"%s: longer than the %zu bytes that the path of a socket "
			"may have; set CLUSTERD_HOME to a shorter one",
			places.control, SOCKET_PATH - 1);
	*ret_places = places;
	return 0;
}

static int make_parents(const char *path, struct fault *fault)
{
	char parent[PLACES_PATH];

	for (const char *slash = strchr(path + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		(void)snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
		if (mkdir(parent, PARENT_MODE) == -1 && errno != EEXIST)
			return fault_set(fault, -errno, "%s: %s", parent,
					 strerror(errno));
	}
	return 0;
}

/* A directory that is there already keeps its mode: somebody chose it. */
static int make_directory(const char *path, mode_t mode, struct fault *fault)
{
	struct stat status;
	int error = make_parents(path, fault);

	if (error)
		return error;
	if (mkdir(path, mode) == 0) {
		/* The umask must not take what the mode promises. */
		if (chmod(path, mode) == -1)
			return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
		return 0;
	}
	if (errno != EEXIST)
		return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
	if (stat(path, &status) == -1)
		return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISDIR(status.st_mode))
		return fault_set(fault, -ENOTDIR, "%s: not a directory", path);
	return 0;
}

/* Whoever can write to it could put sockets of his own in the place of ours. */
static int check_run(const char *path, mode_t forbidden, struct fault *fault)
{
	struct stat status;

	if (lstat(path, &status) == -1)
		return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISDIR(status.st_mode))
		return fault_set(fault, -ENOTDIR, "%s: not a directory", path);
	if (status.st_uid != geteuid())
		return fault_set(fault, -EPERM, "%s: belongs to another user (%u)", path,
				 (unsigned)status.st_uid);
	if (status.st_mode & forbidden)
		return fault_set(fault, -EPERM,
				 "%s: mode is %04o, others may %s it: chmod %s %s", path,
				 (unsigned)status.st_mode & 07777,
				 status.st_mode & OTHERS_WRITE ? "write to" : "enter",
				 forbidden & S_IXOTH ? "0700" : "go-w", path);
	return 0;
}

static bool is_temporary(const char *run)
{
	char temporary[PLACES_PATH];

	(void)snprintf(temporary, sizeof(temporary), TEMPORARY_RUN "%u",
		       (unsigned)geteuid());
	return strcmp(run, temporary) == 0;
}

int places_make(const struct places *places, struct fault *fault)
{
	bool temporary = is_temporary(places->run);
	int error =
		make_directory(places->run, temporary ? PRIVATE_MODE : RUN_MODE, fault);

	if (error)
		return error;
	error = check_run(places->run, temporary ? S_IRWXG | S_IRWXO : OTHERS_WRITE,
			  fault);
	if (error)
		return error;
	error = make_directory(places->state, STATE_MODE, fault);
	if (error)
		return error;
	return make_directory(places->log, LOG_MODE, fault);
}

int places_own_directory(char *text, size_t size)
{
	ssize_t length = readlink("/proc/self/exe", text, size);
	char *slash;

	if (length == -1)
		return -errno;
	if ((size_t)length >= size)
		return -ENAMETOOLONG;
	text[length] = '\0';
	slash = strrchr(text, '/');
	if (!slash)
		return -ENOENT;
	slash[slash == text] = '\0';
	return 0;
}

static int check_program(const char *path)
{
	struct stat status;

	if (stat(path, &status) == -1)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return S_ISDIR(status.st_mode) ? -EISDIR : -EACCES;
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == -1)
		return -errno;
	return 0;
}

/* Tries DIRECTORY/NAME; `directory` need not end where `length` ends. */
static bool is_program_in(char *path, size_t size, const char *directory, size_t length,
			  const char *name)
{
	int written = snprintf(path, size, "%.*s/%s", (int)length, directory, name);

	return written > 0 && (size_t)written < size && check_program(path) == 0;
}

static bool find_ours(char *path, size_t size, const char *name)
{
	char own[PLACES_PATH];
	char beside[PLACES_PATH];
	size_t length;

	if (places_own_directory(own, sizeof(own)) == 0) {
		length = strlen(own);
		if (is_program_in(beside, sizeof(beside), own, length, BESIDE_US))
			return is_program_in(path, size, own, length, name);
		/* An installation that was moved as a whole finds its own parts. */
		length = (size_t)(strrchr(own, '/') - own);
		(void)snprintf(beside, sizeof(beside), "%.*s/libexec/clusterd",
			       (int)length, own);
		if (is_program_in(path, size, beside, strlen(beside), name))
			return true;
	}
	return is_program_in(path, size, CLUSTERD_LIBEXECDIR, strlen(CLUSTERD_LIBEXECDIR),
			     name);
}

static bool find_in_path(char *path, size_t size, const char *name,
			 const char *search_path, const char *directory)
{
	char element[PATH_MAX];

	while (search_path) {
		size_t length = strcspn(search_path, ":");

		/* An empty element is the current directory, by old custom. */
		if (search_path[0] != '/')
			(void)snprintf(element, sizeof(element), "%s/%.*s", directory,
				       (int)length, search_path);
		else
			(void)snprintf(element, sizeof(element), "%.*s", (int)length,
				       search_path);
		if (is_program_in(path, size, element, strlen(element), name))
			return true;
		search_path = search_path[length] ? search_path + length + 1 : NULL;
	}
	return false;
}

int places_find_program(char *path, size_t size, const char *name,
			const char *search_path, const char *directory,
			struct fault *fault)
{
	int error;
	int length;

	if (!directory)
		directory = ".";
	if (!strchr(name, '/')) {
		if (find_ours(path, size, name) ||
		    find_in_path(path, size, name, search_path, directory))
			return 0;
		return fault_set(fault, -ENOENT, "%s: no such program in PATH", name);
	}
	if (name[0] == '/')
		length = snprintf(path, size, "%s", name);
	else
		length = snprintf(path, size, "%s/%s", directory, name);
	if (length < 0 || (size_t)length >= size)
		return fault_set(fault, -ENAMETOOLONG, "%s: path is too long", name);
	error = check_program(path);
	if (error)
		return fault_set(fault, error, "%s: %s", path, strerror(-error));
	return 0;
}
