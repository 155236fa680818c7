/*
 * scan.c -- runs a distance-ordered scan: search, take what is asked for, hand out row by row.
 *
 * Nobody tells a scan how many rows will be pulled: a join or a filter above LIMIT may want many
 * more. So it searches for as many as the limit says, and when these are used up searches again
 * behind the last one, four times as deep. Rows come in exact order across such batches.
 */
#include "ann/ann_state.h"

#include <math.h>

#include "access/sysattr.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "xact/xact.h"

/* Without a limit in sight the first search goes this deep, and each next one deeper. */
#define FIRST_HITS 100
#define GROWTH 4
#define MOST_HITS 1000000

/* Rows taken at once: enough to read neighbours together, few enough to stay small. */
#define TAKE_ROWS 512

/* Vectors times dimension from which a second thread is worth its start. */
#define THREAD_WORK 4000000

/* ---- which columns ---- */

static int
private_number(LancedbAnnState *state, LancedbAnnPrivate slot)
{
	CustomScan *plan = (CustomScan *) state->css.ss.ps.plan;

	return intVal(list_nth(plan->custom_private, slot));
}

/* The columns that the finished plan reads from the scan tuple, as attribute numbers. */
static Bitmapset *
referenced_columns(LancedbAnnState *state, List *extra_quals)
{
	CustomScan *plan = (CustomScan *) state->css.ss.ps.plan;
	Index varno = plan->custom_scan_tlist != NIL ? INDEX_VAR : plan->scan.scanrelid;
	Bitmapset *columns = NULL;

	pull_varattnos((Node *) plan->scan.plan.targetlist, varno, &columns);
	pull_varattnos((Node *) plan->scan.plan.qual, varno, &columns);
	pull_varattnos((Node *) extra_quals, varno, &columns);
	return columns;
}

static void
choose_columns(LancedbAnnState *state, List *extra_quals)
{
	Bitmapset *referenced = referenced_columns(state, extra_quals);
	TupleDesc columns = RelationGetDescr(state->css.ss.ss_currentRelation);
	bool whole_row = bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, referenced);
	bool ctid = bms_is_member(SelfItemPointerAttributeNumber - FirstLowInvalidHeapAttributeNumber,
							  referenced);

	if (ctid)
		state->row_ids = lancedb_row_ids_new(state->table, state->css.ss.ps.state->es_query_cxt);
	state->wanted = palloc(sizeof(AttrNumber) * columns->natts);
	state->wanted_fields = palloc(sizeof(size_t) * columns->natts);
	state->converters = palloc(sizeof(LancedbConverter *) * columns->natts);
	for (AttrNumber i = 1; i <= columns->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(columns, i - 1);
		int field = lancedb_table_field(state->table, i);
		int n = state->wanted_count;

		if (column->attisdropped || field < 0)
			continue;
		if (!whole_row && !bms_is_member(i - FirstLowInvalidHeapAttributeNumber, referenced))
			continue;
		state->wanted[n] = i;
		state->wanted_fields[n] = (size_t) field;
		state->converters[n] =
			lancedb_converter_new(state->table->manifest->schema.fields[field],
								  NameStr(column->attname), column->atttypid, column->atttypmod);
		state->wanted_count++;
	}
}

/* ---- begin ---- */

static Node *
create_state(CustomScan *plan)
{
	LancedbAnnState *state =
		(LancedbAnnState *) newNode(sizeof(LancedbAnnState), T_CustomScanState);

	state->css.methods = &lancedb_ann_exec_methods;
	return (Node *) state;
}

const CustomScanMethods lancedb_ann_scan_methods = {
	.CustomName = "Lance Distance Scan",
	.CreateCustomScanState = create_state,
};

static void
close_take(void *take)
{
	ldb_take_close(take);
}

static void
open_take(LancedbAnnState *state, EState *estate)
{
	LdbError err;

	if (state->wanted_count == 0)
		return;
	lancedb_check(ldb_take_open(state->table->dataset, state->wanted_fields,
								(size_t) state->wanted_count, &lancedb_cancel, &state->take, &err),
				  &err);
	lancedb_own(estate->es_query_cxt, state->take, close_take);
}

