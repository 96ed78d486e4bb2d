#include "common/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#define PATH_107                                                                         \
	"/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/" \
	"0123456789/0123456789/0123456"

static struct address parsed(const char *text)
{
	struct address address;
	struct fault fault = {""};

	ck_assert_msg(address_parse(&address, text, &fault) == 0, "%s: %s", text,
		      fault.text);
	return address;
}

struct good {
	const char *text;
	const char *formatted; /* NULL: the same */
	enum address_kind kind;
	unsigned port;
};

static const struct good good[] = {
	{"127.0.0.1:8080", NULL, ADDRESS_V4, 8080},
	{"0.0.0.0:0", NULL, ADDRESS_V4, 0},
	{"255.255.255.255:65535", NULL, ADDRESS_V4, 65535},
	{"[::1]:8080", NULL, ADDRESS_V6, 8080},
	{"[::]:80", NULL, ADDRESS_V6, 80},
	{"[2001:DB8:0:0:0:0:0:1]:443", "[2001:db8::1]:443", ADDRESS_V6, 443},
	{"*:8080", NULL, ADDRESS_DUAL, 8080},
	{"8080", "*:8080", ADDRESS_DUAL, 8080},
	{"0", "*:0", ADDRESS_DUAL, 0},
	{"00080", "*:80", ADDRESS_DUAL, 80},
	{"udp:127.0.0.1:53", NULL, ADDRESS_V4, 53},
	{"udp:[::]:53", NULL, ADDRESS_V6, 53},
	{"udp:53", "udp:*:53", ADDRESS_DUAL, 53},
	{"unix:/run/web.sock", NULL, ADDRESS_UNIX, 0},
	{"unix:/run/a:b c", NULL, ADDRESS_UNIX, 0},
	{"unix:" PATH_107, NULL, ADDRESS_UNIX, 0},
};

START_TEST(address_of_a_text_says_the_same_again)
{
	const struct good *row = &good[_i];
	struct address address = parsed(row->text);
	struct address again;
	char text[ADDRESS_TEXT];

	ck_assert_int_eq(address.kind, row->kind);
	ck_assert_uint_eq(address_port(&address), row->port);
	address_format(&address, text);
	ck_assert_str_eq(text, row->formatted ? row->formatted : row->text);
	again = parsed(text);
	ck_assert(address_equal(&address, &again));
}
END_TEST

struct bad {
	const char *text;
	const char *why; /* a part of it */
};

static const struct bad bad[] = {
	{"", "no port"},
	{":", "no port"},
	{"*", "no port"},
	{"*:", "no port"},
	{"udp:", "no port"},
	{"udp:unix:/a", "no port"},
	{"udp:udp:1", "not an address"},
	{":8080", "not an address"},
	{"8080:", "no port"},
	{"65536", "no port"},
	{"-1", "no port"},
	{"+1", "no port"},
	{" 80", "no port"},
	{"0x50", "no port"},
	{"000080", "no port"},
	{"127.0.0.1", "no port"},
	{"127.0.0.1:http", "no port"},
	{"127.0.0.1:80:90", "brackets"},
	{"localhost:80", "names are not looked up"},
	{"256.0.0.1:80", "not an address"},
	{"127.1:80", "not an address"},
	{"::1:80", "brackets"},
	{"::1", "brackets"},
	{"[::1]", "no port"},
	{"[::1:80", "brackets"},
	{"[]:80", "not an IPv6 address"},
	{"[127.0.0.1]:80", "not an IPv6 address"},
	{"[fe80::1%lo]:80", "not an IPv6 address"},
	{"[::ffff:127.0.0.1]:80", "in disguise"},
	{"unix:", "absolute path"},
	{"unix:web.sock", "absolute path"},
	{"unix:/run/", "absolute path"},
	{"unix:@abstract", "absolute path"},
	{"unix:" PATH_107 "7", "at most 107"},
	{PATH_107 PATH_107 ":80", "at most 127"},
};

START_TEST(address_that_cannot_be_says_why)
{
	struct address address = {.bytes = 77};
	struct fault fault = {""};

	ck_assert_int_lt(address_parse(&address, bad[_i].text, &fault), 0);
	ck_assert_msg(strstr(fault.text, bad[_i].why) != NULL, "%s: %s", bad[_i].text,
		      fault.text);
	ck_assert_uint_eq(address.bytes, 77);
}
END_TEST

