/* test_exact_dataset.c -- exact search and filters over tables that LanceDB wrote. */
#include "query/columns.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>

#include "ldb/query/exact.h"

typedef struct Opened
{
	LdbLocations *locations;
	LdbDataset *dataset;
	const LdbManifest *manifest;
} Opened;

static Opened
open_table(const char *name)
{
	Opened opened = {0};
	LdbVersionChoice latest = {0};
	char path[PATH_MAX];
	char relative[256];
	LdbError err = {0};

	snprintf(relative, sizeof relative, "test/data/%s.lance", name);
	assert_non_null(realpath(relative, path));
	if (ldb_locations_new(&opened.locations, &err) != LDB_OK ||
		ldb_locations_add(opened.locations, path, &err) != LDB_OK ||
		ldb_dataset_open(opened.locations, path, &latest, NULL, &opened.dataset, &err) != LDB_OK)
		fail_msg("%s", err.message);
	opened.manifest = ldb_dataset_manifest(opened.dataset);
	return opened;
}

static void
close_table(Opened *opened)
{
	ldb_dataset_close(opened->dataset);
	ldb_locations_free(opened->locations);
}

static size_t
column_named(const Opened *opened, const char *name)
{
	long column = ldb_schema_index(&opened->manifest->schema, name);

	assert_true(column >= 0);
	return (size_t) column;
}

/* --- the answer by reading everything and computing in double --- */

static double
element(const LdbArray *items, size_t at)
{
	const uint8_t *bytes = items->values;
	float single;
	double number;

	switch (items->type->kind)
	{
		case LDB_TYPE_HALF:
			ldb_kernels_scalar.f16_to_f32((const uint16_t *) (const void *) bytes + at, &single, 1);
			return (double) single;
		case LDB_TYPE_FLOAT:
			memcpy(&single, bytes + at * 4, 4);
			return (double) single;
		case LDB_TYPE_DOUBLE:
			memcpy(&number, bytes + at * 8, 8);
			return number;
		default:
			assert_int_equal(items->type->kind, LDB_TYPE_UINT8);
			return bytes[at];
	}
}

static double
slow_l2(const LdbArray *vectors, size_t row, const float *query)
{
	size_t n = (size_t) vectors->type->width;
	double sum = 0;

	for (size_t i = 0; i < n; i++)
	{
		double difference = element(&vectors->children[0], row * n + i) - (double) query[i];

		sum += difference * difference;
	}
	return sqrt(sum);
}

static int
hit_order(const void *a, const void *b)
{
	return ldb_hit_compare(a, b);
}

static size_t
slow_search(const Opened *opened, size_t column, const LdbRowFilter *filter, const float *query,
			LdbHit **hits)
{
	LdbScanOptions options = {.column_count = 1, .columns = &column, .filter = filter};
	const LdbBatch *batch;
	LdbScan *scan;
	size_t count = 0;
	LdbError err;

	*hits = calloc((size_t) opened->manifest->live_rows, sizeof **hits);
	assert_int_equal(ldb_scan_open(opened->dataset, &options, &scan, &err), LDB_OK);
	for (;;)
	{
		if (ldb_scan_next(scan, &batch, &err) != LDB_OK)
			fail_msg("%s", err.message);
		if (batch == NULL)
			break;
		for (size_t row = 0; row < batch->row_count; row++)
		{
			LdbHit *hit = &(*hits)[count++];

			hit->row_address = batch->row_addresses[row];
			hit->is_null = ldb_array_is_null(&batch->columns[0], row);
			if (!hit->is_null)
				hit->distance = slow_l2(&batch->columns[0], row, query);
		}
	}
	ldb_scan_close(scan);
	qsort(*hits, count, sizeof **hits, hit_order);
	return count;
}

