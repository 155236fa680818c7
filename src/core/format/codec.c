/* codec.c -- checks a value compression against a column's type and makes it quick to follow. */
#include <string.h>

#include "codec_bitpack.h"
#include "codec_general.h"
#include "ldb/base/checked.h"
#include "page_impl.h"

/* The widest fixed value that is no list or struct: decimal256, and fixed binaries. */
#define MAX_ITEM_BITS ((uint64_t) 1 << 31)

static LdbStatus compile(const LdbEncoding *encoding, const LdbField *packed, LdbArena *arena,
						 LdbCodec *codec, LdbError *err);

static LdbStatus
unknown(const LdbEncoding *encoding, const char *where, LdbError *err)
{
	LDB_FAIL(err, LDB_UNSUPPORTED, "value encoding %d is not known %s",
			 encoding == NULL ? 0 : (int) encoding->kind_case, where);
}

static LdbStatus
check_plain(const Ldb__BufferCompression *compression, LdbError *err)
{
	if (compression != NULL && compression->scheme != LDB_SCHEME_NONE)
		LDB_FAIL(err, LDB_UNSUPPORTED, "buffer compression scheme %d within an encoding",
				 (int) compression->scheme);
	return LDB_OK;
}

/* The width of an encoding that must be flat. */
static LdbStatus
flat_bits(const LdbEncoding *encoding, uint32_t *bits, LdbError *err)
{
	if (encoding == NULL || encoding->kind_case != LDB__COMPRESSIVE_ENCODING__KIND_FLAT)
		return unknown(encoding, "where flat values are expected", err);
	LDB_TRY(check_plain(encoding->flat->data, err));
	if (encoding->flat->bits_per_value > MAX_ITEM_BITS)
		LDB_FAIL(err, LDB_CORRUPT, "flat values of %llu bits",
				 (unsigned long long) encoding->flat->bits_per_value);
	*bits = (uint32_t) encoding->flat->bits_per_value;
	return LDB_OK;
}

static LdbStatus
set_general(const Ldb__CompressiveEncoding__General *general, LdbCodec *codec, LdbError *err)
{
	int scheme = general->compression == NULL ? LDB_SCHEME_NONE : general->compression->scheme;

	if (scheme != LDB_SCHEME_NONE && scheme != LDB_SCHEME_LZ4 && scheme != LDB_SCHEME_ZSTD)
		LDB_FAIL(err, LDB_UNSUPPORTED, "compression scheme %d is not known", scheme);
	if (codec->general != LDB_SCHEME_NONE)
		LDB_FAIL(err, LDB_UNSUPPORTED, "general compression within general compression");
	codec->general = scheme;
	return LDB_OK;
}

static LdbStatus
set_fsst(const Ldb__CompressiveEncoding__Fsst *fsst, LdbArena *arena, LdbCodec *codec,
		 LdbError *err)
{
	LdbFsst *table;

	if (codec->fsst != NULL)
		LDB_FAIL(err, LDB_UNSUPPORTED, "fsst within fsst");
	LDB_NEW(arena, table, 1, err);
	LDB_TRY(ldb_fsst_parse(ldb_slice(fsst->symbol_table.data, fsst->symbol_table.len), table, err));
	codec->fsst = table;
	return LDB_OK;
}

static LdbStatus
set_list_level(const Ldb__CompressiveEncoding__FixedSizeList *list, LdbCodec *codec, LdbError *err)
{
	if (codec->fsl_depth == LDB_MAX_FSL_DEPTH)
		LDB_FAIL(err, LDB_UNSUPPORTED, "fixed-size lists nested deeper than %d", LDB_MAX_FSL_DEPTH);
	if (!ldb_size_mul(codec->items_per_value, list->items_per_value, &codec->items_per_value))
		LDB_FAIL(err, LDB_CORRUPT, "fixed-size list of %llu items",
				 (unsigned long long) list->items_per_value);
	codec->fsl_items[codec->fsl_depth] = codec->items_per_value;
	codec->fsl_validity[codec->fsl_depth] = list->has_validity;
	if (list->has_validity)
		codec->buffer_count++;
	codec->fsl_depth++;
	return LDB_OK;
}

