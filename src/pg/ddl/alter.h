/* alter.h -- what ALTER FOREIGN TABLE does to a Lance table: alter.c notices, others do it. */
#ifndef LANCEDB_ALTER_H
#define LANCEDB_ALTER_H

#include "lancedb/write.h"

#include "nodes/primnodes.h"

#include "fdw/fdw.h"

/* versions.c: the options of a Lance table that belongs to the current user; an ERROR when it does
 * not. The relation is locked until the transaction ends. */
extern LancedbOptions *lancedb_owned_table(Oid relid);

/* names.c: an ERROR when a new column cannot have the name in a Lance table. */
extern void lancedb_check_new_name(const char *lance_name, const char *column_name);

/* alter.c: ADD COLUMN for each LancedbInferredColumn; the Lance table is not touched. */
extern void lancedb_declare_columns(Oid relid, List *columns);

/* A foreign table as it was before a command. */
typedef struct LancedbTableBefore
{
	Oid relid;
	TupleDesc columns;
	char **lance_names; /* by attnum - 1; NULL = dropped before */
} LancedbTableBefore;

/* propagate.c: compares with what is there now, and changes the Lance table accordingly. */
extern void lancedb_propagate_columns(const LancedbTableBefore *before, const Node *statement);

/*
 * rewrite.c: computes a column for all rows and makes it part of the draft. `value` is an expression over
 * `columns` (Vars of relation 1); lance_names[attnum - 1] is where a column's values come from.
 * replaces: the Lance column that the new one takes the place of, NULL = none.
 */
typedef struct LancedbColumnValues
{
	LancedbWrite *write;
	const LdbField *field;
	const char *replaces;
	const char *column_name; /* in PostgreSQL, for messages */
	Oid typid;               /* of the column */
	int32 typmod;
	bool not_null;
	Expr *value;
	TupleDesc columns;
	char *const *lance_names;
} LancedbColumnValues;

extern void lancedb_rewrite_column(const LancedbColumnValues *values);

#endif
