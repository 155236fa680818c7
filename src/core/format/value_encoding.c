/* value_encoding.c -- which encoding the values of a page get, and the bytes of their chunks. */
#include <string.h>

#include "encode_bitpack.h"
#include "encode_choose.h"
#include "encode_general.h"
#include "encode_rle.h"
#include "encode_variable.h"
#include "leaf_writer.h"

/* Values of a chunk of flat or variable values, before levels. */
#define FLAT_CHUNK_BYTES ((size_t) 8186)
#define VARIABLE_CHUNK_BYTES ((size_t) 8192)
#define MOST_CHUNK_VALUES ((size_t) 4096)
/* At worst each value is a run. */
#define RLE_CHUNK_VALUES ((size_t) 1024)
#define FEW_RUNS ((size_t) 1024)
/* Fixed-width values: LanceDB reads dictionaries of these. Since 2.2 also of 64 bits. */
#define DICTIONARY_BYTES 16u
#define DICTIONARY_BYTES_22 8u
#define DICTIONARY_LEAST_VALUES ((size_t) 100)
#define DICTIONARY_MOST_ITEMS ((size_t) 100000)

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

	for (size_t level = 0; level < values->fsl_depth; level++)
		bits += values->fsl_validity[level] == NULL ? 0 : values->fsl_items[level];
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
word_values(const LdbValueEncoding *encoding, size_t first)
{
	size_t count = MOST_CHUNK_VALUES;

	while (count * encoding->word_bytes >= FLAT_CHUNK_BYTES)
		count /= 2;
	return or_all_left(encoding, first, count);
}

static LdbStatus
word_chunk(const LdbValueEncoding *encoding, size_t first, size_t count, LdbNewChunk *chunk,
		   LdbArena *arena, LdbError *err)
{
	size_t width = encoding->word_bytes;

	(void) arena;
	(void) err;
	chunk->buffers[chunk->buffer_count++] =
		ldb_slice(encoding->words + first * width, count * width);
	return LDB_OK;
}

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

