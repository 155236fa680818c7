/*
 * alter.c -- carries ALTER FOREIGN TABLE's changes of columns into the Lance table.
 *
 * By event triggers, because they work in sessions that have not loaded the library yet: before the
 * command we note the columns, after it we look what became of them. Only what such a command
 * does to its table, and to those that inherit its columns, counts: columns that go with a dropped
 * type, and tables that go with a server, leave the data alone.
 */
#include "fdw/fdw.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "commands/event_trigger.h"
#include "executor/spi.h"
#include "lib/ilist.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "ddl/alter.h"

/* A command under way and the tables that it may change. */
typedef struct Command
{
	dlist_node node;
	const Node *statement; /* compared, never followed */
	List *tables;          /* of LancedbTableBefore * */
} Command;

/* The innermost command first. */
static dlist_head commands = DLIST_STATIC_INIT(commands);

/* How many of lancedb_declare_columns are at work: what they declare is in the Lance table. */
static int declaring = 0;

static void
forget(void *handle)
{
	dlist_delete(&((Command *) handle)->node);
}

static bool
changes_columns(const AlterTableStmt *statement)
{
	ListCell *cell;

	foreach (cell, statement->cmds)
	{
		switch (lfirst_node(AlterTableCmd, cell)->subtype)
		{
			case AT_AddColumn:
			case AT_DropColumn:
			case AT_AlterColumnType:
			case AT_DropNotNull:
			case AT_DropConstraint:
				return true;
			default:
				break;
		}
	}
	return false;
}

/* NULL for commands that leave columns alone. */
static RangeVar *
altered_relation(const Node *statement)
{
	if (IsA(statement, AlterTableStmt) && changes_columns((const AlterTableStmt *) statement))
		return ((const AlterTableStmt *) statement)->relation;
	if (IsA(statement, RenameStmt) && ((const RenameStmt *) statement)->renameType == OBJECT_COLUMN)
		return ((const RenameStmt *) statement)->relation;
	return NULL;
}

static LancedbTableBefore *
columns_before(Oid relid)
{
	LancedbTableBefore *before = palloc0(sizeof(*before));
	Relation relation = table_open(relid, NoLock);

	before->relid = relid;
	before->columns = CreateTupleDescCopyConstr(RelationGetDescr(relation));
	before->lance_names = palloc0(sizeof(char *) * before->columns->natts);
	for (int i = 0; i < before->columns->natts; i++)
	{
		if (!TupleDescAttr(before->columns, i)->attisdropped)
			before->lance_names[i] = pstrdup(lancedb_column_name(relation, (AttrNumber) (i + 1)));
	}
	table_close(relation, NoLock);
	return before;
}

/*
 * The command itself would take this lock, for the same people. Other tables are not locked here: of
 * those it may want less.
 */
static List *
tables_before(RangeVar *name)
{
	Oid relid = RangeVarGetRelid(name, NoLock, true);
	List *tables = NIL;
	ListCell *cell;

	if (!OidIsValid(relid) || !object_ownercheck(RelationRelationId, relid, GetUserId()))
		return NIL;
	foreach (cell, name->inh ? find_all_inheritors(relid, NoLock, NULL) : list_make1_oid(relid))
	{
		Oid member = lfirst_oid(cell);

		if (!lancedb_is_lance_table(member) || !lancedb_propagates_ddl(member))
			continue;
		LockRelationOid(member, AccessExclusiveLock);
		/* it may be gone by now */
		if (lancedb_is_lance_table(member))
			tables = lappend(tables, columns_before(member));
	}
	return tables;
}

static void
note_command(const Node *statement)
{
	RangeVar *name = altered_relation(statement);
	MemoryContext before;
	Command *command;
	List *tables;

	if (name == NULL || IsBinaryUpgrade || declaring > 0)
		return;
	/* goes with a savepoint that the command fails in; a portal there need not be */
	before = MemoryContextSwitchTo(CurTransactionContext);
	tables = tables_before(name);
	if (tables != NIL)
	{
		command = palloc0(sizeof(*command));
		command->statement = statement;
		command->tables = tables;
		dlist_push_head(&commands, &command->node);
		lancedb_own(CurTransactionContext, command, forget);
	}
	MemoryContextSwitchTo(before);
}

static void
declared(void *handle)
{
	declaring--;
}

void
lancedb_declare_columns(Oid relid, List *columns)
{
	StringInfoData sql;
	ListCell *cell;

	initStringInfo(&sql);
	appendStringInfo(&sql, "ALTER FOREIGN TABLE %s",
					 quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
												get_rel_name(relid)));
	foreach (cell, columns)
		appendStringInfo(&sql, "%s ADD COLUMN %s", foreach_current_index(cell) == 0 ? "" : ",",
						 lancedb_column_definition(lfirst(cell)));
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	/* until SPI_finish, or until an error ends this */
	declaring++;
	lancedb_own(CurrentMemoryContext, &declaring, declared);
	if (SPI_execute(sql.data, false, 0) != SPI_OK_UTILITY)
		elog(ERROR, "could not run \"%s\"", sql.data);
	SPI_finish();
}

static Command *
find_command(const Node *statement)
{
	dlist_iter at;

	dlist_foreach(at, &commands)
	{
		Command *command = dlist_container(Command, node, at.cur);

		if (command->statement == statement)
			return command;
	}
	return NULL;
}

static const EventTriggerData *
trigger_data(FunctionCallInfo fcinfo, const char *function)
{
	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("lancedb.%s is called by its event trigger only", function)));
	return (const EventTriggerData *) fcinfo->context;
}

PG_FUNCTION_INFO_V1(lancedb_before_alter);

Datum
lancedb_before_alter(PG_FUNCTION_ARGS)
{
	note_command(trigger_data(fcinfo, "before_alter")->parsetree);
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(lancedb_after_alter);

Datum
lancedb_after_alter(PG_FUNCTION_ARGS)
{
	const Node *statement = trigger_data(fcinfo, "after_alter")->parsetree;
	Command *command = find_command(statement);
	List *tables;
	ListCell *cell;

	if (command == NULL)
		PG_RETURN_NULL();
	/* not again for a statement whose tree lies at the same address */
	tables = command->tables;
	command->tables = NIL;
	command->statement = NULL;
	foreach (cell, tables)
		lancedb_propagate_columns(lfirst(cell), statement);
	PG_RETURN_NULL();
}
