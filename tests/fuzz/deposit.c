/*
 * deposit.c - fuzz target: any bytes that come to a keeper, or from one.
 */
#include <stdlib.h>
#include <string.h>

#include "common/deposit.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char again[DEPOSIT_BYTES];
	struct deposit deposit, same;
	size_t count;

	if (deposit_decode(&deposit, (const char *)bytes, size) < 0)
		return 0;
	if (size > DEPOSIT_BYTES || !memchr(deposit.name, '\0', sizeof(deposit.name)))
		abort();
	count = deposit_encode(again, &deposit);
	if (deposit_decode(&same, again, count) < 0 || same.kind != deposit.kind)
		abort();
	return 0;
}
