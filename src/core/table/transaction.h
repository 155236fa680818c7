/* transaction.h -- what a version's transaction says, wherever its writer kept it. */
#ifndef LDB_TABLE_TRANSACTION_H
#define LDB_TABLE_TRANSACTION_H

#include "lance_table.pb-c.h"
#include "versions.h"

/* Bytes of the Transaction message; data == NULL = there is none (any more). */
LdbStatus ldb_transaction_find(const LdbVersionHome *home, LdbSlice manifest_file,
							   const char *manifest_name, LdbArena *arena, LdbSlice *bytes,
							   const LdbCancel *cancel, LdbError *err);

/* Which operation, for messages: "Append", ..., "an unknown operation". */
const char *ldb_transaction_name(LdbSlice bytes);

#endif
