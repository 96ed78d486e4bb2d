/*
 * What the program sees.  The kernel runs it with the packet's data at the TCP payload,
 * which for a SYN is empty; the headers are reached by offsets from the network header
 * (SKF_NET_OFF).  IPv4 ports stand behind a header of variable length, IPv6 ports behind
 * 40 bytes (an extension header in between only changes the hash, not its evenness).  A
 * dual-stack group sees both kinds.  A load that fails ends the program with index 0.
 *
 * Selection happens at the SYN; the rest of the handshake finds its socket without us, so
 * a key drawn by lot loses nothing.
 *
 * Before any key comes the client's address: one of a slot's own (address_of_slot) goes
 * to that slot.
 */
#include "supervisor/steer.h"

#include <assert.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <string.h>
#include <sys/socket.h>

#include "common/address.h"

#define V4_SOURCE      (SKF_NET_OFF + 12)
#define V4_DESTINATION (SKF_NET_OFF + 16)
#define V6_SOURCE      (SKF_NET_OFF + 8)
#define V6_DESTINATION (SKF_NET_OFF + 24)
#define V6_PORTS       (SKF_NET_OFF + 40)
#define WORD           4
#define V6_WORDS       4

/* Odd, with bits in no order: a product's high bits then depend on all bits below. */
#define FIRST_MULTIPLIER  0x9e3779b1
#define SECOND_MULTIPLIER 0x85ebca6b

static void emit(struct steer_program *program, unsigned code, uint32_t operand)
{
	assert(program->steps < STEER_STEPS);
	program->step[program->steps++] =
		(struct sock_filter){.code = (unsigned short)code, .k = operand};
}

