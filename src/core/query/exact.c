/* exact.c -- finds the nearest rows by comparing the query with every one. */
#include "ldb/query/exact.h"

#include <math.h>
#include <stdatomic.h>

#include "nearest.h"
#include "vectors.h"

#include "ldb/base/pool.h"

/* Rows whose distances are computed before the heap sees them. */
#define BLOCK_ROWS 128u

typedef struct Worker
{
	LdbNearest nearest;
	LdbScanStats stats;
	uint64_t unordered_rows;
} Worker;

typedef struct Search
{
	const LdbExactSearch *request;
	LdbVectorQuery query;
	atomic_uint_fast64_t next_task;
	Worker *workers;
} Search;

static uint64_t
take_task(void *context)
{
	Search *search = context;

	return atomic_fetch_add_explicit(&search->next_task, 1, memory_order_relaxed);
}

static LdbStatus
offer_nulls(const LdbBatch *batch, size_t first, size_t count, Worker *worker, LdbError *err)
{
	worker->unordered_rows += count;
	for (size_t row = first; row < first + count; row++)
	{
		LdbHit hit = {.row_address = batch->row_addresses[row], .is_null = true};

		LDB_TRY(ldb_nearest_offer(&worker->nearest, hit, err));
	}
	return LDB_OK;
}

/* Most rows are further away than the worst that is kept, and cost one comparison. */
static LdbStatus
offer_vectors(const Search *search, const LdbBatch *batch, size_t first, size_t count,
			  Worker *worker, LdbError *err)
{
	LdbNearest *nearest = &worker->nearest;
	double distances[BLOCK_ROWS];
	double bound = ldb_nearest_bound(nearest);

	LDB_TRY(ldb_vector_distances(&search->query, batch, first, count, distances, err));
	for (size_t i = 0; i < count; i++)
	{
		LdbHit hit = {.distance = distances[i], .row_address = batch->row_addresses[first + i]};

		if (distances[i] > bound)
			continue;
		worker->unordered_rows += isnan(distances[i]) != 0;
		LDB_TRY(ldb_nearest_offer(nearest, hit, err));
		bound = ldb_nearest_bound(nearest);
	}
	return LDB_OK;
}

/* A run of rows that are all NULL or all not, at most a block. */
static size_t
run_length(const LdbArray *array, size_t first, bool *is_null)
{
	size_t end = array->length - first < BLOCK_ROWS ? array->length : first + BLOCK_ROWS;
	size_t row = first + 1;

	*is_null = ldb_array_is_null(array, first);
	if (array->validity == NULL)
		return end - first;
	while (row < end && ldb_array_is_null(array, row) == *is_null)
		row++;
	return row - first;
}

static LdbStatus
search_batch(const Search *search, const LdbBatch *batch, Worker *worker, LdbError *err)
{
	size_t count;

	if (search->request->query == NULL)
		return offer_nulls(batch, 0, batch->row_count, worker, err);
	for (size_t row = 0; row < batch->row_count; row += count)
	{
		bool is_null;

		count = run_length(&batch->columns[0], row, &is_null);
		if (is_null)
			LDB_TRY(offer_nulls(batch, row, count, worker, err));
		else
			LDB_TRY(offer_vectors(search, batch, row, count, worker, err));
	}
	return LDB_OK;
}

static LdbStatus
search_scan(const Search *search, LdbScan *scan, Worker *worker, const atomic_bool *stop,
			LdbError *err)
{
	const LdbBatch *batch;

	for (;;)
	{
		if (atomic_load(stop))
			LDB_FAIL(err, LDB_CANCELLED, "cancelled");
		LDB_CHECK_CANCEL(search->request->cancel, err);
		LDB_TRY(ldb_scan_next(scan, &batch, err));
		if (batch == NULL)
			return LDB_OK;
		LDB_TRY(search_batch(search, batch, worker, err));
	}
}

