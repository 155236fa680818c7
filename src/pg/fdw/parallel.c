/* parallel.c -- lets leader and workers share one scan: the same version, one queue of tasks. */
#include "fdw/fdw.h"

#include "access/parallel.h"

#include "fdw/scan.h"

bool
lancedb_scan_is_parallel_safe(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte)
{
	return true;
}

Size
lancedb_estimate_dsm(ForeignScanState *node, ParallelContext *pcxt)
{
	LancedbScanState *state = node->fdw_state;

	lancedb_scan_open_table(state);
	return add_size(offsetof(LancedbSharedScan, change), state->change.length);
}

/* The leader tells its version and its own changes, whether or not it will read rows itself. */
void
lancedb_initialize_dsm(ForeignScanState *node, ParallelContext *pcxt, void *coordinate)
{
	LancedbScanState *state = node->fdw_state;
	LancedbSharedScan *shared = coordinate;

	shared->version = state->table->manifest->version;
	memcpy(shared->identity, state->table->identity, sizeof(shared->identity));
	pg_atomic_init_u64(&shared->next_task, 0);
	pg_atomic_init_u64(&shared->rows_removed, 0);
	pg_atomic_init_u64(&shared->bytes_read, 0);
	pg_atomic_init_u64(&shared->requests, 0);
	pg_atomic_init_u64(&shared->fragments, 0);
	shared->change_bytes = state->change.length;
	if (state->change.length > 0)
		memcpy(shared->change, state->change.data, state->change.length);
	state->shared = shared;
}

/* After a rescan of the leader, before new workers start. */
void
lancedb_reinitialize_dsm(ForeignScanState *node, ParallelContext *pcxt, void *coordinate)
{
	LancedbSharedScan *shared = coordinate;

	pg_atomic_write_u64(&shared->next_task, 0);
}

void
lancedb_initialize_worker(ForeignScanState *node, shm_toc *toc, void *coordinate)
{
	LancedbScanState *state = node->fdw_state;

	state->shared = coordinate;
}

/*
 * Shared memory is about to go. Workers leave their counters there; the leader, which comes last
 * unless a LIMIT stopped it early, collects them.
 */
void
lancedb_shutdown_scan(ForeignScanState *node)
{
	LancedbScanState *state = node->fdw_state;
	LancedbSharedScan *shared = state->shared;
	LancedbCounters *counters = &state->counters;

	if (shared == NULL)
		return;
	lancedb_scan_stop(state);
	/* a shut down scan must not be started again by a late call */
	state->started = state->done = true;
	if (IsParallelWorker())
	{
		pg_atomic_fetch_add_u64(&shared->rows_removed, (int64) counters->rows_removed);
		pg_atomic_fetch_add_u64(&shared->bytes_read, (int64) counters->bytes_read);
		pg_atomic_fetch_add_u64(&shared->requests, (int64) counters->requests);
		pg_atomic_fetch_add_u64(&shared->fragments, (int64) counters->fragments);
		memset(counters, 0, sizeof(*counters));
	}
	else
	{
		counters->rows_removed += pg_atomic_exchange_u64(&shared->rows_removed, 0);
		counters->bytes_read += pg_atomic_exchange_u64(&shared->bytes_read, 0);
		counters->requests += pg_atomic_exchange_u64(&shared->requests, 0);
		counters->fragments += pg_atomic_exchange_u64(&shared->fragments, 0);
	}
	state->shared = NULL;
}
