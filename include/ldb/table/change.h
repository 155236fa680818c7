/*
 * change.h -- what a new version changes in a table, apart from who asked for it and when.
 *
 * A change is made against a base version and says everything that it does: rows added (as data
 * files that no version names yet), rows deleted, columns changed. The same change is shown to its
 * own transaction (ldb_dataset_with_change) and committed (ldb/table/commit.h), on top of the base
 * or of a later version when other writers' changes go together with it.
 * Ownership: plain data of whoever made it (a draft).
 */
#ifndef LDB_TABLE_CHANGE_H
#define LDB_TABLE_CHANGE_H

#include "ldb/table/dataset.h"

/* Ids of fragments that no version has yet, where a change is shown before it is committed: this
 * and up, in the order of new_fragments. A commit gives them the table's next ids. */
#define LDB_STAGED_FRAGMENT ((uint64_t) 1 << 31)

#define LDB_NEW_ROW_ID UINT64_MAX

/* A fragment of the base version. Not listed = not touched. */
typedef struct LdbFragmentChange
{
	uint64_t id;
	bool removed;           /* with all its rows; nothing else counts then */
	const uint8_t *deleted; /* bits of physical rows deleted by this change, beyond what the base
	                           has; NULL = none */
	uint64_t deleted_rows;  /* their number */
	uint64_t physical_rows; /* of the fragment, as the base says */
	/* The data files it has afterwards, in place of the base's; NULL = as they are. A file
	 * whose fields the schema no longer has, or that newer files hold, may stay listed. */
	size_t file_count;
	const LdbDataFile *files;
} LdbFragmentChange;

/*
 * Where the rows of a new fragment come from, in tables with stable row ids: an index that has them
 * by their ids goes on to hold for them when none of its columns changed. May say too much: fragments
 * that no row comes from, fields that are the same.
 */
typedef struct LdbRowOrigin
{
	bool has_new_rows; /* not all replace an older copy of themselves */
	bool any_field;    /* all fields may have changed */
	size_t source_count;
	const uint64_t *sources; /* ascending ids of the fragments that have the old copies */
	size_t field_count;
	const int32_t *fields; /* ids of the top-level fields that changed in some row */
} LdbRowOrigin;

typedef struct LdbNewFragment
{
	size_t file_count;
	const LdbDataFile *files;
	uint64_t physical_rows;
	const uint8_t *deleted; /* bits of rows that were deleted again; NULL = none */
	uint64_t deleted_rows;
	/* Tables with stable row ids: one for each row, LDB_NEW_ROW_ID where the commit gives one, an
	 * existing id where the row replaces an older copy of itself. NULL = all new. */
	const uint64_t *row_ids;
	/* Of rows with an existing id: the version that first had them, 0 = not known. NULL = none is. */
	const uint64_t *created_versions;
	const LdbRowOrigin *origin; /* for the commit alone; NULL = not known */
} LdbNewFragment;

typedef struct LdbNewTable
{
	const LdbSchema *schema;  /* ids given, depth first from 0 */
	const char *data_version; /* "2.0", "2.1", "2.2" */
	bool stable_row_ids;
} LdbNewTable;

typedef struct LdbChange
{
	uint64_t base_version; /* 0 with `create` */
	/* When the base was committed: tells a table that was made anew under the same name; 0 = not known. */
	int64_t base_timestamp_us;
	const LdbNewTable *create; /* NULL = the table exists */
	/* Content of an older version instead of the base's, before all else; NULL = none. Fragment
	 * changes below refer to its fragments then. */
	const LdbDataset *restored;
	const LdbSchema *schema; /* NULL = as it is; else all fields, ids never used before for new */
	bool rewrites_columns;   /* some fragment got data files: more than a schema changed */
	size_t fragment_count;
	const LdbFragmentChange *fragments; /* ascending ids */
	size_t new_count;
	const LdbNewFragment *new_fragments; /* rows in their order */
} LdbChange;

/*
 * The dataset as it would be with the change, for reading before there is such a version: nothing
 * is written, deletions and row ids are the change's. `base` is the version that the change is
 * made against (NULL with `create`: then `locations` and `uri` say where); it is borrowed and
 * outlives the result, the change only needs to live during the call. Its manifest has the
 * version number of the base.
 */
LdbStatus ldb_dataset_with_change(LdbDataset *base, LdbLocations *locations, const char *uri,
								  const LdbChange *change, LdbDataset **dataset,
								  const LdbCancel *cancel, LdbError *err);

/* A change as bytes for another process that opens the same base, and back (into the arena), to be
 * shown there: without what only a commit needs. A restored version is told by its number: the other
 * side gives the dataset (NULL = none). */
LdbStatus ldb_change_pack(const LdbChange *change, LdbArena *arena, LdbSlice *bytes, LdbError *err);
LdbStatus ldb_change_restored(LdbSlice bytes, uint64_t *version, LdbError *err); /* 0 = none */
LdbStatus ldb_change_unpack(LdbSlice bytes, const LdbDataset *restored, LdbArena *arena,
							LdbChange *change, LdbError *err);

#endif
