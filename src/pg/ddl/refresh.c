/* refresh.c -- lancedb.refresh(): declares the columns that other writers added. */
#include "fdw/fdw.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "ddl/alter.h"
#include "lancedb/convert.h"

static void
close_dataset(void *dataset)
{
	ldb_dataset_close(dataset);
}

/* As this transaction sees the Lance table, whether or not the declared columns fit it. */
static const LdbManifest *
manifest_of(Oid relid, const LancedbOptions *options)
{
	LancedbWrite *write =
		lancedb_reads_newest(options) ? lancedb_write_find(lancedb_canonical_uri(relid)) : NULL;
	LancedbVersion version;
	LdbDataset *dataset;
	LdbError err;

	if (write == NULL)
		dataset =
			lancedb_open_pinned(options, LANCEDB_PIN_EXECUTION, CurrentMemoryContext, &version);
	else
	{
		lancedb_check(ldb_draft_view(write->draft, UINT32_MAX, &dataset, &err), &err);
		lancedb_own(CurrentMemoryContext, dataset, close_dataset);
	}
	return ldb_dataset_manifest(dataset);
}

/* In the server's encoding. */
static List *
declared_columns(Oid relid, List **names)
{
	Relation relation = table_open(relid, NoLock);
	List *columns = NIL;

	*names = NIL;
	for (int i = 0; i < RelationGetDescr(relation)->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(RelationGetDescr(relation), i);
		const char *name;

		if (column->attisdropped)
			continue;
		name = lancedb_server_name(lancedb_column_name(relation, (AttrNumber) (i + 1)));
		*names = lappend(*names, makeString(pstrdup(NameStr(column->attname))));
		if (name != NULL)
			columns = lappend(columns, makeString(pstrdup(name)));
	}
	table_close(relation, NoLock);
	return columns;
}

/* Their names may be taken by declared columns that stand for other ones. */
static void
rename_taken(LancedbInferredColumn *column, List *names)
{
	char *free_name = lancedb_free_name(pstrdup(column->name), names);

	if (strcmp(free_name, column->name) == 0)
		return;
	if (column->column_name == NULL)
		column->column_name = column->name;
	column->name = free_name;
}

static List *
missing_columns(Oid relid, const LdbManifest *manifest)
{
	List *names;
	List *declared = declared_columns(relid, &names);
	List *missing = NIL;
	ListCell *cell;

	foreach (cell, lancedb_columns_of(manifest, get_rel_name(relid)))
	{
		LancedbInferredColumn *column = lfirst(cell);
		const char *lance_name = column->column_name != NULL ? column->column_name : column->name;

		if (list_member(declared, makeString(pstrdup(lance_name))))
			continue;
		rename_taken(column, names);
		names = lappend(names, makeString(pstrdup(column->name)));
		missing = lappend(missing, column);
	}
	return missing;
}

PG_FUNCTION_INFO_V1(lancedb_refresh);

Datum
lancedb_refresh(PG_FUNCTION_ARGS)
{
	Oid relid = PG_GETARG_OID(0);
	ArrayBuildState *result = initArrayResult(TEXTOID, CurrentMemoryContext, false);
	LancedbOptions *options;
	List *columns;
	ListCell *cell;

	PreventCommandIfReadOnly("lancedb.refresh()");
	options = lancedb_owned_table(relid);
	columns = missing_columns(relid, manifest_of(relid, options));
	if (columns != NIL)
		lancedb_declare_columns(relid, columns);
	foreach (cell, columns)
		result = accumArrayResult(
			result, CStringGetTextDatum(((LancedbInferredColumn *) lfirst(cell))->name), false,
			TEXTOID, CurrentMemoryContext);
	PG_RETURN_DATUM(makeArrayResult(result, CurrentMemoryContext));
}
