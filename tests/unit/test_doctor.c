/* What the doctor finds, on machines that are laid out for it in a folder. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/ctl/finding.h"
#include "tests/unit/unit.h"

#define SUPERVISOR 77 /* its /proc directory is laid out, too */

static char root[64];
static struct patient patient;
static struct finding finding;
static struct json *apps;

static void setup(void)
{
	strcpy(root, "/tmp/test_doctor.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	memset(&patient, 0, sizeof(patient));
	patient.root = root;
	patient.uid = geteuid();
	apps = NULL;
}

static void teardown(void)
{
	char command[256];

	json_free(apps);
	snprintf(command, sizeof(command), "chmod -R u+rwx %s && rm -rf %s", root, root);
	ck_assert_int_eq(system(command), 0);
}

/* A file of this machine, and the folders on the way. */
static void lay(const char *path, const char *text)
{
	char whole[256];
	FILE *file;

	snprintf(whole, sizeof(whole), "%s%s", root, path);
	for (char *at = whole + strlen(root) + 1; (at = strchr(at, '/')) != NULL; at++) {
		*at = '\0';
		(void)mkdir(whole, 0755);
		*at = '/';
	}
	file = fopen(whole, "w");
	ck_assert_msg(file != NULL, "%s", whole);
	fputs(text, file);
	fclose(file);
}

static void tell_apps(const char *text)
{
	apps = json_parse(text, strlen(text), NULL);
	ck_assert_ptr_nonnull(apps);
	patient.apps = 0;
	for (size_t i = 0; i < json_count(apps); i++)
		patient.app[patient.apps++] = json_at(apps, i);
}

static void look(const char *name)
{
	const struct check *const tables[] = {checks_of_machine, checks_of_network,
					      checks_of_safety};

	memset(&finding, 0, sizeof(finding));
	for (size_t i = 0; i < ARRAY_COUNT(tables); i++)
		for (const struct check *check = tables[i]; check->name; check++)
			if (strcmp(check->name, name) == 0) {
				check->look(&patient, &finding);
				ck_assert_str_ne(finding.found, "");
				ck_assert((finding.level == FINDING_OK) ==
					  (finding.why == NULL));
				return;
			}
	ck_abort_msg("there is no check of %s", name);
}

static void expect(const char *name, enum finding_level level, const char *found)
{
	look(name);
	ck_assert_msg(finding.level == level, "%s: level %d: %s", name, finding.level,
		      finding.found);
	ck_assert_msg(strstr(finding.found, found) != NULL, "%s: %s", name,
		      finding.found);
}

/* ---- one file decides ---- */

struct row {
	const char *check, *path, *text;
	enum finding_level level;
	const char *found;
};

#define RELEASE   "/proc/sys/kernel/osrelease"
#define LIMITS    "/proc/self/limits"
#define STATUS    "/proc/self/status"
#define CLOCK     "/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define SOMAXCONN "/proc/sys/net/core/somaxconn"
#define DATAGRAMS "/proc/sys/net/unix/max_dgram_qlen"
#define LOCALNET  "/proc/sys/net/ipv4/conf/eth0/route_localnet"
#define RANGE     "/proc/sys/net/ipv4/ip_local_port_range"
#define MIGRATE   "/proc/sys/net/ipv4/tcp_migrate_req"

static const struct row rows[] = {
	{"kernel", RELEASE, "6.1.0-13-amd64\n", FINDING_OK, "Linux 6.1.0-13-amd64"},
	{"kernel", RELEASE, "5.10.0\n", FINDING_OK, "5.10.0"},
	{"kernel", RELEASE, "5.9.16\n", FINDING_PROBLEM, "5.9.16"},
	{"kernel", RELEASE, "4.19.0\n", FINDING_PROBLEM, "4.19.0"},
	{"kernel", RELEASE, "strange\n", FINDING_NOTE, "cannot be read"},
	{"kernel", "/other", "", FINDING_NOTE, "cannot be read"},
	{"open files", LIMITS, "Max open files   1024   65536   files\n", FINDING_OK,
	 "65536 allowed"},
	{"open files", LIMITS, "Max open files   1024   1024   files\n", FINDING_WARNING,
	 "1024 allowed"},
	{"open files", LIMITS, "Max open files   1024   unlimited   files\n", FINDING_OK,
	 "allowed"},
	{"open files", LIMITS, "Max locked memory   1 2 bytes\n", FINDING_NOTE,
	 "cannot be read"},
	{"round-robin", STATUS, "Name:\tx\nCapEff:\t0000000000000000\n", FINDING_NOTE,
	 "no CAP_BPF"},
	{"round-robin", STATUS, "Name:\tx\nCapEff:\t0000008000000000\n", FINDING_OK,
	 "CAP_BPF"},
	{"round-robin", STATUS, "CapPrm:\t0000008000000000\nCapEff:\t0000000000200000\n",
	 FINDING_OK, "CAP_BPF"},
	{"round-robin", "/other", "", FINDING_NOTE, "no CAP_BPF"},
	{"clock", CLOCK, "tsc\n", FINDING_OK, "tsc"},
	{"clock", CLOCK, "kvm-clock\n", FINDING_OK, "kvm-clock"},
	{"clock", CLOCK, "hpet\n", FINDING_WARNING, "hpet"},
	{"clock", "/other", "", FINDING_OK, "not told"},
	{"queues", SOMAXCONN, "4096\n", FINDING_OK, "somaxconn 4096"},
	{"queues", SOMAXCONN, "128\n", FINDING_WARNING, "backlog up to 1024"},
	{"messages", DATAGRAMS, "10\n", FINDING_NOTE, "max_dgram_qlen 10"},
	{"messages", DATAGRAMS, "512\n", FINDING_OK, "max_dgram_qlen 512"},
	{"local sources", LOCALNET, "0\n", FINDING_OK, "this machine's alone"},
	{"local sources", LOCALNET, "1\n", FINDING_WARNING, "on for eth0"},
	{"local sources", "/proc/sys/net/ipv4/conf/lo/route_localnet", "1\n", FINDING_OK,
	 "this machine's alone"},
	{"ports", RANGE, "32768\t60999\n", FINDING_OK, "none of 32768 to 60999"},
	{"ports", RANGE, "x\n", FINDING_OK, "cannot be read"},
	{"migration", MIGRATE, "0\n", FINDING_OK, "tcp_migrate_req 0"},
	{"migration", "/other", "", FINDING_OK, "not there"},
	{"other listeners", "/other", "", FINDING_OK, "only a supervisor knows"},
	{"balance", "/other", "", FINDING_OK, "only a supervisor knows"},
	{"supervisor", "/other", "", FINDING_NOTE, "none runs"},
};

START_TEST(each_finding_can_be_provoked)
{
	const struct row *row = &rows[_i];

	lay(row->path, row->text);
	expect(row->check, row->level, row->found);
}
END_TEST

/* ---- limits ---- */

START_TEST(a_running_supervisor_is_held_to_its_own_limits)
{
	char name[64];

	lay(LIMITS, "Max open files   9999   9999   files\n");
	lay("/proc/77/limits", "Max open files   100   65536   files\n");
	for (unsigned i = 0; i < 91; i++) {
		snprintf(name, sizeof(name), "/proc/77/fd/%u", i);
		lay(name, "");
	}
	patient.supervisor = SUPERVISOR;
	tell_apps("[{\"instances\": {\"running\": 20}}, {\"instances\": {\"running\": "
		  "1}}]");
	expect("open files", FINDING_PROBLEM, "100 allowed, 91 open, about 4 a worker");
	expect("supervisor", FINDING_OK, "pid 77, 2 apps, 21 workers");
	lay("/proc/77/limits", "Max open files   4096   65536   files\n");
	expect("open files", FINDING_OK, "4096 allowed, 91 open");
}
END_TEST

START_TEST(processes_are_limited_by_user_and_by_cgroup)
{
	lay(LIMITS, "Max processes   300   300   processes\n");
	patient.uid = 1000;
	expect("processes", FINDING_WARNING, "300 allowed, for all of this user");
	patient.uid = 0;
	expect("processes", FINDING_OK, "not limited");
	lay("/proc/self/cgroup", "0::/system.slice/clusterd.service\n");
	lay("/sys/fs/cgroup/system.slice/clusterd.service/pids.max", "max\n");
	expect("processes", FINDING_OK, "not limited");
	lay("/sys/fs/cgroup/system.slice/pids.max", "100\n");
	expect("processes", FINDING_WARNING, "100 allowed, by the cgroup");
	lay("/sys/fs/cgroup/system.slice/pids.max", "4915\n");
	expect("processes", FINDING_OK, "4915 allowed, by the cgroup");
}
END_TEST

START_TEST(a_cgroup_limits_memory_and_processors)
{
	expect("memory", FINDING_OK, "not limited");
	expect("processors", FINDING_OK, "online");
	lay("/proc/self/cgroup", "4:memory:/x\n0::/a/b\n");
	lay("/sys/fs/cgroup/unified/a/b/memory.max", "max\n");
	expect("memory", FINDING_OK, "not limited");
	lay("/sys/fs/cgroup/unified/a/memory.max", "1073741824\n");
	expect("memory", FINDING_NOTE, "1G for all processes");
	lay("/sys/fs/cgroup/unified/a/b/cpu.max", "150000 100000\n");
	expect("processors", FINDING_NOTE, "150000 us");
}
END_TEST

/* ---- what apps say ---- */

START_TEST(queues_are_as_long_as_apps_want)
{
	lay(SOMAXCONN, "512\n");
	tell_apps("[{\"backlog\": 100}, {\"backlog\": 512}]");
	expect("queues", FINDING_OK, "backlog up to 512");
	json_free(apps);
	tell_apps("[{\"backlog\": 100}, {\"backlog\": 513}]");
	expect("queues", FINDING_WARNING, "backlog up to 513");
}
END_TEST

START_TEST(a_port_that_the_kernel_gives_away_is_named)
{
	lay(RANGE, "32768 60999\n");
	tell_apps("[{\"name\": \"a\", \"listen\": [\"127.0.0.1:80\", \"unix:/x\"]},"
		  " {\"name\": \"b\", \"listen\": [\"[::1]:81\", \"*:40000\"]}]");
	expect("ports", FINDING_NOTE, "40000 of b");
	lay("/proc/sys/net/ipv4/ip_local_reserved_ports", "1,39999-40001\n");
	expect("ports", FINDING_OK, "none of");
	lay("/proc/sys/net/ipv4/ip_local_reserved_ports", "39999,40001\n");
	expect("ports", FINDING_NOTE, "40000 of b");
}
END_TEST

START_TEST(what_the_supervisor_knows_is_told)
{
	patient.supervisor = SUPERVISOR;
	tell_apps("[{\"name\": \"a\"}]");
	expect("other listeners", FINDING_OK, "none");
	expect("balance", FINDING_OK, "every app");
	json_free(apps);
	tell_apps(
		"[{\"name\": \"a\"}, {\"name\": \"b\", \"balance_note\": \"no CAP_BPF\","
		" \"foreign_listeners\": \"1 on *:80, of x (pid 5)\"}]");
	expect("other listeners", FINDING_WARNING, "b: 1 on *:80, of x (pid 5)");
	expect("balance", FINDING_NOTE, "b: no CAP_BPF");
}
END_TEST

/* ---- who may write ---- */

static void place(char path[PLACES_PATH], const char *name, mode_t mode)
{
	snprintf(path, PLACES_PATH, "%s/%s", root, name);
	(void)mkdir(path, 0700);
	ck_assert_int_eq(chmod(path, mode), 0);
}

START_TEST(directories_are_their_owners_alone)
{
	struct places *places = &patient.places;
	const struct {
		const char *check;
		char *path;
	} all[] = {{"run directory", places->run},
		   {"state directory", places->state},
		   {"log directory", places->log}};

	for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
		place(all[i].path, "place", 0711);
		expect(all[i].check, FINDING_OK, "place, mode 0711");
		place(all[i].path, "place", 0731);
		expect(all[i].check, FINDING_PROBLEM, "mode 0731");
		place(all[i].path, "place", 0713);
		expect(all[i].check, FINDING_PROBLEM, "mode 0713");
		snprintf(all[i].path, PLACES_PATH, "%s/nowhere", root);
		expect(all[i].check, FINDING_OK, "No such file");
		patient.supervisor = SUPERVISOR;
		expect(all[i].check, FINDING_PROBLEM, "No such file");
		patient.supervisor = 0;
		patient.uid++;
		expect(all[i].check, FINDING_NOTE, "those of user");
		patient.uid--;
	}
}
END_TEST

