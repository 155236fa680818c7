/* codec_split.c -- puts the bytes of split values together again. */
#include "codec_split.h"

#include <inttypes.h>

#include "ldb/base/checked.h"

LdbStatus
ldb_split_decode(LdbSlice buffer, uint64_t value_bits, uint64_t value_count, LdbArena *arena,
				 void **values, LdbError *err)
{
	uint64_t width = value_bits / 8;
	uint64_t needed;
	uint8_t *out;

	if (width == 0 || value_bits % 8 != 0)
		LDB_FAIL(err, LDB_CORRUPT, "byte streams of values of %" PRIu64 " bits", value_bits);
	if (!ldb_u64_mul(width, value_count, &needed) || needed > buffer.length)
		LDB_FAIL(err, LDB_CORRUPT,
				 "%zu bytes are too few for the streams of %" PRIu64 " values of %" PRIu64 " bytes",
				 buffer.length, value_count, width);
	out = ldb_arena_alloc(arena, needed);
	if (out == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %" PRIu64 " bytes of split values", needed);
	for (uint64_t byte = 0; byte < width; byte++)
	{
		const uint8_t *stream = buffer.data + byte * value_count;

		for (uint64_t i = 0; i < value_count; i++)
			out[i * width + byte] = stream[i];
	}
	*values = out;
	return LDB_OK;
}
