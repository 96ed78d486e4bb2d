/*
 * machine.c - checks of limits, of what the kernel can do, and of the clock.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "supervisor/ctl/finding.h"

#define FILES_BASE     64 /* files that the supervisor has open without a worker */
#define FILES_A_WORKER 5  /* with two addresses */
#define LARGE_APP      256

static void check_supervisor(const struct patient *patient, struct finding *finding)
{
	if (patient->supervisor > 0) {
		finding_set(finding, "pid %d, %u apps, %u workers",
			    (int)patient->supervisor, patient->apps,
			    patient_workers(patient));
		return;
	}
	finding_set(finding, "none runs, or none that we may speak to");
	finding_blame(finding, FINDING_NOTE,
		      "what is said of a process below is said of this one",
		      "clusterctl start");
}

static void check_kernel(const struct patient *patient, struct finding *finding)
{
	char text[PATIENT_TEXT];
	unsigned major = 0, minor = 0;

	if (patient_read(patient, "/proc/sys/kernel/osrelease", text) < 0 ||
	    sscanf(text, "%u.%u", &major, &minor) != 2) {
		finding_set(finding, "cannot be read");
		finding_blame(finding, FINDING_NOTE, "5.10 or later is needed", NULL);
		return;
	}
	finding_set(finding, "Linux %.*s", (int)strcspn(text, "\n"), text);
	if (major < 5 || (major == 5 && minor < 10))
		finding_blame(finding, FINDING_PROBLEM,
			      "5.10 or later is needed: pidfds, steering by BPF", NULL);
}

static void check_files(const struct patient *patient, struct finding *finding)
{
	int64_t soft, hard, most;
	int used = patient->supervisor > 0 ? patient_open_files(patient) : -1;
	unsigned workers = patient_workers(patient);

	if (!patient_limit(patient, "Max open files", &soft, &hard)) {
		finding_set(finding, "the limit cannot be read");
		finding_blame(finding, FINDING_NOTE, "files are spent by workers", NULL);
		return;
	}
	most = patient->supervisor > 0 ? soft : hard; /* it raises its own */
	if (used >= 0 && workers > 0)
		finding_set(finding, "%" PRId64 " allowed, %d open, about %d a worker",
			    most, used, used / (int)workers);
	else
		finding_set(finding, "%" PRId64 " allowed", most);
	if (used >= 0 && used * 10 > most * 9)
		finding_blame(finding, FINDING_PROBLEM,
			      "soon no worker can be started and nobody be answered",
			      "LimitNOFILE=65536 in the unit, or ulimit -n 65536");
	else if (most < FILES_BASE + LARGE_APP * FILES_A_WORKER)
		finding_blame(finding, FINDING_WARNING,
			      "an app of 256 workers with two addresses needs about 1350",
			      "LimitNOFILE=65536 in the unit, or ulimit -n 65536");
}

static void check_processes(const struct patient *patient, struct finding *finding)
{
	int64_t soft, hard, pids = INT64_MAX;
	bool grouped = patient_cgroup(patient, "pids.max", &pids);

	if (!patient_limit(patient, "Max processes", &soft, &hard))
		soft = INT64_MAX;
	if (patient->uid == 0)
		soft = INT64_MAX; /* root is not held to it */
	if (soft == INT64_MAX && !grouped) {
		finding_set(finding, "not limited");
		return;
	}
	finding_set(finding, "%" PRId64 " allowed%s", soft < pids ? soft : pids,
		    pids < soft ? ", by the cgroup" : ", for all of this user");
	if ((soft < pids ? soft : pids) < 2 * LARGE_APP)
		finding_blame(
			finding, FINDING_WARNING,
			"a reload of 256 workers can have twice as many for a while",
			"TasksMax=, LimitNPROC= in the unit, or ulimit -u");
}

static void check_memory(const struct patient *patient, struct finding *finding)
{
	char text[32];
	int64_t most;

	if (!patient_cgroup(patient, "memory.max", &most)) {
		finding_set(finding, "not limited by a cgroup");
		return;
	}
	text_format_bytes(text, sizeof(text), (uint64_t)most);
	finding_set(finding, "%s for all processes of the cgroup", text);
	finding_blame(finding, FINDING_NOTE,
		      "one worker that exceeds it can cost another its life",
		      "recycle = { memory = ...; } in the apps");
}

