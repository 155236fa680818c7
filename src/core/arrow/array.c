/* array.c -- copies rows of columns: chosen ones, parts end to end, and nulls. */
#include "ldb/arrow/array.h"

#include <string.h>

#include "ldb/base/checked.h"

/* Rows [first, first + count) of an array: everything here is made of such pieces. */
typedef struct Piece
{
	const LdbArray *array;
	size_t first;
	size_t count;
} Piece;

static LdbStatus gather(const Piece *pieces, size_t piece_count, size_t length, LdbArena *arena,
						LdbArray *out, LdbError *err);

static LdbStatus
alloc_bytes(LdbArena *arena, size_t count, size_t item_bytes, void *result, LdbError *err)
{
	void *memory = ldb_arena_alloc_array(arena, count, item_bytes);

	if (memory == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu values of %zu bytes", count, item_bytes);
	memcpy(result, &memory, sizeof memory);
	return LDB_OK;
}

/* ---- arrays of nulls ---- */

static LdbStatus
start_nulls(const LdbType *type, size_t length, LdbArena *arena, LdbArray *out, LdbError *err)
{
	uint8_t *validity = NULL;

	memset(out, 0, sizeof *out);
	out->type = ldb_type_value(type);
	out->length = length;
	out->null_count = length;
	if (length > 0)
		LDB_NEW(arena, validity, ldb_bitmap_bytes(length), err);
	out->validity = validity;
	return LDB_OK;
}

LdbStatus
ldb_array_nulls_of_type(const LdbType *type, size_t length, LdbArena *arena, LdbArray *out,
						LdbError *err)
{
	LDB_TRY(start_nulls(type, length, arena, out, err));
	type = out->type;
	if (ldb_type_is_variable(type->kind))
	{
		LdbSlice *views;

		LDB_NEW(arena, views, length, err);
		out->views = views;
	}
	else if (type->kind == LDB_TYPE_FIXED_SIZE_LIST)
	{
		size_t items;

		if (!ldb_size_mul(length, (size_t) type->width, &items))
			LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu lists of %d items", length,
					 (int) type->width);
		LDB_NEW(arena, out->children, 1, err);
		out->child_count = 1;
		LDB_TRY(ldb_array_nulls_of_type(type->item, items, arena, out->children, err));
	}
	else if (type->kind == LDB_TYPE_BOOL)
	{
		/* all bits are 0, as they should be in the values */
		out->values = length == 0 ? "" : (const void *) out->validity;
	}
	else if (ldb_type_bits(type) > 0)
	{
		size_t value_bytes = (size_t) (ldb_type_bits(type) / 8);
		void *values = ldb_arena_zalloc_array(arena, length, value_bytes);

		if (values == NULL)
			LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu values of %zu bytes", length,
					 value_bytes);
		out->values = values;
	}
	return LDB_OK;
}

LdbStatus
ldb_array_nulls(const LdbField *field, size_t length, LdbArena *arena, LdbArray *out, LdbError *err)
{
	LdbTypeKind kind = field->type.kind;
	bool is_list = ldb_type_is_list(kind);

	if (!is_list && kind != LDB_TYPE_STRUCT)
		return ldb_array_nulls_of_type(&field->type, length, arena, out, err);
	LDB_TRY(start_nulls(&field->type, length, arena, out, err));
	LDB_NEW(arena, out->children, field->child_count, err);
	out->child_count = field->child_count;
	for (size_t i = 0; i < field->child_count; i++)
		LDB_TRY(ldb_array_nulls(field->children[i], is_list ? 0 : length, arena, &out->children[i],
								err));
	if (is_list)
	{
		int64_t *offsets;

		LDB_NEW(arena, offsets, length + 1, err);
		out->offsets = offsets;
	}
	return LDB_OK;
}

/* ---- pieces end to end ---- */

