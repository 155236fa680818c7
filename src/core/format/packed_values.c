/* packed_values.c -- rows of a packed struct: the values of its fields one behind the other. */
#include <string.h>

#include "leaf_writer.h"

static size_t
field_bytes(const LdbField *field)
{
	return (size_t) (ldb_type_bits(&field->type) / 8);
}

/* There is no place for nulls of single fields. */
static LdbStatus
check_nulls(const LdbField *field, const LdbArray *array, const LdbLeafValues *rows, LdbError *err)
{
	for (size_t i = 0; array->validity != NULL && i < rows->count; i++)
		if (ldb_array_is_null(array, i) && (rows->valid == NULL || ldb_bit_get(rows->valid, i)))
			LDB_FAIL(err, LDB_UNSUPPORTED, "null in field \"%s\" of a packed struct", field->name);
	return LDB_OK;
}

/* The values of one field of fixed width. */
static LdbStatus
field_values(const LdbField *field, const LdbArray *array, const LdbLeafValues *rows,
			 LdbLeafValues *values, LdbError *err)
{
	*values = (LdbLeafValues){.type = ldb_type_value(&field->type),
							  .count = rows->count,
							  .valid_count = rows->valid_count,
							  .valid = rows->valid};
	LDB_TRY(ldb_values_set_items(array, values, err));
	for (size_t level = 0; level < values->fsl_depth; level++)
		if (values->fsl_validity[level] != NULL)
			LDB_FAIL(err, LDB_UNSUPPORTED, "null item in field \"%s\" of a packed struct",
					 field->name);
	return LDB_OK;
}

/* ---- fixed width ---- */

