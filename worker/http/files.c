#include "worker/http/files.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker/http/coding.h"
#include "worker/http/condition.h"
#include "worker/http/media.h"
#include "worker/http/path.h"
#include "worker/http/range.h"
#include "worker/http/request.h"

#define MISSING "404.html"

/* What one answer is made of. */
struct file {
	int fd;
	struct stat status;
	char name[PATH_MAX]; /* relative to the root, without a coding's suffix */
	const char *type;
	bool varies; /* by Accept-Encoding */
	enum coding coding;
	char tag[CONDITION_TAG];
	char modified[CONDITION_DATE];
	char lifetime[LIFETIME_TEXT];
};

/* ---- finding ---- */

/* -EISDIR: it is a directory. */
static int open_regular(const struct files *files, const char *name,
			struct file *ret_file)
{
	int fd = beneath_open(&files->below, name);
	int error = 0;

	if (fd < 0)
		return fd;
	if (fstat(fd, &ret_file->status) == -1)
		error = -EIO;
	else if (S_ISDIR(ret_file->status.st_mode))
		error = -EISDIR;
	else if (!S_ISREG(ret_file->status.st_mode))
		error = -ENOENT;
	if (error < 0)
		(void)close(fd);
	else
		ret_file->fd = fd;
	return error;
}

static bool is_folder(const struct files *files, const char *path)
{
	int fd = beneath_open(&files->below, path);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0; /* its name ends with a slash, so it is nothing else */
}

/* "docs/" -> "docs/index.html"; "" is the root.  -ENODATA: a folder without an index. */
static int find_named(const struct files *files, const char *path, struct file *ret_file)
{
	size_t length = strlen(path);
	bool folder = length == 0 || path[length - 1] == '/';
	int bytes = snprintf(ret_file->name, sizeof(ret_file->name), "%s%s", path,
			     folder ? files->index : "");
	int error;

	if (bytes >= (int)sizeof(ret_file->name))
		return -ENAMETOOLONG;
	error = open_regular(files, ret_file->name, ret_file);
	if (folder && error == -ENOENT && is_folder(files, path))
		return -ENODATA;
	if (folder && error == -EISDIR)
		return -ENODATA;
	return error;
}

/* The pages of a single-page application are made by the script that its index loads;
 * what has the name of a file is none of them. */
static int find_file(const struct files *files, const char *path, struct file *ret_file)
{
	int error = find_named(files, path, ret_file);

	if (files->single_page && !path_has_extension(path) &&
	    (error == -ENOENT || error == -ENOTDIR || error == -ENODATA))
		return find_named(files, "", ret_file);
	return error;
}

/* Takes the file's sibling in this coding in its place, if it is there and up to date. */
static bool take_sibling(const struct files *files, struct file *file, enum coding coding)
{
	char name[PATH_MAX];
	struct file sibling;
	int bytes =
		snprintf(name, sizeof(name), "%s%s", file->name, coding_suffix(coding));

	if (bytes >= (int)sizeof(name) || open_regular(files, name, &sibling) < 0)
		return false;
	if (sibling.status.st_mtime < file->status.st_mtime) {
		(void)close(sibling.fd);
		return false;
	}
	(void)close(file->fd);
	file->fd = sibling.fd;
	file->status = sibling.status;
	file->coding = coding;
	return true;
}

/* False: the client accepts nothing of what is there. */
static bool choose_coding(const struct files *files, const struct request *request,
			  struct file *file)
{
	enum coding order[CODINGS];
	unsigned count = coding_order(request_header(request, "Accept-Encoding"), order);

	file->coding = CODING_IDENTITY;
	file->varies = !media_is_packed(file->name);
	if (!file->varies)
		return true;
	for (unsigned i = 0; i < count; i++)
		if (order[i] == CODING_IDENTITY || take_sibling(files, file, order[i]))
			return true;
	return false;
}

static void describe(const struct files *files, struct file *file)
{
	bool is_page;

	file->type = media_type(file->name);
	is_page = strncmp(file->type, "text/html", strlen("text/html")) == 0;
	condition_format_tag(file->tag, &file->status.st_mtim,
			     (uint64_t)file->status.st_size, coding_suffix(file->coding));
	condition_format_date(file->modified, file->status.st_mtime);
	lifetime_format(&files->lifetime, file->lifetime, file->name, is_page);
}

/* ---- answering ---- */

