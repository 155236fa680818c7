/*
 * test_exact.c -- exact search over vectors made by hand.
 *
 * This file brings a scan of its own, so that each row, batch and task is as a test wants it;
 * test_exact_dataset.c searches a real table.
 */
#include "query/columns.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>

#include "ldb/query/exact.h"

/* --- a dataset in memory --- */

enum
{
	TASK_ROWS = 37,
	BATCH_ROWS = 11
};

struct LdbDataset
{
	LdbManifest manifest;
	LdbField field;
	LdbField *fields[1];
	LdbField item;
	LdbField *items[1];
	LdbArray vectors;
	LdbArray filtered; /* the column that filters see */
	uint64_t *addresses;
	atomic_int open_scans;
	int fail_at_batch; /* 0 = never */
};

struct LdbScan
{
	LdbDataset *dataset;
	LdbScanOptions options;
	LdbArena *arena;
	LdbBatch batch;
	LdbArray column;
	LdbScanStats stats;
	uint64_t next_task;
	size_t row;
	size_t end;
};

const LdbManifest *
ldb_dataset_manifest(const LdbDataset *dataset)
{
	return &dataset->manifest;
}

uint64_t
ldb_scan_task_count(const LdbManifest *manifest)
{
	return (manifest->live_rows + TASK_ROWS - 1) / TASK_ROWS;
}

