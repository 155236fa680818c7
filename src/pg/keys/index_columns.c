/* index_columns.c -- what the columns of a unique index are in the Lance table. */
#include "keys/keys_impl.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* Which stored values the declared type calls equal, beyond those with equal bytes. False = it may
 * have ideas of its own. */
static bool
form_for(const LdbType *type, Oid typid, LdbKeyForm *form)
{
	bool is_string = type->kind == LDB_TYPE_STRING || type->kind == LDB_TYPE_LARGE_STRING;

	*form = LDB_KEY_PLAIN;
	switch (typid)
	{
		case BPCHAROID:
			*form = LDB_KEY_TRIMMED;
			return true;
		case UUIDOID:
			if (is_string)
				*form = LDB_KEY_HEX;
			return true;
		case DATEOID:
			if (type->kind == LDB_TYPE_DATE64)
				*form = LDB_KEY_DAYS;
			return true;
		case TIMEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
		case INTERVALOID:
			if (type->unit == LDB_UNIT_NS)
				*form = LDB_KEY_MICROSECONDS;
			return true;
		case BOOLOID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
		case TEXTOID:
		case VARCHAROID:
		case BYTEAOID:
			return true;
		default:
			return is_string && type_is_enum(typid);
	}
}

static void
bind_column(LancedbKeyColumns *columns, int i, const LancedbTable *table, Relation relation)
{
	Form_pg_attribute attribute =
		TupleDescAttr(RelationGetDescr(relation), columns->attnums[i] - 1);
	int position = lancedb_table_field(table, columns->attnums[i]);
	const LdbField *field;
	LdbKeyForm form;

	if (position < 0)
		ereport(ERROR, (errcode(ERRCODE_FDW_COLUMN_NAME_NOT_FOUND),
						errmsg("column \"%s\" of the key is not in this version of the Lance table",
							   NameStr(attribute->attname))));
	field = table->manifest->schema.fields[position];
	if (!form_for(ldb_type_value(&field->type), getBaseType(attribute->atttypid), &form) ||
		!ldb_key_accepts(&field->type, form))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("column \"%s\" of type %s cannot be part of a unique key of a Lance "
							   "table",
							   NameStr(attribute->attname),
							   format_type_with_typemod(attribute->atttypid, attribute->atttypmod)),
						errdetail("Its Lance column is of type %s.",
								  lancedb_message_text(field->logical_type))));
	columns->fields[i] = field;
	columns->columns[i] = (LdbKeyColumn){field->id, form};
}

LancedbKeyColumns *
lancedb_key_columns(const LancedbTable *table, Relation relation, Relation index,
					MemoryContext context)
{
	LancedbKeyColumns *columns = MemoryContextAllocZero(context, sizeof(*columns));

	columns->count = IndexRelationGetNumberOfKeyAttributes(index);
	for (int i = 0; i < columns->count; i++)
	{
		columns->attnums[i] = index->rd_index->indkey.values[i];
		bind_column(columns, i, table, relation);
	}
	columns->spec = (LdbKeySpec){(size_t) columns->count, columns->columns,
								 index->rd_index->indnullsnotdistinct};
	return columns;
}

size_t
lancedb_key_field(const LdbSchema *schema, int32 field_id)
{
	for (size_t i = 0; i < schema->field_count; i++)
	{
		if (schema->fields[i]->id == field_id)
			return i;
	}
	elog(ERROR, "a column of the key is gone");
}
