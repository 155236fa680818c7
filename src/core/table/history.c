/* history.c -- lists what a table has been through: its versions and tags. */
#include "ldb/table/dataset.h"

#include <inttypes.h>
#include <string.h>

#include "names.h"
#include "refs.h"
#include "summary.h"
#include "versions.h"

typedef struct Listing
{
	LdbVersionHome home;
	LdbArena *arena;   /* of the result; borrowed */
	LdbArena *scratch; /* for one manifest at a time */
	const LdbTagInfo *tags;
	size_t tag_count;
	const LdbCancel *cancel; /* borrowed */
} Listing;

static bool
same_branch(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static LdbStatus
join_tags(const Listing *listing, uint64_t version, const char **tags, LdbError *err)
{
	const char *joined = "";

	for (size_t i = 0; i < listing->tag_count; i++)
	{
		const LdbTagInfo *tag = &listing->tags[i];

		if (tag->version != version || !same_branch(tag->branch, listing->home.branch))
			continue;
		joined = joined[0] == '\0' ? tag->name
								   : ldb_arena_printf(listing->arena, "%s,%s", joined, tag->name);
		if (joined == NULL)
			LDB_FAIL(err, LDB_NOMEM, "out of memory for tags");
	}
	*tags = joined;
	return LDB_OK;
}

/* Writers of other programs keep the transaction beside the manifest only; it may be gone. */
static LdbStatus
external_operation(const Listing *listing, const LdbManifestSummary *summary, const char *manifest,
				   const char **operation, LdbError *err)
{
	LdbRange all = {0, UINT64_MAX};
	const char *file, *tail, *name;
	LdbSlice bytes;
	LdbStatus status;

	if (summary->transaction_file.length == 0)
		return LDB_OK;
	file = ldb_arena_strndup(listing->scratch, (const char *) summary->transaction_file.data,
							 summary->transaction_file.length);
	tail = file == NULL ? NULL : ldb_arena_printf(listing->scratch, "_transactions/%s", file);
	name = tail == NULL ? NULL : ldb_name_join(listing->scratch, listing->home.root, tail);
	if (name == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a transaction");
	status = ldb_store_check_name(file, false, err);
	if (status != LDB_OK)
	{
		ldb_error_prefix(err, "manifest \"%s\": transaction file", manifest);
		return status;
	}
	status = ldb_store_get(listing->home.store, name, all, listing->scratch, &bytes, NULL,
						   listing->cancel, err);
	if (status == LDB_OK)
		*operation = ldb_transaction_operation(bytes);
	return status == LDB_NOT_FOUND ? LDB_OK : status;
}

static LdbStatus
describe_version(const Listing *listing, LdbVersionEntry *entry, LdbVersionInfo *info,
				 LdbError *err)
{
	LdbManifestSummary summary;
	LdbSlice bytes;

	LDB_CHECK_CANCEL(listing->cancel, err);
	ldb_arena_reset(listing->scratch);
	LDB_TRY(
		ldb_versions_read(&listing->home, entry, listing->scratch, &bytes, listing->cancel, err));
	LDB_TRY(ldb_manifest_summarize(bytes, entry->name, &summary, err));
	info->version = entry->version;
	info->timestamp_us = summary.timestamp_us;
	info->rows = summary.rows;
	info->fragments = summary.fragments;
	info->operation = summary.operation;
	if (info->operation == NULL)
		LDB_TRY(external_operation(listing, &summary, entry->name, &info->operation, err));
	return join_tags(listing, info->version, &info->tags, err);
}

static LdbStatus
describe_all(const Listing *listing, LdbVersionEntry *entries, size_t entry_count,
			 LdbVersionInfo *versions, size_t *count, LdbError *err)
{
	for (size_t i = 0; i < entry_count; i++)
	{
		LdbStatus status = describe_version(listing, &entries[i], &versions[*count], err);

		if (status == LDB_NOT_FOUND) /* removed by a cleanup since it was listed */
			continue;
		LDB_TRY(status);
		(*count)++;
	}
	return LDB_OK;
}

LdbStatus
ldb_dataset_versions(LdbLocations *locations, const char *uri, const char *branch, LdbArena *arena,
					 LdbVersionInfo **versions, size_t *count, const LdbCancel *cancel,
					 LdbError *err)
{
	LdbVersionChoice choice = {.branch = branch};
	Listing listing = {.arena = arena, .cancel = cancel};
	LdbVersionEntry *entries;
	LdbTagInfo *tags;
	size_t entry_count;
	uint64_t unused;
	LdbStatus status;

	*count = 0;
	LDB_TRY(ldb_versions_find_home(locations, uri, &choice, arena, &listing.home, &unused, cancel,
								   err));
	LDB_TRY(ldb_versions_list(&listing.home, arena, &entries, &entry_count, cancel, err));
	if (entry_count == 0)
		LDB_FAIL(err, LDB_NOT_FOUND, "table \"%s\" does not exist", uri);
	LDB_TRY(ldb_refs_list_tags(listing.home.store, listing.home.main_root, arena, &tags,
							   &listing.tag_count, cancel, err));
	listing.tags = tags;
	LDB_NEW(arena, *versions, entry_count, err);
	listing.scratch = ldb_arena_new(0);
	if (listing.scratch == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the versions of a table");
	status = describe_all(&listing, entries, entry_count, *versions, count, err);
	ldb_arena_free(listing.scratch);
	return status;
}

LdbStatus
ldb_dataset_tags(LdbLocations *locations, const char *uri, LdbArena *arena, LdbTagInfo **tags,
				 size_t *count, const LdbCancel *cancel, LdbError *err)
{
	LdbStore *store;
	const char *root;

	*count = 0;
	LDB_TRY(ldb_locations_resolve(locations, uri, arena, &store, &root, err));
	return ldb_refs_list_tags(store, root, arena, tags, count, cancel, err);
}
