/* table.c -- binds a foreign table to one version of its dataset, column by column. */
#include "fdw/fdw.h"

#include "access/table.h"
#include "catalog/pg_proc.h"
#include "commands/defrem.h"
#include "foreign/foreign.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "lancedb/convert.h"
#include "xact/xact.h"

static void
check_dimension(Relation relation, AttrNumber attnum, const LdbField *field)
{
	ListCell *cell;

	if (field->type.kind != LDB_TYPE_FIXED_SIZE_LIST)
		return;
	foreach (cell, GetForeignColumnOptions(RelationGetRelid(relation), attnum))
	{
		DefElem *option = lfirst(cell);

		if (strcmp(option->defname, "dim") == 0 &&
			strtol(defGetString(option), NULL, 10) != field->type.width)
			ereport(ERROR,
					(errcode(ERRCODE_FDW_INVALID_DATA_TYPE),
					 errmsg("column \"%s\" is declared with %s dimensions, its Lance column has %d",
							NameStr(TupleDescAttr(RelationGetDescr(relation), attnum - 1)->attname),
							defGetString(option), field->type.width)));
	}
}

/* A column that is there, but of a type that the core does not read, must not look like NULLs. */
static void
check_readable(const LdbManifest *manifest, const char *attribute, const char *lance_name)
{
	for (size_t i = 0; i < manifest->unread_count; i++)
	{
		if (strcmp(manifest->unread[i].name, lance_name) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_FDW_INVALID_DATA_TYPE),
					 errmsg("column \"%s\" is of Lance type %s, which cannot be read", attribute,
							lancedb_message_text(manifest->unread[i].logical_type)),
					 errhint("Drop the column from the foreign table.")));
	}
}

/*
 * An earlier version may not have had the column yet: it reads as NULL there. In the newest one, a
 * column that is not there is a slip of the pen, or was dropped or renamed by another writer.
 */
static void
check_present(const LancedbOptions *options, Relation relation, const char *attribute,
			  const char *lance_name)
{
	if (options->version != 0 || options->tag != NULL || options->as_of != NULL)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FDW_COLUMN_NAME_NOT_FOUND),
			 errmsg("column \"%s\" of foreign table \"%s\" does not exist in its Lance table",
					attribute, RelationGetRelationName(relation)),
			 strcmp(attribute, lance_name) == 0
				 ? 0
				 : errdetail("Its option column_name is \"%s\".", lancedb_message_text(lance_name)),
			 errhint("Drop the column from the foreign table, or set its option column_name.")));
}

/* Fills table->fields; converters are made only to see whether they can be made. */
static void
bind_columns(LancedbTable *table, const LancedbOptions *options, Relation relation)
{
	TupleDesc descriptor = RelationGetDescr(relation);

	table->column_count = descriptor->natts;
	for (int i = 0; i < descriptor->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(descriptor, i);
		AttrNumber attnum = (AttrNumber) (i + 1);
		const LdbField *field;
		const char *name;

		table->fields[i] = -1;
		/* the server computes virtual columns itself */
		if (attribute->attisdropped || attribute->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL)
			continue;
		name = lancedb_column_name(relation, attnum);
		check_readable(table->manifest, NameStr(attribute->attname), name);
		table->fields[i] = (int) ldb_schema_index(&table->manifest->schema, name);
		if (table->fields[i] < 0)
		{
			check_present(options, relation, NameStr(attribute->attname), name);
			continue;
		}
		field = table->manifest->schema.fields[table->fields[i]];
		check_dimension(relation, attnum, field);
		(void) lancedb_converter_new(field, NameStr(attribute->attname), attribute->atttypid,
									 attribute->atttypmod);
	}
}

/* Which version a table is opened at: the statement's, or what a parallel worker was told. */
typedef struct TableVersion
{
	LancedbPinPurpose purpose;
	uint64 number;   /* 0 = the statement's */
	LdbSlice change; /* of the leader's transaction, on top of that; empty = none */
} TableVersion;

