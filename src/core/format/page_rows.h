/*
 * page_rows.h -- rows of a column that wait until they are a page.
 */
#ifndef LDB_FORMAT_PAGE_ROWS_H
#define LDB_FORMAT_PAGE_ROWS_H

#include "ldb/arrow/array.h"

typedef struct LdbPageRows
{
	LdbArena *arena; /* owned; copies of the rows; NULL while there are none */
	LdbArray *parts; /* owned, on the heap */
	size_t part_count;
	size_t part_capacity;
	size_t row_count;
	size_t bytes; /* by ldb_rows_bytes */
} LdbPageRows;

/* What rows take in a page before compression, and while they wait: values, levels, views. */
size_t ldb_rows_bytes(const LdbArray *array);

void ldb_page_rows_free(LdbPageRows *rows); /* zeroed is empty and valid */
/* Copies the array. */
LdbStatus ldb_page_rows_add(LdbPageRows *rows, const LdbArray *array, LdbError *err);
/* All of them; the array borrows from rows and from the arena. */
LdbStatus ldb_page_rows_join(const LdbPageRows *rows, LdbArena *arena, LdbArray *array,
							 LdbError *err);
void ldb_page_rows_clear(LdbPageRows *rows);

#endif
