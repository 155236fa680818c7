/* scan.h -- the running scan, as scan.c, parallel.c, count.c and explain.c share it. */
#ifndef LANCEDB_SCAN_H
#define LANCEDB_SCAN_H

#include "fdw/plan.h"
#include "fdw/pushdown.h"
#include "fdw/rowid.h"

#include "nodes/execnodes.h"
#include "port/atomics.h"

#include "lancedb/convert.h"

/* What EXPLAIN ANALYZE tells, summed over rescans and workers. */
typedef struct LancedbCounters
{
	uint64 rows_removed;
	uint64 bytes_read;
	uint64 requests;
	uint64 fragments;
} LancedbCounters;

/* In dynamic shared memory: one version and one queue of tasks for leader and workers. */
typedef struct LancedbSharedScan
{
	uint64 version;
	uint64 identity[2];
	pg_atomic_uint64 next_task;
	pg_atomic_uint64 rows_removed;
	pg_atomic_uint64 bytes_read;
	pg_atomic_uint64 requests;
	pg_atomic_uint64 fragments;
	/* What the leader's transaction changed itself, as lancedb_write_pack tells it. */
	Size change_bytes;
	char change[FLEXIBLE_ARRAY_MEMBER];
} LancedbSharedScan;

typedef struct LancedbOutput
{
	AttrNumber attnum;
	LancedbConverter *converter;
} LancedbOutput;

typedef struct LancedbDirectDelete LancedbDirectDelete; /* modify_direct.c */

typedef struct LancedbScanState
{
	LancedbPlanKind kind;
	Oid relid;
	Oid userid;
	MemoryContext context;     /* of the query */
	bool parallel;             /* as planned; it may yet run alone */
	LancedbTable *table;       /* NULL until the first row is asked for */
	LancedbSharedScan *shared; /* NULL = not parallel */
	LdbSlice change;           /* for the workers; of the leader */

	/* what to read */
	int output_count;
	LancedbOutput *outputs;
	size_t *fields;         /* schema positions of the outputs */
	LancedbFilter *filter;  /* NULL = nothing pushed */
	bool recheck;           /* the pushed conditions must be evaluated here after all */
	LancedbRowIds *row_ids; /* NULL = nobody asks for ctid */

	/* this pass over the table */
	bool started;
	bool done;
	LdbScan *scan; /* owned through `context` */
	const LdbBatch *batch;
	size_t row;

	LancedbCounters counters;
	LancedbDirectDelete *direct; /* NULL = rows are handed out */
} LancedbScanState;

/* scan.c */
extern List *lancedb_scan_slot(ForeignScanState *node, LancedbPlanSlot slot);
extern void lancedb_scan_open_table(LancedbScanState *state);
extern LancedbFilterOutcome lancedb_scan_bind(ForeignScanState *node, Index varno, List *tlist,
											  List *clauses, const LdbRowFilter **row_filter);
extern void lancedb_scan_start(LancedbScanState *state, const LdbScanOptions *options);
/* Addresses of the next rows that pass all conditions, instead of the rows; 0 = the end. */
extern size_t lancedb_scan_addresses(ForeignScanState *node, const uint64_t **addresses);
extern void lancedb_scan_stop(LancedbScanState *state);
extern LancedbCounters lancedb_scan_counters(const LancedbScanState *state);

/* count.c */
extern TupleTableSlot *lancedb_iterate_count(ForeignScanState *node);

#endif