static LdbStatus
pack_fixed(const LdbField *field, const LdbArray *array, LdbArena *arena, LdbLeafValues *rows,
		   LdbError *err)
{
	size_t offset = 0;
	uint8_t *packed = ldb_arena_zalloc_array(arena, rows->count, rows->value_bytes);

	if (packed == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu packed structs", rows->count);
	for (size_t i = 0; i < field->child_count; i++)
	{
		size_t width = field_bytes(field->children[i]);
		LdbLeafValues values;

		LDB_TRY(field_values(field->children[i], &array->children[i], rows, &values, err));
		for (size_t row = 0; row < rows->count; row++)
			memcpy(packed + row * rows->value_bytes + offset, values.fixed + row * width, width);
		offset += width;
	}
	rows->fixed = packed;
	return ldb_values_clear_nulls(rows, arena, err);
}

/* ---- with text ---- */

/* Lengths stand before values of variable width. */
static size_t
length_bytes(const LdbField *field)
{
	LdbTypeKind kind = field->type.kind;

	return kind == LDB_TYPE_LARGE_STRING || kind == LDB_TYPE_LARGE_BINARY ? 8 : 4;
}

static size_t
row_bytes(const LdbField *field, const LdbArray *array, size_t row)
{
	size_t bytes = 0;

	for (size_t i = 0; i < field->child_count; i++)
		bytes += array->children[i].views == NULL
					 ? field_bytes(field->children[i])
					 : length_bytes(field->children[i]) + array->children[i].views[row].length;
	return bytes;
}

static void
pack_row(const LdbField *field, const LdbArray *array, const LdbLeafValues *fixed, size_t row,
		 uint8_t *at)
{
	for (size_t i = 0; i < field->child_count; i++)
	{
		size_t width = field_bytes(field->children[i]);
		uint64_t length;

		if (array->children[i].views == NULL)
		{
			memcpy(at, fixed[i].fixed + row * width, width);
			at += width;
			continue;
		}
		width = length_bytes(field->children[i]);
		length = array->children[i].views[row].length;
		memcpy(at, &length, width);
		if (length > 0)
			memcpy(at + width, array->children[i].views[row].data, length);
		at += width + length;
	}
}

static LdbStatus
pack_text(const LdbField *field, const LdbArray *array, LdbArena *arena, LdbLeafValues *rows,
		  LdbError *err)
{
	LdbLeafValues *fixed;
	LdbSlice *views;

	LDB_NEW(arena, fixed, field->child_count, err);
	LDB_NEW(arena, views, rows->count, err);
	for (size_t i = 0; i < field->child_count; i++)
		if (array->children[i].views == NULL)
			LDB_TRY(field_values(field->children[i], &array->children[i], rows, &fixed[i], err));
	rows->variable = true;
	rows->offset_bits = 32;
	rows->views = views;
	for (size_t row = 0; row < rows->count; row++)
	{
		size_t bytes = row_bytes(field, array, row);
		uint8_t *packed = ldb_arena_alloc(arena, bytes);

		if (packed == NULL)
			LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu packed structs", rows->count);
		if (bytes > INT32_MAX)
			LDB_FAIL(err, LDB_UNSUPPORTED, "a packed struct of %zu bytes", bytes);
		if (rows->valid != NULL && !ldb_bit_get(rows->valid, row))
			continue;
		pack_row(field, array, fixed, row, packed);
		views[row] = ldb_slice(packed, bytes);
		rows->total_bytes += bytes;
		rows->longest = bytes > rows->longest ? bytes : rows->longest;
	}
	return LDB_OK;
}

LdbStatus
ldb_packed_values(const LdbField *field, const LdbArray *array, LdbArena *arena,
				  LdbLeafValues *rows, LdbError *err)
{
	bool text = false;

	rows->packed = field;
	rows->items_per_value = 1;
	for (size_t i = 0; i < field->child_count; i++)
	{
		rows->value_bytes += field_bytes(field->children[i]);
		text = text || ldb_type_is_variable(field->children[i]->type.kind);
		LDB_TRY(check_nulls(field->children[i], &array->children[i], rows, err));
	}
	if (text)
	{
		rows->value_bytes = 0;
		return pack_text(field, array, arena, rows, err);
	}
	rows->item_bits = (uint32_t) (rows->value_bytes * 8);
	return pack_fixed(field, array, arena, rows, err);
}

/* ---- the message ---- */

static LdbStatus
child_encoding(const LdbField *field, LdbArena *arena,
			   Ldb__CompressiveEncoding__VariablePackedStruct__Child **child, LdbError *err)
{
	bool text = ldb_type_is_variable(field->type.kind);
	const LdbType *type = &field->type;

	LDB_NEW(arena, *child, 1, err);
	ldb__compressive_encoding__variable_packed_struct__child__init(*child);
	if (text)
	{
		uint64_t bits = length_bytes(field) * 8;

		(*child)->width_case =
			LDB__COMPRESSIVE_ENCODING__VARIABLE_PACKED_STRUCT__CHILD__WIDTH_BITS_PER_LENGTH;
		(*child)->bits_per_length = bits;
		return ldb_encoding_variable(arena, bits, &(*child)->value, err);
	}
	(*child)->width_case =
		LDB__COMPRESSIVE_ENCODING__VARIABLE_PACKED_STRUCT__CHILD__WIDTH_BITS_PER_VALUE;
	(*child)->bits_per_value = ldb_type_bits(type);
	if (type->kind == LDB_TYPE_FIXED_SIZE_LIST)
	{
		LdbLeafValues values = {.fsl_depth = 0};

		for (size_t items = 1; type->kind == LDB_TYPE_FIXED_SIZE_LIST; type = type->item)
			values.fsl_items[values.fsl_depth++] = items *= (size_t) type->width;
		values.item_bits = (uint32_t) ldb_type_bits(type);
		return ldb_encoding_of_flat(&values, arena, &(*child)->value, err);
	}
	return ldb_encoding_flat(arena, ldb_type_bits(type), &(*child)->value, err);
}

LdbStatus
ldb_encoding_packed_text(const LdbField *field, LdbArena *arena, LdbEncoding **encoding,
						 LdbError *err)
{
	Ldb__CompressiveEncoding__VariablePackedStruct *packed;

	LDB_NEW(arena, *encoding, 1, err);
	ldb__compressive_encoding__init(*encoding);
	LDB_NEW(arena, packed, 1, err);
	ldb__compressive_encoding__variable_packed_struct__init(packed);
	(*encoding)->kind_case = LDB__COMPRESSIVE_ENCODING__KIND_VARIABLE_PACKED_STRUCT;
	(*encoding)->variable_packed_struct = packed;
	LDB_NEW(arena, packed->fields, field->child_count, err);
	packed->n_fields = field->child_count;
	for (size_t i = 0; i < field->child_count; i++)
		LDB_TRY(child_encoding(field->children[i], arena, &packed->fields[i], err));
	return LDB_OK;
}