/* Twice as many where they are few runs. */
static size_t
run_values(const LdbValueEncoding *encoding, size_t first)
{
	size_t width = encoding->word_bytes;
	size_t count = or_all_left(encoding, first, MOST_CHUNK_VALUES);
	size_t runs = ldb_rle_count(encoding->words + first * width, width, count, FEW_RUNS);

	return runs <= FEW_RUNS ? count : or_all_left(encoding, first, RLE_CHUNK_VALUES);
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

/* Words of 1, 2, 4 or 8 bytes. */
static LdbStatus
use_words(LdbValueEncoding *encoding, LdbArena *arena, LdbError *err)
{
	size_t width = encoding->word_bytes;

	encoding->buffer_count = 1;
	switch (ldb_choose_fixed(encoding->words, width, encoding->values->count))
	{
		case LDB_FIXED_RUNS:
			encoding->buffer_count = 2;
			encoding->chunk_values = run_values;
			encoding->chunk = run_chunk;
			return ldb_encoding_rle(arena, width * 8, &encoding->message, err);
		case LDB_FIXED_BITPACKED:
			encoding->chunk_values = packed_values;
			encoding->chunk = packed_chunk;
			return ldb_encoding_inline_bitpacking(arena, width * 8, &encoding->message, err);
		default:
			encoding->chunk_values = word_values;
			encoding->chunk = word_chunk;
			return ldb_encoding_flat(arena, width * 8, &encoding->message, err);
	}
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

/* ---- dictionaries ---- */

/* Indices as the words of the page. They have the width of the keys where the column's type has keys. */
static LdbStatus
set_indices(const LdbField *field, const LdbDictionary *dictionary, LdbValueEncoding *encoding,
			LdbArena *arena, LdbError *err)
{
	bool keyed = field->type.kind == LDB_TYPE_DICTIONARY;
	size_t width = keyed ? (size_t) (ldb_type_bits(field->type.index) / 8) : sizeof(uint32_t);
	size_t count = encoding->values->count;
	uint8_t *words;

	encoding->word_bytes = width;
	encoding->words = (const uint8_t *) dictionary->indices;
	/* keys are signed */
	if (width < sizeof(uint32_t) && dictionary->item_count > (size_t) 1 << (8 * width - 1))
		LDB_FAIL(err, LDB_UNSUPPORTED, "column \"%s\" has more distinct values than keys",
				 field->name);
	if (width == sizeof(uint32_t))
		return LDB_OK;
	words = ldb_arena_zalloc_array(arena, count, width);
	if (words == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu dictionary indices", count);
	for (size_t i = 0; i < count; i++)
		memcpy(words + i * width, &dictionary->indices[i], width < 4 ? width : 4);
	encoding->words = words;
	return LDB_OK;
}

static LdbStatus
put_text_items(const LdbDictionary *dictionary, LdbValueEncoding *encoding, LdbArena *arena,
			   LdbError *err)
{
	const LdbLeafValues *values = encoding->values;
	uint64_t bytes = ldb_variable_block_bytes(values->offset_bits, dictionary->item_count,
											  dictionary->item_bytes);
	uint8_t *block = ldb_arena_alloc(arena, (size_t) bytes);
	LdbSlice *items;

	LDB_NEW(arena, items, dictionary->item_count, err);
	if (block == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a dictionary of %zu values",
				 dictionary->item_count);
	for (size_t i = 0; i < dictionary->item_count; i++)
		items[i] = values->views[dictionary->rows[i]];
	ldb_variable_encode_block(values->offset_bits, items, dictionary->item_count, block);
	encoding->dictionary_bytes = ldb_slice(block, (size_t) bytes);
	return ldb_encoding_variable(arena, values->offset_bits, &encoding->dictionary, err);
}

static LdbStatus
put_fixed_items(const LdbDictionary *dictionary, LdbValueEncoding *encoding, LdbArena *arena,
				LdbError *err)
{
	size_t width = encoding->values->value_bytes;
	uint8_t *block = ldb_arena_alloc_array(arena, dictionary->item_count, width);

	if (block == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a dictionary of %zu values",
				 dictionary->item_count);
	for (size_t i = 0; i < dictionary->item_count; i++)
		memcpy(block + i * width, encoding->values->fixed + dictionary->rows[i] * width, width);
	encoding->dictionary_bytes = ldb_slice(block, dictionary->item_count * width);
	return ldb_encoding_flat(arena, width * 8, &encoding->dictionary, err);
}

/* Since 2.2, where LanceDB does so too. */
static LdbStatus
compress_items(LdbValueEncoding *encoding, LdbArena *arena, LdbError *err)
{
	LdbCompressor *compressor;
	LdbStatus status;
	uint8_t *packed;
	size_t written = 0;
	size_t bound;

	LDB_TRY(ldb_compressor_new(LDB_SCHEME_LZ4, 0, &compressor, err));
	bound = ldb_compressor_bound(compressor, encoding->dictionary_bytes.length);
	packed = ldb_arena_alloc(arena, bound);
	status = LDB_OK;
	if (packed == NULL)
		ldb_error_set(err, status = LDB_NOMEM, "out of memory for a dictionary");
	else if (bound > 0)
		status = ldb_compressor_run(compressor, encoding->dictionary_bytes, packed, &written, err);
	ldb_compressor_free(compressor);
	if (status != LDB_OK || written == 0 || written >= encoding->dictionary_bytes.length / 20 * 19)
		return status;
	encoding->dictionary_bytes = ldb_slice(packed, written);
	return ldb_encoding_general(arena, LDB_SCHEME_LZ4, encoding->dictionary, &encoding->dictionary,
								err);
}

static LdbStatus
use_dictionary(const LdbLeafPageWriter *page, const LdbDictionary *dictionary,
			   LdbValueEncoding *encoding, LdbError *err)
{
	encoding->dictionary_count = dictionary->item_count;
	if (encoding->values->variable)
		LDB_TRY(put_text_items(dictionary, encoding, page->arena, err));
	else
		LDB_TRY(put_fixed_items(dictionary, encoding, page->arena, err));
	if (page->version >= 22)
		LDB_TRY(compress_items(encoding, page->arena, err));
	LDB_TRY(set_indices(page->field, dictionary, encoding, page->arena, err));
	return use_words(encoding, page->arena, err);
}

/* ---- the choice ---- */

static LdbDistinctSource
distinct_source(const LdbLeafValues *values)
{
	return (LdbDistinctSource){values->variable ? values->views : NULL, values->fixed,
							   values->value_bytes, values->valid, values->count};
}

/* Columns whose type is a dictionary are read through one. */
static LdbStatus
choose_keyed(const LdbLeafPageWriter *page, LdbValueEncoding *encoding, LdbError *err)
{
	LdbDistinctSource source = distinct_source(page->values);
	LdbDictionary dictionary;
	bool found;

	if (!page->values->variable && page->values->value_bytes == 0)
		LDB_FAIL(err, LDB_UNSUPPORTED, "column \"%s\" is a dictionary of single bits",
				 page->field->name);
	LDB_TRY(ldb_dictionary_build(&source, source.count, page->arena, &dictionary, &found, err));
	if (!found)
		LDB_FAIL(err, LDB_UNSUPPORTED, "column \"%s\" has too many distinct values",
				 page->field->name);
	return use_dictionary(page, &dictionary, encoding, err);
}

/* What words take in the best of their encodings. */
static size_t
words_bytes(const uint8_t *words, size_t width, size_t count)
{
	size_t best = count * width;
	size_t packed = 0;
	size_t runs;

	for (size_t i = 0; ldb_bitpack_word_ok(8 * (uint64_t) width) && i < count;
		 i += LDB_BITPACK_BLOCK)
		packed += ldb_bitpack_inline_bytes(
			(unsigned) width * 8,
			ldb_bit_width((unsigned) width * 8, words + i * width,
						  count - i < LDB_BITPACK_BLOCK ? count - i : LDB_BITPACK_BLOCK));
	if (packed > 0 && packed < best)
		best = packed;
	runs = ldb_rle_count(words, width, count, best / (width + 1));
	return width > sizeof(uint64_t) || runs * (width + 1) >= best ? best : runs * (width + 1);
}

static LdbStatus
try_fixed_dictionary(const LdbLeafPageWriter *page, LdbValueEncoding *encoding, bool *done,
					 LdbError *err)
{
	const LdbLeafValues *values = page->values;
	LdbDistinctSource source = distinct_source(values);
	size_t width = values->value_bytes;
	size_t most = values->count / 2;
	LdbDictionary dictionary;
	size_t bytes;
	bool found;

	*done = false;
	if ((width != DICTIONARY_BYTES && (width != DICTIONARY_BYTES_22 || page->version < 22)) ||
		values->count < DICTIONARY_LEAST_VALUES)
		return LDB_OK;
	LDB_TRY(ldb_dictionary_build(&source,
								 most < DICTIONARY_MOST_ITEMS ? most : DICTIONARY_MOST_ITEMS,
								 page->arena, &dictionary, &found, err));
	if (!found)
		return LDB_OK;
	bytes = dictionary.item_count * width + words_bytes((const uint8_t *) dictionary.indices,
														sizeof *dictionary.indices, values->count);
	*done = bytes < words_bytes(values->fixed, width, values->count) / 20 * 19;
	return *done ? use_dictionary(page, &dictionary, encoding, err) : LDB_OK;
}

static LdbStatus
choose_variable(const LdbLeafPageWriter *page, LdbValueEncoding *encoding, LdbError *err)
{
	LdbDistinctSource source = distinct_source(page->values);
	LdbVariableChoice choice;

	LDB_TRY(ldb_choose_variable(&source, page->values->offset_bits, page->arena, &choice, err));
	if (choice.kind == LDB_VARIABLE_DICTIONARY)
		return use_dictionary(page, &choice.dictionary, encoding, err);
	LDB_TRY(use_variable(encoding, page->arena, err));
	if (choice.kind == LDB_VARIABLE_FSST)
		return ldb_values_compress(page->values, choice.fsst, page->arena, &encoding->views,
								   &encoding->message, err);
	return LDB_OK;
}

LdbStatus
ldb_value_encoding_choose(const LdbLeafPageWriter *page, LdbValueEncoding *encoding, LdbError *err)
{
	const LdbLeafValues *values = page->values;
	bool done;

	memset(encoding, 0, sizeof *encoding);
	encoding->values = values;
	if (page->field->type.kind == LDB_TYPE_DICTIONARY)
		return choose_keyed(page, encoding, err);
	if (values->variable)
		return choose_variable(page, encoding, err);
	if (values->fsl_depth > 0 || values->packed != NULL)
		return use_flat(encoding, page->arena, err);
	encoding->words = values->fixed;
	encoding->word_bytes = values->value_bytes;
	LDB_TRY(try_fixed_dictionary(page, encoding, &done, err));
	if (done)
		return LDB_OK;
	if (!ldb_bitpack_word_ok(8 * (uint64_t) values->value_bytes))
		return use_flat(encoding, page->arena, err);
	return use_words(encoding, page->arena, err);
}
