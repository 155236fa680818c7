/*
 * modify_lock.c -- takes the lock of what UPDATE and DELETE change before anything of it is read.
 *
 * The lock comes first and the version after it, so that in READ COMMITTED a statement that waited for
 * another session sees what that session committed, instead of failing at its own commit. A hook at
 * the start of the execution is the one place before all scans, those of subqueries included.
 */
#include "fdw/modify.h"

#include "parser/parsetree.h"

static ExecutorStart_hook_type next_hook = NULL;

static bool
changes_rows(const ModifyTable *node)
{
	return node->operation != CMD_INSERT || node->onConflictAction == ONCONFLICT_UPDATE;
}

static void
lock_targets(const Plan *plan, List *range_table)
{
	const ModifyTable *node = (const ModifyTable *) plan;
	ListCell *cell;

	if (plan == NULL || !IsA(plan, ModifyTable) || !changes_rows(node))
		return;
	foreach (cell, node->resultRelations)
	{
		RangeTblEntry *entry = rt_fetch(lfirst_int(cell), range_table);

		if (entry->relkind == RELKIND_FOREIGN_TABLE && lancedb_is_lance_table(entry->relid))
			lancedb_lock_dataset(entry->relid, LANCEDB_LOCK_MODIFY);
	}
}

static void
start_execution(QueryDesc *query, int eflags)
{
	const PlannedStmt *statement = query->plannedstmt;
	ListCell *cell;

	if ((eflags & EXEC_FLAG_EXPLAIN_ONLY) == 0 && statement->resultRelations != NIL)
	{
		lock_targets(statement->planTree, statement->rtable);
		foreach (cell, statement->subplans)
			lock_targets(lfirst(cell), statement->rtable);
	}
	if (next_hook != NULL)
		next_hook(query, eflags);
	else
		standard_ExecutorStart(query, eflags);
}

void
lancedb_modify_register(void)
{
	next_hook = ExecutorStart_hook;
	ExecutorStart_hook = start_execution;
}
