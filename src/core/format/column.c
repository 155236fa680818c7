/* column.c -- opens a reader for a top-level field and checks what it is asked for. */
#include "column_impl.h"

#include "ldb/base/checked.h"

static LdbStatus
read_nulls(LdbColumnReader *reader, const LdbRowRange *ranges, size_t range_count, size_t rows,
		   LdbArena *arena, LdbArray *out, const LdbCancel *cancel, LdbError *err)
{
	(void) ranges;
	(void) range_count;
	(void) cancel;
	return ldb_array_nulls(reader->field, rows, arena, out, err);
}

static const LdbColumnOps null_ops = {read_nulls, NULL};

static const LdbColumnSource *
find_source(const LdbColumnSource *sources, size_t count, int32_t field_id)
{
	for (size_t i = 0; i < count; i++)
		if (sources[i].field_id == field_id)
			return &sources[i];
	return NULL;
}

const LdbColumnSource *
ldb_column_source(const LdbColumnReader *reader, int32_t field_id)
{
	return find_source(reader->sources, reader->source_count, field_id);
}

/* Copies the sources of the field and of all below it. Depth is that of a schema that was parsed. */
static size_t
collect_sources(const LdbField *field, const LdbColumnSource *sources, size_t count,
				LdbColumnSource *own)
{
	const LdbColumnSource *source = find_source(sources, count, field->id);
	size_t found = 0;

	if (source != NULL)
		own[found++] = *source;
	for (size_t i = 0; i < field->child_count; i++)
		found += collect_sources(field->children[i], sources, count, own + found);
	return found;
}

static LdbStatus
init_reader(LdbColumnReader *reader, LdbError *err)
{
	bool old;

	if (reader->source_count == 0)
	{
		reader->ops = &null_ops;
		return LDB_OK;
	}
	old = ldb_file_version(reader->sources[0].file) == 20;
	for (size_t i = 1; i < reader->source_count; i++)
		if ((ldb_file_version(reader->sources[i].file) == 20) != old)
			LDB_FAIL(err, LDB_UNSUPPORTED,
					 "column \"%s\" lies in files of version 2.0 and later ones",
					 reader->field->name);
	return old ? ldb_column_init_v20(reader, err) : ldb_column_init_v21(reader, err);
}

static LdbStatus
make_reader(LdbArena *arena, const LdbField *field, const LdbColumnSource *sources,
			size_t source_count, uint64_t row_count, LdbColumnReader **reader, LdbError *err)
{
	LdbColumnReader *made;
	LdbColumnSource *own;

	LDB_NEW(arena, made, 1, err);
	LDB_NEW(arena, own, ldb_field_count(field), err);
	made->source_count = collect_sources(field, sources, source_count, own);
	made->sources = own;
	made->field = field;
	made->row_count = row_count;
	made->arena = arena;
	LDB_TRY(init_reader(made, err));
	*reader = made;
	return LDB_OK;
}

LdbStatus
ldb_column_open(const LdbField *field, const LdbColumnSource *sources, size_t source_count,
				uint64_t row_count, LdbColumnReader **reader, LdbError *err)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbStatus status;

	*reader = NULL;
	if (arena == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory");
	status = make_reader(arena, field, sources, source_count, row_count, reader, err);
	if (status != LDB_OK)
		ldb_arena_free(arena);
	return status;
}

void
ldb_column_close(LdbColumnReader *reader)
{
	if (reader == NULL)
		return;
	if (reader->ops->close != NULL)
		reader->ops->close(reader);
	ldb_arena_free(reader->arena);
}

static LdbStatus
check_ranges(const LdbColumnReader *reader, const LdbRowRange *ranges, size_t range_count,
			 size_t *rows, LdbError *err)
{
	uint64_t next = 0;

	*rows = 0;
	for (size_t i = 0; i < range_count; i++)
	{
		if (ranges[i].first < next || ranges[i].count == 0 || ranges[i].first > reader->row_count ||
			ranges[i].count > reader->row_count - ranges[i].first)
			LDB_FAIL(err, LDB_INVALID,
					 "column \"%s\": rows %llu + %llu are not within %llu rows, or not ascending",
					 reader->field->name, (unsigned long long) ranges[i].first,
					 (unsigned long long) ranges[i].count, (unsigned long long) reader->row_count);
		next = ranges[i].first + ranges[i].count;
		*rows += (size_t) ranges[i].count;
	}
	return LDB_OK;
}

LdbStatus
ldb_column_read(LdbColumnReader *reader, const LdbRowRange *ranges, size_t range_count,
				LdbArena *arena, LdbArray *out, const LdbCancel *cancel, LdbError *err)
{
	LdbStatus status;
	size_t rows;

	LDB_TRY(check_ranges(reader, ranges, range_count, &rows, err));
	if (rows == 0)
		return ldb_array_nulls(reader->field, 0, arena, out, err);
	status = reader->ops->read(reader, ranges, range_count, rows, arena, out, cancel, err);
	/* zeros of a file that broke under its mapping may have been decoded, or found corrupt */
	for (size_t i = 0; i < reader->source_count; i++)
		LDB_TRY(ldb_object_check(ldb_file_object(reader->sources[i].file), err));
	return status;
}

LdbStatus
ldb_column_page(LdbColumnReader *reader, uint64_t row, LdbRowRange *page, LdbError *err)
{
	const LdbColumnPages *pages;
	const LdbPageInfo *info;

	*page = (LdbRowRange){0, reader->row_count};
	if (reader->source_count == 0)
		return LDB_OK;
	LDB_TRY(ldb_file_column(reader->sources[0].file, reader->sources[0].column_index, &pages, err));
	if (row >= pages->length)
		LDB_FAIL(err, LDB_INVALID, "column \"%s\": row %llu of %llu", reader->field->name,
				 (unsigned long long) row, (unsigned long long) pages->length);
	info = &pages->pages[ldb_pages_find(pages, row)];
	*page = (LdbRowRange){info->first_row, info->length};
	return LDB_OK;
}

LdbStatus
ldb_column_row_bytes(LdbColumnReader *reader, double *bytes, LdbError *err)
{
	uint64_t total = 0;

	for (size_t i = 0; i < reader->source_count; i++)
	{
		uint64_t part;

		LDB_TRY(ldb_file_column_bytes(reader->sources[i].file, reader->sources[i].column_index,
									  &part, err));
		if (!ldb_u64_add(total, part, &total))
			LDB_FAIL(err, LDB_CORRUPT, "column \"%s\": sizes overflow", reader->field->name);
	}
	*bytes = reader->row_count == 0 ? 0.0 : (double) total / (double) reader->row_count;
	return LDB_OK;
}
