/*
 * roaring.h -- sets of 32-bit numbers in the portable Roaring format; reading checks every step.
 *
 * Decoded by hand and not through CRoaring: the sets go straight into a bitmap of rows, and the
 * version that Debian ships does not check order and cardinality of what it deserializes.
 */
#ifndef LDB_TABLE_ROARING_H
#define LDB_TABLE_ROARING_H

#include "ldb/base/arena.h"
#include "ldb/base/error.h"
#include "ldb/base/slice.h"

/* Sets the bit of each member in `bits`, which holds `bit_count` zero bits; *count members. A
 * member at or beyond bit_count, or a member twice, is LDB_CORRUPT. `name` is for messages. */
LdbStatus ldb_roaring_decode(LdbSlice bytes, const char *name, uint8_t *bits, uint64_t bit_count,
							 uint64_t *count, LdbError *err);

/* The numbers of the bits that are set, as LanceDB writes them: arrays and bitmaps, no runs. */
LdbStatus ldb_roaring_encode(const uint8_t *bits, uint64_t bit_count, LdbArena *arena,
							 LdbSlice *bytes, LdbError *err);

#endif
