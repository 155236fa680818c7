/* block.c -- decodes buffers that are compressed as one piece: levels and dictionaries. */
#include <string.h>

#include "codec_bitpack.h"
#include "codec_general.h"
#include "codec_rle.h"
#include "codec_variable.h"
#include "ldb/base/checked.h"
#include "page_impl.h"

static LdbStatus
unknown(const LdbEncoding *encoding, LdbError *err)
{
	LDB_FAIL(err, LDB_UNSUPPORTED, "block encoding %d is not known",
			 encoding == NULL ? 0 : (int) encoding->kind_case);
}

/* Follows general compression inward, at most one. */
static LdbStatus
unwrap(const LdbEncoding **encoding, LdbSlice *block, uint64_t most_bytes, LdbArena *arena,
	   bool *unwrapped, LdbError *err)
{
	const Ldb__CompressiveEncoding__General *general;

	*unwrapped = false;
	if (*encoding == NULL || (*encoding)->kind_case != LDB__COMPRESSIVE_ENCODING__KIND_GENERAL)
		return LDB_OK;
	general = (*encoding)->general;
	LDB_TRY(ldb_general_decode(general->compression == NULL ? LDB_SCHEME_NONE
															: general->compression->scheme,
							   *block, most_bytes, arena, block, err));
	*unwrapped = general->compression != NULL && general->compression->scheme != LDB_SCHEME_NONE;
	*encoding = general->values;
	return LDB_OK;
}

static LdbStatus
flat_width(const LdbEncoding *encoding, uint64_t *bits, LdbError *err)
{
	if (encoding == NULL || encoding->kind_case != LDB__COMPRESSIVE_ENCODING__KIND_FLAT)
		return unknown(encoding, err);
	*bits = encoding->flat->bits_per_value;
	return LDB_OK;
}

static LdbStatus
check_width(uint64_t bits, uint32_t expected, LdbError *err)
{
	if (bits != expected)
		LDB_FAIL(err, LDB_CORRUPT, "block of values of %llu bits where %u are expected",
				 (unsigned long long) bits, expected);
	return LDB_OK;
}

