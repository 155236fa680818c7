/*
 * columns.h -- columns made by hand, and what a filter says of them.
 *
 * Nulls are written as a text with an 'n' for each NULL row ("..n." = the third), NULL = none.
 * Truths come back as a text with t, f or u for each row: the rows that the expression keeps, those
 * that its negation keeps, and the others.
 */
#ifndef TEST_QUERY_COLUMNS_H
#define TEST_QUERY_COLUMNS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ldb/query/expr.h"

static LdbArena *arena;

static inline int
make_arena(void **state)
{
	(void) state;
	arena = ldb_arena_new(0);
	return arena == NULL;
}

static inline int
drop_arena(void **state)
{
	(void) state;
	ldb_arena_free(arena);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_arena, drop_arena)

static inline void *
keep(const void *data, size_t bytes)
{
	void *copy = ldb_arena_copy(arena, data, bytes);

	assert_non_null(copy);
	return copy;
}

static inline LdbType *
type_with_unit(LdbTypeKind kind, LdbTimeUnit unit)
{
	LdbType type = {.kind = kind, .unit = unit};

	return keep(&type, sizeof type);
}

static inline LdbType *
type_of(LdbTypeKind kind)
{
	return type_with_unit(kind, LDB_UNIT_NONE);
}

static inline LdbType *
decimal(int32_t scale)
{
	LdbType type = {.kind = LDB_TYPE_DECIMAL128, .precision = 38, .scale = scale};

	return keep(&type, sizeof type);
}

static inline void
set_nulls(LdbArray *array, const char *nulls)
{
	uint8_t *validity;

	if (nulls == NULL)
		return;
	validity = ldb_arena_zalloc(arena, ldb_bitmap_bytes(array->length) + 1);
	for (size_t i = 0; i < array->length; i++)
		if (nulls[i] == 'n')
			array->null_count++;
		else
			ldb_bit_set(validity, i);
	array->validity = validity;
}

/* Values lie one byte off any alignment. */
static inline LdbArray
fixed(const LdbType *type, const void *values, size_t value_bytes, size_t length, const char *nulls)
{
	LdbArray array = {.type = type, .length = length};
	uint8_t *bytes = ldb_arena_zalloc(arena, value_bytes * length + 2);

	if (length > 0)
		memcpy(bytes + 1, values, value_bytes * length);
	array.values = bytes + 1;
	set_nulls(&array, nulls);
	return array;
}

#define FIXED(kind, nulls, ...)                                \
	fixed(type_of(kind), (__VA_ARGS__), sizeof *(__VA_ARGS__), \
		  sizeof(__VA_ARGS__) / sizeof *(__VA_ARGS__), (nulls))
#define INT64S(nulls, ...) FIXED(LDB_TYPE_INT64, nulls, ((int64_t[]){__VA_ARGS__}))
#define INT32S(nulls, ...) FIXED(LDB_TYPE_INT32, nulls, ((int32_t[]){__VA_ARGS__}))
#define FLOATS(nulls, ...) FIXED(LDB_TYPE_FLOAT, nulls, ((float[]){__VA_ARGS__}))
#define DOUBLES(nulls, ...) FIXED(LDB_TYPE_DOUBLE, nulls, ((double[]){__VA_ARGS__}))

static inline LdbArray
bools(const char *letters, const char *nulls)
{
	LdbArray array = {.type = type_of(LDB_TYPE_BOOL), .length = strlen(letters)};
	uint8_t *bits = ldb_arena_zalloc(arena, ldb_bitmap_bytes(array.length) + 1);

	for (size_t i = 0; i < array.length; i++)
		if (letters[i] == 't')
			ldb_bit_set(bits, i);
	array.values = bits;
	set_nulls(&array, nulls);
	return array;
}

/* A NULL pointer is a NULL row. */
static inline LdbArray
texts_of(LdbTypeKind kind, const char *const *values, size_t length)
{
	LdbArray array = {.type = type_of(kind), .length = length};
	LdbSlice *views = ldb_arena_zalloc_array(arena, length + 1, sizeof *views);
	char *nulls = ldb_arena_zalloc(arena, length + 1);
	bool any = false;

	for (size_t i = 0; i < length; i++)
	{
		nulls[i] = values[i] == NULL ? 'n' : '.';
		any = any || values[i] == NULL;
		if (values[i] != NULL)
			views[i] = ldb_slice_of(values[i]);
	}
	array.views = views;
	set_nulls(&array, any ? nulls : NULL);
	return array;
}

#define TEXTS(...)                                           \
	texts_of(LDB_TYPE_STRING, (const char *[]){__VA_ARGS__}, \
			 sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *))

