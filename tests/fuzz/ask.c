/*
 * ask.c - fuzzes what somebody may send to the desk.
 *
 * A question that was understood is of a known kind, and its address one that can be
 * written and read again.
 */
#include <stdint.h>
#include <stdlib.h>

#include "supervisor/bridge/desk.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct desk_question question;
	struct address again;
	char text[ADDRESS_TEXT];

	if (!desk_decode(&question, bytes, size))
		return 0;
	if (question.verb == ASK_CONTROL)
		return 0;
	if (question.verb != ASK_SOCKET && question.verb != ASK_LISTENING)
		abort();
	address_format(&question.address, text);
	if (address_parse(&again, text, NULL) < 0 ||
	    !address_equal(&question.address, &again))
		abort();
	return 0;
}
