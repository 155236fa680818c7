/* nearest.c -- keeps the k best hits of those offered. */
#include "nearest.h"

#include <math.h>
#include <string.h>

#include "domain.h"

#include "ldb/base/arena.h"
#include "ldb/base/checked.h"
#include "ldb/base/sort.h"

int
ldb_hit_compare(const LdbHit *a, const LdbHit *b)
{
	if (a->is_null != b->is_null)
		return a->is_null ? 1 : -1;
	if (!a->is_null)
	{
		int order = ldb_float_compare(a->distance, b->distance);

		if (order != 0)
			return order;
	}
	return (a->row_address > b->row_address) - (a->row_address < b->row_address);
}

static LdbStatus
make_room(LdbNearest *nearest, LdbError *err)
{
	size_t capacity = nearest->capacity == 0 ? 64 : nearest->capacity;
	size_t bytes;
	LdbHit *hits = NULL;

	if (nearest->count < nearest->capacity)
		return LDB_OK;
	if (nearest->capacity != 0 && !ldb_size_mul(capacity, 2, &capacity))
		capacity = nearest->k;
	if (capacity > nearest->k)
		capacity = nearest->k;
	if (ldb_size_mul(capacity, sizeof *hits, &bytes))
		hits = ldb_heap_realloc(nearest->hits, bytes);
	if (hits == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the %zu nearest rows", capacity);
	nearest->hits = hits;
	nearest->capacity = capacity;
	return LDB_OK;
}

static void
sift_up(LdbHit *hits, size_t at, LdbHit hit)
{
	while (at > 0 && ldb_hit_compare(&hits[(at - 1) / 2], &hit) < 0)
	{
		hits[at] = hits[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	hits[at] = hit;
}

static void
sift_down(LdbHit *hits, size_t count, LdbHit hit)
{
	size_t at = 0;

	for (;;)
	{
		size_t child = 2 * at + 1;

		if (child + 1 < count && ldb_hit_compare(&hits[child], &hits[child + 1]) < 0)
			child++;
		if (child >= count || ldb_hit_compare(&hits[child], &hit) < 0)
			break;
		hits[at] = hits[child];
		at = child;
	}
	hits[at] = hit;
}

LdbStatus
ldb_nearest_offer(LdbNearest *nearest, LdbHit hit, LdbError *err)
{
	if (nearest->k == 0 || (nearest->after != NULL && ldb_hit_compare(&hit, nearest->after) <= 0))
		return LDB_OK;
	if (nearest->count == nearest->k)
	{
		if (ldb_hit_compare(&hit, &nearest->hits[0]) < 0)
			sift_down(nearest->hits, nearest->count, hit);
		return LDB_OK;
	}
	LDB_TRY(make_room(nearest, err));
	sift_up(nearest->hits, nearest->count++, hit);
	return LDB_OK;
}

void
ldb_nearest_free(LdbNearest *nearest)
{
	ldb_heap_free(nearest->hits);
	nearest->hits = NULL;
	nearest->count = nearest->capacity = 0;
}

double
ldb_nearest_bound(const LdbNearest *nearest)
{
	if (nearest->count < nearest->k || nearest->k == 0 || nearest->hits[0].is_null ||
		isnan(nearest->hits[0].distance))
		return (double) INFINITY;
	return nearest->hits[0].distance;
}

static int
hit_order(const void *a, const void *b)
{
	return ldb_hit_compare(a, b);
}

LdbStatus
ldb_nearest_merge(const LdbNearest *parts, size_t part_count, size_t k, LdbHit *hits,
				  size_t *hit_count, const LdbCancel *cancel, LdbError *err)
{
	size_t total = 0;
	size_t filled = 0;
	LdbHit *all;
	LdbStatus status;

	for (size_t i = 0; i < part_count; i++)
		total += parts[i].count;
	*hit_count = total < k ? total : k;
	if (total == 0)
		return LDB_OK;
	all = ldb_heap_zalloc(total * sizeof *all);
	if (all == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the %zu nearest rows", total);
	for (size_t i = 0; i < part_count; i++)
		for (size_t j = 0; j < parts[i].count; j++)
			all[filled++] = parts[i].hits[j];
	status = ldb_sort(all, total, sizeof *all, hit_order, cancel, err);
	memcpy(hits, all, *hit_count * sizeof *all);
	ldb_heap_free(all);
	return status;
}
