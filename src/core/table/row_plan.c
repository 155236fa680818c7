/* row_plan.c -- how to read scattered rows of a column: as runs, or whole and then picked from. */
#include "row_plan.h"

#include <string.h>

#define PAGE_BYTES 4096u

/* Measured on ids, strings and vectors of 2.0 to 2.2: beyond one row in eight, whole is faster. */
#define MOST_READ_FOR_ONE 8u

static LdbStatus
plan_single_range(LdbRowPlan *plan, uint64_t first, uint64_t count, LdbArena *arena, LdbError *err)
{
	LDB_NEW(arena, plan->ranges, 1, err);
	plan->ranges[0] = (LdbRowRange){first, count};
	plan->range_count = 1;
	return LDB_OK;
}

static LdbStatus
plan_picks(LdbRowPlan *plan, uint64_t base, const uint32_t *rows, LdbArena *arena, LdbError *err)
{
	LDB_NEW(arena, plan->picked, plan->row_count, err);
	for (size_t i = 0; i < plan->row_count; i++)
		plan->picked[i] = rows[i] - rows[0];
	return plan_single_range(plan, base + rows[0],
							 (uint64_t) (rows[plan->row_count - 1] - rows[0]) + 1, arena, err);
}

static LdbStatus
plan_runs(LdbRowPlan *plan, uint64_t base, const uint32_t *rows, LdbArena *arena, LdbError *err)
{
	size_t runs = 1;

	for (size_t i = 1; i < plan->row_count; i++)
		runs += rows[i] != rows[i - 1] + 1;
	LDB_NEW(arena, plan->ranges, runs, err);
	for (size_t i = 0; i < plan->row_count; i++)
	{
		if (i == 0 || rows[i] != rows[i - 1] + 1)
			plan->ranges[plan->range_count++] = (LdbRowRange){base + rows[i], 1};
		else
			plan->ranges[plan->range_count - 1].count++;
	}
	return LDB_OK;
}

LdbStatus
ldb_row_plan_init(LdbRowPlan *plan, uint64_t base, const uint32_t *rows, size_t row_count,
				  LdbArena *arena, LdbError *err)
{
	uint64_t span;

	*plan = (LdbRowPlan){.row_count = row_count};
	if (rows == NULL)
		return plan_single_range(plan, base, row_count, arena, err);
	span = (uint64_t) (rows[row_count - 1] - rows[0]) + 1;
	if (span == row_count)
		return plan_single_range(plan, base + rows[0], span, arena, err);
	/* a run decoded straight and picked from costs less than many runs, unless few are wanted */
	if (span / MOST_READ_FOR_ONE < row_count)
		return plan_picks(plan, base, rows, arena, err);
	return plan_runs(plan, base, rows, arena, err);
}

LdbStatus
ldb_row_plan_read(const LdbRowPlan *plan, LdbColumnReader *column, LdbArena *arena, LdbArray *out,
				  const LdbCancel *cancel, LdbError *err)
{
	LdbArray whole;

	if (plan->picked == NULL)
		return ldb_column_read(column, plan->ranges, plan->range_count, arena, out, cancel, err);
	LDB_TRY(ldb_column_read(column, plan->ranges, plan->range_count, arena, &whole, cancel, err));
	return ldb_array_take(&whole, plan->picked, plan->row_count, arena, out, err);
}

static void
touch(const void *bytes, size_t length)
{
	const volatile uint8_t *at = bytes;

	for (size_t i = 0; i < length; i += PAGE_BYTES)
		(void) at[i];
	if (length > 0)
		(void) at[length - 1];
}

/* Neighbouring views mostly lie on one page, which is touched once. */
static void
touch_views(const LdbSlice *views, size_t count)
{
	uintptr_t last_page = 0;

	for (size_t i = 0; i < count; i++)
	{
		uintptr_t first = (uintptr_t) views[i].data / PAGE_BYTES;
		uintptr_t end;

		if (views[i].length == 0)
			continue;
		end = ((uintptr_t) views[i].data + views[i].length - 1) / PAGE_BYTES;
		if (first != last_page || end != last_page)
			touch(views[i].data, views[i].length);
		last_page = end;
	}
}

void
ldb_array_touch(const LdbArray *array)
{
	uint64_t bits = ldb_type_bits(array->type);

	if (array->values != NULL && bits > 0)
		touch(array->values, (size_t) ((array->length * bits + 7) / 8));
	if (array->views != NULL)
		touch_views(array->views, array->length);
	for (size_t i = 0; i < array->child_count; i++)
		ldb_array_touch(&array->children[i]);
}
