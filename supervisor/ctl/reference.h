/*
 * reference.h - the commented configuration of conf/, inside the program.
 */
#ifndef SUPERVISOR_CTL_REFERENCE_H
#define SUPERVISOR_CTL_REFERENCE_H

extern const char reference_begin[];
extern const char reference_end[];

#endif
