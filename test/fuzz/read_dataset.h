/*
 * read_dataset.h -- reads a dataset in every way there is and judges what comes out.
 *
 * Scans, filters, takes and lists must agree with each other or fail cleanly.
 */
#ifndef TEST_FUZZ_READ_DATASET_H
#define TEST_FUZZ_READ_DATASET_H

#include "check_array.h"
#include "ldb/query/expr.h"
#include "ldb/store/location.h"
#include "ldb/table/scan.h"

typedef struct ReadResult
{
	bool whole;         /* every row and column was read without an error */
	uint64_t rows;      /* of the latest version, read or not */
	uint64_t digest;    /* of all values, when whole */
	char message[1024]; /* the first error */
} ReadResult;

/* Aborts when something is neither right nor a clean error. */
static inline void read_dataset(LdbLocations *locations, const char *uri, ReadResult *result);

#define MOST_COLUMNS 256
#define MOST_ROWS 100000u
#define TAKEN 24

typedef struct Reading
{
	LdbDataset *dataset;
	const LdbManifest *manifest;
	size_t column_count;
	size_t columns[MOST_COLUMNS];
	ReadResult *result;
	uint64_t not_null; /* rows of the first column */
	uint64_t taken[TAKEN];
	size_t taken_count;
} Reading;

static inline bool
went_well(Reading *reading, LdbStatus status, const LdbError *err)
{
	if (fuzz_judge(status, err))
		return true;
	if (reading->result->whole)
		snprintf(reading->result->message, sizeof reading->result->message, "%s", err->message);
	reading->result->whole = false;
	return false;
}

/* ---- a digest of values ---- */

static inline uint64_t
mix(uint64_t digest, const void *bytes, size_t length)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < length; i++)
		digest = (digest ^ at[i]) * 0x100000001b3u;
	return digest;
}

static inline uint64_t digest_value(uint64_t digest, const LdbArray *array, size_t row);

static inline uint64_t
digest_items(uint64_t digest, const LdbArray *items, size_t first, size_t count)
{
	digest = mix(digest, &count, sizeof count);
	for (size_t i = 0; i < count; i++)
		digest = digest_value(digest, items, first + i);
	return digest;
}

static inline uint64_t
digest_nested(uint64_t digest, const LdbArray *array, size_t row)
{
	size_t width = (size_t) array->type->width;

	if (array->type->kind == LDB_TYPE_FIXED_SIZE_LIST)
		return digest_items(digest, &array->children[0], row * width, width);
	if (array->type->kind != LDB_TYPE_STRUCT)
		return digest_items(digest, &array->children[0], (size_t) array->offsets[row],
							(size_t) (array->offsets[row + 1] - array->offsets[row]));
	for (size_t i = 0; i < array->child_count; i++)
		digest = digest_value(digest, &array->children[i], row);
	return digest;
}

static inline uint64_t
digest_value(uint64_t digest, const LdbArray *array, size_t row)
{
	LdbTypeKind kind = array->type->kind;
	size_t bytes;

	if (kind == LDB_TYPE_NULL || ldb_array_is_null(array, row))
		return mix(digest, "n", 1);
	if (ldb_type_is_variable(kind))
		return mix(mix(digest, "v", 1), array->views[row].data, array->views[row].length);
	if (array->children != NULL)
		return digest_nested(digest, array, row);
	if (kind == LDB_TYPE_BOOL)
		return mix(digest, ldb_bit_get(array->values, row) ? "t" : "f", 1);
	bytes = (size_t) (ldb_type_bits(array->type) / 8);
	return mix(digest, (const uint8_t *) array->values + row * bytes, bytes);
}

/* ---- scans ---- */

static inline void
note_batch(Reading *reading, const LdbBatch *batch)
{
	for (size_t i = 0; i < batch->column_count; i++)
		fuzz_check_array(&batch->columns[i], batch->row_count);
	for (size_t row = 0; row < batch->row_count; row++)
		for (size_t i = 0; i < batch->column_count; i++)
			reading->result->digest =
				digest_value(reading->result->digest, &batch->columns[i], row);
	if (batch->column_count > 0)
		reading->not_null += batch->row_count - batch->columns[0].null_count;
	for (size_t row = 0; row < batch->row_count && reading->taken_count < TAKEN; row += 61)
		reading->taken[reading->taken_count++] = batch->row_addresses[row];
}

/* A manifest may claim as many rows as it likes; they cost nothing before they are read. */
static inline void
scan_all(Reading *reading)
{
	LdbScanOptions options = {
		.column_count = reading->column_count, .columns = reading->columns, .batch_rows = 700};
	const LdbBatch *batch;
	LdbScan *scan;
	LdbError err = {0};
	uint64_t rows = 0;
	bool well;

	if (!went_well(reading, ldb_scan_open(reading->dataset, &options, &scan, &err), &err))
		return;
	do
	{
		well = went_well(reading, ldb_scan_next(scan, &batch, &err), &err);
		if (!well || batch == NULL)
			break;
		FUZZ_REQUIRE(batch->row_count > 0);
		note_batch(reading, batch);
		rows += batch->row_count;
	} while (rows < MOST_ROWS);
	if (well && batch == NULL)
		FUZZ_REQUIRE(rows == reading->manifest->live_rows);
	else
		reading->result->whole = false;
	ldb_scan_close(scan);
}