static void check_processors(const struct patient *patient, struct finding *finding)
{
	int64_t quota;

	finding_set(finding, "%ld online", sysconf(_SC_NPROCESSORS_ONLN));
	if (!patient_cgroup(patient, "cpu.max", &quota))
		return;
	finding_set(finding, "%ld online, %" PRId64 " us of a period by the cgroup",
		    sysconf(_SC_NPROCESSORS_ONLN), quota);
	finding_blame(finding, FINDING_NOTE,
		      "\"max\" is what affinity and quota leave, rounded up", NULL);
}

static void check_turns(const struct patient *patient, struct finding *finding)
{
	if (patient_can(patient, CAP_BPF) || patient_can(patient, CAP_SYS_ADMIN)) {
		finding_set(finding, "CAP_BPF: round-robin is exact");
		return;
	}
	finding_set(finding, "no CAP_BPF");
	finding_blame(finding, FINDING_NOTE,
		      "connections are dealt by lot where round-robin was asked for",
		      "AmbientCapabilities=CAP_BPF in the unit, or run it as root");
}

static void check_filters(const struct patient *patient, struct finding *finding)
{
	struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
	struct sock_fprog program = {.len = 1, .filter = &all};
	CLOSE_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (patient_can(patient, CAP_NET_ADMIN) ||
	    setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ==
		    0) {
		finding_set(finding, "allowed");
		return;
	}
	finding_set(finding, "not allowed");
	finding_blame(
		finding, FINDING_NOTE,
		"while an app stops, newcomers are refused rather than made to wait",
		"AmbientCapabilities=CAP_NET_ADMIN in the unit");
}

static void check_calls(const struct patient *patient, struct finding *finding)
{
	struct open_how how = {.resolve = RESOLVE_BENEATH};
	CLOSE_FD int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	CLOSE_FD int below = (int)syscall(SYS_openat2, AT_FDCWD, ".", &how, sizeof(how));

	(void)patient;
	finding_set(finding, "pidfd_open %s, openat2 %s", pidfd >= 0 ? "yes" : "no",
		    below >= 0 || errno != ENOSYS ? "yes" : "no");
	if (pidfd < 0)
		finding_blame(finding, FINDING_PROBLEM,
			      "workers are signalled by pidfd, and not otherwise",
			      "let the sandbox allow pidfd_open and pidfd_send_signal");
	else if (below < 0 && errno == ENOSYS)
		finding_blame(finding, FINDING_WARNING,
			      "cluster-worker serves files by it",
			      "let the sandbox allow openat2");
}

static void check_clock(const struct patient *patient, struct finding *finding)
{
	char text[PATIENT_TEXT];

	if (patient_read(patient,
			 "/sys/devices/system/clocksource/clocksource0/"
			 "current_clocksource",
			 text) < 0) {
		finding_set(finding, "not told here");
		return;
	}
	text[strcspn(text, "\n")] = '\0';
	finding_set(finding, "%s", text);
	if (strcmp(text, "hpet") == 0 || strcmp(text, "acpi_pm") == 0 ||
	    strcmp(text, "jiffies") == 0)
		finding_blame(finding, FINDING_WARNING,
			      "to ask this clock costs a system call and more each time",
			      NULL);
}

static void check_wall(const struct patient *patient, struct finding *finding)
{
	struct timex state = {0};
	int result = adjtimex(&state);

	(void)patient;
	if (result >= 0 && !(state.status & STA_UNSYNC)) {
		finding_set(finding, "synchronised");
		return;
	}
	finding_set(finding, "%s", result >= 0 ? "not synchronised" : "not told here");
	finding_blame(finding, FINDING_NOTE,
		      "recycle.cron and the times in logs go by it; no deadline does",
		      "timedatectl set-ntp true");
}

const struct check checks_of_machine[] = {
	{"supervisor", check_supervisor}, {"kernel", check_kernel},
	{"open files", check_files},      {"processes", check_processes},
	{"memory", check_memory},         {"processors", check_processors},
	{"round-robin", check_turns},     {"socket filters", check_filters},
	{"system calls", check_calls},    {"clock", check_clock},
	{"time of day", check_wall},      {0},
};
