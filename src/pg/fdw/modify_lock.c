/*
 * modify_lock.c -- what must be settled before a statement that changes Lance tables reads any of them.
 *
 * The lock of UPDATE and DELETE comes first and the version after it, so that in READ COMMITTED a
 * statement that waited for another session sees what that session committed, instead of failing at
 * its own commit. A hook at the start of the execution is the one place before all scans, those of
 * subqueries included.
 */
#include "fdw/modify.h"

#include "access/table.h"
#include "catalog/pg_inherits.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"

static ExecutorStart_hook_type next_hook = NULL;

static bool
changes_rows(const ModifyTable *node)
{
	return node->operation != CMD_INSERT || node->onConflictAction == ONCONFLICT_UPDATE;
}

/*
 * For ON CONFLICT the server opens the unique indexes of a partition itself, and fails over one that is
 * not a btree with words that help nobody.
 */
static void
refuse_conflicts_in_partitions(const RangeTblEntry *entry)
{
	ListCell *cell;

	foreach (cell, find_all_inheritors(entry->relid, NoLock, NULL))
	{
		Oid partition = lfirst_oid(cell);
		Relation relation;

		if (!lancedb_is_lance_table(partition))
			continue;
		relation = table_open(partition, AccessShareLock);
		if (relation->rd_rel->relhasindex)
			ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
							errmsg("ON CONFLICT is not supported on partitioned table \"%s\"",
								   get_rel_name(entry->relid)),
							errdetail("Its partition \"%s\" is a Lance table with a unique index.",
									  RelationGetRelationName(relation)),
							errhint("Insert into the partition itself.")));
		table_close(relation, NoLock);
	}
}

static void
settle_targets(const Plan *plan, List *range_table)
{
	const ModifyTable *node = (const ModifyTable *) plan;
	RangeTblEntry *first;
	ListCell *cell;

	if (plan == NULL || !IsA(plan, ModifyTable))
		return;
	first = rt_fetch(linitial_int(node->resultRelations), range_table);
	if (node->onConflictAction != ONCONFLICT_NONE && first->relkind == RELKIND_PARTITIONED_TABLE)
		refuse_conflicts_in_partitions(first);
	if (!changes_rows(node))
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
		settle_targets(statement->planTree, statement->rtable);
		foreach (cell, statement->subplans)
			settle_targets(lfirst(cell), statement->rtable);
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
