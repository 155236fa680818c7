/* array20.c -- turns the encoding of a 2.0 page into an array of picked rows. */
#include "array20.h"

#include <inttypes.h>

#include "ldb/base/checked.h"

const LdbArrayEncoding *
ldb_array20_bare(const LdbArrayEncoding *encoding)
{
	while (encoding != NULL && encoding->kind_case == LDB__ARRAY_ENCODING__KIND_NULLABLE &&
		   encoding->nullable->nullability_case ==
			   LDB__ARRAY_ENCODING__NULLABLE__NULLABILITY_NO_NULLS)
		encoding = encoding->nullable->no_nulls->values;
	return encoding;
}

int
ldb_array20_number(const LdbArrayEncoding *encoding)
{
	if (encoding == NULL)
		return 0;
	if (encoding->kind_case == LDB__ARRAY_ENCODING__KIND__NOT_SET &&
		encoding->base.n_unknown_fields > 0)
		return (int) encoding->base.unknown_fields[0].tag;
	return (int) encoding->kind_case;
}

/* ---- nulls ---- */

/* Adds nulls to an array whose views were made for this call, as the validity was. */
static LdbStatus
add_nulls(const LdbPage20 *page, const uint8_t *validity, LdbArray *array, LdbError *err)
{
	uint8_t *both;

	if (array->validity == NULL && array->views == NULL)
	{
		array->null_count = array->length - ldb_bitmap_count(validity, 0, array->length);
		array->validity = array->null_count == 0 ? NULL : validity;
		return LDB_OK;
	}
	LDB_NEW(page->arena, both, ldb_bitmap_bytes(array->length), err);
	for (size_t i = 0; i < array->length; i++)
	{
		if (ldb_bit_get(validity, i) && !ldb_array_is_null(array, i))
			ldb_bit_set(both, i);
		else if (array->views != NULL)
			((LdbSlice *) array->views)[i] = ldb_slice(NULL, 0);
	}
	array->null_count = array->length - ldb_bitmap_count(both, 0, array->length);
	array->validity = array->null_count == 0 ? NULL : both;
	return LDB_OK;
}

static LdbStatus
decode_nullable(const LdbPage20 *page, const Ldb__ArrayEncoding__Nullable *nullable,
				const LdbField *field, const LdbType *type, const LdbPick *pick, LdbArray *out,
				LdbError *err)
{
	LdbFixed20 validity;

	switch (nullable->nullability_case)
	{
		case LDB__ARRAY_ENCODING__NULLABLE__NULLABILITY_NO_NULLS:
			return ldb_array20_decode(page, nullable->no_nulls->values, field, type, pick, out,
									  err);
		case LDB__ARRAY_ENCODING__NULLABLE__NULLABILITY_ALL_NULLS:
			if (field != NULL)
				return ldb_array_nulls(field, pick->rows, page->arena, out, err);
			return ldb_array_nulls_of_type(type, pick->rows, page->arena, out, err);
		case LDB__ARRAY_ENCODING__NULLABLE__NULLABILITY_SOME_NULLS:
			LDB_TRY(ldb_array20_fixed(page, nullable->some_nulls->validity, pick, &validity, err));
			if (validity.bits != 1)
				LDB_FAIL(err, LDB_CORRUPT, "validity of %" PRIu64 " bits for each value",
						 validity.bits);
			LDB_TRY(ldb_array20_decode(page, nullable->some_nulls->values, field, type, pick, out,
									   err));
			return add_nulls(page, validity.values, out, err);
		default:
			LDB_FAIL(err, LDB_CORRUPT, "nullable encoding does not say which values are null");
	}
}

/* ---- fixed-width values ---- */

static LdbStatus
wrap_fixed(const LdbPage20 *page, const LdbType *type, const void *values, size_t rows,
		   LdbArray *out, LdbError *err)
{
	memset(out, 0, sizeof *out);
	out->type = type;
	out->length = rows;
	if (type->kind != LDB_TYPE_FIXED_SIZE_LIST)
	{
		out->values = values;
		return LDB_OK;
	}
	LDB_NEW(page->arena, out->children, 1, err);
	out->child_count = 1;
	return wrap_fixed(page, type->item, values, rows * (size_t) type->width, out->children, err);
}

