/*
 * modify_conflict.c -- INSERT .. ON CONFLICT on a Lance table.
 *
 * The server leaves a foreign table's conflicts to its wrapper, triggers of the update included.
 */
#include "fdw/modify.h"

#include "access/htup_details.h"
#include "commands/trigger.h"
#include "executor/nodeModifyTable.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "fdw/fdw.h"

/* ---- the row that is there ---- */

/* The columns of the foreign table in one dataset, to be taken row by row. */
struct LancedbExisting
{
	LdbDataset *dataset;
	MemoryContext context; /* of the handle, and of one row's values */
	MemoryContext row_context;
	LdbTake *take;
	int count;
	AttrNumber *attnums;
	LancedbConverter **converters;
};

static void
close_take(void *take)
{
	ldb_take_close(take);
}

static size_t *
choose_columns(LancedbExisting *rows, Relation relation)
{
	TupleDesc columns = RelationGetDescr(relation);
	const LdbSchema *schema = &ldb_dataset_manifest(rows->dataset)->schema;
	size_t *fields = palloc(sizeof(size_t) * (columns->natts + 1));

	rows->attnums = palloc(sizeof(AttrNumber) * (columns->natts + 1));
	rows->converters = palloc(sizeof(LancedbConverter *) * (columns->natts + 1));
	for (AttrNumber i = 1; i <= columns->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(columns, i - 1);
		long field;

		if (column->attisdropped || column->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL)
			continue;
		field = ldb_schema_index(schema, lancedb_column_name(relation, i));
		if (field < 0)
			continue;
		rows->attnums[rows->count] = i;
		rows->converters[rows->count] = lancedb_converter_new(
			schema->fields[field], NameStr(column->attname), column->atttypid, column->atttypmod);
		fields[rows->count++] = (size_t) field;
	}
	return fields;
}

static LancedbExisting *
open_existing(LancedbModify *modify, Relation relation, LdbDataset *dataset)
{
	MemoryContext context;
	MemoryContext before;
	LancedbExisting *rows = modify->existing;
	size_t *fields;
	LdbError err;

	if (rows != NULL && rows->dataset == dataset)
		return rows;
	if (rows != NULL)
		MemoryContextDelete(rows->context);
	modify->existing = NULL;
	context = AllocSetContextCreate(modify->context, "lancedb existing", ALLOCSET_SMALL_SIZES);
	before = MemoryContextSwitchTo(context);
	rows = palloc0(sizeof(*rows));
	rows->dataset = dataset;
	rows->context = context;
	rows->row_context =
		AllocSetContextCreate(context, "lancedb existing row", ALLOCSET_DEFAULT_SIZES);
	fields = choose_columns(rows, relation);
	lancedb_check(
		ldb_take_open(dataset, fields, (size_t) rows->count, &lancedb_cancel, &rows->take, &err),
		&err);
	lancedb_own(context, rows->take, close_take);
	MemoryContextSwitchTo(before);
	modify->existing = rows;
	return rows;
}

/* Valid until the next row is fetched. */
static void
fetch_existing(LancedbModify *modify, Relation relation, const LancedbKeyHit *hit,
			   TupleTableSlot *slot)
{
	LancedbExisting *rows = open_existing(modify, relation, hit->dataset);
	uint64_t address = hit->address;
	const LdbBatch *batch;
	MemoryContext before;
	LdbError err;

	ExecClearTuple(slot);
	MemoryContextReset(rows->row_context);
	before = MemoryContextSwitchTo(rows->row_context);
	memset(slot->tts_isnull, true, sizeof(bool) * slot->tts_tupleDescriptor->natts);
	lancedb_check(ldb_take_rows(rows->take, &address, 1, &batch, &err), &err);
	for (int i = 0; i < rows->count; i++)
	{
		int at = rows->attnums[i] - 1;

		slot->tts_values[at] = lancedb_convert(rows->converters[i], &batch->columns[i], 0, address,
											   &slot->tts_isnull[at]);
	}
	lancedb_check(ldb_take_check(rows->take, &err), &err);
	MemoryContextSwitchTo(before);
	ExecStoreVirtualTuple(slot);
	slot->tts_tableOid = RelationGetRelid(relation);
}

/* ---- DO UPDATE ---- */

static void
check_may_change(const LancedbKeyHit *hit)
{
	if (hit->same_command)
		ereport(ERROR, (errcode(ERRCODE_CARDINALITY_VIOLATION),
						errmsg("ON CONFLICT DO UPDATE command cannot affect row a second time"),
						errhint("Ensure that no rows proposed for insertion within the same "
								"command have duplicate constrained values.")));
}

