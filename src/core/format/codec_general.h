/*
 * codec_general.h -- buffers compressed as a whole with LZ4 or zstd, with their length in front.
 *
 * LZ4: u32 length, raw block. zstd: u64 length, frame; old writers stored a bare frame. An empty
 * buffer is empty. What a buffer claims to hold is held against what it can hold (LZ4 at most
 * 255 : 1, zstd 128 KiB from 4 bytes), against the frame's own header, against the caller's bound
 * and against the arena's limit before memory is taken.
 */
#ifndef LDB_FORMAT_CODEC_GENERAL_H
#define LDB_FORMAT_CODEC_GENERAL_H

#include <stdint.h>

#include "ldb/base/arena.h"
#include "ldb/base/error.h"
#include "ldb/base/slice.h"

/* Numbers of the format (2.1 and later); 2.0 has names. */
typedef enum LdbScheme
{
	LDB_SCHEME_NONE = 0,
	LDB_SCHEME_LZ4 = 1,
	LDB_SCHEME_ZSTD = 2
} LdbScheme;

/* "zstd", "lz4", "none", "" or NULL. */
LdbStatus ldb_scheme_parse(const char *name, int *scheme, LdbError *err);

/* `scheme` as stored: another number is LDB_UNSUPPORTED. most_bytes: what the caller could use at
 * most, SIZE_MAX when it cannot know. LDB_SCHEME_NONE gives the buffer itself. */
LdbStatus ldb_general_decode(int scheme, LdbSlice buffer, uint64_t most_bytes, LdbArena *arena,
							 LdbSlice *decoded, LdbError *err);

#endif
