/*
 * conflict.h -- whether a change still fits on a table that others have written to since its base.
 *
 * Source: docs/format.md, "Transactions"; LanceDB's matrix of operations. Where that lets an append pass
 * whose columns were given other types meanwhile, this one does not.
 */
#ifndef LDB_TABLE_CONFLICT_H
#define LDB_TABLE_CONFLICT_H

#include "head.h"

typedef struct LdbConflictCheck
{
	const LdbVersionHome *home;
	const LdbChange *change;
	LdbHead *newest;
	const LdbCancel *cancel;
} LdbConflictCheck;

/* LDB_CONFLICT names version and operation of the other writer. Not for a table to be created. */
LdbStatus ldb_conflict_check(const LdbConflictCheck *check, LdbError *err);

#endif
