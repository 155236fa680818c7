/* propagate.c -- brings the columns of a Lance table in line with those of its foreign table. */
#include "fdw/fdw.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "ddl/alter.h"
#include "lancedb/convert.h"

typedef struct Propagation
{
	const LancedbTableBefore *before;
	Relation relation;   /* as it is now */
	char **lance_names;  /* by attnum - 1, as they are now; NULL = dropped */
	LancedbWrite *write; /* NULL until something has to change */
	LdbArena *arena;
} Propagation;

static LdbDraft *
draft(Propagation *change)
{
	if (change->write == NULL)
		change->write =
			lancedb_write_begin(change->before->relid, InvalidOid, LANCEDB_LOCK_REPLACE);
	return change->write->draft;
}

static const LdbField *
lance_column(Propagation *change, const char *lance_name)
{
	const LdbSchema *schema = ldb_draft_schema(draft(change));
	long position = ldb_schema_index(schema, lance_name);

	return position < 0 ? NULL : schema->fields[position];
}

static void
tell(const Propagation *change, const char *what, const char *lance_name)
{
	ereport(NOTICE, (errmsg("column \"%s\" %s Lance table \"%s\"", lancedb_message_text(lance_name),
							what, RelationGetRelationName(change->relation))));
}

static Form_pg_attribute
column_now(const Propagation *change, int i)
{
	return TupleDescAttr(RelationGetDescr(change->relation), i);
}

static const LdbField *
field_now(Propagation *change, int i)
{
	Form_pg_attribute column = column_now(change, i);

	return lancedb_field_for(change->lance_names[i], NameStr(column->attname), column->atttypid,
							 column->atttypmod,
							 lancedb_column_dimension(change->before->relid, column->attnum),
							 !column->attnotnull, change->arena);
}

static void
drop_column(Propagation *change, int i)
{
	const char *name = change->before->lance_names[i];
	LdbError err;

	/* another writer may have been first */
	if (lance_column(change, name) == NULL)
		return;
	lancedb_check(ldb_draft_drop_column(draft(change), name, lancedb_write_mark(), &err), &err);
	tell(change, "is dropped from", name);
}

static void
rename_column(Propagation *change, int i)
{
	const char *name = change->before->lance_names[i];
	LdbError err;

	if (lance_column(change, name) == NULL && lance_column(change, change->lance_names[i]) != NULL)
		return;
	lancedb_check_new_name(change->lance_names[i], NameStr(column_now(change, i)->attname));
	lancedb_check(ldb_draft_rename_column(draft(change), name, change->lance_names[i],
										  lancedb_write_mark(), &err),
				  &err);
	tell(change, psprintf("is renamed to \"%s\" in", lancedb_message_text(change->lance_names[i])),
		 name);
}

static bool
is_empty(Propagation *change)
{
	LdbDataset *view = NULL;
	uint64 rows;
	LdbError err;

	lancedb_check(ldb_draft_view(draft(change), UINT32_MAX, &view, &err), &err);
	rows = ldb_dataset_manifest(view)->live_rows;
	ldb_dataset_close(view);
	return rows == 0;
}

static void
add_values(Propagation *change, int i, const LdbField *field, Expr *value)
{
	Form_pg_attribute column = column_now(change, i);
	LancedbColumnValues values = {
		.write = change->write,
		.field = field,
		.column_name = NameStr(column->attname),
		.typid = column->atttypid,
		.typmod = column->atttypmod,
		.not_null = column->attnotnull,
		.value = value,
		.columns = RelationGetDescr(change->relation),
		.lance_names = change->lance_names,
	};

	lancedb_rewrite_column(&values);
}

/* A column that is there already, made by another writer or by an earlier command, is attached. */
static void
add_column(Propagation *change, int i)
{
	Form_pg_attribute column = column_now(change, i);
	Expr *value;
	const LdbField *field;
	LdbError err;

	if (column->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL)
		return;
	field = lance_column(change, change->lance_names[i]);
	if (field != NULL)
	{
		(void) lancedb_converter_new(field, NameStr(column->attname), column->atttypid,
									 column->atttypmod);
		return;
	}
	lancedb_check_new_name(change->lance_names[i], NameStr(column->attname));
	field = field_now(change, i);
	value = (Expr *) build_column_default(change->relation, i + 1);
	if (value != NULL)
		value = expression_planner(value);
	if (value != NULL && !(IsA(value, Const) && ((Const *) value)->constisnull) &&
		!is_empty(change))
		add_values(change, i, field, value);
	else
	{
		if (column->attnotnull && !is_empty(change))
			ereport(ERROR, (errcode(ERRCODE_NOT_NULL_VIOLATION),
							errmsg("column \"%s\" of the Lance table contains null values",
								   NameStr(column->attname)),
							errhint("Give the column a DEFAULT.")));
		lancedb_check(ldb_draft_add_column(draft(change), field, lancedb_write_mark(), &err), &err);
	}
	tell(change, "is added to", change->lance_names[i]);
}

/* The old value as ALTER COLUMN TYPE of an ordinary table would convert it. */
static Expr *
converted_value(const Propagation *change, int i)
{
	Form_pg_attribute was = TupleDescAttr(change->before->columns, i);
	Form_pg_attribute is = column_now(change, i);
	Node *value = (Node *) makeVar(1, (AttrNumber) (i + 1), was->atttypid, was->atttypmod,
								   was->attcollation, 0);

	value = coerce_to_target_type(NULL, value, was->atttypid, is->atttypid, is->atttypmod,
								  COERCION_ASSIGNMENT, COERCE_IMPLICIT_CAST, -1);
	if (value == NULL)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
						errmsg("column \"%s\" cannot be cast automatically to type %s",
							   NameStr(is->attname), format_type_be(is->atttypid)),
						errhint("Add a column of the new type, fill it with UPDATE, and drop the "
								"old one.")));
	return expression_planner((Expr *) value);
}

