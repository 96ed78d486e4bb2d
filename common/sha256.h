/*
 * sha256.h - the SHA-256 of what comes in pieces (FIPS 180-4).
 *
 * For telling files apart, as sha256sum(1) does; nothing that is secret depends on it.
 */
#ifndef COMMON_SHA256_H
#define COMMON_SHA256_H

#include "common/base.h"

#define SHA256_BLOCK 64
#define SHA256_TEXT  65 /* bytes of the digest in hexadecimal, with its NUL */

struct sha256 {
	uint32_t state[8];
	uint64_t bytes; /* taken in */
	uint8_t block[SHA256_BLOCK];
};

void sha256_init(struct sha256 *sum);
void sha256_add(struct sha256 *sum, const void *data, size_t bytes);
/* Ends it: `sum` is of no further use. */
void sha256_format(struct sha256 *sum, char text[SHA256_TEXT]);

#endif