static LdbStatus
set_variable_struct(const Ldb__CompressiveEncoding__VariablePackedStruct *from,
					const LdbField *packed, LdbArena *arena, LdbCodec *codec, LdbError *err)
{
	codec->kind = LDB_CODEC_VARIABLE_STRUCT;
	if (packed == NULL || from->n_fields != packed->child_count)
		LDB_FAIL(err, LDB_CORRUPT, "packed struct of %zu fields for a column of another type",
				 from->n_fields);
	codec->child_count = from->n_fields;
	LDB_NEW(arena, codec->children, codec->child_count, err);
	for (size_t i = 0; i < codec->child_count; i++)
	{
		const Ldb__CompressiveEncoding__VariablePackedStruct__Child *child = from->fields[i];
		LdbCodec *to = &codec->children[i];
		bool variable =
			child->width_case ==
			LDB__COMPRESSIVE_ENCODING__VARIABLE_PACKED_STRUCT__CHILD__WIDTH_BITS_PER_LENGTH;

		LDB_TRY(compile(child->value, NULL, arena, to, err));
		if (variable != (to->kind == LDB_CODEC_VARIABLE))
			LDB_FAIL(err, LDB_CORRUPT, "packed struct field %zu has a width of another kind", i);
		if (!variable)
			continue;
		if (child->bits_per_length != 8 && child->bits_per_length != 16 &&
			child->bits_per_length != 32 && child->bits_per_length != 64)
			LDB_FAIL(err, LDB_CORRUPT, "packed struct lengths of %llu bits",
					 (unsigned long long) child->bits_per_length);
		to->length_bits = (uint32_t) child->bits_per_length;
	}
	return LDB_OK;
}

/* Rows of a packed struct are flat values as wide as all fields together. */
static LdbStatus
check_packed(const Ldb__CompressiveEncoding__PackedStruct *from, const LdbField *packed,
			 LdbError *err)
{
	if (packed == NULL || from->n_bits_per_value != packed->child_count)
		LDB_FAIL(err, LDB_CORRUPT, "packed struct of %zu fields for a column of another type",
				 from->n_bits_per_value);
	for (size_t i = 0; i < packed->child_count; i++)
		if (from->bits_per_value[i] != ldb_type_bits(&packed->children[i]->type))
			LDB_FAIL(err, LDB_CORRUPT, "packed struct field \"%s\" has %llu bits, not %llu",
					 packed->children[i]->name, (unsigned long long) from->bits_per_value[i],
					 (unsigned long long) ldb_type_bits(&packed->children[i]->type));
	return LDB_OK;
}

static LdbStatus
set_offsets(const Ldb__CompressiveEncoding__Variable *variable, LdbCodec *codec, LdbError *err)
{
	codec->kind = LDB_CODEC_VARIABLE;
	LDB_TRY(check_plain(variable->values, err));
	LDB_TRY(flat_bits(variable->offsets, &codec->offset_bits, err));
	if (codec->offset_bits != 32 && codec->offset_bits != 64)
		LDB_FAIL(err, LDB_CORRUPT, "offsets of %u bits", codec->offset_bits);
	return LDB_OK;
}

static LdbStatus
set_bitpacked(const Ldb__CompressiveEncoding__InlineBitpacking *from, LdbCodec *codec,
			  LdbError *err)
{
	codec->kind = LDB_CODEC_BITPACKED;
	LDB_TRY(check_plain(from->values, err));
	if (!ldb_bitpack_word_ok(from->uncompressed_bits_per_value))
		LDB_FAIL(err, LDB_CORRUPT, "bit-packed values of %llu bits do not exist",
				 (unsigned long long) from->uncompressed_bits_per_value);
	codec->bits = (uint32_t) from->uncompressed_bits_per_value;
	return LDB_OK;
}

