#include "worker/http/files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "worker/http/media.h"
#include "worker/http/range.h"
#include "worker/http/request.h"

/* What one answer is made of. */
struct file {
	int fd;
	struct stat status;
	const char *type;
	char tag[RANGE_TAG];
	char modified[RANGE_DATE];
};

static int open_below(int root, const char *path)
{
	/* Non-blocking, or a FIFO without a writer would stop the loop. */
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
	long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

	return fd == -1 ? -errno : (int)fd;
}

int files_open(struct files *files, const char *root, const char *index)
{
	int probe;

	files->index = index;
	files->root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (files->root == -1)
		return -errno;
	probe = open_below(files->root, ".");
	if (probe >= 0)
		(void)close(probe);
	else
		files_close(files);
	return probe < 0 ? probe : 0;
}

void files_close(struct files *files)
{
	if (files->root != -1)
		(void)close(files->root);
	files->root = -1;
}

static bool is_hidden(const char *path)
{
	static const char public[] = "/.well-known";

	for (const char *dot = path; (dot = strstr(dot, "/.")) != NULL; dot++) {
		const char *end = dot + strlen(public);

		if (strncmp(dot, public, strlen(public)) != 0 ||
		    (*end != '/' && *end != '\0'))
			return true;
	}
	return false;
}

static unsigned status_of(int error)
{
	switch (-error) {
	case EACCES:
	case EPERM:
		return MHD_HTTP_FORBIDDEN;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EAGAIN: /* openat2 met a rename on its way */
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	case ENAMETOOLONG:
		return MHD_HTTP_URI_TOO_LONG;
	default: /* not there, a way out, a device without driver... */
		return MHD_HTTP_NOT_FOUND;
	}
}

static bool is_plain(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || strchr("-._~/!$&'()*+,;=:@", byte) != NULL;
}

/* "/docs" -> "/docs/", so that links within the directory work. */
static enum MHD_Result redirect_to_directory(struct request *request, const char *path)
{
	static const char digits[] = "0123456789ABCDEF";
	char location[3 * PATH_MAX];
	struct MHD_Response *response;
	size_t used = 0;

	location[used++] = '/'; /* one: two would name another host */
	for (; *path != '\0' && used < sizeof(location) - 5; path++) {
		unsigned char byte = (unsigned char)*path;

		if (is_plain(*path)) {
			location[used++] = *path;
			continue;
		}
		location[used++] = '%';
		location[used++] = digits[byte >> 4];
		location[used++] = digits[byte & 15];
	}
	location[used++] = '/';
	location[used] = '\0';
	response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	if (response != NULL)
		(void)MHD_add_response_header(response, "Location", location);
	return request_answer(request, MHD_HTTP_MOVED_PERMANENTLY, response);
}

