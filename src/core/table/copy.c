/* copy.c -- columns and data files, copied into an arena that lives longer. */
#include "copy.h"

static LdbStatus
copy_text(const char *text, LdbArena *arena, const char **copy, LdbError *err)
{
	*copy = text == NULL ? NULL : ldb_arena_strdup(arena, text);
	if (*copy == NULL && text != NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a name");
	return LDB_OK;
}

static LdbStatus
copy_metadata(const LdbField *field, LdbArena *arena, LdbField *copy, LdbError *err)
{
	LdbSlice *values;

	LDB_NEW(arena, copy->metadata_keys, field->metadata_count, err);
	LDB_NEW(arena, values, field->metadata_count, err);
	for (size_t i = 0; i < field->metadata_count; i++)
	{
		LdbSlice value = field->metadata_values[i];
		void *bytes = ldb_arena_copy(arena, value.data, value.length);

		LDB_TRY(copy_text(field->metadata_keys[i], arena, &copy->metadata_keys[i], err));
		if (bytes == NULL)
			LDB_FAIL(err, LDB_NOMEM, "out of memory for metadata of a column");
		values[i] = ldb_slice(bytes, value.length);
	}
	copy->metadata_values = values;
	return LDB_OK;
}

LdbStatus
ldb_field_copy_shallow(const LdbField *field, LdbArena *arena, LdbField **copy, LdbError *err)
{
	LdbField *made;

	LDB_NEW(arena, made, 1, err);
	*made = *field;
	LDB_TRY(copy_text(field->name, arena, &made->name, err));
	LDB_TRY(copy_text(field->logical_type, arena, &made->logical_type, err));
	LDB_TRY(ldb_type_copy(&field->type, arena, &made->type, err));
	LDB_TRY(copy_metadata(field, arena, made, err));
	*copy = made;
	return LDB_OK;
}

LdbStatus
ldb_field_copy(const LdbField *field, LdbArena *arena, LdbField **copy, LdbError *err)
{
	LDB_TRY(ldb_field_copy_shallow(field, arena, copy, err));
	LDB_NEW(arena, (*copy)->children, field->child_count, err);
	for (size_t i = 0; i < field->child_count; i++)
		LDB_TRY(ldb_field_copy(field->children[i], arena, &(*copy)->children[i], err));
	return LDB_OK;
}

LdbStatus
ldb_schema_copy(const LdbSchema *schema, LdbArena *arena, LdbSchema *copy, LdbError *err)
{
	*copy = (LdbSchema){.field_count = schema->field_count};
	LDB_NEW(arena, copy->fields, schema->field_count, err);
	for (size_t i = 0; i < schema->field_count; i++)
		LDB_TRY(ldb_field_copy(schema->fields[i], arena, &copy->fields[i], err));
	return LDB_OK;
}

static LdbStatus
copy_numbers(const int32_t *numbers, size_t count, LdbArena *arena, const int32_t **copy,
			 LdbError *err)
{
	int32_t *made;

	LDB_NEW(arena, made, count, err);
	if (count > 0)
		memcpy(made, numbers, count * sizeof *made);
	*copy = made;
	return LDB_OK;
}

LdbStatus
ldb_data_files_copy(const LdbDataFile *files, size_t count, LdbArena *arena, LdbDataFile **copy,
					LdbError *err)
{
	LdbDataFile *made;

	LDB_NEW(arena, made, count, err);
	for (size_t i = 0; i < count; i++)
	{
		const LdbDataFile *file = &files[i];

		made[i] = *file;
		LDB_TRY(copy_text(file->path, arena, &made[i].path, err));
		LDB_TRY(copy_numbers(file->field_ids, file->field_count, arena, &made[i].field_ids, err));
		LDB_TRY(copy_numbers(file->column_indices, file->field_count, arena,
							 &made[i].column_indices, err));
	}
	*copy = made;
	return LDB_OK;
}