/* sizes[i] items for row i. */
static inline LdbArray
list_of(LdbTypeKind kind, LdbArray items, const size_t *sizes, size_t length, const char *nulls)
{
	LdbArray array = {.type = type_of(kind), .length = length, .child_count = 1};
	int64_t *offsets = ldb_arena_zalloc_array(arena, length + 1, sizeof *offsets);

	for (size_t i = 0; i < length; i++)
		offsets[i + 1] = offsets[i] + (int64_t) sizes[i];
	assert_int_equal(offsets[length], items.length);
	array.offsets = offsets;
	array.children = keep(&items, sizeof items);
	set_nulls(&array, nulls);
	return array;
}

static inline LdbArray
fixed_list_of(LdbArray items, int32_t width, const char *nulls)
{
	LdbType type = {.kind = LDB_TYPE_FIXED_SIZE_LIST, .width = width, .item = items.type};
	LdbArray array = {.child_count = 1};

	array.type = keep(&type, sizeof type);
	array.length = width == 0 ? 0 : items.length / (size_t) width;
	array.children = keep(&items, sizeof items);
	set_nulls(&array, nulls);
	return array;
}

/* --- expressions --- */

static inline LdbExpr *
leaf(LdbExprKind kind, LdbDomain domain, size_t column, const LdbScalar *values, size_t count)
{
	LdbExpr expr = {.kind = kind, .domain = domain, .column = column, .value_count = count};

	expr.values = count == 0 ? NULL : keep(values, count * sizeof *values);
	return keep(&expr, sizeof expr);
}

static inline LdbScalar
integer(int64_t value)
{
	return (LdbScalar){.integer = value};
}

static inline LdbScalar
number(double value)
{
	return (LdbScalar){.number = value};
}

static inline LdbScalar
wide(__int128 value)
{
	return (LdbScalar){.wide = value};
}

static inline LdbScalar
text(const char *value)
{
	return (LdbScalar){.text = ldb_slice_of(value)};
}

static inline LdbExpr *
compare(LdbCompareOp op, LdbDomain domain, size_t column, LdbScalar value)
{
	LdbExpr *expr = leaf(LDB_EXPR_COMPARE, domain, column, &value, 1);

	expr->op = op;
	return expr;
}

static inline LdbExpr *
connective(LdbExprKind kind, LdbExpr *const *children, size_t count)
{
	LdbExpr expr = {.kind = kind, .child_count = count};

	expr.children = count == 0 ? NULL : keep(children, count * sizeof *children);
	return keep(&expr, sizeof expr);
}

static inline LdbExpr *
negation(LdbExpr *child)
{
	return connective(LDB_EXPR_NOT, &child, 1);
}

/* --- what a filter says --- */

static inline void
mark_kept(const LdbExpr *expr, LdbArray *columns, size_t column_count, char mark, char *out)
{
	const LdbType *types[16];
	LdbBatch batch = {.row_count = columns[0].length,
					  .column_count = column_count,
					  .columns = columns,
					  .arena = ldb_arena_new(0)};
	uint32_t *kept = calloc(batch.row_count + 1, sizeof *kept);
	size_t count;
	LdbFilter *filter;
	LdbError err = {0};

	assert_true(column_count <= 16);
	for (size_t i = 0; i < column_count; i++)
		types[i] = columns[i].type;
	if (ldb_filter_new(expr, types, column_count, NULL, &filter, &err) != LDB_OK)
		fail_msg("%s", err.message);
	if (ldb_filter_select(filter, &batch, kept, &count, &err) != LDB_OK)
		fail_msg("%s", err.message);
	for (size_t i = 0; i < count; i++)
	{
		assert_true(kept[i] < batch.row_count);
		assert_true(i == 0 || kept[i] > kept[i - 1]);
		assert_int_equal(out[kept[i]], 'u');
		out[kept[i]] = mark;
	}
	ldb_filter_free(filter);
	ldb_arena_free(batch.arena);
	free(kept);
}

static inline const char *
truths(LdbExpr *expr, LdbArray *columns, size_t column_count)
{
	char *out = ldb_arena_zalloc(arena, columns[0].length + 1);

	memset(out, 'u', columns[0].length);
	mark_kept(expr, columns, column_count, 't', out);
	mark_kept(negation(expr), columns, column_count, 'f', out);
	return out;
}

static inline const char *
truths_of(LdbExpr *expr, LdbArray column)
{
	return truths(expr, &column, 1);
}

/* The message of a filter that cannot be made. */
static inline const char *
refusal(const LdbExpr *expr, const LdbType *type)
{
	static LdbError err;
	LdbFilter *filter = NULL;

	assert_int_equal(ldb_filter_new(expr, &type, 1, NULL, &filter, &err), LDB_INVALID);
	assert_null(filter);
	return err.message;
}

#endif
