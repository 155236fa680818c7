/* fuzz_encode_fsst.c -- input: strings to learn symbols from and to compress, which must come back. */
#include "parts.h"
#include "src/core/format/codec_fsst.h"
#include "src/core/format/codec_variable.h"
#include "src/core/format/encode_fsst.h"
#include "src/core/format/encode_variable.h"

/* Each in memory of its own, so that the sanitizer sees a read beyond either end. */
static void
copy_parts(const FuzzParts *parts, LdbSlice *values)
{
	for (size_t i = 0; i < parts->count; i++)
		values[i] = ldb_slice(fuzz_copy(parts->parts[i]), parts->parts[i].length);
}

static void
through_fsst(const LdbSlice *values, size_t trained, size_t count, LdbArena *arena)
{
	LdbSlice *encoded = ldb_arena_alloc_array(arena, count, sizeof *encoded);
	LdbSlice *decoded = ldb_arena_alloc_array(arena, count, sizeof *decoded);
	uint8_t table[LDB_FSST_TABLE_BYTES];
	LdbFsstEncoder *encoder;
	LdbError err;
	LdbFsst fsst;

	FUZZ_REQUIRE(ldb_fsst_train(values, trained, arena, &encoder, &err) == LDB_OK);
	ldb_fsst_store(encoder, table);
	FUZZ_REQUIRE(ldb_fsst_parse(ldb_slice(table, sizeof table), &fsst, &err) == LDB_OK);
	FUZZ_REQUIRE(ldb_fsst_encode_many(encoder, values, count, arena, encoded, &err) == LDB_OK);
	FUZZ_REQUIRE(ldb_fsst_decode_many(&fsst, encoded, count, arena, decoded, &err) == LDB_OK);
	for (size_t i = 0; i < count; i++)
		FUZZ_REQUIRE(ldb_slice_equal(decoded[i], values[i]));
}

static void
through_offsets(const LdbSlice *values, size_t count, unsigned bits, LdbArena *arena)
{
	uint64_t sum = ldb_variable_sum(values, count);
	size_t chunk_bytes = (size_t) ldb_variable_chunk_bytes(bits, count, sum);
	size_t block_bytes = (size_t) ldb_variable_block_bytes(bits, count, sum);
	LdbSlice *views = ldb_arena_zalloc_array(arena, count, sizeof *views);
	uint8_t *chunk = malloc(chunk_bytes);
	uint8_t *block = malloc(block_bytes);
	LdbSlice *block_views;
	LdbError err;

	FUZZ_REQUIRE(chunk != NULL && block != NULL);
	ldb_variable_encode_chunk(bits, values, count, chunk);
	ldb_variable_encode_block(bits, values, count, block);
	FUZZ_REQUIRE(ldb_variable_decode_chunk(ldb_slice(chunk, chunk_bytes), bits, count, views,
										   &err) == LDB_OK);
	FUZZ_REQUIRE(ldb_variable_decode_block(ldb_slice(block, block_bytes), count, arena,
										   &block_views, &err) == LDB_OK);
	for (size_t i = 0; i < count; i++)
		FUZZ_REQUIRE(ldb_slice_equal(views[i], values[i]) &&
					 ldb_slice_equal(block_views[i], values[i]));
	free(chunk);
	free(block);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LdbSlice input = ldb_slice(data, size);
	size_t skipped = (size_t) fuzz_take(&input, 1);
	LdbArena *arena = fuzz_arena();
	LdbSlice values[FUZZ_MOST_PARTS];
	FuzzParts parts;

	fuzz_split(input, &parts);
	copy_parts(&parts, values);
	through_fsst(values, skipped > parts.count ? 0 : parts.count - skipped, parts.count, arena);
	through_offsets(values, parts.count, skipped % 2 == 0 ? 32 : 64, arena);
	for (size_t i = 0; i < parts.count; i++)
		free((void *) values[i].data);
	ldb_arena_free(arena);
	return 0;
}