static void
open_dataset(LancedbTable *table, const LancedbOptions *options, const TableVersion *wanted,
			 MemoryContext context)
{
	LancedbVersion version = {0};

	if (wanted->change.length > 0)
		table->dataset =
			lancedb_view_unpack(options, wanted->number, wanted->change, context, &version);
	else if (wanted->number != 0)
		table->dataset = lancedb_open_numbered(options, wanted->number, context, &version);
	else if ((table->write = lancedb_write_seen_by(options)) != NULL)
		table->dataset =
			lancedb_write_view(table->write, options, wanted->purpose, context, &version);
	else
		table->dataset = lancedb_open_pinned(options, wanted->purpose, context, &version);
	memcpy(table->identity, version.identity, sizeof(version.identity));
	table->manifest = ldb_dataset_manifest(table->dataset);
}

static LancedbTable *
open_table(Oid relid, const TableVersion *wanted, MemoryContext context)
{
	MemoryContext scratch =
		AllocSetContextCreate(CurrentMemoryContext, "lancedb table", ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(scratch);
	LancedbOptions *options = lancedb_table_options(relid);
	LancedbTable *table = MemoryContextAllocZero(context, sizeof(*table));
	Relation relation = table_open(relid, NoLock);

	lancedb_apply_as_of(options);
	table->relid = relid;
	open_dataset(table, options, wanted, context);
	table->uri = MemoryContextStrdup(context, options->uri);
	table->fields =
		MemoryContextAllocZero(context, sizeof(int) * RelationGetNumberOfAttributes(relation));
	bind_columns(table, options, relation);
	table_close(relation, NoLock);
	MemoryContextSwitchTo(before);
	MemoryContextDelete(scratch);
	return table;
}

LancedbTable *
lancedb_table_open(Oid relid, Oid userid, uint64 version, MemoryContext context)
{
	TableVersion wanted = {.purpose = LANCEDB_PIN_EXECUTION, .number = version};

	return open_table(relid, &wanted, context);
}

LancedbTable *
lancedb_table_open_for_planning(Oid relid, Oid userid, MemoryContext context)
{
	TableVersion wanted = {.purpose = LANCEDB_PIN_PLANNING};

	return open_table(relid, &wanted, context);
}

LancedbTable *
lancedb_table_open_shared(Oid relid, Oid userid, uint64 version, LdbSlice change,
						  MemoryContext context)
{
	TableVersion wanted = {LANCEDB_PIN_EXECUTION, version, change};

	return open_table(relid, &wanted, context);
}

/* Of another wrapper's handler the library may be missing, or not be wanted in this session. */
static bool
looks_like_ours(Oid handler)
{
	HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(handler));
	bool isnull;
	Datum symbol;
	bool same;

	if (!HeapTupleIsValid(tuple))
		return false;
	symbol = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &isnull);
	same = !isnull && strcmp(TextDatumGetCString(symbol), "lancedb_fdw_handler") == 0;
	ReleaseSysCache(tuple);
	return same;
}

/* By address: the wrapper may have been renamed, the library is what makes it ours. */
bool
lancedb_is_lance_server(Oid serverid)
{
	Oid handler = GetForeignDataWrapper(GetForeignServer(serverid)->fdwid)->fdwhandler;
	FmgrInfo function;

	if (!OidIsValid(handler) || !looks_like_ours(handler))
		return false;
	fmgr_info(handler, &function);
	return function.fn_addr == lancedb_fdw_handler;
}

bool
lancedb_is_lance_table(Oid relid)
{
	return get_rel_relkind(relid) == RELKIND_FOREIGN_TABLE &&
		   lancedb_is_lance_server(GetForeignServerIdByRelId(relid));
}

int
lancedb_table_field(const LancedbTable *table, AttrNumber attnum)
{
	if (attnum < 1 || attnum > table->column_count)
		return -1;
	return table->fields[attnum - 1];
}
