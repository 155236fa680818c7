/*
 * fdw.h -- what the files of src/pg/fdw promise to each other and to ddl/.
 */
#ifndef LANCEDB_FDW_H
#define LANCEDB_FDW_H

#include "lancedb/table.h"

#include "foreign/fdwapi.h"
#include "nodes/pathnodes.h"

/* plan.c */
extern void lancedb_get_rel_size(PlannerInfo *root, RelOptInfo *rel, Oid relid);
extern void lancedb_get_paths(PlannerInfo *root, RelOptInfo *rel, Oid relid);
extern ForeignScan *lancedb_get_plan(PlannerInfo *root, RelOptInfo *rel, Oid relid,
									 ForeignPath *best_path, List *tlist, List *scan_clauses,
									 Plan *outer_plan);

/* count.c */
extern void lancedb_get_upper_paths(PlannerInfo *root, UpperRelationKind stage,
									RelOptInfo *input_rel, RelOptInfo *output_rel, void *extra);

/* scan.c */
extern void lancedb_begin_scan(ForeignScanState *node, int eflags);
extern TupleTableSlot *lancedb_iterate_scan(ForeignScanState *node);
extern void lancedb_rescan(ForeignScanState *node);
extern void lancedb_end_scan(ForeignScanState *node);

/* explain.c */
extern void lancedb_explain_scan(ForeignScanState *node, struct ExplainState *es);

/* analyze.c */
extern bool lancedb_analyze(Relation relation, AcquireSampleRowsFunc *acquire, BlockNumber *pages);

/* parallel.c */
extern bool lancedb_scan_is_parallel_safe(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte);
extern Size lancedb_estimate_dsm(ForeignScanState *node, ParallelContext *pcxt);
extern void lancedb_initialize_dsm(ForeignScanState *node, ParallelContext *pcxt, void *coordinate);
extern void lancedb_reinitialize_dsm(ForeignScanState *node, ParallelContext *pcxt,
									 void *coordinate);
extern void lancedb_initialize_worker(ForeignScanState *node, shm_toc *toc, void *coordinate);
extern void lancedb_shutdown_scan(ForeignScanState *node);

/* import.c */
extern List *lancedb_import_schema(ImportForeignSchemaStmt *stmt, Oid serverid);

#endif