/* The first column IS NOT NULL, and what the last one holds where it is. */
static inline void
scan_filtered(Reading *reading)
{
	LdbExpr expr = {.kind = LDB_EXPR_IS_NOT_NULL};
	LdbRowFilter row_filter = {
		.column_count = 1, .columns = reading->columns, .select = ldb_filter_select};
	LdbScanOptions options = {.column_count = 1,
							  .columns = reading->columns + reading->column_count - 1,
							  .filter = &row_filter};
	const LdbType *type = &reading->manifest->schema.fields[0]->type;
	bool was_whole = reading->result->whole;
	const LdbBatch *batch;
	LdbFilter *filter;
	LdbScan *scan;
	LdbError err = {0};
	uint64_t rows = 0;
	bool well;

	if (ldb_filter_new(&expr, &type, 1, NULL, &filter, &err) != LDB_OK)
		return; /* not a type that filters know */
	row_filter.context = filter;
	if (went_well(reading, ldb_scan_open(reading->dataset, &options, &scan, &err), &err))
	{
		while ((well = went_well(reading, ldb_scan_next(scan, &batch, &err), &err)) &&
			   batch != NULL && rows < MOST_ROWS)
		{
			fuzz_check_array(&batch->columns[0], batch->row_count);
			rows += batch->row_count;
		}
		if (well && batch == NULL && was_whole)
			FUZZ_REQUIRE(rows == reading->not_null);
		ldb_scan_close(scan);
	}
	ldb_filter_free(filter);
}

/* Rows that the scan gave, backwards and one twice; then one that is not there. */
static inline void
take_rows(Reading *reading)
{
	uint64_t missing = ldb_row_address(UINT32_MAX, 7);
	uint64_t addresses[TAKEN + 1];
	size_t count = reading->taken_count;
	const LdbBatch *batch;
	LdbTake *take;
	LdbError err = {0};

	if (count == 0 || !went_well(reading,
								 ldb_take_open(reading->dataset, reading->columns,
											   reading->column_count, NULL, &take, &err),
								 &err))
		return;
	for (size_t i = 0; i < count; i++)
		addresses[i] = reading->taken[count - 1 - i];
	addresses[count] = reading->taken[0];
	if (went_well(reading, ldb_take_rows(take, addresses, count + 1, &batch, &err), &err))
	{
		FUZZ_REQUIRE(batch->row_count > 0 && batch->row_count <= count + 1);
		for (size_t i = 0; i < batch->column_count; i++)
			fuzz_check_array(&batch->columns[i], batch->row_count);
	}
	fuzz_judge(ldb_take_rows(take, &missing, 1, &batch, &err), &err);
	ldb_take_close(take);
}

/* ---- the rest ---- */

static inline void
read_row_ids(Reading *reading)
{
	for (size_t i = 0; i < reading->manifest->fragment_count; i++)
	{
		LdbArena *arena = fuzz_arena();
		const uint64_t *row_ids;
		const uint8_t *deleted;
		LdbError err = {0};

		if (went_well(reading,
					  ldb_dataset_row_ids(reading->dataset, i, arena, &row_ids, NULL, &err), &err))
			fuzz_touch(row_ids, (size_t) reading->manifest->fragments[i].physical_rows * 8);
		went_well(reading, ldb_dataset_deletions(reading->dataset, i, &deleted, NULL, NULL, &err),
				  &err);
		ldb_arena_free(arena);
	}
}

static inline void
read_history(LdbLocations *locations, const char *uri)
{
	LdbArena *arena = fuzz_arena();
	LdbVersionInfo *versions;
	LdbTagInfo *tags;
	size_t count;
	LdbError err = {0};

	fuzz_judge(ldb_dataset_versions(locations, uri, NULL, arena, &versions, &count, NULL, &err),
			   &err);
	fuzz_judge(ldb_dataset_tags(locations, uri, arena, &tags, &count, NULL, &err), &err);
	ldb_arena_free(arena);
}

static inline void
read_dataset(LdbLocations *locations, const char *uri, ReadResult *result)
{
	Reading reading = {.result = result};
	LdbError err = {0};
	uint64_t bytes;

	*result = (ReadResult){.whole = true, .digest = 0xcbf29ce484222325u};
	if (went_well(&reading, ldb_dataset_open(locations, uri, NULL, NULL, &reading.dataset, &err),
				  &err))
	{
		reading.manifest = ldb_dataset_manifest(reading.dataset);
		result->rows = reading.manifest->live_rows;
		for (size_t i = 0; i < reading.manifest->schema.field_count && i < MOST_COLUMNS; i++)
			reading.columns[reading.column_count++] = i;
		scan_all(&reading);
		if (reading.column_count > 0)
			scan_filtered(&reading);
		take_rows(&reading);
		read_row_ids(&reading);
		if (reading.column_count > 0)
			fuzz_judge(ldb_dataset_column_bytes(reading.dataset, 0, &bytes, NULL, &err), &err);
		ldb_dataset_close(reading.dataset);
	}
	read_history(locations, uri);
}

#endif
