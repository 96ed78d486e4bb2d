/*
 * judge.h - what came of a configuration that was applied, in the words of a call.
 *
 * Each app's row becomes a verdict, or an operation to await; a configuration with faults
 * becomes the answer.  Nothing here decides what is applied.
 */
#ifndef SUPERVISOR_JUDGE_H
#define SUPERVISOR_JUDGE_H

#include "supervisor/call.h"

/* Answers with the faults: nothing was done. */
void judge_faults(struct call *call, const struct apply_report *report, int result);
/* Takes the verdicts of what was applied with `result`; false: the call was answered with
 * an error. */
bool judge_report(struct call *call, const struct apply_report *report, int result);
/* Applies, and takes the verdicts. */
bool judge_apply(struct call *call, const struct apply *apply);

#endif
