/* modify_update.c -- UPDATE and DELETE of rows that a scan found, by their ctid. */
#include "fdw/modify.h"

#include "access/sysattr.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "optimizer/appendinfo.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/* ---- what the plan's rows carry ---- */

/*
 * Partitions share one target list, in which a name stands for one type: columns of different types
 * need different names.
 */
static char *
carried_name(Form_pg_attribute column)
{
	return psprintf("lance_%d_%u_%d_%u", column->attnum, column->atttypid, column->atttypmod,
					column->attcollation);
}

/* Of a partition, the column by the name that its parent has for it. */
static bool
is_returned(PlannerInfo *root, Index rtindex, Form_pg_attribute column, Bitmapset *returned)
{
	Index parent = (Index) root->parse->resultRelation;
	AttrNumber attnum = column->attnum;

	if (bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, returned))
		return true;
	if (parent != rtindex)
		attnum = get_attnum(planner_rt_fetch(parent, root)->relid, NameStr(column->attname));
	return attnum > 0 && bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber, returned);
}

/* Of a row that is deleted RETURNING wants the values; the server fetches them for UPDATE alone. */
static void
add_returned_columns(PlannerInfo *root, Index rtindex, Relation relation)
{
	TupleDesc columns = RelationGetDescr(relation);
	Bitmapset *returned = NULL;

	pull_varattnos((Node *) root->parse->returningList, (Index) root->parse->resultRelation,
				   &returned);
	for (int i = 0; i < columns->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(columns, i);

		if (!column->attisdropped && is_returned(root, rtindex, column, returned))
			add_row_identity_var(root,
								 makeVar((int) rtindex, column->attnum, column->atttypid,
										 column->atttypmod, column->attcollation, 0),
								 rtindex, carried_name(column));
	}
}

void
lancedb_add_update_targets(PlannerInfo *root, Index rtindex, RangeTblEntry *rte, Relation relation)
{
	add_row_identity_var(
		root, makeVar((int) rtindex, SelfItemPointerAttributeNumber, TIDOID, -1, InvalidOid, 0),
		rtindex, "ctid");
	if (root->parse->commandType == CMD_DELETE && root->parse->returningList != NIL)
		add_returned_columns(root, rtindex, relation);
}

static void
find_returned_columns(LancedbModify *modify, TupleDesc columns, List *plan_tlist)
{
	modify->returned = palloc0(sizeof(AttrNumber) * (columns->natts + 1));
	for (int i = 0; i < columns->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(columns, i);

		if (!column->attisdropped)
			modify->returned[i] = ExecFindJunkAttributeInTlist(plan_tlist, carried_name(column));
	}
}

void
lancedb_find_row_identity(LancedbModify *modify, ResultRelInfo *target, const ModifyTable *plan)
{
	List *plan_tlist = outerPlan(plan)->targetlist;

	modify->row_ids = lancedb_row_ids_new(modify->table, modify->context);
	modify->ctid_position = ExecFindJunkAttributeInTlist(plan_tlist, "ctid");
	if (!AttributeNumberIsValid(modify->ctid_position))
		elog(ERROR, "could not find junk ctid column");
	if (plan->operation == CMD_DELETE && plan->returningLists != NIL)
		find_returned_columns(modify, RelationGetDescr(target->ri_RelationDesc), plan_tlist);
}

static ItemPointer
row_ctid(const LancedbModify *modify, TupleTableSlot *plan_slot)
{
	bool isnull;
	Datum ctid = ExecGetJunkAttribute(plan_slot, modify->ctid_position, &isnull);

	if (isnull)
		elog(ERROR, "ctid is NULL");
	return (ItemPointer) DatumGetPointer(ctid);
}

/* ---- rows that are gone already ---- */

bool
lancedb_delete_row(LancedbModify *modify, uint64 address)
{
	bool done;
	LdbError err;

	lancedb_check(
		ldb_draft_delete(modify->write->draft, &address, 1, lancedb_write_mark(), &done, &err),
		&err);
	modify->rows_deleted += done;
	return done;
}

/* Of one block of ctid, made when a row is taken from it first. */
static uint8 *
taken_rows(LancedbModify *modify, BlockNumber block)
{
	if (modify->taken == NULL)
		modify->taken = MemoryContextAllocZero(
			modify->context, sizeof(uint8 *) * lancedb_row_block_count(modify->row_ids));
	if (modify->taken[block] == NULL)
		modify->taken[block] = MemoryContextAllocZero(modify->context, (1 << 16) / BITS_PER_BYTE);
	return modify->taken[block];
}

/*
 * A row that joins more than once is gone when it comes the second time, and is passed over. When
 * it went by a trigger or function of this command, one change or the other would be lost: that is an
 * error, as for the server's own tables.
 */
static bool
take_row(LancedbModify *modify, EState *estate, const ItemPointerData *ctid, const char *what)
{
	uint64 address = lancedb_row_address(modify->row_ids, ctid);
	uint8 *taken_before = taken_rows(modify, ItemPointerGetBlockNumberNoCheck(ctid));
	OffsetNumber row = ItemPointerGetOffsetNumberNoCheck(ctid);
	bool taken = lancedb_delete_row(modify, address);

	if (!taken && GetCurrentCommandId(false) != estate->es_output_cid &&
		!ldb_bit_get(taken_before, row))
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
				 errmsg("tuple to be %s was already modified by an operation triggered by the "
						"current command",
						what),
				 errhint("Consider using an AFTER trigger instead of a BEFORE trigger to "
						 "propagate changes to other rows.")));
	if (taken)
		ldb_bit_set(taken_before, row);
	return taken;
}

/* ---- DELETE ---- */

static void
fill_returned(const LancedbModify *modify, TupleTableSlot *slot, TupleTableSlot *plan_slot)
{
	TupleDesc columns = slot->tts_tupleDescriptor;

	memset(slot->tts_isnull, true, sizeof(bool) * columns->natts);
	for (int i = 0; i < columns->natts; i++)
	{
		if (AttributeNumberIsValid(modify->returned[i]))
			slot->tts_values[i] =
				ExecGetJunkAttribute(plan_slot, modify->returned[i], &slot->tts_isnull[i]);
	}
	ExecStoreVirtualTuple(slot);
}

TupleTableSlot *
lancedb_exec_delete(EState *estate, ResultRelInfo *target, TupleTableSlot *slot,
					TupleTableSlot *plan_slot)
{
	LancedbModify *modify = target->ri_FdwState;
	ItemPointer ctid = row_ctid(modify, plan_slot);

	if (!take_row(modify, estate, ctid, "deleted"))
		return NULL;
	ExecClearTuple(slot);
	if (modify->returned != NULL)
	{
		fill_returned(modify, slot, plan_slot);
		slot->tts_tid = *ctid;
	}
	return slot;
}

/* ---- UPDATE ---- */

TupleTableSlot *
lancedb_exec_update(EState *estate, ResultRelInfo *target, TupleTableSlot *slot,
					TupleTableSlot *plan_slot)
{
	LancedbModify *modify = target->ri_FdwState;
	ItemPointer ctid = row_ctid(modify, plan_slot);
	uint64 address = lancedb_row_address(modify->row_ids, ctid);

	lancedb_check_row(target, slot, estate, false);
	if (!take_row(modify, estate, ctid, "updated"))
		return NULL;
	if (modify->keys != NULL)
	{
		lancedb_keys_removed(modify->keys, target->ri_oldTupleSlot, address);
		lancedb_keys_check(modify->keys, slot);
	}
	lancedb_add_row(modify, target->ri_RelationDesc, slot, address, target->ri_oldTupleSlot);
	return slot;
}
