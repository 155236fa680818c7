/* inspect.c -- SQL functions that tell what a Lance table consists of. */
#include "fdw/fdw.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

/* Locks the relation until the transaction ends and checks what a reader of it must be allowed. */
static void
check_readable_lance_table(Oid relid)
{
	Relation relation = table_open(relid, AccessShareLock);
	AclResult allowed = pg_class_aclcheck(relid, GetUserId(), ACL_SELECT);

	if (allowed != ACLCHECK_OK)
		aclcheck_error(allowed, get_relkind_objtype(relation->rd_rel->relkind),
					   RelationGetRelationName(relation));
	if (!lancedb_is_lance_table(relid))
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
						errmsg("\"%s\" is not a Lance table", RelationGetRelationName(relation)),
						errhint("Name a foreign table of a server that uses lancedb_fdw.")));
	table_close(relation, NoLock);
}

static void
put_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* Text from a file: UTF-8 when all is well. */
static Datum
file_text(const char *text)
{
	int length = (int) strlen(text);

	if (!pg_verify_mbstr(PG_UTF8, text, length, true))
		return CStringGetTextDatum(lancedb_message_text(text));
	return CStringGetTextDatum(pg_any_to_server(text, length, PG_UTF8));
}

static Datum
split_names(const char *names)
{
	ArrayBuildState *state = initArrayResult(TEXTOID, CurrentMemoryContext, false);
	char *rest = pstrdup(names);
	char *name;

	while ((name = strsep(&rest, ",")) != NULL)
	{
		if (*name != '\0')
			state = accumArrayResult(state, file_text(name), false, TEXTOID, CurrentMemoryContext);
	}
	return makeArrayResult(state, CurrentMemoryContext);
}

PG_FUNCTION_INFO_V1(lancedb_versions);

Datum
lancedb_versions(PG_FUNCTION_ARGS)
{
	Oid relid = PG_GETARG_OID(0);
	LancedbOptions *options;
	LdbArena *arena = lancedb_arena_new(CurrentMemoryContext);
	LdbVersionInfo *versions = NULL;
	size_t count = 0;
	LdbError err;

	check_readable_lance_table(relid);
	options = lancedb_table_options(relid);
	if (options->tag != NULL)
		options->branch =
			lancedb_table_open(relid, InvalidOid, 0, CurrentMemoryContext)->manifest->branch;
	lancedb_check(ldb_dataset_versions(lancedb_open_locations(options, CurrentMemoryContext),
									   options->uri, options->branch, arena, &versions, &count,
									   &lancedb_cancel, &err),
				  &err);
	InitMaterializedSRF(fcinfo, 0);
	for (size_t i = 0; i < count; i++)
	{
		const LdbVersionInfo *version = &versions[i];
		TimestampTz committed = version->timestamp_us - LANCEDB_EPOCH_US;
		Datum values[6] = {Int64GetDatum((int64) version->version),
						   TimestampTzGetDatum(committed),
						   (Datum) 0,
						   Int64GetDatum((int64) version->rows),
						   Int64GetDatum((int64) version->fragments),
						   split_names(version->tags)};
		bool nulls[6] = {false};

		nulls[1] = !IS_VALID_TIMESTAMP(committed);
		nulls[2] = version->operation == NULL;
		if (!nulls[2])
			values[2] = file_text(version->operation);
		put_row(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(lancedb_tags);

Datum
lancedb_tags(PG_FUNCTION_ARGS)
{
	Oid relid = PG_GETARG_OID(0);
	LancedbOptions *options;
	LdbArena *arena = lancedb_arena_new(CurrentMemoryContext);
	LdbTagInfo *tags = NULL;
	size_t count = 0;
	LdbError err;

	check_readable_lance_table(relid);
	options = lancedb_table_options(relid);
	lancedb_check(ldb_dataset_tags(lancedb_open_locations(options, CurrentMemoryContext),
								   options->uri, arena, &tags, &count, &lancedb_cancel, &err),
				  &err);
	InitMaterializedSRF(fcinfo, 0);
	for (size_t i = 0; i < count; i++)
	{
		Datum values[3] = {file_text(tags[i].name), (Datum) 0,
						   Int64GetDatum((int64) tags[i].version)};
		bool nulls[3] = {false, tags[i].branch == NULL, false};

		if (!nulls[1])
			values[1] = file_text(tags[i].branch);
		put_row(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

/* False when a file's size is not in the manifest. */
static bool
fragment_bytes(const LdbFragment *fragment, uint64 *bytes)
{
	*bytes = 0;
	for (size_t i = 0; i < fragment->file_count; i++)
	{
		if (fragment->files[i].size_bytes == 0)
			return false;
		*bytes += fragment->files[i].size_bytes;
	}
	return true;
}

PG_FUNCTION_INFO_V1(lancedb_fragments);

Datum
lancedb_fragments(PG_FUNCTION_ARGS)
{
	Oid relid = PG_GETARG_OID(0);
	const LdbManifest *manifest;

	check_readable_lance_table(relid);
	manifest = lancedb_table_open(relid, InvalidOid, 0, CurrentMemoryContext)->manifest;
	InitMaterializedSRF(fcinfo, 0);
	for (size_t i = 0; i < manifest->fragment_count; i++)
	{
		const LdbFragment *fragment = &manifest->fragments[i];
		uint64 deleted = fragment->physical_rows - ldb_fragment_live_rows(fragment);
		uint64 bytes;
		bool nulls[5] = {false};
		Datum values[5];

		nulls[4] = !fragment_bytes(fragment, &bytes);
		values[0] = Int64GetDatum((int64) fragment->id);
		values[1] = Int64GetDatum((int64) fragment->physical_rows);
		values[2] = Int64GetDatum((int64) deleted);
		values[3] = Int64GetDatum((int64) fragment->file_count);
		values[4] = Int64GetDatum((int64) bytes);
		put_row(fcinfo, values, nulls);
	}
	return (Datum) 0;
}