static LdbStatus
work(void *context, int number, const atomic_bool *stop, LdbError *err)
{
	Search *search = context;
	Worker *worker = &search->workers[number];
	LdbScanOptions options = {
		.column_count = search->request->query == NULL ? 0 : 1,
		.columns = &search->request->column,
		.filter = search->request->filter,
		.next_task = take_task,
		.next_task_context = search,
		.cancel = search->request->cancel,
	};
	LdbScan *scan;
	LdbStatus status;

	LDB_TRY(ldb_scan_open(search->request->dataset, &options, &scan, err));
	status = search_scan(search, scan, worker, stop, err);
	worker->stats = *ldb_scan_stats(scan);
	ldb_scan_close(scan);
	return status;
}

static void
add_stats(LdbScanStats *sum, const LdbScanStats *part)
{
	sum->read.bytes += part->read.bytes;
	sum->read.requests += part->read.requests;
	sum->rows_scanned += part->rows_scanned;
	sum->rows_returned += part->rows_returned;
	sum->fragments += part->fragments;
	sum->batches += part->batches;
}

static LdbStatus
run(Search *search, size_t thread_count, size_t k, LdbHit *hits, size_t *hit_count,
	LdbScanStats *stats, LdbError *err)
{
	LdbNearest *parts = ldb_heap_zalloc(thread_count * sizeof *parts);
	LdbStatus status;

	if (parts == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a search");
	for (size_t i = 0; i < thread_count; i++)
	{
		search->workers[i].nearest.k = k;
		search->workers[i].nearest.after = search->request->after;
	}
	status = ldb_pool_run((int) thread_count, work, search, err);
	for (size_t i = 0; i < thread_count; i++)
	{
		parts[i] = search->workers[i].nearest;
		if (stats != NULL)
			add_stats(stats, &search->workers[i].stats);
		if (search->request->unordered_rows != NULL)
			*search->request->unordered_rows += search->workers[i].unordered_rows;
	}
	if (status == LDB_OK)
		status = ldb_nearest_merge(parts, thread_count, k, hits, hit_count, search->request->cancel,
								   err);
	for (size_t i = 0; i < thread_count; i++)
		ldb_nearest_free(&parts[i]);
	ldb_heap_free(parts);
	return status;
}

static LdbStatus
check_request(const LdbExactSearch *request, const LdbManifest *manifest, LdbError *err)
{
	const LdbField *field;

	/* then no column is read */
	if (request->query == NULL)
		return LDB_OK;
	if (request->column >= manifest->schema.field_count)
		LDB_FAIL(err, LDB_INVALID, "no column %zu to search", request->column);
	field = manifest->schema.fields[request->column];
	if (!ldb_is_vector_field(field))
		LDB_FAIL(err, LDB_INVALID, "column \"%s\" of type %s does not hold vectors", field->name,
				 field->logical_type);
	return LDB_OK;
}

LdbStatus
ldb_exact_search(const LdbExactSearch *request, LdbHit *hits, size_t *hit_count,
				 LdbScanStats *stats, LdbError *err)
{
	const LdbManifest *manifest = ldb_dataset_manifest(request->dataset);
	uint64_t task_count = ldb_scan_task_count(manifest);
	size_t thread_count = request->thread_count > 1 ? (size_t) request->thread_count : 1;
	size_t k = request->k < manifest->live_rows ? request->k : (size_t) manifest->live_rows;
	Search search = {
		.request = request,
		.query = {request->metric, request->query, request->dimension},
	};
	LdbStatus status;

	*hit_count = 0;
	if (request->unordered_rows != NULL)
		*request->unordered_rows = 0;
	LDB_TRY(check_request(request, manifest, err));
	if (k == 0)
		return LDB_OK;
	if (thread_count > task_count)
		thread_count = task_count == 0 ? 1 : (size_t) task_count;
	search.workers = ldb_heap_zalloc(thread_count * sizeof *search.workers);
	if (search.workers == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a search");
	status = run(&search, thread_count, k, hits, hit_count, stats, err);
	ldb_heap_free(search.workers);
	return status;
}
