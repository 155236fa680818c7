/*
 * mapping.h -- whole files mapped read-only, and what happens when a page of one is gone.
 *
 * A mapped file that is truncated, or whose disk fails, makes the kernel send SIGBUS. The handler
 * installed here knows our mappings: it puts a zero page at the address, marks the mapping
 * damaged and returns; readers look at the mark after they used the bytes and fail with LDB_IO.
 * A SIGBUS elsewhere goes to the handler that was there before.
 * Threads: safe. Signals: the handler only touches the registry (lock-free) and calls mmap.
 */
#ifndef LDB_STORE_MAPPING_H
#define LDB_STORE_MAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ldb/base/error.h"
#include "ldb/base/slice.h"

typedef struct LdbMapping LdbMapping;

/* Idempotent; call once at load. Without it a damaged mapping kills the process. */
void ldb_mapping_install_handler(void);

/* Maps the open file; the descriptor may be closed afterwards. `name` is for messages. */
LdbStatus ldb_mapping_open(int fd, const char *name, LdbMapping **mapping, LdbError *err);
LdbSlice ldb_mapping_bytes(const LdbMapping *mapping);
bool ldb_mapping_damaged(const LdbMapping *mapping);
/* One more owner, who closes it too. */
LdbMapping *ldb_mapping_share(LdbMapping *mapping);
void ldb_mapping_close(LdbMapping *mapping); /* NULL is fine; the last owner unmaps */

#endif
