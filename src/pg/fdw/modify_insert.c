/* modify_insert.c -- INSERT and COPY into a Lance table. */
#include "fdw/modify.h"

#include "utils/rel.h"

void
lancedb_check_row(ResultRelInfo *target, TupleTableSlot *slot, EState *estate, bool is_routed)
{
	Relation relation = target->ri_RelationDesc;

	if (RelationGetDescr(relation)->constr != NULL)
		ExecConstraints(target, slot, estate);
	if (relation->rd_rel->relispartition && !is_routed)
		ExecPartitionCheck(target, slot, estate, true);
}

/* The partition was chosen for this row, and no trigger changed it since. */
static bool
was_routed(const ResultRelInfo *target)
{
	return target->ri_RootResultRelInfo != NULL &&
		   (target->ri_TrigDesc == NULL || !target->ri_TrigDesc->trig_insert_before_row);
}

TupleTableSlot *
lancedb_exec_insert(EState *estate, ResultRelInfo *target, TupleTableSlot *slot,
					TupleTableSlot *plan_slot)
{
	LancedbModify *modify = target->ri_FdwState;

	lancedb_check_row(target, slot, estate, was_routed(target));
	if (modify->on_conflict != ONCONFLICT_NONE && modify->keys != NULL)
		return lancedb_insert_or_update(modify, estate, target, slot);
	if (modify->keys != NULL)
		lancedb_keys_check(modify->keys, slot);
	lancedb_add_row(modify, target->ri_RelationDesc, slot, LANCEDB_NEW_ROW, NULL);
	return slot;
}