static LdbStatus
gather_validity(const Piece *pieces, size_t piece_count, LdbArena *arena, LdbArray *out,
				LdbError *err)
{
	uint8_t *validity = NULL;
	size_t at = 0;
	bool any = false;

	for (size_t i = 0; i < piece_count; i++)
		any = any || pieces[i].array->validity != NULL;
	if (!any || out->length == 0)
		return LDB_OK;
	LDB_NEW(arena, validity, ldb_bitmap_bytes(out->length), err);
	for (size_t i = 0; i < piece_count; i++)
	{
		const Piece *piece = &pieces[i];

		if (piece->array->validity == NULL)
			ldb_bitmap_fill(validity, at, piece->count);
		else if (piece->count == 1)
		{
			if (ldb_bit_get(piece->array->validity, piece->first))
				ldb_bit_set(validity, at);
		}
		else
			ldb_bitmap_copy(validity, at, piece->array->validity, piece->first, piece->count);
		at += piece->count;
	}
	out->null_count = out->length - ldb_bitmap_count(validity, 0, out->length);
	out->validity = out->null_count == 0 ? NULL : validity;
	return LDB_OK;
}

static LdbStatus
gather_bits(const Piece *pieces, size_t piece_count, LdbArena *arena, LdbArray *out, LdbError *err)
{
	uint8_t *bits;
	size_t at = 0;

	LDB_NEW(arena, bits, ldb_bitmap_bytes(out->length), err);
	for (size_t i = 0; i < piece_count; i++)
	{
		ldb_bitmap_copy(bits, at, pieces[i].array->values, pieces[i].first, pieces[i].count);
		at += pieces[i].count;
	}
	out->values = bits;
	return LDB_OK;
}

static LdbStatus
gather_fixed(const Piece *pieces, size_t piece_count, size_t value_bytes, LdbArena *arena,
			 LdbArray *out, LdbError *err)
{
	uint8_t *values = NULL;
	uint8_t *at;

	LDB_TRY(alloc_bytes(arena, out->length, value_bytes, &values, err));
	at = values;
	for (size_t i = 0; i < piece_count; i++)
	{
		const uint8_t *from = pieces[i].array->values;
		size_t bytes = pieces[i].count * value_bytes;

		if (bytes > 0)
			memcpy(at, from + pieces[i].first * value_bytes, bytes);
		at += bytes;
	}
	out->values = values;
	return LDB_OK;
}

static LdbStatus
gather_views(const Piece *pieces, size_t piece_count, LdbArena *arena, LdbArray *out, LdbError *err)
{
	LdbSlice *views = NULL;
	size_t at = 0;

	LDB_TRY(alloc_bytes(arena, out->length, sizeof *views, &views, err));
	for (size_t i = 0; i < piece_count; i++)
	{
		if (pieces[i].count > 0)
			memcpy(views + at, pieces[i].array->views + pieces[i].first,
				   pieces[i].count * sizeof *views);
		at += pieces[i].count;
	}
	out->views = views;
	return LDB_OK;
}

/* Items of lists whose width is fixed: each piece of lists is a piece of items. */
static LdbStatus
gather_fixed_lists(const Piece *pieces, size_t piece_count, LdbArena *arena, LdbArray *out,
				   LdbError *err)
{
	size_t width = (size_t) out->type->width;
	size_t items;
	Piece *inner;

	if (!ldb_size_mul(out->length, width, &items))
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu lists of %zu items", out->length, width);
	LDB_NEW(arena, inner, piece_count, err);
	for (size_t i = 0; i < piece_count; i++)
	{
		inner[i].array = &pieces[i].array->children[0];
		inner[i].first = pieces[i].first * width;
		inner[i].count = pieces[i].count * width;
	}
	LDB_NEW(arena, out->children, 1, err);
	out->child_count = 1;
	return gather(inner, piece_count, items, arena, out->children, err);
}

static LdbStatus
gather_lists(const Piece *pieces, size_t piece_count, LdbArena *arena, LdbArray *out, LdbError *err)
{
	int64_t *offsets;
	Piece *inner;
	size_t at = 0;
	int64_t items = 0;

	LDB_NEW(arena, offsets, out->length + 1, err);
	LDB_NEW(arena, inner, piece_count, err);
	for (size_t i = 0; i < piece_count; i++)
	{
		const int64_t *from = pieces[i].array->offsets + pieces[i].first;

		for (size_t row = 0; row < pieces[i].count; row++)
		{
			items += from[row + 1] - from[row];
			offsets[++at] = items;
		}
		inner[i].array = &pieces[i].array->children[0];
		inner[i].first = (size_t) from[0];
		inner[i].count = (size_t) (from[pieces[i].count] - from[0]);
	}
	out->offsets = offsets;
	LDB_NEW(arena, out->children, 1, err);
	out->child_count = 1;
	return gather(inner, piece_count, (size_t) items, arena, out->children, err);
}

