/* operation.h -- which of Lance's operations a change is, for the transaction that tells other writers. */
#ifndef LDB_TABLE_OPERATION_H
#define LDB_TABLE_OPERATION_H

#include "ldb/table/change.h"

typedef enum LdbOperation
{
	LDB_OPERATION_OVERWRITE, /* a new table */
	LDB_OPERATION_RESTORE,   /* also with changes on top: nothing older goes together with it */
	LDB_OPERATION_APPEND,
	LDB_OPERATION_DELETE,
	LDB_OPERATION_UPDATE,
	LDB_OPERATION_PROJECT, /* columns dropped, renamed, reordered */
	LDB_OPERATION_MERGE    /* everything else */
} LdbOperation;

/* `current` is the schema that the change finds (not used for a new table). */
LdbOperation ldb_change_operation(const LdbChange *change, const LdbSchema *current);

const char *ldb_operation_name(LdbOperation operation);

#endif
