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

void fault_add(struct faults *faults, const char *format, ...)
{
	va_list arguments;

	if (faults->count < FAULTS_KEPT) {
		struct fault *fault = &faults->list[faults->count];

		va_start(arguments, format);
		(void)vsnprintf(fault->text, sizeof(fault->text), format, arguments);
		va_end(arguments);
	}
	faults->count++;
}
