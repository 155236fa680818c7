/*
 * listing.h -- the result of a list while it grows.
 *
 * Ownership: everything lies in the arena.
 */
#ifndef LDB_STORE_LISTING_H
#define LDB_STORE_LISTING_H

#include "ldb/store/store.h"

typedef struct LdbListing
{
	LdbArena *arena;      /* borrowed from the caller of list */
	LdbObjectInfo *items; /* arena */
	size_t count;
	size_t capacity;
} LdbListing;

/* Adds a copy; the name must lie in the arena already. */
LdbStatus ldb_listing_add(LdbListing *listing, const LdbObjectInfo *info, LdbError *err);

/* Sorts by the bytes of the names; of equal names one stays. */
void ldb_listing_sort(LdbListing *listing);

#endif
