#include "worker/http/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "worker/http/request.h"
#include "worker/http/server.h"

#define NAME_BYTES 512 /* of an app's name, each byte of it escaped */
#define TIME_BYTES 48

static const char page[] =
	"<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width\">\n"
	"<title>%s</title>\n"
	"<style>\n"
	":root { color-scheme: light dark }\n"
	"body { font: 1rem/1.6 system-ui, sans-serif; max-width: 34rem;"
	" margin: 12vh auto; padding: 0 1rem }\n"
	"h1 { font-size: 1.4rem }\n"
	"dl { display: grid; grid-template-columns: 9rem 1fr }\n"
	"dt { opacity: .7 } dd { margin: 0; font-variant-numeric: tabular-nums }\n"
	"</style>\n"
	"<h1>%s %s</h1>\n"
	"<dl>\n"
	"<dt>worker<dd>slot %s of %s\n"
	"<dt>process<dd>%s\n"
	"<dt>generation<dd>%s\n"
	"<dt>up for<dd>%s\n"
	"<dt>requests<dd>%" PRIu64 "\n"
	"<dt>connections<dd>%u\n"
	"</dl>\n"
	"<p>Another connection may meet another worker.\n";

static void escape(char *text, size_t bytes, const char *raw)
{
	size_t used = 0;

	for (; *raw != '\0' && used + sizeof("&#255;") <= bytes; raw++) {
		if (strchr("<>&\"'", *raw) != NULL)
			used += (size_t)snprintf(text + used, bytes - used, "&#%d;",
						 *raw);
		else
			text[used++] = *raw;
	}
	text[used] = '\0';
}

static void format_time(char text[TIME_BYTES], msec span)
{
	long seconds = (long)(span / 1000);

	if (seconds < 60)
		(void)snprintf(text, TIME_BYTES, "%ld s", seconds);
	else if (seconds < 3600)
		(void)snprintf(text, TIME_BYTES, "%ld min %ld s", seconds / 60,
			       seconds % 60);
	else if (seconds < 86400)
		(void)snprintf(text, TIME_BYTES, "%ld h %ld min", seconds / 3600,
			       seconds % 3600 / 60);
	else
		(void)snprintf(text, TIME_BYTES, "%ld d %ld h", seconds / 86400,
			       seconds % 86400 / 3600);
}

static const char *or_dash(const char *text)
{
	return text != NULL ? text : "-";
}

enum MHD_Result status_answer(struct request *request)
{
	const struct server *server = request->server;
	const struct identity *who = &server->who;
	char name[NAME_BYTES];
	char uptime[TIME_BYTES];
	char text[sizeof(page) + 2 * NAME_BYTES + 10 * IDENTITY_NUMBER + TIME_BYTES];

	if (!request_is(request, "GET") && !request_is(request, "HEAD") &&
	    !request_is(request, "POST"))
		return request_refuse_method(request, "GET, HEAD, POST");
	escape(name, sizeof(name), who->app != NULL ? who->app : "cluster-worker");
	format_time(uptime, clock_now() - server->started);
	(void)snprintf(text, sizeof(text), page, name, name,
		       who->app != NULL ? "is served by clusterd" : "serves",
		       or_dash(who->slot), or_dash(who->instances), who->pid,
		       or_dash(who->generation), uptime, server->figures.requests,
		       server->peers.open);
	return request_answer_text(request, MHD_HTTP_OK, "text/html; charset=utf-8",
				   text);
}
