/* builder.c -- collects values row by row; memory grows by doubling and is kept over resets. */
#include "ldb/arrow/builder.h"

#include <string.h>

#include "ldb/base/checked.h"

/* A buffer above this goes back to the system at a reset, so an idle builder stays small. */
#define LARGEST_KEPT_BYTES ((size_t) 64 * 1024 * 1024)

/* Invariants: bits beyond the rows are 0 in every bitmap; children of a builder without rows half
 * built have exactly the items that its rows close over. */
struct LdbBuilder
{
	const LdbType *type; /* of the values; borrowed */
	size_t length;
	size_t null_count;
	size_t value_bytes; /* fixed width but bool and fixed_size_list, else 0 */
	bool has_validity;  /* false until the first null: all rows are valid */
	LdbBuffer validity;
	LdbBuffer values;  /* fixed width; bool: bits; strings: their bytes end to end */
	LdbBuffer offsets; /* strings, lists: int64, one more than rows, the first is 0 */
	size_t child_count;
	LdbBuilder **children; /* owned */
};

/* ---- life ---- */

static bool
has_offsets(const LdbBuilder *builder)
{
	return ldb_type_is_variable(builder->type->kind) || ldb_type_is_list(builder->type->kind);
}

static size_t
count_children(const LdbType *type, const LdbField *field)
{
	if (type->kind == LDB_TYPE_FIXED_SIZE_LIST)
		return 1;
	if (field == NULL || (type->kind != LDB_TYPE_STRUCT && !ldb_type_is_list(type->kind)))
		return 0;
	return field->child_count;
}

static LdbStatus fill_builder(LdbBuilder *builder, const LdbField *field, LdbError *err);

