/*
 * scan_impl.h -- a scan in three steps: tasks, windows, batches.
 *
 * A window is a run of rows of a task after deletions and filter; its survivors are handed out in
 * batches, which bound the memory of the columns that only survivors need.
 */
#ifndef LDB_TABLE_SCAN_IMPL_H
#define LDB_TABLE_SCAN_IMPL_H

#include "dataset_impl.h"
#include "fragment.h"
#include "ldb/table/scan.h"
#include "tasks.h"

/* Row bytes of a fragment that were not asked for yet. */
#define LDB_UNKNOWN_BYTES (-1.0)

typedef struct LdbScanWindow
{
	uint64_t first_row;
	size_t live_count;    /* rows that are not deleted */
	const uint32_t *live; /* counted from first_row; NULL = all */
	LdbArray *filtered;   /* of the live rows, by position in the projection; window arena */
	const uint32_t *kept; /* positions among the live rows that the filter kept; NULL = all */
	const uint32_t *rows; /* of what is kept, counted from first_row; NULL = the first ones */
	size_t row_count;     /* kept */
	size_t given;         /* of these, handed out */
} LdbScanWindow;

/* How many rows fit: learned from what the last ones took. */
typedef struct LdbRowBudget
{
	size_t rows;      /* at most, next time */
	double row_bytes; /* as the fragment's files say; below 0 = not known yet */
} LdbRowBudget;

struct LdbScan
{
	LdbDataset *dataset; /* borrowed */
	LdbScanOptions options;
	LdbRowFilter filter;
	bool has_filter;
	LdbArena *arena;            /* owned; the scan itself lies in it */
	LdbArena *window_arena;     /* owned */
	LdbArena *batch_arena;      /* owned */
	LdbProjection projection;   /* each column that filter or output need, once */
	const size_t *filter_slots; /* positions in the projection */
	const size_t *output_slots;
	bool *is_filtered; /* by position in the projection: the filter reads it */
	LdbTaskMap tasks;
	uint64_t next_task;
	size_t fragment_index;     /* of the reader */
	LdbFragmentReader *reader; /* owned; NULL = none */
	const uint8_t *deleted;    /* borrowed from the dataset; NULL = no row */
	uint64_t next_row;         /* of the task */
	uint64_t end_row;
	LdbScanWindow window;
	LdbRowBudget window_budget;
	LdbRowBudget batch_budget;
	LdbBatch batch;
	LdbScanStats stats;
};

/* The next task's fragment and rows; *end when there is none. */
LdbStatus ldb_scan_next_task(LdbScan *scan, bool *end, LdbError *err);

/* The next window of the task, maybe with no row left in it. */
LdbStatus ldb_scan_read_window(LdbScan *scan, LdbError *err);

/* A batch of the window's survivors; there is at least one. */
LdbStatus ldb_scan_read_batch(LdbScan *scan, LdbError *err);

/* Room for rows of these columns in the budget; at least 1. */
LdbStatus ldb_scan_budget_rows(LdbScan *scan, LdbRowBudget *budget, const size_t *slots,
							   size_t slot_count, size_t *rows, LdbError *err);
/* Empties the arena for an attempt to read so many rows. Decoded values may be far larger than
 * their files let expect; more than a few times batch_bytes are given to a single row only, and an
 * attempt at several ends with LDB_NOMEM. Lift the limit when the rows are read. */
void ldb_scan_start_attempt(const LdbScan *scan, LdbArena *arena, size_t rows);

/* Learns from `rows` that took `used` bytes of arena. */
void ldb_scan_budget_learn(const LdbScan *scan, LdbRowBudget *budget, size_t rows, size_t used);

#endif
