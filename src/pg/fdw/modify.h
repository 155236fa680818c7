/*
 * modify.h -- a Lance table that a statement changes, as the files modify*.c share it.
 *
 * Rows go one by one from the executor's slot into the column builders of the transaction's draft, with
 * nothing kept between: so there is no batch insert, which would copy each slot first, and nothing
 * to flush when the statement ends.
 */
#ifndef LANCEDB_MODIFY_H
#define LANCEDB_MODIFY_H

#include "lancedb/convert.h"
#include "lancedb/keys.h"
#include "lancedb/write.h"

#include "executor/executor.h"
#include "nodes/execnodes.h"
#include "nodes/pathnodes.h"

#include "fdw/rowid.h"

#define LANCEDB_NEW_ROW UINT64_MAX

/* modify_carry.c: reads fields of rows that are replaced. */
typedef struct LancedbCarry LancedbCarry;
typedef struct LancedbExisting LancedbExisting; /* modify_conflict.c */

/* Fields whose values may go over from the old copy of a row to the new one. */
typedef struct LancedbCarried
{
	size_t count;
	size_t *fields;      /* positions in the draft's schema */
	LancedbCarry *carry; /* NULL = none went over yet */
} LancedbCarried;

/* A column of the foreign table that has a value for the Lance table. */
typedef struct LancedbInput
{
	AttrNumber attnum;
	size_t field; /* position in the draft's schema */
	LancedbEncoder *encoder;
	Oid typid; /* of a domain its base type */
	bool by_value;
	int16 length;
	LancedbCarried *carried; /* NULL = encoded always */
	size_t position;         /* among carried->fields */
} LancedbInput;

typedef struct LancedbModify
{
	Oid relid;
	LancedbTable *table; /* as the statement's scans see it */
	LancedbWrite *write;
	MemoryContext context;     /* of the query */
	MemoryContext row_context; /* of one row's values */

	/* how a row is built; made with the first one */
	MemoryContext bind_context;
	const LdbSchema *schema; /* of the draft, then */
	int input_count;
	LancedbInput *inputs;
	LancedbCarried hidden;   /* what SQL does not show, or not in full */
	size_t undeclared_count; /* of these: what the foreign table does not have comes first */
	LancedbCarried vectors;  /* what may hold what an encoder refuses */
	uint8 *differs;          /* bits of fields in which a row is not as its old copy was */
	size_t differs_bytes;
	LdbDataset *source; /* which has the old copies of these rows */

	LancedbKeys *keys;            /* NULL = no unique index */
	OnConflictAction on_conflict; /* of this statement */
	List *arbiters;               /* indexes; NIL = all */
	ModifyTableState *node;       /* NULL = COPY */
	LancedbExisting *existing;    /* rows that are in the way */
	bool trigger_hidden;          /* for the row that was updated last */

	/* UPDATE and DELETE */
	LancedbRowIds *row_ids;
	AttrNumber ctid_position; /* in the plan's rows */
	uint8 **taken;            /* by block of ctid: bits of rows that this statement took out */
	AttrNumber *returned;     /* of a DELETE: where RETURNING's columns are in the plan's rows, by
	                             attnum - 1; NULL = nothing is returned */

	uint64 rows_added;
	uint64 rows_deleted;
} LancedbModify;

/* modify.c */
extern int lancedb_is_updatable(Relation relation);
extern void lancedb_begin_modify(ModifyTableState *node, ResultRelInfo *target, List *fdw_private,
								 int subplan_index, int eflags);
extern void lancedb_begin_insert(ModifyTableState *node, ResultRelInfo *target);
extern void lancedb_end_modify(EState *estate, ResultRelInfo *target);

/* modify_insert.c */
extern TupleTableSlot *lancedb_exec_insert(EState *estate, ResultRelInfo *target,
										   TupleTableSlot *slot, TupleTableSlot *plan_slot);
/* NOT NULL, CHECK and the partition's constraint, which the server leaves to us. */
extern void lancedb_check_row(ResultRelInfo *target, TupleTableSlot *slot, EState *estate,
							  bool is_routed);

/* modify_row.c: adds the row; `replaced` is the address of its old copy `old`, or LANCEDB_NEW_ROW. */
extern void lancedb_add_row(LancedbModify *modify, Relation relation, TupleTableSlot *slot,
							uint64 replaced, TupleTableSlot *old);

/* modify_update.c */
extern void lancedb_add_update_targets(PlannerInfo *root, Index rtindex, RangeTblEntry *rte,
									   Relation relation);
extern TupleTableSlot *lancedb_exec_update(EState *estate, ResultRelInfo *target,
										   TupleTableSlot *slot, TupleTableSlot *plan_slot);
extern TupleTableSlot *lancedb_exec_delete(EState *estate, ResultRelInfo *target,
										   TupleTableSlot *slot, TupleTableSlot *plan_slot);
/* Where the plan's rows have what UPDATE and DELETE need. */
extern void lancedb_find_row_identity(LancedbModify *modify, ResultRelInfo *target,
									  const ModifyTable *plan);
/* False = this transaction deleted it already. */
extern bool lancedb_delete_row(LancedbModify *modify, uint64 address);

/* modify_conflict.c: the row to hand back to the executor; NULL = nothing was done. */
extern TupleTableSlot *lancedb_insert_or_update(LancedbModify *modify, EState *estate,
												ResultRelInfo *target, TupleTableSlot *slot);

/* modify_carry.c: adds the value of columns->fields[position] in the row at the address. */
extern void lancedb_carry_value(LancedbModify *modify, LancedbCarried *columns, size_t position,
								uint64 address, LdbBuilder *builder);
extern void lancedb_carry_close(LancedbCarried *columns);

/* modify_truncate.c */
extern void lancedb_truncate(List *relations, DropBehavior behavior, bool restart_sequences);

/* modify_direct.c: DELETE without a row passing through the executor */
extern bool lancedb_plan_direct_modify(PlannerInfo *root, ModifyTable *plan, Index target,
									   int subplan_index);
extern void lancedb_begin_direct_modify(ForeignScanState *node, int eflags);
extern TupleTableSlot *lancedb_iterate_direct_modify(ForeignScanState *node);
extern void lancedb_end_direct_modify(ForeignScanState *node);

/* modify_explain.c */
extern void lancedb_explain_modify(ModifyTableState *node, ResultRelInfo *target, List *fdw_private,
								   int subplan_index, struct ExplainState *es);
extern void lancedb_explain_direct_modify(ForeignScanState *node, struct ExplainState *es);

/* modify_lock.c */
extern void lancedb_modify_register(void);

#endif
