/* fragment.c -- columns of one fragment, wherever its data files hold them. */
#include "fragment.h"

#include <inttypes.h>
#include <stdlib.h>

#include "dataset_impl.h"
#include "ldb/base/checked.h"

#define NO_FILE SIZE_MAX

/* What a view takes beside the bytes that it points to. */
#define VIEW_BYTES ((double) sizeof(LdbSlice))

/* Where the fragment holds a wanted field. */
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
	FieldHome *homes;                /* one for each wanted field */
};

static size_t
count_fields(const LdbField *field)
{
	size_t count = 1;

	for (size_t i = 0; i < field->child_count; i++)
		count += count_fields(field->children[i]);
	return count;
}

static void
want_fields(const LdbField *field, uint32_t column, LdbProjection *projection)
{
	projection->wanted[projection->wanted_count++] = (LdbWantedField){field->id, column};
	for (size_t i = 0; i < field->child_count; i++)
		want_fields(field->children[i], column, projection);
}

static int
compare_wanted(const void *left, const void *right)
{
	int32_t a = ((const LdbWantedField *) left)->id;
	int32_t b = ((const LdbWantedField *) right)->id;

	return (a > b) - (a < b);
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
		total += count_fields(projection->fields[i]);
	}
	LDB_NEW(arena, projection->wanted, total, err);
	for (size_t i = 0; i < column_count; i++)
		want_fields(projection->fields[i], (uint32_t) i, projection);
	if (total > 0)
		qsort(projection->wanted, total, sizeof projection->wanted[0], compare_wanted);
	return LDB_OK;
}

/* A column that was asked for twice wants its fields twice. */
static void
set_homes(LdbFragmentReader *reader, int32_t id, FieldHome home)
{
	const LdbProjection *projection = reader->projection;
	LdbWantedField key = {id, 0};
	const LdbWantedField *found =
		bsearch(&key, projection->wanted, projection->wanted_count, sizeof key, compare_wanted);
	size_t at;

	if (found == NULL)
		return;
	at = (size_t) (found - projection->wanted);
	while (at > 0 && projection->wanted[at - 1].id == id)
		at--;
	for (; at < projection->wanted_count && projection->wanted[at].id == id; at++)
		reader->homes[at] = home;
}

/* A file may be superseded by a later one of the same fragment, field by field: the last counts. */
static void
find_homes(LdbFragmentReader *reader)
{
	const LdbProjection *projection = reader->projection;

	for (size_t i = 0; i < projection->wanted_count; i++)
		reader->homes[i].file = NO_FILE;
	for (size_t i = 0; i < reader->fragment->file_count; i++)
	{
		const LdbDataFile *file = &reader->fragment->files[i];

		for (size_t j = 0; j < file->field_count; j++)
		{
			if (file->field_ids[j] >= 0 && file->column_indices[j] >= 0)
				set_homes(reader, file->field_ids[j],
						  (FieldHome){i, (uint32_t) file->column_indices[j]});
		}
	}
}

static LdbStatus
init_reader(LdbFragmentReader *reader, LdbError *err)
{
	LDB_NEW(reader->arena, reader->files, reader->fragment->file_count, err);
	LDB_NEW(reader->arena, reader->columns, reader->projection->column_count, err);
	LDB_NEW(reader->arena, reader->homes, reader->projection->wanted_count, err);
	find_homes(reader);
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

/* Opens the files that hold the column and lists where in them it lies. */
static LdbStatus
find_sources(LdbFragmentReader *reader, size_t column, LdbColumnSource **sources, size_t *count,
			 const LdbCancel *cancel, LdbError *err)
{
	const LdbProjection *projection = reader->projection;

	*count = 0;
	LDB_NEW(reader->arena, *sources, projection->wanted_count, err);
	for (size_t i = 0; i < projection->wanted_count; i++)
	{
		const FieldHome *home = &reader->homes[i];
		LdbFile *file;

		if (projection->wanted[i].column != column || home->file == NO_FILE)
			continue;
		LDB_TRY(open_file(reader, home->file, cancel, err));
		file = reader->files[home->file];
		if (home->column_index >= ldb_file_column_count(file))
			LDB_FAIL(err, LDB_CORRUPT,
					 "data file \"%s\" has %" PRIu32 " columns, its manifest names column %" PRIu32,
					 reader->fragment->files[home->file].path, ldb_file_column_count(file),
					 home->column_index);
		(*sources)[(*count)++] =
			(LdbColumnSource){projection->wanted[i].id, file, home->column_index};
	}
	return LDB_OK;
}

LdbStatus
ldb_fragment_column(LdbFragmentReader *reader, size_t column, LdbColumnReader **result,
					const LdbCancel *cancel, LdbError *err)
{
	LdbColumnSource *sources;
	size_t count;

	if (reader->columns[column] == NULL)
	{
		LDB_TRY(find_sources(reader, column, &sources, &count, cancel, err));
		LDB_TRY(ldb_column_open(reader->projection->fields[column], sources, count,
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

LdbStatus
ldb_fragment_column_bytes(LdbFragmentReader *reader, uint64_t *bytes, const LdbCancel *cancel,
						  LdbError *err)
{
	*bytes = 0;
	for (size_t i = 0; i < reader->projection->column_count; i++)
	{
		LdbColumnSource *sources;
		size_t count;

		LDB_TRY(find_sources(reader, i, &sources, &count, cancel, err));
		for (size_t j = 0; j < count; j++)
		{
			uint64_t part;

			LDB_TRY(ldb_file_column_bytes(sources[j].file, sources[j].column_index, &part, err));
			if (!ldb_u64_add(*bytes, part, bytes))
				LDB_FAIL(err, LDB_CORRUPT, "column sizes of fragment %" PRIu64 " overflow",
						 reader->fragment->id);
		}
	}
	return LDB_OK;
}
