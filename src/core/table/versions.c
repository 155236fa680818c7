/* versions.c -- which versions a table has, and which of them a caller means. */
#include "versions.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "names.h"
#include "refs.h"
#include "summary.h"

static LdbStatus
out_of_memory(LdbError *err)
{
	LDB_FAIL(err, LDB_NOMEM, "out of memory for the versions of a table");
}

static LdbStatus
check_choice(const LdbVersionChoice *choice, LdbError *err)
{
	int given = (choice->version != 0) + (choice->tag != NULL) + choice->has_as_of;

	if (given > 1)
		LDB_FAIL(err, LDB_INVALID, "only one of version, tag and time can choose a version");
	return LDB_OK;
}

static LdbStatus
follow_tag(const LdbVersionChoice *choice, LdbArena *arena, LdbVersionHome *home, uint64_t *version,
		   const LdbCancel *cancel, LdbError *err)
{
	LdbTagInfo tag;

	if (choice->tag == NULL)
		return LDB_OK;
	LDB_TRY(ldb_refs_read_tag(home->store, home->main_root, choice->tag, arena, &tag, cancel, err));
	if (choice->branch != NULL &&
		strcmp(choice->branch, tag.branch == NULL ? "main" : tag.branch) != 0)
		LDB_FAIL(err, LDB_INVALID, "tag \"%s\" is not on branch \"%s\" but on \"%s\"", choice->tag,
				 choice->branch, tag.branch == NULL ? "main" : tag.branch);
	home->branch = tag.branch;
	*version = tag.version;
	return LDB_OK;
}

LdbStatus
ldb_versions_find_home(LdbLocations *locations, const char *uri, const LdbVersionChoice *choice,
					   LdbArena *arena, LdbVersionHome *home, uint64_t *version,
					   const LdbCancel *cancel, LdbError *err)
{
	LDB_TRY(check_choice(choice, err));
	*home = (LdbVersionHome){.uri = uri, .branch = ldb_name_branch(choice->branch)};
	*version = choice->version;
	LDB_TRY(ldb_locations_resolve(locations, uri, arena, &home->store, &home->main_root, err));
	home->root = home->main_root;
	LDB_TRY(follow_tag(choice, arena, home, version, cancel, err));
	if (home->branch == NULL)
		return LDB_OK;
	LDB_TRY(ldb_refs_check_branch(home->store, home->main_root, home->branch, arena, cancel, err));
	home->root = ldb_name_branch_root(arena, home->main_root, home->branch);
	return home->root == NULL ? out_of_memory(err) : LDB_OK;
}

static int
compare_entries(const void *left, const void *right)
{
	uint64_t a = ((const LdbVersionEntry *) left)->version;
	uint64_t b = ((const LdbVersionEntry *) right)->version;

	return (a > b) - (a < b);
}

LdbStatus
ldb_versions_list(const LdbVersionHome *home, LdbArena *arena, LdbVersionEntry **entries,
				  size_t *count, const LdbCancel *cancel, LdbError *err)
{
	const char *folder = ldb_name_join(arena, home->root, "_versions/");
	LdbObjectInfo *objects;
	size_t object_count;

	*count = 0;
	if (folder == NULL)
		return out_of_memory(err);
	LDB_TRY(ldb_store_list(home->store, folder, true, arena, &objects, &object_count, cancel, err));
	LDB_NEW(arena, *entries, object_count, err);
	for (size_t i = 0; i < object_count; i++)
	{
		LdbVersionEntry *entry = &(*entries)[*count];

		if (!ldb_name_is_version(objects[i].name + strlen(folder), &entry->version))
			continue;
		entry->name = objects[i].name;
		memcpy(entry->identity, objects[i].identity, sizeof entry->identity);
		(*count)++;
	}
	if (*count == 0)
		return LDB_OK;
	qsort(*entries, *count, sizeof **entries, compare_entries);
	(*entries)[*count - 1].is_latest = true;
	return LDB_OK;
}

static LdbStatus
no_table(const LdbVersionHome *home, LdbError *err)
{
	if (home->branch != NULL)
		LDB_FAIL(err, LDB_NOT_FOUND, "branch \"%s\" of table \"%s\" has no versions", home->branch,
				 home->uri);
	LDB_FAIL(err, LDB_NOT_FOUND, "table \"%s\" does not exist", home->uri);
}

/* Says what is missing: the table, or only this version of it. */
static LdbStatus
explain_missing(const LdbVersionHome *home, uint64_t version, LdbArena *arena,
				const LdbCancel *cancel, LdbError *err)
{
	LdbVersionEntry *entries;
	size_t count;

	LDB_TRY(ldb_versions_list(home, arena, &entries, &count, cancel, err));
	if (count == 0)
		return no_table(home, err);
	ldb_error_set(err, LDB_NOT_FOUND, "version %" PRIu64 " of table \"%s\" does not exist", version,
				  home->uri);
	ldb_error_hint(err,
				   "Versions %" PRIu64 " to %" PRIu64
				   " exist; some between them may have been removed by a cleanup.",
				   entries[0].version, entries[count - 1].version);
	return LDB_NOT_FOUND;
}

/* Which of a manifest's possible names to try. */
typedef LdbStatus (*TryName)(const LdbVersionHome *home, const char *name, LdbArena *arena,
							 void *result, const LdbCancel *cancel, LdbError *err);

static LdbStatus
try_read(const LdbVersionHome *home, const char *name, LdbArena *arena, void *result,
		 const LdbCancel *cancel, LdbError *err)
{
	LdbRange all = {0, UINT64_MAX};

	return ldb_store_get(home->store, name, all, arena, result, NULL, cancel, err);
}

