/* test_row_plan.c -- scattered rows become runs, or one run that is picked from. */
#include "row_plan.h"

#include "table/table_test.h"

/* The rows that the plan gives, in order, must be those asked for. */
static void
check_plan(uint64_t base, const uint32_t *rows, size_t count, size_t ranges, bool picks)
{
	LdbArena *arena = ldb_arena_new(0);
	uint64_t *read = calloc(100000, sizeof *read);
	size_t read_count = 0;
	LdbRowPlan plan;
	LdbError err;

	must(ldb_row_plan_init(&plan, base, rows, count, arena, &err), &err);
	assert_int_equal(plan.range_count, ranges);
	assert_int_equal(plan.picked != NULL, picks);
	for (size_t i = 0; i < plan.range_count; i++)
	{
		assert_true(plan.ranges[i].count > 0);
		for (uint64_t j = 0; j < plan.ranges[i].count; j++)
			read[read_count++] = plan.ranges[i].first + j;
	}
	assert_true(picks || read_count == count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(read[picks ? plan.picked[i] : i], base + (rows == NULL ? i : rows[i]));
	free(read);
	ldb_arena_free(arena);
}

static void
neighbours_are_one_run(void **state)
{
	(void) state;
	check_plan(50, NULL, 7, 1, false);
	check_plan(50, (uint32_t[]){3}, 1, 1, false);
	check_plan(0, (uint32_t[]){3, 4, 5}, 3, 1, false);
	check_plan(UINT64_C(1) << 31, (uint32_t[]){0, 1}, 2, 1, false);
}

static void
few_of_many_are_runs(void **state)
{
	(void) state;
	check_plan(10, (uint32_t[]){0, 5, 6, 90}, 4, 3, false);
	check_plan(0, (uint32_t[]){7, UINT32_MAX}, 2, 2, false);
	check_plan(0, (uint32_t[]){0, 16, 32, 48}, 4, 4, false);
}

static void
one_in_eight_is_picked_from_one_run(void **state)
{
	(void) state;
	check_plan(10, (uint32_t[]){0, 1, 3}, 3, 1, true);
	check_plan(10, (uint32_t[]){5, 7}, 2, 1, true);
	check_plan(10, (uint32_t[]){0, 8, 16, 24}, 4, 1, true);
	check_plan(3, (uint32_t[]){100, 101, 102, 104, 106, 107}, 6, 1, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_are_one_run),
		cmocka_unit_test(few_of_many_are_runs),
		cmocka_unit_test(one_in_eight_is_picked_from_one_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
