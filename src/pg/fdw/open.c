/* open.c -- opens a dataset at the version that a statement reads. */
#include "fdw/fdw.h"

#include "mb/pg_wchar.h"

void
lancedb_apply_as_of(LancedbOptions *options)
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

bool
lancedb_reads_newest(const LancedbOptions *options)
{
	return options->version == 0 && options->tag == NULL && options->as_of == NULL &&
		   options->branch == NULL;
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

/* Of open datasets: all that decides what a version number means, and who may look where. */
static char *
cache_key(const LancedbOptions *options)
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

char *
lancedb_pin_key(const LancedbOptions *options)
{
	LdbVersionChoice choice = choose_version(options);
	StringInfoData key;

	initStringInfo(&key);
	add_to_key(&key, lancedb_canonical_path(options->uri));
	add_to_key(&key, options->branch);
	add_to_key(&key, options->tag);
	appendStringInfo(&key, UINT64_FORMAT "\n" INT64_FORMAT, choice.version,
					 choice.has_as_of ? choice.as_of_us : 0);
	return key.data;
}

static LdbStatus
resolve(const LancedbOptions *options, const LdbVersionChoice *choice, LancedbVersion *version,
		LdbError *err)
{
	LdbLocations *locations = lancedb_open_locations(options, CurrentMemoryContext);

	return ldb_dataset_resolve(locations, options->uri, choice, &lancedb_cancel, &version->number,
							   version->identity, err);
}

LancedbVersion
lancedb_pinned_version(const LancedbOptions *options, LancedbPinPurpose purpose,
					   MemoryContext context)
{
	LdbVersionChoice choice = choose_version(options);
	char *key = lancedb_pin_key(options);
	LancedbVersion version;
	LdbError err;

	if (lancedb_pin_find(key, purpose, context, &version))
		return version;
	lancedb_check(resolve(options, &choice, &version, &err), &err);
	lancedb_pin_add(key, purpose, context, &version);
	return version;
}

LdbDataset *
lancedb_open_version(const LancedbOptions *options, const LancedbVersion *version,
					 MemoryContext context)
{
	LdbVersionChoice choice = {.tag = options->tag, .branch = options->branch};
	char *key = cache_key(options);
	LdbDataset *dataset = lancedb_cache_find(key, version, context);

	if (dataset != NULL)
		return dataset;
	if (choice.tag == NULL)
		choice.version = version->number;
	return lancedb_cache_open(options, key, &choice, version, context);
}

LdbDataset *
lancedb_open_pinned(const LancedbOptions *options, LancedbPinPurpose purpose, MemoryContext context,
					LancedbVersion *version)
{
	*version = lancedb_pinned_version(options, purpose, context);
	return lancedb_open_version(options, version, context);
}

LdbDataset *
lancedb_open_numbered(const LancedbOptions *options, uint64 number, MemoryContext context,
					  LancedbVersion *version)
{
	LdbVersionChoice choice = {
		.version = options->tag == NULL ? number : 0,
		.tag = options->tag,
		.branch = options->branch,
	};
	LdbError err;

	lancedb_check(resolve(options, &choice, version, &err), &err);
	if (version->number != number)
		ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
						errmsg("tag \"%s\" of \"%s\" was moved while the query ran", options->tag,
							   options->uri)));
	return lancedb_open_version(options, version, context);
}

LdbDataset *
lancedb_open_newest(const LancedbOptions *options, MemoryContext context, LancedbVersion *version)
{
	LdbVersionChoice choice = {.branch = options->branch};
	LdbError err;
	LdbStatus status = resolve(options, &choice, version, &err);

	if (status == LDB_NOT_FOUND)
		return NULL;
	lancedb_check(status, &err);
	return lancedb_open_version(options, version, context);
}
