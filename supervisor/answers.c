#include "supervisor/answers.h"

#include <string.h>

#include "common/text.h"

struct answer *answers_make(struct answers *answers, const char *ticket, const char *app,
			    const char *kind)
{
	struct answer *answer = &answers->list[answers->next];

	answers->next = (answers->next + 1) % ANSWERS;
	*answer = (struct answer){.duration_ms = -1};
	(void)text_copy(answer->ticket, sizeof(answer->ticket), ticket);
	(void)text_copy(answer->app, sizeof(answer->app), app);
	(void)text_copy(answer->kind, sizeof(answer->kind), kind);
	return answer;
}

struct answer *answers_find(struct answers *answers, uint32_t operation)
{
	for (unsigned i = 0; i < ANSWERS; i++)
		if (answers->list[i].operation == operation &&
		    answers->list[i].ticket[0] != '\0' &&
		    answers->list[i].result[0] == '\0')
			return &answers->list[i];
	return NULL;
}

/* In the order in which they were made. */
const struct answer *answers_next(const struct answers *answers, const char *ticket,
				  const struct answer *previous)
{
	unsigned first = previous == NULL ? 0
					  : ((unsigned)(previous - answers->list) +
					     ANSWERS - answers->next) %
							    ANSWERS +
						    1;

	for (unsigned i = first; i < ANSWERS; i++) {
		const struct answer *at = &answers->list[(answers->next + i) % ANSWERS];

		if (at->ticket[0] != '\0' && strcmp(at->ticket, ticket) == 0)
			return at;
	}
	return NULL;
}

void answer_settle(struct answer *answer, const char *result, const char *reason,
		   int64_t duration_ms)
{
	(void)text_copy(answer->result, sizeof(answer->result), result);
	(void)text_copy(answer->reason, sizeof(answer->reason),
			reason != NULL ? reason : "");
	answer->duration_ms = duration_ms;
}