static void
begin_scan(CustomScanState *css, EState *estate, int eflags)
{
	LancedbAnnState *state = (LancedbAnnState *) css;
	CustomScan *plan = (CustomScan *) css->ss.ps.plan;
	Oid relid = RelationGetRelid(css->ss.ss_currentRelation);
	int own = private_number(state, ANN_PRIVATE_EXPRS);
	List *pushed = list_copy_tail(plan->custom_exprs, own);
	AttrNumber column = (AttrNumber) private_number(state, ANN_PRIVATE_COLUMN);
	List *recheck = NIL;

	state->metric = (LdbMetric) private_number(state, ANN_PRIVATE_METRIC);
	state->query_kind = (LancedbVectorKind) private_number(state, ANN_PRIVATE_QUERY_KIND);
	state->limit_hint = private_number(state, ANN_PRIVATE_LIMIT);
	state->distance_slot = private_number(state, ANN_PRIVATE_DISTANCE_SLOT);
	state->nan_first = private_number(state, ANN_PRIVATE_NAN_FIRST) != 0;
	state->nulls_first = private_number(state, ANN_PRIVATE_NULLS_FIRST) != 0;
	state->pushed = pushed;
	state->expr_states = ExecInitExprList(list_copy_head(plan->custom_exprs, own), &css->ss.ps);

	state->table = lancedb_table_open(relid, (Oid) private_number(state, ANN_PRIVATE_USER), 0,
									  estate->es_query_cxt);
	state->vector_field = lancedb_table_field(state->table, column);
	if (pushed != NIL)
	{
		state->filter = lancedb_filter_compile(state->table, plan->scan.scanrelid,
											   plan->custom_scan_tlist, pushed, &css->ss.ps);
		/* The files changed under a prepared plan: the conditions are ours again. */
		if (state->filter == NULL)
		{
			recheck = pushed;
			css->ss.ps.qual =
				ExecInitQual(list_concat_copy(pushed, plan->scan.plan.qual), &css->ss.ps);
		}
	}
	state->search_context =
		AllocSetContextCreate(estate->es_query_cxt, "Lance distance scan", ALLOCSET_DEFAULT_SIZES);
	choose_columns(state, recheck);
	if ((eflags & EXEC_FLAG_EXPLAIN_ONLY) == 0)
	{
		lancedb_note_read(state->table);
		open_take(state, estate);
	}
}

/* ---- one search ---- */

/* Query vector, then LIMIT and OFFSET where the planner did not know them. */
static void
evaluate_query(LancedbAnnState *state)
{
	ExprContext *econtext = state->css.ss.ps.ps_ExprContext;
	MemoryContext old = MemoryContextSwitchTo(state->search_context);
	int64 hint = state->limit_hint;
	ListCell *cell;

	foreach (cell, state->expr_states)
	{
		bool isnull;
		Datum value = ExecEvalExprSwitchContext((ExprState *) lfirst(cell), econtext, &isnull);

		if (foreach_current_index(cell) > 0)
		{
			if (!isnull)
				hint += Min(Max(DatumGetInt64(value), 0), MOST_HITS);
			continue;
		}
		state->query = NULL;
		/* a version without the column: nothing but NULLs, whatever they are compared with */
		if (!isnull && state->vector_field >= 0)
			state->query = lancedb_query_vector(value, state->query_kind, &state->dimension);
	}
	state->depth = hint > 0 ? (size_t) Min(hint, MOST_HITS) : FIRST_HITS;
	MemoryContextSwitchTo(old);
}

/* A fixed-size column says its dimension itself: fail before anything is read. */
static void
check_dimension(LancedbAnnState *state)
{
	const LdbType *type;

	/* no query: the version may not even have the column */
	if (state->query == NULL)
		return;
	type = &state->table->manifest->schema.fields[state->vector_field]->type;
	if (type->kind == LDB_TYPE_FIXED_SIZE_LIST && type->width != state->dimension &&
		state->table->manifest->live_rows > 0)
		lancedb_dimension_mismatch(type->width, state->dimension);
}

static int
thread_count(LancedbAnnState *state)
{
	double work = (double) state->table->manifest->live_rows * Max(state->dimension, 1);

	return work < THREAD_WORK ? 1 : lancedb_max_threads;
}

static AnnClass
class_of(const LdbHit *hit)
{
	if (hit->is_null)
		return ANN_CLASS_NULL;
	return isnan(hit->distance) ? ANN_CLASS_NAN : ANN_CLASS_NUMBER;
}