struct pair {
	const char *one;
	const char *other;
	bool claims;
};

static const struct pair pair[] = {
	{"127.0.0.1:80", "127.0.0.1:80", true},
	{"127.0.0.1:80", "127.0.0.1:81", false},
	{"127.0.0.1:80", "127.0.0.2:80", false},
	{"0.0.0.0:80", "127.0.0.1:80", true},
	{"0.0.0.0:80", "0.0.0.0:80", true},
	{"0.0.0.0:80", "[::]:80", false},
	{"0.0.0.0:80", "*:80", true},
	{"127.0.0.1:80", "*:80", true},
	{"[::1]:80", "*:80", true},
	{"[::1]:80", "[::]:80", true},
	{"[::1]:80", "[::2]:80", false},
	{"*:80", "80", true},
	{"*:80", "81", false},
	{"*:0", "*:0", false},
	{"127.0.0.1:0", "127.0.0.1:0", false},
	{"unix:/a", "unix:/a", true},
	{"unix:/a", "unix:/b", false},
	{"unix:/a", "*:80", false},
	{"udp:127.0.0.1:80", "udp:*:80", true},
	{"udp:127.0.0.1:80", "127.0.0.1:80", false},
	{"127.0.0.1:80", "[::1]:80", false},
};

START_TEST(address_claims_what_cannot_be_bound_beside_it)
{
	struct address one = parsed(pair[_i].one), other = parsed(pair[_i].other);

	ck_assert_int_eq(address_claims(&one, &other), pair[_i].claims);
	ck_assert_int_eq(address_claims(&other, &one), pair[_i].claims);
}
END_TEST

START_TEST(address_order_is_total)
{
	for (unsigned i = 0; i < ARRAY_COUNT(good); i++) {
		struct address one = parsed(good[i].text);
		char first[ADDRESS_TEXT], second[ADDRESS_TEXT];

		address_format(&one, first);
		for (unsigned j = 0; j < ARRAY_COUNT(good); j++) {
			struct address other = parsed(good[j].text);

			address_format(&other, second);
			ck_assert_int_eq(address_compare(&one, &other) > 0,
					 address_compare(&other, &one) < 0);
			ck_assert_int_eq(address_equal(&one, &other),
					 strcmp(first, second) == 0);
		}
	}
}
END_TEST

START_TEST(address_takes_a_port)
{
	struct address address = parsed(good[_i].text);

	address_set_port(&address, 4711);
	ck_assert_uint_eq(address_port(&address),
			  address.kind == ADDRESS_UNIX ? 0 : 4711);
}
END_TEST

static const char *const bindable[] = {"127.0.0.1:0", "[::1]:0", "[::]:0", "*:0"};

START_TEST(address_of_a_socket_is_what_it_was_bound_to)
{
	struct address address = parsed(bindable[_i]), bound;
	int fd = socket(address.at.any.sa_family, SOCK_STREAM, 0);
	int only = address.kind == ADDRESS_V6;

	if (address.kind != ADDRESS_V4)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
	ck_assert_int_eq(bind(fd, &address.at.any, address.bytes), 0);
	ck_assert_int_eq(address_of_socket(&bound, fd), 0);
	ck_assert_uint_gt(address_port(&bound), 0);
	address_set_port(&bound, 0);
	ck_assert(address_equal(&bound, &address));
	close(fd);
}
END_TEST

START_TEST(address_of_what_is_no_socket_is_an_error)
{
	struct address address;
	int pair_of[2];

	ck_assert_int_eq(address_of_socket(&address, -1), -EBADF);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair_of), 0);
	ck_assert_int_eq(address_of_socket(&address, pair_of[0]), -EAFNOSUPPORT);
	close(pair_of[0]);
	close(pair_of[1]);
}
END_TEST

struct slot_row {
	const char *listener;
	unsigned slot;
	const char *source, *target; /* NULL: it has none */
};

static const struct slot_row slot_row[] = {
	{"127.0.0.1:80", 0, "127.128.0.0:0", "127.0.0.1:80"},
	{"10.1.2.3:80", 3, "127.128.0.3:0", "10.1.2.3:80"},
	{"0.0.0.0:80", 255, "127.128.0.255:0", "127.0.0.1:80"},
	{"*:443", 1, "127.128.0.1:0", "127.0.0.1:443"},
	{"[::]:80", 0, NULL, NULL},
	{"[::1]:80", 0, NULL, NULL},
	{"unix:/x", 0, NULL, NULL},
};

