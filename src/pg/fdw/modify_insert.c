/* modify_insert.c -- adds rows to a Lance table: INSERT, COPY, and the new copies that UPDATE makes. */
#include "fdw/modify.h"

#include "catalog/pg_type.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "fdw/fdw.h"

/* ---- how a row is built ---- */

static bool
is_stored(Form_pg_attribute column)
{
	return !column->attisdropped && column->attgenerated != ATTRIBUTE_GENERATED_VIRTUAL;
}

/* SQL counts time in microseconds, and jsonb forgets how nested values were written. */
static bool
is_shown_in_full(const LdbField *field, Oid typid)
{
	if (field->type.unit == LDB_UNIT_NS)
		return false;
	if ((typid == JSONBOID || typid == JSONOID) && field->child_count > 0)
		return false;
	for (size_t i = 0; i < field->child_count; i++)
	{
		if (!is_shown_in_full(field->children[i], InvalidOid))
			return false;
	}
	return true;
}

static void
bind_column(LancedbModify *modify, Relation relation, AttrNumber attnum, bool *declared)
{
	Form_pg_attribute column = TupleDescAttr(RelationGetDescr(relation), attnum - 1);
	long field = ldb_schema_index(modify->schema, lancedb_column_name(relation, attnum));
	LancedbInput *input = &modify->inputs[modify->input_count];

	if (field < 0)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_COLUMN_NAME_NOT_FOUND),
				 errmsg("column \"%s\" of foreign table \"%s\" does not exist in its Lance table",
						NameStr(column->attname), RelationGetRelationName(relation))));
	input->attnum = attnum;
	input->field = (size_t) field;
	input->encoder = lancedb_encoder_new(modify->schema->fields[field], NameStr(column->attname),
										 column->atttypid, column->atttypmod);
	input->by_value = column->attbyval;
	input->length = column->attlen;
	input->carried = is_shown_in_full(modify->schema->fields[field], column->atttypid) ? -1 : 0;
	declared[field] = true;
	modify->input_count++;
}

static void
list_carried(LancedbModify *modify, const bool *declared)
{
	modify->carried = palloc(sizeof(size_t) * (modify->schema->field_count + 1));
	modify->carried_count = 0;
	for (size_t i = 0; i < modify->schema->field_count; i++)
	{
		if (!declared[i])
			modify->carried[modify->carried_count++] = i;
	}
	modify->undeclared_count = modify->carried_count;
	for (int i = 0; i < modify->input_count; i++)
	{
		LancedbInput *input = &modify->inputs[i];

		if (input->carried < 0)
			continue;
		input->carried = (int) modify->carried_count;
		modify->carried[modify->carried_count++] = input->field;
	}
}

/* Encoders borrow from the draft's schema: they are made again when it is another one. */
static void
bind_columns(LancedbModify *modify, Relation relation)
{
	TupleDesc columns = RelationGetDescr(relation);
	MemoryContext before;
	bool *declared;

	if (modify->bind_context == NULL)
		modify->bind_context =
			AllocSetContextCreate(modify->context, "lancedb encoders", ALLOCSET_SMALL_SIZES);
	MemoryContextReset(modify->bind_context);
	before = MemoryContextSwitchTo(modify->bind_context);
	modify->schema = ldb_draft_schema(modify->write->draft);
	modify->inputs = palloc0(sizeof(LancedbInput) * columns->natts);
	modify->input_count = 0;
	declared = palloc0(sizeof(bool) * (modify->schema->field_count + 1));
	for (AttrNumber i = 1; i <= columns->natts; i++)
	{
		if (is_stored(TupleDescAttr(columns, i - 1)))
			bind_column(modify, relation, i, declared);
	}
	list_carried(modify, declared);
	MemoryContextSwitchTo(before);
}

static void
add_null(const LancedbModify *modify, const LdbField *field, LdbBuilder *builder)
{
	LdbError err;

	if (!field->nullable)
		ereport(ERROR, (errcode(ERRCODE_NOT_NULL_VIOLATION),
						errmsg("null value in column \"%s\" of Lance table \"%s\" violates "
							   "not-null constraint",
							   lancedb_message_text(field->name), modify->table->uri),
						errdetail("The foreign table does not have this column."),
						errhint("Use ALTER FOREIGN TABLE to add the column.")));
	lancedb_check(ldb_builder_null(builder, &err), &err);
}

static void
fill_undeclared(LancedbModify *modify, uint64 replaced, LdbBuilder **builders)
{
	for (size_t i = 0; i < modify->undeclared_count; i++)
	{
		size_t field = modify->carried[i];

		if (replaced != LANCEDB_NEW_ROW)
			lancedb_carry_value(modify, replaced, i, builders[field]);
		else
			add_null(modify, modify->schema->fields[field], builders[field]);
	}
}

static bool
is_unchanged(const LancedbInput *input, TupleTableSlot *slot, TupleTableSlot *old)
{
	int at = input->attnum - 1;

	return !slot->tts_isnull[at] && !old->tts_isnull[at] &&
		   datum_image_eq(slot->tts_values[at], old->tts_values[at], input->by_value,
						  input->length);
}

static void
fill_declared(LancedbModify *modify, TupleTableSlot *slot, uint64 replaced, TupleTableSlot *old,
			  LdbBuilder **builders)
{
	slot_getallattrs(slot);
	if (old != NULL)
		slot_getallattrs(old);
	for (int i = 0; i < modify->input_count; i++)
	{
		const LancedbInput *input = &modify->inputs[i];
		int at = input->attnum - 1;

		if (input->carried >= 0 && old != NULL && is_unchanged(input, slot, old))
			lancedb_carry_value(modify, replaced, (size_t) input->carried, builders[input->field]);
		else
			lancedb_encode(input->encoder, slot->tts_values[at], slot->tts_isnull[at],
						   builders[input->field]);
	}
}

void
lancedb_add_row(LancedbModify *modify, Relation relation, TupleTableSlot *slot, uint64 replaced,
				TupleTableSlot *old)
{
	LdbDraft *draft = modify->write->draft;
	MemoryContext before;
	LdbBuilder **builders;
	uint64_t number;
	LdbError err;

	if (modify->schema != ldb_draft_schema(draft))
		bind_columns(modify, relation);
	before = MemoryContextSwitchTo(modify->row_context);
	lancedb_check(ldb_draft_row(draft, &builders, &err), &err);
	fill_declared(modify, slot, replaced, old, builders);
	fill_undeclared(modify, replaced, builders);
	lancedb_check(ldb_draft_row_done(draft, lancedb_write_mark(), replaced, &number, &err), &err);
	MemoryContextSwitchTo(before);
	MemoryContextReset(modify->row_context);
	if (modify->keys != NULL)
		lancedb_keys_added(modify->keys, slot, number);
	modify->rows_added++;
}

/* ---- INSERT and COPY ---- */

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
