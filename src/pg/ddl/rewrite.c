/* rewrite.c -- computes the values of a column for all rows of a Lance table. */
#include "fdw/fdw.h"

#include "access/sysattr.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "utils/memutils.h"

#include "ddl/alter.h"
#include "lancedb/convert.h"

typedef struct Source
{
	AttrNumber attnum;
	LancedbConverter *converter;
} Source;

typedef struct Rewrite
{
	const LancedbColumnValues *values;
	LdbColumnRewrite *core; /* owned through the context until it is finished */
	int source_count;
	Source *sources;
	size_t *positions; /* in the draft's schema */
	EState *executor;
	ExprState *value;
	TupleTableSlot *slot;
	LancedbEncoder *encoder;
	LdbBuilder *builder;
	LdbArena *arena;
} Rewrite;

static void
abandon(void *handle)
{
	Rewrite *rewrite = handle;

	ldb_column_rewrite_abandon(rewrite->core);
	ldb_builder_free(rewrite->builder);
	rewrite->core = NULL;
	rewrite->builder = NULL;
}

static void
add_source(Rewrite *rewrite, AttrNumber attnum)
{
	const LancedbColumnValues *values = rewrite->values;
	Form_pg_attribute column = TupleDescAttr(values->columns, attnum - 1);
	const LdbSchema *schema = ldb_draft_schema(values->write->draft);
	long position = values->lance_names[attnum - 1] == NULL
						? -1
						: ldb_schema_index(schema, values->lance_names[attnum - 1]);
	Source *source = &rewrite->sources[rewrite->source_count];

	if (position < 0)
		ereport(ERROR, (errcode(ERRCODE_FDW_COLUMN_NAME_NOT_FOUND),
						errmsg("column \"%s\" does not exist in the Lance table",
							   NameStr(column->attname))));
	source->attnum = attnum;
	source->converter = lancedb_converter_new(schema->fields[position], NameStr(column->attname),
											  column->atttypid, column->atttypmod);
	rewrite->positions[rewrite->source_count++] = (size_t) position;
}

/* The columns that the expression needs. */
static void
find_sources(Rewrite *rewrite)
{
	Bitmapset *wanted = NULL;
	int natts = rewrite->values->columns->natts;
	int member = -1;

	rewrite->sources = palloc0(sizeof(Source) * (natts + 1));
	rewrite->positions = palloc0(sizeof(size_t) * (natts + 1));
	pull_varattnos((Node *) rewrite->values->value, 1, &wanted);
	while ((member = bms_next_member(wanted, member)) >= 0)
	{
		AttrNumber attnum = (AttrNumber) (member + FirstLowInvalidHeapAttributeNumber);

		if (attnum > 0)
			add_source(rewrite, attnum);
	}
}

static Datum
value_of_row(Rewrite *rewrite, const LdbBatch *batch, size_t row, bool *isnull)
{
	ExprContext *context = GetPerTupleExprContext(rewrite->executor);
	TupleTableSlot *slot = rewrite->slot;
	Datum value;

	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, slot->tts_tupleDescriptor->natts * sizeof(bool));
	for (int i = 0; i < rewrite->source_count; i++)
	{
		int at = rewrite->sources[i].attnum - 1;

		slot->tts_values[at] =
			lancedb_convert(rewrite->sources[i].converter, &batch->columns[i], row,
							batch->row_addresses[row], &slot->tts_isnull[at]);
	}
	ExecStoreVirtualTuple(slot);
	context->ecxt_scantuple = slot;
	value = ExecEvalExpr(rewrite->value, context, isnull);
	if (*isnull && rewrite->values->not_null)
		ereport(ERROR, (errcode(ERRCODE_NOT_NULL_VIOLATION),
						errmsg("column \"%s\" of the Lance table contains null values",
							   rewrite->values->column_name)));
	return value;
}

static void
compute_batch(Rewrite *rewrite, const LdbBatch *batch)
{
	LdbArray array;
	LdbError err;

	ldb_builder_reset(rewrite->builder);
	for (size_t row = 0; row < batch->row_count; row++)
	{
		MemoryContext before = MemoryContextSwitchTo(GetPerTupleMemoryContext(rewrite->executor));
		bool isnull;
		Datum value;

		CHECK_FOR_INTERRUPTS();
		value = value_of_row(rewrite, batch, row, &isnull);
		lancedb_encode(rewrite->encoder, value, isnull, rewrite->builder);
		MemoryContextSwitchTo(before);
		ResetPerTupleExprContext(rewrite->executor);
	}
	ldb_arena_reset(rewrite->arena);
	lancedb_check(ldb_builder_array(rewrite->builder, rewrite->arena, &array, &err), &err);
	lancedb_check(ldb_column_rewrite_append(rewrite->core, &array, &err), &err);
}

static void
start(Rewrite *rewrite, const LancedbColumnValues *values)
{
	LdbError err;

	rewrite->values = values;
	find_sources(rewrite);
	rewrite->executor = CreateExecutorState();
	rewrite->value = ExecPrepareExpr(values->value, rewrite->executor);
	rewrite->slot = MakeSingleTupleTableSlot(values->columns, &TTSOpsVirtual);
	rewrite->encoder =
		lancedb_encoder_new(values->field, values->column_name, values->typid, values->typmod);
	rewrite->arena = lancedb_arena_new(CurrentMemoryContext);
	lancedb_own(CurrentMemoryContext, rewrite, abandon);
	lancedb_check(ldb_builder_new(values->field, &rewrite->builder, &err), &err);
	lancedb_check(ldb_column_rewrite_open(values->write->draft, values->field, values->replaces,
										  rewrite->positions, (size_t) rewrite->source_count,
										  &rewrite->core, &err),
				  &err);
}

void
lancedb_rewrite_column(const LancedbColumnValues *values)
{
	MemoryContext own =
		AllocSetContextCreate(CurrentMemoryContext, "lancedb column", ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(own);
	Rewrite *rewrite = palloc0(sizeof(*rewrite));
	LdbColumnRewrite *core;
	const LdbBatch *batch;
	LdbError err;

	start(rewrite, values);
	for (;;)
	{
		lancedb_check(ldb_column_rewrite_next(rewrite->core, &batch, &err), &err);
		if (batch == NULL)
			break;
		compute_batch(rewrite, batch);
	}
	/* finish closes it, whatever comes of it */
	core = rewrite->core;
	rewrite->core = NULL;
	lancedb_check(ldb_column_rewrite_finish(core, lancedb_write_mark(), &err), &err);
	ExecDropSingleTupleTableSlot(rewrite->slot);
	FreeExecutorState(rewrite->executor);
	MemoryContextSwitchTo(before);
	MemoryContextDelete(own);
}