static LdbStatus
check_width(uint64_t bits, const LdbType *type, LdbArena *arena, LdbError *err)
{
	uint64_t needed = ldb_type_bits(type);

	if (needed == 0)
		LDB_FAIL(err, LDB_CORRUPT, "type %s does not have values of %" PRIu64 " bits",
				 ldb_type_name(type, arena), bits);
	if (bits != needed)
		LDB_FAIL(err, LDB_CORRUPT, "values of type %s have %" PRIu64 " bits, not %" PRIu64,
				 ldb_type_name(type, arena), needed, bits);
	return LDB_OK;
}

static LdbStatus
decode_fixed(const LdbPage20 *page, const LdbArrayEncoding *encoding, const LdbType *type,
			 const LdbPick *pick, LdbArray *out, LdbError *err)
{
	LdbFixed20 values;

	/* one bit stands for a constant boolean in a whole byte */
	if (encoding->kind_case == LDB__ARRAY_ENCODING__KIND_CONSTANT && type->kind == LDB_TYPE_BOOL)
	{
		ProtobufCBinaryData value = encoding->constant->value;
		uint8_t *bits;

		LDB_NEW(page->arena, bits, ldb_bitmap_bytes(pick->rows), err);
		if (value.len > 0 && (value.data[0] & 1) != 0)
			ldb_bitmap_fill(bits, 0, pick->rows);
		return wrap_fixed(page, type, bits, pick->rows, out, err);
	}
	LDB_TRY(ldb_array20_fixed(page, encoding, pick, &values, err));
	LDB_TRY(check_width(values.bits, type, page->arena, err));
	return wrap_fixed(page, type, values.values, pick->rows, out, err);
}

