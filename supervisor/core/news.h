/*
 * news.h - what workers and the clock report, taken into the state of the app.
 */
#ifndef SUPERVISOR_CORE_NEWS_H
#define SUPERVISOR_CORE_NEWS_H

#include "supervisor/core/step.h"

void news_tick(struct step *step, const struct core_event *event);
void news_awake(struct step *step, const struct core_event *event);
void news_adopt(struct step *step, const struct core_event *event);
void news_ready(struct step *step, const struct core_event *event);
void news_listening(struct step *step, const struct core_event *event);
void news_beat(struct step *step, const struct core_event *event);
void news_leave(struct step *step, const struct core_event *event);
void news_trigger(struct step *step, const struct core_event *event);
void news_extend(struct step *step, const struct core_event *event);
void news_exit(struct step *step, const struct core_event *event);
void news_spawn_failed(struct step *step, const struct core_event *event);
void news_exceeded(struct step *step, const struct core_event *event);
void news_probed(struct step *step, const struct core_event *event);
void news_unrouted(struct step *step, const struct core_event *event);

#endif
