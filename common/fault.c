#include "common/fault.h"

#include <stdarg.h>
#include <stdio.h>

int fault_set(struct fault *fault, int code, const char *format, ...)
{
	va_list arguments;

	if (!fault)
		return code;
	va_start(arguments, format);
	(void)vsnprintf(fault->text, sizeof(fault->text), format, arguments);
	va_end(arguments);
	return code;
}
