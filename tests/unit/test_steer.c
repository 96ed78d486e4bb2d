#include "supervisor/steer.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <math.h>
#include <string.h>

#include "tests/unit/sockets.h"
#include "tests/unit/unit.h"

/* ---- a machine that runs classic BPF as the kernel does, on headers we make up ---- */

struct packet {
	unsigned protocol;
	uint32_t lot;
	uint32_t cpu;
	uint8_t header[128]; /* from the network header on */
};

static uint32_t load_word(const struct packet *packet, uint32_t offset)
{
	uint32_t at = offset - (uint32_t)SKF_NET_OFF;
	uint32_t word;

	if (offset == (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL))
		return packet->protocol;
	if (offset == (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM))
		return packet->lot;
	if (offset == (uint32_t)(SKF_AD_OFF + SKF_AD_CPU))
		return packet->cpu;
	ck_assert_uint_le(at, sizeof(packet->header) - sizeof(word));
	memcpy(&word, packet->header + at, sizeof(word));
	return ntohl(word);
}

static uint32_t run(const struct steer_program *program, const struct packet *packet)
{
	uint32_t a = 0, x = 0, kept = 0;

	for (unsigned i = 0; i < program->steps; i++) {
		const struct sock_filter *step = &program->step[i];

		switch (step->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			a = load_word(packet, step->k);
			break;
		case BPF_LD | BPF_W | BPF_IND:
			a = load_word(packet, step->k + x);
			break;
		case BPF_LDX | BPF_B | BPF_MSH:
			x = (load_word(packet, step->k) >> 24 & 15) * 4;
			break;
		case BPF_ST:
			kept = a;
			break;
		case BPF_LDX | BPF_MEM:
			x = kept;
			break;
		case BPF_ALU | BPF_ADD | BPF_X:
			a += x;
			break;
		case BPF_MISC | BPF_TAX:
			x = a;
			break;
		case BPF_ALU | BPF_XOR | BPF_X:
			a ^= x;
			break;
		case BPF_ALU | BPF_MUL | BPF_K:
			a *= step->k;
			break;
		case BPF_ALU | BPF_SUB | BPF_K:
			a -= step->k;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= step->k;
			break;
		case BPF_ALU | BPF_RSH | BPF_K:
			a >>= step->k;
			break;
		case BPF_JMP | BPF_JA:
			i += step->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			i += a == step->k ? step->jt : step->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			i += a >= step->k ? step->jt : step->jf;
			break;
		case BPF_RET | BPF_K:
			return step->k;
		case BPF_RET | BPF_A:
			return a;
		default:
			ck_abort_msg("step %u has code %#x", i, step->code);
		}
	}
	ck_abort_msg("the program runs off its end");
	return 0;
}

static struct packet packet_v4(uint32_t source, uint32_t destination, uint16_t from,
			       uint16_t to, unsigned header_bytes)
{
	struct packet packet = {.protocol = ETH_P_IP};
	uint16_t port[] = {htons(from), htons(to)};
	uint32_t host[] = {htonl(source), htonl(destination)};

	packet.header[0] = (uint8_t)(0x40 | header_bytes / 4);
	memcpy(packet.header + 12, host, sizeof(host));
	memcpy(packet.header + header_bytes, port, sizeof(port));
	return packet;
}

static struct packet packet_v6(const struct in6_addr *source,
			       const struct in6_addr *destination, uint16_t from,
			       uint16_t to)
{
	struct packet packet = {.protocol = ETH_P_IPV6};
	uint16_t port[] = {htons(from), htons(to)};

	memcpy(packet.header + 8, source, sizeof(*source));
	memcpy(packet.header + 24, destination, sizeof(*destination));
	memcpy(packet.header + 40, port, sizeof(port));
	return packet;
}

/* ---- tables ---- */

static uint16_t table[BUCKETS];
static struct steer_program program;
static const struct steer_slots no_slots;
static struct steer_slots slots;

static unsigned draw(uint64_t *seed, unsigned below)
{
	*seed = *seed * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(*seed >> 33) % below;
}

