/* conflict_rows.h -- the parts of a conflict check that look at rows and columns themselves. */
#ifndef LDB_TABLE_CONFLICT_ROWS_H
#define LDB_TABLE_CONFLICT_ROWS_H

#include "conflict.h"

/* New rows were written for the base's columns: do they say enough for the newest ones? */
LdbStatus ldb_conflict_check_columns(const LdbConflictCheck *check, const LdbManifest *base,
									 LdbError *err);

/* Rows that the change deletes must be where they were, and nobody else may have deleted them. */
LdbStatus ldb_conflict_check_rows(const LdbConflictCheck *check, const LdbManifest *base,
								  LdbError *err);

#endif
