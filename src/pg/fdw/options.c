/* options.c -- options of servers, tables and columns: their names, values and meaning. */
#include "fdw/fdw.h"

#include "access/reloptions.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_user_mapping.h"
#include "commands/defrem.h"
#include "common/int.h"
#include "foreign/foreign.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"

/* How many letters a misspelled name may differ in and still be recognized. */
#define NEAR_MATCH_DISTANCE 4

typedef struct OptionRule
{
	const char *name;
	Oid catalog; /* of the objects that take it */
	void (*check)(const DefElem *option);
} OptionRule;

static void
check_uri(const DefElem *option)
{
	const char *path = lancedb_local_path(defGetString((DefElem *) option));

	lancedb_check_may_read_files(option->defname);
	lancedb_check_outside_data_directory(path);
}

static List *
split_paths(const char *value)
{
	List *paths = NIL;
	char *rest = pstrdup(value);
	char *path;

	while ((path = strsep(&rest, ",")) != NULL)
	{
		path += strspn(path, " \t\n");
		path[strcspn(path, "\n\t")] = '\0';
		while (*path != '\0' && path[strlen(path) - 1] == ' ')
			path[strlen(path) - 1] = '\0';
		if (*path != '\0')
			paths = lappend(paths, path);
	}
	return paths;
}

static void
check_allowed_base_paths(const DefElem *option)
{
	ListCell *cell;

	lancedb_check_superuser(option->defname);
	foreach (cell, split_paths(defGetString((DefElem *) option)))
		lancedb_check_outside_data_directory(lancedb_local_path(lfirst(cell)));
}

static void
invalid_value(const DefElem *option, const char *expected)
{
	ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
					errmsg("invalid value for option \"%s\": \"%s\"", option->defname,
						   defGetString((DefElem *) option)),
					errdetail("It must be %s.", expected)));
}

/* A whole number from 1 to max, or 0. */
static uint64
parse_positive(const char *text, uint64 max)
{
	uint64 value = 0;

	for (const char *c = text; *c != '\0'; c++)
	{
		if (*c < '0' || *c > '9' || value > (max - (uint64) (*c - '0')) / 10)
			return 0;
		value = value * 10 + (uint64) (*c - '0');
	}
	return value;
}

static void
check_version(const DefElem *option)
{
	if (parse_positive(defGetString((DefElem *) option), PG_INT64_MAX) == 0)
		invalid_value(option, "a version number, 1 or greater");
}

static void
check_dimension(const DefElem *option)
{
	if (parse_positive(defGetString((DefElem *) option), PG_INT32_MAX) == 0)
		invalid_value(option, "a number of dimensions, 1 or greater");
}

static void
check_as_of(const DefElem *option)
{
	const char *value = defGetString((DefElem *) option);
	uint64 version;
	const char *tag;

	if (!lancedb_as_of_is_version(value, &version) && !lancedb_as_of_is_tag(value, &tag))
		(void) lancedb_parse_as_of(value);
}

static void
check_not_empty(const DefElem *option)
{
	if (*defGetString((DefElem *) option) == '\0')
		invalid_value(option, "a name that is not empty");
}

/* Lance has columns without a name. */
static void
check_column_name(const DefElem *option)
{
	(void) defGetString((DefElem *) option);
}

static void
check_boolean(const DefElem *option)
{
	(void) defGetBoolean((DefElem *) option);
}

/* 'auto' says what holds without the option: what DROP would do, for ALTER .. SET. */
static void
check_create(const DefElem *option)
{
	const char *value = defGetString((DefElem *) option);

	if (strcmp(value, "never") != 0 && strcmp(value, "auto") != 0)
		invalid_value(option, "\"never\" or \"auto\"");
}

/* Versions of the file format that new tables may have; the first is the default. */
static const char *const data_versions[] = {"2.1", "2.0", "2.2"};

static const char *
find_data_version(const char *value)
{
	for (int i = 0; i < lengthof(data_versions); i++)
	{
		if (strcmp(value, data_versions[i]) == 0)
			return data_versions[i];
	}
	return NULL;
}

