/* codec_rle.c -- repeats run values. */
#include "codec_rle.h"

#include <inttypes.h>
#include <string.h>

#define MAX_VALUE_BITS 256

static uint64_t
run_length(const LdbRuns *runs, size_t i)
{
	size_t bytes = (size_t) runs->length_bits / 8;
	uint64_t length = 0;

	memcpy(&length, runs->lengths.data + i * bytes, bytes);
	return length;
}

#define FILL_RUN(integer)                                                       \
	static void fill_##integer(integer *out, const void *value, uint64_t count) \
	{                                                                           \
		integer v;                                                              \
                                                                                \
		memcpy(&v, value, sizeof v);                                            \
		for (uint64_t i = 0; i < count; i++)                                    \
			out[i] = v;                                                         \
	}

FILL_RUN(uint16_t)
FILL_RUN(uint32_t)
FILL_RUN(uint64_t)

/* `out` comes from an arena, so it is aligned for the words. */
static void
fill(void *out, uint64_t from, const uint8_t *value, size_t bytes, uint64_t count)
{
	switch (bytes)
	{
		case 1:
			memset((uint8_t *) out + from, *value, (size_t) count);
			break;
		case 2:
			fill_uint16_t((uint16_t *) out + from, value, count);
			break;
		case 4:
			fill_uint32_t((uint32_t *) out + from, value, count);
			break;
		case 8:
			fill_uint64_t((uint64_t *) out + from, value, count);
			break;
		default:
			for (uint64_t i = 0; i < count; i++)
				memcpy((uint8_t *) out + (from + i) * bytes, value, bytes);
			break;
	}
}

static LdbStatus
check_runs(const LdbRuns *runs, LdbError *err)
{
	if (runs->value_bits == 0 || runs->value_bits % 8 != 0 || runs->value_bits > MAX_VALUE_BITS)
		LDB_FAIL(err, LDB_CORRUPT, "runs of values of %" PRIu64 " bits", runs->value_bits);
	if (runs->length_bits != 8 && runs->length_bits != 16 && runs->length_bits != 32 &&
		runs->length_bits != 64)
		LDB_FAIL(err, LDB_CORRUPT, "run lengths of %" PRIu64 " bits", runs->length_bits);
	return LDB_OK;
}

LdbStatus
ldb_rle_decode(const LdbRuns *runs, uint64_t value_count, LdbArena *arena, void **values,
			   LdbError *err)
{
	size_t value_bytes = (size_t) runs->value_bits / 8;
	size_t run_count;
	uint64_t done = 0;

	LDB_TRY(check_runs(runs, err));
	run_count = runs->lengths.length / (size_t) (runs->length_bits / 8);
	if (run_count > runs->values.length / value_bytes)
		run_count = runs->values.length / value_bytes;
	/* what the runs hold is known before memory is taken for it */
	for (size_t i = 0; i < run_count && done < value_count; i++)
	{
		uint64_t length = run_length(runs, i);

		done = length < value_count - done ? done + length : value_count;
	}
	if (done < value_count)
		LDB_FAIL(err, LDB_CORRUPT, "%zu runs hold %" PRIu64 " values, not %" PRIu64, run_count,
				 done, value_count);
	*values = ldb_arena_alloc_array(arena, value_count, value_bytes);
	if (*values == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for runs of %" PRIu64 " values", value_count);
	done = 0;
	for (size_t i = 0; done < value_count; i++)
	{
		uint64_t length = run_length(runs, i);

		if (length > value_count - done)
			length = value_count - done;
		fill(*values, done, runs->values.data + i * value_bytes, value_bytes, length);
		done += length;
	}
	return LDB_OK;
}

LdbStatus
ldb_rle_split_block(LdbSlice block, LdbRuns *runs, LdbError *err)
{
	uint64_t bytes;

	if (block.length < sizeof bytes)
		LDB_FAIL(err, LDB_CORRUPT, "run-length block of %zu bytes has no header", block.length);
	bytes = ldb_load_u64(block.data);
	if (!ldb_slice_part(block, sizeof bytes, bytes, &runs->values))
		LDB_FAIL(err, LDB_CORRUPT,
				 "run-length block of %zu bytes claims %" PRIu64 " bytes of values", block.length,
				 bytes);
	(void) ldb_slice_part(block, sizeof bytes + bytes, block.length - sizeof bytes - bytes,
						  &runs->lengths);
	return LDB_OK;
}
