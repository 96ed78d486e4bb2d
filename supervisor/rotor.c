#include "supervisor/rotor.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/address.h"
#include "common/fd.h"

#define COUNTER    BUCKETS       /* key of the count of connections, behind the turns */
#define ADDRESSED  (BUCKETS + 1) /* key of how many slots have an address of their own */
#define STACK_WORD (-4)          /* where keys of maps are put, from the frame's top */
#define V4_SOURCE  12            /* in an IPv4 header */

static int call_bpf(enum bpf_cmd command, union bpf_attr *attribute)
{
	long result = syscall(SYS_bpf, command, attribute, sizeof(*attribute));

	return result == -1 ? -errno : (int)result;
}

static int make_map(enum bpf_map_type type, unsigned value_bytes, unsigned entries)
{
	union bpf_attr attribute;

	memset(&attribute, 0, sizeof(attribute));
	attribute.map_type = type;
	attribute.key_size = sizeof(uint32_t);
	attribute.value_size = value_bytes;
	attribute.max_entries = entries;
	return call_bpf(BPF_MAP_CREATE, &attribute);
}

static int write_map(int map, uint32_t key, const void *value)
{
	union bpf_attr attribute;

	memset(&attribute, 0, sizeof(attribute));
	attribute.map_fd = (uint32_t)map;
	attribute.key = (uint64_t)(uintptr_t)&key;
	attribute.value = (uint64_t)(uintptr_t)value;
	attribute.flags = BPF_ANY;
	return call_bpf(BPF_MAP_UPDATE_ELEM, &attribute);
}

#define STEP(does, to, from, offset, number)                                         \
	{                                                                            \
		.code = (does), .dst_reg = (to), .src_reg = (from), .off = (offset), \
		.imm = (number)                                                      \
	}
#define MOVE(to, from)        STEP(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0)
#define SET(to, number)       STEP(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, number)
#define ADD(to, number)       STEP(BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, number)
#define AND(to, number)       STEP(BPF_ALU64 | BPF_AND | BPF_K, to, 0, 0, number)
#define SUBTRACT(to, number)  STEP(BPF_ALU | BPF_SUB | BPF_K, to, 0, 0, number)
#define FROM_WIRE(to)         STEP(BPF_ALU | BPF_END | BPF_TO_BE, to, 0, 0, 32)
#define LOAD_AT(to, from, at) STEP(BPF_LDX | BPF_MEM | BPF_W, to, from, at, 0)
#define LOAD(to, from)        LOAD_AT(to, from, 0)
#define CALL(function)        STEP(BPF_JMP | BPF_CALL, 0, 0, 0, function)
#define EXIT                  STEP(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/* Of the steps behind it so many are left out. */
#define SKIP_IF_ZERO(reg, by)           STEP(BPF_JMP | BPF_JEQ | BPF_K, reg, 0, by, 0)
#define SKIP_UNLESS_ZERO(reg, by)       STEP(BPF_JMP | BPF_JNE | BPF_K, reg, 0, by, 0)
#define SKIP_UNLESS(reg, is, by)        STEP(BPF_JMP | BPF_JNE | BPF_K, reg, 0, by, is)
#define SKIP_UNLESS_LESS(reg, than, by) STEP(BPF_JMP | BPF_JGE | BPF_X, reg, than, by, 0)

/* The one instruction that takes two places. */
#define LOAD_MAP(to, map)                                               \
	STEP(BPF_LD | BPF_DW | BPF_IMM, to, BPF_PSEUDO_MAP_FD, 0, map), \
		STEP(0, 0, 0, 0, 0)
#define STORE_KEY(from) STEP(BPF_STX | BPF_MEM | BPF_W, BPF_REG_10, from, STACK_WORD, 0)
#define FETCH_ADD(at, reg) \
	STEP(BPF_STX | BPF_ATOMIC | BPF_W, at, reg, 0, BPF_ADD | BPF_FETCH)

#define STEPS 64 /* of a program, at most */

struct steps {
	unsigned count;
	struct bpf_insn step[STEPS];
};

static void add_steps(struct steps *steps, const struct bpf_insn *step, unsigned count)
{
	assert(steps->count + count <= STEPS);
	memcpy(steps->step + steps->count, step, count * sizeof(*step));
	steps->count += count;
}

/* A client from a slot's own address is the slot's, if it listens; others, and whatever
 * fails, go on to what comes behind.  Leaves in R6 what the helpers need. */
static void add_address_steps(struct steps *steps, int turns, int sockets)
{
	const int of_protocol = offsetof(struct sk_reuseport_md, eth_protocol);
	/* clang-format off */
	const struct bpf_insn step[] = {
		MOVE(BPF_REG_6, BPF_REG_1),
		LOAD_AT(BPF_REG_1, BPF_REG_6, of_protocol),
		SKIP_UNLESS(BPF_REG_1, htons(ETH_P_IP), 32),
		MOVE(BPF_REG_1, BPF_REG_6),
		SET(BPF_REG_2, V4_SOURCE),
		MOVE(BPF_REG_3, BPF_REG_10),
		ADD(BPF_REG_3, STACK_WORD),
		SET(BPF_REG_4, sizeof(uint32_t)),
		SET(BPF_REG_5, BPF_HDR_START_NET),
		CALL(BPF_FUNC_skb_load_bytes_relative),
		SKIP_UNLESS_ZERO(BPF_REG_0, 24),
		LOAD_AT(BPF_REG_7, BPF_REG_10, STACK_WORD),
		FROM_WIRE(BPF_REG_7),
		SUBTRACT(BPF_REG_7, ADDRESS_OF_SLOTS), /* R7 = the slot, if it is one */
		SET(BPF_REG_1, ADDRESSED),
		STORE_KEY(BPF_REG_1),
		MOVE(BPF_REG_2, BPF_REG_10),
		ADD(BPF_REG_2, STACK_WORD),
		LOAD_MAP(BPF_REG_1, turns),
		CALL(BPF_FUNC_map_lookup_elem),
		SKIP_IF_ZERO(BPF_REG_0, 13),
		LOAD(BPF_REG_1, BPF_REG_0),            /* R1 = how many there are */
		SKIP_UNLESS_LESS(BPF_REG_7, BPF_REG_1, 11),
		STORE_KEY(BPF_REG_7),
		MOVE(BPF_REG_1, BPF_REG_6),
		LOAD_MAP(BPF_REG_2, sockets),
		MOVE(BPF_REG_3, BPF_REG_10),
		ADD(BPF_REG_3, STACK_WORD),
		SET(BPF_REG_4, 0),
		CALL(BPF_FUNC_sk_select_reuseport),
		SKIP_UNLESS_ZERO(BPF_REG_0, 2),
		SET(BPF_REG_0, SK_PASS),
		EXIT,
	};
	/* clang-format on */

	add_steps(steps, step, ARRAY_COUNT(step));
}

