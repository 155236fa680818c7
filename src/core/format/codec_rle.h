/*
 * codec_rle.h -- fixed-width values stored as runs: values in one buffer, run lengths in another.
 *
 * Decoding stops after value_count values: the last run of older files may overshoot.
 */
#ifndef LDB_FORMAT_CODEC_RLE_H
#define LDB_FORMAT_CODEC_RLE_H

#include <stdint.h>

#include "ldb/base/arena.h"
#include "ldb/base/error.h"
#include "ldb/base/slice.h"

typedef struct LdbRuns
{
	LdbSlice values;
	LdbSlice lengths;
	uint64_t value_bits;  /* a multiple of 8, at most 256 */
	uint64_t length_bits; /* 8, 16, 32 or 64 */
} LdbRuns;

LdbStatus ldb_rle_decode(const LdbRuns *runs, uint64_t value_count, LdbArena *arena, void **values,
						 LdbError *err);

/* Both buffers in one block: u64 byte size of the values, values, lengths. The slices of *runs
 * are filled in; its widths are the caller's. */
LdbStatus ldb_rle_split_block(LdbSlice block, LdbRuns *runs, LdbError *err);

#endif
