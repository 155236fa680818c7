/* describe.c -- a key in the words of the server's messages: (id)=(1). */
#include "keys/keys_impl.h"

#include "lib/stringinfo.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/ruleutils.h"

#include "lancedb/convert.h"

/* Values of a row that the user may not read must not come to light in a message. */
static bool
may_see_key(Relation relation, Relation index)
{
	Oid relid = RelationGetRelid(relation);

	if (check_enable_rls(relid, InvalidOid, true) == RLS_ENABLED)
		return false;
	if (pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK)
		return true;
	for (int i = 0; i < IndexRelationGetNumberOfKeyAttributes(index); i++)
	{
		if (pg_attribute_aclcheck(relid, index->rd_index->indkey.values[i], GetUserId(),
								  ACL_SELECT) != ACLCHECK_OK)
			return false;
	}
	return true;
}

/* BuildIndexValueDescription would print with the operator class's type, and ours has none. */
char *
lancedb_describe_values(Relation relation, Relation index, const Datum *values, const bool *isnull)
{
	StringInfoData text;

	if (!may_see_key(relation, index))
		return NULL;
	initStringInfo(&text);
	appendStringInfo(&text, "(%s)=(", pg_get_indexdef_columns(RelationGetRelid(index), true));
	for (int i = 0; i < IndexRelationGetNumberOfKeyAttributes(index); i++)
	{
		Oid typid = TupleDescAttr(RelationGetDescr(relation), index->rd_index->indkey.values[i] - 1)
						->atttypid;
		Oid function;
		bool is_varlena;

		getTypeOutputInfo(typid, &function, &is_varlena);
		appendStringInfo(&text, "%s%s", i == 0 ? "" : ", ",
						 isnull[i] ? "null" : OidOutputFunctionCall(function, values[i]));
	}
	appendStringInfoChar(&text, ')');
	return text.data;
}

static void
close_take(void *take)
{
	ldb_take_close(take);
}

char *
lancedb_describe_row(const LancedbKeyColumns *columns, Relation relation, Relation index,
					 LdbDataset *dataset, uint64 address)
{
	const LdbManifest *manifest = ldb_dataset_manifest(dataset);
	size_t fields[INDEX_MAX_KEYS];
	Datum values[INDEX_MAX_KEYS];
	bool isnull[INDEX_MAX_KEYS];
	const LdbBatch *batch;
	LdbTake *take;
	LdbError err;

	for (int i = 0; i < columns->count; i++)
		fields[i] = lancedb_key_field(&manifest->schema, columns->columns[i].field_id);
	lancedb_check(
		ldb_take_open(dataset, fields, (size_t) columns->count, &lancedb_cancel, &take, &err),
		&err);
	lancedb_own(CurrentMemoryContext, take, close_take);
	lancedb_check(ldb_take_rows(take, &address, 1, &batch, &err), &err);
	for (int i = 0; i < columns->count; i++)
	{
		Form_pg_attribute attribute =
			TupleDescAttr(RelationGetDescr(relation), columns->attnums[i] - 1);
		LancedbConverter *converter =
			lancedb_converter_new(manifest->schema.fields[fields[i]], NameStr(attribute->attname),
								  attribute->atttypid, attribute->atttypmod);

		values[i] = lancedb_convert(converter, &batch->columns[i], 0, address, &isnull[i]);
	}
	return lancedb_describe_values(relation, index, values, isnull);
}
