/*
 * rules.h - how many workers, when they are ready, how they end, start again and are
 * replaced, whose they are and where they write: PM2's keys one by one.
 */
#ifndef SUPERVISOR_IMPORT_RULES_H
#define SUPERVISOR_IMPORT_RULES_H

#include "supervisor/import/sheet.h"

/* Returns how many, or 0 if that follows from the machine. */
int64_t rules_translate_instances(struct sheet *sheet);
void rules_check_mode(struct sheet *sheet);
/* Where PM2's own web server listens. */
void rules_translate_site(struct sheet *sheet);
void rules_translate_ready(struct sheet *sheet);
void rules_translate_drain(struct sheet *sheet);
void rules_translate_restart(struct sheet *sheet);
void rules_translate_recycle(struct sheet *sheet);
void rules_translate_owner(struct sheet *sheet);
void rules_translate_logs(struct sheet *sheet);

#endif
