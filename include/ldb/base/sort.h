/*
 * sort.h -- qsort for many items, stopped by cancel.
 */
#ifndef LDB_BASE_SORT_H
#define LDB_BASE_SORT_H

#include "ldb/base/cancel.h"

/*
 * Sorts `count` items of `size` bytes. After a failure (cancelled, out of memory) they are no longer
 * all there. Needs memory for another copy of the items when there are more than a few thousand.
 */
LdbStatus ldb_sort(void *items, size_t count, size_t size, int (*order)(const void *, const void *),
				   const LdbCancel *cancel, LdbError *err);

#endif