/* The order that SQL asked for, as stretches of the search's own order. */
static void
plan_stretches(LancedbAnnState *state)
{
	int n = 0;

	if (state->nulls_first)
		state->stretches[n++] = ANN_CLASS_NULL;
	if (state->nan_first)
		state->stretches[n++] = ANN_CLASS_NAN;
	state->stretches[n++] = ANN_CLASS_NUMBER;
	if (!state->nan_first)
		state->stretches[n++] = ANN_CLASS_NAN;
	if (!state->nulls_first)
		state->stretches[n++] = ANN_CLASS_NULL;
}

/* Where a stretch begins in the search's own order: right behind the class before it. */
static void
enter_stretch(LancedbAnnState *state, int stretch)
{
	state->stretch = stretch;
	state->stretch_done = false;
	state->has_last = true;
	state->last.row_address = UINT64_MAX;
	state->last.is_null = false;
	switch (state->stretches[stretch])
	{
		case ANN_CLASS_NUMBER:
			state->has_last = false;
			break;
		case ANN_CLASS_NAN:
			state->last.distance = INFINITY;
			break;
		case ANN_CLASS_NULL:
			state->last.distance = NAN;
			break;
	}
}

static void
run_search(LancedbAnnState *state, size_t k, uint64_t *unordered)
{
	LdbExactSearch search = {
		.dataset = state->table->dataset,
		.column = (size_t) state->vector_field,
		.metric = state->metric,
		.query = state->query,
		.dimension = (size_t) state->dimension,
		.filter = state->row_filter,
		.k = k,
		.after = state->has_last ? &state->last : NULL,
		.thread_count = thread_count(state),
		.cancel = &lancedb_cancel,
		.unordered_rows = unordered,
	};
	LdbError err;

	if (state->hit_capacity < k)
	{
		if (state->hits != NULL)
			pfree(state->hits);
		state->hits = MemoryContextAllocHuge(state->search_context, k * sizeof(LdbHit));
		state->hit_capacity = k;
	}
	lancedb_check(ldb_exact_search(&search, state->hits, &state->hit_count, &state->stats, &err),
				  &err);
	state->searches++;
	state->next_hit = 0;
	state->taken = NULL;
	state->stretch_done = state->hit_count < k;
	if (state->hit_count > 0)
	{
		state->last = state->hits[state->hit_count - 1];
		state->has_last = true;
	}
}

/* Keeps of the hits those of the stretch's class; the search's order puts the others behind. */
static void
cut_to_stretch(LancedbAnnState *state)
{
	AnnClass class = state->stretches[state->stretch];

	while (state->hit_count > 0 && class_of(&state->hits[state->hit_count - 1]) > class)
	{
		state->hit_count--;
		state->stretch_done = true;
	}
}

/*
 * The first search. When NULL or NaN go ahead it must be known whether there are any; the common
 * case is none, and then this search is the answer as well.
 */
static void
first_search(LancedbAnnState *state)
{
	uint64_t unordered = 0;
	bool ahead = state->nulls_first || state->nan_first;

	plan_stretches(state);
	state->single_stretch = !ahead;
	if (ahead)
	{
		enter_stretch(state, state->nulls_first + state->nan_first);
		run_search(state, state->depth, &unordered);
		if (unordered == 0)
		{
			state->single_stretch = true;
			return;
		}
	}
	enter_stretch(state, 0);
	state->hit_count = state->next_hit = 0;
}

/* Makes hits available; false when there are no more rows. */
static bool
more_hits(LancedbAnnState *state)
{
	while (state->next_hit >= state->hit_count)
	{
		if (state->stretch_done)
		{
			if (state->single_stretch || state->stretch + 1 >= ANN_CLASS_COUNT)
				return false;
			enter_stretch(state, state->stretch + 1);
		}
		run_search(state, state->depth, NULL);
		state->depth = Min(state->depth * GROWTH, MOST_HITS);
		if (!state->single_stretch)
			cut_to_stretch(state);
	}
	return true;
}

