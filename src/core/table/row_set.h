/* row_set.h -- rows of one fragment: cheap for a single one and for most of a large fragment. */
#ifndef LDB_TABLE_ROW_SET_H
#define LDB_TABLE_ROW_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ldb/base/error.h"

/* Zero-initialised is empty and valid. */
typedef struct LdbRowSet
{
	size_t count;
	size_t capacity; /* of rows */
	uint32_t *rows;  /* owned; in the order in which they were added */
	uint8_t *bits;   /* owned; in place of rows when those would take more memory */
	size_t bit_bytes;
} LdbRowSet;

/* Room for `count` more rows below `physical_rows`: adding them does not fail then. */
LdbStatus ldb_row_set_reserve(LdbRowSet *set, size_t count, uint64_t physical_rows, LdbError *err);
/* A row that is not in the set. */
void ldb_row_set_add(LdbRowSet *set, uint32_t row);
/* The row that was added last. */
void ldb_row_set_take_back(LdbRowSet *set, uint32_t row);
/* Clears the set's rows in a bitmap, as far as it goes. */
void ldb_row_set_clear_in(const LdbRowSet *set, uint8_t *bits, size_t length);
/* Forgets the rows that `bits` holds. */
void ldb_row_set_subtract(LdbRowSet *set, const uint8_t *bits, size_t length);
void ldb_row_set_free(LdbRowSet *set);

#endif
