/* cost.c -- what a scan of a Lance table costs, in the planner's units. */
#include "fdw/plan.h"

#include "optimizer/cost.h"
#include "optimizer/optimizer.h"

/* Finding the version and starting the scan; each fragment has a footer to read. */
#define STARTUP_COST 1.0
#define FRAGMENT_COST 0.05

/* The core tests a column at a time: a fraction of what an operator costs for one row. */
#define VECTOR_SPEED 0.2

LancedbCost
lancedb_scan_cost(RelOptInfo *rel, const LancedbRelPlan *plan, double selectivity)
{
	LancedbCost cost;
	double rows = rel->tuples;
	double survivors = rows * selectivity;
	double bytes = plan->filter_bytes + plan->output_bytes * Min(selectivity * 4, 1);
	QualCost quals;

	cost_qual_eval(&quals, plan->local, NULL);
	cost.startup = STARTUP_COST + quals.startup + rel->reltarget->cost.startup +
				   FRAGMENT_COST * (double) plan->table->manifest->fragment_count;
	cost.run = bytes / BLCKSZ * seq_page_cost +
			   rows * VECTOR_SPEED * cpu_operator_cost * list_length(plan->pushed) +
			   survivors * (cpu_tuple_cost + quals.per_tuple);
	return cost;
}
