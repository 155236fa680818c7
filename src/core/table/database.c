/* database.c -- lists the tables in a folder. */
#include "ldb/table/dataset.h"

#include <stdlib.h>
#include <string.h>

#define TABLE_SUFFIX ".lance/"

static int
compare_names(const void *left, const void *right)
{
	return strcmp(*(const char *const *) left, *(const char *const *) right);
}

/* Bytes of the table's name when the object is a table's folder, else 0. */
static size_t
table_length(const char *folder_name)
{
	size_t length = strlen(folder_name);
	size_t suffix = strlen(TABLE_SUFFIX);

	if (length <= suffix || strcmp(folder_name + length - suffix, TABLE_SUFFIX) != 0)
		return 0;
	return length - suffix;
}

LdbStatus
ldb_database_tables(LdbLocations *locations, const char *uri, LdbArena *arena, const char ***names,
					size_t *count, const LdbCancel *cancel, LdbError *err)
{
	LdbStore *store;
	LdbObjectInfo *objects;
	const char *root, *prefix;
	size_t object_count;

	*count = 0;
	LDB_TRY(ldb_locations_resolve(locations, uri, arena, &store, &root, err));
	prefix = root[0] == '\0' ? "" : ldb_arena_printf(arena, "%s/", root);
	if (prefix == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the names of tables");
	LDB_TRY(ldb_store_list(store, prefix, true, arena, &objects, &object_count, cancel, err));
	LDB_NEW(arena, *names, object_count, err);
	for (size_t i = 0; i < object_count; i++)
	{
		const char *folder = objects[i].name + strlen(prefix);
		size_t length = table_length(folder);

		if (length == 0)
			continue;
		(*names)[*count] = ldb_arena_strndup(arena, folder, length);
		if ((*names)[*count] == NULL)
			LDB_FAIL(err, LDB_NOMEM, "out of memory for the names of tables");
		(*count)++;
	}
	if (*count > 0)
		qsort(*names, *count, sizeof **names, compare_names);
	return LDB_OK;
}
