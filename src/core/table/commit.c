/* commit.c -- see ldb/table/commit.h: prepare, put, take back. */
#include "ldb/table/commit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conflict.h"
#include "hint.h"
#include "names.h"
#include "next.h"
#include "writable.h"

/* How often an answer that got lost is asked for. */
#define PUT_ATTEMPTS 3

struct LdbCommit
{
	LdbLocations *locations;  /* borrowed */
	const char *uri;          /* owned */
	const LdbChange *change;  /* borrowed */
	LdbCommitOptions options; /* what it points to is borrowed */
	LdbArena *arena;          /* owned; of one preparation */
	LdbVersionHome home;
	LdbHead newest;
	LdbHead restored;
	LdbNext next;
	const char *manifest;   /* name that it will have; NULL = not prepared */
	LdbStoreWriter *staged; /* owned; the manifest, durable but for its name; NULL = put it whole */
	size_t settled_count;   /* of the change's data files; all or none */
	bool may_be_lost;       /* files that were written could not be made durable */
	bool creates;           /* a table */
	bool sent;
};

LdbStatus
ldb_commit_new(LdbLocations *locations, const char *uri, const LdbChange *change,
			   const LdbCommitOptions *options, LdbCommit **commit, LdbError *err)
{
	LdbCommit *result = ldb_heap_zalloc(sizeof *result);

	if (result == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a commit");
	result->locations = locations;
	result->change = change;
	result->creates = change->create != NULL;
	if (options != NULL)
		result->options = *options;
	result->arena = ldb_arena_new(0);
	result->uri = ldb_heap_strdup(uri);
	if (result->arena == NULL || result->uri == NULL)
	{
		ldb_commit_free(result);
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a commit");
	}
	*commit = result;
	return LDB_OK;
}

/* Files of a preparation that nobody will name. Without luck they stay until a cleanup. */
static void
remove_written(LdbCommit *commit)
{
	for (size_t i = 0; i < commit->next.written_count; i++)
		(void) ldb_store_remove(commit->home.store, commit->next.written[i], NULL, NULL);
	commit->next.written_count = 0;
}

/* Of a table that there will not be. */
static void
remove_folders(const LdbCommit *commit)
{
	if (commit->creates && commit->home.store != NULL && commit->home.root[0] != '\0')
		(void) ldb_store_prune(commit->home.store, commit->home.root, false, NULL, NULL);
}

static void
forget_staged(LdbCommit *commit)
{
	ldb_store_abandon(commit->staged);
	commit->staged = NULL;
}

static void
forget_preparation(LdbCommit *commit)
{
	forget_staged(commit);
	remove_written(commit);
	ldb_head_close(&commit->newest);
	ldb_head_close(&commit->restored);
	ldb_arena_reset(commit->arena);
	commit->home = (LdbVersionHome){0};
	commit->manifest = NULL;
}

void
ldb_commit_free(LdbCommit *commit)
{
	if (commit == NULL)
		return;
	forget_staged(commit);
	if (!commit->sent)
	{
		remove_written(commit);
		remove_folders(commit);
	}
	ldb_head_close(&commit->newest);
	ldb_head_close(&commit->restored);
	ldb_arena_free(commit->arena);
	ldb_heap_free((void *) (uintptr_t) commit->uri);
	ldb_heap_free(commit);
}

static LdbStatus
exists_already(const LdbCommit *commit, LdbError *err)
{
	LDB_FAIL(err, LDB_CONFLICT, "table \"%s\" exists already", commit->uri);
}

/* Manifests of one table keep to one scheme of names. */
static LdbStatus
name_manifest(LdbCommit *commit, const char *newest, LdbError *err)
{
	const char *v2 = newest == NULL ? NULL
									: ldb_name_manifest_v2(commit->arena, commit->home.root,
														   commit->next.version - 1);
	bool is_v2 = newest == NULL || (v2 != NULL && strcmp(v2, newest) == 0);

	commit->manifest =
		is_v2 ? ldb_name_manifest_v2(commit->arena, commit->home.root, commit->next.version)
			  : ldb_name_manifest_v1(commit->arena, commit->home.root, commit->next.version);
	if (commit->manifest == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a commit");
	return LDB_OK;
}

static LdbStatus
read_newest(LdbCommit *commit, LdbVersionEntry *entry, LdbError *err)
{
	const LdbCancel *cancel = commit->options.cancel;
	LdbConflictCheck check = {&commit->home, commit->change, &commit->newest, cancel};

	LDB_TRY(ldb_head_read(commit->locations, &commit->home, entry, commit->arena, &commit->newest,
						  cancel, err));
	LDB_TRY(ldb_manifest_check_writable(commit->newest.manifest, commit->uri, err));
	LDB_TRY(ldb_conflict_check(&check, err));
	commit->next.newest = &commit->newest;
	commit->next.content = &commit->newest;
	commit->next.version = entry->version + 1;
	if (commit->next.version >= LDB_DETACHED_VERSION)
		LDB_FAIL(err, LDB_UNSUPPORTED, "table \"%s\" has no version numbers left", commit->uri);
	return LDB_OK;
}

/* The manifest of the version that the change goes back to, next to its open dataset. */
static LdbStatus
read_restored(LdbCommit *commit, LdbError *err)
{
	const LdbDataset *restored = commit->change->restored;
	LdbVersionEntry entry = {0};

	if (restored == NULL)
		return LDB_OK;
	entry.version = ldb_dataset_manifest(restored)->version;
	LDB_TRY(ldb_head_read(commit->locations, &commit->home, &entry, commit->arena,
						  &commit->restored, commit->options.cancel, err));
	if (commit->restored.manifest->timestamp_us != ldb_dataset_manifest(restored)->timestamp_us)
		LDB_FAIL(err, LDB_CONFLICT, "table \"%s\" was dropped and made anew by another writer",
				 commit->uri);
	LDB_TRY(ldb_manifest_check_writable(commit->restored.manifest, commit->uri, err));
	commit->next.content = &commit->restored;
	return LDB_OK;
}

static LdbStatus
stage_manifest(LdbCommit *commit, LdbError *err)
{
	const LdbCancel *cancel = commit->options.cancel;

	LDB_TRY(ldb_store_create(commit->home.store, commit->manifest, cancel, &commit->staged, err));
	return ldb_store_append(commit->staged, commit->next.file, cancel, err);
}

/* All that the manifest names for the first time, and the manifest itself under no name yet. Data
 * files are the same in each preparation. */
static LdbStatus
settle_files(LdbCommit *commit, LdbError *err)
{
	const LdbNext *next = &commit->next;
	size_t count = next->named_count == commit->settled_count ? 0 : next->named_count;
	const char **names;
	LdbStatus status;

	LDB_NEW(commit->arena, names, count + next->written_count, err);
	for (size_t i = 0; i < count; i++)
		names[i] = next->named[i];
	for (size_t i = 0; i < next->written_count; i++)
		names[count + i] = next->written[i];
	status = ldb_store_settle(commit->home.store, names, count + next->written_count,
							  commit->staged, commit->options.cancel, err);
	if (status == LDB_OK)
		commit->settled_count = next->named_count;
	commit->may_be_lost = status != LDB_OK && status != LDB_CANCELLED;
	return status;
}

static LdbStatus
make_durable(LdbCommit *commit, LdbError *err)
{
	if (!commit->home.store->settles)
		return LDB_OK;
	LDB_TRY(stage_manifest(commit, err));
	return settle_files(commit, err);
}

static LdbStatus
prepare(LdbCommit *commit, LdbError *err)
{
	static const LdbVersionChoice latest = {0};
	const LdbCancel *cancel = commit->options.cancel;
	LdbVersionEntry *entries;
	uint64_t unused;
	size_t count;

	LDB_TRY(ldb_versions_find_home(commit->locations, commit->uri, &latest, commit->arena,
								   &commit->home, &unused, cancel, err));
	LDB_TRY(ldb_versions_list(&commit->home, commit->arena, &entries, &count, cancel, err));
	commit->next = (LdbNext){.home = &commit->home,
							 .change = commit->change,
							 .options = &commit->options,
							 .arena = commit->arena,
							 .version = 1};
	if (commit->change->create != NULL && count > 0)
		return exists_already(commit, err);
	if (commit->change->create == NULL && count == 0)
		LDB_FAIL(err, LDB_NOT_FOUND, "table \"%s\" does not exist", commit->uri);
	if (count > 0)
	{
		LDB_TRY(read_newest(commit, &entries[count - 1], err));
		LDB_TRY(read_restored(commit, err));
	}
	LDB_TRY(ldb_next_build(&commit->next, err));
	LDB_TRY(name_manifest(commit, count == 0 ? NULL : commit->newest.name, err));
	return make_durable(commit, err);
}

LdbStatus
ldb_commit_prepare(LdbCommit *commit, LdbError *err)
{
	LdbStatus status;

	if (commit->sent)
		LDB_FAIL(err, LDB_INVALID, "a commit that was sent cannot be prepared again");
	if (commit->may_be_lost)
		LDB_FAIL(err, LDB_IO, "files of table \"%s\" could not be made durable", commit->uri);
	forget_preparation(commit);
	status = prepare(commit, err);
	if (status == LDB_OK)
		return LDB_OK;
	forget_staged(commit);
	commit->manifest = NULL;
	return status;
}

uint64_t
ldb_commit_version(const LdbCommit *commit)
{
	return commit->next.version;
}

uint64_t
ldb_commit_parent(const LdbCommit *commit)
{
	return commit->next.version - 1;
}

bool
ldb_commit_sent(const LdbCommit *commit)
{
	return commit->sent;
}

typedef enum Fate
{
	FATE_OURS,
	FATE_ANOTHERS,
	FATE_ABSENT,
	FATE_UNKNOWN
} Fate;

/* Not to be cancelled: what a manifest's fate is must be known. Its transaction holds a random id, so
 * equal bytes are ours. */
static Fate
look(const LdbCommit *commit)
{
	LdbRange all = {0, UINT64_MAX};
	LdbArena *scratch = ldb_arena_new(0);
	LdbSlice stored;
	LdbStatus status;
	Fate fate = FATE_UNKNOWN;

	if (scratch == NULL)
		return FATE_UNKNOWN;
	status = ldb_store_get(commit->home.store, commit->manifest, all, scratch, &stored, NULL, NULL,
						   NULL);
	if (status == LDB_OK)
		fate = ldb_slice_equal(stored, commit->next.file) ? FATE_OURS : FATE_ANOTHERS;
	else if (status == LDB_NOT_FOUND)
		fate = FATE_ABSENT;
	ldb_arena_free(scratch);
	return fate;
}

static LdbStatus
taken(LdbCommit *commit, LdbError *err)
{
	commit->sent = false;
	if (commit->change->create != NULL)
		return exists_already(commit, err);
	LDB_FAIL(err, LDB_CONFLICT, "version %" PRIu64 " of table \"%s\" is another writer's",
			 commit->next.version, commit->uri);
}

/*
 * After a put that failed. Ours, but perhaps not on disk yet: the hint that follows into the same
 * folder is made durable, and the folder with it.
 */
static LdbStatus
settle(LdbCommit *commit, LdbStatus failure, LdbError *err)
{
	LdbError ignored;

	switch (look(commit))
	{
		case FATE_OURS:
			if (ldb_hint_write(&commit->home, commit->next.version, LDB_PUT_REPLACE, &ignored) ==
				LDB_OK)
				return LDB_OK;
			return failure;
		case FATE_ANOTHERS:
			return taken(commit, err);
		case FATE_ABSENT:
			commit->sent = commit->sent && commit->home.store->puts_late;
			return failure;
		case FATE_UNKNOWN:
			break;
	}
	return failure;
}

static bool
is_there(const LdbCommit *commit, const char *name, LdbArena *scratch)
{
	LdbObjectInfo info;

	return ldb_store_head(commit->home.store, name, scratch, &info, NULL, NULL) != LDB_NOT_FOUND;
}

/* A manifest has the paths of its data files as they are. */
static bool
is_built_on(const LdbCommit *commit, const char *newest, LdbArena *scratch)
{
	LdbRange all = {0, UINT64_MAX};
	const LdbChange *change = commit->change;
	const char *path;
	LdbSlice stored;

	if (change->new_count == 0 || change->new_fragments[0].file_count == 0 ||
		ldb_store_get(commit->home.store, newest, all, scratch, &stored, NULL, NULL, NULL) !=
			LDB_OK)
		return false;
	path = change->new_fragments[0].files[0].path;
	return memmem(stored.data, stored.length, path, strlen(path)) != NULL;
}

/*
 * A cleanup that keeps nothing but the newest version makes names free again. A version that was put
 * under such a name lies below the newest one, which knows nothing of it. As long as the version is
 * there that it builds on, nothing of the kind has happened.
 */
static bool
fell_behind(const LdbCommit *commit)
{
	LdbArena *scratch = commit->newest.name == NULL ? NULL : ldb_arena_new(0);
	LdbVersionEntry *entries;
	size_t count;
	bool result;

	if (scratch == NULL)
		return false;
	result = !is_there(commit, commit->newest.name, scratch) &&
			 ldb_versions_list(&commit->home, scratch, &entries, &count, NULL, NULL) == LDB_OK &&
			 count > 0 && entries[count - 1].version > commit->next.version &&
			 !is_built_on(commit, entries[count - 1].name, scratch);
	ldb_arena_free(scratch);
	return result;
}

static LdbStatus
after_put(LdbCommit *commit, LdbError *err)
{
	if (fell_behind(commit))
	{
		LDB_TRY(ldb_store_remove(commit->home.store, commit->manifest, NULL, err));
		return taken(commit, err);
	}
	(void) ldb_hint_write(&commit->home, commit->next.version, LDB_PUT_CARELESS, NULL);
	return LDB_OK;
}

static bool
may_be_repeated(const LdbCommit *commit, LdbStatus status)
{
	return status == LDB_IO && !ldb_cancelled(commit->options.cancel);
}

/* What was staged can be sent once; after that the manifest is written anew. */
static LdbStatus
send(LdbCommit *commit, LdbError *err)
{
	const LdbCancel *cancel = commit->options.cancel;
	LdbStoreWriter *staged = commit->staged;

	commit->staged = NULL;
	if (staged != NULL)
		return ldb_store_finish(staged, cancel, err);
	return ldb_store_put(commit->home.store, commit->manifest, commit->next.file, LDB_PUT_CREATE,
						 cancel, err);
}

LdbStatus
ldb_commit_put(LdbCommit *commit, LdbError *err)
{
	LdbStatus status = LDB_INVALID;

	if (commit->manifest == NULL)
		LDB_FAIL(err, LDB_INVALID, "a commit is put before it was prepared");
	for (int attempt = 1; attempt <= PUT_ATTEMPTS; attempt++)
	{
		bool uncertain = commit->sent;

		commit->sent = true;
		status = send(commit, err);
		if (status == LDB_OK)
			return after_put(commit, err);
		if (status == LDB_CONFLICT && !uncertain)
			return taken(commit, err);
		status = settle(commit, status, err);
		if (!may_be_repeated(commit, status))
			return status;
	}
	return status;
}

/* Somebody may see the first version and build on it between the look and the removal; what they
 * built stays whole, since a manifest names all files of its version. */
static LdbStatus
take_back_table(LdbCommit *commit, LdbError *err)
{
	LdbArena *scratch = ldb_arena_new(0);
	LdbVersionEntry *entries;
	LdbStatus status;
	size_t count;

	if (scratch == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory to take a version back");
	status = ldb_versions_list(&commit->home, scratch, &entries, &count, NULL, err);
	if (status == LDB_OK && count > 0 && entries[count - 1].version > 1)
	{
		ldb_error_set(err, LDB_CONFLICT,
					  "version 1 of table \"%s\" cannot be taken back: version %" PRIu64
					  " was built on it",
					  commit->uri, entries[count - 1].version);
		status = LDB_CONFLICT;
	}
	ldb_arena_free(scratch);
	LDB_TRY(status);
	LDB_TRY(ldb_store_remove(commit->home.store, commit->manifest, NULL, err));
	ldb_hint_remove(&commit->home);
	commit->sent = false;
	return LDB_OK;
}

static LdbStatus
put_back(const LdbCommit *commit, LdbCommit *back, LdbError *err)
{
	LDB_TRY(ldb_commit_prepare(back, err));
	if (ldb_commit_parent(back) != commit->next.version)
		LDB_FAIL(err, LDB_CONFLICT,
				 "version %" PRIu64 " of table \"%s\" cannot be taken back: version %" PRIu64
				 " was built on it",
				 commit->next.version, commit->uri, ldb_commit_parent(back));
	return ldb_commit_put(back, err);
}

static LdbStatus
restore_parent(LdbCommit *commit, LdbDataset *parent, LdbError *err)
{
	LdbChange change = {.base_version = commit->next.version, .restored = parent};
	char number[24];
	LdbProperty property = {LDB_PROPERTY_WITHDRAWS, number};
	LdbCommitOptions options = {.property_count = 1, .properties = &property};
	LdbCommit *back;
	LdbStatus status;

	snprintf(number, sizeof number, "%" PRIu64, commit->next.version);
	LDB_TRY(ldb_commit_new(commit->locations, commit->uri, &change, &options, &back, err));
	status = put_back(commit, back, err);
	ldb_commit_free(back);
	return status;
}

LdbStatus
ldb_commit_take_back(LdbCommit *commit, LdbError *err)
{
	LdbVersionChoice choice = {.version = commit->next.version - 1};
	LdbDataset *parent;
	Fate fate;
	LdbStatus status;

	if (!commit->sent)
		return LDB_OK;
	fate = look(commit);
	if (fate == FATE_ABSENT && !commit->home.store->puts_late)
	{
		commit->sent = false;
		return LDB_OK;
	}
	if (fate != FATE_OURS)
		LDB_FAIL(err, LDB_IO, "nobody can say whether version %" PRIu64 " of table \"%s\" exists",
				 commit->next.version, commit->uri);
	if (commit->next.version == 1)
		return take_back_table(commit, err);
	LDB_TRY(ldb_dataset_open(commit->locations, commit->uri, &choice, NULL, &parent, err));
	status = restore_parent(commit, parent, err);
	ldb_dataset_close(parent);
	return status;
}