static LdbStatus
gather_structs(const Piece *pieces, size_t piece_count, LdbArena *arena, LdbArray *out,
			   LdbError *err)
{
	size_t child_count = pieces[0].array->child_count;
	Piece *inner;

	LDB_NEW(arena, inner, piece_count, err);
	LDB_NEW(arena, out->children, child_count, err);
	out->child_count = child_count;
	for (size_t child = 0; child < child_count; child++)
	{
		for (size_t i = 0; i < piece_count; i++)
		{
			inner[i] = pieces[i];
			inner[i].array = &pieces[i].array->children[child];
		}
		LDB_TRY(gather(inner, piece_count, out->length, arena, &out->children[child], err));
	}
	return LDB_OK;
}

/* At least one piece; `length` is the sum of their counts. */
static LdbStatus
gather(const Piece *pieces, size_t piece_count, size_t length, LdbArena *arena, LdbArray *out,
	   LdbError *err)
{
	const LdbType *type = pieces[0].array->type;

	memset(out, 0, sizeof *out);
	out->type = type;
	out->length = length;
	LDB_TRY(gather_validity(pieces, piece_count, arena, out, err));
	switch (type->kind)
	{
		case LDB_TYPE_NULL:
			out->null_count = length;
			return LDB_OK;
		case LDB_TYPE_BOOL:
			return gather_bits(pieces, piece_count, arena, out, err);
		case LDB_TYPE_STRING:
		case LDB_TYPE_LARGE_STRING:
		case LDB_TYPE_BINARY:
		case LDB_TYPE_LARGE_BINARY:
			return gather_views(pieces, piece_count, arena, out, err);
		case LDB_TYPE_FIXED_SIZE_LIST:
			return gather_fixed_lists(pieces, piece_count, arena, out, err);
		case LDB_TYPE_LIST:
		case LDB_TYPE_LARGE_LIST:
		case LDB_TYPE_MAP:
			return gather_lists(pieces, piece_count, arena, out, err);
		case LDB_TYPE_STRUCT:
			return gather_structs(pieces, piece_count, arena, out, err);
		default:
			return gather_fixed(pieces, piece_count, (size_t) (ldb_type_bits(type) / 8), arena, out,
								err);
	}
}

/* ---- chosen rows ---- */

#define TAKE_WIDTH(integer)                                                                \
	static void take_##integer(const void *values, const uint32_t *rows, size_t row_count, \
							   void *out)                                                  \
	{                                                                                      \
		for (size_t i = 0; i < row_count; i++)                                             \
			memcpy((char *) out + i * sizeof(integer),                                     \
				   (const char *) values + rows[i] * sizeof(integer), sizeof(integer));    \
	}

TAKE_WIDTH(uint8_t)
TAKE_WIDTH(uint16_t)
TAKE_WIDTH(uint32_t)
TAKE_WIDTH(uint64_t)
TAKE_WIDTH(LdbSlice)

/* Filters spend their time here: single rows of simple types, without the detour over pieces. */
static LdbStatus
take_simple(const LdbArray *array, const uint32_t *rows, size_t row_count, LdbArena *arena,
			LdbArray *out, LdbError *err)
{
	bool variable = ldb_type_is_variable(array->type->kind);
	size_t value_bytes = variable ? sizeof(LdbSlice) : (size_t) (ldb_type_bits(array->type) / 8);
	void *values = NULL;

	LDB_TRY(alloc_bytes(arena, row_count, value_bytes, &values, err));
	if (variable)
		take_LdbSlice(array->views, rows, row_count, values);
	else if (value_bytes == 1)
		take_uint8_t(array->values, rows, row_count, values);
	else if (value_bytes == 2)
		take_uint16_t(array->values, rows, row_count, values);
	else if (value_bytes == 4)
		take_uint32_t(array->values, rows, row_count, values);
	else
		take_uint64_t(array->values, rows, row_count, values);
	if (variable)
		out->views = values;
	else
		out->values = values;
	return LDB_OK;
}

