/* fragment.c -- columns of one fragment, wherever its data files hold them. */
#include "fragment.h"

#include <inttypes.h>
#include <stdlib.h>

#include "dataset_impl.h"
#include "ldb/base/checked.h"

#define NO_FILE SIZE_MAX

/* What a view takes beside the bytes that it points to. */
#define VIEW_BYTES ((double) sizeof(LdbSlice))

/* Where the fragment holds a field. */
typedef struct FieldHome
{
	size_t file; /* NO_FILE = nowhere: it reads as NULL */
	uint32_t column_index;
} FieldHome;

struct LdbFragmentReader
{
	const LdbDataset *dataset; /* borrowed */
	const LdbFragment *fragment;
	const LdbProjection *projection; /* borrowed */
	LdbReadStats *stats;             /* borrowed; may be NULL */
	LdbArena *arena;                 /* owned; the reader itself lies in it */
	LdbFile **files;                 /* NULL until needed; owned */
	LdbColumnReader **columns;       /* NULL until needed; owned */
	FieldHome *homes;                /* one for each id of the projection */
};

static void
list_ids(const LdbField *field, LdbProjection *projection)
{
	projection->ids[projection->id_count++] = field->id;
	for (size_t i = 0; i < field->child_count; i++)
		list_ids(field->children[i], projection);
}

static int
compare_ids(const void *left, const void *right)
{
	int32_t a = *(const int32_t *) left;
	int32_t b = *(const int32_t *) right;

	return (a > b) - (a < b);
}

/* A column that was asked for twice has its fields in the list twice until then. */
static void
sort_ids(LdbProjection *projection)
{
	size_t kept = 0;

	if (projection->id_count == 0)
		return;
	qsort(projection->ids, projection->id_count, sizeof projection->ids[0], compare_ids);
	for (size_t i = 1; i < projection->id_count; i++)
	{
		if (projection->ids[i] != projection->ids[kept])
			projection->ids[++kept] = projection->ids[i];
	}
	projection->id_count = kept + 1;
}

LdbStatus
ldb_projection_init(LdbProjection *projection, const LdbManifest *manifest, const size_t *columns,
					size_t column_count, LdbArena *arena, LdbError *err)
{
	size_t total = 0;

	*projection = (LdbProjection){.column_count = column_count};
	LDB_NEW(arena, projection->fields, column_count, err);
	for (size_t i = 0; i < column_count; i++)
	{
		if (columns[i] >= manifest->schema.field_count)
			LDB_FAIL(err, LDB_INVALID, "column %zu of a table with %zu columns", columns[i],
					 manifest->schema.field_count);
		projection->fields[i] = manifest->schema.fields[columns[i]];
		total += ldb_field_count(projection->fields[i]);
	}
	LDB_NEW(arena, projection->ids, total, err);
	for (size_t i = 0; i < column_count; i++)
		list_ids(projection->fields[i], projection);
	sort_ids(projection);
	return LDB_OK;
}

/* NULL when no column needs a field of this id. */
static FieldHome *
find_home(const LdbFragmentReader *reader, int32_t id)
{
	const LdbProjection *projection = reader->projection;
	const int32_t *found =
		bsearch(&id, projection->ids, projection->id_count, sizeof id, compare_ids);

	return found == NULL ? NULL : &reader->homes[found - projection->ids];
}

/* A file may be superseded by a later one of the same fragment, field by field: the last counts. */
static void
set_homes(LdbFragmentReader *reader)
{
	for (size_t i = 0; i < reader->projection->id_count; i++)
		reader->homes[i].file = NO_FILE;
	for (size_t i = 0; i < reader->fragment->file_count; i++)
	{
		const LdbDataFile *file = &reader->fragment->files[i];

		for (size_t j = 0; j < file->field_count; j++)
		{
			FieldHome *home = NULL;

			if (file->field_ids[j] >= 0 && file->column_indices[j] >= 0)
				home = find_home(reader, file->field_ids[j]);
			if (home != NULL)
				*home = (FieldHome){i, (uint32_t) file->column_indices[j]};
		}
	}
}

static LdbStatus
init_reader(LdbFragmentReader *reader, LdbError *err)
{
	LDB_NEW(reader->arena, reader->files, reader->fragment->file_count, err);
	LDB_NEW(reader->arena, reader->columns, reader->projection->column_count, err);
	LDB_NEW(reader->arena, reader->homes, reader->projection->id_count, err);
	set_homes(reader);
	return LDB_OK;
}

LdbStatus
ldb_fragment_open(const LdbDataset *dataset, size_t fragment_index, const LdbProjection *projection,
				  LdbReadStats *stats, LdbFragmentReader **reader, LdbError *err)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbFragmentReader *made = arena == NULL ? NULL : ldb_arena_zalloc(arena, sizeof *made);
	LdbStatus status;

	if (made == NULL)
	{
		ldb_arena_free(arena);
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a fragment");
	}
	made->dataset = dataset;
	made->fragment = &dataset->manifest->fragments[fragment_index];
	made->projection = projection;
	made->stats = stats;
	made->arena = arena;
	status = init_reader(made, err);
	if (status != LDB_OK)
	{
		ldb_arena_free(arena);
		return status;
	}
	*reader = made;
	return LDB_OK;
}

void
ldb_fragment_close(LdbFragmentReader *reader)
{
	if (reader == NULL)
		return;
	for (size_t i = 0; i < reader->projection->column_count; i++)
		ldb_column_close(reader->columns[i]);
	for (size_t i = 0; i < reader->fragment->file_count; i++)
		ldb_file_close(reader->files[i]);
	ldb_arena_free(reader->arena);
}

