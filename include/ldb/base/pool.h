/*
 * pool.h -- runs the same function on up to n threads and waits for all of them.
 *
 * The caller's thread takes part as number 0; a thread_count of 1 starts no thread at all, so
 * tests and small work use the same path. Threads run with all signals but SIGBUS, SIGSEGV,
 * SIGFPE and SIGILL blocked and are joined before the call returns. Where the system refuses threads
 * there are fewer, at worst the caller's alone: work is to be shared by what the workers find left,
 * not by their number.
 * Errors: the first failing worker's error is returned; others see *stop become true.
 */
#ifndef LDB_BASE_POOL_H
#define LDB_BASE_POOL_H

#include <stdatomic.h>

#include "ldb/base/error.h"

typedef LdbStatus (*LdbPoolWork)(void *context, int worker, const atomic_bool *stop, LdbError *err);

LdbStatus ldb_pool_run(int thread_count, LdbPoolWork work, void *context, LdbError *err);

#endif