static LdbStatus
take_validity(const LdbArray *array, const uint32_t *rows, size_t row_count, LdbArena *arena,
			  LdbArray *out, LdbError *err)
{
	uint8_t *validity;
	size_t valid = 0;

	if (array->validity == NULL || row_count == 0)
		return LDB_OK;
	LDB_NEW(arena, validity, ldb_bitmap_bytes(row_count), err);
	for (size_t i = 0; i < row_count; i++)
	{
		if (!ldb_bit_get(array->validity, rows[i]))
			continue;
		ldb_bit_set(validity, i);
		valid++;
	}
	out->null_count = row_count - valid;
	out->validity = out->null_count == 0 ? NULL : validity;
	return LDB_OK;
}

static bool
is_simple(const LdbType *type)
{
	uint64_t bits = ldb_type_bits(type);

	return ldb_type_is_variable(type->kind) ||
		   (type->kind != LDB_TYPE_FIXED_SIZE_LIST &&
			(bits == 8 || bits == 16 || bits == 32 || bits == 64));
}

LdbStatus
ldb_array_take(const LdbArray *array, const uint32_t *rows, size_t row_count, LdbArena *arena,
			   LdbArray *out, LdbError *err)
{
	Piece *pieces;
	size_t piece_count = 0;

	if (is_simple(array->type))
	{
		memset(out, 0, sizeof *out);
		out->type = array->type;
		out->length = row_count;
		LDB_TRY(take_validity(array, rows, row_count, arena, out, err));
		return take_simple(array, rows, row_count, arena, out, err);
	}
	LDB_NEW(arena, pieces, row_count + 1, err);
	for (size_t i = 0; i < row_count; i++)
	{
		Piece *last = piece_count == 0 ? NULL : &pieces[piece_count - 1];

		if (last != NULL && last->first + last->count == rows[i])
			last->count++;
		else
			pieces[piece_count++] = (Piece){array, rows[i], 1};
	}
	if (piece_count == 0)
		pieces[piece_count++] = (Piece){array, 0, 0};
	return gather(pieces, piece_count, row_count, arena, out, err);
}

LdbStatus
ldb_array_concat(const LdbArray *parts, size_t part_count, LdbArena *arena, LdbArray *out,
				 LdbError *err)
{
	Piece *pieces;
	size_t length = 0;

	if (part_count == 0)
		LDB_FAIL(err, LDB_INVALID, "no arrays to put end to end");
	if (part_count == 1)
	{
		*out = parts[0];
		return LDB_OK;
	}
	LDB_NEW(arena, pieces, part_count, err);
	for (size_t i = 0; i < part_count; i++)
	{
		pieces[i] = (Piece){&parts[i], 0, parts[i].length};
		if (!ldb_size_add(length, parts[i].length, &length))
			LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu arrays end to end", part_count);
	}
	return gather(pieces, part_count, length, arena, out, err);
}

/* ---- copies ---- */

static LdbStatus
own_views(LdbArray *array, LdbArena *arena, LdbError *err)
{
	LdbSlice *views = NULL;
	size_t bytes = 0;
	uint8_t *at;

	for (size_t i = 0; i < array->length; i++)
		if (!ldb_size_add(bytes, array->views[i].length, &bytes))
			LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu strings", array->length);
	LDB_TRY(alloc_bytes(arena, array->length, sizeof *views, &views, err));
	LDB_TRY(alloc_bytes(arena, bytes, 1, &at, err));
	for (size_t i = 0; i < array->length; i++)
	{
		LdbSlice from = array->views[i];

		views[i] = ldb_slice(from.data == NULL ? NULL : at, from.length);
		if (from.length > 0)
			memcpy(at, from.data, from.length);
		at += from.length;
	}
	array->views = views;
	return LDB_OK;
}

/* The arrays of the tree are fresh, their types and what views point to are not. */
static LdbStatus
own_bytes(LdbArray *array, LdbArena *arena, LdbError *err)
{
	LdbType *type;

	LDB_NEW(arena, type, 1, err);
	LDB_TRY(ldb_type_copy(array->type, arena, type, err));
	array->type = type;
	if (array->views != NULL)
		return own_views(array, arena, err);
	for (size_t i = 0; i < array->child_count; i++)
		LDB_TRY(own_bytes(&array->children[i], arena, err));
	return LDB_OK;
}

LdbStatus
ldb_array_copy(const LdbArray *array, LdbArena *arena, LdbArray *out, LdbError *err)
{
	Piece piece = {array, 0, array->length};

	LDB_TRY(gather(&piece, 1, array->length, arena, out, err));
	return own_bytes(out, arena, err);
}