static void add_headers(struct MHD_Response *response, const struct file *file,
			const char *content_range)
{
	if (response == NULL)
		return;
	(void)MHD_add_response_header(response, "ETag", file->tag);
	(void)MHD_add_response_header(response, "Last-Modified", file->modified);
	(void)MHD_add_response_header(response, "Accept-Ranges", "bytes");
	(void)MHD_add_response_header(response, "Content-Type", file->type);
	(void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (content_range != NULL)
		(void)MHD_add_response_header(response, "Content-Range", content_range);
}

/* An answer without a body.  The file is closed. */
static enum MHD_Result answer_bare(struct request *request, const struct file *file,
				   unsigned status, const char *content_range)
{
	struct MHD_Response *response;

	(void)close(file->fd);
	response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	add_headers(response, file, content_range);
	return request_answer(request, status, response);
}

/* The file, or a part of it.  The descriptor goes to the response. */
static enum MHD_Result answer_bytes(struct request *request, const struct file *file,
				    const struct range *range, unsigned status,
				    const char *content_range)
{
	struct MHD_Response *response = MHD_create_response_from_fd_at_offset64(
		range->count, file->fd, range->first);

	if (response == NULL)
		(void)close(file->fd);
	add_headers(response, file, content_range);
	return request_answer(request, status, response);
}

static bool has_it_already(const struct request *request, const struct file *file)
{
	const char *tags = request_header(request, "If-None-Match");
	const char *date = request_header(request, "If-Modified-Since");

	if (tags != NULL)
		return range_lists_tag(tags, file->tag);
	return date != NULL && range_is_unchanged(date, file->status.st_mtime);
}

static enum MHD_Result answer_file(struct request *request, const struct file *file)
{
	uint64_t size = (uint64_t)file->status.st_size;
	const char *wanted = request_header(request, "Range");
	const char *validator = request_header(request, "If-Range");
	struct range range = {.first = 0, .count = size};
	char content_range[96];

	if (has_it_already(request,
			   file)) /* sent without its bytes, but with their number */
		return answer_bytes(request, file, &range, MHD_HTTP_NOT_MODIFIED, NULL);
	if (!request_is(request, "GET"))
		wanted = NULL;
	if (validator != NULL &&
	    !range_is_current(validator, file->tag, file->status.st_mtime))
		wanted = NULL;

	switch (range_parse(wanted, size, &range)) {
	case RANGE_PART:
		(void)snprintf(content_range, sizeof(content_range),
			       "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range.first,
			       range.first + range.count - 1, size);
		return answer_bytes(request, file, &range, MHD_HTTP_PARTIAL_CONTENT,
				    content_range);
	case RANGE_BEYOND:
		(void)snprintf(content_range, sizeof(content_range), "bytes */%" PRIu64,
			       size);
		return answer_bare(request, file, MHD_HTTP_RANGE_NOT_SATISFIABLE,
				   content_range);
	case RANGE_WHOLE:
	case RANGE_KINDS:
		break;
	}
	return answer_bytes(request, file, &range, MHD_HTTP_OK, NULL);
}

static bool is_folder(const struct files *files, const char *path)
{
	int fd = open_below(files->root, *path != '\0' ? path : ".");

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0; /* its name ends with a slash, so it is nothing else */
}

/* `path` is relative to the root.  The caller closes ret_file->fd on success. */
static int open_file(const struct files *files, const char *path, struct file *ret_file)
{
	ret_file->fd = open_below(files->root, path);
	if (ret_file->fd < 0)
		return ret_file->fd;
	if (fstat(ret_file->fd, &ret_file->status) == -1) {
		(void)close(ret_file->fd);
		return -EIO;
	}
	return 0;
}

/* "docs/" -> "docs/index.html"; "" is the root itself. */
static unsigned find_file(const struct files *files, const char *path,
			  struct file *ret_file)
{
	char indexed[PATH_MAX];
	size_t length = strlen(path);
	bool folder = length == 0 || path[length - 1] == '/';
	int error;

	if (folder) {
		int bytes =
			snprintf(indexed, sizeof(indexed), "%s%s", path, files->index);

		if (bytes >= (int)sizeof(indexed))
			return MHD_HTTP_URI_TOO_LONG;
	}
	error = open_file(files, folder ? indexed : path, ret_file);
	if (error == -ENOENT && folder && is_folder(files, path))
		return MHD_HTTP_FORBIDDEN;
	if (error < 0)
		return status_of(error);
	if (S_ISREG(ret_file->status.st_mode))
		return MHD_HTTP_OK;
	(void)close(ret_file->fd);
	if (S_ISDIR(ret_file->status.st_mode))
		return folder ? MHD_HTTP_FORBIDDEN : MHD_HTTP_MOVED_PERMANENTLY;
	return MHD_HTTP_NOT_FOUND;
}

enum MHD_Result files_answer(const struct files *files, struct request *request)
{
	const char *path = request->path + strspn(request->path, "/");
	struct file file;
	unsigned status;

	if (!request_is(request, "GET") && !request_is(request, "HEAD"))
		return request_refuse_method(request, "GET, HEAD");
	if (request->path[0] != '/' || is_hidden(request->path))
		return request_answer_status(request, MHD_HTTP_NOT_FOUND);
	status = find_file(files, path, &file);
	if (status == MHD_HTTP_MOVED_PERMANENTLY)
		return redirect_to_directory(request, path);
	if (status != MHD_HTTP_OK)
		return request_answer_status(request, status);
	file.type = media_type(
		*path != '\0' && path[strlen(path) - 1] != '/' ? path : files->index);
	range_format_tag(file.tag, &file.status.st_mtim, (uint64_t)file.status.st_size);
	range_format_date(file.modified, file.status.st_mtime);
	return answer_file(request, &file);
}