static LdbStatus
add_builder(const LdbType *type, const LdbField *field, LdbBuilder **builder, LdbError *err)
{
	*builder = ldb_heap_zalloc(sizeof **builder);
	if (*builder == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a column builder");
	(*builder)->type = ldb_type_value(type);
	return fill_builder(*builder, field, err);
}

static LdbStatus
fill_builder(LdbBuilder *builder, const LdbField *field, LdbError *err)
{
	const LdbType *type = builder->type;
	size_t child_count = count_children(type, field);
	int64_t first = 0;

	if (ldb_type_is_list(type->kind) && child_count != 1)
		LDB_FAIL(err, LDB_INVALID, "a list has %zu item fields instead of one", child_count);
	if (type->kind != LDB_TYPE_BOOL && type->kind != LDB_TYPE_FIXED_SIZE_LIST)
		builder->value_bytes = (size_t) (ldb_type_bits(type) / 8);
	if (has_offsets(builder) && !ldb_buffer_append(&builder->offsets, &first, sizeof first))
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a column builder");
	if (child_count == 0)
		return LDB_OK;
	builder->children = ldb_heap_zalloc(child_count * sizeof(*builder->children));
	if (builder->children == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu column builders", child_count);
	builder->child_count = child_count;
	if (type->kind == LDB_TYPE_FIXED_SIZE_LIST)
		return add_builder(type->item, NULL, &builder->children[0], err);
	for (size_t i = 0; i < child_count; i++)
		LDB_TRY(
			add_builder(&field->children[i]->type, field->children[i], &builder->children[i], err));
	return LDB_OK;
}

LdbStatus
ldb_builder_new(const LdbField *field, LdbBuilder **builder, LdbError *err)
{
	LdbStatus status = add_builder(&field->type, field, builder, err);

	if (status != LDB_OK)
	{
		ldb_builder_free(*builder);
		*builder = NULL;
	}
	return status;
}

void
ldb_builder_free(LdbBuilder *builder)
{
	if (builder == NULL)
		return;
	for (size_t i = 0; i < builder->child_count; i++)
		ldb_builder_free(builder->children[i]);
	ldb_heap_free(builder->children);
	ldb_buffer_free(&builder->validity);
	ldb_buffer_free(&builder->values);
	ldb_buffer_free(&builder->offsets);
	ldb_heap_free(builder);
}

static void
shrink(LdbBuffer *buffer)
{
	void *smaller;

	if (buffer->capacity <= LARGEST_KEPT_BYTES)
		return;
	smaller = ldb_heap_realloc(buffer->data, LARGEST_KEPT_BYTES);
	if (smaller == NULL)
		return;
	buffer->data = smaller;
	buffer->capacity = LARGEST_KEPT_BYTES;
}

void
ldb_builder_reset(LdbBuilder *builder)
{
	builder->length = 0;
	builder->null_count = 0;
	builder->has_validity = false;
	builder->validity.length = 0;
	builder->values.length = 0;
	builder->offsets.length = has_offsets(builder) ? sizeof(int64_t) : 0;
	shrink(&builder->validity);
	shrink(&builder->values);
	shrink(&builder->offsets);
	for (size_t i = 0; i < builder->child_count; i++)
		ldb_builder_reset(builder->children[i]);
}

/* ---- what is there ---- */

size_t
ldb_builder_length(const LdbBuilder *builder)
{
	return builder->length;
}

size_t
ldb_builder_bytes(const LdbBuilder *builder)
{
	size_t bytes = builder->validity.length + builder->values.length + builder->offsets.length;

	/* their array has a view for each */
	if (ldb_type_is_variable(builder->type->kind))
		bytes += builder->length * sizeof(LdbSlice);
	for (size_t i = 0; i < builder->child_count; i++)
		bytes += ldb_builder_bytes(builder->children[i]);
	return bytes;
}

size_t
ldb_builder_child_count(const LdbBuilder *builder)
{
	return builder->child_count;
}

LdbBuilder *
ldb_builder_child(LdbBuilder *builder, size_t i)
{
	return builder->children[i];
}

static int64_t *
offsets_of(const LdbBuilder *builder)
{
	/* heap memory is aligned for any type */
	return (int64_t *) (void *) builder->offsets.data;
}

/* Where the first `length` rows end in the values of strings, or in the children. */
static size_t
end_of_rows(const LdbBuilder *builder, size_t length)
{
	if (has_offsets(builder))
		return (size_t) offsets_of(builder)[length];
	if (builder->type->kind == LDB_TYPE_FIXED_SIZE_LIST)
		return length * (size_t) builder->type->width;
	return length;
}

/* ---- fewer rows ---- */

static void
cut_bits(LdbBuffer *bits, size_t length)
{
	bits->length = ldb_bitmap_bytes(length);
	if (length % 8 != 0)
		bits->data[length / 8] = (uint8_t) (bits->data[length / 8] & ((1u << (length % 8)) - 1));
}

static void
cut_rows(LdbBuilder *builder, size_t length)
{
	if (builder->null_count > 0)
	{
		size_t dropped = builder->length - length;

		builder->null_count -= dropped - ldb_bitmap_count(builder->validity.data, length, dropped);
	}
	if (builder->has_validity)
		cut_bits(&builder->validity, length);
	if (builder->type->kind == LDB_TYPE_BOOL)
		cut_bits(&builder->values, length);
	else
		builder->values.length = ldb_type_is_variable(builder->type->kind)
									 ? end_of_rows(builder, length)
									 : length * builder->value_bytes;
	if (has_offsets(builder))
		builder->offsets.length = (length + 1) * sizeof(int64_t);
	builder->length = length;
}

void
ldb_builder_truncate(LdbBuilder *builder, size_t length)
{
	if (length < builder->length)
		cut_rows(builder, length);
	for (size_t i = 0; i < builder->child_count; i++)
		ldb_builder_truncate(builder->children[i], end_of_rows(builder, builder->length));
}

/* ---- more rows ---- */

#define FAIL_FOR_ROWS(builder, err)                                                   \
	LDB_FAIL((err), LDB_NOMEM, "out of memory for row %zu of a column being written", \
			 (builder)->length)

/* Room for bits of `count` more rows; they are 0. */
static bool
extend_bits(LdbBuffer *bits, size_t length, size_t count)
{
	size_t before = ldb_bitmap_bytes(length);
	size_t after = ldb_bitmap_bytes(length + count);

	if (!ldb_buffer_reserve(bits, after))
		return false;
	memset(bits->data + before, 0, after - before);
	bits->length = after;
	return true;
}

static bool
extend_validity(LdbBuilder *builder, size_t count, bool valid)
{
	if (valid && !builder->has_validity)
		return true;
	if (!extend_bits(&builder->validity, builder->length, count))
		return false;
	if (!builder->has_validity)
	{
		memset(builder->validity.data, 0, ldb_bitmap_bytes(builder->length));
		ldb_bitmap_fill(builder->validity.data, 0, builder->length);
		builder->has_validity = true;
	}
	return true;
}

/* Nothing fails any more: values and room for the validity are there. */
static void
count_rows(LdbBuilder *builder, size_t count, bool valid)
{
	if (!valid)
		builder->null_count += count;
	else if (builder->has_validity && count == 1)
		ldb_bit_set(builder->validity.data, builder->length);
	else if (builder->has_validity)
		ldb_bitmap_fill(builder->validity.data, builder->length, count);
	builder->length += count;
}

static bool
add_bits(LdbBuilder *builder, const uint8_t *values, size_t count)
{
	if (!extend_bits(&builder->values, builder->length, count))
		return false;
	for (size_t i = 0; values != NULL && i < count; i++)
		if (values[i] != 0)
			ldb_bit_set(builder->values.data, builder->length + i);
	return true;
}

static bool
add_bytes(LdbBuilder *builder, const void *values, size_t count)
{
	LdbBuffer *buffer = &builder->values;
	size_t bytes;
	size_t total;

	if (!ldb_size_mul(count, builder->value_bytes, &bytes) ||
		!ldb_size_add(buffer->length, bytes, &total) || !ldb_buffer_reserve(buffer, total))
		return false;
	if (values == NULL)
		memset(buffer->data + buffer->length, 0, bytes);
	else
		memcpy(buffer->data + buffer->length, values, bytes);
	buffer->length = total;
	return true;
}

/* Rows of a type of fixed width, given as ldb_builder_fixed has them; NULL = all zero. */
static LdbStatus
add_values(LdbBuilder *builder, const void *values, size_t count, bool valid, LdbError *err)
{
	bool added = true;

	if (!extend_validity(builder, count, valid))
		FAIL_FOR_ROWS(builder, err);
	if (builder->type->kind == LDB_TYPE_FIXED_SIZE_LIST)
	{
		size_t items;

		if (!ldb_size_mul(count, (size_t) builder->type->width, &items))
			FAIL_FOR_ROWS(builder, err);
		LDB_TRY(add_values(builder->children[0], values, items, true, err));
	}
	else if (builder->type->kind == LDB_TYPE_BOOL)
		added = add_bits(builder, values, count);
	else if (builder->value_bytes > 0)
		added = add_bytes(builder, values, count);
	if (!added)
		FAIL_FOR_ROWS(builder, err);
	count_rows(builder, count, valid);
	return LDB_OK;
}

/* A row of strings or lists that ends at `end`. */
static LdbStatus
add_end(LdbBuilder *builder, size_t end, bool valid, LdbError *err)
{
	int64_t offset = (int64_t) end;

	if (!extend_validity(builder, 1, valid) ||
		!ldb_buffer_append(&builder->offsets, &offset, sizeof offset))
		FAIL_FOR_ROWS(builder, err);
	count_rows(builder, 1, valid);
	return LDB_OK;
}

static LdbStatus
check_children(const LdbBuilder *builder, size_t expected, LdbError *err)
{
	for (size_t i = 0; i < builder->child_count; i++)
		if (builder->children[i]->length != expected)
			LDB_FAIL(err, LDB_INVALID, "child %zu of a column has %zu items instead of %zu", i,
					 builder->children[i]->length, expected);
	return LDB_OK;
}

static LdbStatus
null_children(LdbBuilder *builder, LdbError *err)
{
	for (size_t i = 0; i < builder->child_count; i++)
		LDB_TRY(ldb_builder_null(builder->children[i], err));
	return LDB_OK;
}

LdbStatus
ldb_builder_null(LdbBuilder *builder, LdbError *err)
{
	LdbStatus status;

	if (builder->child_count > 0)
		LDB_TRY(check_children(builder, end_of_rows(builder, builder->length), err));
	if (has_offsets(builder))
		return add_end(builder, end_of_rows(builder, builder->length), false, err);
	if (builder->type->kind != LDB_TYPE_STRUCT)
		return add_values(builder, NULL, 1, false, err);
	status = null_children(builder, err);
	if (status == LDB_OK)
		status = add_values(builder, NULL, 1, false, err);
	if (status != LDB_OK)
		ldb_builder_truncate(builder, builder->length);
	return status;
}

LdbStatus
ldb_builder_fixed(LdbBuilder *builder, const void *value, LdbError *err)
{
	return ldb_builder_fixed_rows(builder, value, 1, err);
}

LdbStatus
ldb_builder_fixed_rows(LdbBuilder *builder, const void *values, size_t count, LdbError *err)
{
	if (builder->type->kind == LDB_TYPE_FIXED_SIZE_LIST)
		LDB_TRY(check_children(builder, end_of_rows(builder, builder->length), err));
	else if (builder->value_bytes == 0 && builder->type->kind != LDB_TYPE_BOOL)
		LDB_FAIL(err, LDB_INVALID, "a column without a fixed width was given such a value");
	if (count == 0)
		return LDB_OK;
	return add_values(builder, values, count, true, err);
}

LdbStatus
ldb_builder_bytes_value(LdbBuilder *builder, LdbSlice value, LdbError *err)
{
	size_t before = builder->values.length;
	LdbStatus status;

	if (!ldb_type_is_variable(builder->type->kind))
		LDB_FAIL(err, LDB_INVALID, "a column of fixed width was given a string");
	if (!ldb_buffer_append(&builder->values, value.data, value.length))
		FAIL_FOR_ROWS(builder, err);
	status = add_end(builder, builder->values.length, true, err);
	if (status != LDB_OK)
		builder->values.length = before;
	return status;
}

LdbStatus
ldb_builder_close_row(LdbBuilder *builder, LdbError *err)
{
	LdbTypeKind kind = builder->type->kind;

	if (ldb_type_is_list(kind))
		return add_end(builder, builder->children[0]->length, true, err);
	if (kind != LDB_TYPE_STRUCT && kind != LDB_TYPE_FIXED_SIZE_LIST)
		LDB_FAIL(err, LDB_INVALID, "a column without children has no rows to close");
	LDB_TRY(check_children(builder, end_of_rows(builder, builder->length + 1), err));
	if (!extend_validity(builder, 1, true))
		FAIL_FOR_ROWS(builder, err);
	count_rows(builder, 1, true);
	return LDB_OK;
}

/* ---- the array ---- */

static LdbStatus
make_views(const LdbBuilder *builder, size_t length, LdbArena *arena, LdbArray *array,
		   LdbError *err)
{
	const int64_t *offsets = offsets_of(builder);
	const uint8_t *bytes = builder->values.data;
	LdbSlice *views;

	LDB_NEW(arena, views, length, err);
	for (size_t i = 0; i < length; i++)
	{
		size_t length_of_row = (size_t) (offsets[i + 1] - offsets[i]);

		if (!ldb_array_is_null(array, i))
			views[i] =
				ldb_slice(bytes == NULL ? (const void *) "" : bytes + offsets[i], length_of_row);
	}
	array->views = views;
	return LDB_OK;
}

/* The first `length` rows: a row half built has left items behind in children. */
static LdbStatus
make_array(const LdbBuilder *builder, size_t length, LdbArena *arena, LdbArray *array,
		   LdbError *err)
{
	size_t null_count = builder->null_count;

	if (null_count > 0 && length < builder->length)
		null_count = length - ldb_bitmap_count(builder->validity.data, 0, length);
	*array = (LdbArray){.type = builder->type,
						.length = length,
						.null_count = null_count,
						.validity = null_count > 0 ? builder->validity.data : NULL};
	if (ldb_type_is_variable(builder->type->kind))
		return make_views(builder, length, arena, array, err);
	if (builder->value_bytes > 0 || builder->type->kind == LDB_TYPE_BOOL)
		array->values = builder->values.data == NULL ? "" : (const void *) builder->values.data;
	if (has_offsets(builder))
		array->offsets = offsets_of(builder);
	if (builder->child_count == 0)
		return LDB_OK;
	LDB_NEW(arena, array->children, builder->child_count, err);
	array->child_count = builder->child_count;
	for (size_t i = 0; i < builder->child_count; i++)
		LDB_TRY(make_array(builder->children[i], end_of_rows(builder, length), arena,
						   &array->children[i], err));
	return LDB_OK;
}

LdbStatus
ldb_builder_array(const LdbBuilder *builder, LdbArena *arena, LdbArray *array, LdbError *err)
{
	return make_array(builder, builder->length, arena, array, err);
}