/* Which bucket the program finds: asked with a table of 256 owners. */
static uint32_t bucket_of(const struct packet *packet, enum balance balance)
{
	static struct steer_program identity[BALANCES];

	if (!identity[balance].steps) {
		uint16_t index[BUCKETS];

		for (unsigned i = 0; i < BUCKETS; i++)
			index[i] = (uint16_t)i;
		steer_build(&identity[balance], balance, 1, index, &no_slots);
	}
	return run(&identity[balance], packet);
}

static void check_all_buckets(void)
{
	steer_build(&program, BALANCE_RANDOM, 1, table, &no_slots);
	for (uint32_t lot = 0; lot < BUCKETS; lot++) {
		struct packet packet = {.lot = 0xabcdef00 | lot};

		ck_assert_uint_eq(run(&program, &packet), table[lot]);
	}
}

START_TEST(steer_finds_every_owner_in_tables_of_any_runs)
{
	uint64_t seed = 3;

	for (unsigned longest = 1; longest <= BUCKETS; longest++) {
		unsigned left = 0;

		for (unsigned i = 0; i < BUCKETS; i++, left--) {
			if (left == 0)
				left = 1 + draw(&seed, longest);
			table[i] =
				left > 1 && i ? table[i - 1] : (uint16_t)draw(&seed, 256);
		}
		check_all_buckets();
	}
}
END_TEST

START_TEST(steer_finds_256_owners_and_only_one)
{
	for (unsigned i = 0; i < BUCKETS; i++)
		table[i] = (uint16_t)(BUCKETS - 1 - i);
	check_all_buckets();
	ck_assert_uint_lt(program.steps, STEER_STEPS);

	for (unsigned i = 0; i < BUCKETS; i++)
		table[i] = STEER_NOBODY;
	check_all_buckets();
	ck_assert_uint_eq(program.steps, 3);
}
END_TEST

START_TEST(steer_by_hash_agrees_with_the_table)
{
	uint64_t seed = 5;

	for (int round = 0; round < 200; round++) {
		for (unsigned i = 0; i < BUCKETS; i++)
			table[i] = (uint16_t)draw(&seed, 1 + (unsigned)round);
		for (int balance = BALANCE_HASH; balance <= BALANCE_IP_HASH; balance++) {
			struct packet packet =
				packet_v4(draw(&seed, 1 << 30), draw(&seed, 1 << 30),
					  (uint16_t)draw(&seed, 65536), 80, 20);

			steer_build(&program, (enum balance)balance, 1, table, &no_slots);
			ck_assert_uint_eq(
				run(&program, &packet),
				table[bucket_of(&packet, (enum balance)balance)]);
		}
	}
}
END_TEST

START_TEST(steer_by_hash_finds_ports_behind_options)
{
	struct packet plain = packet_v4(0x0a000001, 0x0a000002, 1234, 80, 20);

	for (unsigned bytes = 24; bytes <= 60; bytes += 4) {
		struct packet packet = packet_v4(0x0a000001, 0x0a000002, 1234, 80, bytes);

		ck_assert_uint_eq(bucket_of(&packet, BALANCE_HASH),
				  bucket_of(&plain, BALANCE_HASH));
	}
}
END_TEST

/* Sum over the buckets of (seen - expected)^2 / expected; 255 +- 23 when it is even. */
static double unevenness(const unsigned *seen, unsigned total)
{
	double expected = (double)total / BUCKETS;
	double sum = 0;

	for (unsigned i = 0; i < BUCKETS; i++)
		sum += (seen[i] - expected) * (seen[i] - expected) / expected;
	return sum;
}

START_TEST(steer_by_hash_is_even_over_ports_in_a_row)
{
	unsigned seen[2][BUCKETS] = {{0}};
	struct in6_addr here = in6addr_loopback;

	for (unsigned port = 1024; port < 65536; port++) {
		struct packet v4 =
			packet_v4(0x7f000001, 0x7f000001, (uint16_t)port, 80, 20);
		struct packet v6 = packet_v6(&here, &here, (uint16_t)port, 80);

		seen[0][bucket_of(&v4, BALANCE_HASH)]++;
		seen[1][bucket_of(&v6, BALANCE_HASH)]++;
	}
	ck_assert_double_lt(unevenness(seen[0], 64512), 400);
	ck_assert_double_lt(unevenness(seen[1], 64512), 400);
}
END_TEST

