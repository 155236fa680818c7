/* next_columns.c -- the columns of the next version. */
#include "next.h"

#include <stdlib.h>

#include "schema_write.h"

static int
compare_ids(const void *left, const void *right)
{
	int32_t a = *(const int32_t *) left;
	int32_t b = *(const int32_t *) right;

	return (a > b) - (a < b);
}

static LdbStatus
list_ids(LdbNext *next, LdbError *err)
{
	size_t count = next->message.n_fields;

	LDB_NEW(next->arena, next->column_ids, count, err);
	for (size_t i = 0; i < count; i++)
		next->column_ids[i] = next->message.fields[i]->id;
	if (count > 0)
		qsort(next->column_ids, count, sizeof *next->column_ids, compare_ids);
	next->column_id_count = count;
	return LDB_OK;
}

bool
ldb_next_has_column(const LdbNext *next, int32_t field_id)
{
	return next->column_id_count > 0 && bsearch(&field_id, next->column_ids, next->column_id_count,
												sizeof field_id, compare_ids) != NULL;
}

LdbStatus
ldb_next_columns(LdbNext *next, LdbError *err)
{
	const LdbSchema *schema = next->change->schema;
	LdbFieldMessages old = {0};
	LdbFieldMessages fields;
	const LdbUnreadColumn *unread = NULL;
	size_t unread_count = 0;

	if (schema == NULL && next->change->create != NULL)
		schema = next->change->create->schema;
	if (schema == NULL)
		return list_ids(next, err);
	if (next->content != NULL)
	{
		old = (LdbFieldMessages){next->message.n_fields, next->message.fields};
		unread = next->content->manifest->unread;
		unread_count = next->content->manifest->unread_count;
	}
	LDB_TRY(ldb_schema_messages(schema, &old, unread, unread_count, next->arena, &fields, err));
	next->message.n_fields = fields.count;
	next->message.fields = fields.items;
	return list_ids(next, err);
}
