/* test_tasks.c -- tasks cover each physical row once, in table order. */
#include "tasks.h"

#include "table/table_test.h"

static void
check_cover(const uint64_t *rows, size_t fragment_count, uint64_t expected_tasks)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbFragment *fragments = ldb_arena_zalloc_array(arena, fragment_count, sizeof *fragments);
	LdbManifest manifest = {.fragment_count = fragment_count, .fragments = fragments};
	LdbTaskMap map;
	LdbError err;
	size_t fragment = 0;
	uint64_t row = 0;

	for (size_t i = 0; i < fragment_count; i++)
		fragments[i].physical_rows = rows[i];
	must(ldb_tasks_init(&map, &manifest, arena, &err), &err);
	assert_int_equal(ldb_tasks_count(&map), expected_tasks);
	assert_int_equal(ldb_scan_task_count(&manifest), expected_tasks);
	for (uint64_t number = 0; number < expected_tasks; number++)
	{
		LdbTask task = ldb_tasks_find(&map, number);

		while (row == rows[fragment])
		{
			fragment++;
			row = 0;
		}
		assert_int_equal(task.fragment_index, fragment);
		assert_int_equal(task.first_row, row);
		assert_true(task.row_count > 0 && task.row_count <= LDB_SCAN_TASK_ROWS);
		row += task.row_count;
	}
	assert_true(fragment_count == 0 || row == rows[fragment]);
	ldb_arena_free(arena);
}

static void
each_row_is_in_one_task(void **state)
{
	const uint64_t task = LDB_SCAN_TASK_ROWS;

	(void) state;
	check_cover(NULL, 0, 0);
	check_cover((uint64_t[]){0}, 1, 0);
	check_cover((uint64_t[]){1}, 1, 1);
	check_cover((uint64_t[]){task}, 1, 1);
	check_cover((uint64_t[]){task + 1}, 1, 2);
	check_cover((uint64_t[]){0, 0, 3 * task - 1, 0, 5, 0, task, 0}, 8, 5);
	check_cover((uint64_t[]){7, 2 * task + 1, 1, UINT32_MAX}, 4,
				5 + (UINT32_MAX / task + (UINT32_MAX % task != 0)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_is_in_one_task),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