START_TEST(who_may_command_is_said)
{
	place(patient.places.control, "control", 0600);
	expect("control socket", FINDING_OK, "mode 0600");
	place(patient.places.control, "control", 0660);
	expect("control socket", FINDING_NOTE, "mode 0660, group ");
	place(patient.places.control, "control", 0666);
	expect("control socket", FINDING_PROBLEM, "mode 0666");
}
END_TEST

START_TEST(a_configuration_is_written_by_its_owner)
{
	enum finding_level bad = geteuid() == 0 ? FINDING_PROBLEM : FINDING_WARNING;
	char text[PLACES_PATH + 32];

	place(patient.places.config, "cluster.conf", 0644);
	place(patient.places.config_directory, "conf.d", 0755);
	expect("configuration", FINDING_OK, "cluster.conf");
	place(patient.places.config, "cluster.conf", 0664);
	expect("configuration", bad, "cluster.conf, mode 0664");
	place(patient.places.config, "cluster.conf", 0600);
	place(patient.places.config_directory, "conf.d", 0777);
	expect("configuration", bad, "conf.d, mode 0777");
	place(patient.places.config_directory, "conf.d", 0755);

	place(text, "other.conf", 0646);
	snprintf(text, sizeof(text), "[{\"config\": \"%s/other.conf\"}]", root);
	tell_apps(text);
	expect("configuration", bad, "other.conf, mode 0646");
}
END_TEST

static Suite *suite_of_doctor(void)
{
	Suite *suite = suite_create("doctor");
	TCase *tcase = tcase_create("doctor");

	unit_watch_fds(tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, each_finding_can_be_provoked, 0, ARRAY_COUNT(rows));
	tcase_add_test(tcase, a_running_supervisor_is_held_to_its_own_limits);
	tcase_add_test(tcase, processes_are_limited_by_user_and_by_cgroup);
	tcase_add_test(tcase, a_cgroup_limits_memory_and_processors);
	tcase_add_test(tcase, queues_are_as_long_as_apps_want);
	tcase_add_test(tcase, a_port_that_the_kernel_gives_away_is_named);
	tcase_add_test(tcase, what_the_supervisor_knows_is_told);
	tcase_add_test(tcase, directories_are_their_owners_alone);
	tcase_add_test(tcase, who_may_command_is_said);
	tcase_add_test(tcase, a_configuration_is_written_by_its_owner);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_doctor)
