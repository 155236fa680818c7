/*
 * roaring.h -- sets of 32-bit numbers in the portable Roaring format, read with every step checked.
 *
 * Decoded by hand and not through CRoaring: the sets go straight into a bitmap of rows, and the
 * version that Debian ships does not check order and cardinality of what it deserializes.
 */
#ifndef LDB_TABLE_ROARING_H
#define LDB_TABLE_ROARING_H

#include "ldb/base/error.h"
#include "ldb/base/slice.h"

/* Sets the bit of each member in `bits`, which holds `bit_count` zero bits; *count members. A
 * member at or beyond bit_count, or a member twice, is LDB_CORRUPT. `name` is for messages. */
LdbStatus ldb_roaring_decode(LdbSlice bytes, const char *name, uint8_t *bits, uint64_t bit_count,
							 uint64_t *count, LdbError *err);

#endif
