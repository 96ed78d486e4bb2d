#include "supervisor/ctl/systemctl.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/fault.h"
#include "common/places.h"
#include "common/text.h"
#include "supervisor/ctl/aide.h"

#define WORDS        8
#define OUTPUT_BYTES 65536

bool systemctl_is_up(void)
{
	return access("/run/systemd/system", F_OK) == 0;
}

int systemctl_run(bool user, const char *const *words, struct buffer *output)
{
	const char *list[WORDS + 1] = {user ? "--user" : "--system"};
	const char *search = getenv("PATH");
	char path[PATH_MAX];
	struct fault fault;
	int code;

	for (unsigned i = 1; i < WORDS && words[i - 1] != NULL; i++)
		list[i] = words[i - 1];
	if (search == NULL)
		search = "/usr/bin:/bin";
	if (places_find_program(path, sizeof(path), "systemctl", search, "/", &fault) < 0)
		return -ENOENT;
	code = aide_run(path, list, output);
	while (output->count > 0 && output->bytes[output->count - 1] == '\n')
		buffer_cut(output, output->count - 1);
	buffer_append(output, "", 1);
	return output->broken ? -ENOMEM : code;
}

void systemctl_ask(bool user, const char *unit, const char *property, char *text,
		   size_t size)
{
	const char *const words[] = {"show", "-P", property, unit, NULL};
	struct buffer said;

	buffer_init(&said, OUTPUT_BYTES);
	text[0] = '\0';
	if (systemctl_run(user, words, &said) == 0)
		(void)text_copy(text, size, said.bytes);
	buffer_free(&said);
}
