/* dataset_impl.h -- what an open dataset holds, for the files of this room. */
#ifndef LDB_TABLE_DATASET_IMPL_H
#define LDB_TABLE_DATASET_IMPL_H

#include <pthread.h>

#include "ldb/table/change.h"
#include "ldb/table/dataset.h"

/* A base path that fragments refer to, resolved. */
typedef struct LdbBase
{
	LdbStore *store;  /* borrowed from the locations; NULL = no fragment needs it */
	const char *root; /* within the store; arena */
	bool has_folders; /* a dataset with data/ and _deletions/, else a plain folder of files */
} LdbBase;

struct LdbDataset
{
	LdbArena *arena; /* owned; nothing is added after the open */
	const char *uri; /* arena */
	LdbBase home;    /* where files without a base lie */
	LdbManifest *manifest;
	LdbBase *bases;       /* one for each base of the manifest; arena */
	pthread_mutex_t lock; /* of what is loaded later */
	uint8_t **deletions;  /* one for each fragment, NULL until loaded; each on the heap, owned */
	struct LdbChangeView *view; /* of a dataset with a change that is no version yet; arena */
};

/* Files in memory that a draft and its views share; one thread. */
typedef struct LdbMemoryFiles
{
	LdbStore *store; /* owned */
	size_t users;
} LdbMemoryFiles;

/* The base of such files. */
#define LDB_MEMORY_BASE (UINT32_MAX - 1)

/* What a dataset with a change knows besides (change_view.c). */
typedef struct LdbChangeView
{
	LdbDataset *base;       /* borrowed: the version that fragments come from; NULL = none */
	size_t *base_index;     /* of each fragment in the base; SIZE_MAX = the change added it */
	uint64_t **row_ids;     /* of added fragments, by their order; NULL = all new */
	uint64_t *next_row_id;  /* for the first new row of each */
	LdbMemoryFiles *memory; /* one of the users; NULL = none */
	LdbBase memory_base;
} LdbChangeView;

/* As ldb_dataset_row_ids, of a view. */
LdbStatus ldb_change_view_row_ids(LdbDataset *dataset, size_t fragment_index, LdbArena *arena,
								  const uint64_t **row_ids, const LdbCancel *cancel, LdbError *err);

/* As ldb_dataset_with_change; files of LDB_MEMORY_BASE lie in `memory` (NULL = there are none). */
LdbStatus ldb_change_view_open(LdbDataset *base, LdbLocations *locations, const char *uri,
							   const LdbChange *change, LdbMemoryFiles *memory,
							   LdbDataset **dataset, const LdbCancel *cancel, LdbError *err);
void ldb_memory_files_release(LdbMemoryFiles *memory); /* NULL is fine */

/* Store and name of a file that the manifest names: below `folder` of the base. */
LdbStatus ldb_dataset_locate(const LdbDataset *dataset, uint32_t base_id, const char *folder,
							 const char *path, LdbArena *arena, LdbStore **store, const char **name,
							 LdbError *err);

#endif
