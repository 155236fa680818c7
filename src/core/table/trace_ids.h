/* trace_ids.h -- finds rows of a version in a later one by their stable ids. */
#ifndef LDB_TABLE_TRACE_IDS_H
#define LDB_TABLE_TRACE_IDS_H

#include "trace.h"

/* As ldb_trace_finish. Items of the trace that `version` does not have are not looked at. */
LdbStatus ldb_trace_by_ids(LdbTrace *trace, LdbDataset *version, LdbDataset *newest,
						   LdbTraced **found, size_t *found_count, LdbError *err);

#endif
