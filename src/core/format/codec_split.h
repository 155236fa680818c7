/*
 * codec_split.h -- byte stream split: the first bytes of all values, then the second bytes, ...
 */
#ifndef LDB_FORMAT_CODEC_SPLIT_H
#define LDB_FORMAT_CODEC_SPLIT_H

#include <stdint.h>

#include "ldb/base/arena.h"
#include "ldb/base/error.h"
#include "ldb/base/slice.h"

/* value_bits is a multiple of 8. */
LdbStatus ldb_split_decode(LdbSlice buffer, uint64_t value_bits, uint64_t value_count,
						   LdbArena *arena, void **values, LdbError *err);

#endif