/* Equal distances may be rounded apart, so places are compared by their distance. */
static void
check_search(const Opened *opened, const char *name, const LdbRowFilter *filter)
{
	size_t column = column_named(opened, name);
	size_t n = (size_t) opened->manifest->schema.fields[column]->type.width;
	LdbExactSearch search = {.dataset = opened->dataset,
							 .column = column,
							 .metric = LDB_METRIC_L2,
							 .dimension = n,
							 .filter = filter};
	float *query = calloc(n, sizeof *query);
	LdbHit *wanted;
	size_t wanted_count;

	for (size_t i = 0; i < n; i++)
		query[i] = sinf((float) i) / 8;
	search.query = query;
	wanted_count = slow_search(opened, column, filter, query, &wanted);
	for (search.thread_count = 1; search.thread_count <= 2; search.thread_count++)
		for (search.k = 10; search.k <= 10000; search.k *= 1000)
		{
			LdbHit *hits = calloc(search.k, sizeof *hits);
			size_t count;
			LdbError err;

			if (ldb_exact_search(&search, hits, &count, NULL, &err) != LDB_OK)
				fail_msg("%s: %s", name, err.message);
			assert_int_equal(count, wanted_count < search.k ? wanted_count : search.k);
			for (size_t i = 0; i < count; i++)
			{
				assert_int_equal(hits[i].is_null, wanted[i].is_null);
				if (!hits[i].is_null && !isnan(wanted[i].distance))
					assert_true(fabs(hits[i].distance - wanted[i].distance) <=
								1e-5 * (1 + wanted[i].distance));
			}
			free(hits);
		}
	free(wanted);
	free(query);
}

static void
packages_are_found_by_their_embedding(void **state)
{
	Opened opened = open_table("packages_small");

	(void) state;
	check_search(&opened, "embedding", NULL);
	close_table(&opened);
}

static void
every_storage_version_and_type_of_vector_is_searched(void **state)
{
	static const char *const tables[] = {"vectors_20", "vectors_21", "vectors_22"};
	static const char *const columns[] = {"f32_3", "f32_3_null", "f32_64", "f32_64_null",
										  "f16_5", "f16_5_null", "f64_4",  "u8_16"};

	(void) state;
	for (size_t t = 0; t < 3; t++)
	{
		Opened opened = open_table(tables[t]);

		for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
			check_search(&opened, columns[c], NULL);
		close_table(&opened);
	}
}

static void
a_filter_of_texts_narrows_the_search(void **state)
{
	Opened opened = open_table("packages_small");
	size_t column = column_named(&opened, "section");
	const LdbType *type = &opened.manifest->schema.fields[column]->type;
	LdbRowFilter filter = {.column_count = 1, .columns = &column, .select = ldb_filter_select};
	LdbFilter *sections;
	LdbError err;

	(void) state;
	assert_int_equal(ldb_filter_new(compare(LDB_OP_EQ, LDB_DOMAIN_TEXT, 0, text("libs")), &type, 1,
									NULL, &sections, &err),
					 LDB_OK);
	filter.context = sections;
	check_search(&opened, "embedding", &filter);
	ldb_filter_free(sections);
	close_table(&opened);
}

static void
another_dimension_is_refused_by_both_sizes(void **state)
{
	static const float query[3] = {0, 0, 0};
	Opened opened = open_table("packages_small");
	LdbExactSearch search = {.dataset = opened.dataset,
							 .column = column_named(&opened, "embedding"),
							 .query = query,
							 .dimension = 3,
							 .k = 1};
	LdbHit hit;
	size_t count;
	LdbError err;

	(void) state;
	assert_int_equal(ldb_exact_search(&search, &hit, &count, NULL, &err), LDB_INVALID);
	assert_string_equal(err.message, "different vector dimensions 128 and 3 (row 0 of fragment 0)");
	search.column = column_named(&opened, "section");
	assert_int_equal(ldb_exact_search(&search, &hit, &count, NULL, &err), LDB_INVALID);
	assert_string_equal(err.message, "column \"section\" of type string does not hold vectors");
	close_table(&opened);
}

static void
only_the_vector_column_is_read(void **state)
{
	static const float query[128];
	Opened opened = open_table("packages_small");
	LdbExactSearch search = {.dataset = opened.dataset,
							 .column = column_named(&opened, "embedding"),
							 .query = query,
							 .dimension = 128,
							 .k = 5,
							 .thread_count = 2};
	LdbScanStats stats = {0};
	LdbHit hits[5];
	size_t count;
	LdbError err;

	(void) state;
	assert_int_equal(ldb_exact_search(&search, hits, &count, &stats, &err), LDB_OK);
	assert_int_equal(stats.rows_scanned, opened.manifest->live_rows);
	assert_true(stats.read.bytes >= opened.manifest->live_rows * 128 * 4);
	assert_true(stats.read.bytes < opened.manifest->live_rows * 128 * 4 * 11 / 10);
	close_table(&opened);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(packages_are_found_by_their_embedding),
		TEST(every_storage_version_and_type_of_vector_is_searched),
		TEST(a_filter_of_texts_narrows_the_search),
		TEST(another_dimension_is_refused_by_both_sizes),
		TEST(only_the_vector_column_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