static void
check_data_version(const DefElem *option)
{
	if (find_data_version(defGetString((DefElem *) option)) == NULL)
		invalid_value(option, "\"2.0\", \"2.1\" or \"2.2\"");
}

/* Also one below the folder is refused: it may be a folder of another table's files. */
static void
check_table_name(const char *name, const char *hint)
{
	if (strchr(name, '/') != NULL)
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("table name \"%s\" leads outside of the server's folder", name),
						errhint("A table's name has no \"/\"; %s", hint)));
}

static void
check_table(const DefElem *option)
{
	check_not_empty(option);
	check_table_name(defGetString((DefElem *) option),
					 "use option \"uri\" for a table that lies elsewhere.");
}

static const OptionRule rules[] = {
	{"uri", ForeignServerRelationId, check_uri},
	{"allowed_base_paths", ForeignServerRelationId, check_allowed_base_paths},
	{"updatable", ForeignServerRelationId, check_boolean},
	{"propagate_ddl", ForeignServerRelationId, check_boolean},
	{"table", ForeignTableRelationId, check_table},
	{"uri", ForeignTableRelationId, check_uri},
	{"version", ForeignTableRelationId, check_version},
	{"tag", ForeignTableRelationId, check_not_empty},
	{"branch", ForeignTableRelationId, check_not_empty},
	{"as_of", ForeignTableRelationId, check_as_of},
	{"updatable", ForeignTableRelationId, check_boolean},
	{"propagate_ddl", ForeignTableRelationId, check_boolean},
	{"create", ForeignTableRelationId, check_create},
	{"stable_row_ids", ForeignTableRelationId, check_boolean},
	{"data_storage_version", ForeignTableRelationId, check_data_version},
	{"column_name", AttributeRelationId, check_column_name},
	{"dim", AttributeRelationId, check_dimension},
};

/* "Perhaps you meant ..." for near misses, then all names that are valid here. */
static char *
valid_names_hint(const char *given, Oid catalog)
{
	StringInfoData names;
	const char *nearest = NULL;
	int best = Min(NEAR_MATCH_DISTANCE, (int) strlen(given) / 2) + 1;

	initStringInfo(&names);
	for (int i = 0; i < lengthof(rules); i++)
	{
		int distance;

		if (rules[i].catalog != catalog)
			continue;
		appendStringInfo(&names, "%s%s", names.len == 0 ? "" : ", ", rules[i].name);
		if (strlen(given) >= NAMEDATALEN)
			continue;
		distance = varstr_levenshtein_less_equal(given, strlen(given), rules[i].name,
												 strlen(rules[i].name), 1, 1, 1, best, true);
		if (distance < best)
		{
			best = distance;
			nearest = rules[i].name;
		}
	}
	if (names.len == 0)
		return catalog == UserMappingRelationId
				   ? "User mappings take no options: Lance tables in local folders need no "
					 "credentials."
				   : "There are no valid options in this context.";
	if (nearest != NULL)
		return psprintf(
			"Perhaps you meant the option \"%s\". Valid options in this context are: %s", nearest,
			names.data);
	return psprintf("Valid options in this context are: %s", names.data);
}

static const OptionRule *
find_rule(const char *name, Oid catalog)
{
	for (int i = 0; i < lengthof(rules); i++)
	{
		if (rules[i].catalog == catalog && strcmp(rules[i].name, name) == 0)
			return &rules[i];
	}
	ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_OPTION_NAME), errmsg("invalid option \"%s\"", name),
					errhint("%s", valid_names_hint(name, catalog))));
}

bool
lancedb_chooses_version(const char *name)
{
	return strcmp(name, "version") == 0 || strcmp(name, "tag") == 0 || strcmp(name, "as_of") == 0;
}

PG_FUNCTION_INFO_V1(lancedb_fdw_validator);

