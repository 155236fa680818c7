/*
 * codec_variable.h -- strings and binaries behind a table of offsets, as views.
 *
 * Offsets are checked to ascend and to lie in the buffer, so views never overlap and their bytes
 * never sum to more than the buffer.
 */
#ifndef LDB_FORMAT_CODEC_VARIABLE_H
#define LDB_FORMAT_CODEC_VARIABLE_H

#include <stdint.h>

#include "ldb/base/arena.h"
#include "ldb/base/error.h"
#include "ldb/base/slice.h"

/* value_count + 1 offsets from the start of the buffer, then the bytes: a chunk's value buffer.
 * offset_bits: 32 or 64. `views` has room for value_count. */
LdbStatus ldb_variable_decode_chunk(LdbSlice buffer, uint64_t offset_bits, uint64_t value_count,
									LdbSlice *views, LdbError *err);

/* A whole block, as dictionaries are stored: header with the offset width and the place of the
 * bytes, offsets from there, bytes. Also the header of pre-release 2.1 files. */
LdbStatus ldb_variable_decode_block(LdbSlice block, uint64_t value_count, LdbArena *arena,
									LdbSlice **views, LdbError *err);

#endif
