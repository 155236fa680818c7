/* scan.c -- runs a foreign scan: batches from the core, row by row into the executor's slot. */
#include "fdw/fdw.h"

#include "access/parallel.h"
#include "access/sysattr.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "fdw/scan.h"
#include "xact/xact.h"

List *
lancedb_scan_slot(ForeignScanState *node, LancedbPlanSlot slot)
{
	return list_nth(((ForeignScan *) node->ss.ps.plan)->fdw_private, slot);
}

static void
close_scan(void *handle)
{
	LancedbScanState *state = handle;

	ldb_scan_close(state->scan);
	state->scan = NULL;
}

/*
 * The version belongs to the statement's snapshot, not to a cursor's first FETCH, so it is pinned
 * here; data files are not touched before the first row is asked for. A parallel worker is told
 * the leader's version later.
 */
void
lancedb_begin_scan(ForeignScanState *node, int eflags)
{
	LancedbScanState *state = palloc0(sizeof(*state));
	List *oids = lancedb_scan_slot(node, LANCEDB_PLAN_OIDS);

	state->kind = (LancedbPlanKind) intVal(lancedb_scan_slot(node, LANCEDB_PLAN_KIND));
	state->relid = linitial_oid(oids);
	state->userid = lsecond_oid(oids);
	state->context = node->ss.ps.state->es_query_cxt;
	state->parallel = node->ss.ps.plan->parallel_aware;
	node->fdw_state = state;
	if ((eflags & EXEC_FLAG_EXPLAIN_ONLY) == 0 && !IsParallelWorker())
		lancedb_scan_open_table(state);
}

/*
 * Workers see what the leader saw when the scan began, which later commands do not change. The leader
 * reads it as they do: tasks have the same numbers for all only if the fragments are the same.
 */
static void
open_in_leader(LancedbScanState *state)
{
	LancedbWrite *write;

	state->table = lancedb_table_open(state->relid, state->userid, 0, state->context);
	lancedb_note_read(state->table);
	write = state->table->write;
	if (!state->parallel || write == NULL)
		return;
	state->change = lancedb_write_pack(write, state->context);
	state->table =
		lancedb_table_open_shared(state->relid, state->userid, state->table->manifest->version,
								  state->change, state->context);
	state->table->write = write;
}

static void
open_in_worker(LancedbScanState *state)
{
	const LancedbSharedScan *shared = state->shared;

	state->table =
		lancedb_table_open_shared(state->relid, state->userid, shared->version,
								  ldb_slice(shared->change, shared->change_bytes), state->context);
	if (memcmp(state->table->identity, shared->identity, sizeof(shared->identity)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("Lance table \"%s\" was replaced while the query ran", state->table->uri)));
}

void
lancedb_scan_open_table(LancedbScanState *state)
{
	if (state->table != NULL)
		return;
	if (state->shared != NULL)
		open_in_worker(state);
	else
		open_in_leader(state);
	lancedb_own(state->context, state, close_scan);
}

static void
add_output(LancedbScanState *state, TupleDesc columns, AttrNumber attnum)
{
	Form_pg_attribute column = TupleDescAttr(columns, attnum - 1);
	int field = lancedb_table_field(state->table, attnum);
	LancedbOutput *output = &state->outputs[state->output_count];

	if (field < 0 || column->attisdropped)
		return;
	output->attnum = attnum;
	output->converter =
		lancedb_converter_new(state->table->manifest->schema.fields[field],
							  NameStr(column->attname), column->atttypid, column->atttypmod);
	state->fields[state->output_count++] = (size_t) field;
}

