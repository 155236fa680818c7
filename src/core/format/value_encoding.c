/* value_encoding.c -- which encoding the values of a page get, and the bytes of their chunks. */
#include <string.h>

#include "encode_bitpack.h"
#include "encode_rle.h"
#include "encode_variable.h"
#include "leaf_writer.h"

/* Values of a chunk of flat or variable values, before levels. */
#define FLAT_CHUNK_BYTES ((size_t) 8186)
#define VARIABLE_CHUNK_BYTES ((size_t) 8192)
#define MOST_CHUNK_VALUES ((size_t) 4096)
/* At worst each value is a run. */
#define RLE_CHUNK_VALUES ((size_t) 2048)

static size_t
or_all_left(const LdbValueEncoding *encoding, size_t first, size_t count)
{
	size_t left = encoding->values->count - first;

	return left <= count ? left : count;
}

static LdbStatus
new_buffer(LdbNewChunk *chunk, size_t bytes, LdbArena *arena, uint8_t **at, LdbError *err)
{
	*at = ldb_arena_alloc(arena, bytes);
	if (*at == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a chunk of %zu bytes", bytes);
	chunk->buffers[chunk->buffer_count++] = ldb_slice(*at, bytes);
	return LDB_OK;
}

/* ---- flat ---- */

static size_t
flat_values(const LdbValueEncoding *encoding, size_t first)
{
	const LdbLeafValues *values = encoding->values;
	size_t bits = (size_t) values->item_bits * values->items_per_value;
	size_t count = MOST_CHUNK_VALUES;

	while (count > 1 && count * bits / 8 >= FLAT_CHUNK_BYTES)
		count /= 2;
	return or_all_left(encoding, first, count);
}

static LdbStatus
bits_buffer(LdbNewChunk *chunk, const uint8_t *bits, size_t first, size_t count, LdbArena *arena,
			LdbError *err)
{
	size_t bytes = ldb_bitmap_bytes(count);
	uint8_t *at;

	LDB_TRY(new_buffer(chunk, bytes, arena, &at, err));
	memset(at, 0, bytes);
	ldb_bitmap_copy(at, 0, bits, first, count);
	return LDB_OK;
}

static LdbStatus
flat_chunk(const LdbValueEncoding *encoding, size_t first, size_t count, LdbNewChunk *chunk,
		   LdbArena *arena, LdbError *err)
{
	const LdbLeafValues *values = encoding->values;

	for (size_t level = 0; level < values->fsl_depth; level++)
		if (values->fsl_validity[level] != NULL)
			LDB_TRY(bits_buffer(chunk, values->fsl_validity[level],
								first * values->fsl_items[level], count * values->fsl_items[level],
								arena, err));
	if (values->value_bytes == 0)
		return bits_buffer(chunk, values->fixed, first * values->items_per_value,
						   count * values->items_per_value, arena, err);
	chunk->buffers[chunk->buffer_count++] =
		ldb_slice(values->fixed + first * values->value_bytes, count * values->value_bytes);
	return LDB_OK;
}

static LdbStatus
use_flat(LdbValueEncoding *encoding, LdbArena *arena, LdbError *err)
{
	const LdbLeafValues *values = encoding->values;

	encoding->chunk_values = flat_values;
	encoding->chunk = flat_chunk;
	encoding->buffer_count = 1;
	for (size_t level = 0; level < values->fsl_depth; level++)
		encoding->buffer_count += values->fsl_validity[level] != NULL;
	return ldb_encoding_of_flat(values, arena, &encoding->message, err);
}

/* ---- words: integers, floats, dictionary indices ---- */

static size_t
packed_values(const LdbValueEncoding *encoding, size_t first)
{
	return or_all_left(encoding, first, LDB_BITPACK_BLOCK);
}

static LdbStatus
packed_chunk(const LdbValueEncoding *encoding, size_t first, size_t count, LdbNewChunk *chunk,
			 LdbArena *arena, LdbError *err)
{
	unsigned word_bits = (unsigned) encoding->word_bytes * 8;
	const uint8_t *words = encoding->words + first * encoding->word_bytes;
	unsigned packed_bits = ldb_bit_width(word_bits, words, count);
	uint8_t *at;

	LDB_TRY(new_buffer(chunk, ldb_bitpack_inline_bytes(word_bits, packed_bits), arena, &at, err));
	ldb_bitpack_inline_encode(word_bits, packed_bits, words, count, at);
	return LDB_OK;
}

static size_t
run_values(const LdbValueEncoding *encoding, size_t first)
{
	return or_all_left(encoding, first, RLE_CHUNK_VALUES);
}

static LdbStatus
run_chunk(const LdbValueEncoding *encoding, size_t first, size_t count, LdbNewChunk *chunk,
		  LdbArena *arena, LdbError *err)
{
	size_t width = encoding->word_bytes;
	const uint8_t *words = encoding->words + first * width;
	size_t run_count = ldb_rle_count(words, width, count, count);
	uint8_t *run_words;
	uint8_t *lengths;

	LDB_TRY(new_buffer(chunk, run_count * width, arena, &run_words, err));
	LDB_TRY(new_buffer(chunk, run_count, arena, &lengths, err));
	ldb_rle_encode(words, width, count, run_words, lengths);
	return LDB_OK;
}

/* Bytes that all blocks take when packed. */
static size_t
packed_bytes(const LdbValueEncoding *encoding)
{
	size_t count = encoding->values->count;
	unsigned word_bits = (unsigned) encoding->word_bytes * 8;
	size_t bytes = 0;

	for (size_t first = 0; first < count; first += LDB_BITPACK_BLOCK)
		bytes += ldb_bitpack_inline_bytes(
			word_bits,
			ldb_bit_width(word_bits, encoding->words + first * encoding->word_bytes,
						  count - first < LDB_BITPACK_BLOCK ? count - first : LDB_BITPACK_BLOCK));
	return bytes;
}

/* Flat, packed, or runs: what takes least. Words of 1, 2, 4 or 8 bytes. */
static LdbStatus
use_words(LdbValueEncoding *encoding, LdbArena *arena, LdbError *err)
{
	size_t width = encoding->word_bytes;
	size_t count = encoding->values->count;
	size_t flat = count * width;
	size_t packed = packed_bytes(encoding);
	size_t least = packed < flat ? packed : flat;
	size_t most_runs = least / (width + 1);
	size_t runs = ldb_rle_count(encoding->words, width, count, most_runs);

	encoding->buffer_count = 1;
	if (runs < most_runs)
	{
		encoding->buffer_count = 2;
		encoding->chunk_values = run_values;
		encoding->chunk = run_chunk;
		return ldb_encoding_rle(arena, width * 8, &encoding->message, err);
	}
	if (packed < flat)
	{
		encoding->chunk_values = packed_values;
		encoding->chunk = packed_chunk;
		return ldb_encoding_inline_bitpacking(arena, width * 8, &encoding->message, err);
	}
	return use_flat(encoding, arena, err);
}

/* ---- variable ---- */

static size_t
variable_values(const LdbValueEncoding *encoding, size_t first)
{
	const LdbSlice *views = encoding->views + first;
	size_t left = encoding->values->count - first;
	size_t width = encoding->values->offset_bits / 8;
	size_t bytes = width;
	size_t fitting = 0;
	size_t count = 1;

	while (fitting < left && fitting < MOST_CHUNK_VALUES &&
		   bytes + width + views[fitting].length <= VARIABLE_CHUNK_BYTES)
		bytes += width + views[fitting++].length;
	if (fitting == left)
		return left;
	while (count * 2 <= fitting)
		count *= 2;
	return count;
}

static LdbStatus
variable_chunk(const LdbValueEncoding *encoding, size_t first, size_t count, LdbNewChunk *chunk,
			   LdbArena *arena, LdbError *err)
{
	unsigned bits = encoding->values->offset_bits;
	const LdbSlice *views = encoding->views + first;
	uint64_t bytes = ldb_variable_chunk_bytes(bits, count, ldb_variable_sum(views, count));
	uint8_t *at;

	LDB_TRY(new_buffer(chunk, (size_t) bytes, arena, &at, err));
	ldb_variable_encode_chunk(bits, views, count, at);
	return LDB_OK;
}

static LdbStatus
use_variable(LdbValueEncoding *encoding, LdbArena *arena, LdbError *err)
{
	encoding->views = encoding->values->views;
	encoding->buffer_count = 1;
	encoding->chunk_values = variable_values;
	encoding->chunk = variable_chunk;
	return ldb_encoding_variable(arena, encoding->values->offset_bits, &encoding->message, err);
}

/* ---- the choice ---- */

LdbStatus
ldb_value_encoding_choose(const LdbLeafPageWriter *page, LdbValueEncoding *encoding, LdbError *err)
{
	const LdbLeafValues *values = page->values;

	memset(encoding, 0, sizeof *encoding);
	encoding->values = values;
	if (values->variable)
		return use_variable(encoding, page->arena, err);
	if (values->fsl_depth > 0 || values->packed != NULL ||
		!ldb_bitpack_word_ok(8 * (uint64_t) values->value_bytes))
		return use_flat(encoding, page->arena, err);
	encoding->words = values->fixed;
	encoding->word_bytes = values->value_bytes;
	return use_words(encoding, page->arena, err);
}

LdbStatus
ldb_value_encoding_of_zip(const LdbLeafPageWriter *page, const LdbSlice **views,
						  LdbEncoding **encoding, LdbError *err)
{
	*views = page->values->views;
	return ldb_encoding_variable(page->arena, page->values->offset_bits, encoding, err);
}
