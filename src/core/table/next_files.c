/* next_files.c -- data files of a fragment after its columns changed. */
#include "next.h"

#include <string.h>

#include "schema_write.h"

static bool
has_columns(const LdbNext *next, const Ldb__DataFile *file)
{
	for (size_t i = 0; i < file->n_fields; i++)
	{
		if (file->fields[i] >= 0 && ldb_next_has_column(next, file->fields[i]))
			return true;
	}
	return false;
}

static bool
holds(const Ldb__DataFile *file, int32_t field_id)
{
	for (size_t i = 0; i < file->n_fields; i++)
	{
		if (file->fields[i] == field_id)
			return true;
	}
	return false;
}

/* The last file that holds a field is right, it is dead in those before. */
static void
bury_older_copies(Ldb__DataFile *const *files, size_t count)
{
	for (size_t i = 0; i < count; i++)
	{
		for (size_t k = 0; k < files[i]->n_fields; k++)
		{
			bool newer = false;

			for (size_t j = i + 1; j < count && !newer; j++)
				newer = holds(files[j], files[i]->fields[k]);
			if (newer)
				files[i]->fields[k] = LDB_FIELD_TOMBSTONE;
		}
	}
}

/* A fragment keeps one file even when no column needs it. */
static void
drop_dead_files(const LdbNext *next, Ldb__DataFragment *fragment)
{
	Ldb__DataFile *spare = fragment->n_files > 0 ? fragment->files[0] : NULL;
	size_t kept = 0;

	for (size_t i = 0; i < fragment->n_files; i++)
	{
		if (has_columns(next, fragment->files[i]))
			fragment->files[kept++] = fragment->files[i];
	}
	if (kept == 0 && spare != NULL)
		fragment->files[kept++] = spare;
	fragment->n_files = kept;
}

static const Ldb__DataFile *
find_file(Ldb__DataFile *const *files, size_t count, const char *path)
{
	for (size_t i = 0; i < count; i++)
	{
		if (strcmp(files[i]->path, path) == 0)
			return files[i];
	}
	return NULL;
}

static LdbStatus
add_moved(LdbNext *next, uint64_t fragment_id, int32_t field_id, LdbError *err)
{
	size_t count = next->moved_count;

	/* a power of two is a full list */
	if ((count & (count - 1)) == 0)
	{
		LdbMovedField *grown;

		LDB_NEW(next->arena, grown, count == 0 ? 1 : count * 2, err);
		if (count > 0)
			memcpy(grown, next->moved, count * sizeof *grown);
		next->moved = grown;
	}
	next->moved[next->moved_count++] = (LdbMovedField){fragment_id, field_id};
	return LDB_OK;
}

static bool
same_fields(const Ldb__DataFile *a, const Ldb__DataFile *b)
{
	return a->n_fields == b->n_fields &&
		   (a->n_fields == 0 || memcmp(a->fields, b->fields, a->n_fields * sizeof *a->fields) == 0);
}

/* Fields that another file holds now than before. */
static LdbStatus
find_moved(LdbNext *next, const Ldb__DataFragment *before, const Ldb__DataFragment *fragment,
		   LdbError *err)
{
	for (size_t i = 0; i < before->n_files; i++)
	{
		const Ldb__DataFile *old = before->files[i];
		const Ldb__DataFile *same = find_file(fragment->files, fragment->n_files, old->path);

		if (same != NULL && same_fields(old, same))
			continue;
		for (size_t k = 0; k < old->n_fields; k++)
		{
			int32_t id = old->fields[k];

			if (id >= 0 && ldb_next_has_column(next, id) && (same == NULL || !holds(same, id)))
				LDB_TRY(add_moved(next, fragment->id, id, err));
		}
	}
	return LDB_OK;
}

static LdbStatus
replace_files(LdbNext *next, Ldb__DataFragment *fragment, const LdbFragmentChange *change,
			  LdbError *err)
{
	Ldb__DataFile **files;

	LDB_NEW(next->arena, files, change->file_count, err);
	for (size_t i = 0; i < change->file_count; i++)
	{
		const Ldb__DataFile *old =
			find_file(fragment->files, fragment->n_files, change->files[i].path);

		LDB_TRY(ldb_data_file_message(&change->files[i], next->arena, &files[i], err));
		if (old == NULL)
		{
			LDB_TRY(ldb_next_name_file(next, &change->files[i], err));
			continue;
		}
		files[i]->base.n_unknown_fields = old->base.n_unknown_fields;
		files[i]->base.unknown_fields = old->base.unknown_fields;
	}
	bury_older_copies(files, change->file_count);
	fragment->n_files = change->file_count;
	fragment->files = files;
	return LDB_OK;
}

LdbStatus
ldb_next_files(LdbNext *next, Ldb__DataFragment *fragment, const LdbFragmentChange *change,
			   LdbError *err)
{
	Ldb__DataFragment before = *fragment;
	bool replaced = change != NULL && change->files != NULL;

	if (replaced)
		LDB_TRY(replace_files(next, fragment, change, err));
	else
	{
		/* the list is changed below, and the original belongs to the newest version */
		LDB_NEW(next->arena, fragment->files, before.n_files, err);
		if (before.n_files > 0)
			memcpy(fragment->files, before.files, before.n_files * sizeof *before.files);
	}
	drop_dead_files(next, fragment);
	return replaced ? find_moved(next, &before, fragment, err) : LDB_OK;
}
