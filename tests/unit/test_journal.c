/*
 * test_journal.c - entries of the journal: how they are written, and how they get there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/journal.h"
#include "supervisor/entry.h"
#include "tests/unit/unit.h"

static char folder[] = "/tmp/test-journal-XXXXXX";
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static struct buffer entry;
static int there, fd;

static int listen_there(void)
{
	int made = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)unlink(address.sun_path);
	ck_assert_int_eq(bind(made, (struct sockaddr *)&address, sizeof(address)), 0);
	return made;
}

static void begin(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", folder);
	there = listen_there();
	fd = journal_open(address.sun_path);
	ck_assert_int_ge(fd, 0);
	buffer_init(&entry, SIZE_MAX / 2);
}

static void end(void)
{
	buffer_free(&entry);
	(void)close(fd);
	(void)close(there);
	(void)unlink(address.sun_path);
	(void)rmdir(folder);
}

static bool has(const char *field)
{
	return memmem(entry.bytes, entry.count, field, strlen(field)) != NULL;
}

START_TEST(a_field_is_a_line)
{
	static const char wanted[] = "MESSAGE=hello=1\nPRIORITY=-6\n";

	journal_put_text(&entry, "MESSAGE", "hello=1");
	journal_put_number(&entry, "PRIORITY", -6);
	ck_assert_uint_eq(entry.count, sizeof(wanted) - 1);
	ck_assert_mem_eq(entry.bytes, wanted, entry.count);
}
END_TEST

START_TEST(a_field_of_several_lines_has_its_length_before_it)
{
	static const char wanted[] = "MESSAGE\n\3\0\0\0\0\0\0\0a\nb\nX=\n";

	journal_put_text(&entry, "MESSAGE", "a\nb");
	journal_put_text(&entry, "X", "");
	ck_assert_uint_eq(entry.count, sizeof(wanted) - 1);
	ck_assert_mem_eq(entry.bytes, wanted, entry.count);
}
END_TEST

START_TEST(an_entry_is_one_datagram)
{
	char got[64];

	journal_put_text(&entry, "MESSAGE", "hello");
	ck_assert_int_eq(journal_send(fd, &entry), 0);
	ck_assert_int_eq(recv(there, got, sizeof(got), 0), (ssize_t)entry.count);
	ck_assert_mem_eq(got, entry.bytes, entry.count);
}
END_TEST

/* The one descriptor that comes with an empty datagram. */
static int receive_file(void)
{
	char space[CMSG_SPACE(sizeof(int))], byte;
	struct iovec data = {&byte, 1};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = space,
				 .msg_controllen = sizeof(space)};
	int file = -1;

	ck_assert_int_eq(recvmsg(there, &message, MSG_CMSG_CLOEXEC), 0);
	if (CMSG_FIRSTHDR(&message) == NULL)
		return -1;
	memcpy(&file, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(file));
	return file;
}

START_TEST(a_large_entry_is_a_file_that_nobody_can_change)
{
	size_t bytes = (size_t)8 << 20;
	char *large = calloc(1, bytes + 1);
	struct stat status;

	memset(large, 'x', bytes);
	journal_put_text(&entry, "MESSAGE", large);
	ck_assert_int_eq(journal_send(fd, &entry), 0);
	CLOSE_FD int file = receive_file();
	ck_assert_int_eq(fstat(file, &status), 0);
	ck_assert_int_eq(status.st_size, (off_t)entry.count);
	ck_assert_int_ne(fcntl(file, F_GET_SEALS) & F_SEAL_WRITE, 0);
	ck_assert_int_eq(write(file, "y", 1), -1);
	free(large);
}
END_TEST

START_TEST(a_journal_that_does_not_read_is_not_waited_for)
{
	int result = 0;

	journal_put_text(&entry, "MESSAGE", "hello");
	for (int i = 0; i < 100000 && result == 0; i++)
		result = journal_send(fd, &entry);
	ck_assert_int_eq(result, -EAGAIN);
}
END_TEST

START_TEST(a_journal_that_comes_back_is_found_by_opening_anew)
{
	journal_put_text(&entry, "MESSAGE", "hello");
	(void)close(there);
	ck_assert_int_eq(journal_send(fd, &entry), -ECONNREFUSED);
	ck_assert_int_eq(journal_open("/none/socket"), -ENOENT);
	there = listen_there();
	(void)close(fd);
	fd = journal_open(address.sun_path);
	ck_assert_int_eq(journal_send(fd, &entry), 0);
}
END_TEST

