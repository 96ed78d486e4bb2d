#include "common/interpreter.h"

#include <string.h>

#include "common/base.h"

static const struct {
	const char *extension;
	const char *interpreter;
} interpreters[] = {
	{".js", "node"}, {".cjs", "node"}, {".mjs", "node"}, {".py", "python3"},
	{".rb", "ruby"}, {".php", "php"},  {".pl", "perl"},  {".sh", "bash"},
};

const char *interpreter_for(const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *dot = strrchr(slash != NULL ? slash : file, '.');

	for (size_t i = 0; dot != NULL && i < ARRAY_COUNT(interpreters); i++)
		if (strcmp(dot, interpreters[i].extension) == 0)
			return interpreters[i].interpreter;
	return NULL;
}
