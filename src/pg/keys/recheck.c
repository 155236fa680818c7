/*
 * recheck.c -- at commit: did others commit rows with keys that this transaction added?
 *
 * Locks keep apart sessions that know the same index. This is for all others: LanceDB, foreign
 * tables with other indexes, transactions that have too many keys to lock them.
 */
#include "keys/statement.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

typedef struct Recheck
{
	LancedbWrite *write;
	const LancedbOwnKeys *own;
	LdbKeyCover *base;
	LdbKeyCover *latest;
} Recheck;

static bool
next_row(LdbKeyCover *cover, LdbSlice key, LdbKeyWalk *walk, uint64 *address)
{
	uint64_t at = 0;
	bool found;
	LdbError err;

	lancedb_check(ldb_key_cover_next(cover, key, walk, &at, &found, &err), &err);
	*address = at;
	return found;
}

static bool
is_live_in_draft(const Recheck *check, uint64 address)
{
	bool live;
	LdbError err;

	lancedb_check(ldb_draft_row_is_live(check->write->draft, address, &live, &err), &err);
	return live;
}

/*
 * Did this transaction take a row with the key away? Then what others did to that row is a conflict
 * of its own, and if they only moved it, the commit finds and deletes it where it is now.
 */
static bool
replaces_row(const Recheck *check, LdbSlice key)
{
	LdbKeyWalk walk = {0};
	uint64 address;

	while (next_row(check->base, key, &walk, &address))
	{
		if (!is_live_in_draft(check, address))
			return true;
	}
	return false;
}

/* The key as the index has it, for a row of the newest version. */
static char *
describe(const Recheck *check, Relation relation, Relation index, uint64 address)
{
	const LdbKeySpec *spec = &check->own->spec;
	LancedbKeyColumns columns = {.count = (int) spec->column_count};

	for (int i = 0; i < columns.count; i++)
	{
		columns.attnums[i] = index->rd_index->indkey.values[i];
		columns.columns[i] = spec->columns[i];
	}
	return lancedb_describe_row(&columns, relation, index, ldb_key_cover_dataset(check->latest),
								address);
}

static void
report(const Recheck *check, uint64 address)
{
	Relation relation = table_open(check->own->relid, AccessShareLock);
	Relation index = index_open(check->own->indexid, AccessShareLock);
	char *key;

	if (check->own->upserts)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to concurrent insert of the same key"),
				 errdetail("Unique index \"%s\" has it already.", RelationGetRelationName(index)),
				 errhint("The transaction might succeed if retried.")));
	key = describe(check, relation, index, address);
	ereport(ERROR, (errcode(ERRCODE_UNIQUE_VIOLATION),
					errmsg("duplicate key value violates unique constraint \"%s\"",
						   RelationGetRelationName(index)),
					key == NULL ? 0 : errdetail("Key %s already exists.", key),
					errtableconstraint(relation, RelationGetRelationName(index))));
}

static void
check_key(const Recheck *check, LdbSlice key)
{
	LdbKeyWalk walk = {0};
	uint64 address;

	while (next_row(check->latest, key, &walk, &address))
	{
		if (!ldb_key_cover_shares(check->latest, address, check->base) && !replaces_row(check, key))
			report(check, address);
	}
}

/* ---- the keys that the transaction added ---- */

static void
check_journal(const Recheck *check)
{
	size_t count = ldb_key_journal_count(check->own->journal);

	for (size_t i = 0; i < count; i++)
	{
		LdbSlice key;
		const LdbKeyEntry *entry = ldb_key_journal_entry(check->own->journal, i, &key);
		uint64_t address;
		LdbError err;
		LdbStatus status =
			ldb_draft_row_address(check->write->draft, entry->number, &address, &err);

		if (status == LDB_NOT_FOUND)
			continue;
		lancedb_check(status, &err);
		if (is_live_in_draft(check, address))
			check_key(check, key);
		CHECK_FOR_INTERRUPTS();
	}
}

