/* modify.c -- begins and ends what a statement changes in one Lance table. */
#include "fdw/modify.h"

#include "commands/defrem.h"
#include "foreign/foreign.h"
#include "utils/memutils.h"

#include "fdw/fdw.h"

static bool
is_changeable(List *options, bool inherited)
{
	bool changeable = inherited;
	ListCell *cell;

	foreach (cell, options)
	{
		DefElem *option = lfirst(cell);

		if (lancedb_chooses_version(option->defname) || strcmp(option->defname, "branch") == 0)
			return false;
		if (strcmp(option->defname, "updatable") == 0)
			changeable = defGetBoolean(option);
	}
	return changeable;
}

/*
 * Earlier versions and branches are for reading. Nothing is resolved here: information_schema asks this of
 * every table, those with options that lead nowhere included. lancedb_write_begin looks closer.
 */
int
lancedb_is_updatable(Relation relation)
{
	ForeignTable *table = GetForeignTable(RelationGetRelid(relation));
	bool server = is_changeable(GetForeignServer(table->serverid)->options, true);

	if (!is_changeable(table->options, server))
		return 0;
	return 1 << CMD_INSERT | 1 << CMD_UPDATE | 1 << CMD_DELETE;
}

static LancedbModify *
new_modify(ModifyTableState *node, ResultRelInfo *target, MemoryContext context)
{
	LancedbModify *modify = MemoryContextAllocZero(context, sizeof(*modify));

	modify->relid = RelationGetRelid(target->ri_RelationDesc);
	modify->node = node;
	modify->context = context;
	return modify;
}

/* Opened again, the table has the version that the scans of the statement have. */
static void
open_write(LancedbModify *modify, ResultRelInfo *target, EState *estate, LancedbLock lock)
{
	Oid userid = lancedb_result_user(target, estate);

	modify->table = lancedb_table_open(modify->relid, userid, 0, modify->context);
	modify->source = modify->table->dataset;
	modify->write = lancedb_write_begin(modify->relid, userid, lock);
	modify->row_context =
		AllocSetContextCreate(modify->context, "lancedb row", ALLOCSET_DEFAULT_SIZES);
	modify->keys =
		lancedb_keys_open(target->ri_RelationDesc, modify->table, modify->write, modify->context);
}

/*
 * The server must not open the indexes of the target: none is maintained through its access method,
 * and for ON CONFLICT it refuses unique ones that are not btrees. Where it has not opened them
 * yet it takes an empty list for the opened ones.
 */
static void
hide_indexes(ResultRelInfo *target)
{
	if (target->ri_IndexRelationDescs != NULL)
		return;
	target->ri_NumIndices = 0;
	target->ri_IndexRelationDescs = palloc0(sizeof(Relation));
}

static LancedbLock
lock_of(CmdType command, OnConflictAction on_conflict)
{
	return command == CMD_INSERT && on_conflict != ONCONFLICT_UPDATE ? LANCEDB_LOCK_APPEND
																	 : LANCEDB_LOCK_MODIFY;
}

/* Rows are replaced as a whole, and what is not read cannot be written again. */
static void
check_all_read(const LancedbModify *modify)
{
	const LdbManifest *manifest = modify->table->manifest;

	if (manifest->unread_count > 0)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("cannot update rows of Lance table \"%s\"", modify->table->uri),
						errdetail("Its column \"%s\" is of type %s, which cannot be read.",
								  lancedb_message_text(manifest->unread[0].name),
								  lancedb_message_text(manifest->unread[0].logical_type)),
						errhint("Rows can be inserted and deleted.")));
}

void
lancedb_begin_modify(ModifyTableState *node, ResultRelInfo *target, List *fdw_private,
					 int subplan_index, int eflags)
{
	EState *estate = node->ps.state;
	ModifyTable *plan = (ModifyTable *) node->ps.plan;
	LancedbModify *modify = new_modify(node, target, estate->es_query_cxt);

	target->ri_FdwState = modify;
	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	modify->on_conflict = plan->onConflictAction;
	/* the server gives them to the target later than it asks for this */
	modify->arbiters = plan->arbiterIndexes;
	open_write(modify, target, estate, lock_of(node->operation, modify->on_conflict));
	hide_indexes(target);
	if (node->operation == CMD_UPDATE || modify->on_conflict == ONCONFLICT_UPDATE)
		check_all_read(modify);
	if (node->operation != CMD_INSERT)
		lancedb_find_row_identity(modify, target, plan);
}

/* COPY, and rows that a partitioned table sends here; never with conflicts to settle. */
void
lancedb_begin_insert(ModifyTableState *node, ResultRelInfo *target)
{
	EState *estate = node->ps.state;
	LancedbModify *modify;

	/* a partition that UPDATE has begun on gets rows of other partitions too */
	if (target->ri_FdwState != NULL)
		return;
	modify = new_modify(node, target, estate->es_query_cxt);
	open_write(modify, target, estate, LANCEDB_LOCK_APPEND);
	target->ri_FdwState = modify;
}

/* The rows are the draft's; the rest goes with the query's memory. */
void
lancedb_end_modify(EState *estate, ResultRelInfo *target)
{
	target->ri_FdwState = NULL;
}
