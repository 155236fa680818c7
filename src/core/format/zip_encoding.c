/* zip_encoding.c -- which encoding values of variable width get where each is stored by itself. */
#include <string.h>

#include "encode_general.h"
#include "encode_variable.h"
#include "leaf_writer.h"

/* From here on a symbol table is small beside the values; above this it is not worth it. */
#define FSST_LEAST_BYTES ((uint64_t) 32 * 1024)
#define MOST_PER_MILLE 950u
/* Values long enough for zstd to find what repeats within them, as LanceDB has it. */
#define GENERAL_LEAST_BYTES ((size_t) 32 * 1024)
/* What tells whether zstd pays. */
#define SAMPLE_BYTES ((uint64_t) 256 * 1024)
#define SAMPLE_PART_BYTES ((size_t) 64 * 1024)

LdbStatus
ldb_values_compress(const LdbLeafValues *values, const LdbFsstEncoder *fsst, LdbArena *arena,
					const LdbSlice **views, LdbEncoding **message, LdbError *err)
{
	LdbSlice *encoded;
	uint8_t *table;

	LDB_NEW(arena, encoded, values->count, err);
	LDB_NEW(arena, table, LDB_FSST_TABLE_BYTES, err);
	LDB_TRY(ldb_fsst_encode_many(fsst, values->views, values->count, arena, encoded, err));
	/* nor may the longest grow: a chunk was found large enough for what it was */
	if (ldb_variable_sum(encoded, values->count) + LDB_FSST_TABLE_BYTES >= values->total_bytes ||
		ldb_variable_longest(encoded, values->count) > values->longest)
		return LDB_OK;
	*views = encoded;
	ldb_fsst_store(fsst, table);
	return ldb_encoding_fsst(arena, ldb_slice(table, LDB_FSST_TABLE_BYTES), *message, message, err);
}

/* ---- zstd ---- */

typedef struct Blobs
{
	const LdbLeafPageWriter *page;
	LdbCompressor *compressor;
	uint8_t *room; /* for the longest */
	LdbSlice *blobs;
	uint64_t taken; /* bytes of values so far */
	uint64_t given;
} Blobs;

/* What the first values say, of the long ones their beginnings: pictures and the like do not compress. */
static LdbStatus
sample_pays(Blobs *blobs, bool *pays, LdbError *err)
{
	const LdbLeafValues *values = blobs->page->values;
	uint64_t taken = 0;
	uint64_t given = 0;

	for (size_t i = 0; i < values->count && taken < SAMPLE_BYTES; i++)
	{
		LdbSlice value = values->views[i];
		size_t written;

		if (value.length > SAMPLE_PART_BYTES)
			value.length = SAMPLE_PART_BYTES;
		LDB_TRY(ldb_compressor_run(blobs->compressor, value, blobs->room, &written, err));
		taken += value.length;
		given += written;
	}
	*pays = given < taken / 1000 * MOST_PER_MILLE;
	return LDB_OK;
}

static LdbStatus
compress_values(Blobs *blobs, LdbError *err)
{
	const LdbLeafValues *values = blobs->page->values;

	LDB_NEW(blobs->page->arena, blobs->blobs, values->count, err);
	for (size_t i = 0; i < values->count; i++)
	{
		LdbSlice value = values->views[i];
		size_t written;
		uint8_t *copy;

		if (i % 64 == 0)
			LDB_CHECK_CANCEL(blobs->page->cancel, err);
		if (value.length == 0)
			continue;
		LDB_TRY(ldb_compressor_run(blobs->compressor, value, blobs->room, &written, err));
		copy = ldb_arena_copy(blobs->page->arena, blobs->room, written);
		if (copy == NULL)
			LDB_FAIL(err, LDB_NOMEM, "out of memory for a value of %zu bytes", written);
		blobs->blobs[i] = ldb_slice(copy, written);
		blobs->taken += value.length;
		blobs->given += written;
	}
	return LDB_OK;
}

static LdbStatus
make_blobs(Blobs *blobs, bool *pays, LdbError *err)
{
	size_t bound = ldb_compressor_bound(blobs->compressor, blobs->page->values->longest);

	*pays = false;
	if (bound == 0)
		return LDB_OK;
	blobs->room = ldb_arena_alloc(blobs->page->arena, bound);
	if (blobs->room == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a value of %zu bytes", bound);
	LDB_TRY(sample_pays(blobs, pays, err));
	if (!*pays)
		return LDB_OK;
	LDB_TRY(compress_values(blobs, err));
	*pays = blobs->given < blobs->taken;
	return LDB_OK;
}

static LdbStatus
try_general(const LdbLeafPageWriter *page, const LdbSlice **views, LdbEncoding **encoding,
			bool *done, LdbError *err)
{
	Blobs blobs = {.page = page};
	LdbStatus status;

	*done = false;
	LDB_TRY(ldb_compressor_new(LDB_SCHEME_ZSTD, 0, &blobs.compressor, err));
	status = make_blobs(&blobs, done, err);
	ldb_compressor_free(blobs.compressor);
	if (status != LDB_OK || !*done)
		return status;
	*views = blobs.blobs;
	return ldb_encoding_general(page->arena, LDB_SCHEME_ZSTD, *encoding, encoding, err);
}

/* ---- the choice ---- */

LdbStatus
ldb_value_encoding_of_zip(const LdbLeafPageWriter *page, const LdbSlice **views,
						  LdbEncoding **encoding, LdbError *err)
{
	const LdbLeafValues *values = page->values;
	LdbFsstEncoder *fsst;
	bool done;

	*views = values->views;
	if (values->packed != NULL)
		return ldb_encoding_packed_text(values->packed, page->arena, encoding, err);
	LDB_TRY(ldb_encoding_variable(page->arena, values->offset_bits, encoding, err));
	if (values->total_bytes < FSST_LEAST_BYTES)
		return LDB_OK;
	if (values->longest > GENERAL_LEAST_BYTES)
	{
		LDB_TRY(try_general(page, views, encoding, &done, err));
		if (done)
			return LDB_OK;
	}
	LDB_TRY(ldb_fsst_train(values->views, values->count, page->arena, &fsst, err));
	if (ldb_fsst_per_mille(fsst) > MOST_PER_MILLE)
		return LDB_OK;
	return ldb_values_compress(values, fsst, page->arena, views, encoding, err);
}
