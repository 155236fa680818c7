/*
 * scan.h -- rows of a dataset, batch by batch, filter columns first.
 *
 * A scan walks tasks: runs of rows of one fragment, numbered in table order and the same in every
 * process that opened the same version, so parallel scans share one counter. Within a task rows
 * are read in batches bounded by rows and bytes; deleted rows are masked; the filter's columns
 * are read first, the others only for the rows that are left.
 * Threads: a scan belongs to one thread. Ownership: a batch is valid until the next call.
 */
#ifndef LDB_TABLE_SCAN_H
#define LDB_TABLE_SCAN_H

#include "ldb/arrow/array.h"
#include "ldb/table/dataset.h"

typedef struct LdbScan LdbScan;

typedef struct LdbBatch
{
	size_t row_count;
	size_t column_count;
	LdbArray *columns;             /* in the order of the options */
	const uint64_t *row_addresses; /* one for each row */
	LdbArena *arena;               /* for what lives as long as the batch */
} LdbBatch;

/*
 * Which rows of a batch to keep. `batch` holds the filter's columns for all live rows; writes the
 * positions to keep, ascending, to `kept` (room for row_count) and their number to *kept_count.
 */
typedef struct LdbRowFilter
{
	size_t column_count;
	const size_t *columns; /* positions in the manifest's schema; borrowed */
	LdbStatus (*select)(void *context, const LdbBatch *batch, uint32_t *kept, size_t *kept_count,
						LdbError *err);
	void *context; /* borrowed */
} LdbRowFilter;

typedef struct LdbScanStats
{
	LdbReadStats read;
	uint64_t rows_scanned;  /* live rows that the filter saw */
	uint64_t rows_returned; /* of these, rows it kept */
	uint64_t fragments;     /* opened */
	uint64_t batches;
} LdbScanStats;

typedef struct LdbScanOptions
{
	size_t column_count;
	const size_t *columns;      /* positions in the manifest's schema; borrowed; may be empty */
	const LdbRowFilter *filter; /* NULL = all rows; borrowed */
	size_t batch_rows;          /* 0 = default, 8192 */
	size_t batch_bytes;         /* 0 = default, 4 MiB of column data */
	/* Gives the next task number to work on; NULL = all, in order. Ends the scan when the number
	 * is beyond the last task. */
	uint64_t (*next_task)(void *context);
	void *next_task_context;
	const LdbCancel *cancel; /* borrowed */
} LdbScanOptions;

/* Tasks of at most this many physical rows. */
#define LDB_SCAN_TASK_ROWS 16384u

uint64_t ldb_scan_task_count(const LdbManifest *manifest);
/* Tasks of one fragment; those of the next one follow. */
uint64_t ldb_scan_fragment_tasks(const LdbFragment *fragment);

/* The dataset is borrowed; options are copied, what they point to is borrowed. */
LdbStatus ldb_scan_open(LdbDataset *dataset, const LdbScanOptions *options, LdbScan **scan,
						LdbError *err);
/* *batch = NULL at the end. Never gives a batch of 0 rows. */
LdbStatus ldb_scan_next(LdbScan *scan, const LdbBatch **batch, LdbError *err);
/*
 * LDB_IO when bytes of the batch in hand are lost: its file was cut and what was read since are
 * zeros. To be called when values were copied out, before anybody believes them; cheap enough for
 * each row. The next ldb_scan_next looks more closely.
 */
LdbStatus ldb_scan_check(const LdbScan *scan, LdbError *err);
/* How many rows pass the filter, from here to the end, without building batches of them. */
LdbStatus ldb_scan_count(LdbScan *scan, uint64_t *rows, LdbError *err);
/* From the first task again (not for a shared next_task). */
LdbStatus ldb_scan_restart(LdbScan *scan, LdbError *err);
const LdbScanStats *ldb_scan_stats(const LdbScan *scan);
void ldb_scan_close(LdbScan *scan); /* NULL is fine */

/*
 * Rows by address, in the order asked for; addresses may repeat. An address of a deleted or
 * missing row is LDB_NOT_FOUND. A take keeps its files open between calls.
 * Of rows that would take too much memory together a batch holds the first ones, at least one: its
 * row_count tells.
 */
typedef struct LdbTake LdbTake;

LdbStatus ldb_take_open(LdbDataset *dataset, const size_t *columns, size_t column_count,
						const LdbCancel *cancel, LdbTake **take, LdbError *err);
LdbStatus ldb_take_rows(LdbTake *take, const uint64_t *addresses, size_t count,
						const LdbBatch **batch, LdbError *err);
/* As ldb_scan_check. */
LdbStatus ldb_take_check(const LdbTake *take, LdbError *err);
const LdbScanStats *ldb_take_stats(const LdbTake *take);
void ldb_take_close(LdbTake *take); /* NULL is fine */

#endif