/* Which columns become SQL values, and how. */
static void
set_outputs(ForeignScanState *node, LancedbScanState *state)
{
	MemoryContext old = MemoryContextSwitchTo(state->context);
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	TupleDesc columns = node->ss.ss_ScanTupleSlot->tts_tupleDescriptor;
	List *wanted = lancedb_scan_slot(node, LANCEDB_PLAN_COLUMNS);
	Bitmapset *all = NULL;
	ListCell *lc;
	int attnum = -1;

	if (state->recheck)
		all = lancedb_plan_columns(state->table, plan->scan.scanrelid, plan->fdw_recheck_quals);
	foreach (lc, wanted)
		all = bms_add_member(all, lfirst_int(lc));
	state->outputs = palloc0((columns->natts + 1) * sizeof(LancedbOutput));
	state->fields = palloc0((columns->natts + 1) * sizeof(size_t));
	while ((attnum = bms_next_member(all, attnum)) >= 0)
	{
		if (attnum <= columns->natts)
			add_output(state, columns, (AttrNumber) attnum);
	}
	MemoryContextSwitchTo(old);
}

/* Compiles the pushed conditions once, and evaluates their values now. */
LancedbFilterOutcome
lancedb_scan_bind(ForeignScanState *node, Index varno, List *tlist, List *clauses,
				  const LdbRowFilter **row_filter)
{
	LancedbScanState *state = node->fdw_state;

	*row_filter = NULL;
	if (clauses == NIL || state->recheck)
		return LANCEDB_ROWS_ALL;
	if (state->filter == NULL)
		state->filter = lancedb_filter_compile(state->table, varno, tlist, clauses, &node->ss.ps);
	if (state->filter == NULL)
	{
		state->recheck = true;
		return LANCEDB_ROWS_ALL;
	}
	return lancedb_filter_bind(state->filter, node->ss.ps.ps_ExprContext, row_filter);
}

void
lancedb_scan_start(LancedbScanState *state, const LdbScanOptions *options)
{
	LdbError err;

	lancedb_check(ldb_scan_open(state->table->dataset, options, &state->scan, &err), &err);
}

static uint64_t
next_shared_task(void *context)
{
	LancedbSharedScan *shared = context;

	return pg_atomic_fetch_add_u64(&shared->next_task, 1);
}

static void
start(ForeignScanState *node, LancedbScanState *state)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	LdbScanOptions options = {.cancel = &lancedb_cancel};
	LancedbFilterOutcome outcome;

	lancedb_scan_open_table(state);
	outcome = lancedb_scan_bind(node, plan->scan.scanrelid, NIL, plan->fdw_recheck_quals,
								&options.filter);
	state->started = true;
	if (outcome == LANCEDB_ROWS_NONE)
	{
		state->done = true;
		return;
	}
	if (state->outputs == NULL)
		set_outputs(node, state);
	if (plan->fsSystemCol && state->row_ids == NULL)
		state->row_ids = lancedb_row_ids_new(state->table, state->context);
	options.column_count = (size_t) state->output_count;
	options.columns = state->fields;
	options.batch_rows = (size_t) intVal(lancedb_scan_slot(node, LANCEDB_PLAN_ROWS));
	if (state->shared != NULL)
	{
		options.next_task = next_shared_task;
		options.next_task_context = state->shared;
	}
	lancedb_scan_start(state, &options);
}

/* True when state->row is a row of state->batch. */
static bool
advance(LancedbScanState *state)
{
	LdbError err;

	if (state->done)
		return false;
	if (state->batch != NULL && ++state->row < state->batch->row_count)
		return true;
	lancedb_check(ldb_scan_next(state->scan, &state->batch, &err), &err);
	state->row = 0;
	state->done = state->batch == NULL;
	return !state->done;
}

