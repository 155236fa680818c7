/*
 * fdw.h -- what the files of src/pg/fdw promise to each other and to ddl/.
 */
#ifndef LANCEDB_FDW_H
#define LANCEDB_FDW_H

#include "lancedb/table.h"

#include "foreign/fdwapi.h"
#include "nodes/pathnodes.h"

/* handler.c */
extern PGDLLEXPORT Datum lancedb_fdw_handler(PG_FUNCTION_ARGS);

/* paths.c */
/* The path of a local URI, normalized; an ERROR for other schemes, relative paths and "..". */
extern const char *lancedb_local_path(const char *uri);
/* The same with links resolved, those of folders that are not there yet aside: two names of one
 * folder have one canonical path. */
extern const char *lancedb_canonical_path(const char *uri);
/* An ERROR when the path leads, links resolved, into the server's own data directory. */
extern void lancedb_check_outside_data_directory(const char *path);
/* An ERROR unless the current user may read any file of the server's machine. */
extern void lancedb_check_may_read_files(const char *option_name);
/* An ERROR unless the server's owner may write any file of the server's machine: it was he who chose
 * the folder, and lends that right to those whom he grants USAGE. */
extern void lancedb_check_may_write(Oid serverid);
/* An ERROR unless the current user is a superuser. */
extern void lancedb_check_superuser(const char *option_name);

/* options.c: the options of a foreign table and its server, resolved. */
typedef struct LancedbOptions
{
	const char *server_name;
	const char *server_uri;   /* NULL = none */
	List *allowed_base_paths; /* of char * */
	const char *uri;          /* where the dataset lies; NULL for a server's own */
	uint64 version;           /* 0 = not given */
	const char *tag;          /* NULL = not given */
	const char *branch;       /* NULL = main */
	const char *as_of;        /* NULL = not given */
	bool updatable;           /* INSERT and the like are allowed; the table's choice before the
	                             server's */
	bool propagate_ddl;       /* ALTER changes the dataset's columns; likewise */
	bool stable_row_ids;      /* of a new dataset */
	const char *data_version; /* of a new dataset: "2.1"; constant text */
} LancedbOptions;

extern LancedbOptions *lancedb_server_options(Oid serverid);
/* Whether the option of this name says which version a table is read at. */
extern bool lancedb_chooses_version(const char *name);
extern LancedbOptions *lancedb_table_options(Oid relid);
extern LancedbOptions *lancedb_copy_options(const LancedbOptions *options, MemoryContext context);
extern const char *lancedb_dataset_uri(const LancedbOptions *server, const char *table_name);
/* The Lance column that a column of the table stands for, in UTF-8. */
extern const char *lancedb_column_name(Relation relation, AttrNumber attnum);
/* Its option dim; 0 = not given. */
extern int lancedb_column_dimension(Oid relid, AttrNumber attnum);
extern bool lancedb_propagates_ddl(Oid relid);
/* Option create is 'never': a table with columns is made without a look at its dataset. */
extern bool lancedb_leaves_storage_alone(Oid relid);
/* The folders that the server's tables may lie in, all checked; closed with the context. */
extern LdbLocations *lancedb_open_locations(const LancedbOptions *options, MemoryContext context);
/* The text of an option as Unix microseconds; an ERROR when it is no timestamp. */
extern int64 lancedb_parse_as_of(const char *text);

/* A version of a dataset, and the manifest object that said so (ldb_dataset_resolve). */
typedef struct LancedbVersion
{
	uint64 number;
	uint64 identity[2];
} LancedbVersion;

/* pins.c: which version a statement or transaction reads. `key` names dataset and choice, and not
 * the foreign table: tables that stand for one dataset see one version of it. */
typedef enum LancedbPinPurpose
{
	LANCEDB_PIN_PLANNING,
	LANCEDB_PIN_EXECUTION
} LancedbPinPurpose;

extern bool lancedb_pin_find(const char *key, LancedbPinPurpose purpose, MemoryContext context,
							 LancedbVersion *version);
extern void lancedb_pin_add(const char *key, LancedbPinPurpose purpose, MemoryContext context,
							const LancedbVersion *version);
/* What the planner saw is out of date: the statement waited for others. */
extern void lancedb_pin_forget_planned(const char *key);

/* open.c: datasets at the versions that statements read. They are held until `context` is reset. */
/* lancedb.as_of chooses for tables that have no choice of their own. */
extern void lancedb_apply_as_of(LancedbOptions *options);
/* No version, tag, time or branch is chosen: what others commit is seen, and it may be changed. */
extern bool lancedb_reads_newest(const LancedbOptions *options);
extern char *lancedb_pin_key(const LancedbOptions *options);
extern LdbDataset *lancedb_open_pinned(const LancedbOptions *options, LancedbPinPurpose purpose,
									   MemoryContext context, LancedbVersion *version);
/* Which version it is that the statement reads, without opening it. */
extern LancedbVersion lancedb_pinned_version(const LancedbOptions *options,
											 LancedbPinPurpose purpose, MemoryContext context);
extern LdbDataset *lancedb_open_version(const LancedbOptions *options,
										const LancedbVersion *version, MemoryContext context);
/* A version by its number. */
extern LdbDataset *lancedb_open_numbered(const LancedbOptions *options, uint64 number,
										 MemoryContext context, LancedbVersion *version);
/* Whatever is newest now, or NULL when there is no dataset. */
extern LdbDataset *lancedb_open_newest(const LancedbOptions *options, MemoryContext context,
									   LancedbVersion *version);

/* cache.c: open datasets of this backend. Both hold the dataset until `context` is reset. */
extern LdbDataset *lancedb_cache_find(const char *key, const LancedbVersion *version,
									  MemoryContext context);
extern LdbDataset *lancedb_cache_open(const LancedbOptions *options, const char *key,
									  const LdbVersionChoice *choice, const LancedbVersion *version,
									  MemoryContext context);

/* columns.c: the columns that a foreign table gets when nobody says which. */
typedef struct LancedbInferredColumn
{
	const char *name; /* valid and free in PostgreSQL */
	Oid typid;
	int32 typmod;
	const char *column_name; /* the Lance column; NULL when it has the same name */
} LancedbInferredColumn;

/* WARNs, naming them, about columns that have no mapping. `table_name` is for that message. */
extern List *lancedb_columns_of(const LdbManifest *manifest, const char *table_name);
/* "name type OPTIONS (...)" */
extern char *lancedb_column_definition(const LancedbInferredColumn *column);
/* `wanted`, shortened and numbered until it is not in `taken`. */
extern char *lancedb_free_name(char *wanted, List *taken);

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

/* analyze.c: of columns that are not sampled the statistics say that all values are NULL. */
extern bool lancedb_is_sampled(const LdbField *field, Oid typid);
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
