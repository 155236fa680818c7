/*
 * exact.h -- the k rows nearest to a query vector, by comparing with every one.
 *
 * Streams the vector column and the filter's columns and nothing else; keeps a bounded heap.
 * Order: distance ascending (-inf .. +inf, then NaN), then row address; rows whose vector is NULL come
 * last, by address, with is_null set. A search continues where an earlier one ended through
 * `after`: growing batches for a caller that does not know its k.
 * Distances are ldb_distance_*: the SQL operator's own values.
 */
#ifndef LDB_QUERY_EXACT_H
#define LDB_QUERY_EXACT_H

#include "ldb/simd/distance.h"
#include "ldb/table/scan.h"

typedef struct LdbHit
{
	double distance;
	uint64_t row_address;
	bool is_null; /* the row has no vector: its distance is NULL */
} LdbHit;

typedef struct LdbExactSearch
{
	LdbDataset *dataset; /* borrowed */
	size_t column;       /* position in the schema: fixed_size_list of half, float or double, or
	                          list of these */
	LdbMetric metric;
	const float *query; /* NULL = there is none: every distance is NULL, no column is read */
	size_t dimension;   /* a row of another dimension is LDB_INVALID, naming both */
	const LdbRowFilter *filter; /* NULL = all rows */
	size_t k;
	const LdbHit *after; /* NULL = from the start; else only rows ordered behind this one */
	int thread_count;    /* 1 = only the caller's */
	const LdbCancel *cancel;
	/* out, unless NULL: rows whose distance is NaN or NULL, behind `after` or not */
	uint64_t *unordered_rows;
} LdbExactSearch;

/* hits: room for k, best first. *hit_count < k means that there are no more rows. */
LdbStatus ldb_exact_search(const LdbExactSearch *search, LdbHit *hits, size_t *hit_count,
						   LdbScanStats *stats, LdbError *err);

/* Total order of hits as described above. */
int ldb_hit_compare(const LdbHit *a, const LdbHit *b);

#endif
