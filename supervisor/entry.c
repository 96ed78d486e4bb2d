#include "supervisor/entry.h"

#include <string.h>

#include "common/journal.h"
#include "common/sha256.h"
#include "common/text.h"

/* The first half of the SHA-256 of "org.clusterd." and the name. */
void entry_id(enum happening_kind kind, char id[ENTRY_ID])
{
	static const char prefix[] = "org.clusterd.";
	const char *name = happening_kind_name(kind);
	char text[SHA256_TEXT];
	struct sha256 sum;

	sha256_init(&sum);
	sha256_add(&sum, prefix, sizeof(prefix) - 1);
	sha256_add(&sum, name, strlen(name));
	sha256_format(&sum, text);
	(void)text_copy(id, ENTRY_ID, text);
}

static void put_optional(struct buffer *entry, const char *name, const char *text)
{
	if (text != NULL)
		journal_put_text(entry, name, text);
}

static void put_worker(struct buffer *entry, const struct happening *happening)
{
	put_optional(entry, "CLUSTER_APP", happening->app);
	if (happening->app != NULL && happening->slot >= 0)
		journal_put_number(entry, "CLUSTER_SLOT", happening->slot);
	if (happening->generation > 0)
		journal_put_number(entry, "CLUSTER_GENERATION", happening->generation);
	if (happening->pid > 0)
		journal_put_number(entry, "CLUSTER_PID", happening->pid);
}

void entry_put(struct buffer *entry, const struct happening *happening,
	       const char *message)
{
	char id[ENTRY_ID];

	entry_id(happening->kind, id);
	journal_put_text(entry, "MESSAGE", message);
	journal_put_text(entry, "MESSAGE_ID", id);
	journal_put_number(entry, "PRIORITY",
			   log_level_priority(happening_level(happening->kind)));
	journal_put_text(entry, "SYSLOG_IDENTIFIER", "clusterd");
	journal_put_text(entry, "CLUSTER_EVENT", happening_kind_name(happening->kind));
	put_worker(entry, happening);
	put_optional(entry, "CLUSTER_OPERATION", happening->operation);
	put_optional(entry, "CLUSTER_RESULT", happening->result);
	if (happening->has_duration)
		journal_put_number(entry, "CLUSTER_DURATION_MS", happening->duration);
	if (happening->failures > 0)
		journal_put_number(entry, "CLUSTER_FAILURES", happening->failures);
	if (happening->has_code)
		journal_put_number(entry, "CLUSTER_CODE", happening->code);
	if (happening->signal != 0)
		journal_put_text(entry, "CLUSTER_SIGNAL",
				 text_signal_name(happening->signal));
	put_optional(entry, "CLUSTER_REASON", happening->reason);
}
