/* sort.c -- sorts short runs and merges them, looking for cancel in between. */
#include "ldb/base/sort.h"

#include <stdlib.h>
#include <string.h>

#include "ldb/base/arena.h"
#include "ldb/base/checked.h"

/* So few that nobody waits for them: some milliseconds even of long texts. */
#define RUN_ITEMS 4096

typedef struct Sort
{
	size_t size;
	int (*order)(const void *, const void *);
	const LdbCancel *cancel;
} Sort;

/* Two sorted neighbours, left .. middle .. end, to another place; of equal items the left one first. */
static LdbStatus
merge(const Sort *sort, const char *left, const char *middle, const char *end, char *to,
	  LdbError *err)
{
	const char *right = middle;
	size_t steps = 0;

	while (left < middle && right < end)
	{
		const char **from = sort->order(right, left) < 0 ? &right : &left;

		if (++steps % RUN_ITEMS == 0)
			LDB_CHECK_CANCEL(sort->cancel, err);
		memcpy(to, *from, sort->size);
		to += sort->size;
		*from += sort->size;
	}
	memcpy(to, left, (size_t) (middle - left));
	memcpy(to + (middle - left), right, (size_t) (end - right));
	return LDB_OK;
}

static size_t
lesser(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* All runs of `run` bytes in pairs. */
static LdbStatus
merge_pairs(const Sort *sort, const char *from, char *to, size_t bytes, size_t run, LdbError *err)
{
	for (size_t at = 0; at < bytes; at += lesser(2 * run, bytes - at))
	{
		const char *left = from + at;
		size_t length = lesser(2 * run, bytes - at);

		LDB_CHECK_CANCEL(sort->cancel, err);
		LDB_TRY(merge(sort, left, left + lesser(run, length), left + length, to + at, err));
	}
	return LDB_OK;
}

static LdbStatus
merge_all(const Sort *sort, char *items, char *spare, size_t bytes, LdbError *err)
{
	char *from = items;
	char *to = spare;

	for (size_t run = RUN_ITEMS * sort->size; run < bytes; run *= 2)
	{
		char *sorted = to;

		LDB_TRY(merge_pairs(sort, from, to, bytes, run, err));
		to = from;
		from = sorted;
	}
	if (from != items)
		memcpy(items, from, bytes);
	return LDB_OK;
}

LdbStatus
ldb_sort(void *items, size_t count, size_t size, int (*order)(const void *, const void *),
		 const LdbCancel *cancel, LdbError *err)
{
	Sort sort = {size, order, cancel};
	LdbStatus status;
	size_t bytes;
	char *spare;

	if (count <= 1)
		return LDB_OK;
	if (!ldb_size_mul(count, size, &bytes) || bytes > SIZE_MAX / 2)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for sorting %zu items", count);
	for (size_t first = 0; first < count; first += lesser(RUN_ITEMS, count - first))
	{
		LDB_CHECK_CANCEL(cancel, err);
		qsort((char *) items + first * size, lesser(RUN_ITEMS, count - first), size, order);
	}
	if (count <= RUN_ITEMS)
		return LDB_OK;
	spare = ldb_heap_zalloc(bytes);
	if (spare == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for sorting %zu items", count);
	status = merge_all(&sort, items, spare, bytes, err);
	ldb_heap_free(spare);
	return status;
}