static const Node *
without_relabels(const Node *node)
{
	while (IsA(node, RelabelType))
		node = (const Node *) ((const RelabelType *) node)->arg;
	return node;
}

/* Another writer has given the column a type that its declaration could not hold, but this one can. */
static bool
is_declared_anew(const Propagation *change, int i, const LdbField *field)
{
	Form_pg_attribute was = TupleDescAttr(change->before->columns, i);
	Form_pg_attribute is = column_now(change, i);

	return !lancedb_can_hold(field, was->atttypid, was->atttypmod) &&
		   lancedb_can_hold(field, is->atttypid, is->atttypmod);
}

static void
retype_column(Propagation *change, int i)
{
	Form_pg_attribute column = column_now(change, i);
	const LdbField *old = lance_column(change, change->lance_names[i]);
	const LdbField *field;
	Expr *value;
	LdbError err;

	if (old == NULL)
		ereport(ERROR, (errcode(ERRCODE_FDW_COLUMN_NAME_NOT_FOUND),
						errmsg("column \"%s\" does not exist in the Lance table",
							   NameStr(column->attname))));
	if (is_declared_anew(change, i, old))
		return;
	field = field_now(change, i);
	value = converted_value(change, i);
	if (strcmp(old->logical_type, field->logical_type) == 0 &&
		IsA(without_relabels((Node *) value), Var))
		lancedb_check(ldb_draft_change_column(draft(change), change->lance_names[i], field,
											  lancedb_write_mark(), &err),
					  &err);
	else
	{
		LancedbColumnValues values = {
			.write = change->write,
			.field = field,
			.replaces = change->lance_names[i],
			.column_name = NameStr(column->attname),
			.typid = column->atttypid,
			.typmod = column->atttypmod,
			.not_null = column->attnotnull,
			.value = value,
			.columns = change->before->columns,
			.lance_names = change->lance_names,
		};

		lancedb_rewrite_column(&values);
	}
	tell(change,
		 psprintf("has type %s now in",
				  format_type_with_typemod(column->atttypid, column->atttypmod)),
		 change->lance_names[i]);
}

static bool
type_changed(const Propagation *change, int i)
{
	Form_pg_attribute was = TupleDescAttr(change->before->columns, i);
	Form_pg_attribute is = column_now(change, i);

	return was->atttypid != is->atttypid || was->atttypmod != is->atttypmod;
}

/* Rows with NULL would be refused by the Lance column otherwise. */
static void
allow_nulls(Propagation *change, int i)
{
	const LdbField *field = lance_column(change, change->lance_names[i]);
	LdbField nullable;
	LdbError err;

	if (field == NULL || field->nullable)
		return;
	nullable = *field;
	nullable.nullable = true;
	lancedb_check(ldb_draft_change_column(draft(change), change->lance_names[i], &nullable,
										  lancedb_write_mark(), &err),
				  &err);
}

static void
change_column(Propagation *change, int i, bool renamed)
{
	Form_pg_attribute was = TupleDescAttr(change->before->columns, i);
	Form_pg_attribute is = column_now(change, i);

	if (was->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL)
		return;
	if (renamed && strcmp(change->before->lance_names[i], change->lance_names[i]) != 0)
		rename_column(change, i);
	if (type_changed(change, i))
		retype_column(change, i);
	if (was->attnotnull && !is->attnotnull)
		allow_nulls(change, i);
}

/* A column that a CASCADE took along is none that the command was told to drop. */
static bool
is_named(const Node *statement, const Propagation *change, int i)
{
	const char *name = NameStr(TupleDescAttr(change->before->columns, i)->attname);
	ListCell *cell;

	if (!IsA(statement, AlterTableStmt))
		return false;
	foreach (cell, ((const AlterTableStmt *) statement)->cmds)
	{
		const AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);

		if (command->subtype == AT_DropColumn && strcmp(command->name, name) == 0)
			return true;
	}
	return false;
}

/* Columns that go make room for names, and expressions of new ones may use changed ones. */
static void
propagate(Propagation *change, const Node *statement)
{
	int count_before = change->before->columns->natts;
	bool renamed = IsA(statement, RenameStmt);

	for (int i = 0; i < count_before; i++)
	{
		if (change->before->lance_names[i] != NULL && change->lance_names[i] == NULL &&
			is_named(statement, change, i))
			drop_column(change, i);
	}
	for (int i = 0; i < count_before; i++)
	{
		if (change->before->lance_names[i] != NULL && change->lance_names[i] != NULL)
			change_column(change, i, renamed);
	}
	for (int i = count_before; i < RelationGetDescr(change->relation)->natts; i++)
	{
		if (change->lance_names[i] != NULL)
			add_column(change, i);
	}
}

void
lancedb_propagate_columns(const LancedbTableBefore *before, const Node *statement)
{
	Propagation change = {.before = before};
	int count;

	/* a table of which only the wrapper's options changed, or that is gone */
	change.relation = try_relation_open(before->relid, NoLock);
	if (change.relation == NULL)
		return;
	count = RelationGetDescr(change.relation)->natts;
	change.arena = lancedb_arena_new(CurrentMemoryContext);
	change.lance_names = palloc0(sizeof(char *) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		if (!column_now(&change, i)->attisdropped)
			change.lance_names[i] =
				pstrdup(lancedb_column_name(change.relation, (AttrNumber) (i + 1)));
	}
	propagate(&change, statement);
	relation_close(change.relation, NoLock);
}
