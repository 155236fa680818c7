/* leaf_values.c -- the values of a leaf side by side, as pages take them. */
#include <string.h>

#include "ldb/base/checked.h"
#include "leaf_writer.h"

/* A copy with zeros in null slots: what stood there is nobody's, and may not compress. */
static LdbStatus
clear_nulls(LdbLeafValues *values, LdbArena *arena, LdbError *err)
{
	size_t width = values->value_bytes;
	uint8_t *copy;

	if (values->valid == NULL || width == 0)
		return LDB_OK;
	copy = ldb_arena_copy(arena, values->fixed, values->count * width);
	if (copy == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu values", values->count);
	for (size_t i = 0; i < values->count; i++)
		if (!ldb_bit_get(values->valid, i))
			memset(copy + i * width, 0, width);
	values->fixed = copy;
	return LDB_OK;
}

/* Whether some row that is valid has a null item. */
static bool
has_null_items(const LdbLeafValues *values, const uint8_t *validity, size_t items)
{
	for (size_t i = 0; i < values->count; i++)
		if ((values->valid == NULL || ldb_bit_get(values->valid, i)) &&
			ldb_bitmap_count(validity, i * items, items) != items)
			return true;
	return false;
}

/* Down through the lists to the items. */
static LdbStatus
set_lists(const LdbArray *array, LdbLeafValues *values, LdbError *err)
{
	const LdbType *type = values->type;

	values->items_per_value = 1;
	while (type->kind == LDB_TYPE_FIXED_SIZE_LIST)
	{
		size_t level = values->fsl_depth;

		if (level == LDB_MAX_FSL_DEPTH)
			LDB_FAIL(err, LDB_UNSUPPORTED, "fixed-size lists nested deeper than %d",
					 LDB_MAX_FSL_DEPTH);
		if (!ldb_size_mul(values->items_per_value, (size_t) type->width,
						  &values->items_per_value) ||
			array->child_count != 1 ||
			array->children[0].length != values->count * values->items_per_value)
			LDB_FAIL(err, LDB_INVALID, "fixed-size lists without all their items");
		array = &array->children[0];
		type = type->item;
		values->fsl_items[level] = values->items_per_value;
		if (array->null_count > 0 && array->validity != NULL &&
			has_null_items(values, array->validity, values->items_per_value))
			values->fsl_validity[level] = array->validity;
		values->fsl_depth++;
	}
	values->item_bits = (uint32_t) ldb_type_bits(type);
	values->fixed = array->values;
	return LDB_OK;
}

static LdbStatus
set_fixed(const LdbArray *array, LdbArena *arena, LdbLeafValues *values, LdbError *err)
{
	uint64_t bits;

	LDB_TRY(set_lists(array, values, err));
	if (!ldb_u64_mul(values->item_bits, values->items_per_value, &bits) || bits > UINT32_MAX)
		LDB_FAIL(err, LDB_UNSUPPORTED, "values of more than 512 MiB");
	values->value_bytes = values->item_bits == 1 ? 0 : (size_t) (bits / 8);
	return clear_nulls(values, arena, err);
}

static LdbStatus
set_variable(const LdbArray *array, LdbArena *arena, LdbLeafValues *values, LdbError *err)
{
	LdbTypeKind kind = values->type->kind;
	LdbSlice *views = NULL;

	values->variable = true;
	values->offset_bits = kind == LDB_TYPE_LARGE_STRING || kind == LDB_TYPE_LARGE_BINARY ? 64 : 32;
	values->views = array->views;
	if (values->valid != NULL)
	{
		LDB_NEW(arena, views, values->count, err);
		values->views = views;
	}
	for (size_t i = 0; i < values->count; i++)
	{
		if (views != NULL && ldb_bit_get(values->valid, i))
			views[i] = array->views[i];
		values->total_bytes += values->views[i].length;
		if (values->views[i].length > values->longest)
			values->longest = values->views[i].length;
	}
	if (values->longest > INT32_MAX && values->offset_bits == 32)
		LDB_FAIL(err, LDB_UNSUPPORTED, "a string of %zu bytes", values->longest);
	return LDB_OK;
}

/* One field of all rows of a packed struct. */
static LdbStatus
pack_field(const LdbField *field, const LdbArray *array, size_t offset, LdbLeafValues *values,
		   uint8_t *rows, LdbError *err)
{
	size_t width = (size_t) (ldb_type_bits(&field->type) / 8);
	LdbLeafValues items = {.type = ldb_type_value(&field->type),
						   .count = values->count,
						   .valid_count = values->valid_count,
						   .valid = values->valid};

	if (array->validity != NULL)
		for (size_t i = 0; i < values->count; i++)
			if (ldb_array_is_null(array, i) &&
				(values->valid == NULL || ldb_bit_get(values->valid, i)))
				LDB_FAIL(err, LDB_UNSUPPORTED, "null in field \"%s\" of a packed struct",
						 field->name);
	LDB_TRY(set_lists(array, &items, err));
	for (size_t level = 0; level < items.fsl_depth; level++)
		if (items.fsl_validity[level] != NULL)
			LDB_FAIL(err, LDB_UNSUPPORTED, "null item in field \"%s\" of a packed struct",
					 field->name);
	for (size_t i = 0; i < values->count; i++)
		memcpy(rows + i * values->value_bytes + offset, items.fixed + i * width, width);
	return LDB_OK;
}

static LdbStatus
set_packed(const LdbField *field, const LdbArray *array, LdbArena *arena, LdbLeafValues *values,
		   LdbError *err)
{
	size_t offset = 0;
	uint8_t *rows;

	values->packed = field;
	values->items_per_value = 1;
	for (size_t i = 0; i < field->child_count; i++)
		values->value_bytes += (size_t) (ldb_type_bits(&field->children[i]->type) / 8);
	values->item_bits = (uint32_t) (values->value_bytes * 8);
	rows = ldb_arena_zalloc_array(arena, values->count, values->value_bytes);
	if (rows == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu packed structs", values->count);
	for (size_t i = 0; i < field->child_count; i++)
	{
		LDB_TRY(pack_field(field->children[i], &array->children[i], offset, values, rows, err));
		offset += (size_t) (ldb_type_bits(&field->children[i]->type) / 8);
	}
	values->fixed = rows;
	return clear_nulls(values, arena, err);
}

LdbStatus
ldb_leaf_values(const LdbField *field, const LdbShred *shred, LdbArena *arena,
				LdbLeafValues *values, LdbError *err)
{
	memset(values, 0, sizeof *values);
	values->type = ldb_type_value(&field->type);
	values->count = shred->levels.visible_count;
	values->valid_count = shred->valid_count;
	values->valid = shred->valid;
	if (field->type.kind == LDB_TYPE_STRUCT)
		return set_packed(field, &shred->values, arena, values, err);
	if (ldb_type_is_variable(values->type->kind))
		return set_variable(&shred->values, arena, values, err);
	return set_fixed(&shred->values, arena, values, err);
}