static LdbStatus
try_head(const LdbVersionHome *home, const char *name, LdbArena *arena, void *result,
		 const LdbCancel *cancel, LdbError *err)
{
	return ldb_store_head(home->store, name, arena, result, cancel, err);
}

static LdbStatus
try_names(const LdbVersionHome *home, LdbVersionEntry *entry, TryName try_name, LdbArena *arena,
		  void *result, const LdbCancel *cancel, LdbError *err)
{
	const char *v2 = ldb_name_manifest_v2(arena, home->root, entry->version);
	const char *v1 = ldb_name_manifest_v1(arena, home->root, entry->version);
	LdbStatus status;

	if (v1 == NULL || v2 == NULL)
		return out_of_memory(err);
	entry->name = v2;
	status = try_name(home, v2, arena, result, cancel, err);
	if (status == LDB_NOT_FOUND && entry->version < LDB_DETACHED_VERSION)
	{
		entry->name = v1;
		status = try_name(home, v1, arena, result, cancel, err);
	}
	if (status == LDB_NOT_FOUND)
		return explain_missing(home, entry->version, arena, cancel, err);
	return status;
}

LdbStatus
ldb_versions_read(const LdbVersionHome *home, LdbVersionEntry *entry, LdbArena *arena,
				  LdbSlice *bytes, const LdbCancel *cancel, LdbError *err)
{
	if (entry->name != NULL)
		return try_read(home, entry->name, arena, bytes, cancel, err);
	return try_names(home, entry, try_read, arena, bytes, cancel, err);
}

LdbStatus
ldb_versions_identify(const LdbVersionHome *home, LdbVersionEntry *entry, LdbArena *arena,
					  const LdbCancel *cancel, LdbError *err)
{
	LdbObjectInfo info;

	if (entry->identity[0] != 0 || entry->identity[1] != 0)
		return LDB_OK;
	if (entry->name != NULL)
		LDB_TRY(try_head(home, entry->name, arena, &info, cancel, err));
	else
		LDB_TRY(try_names(home, entry, try_head, arena, &info, cancel, err));
	memcpy(entry->identity, info.identity, sizeof entry->identity);
	return LDB_OK;
}

static void
format_time(int64_t timestamp_us, char *text, size_t length)
{
	time_t seconds = (time_t) (timestamp_us / 1000000 - (timestamp_us % 1000000 < 0));
	struct tm parts;

	if (gmtime_r(&seconds, &parts) == NULL ||
		strftime(text, length, "%Y-%m-%d %H:%M:%S UTC", &parts) == 0)
		snprintf(text, length, "%" PRId64 " us", timestamp_us);
}

static LdbStatus
commit_time(const LdbVersionHome *home, const LdbVersionEntry *entry, LdbArena *scratch,
			int64_t *timestamp_us, const LdbCancel *cancel, LdbError *err)
{
	LdbVersionEntry copy = *entry;
	LdbManifestSummary summary;
	LdbSlice bytes;

	LDB_CHECK_CANCEL(cancel, err);
	ldb_arena_reset(scratch);
	LDB_TRY(ldb_versions_read(home, &copy, scratch, &bytes, cancel, err));
	LDB_TRY(ldb_manifest_summarize(bytes, entry->name, &summary, err));
	*timestamp_us = summary.timestamp_us;
	return LDB_OK;
}

/* From the newest on: clocks of writers differ, so times need not ascend with versions. */
static LdbStatus
choose_by_time(const LdbVersionHome *home, LdbVersionEntry *entries, size_t count, int64_t as_of_us,
			   LdbVersionEntry *entry, const LdbCancel *cancel, LdbError *err)
{
	LdbArena *scratch = ldb_arena_new(0);
	LdbStatus status = LDB_OK;
	char limit[64], oldest[64];
	int64_t timestamp_us = 0;

	if (scratch == NULL)
		return out_of_memory(err);
	for (size_t i = count; i > 0 && status == LDB_OK; i--)
	{
		status = commit_time(home, &entries[i - 1], scratch, &timestamp_us, cancel, err);
		if (status == LDB_OK && timestamp_us <= as_of_us)
		{
			*entry = entries[i - 1];
			ldb_arena_free(scratch);
			return LDB_OK;
		}
	}
	ldb_arena_free(scratch);
	LDB_TRY(status);
	format_time(as_of_us, limit, sizeof limit);
	format_time(timestamp_us, oldest, sizeof oldest);
	ldb_error_set(err, LDB_NOT_FOUND, "table \"%s\" has no version as old as %s", home->uri, limit);
	ldb_error_hint(err, "The oldest one, version %" PRIu64 ", was committed at %s.",
				   entries[0].version, oldest);
	return LDB_NOT_FOUND;
}

LdbStatus
ldb_versions_choose(LdbLocations *locations, const char *uri, const LdbVersionChoice *choice,
					LdbArena *arena, LdbVersionHome *home, LdbVersionEntry *entry,
					const LdbCancel *cancel, LdbError *err)
{
	LdbVersionEntry *entries;
	uint64_t version;
	size_t count;

	LDB_TRY(ldb_versions_find_home(locations, uri, choice, arena, home, &version, cancel, err));
	if (version != 0)
	{
		*entry = (LdbVersionEntry){.version = version};
		return LDB_OK;
	}
	LDB_TRY(ldb_versions_list(home, arena, &entries, &count, cancel, err));
	if (count == 0)
		return no_table(home, err);
	if (choice->has_as_of)
		return choose_by_time(home, entries, count, choice->as_of_us, entry, cancel, err);
	*entry = entries[count - 1];
	return LDB_OK;
}