static LdbStatus
open_file(LdbFragmentReader *reader, size_t index, const LdbCancel *cancel, LdbError *err)
{
	const LdbDataFile *data_file = &reader->fragment->files[index];
	uint64_t row_count;
	LdbObject *object;
	LdbStore *store;
	LdbFile *file;
	const char *name;

	if (reader->files[index] != NULL)
		return LDB_OK;
	LDB_TRY(ldb_dataset_locate(reader->dataset, data_file->base_id, "data", data_file->path,
							   reader->arena, &store, &name, err));
	LDB_TRY(
		ldb_object_open(store, name, data_file->size_bytes, reader->stats, cancel, &object, err));
	LDB_TRY(ldb_file_open(object, cancel, &file, err));
	row_count = ldb_file_row_count(file);
	if (row_count != reader->fragment->physical_rows)
	{
		ldb_file_close(file);
		LDB_FAIL(err, LDB_CORRUPT,
				 "data file \"%s\" has %" PRIu64 " rows, fragment %" PRIu64 " has %" PRIu64, name,
				 row_count, reader->fragment->id, reader->fragment->physical_rows);
	}
	reader->files[index] = file;
	return LDB_OK;
}

/* What a column is read from. */
typedef struct SourceList
{
	LdbColumnSource *sources; /* room for every field of the column */
	size_t count;
} SourceList;

/* The field's own source and those of all below it; opens their files. */
static LdbStatus
add_sources(LdbFragmentReader *reader, const LdbField *field, SourceList *list,
			const LdbCancel *cancel, LdbError *err)
{
	const FieldHome *home = find_home(reader, field->id);

	if (home->file != NO_FILE)
	{
		LdbFile *file;

		LDB_TRY(open_file(reader, home->file, cancel, err));
		file = reader->files[home->file];
		if (home->column_index >= ldb_file_column_count(file))
			LDB_FAIL(err, LDB_CORRUPT,
					 "data file \"%s\" has %" PRIu32 " columns, its manifest names column %" PRIu32,
					 reader->fragment->files[home->file].path, ldb_file_column_count(file),
					 home->column_index);
		list->sources[list->count++] = (LdbColumnSource){field->id, file, home->column_index};
	}
	for (size_t i = 0; i < field->child_count; i++)
		LDB_TRY(add_sources(reader, field->children[i], list, cancel, err));
	return LDB_OK;
}

static LdbStatus
find_sources(LdbFragmentReader *reader, size_t column, SourceList *list, const LdbCancel *cancel,
			 LdbError *err)
{
	const LdbField *field = reader->projection->fields[column];

	list->count = 0;
	LDB_NEW(reader->arena, list->sources, ldb_field_count(field), err);
	return add_sources(reader, field, list, cancel, err);
}

LdbStatus
ldb_fragment_column(LdbFragmentReader *reader, size_t column, LdbColumnReader **result,
					const LdbCancel *cancel, LdbError *err)
{
	SourceList list;

	if (reader->columns[column] == NULL)
	{
		LDB_TRY(find_sources(reader, column, &list, cancel, err));
		LDB_TRY(ldb_column_open(reader->projection->fields[column], list.sources, list.count,
								reader->fragment->physical_rows, &reader->columns[column], err));
	}
	*result = reader->columns[column];
	return LDB_OK;
}

/* Files may hold values compressed; decoded ones have at least the width of their type. */
static double
smallest_row(const LdbField *field)
{
	double bytes = (double) ldb_type_bits(&field->type) / 8;

	if (ldb_type_is_variable(ldb_type_value(&field->type)->kind))
		return VIEW_BYTES;
	if (field->type.kind == LDB_TYPE_STRUCT)
	{
		for (size_t i = 0; i < field->child_count; i++)
			bytes += smallest_row(field->children[i]);
	}
	return bytes;
}

LdbStatus
ldb_fragment_row_bytes(LdbFragmentReader *reader, size_t column, double *bytes,
					   const LdbCancel *cancel, LdbError *err)
{
	double smallest = smallest_row(reader->projection->fields[column]);
	LdbColumnReader *opened;

	LDB_TRY(ldb_fragment_column(reader, column, &opened, cancel, err));
	LDB_TRY(ldb_column_row_bytes(opened, bytes, err));
	if (*bytes < smallest)
		*bytes = smallest;
	return LDB_OK;
}

LdbStatus
ldb_fragment_check(const LdbFragmentReader *reader, LdbError *err)
{
	for (size_t i = 0; i < reader->fragment->file_count; i++)
	{
		if (reader->files[i] != NULL)
			LDB_TRY(ldb_object_check(ldb_file_object(reader->files[i]), err));
	}
	return LDB_OK;
}

bool
ldb_fragment_damaged(const LdbFragmentReader *reader)
{
	for (size_t i = 0; i < reader->fragment->file_count; i++)
	{
		if (reader->files[i] != NULL && ldb_object_damaged(ldb_file_object(reader->files[i])))
			return true;
	}
	return false;
}

LdbStatus
ldb_fragment_column_bytes(LdbFragmentReader *reader, uint64_t *bytes, const LdbCancel *cancel,
						  LdbError *err)
{
	*bytes = 0;
	for (size_t i = 0; i < reader->projection->column_count; i++)
	{
		SourceList list;

		LDB_TRY(find_sources(reader, i, &list, cancel, err));
		for (size_t j = 0; j < list.count; j++)
		{
			uint64_t part;

			LDB_TRY(ldb_file_column_bytes(list.sources[j].file, list.sources[j].column_index, &part,
										  err));
			if (!ldb_u64_add(*bytes, part, bytes))
				LDB_FAIL(err, LDB_CORRUPT, "column sizes of fragment %" PRIu64 " overflow",
						 reader->fragment->id);
		}
	}
	return LDB_OK;
}
