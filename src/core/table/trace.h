/*
 * trace.h -- where the rows that a version added are in a later one.
 *
 * Rows keep their fragment and place until a compaction moves them; it moves what is alive of old
 * fragments, in their order, to new ones. Copies that others made by updating rows are others' rows,
 * but for tables with stable row ids, where a row stays the same row.
 */
#ifndef LDB_TABLE_TRACE_H
#define LDB_TABLE_TRACE_H

#include "ldb/table/dataset.h"

/* Rows of one fragment. */
typedef struct LdbTraced
{
	uint64_t fragment_id;
	uint64_t physical_rows;
	uint8_t *rows; /* bits; arena */
	uint64_t count;
	const char *path; /* of one of its data files; NULL = it has none */
} LdbTraced;

typedef struct LdbTrace
{
	LdbLocations *locations; /* borrowed */
	const char *uri;         /* borrowed */
	LdbArena *arena;         /* borrowed */
	const LdbCancel *cancel; /* borrowed */
	size_t count;
	LdbTraced *items;   /* arena */
	uint64_t rows;      /* of all items as the version added them */
	uint64_t rows_lost; /* that the version deleted */
	/* a later version went back to an older one or began anew, and with it the ids of rows or fragments */
	bool ids_may_repeat;
	bool incomplete; /* nobody knows what some later version did */
} LdbTrace;

/* Rows that are alive in `version` and not in `parent` (NULL = there was nothing), and the other way
 * round. */
LdbStatus ldb_trace_start(LdbTrace *trace, LdbDataset *version, LdbDataset *parent, LdbError *err);

/* Follows them through the versions after `from` up to `to`. */
LdbStatus ldb_trace_follow(LdbTrace *trace, uint64_t from, uint64_t to, LdbError *err);

/* Live rows of `newest` among them, one item for each fragment that has any, ascending. `version` is
 * the one that the trace was started with. */
LdbStatus ldb_trace_finish(LdbTrace *trace, LdbDataset *version, LdbDataset *newest,
						   LdbTraced **found, size_t *found_count, LdbError *err);

#endif
