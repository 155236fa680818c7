/* row_set.c -- rows of one fragment: cheap for a single one and for most of a large fragment. */
#include "row_set.h"

#include "ldb/base/arena.h"
#include "ldb/base/bitmap.h"
#include "ldb/base/checked.h"

#define FIRST_CAPACITY ((size_t) 4)
/* A list of fewer rows is kept as one even in small fragments. */
#define SHORT_LIST ((size_t) 16)

static LdbStatus
out_of_memory(LdbError *err)
{
	LDB_FAIL(err, LDB_NOMEM, "out of memory for rows of a fragment");
}

static LdbStatus
become_bits(LdbRowSet *set, uint64_t physical_rows, LdbError *err)
{
	set->bit_bytes = ldb_bitmap_bytes((size_t) physical_rows);
	set->bits = ldb_heap_zalloc(set->bit_bytes + 1);
	if (set->bits == NULL)
		return out_of_memory(err);
	for (size_t i = 0; i < set->count; i++)
		ldb_bit_set(set->bits, set->rows[i]);
	ldb_heap_free(set->rows);
	set->rows = NULL;
	set->capacity = 0;
	return LDB_OK;
}

LdbStatus
ldb_row_set_reserve(LdbRowSet *set, size_t count, uint64_t physical_rows, LdbError *err)
{
	size_t capacity = set->capacity == 0 ? FIRST_CAPACITY : set->capacity;
	size_t needed;
	uint32_t *grown;

	if (set->bits != NULL)
		return LDB_OK;
	if (!ldb_size_add(set->count, count, &needed))
		return out_of_memory(err);
	if (needed > SHORT_LIST &&
		needed > ldb_bitmap_bytes((size_t) physical_rows) / sizeof *set->rows)
		return become_bits(set, physical_rows, err);
	if (needed <= set->capacity)
		return LDB_OK;
	while (capacity < needed)
		capacity *= 2;
	grown = ldb_heap_realloc(set->rows, capacity * sizeof *grown);
	if (grown == NULL)
		return out_of_memory(err);
	set->rows = grown;
	set->capacity = capacity;
	return LDB_OK;
}

void
ldb_row_set_add(LdbRowSet *set, uint32_t row)
{
	if (set->bits != NULL)
		ldb_bit_set(set->bits, row);
	else
		set->rows[set->count] = row;
	set->count++;
}

void
ldb_row_set_take_back(LdbRowSet *set, uint32_t row)
{
	if (set->bits != NULL)
		ldb_bit_clear(set->bits, row);
	set->count--;
}

void
ldb_row_set_clear_in(const LdbRowSet *set, uint8_t *bits, size_t length)
{
	if (length > set->bit_bytes && set->bits != NULL)
		length = set->bit_bytes;
	for (size_t i = 0; set->bits != NULL && i < length; i++)
		bits[i] = (uint8_t) (bits[i] & ~set->bits[i]);
	for (size_t i = 0; set->bits == NULL && i < set->count; i++)
	{
		if (set->rows[i] / 8 < length)
			ldb_bit_clear(bits, set->rows[i]);
	}
}

void
ldb_row_set_subtract(LdbRowSet *set, const uint8_t *bits, size_t length)
{
	size_t kept = 0;

	if (set->bits != NULL)
	{
		for (size_t i = 0; i < set->bit_bytes && i < length; i++)
			set->bits[i] = (uint8_t) (set->bits[i] & ~bits[i]);
		set->count = ldb_bitmap_count(set->bits, 0, set->bit_bytes * 8);
		return;
	}
	for (size_t i = 0; i < set->count; i++)
	{
		if (set->rows[i] / 8 >= length || !ldb_bit_get(bits, set->rows[i]))
			set->rows[kept++] = set->rows[i];
	}
	set->count = kept;
}

void
ldb_row_set_free(LdbRowSet *set)
{
	ldb_heap_free(set->rows);
	ldb_heap_free(set->bits);
	*set = (LdbRowSet){0};
}
