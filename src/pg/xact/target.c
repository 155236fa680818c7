/*
 * target.c -- locks the Lance tables that a statement changes before its scans pin a version.
 *
 * UPDATE and DELETE must see what the transaction that they waited for has left, so the lock comes
 * first. The foreign-data wrapper is asked too late: the scan below has begun by then.
 */
#include "xact/xact.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "executor/executor.h"
#include "parser/parsetree.h"

static ExecutorStart_hook_type previous_hook = NULL;

static bool
only_adds_rows(const PlannedStmt *statement)
{
	const ModifyTable *top = (const ModifyTable *) statement->planTree;

	return statement->commandType == CMD_INSERT && !statement->hasModifyingCTE &&
		   IsA(top, ModifyTable) && top->onConflictAction != ONCONFLICT_UPDATE;
}

static void
lock_targets(const PlannedStmt *statement)
{
	LancedbLock lock = only_adds_rows(statement) ? LANCEDB_LOCK_APPEND : LANCEDB_LOCK_MODIFY;
	ListCell *cell;

	foreach (cell, statement->resultRelations)
	{
		Oid relid = rt_fetch(lfirst_int(cell), statement->rtable)->relid;

		if (lancedb_is_lance_table(relid))
			lancedb_lock_dataset(relid, lock);
	}
}

static void
start_executor(QueryDesc *query, int flags)
{
	/* what may not write fails in the server's own words below */
	if (query->plannedstmt->resultRelations != NIL && (flags & EXEC_FLAG_EXPLAIN_ONLY) == 0 &&
		!XactReadOnly && !RecoveryInProgress())
		lock_targets(query->plannedstmt);
	if (previous_hook != NULL)
		previous_hook(query, flags);
	else
		standard_ExecutorStart(query, flags);
}

void
lancedb_target_register(void)
{
	previous_hook = ExecutorStart_hook;
	ExecutorStart_hook = start_executor;
}
