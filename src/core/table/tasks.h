/* tasks.h -- the numbered pieces that a scan is made of, the same in every process. */
#ifndef LDB_TABLE_TASKS_H
#define LDB_TABLE_TASKS_H

#include "ldb/table/scan.h"

typedef struct LdbTaskMap
{
	const LdbManifest *manifest; /* borrowed */
	uint64_t *first_task;        /* of each fragment, and the count of all; arena */
} LdbTaskMap;

typedef struct LdbTask
{
	size_t fragment_index;
	uint64_t first_row;
	uint64_t row_count;
} LdbTask;

LdbStatus ldb_tasks_init(LdbTaskMap *map, const LdbManifest *manifest, LdbArena *arena,
						 LdbError *err);
uint64_t ldb_tasks_count(const LdbTaskMap *map);
/* number: below the count. */
LdbTask ldb_tasks_find(const LdbTaskMap *map, uint64_t number);

#endif