static LdbStatus
set_constant(const Ldb__CompressiveEncoding__Constant *from, LdbArena *arena, LdbCodec *codec,
			 LdbError *err)
{
	codec->kind = LDB_CODEC_CONSTANT;
	codec->constant.length = from->value.len;
	codec->constant.data = ldb_arena_copy(arena, from->value.data, from->value.len);
	if (codec->constant.data == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory");
	return LDB_OK;
}

/* The encoding that says how bytes become values, when no wrapper is left around it. */
static LdbStatus
set_innermost(const LdbEncoding *encoding, const LdbField *packed, LdbArena *arena, LdbCodec *codec,
			  LdbError *err)
{
	switch (encoding->kind_case)
	{
		case LDB__COMPRESSIVE_ENCODING__KIND_FLAT:
			codec->kind = LDB_CODEC_FLAT;
			return flat_bits(encoding, &codec->bits, err);
		case LDB__COMPRESSIVE_ENCODING__KIND_VARIABLE:
			return set_offsets(encoding->variable, codec, err);
		case LDB__COMPRESSIVE_ENCODING__KIND_CONSTANT:
			return set_constant(encoding->constant, arena, codec, err);
		case LDB__COMPRESSIVE_ENCODING__KIND_INLINE_BITPACKING:
			return set_bitpacked(encoding->inline_bitpacking, codec, err);
		case LDB__COMPRESSIVE_ENCODING__KIND_RLE:
			codec->kind = LDB_CODEC_RLE;
			codec->buffer_count++;
			LDB_TRY(flat_bits(encoding->rle->values, &codec->bits, err));
			return flat_bits(encoding->rle->run_lengths, &codec->run_bits, err);
		case LDB__COMPRESSIVE_ENCODING__KIND_BYTE_STREAM_SPLIT:
			codec->kind = LDB_CODEC_SPLIT;
			return flat_bits(encoding->byte_stream_split->values, &codec->bits, err);
		case LDB__COMPRESSIVE_ENCODING__KIND_VARIABLE_PACKED_STRUCT:
			return set_variable_struct(encoding->variable_packed_struct, packed, arena, codec, err);
		default:
			return unknown(encoding, "(or belongs to file version 2.3)", err);
	}
}

/* Follows the wrappers inward; the message was refused beyond a bounded depth. */
static LdbStatus
compile(const LdbEncoding *encoding, const LdbField *packed, LdbArena *arena, LdbCodec *codec,
		LdbError *err)
{
	memset(codec, 0, sizeof *codec);
	codec->items_per_value = 1;
	codec->buffer_count = 1;
	for (;;)
	{
		if (encoding == NULL)
			LDB_FAIL(err, LDB_CORRUPT, "value encoding is missing");
		switch (encoding->kind_case)
		{
			case LDB__COMPRESSIVE_ENCODING__KIND_GENERAL:
				LDB_TRY(set_general(encoding->general, codec, err));
				encoding = encoding->general->values;
				break;
			case LDB__COMPRESSIVE_ENCODING__KIND_FSST:
				LDB_TRY(set_fsst(encoding->fsst, arena, codec, err));
				encoding = encoding->fsst->values;
				break;
			case LDB__COMPRESSIVE_ENCODING__KIND_FIXED_SIZE_LIST:
				LDB_TRY(set_list_level(encoding->fixed_size_list, codec, err));
				encoding = encoding->fixed_size_list->values;
				break;
			case LDB__COMPRESSIVE_ENCODING__KIND_PACKED_STRUCT:
				LDB_TRY(check_packed(encoding->packed_struct, packed, err));
				encoding = encoding->packed_struct->values;
				break;
			default:
				return set_innermost(encoding, packed, arena, codec, err);
		}
	}
}

static bool
is_fixed(const LdbCodec *codec)
{
	return codec->kind == LDB_CODEC_FLAT || codec->kind == LDB_CODEC_BITPACKED ||
		   codec->kind == LDB_CODEC_RLE || codec->kind == LDB_CODEC_SPLIT;
}

/* Bits of a whole value of the column. */
static uint64_t
expected_bits(const LdbType *type, const LdbField *packed)
{
	uint64_t bits = 0;

	if (packed == NULL)
		return ldb_type_bits(type);
	for (size_t i = 0; i < packed->child_count; i++)
		bits += ldb_type_bits(&packed->children[i]->type);
	return bits;
}

static LdbStatus
check_lists(const LdbCodec *codec, const LdbType *type, LdbError *err)
{
	size_t items = 1;

	for (size_t level = 0; level < codec->fsl_depth; level++)
	{
		if (type->kind != LDB_TYPE_FIXED_SIZE_LIST || type->width < 0 ||
			!ldb_size_mul(items, (size_t) type->width, &items) || items != codec->fsl_items[level])
			LDB_FAIL(err, LDB_CORRUPT, "fixed-size list of another shape than the column's type");
		type = type->item;
	}
	if (type->kind == LDB_TYPE_FIXED_SIZE_LIST)
		LDB_FAIL(err, LDB_CORRUPT, "fixed-size list of another shape than the column's type");
	return LDB_OK;
}

static bool
holds_bits(const LdbType *type)
{
	while (type->kind == LDB_TYPE_FIXED_SIZE_LIST)
		type = type->item;
	return type->kind == LDB_TYPE_BOOL;
}

/* Only whole bytes of fixed width can be told apart in a flat row. */
static LdbStatus
check_columns(const LdbType *type, const LdbField *packed, LdbError *err)
{
	if (packed == NULL && ldb_type_is_variable(type->kind))
		LDB_FAIL(err, LDB_CORRUPT, "values of fixed width in a column of strings");
	for (size_t i = 0; packed != NULL && i < packed->child_count; i++)
	{
		const LdbType *child = &packed->children[i]->type;

		if (ldb_type_bits(child) == 0 || holds_bits(child))
			LDB_FAIL(err, LDB_UNSUPPORTED, "field \"%s\" cannot lie in a packed struct",
					 packed->children[i]->name);
	}
	return LDB_OK;
}

static LdbStatus
check_fixed(LdbCodec *codec, const LdbType *type, const LdbField *packed, LdbError *err)
{
	uint64_t expected = expected_bits(type, packed);
	uint64_t bits;

	LDB_TRY(check_columns(type, packed, err));
	if (codec->fsst != NULL)
		LDB_FAIL(err, LDB_CORRUPT, "fsst around values of fixed width");
	if (codec->fsl_depth > 0)
	{
		if (codec->kind != LDB_CODEC_FLAT || packed != NULL)
			LDB_FAIL(err, LDB_UNSUPPORTED, "fixed-size lists of values that are not flat");
		LDB_TRY(check_lists(codec, type, err));
	}
	if (!ldb_u64_mul(codec->items_per_value, codec->bits, &bits) || bits != expected)
		LDB_FAIL(err, LDB_CORRUPT, "values of %llu bits in a column of %llu bits",
				 (unsigned long long) codec->bits * codec->items_per_value,
				 (unsigned long long) expected);
	if (codec->kind != LDB_CODEC_FLAT && (codec->bits < 8 || codec->bits % 8 != 0))
		LDB_FAIL(err, LDB_CORRUPT, "compressed values of %u bits", codec->bits);
	/* decoders of compressed values write whole words, a sink of bits takes none */
	if (codec->kind != LDB_CODEC_FLAT && packed == NULL && holds_bits(type))
		LDB_FAIL(err, LDB_CORRUPT, "compressed values in a column of single bits");
	if (codec->bits != 1 && codec->bits % 8 != 0)
		LDB_FAIL(err, LDB_CORRUPT, "flat values of %u bits", codec->bits);
	codec->value_bytes = codec->bits == 1 ? 0 : (size_t) (bits / 8);
	return LDB_OK;
}

static LdbStatus
check_indices(LdbCodec *codec, LdbError *err)
{
	if (!is_fixed(codec) || codec->fsl_depth > 0 || !ldb_bitpack_word_ok(codec->bits))
		LDB_FAIL(err, LDB_CORRUPT, "dictionary indices are not integers");
	codec->value_bytes = codec->bits / 8;
	return LDB_OK;
}

static LdbStatus
check_children(LdbCodec *codec, const LdbField *packed, LdbError *err)
{
	for (size_t i = 0; i < codec->child_count; i++)
	{
		const LdbType *type = &packed->children[i]->type;
		LdbCodec *child = &codec->children[i];

		if (child->kind == LDB_CODEC_FLAT)
			LDB_TRY(check_fixed(child, type, NULL, err));
		else if (child->kind != LDB_CODEC_VARIABLE || !ldb_type_is_variable(type->kind))
			LDB_FAIL(err, LDB_UNSUPPORTED, "packed struct field \"%s\" in an unknown encoding",
					 packed->children[i]->name);
		if (child->kind == LDB_CODEC_FLAT && child->bits == 1)
			LDB_FAIL(err, LDB_UNSUPPORTED, "packed struct field \"%s\" of single bits",
					 packed->children[i]->name);
		for (size_t level = 0; level < child->fsl_depth; level++)
			if (child->fsl_validity[level])
				LDB_FAIL(err, LDB_UNSUPPORTED, "packed struct field \"%s\" with null items",
						 packed->children[i]->name);
	}
	return LDB_OK;
}

LdbStatus
ldb_codec_compile(const LdbEncoding *encoding, const LdbType *type, const LdbField *packed,
				  bool indices, LdbArena *arena, LdbCodec *codec, LdbError *err)
{
	LDB_TRY(compile(encoding, packed, arena, codec, err));
	if (indices)
		return check_indices(codec, err);
	if (is_fixed(codec))
		return check_fixed(codec, type, packed, err);
	if (codec->kind == LDB_CODEC_VARIABLE_STRUCT)
		return check_children(codec, packed, err);
	if (codec->kind == LDB_CODEC_CONSTANT && packed != NULL && codec->constant.length > 0)
		LDB_FAIL(err, LDB_UNSUPPORTED, "constant packed struct");
	if (codec->kind == LDB_CODEC_VARIABLE &&
		(packed != NULL || !ldb_type_is_variable(type->kind) || codec->fsl_depth > 0))
		LDB_FAIL(err, LDB_CORRUPT, "values of variable width in a column of fixed width");
	return LDB_OK;
}
