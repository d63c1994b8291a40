/* scratch: a PostgreSQL of the test's own, by tests/postgres. Used by tests of lib/db and of whatever stands on it. */
#ifndef MOHAR_TEST_SCRATCH_H
#define MOHAR_TEST_SCRATCH_H

#include <stdbool.h>

/* A running cluster, made at the first call and stopped at exit. NULL if PostgreSQL is not installed: the test then skips, and says so. */
const char *scratch_conninfo(void);

/* Kills the server as a power failure would; starts it again on the same data. */
void scratch_crash(void);
void scratch_again(void);

#endif