/*
 * The row that goes back to the executor was updated, not inserted: its AFTER INSERT triggers must
 * not fire. The executor looks at this flag next; it is put back when the next row comes.
 */
static void
hide_insert_triggers(LancedbModify *modify, ResultRelInfo *target)
{
	if (target->ri_TrigDesc == NULL || !target->ri_TrigDesc->trig_insert_after_row)
		return;
	target->ri_TrigDesc->trig_insert_after_row = false;
	modify->trigger_hidden = true;
}

static void
show_insert_triggers(LancedbModify *modify, ResultRelInfo *target)
{
	if (modify->trigger_hidden)
		target->ri_TrigDesc->trig_insert_after_row = true;
	modify->trigger_hidden = false;
}

/* BEFORE triggers may change the row or keep it from being changed. */
static bool
prepare_new_row(EState *estate, ModifyTableState *node, ResultRelInfo *target, HeapTuple old_row,
				TupleTableSlot *slot)
{
	TupleConstr *constraints = RelationGetDescr(target->ri_RelationDesc)->constr;

	slot->tts_tableOid = RelationGetRelid(target->ri_RelationDesc);
	if (target->ri_TrigDesc != NULL && target->ri_TrigDesc->trig_update_before_row &&
		!lancedb_before_update_triggers(estate, &node->mt_epqstate, target, old_row, slot))
		return false;
	if (constraints != NULL && constraints->has_generated_stored)
		ExecComputeStoredGenerated(target, estate, slot, CMD_UPDATE);
	lancedb_check_row(target, slot, estate, false);
	return true;
}

/* It was there a moment ago, so a trigger or a function of SET or WHERE has changed it since. */
static void
take_existing(LancedbModify *modify, const LancedbKeyHit *hit)
{
	if (!lancedb_delete_row(modify, hit->address))
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
				 errmsg("tuple to be updated was already modified by an operation triggered by the "
						"current command"),
				 errhint("Consider using an AFTER trigger instead of a BEFORE trigger to "
						 "propagate changes to other rows.")));
}

static void
replace_row(LancedbModify *modify, ResultRelInfo *target, const LancedbKeyHit *hit,
			TupleTableSlot *existing, TupleTableSlot *slot)
{
	modify->source = hit->dataset;
	lancedb_keys_removed(modify->keys, existing, hit->address);
	lancedb_keys_check(modify->keys, slot);
	lancedb_add_row(modify, target->ri_RelationDesc, slot, hit->address, existing);
}

static TupleTableSlot *
update_existing(LancedbModify *modify, EState *estate, ResultRelInfo *target,
				const LancedbKeyHit *hit, TupleTableSlot *excluded)
{
	ModifyTableState *node = modify->node;
	OnConflictSetState *set = target->ri_onConflict;
	ExprContext *econtext = node->ps.ps_ExprContext;
	TupleTableSlot *existing = set->oc_Existing;
	TupleTableSlot *slot;
	HeapTuple old_row;

	check_may_change(hit);
	fetch_existing(modify, target->ri_RelationDesc, hit, existing);
	econtext->ecxt_scantuple = existing;
	econtext->ecxt_innertuple = excluded;
	econtext->ecxt_outertuple = NULL;
	if (!ExecQual(set->oc_WhereClause, econtext))
	{
		InstrCountFiltered1(&node->ps, 1);
		return NULL;
	}
	slot = ExecProject(set->oc_ProjInfo);
	old_row = ExecCopySlotHeapTuple(existing);
	if (!prepare_new_row(estate, node, target, old_row, slot))
		return NULL;
	take_existing(modify, hit);
	replace_row(modify, target, hit, existing, slot);
	ExecARUpdateTriggers(estate, target, NULL, NULL, NULL, old_row, slot, NIL, NULL, false);
	heap_freetuple(old_row);
	hide_insert_triggers(modify, target);
	return slot;
}

TupleTableSlot *
lancedb_insert_or_update(LancedbModify *modify, EState *estate, ResultRelInfo *target,
						 TupleTableSlot *slot)
{
	LancedbKeyHit hit;

	show_insert_triggers(modify, target);
	if (!lancedb_keys_find(modify->keys, slot, modify->arbiters, &hit))
	{
		if (modify->arbiters != NIL)
			lancedb_keys_check(modify->keys, slot);
		lancedb_add_row(modify, target->ri_RelationDesc, slot, LANCEDB_NEW_ROW, NULL);
		return slot;
	}
	InstrCountTuples2(&modify->node->ps, 1);
	if (modify->on_conflict == ONCONFLICT_NOTHING)
		return NULL;
	return update_existing(modify, estate, target, &hit, slot);
}