static void
start(LancedbAnnState *state)
{
	state->started = true;
	MemoryContextReset(state->search_context);
	state->hits = NULL;
	state->hit_capacity = state->hit_count = state->next_hit = 0;
	state->taken = NULL;
	state->row_filter = NULL;
	state->stretch_done = state->single_stretch = false;
	evaluate_query(state);
	check_dimension(state);
	if (state->filter != NULL && lancedb_filter_bind(state->filter, state->css.ss.ps.ps_ExprContext,
													 &state->row_filter) == LANCEDB_ROWS_NONE)
	{
		state->stretch_done = state->single_stretch = true;
		return;
	}
	first_search(state);
}

/* ---- rows ---- */

static void
take_rows(LancedbAnnState *state)
{
	size_t left = state->hit_count - state->next_hit;
	size_t count = Min(left, TAKE_ROWS);
	uint64_t addresses[TAKE_ROWS];
	LdbError err;

	for (size_t i = 0; i < count; i++)
		addresses[i] = state->hits[state->next_hit + i].row_address;
	lancedb_check(ldb_take_rows(state->take, addresses, count, &state->taken, &err), &err);
	state->taken_first = state->next_hit;
	state->taken_count = state->taken->row_count;
}

static void
fill_slot(LancedbAnnState *state, TupleTableSlot *slot)
{
	const LdbHit *hit = &state->hits[state->next_hit];
	MemoryContext old =
		MemoryContextSwitchTo(state->css.ss.ps.ps_ExprContext->ecxt_per_tuple_memory);
	LdbError err;

	if (state->take != NULL &&
		(state->taken == NULL || state->next_hit >= state->taken_first + state->taken_count))
		take_rows(state);
	memset(slot->tts_isnull, true, slot->tts_tupleDescriptor->natts * sizeof(bool));
	for (int i = 0; i < state->wanted_count; i++)
	{
		int at = state->wanted[i] - 1;

		slot->tts_values[at] = lancedb_convert(state->converters[i], &state->taken->columns[i],
											   state->next_hit - state->taken_first,
											   hit->row_address, &slot->tts_isnull[at]);
	}
	if (state->take != NULL)
		lancedb_check(ldb_take_check(state->take, &err), &err);
	if (state->distance_slot > 0 && !hit->is_null)
	{
		slot->tts_values[state->distance_slot - 1] = Float8GetDatum(hit->distance);
		slot->tts_isnull[state->distance_slot - 1] = false;
	}
	MemoryContextSwitchTo(old);
}

static TupleTableSlot *
next_row(ScanState *node)
{
	LancedbAnnState *state = (LancedbAnnState *) node;
	TupleTableSlot *slot = node->ss_ScanTupleSlot;

	ExecClearTuple(slot);
	if (!state->started)
		start(state);
	if (!more_hits(state))
		return slot;
	fill_slot(state, slot);
	if (state->row_ids != NULL)
		lancedb_row_ctid(state->row_ids, state->hits[state->next_hit].row_address, &slot->tts_tid);
	state->next_hit++;
	slot->tts_tableOid = RelationGetRelid(node->ss_currentRelation);
	return ExecStoreVirtualTuple(slot);
}

/* EvalPlanQual brings back a row that was read before: the pushed conditions must still hold. */
static bool
recheck_row(ScanState *node, TupleTableSlot *slot)
{
	LancedbAnnState *state = (LancedbAnnState *) node;
	ExprContext *econtext = node->ps.ps_ExprContext;

	if (state->pushed == NIL)
		return true;
	if (state->recheck == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(node->ps.state->es_query_cxt);

		state->recheck = ExecInitQual(state->pushed, &node->ps);
		MemoryContextSwitchTo(old);
	}
	econtext->ecxt_scantuple = slot;
	return ExecQual(state->recheck, econtext);
}

static TupleTableSlot *
exec_scan(CustomScanState *css)
{
	return ExecScan(&css->ss, next_row, recheck_row);
}

static void
rescan(CustomScanState *css)
{
	((LancedbAnnState *) css)->started = false;
	ExecScanReScan(&css->ss);
}

/* Handles belong to the query's memory context, which also closes them after an error. */
static void
end_scan(CustomScanState *css)
{
}

const CustomExecMethods lancedb_ann_exec_methods = {
	.CustomName = "Lance Distance Scan",
	.BeginCustomScan = begin_scan,
	.ExecCustomScan = exec_scan,
	.EndCustomScan = end_scan,
	.ReScanCustomScan = rescan,
	.ExplainCustomScan = lancedb_ann_explain,
};
