/*
 * table.h -- a foreign table bound to a version of its Lance dataset.
 *
 * src/pg/fdw/table.c resolves options, checks who may touch what, opens (and caches per backend)
 * the dataset and pins one version: per statement under READ COMMITTED, per transaction above.
 */
#ifndef LANCEDB_TABLE_H
#define LANCEDB_TABLE_H

#include "lancedb/pg.h"

#include "utils/rel.h"

#include "ldb/table/dataset.h"

typedef struct LancedbTable
{
	Oid relid;
	LdbDataset *dataset; /* borrowed from the backend's cache; valid while `context` lives */
	const LdbManifest *manifest;
	uint64 identity[2]; /* of the manifest object: a table made anew may have the same version; of a
	                       view, its base's */
	const char *uri;    /* where the dataset lies; safe to show */
	/* This transaction changed the dataset: `dataset` is a view with its changes, which other
	 * processes cannot open by version. NULL = a version as it is on storage. */
	struct LancedbWrite *write;
	int column_count; /* = natts of the relation */
	int *fields; /* by attnum - 1: position in the schema; -1 = dropped, or not in this version */
} LancedbTable;

/*
 * Opens the dataset of a foreign table. `userid` is the role whose rights apply to the table, 0 = the
 * current one; a local folder has no credentials of its own, so nothing depends on it yet.
 * version 0 pins by the rules above; another value opens that version (a parallel worker gets the
 * leader's). The result and the dataset live until `context` is reset. Checks that each declared
 * column can hold the Lance column's values (42804 or HV004, naming column and both types).
 */
extern LancedbTable *lancedb_table_open(Oid relid, Oid userid, uint64 version,
										MemoryContext context);

/*
 * The same for the planner, which works under a snapshot of its own: the version that it sees is
 * handed to the execution that follows in the same statement.
 */
extern LancedbTable *lancedb_table_open_for_planning(Oid relid, Oid userid, MemoryContext context);

/* For a parallel worker: the leader's version and, when its transaction changed the dataset, what
 * lancedb_write_pack made of the changes. */
extern LancedbTable *lancedb_table_open_shared(Oid relid, Oid userid, uint64 version,
											   LdbSlice change, MemoryContext context);

/* True when the relation is a foreign table of our wrapper. */
extern bool lancedb_is_lance_table(Oid relid);
/* True when the server uses our wrapper. */
extern bool lancedb_is_lance_server(Oid serverid);

/* The schema position of the column, or -1. */
extern int lancedb_table_field(const LancedbTable *table, AttrNumber attnum);

#endif
