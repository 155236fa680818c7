/* tasks.c -- the numbered pieces that a scan is made of, the same in every process. */
#include "tasks.h"

uint64_t
ldb_scan_fragment_tasks(const LdbFragment *fragment)
{
	return fragment->physical_rows / LDB_SCAN_TASK_ROWS +
		   (fragment->physical_rows % LDB_SCAN_TASK_ROWS != 0);
}

uint64_t
ldb_scan_task_count(const LdbManifest *manifest)
{
	uint64_t count = 0;

	for (size_t i = 0; i < manifest->fragment_count; i++)
		count += ldb_scan_fragment_tasks(&manifest->fragments[i]);
	return count;
}

LdbStatus
ldb_tasks_init(LdbTaskMap *map, const LdbManifest *manifest, LdbArena *arena, LdbError *err)
{
	map->manifest = manifest;
	LDB_NEW(arena, map->first_task, manifest->fragment_count + 1, err);
	for (size_t i = 0; i < manifest->fragment_count; i++)
		map->first_task[i + 1] =
			map->first_task[i] + ldb_scan_fragment_tasks(&manifest->fragments[i]);
	return LDB_OK;
}

uint64_t
ldb_tasks_count(const LdbTaskMap *map)
{
	return map->first_task[map->manifest->fragment_count];
}

LdbTask
ldb_tasks_find(const LdbTaskMap *map, uint64_t number)
{
	size_t low = 0, high = map->manifest->fragment_count - 1;
	uint64_t first_row, rows_left;

	/* the last fragment that starts at or before the task; empty ones start where the next does */
	while (low < high)
	{
		size_t middle = low + (high - low + 1) / 2;

		if (map->first_task[middle] <= number)
			low = middle;
		else
			high = middle - 1;
	}
	first_row = (number - map->first_task[low]) * LDB_SCAN_TASK_ROWS;
	rows_left = map->manifest->fragments[low].physical_rows - first_row;
	return (LdbTask){low, first_row,
					 rows_left < LDB_SCAN_TASK_ROWS ? rows_left : LDB_SCAN_TASK_ROWS};
}
