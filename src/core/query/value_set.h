/*
 * value_set.h -- the constants of IN and of the list operators, ready for looking up.
 */
#ifndef LDB_QUERY_VALUE_SET_H
#define LDB_QUERY_VALUE_SET_H

#include "filter.h"

#define LDB_NOT_IN_SET (-1)

/* Sorts the values and drops repeated ones. */
LdbStatus ldb_value_set_init(const LdbExpr *expr, LdbArena *arena, LdbValueSet *set,
							 const LdbCancel *cancel, LdbError *err);

/*
 * Where in the set each of the rows first .. first + count lies (at most LDB_CHUNK_ROWS), or
 * LDB_NOT_IN_SET; NULL rows are not in any set. The array's type fits the set's domain.
 */
void ldb_value_set_find(const LdbValueSet *set, const LdbArray *array, size_t first, size_t count,
						int32_t *positions);

#endif
