/*
 * row_plan.h -- how to read scattered rows of a column: as runs, or whole and then picked from.
 */
#ifndef LDB_TABLE_ROW_PLAN_H
#define LDB_TABLE_ROW_PLAN_H

#include "ldb/format/file.h"

typedef struct LdbRowPlan
{
	size_t row_count;
	LdbRowRange *ranges;
	size_t range_count;
	uint32_t *picked; /* positions in what the ranges give; NULL = all of it */
} LdbRowPlan;

/* rows: ascending, each once, counted from `base`; NULL = the first row_count ones. At least one
 * row. */
LdbStatus ldb_row_plan_init(LdbRowPlan *plan, uint64_t base, const uint32_t *rows, size_t row_count,
							LdbArena *arena, LdbError *err);

LdbStatus ldb_row_plan_read(const LdbRowPlan *plan, LdbColumnReader *column, LdbArena *arena,
							LdbArray *out, const LdbCancel *cancel, LdbError *err);

/* Touches each page that the values lie in, so that one that is gone is noticed now and not while
 * the caller reads it. */
void ldb_array_touch(const LdbArray *array);

#endif