/* Whatever fails, the kernel picks a member by its own hash. */
static void add_turn_steps(struct steps *steps, int turns, int sockets)
{
	/* clang-format off */
	const struct bpf_insn step[] = {
		SET(BPF_REG_1, COUNTER),
		STORE_KEY(BPF_REG_1),
		MOVE(BPF_REG_2, BPF_REG_10),
		ADD(BPF_REG_2, STACK_WORD),
		LOAD_MAP(BPF_REG_1, turns),
		CALL(BPF_FUNC_map_lookup_elem),
		SKIP_IF_ZERO(BPF_REG_0, 19),
		SET(BPF_REG_1, 1),
		FETCH_ADD(BPF_REG_0, BPF_REG_1),  /* R1 = how many came before */
		AND(BPF_REG_1, BUCKETS - 1),
		STORE_KEY(BPF_REG_1),
		MOVE(BPF_REG_2, BPF_REG_10),
		ADD(BPF_REG_2, STACK_WORD),
		LOAD_MAP(BPF_REG_1, turns),
		CALL(BPF_FUNC_map_lookup_elem),
		SKIP_IF_ZERO(BPF_REG_0, 9),
		LOAD(BPF_REG_1, BPF_REG_0),       /* R1 = whose turn it is */
		STORE_KEY(BPF_REG_1),
		MOVE(BPF_REG_1, BPF_REG_6),
		LOAD_MAP(BPF_REG_2, sockets),
		MOVE(BPF_REG_3, BPF_REG_10),
		ADD(BPF_REG_3, STACK_WORD),
		SET(BPF_REG_4, 0),
		CALL(BPF_FUNC_sk_select_reuseport),
		SET(BPF_REG_0, SK_PASS),
		EXIT,
	};
	/* clang-format on */

	add_steps(steps, step, ARRAY_COUNT(step));
}

static int load_program(int turns, int sockets)
{
	static const char license[] = "MIT";
	struct steps steps = {0};
	union bpf_attr attribute;

	add_address_steps(&steps, turns, sockets);
	add_turn_steps(&steps, turns, sockets);
	memset(&attribute, 0, sizeof(attribute));
	attribute.prog_type = BPF_PROG_TYPE_SK_REUSEPORT;
	attribute.insns = (uint64_t)(uintptr_t)steps.step;
	attribute.insn_cnt = steps.count;
	attribute.license = (uint64_t)(uintptr_t)license;
	return call_bpf(BPF_PROG_LOAD, &attribute);
}

int rotor_open(struct rotor *rotor)
{
	CLOSE_FD int turns =
		make_map(BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), ADDRESSED + 1);
	CLOSE_FD int sockets = -1;
	int program;

	if (turns < 0)
		return turns;
	sockets = make_map(BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, sizeof(uint64_t), BUCKETS);
	if (sockets < 0)
		return sockets;
	program = load_program(turns, sockets);
	if (program < 0)
		return program;
	*rotor = (struct rotor){.is_open = true,
				.turns = fd_take(&turns),
				.sockets = fd_take(&sockets),
				.program = program};
	return 0;
}

void rotor_close(struct rotor *rotor)
{
	if (!rotor->is_open)
		return;
	fd_close(&rotor->program);
	fd_close(&rotor->sockets);
	fd_close(&rotor->turns);
	*rotor = (struct rotor){0};
}

int rotor_seat(struct rotor *rotor, unsigned slot, int fd)
{
	uint64_t value = (uint64_t)fd;
	int result = write_map(rotor->sockets, slot, &value);

	/* A socket is in one map at most, once: it is where we put it. */
	if (result == -EBUSY && rotor->seated[slot])
		return 0;
	if (result == 0)
		rotor->seated[slot] = true;
	return result;
}

int rotor_address(struct rotor *rotor, unsigned slots)
{
	uint32_t count = slots;
	int result;

	if (rotor->addressed == slots)
		return 0;
	result = write_map(rotor->turns, ADDRESSED, &count);
	if (result == 0)
		rotor->addressed = slots;
	return result;
}

int rotor_deal(struct rotor *rotor, const uint16_t turn[BUCKETS])
{
	for (uint32_t i = 0; i < BUCKETS; i++) {
		uint32_t slot = turn[i];
		int result;

		if (rotor->turn[i] == turn[i])
			continue;
		result = write_map(rotor->turns, i, &slot);
		if (result < 0)
			return result;
		rotor->turn[i] = turn[i];
	}
	return 0;
}

int rotor_attach(const struct rotor *rotor, int fd)
{
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, &rotor->program,
		       sizeof(rotor->program)) == -1)
		return -errno;
	return 0;
}
