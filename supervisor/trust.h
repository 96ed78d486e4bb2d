/*
 * trust.h - can only root have written this configuration?
 *
 * What root's supervisor reads decides what runs as root.  So a file must belong to root
 * and be writable by nobody else, and so must every directory above it, or else somebody
 * could put another in its place (where the sticky bit is set nobody can).  The file that
 * is looked at is the one that is open, wherever links led to; its name is not asked
 * again.  Who is not root trusts whom he likes.
 */
#ifndef SUPERVISOR_TRUST_H
#define SUPERVISOR_TRUST_H

#include "common/fault.h"

/* 0, or -EPERM and what of it is not to be trusted. */
int trust_file(int fd, struct fault *fault);

#endif