/* Values live in the executor's per-row memory, which is where it calls us. */
static void
fill_slot(LancedbScanState *state, TupleTableSlot *slot)
{
	const LdbBatch *batch = state->batch;
	LdbError err;

	memset(slot->tts_isnull, true, slot->tts_tupleDescriptor->natts * sizeof(bool));
	for (int i = 0; i < state->output_count; i++)
	{
		LancedbOutput *output = &state->outputs[i];
		int at = output->attnum - 1;

		slot->tts_values[at] =
			lancedb_convert(output->converter, &batch->columns[i], state->row,
							batch->row_addresses[state->row], &slot->tts_isnull[at]);
	}
	/* a cursor may stop here, or a LIMIT: nobody would ask for the next batch and hear of it */
	lancedb_check(ldb_scan_check(state->scan, &err), &err);
	ExecStoreVirtualTuple(slot);
	if (state->row_ids != NULL)
		lancedb_row_ctid(state->row_ids, batch->row_addresses[state->row], &slot->tts_tid);
}

static bool
passes_recheck(ForeignScanState *node, TupleTableSlot *slot)
{
	ExprContext *econtext = node->ss.ps.ps_ExprContext;

	econtext->ecxt_scantuple = slot;
	return ExecQual(node->fdw_recheck_quals, econtext);
}

TupleTableSlot *
lancedb_iterate_scan(ForeignScanState *node)
{
	LancedbScanState *state = node->fdw_state;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;

	if (state->kind == LANCEDB_PLAN_COUNT)
		return lancedb_iterate_count(node);
	ExecClearTuple(slot);
	if (!state->started)
		start(node, state);
	while (advance(state))
	{
		fill_slot(state, slot);
		if (!state->recheck || passes_recheck(node, slot))
			return slot;
		ExecClearTuple(slot);
		ResetExprContext(node->ss.ps.ps_ExprContext);
		CHECK_FOR_INTERRUPTS();
	}
	return slot;
}

size_t
lancedb_scan_addresses(ForeignScanState *node, const uint64_t **addresses)
{
	LancedbScanState *state = node->fdw_state;
	LdbError err;

	if (!state->started)
		start(node, state);
	if (state->recheck)
	{
		ResetExprContext(node->ss.ps.ps_ExprContext);
		if (TupIsNull(lancedb_iterate_scan(node)))
			return 0;
		*addresses = &state->batch->row_addresses[state->row];
		return 1;
	}
	if (state->done)
		return 0;
	lancedb_check(ldb_scan_next(state->scan, &state->batch, &err), &err);
	state->done = state->batch == NULL;
	if (state->done)
		return 0;
	*addresses = state->batch->row_addresses;
	return state->batch->row_count;
}

/* Of all passes, the one under way included. */
LancedbCounters
lancedb_scan_counters(const LancedbScanState *state)
{
	LancedbCounters counters = state->counters;

	if (state->scan != NULL)
	{
		const LdbScanStats *stats = ldb_scan_stats(state->scan);

		counters.rows_removed += stats->rows_scanned - stats->rows_returned;
		counters.bytes_read += stats->read.bytes;
		counters.requests += stats->read.requests;
		counters.fragments += stats->fragments;
	}
	return counters;
}

/* Ends this pass; the table stays open for the next one. */
void
lancedb_scan_stop(LancedbScanState *state)
{
	state->counters = lancedb_scan_counters(state);
	close_scan(state);
	state->batch = NULL;
	state->row = 0;
	state->started = false;
	state->done = false;
}

/*
 * With nothing changed the core's scan starts over with its files open; with new parameters the
 * filter is another one.
 */
void
lancedb_rescan(ForeignScanState *node)
{
	LancedbScanState *state = node->fdw_state;
	bool changed = node->ss.ps.chgParam != NULL && state->filter != NULL &&
				   lancedb_filter_has_params(state->filter);
	LdbError err;

	if (changed || state->scan == NULL || state->shared != NULL ||
		state->kind == LANCEDB_PLAN_COUNT)
	{
		lancedb_scan_stop(state);
		return;
	}
	lancedb_check(ldb_scan_restart(state->scan, &err), &err);
	state->batch = NULL;
	state->row = 0;
	state->done = false;
}

void
lancedb_end_scan(ForeignScanState *node)
{
	LancedbScanState *state = node->fdw_state;

	if (state != NULL)
		lancedb_scan_stop(state);
}
