/* ann_state.h -- what a running distance-ordered scan remembers. */
#ifndef LANCEDB_PG_ANN_STATE_H
#define LANCEDB_PG_ANN_STATE_H

#include "ann/ann.h"

#include "fdw/pushdown.h"
#include "fdw/rowid.h"
#include "lancedb/convert.h"
#include "lancedb/table.h"

#include "ldb/query/exact.h"

/* Classes of distances in the order of a search; SQL may ask for another order of the classes. */
typedef enum AnnClass
{
	ANN_CLASS_NUMBER,
	ANN_CLASS_NAN,
	ANN_CLASS_NULL
} AnnClass;

#define ANN_CLASS_COUNT 3

typedef struct LancedbAnnState
{
	CustomScanState css; /* first: the server casts */

	/* settled by the plan */
	LancedbTable *table;
	int vector_field; /* position of the vector column in the schema; -1 = not in this version */
	LdbMetric metric;
	LancedbVectorKind query_kind;
	int limit_hint;    /* rows, 0 = not known to the planner */
	int distance_slot; /* position in the scan tuple, 0 = none */
	bool nan_first;
	bool nulls_first;
	List *expr_states;     /* query vector, LIMIT, OFFSET */
	List *pushed;          /* conditions that the core evaluates */
	ExprState *recheck;    /* the same for EvalPlanQual, made when needed */
	LancedbFilter *filter; /* NULL = nothing pushed */

	/* columns to take */
	int wanted_count;
	AttrNumber *wanted;
	size_t *wanted_fields;
	LancedbConverter **converters;
	LancedbRowIds *row_ids; /* NULL = nobody asks for ctid */
	LdbTake *take;          /* owned by the query's memory context; NULL when no column is wanted */

	/* this search; memory in search_context, reset by each rescan */
	MemoryContext search_context;
	bool started;
	const LdbRowFilter *row_filter; /* borrowed from filter; NULL = all rows */
	float *query;                   /* NULL = all distances are NULL */
	int dimension;
	size_t depth; /* k of the next search */
	LdbHit *hits;
	size_t hit_capacity;
	size_t hit_count;
	size_t next_hit;
	LdbHit last; /* the next search goes on behind this one */
	bool has_last;
	AnnClass stretches[ANN_CLASS_COUNT]; /* classes in the order that SQL asked for */
	int stretch;
	bool stretch_done;
	bool single_stretch; /* the search's own order is SQL's */
	const LdbBatch *taken;
	size_t taken_first; /* taken holds hits[taken_first ..] */
	size_t taken_count;

	/* for EXPLAIN */
	uint64 searches;
	LdbScanStats stats;
} LancedbAnnState;

extern const CustomExecMethods lancedb_ann_exec_methods;

/* explain.c */
extern void lancedb_ann_explain(CustomScanState *css, List *ancestors, ExplainState *es);

#endif