static LdbStatus
copy_flat(LdbSlice block, uint32_t bits, uint64_t count, LdbArena *arena, const void **values,
		  LdbError *err)
{
	uint64_t bytes;

	if (!ldb_u64_mul(count, bits / 8, &bytes) || bytes > block.length)
		LDB_FAIL(err, LDB_CORRUPT, "block of %zu bytes is too small for %llu values of %u bits",
				 block.length, (unsigned long long) count, bits);
	*values = ldb_arena_copy(arena, block.data, (size_t) bytes);
	if (*values == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %llu values", (unsigned long long) count);
	return LDB_OK;
}

static LdbStatus
fill_constant(LdbSlice value, uint32_t bits, uint64_t count, LdbArena *arena, const void **values,
			  LdbError *err)
{
	size_t width = bits / 8;
	uint8_t *filled = ldb_arena_zalloc_array(arena, (size_t) count, width);

	if (filled == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %llu values", (unsigned long long) count);
	if (value.length != 0 && value.length < width)
		LDB_FAIL(err, LDB_CORRUPT, "constant of %zu bytes where %zu are expected", value.length,
				 width);
	for (uint64_t i = 0; value.length != 0 && i < count; i++)
		memcpy(filled + i * width, value.data, width);
	*values = filled;
	return LDB_OK;
}

static LdbStatus
decode_runs(const Ldb__CompressiveEncoding__Rle *rle, LdbSlice block, uint32_t bits, uint64_t count,
			LdbArena *arena, const void **values, LdbError *err)
{
	LdbRuns runs;
	void *decoded;

	LDB_TRY(flat_width(rle->values, &runs.value_bits, err));
	LDB_TRY(flat_width(rle->run_lengths, &runs.length_bits, err));
	LDB_TRY(check_width(runs.value_bits, bits, err));
	LDB_TRY(ldb_rle_split_block(block, &runs, err));
	LDB_TRY(ldb_rle_decode(&runs, count, arena, &decoded, err));
	*values = decoded;
	return LDB_OK;
}

static LdbStatus
decode_outline(const Ldb__CompressiveEncoding__OutOfLineBitpacking *packing, LdbSlice block,
			   uint32_t bits, uint64_t count, LdbArena *arena, const void **values, LdbError *err)
{
	uint64_t packed_bits;
	void *decoded;

	LDB_TRY(check_width(packing->uncompressed_bits_per_value, bits, err));
	LDB_TRY(flat_width(packing->values, &packed_bits, err));
	LDB_TRY(ldb_bitpack_outline_decode(block, bits, packed_bits, count, arena, &decoded, err));
	*values = decoded;
	return LDB_OK;
}

LdbStatus
ldb_block_fixed(const LdbEncoding *encoding, LdbSlice block, uint32_t bits, uint64_t count,
				LdbArena *arena, const void **values, LdbError *err)
{
	void *decoded;
	bool unwrapped;

	LDB_TRY(unwrap(&encoding, &block, SIZE_MAX, arena, &unwrapped, err));
	if (encoding == NULL)
		return unknown(encoding, err);
	switch (encoding->kind_case)
	{
		case LDB__COMPRESSIVE_ENCODING__KIND_FLAT:
			LDB_TRY(check_width(encoding->flat->bits_per_value, bits, err));
			return copy_flat(block, bits, count, arena, values, err);
		case LDB__COMPRESSIVE_ENCODING__KIND_INLINE_BITPACKING:
			LDB_TRY(
				check_width(encoding->inline_bitpacking->uncompressed_bits_per_value, bits, err));
			LDB_TRY(ldb_bitpack_inline_decode(block, bits, count, arena, &decoded, err));
			*values = decoded;
			return LDB_OK;
		case LDB__COMPRESSIVE_ENCODING__KIND_OUT_OF_LINE_BITPACKING:
			return decode_outline(encoding->out_of_line_bitpacking, block, bits, count, arena,
								  values, err);
		case LDB__COMPRESSIVE_ENCODING__KIND_RLE:
			return decode_runs(encoding->rle, block, bits, count, arena, values, err);
		case LDB__COMPRESSIVE_ENCODING__KIND_CONSTANT:
			return fill_constant(
				ldb_slice(encoding->constant->value.data, encoding->constant->value.len), bits,
				count, arena, values, err);
		default:
			return unknown(encoding, err);
	}
}

LdbStatus
ldb_block_views(const LdbEncoding *encoding, LdbSlice block, uint64_t count, LdbArena *arena,
				LdbSlice **views, bool *in_place, LdbError *err)
{
	const Ldb__CompressiveEncoding__Fsst *fsst = NULL;
	LdbFsst *table;
	bool unwrapped;

	LDB_TRY(unwrap(&encoding, &block, SIZE_MAX, arena, &unwrapped, err));
	if (encoding != NULL && encoding->kind_case == LDB__COMPRESSIVE_ENCODING__KIND_FSST)
	{
		fsst = encoding->fsst;
		encoding = fsst->values;
	}
	if (encoding == NULL || encoding->kind_case != LDB__COMPRESSIVE_ENCODING__KIND_VARIABLE)
		return unknown(encoding, err);
	LDB_TRY(ldb_variable_decode_block(block, count, arena, views, err));
	*in_place = !unwrapped;
	if (fsst == NULL)
		return LDB_OK;
	*in_place = false;
	LDB_NEW(arena, table, 1, err);
	LDB_TRY(ldb_fsst_parse(ldb_slice(fsst->symbol_table.data, fsst->symbol_table.len), table, err));
	return ldb_fsst_decode_many(table, *views, (size_t) count, arena, *views, err);
}