LdbStatus
ldb_scan_open(LdbDataset *dataset, const LdbScanOptions *options, LdbScan **out, LdbError *err)
{
	LdbScan *scan = ldb_heap_zalloc(sizeof *scan);

	if (scan == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory");
	assert_true(options->column_count <= 1);
	assert_true(options->column_count == 0 || options->columns[0] == 0);
	scan->dataset = dataset;
	scan->options = *options;
	scan->arena = ldb_arena_new(0);
	if (scan->arena == NULL)
	{
		ldb_heap_free(scan);
		LDB_FAIL(err, LDB_NOMEM, "out of memory");
	}
	scan->stats.fragments = 1;
	atomic_fetch_add(&dataset->open_scans, 1);
	*out = scan;
	return LDB_OK;
}

static bool
next_rows(LdbScan *scan)
{
	size_t rows = scan->dataset->vectors.length;

	if (scan->row < scan->end)
		return true;
	scan->next_task = scan->options.next_task == NULL
						  ? scan->next_task + 1
						  : scan->options.next_task(scan->options.next_task_context) + 1;
	scan->row = (size_t) (scan->next_task - 1) * TASK_ROWS;
	if (scan->row >= rows)
		return false;
	scan->end = rows - scan->row < TASK_ROWS ? rows : scan->row + TASK_ROWS;
	return true;
}

static LdbStatus
take_rows(LdbScan *scan, size_t first, size_t count, LdbError *err)
{
	uint32_t rows[BATCH_ROWS];
	uint32_t kept[BATCH_ROWS];
	size_t kept_count = count;
	uint64_t *addresses;

	for (size_t i = 0; i < count; i++)
		rows[i] = kept[i] = (uint32_t) i;
	for (size_t i = 0; i < count; i++)
		rows[i] = (uint32_t) (first + i);
	if (scan->options.filter != NULL)
	{
		LdbArray column;
		LdbBatch batch = {
			.row_count = count, .column_count = 1, .columns = &column, .arena = scan->arena};

		LDB_TRY(ldb_array_take(&scan->dataset->filtered, rows, count, scan->arena, &column, err));
		LDB_TRY(scan->options.filter->select(scan->options.filter->context, &batch, kept,
											 &kept_count, err));
	}
	LDB_NEW(scan->arena, addresses, kept_count, err);
	for (size_t i = 0; i < kept_count; i++)
	{
		rows[i] = rows[kept[i]];
		addresses[i] = scan->dataset->addresses[rows[i]];
	}
	LDB_TRY(
		ldb_array_take(&scan->dataset->vectors, rows, kept_count, scan->arena, &scan->column, err));
	scan->stats.rows_scanned += count;
	scan->stats.rows_returned += kept_count;
	scan->batch = (LdbBatch){.row_count = kept_count,
							 .column_count = scan->options.column_count,
							 .columns = &scan->column,
							 .row_addresses = addresses,
							 .arena = scan->arena};
	return LDB_OK;
}

LdbStatus
ldb_scan_next(LdbScan *scan, const LdbBatch **batch, LdbError *err)
{
	*batch = NULL;
	while (next_rows(scan))
	{
		size_t first = scan->row;
		size_t count = scan->end - first < BATCH_ROWS ? scan->end - first : BATCH_ROWS;

		if ((int) ++scan->stats.batches == scan->dataset->fail_at_batch)
			LDB_FAIL(err, LDB_IO, "the disk is on fire");
		ldb_arena_reset(scan->arena);
		scan->row += count;
		LDB_TRY(take_rows(scan, first, count, err));
		if (scan->batch.row_count == 0)
			continue;
		*batch = &scan->batch;
		return LDB_OK;
	}
	return LDB_OK;
}

const LdbScanStats *
ldb_scan_stats(const LdbScan *scan)
{
	return &scan->stats;
}

void
ldb_scan_close(LdbScan *scan)
{
	atomic_fetch_sub(&scan->dataset->open_scans, 1);
	ldb_arena_free(scan->arena);
	ldb_heap_free(scan);
}

static LdbDataset *
dataset_of(LdbArray vectors)
{
	LdbDataset *dataset = ldb_arena_zalloc(arena, sizeof *dataset);
	int32_t *row_numbers = calloc(vectors.length + 1, sizeof *row_numbers);

	dataset->vectors = vectors;
	dataset->field.name = "embedding";
	dataset->field.logical_type = "test";
	dataset->field.type = *vectors.type;
	dataset->field.child_count = 1;
	dataset->field.children = dataset->items;
	dataset->items[0] = &dataset->item;
	if (vectors.child_count > 0)
		dataset->item.type = *vectors.children[0].type;
	dataset->fields[0] = &dataset->field;
	dataset->manifest.schema.field_count = 1;
	dataset->manifest.schema.fields = dataset->fields;
	dataset->manifest.live_rows = vectors.length;
	dataset->addresses = ldb_arena_alloc_array(arena, vectors.length + 1, sizeof(uint64_t));
	for (size_t i = 0; i < vectors.length; i++)
	{
		dataset->addresses[i] = ldb_row_address(i / 50, i % 50);
		row_numbers[i] = (int32_t) i;
	}
	dataset->filtered = fixed(type_of(LDB_TYPE_INT32), row_numbers, 4, vectors.length, NULL);
	free(row_numbers);
	return dataset;
}

/* --- vectors --- */

enum
{
	ROWS = 400,
	N = 9
};

static float exact_values[ROWS * N]; /* what each column below holds, whatever its type */
static char nulls[ROWS + 1];

/* Small whole numbers: every type holds them, and many distances are equal. */
static void
make_values(void)
{
	uint32_t seed = 99;

	for (size_t i = 0; i < ROWS * N; i++)
	{
		seed = seed * 1664525u + 1013904223u;
		exact_values[i] = (float) (seed >> 29);
	}
	for (size_t i = 0; i < ROWS; i++)
		nulls[i] = i % 13 == 5 || (i > 100 && i < 115) ? 'n' : '.';
}

static uint16_t
half_of(float small_whole)
{
	static const uint16_t halves[] = {0x0000, 0x3c00, 0x4000, 0x4200,
									  0x4400, 0x4500, 0x4600, 0x4700};

	return halves[(int) small_whole];
}

#define ITEMS(kind, ctype, convert)                                                    \
	static LdbArray items_##kind(void)                                                 \
	{                                                                                  \
		static ctype values[ROWS * N];                                                 \
                                                                                       \
		for (size_t i = 0; i < ROWS * N; i++)                                          \
			values[i] = (ctype) convert(exact_values[i]);                              \
		return fixed(type_of(LDB_TYPE_##kind), values, sizeof(ctype), ROWS * N, NULL); \
	}

ITEMS(HALF, uint16_t, half_of)
ITEMS(FLOAT, float, )
ITEMS(DOUBLE, double, )
ITEMS(INT8, int8_t, )
ITEMS(UINT8, uint8_t, )
ITEMS(INT16, int16_t, )
ITEMS(UINT16, uint16_t, )
ITEMS(INT32, int32_t, )
ITEMS(UINT32, uint32_t, )
ITEMS(INT64, int64_t, )
ITEMS(UINT64, uint64_t, )

static LdbArray
as_list(LdbTypeKind kind, LdbArray items)
{
	size_t sizes[ROWS];

	for (size_t i = 0; i < ROWS; i++)
		sizes[i] = N;
	return list_of(kind, items, sizes, ROWS, nulls);
}

/* --- the answer, by sorting everything --- */

static float query[] = {1, 5, 0, 2, 7, 3, 3, 0, 4};

static int
hit_order(const void *a, const void *b)
{
	return ldb_hit_compare(a, b);
}

static size_t
all_hits(const LdbDataset *dataset, LdbMetric metric, size_t step, LdbHit *out)
{
	size_t count = 0;

	for (size_t row = 0; row < ROWS; row += step)
	{
		LdbHit hit = {.row_address = dataset->addresses[row], .is_null = nulls[row] == 'n'};

		if (!hit.is_null)
			hit.distance = ldb_distance_f32(metric, query, exact_values + row * N, N);
		out[count++] = hit;
	}
	qsort(out, count, sizeof *out, hit_order);
	return count;
}

static bool
same_hit(const LdbHit *a, const LdbHit *b)
{
	return a->row_address == b->row_address && a->is_null == b->is_null &&
		   (a->is_null || memcmp(&a->distance, &b->distance, sizeof a->distance) == 0);
}

static LdbExactSearch
search_for(LdbDataset *dataset, LdbMetric metric, size_t k)
{
	return (LdbExactSearch){.dataset = dataset,
							.metric = metric,
							.query = query,
							.dimension = N,
							.k = k,
							.thread_count = 1};
}

static void
check_hits(const LdbExactSearch *search, const LdbHit *wanted, size_t wanted_count)
{
	LdbHit *hits = calloc(search->k + 1, sizeof *hits);
	size_t count = 12345;
	LdbError err = {0};

	if (ldb_exact_search(search, hits, &count, NULL, &err) != LDB_OK)
		fail_msg("%s", err.message);
	assert_int_equal(count, wanted_count < search->k ? wanted_count : search->k);
	for (size_t i = 0; i < count; i++)
		if (!same_hit(&hits[i], &wanted[i]))
			fail_msg("hit %zu of %zu: row %llx at %g, not %llx at %g", i, count,
					 (unsigned long long) hits[i].row_address, hits[i].distance,
					 (unsigned long long) wanted[i].row_address, wanted[i].distance);
	assert_int_equal(atomic_load(&search->dataset->open_scans), 0);
	free(hits);
}

static void
check_column(LdbArray vectors)
{
	LdbDataset *dataset = dataset_of(vectors);
	LdbHit wanted[ROWS];

	for (int metric = 0; metric < 4; metric++)
	{
		size_t count = all_hits(dataset, (LdbMetric) metric, 1, wanted);

		for (size_t k = 1; k < 1000; k = k * 3 + 1)
			for (int threads = 1; threads <= 3; threads++)
			{
				LdbExactSearch search = search_for(dataset, (LdbMetric) metric, k);

				search.thread_count = threads;
				check_hits(&search, wanted, count);
			}
	}
}

static void
every_type_of_vector_and_metric_finds_the_nearest(void **state)
{
	(void) state;
	make_values();
	check_column(fixed_list_of(items_FLOAT(), N, nulls));
	check_column(fixed_list_of(items_HALF(), N, nulls));
	check_column(fixed_list_of(items_DOUBLE(), N, nulls));
	check_column(fixed_list_of(items_INT8(), N, nulls));
	check_column(fixed_list_of(items_UINT8(), N, nulls));
	check_column(fixed_list_of(items_INT16(), N, nulls));
	check_column(fixed_list_of(items_UINT16(), N, nulls));
	check_column(fixed_list_of(items_INT32(), N, nulls));
	check_column(fixed_list_of(items_UINT32(), N, nulls));
	check_column(fixed_list_of(items_INT64(), N, nulls));
	check_column(fixed_list_of(items_UINT64(), N, nulls));
	check_column(as_list(LDB_TYPE_LIST, items_FLOAT()));
	check_column(as_list(LDB_TYPE_LIST, items_HALF()));
	check_column(as_list(LDB_TYPE_LARGE_LIST, items_DOUBLE()));
}

static void
a_search_continues_behind_an_earlier_hit(void **state)
{
	LdbDataset *dataset;
	LdbHit wanted[ROWS];
	size_t done = 0;
	size_t k = 1;
	size_t count;

	(void) state;
	make_values();
	dataset = dataset_of(fixed_list_of(items_FLOAT(), N, nulls));
	count = all_hits(dataset, LDB_METRIC_L1, 1, wanted);
	while (done < count)
	{
		LdbExactSearch search = search_for(dataset, LDB_METRIC_L1, k);

		search.thread_count = 2;
		search.after = done == 0 ? NULL : &wanted[done - 1];
		check_hits(&search, wanted + done, count - done);
		done += k;
		k = k * 2;
	}
	LdbExactSearch search = search_for(dataset, LDB_METRIC_L1, 5);

	search.after = &wanted[count - 1];
	check_hits(&search, NULL, 0);
}

static LdbStatus
every_third(void *context, const LdbBatch *batch, uint32_t *kept, size_t *kept_count, LdbError *err)
{
	const LdbArray *numbers = &batch->columns[0];

	(void) context;
	(void) err;
	*kept_count = 0;
	for (size_t i = 0; i < batch->row_count; i++)
		if (ldb_load_u32((const uint8_t *) numbers->values + i * 4) % 3 == 0)
			kept[(*kept_count)++] = (uint32_t) i;
	return LDB_OK;
}

static void
a_filter_decides_which_rows_are_compared(void **state)
{
	static const size_t column = 0;
	LdbRowFilter filter = {.column_count = 1, .columns = &column, .select = every_third};
	LdbDataset *dataset;
	LdbHit wanted[ROWS];
	LdbHit hits[7];
	size_t count;
	LdbExactSearch search;
	LdbScanStats stats = {.batches = 1};
	LdbError err;

	(void) state;
	make_values();
	dataset = dataset_of(fixed_list_of(items_FLOAT(), N, nulls));
	count = all_hits(dataset, LDB_METRIC_L2, 3, wanted);
	search = search_for(dataset, LDB_METRIC_L2, 7);
	search.filter = &filter;
	check_hits(&search, wanted, count);
	search.k = ROWS;
	check_hits(&search, wanted, count);
	search.k = 7;
	search.thread_count = 3;
	assert_int_equal(ldb_exact_search(&search, hits, &count, &stats, &err), LDB_OK);
	assert_int_equal(stats.rows_scanned, ROWS);
	assert_int_equal(stats.rows_returned, (ROWS + 2) / 3);
	assert_int_equal(stats.fragments, 3);
	assert_true(stats.batches > ROWS / BATCH_ROWS);
}

/* What ORDER BY a NULL distance gives: every row, in the order of the table. */
static void
no_query_vector_makes_every_distance_null(void **state)
{
	LdbDataset *dataset;
	LdbHit wanted[ROWS];
	uint64_t unordered = 0;
	LdbExactSearch search;

	(void) state;
	make_values();
	dataset = dataset_of(fixed_list_of(items_FLOAT(), N, nulls));
	for (size_t row = 0; row < ROWS; row++)
		wanted[row] = (LdbHit){.row_address = dataset->addresses[row], .is_null = true};
	search = search_for(dataset, LDB_METRIC_L2, 20);
	search.query = NULL;
	search.dimension = 0;
	/* the version has no such column, and none is read */
	search.column = SIZE_MAX;
	search.thread_count = 2;
	search.unordered_rows = &unordered;
	check_hits(&search, wanted, ROWS);
	assert_int_equal(unordered, ROWS);
	search.after = &wanted[19];
	check_hits(&search, wanted + 20, ROWS - 20);
}

static void
rows_without_a_place_in_the_order_are_counted(void **state)
{
	static const float zero[N] = {0};
	LdbDataset *dataset;
	LdbHit hits[3];
	uint64_t unordered = 99;
	uint64_t null_count = 0;
	size_t count;
	LdbExactSearch search;
	LdbError err;

	(void) state;
	make_values();
	for (size_t row = 0; row < ROWS; row++)
		null_count += nulls[row] == 'n';
	dataset = dataset_of(fixed_list_of(items_FLOAT(), N, nulls));
	search = search_for(dataset, LDB_METRIC_COSINE, 3);
	search.thread_count = 2;
	search.unordered_rows = &unordered;
	assert_int_equal(ldb_exact_search(&search, hits, &count, NULL, &err), LDB_OK);
	assert_int_equal(unordered, null_count);
	search.query = zero;
	assert_int_equal(ldb_exact_search(&search, hits, &count, NULL, &err), LDB_OK);
	assert_int_equal(unordered, ROWS);
}

static void
no_k_or_no_rows_give_no_hits(void **state)
{
	LdbDataset *dataset;
	LdbExactSearch search;

	(void) state;
	make_values();
	dataset = dataset_of(fixed_list_of(items_FLOAT(), N, nulls));
	search = search_for(dataset, LDB_METRIC_L2, 0);
	check_hits(&search, NULL, 0);
	dataset->vectors.length = 0;
	dataset->manifest.live_rows = 0;
	search.k = 10;
	search.thread_count = 4;
	check_hits(&search, NULL, 0);
}

/* --- order --- */

static void
infinities_come_before_nan_and_nan_before_null(void **state)
{
	static const uint64_t order[] = {3, 1, 0, 4, 2, 6, 5, 7};
	float values[] = {2, 0.5f, NAN, -INFINITY, INFINITY, 0, NAN, 0};
	float one[] = {-1};
	LdbDataset *dataset = dataset_of(
		fixed_list_of(fixed(type_of(LDB_TYPE_FLOAT), values, 4, 8, NULL), 1, ".....n.n"));
	LdbExactSearch search = search_for(dataset, LDB_METRIC_DOT, 8);
	LdbHit hits[8];
	size_t count;
	LdbError err;

	(void) state;
	search.query = one;
	search.dimension = 1;
	assert_int_equal(ldb_exact_search(&search, hits, &count, NULL, &err), LDB_OK);
	assert_int_equal(count, 8);
	/* -1 * v negated is v: -inf, 0.5, 2, inf, NaN, NaN, null, null */
	for (size_t i = 0; i < 8; i++)
	{
		assert_int_equal(hits[i].row_address, order[i]);
		assert_int_equal(hits[i].is_null, i >= 6);
	}
}

static void
hits_have_a_total_order(void **state)
{
	static const LdbHit ascending[] = {
		{-INFINITY, 9, false}, {-1, 5, false}, {0, 1, false},        {-0.0, 2, false},
		{3, 0, false},         {3, 4, false},  {INFINITY, 0, false}, {NAN, 0, false},
		{NAN, 3, false},       {7, 0, true},   {NAN, 1, true},       {-1, 2, true},
	};
	size_t count = sizeof ascending / sizeof *ascending;

	(void) state;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++)
			assert_int_equal(ldb_hit_compare(&ascending[i], &ascending[j]), (i > j) - (i < j));
}

/* --- errors --- */

static const char *
failure(LdbExactSearch *search, LdbStatus status)
{
	static LdbError err;
	LdbHit hits[64];
	size_t count;

	assert_int_equal(ldb_exact_search(search, hits, &count, NULL, &err), status);
	assert_int_equal(atomic_load(&search->dataset->open_scans), 0);
	return err.message;
}

static void
another_dimension_names_both_and_the_row(void **state)
{
	LdbDataset *dataset = dataset_of(fixed_list_of(FLOATS(NULL, 1, 2, 3, 4), 2, "n."));
	LdbExactSearch search = search_for(dataset, LDB_METRIC_L2, 3);
	static const size_t sizes[] = {3, 0, 2};

	(void) state;
	assert_string_equal(failure(&search, LDB_INVALID),
						"different vector dimensions 2 and 9 (row 1 of fragment 0)");
	dataset = dataset_of(list_of(LDB_TYPE_LIST, FLOATS(NULL, 1, 2, 3, 4, 5), sizes, 3, ".n."));
	search.dataset = dataset;
	search.dimension = 3;
	assert_string_equal(failure(&search, LDB_INVALID),
						"different vector dimensions 2 and 3 (row 2 of fragment 0)");
}

/* As the operator would: rows without a vector have no dimension that could be wrong. */
static void
null_rows_of_another_dimension_are_no_error(void **state)
{
	LdbDataset *dataset = dataset_of(fixed_list_of(FLOATS(NULL, 1, 2, 3, 4), 2, "nn"));
	LdbExactSearch search = search_for(dataset, LDB_METRIC_L2, 3);
	LdbHit wanted[] = {{0, 0, true}, {0, 1, true}};

	(void) state;
	check_hits(&search, wanted, 2);
}

static void
a_null_element_names_the_row(void **state)
{
	LdbDataset *dataset = dataset_of(fixed_list_of(FLOATS("..nn.n", 1, 2, 3, 4, 5, 6), 2, ".n."));
	LdbExactSearch search = search_for(dataset, LDB_METRIC_L2, 3);

	(void) state;
	search.dimension = 2;
	dataset->addresses[2] = ldb_row_address(7, 41);
	assert_string_equal(failure(&search, LDB_INVALID),
						"vector must not contain nulls (row 41 of fragment 7)");
}

static void
a_column_that_holds_no_vectors_is_refused(void **state)
{
	LdbDataset *dataset = dataset_of(INT32S(NULL, 1, 2));
	LdbExactSearch search = search_for(dataset, LDB_METRIC_L2, 3);
	static const size_t sizes[] = {1};

	(void) state;
	assert_string_equal(failure(&search, LDB_INVALID),
						"column \"embedding\" of type test does not hold vectors");
	search.dataset = dataset_of(list_of(LDB_TYPE_LIST, TEXTS("a"), sizes, 1, NULL));
	failure(&search, LDB_INVALID);
	search.column = 1;
	assert_string_equal(failure(&search, LDB_INVALID), "no column 1 to search");
}

static bool
always(void *context)
{
	(void) context;
	return true;
}

static void
faults_and_cancels_end_the_search(void **state)
{
	LdbCancel cancel = {always, NULL};
	LdbDataset *dataset;
	LdbExactSearch search;

	(void) state;
	make_values();
	dataset = dataset_of(fixed_list_of(items_FLOAT(), N, nulls));
	for (int threads = 1; threads <= 3; threads++)
	{
		search = search_for(dataset, LDB_METRIC_L2, 3);
		search.thread_count = threads;
		dataset->fail_at_batch = 2;
		assert_string_equal(failure(&search, LDB_IO), "the disk is on fire");
		dataset->fail_at_batch = 0;
		search.cancel = &cancel;
		failure(&search, LDB_CANCELLED);
	}
}

static void
no_memory_is_an_error_at_every_allocation(void **state)
{
	LdbStatus status = LDB_NOMEM;
	LdbDataset *dataset;
	LdbExactSearch search;
	LdbHit hits[ROWS];
	size_t count;
	LdbError err;

	(void) state;
	make_values();
	dataset = dataset_of(fixed_list_of(items_DOUBLE(), N, nulls));
	search = search_for(dataset, LDB_METRIC_L2, ROWS);
	for (uint64_t n = 1; status == LDB_NOMEM; n++)
	{
		assert_true(n < 1000);
		ldb_heap_fail_after(n);
		status = ldb_exact_search(&search, hits, &count, NULL, &err);
		assert_int_equal(atomic_load(&dataset->open_scans), 0);
	}
	ldb_heap_fail_after(0);
	assert_int_equal(status, LDB_OK);
	assert_int_equal(count, ROWS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_type_of_vector_and_metric_finds_the_nearest),
		TEST(a_search_continues_behind_an_earlier_hit),
		TEST(a_filter_decides_which_rows_are_compared),
		TEST(no_query_vector_makes_every_distance_null),
		TEST(rows_without_a_place_in_the_order_are_counted),
		TEST(no_k_or_no_rows_give_no_hits),
		TEST(infinities_come_before_nan_and_nan_before_null),
		TEST(hits_have_a_total_order),
		TEST(another_dimension_names_both_and_the_row),
		TEST(null_rows_of_another_dimension_are_no_error),
		TEST(a_null_element_names_the_row),
		TEST(a_column_that_holds_no_vectors_is_refused),
		TEST(faults_and_cancels_end_the_search),
		TEST(no_memory_is_an_error_at_every_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
