/* dataset.c -- opens one version of a table. */
#include "ldb/table/dataset.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dataset_impl.h"
#include "names.h"
#include "versions.h"

const LdbManifest *
ldb_dataset_manifest(const LdbDataset *dataset)
{
	return dataset->manifest;
}

const char *
ldb_dataset_uri(const LdbDataset *dataset)
{
	return dataset->uri;
}

long
ldb_manifest_fragment_index(const LdbManifest *manifest, uint64_t fragment_id)
{
	size_t low = 0, high = manifest->fragment_count;

	while (low < high)
	{
		size_t middle = low + (high - low) / 2;

		if (manifest->fragments[middle].id < fragment_id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < manifest->fragment_count && manifest->fragments[low].id == fragment_id)
		return (long) low;
	return -1;
}

static int
compare_base_id(const void *id, const void *base)
{
	uint32_t a = *(const uint32_t *) id;
	uint32_t b = ((const LdbBasePath *) base)->id;

	return (a > b) - (a < b);
}

static LdbBase *
find_base(const LdbDataset *dataset, uint32_t base_id)
{
	const LdbManifest *manifest = dataset->manifest;
	const LdbBasePath *found;

	if (base_id == LDB_MEMORY_BASE && dataset->view != NULL && dataset->view->memory != NULL)
		return &dataset->view->memory_base;
	found = bsearch(&base_id, manifest->bases, manifest->base_count, sizeof manifest->bases[0],
					compare_base_id);

	return found == NULL ? NULL : &dataset->bases[found - manifest->bases];
}

/* Bases are resolved at the open, once, so that scans in several threads only read them. */
static LdbStatus
resolve_base(LdbDataset *dataset, LdbLocations *locations, uint32_t base_id, LdbError *err)
{
	const LdbBasePath *path;
	LdbBase *base;
	LdbStatus status;

	if (base_id == LDB_NO_BASE)
		return LDB_OK;
	base = find_base(dataset, base_id);
	if (base == NULL)
		LDB_FAIL(err, LDB_CORRUPT, "table \"%s\" version %" PRIu64 " has no base path %" PRIu32,
				 dataset->uri, dataset->manifest->version, base_id);
	if (base->store != NULL)
		return LDB_OK;
	path = &dataset->manifest->bases[base - dataset->bases];
	base->has_folders = path->is_dataset_root;
	status = ldb_locations_resolve(locations, path->path, dataset->arena, &base->store, &base->root,
								   err);
	if (status != LDB_OK)
		ldb_error_prefix(err, "base path of table \"%s\"", dataset->uri);
	return status;
}

static LdbStatus
resolve_bases(LdbDataset *dataset, LdbLocations *locations, LdbError *err)
{
	const LdbManifest *manifest = dataset->manifest;

	LDB_NEW(dataset->arena, dataset->bases, manifest->base_count, err);
	for (size_t i = 0; i < manifest->fragment_count; i++)
	{
		const LdbFragment *fragment = &manifest->fragments[i];

		for (size_t j = 0; j < fragment->file_count; j++)
			LDB_TRY(resolve_base(dataset, locations, fragment->files[j].base_id, err));
		if (fragment->deletion != NULL)
			LDB_TRY(resolve_base(dataset, locations, fragment->deletion->base_id, err));
	}
	return LDB_OK;
}

LdbStatus
ldb_dataset_locate(const LdbDataset *dataset, uint32_t base_id, const char *folder,
				   const char *path, LdbArena *arena, LdbStore **store, const char **name,
				   LdbError *err)
{
	const LdbBase *base = base_id == LDB_NO_BASE ? &dataset->home : find_base(dataset, base_id);
	const char *tail = base->has_folders && folder[0] != '\0'
						   ? ldb_arena_printf(arena, "%s/%s", folder, path)
						   : path;

	*store = base->store;
	*name = tail == NULL ? NULL : ldb_name_join(arena, base->root, tail);
	if (*name == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the name of a file");
	return LDB_OK;
}

/* A crash of the machine can leave a newest manifest that is empty or cut; say what to do. */
static LdbStatus
explain_damage(LdbStatus status, const LdbVersionEntry *entry, LdbError *err)
{
	if (status == LDB_CORRUPT && entry->is_latest && entry->version > 1)
		ldb_error_hint(err,
					   "The latest manifest may not have reached the disk before a power loss; "
					   "version %" PRIu64 " may still be readable by its number.",
					   entry->version - 1);
	return status;
}

static LdbStatus
read_manifest(LdbDataset *dataset, const LdbVersionHome *home, LdbVersionEntry *entry,
			  LdbArena *scratch, const LdbCancel *cancel, LdbError *err)
{
	LdbSlice bytes;

	LDB_TRY(ldb_versions_read(home, entry, scratch, &bytes, cancel, err));
	LDB_TRY(explain_damage(
		ldb_manifest_parse(bytes, entry->name, dataset->arena, &dataset->manifest, err), entry,
		err));
	if (dataset->manifest->version != entry->version)
		LDB_FAIL(err, LDB_CORRUPT, "manifest \"%s\" says that it is version %" PRIu64, entry->name,
				 dataset->manifest->version);
	return LDB_OK;
}

/* What was parsed stays as long as the dataset; the list of versions and the bytes of the manifest's
 * file are in scratch memory. */
static LdbStatus
open_version(LdbDataset *dataset, LdbLocations *locations, const LdbVersionChoice *choice,
			 LdbArena *scratch, const LdbCancel *cancel, LdbError *err)
{
	LdbVersionHome home;
	LdbVersionEntry entry;
	const char *root;

	LDB_TRY(
		ldb_versions_choose(locations, dataset->uri, choice, scratch, &home, &entry, cancel, err));
	root = ldb_arena_strdup(dataset->arena, home.root);
	if (root == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for table \"%s\"", dataset->uri);
	dataset->home = (LdbBase){home.store, root, true};
	LDB_TRY(read_manifest(dataset, &home, &entry, scratch, cancel, err));
	LDB_NEW(dataset->arena, dataset->deletions, dataset->manifest->fragment_count, err);
	return resolve_bases(dataset, locations, err);
}

static LdbStatus
open_dataset(LdbDataset *dataset, LdbLocations *locations, const char *uri,
			 const LdbVersionChoice *choice, const LdbCancel *cancel, LdbError *err)
{
	LdbArena *scratch = ldb_arena_new(0);
	LdbStatus status;

	dataset->arena = ldb_arena_new(0);
	if (dataset->arena != NULL)
		dataset->uri = ldb_arena_strdup(dataset->arena, uri);
	if (scratch == NULL || dataset->uri == NULL)
	{
		ldb_arena_free(scratch);
		LDB_FAIL(err, LDB_NOMEM, "out of memory for table \"%s\"", uri);
	}
	status = open_version(dataset, locations, choice, scratch, cancel, err);
	ldb_arena_free(scratch);
	return status;
}

LdbStatus
ldb_dataset_open(LdbLocations *locations, const char *uri, const LdbVersionChoice *choice,
				 const LdbCancel *cancel, LdbDataset **dataset, LdbError *err)
{
	static const LdbVersionChoice latest = {0};
	LdbDataset *result = ldb_heap_zalloc(sizeof *result);
	LdbStatus status;

	if (result == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for table \"%s\"", uri);
	pthread_mutex_init(&result->lock, NULL);
	status = open_dataset(result, locations, uri, choice == NULL ? &latest : choice, cancel, err);
	if (status != LDB_OK)
	{
		ldb_dataset_close(result);
		return status;
	}
	*dataset = result;
	return LDB_OK;
}

void
ldb_dataset_close(LdbDataset *dataset)
{
	if (dataset == NULL)
		return;
	if (dataset->deletions != NULL)
	{
		for (size_t i = 0; i < dataset->manifest->fragment_count; i++)
			ldb_heap_free(dataset->deletions[i]);
	}
	if (dataset->view != NULL)
		ldb_memory_files_release(dataset->view->memory);
	ldb_arena_free(dataset->arena);
	pthread_mutex_destroy(&dataset->lock);
	ldb_heap_free(dataset);
}

static LdbStatus
resolve(LdbLocations *locations, const char *uri, const LdbVersionChoice *choice, LdbArena *arena,
		LdbVersionEntry *entry, bool identify, const LdbCancel *cancel, LdbError *err)
{
	LdbVersionHome home;

	LDB_TRY(ldb_versions_choose(locations, uri, choice, arena, &home, entry, cancel, err));
	return identify ? ldb_versions_identify(&home, entry, arena, cancel, err) : LDB_OK;
}

LdbStatus
ldb_dataset_resolve(LdbLocations *locations, const char *uri, const LdbVersionChoice *choice,
					const LdbCancel *cancel, uint64_t *version, uint64_t identity[2], LdbError *err)
{
	static const LdbVersionChoice latest = {0};
	LdbArena *arena = ldb_arena_new(0);
	LdbVersionEntry entry;
	LdbStatus status;

	if (arena == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for table \"%s\"", uri);
	status = resolve(locations, uri, choice == NULL ? &latest : choice, arena, &entry,
					 identity != NULL, cancel, err);
	ldb_arena_free(arena);
	LDB_TRY(status);
	*version = entry.version;
	if (identity != NULL)
		memcpy(identity, entry.identity, sizeof entry.identity);
	return LDB_OK;
}
