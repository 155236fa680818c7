/* builder_copy.c -- adds a row of an array to a builder of the same type. */
#include "ldb/arrow/builder.h"

/* Items are there as whole values, none of them null: the row is one run of bytes. */
static bool
is_plain_vector(const LdbArray *array)
{
	const LdbArray *items = &array->children[0];

	return array->type->kind == LDB_TYPE_FIXED_SIZE_LIST && items->null_count == 0 &&
		   items->child_count == 0 && items->type->kind != LDB_TYPE_BOOL &&
		   ldb_type_bits(items->type) > 0;
}

static LdbStatus
copy_fixed(LdbBuilder *builder, const LdbArray *array, size_t row, LdbError *err)
{
	size_t bytes = (size_t) ldb_type_bits(array->type) / 8;
	const LdbArray *values = array->child_count == 0 ? array : &array->children[0];
	uint8_t bit;

	if (array->type->kind != LDB_TYPE_BOOL)
		return ldb_builder_fixed(builder, (const uint8_t *) values->values + row * bytes, err);
	bit = ldb_bit_get(array->values, row);
	return ldb_builder_fixed(builder, &bit, err);
}

/* Inside out: the items of the row, then the row that closes over them. */
static LdbStatus
copy_nested(LdbBuilder *builder, const LdbArray *array, size_t row, LdbError *err)
{
	size_t first = row;
	size_t count = 1;

	if (array->type->kind == LDB_TYPE_FIXED_SIZE_LIST)
	{
		count = (size_t) array->type->width;
		first = row * count;
	}
	else if (array->type->kind != LDB_TYPE_STRUCT)
	{
		first = (size_t) array->offsets[row];
		count = (size_t) array->offsets[row + 1] - first;
	}
	for (size_t child = 0; child < array->child_count; child++)
	{
		for (size_t i = first; i < first + count; i++)
			LDB_TRY(ldb_builder_copy(ldb_builder_child(builder, child), &array->children[child], i,
									 err));
	}
	return ldb_builder_close_row(builder, err);
}

LdbStatus
ldb_builder_copy(LdbBuilder *builder, const LdbArray *array, size_t row, LdbError *err)
{
	LdbTypeKind kind = array->type->kind;

	if (kind == LDB_TYPE_NULL || ldb_array_is_null(array, row))
		return ldb_builder_null(builder, err);
	if (ldb_type_is_variable(kind))
		return ldb_builder_bytes_value(builder, array->views[row], err);
	if (kind == LDB_TYPE_STRUCT || ldb_type_is_list(kind) ||
		(kind == LDB_TYPE_FIXED_SIZE_LIST && !is_plain_vector(array)))
		return copy_nested(builder, array, row, err);
	return copy_fixed(builder, array, row, err);
}
