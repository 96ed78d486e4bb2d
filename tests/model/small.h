/*
 * small.h - the core, compiled in for apps of two slots.
 */
#ifndef TESTS_MODEL_SMALL_H
#define TESTS_MODEL_SMALL_H

#define CORE_SLOTS 2

#include "supervisor/core/backoff.c"
#include "supervisor/core/core.c"
#include "supervisor/core/edges.c"
#include "supervisor/core/news.c"
#include "supervisor/core/recycle.c"
#include "supervisor/core/roll.c"
#include "supervisor/core/slot.c"
#include "supervisor/core/step.c"
#include "supervisor/core/trace.c"
#include "supervisor/core/verdict.c"
#include "supervisor/core/want.c"
#include "supervisor/core/worker.c"

#define NOW    1000 /* every state is moved so that it is this late */
#define SEATS  (CORE_SEATS * (CORE_SLOTS + 1))
#define NOBODY UINT32_MAX

#endif
