/* cache.c -- open datasets of this backend, kept for the statements to come. */
#include "fdw/fdw.h"

#include "lib/ilist.h"
#include "utils/memutils.h"

/* Open datasets that nobody uses are closed, the longest unused first, beyond this number. */
#define CACHE_CAPACITY 32
/* Likewise when the core holds more than this: the manifest of a table with very many fragments takes
 * tens of megabytes, and a scan needs room beside what is kept. */
#define CACHE_BYTES (LDB_MEMORY_LIMIT / 2)

typedef struct CachedDataset
{
	dlist_node node;
	MemoryContext context; /* owns everything here, locations and dataset included */
	char *key;
	LancedbVersion version;
	int user_count;
	LdbDataset *dataset;
} CachedDataset;

/* Most recently used first. Belongs to the backend as the relation cache does. */
static dlist_head recent = DLIST_STATIC_INIT(recent);

/*
 * Open datasets keep their large files mapped, so files that a cleanup removed still take disk
 * space: earlier versions of a dataset are let go when a newer one is opened.
 */
static bool
is_outdated(const CachedDataset *entry, const CachedDataset *newest)
{
	return entry->version.number < newest->version.number && strcmp(entry->key, newest->key) == 0;
}

static CachedDataset *
least_recent_unused(void)
{
	dlist_iter at;

	dlist_reverse_foreach(at, &recent)
	{
		CachedDataset *entry = dlist_container(CachedDataset, node, at.cur);

		if (entry->user_count == 0)
			return entry;
	}
	return NULL;
}

static void
let_go(CachedDataset *entry)
{
	dlist_delete(&entry->node);
	MemoryContextDelete(entry->context);
}

static void
make_room(size_t most_bytes)
{
	CachedDataset *entry;

	while (ldb_memory_held() > most_bytes && (entry = least_recent_unused()) != NULL)
		let_go(entry);
}

static void
close_unused(const CachedDataset *newest)
{
	dlist_mutable_iter at;
	int count = 0;

	dlist_foreach_modify(at, &recent)
	{
		CachedDataset *entry = dlist_container(CachedDataset, node, at.cur);

		if (entry->user_count > 0 || (++count <= CACHE_CAPACITY && !is_outdated(entry, newest)))
			continue;
		let_go(entry);
	}
	make_room(CACHE_BYTES);
}

static void
release(void *handle)
{
	CachedDataset *entry = handle;

	entry->user_count--;
}

static LdbDataset *
use(CachedDataset *entry, MemoryContext context)
{
	entry->user_count++;
	lancedb_own(context, entry, release);
	return entry->dataset;
}

LdbDataset *
lancedb_cache_find(const char *key, const LancedbVersion *version, MemoryContext context)
{
	dlist_iter at;

	dlist_foreach(at, &recent)
	{
		CachedDataset *entry = dlist_container(CachedDataset, node, at.cur);

		if (entry->version.number == version->number &&
			memcmp(entry->version.identity, version->identity, sizeof(version->identity)) == 0 &&
			strcmp(entry->key, key) == 0)
		{
			dlist_move_head(&recent, &entry->node);
			return use(entry, context);
		}
	}
	return NULL;
}

/* The core checks base paths against the allowed folders; what lies in them it cannot know. */
static void
check_base_paths(const LdbManifest *manifest)
{
	for (size_t i = 0; i < manifest->base_count; i++)
		lancedb_check_outside_data_directory(lancedb_local_path(manifest->bases[i].path));
}

static void
close_dataset(void *dataset)
{
	ldb_dataset_close(dataset);
}

LdbDataset *
lancedb_cache_open(const LancedbOptions *options, const char *key, const LdbVersionChoice *choice,
				   const LancedbVersion *version, MemoryContext context)
{
	/* A child of the caller's until all is well, so that an error leaves nothing behind. */
	MemoryContext own =
		AllocSetContextCreate(CurrentMemoryContext, "lancedb dataset", ALLOCSET_SMALL_SIZES);
	CachedDataset *entry = MemoryContextAllocZero(own, sizeof(*entry));
	LdbLocations *locations = lancedb_open_locations(options, own);
	LdbStatus status;
	LdbError err;

	status =
		ldb_dataset_open(locations, options->uri, choice, &lancedb_cancel, &entry->dataset, &err);
	if (status == LDB_NOMEM && least_recent_unused() != NULL)
	{
		make_room(0);
		status = ldb_dataset_open(locations, options->uri, choice, &lancedb_cancel, &entry->dataset,
								  &err);
	}
	lancedb_check(status, &err);
	lancedb_own(own, entry->dataset, close_dataset);
	check_base_paths(ldb_dataset_manifest(entry->dataset));
	entry->context = own;
	entry->key = MemoryContextStrdup(own, key);
	entry->version = *version;
	entry->version.number = ldb_dataset_manifest(entry->dataset)->version;
	MemoryContextSetParent(own, CacheMemoryContext);
	dlist_push_head(&recent, &entry->node);
	(void) use(entry, context);
	close_unused(entry);
	return entry->dataset;
}
