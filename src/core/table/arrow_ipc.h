/*
 * arrow_ipc.h -- the one kind of Arrow IPC file that Lance writes: deleted rows as one uint32
 * column, in batches whose buffers may be compressed with zstd or LZ4.
 */
#ifndef LDB_TABLE_ARROW_IPC_H
#define LDB_TABLE_ARROW_IPC_H

#include "ldb/base/arena.h"
#include "ldb/base/error.h"
#include "ldb/base/slice.h"

/* Sets the bit of each value in `bits`, which holds `bit_count` zero bits. *count = distinct
 * values. More than row_limit values, or one at or beyond bit_count, are LDB_CORRUPT. */
LdbStatus ldb_arrow_ipc_decode(LdbSlice bytes, const char *name, uint64_t row_limit, uint8_t *bits,
							   uint64_t bit_count, LdbArena *arena, uint64_t *count, LdbError *err);

#endif
