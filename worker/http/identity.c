#include "worker/http/identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The number goes into JSON and headers as it is, so it had better be one. */
static const char *read_number(const char *variable)
{
	const char *text = getenv(variable);

	if (text == NULL || text[0] == '\0' || strlen(text) >= IDENTITY_NUMBER)
		return NULL;
	return text[strspn(text, "0123456789")] == '\0' ? text : NULL;
}

void identity_init(struct identity *identity)
{
	*identity = (struct identity){
		.app = getenv("CLUSTER_APP"),
		.slot = read_number("CLUSTER_SLOT"),
		.generation = read_number("CLUSTER_GENERATION"),
		.instances = read_number("CLUSTER_INSTANCES"),
	};
	(void)snprintf(identity->pid, sizeof(identity->pid), "%d", getpid());
}
