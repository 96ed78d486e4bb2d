/*
 * capacity.h - how many workers `max` means here: affinity, cpuset and cgroup quota.
 *
 * The host's number of CPUs says little inside a container or under taskset(1).  The
 * affinity mask knows cpusets too; a quota may be set on our cgroup or on any above it,
 * by cgroup v2 (cpu.max) or v1 (cpu.cfs_quota_us), wherever they are mounted.
 */
#ifndef SUPERVISOR_CAPACITY_H
#define SUPERVISOR_CAPACITY_H

#include "common/base.h"

#define CAPACITY_UNBOUND (~0U)

/* The smaller of the two below; >= 1 */
unsigned capacity_max(void);

unsigned capacity_affinity(void); /* CPUs that we may run on; >= 1 */

/* The number of the `nth` CPU that we may run on; beyond the last they begin anew. */
int capacity_cpu(unsigned nth, unsigned *ret_cpu);

/* CPUs that the cgroups allow, begun ones counted as whole, or CAPACITY_UNBOUND.  `root`
 * stands before each path ("" in life, a made-up tree in tests). */
unsigned capacity_quota(const char *root);

#endif
