/* leaf_values.c -- the values of a leaf side by side, as pages take them. */
#include <string.h>

#include "ldb/base/checked.h"
#include "leaf_writer.h"

LdbStatus
ldb_values_clear_nulls(LdbLeafValues *values, LdbArena *arena, LdbError *err)
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

LdbStatus
ldb_values_set_items(const LdbArray *array, LdbLeafValues *values, LdbError *err)
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

	LDB_TRY(ldb_values_set_items(array, values, err));
	if (!ldb_u64_mul(values->item_bits, values->items_per_value, &bits) || bits > UINT32_MAX)
		LDB_FAIL(err, LDB_UNSUPPORTED, "values of more than 512 MiB");
	values->value_bytes = values->item_bits == 1 ? 0 : (size_t) (bits / 8);
	return ldb_values_clear_nulls(values, arena, err);
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
		return ldb_packed_values(field, &shred->values, arena, values, err);
	if (ldb_type_is_variable(values->type->kind))
		return set_variable(&shred->values, arena, values, err);
	return set_fixed(&shred->values, arena, values, err);
}