START_TEST(steer_by_ip_hash_is_even_over_clients)
{
	/* Which byte of the address tells two clients apart must not matter. */
	unsigned seen[BUCKETS] = {0};

	for (uint32_t i = 0; i < 65536; i++) {
		struct packet packet =
			packet_v4(0x0a000000 | i << _i, 0x7f000001, 1, 80, 20);

		seen[bucket_of(&packet, BALANCE_IP_HASH)]++;
	}
	ck_assert_double_lt(unevenness(seen, 65536), 400);
}
END_TEST

START_TEST(steer_by_ip_hash_sees_nothing_but_the_client)
{
	struct packet one = packet_v4(0x0a010203, 0x7f000001, 1000, 80, 20);
	struct packet other = packet_v4(0x0a010203, 0x7f000002, 2000, 81, 24);
	struct in6_addr client, host = in6addr_loopback;

	ck_assert_uint_eq(bucket_of(&one, BALANCE_IP_HASH),
			  bucket_of(&other, BALANCE_IP_HASH));

	inet_pton(AF_INET6, "2001:db8::1:2:3:4", &client);
	one = packet_v6(&client, &host, 1000, 80);
	host.s6_addr[15] = 9;
	other = packet_v6(&client, &host, 2000, 81);
	ck_assert_uint_eq(bucket_of(&one, BALANCE_IP_HASH),
			  bucket_of(&other, BALANCE_IP_HASH));
}
END_TEST

START_TEST(steer_by_cpu_draws_from_the_group_of_the_core)
{
	unsigned groups = 1U << _i, width = BUCKETS / groups;

	for (unsigned i = 0; i < BUCKETS; i++)
		table[i] = (uint16_t)i;
	steer_build(&program, BALANCE_CPU, groups, table, &no_slots);
	for (uint32_t cpu = 0; cpu < 2 * groups; cpu++)
		for (uint32_t lot = 0; lot < width; lot++) {
			struct packet packet = {.cpu = cpu, .lot = 0xabcd00 | lot};

			ck_assert_uint_eq(run(&program, &packet),
					  cpu % groups * width + lot);
		}
}
END_TEST

/* ---- slots' own addresses ---- */

static uint32_t owner_from(uint32_t source)
{
	struct packet packet = packet_v4(source, 0x7f000001, 1234, 80, 20);

	packet.lot = 5;
	return run(&program, &packet);
}

/* A group's order after sockets came and went; every so many slots are elsewhere now. */
static void shuffle_slots(unsigned count, unsigned every)
{
	uint64_t seed = count;

	slots.count = count;
	for (unsigned i = 0; i < count; i++)
		slots.index[i] = (uint16_t)i;
	for (unsigned i = 0; i < count; i += every) {
		unsigned other = draw(&seed, count);
		uint16_t index = slots.index[i];

		slots.index[i] = slots.index[other];
		slots.index[other] = index;
	}
}

START_TEST(steer_sends_who_comes_from_a_slots_address_to_that_slot)
{
	static const unsigned counts[] = {1, 2, 7, 255, 256};

	for (unsigned i = 0; i < BUCKETS; i++)
		table[i] = 1000;
	for (unsigned i = 0; i < ARRAY_COUNT(counts); i++) {
		shuffle_slots(counts[i], (unsigned)_i + 1);
		for (int balance = 0; balance < BALANCES; balance++) {
			steer_build(&program, (enum balance)balance, 1, table, &slots);
			for (unsigned slot = 0; slot < counts[i]; slot++)
				ck_assert_uint_eq(owner_from(ADDRESS_OF_SLOTS + slot),
						  slots.index[slot]);
		}
	}
}
END_TEST

