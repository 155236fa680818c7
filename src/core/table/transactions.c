/* transactions.c -- what each version's transaction says about itself. */
#include <inttypes.h>
#include <string.h>

#include "ldb/proto/wire.h"
#include "ldb/table/commit.h"
#include "summary.h"
#include "transaction.h"

enum
{
	TRANSACTION_READ_VERSION = 1,
	TRANSACTION_PROPERTIES = 4,
	ENTRY_KEY = 1,
	ENTRY_VALUE = 2
};

typedef struct Listing
{
	LdbVersionHome home;
	LdbArena *arena;         /* of the result; borrowed */
	LdbArena *scratch;       /* for one manifest at a time */
	const LdbCancel *cancel; /* borrowed */
} Listing;

static LdbStatus
copy_property(LdbSlice entry, LdbArena *arena, LdbProperty *property, LdbError *err)
{
	LdbSlice key = {0}, value = {0};
	LdbWireField field;

	while (ldb_wire_next(&entry, &field) == LDB_WIRE_FIELD)
	{
		if (field.number == ENTRY_KEY)
			key = field.bytes;
		else if (field.number == ENTRY_VALUE)
			value = field.bytes;
	}
	property->key = ldb_arena_strndup(arena, (const char *) key.data, key.length);
	property->value = ldb_arena_strndup(arena, (const char *) value.data, value.length);
	if (property->key == NULL || property->value == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a transaction");
	return LDB_OK;
}

/* A broken message says what stands before the break. */
static LdbStatus
describe(LdbSlice bytes, LdbArena *arena, LdbTransactionInfo *info, LdbError *err)
{
	const char *operation = ldb_transaction_operation(bytes);
	LdbSlice rest = bytes;
	LdbWireField field;
	size_t count = 0;

	info->operation = operation == NULL ? "" : operation;
	while (ldb_wire_next(&rest, &field) == LDB_WIRE_FIELD)
	{
		count += field.number == TRANSACTION_PROPERTIES;
		if (field.number == TRANSACTION_READ_VERSION)
			info->read_version = field.value;
	}
	LDB_NEW(arena, info->properties, count, err);
	rest = bytes;
	while (info->property_count < count && ldb_wire_next(&rest, &field) == LDB_WIRE_FIELD)
	{
		if (field.number == TRANSACTION_PROPERTIES)
			LDB_TRY(
				copy_property(field.bytes, arena, &info->properties[info->property_count++], err));
	}
	return LDB_OK;
}

static LdbStatus
read_version(const Listing *listing, LdbVersionEntry *entry, LdbTransactionInfo *info,
			 LdbError *err)
{
	LdbManifestSummary summary;
	LdbSlice file, transaction;

	LDB_CHECK_CANCEL(listing->cancel, err);
	ldb_arena_reset(listing->scratch);
	*info = (LdbTransactionInfo){.version = entry->version, .operation = ""};
	LDB_TRY(
		ldb_versions_read(&listing->home, entry, listing->scratch, &file, listing->cancel, err));
	LDB_TRY(ldb_manifest_summarize_header(file, entry->name, &summary, err));
	info->timestamp_us = summary.timestamp_us;
	LDB_TRY(ldb_transaction_find(&listing->home, file, entry->name, listing->scratch, &transaction,
								 listing->cancel, err));
	return transaction.data == NULL ? LDB_OK : describe(transaction, listing->arena, info, err);
}

static LdbStatus
read_all(const Listing *listing, LdbVersionEntry *entries, size_t entry_count,
		 LdbTransactionInfo *infos, size_t *count, LdbError *err)
{
	for (size_t i = 0; i < entry_count; i++)
	{
		LdbStatus status = read_version(listing, &entries[i], &infos[*count], err);

		if (status == LDB_NOT_FOUND) /* removed by a cleanup since it was listed */
			continue;
		LDB_TRY(status);
		(*count)++;
	}
	return LDB_OK;
}

LdbStatus
ldb_dataset_transactions(LdbLocations *locations, const char *uri, uint64_t after_version,
						 LdbArena *arena, LdbTransactionInfo **transactions, size_t *count,
						 const LdbCancel *cancel, LdbError *err)
{
	static const LdbVersionChoice latest = {0};
	Listing listing = {.arena = arena, .cancel = cancel};
	LdbVersionEntry *entries;
	size_t entry_count, first = 0;
	uint64_t unused;
	LdbStatus status;

	*count = 0;
	LDB_TRY(ldb_versions_find_home(locations, uri, &latest, arena, &listing.home, &unused, cancel,
								   err));
	LDB_TRY(ldb_versions_list(&listing.home, arena, &entries, &entry_count, cancel, err));
	if (entry_count == 0)
		LDB_FAIL(err, LDB_NOT_FOUND, "table \"%s\" does not exist", uri);
	while (first < entry_count && entries[first].version <= after_version)
		first++;
	LDB_NEW(arena, *transactions, entry_count - first, err);
	listing.scratch = ldb_arena_new(0);
	if (listing.scratch == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the transactions of a table");
	status = read_all(&listing, entries + first, entry_count - first, *transactions, count, err);
	ldb_arena_free(listing.scratch);
	return status;
}
