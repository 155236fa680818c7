/* create.c -- makes the dataset of CREATE FOREIGN TABLE t (columns), or checks the one there is. */
#include "ddl/created.h"

#include "access/table.h"
#include "commands/event_trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "ddl/alter.h"
#include "lancedb/convert.h"
#include "lancedb/write.h"

/* ---- the schema ---- */

static void
check_new_name(const LdbSchema *schema, const char *lance_name, const char *column_name)
{
	lancedb_check_new_name(lance_name, column_name);
	if (ldb_schema_index(schema, lance_name) >= 0)
		ereport(ERROR, (errcode(ERRCODE_DUPLICATE_COLUMN),
						errmsg("Lance column \"%s\" is specified more than once",
							   lancedb_message_text(lance_name)),
						errdetail("It is that of column \"%s\" and of another one.", column_name)));
}

/* Depth first, as Lance numbers the fields of a new table. */
static int32
number_fields(LdbField *field, int32 parent, int32 next)
{
	field->parent_id = parent;
	field->id = next++;
	for (size_t i = 0; i < field->child_count; i++)
		next = number_fields(field->children[i], field->id, next);
	return next;
}

static LdbSchema *
schema_of(Relation relation, LdbArena *arena)
{
	TupleDesc columns = RelationGetDescr(relation);
	LdbSchema *schema = palloc0(sizeof(*schema));
	int32 next_id = 0;

	schema->fields = palloc0(sizeof(*schema->fields) * columns->natts);
	for (int i = 0; i < columns->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(columns, i);
		const char *lance_name;
		LdbField *field;

		/* the server computes virtual columns itself */
		if (column->attisdropped || column->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL)
			continue;
		lance_name = lancedb_column_name(relation, column->attnum);
		check_new_name(schema, lance_name, NameStr(column->attname));
		field = lancedb_field_for(
			lance_name, NameStr(column->attname), column->atttypid, column->atttypmod,
			lancedb_column_dimension(RelationGetRelid(relation), column->attnum),
			!column->attnotnull, arena);
		next_id = number_fields(field, -1, next_id);
		schema->fields[schema->field_count++] = field;
	}
	return schema;
}

/* ---- the dataset ---- */

static bool
is_there(Oid relid, const LancedbOptions *options)
{
	LdbLocations *locations;
	LdbVersionChoice newest = {0};
	uint64 identity[2];
	uint64 version;
	LdbError err;
	LdbStatus status;

	/* made earlier in this transaction */
	if (lancedb_write_find(lancedb_canonical_uri(relid)) != NULL)
		return true;
	locations = lancedb_open_locations(options, CurrentMemoryContext);
	status = ldb_dataset_resolve(locations, options->uri, &newest, &lancedb_cancel, &version,
								 identity, &err);
	if (status != LDB_NOT_FOUND)
		lancedb_check(status, &err);
	return status == LDB_OK;
}

static void
create_dataset(Oid relid, const LancedbOptions *options)
{
	LdbArena *arena = lancedb_arena_new(CurrentMemoryContext);
	Relation relation = table_open(relid, AccessShareLock);
	LdbNewTable table = {
		.schema = schema_of(relation, arena),
		.data_version = options->data_version,
		.stable_row_ids = options->stable_row_ids,
	};

	table_close(relation, NoLock);
	(void) lancedb_write_create(relid, &table);
}

static void
create_or_check(Oid relid)
{
	LancedbOptions *options;

	if (lancedb_leaves_storage_alone(relid))
		return;
	options = lancedb_table_options(relid);
	/* a table at a certain version or of a branch is never made by us */
	if (lancedb_reads_newest(options) && lancedb_count_columns(relid) > 0 &&
		!is_there(relid, options))
		create_dataset(relid, options);
	else
		(void) lancedb_table_open(relid, InvalidOid, 0, CurrentMemoryContext);
}

/*
 * Scripts of pg_dump give columns their options by later commands, so a table would be made, or found
 * wanting, under wrong names and without dimensions. They say that what they make is not to be
 * checked; it refers to a dataset that was there when it was dumped.
 */
static bool
is_restore(void)
{
	return !check_function_bodies;
}

PG_FUNCTION_INFO_V1(lancedb_create_dataset);

Datum
lancedb_create_dataset(PG_FUNCTION_ARGS)
{
	const Node *statement;
	Oid relid;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("lancedb.create_dataset is called by its event trigger only")));
	statement = ((EventTriggerData *) fcinfo->context)->parsetree;
	if (IsBinaryUpgrade || is_restore() || !IsA(statement, CreateForeignTableStmt) ||
		lancedb_says_nothing_of_columns(statement))
		PG_RETURN_NULL();
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	relid = lancedb_created_table();
	if (OidIsValid(relid))
		create_or_check(relid);
	SPI_finish();
	PG_RETURN_NULL();
}