START_TEST(steer_sends_nobody_else_there)
{
	const struct packet v6 = packet_v6(&in6addr_loopback, &in6addr_loopback, 1, 80);

	for (unsigned i = 0; i < BUCKETS; i++)
		table[i] = 1000;
	slots.count = 4;
	steer_build(&program, BALANCE_IP_HASH, 1, table, &slots);
	ck_assert_uint_eq(owner_from(ADDRESS_OF_SLOTS - 1), 1000);
	ck_assert_uint_eq(owner_from(ADDRESS_OF_SLOTS + 4), 1000);
	ck_assert_uint_eq(owner_from(ADDRESS_OF_SLOTS + 0x7fffff), 1000);
	ck_assert_uint_eq(owner_from(0x7f000001), 1000);
	ck_assert_uint_eq(owner_from(0x0a000002), 1000);
	ck_assert_uint_eq(owner_from(0), 1000);
	ck_assert_uint_eq(owner_from(UINT32_MAX), 1000);
	ck_assert_uint_eq(run(&program, &v6), 1000);
}
END_TEST

START_TEST(steer_by_address_of_a_slot_that_does_not_listen_finds_nobody)
{
	shuffle_slots(4, 1);
	slots.index[2] = STEER_NOBODY;
	steer_build(&program, BALANCE_HASH, 1, table, &slots);
	for (unsigned slot = 0; slot < 4; slot++)
		ck_assert_uint_eq(owner_from(ADDRESS_OF_SLOTS + slot), slots.index[slot]);
}
END_TEST

/* ---- the kernel runs the same program and comes to the same answer ---- */

#define MEMBERS 8

