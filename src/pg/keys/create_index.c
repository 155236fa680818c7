/* create_index.c -- CREATE UNIQUE INDEX on a Lance table, which the server itself refuses. */
#include "keys/keys_impl.h"

#include "fdw/fdw.h"

#include "access/genam.h"
#include "access/reloptions.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "commands/defrem.h"
#include "commands/tablecmds.h"
#include "commands/tablespace.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#define KEY_METHOD "lance_key"

/* What index_create wants to know about the columns. */
typedef struct IndexColumns
{
	List *names; /* of char * */
	AttrNumber attnums[INDEX_MAX_KEYS];
	Oid collations[INDEX_MAX_KEYS];
	Oid classes[INDEX_MAX_KEYS];
	int16 options[INDEX_MAX_KEYS];
} IndexColumns;

static void
refuse(const char *what, const char *hint)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("%s", what),
					hint == NULL ? 0 : errhint("%s", hint)));
}

static void
check_statement(const IndexStmt *stmt)
{
	if (strcmp(stmt->accessMethod, "btree") != 0 && strcmp(stmt->accessMethod, KEY_METHOD) != 0)
		refuse(
			psprintf("access method \"%s\" is not supported on Lance tables", stmt->accessMethod),
			"Unique indexes of access method " KEY_METHOD " are.");
	if (!stmt->unique)
		refuse("indexes on Lance tables must be unique", "Use CREATE UNIQUE INDEX.");
	if (stmt->whereClause != NULL)
		refuse("partial indexes on Lance tables are not supported", NULL);
	if (stmt->indexIncludingParams != NIL)
		refuse("indexes on Lance tables cannot include columns", NULL);
	if (list_length(stmt->indexParams) > INDEX_MAX_KEYS)
		ereport(ERROR, (errcode(ERRCODE_TOO_MANY_COLUMNS),
						errmsg("cannot use more than %d columns in an index", INDEX_MAX_KEYS)));
}

/* "(name)" is an expression to the parser. */
static const char *
column_of(const IndexElem *element)
{
	const ColumnRef *reference = (const ColumnRef *) element->expr;

	if (element->name != NULL)
		return element->name;
	if (!IsA(element->expr, ColumnRef) || list_length(reference->fields) != 1 ||
		!IsA(linitial(reference->fields), String))
		refuse("indexes on Lance tables cannot have expressions", NULL);
	return strVal(linitial(reference->fields));
}

static Oid
collation_for(const IndexElem *element, Form_pg_attribute attribute)
{
	Oid collation = attribute->attcollation;

	if (element->collation != NIL)
	{
		if (!OidIsValid(attribute->attcollation))
			ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
							errmsg("collations are not supported by type %s",
								   format_type_be(attribute->atttypid))));
		collation = get_collation_oid(element->collation, false);
	}
	if (OidIsValid(collation) && !get_collation_isdeterministic(collation))
		refuse(psprintf("column \"%s\" has a nondeterministic collation, which a unique index on a "
						"Lance table does not support",
						NameStr(attribute->attname)),
			   "Add COLLATE with a deterministic collation.");
	return collation;
}

static bool
is_named(const List *names, const char *name)
{
	ListCell *cell;

	foreach (cell, names)
	{
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	}
	return false;
}

/* A column may be in the key twice, its name in the catalog may not. */
static char *
free_name(const List *names, const char *name)
{
	char candidate[NAMEDATALEN];

	strlcpy(candidate, name, sizeof(candidate));
	for (int i = 1; is_named(names, candidate); i++)
	{
		char number[16];
		size_t length = (size_t) snprintf(number, sizeof(number), "%d", i);
		int room = pg_mbcliplen(name, (int) strlen(name), (int) (sizeof(candidate) - 1 - length));

		snprintf(candidate, sizeof(candidate), "%.*s%s", room, name, number);
	}
	return pstrdup(candidate);
}

static void
add_column(IndexColumns *columns, const IndexElem *element, Relation relation, Oid method)
{
	const char *name = column_of(element);
	AttrNumber attnum = get_attnum(RelationGetRelid(relation), name);
	int i = list_length(columns->names);
	Form_pg_attribute attribute;

	if (attnum == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN), errmsg("column \"%s\" does not exist", name)));
	if (attnum < 0)
		refuse("index creation on system columns is not supported", NULL);
	if (element->ordering != SORTBY_DEFAULT || element->nulls_ordering != SORTBY_NULLS_DEFAULT)
		refuse("unique indexes on Lance tables have no order",
			   "Leave out ASC, DESC and NULLS FIRST or LAST.");
	attribute = TupleDescAttr(RelationGetDescr(relation), attnum - 1);
	if (attribute->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL)
		refuse("indexes on virtual generated columns are not supported", NULL);
	columns->attnums[i] = attnum;
	columns->collations[i] = collation_for(element, attribute);
	columns->classes[i] = ResolveOpClass(element->opclass, attribute->atttypid, KEY_METHOD, method);
	columns->names = lappend(columns->names, free_name(columns->names, name));
}

static char *
choose_name(const IndexStmt *stmt, Relation relation, const List *columns)
{
	StringInfoData joined;
	ListCell *cell;

	if (stmt->idxname != NULL)
		return stmt->idxname;
	initStringInfo(&joined);
	foreach (cell, columns)
		appendStringInfo(&joined, "%s%s", foreach_current_index(cell) == 0 ? "" : "_",
						 (char *) lfirst(cell));
	return ChooseRelationName(RelationGetRelationName(relation), joined.data, "idx",
							  RelationGetNamespace(relation), false);
}

