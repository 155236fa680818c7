/*
 * modify_row.c -- adds a row to the draft: a new one, or the new copy of one that UPDATE replaces.
 *
 * UPDATE replaces rows as a whole, and must not change what it was not told to: values of columns
 * that the foreign table does not declare, of which SQL shows only a part, or which may not be written
 * any more (a NaN in a vector) go over from the old copy as they lie in the files.
 */
#include "fdw/modify.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "fdw/fdw.h"

/* ---- which column goes where ---- */

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
add_carried(LancedbCarried *columns, LancedbInput *input)
{
	input->carried = columns;
	input->position = columns->count;
	columns->fields[columns->count++] = input->field;
}

static void
bind_column(LancedbModify *modify, Relation relation, AttrNumber attnum, LancedbInput *input)
{
	Form_pg_attribute column = TupleDescAttr(RelationGetDescr(relation), attnum - 1);
	long field = ldb_schema_index(modify->schema, lancedb_column_name(relation, attnum));

	if (field < 0)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_COLUMN_NAME_NOT_FOUND),
				 errmsg("column \"%s\" of foreign table \"%s\" does not exist in its Lance table",
						NameStr(column->attname), RelationGetRelationName(relation))));
	input->attnum = attnum;
	input->field = (size_t) field;
	input->encoder = lancedb_encoder_new(modify->schema->fields[field], NameStr(column->attname),
										 column->atttypid, column->atttypmod);
	input->typid = getBaseType(column->atttypid);
	input->by_value = column->attbyval;
	input->length = column->attlen;
	if (!is_shown_in_full(modify->schema->fields[field], input->typid))
		add_carried(&modify->hidden, input);
	else if (modify->schema->fields[field]->type.kind == LDB_TYPE_FIXED_SIZE_LIST &&
			 OidIsValid(get_element_type(input->typid)))
		add_carried(&modify->vectors, input);
}

static void
reset_carried(LancedbCarried *columns, size_t field_count)
{
	lancedb_carry_close(columns);
	columns->count = 0;
	columns->fields = palloc(sizeof(size_t) * (field_count + 1));
}

/* What no column of the foreign table stands for comes first among the hidden. */
static void
list_undeclared(LancedbModify *modify, Relation relation)
{
	bool *declared = palloc0(sizeof(bool) * (modify->schema->field_count + 1));

	for (AttrNumber i = 1; i <= RelationGetNumberOfAttributes(relation); i++)
	{
		long field;

		if (!is_stored(TupleDescAttr(RelationGetDescr(relation), i - 1)))
			continue;
		field = ldb_schema_index(modify->schema, lancedb_column_name(relation, i));
		if (field >= 0)
			declared[field] = true;
	}
	for (size_t i = 0; i < modify->schema->field_count; i++)
	{
		if (!declared[i])
			modify->hidden.fields[modify->hidden.count++] = i;
	}
	modify->undeclared_count = modify->hidden.count;
}

/* Encoders borrow from the draft's schema: they are made again when it is another one. */
static void
bind_columns(LancedbModify *modify, Relation relation)
{
	TupleDesc columns = RelationGetDescr(relation);
	MemoryContext before;

	if (modify->bind_context == NULL)
		modify->bind_context =
			AllocSetContextCreate(modify->context, "lancedb encoders", ALLOCSET_SMALL_SIZES);
	MemoryContextReset(modify->bind_context);
	before = MemoryContextSwitchTo(modify->bind_context);
	modify->schema = ldb_draft_schema(modify->write->draft);
	reset_carried(&modify->hidden, modify->schema->field_count);
	reset_carried(&modify->vectors, modify->schema->field_count);
	list_undeclared(modify, relation);
	modify->differs_bytes = modify->schema->field_count / BITS_PER_BYTE + 1;
	modify->differs = palloc(modify->differs_bytes);
	modify->inputs = palloc0(sizeof(LancedbInput) * columns->natts);
	modify->input_count = 0;
	for (AttrNumber i = 1; i <= columns->natts; i++)
	{
		if (is_stored(TupleDescAttr(columns, i - 1)))
			bind_column(modify, relation, i, &modify->inputs[modify->input_count++]);
	}
	MemoryContextSwitchTo(before);
}

/* ---- values ---- */

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
		size_t field = modify->hidden.fields[i];

		if (replaced != LANCEDB_NEW_ROW)
			lancedb_carry_value(modify, &modify->hidden, i, replaced, builders[field]);
		else
			add_null(modify, modify->schema->fields[field], builders[field]);
	}
}

static bool
all_finite(const ArrayType *array, Oid item)
{
	int count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));

	for (int i = 0; i < count; i++)
	{
		if (item == FLOAT4OID && !isfinite(((const float4 *) ARR_DATA_PTR(array))[i]))
			return false;
		if (item == FLOAT8OID && !isfinite(((const float8 *) ARR_DATA_PTR(array))[i]))
			return false;
	}
	return true;
}

/* Other writers may put into a vector what an encoder refuses. */
static bool
may_be_refused(Datum value)
{
	ArrayType *array = DatumGetArrayTypeP(value);

	return ARR_HASNULL(array) || !all_finite(array, ARR_ELEMTYPE(array));
}

static bool
is_unchanged(const LancedbInput *input, TupleTableSlot *slot, TupleTableSlot *old)
{
	int at = input->attnum - 1;

	return !slot->tts_isnull[at] && !old->tts_isnull[at] &&
		   datum_image_eq(slot->tts_values[at], old->tts_values[at], input->by_value,
						  input->length);
}

static bool
goes_over(const LancedbModify *modify, const LancedbInput *input, TupleTableSlot *slot,
		  TupleTableSlot *old)
{
	if (input->carried == NULL || old == NULL || slot->tts_isnull[input->attnum - 1])
		return false;
	if (input->carried == &modify->vectors && !may_be_refused(slot->tts_values[input->attnum - 1]))
		return false;
	return is_unchanged(input, slot, old);
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
		LdbBuilder *builder = builders[input->field];
		int at = input->attnum - 1;

		if (goes_over(modify, input, slot, old))
			lancedb_carry_value(modify, input->carried, input->position, replaced, builder);
		else
			lancedb_encode(input->encoder, slot->tts_values[at], slot->tts_isnull[at], builder);
	}
}

/* What the foreign table does not have goes over as it is. */
static void
note_differences(LancedbModify *modify, TupleTableSlot *slot, TupleTableSlot *old)
{
	memset(modify->differs, 0, modify->differs_bytes);
	for (int i = 0; i < modify->input_count; i++)
	{
		const LancedbInput *input = &modify->inputs[i];
		int at = input->attnum - 1;

		if (!(slot->tts_isnull[at] && old->tts_isnull[at]) && !is_unchanged(input, slot, old))
			ldb_bit_set(modify->differs, input->field);
	}
	ldb_draft_row_differs(modify->write->draft, modify->differs);
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
	ldb_draft_expect(draft, replaced);
	lancedb_check(ldb_draft_row(draft, &builders, &err), &err);
	fill_declared(modify, slot, replaced, old, builders);
	fill_undeclared(modify, replaced, builders);
	if (old != NULL && ldb_draft_has_stable_row_ids(draft))
		note_differences(modify, slot, old);
	lancedb_check(ldb_draft_row_done(draft, lancedb_write_mark(), replaced, &number, &err), &err);
	MemoryContextSwitchTo(before);
	MemoryContextReset(modify->row_context);
	if (modify->keys != NULL)
		lancedb_keys_added(modify->keys, slot, number);
	modify->rows_added++;
}