static void
close_dataset(void *dataset)
{
	ldb_dataset_close(dataset);
}

static void
close_scan(void *scan)
{
	ldb_scan_close(scan);
}

static void
free_buffer(void *buffer)
{
	ldb_buffer_free(buffer);
}

/* Tasks of the rows that the transaction added come last. */
typedef struct AddedTasks
{
	uint64 next;
} AddedTasks;

static uint64_t
next_task(void *context)
{
	return ((AddedTasks *) context)->next++;
}

static uint64
first_added_task(const LdbManifest *manifest)
{
	uint64 first = 0;

	for (size_t i = 0; i < manifest->fragment_count; i++)
	{
		if (manifest->fragments[i].id < LDB_STAGED_FRAGMENT)
			first += ldb_scan_fragment_tasks(&manifest->fragments[i]);
	}
	return first;
}

static void
check_batch(const Recheck *check, const LdbBatch *batch, LdbBuffer *key)
{
	for (size_t row = 0; row < batch->row_count; row++)
	{
		bool has_key;
		LdbError err;

		lancedb_check(ldb_key_of_row(&check->own->spec, batch->columns, row, key, &has_key, &err),
					  &err);
		if (has_key)
			check_key(check, ldb_slice(key->data, key->length));
	}
}

/* Rows that are not all in the journal are read back. */
static void
check_added_rows(const Recheck *check)
{
	LdbScanOptions options = {.column_count = check->own->spec.column_count,
							  .next_task = next_task,
							  .cancel = &lancedb_cancel};
	size_t fields[INDEX_MAX_KEYS];
	LdbBuffer *key = palloc0(sizeof(*key));
	AddedTasks tasks;
	LdbDataset *view;
	LdbScan *scan;
	const LdbBatch *batch;
	LdbError err;

	lancedb_check(ldb_draft_view(check->write->draft, UINT32_MAX, &view, &err), &err);
	lancedb_own(CurrentMemoryContext, view, close_dataset);
	for (size_t i = 0; i < options.column_count; i++)
		fields[i] = lancedb_key_field(&ldb_dataset_manifest(view)->schema,
									  check->own->spec.columns[i].field_id);
	tasks.next = first_added_task(ldb_dataset_manifest(view));
	options.columns = fields;
	options.next_task_context = &tasks;
	lancedb_check(ldb_scan_open(view, &options, &scan, &err), &err);
	lancedb_own(CurrentMemoryContext, scan, close_scan);
	lancedb_own(CurrentMemoryContext, key, free_buffer);
	for (;;)
	{
		lancedb_check(ldb_scan_next(scan, &batch, &err), &err);
		if (batch == NULL)
			break;
		check_batch(check, batch, key);
	}
}

/* The index, or its table, may have been dropped since. */
static bool
still_exists(const LancedbOwnKeys *own)
{
	return SearchSysCacheExists1(RELOID, ObjectIdGetDatum(own->relid)) &&
		   SearchSysCacheExists1(INDEXRELID, ObjectIdGetDatum(own->indexid));
}

void
lancedb_keys_recheck(LancedbWrite *write, LdbDataset *base, LdbDataset *latest)
{
	MemoryContext context =
		AllocSetContextCreate(CurrentMemoryContext, "lancedb recheck", ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(context);

	for (const LancedbOwnKeys *own = write->keys; own != NULL; own = own->next)
	{
		Recheck check = {.write = write, .own = own};

		if (own->next_number == 0 && ldb_key_journal_count(own->journal) == 0)
			continue;
		if (!still_exists(own))
			continue;
		check.base = lancedb_cover_keys(write->uri, &own->spec, base, UINT64_MAX, context);
		check.latest = lancedb_cover_keys(write->uri, &own->spec, latest, UINT64_MAX, context);
		if (own->spill_count == 0)
			check_journal(&check);
		else
			check_added_rows(&check);
	}
	MemoryContextSwitchTo(before);
	MemoryContextDelete(context);
}