/* True when the statement ends here, as IF NOT EXISTS asked for. */
static bool
exists_already(const IndexStmt *stmt, Relation relation)
{
	if (stmt->idxname == NULL ||
		!OidIsValid(get_relname_relid(stmt->idxname, RelationGetNamespace(relation))))
		return false;
	if (!stmt->if_not_exists)
		ereport(ERROR, (errcode(ERRCODE_DUPLICATE_TABLE),
						errmsg("relation \"%s\" already exists", stmt->idxname)));
	ereport(NOTICE, (errcode(ERRCODE_DUPLICATE_TABLE),
					 errmsg("relation \"%s\" already exists, skipping", stmt->idxname)));
	return true;
}

static void
check_create_right(Oid classid, Oid objectid, ObjectType type, const char *name)
{
	AclResult result = lancedb_check_create_right(classid, objectid);

	if (result != ACLCHECK_OK)
		aclcheck_error(result, type, name);
}

/* The index has no content, yet its empty file lies somewhere. */
static Oid
tablespace_for(const IndexStmt *stmt)
{
	Oid tablespace = stmt->tableSpace != NULL
						 ? get_tablespace_oid(stmt->tableSpace, false)
						 : GetDefaultTablespace(RELPERSISTENCE_PERMANENT, false);

	if (tablespace == GLOBALTABLESPACE_OID)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("only shared relations can be placed in pg_global tablespace")));
	if (OidIsValid(tablespace) && tablespace != MyDatabaseTableSpace)
		check_create_right(TableSpaceRelationId, tablespace, OBJECT_TABLESPACE,
						   get_tablespace_name(tablespace));
	return tablespace;
}

static Datum
storage_options(const IndexStmt *stmt, Oid handler)
{
	static char *namespaces[] = {NULL};
	Datum options = transformRelOptions((Datum) 0, stmt->options, NULL, namespaces, false, false);

	(void) index_reloptions(GetIndexAmRoutine(handler)->amoptions, options, true);
	return options;
}

static Oid
find_method(Oid *handler)
{
	HeapTuple tuple = SearchSysCache1(AMNAME, CStringGetDatum(KEY_METHOD));
	Oid method;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
						errmsg("access method \"%s\" does not exist", KEY_METHOD),
						errhint("Update the extension lancedb.")));
	method = ((Form_pg_am) GETSTRUCT(tuple))->oid;
	*handler = ((Form_pg_am) GETSTRUCT(tuple))->amhandler;
	ReleaseSysCache(tuple);
	return method;
}

static Oid
create(const IndexStmt *stmt, Relation relation)
{
	IndexColumns columns = {0};
	Oid handler;
	Oid method = find_method(&handler);
	Oid tablespace = tablespace_for(stmt);
	IndexInfo *info;
	ListCell *cell;
	Datum options;

	foreach (cell, stmt->indexParams)
		add_column(&columns, lfirst_node(IndexElem, cell), relation, method);
	options = storage_options(stmt, handler);
	info = lancedb_index_info(list_length(columns.names), method, true, stmt->nulls_not_distinct);
	memcpy(info->ii_IndexAttrNumbers, columns.attnums,
		   sizeof(AttrNumber) * list_length(columns.names));
	return lancedb_index_create(relation, choose_name(stmt, relation, columns.names), info,
								columns.names, tablespace, columns.collations, columns.classes,
								columns.options, options, INDEX_CREATE_SKIP_BUILD);
}

static Relation
lock_table(const IndexStmt *stmt)
{
	/* also with CONCURRENTLY: nobody may add keys while they are looked at, and that is quick */
	Oid relid =
		RangeVarGetRelidExtended(stmt->relation, ShareLock, 0, RangeVarCallbackOwnsRelation, NULL);
	Relation relation = table_open(relid, NoLock);

	if (!lancedb_is_lance_table(relid))
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
						errmsg("\"%s\" is not a Lance table", RelationGetRelationName(relation))));
	return relation;
}

/*
 * pg_upgrade makes the index as it was, and the store may be elsewhere. A restore must work while the
 * store is away: scripts of pg_dump turn check_function_bodies off, and a table may say so itself.
 */
static bool
can_verify(Oid relid)
{
	LancedbVersion newest;

	if (IsBinaryUpgrade)
		return false;
	if ((check_function_bodies && !lancedb_leaves_storage_alone(relid)) ||
		lancedb_open_newest(lancedb_table_options(relid), CurrentMemoryContext, &newest) != NULL)
		return true;
	ereport(WARNING, (errmsg("keys of Lance table \"%s\" could not be checked for duplicates",
							 get_rel_name(relid)),
					  errdetail("Its dataset is not there."), errhint("REINDEX checks them.")));
	return false;
}

void
lancedb_create_index(struct IndexStmt *stmt, const char *query_string)
{
	Relation relation = lock_table(stmt);
	Relation index;
	Oid created;

	check_statement(stmt);
	CheckTableNotInUse(relation, "CREATE INDEX");
	check_create_right(NamespaceRelationId, RelationGetNamespace(relation), OBJECT_SCHEMA,
					   get_namespace_name(RelationGetNamespace(relation)));
	if (!exists_already(stmt, relation))
	{
		created = create(stmt, relation);
		CommandCounterIncrement();
		index = index_open(created, NoLock);
		if (can_verify(RelationGetRelid(relation)))
			lancedb_verify_keys(relation, index);
		index_close(index, NoLock);
	}
	table_close(relation, NoLock);
}
