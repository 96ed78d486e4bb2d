#include "common/sha256.h"

#include <stdio.h>
#include <string.h>

#define ROUNDS 64

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t constants[ROUNDS] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t turn(uint32_t word, unsigned bits)
{
	return word >> bits | word << (32 - bits);
}

static uint32_t read_word(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 |
	       at[3];
}

static void schedule(uint32_t word[ROUNDS], const uint8_t *block)
{
	for (unsigned i = 0; i < 16; i++)
		word[i] = read_word(block + 4 * i);
	for (unsigned i = 16; i < ROUNDS; i++) {
		uint32_t near = word[i - 2], far = word[i - 15];

		word[i] = word[i - 16] + word[i - 7] +
			  (turn(far, 7) ^ turn(far, 18) ^ far >> 3) +
			  (turn(near, 17) ^ turn(near, 19) ^ near >> 10);
	}
}

static void take_block(uint32_t state[8], const uint8_t *block)
{
	uint32_t word[ROUNDS], now[8];

	schedule(word, block);
	memcpy(now, state, sizeof(now));
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint32_t a = now[0], e = now[4];
		uint32_t choice = (e & now[5]) ^ (~e & now[6]);
		uint32_t majority = (a & now[1]) ^ (a & now[2]) ^ (now[1] & now[2]);
		uint32_t one = now[7] + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) +
			       choice + constants[i] + word[i];
		uint32_t two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + majority;

		memmove(&now[1], &now[0], 7 * sizeof(now[0]));
		now[4] += one;
		now[0] = one + two;
	}
	for (unsigned i = 0; i < 8; i++)
		state[i] += now[i];
}

void sha256_init(struct sha256 *sum)
{
	/* Of the square roots of the first eight primes. */
	*sum = (struct sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void sha256_add(struct sha256 *sum, const void *data, size_t bytes)
{
	const uint8_t *at = data;

	while (bytes > 0) {
		size_t held = sum->bytes % SHA256_BLOCK;
		size_t taken = SHA256_BLOCK - held < bytes ? SHA256_BLOCK - held : bytes;

		memcpy(sum->block + held, at, taken);
		if (held + taken == SHA256_BLOCK)
			take_block(sum->state, sum->block);
		sum->bytes += taken;
		at += taken;
		bytes -= taken;
	}
}

void sha256_format(struct sha256 *sum, char text[SHA256_TEXT])
{
	static const uint8_t padding[SHA256_BLOCK] = {0x80};
	uint64_t bits = sum->bytes * 8;
	uint8_t length[8];

	for (unsigned i = 0; i < sizeof(length); i++)
		length[i] = (uint8_t)(bits >> (56 - 8 * i));
	/* So many that just the length has room in the last block. */
	sha256_add(sum, padding, SHA256_BLOCK - (sum->bytes + 8) % SHA256_BLOCK);
	sha256_add(sum, length, sizeof(length));
	for (unsigned i = 0; i < 8; i++)
		(void)snprintf(text + 8 * i, SHA256_TEXT - 8 * i, "%08x", sum->state[i]);
}
