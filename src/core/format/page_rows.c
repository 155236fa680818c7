/* page_rows.c -- rows of a column that wait until they are a page. */
#include "page_rows.h"

#include <string.h>

/* A view, and the length that stands before or behind the value in the file. */
#define VIEW_BYTES (sizeof(LdbSlice) + 4)
/* Repetition and definition level of an item. */
#define LEVEL_BYTES 4u

size_t
ldb_rows_bytes(const LdbArray *array)
{
	size_t bytes = array->validity == NULL ? 0 : ldb_bitmap_bytes(array->length);

	if (ldb_type_is_variable(array->type->kind))
	{
		bytes += array->length * VIEW_BYTES;
		for (size_t i = 0; i < array->length; i++)
			bytes += array->views[i].length;
		return bytes;
	}
	for (size_t i = 0; i < array->child_count; i++)
		bytes += ldb_rows_bytes(&array->children[i]);
	if (ldb_type_is_list(array->type->kind) && array->length > 0)
		return bytes + array->length * (sizeof(int64_t) + LEVEL_BYTES) +
			   (size_t) array->offsets[array->length] * LEVEL_BYTES;
	if (array->child_count > 0)
		return bytes;
	return bytes + array->length / 8 * ldb_type_bits(array->type) +
		   array->length % 8 * ldb_type_bits(array->type) / 8;
}

void
ldb_page_rows_free(LdbPageRows *rows)
{
	ldb_arena_free(rows->arena);
	ldb_heap_free(rows->parts);
	memset(rows, 0, sizeof *rows);
}

LdbStatus
ldb_page_rows_add(LdbPageRows *rows, const LdbArray *array, LdbError *err)
{
	if (array->length == 0)
		return LDB_OK;
	if (rows->arena == NULL && (rows->arena = ldb_arena_new(0)) == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for rows of a column");
	if (rows->part_count == rows->part_capacity)
	{
		size_t capacity = rows->part_capacity == 0 ? 16 : rows->part_capacity * 2;
		LdbArray *parts = ldb_heap_realloc(rows->parts, capacity * sizeof *parts);

		if (parts == NULL)
			LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu parts of a column", capacity);
		rows->parts = parts;
		rows->part_capacity = capacity;
	}
	LDB_TRY(ldb_array_copy(array, rows->arena, &rows->parts[rows->part_count], err));
	rows->part_count++;
	rows->row_count += array->length;
	rows->bytes += ldb_rows_bytes(array);
	return LDB_OK;
}

LdbStatus
ldb_page_rows_join(const LdbPageRows *rows, LdbArena *arena, LdbArray *array, LdbError *err)
{
	return ldb_array_concat(rows->parts, rows->part_count, arena, array, err);
}

void
ldb_page_rows_clear(LdbPageRows *rows)
{
	/* not reset: what each of many columns would keep adds up */
	ldb_arena_free(rows->arena);
	rows->arena = NULL;
	rows->part_count = 0;
	rows->row_count = 0;
	rows->bytes = 0;
}
