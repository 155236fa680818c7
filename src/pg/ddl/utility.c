/* utility.c -- takes over commands on Lance tables that the server would refuse, or worse. */
#include "ddl/ddl.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "commands/defrem.h"
#include "tcop/utility.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "lancedb/keys.h"

static ProcessUtility_hook_type previous_hook = NULL;

static bool
names_lance_table(const RangeVar *name)
{
	Oid relid = name == NULL ? InvalidOid : RangeVarGetRelid(name, NoLock, true);

	return OidIsValid(relid) && lancedb_is_lance_table(relid);
}

static bool
names_index_of_lance_table(const RangeVar *name)
{
	Oid indexid = name == NULL ? InvalidOid : RangeVarGetRelid(name, NoLock, true);
	Oid relid;

	if (!OidIsValid(indexid) || get_rel_relkind(indexid) != RELKIND_INDEX)
		return false;
	relid = IndexGetRelation(indexid, true);
	return OidIsValid(relid) && lancedb_is_lance_table(relid);
}

/* As the server does before each command that changes something. */
static void
prevent_if_impossible(const char *command, bool concurrently, bool is_top_level)
{
	PreventCommandIfReadOnly(command);
	PreventCommandIfParallelMode(command);
	PreventCommandDuringRecovery(command);
	if (concurrently)
		PreventInTransactionBlock(is_top_level, psprintf("%s CONCURRENTLY", command));
}

static bool
take_create_index(IndexStmt *stmt, const char *query, bool is_top_level, QueryCompletion *result)
{
	if (!names_lance_table(stmt->relation))
		return false;
	prevent_if_impossible("CREATE INDEX", stmt->concurrent, is_top_level);
	lancedb_create_index(stmt, query);
	if (result != NULL)
		SetQueryCompletion(result, CMDTAG_CREATE_INDEX, 0);
	return true;
}

/*
 * REINDEX INDEX is left to the server, which calls the access method. REINDEX TABLE it refuses, and
 * CONCURRENTLY would bring it down: it asks a foreign table for its access method, and there is
 * none.
 */
static bool
take_reindex(const ReindexStmt *stmt, bool is_top_level, QueryCompletion *result)
{
	bool concurrently = false;
	ListCell *cell;

	foreach (cell, stmt->params)
	{
		DefElem *option = lfirst_node(DefElem, cell);

		if (strcmp(option->defname, "concurrently") == 0)
			concurrently = defGetBoolean(option);
	}
	if (stmt->kind == REINDEX_OBJECT_TABLE && names_lance_table(stmt->relation))
	{
		prevent_if_impossible("REINDEX", concurrently, is_top_level);
		lancedb_reindex_table(stmt->relation);
	}
	else if (stmt->kind == REINDEX_OBJECT_INDEX && concurrently &&
			 names_index_of_lance_table(stmt->relation))
	{
		prevent_if_impossible("REINDEX", true, is_top_level);
		lancedb_reindex_index(stmt->relation);
	}
	else
		return false;
	if (result != NULL)
		SetQueryCompletion(result, CMDTAG_REINDEX, 0);
	return true;
}

static bool
index_has_column(Relation index, AttrNumber attnum)
{
	for (int i = 0; i < index->rd_index->indnatts; i++)
	{
		if (index->rd_index->indkey.values[i] == attnum)
			return true;
	}
	return false;
}

/* The server would make the index again itself, and say that it cannot. */
static void
refuse_retype_of_key(Relation relation, const char *column)
{
	AttrNumber attnum = get_attnum(RelationGetRelid(relation), column);
	ListCell *cell;

	foreach (cell, RelationGetIndexList(relation))
	{
		Relation index = index_open(lfirst_oid(cell), AccessShareLock);

		if (attnum > 0 && index_has_column(index, attnum))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot alter type of column \"%s\" because index \"%s\" uses it",
							column, RelationGetRelationName(index)),
					 errhint("Drop the index, alter the column, and create the index again.")));
		index_close(index, AccessShareLock);
	}
}

static void
check_alter(const AlterTableStmt *stmt)
{
	Relation relation = NULL;
	ListCell *cell;

	foreach (cell, stmt->cmds)
	{
		const AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);

		if (command->subtype != AT_AlterColumnType)
			continue;
		if (relation == NULL)
			relation = table_openrv(stmt->relation, AccessShareLock);
		refuse_retype_of_key(relation, command->name);
	}
	/* kept, it would be in the way of another session that does the same: both want a stronger one */
	if (relation != NULL)
		table_close(relation, AccessShareLock);
}

static bool
take(PlannedStmt *planned, const char *query, bool is_top_level, QueryCompletion *result)
{
	Node *statement = planned->utilityStmt;

	switch (nodeTag(statement))
	{
		case T_IndexStmt:
			return take_create_index(castNode(IndexStmt, statement), query, is_top_level, result);
		case T_ReindexStmt:
			return take_reindex(castNode(ReindexStmt, statement), is_top_level, result);
		case T_AlterTableStmt:
			if (names_lance_table(castNode(AlterTableStmt, statement)->relation))
				check_alter(castNode(AlterTableStmt, statement));
			return false;
		default:
			return false;
	}
}

static void
look_at_command(PlannedStmt *planned, const char *query, bool read_only,
				ProcessUtilityContext context, ParamListInfo parameters, QueryEnvironment *env,
				DestReceiver *destination, QueryCompletion *result)
{
	if (take(planned, query, context == PROCESS_UTILITY_TOPLEVEL, result))
		return;
	if (previous_hook != NULL)
		previous_hook(planned, query, read_only, context, parameters, env, destination, result);
	else
		standard_ProcessUtility(planned, query, read_only, context, parameters, env, destination,
								result);
}

void
lancedb_register_utility_hook(void)
{
	previous_hook = ProcessUtility_hook;
	ProcessUtility_hook = look_at_command;
}
