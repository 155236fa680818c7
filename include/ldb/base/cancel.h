/*
 * cancel.h -- how a caller stops a core operation that is under way.
 *
 * The core polls at every page, every I/O wait and every few thousand rows; 100 ms is the bound.
 * requested() must be cheap, must not fail and must not leave by longjmp.
 */
#ifndef LDB_BASE_CANCEL_H
#define LDB_BASE_CANCEL_H

#include <stdbool.h>
#include <stddef.h>

#include "ldb/base/error.h"

typedef struct LdbCancel
{
	bool (*requested)(void *context);
	void *context; /* borrowed from the caller */
} LdbCancel;

static inline bool
ldb_cancelled(const LdbCancel *cancel)
{
	return cancel != NULL && cancel->requested != NULL && cancel->requested(cancel->context);
}

#define LDB_CHECK_CANCEL(cancel, err)                    \
	do                                                   \
	{                                                    \
		if (ldb_cancelled(cancel))                       \
			LDB_FAIL((err), LDB_CANCELLED, "cancelled"); \
	} while (0)

#endif
