/* table.c -- binds a foreign table to one version of its dataset, column by column. */
#include "fdw/fdw.h"

#include "access/table.h"
#include "commands/defrem.h"
#include "foreign/foreign.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "lancedb/convert.h"

/* lancedb.as_of chooses for tables that have no choice of their own. */
static void
apply_setting(LancedbOptions *options)
{
	if (options->version != 0 || options->tag != NULL || options->as_of != NULL ||
		lancedb_as_of == NULL || *lancedb_as_of == '\0')
		return;
	if (lancedb_as_of_is_version(lancedb_as_of, &options->version))
		return;
	if (lancedb_as_of_is_tag(lancedb_as_of, &options->tag))
		options->tag = pg_server_to_any(options->tag, strlen(options->tag), PG_UTF8);
	else
		options->as_of = pstrdup(lancedb_as_of);
}

static LdbVersionChoice
choose_version(const LancedbOptions *options)
{
	LdbVersionChoice choice = {
		.version = options->version, .tag = options->tag, .branch = options->branch};

	if (options->as_of != NULL)
	{
		choice.has_as_of = true;
		choice.as_of_us = lancedb_parse_as_of(options->as_of);
	}
	return choice;
}

/* With its length, so that no text can look like the end of one and the start of the next. */
static void
add_to_key(StringInfo key, const char *text)
{
	if (text == NULL)
		appendStringInfoString(key, "-\n");
	else
		appendStringInfo(key, "%zu %s\n", strlen(text), text);
}

/* Everything that decides what a version number means: who may look where, dataset and branch. */
static char *
dataset_key(const LancedbOptions *options)
{
	StringInfoData key;
	ListCell *cell;

	initStringInfo(&key);
	add_to_key(&key, options->uri);
	add_to_key(&key, options->server_uri);
	add_to_key(&key, options->branch);
	add_to_key(&key, options->tag);
	foreach (cell, options->allowed_base_paths)
		add_to_key(&key, lfirst(cell));
	return key.data;
}

static LancedbVersion
resolve_version(const LancedbOptions *options, const LdbVersionChoice *choice)
{
	LdbLocations *locations = lancedb_open_locations(options, CurrentMemoryContext);
	LancedbVersion version;
	LdbError err;

	lancedb_check(ldb_dataset_resolve(locations, options->uri, choice, &lancedb_cancel,
									  &version.number, version.identity, &err),
				  &err);
	return version;
}

static LancedbVersion
pinned_version(const LancedbOptions *options, const LdbVersionChoice *choice, const char *key,
			   LancedbPinPurpose purpose, MemoryContext context)
{
	char *pin_key = psprintf("%s\n" UINT64_FORMAT "\n" INT64_FORMAT, key, choice->version,
							 choice->has_as_of ? choice->as_of_us : 0);
	LancedbVersion version;

	if (lancedb_pin_find(pin_key, purpose, context, &version))
		return version;
	version = resolve_version(options, choice);
	lancedb_pin_add(pin_key, purpose, context, &version);
	return version;
}

static LdbDataset *
open_dataset(const LancedbOptions *options, uint64 wanted, LancedbPinPurpose purpose,
			 MemoryContext context, uint64 identity[2])
{
	LdbVersionChoice choice = choose_version(options);
	char *key = dataset_key(options);
	LancedbVersion version;
	LdbDataset *dataset;

	if (wanted != 0)
	{
		choice = (LdbVersionChoice){
			.version = options->tag == NULL ? wanted : 0,
			.tag = options->tag,
			.branch = options->branch,
		};
		version = resolve_version(options, &choice);
	}
	else
		version = pinned_version(options, &choice, key, purpose, context);
	if (wanted != 0 && version.number != wanted)
		ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
						errmsg("tag \"%s\" of \"%s\" was moved while the query ran", options->tag,
							   options->uri)));
	memcpy(identity, version.identity, sizeof(version.identity));
	dataset = lancedb_cache_find(key, &version, context);
	if (dataset != NULL)
		return dataset;
	choice.has_as_of = false;
	if (choice.tag == NULL)
		choice.version = version.number;
	return lancedb_cache_open(options, key, &choice, &version, context);
}

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

static LancedbTable *
open_table(Oid relid, uint64 version, LancedbPinPurpose purpose, MemoryContext context)
{
	MemoryContext scratch =
		AllocSetContextCreate(CurrentMemoryContext, "lancedb table", ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(scratch);
	LancedbOptions *options = lancedb_table_options(relid);
	LancedbTable *table = MemoryContextAllocZero(context, sizeof(*table));
	Relation relation = table_open(relid, NoLock);

	apply_setting(options);
	table->relid = relid;
	table->dataset = open_dataset(options, version, purpose, context, table->identity);
	table->manifest = ldb_dataset_manifest(table->dataset);
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
	return open_table(relid, version, LANCEDB_PIN_EXECUTION, context);
}

LancedbTable *
lancedb_table_open_for_planning(Oid relid, Oid userid, MemoryContext context)
{
	return open_table(relid, 0, LANCEDB_PIN_PLANNING, context);
}

/* By address: the wrapper may have been renamed, the library is what makes it ours. */
static bool
is_lance_server(Oid serverid)
{
	Oid handler = GetForeignDataWrapper(GetForeignServer(serverid)->fdwid)->fdwhandler;
	FmgrInfo function;

	if (!OidIsValid(handler))
		return false;
	fmgr_info(handler, &function);
	return function.fn_addr == lancedb_fdw_handler;
}

bool
lancedb_is_lance_table(Oid relid)
{
	return get_rel_relkind(relid) == RELKIND_FOREIGN_TABLE &&
		   is_lance_server(GetForeignServerIdByRelId(relid));
}

int
lancedb_table_field(const LancedbTable *table, AttrNumber attnum)
{
	if (attnum < 1 || attnum > table->column_count)
		return -1;
	return table->fields[attnum - 1];
}
