/*
 * codec_fsst.h -- strings compressed with a table of up to 255 symbols of 1 to 8 bytes.
 *
 * Every value is compressed by itself. A table may also say that it is off: values are stored as
 * they are then. Source: docs/format.md.
 */
#ifndef LDB_FORMAT_CODEC_FSST_H
#define LDB_FORMAT_CODEC_FSST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ldb/base/arena.h"
#include "ldb/base/error.h"
#include "ldb/base/slice.h"

typedef struct LdbFsst
{
	bool on;
	unsigned symbol_count;
	uint64_t symbols[256];
	uint8_t lengths[256]; /* 0 = no such symbol */
} LdbFsst;

LdbStatus ldb_fsst_parse(LdbSlice table, LdbFsst *fsst, LdbError *err);

/* One value, into the arena; itself when the table is off. */
LdbStatus ldb_fsst_decode(const LdbFsst *fsst, LdbSlice encoded, LdbArena *arena, LdbSlice *decoded,
						  LdbError *err);

/* Many values. `decoded` has room for count and may be `encoded` itself. Empty values stay what
 * they are, so that {NULL, 0} remains a null. */
LdbStatus ldb_fsst_decode_many(const LdbFsst *fsst, const LdbSlice *encoded, size_t count,
							   LdbArena *arena, LdbSlice *decoded, LdbError *err);

#endif
