/*
 * nearest.h -- the k best hits of those offered, in a heap whose first is the worst kept.
 *
 * Zero-initialised with k set is empty and valid; free with ldb_nearest_free. Memory grows with
 * the hits that are kept, not with k. Threads: one at a time.
 */
#ifndef LDB_QUERY_NEAREST_H
#define LDB_QUERY_NEAREST_H

#include "ldb/query/exact.h"

typedef struct LdbNearest
{
	size_t k;
	const LdbHit *after; /* hits not ordered behind this one are left out; NULL = none are */
	LdbHit *hits;        /* owned */
	size_t count;
	size_t capacity;
} LdbNearest;

LdbStatus ldb_nearest_offer(LdbNearest *nearest, LdbHit hit, LdbError *err);
void ldb_nearest_free(LdbNearest *nearest);

/* A distance that is greater than this cannot be among the best. */
double ldb_nearest_bound(const LdbNearest *nearest);

/* Orders all hits of several heaps, best first, and writes the first k of them. */
LdbStatus ldb_nearest_merge(const LdbNearest *parts, size_t part_count, size_t k, LdbHit *hits,
							size_t *hit_count, const LdbCancel *cancel, LdbError *err);

#endif
