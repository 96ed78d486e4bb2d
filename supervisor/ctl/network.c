/*
 * network.c - checks of queues, ports and addresses, and of who else uses them.
 */
#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/address.h"
#include "common/text.h"
#include "supervisor/ctl/finding.h"

#define USUAL_BACKLOG   1024 /* of an app that says nothing */
#define FEW_DATAGRAMS   64
#define SYSTEM_DATAGRAM "/proc/sys/net/unix/max_dgram_qlen"

static void check_backlog(const struct patient *patient, struct finding *finding)
{
	int64_t asked = patient_most(patient, "backlog", USUAL_BACKLOG);
	int64_t most;

	if (!patient_number(patient, "/proc/sys/net/core/somaxconn", &most)) {
		finding_set(finding, "net.core.somaxconn cannot be read");
		return;
	}
	finding_set(finding, "net.core.somaxconn %" PRId64 ", backlog up to %" PRId64,
		    most, asked);
	if (most < asked)
		finding_blame(finding, FINDING_WARNING,
			      "queues are shorter than the configuration says",
			      "sysctl -w net.core.somaxconn=4096");
}

static void check_datagrams(const struct patient *patient, struct finding *finding)
{
	int64_t most;

	if (!patient_number(patient, SYSTEM_DATAGRAM, &most)) {
		finding_set(finding, "net.unix.max_dgram_qlen cannot be read");
		return;
	}
	finding_set(finding, "net.unix.max_dgram_qlen %" PRId64, most);
	if (most < FEW_DATAGRAMS)
		finding_blame(finding, FINDING_NOTE,
			      "so few messages of a worker wait for a busy supervisor; "
			      "more make programs wait that use sd_notify",
			      "sysctl -w net.unix.max_dgram_qlen=512");
}

/* "8080,9148-9150" */
static bool is_reserved(const char *list, unsigned port)
{
	for (char *end; *list >= '0' && *list <= '9'; list = end + (*end == ',')) {
		unsigned long first = strtoul(list, &end, 10);
		unsigned long last = *end == '-' ? strtoul(end + 1, &end, 10) : first;

		if (port >= first && port <= last)
			return true;
	}
	return false;
}

/* The first port of an app that outgoing connections may take; 0: none. */
static unsigned find_taken(const struct patient *patient, unsigned first, unsigned last,
			   const char **ret_app)
{
	char reserved[PATIENT_TEXT];

	if (patient_read(patient, "/proc/sys/net/ipv4/ip_local_reserved_ports",
			 reserved) < 0)
		reserved[0] = '\0';
	for (unsigned i = 0; i < patient->apps; i++) {
		const struct json *listen = json_find(patient->app[i], "listen");

		for (size_t j = 0; j < json_count(listen); j++) {
			const char *text = json_text(json_at(listen, j));
			struct address address;
			unsigned port;

			if (text == NULL || address_parse(&address, text, NULL) < 0)
				continue;
			port = address_port(&address);
			if (port < first || port > last || is_reserved(reserved, port))
				continue;
			*ret_app = json_find_text(patient->app[i], "name");
			return port;
		}
	}
	return 0;
}

static void check_ports(const struct patient *patient, struct finding *finding)
{
	char text[PATIENT_TEXT];
	unsigned first, last, port;
	const char *app = NULL;

	if (patient_read(patient, "/proc/sys/net/ipv4/ip_local_port_range", text) < 0 ||
	    sscanf(text, "%u %u", &first, &last) != 2) {
		finding_set(finding, "net.ipv4.ip_local_port_range cannot be read");
		return;
	}
	port = find_taken(patient, first, last, &app);
	if (port == 0) {
		finding_set(finding, "none of %u to %u, which the kernel gives away",
			    first, last);
		return;
	}
	finding_set(finding, "%u of %s is one of %u to %u, which the kernel gives away",
		    port, app, first, last);
	finding_blame(
		finding, FINDING_NOTE,
		"while nothing listens there, a connection to somewhere may take it",
		"sysctl -w net.ipv4.ip_local_reserved_ports=PORT");
}

static void check_local_sources(const struct patient *patient, struct finding *finding)
{
	char path[PATH_MAX], name[256] = "";
	const struct dirent *entry;
	int64_t on;
	DIR *open;

	(void)snprintf(path, sizeof(path), "%s/proc/sys/net/ipv4/conf", patient->root);
	open = opendir(path);
	while (open != NULL && (entry = readdir(open)) != NULL) {
		(void)snprintf(path, sizeof(path),
			       "/proc/sys/net/ipv4/conf/%.200s/route_localnet",
			       entry->d_name);
		if (strcmp(entry->d_name, "lo") != 0 &&
		    patient_number(patient, path, &on) && on != 0)
			(void)text_copy(name, sizeof(name), entry->d_name);
	}
	if (open != NULL)
		(void)closedir(open);
	if (name[0] == '\0') {
		finding_set(finding, "127.0.0.0/8 is this machine's alone");
		return;
	}
	finding_set(finding, "route_localnet is on for %s", name);
	finding_blame(
		finding, FINDING_WARNING,
		"others may reach what listens on 127.0.0.1, and choose a slot",
		"sysctl -w net.ipv4.conf.NAME.route_localnet=0, or slot_addresses = "
		"false");
}

static void check_migration(const struct patient *patient, struct finding *finding)
{
	int64_t on;

	if (!patient_number(patient, "/proc/sys/net/ipv4/tcp_migrate_req", &on))
		finding_set(finding, "not there; nothing relies on it");
	else
		finding_set(finding,
			    "net.ipv4.tcp_migrate_req %" PRId64 "; nothing relies on it",
			    on);
}

/* The first app of which a text is told; NULL: none. */
static const char *find_text(const struct patient *patient, const char *key,
			     const char **ret_app)
{
	for (unsigned i = 0; i < patient->apps; i++) {
		const char *text = json_find_text(patient->app[i], key);

		if (text == NULL)
			continue;
		*ret_app = json_find_text(patient->app[i], "name");
		return text;
	}
	return NULL;
}

static void check_foreign(const struct patient *patient, struct finding *finding)
{
	const char *app;
	const char *text = find_text(patient, "foreign_listeners", &app);

	if (patient->supervisor == 0)
		finding_set(finding, "only a supervisor knows");
	else if (text == NULL)
		finding_set(finding, "none");
	if (text == NULL)
		return;
	finding_set(finding, "%s: %s", app, text);
	finding_blame(finding, FINDING_WARNING,
		      "they get no connection of ours, but the port is not ours alone",
		      "end that process, or have it listen elsewhere");
}

static void check_balance(const struct patient *patient, struct finding *finding)
{
	const char *app;
	const char *text = find_text(patient, "balance_note", &app);

	if (patient->supervisor == 0)
		finding_set(finding, "only a supervisor knows");
	else if (text == NULL)
		finding_set(finding, "every app has the balance that it asked for");
	if (text == NULL)
		return;
	finding_set(finding, "%s: %s", app, text);
	finding_blame(finding, FINDING_NOTE, "connections are dealt in another way",
		      "clusterctl show");
}

const struct check checks_of_network[] = {
	{"queues", check_backlog},      {"messages", check_datagrams},
	{"ports", check_ports},         {"local sources", check_local_sources},
	{"migration", check_migration}, {"other listeners", check_foreign},
	{"balance", check_balance},     {0},
};
