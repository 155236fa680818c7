/* operation.c -- see operation.h. */
#include "operation.h"

#include <string.h>

/* The columns are known ones: same type, and every value that they hold is still allowed. */
static bool
is_projection(LdbField *const *fields, size_t count, const LdbSchema *current)
{
	for (size_t i = 0; i < count; i++)
	{
		const LdbField *field = fields[i];
		const LdbField *now = ldb_schema_find(current, field->id);

		if (now == NULL || now->parent_id != field->parent_id ||
			strcmp(now->logical_type, field->logical_type) != 0 ||
			(now->nullable && !field->nullable) ||
			!is_projection(field->children, field->child_count, current))
			return false;
	}
	return true;
}

static LdbOperation
operation_on_columns(const LdbChange *change, const LdbSchema *current)
{
	if (change->rewrites_columns || change->fragment_count > 0 || change->new_count > 0 ||
		!is_projection(change->schema->fields, change->schema->field_count, current))
		return LDB_OPERATION_MERGE;
	return LDB_OPERATION_PROJECT;
}

LdbOperation
ldb_change_operation(const LdbChange *change, const LdbSchema *current)
{
	if (change->create != NULL)
		return LDB_OPERATION_OVERWRITE;
	if (change->restored != NULL)
		return LDB_OPERATION_RESTORE;
	if (change->schema != NULL)
		return operation_on_columns(change, current);
	if (change->rewrites_columns)
		return LDB_OPERATION_MERGE;
	if (change->fragment_count == 0)
		return LDB_OPERATION_APPEND;
	return change->new_count == 0 ? LDB_OPERATION_DELETE : LDB_OPERATION_UPDATE;
}

const char *
ldb_operation_name(LdbOperation operation)
{
	static const char *const names[] = {
		[LDB_OPERATION_OVERWRITE] = "Overwrite", [LDB_OPERATION_RESTORE] = "Restore",
		[LDB_OPERATION_APPEND] = "Append",       [LDB_OPERATION_DELETE] = "Delete",
		[LDB_OPERATION_UPDATE] = "Update",       [LDB_OPERATION_PROJECT] = "Project",
		[LDB_OPERATION_MERGE] = "Merge",
	};

	return names[operation];
}
