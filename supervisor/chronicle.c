#include "supervisor/chronicle.h"

#include <stdlib.h>
#include <string.h>

void chronicle_free(struct chronicle *chronicle)
{
	for (size_t i = 0; i < CHRONICLE_KEPT; i++)
		free(chronicle->kept[i]);
	*chronicle = (struct chronicle){0};
}

static size_t size_of(const char *text)
{
	return text != NULL ? strlen(text) + 1 : 0;
}

/* Its texts stand behind it, in the same piece of memory. */
static struct happening *copy(const struct happening *happening)
{
	size_t app = size_of(happening->app), reason = size_of(happening->reason);
	struct happening *made = malloc(sizeof(*made) + app + reason);
	char *texts;

	if (made == NULL)
		return NULL;
	texts = (char *)(made + 1);
	*made = *happening;
	texts = (char *)(made + 1);
	if (app > 0)
		made->app = memcpy(texts, happening->app, app);
	if (reason > 0)
		made->reason = memcpy(texts + app, happening->reason, reason);
	return made;
}

void chronicle_add(struct chronicle *chronicle, const struct happening *happening)
{
	struct happening **at = &chronicle->kept[chronicle->next % CHRONICLE_KEPT];

	free(*at);
	*at = copy(happening);
	if (*at != NULL)
		(*at)->number = chronicle->next;
	chronicle->next++;
}

const struct happening *chronicle_find(const struct chronicle *chronicle, uint64_t from)
{
	if (chronicle->next > CHRONICLE_KEPT && from < chronicle->next - CHRONICLE_KEPT)
		from = chronicle->next - CHRONICLE_KEPT;
	for (; from < chronicle->next; from++) {
		const struct happening *kept = chronicle->kept[from % CHRONICLE_KEPT];

		/* The numbers jump when a supervisor takes over. */
		if (kept != NULL && kept->number == from)
			return kept;
	}
	return NULL;
}