START_TEST(slots_have_addresses_where_ipv4_reaches)
{
	const struct slot_row *row = &slot_row[_i];
	struct address listener, source, target;
	char text[ADDRESS_TEXT];

	ck_assert_int_eq(address_parse(&listener, row->listener, NULL), 0);
	ck_assert_int_eq(address_of_slot(&listener, row->slot, &source, &target),
			 row->source != NULL);
	if (row->source == NULL)
		return;
	address_format(&source, text);
	ck_assert_str_eq(text, row->source);
	address_format(&target, text);
	ck_assert_str_eq(text, row->target);
}
END_TEST

/* As a program would bind it: family by the text, v6only besides. */
static const struct {
	const char *text;
	bool only_v6;
	const char *expected; /* NULL: nothing an address can say */
} name_row[] = {
	{"127.0.0.1:80", false, "127.0.0.1:80"},
	{"[::]:80", false, "*:80"},
	{"[::]:80", true, "[::]:80"},
	{"[::1]:80", false, "[::1]:80"},
	{"[::1]:80", true, "[::1]:80"},
	{"unix:/run/a", false, NULL},
};

START_TEST(address_of_a_name_is_what_a_socket_would_be_bound_to)
{
	struct address asked = parsed(name_row[_i].text), address;
	char text[ADDRESS_TEXT];
	int result = address_of_name(&address, &asked.at.any, asked.bytes,
				     name_row[_i].only_v6);

	if (name_row[_i].expected == NULL) {
		ck_assert_int_eq(result, -EAFNOSUPPORT);
		return;
	}
	ck_assert_int_eq(result, 0);
	address_format(&address, text);
	ck_assert_str_eq(text, name_row[_i].expected);
}
END_TEST

START_TEST(address_of_a_name_that_no_address_can_say_is_none)
{
	struct address asked = parsed("[::1]:80"), address;

	ck_assert_int_eq(address_of_name(&address, &asked.at.any, 8, false),
			 -EAFNOSUPPORT);
	asked.at.v6.sin6_scope_id = 2;
	ck_assert_int_eq(address_of_name(&address, &asked.at.any, asked.bytes, false),
			 -EAFNOSUPPORT);
}
END_TEST

START_TEST(address_of_a_name_knows_ipv4_in_disguise)
{
	struct address asked = parsed("[::]:80"), address, plain = parsed("127.0.0.1:80");

	ck_assert_int_eq(inet_pton(AF_INET6, "::ffff:127.0.0.1", &asked.at.v6.sin6_addr),
			 1);
	ck_assert_int_eq(address_of_name(&address, &asked.at.any, asked.bytes, false), 0);
	ck_assert(address_equal(&address, &plain));
	ck_assert_int_eq(address_of_name(&address, &asked.at.any, asked.bytes, true),
			 -EAFNOSUPPORT); /* no socket for IPv6 alone can have it */
}
END_TEST

static Suite *suite_of_address(void)
{
	Suite *suite = suite_create("address");
	TCase *tcase = tcase_create("address");

	unit_watch_fds(tcase);
	tcase_add_loop_test(tcase, address_of_a_text_says_the_same_again, 0,
			    ARRAY_COUNT(good));
	tcase_add_loop_test(tcase, address_that_cannot_be_says_why, 0, ARRAY_COUNT(bad));
	tcase_add_loop_test(tcase, address_claims_what_cannot_be_bound_beside_it, 0,
			    ARRAY_COUNT(pair));
	tcase_add_test(tcase, address_order_is_total);
	tcase_add_loop_test(tcase, address_takes_a_port, 0, ARRAY_COUNT(good));
	tcase_add_loop_test(tcase, address_of_a_socket_is_what_it_was_bound_to, 0,
			    ARRAY_COUNT(bindable));
	tcase_add_test(tcase, address_of_what_is_no_socket_is_an_error);
	tcase_add_loop_test(tcase, slots_have_addresses_where_ipv4_reaches, 0,
			    ARRAY_COUNT(slot_row));
	tcase_add_loop_test(tcase, address_of_a_name_is_what_a_socket_would_be_bound_to,
			    0, ARRAY_COUNT(name_row));
	tcase_add_test(tcase, address_of_a_name_that_no_address_can_say_is_none);
	tcase_add_test(tcase, address_of_a_name_knows_ipv4_in_disguise);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_address)
