/*
 * reads.c -- what a SERIALIZABLE transaction read of Lance tables.
 *
 * The server's detection of dangerous structures is told of reads and writes by foreign table. It
 * cannot know of other foreign tables on the same dataset, other databases and other programs, so a
 * transaction that writes anything also fails when rows or columns of a dataset that it read have
 * changed at its end.
 */
#include "xact/xact.h"

#include "access/parallel.h"
#include "access/table.h"
#include "access/xact.h"
#include "storage/predicate.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

typedef struct Read
{
	dlist_node node;
	char *uri;  /* canonical */
	char *name; /* of the foreign table, for messages */
	LancedbOptions *options;
	LancedbVersion version;
} Read;

/* Of this transaction, in its memory. */
static dlist_head reads = DLIST_STATIC_INIT(reads);

static bool
is_same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
is_noted(const char *uri, const LancedbOptions *options)
{
	dlist_iter at;

	dlist_foreach(at, &reads)
	{
		Read *read = dlist_container(Read, node, at.cur);

		if (strcmp(read->uri, uri) == 0 && is_same(read->options->branch, options->branch))
			return true;
	}
	return false;
}

static void
note(const LancedbOptions *options, const LancedbTable *table, const char *name)
{
	const char *uri = lancedb_canonical_path(options->uri);
	Read *read;

	/* version 0: the dataset is made by this transaction */
	if (table->manifest->version == 0 || is_noted(uri, options))
		return;
	read = MemoryContextAllocZero(TopTransactionContext, sizeof(*read));
	read->uri = MemoryContextStrdup(TopTransactionContext, uri);
	read->name = MemoryContextStrdup(TopTransactionContext, name);
	read->options = lancedb_copy_options(options, TopTransactionContext);
	read->version.number = table->manifest->version;
	memcpy(read->version.identity, table->identity, sizeof(table->identity));
	dlist_push_tail(&reads, &read->node);
}

void
lancedb_note_read(const LancedbTable *table)
{
	Relation relation;
	LancedbOptions *options;

	if (!IsolationIsSerializable() || IsParallelWorker())
		return;
	relation = table_open(table->relid, NoLock);
	options = lancedb_table_options(table->relid);
	lancedb_apply_as_of(options);
	if (ActiveSnapshotSet())
		PredicateLockRelation(relation, GetActiveSnapshot());
	/* what a version number, a tag or a time names does not change */
	if (options->version == 0 && options->tag == NULL && options->as_of == NULL)
		note(options, table, RelationGetRelationName(relation));
	table_close(relation, NoLock);
}

bool
lancedb_has_reads(void)
{
	return !dlist_is_empty(&reads);
}

void
lancedb_forget_reads(void)
{
	dlist_init(&reads);
}

List *
lancedb_read_uris(void)
{
	List *uris = NIL;
	dlist_iter at;

	dlist_foreach(at, &reads) uris = lappend(uris, dlist_container(Read, node, at.cur)->uri);
	return uris;
}

static void
report_change(const Read *read, uint64 version, const char *operation)
{
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not serialize access due to concurrent change of Lance table \"%s\"",
					read->name),
			 errdetail("This transaction read version " UINT64_FORMAT ", and version " UINT64_FORMAT
					   " (%s) is there now.",
					   read->version.number, version,
					   operation[0] == '\0' ? "unknown operation" : operation),
			 errhint("The transaction might succeed if retried.")));
}

/* Operations that leave rows and columns as they are. */
static bool
keeps_rows(const char *operation)
{
	static const char *const names[] = {"CreateIndex",      "Rewrite",           "UpdateConfig",
										"ReserveFragments", "UpdateMemWalState", "UpdateBases"};

	for (int i = 0; i < lengthof(names); i++)
	{
		if (strcmp(operation, names[i]) == 0)
			return true;
	}
	return false;
}

static void
check_operations(const Read *read)
{
	LdbArena *arena = lancedb_arena_new(CurrentMemoryContext);
	LdbLocations *locations = lancedb_open_locations(read->options, CurrentMemoryContext);
	LdbTransactionInfo *versions = NULL;
	size_t count = 0;
	LdbError err;

	lancedb_check(ldb_dataset_transactions(locations, read->options->uri, read->version.number,
										   arena, &versions, &count, &lancedb_cancel, &err),
				  &err);
	for (size_t i = 0; i < count; i++)
	{
		if (!keeps_rows(versions[i].operation))
			report_change(read, versions[i].version, versions[i].operation);
	}
}

static void
check_read(const Read *read)
{
	LdbVersionChoice newest = {.branch = read->options->branch};
	LdbLocations *locations = lancedb_open_locations(read->options, CurrentMemoryContext);
	uint64_t version = 0;
	uint64_t identity[2] = {0};
	LdbError err;

	lancedb_check(ldb_dataset_resolve(locations, read->options->uri, &newest, &lancedb_cancel,
									  &version, identity, &err),
				  &err);
	if (version == read->version.number &&
		memcmp(identity, read->version.identity, sizeof(identity)) == 0)
		return;
	if (version <= read->version.number || read->options->branch != NULL)
		report_change(read, version, "");
	check_operations(read);
}

void
lancedb_check_reads(void)
{
	dlist_iter at;

	dlist_foreach(at, &reads) check_read(dlist_container(Read, node, at.cur));
}
