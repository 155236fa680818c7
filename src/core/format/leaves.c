/* leaves.c -- see leaves.h. */
#include "leaves.h"

bool
ldb_field_is_leaf(const LdbField *field)
{
	return field->type.kind == LDB_TYPE_STRUCT ? field->packed
											   : !ldb_type_is_list(field->type.kind);
}

size_t
ldb_field_leaf_count(const LdbField *field)
{
	size_t count = 0;

	if (ldb_field_is_leaf(field))
		return 1;
	for (size_t i = 0; i < field->child_count; i++)
		count += ldb_field_leaf_count(field->children[i]);
	return count;
}