static void open_group(struct address *address, int fd[MEMBERS])
{
	int on = 1;
	int only = address->kind == ADDRESS_V6;

	for (unsigned i = 0; i < MEMBERS; i++) {
		fd[i] = socket(address->at.any.sa_family,
			       SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		ck_assert_int_ge(fd[i], 0);
		setsockopt(fd[i], SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
		if (address->kind != ADDRESS_V4)
			setsockopt(fd[i], IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
		ck_assert_int_eq(bind(fd[i], &address->at.any, address->bytes), 0);
		ck_assert_int_eq(listen(fd[i], 128), 0);
		ck_assert_int_eq(address_of_socket(address, fd[i]), 0);
	}
}

static void close_group(const int fd[MEMBERS])
{
	for (unsigned i = 0; i < MEMBERS; i++)
		close(fd[i]);
}

/* The headers the kernel sees when this client connects to this target. */
static struct packet packet_between(int client, const struct address *target)
{
	struct address from;

	ck_assert_int_eq(address_of_socket(&from, client), 0);
	if (from.kind == ADDRESS_V4)
		return packet_v4(ntohl(from.at.v4.sin_addr.s_addr),
				 ntohl(target->at.v4.sin_addr.s_addr),
				 (uint16_t)address_port(&from),
				 (uint16_t)address_port(target), 20);
	return packet_v6(&from.at.v6.sin6_addr, &target->at.v6.sin6_addr,
			 (uint16_t)address_port(&from), (uint16_t)address_port(target));
}

struct real {
	const char *listen;
	const char *connect;
};

static const struct real real[] = {
	{"127.0.0.1:0", "127.0.0.1:0"},
	{"[::1]:0", "[::1]:0"},
	{"0.0.0.0:0", "127.0.0.9:0"},
	{"*:0", "127.0.0.1:0"},
	{"*:0", "[::1]:0"},
	{"[::]:0", "[::1]:0"},
};

START_TEST(steer_does_in_the_kernel_what_it_does_here)
{
	struct address at = sockets_address(real[_i / 2].listen);
	struct address target = sockets_address(real[_i / 2].connect);
	enum balance balance = _i % 2 ? BALANCE_IP_HASH : BALANCE_HASH;
	int fd[MEMBERS];

	for (unsigned i = 0; i < BUCKETS; i++)
		table[i] = (uint16_t)(i % MEMBERS);
	steer_build(&program, balance, 1, table, &no_slots);
	open_group(&at, fd);
	ck_assert_int_eq(steer_attach(fd[0], &program), 0);
	address_set_port(&target, address_port(&at));

	for (int round = 0; round < 200; round++) {
		int client = sockets_connect(&target, NULL);
		struct packet packet = packet_between(client, &target);

		ck_assert_uint_eq(sockets_accept(fd, MEMBERS), run(&program, &packet));
		sockets_reset(client);
	}
	close_group(fd);
}
END_TEST

START_TEST(steer_by_lot_follows_the_shares)
{
	static const unsigned share[MEMBERS] = {128, 64, 32, 16, 8, 4, 4, 0};
	struct address at = sockets_address("127.0.0.1:0");
	unsigned seen[MEMBERS] = {0};
	const unsigned rounds = 4000;
	unsigned bucket = 0;
	int fd[MEMBERS];

	for (unsigned i = 0; i < MEMBERS; i++)
		for (unsigned count = 0; count < share[i]; count++)
			table[bucket++] = (uint16_t)i;
	steer_build(&program, BALANCE_RANDOM, 1, table, &no_slots);
	open_group(&at, fd);
	ck_assert_int_eq(steer_attach(fd[MEMBERS - 1], &program), 0);

	for (unsigned round = 0; round < rounds; round++)
		seen[sockets_visit(&at, NULL, fd, MEMBERS)]++;
	for (unsigned i = 0; i < MEMBERS; i++) {
		double chance = (double)share[i] / BUCKETS;
		double spread = sqrt(rounds * chance * (1 - chance));

		ck_assert_double_le(fabs(seen[i] - rounds * chance), 5 * spread);
	}
	close_group(fd);
}
END_TEST

START_TEST(steer_attaches_the_largest_program)
{
	struct address at = sockets_address("*:0");
	int fd[MEMBERS];

	slots.count = BUCKETS;
	for (unsigned i = 0; i < BUCKETS; i++) {
		table[i] = (uint16_t)(BUCKETS - i);
		slots.index[i] = (uint16_t)(BUCKETS - i);
	}
	steer_build(&program, (enum balance)_i, 4, table, &slots);
	open_group(&at, fd);
	ck_assert_int_eq(steer_attach(fd[0], &program), 0);
	close_group(fd);
}
END_TEST

static Suite *suite_of_steer(void)
{
	Suite *suite = suite_create("steer");
	TCase *tcase = tcase_create("program");
	TCase *kernel = tcase_create("kernel");

	tcase_set_timeout(tcase, 60); /* for valgrind */
	tcase_add_test(tcase, steer_finds_every_owner_in_tables_of_any_runs);
	tcase_add_test(tcase, steer_finds_256_owners_and_only_one);
	tcase_add_test(tcase, steer_by_hash_agrees_with_the_table);
	tcase_add_test(tcase, steer_by_hash_finds_ports_behind_options);
	tcase_add_test(tcase, steer_by_hash_is_even_over_ports_in_a_row);
	tcase_add_loop_test(tcase, steer_by_ip_hash_is_even_over_clients, 0, 9);
	tcase_add_loop_test(tcase, steer_by_cpu_draws_from_the_group_of_the_core, 0, 9);
	tcase_add_test(tcase, steer_by_ip_hash_sees_nothing_but_the_client);
	tcase_add_loop_test(
		tcase, steer_sends_who_comes_from_a_slots_address_to_that_slot, 0, 3);
	tcase_add_test(tcase, steer_sends_nobody_else_there);
	tcase_add_test(tcase,
		       steer_by_address_of_a_slot_that_does_not_listen_finds_nobody);
	suite_add_tcase(suite, tcase);

	unit_watch_fds(kernel);
	tcase_add_loop_test(kernel, steer_does_in_the_kernel_what_it_does_here, 0,
			    2 * ARRAY_COUNT(real));
	tcase_add_test(kernel, steer_by_lot_follows_the_shares);
	tcase_add_loop_test(kernel, steer_attaches_the_largest_program, 0, BALANCES);
	suite_add_tcase(suite, kernel);
	return suite;
}

UNIT_MAIN(suite_of_steer)
