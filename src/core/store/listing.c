/* listing.c -- collects what a list found and puts it in order. */
#include "listing.h"

#include <stdlib.h>
#include <string.h>

LdbStatus
ldb_listing_add(LdbListing *listing, const LdbObjectInfo *info, LdbError *err)
{
	if (listing->count == listing->capacity)
	{
		size_t capacity = listing->capacity == 0 ? 16 : listing->capacity * 2;
		LdbObjectInfo *items;

		LDB_NEW(listing->arena, items, capacity, err);
		if (listing->count > 0)
			memcpy(items, listing->items, listing->count * sizeof *items);
		listing->items = items;
		listing->capacity = capacity;
	}
	listing->items[listing->count++] = *info;
	return LDB_OK;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(((const LdbObjectInfo *) a)->name, ((const LdbObjectInfo *) b)->name);
}

void
ldb_listing_sort(LdbListing *listing)
{
	size_t kept = 0;

	if (listing->count == 0)
		return;
	qsort(listing->items, listing->count, sizeof *listing->items, compare_names);
	for (size_t i = 1; i < listing->count; i++)
		if (strcmp(listing->items[kept].name, listing->items[i].name) != 0)
			listing->items[++kept] = listing->items[i];
	listing->count = kept + 1;
}