Datum
lancedb_fdw_validator(PG_FUNCTION_ARGS)
{
	List *options = untransformRelOptions(PG_GETARG_DATUM(0));
	Oid catalog = PG_GETARG_OID(1);
	const char *chosen_by = NULL;
	ListCell *cell;

	foreach (cell, options)
	{
		DefElem *option = lfirst(cell);

		find_rule(option->defname, catalog)->check(option);
		if (!lancedb_chooses_version(option->defname))
			continue;
		if (chosen_by != NULL)
			ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
							errmsg("options \"%s\" and \"%s\" exclude each other", chosen_by,
								   option->defname),
							errhint("Choose one of version, tag and as_of.")));
		chosen_by = option->defname;
	}
	PG_RETURN_VOID();
}

int64
lancedb_parse_as_of(const char *text)
{
	TimestampTz when = DatumGetTimestampTz(DirectFunctionCall3(
		timestamptz_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));

	if (TIMESTAMP_NOT_FINITE(when))
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("as_of must be a finite timestamp")));
	/* what is later than 64 bits can tell is later than every version */
	return pg_add_s64_overflow(when, LANCEDB_EPOCH_US, &when) ? PG_INT64_MAX : when;
}

/* What may be written, of servers and tables alike. */
static void
set_write_option(LancedbOptions *options, DefElem *option)
{
	if (strcmp(option->defname, "updatable") == 0)
		options->updatable = defGetBoolean(option);
	else if (strcmp(option->defname, "propagate_ddl") == 0)
		options->propagate_ddl = defGetBoolean(option);
	else if (strcmp(option->defname, "stable_row_ids") == 0)
		options->stable_row_ids = defGetBoolean(option);
	else if (strcmp(option->defname, "data_storage_version") == 0)
		options->data_version = find_data_version(defGetString(option));
}

LancedbOptions *
lancedb_server_options(Oid serverid)
{
	ForeignServer *server = GetForeignServer(serverid);
	LancedbOptions *options = palloc0(sizeof(*options));
	ListCell *cell;

	options->server_name = server->servername;
	options->updatable = true;
	options->propagate_ddl = true;
	options->data_version = data_versions[0];
	foreach (cell, server->options)
	{
		DefElem *option = lfirst(cell);

		if (strcmp(option->defname, "uri") == 0)
			options->server_uri = defGetString(option);
		else if (strcmp(option->defname, "allowed_base_paths") == 0)
			options->allowed_base_paths = split_paths(defGetString(option));
		else
			set_write_option(options, option);
	}
	return options;
}

const char *
lancedb_dataset_uri(const LancedbOptions *server, const char *table_name)
{
	if (server->server_uri == NULL)
		ereport(ERROR, (errcode(ERRCODE_FDW_OPTION_NAME_NOT_FOUND),
						errmsg("server \"%s\" has no option \"uri\"", server->server_name),
						errhint("Use ALTER SERVER to set the folder that holds its tables.")));
	/* the path, not the URI: in a URI a "%" of the name would mean something */
	return psprintf("%s/%s.lance", lancedb_local_path(server->server_uri), table_name);
}

static char *
to_utf8(const char *name)
{
	return pg_server_to_any(name, strlen(name), PG_UTF8);
}

/* As in the setting of that name: a version, a tag or a time. */
static void
set_as_of(LancedbOptions *options, const char *value)
{
	const char *tag;

	if (lancedb_as_of_is_version(value, &options->version))
		return;
	if (lancedb_as_of_is_tag(value, &tag))
		options->tag = to_utf8(tag);
	else
		options->as_of = value;
}

LancedbOptions *
lancedb_table_options(Oid relid)
{
	ForeignTable *table = GetForeignTable(relid);
	LancedbOptions *options = lancedb_server_options(table->serverid);
	const char *name = NULL;
	ListCell *cell;

	foreach (cell, table->options)
	{
		DefElem *option = lfirst(cell);
		const char *value = defGetString(option);

		if (strcmp(option->defname, "table") == 0)
			name = to_utf8(value);
		else if (strcmp(option->defname, "uri") == 0)
			options->uri = value;
		else if (strcmp(option->defname, "version") == 0)
			options->version = parse_positive(value, PG_INT64_MAX);
		else if (strcmp(option->defname, "tag") == 0)
			options->tag = to_utf8(value);
		else if (strcmp(option->defname, "branch") == 0)
			options->branch = to_utf8(value);
		else if (strcmp(option->defname, "as_of") == 0)
			set_as_of(options, value);
		else
			set_write_option(options, option);
	}
	if (options->uri == NULL && name == NULL)
	{
		check_table_name(get_rel_name(relid), "rename the foreign table.");
		name = to_utf8(get_rel_name(relid));
	}
	if (options->uri == NULL)
		options->uri = lancedb_dataset_uri(options, name);
	return options;
}

