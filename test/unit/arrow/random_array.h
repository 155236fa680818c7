/*
 * random_array.h -- fields and random arrays of them, compared row by row, for the tests of this room.
 */
#ifndef TEST_ARROW_RANDOM_ARRAY_H
#define TEST_ARROW_RANDOM_ARRAY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "ldb/arrow/array.h"

static LdbArena *arena;

static inline int
set_up(void **state)
{
	(void) state;
	arena = ldb_arena_new(0);
	return arena == NULL ? -1 : 0;
}

static inline int
tear_down(void **state)
{
	(void) state;
	ldb_arena_free(arena);
	return 0;
}

/* A field of the logical type, with children for lists ("item") and structs. */
static inline LdbField *
make_field(const char *logical_type, size_t child_count, LdbField **children)
{
	LdbField *field = ldb_arena_zalloc(arena, sizeof *field);

	assert_int_equal(ldb_type_parse(logical_type, arena, &field->type, NULL), LDB_OK);
	field->name = logical_type;
	field->nullable = true;
	field->child_count = child_count;
	field->children = ldb_arena_copy(arena, children, child_count * sizeof *children);
	return field;
}

/* struct{text, list<struct{vector of 3 bools, decimal, int16}>, null}: a bit of everything. */
static inline LdbField *
make_deep_field(void)
{
	LdbField *inner[] = {make_field("fixed_size_list:bool:3", 0, NULL),
						 make_field("decimal:128:10:2", 0, NULL), make_field("int16", 0, NULL)};
	LdbField *item[] = {make_field("struct", 3, inner)};
	LdbField *outer[] = {make_field("string", 0, NULL), make_field("list.struct", 1, item),
						 make_field("null", 0, NULL),
						 make_field("fixed_size_list:float:2", 0, NULL)};

	return make_field("struct", 4, outer);
}

static inline size_t
random_below(size_t n)
{
	return (size_t) rand() % n;
}

/* Random rows of a field; every value is different enough to be told apart. */
static inline LdbArray
make_random(const LdbField *field, const LdbType *type, size_t length)
{
	LdbArray array = {.type = type, .length = length};
	uint8_t *validity = ldb_arena_zalloc(arena, length / 8 + 1);

	for (size_t i = 0; i < length; i++)
	{
		if (random_below(4) > 0 && type->kind != LDB_TYPE_NULL)
			ldb_bit_set(validity, i);
		else
			array.null_count++;
	}
	array.validity = array.null_count == 0 ? NULL : validity;
	if (type->kind == LDB_TYPE_STRING)
	{
		LdbSlice *views = ldb_arena_zalloc_array(arena, length + 1, sizeof *views);

		for (size_t i = 0; i < length; i++)
			if (!ldb_array_is_null(&array, i))
				views[i] = ldb_slice_of(ldb_arena_printf(arena, "text %zu", random_below(1000)));
		array.views = views;
	}
	else if (type->kind == LDB_TYPE_LIST)
	{
		int64_t *offsets = ldb_arena_zalloc_array(arena, length + 1, sizeof *offsets);

		for (size_t i = 0; i < length; i++)
			offsets[i + 1] = offsets[i] + (int64_t) random_below(4);
		array.offsets = offsets;
		array.child_count = 1;
		array.children = ldb_arena_zalloc(arena, sizeof array);
		array.children[0] =
			make_random(field->children[0], &field->children[0]->type, (size_t) offsets[length]);
	}
	else if (type->kind == LDB_TYPE_STRUCT)
	{
		array.child_count = field->child_count;
		array.children = ldb_arena_zalloc_array(arena, field->child_count, sizeof array);
		for (size_t i = 0; i < field->child_count; i++)
			array.children[i] = make_random(field->children[i], &field->children[i]->type, length);
	}
	else if (type->kind == LDB_TYPE_FIXED_SIZE_LIST)
	{
		array.child_count = 1;
		array.children = ldb_arena_zalloc(arena, sizeof array);
		array.children[0] = make_random(NULL, type->item, length * (size_t) type->width);
	}
	else if (type->kind != LDB_TYPE_NULL)
	{
		size_t bytes = (length * (size_t) ldb_type_bits(type) + 7) / 8;
		uint8_t *values = ldb_arena_alloc(arena, bytes + 1);

		for (size_t i = 0; i < bytes; i++)
			values[i + 1] = (uint8_t) rand();
		array.values = values + 1; /* at an odd address, as files have them */
	}
	return array;
}

static inline void
check_row(const LdbArray *a, size_t a_row, const LdbArray *b, size_t b_row)
{
	assert_int_equal(ldb_array_is_null(a, a_row), ldb_array_is_null(b, b_row));
	if (ldb_array_is_null(a, a_row))
		return;
	if (a->views != NULL)
		assert_true(ldb_slice_equal(a->views[a_row], b->views[b_row]));
	else if (a->offsets != NULL)
	{
		int64_t length = a->offsets[a_row + 1] - a->offsets[a_row];

		assert_int_equal(b->offsets[b_row + 1] - b->offsets[b_row], length);
		for (int64_t i = 0; i < length; i++)
			check_row(a->children, (size_t) (a->offsets[a_row] + i), b->children,
					  (size_t) (b->offsets[b_row] + i));
	}
	else if (a->type->kind == LDB_TYPE_STRUCT)
	{
		for (size_t i = 0; i < a->child_count; i++)
			check_row(&a->children[i], a_row, &b->children[i], b_row);
	}
	else if (a->type->kind == LDB_TYPE_FIXED_SIZE_LIST)
	{
		size_t width = (size_t) a->type->width;

		for (size_t i = 0; i < width; i++)
			check_row(a->children, a_row * width + i, b->children, b_row * width + i);
	}
	else if (a->type->kind == LDB_TYPE_BOOL)
		assert_int_equal(ldb_bit_get(a->values, a_row), ldb_bit_get(b->values, b_row));
	else
	{
		size_t bytes = (size_t) ldb_type_bits(a->type) / 8;

		assert_memory_equal((const uint8_t *) a->values + a_row * bytes,
							(const uint8_t *) b->values + b_row * bytes, bytes);
	}
}

static inline size_t
count_nulls(const LdbArray *array)
{
	size_t count = 0;

	for (size_t i = 0; i < array->length; i++)
		count += ldb_array_is_null(array, i);
	return count;
}

#endif