START_TEST(a_stream_is_known_by_device_and_inode)
{
	struct stat status;
	char text[64];

	ck_assert_int_eq(unsetenv("JOURNAL_STREAM"), 0);
	ck_assert(!journal_is_behind(there));
	ck_assert_int_eq(fstat(there, &status), 0);
	(void)snprintf(text, sizeof(text), "%llu:%llu", (unsigned long long)status.st_dev,
		       (unsigned long long)status.st_ino);
	ck_assert_int_eq(setenv("JOURNAL_STREAM", text, 1), 0);
	ck_assert(journal_is_behind(there));
	ck_assert(!journal_is_behind(fd));
	ck_assert_int_eq(setenv("JOURNAL_STREAM", "rubbish", 1), 0);
	ck_assert(!journal_is_behind(there));
}
END_TEST

/* ---- happenings ---- */

START_TEST(an_entry_says_what_happened_to_whom)
{
	const struct happening happening = {.kind = HAPPENING_EXITED,
					    .app = "web",
					    .slot = 3,
					    .pid = 4711,
					    .generation = 2,
					    .has_code = true,
					    .code = 7,
					    .reason = "exited with code 7"};

	entry_put(&entry, &happening, "web.3: worker 4711 exited with code 7");
	ck_assert(has("MESSAGE=web.3: worker 4711 exited with code 7\n"));
	ck_assert(has("\nPRIORITY=6\n"));
	ck_assert(has("\nCLUSTER_EVENT=exited\n"));
	ck_assert(has("\nCLUSTER_APP=web\nCLUSTER_SLOT=3\nCLUSTER_GENERATION=2\n"
		      "CLUSTER_PID=4711\n"));
	ck_assert(has("\nCLUSTER_CODE=7\n"));
	ck_assert(has("\nCLUSTER_REASON=exited with code 7\n"));
	ck_assert(!has("CLUSTER_SIGNAL"));
	ck_assert(!has("CLUSTER_OPERATION"));
}
END_TEST

START_TEST(what_is_of_no_app_has_no_slot)
{
	const struct happening happening = {.kind = HAPPENING_SHUTDOWN_OVERDUE,
					    .slot = -1};

	entry_put(&entry, &happening, "shutdown takes too long");
	ck_assert(has("\nPRIORITY=4\n"));
	ck_assert(!has("CLUSTER_SLOT"));
	ck_assert(!has("CLUSTER_APP"));
}
END_TEST

/* Scripts look for them: once given they stay. */
static const struct {
	enum happening_kind kind;
	const char *id;
} ids[] = {
	{HAPPENING_READY, "95605b78449a58ec14eeb68c4e057a6e"},
	{HAPPENING_EXITED, "d513d67938242c2750644648ddec3511"},
	{HAPPENING_SUPERVISOR_STARTED, "1d206ef72af052a8f3c004e523e41cb1"},
};

START_TEST(a_kind_keeps_its_message_id)
{
	char id[ENTRY_ID];

	entry_id(ids[_i].kind, id);
	ck_assert_str_eq(id, ids[_i].id);
}
END_TEST

START_TEST(no_two_kinds_share_a_message_id)
{
	char id[ENTRY_ID], other[ENTRY_ID];

	entry_id((enum happening_kind)_i, id);
	for (int kind = 0; kind < _i; kind++) {
		entry_id((enum happening_kind)kind, other);
		ck_assert_str_ne(id, other);
	}
}
END_TEST

static Suite *suite_of_journal(void)
{
	Suite *suite = suite_create("journal");
	TCase *tcase = tcase_create("entries");

	tcase_add_checked_fixture(tcase, begin, end);
	unit_watch_fds(tcase);
	tcase_add_test(tcase, a_field_is_a_line);
	tcase_add_test(tcase, a_field_of_several_lines_has_its_length_before_it);
	tcase_add_test(tcase, an_entry_is_one_datagram);
	tcase_add_test(tcase, a_large_entry_is_a_file_that_nobody_can_change);
	tcase_add_test(tcase, a_journal_that_does_not_read_is_not_waited_for);
	tcase_add_test(tcase, a_journal_that_comes_back_is_found_by_opening_anew);
	tcase_add_test(tcase, a_stream_is_known_by_device_and_inode);
	tcase_add_test(tcase, an_entry_says_what_happened_to_whom);
	tcase_add_test(tcase, what_is_of_no_app_has_no_slot);
	tcase_add_loop_test(tcase, a_kind_keeps_its_message_id, 0, ARRAY_COUNT(ids));
	tcase_add_loop_test(tcase, no_two_kinds_share_a_message_id, 0, HAPPENINGS_COUNT);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_journal)
