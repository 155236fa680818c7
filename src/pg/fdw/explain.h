/* explain.h -- lines of EXPLAIN that foreign scans and distance-ordered scans share. */
#ifndef LANCEDB_EXPLAIN_H
#define LANCEDB_EXPLAIN_H

#include "lancedb/table.h"

#include "commands/explain.h"
#include "nodes/execnodes.h"

/* What the core evaluates; nothing for NIL. */
extern void lancedb_explain_filter(List *clauses, Plan *plan, List *ancestors, ExplainState *es);

/* A number summed over all loops, shown for one. */
extern void lancedb_explain_counter(const PlanState *node, const char *label, uint64 value,
									ExplainState *es);

/* Columns read (attribute numbers), version, fragments, and where the table lies. */
extern void lancedb_explain_table(const LancedbTable *table, const Bitmapset *columns,
								  ExplainState *es);

#endif
