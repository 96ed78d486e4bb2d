/*
 * lenient.h - JSON as PM2 takes it -> JSON: with comments and commas before a bracket.
 *
 * Pure.  What is taken out becomes blanks, so that lines stay where they are.
 */
#ifndef SUPERVISOR_IMPORT_LENIENT_H
#define SUPERVISOR_IMPORT_LENIENT_H

#include "common/base.h"

void lenient_to_json(char *text, size_t count);

#endif