bool
lancedb_propagates_ddl(Oid relid)
{
	LancedbOptions *options = lancedb_table_options(relid);

	return options->propagate_ddl && options->updatable && lancedb_reads_newest(options);
}

bool
lancedb_leaves_storage_alone(Oid relid)
{
	ListCell *cell;

	foreach (cell, GetForeignTable(relid)->options)
	{
		DefElem *option = lfirst(cell);

		if (strcmp(option->defname, "create") == 0)
			return strcmp(defGetString(option), "never") == 0;
	}
	return false;
}

int
lancedb_column_dimension(Oid relid, AttrNumber attnum)
{
	ListCell *cell;

	foreach (cell, GetForeignColumnOptions(relid, attnum))
	{
		DefElem *option = lfirst(cell);

		if (strcmp(option->defname, "dim") == 0)
			return (int) parse_positive(defGetString(option), PG_INT32_MAX);
	}
	return 0;
}

static const char *
copy_text(MemoryContext context, const char *text)
{
	return text == NULL ? NULL : MemoryContextStrdup(context, text);
}

LancedbOptions *
lancedb_copy_options(const LancedbOptions *options, MemoryContext context)
{
	LancedbOptions *copy = MemoryContextAlloc(context, sizeof(*copy));
	MemoryContext before = MemoryContextSwitchTo(context);
	ListCell *cell;

	*copy = *options;
	copy->server_name = copy_text(context, options->server_name);
	copy->server_uri = copy_text(context, options->server_uri);
	copy->uri = copy_text(context, options->uri);
	copy->tag = copy_text(context, options->tag);
	copy->branch = copy_text(context, options->branch);
	copy->as_of = copy_text(context, options->as_of);
	copy->allowed_base_paths = NIL;
	foreach (cell, options->allowed_base_paths)
		copy->allowed_base_paths = lappend(copy->allowed_base_paths, pstrdup(lfirst(cell)));
	MemoryContextSwitchTo(before);
	return copy;
}

const char *
lancedb_column_name(Relation relation, AttrNumber attnum)
{
	ListCell *cell;

	foreach (cell, GetForeignColumnOptions(RelationGetRelid(relation), attnum))
	{
		DefElem *option = lfirst(cell);

		if (strcmp(option->defname, "column_name") == 0)
			return to_utf8(defGetString(option));
	}
	return to_utf8(NameStr(TupleDescAttr(RelationGetDescr(relation), attnum - 1)->attname));
}

static void
free_locations(void *locations)
{
	ldb_locations_free(locations);
}

/* The folder may have been moved into the data directory, by a link, since the option was set. */
static void
add_location(LdbLocations *locations, const char *uri)
{
	LdbError err;

	lancedb_check_outside_data_directory(lancedb_local_path(uri));
	lancedb_check(ldb_locations_add(locations, uri, &err), &err);
}

LdbLocations *
lancedb_open_locations(const LancedbOptions *options, MemoryContext context)
{
	LdbLocations *locations = NULL;
	LdbError err;
	ListCell *cell;

	if (options->server_uri == NULL && options->allowed_base_paths == NIL)
		ereport(ERROR, (errcode(ERRCODE_FDW_OPTION_NAME_NOT_FOUND),
						errmsg("server \"%s\" has no option \"uri\"", options->server_name),
						errhint("Use ALTER SERVER to set the folder that holds its tables.")));
	lancedb_check(ldb_locations_new(&locations, &err), &err);
	lancedb_own(context, locations, free_locations);
	if (options->server_uri != NULL)
		add_location(locations, options->server_uri);
	foreach (cell, options->allowed_base_paths)
		add_location(locations, lfirst(cell));
	if (options->uri != NULL)
		lancedb_check_outside_data_directory(lancedb_local_path(options->uri));
	return locations;
}