static void emit_load(struct steer_program *program, int offset)
{
	emit(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
}

/* A ^= the word at offset. */
static void emit_fold(struct steer_program *program, int offset)
{
	emit(program, BPF_MISC | BPF_TAX, 0);
	emit_load(program, offset);
	emit(program, BPF_ALU | BPF_XOR | BPF_X, 0);
}

static void emit_fold_v6(struct steer_program *program, int offset)
{
	for (int word = 0; word < V6_WORDS; word++)
		emit_fold(program, offset + word * WORD);
}

static void emit_multiply(struct steer_program *program, uint32_t multiplier)
{
	emit(program, BPF_ALU | BPF_MUL | BPF_K, multiplier);
}

/* A = the source and destination port behind an IPv4 header of any length. */
static void emit_v4_ports(struct steer_program *program)
{
	emit(program, BPF_LDX | BPF_B | BPF_MSH, (uint32_t)SKF_NET_OFF);
	emit(program, BPF_LD | BPF_W | BPF_IND, (uint32_t)SKF_NET_OFF);
}

static void emit_v4_key(struct steer_program *program, enum balance balance)
{
	if (balance == BALANCE_IP_HASH) {
		emit_load(program, V4_SOURCE);
		return;
	}
	emit_v4_ports(program);
	emit_multiply(program, SECOND_MULTIPLIER);
	emit_fold(program, V4_SOURCE);
	emit_multiply(program, SECOND_MULTIPLIER);
	emit_fold(program, V4_DESTINATION);
}

static void emit_v6_key(struct steer_program *program, enum balance balance)
{
	if (balance == BALANCE_IP_HASH) {
		emit_load(program, V6_SOURCE);
		for (int word = 1; word < V6_WORDS; word++)
			emit_fold(program, V6_SOURCE + word * WORD);
		return;
	}
	emit_load(program, V6_PORTS);
	emit_multiply(program, SECOND_MULTIPLIER);
	emit_fold_v6(program, V6_SOURCE);
	emit_multiply(program, SECOND_MULTIPLIER);
	emit_fold_v6(program, V6_DESTINATION);
}

/* A = the bucket: the high bits of a product, after its low bits had their say. */
static void emit_mix(struct steer_program *program)
{
	emit_multiply(program, FIRST_MULTIPLIER);
	emit(program, BPF_MISC | BPF_TAX, 0);
	emit(program, BPF_ALU | BPF_RSH | BPF_K, 15);
	emit(program, BPF_ALU | BPF_XOR | BPF_X, 0);
	emit_multiply(program, SECOND_MULTIPLIER);
	emit(program, BPF_ALU | BPF_RSH | BPF_K, 24);
}

static void emit_hash(struct steer_program *program, enum balance balance)
{
	unsigned branch, end;

	emit_load(program, SKF_AD_OFF + SKF_AD_PROTOCOL);
	branch = program->steps;
	emit(program, BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6);
	emit_v4_key(program, balance);
	end = program->steps;
	emit(program, BPF_JMP | BPF_JA, 0);
	program->step[branch].jt = (uint8_t)(program->steps - branch - 1);
	emit_v6_key(program, balance);
	program->step[end].k = program->steps - end - 1;
	emit_mix(program);
}

/* A = a bucket of the receiving core's group, by lot. */
static void emit_cpu(struct steer_program *program, unsigned groups)
{
	unsigned width = BUCKETS / groups;

	emit_load(program, SKF_AD_OFF + SKF_AD_CPU);
	emit(program, BPF_ALU | BPF_AND | BPF_K, groups - 1);
	emit_multiply(program, width);
	emit(program, BPF_ST, 0);
	emit_load(program, SKF_AD_OFF + SKF_AD_RANDOM);
	emit(program, BPF_ALU | BPF_AND | BPF_K, width - 1);
	emit(program, BPF_LDX | BPF_MEM, 0);
	emit(program, BPF_ALU | BPF_ADD | BPF_X, 0);
}

static void emit_key(struct steer_program *program, enum balance balance, unsigned groups)
{
	switch (balance) {
	case BALANCE_CPU:
		emit_cpu(program, groups);
		return;
	case BALANCE_HASH:
	case BALANCE_IP_HASH:
		emit_hash(program, balance);
		return;
	case BALANCE_RANDOM:
	case BALANCE_ROUND_ROBIN:
	case BALANCE_LEAST_CONN:
	case BALANCE_LEAST_LATENCY:
	case BALANCE_QUEUE:
	case BALANCES:
		break;
	}
	emit_load(program, SKF_AD_OFF + SKF_AD_RANDOM);
	emit(program, BPF_ALU | BPF_AND | BPF_K, BUCKETS - 1);
}

struct run {
	uint32_t first; /* bucket or slot */
	uint32_t value;
};

/* Neighbours of one value are one run. */
static unsigned find_runs(struct run run[BUCKETS], const uint32_t *value, unsigned count)
{
	unsigned runs = 1;

	run[0] = (struct run){.first = 0, .value = value[0]};
	for (uint32_t at = 1; at < count; at++)
		if (run[runs - 1].value != value[at])
			run[runs++] = (struct run){at, value[at]};
	return runs;
}

static void emit_owner(struct steer_program *program, const struct run *run)
{
	emit(program, BPF_RET | BPF_K, run->value);
}

/* A run of slots is one of members, so many places before. */
static void emit_member(struct steer_program *program, const struct run *run)
{
	emit(program, BPF_ALU | BPF_SUB | BPF_K, run->value);
	emit(program, BPF_RET | BPF_A, 0);
}

/* The lower half follows its question, the upper half follows the lower.  The way to the
 * upper one can be longer than the 8 bits a question has for it; an unconditional jump
 * has
 * 32.  At most eight questions, hence eight levels of recursion. */
static void
emit_search(struct steer_program *program, const struct run *run, unsigned runs,
	    void (*emit_leaf)(struct steer_program *program, const struct run *run))
{
	unsigned middle = runs / 2;
	unsigned question, below;

	if (runs == 1) {
		emit_leaf(program, run);
		return;
	}
	question = program->steps;
	emit(program, BPF_JMP | BPF_JGE | BPF_K, run[middle].first);
	emit(program, BPF_JMP | BPF_JA, 0);
	program->step[question].jf = 1;

	below = program->steps;
	emit_search(program, run, middle, emit_leaf);
	program->step[question + 1].k = program->steps - below;
	emit_search(program, run + middle, runs - middle, emit_leaf);
}

/* One subtraction makes a slot of its address, and of any other more than there are. */
static void emit_slots(struct steer_program *program, const struct steer_slots *slots)
{
	uint32_t before[BUCKETS];
	struct run run[BUCKETS];
	unsigned count = slots->count;
	unsigned way_out;

	if (count == 0)
		return;
	emit_load(program, SKF_AD_OFF + SKF_AD_PROTOCOL);
	emit(program, BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP);
	program->step[program->steps - 1].jf = 3;
	emit_load(program, V4_SOURCE);
	emit(program, BPF_ALU | BPF_SUB | BPF_K, ADDRESS_OF_SLOTS);
	emit(program, BPF_JMP | BPF_JGE | BPF_K, count);
	program->step[program->steps - 1].jf = 1;
	way_out = program->steps;
	emit(program, BPF_JMP | BPF_JA, 0);

	for (uint32_t slot = 0; slot < count; slot++)
		before[slot] = slot - slots->index[slot];
	emit_search(program, run, find_runs(run, before, count), emit_member);
	program->step[way_out].k = program->steps - way_out - 1;
}

void steer_build(struct steer_program *program, enum balance balance, unsigned groups,
		 const uint16_t index[BUCKETS], const struct steer_slots *slots)
{
	uint32_t owner[BUCKETS];
	struct run run[BUCKETS];

	program->steps = 0;
	emit_slots(program, slots);
	emit_key(program, balance, groups);
	for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
		owner[bucket] = index[bucket];
	emit_search(program, run, find_runs(run, owner, BUCKETS), emit_owner);
}

int steer_attach(int fd, struct steer_program *program)
{
	struct sock_fprog whole;

	memset(&whole, 0, sizeof(whole)); /* its padding goes to the kernel, too */
	whole.len = program->steps;
	whole.filter = program->step;
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &whole, sizeof(whole)) ==
	    -1)
		return -errno;
	return 0;
}
