/* size.c -- how many rows a scan gives, how wide they are and how many bytes must be read. */
#include "fdw/fdw.h"

#include "access/sysattr.h"
#include "catalog/pg_type.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/restrictinfo.h"
#include "utils/lsyscache.h"

#include "fdw/plan.h"
#include "fdw/pushdown.h"

/* ANALYZE never reads vectors, so nothing is known about how many are NULL: few, as a rule. */
#define NULL_VECTOR_FRACTION 0.005

LancedbRelPlan *
lancedb_rel_plan(PlannerInfo *root, RelOptInfo *rel)
{
	/* A parent of inheritance is a foreign table too, but is not scanned as one. */
	if (!IS_SIMPLE_REL(rel) || rel->rtekind != RTE_RELATION || rel->fdwroutine == NULL ||
		rel->fdwroutine->GetForeignRelSize != lancedb_get_rel_size)
		return NULL;
	return rel->fdw_private;
}

static double
field_bytes(const LancedbTable *table, size_t field)
{
	uint64_t bits = ldb_type_bits(&table->manifest->schema.fields[field]->type);
	uint64_t bytes;
	LdbError err;

	if (bits > 0)
		return (double) bits / 8 * (double) table->manifest->live_rows;
	lancedb_check(ldb_dataset_column_bytes(table->dataset, field, &bytes, &lancedb_cancel, &err),
				  &err);
	return (double) bytes;
}

double
lancedb_plan_bytes(const LancedbTable *table, const Bitmapset *columns)
{
	double bytes = 0;
	int attnum = -1;

	while ((attnum = bms_next_member(columns, attnum)) >= 0)
	{
		int field = lancedb_table_field(table, (AttrNumber) attnum);

		if (field >= 0)
			bytes += field_bytes(table, (size_t) field);
	}
	return bytes;
}

Bitmapset *
lancedb_plan_columns(const LancedbTable *table, Index varno, List *exprs)
{
	Bitmapset *attributes = NULL;
	Bitmapset *columns = NULL;
	int member = -1;

	pull_varattnos((Node *) exprs, varno, &attributes);
	while ((member = bms_next_member(attributes, member)) >= 0)
	{
		AttrNumber attnum = (AttrNumber) (member + FirstLowInvalidHeapAttributeNumber);

		if (attnum > 0)
			columns = bms_add_member(columns, attnum);
		else if (attnum == 0 && table->column_count > 0)
			columns = bms_add_range(columns, 1, table->column_count);
	}
	return columns;
}

/*
 * Widths of text, arrays and the like, which the server would take for 32 bytes. With statistics
 * it knows better, but of vectors ANALYZE sees only NULLs.
 */
static void
set_widths(RelOptInfo *rel, Oid relid, const LancedbRelPlan *plan)
{
	double rows = Max((double) plan->table->manifest->live_rows, 1);
	int attnum = -1;

	while ((attnum = bms_next_member(plan->output, attnum)) >= 0)
	{
		int field = lancedb_table_field(plan->table, (AttrNumber) attnum);
		Oid typid = get_atttype(relid, (AttrNumber) attnum);

		if (field < 0 || attnum > rel->max_attr || !OidIsValid(typid) || get_typlen(typid) > 0 ||
			get_attavgwidth(relid, (AttrNumber) attnum) > 0)
			continue;
		rel->attr_widths[attnum - rel->min_attr] =
			(int32) Min(Max(field_bytes(plan->table, (size_t) field) / rows, 4), MaxAllocSize / 2);
	}
}

/* A test for NULL of a column that ANALYZE left out, and which. */
static bool
is_vector_null_test(const LancedbTable *table, RestrictInfo *rinfo, NullTestType *type)
{
	NullTest *test = (NullTest *) rinfo->clause;
	Var *column;
	int field;

	if (!IsA(test, NullTest) || !IsA(test->arg, Var))
		return false;
	column = (Var *) test->arg;
	if (column->varattno <= 0)
		return false;
	*type = test->nulltesttype;
	field = lancedb_table_field(table, column->varattno);
	return field >= 0 &&
		   !lancedb_is_sampled(table->manifest->schema.fields[field], column->vartype);
}

/* The part of the rows that pass the tests of vectors for NULL; the clauses but these in `others`. */
static double
vectors_selectivity(const LancedbTable *table, List *clauses, List **others)
{
	double selectivity = 1;
	ListCell *lc;

	*others = NIL;
	foreach (lc, clauses)
	{
		NullTestType type;

		if (is_vector_null_test(table, lfirst(lc), &type))
			selectivity *= type == IS_NULL ? NULL_VECTOR_FRACTION : 1 - NULL_VECTOR_FRACTION;
		else
			*others = lappend(*others, lfirst(lc));
	}
	return selectivity;
}

static double
pushed_selectivity(PlannerInfo *root, RelOptInfo *rel, const LancedbRelPlan *plan)
{
	List *others;
	double vectors = vectors_selectivity(plan->table, plan->pushed, &others);

	return vectors * clauselist_selectivity(root, others, (int) rel->relid, JOIN_INNER, NULL);
}

static void
set_rows(PlannerInfo *root, RelOptInfo *rel, LancedbRelPlan *plan)
{
	List *clauses = rel->baserestrictinfo;
	List *estimated;
	double vectors = vectors_selectivity(plan->table, clauses, &estimated);

	rel->tuples = (double) plan->table->manifest->live_rows;
	rel->baserestrictinfo = estimated;
	set_baserel_size_estimates(root, rel);
	rel->baserestrictinfo = clauses;
	rel->rows = clamp_row_est(rel->rows * vectors);
	cost_qual_eval(&rel->baserestrictcost, clauses, root);
}

static void
split_restrictions(PlannerInfo *root, RelOptInfo *rel, LancedbRelPlan *plan)
{
	ListCell *lc;

	foreach (lc, rel->baserestrictinfo)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, lc);

		if (lancedb_is_pushable(root, rel, rinfo))
			plan->pushed = lappend(plan->pushed, rinfo);
		else
			plan->local = lappend(plan->local, rinfo);
	}
}

void
lancedb_get_rel_size(PlannerInfo *root, RelOptInfo *rel, Oid relid)
{
	LancedbRelPlan *plan = palloc0(sizeof(*plan));
	List *local;
	Bitmapset *filter;

	plan->table = lancedb_table_open_for_planning(relid, rel->userid, CurrentMemoryContext);
	rel->fdw_private = plan;
	split_restrictions(root, rel, plan);
	local = extract_actual_clauses(plan->local, false);
	plan->output =
		lancedb_plan_columns(plan->table, rel->relid, list_concat(local, rel->reltarget->exprs));
	filter =
		lancedb_plan_columns(plan->table, rel->relid, extract_actual_clauses(plan->pushed, false));
	plan->filter_bytes = lancedb_plan_bytes(plan->table, filter);
	plan->output_bytes = lancedb_plan_bytes(plan->table, bms_difference(plan->output, filter));
	set_widths(rel, relid, plan);
	set_rows(root, rel, plan);
	rel->pages =
		(BlockNumber) Min((plan->filter_bytes + plan->output_bytes) / BLCKSZ + 1, MaxBlockNumber);
	plan->pushed_selectivity = pushed_selectivity(root, rel, plan);
}
