/* encode.c -- the key of a row that is about to be stored. */
#include "keys/statement.h"

#include "utils/memutils.h"
#include "utils/rel.h"

#include "lancedb/convert.h"

struct LancedbKeyEncoder
{
	const LancedbKeyColumns *columns;
	MemoryContext row_context;
	LdbArena *arena;
	LancedbEncoder *encoders[INDEX_MAX_KEYS];
	LdbBuilder *builders[INDEX_MAX_KEYS];
};

static void
free_builder(void *builder)
{
	ldb_builder_free(builder);
}

LancedbKeyEncoder *
lancedb_key_encoder_new(const LancedbKeyColumns *columns, Relation relation, MemoryContext context)
{
	MemoryContext before = MemoryContextSwitchTo(context);
	LancedbKeyEncoder *encoder = palloc0(sizeof(*encoder));
	LdbError err;

	encoder->columns = columns;
	encoder->row_context =
		AllocSetContextCreate(context, "lancedb key of a row", ALLOCSET_SMALL_SIZES);
	encoder->arena = lancedb_arena_new(context);
	for (int i = 0; i < columns->count; i++)
	{
		Form_pg_attribute attribute =
			TupleDescAttr(RelationGetDescr(relation), columns->attnums[i] - 1);

		encoder->encoders[i] = lancedb_encoder_new(columns->fields[i], NameStr(attribute->attname),
												   attribute->atttypid, attribute->atttypmod);
		lancedb_check(ldb_builder_new(columns->fields[i], &encoder->builders[i], &err), &err);
		lancedb_own(context, encoder->builders[i], free_builder);
	}
	MemoryContextSwitchTo(before);
	return encoder;
}

/* NULL first: a column that cannot be NULL would be refused before it matters. */
static bool
has_null(const LancedbKeyColumns *columns, TupleTableSlot *slot)
{
	for (int i = 0; i < columns->count; i++)
	{
		if (slot_attisnull(slot, columns->attnums[i]))
			return true;
	}
	return false;
}

static void
encode_column(LancedbKeyEncoder *encoder, int i, TupleTableSlot *slot, LdbArray *array)
{
	bool isnull;
	Datum value = slot_getattr(slot, encoder->columns->attnums[i], &isnull);
	LdbError err;

	ldb_builder_reset(encoder->builders[i]);
	if (isnull)
		lancedb_check(ldb_builder_null(encoder->builders[i], &err), &err);
	else
		lancedb_encode(encoder->encoders[i], value, false, encoder->builders[i]);
	lancedb_check(ldb_builder_array(encoder->builders[i], encoder->arena, array, &err), &err);
}

bool
lancedb_encode_key(LancedbKeyEncoder *encoder, TupleTableSlot *slot, LdbBuffer *key)
{
	const LancedbKeyColumns *columns = encoder->columns;
	LdbArray arrays[INDEX_MAX_KEYS];
	MemoryContext before;
	bool has_key;
	LdbError err;

	if (!columns->spec.nulls_equal && has_null(columns, slot))
		return false;
	before = MemoryContextSwitchTo(encoder->row_context);
	ldb_arena_reset(encoder->arena);
	for (int i = 0; i < columns->count; i++)
		encode_column(encoder, i, slot, &arrays[i]);
	lancedb_check(ldb_key_of_row(&columns->spec, arrays, 0, key, &has_key, &err), &err);
	MemoryContextSwitchTo(before);
	MemoryContextReset(encoder->row_context);
	return has_key;
}