static unsigned status_of(int error)
{
	switch (-error) {
	case EACCES:
	case EPERM:
	case ENODATA:
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

/* "/docs?a" -> "/docs/?a", so that links within the directory work. */
static enum MHD_Result redirect_to_folder(struct request *request)
{
	char location[4 * PATH_MAX];
	struct MHD_Response *response;
	size_t length;

	if (!path_encode(location, sizeof(location), request->path))
		return request_answer_status(request, MHD_HTTP_URI_TOO_LONG);
	length = strlen(location);
	if (length + strlen("/") + strlen(request->query) >= sizeof(location))
		return request_answer_status(request, MHD_HTTP_URI_TOO_LONG);
	(void)snprintf(location + length, sizeof(location) - length, "/%s",
		       request->query);
	response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	if (response != NULL)
		(void)MHD_add_response_header(response, "Location", location);
	return request_answer(request, MHD_HTTP_MOVED_PERMANENTLY, response);
}

/* What caches need to know, with or without the bytes. */
static void add_validators(struct MHD_Response *response, const struct file *file)
{
	(void)MHD_add_response_header(response, "ETag", file->tag);
	(void)MHD_add_response_header(response, "Cache-Control", file->lifetime);
	if (file->varies)
		(void)MHD_add_response_header(response, "Vary", "Accept-Encoding");
}

static void add_description(struct MHD_Response *response, const struct file *file)
{
	(void)MHD_add_response_header(response, "Last-Modified", file->modified);
	(void)MHD_add_response_header(response, "Accept-Ranges", "bytes");
	(void)MHD_add_response_header(response, "Content-Type", file->type);
	(void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (file->coding != CODING_IDENTITY)
		(void)MHD_add_response_header(response, "Content-Encoding",
					      coding_name(file->coding));
}

/* An answer without a body.  The file is closed. */
static enum MHD_Result refuse(struct request *request, const struct file *file,
			      unsigned status, const char *content_range)
{
	struct MHD_Response *response;

	(void)close(file->fd);
	response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	if (response != NULL && file->varies)
		(void)MHD_add_response_header(response, "Vary", "Accept-Encoding");
	if (response != NULL && content_range != NULL)
		(void)MHD_add_response_header(response, "Content-Range", content_range);
	return request_answer(request, status, response);
}

/* The file, or a part of it.  The descriptor goes to the response. */
static enum MHD_Result answer_bytes(struct request *request, const struct file *file,
				    const struct range *range, unsigned status,
				    const char *content_range)
{
	struct MHD_Response *response = MHD_create_response_from_fd_at_offset64(
		range->count, file->fd, range->first);

	if (response == NULL) {
		(void)close(file->fd);
		return request_answer(request, status, NULL);
	}
	add_validators(response, file);
	if (status != MHD_HTTP_NOT_MODIFIED)
		add_description(response, file);
	if (content_range != NULL)
		(void)MHD_add_response_header(response, "Content-Range", content_range);
	return request_answer(request, status, response);
}

/* A part of the file as it is sent: of the sibling's bytes, where that was chosen. */
static enum MHD_Result answer_range(struct request *request, const struct file *file)
{
	uint64_t size = (uint64_t)file->status.st_size;
	const char *wanted = request_header(request, "Range");
	const char *validator = request_header(request, "If-Range");
	struct range range = {.first = 0, .count = size};
	char content_range[96];

	if (!request_is(request, "GET"))
		wanted = NULL;
	if (validator != NULL &&
	    !condition_allows_range(validator, file->tag, file->status.st_mtime))
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
		return refuse(request, file, MHD_HTTP_RANGE_NOT_SATISFIABLE,
			      content_range);
	case RANGE_WHOLE:
	case RANGE_KINDS:
		break;
	}
	return answer_bytes(request, file, &range, MHD_HTTP_OK, NULL);
}

static enum MHD_Result answer_file(struct request *request, const struct file *file)
{
	const struct condition condition = {
		.match = request_header(request, "If-Match"),
		.unmodified_since = request_header(request, "If-Unmodified-Since"),
		.none_match = request_header(request, "If-None-Match"),
		.modified_since = request_header(request, "If-Modified-Since"),
	};
	/* Sent without its bytes, but with their number. */
	const struct range whole = {.count = (uint64_t)file->status.st_size};

	switch (condition_judge(&condition, file->tag, file->status.st_mtime)) {
	case CONDITION_UNCHANGED:
		return answer_bytes(request, file, &whole, MHD_HTTP_NOT_MODIFIED, NULL);
	case CONDITION_FAILS:
		return refuse(request, file, MHD_HTTP_PRECONDITION_FAILED, NULL);
	case CONDITION_HOLDS:
	case CONDITION_VERDICTS:
		break;
	}
	return answer_range(request, file);
}

/* The site may have a page for what it has not. */
static enum MHD_Result answer_missing(const struct files *files, struct request *request)
{
	struct MHD_Response *response;
	struct file page;

	if (open_regular(files, MISSING, &page) < 0)
		return request_answer_status(request, MHD_HTTP_NOT_FOUND);
	response = MHD_create_response_from_fd64((uint64_t)page.status.st_size, page.fd);
	if (response == NULL) {
		(void)close(page.fd);
		return request_answer(request, MHD_HTTP_NOT_FOUND, NULL);
	}
	(void)MHD_add_response_header(response, "Content-Type", media_type(MISSING));
	(void)MHD_add_response_header(response, "Cache-Control", "no-store");
	return request_answer(request, MHD_HTTP_NOT_FOUND, response);
}

enum MHD_Result files_answer(const struct files *files, struct request *request)
{
	struct file file;
	int error;

	if (!request_is(request, "GET") && !request_is(request, "HEAD"))
		return request_refuse_method(request, "GET, HEAD");
	if (request->path[0] != '/' || path_is_hidden(request->path))
		return answer_missing(files, request);
	error = find_file(files, request->path + 1, &file);
	if (error == -EISDIR)
		return redirect_to_folder(request);
	if (error < 0 && status_of(error) == MHD_HTTP_NOT_FOUND)
		return answer_missing(files, request);
	if (error < 0)
		return request_answer_status(request, status_of(error));
	if (!choose_coding(files, request, &file))
		return refuse(request, &file, MHD_HTTP_NOT_ACCEPTABLE, NULL);
	describe(files, &file);
	return answer_file(request, &file);
}
