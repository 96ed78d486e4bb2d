/*
 * address.c - fuzz target: any text a user may write as an address.
 */
#include <stdlib.h>
#include <string.h>

#include "common/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char text[512], formatted[ADDRESS_TEXT], again[ADDRESS_TEXT];
	struct address address, second;
	struct fault fault = {""};

	if (size >= sizeof(text))
		return 0;
	memcpy(text, bytes, size);
	text[size] = '\0';
	if (address_parse(&address, text, &fault) < 0) {
		if (!fault.text[0])
			abort();
		return 0;
	}

	address_format(&address, formatted);
	if (address_parse(&second, formatted, &fault) < 0)
		abort();
	address_format(&second, again);
	if (!address_equal(&address, &second) || strcmp(formatted, again) != 0)
		abort();
	return 0;
}