static LdbStatus
decode_fixed_size_list(const LdbPage20 *page, const Ldb__ArrayEncoding__FixedSizeList *list,
					   const LdbType *type, const LdbPick *pick, LdbArray *out, LdbError *err)
{
	static const LdbType byte_type = {.kind = LDB_TYPE_UINT8};
	bool is_list = type->kind == LDB_TYPE_FIXED_SIZE_LIST;
	LdbArray items;
	LdbPick inner;

	if ((!is_list && type->kind != LDB_TYPE_FIXED_BINARY) ||
		list->dimension != (uint32_t) type->width)
		LDB_FAIL(err, LDB_CORRUPT, "fixed-size list of %" PRIu32 " items for a value of type %s",
				 list->dimension, ldb_type_name(type, page->arena));
	LDB_TRY(ldb_pick_scale(page, pick, list->dimension, &inner, err));
	LDB_TRY(ldb_array20_decode(page, list->items, NULL, is_list ? type->item : &byte_type, &inner,
							   &items, err));
	if (!is_list)
		return wrap_fixed(page, type, items.values, pick->rows, out, err);
	memset(out, 0, sizeof *out);
	out->type = type;
	out->length = pick->rows;
	out->child_count = 1;
	out->children = ldb_arena_copy(page->arena, &items, sizeof items);
	if (out->children == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory");
	return LDB_OK;
}

/* ---- dictionaries ---- */

/* Keys of picked rows. Null rows have key 0 and a cleared bit; validity is NULL without nulls. */
typedef struct Keys
{
	uint32_t *rows;
	const uint8_t *validity;
} Keys;

/*
 * Strings that the writer chose to store as a dictionary count from 1, with 0 for null; columns
 * of a dictionary type count from 0 and have their nulls among the items, or in the keys.
 */
static LdbStatus
read_keys(const LdbPage20 *page, const LdbArrayEncoding *encoding, bool from_one,
		  uint32_t item_count, const LdbPick *pick, Keys *keys, LdbError *err)
{
	uint8_t *valid;
	const uint8_t *stored_validity = NULL;
	LdbFixed20 stored;
	LdbFixed20 validity;

	encoding = ldb_array20_bare(encoding);
	if (encoding != NULL && encoding->kind_case == LDB__ARRAY_ENCODING__KIND_NULLABLE &&
		encoding->nullable->nullability_case ==
			LDB__ARRAY_ENCODING__NULLABLE__NULLABILITY_SOME_NULLS)
	{
		LDB_TRY(ldb_array20_fixed(page, encoding->nullable->some_nulls->validity, pick, &validity,
								  err));
		if (validity.bits != 1)
			LDB_FAIL(err, LDB_CORRUPT, "validity of %" PRIu64 " bits for each key", validity.bits);
		stored_validity = validity.values;
		encoding = encoding->nullable->some_nulls->values;
	}
	LDB_TRY(ldb_array20_integers(page, encoding, pick, &stored, err));
	LDB_NEW(page->arena, keys->rows, pick->rows, err);
	LDB_NEW(page->arena, valid, ldb_bitmap_bytes(pick->rows), err);
	for (size_t i = 0; i < pick->rows; i++)
	{
		uint64_t key = ldb_fixed20_integer(&stored, i);

		if ((stored_validity != NULL && !ldb_bit_get(stored_validity, i)) || (from_one && key == 0))
			continue;
		key -= from_one;
		if (key >= item_count)
			LDB_FAIL(err, LDB_CORRUPT, "key %" PRIu64 " of a dictionary of %" PRIu32, key,
					 item_count);
		keys->rows[i] = (uint32_t) key;
		ldb_bit_set(valid, i);
	}
	keys->validity = ldb_bitmap_count(valid, 0, pick->rows) == pick->rows ? NULL : valid;
	return LDB_OK;
}

static LdbStatus
decode_dictionary(const LdbPage20 *page, const Ldb__ArrayEncoding__Dictionary *dictionary,
				  const LdbType *type, const LdbPick *pick, LdbArray *out, LdbError *err)
{
	bool from_one = type->kind != LDB_TYPE_DICTIONARY;
	uint32_t item_count = dictionary->num_dictionary_items;
	LdbRowRange all = {0, item_count};
	LdbPick all_items = {&all, 1, item_count};
	LdbArray items;
	Keys keys;

	LDB_TRY(read_keys(page, dictionary->indices, from_one, item_count, pick, &keys, err));
	if (item_count == 0)
		return ldb_array_nulls_of_type(type, pick->rows, page->arena, out, err);
	LDB_TRY(ldb_array20_decode(page, dictionary->items, NULL, ldb_type_value(type), &all_items,
							   &items, err));
	LDB_TRY(ldb_array_take(&items, keys.rows, pick->rows, page->arena, out, err));
	return keys.validity == NULL ? LDB_OK : add_nulls(page, keys.validity, out, err);
}

/* ---- packed structs ---- */

/* Bits of one value in a packed row. */
static LdbStatus
packed_bits(const LdbArrayEncoding *encoding, uint64_t *bits, LdbError *err)
{
	uint64_t factor = 1;

	for (encoding = ldb_array20_bare(encoding);
		 encoding != NULL && encoding->kind_case == LDB__ARRAY_ENCODING__KIND_FIXED_SIZE_LIST;
		 encoding = ldb_array20_bare(encoding->fixed_size_list->items))
	{
		if (!ldb_u64_mul(factor, encoding->fixed_size_list->dimension, &factor))
			LDB_FAIL(err, LDB_CORRUPT, "width of a packed value overflows");
	}
	if (encoding == NULL || encoding->kind_case != LDB__ARRAY_ENCODING__KIND_FLAT)
		LDB_FAIL(err, LDB_UNSUPPORTED, "2.0 encoding number %d is not known inside a packed struct",
				 ldb_array20_number(encoding));
	if (!ldb_u64_mul(factor, encoding->flat->bits_per_value, bits))
		LDB_FAIL(err, LDB_CORRUPT, "width of a packed value overflows");
	return LDB_OK;
}

static LdbStatus
packed_row_bytes(const LdbPage20 *page, const Ldb__ArrayEncoding__PackedStruct *packed,
				 const LdbType *const *types, size_t type_count, uint64_t *row_bytes, LdbError *err)
{
	*row_bytes = 0;
	if (packed->n_inner != type_count)
		LDB_FAIL(err, LDB_CORRUPT, "packed struct of %zu values where the schema has %zu",
				 packed->n_inner, type_count);
	for (size_t i = 0; i < type_count; i++)
	{
		uint64_t bits;

		LDB_TRY(packed_bits(packed->inner[i], &bits, err));
		LDB_TRY(check_width(bits, types[i], page->arena, err));
		if (bits % 8 != 0)
			LDB_FAIL(err, LDB_UNSUPPORTED,
					 "a packed struct with a value of type %s is not supported",
					 ldb_type_name(types[i], page->arena));
		*row_bytes += bits / 8; /* each was compared with its type, so no overflow */
	}
	if (*row_bytes == 0)
		LDB_FAIL(err, LDB_CORRUPT, "packed struct without values");
	return LDB_OK;
}

LdbStatus
ldb_array20_packed(const LdbPage20 *page, const LdbArrayEncoding *encoding,
				   const LdbType *const *types, size_t type_count, const LdbPick *pick,
				   LdbArray *arrays, LdbError *err)
{
	const Ldb__ArrayEncoding__PackedStruct *packed = encoding->packed_struct;
	LdbBufferName name = {packed->buffer, NULL, packed};
	uint64_t row_bytes;
	LdbSlice *slices;
	LdbPick bytes;
	size_t at = 0;

	LDB_TRY(packed_row_bytes(page, packed, types, type_count, &row_bytes, err));
	LDB_TRY(ldb_pick_scale(page, pick, row_bytes, &bytes, err));
	LDB_NEW(page->arena, slices, pick->range_count, err);
	LDB_TRY(ldb_page20_bytes(page, &name, bytes.ranges, bytes.range_count, slices, err));
	for (size_t child = 0; child < type_count; child++)
	{
		size_t width = (size_t) (ldb_type_bits(types[child]) / 8);
		uint8_t *values = ldb_arena_alloc_array(page->arena, pick->rows, width);
		uint8_t *to = values;

		if (values == NULL)
			LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu packed values", pick->rows);
		for (size_t i = 0; i < pick->range_count; i++)
		{
			for (size_t row = 0; row < pick->ranges[i].count; row++, to += width)
				memcpy(to, slices[i].data + row * row_bytes + at, width);
		}
		LDB_TRY(wrap_fixed(page, types[child], values, pick->rows, &arrays[child], err));
		at += width;
	}
	return LDB_OK;
}

static LdbStatus
decode_packed_struct(const LdbPage20 *page, const LdbArrayEncoding *encoding, const LdbField *field,
					 const LdbPick *pick, LdbArray *out, LdbError *err)
{
	const LdbType **types;

	if (field == NULL)
		LDB_FAIL(err, LDB_CORRUPT, "packed struct where the schema has none");
	LDB_NEW(page->arena, types, field->child_count, err);
	for (size_t i = 0; i < field->child_count; i++)
		types[i] = &field->children[i]->type;
	memset(out, 0, sizeof *out);
	out->type = &field->type;
	out->length = pick->rows;
	out->child_count = field->child_count;
	LDB_NEW(page->arena, out->children, field->child_count, err);
	return ldb_array20_packed(page, encoding, types, field->child_count, pick, out->children, err);
}

/* ---- any encoding ---- */

LdbStatus
ldb_array20_decode(const LdbPage20 *page, const LdbArrayEncoding *encoding, const LdbField *field,
				   const LdbType *type, const LdbPick *pick, LdbArray *out, LdbError *err)
{
	if (type->kind == LDB_TYPE_NULL)
		return ldb_array_nulls_of_type(type, pick->rows, page->arena, out, err);
	if (encoding == NULL)
		LDB_FAIL(err, LDB_CORRUPT, "an encoding is missing");
	switch (encoding->kind_case)
	{
		case LDB__ARRAY_ENCODING__KIND_NULLABLE:
			return decode_nullable(page, encoding->nullable, field, type, pick, out, err);
		case LDB__ARRAY_ENCODING__KIND_DICTIONARY:
			return decode_dictionary(page, encoding->dictionary, type, pick, out, err);
		case LDB__ARRAY_ENCODING__KIND_PACKED_STRUCT:
			return decode_packed_struct(page, encoding, field, pick, out, err);
		case LDB__ARRAY_ENCODING__KIND_FIXED_SIZE_LIST:
			return decode_fixed_size_list(page, encoding->fixed_size_list, ldb_type_value(type),
										  pick, out, err);
		default:
			break;
	}
	type = ldb_type_value(type);
	if (ldb_type_is_variable(type->kind))
		return ldb_array20_variable(page, encoding, type, pick, out, err);
	return decode_fixed(page, encoding, type, pick, out, err);
}
