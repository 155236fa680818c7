/*
 * written.h -- for tests: columns of chosen shape, written to a file in memory and read back.
 */
#ifndef TEST_FORMAT_WRITTEN_H
#define TEST_FORMAT_WRITTEN_H

#include <stdio.h>

#include "arrow/random_array.h"
#include "ldb/format/file.h"
#include "ldb/format/writer.h"

#pragma GCC diagnostic ignored "-Wunused-function"

#define FILE_NAME "data/written.lance"
#define MOST_FIELDS 64

/* How values are drawn. */
typedef struct Draw
{
	unsigned null_percent;
	unsigned distinct;   /* values are drawn from as many; 0 = any */
	size_t text_bytes;   /* at most */
	size_t list_items;   /* at most */
	unsigned run_length; /* rows that repeat a value; 0 = 1 */
} Draw;

static LdbArray draw_rows(const LdbField *field, const LdbType *type, size_t length,
						  const Draw *draw);

static void
draw_validity(LdbArray *array, const Draw *draw)
{
	uint8_t *validity = ldb_arena_zalloc(arena, array->length / 8 + 1);

	for (size_t i = 0; i < array->length; i++)
	{
		if (array->type->kind != LDB_TYPE_NULL && random_below(100) >= draw->null_percent)
			ldb_bit_set(validity, i);
		else
			array->null_count++;
	}
	array->validity = array->null_count == 0 ? NULL : validity;
}

static void
draw_views(LdbArray *array, const Draw *draw)
{
	LdbSlice *views = ldb_arena_zalloc_array(arena, array->length + 1, sizeof *views);
	LdbSlice text = {(const uint8_t *) "", 0};

	for (size_t i = 0; i < array->length; i++)
	{
		if (draw->run_length == 0 || i % draw->run_length == 0)
		{
			size_t length = draw->text_bytes == 0 ? 0 : random_below(draw->text_bytes + 1);
			uint8_t *bytes = ldb_arena_alloc(arena, length + 16);

			if (draw->distinct > 0)
				length = (size_t) snprintf((char *) bytes, 16, "value %zu",
										   random_below(draw->distinct));
			else
				for (size_t j = 0; j < length; j++)
					bytes[j] = (uint8_t) ("etaoin shrdlu"[random_below(13)] ^ (rand() % 50 == 0));
			text = ldb_slice(bytes, length);
		}
		if (!ldb_array_is_null(array, i))
			views[i] = text;
	}
	array->views = views;
}

static void
draw_fixed(LdbArray *array, const Draw *draw)
{
	size_t width = (size_t) ldb_type_bits(array->type) / 8;
	size_t bytes = width == 0 ? array->length / 8 + 1 : array->length * width;
	uint8_t *values = ldb_arena_zalloc(arena, bytes + 1);

	for (size_t i = 0; i < bytes; i++)
		values[i + 1] = (uint8_t) rand();
	for (size_t i = 0; width > 0 && i < array->length; i++)
	{
		uint8_t *at = values + 1 + i * width;
		uint64_t value = draw->distinct == 0 ? 0 : random_below(draw->distinct);

		if (draw->distinct > 0)
		{
			memset(at, 0, width);
			memcpy(at, &value, width < 8 ? width : 8);
		}
		if (draw->run_length > 0 && i % draw->run_length != 0)
			memcpy(at, at - width, width);
	}
	array->values = values + 1;
}

/* Null lists have items as well: nobody may see them. */
static void
draw_items(const LdbField *field, LdbArray *array, const Draw *draw)
{
	int64_t *offsets = ldb_arena_zalloc_array(arena, array->length + 1, sizeof *offsets);

	for (size_t i = 0; i < array->length; i++)
		offsets[i + 1] = offsets[i] + (int64_t) random_below(draw->list_items + 1);
	array->offsets = offsets;
	array->child_count = 1;
	array->children = ldb_arena_zalloc(arena, sizeof *array);
	array->children[0] = draw_rows(field->children[0], &field->children[0]->type,
								   (size_t) offsets[array->length], draw);
}

static LdbArray
draw_rows(const LdbField *field, const LdbType *type, size_t length, const Draw *draw)
{
	LdbArray array = {.type = ldb_type_value(type), .length = length};

	type = array.type;
	draw_validity(&array, draw);
	if (ldb_type_is_variable(type->kind))
		draw_views(&array, draw);
	else if (ldb_type_is_list(type->kind))
		draw_items(field, &array, draw);
	else if (type->kind == LDB_TYPE_STRUCT)
	{
		Draw inner = *draw;

		if (field->packed)
			inner.null_percent = 0;
		array.child_count = field->child_count;
		array.children = ldb_arena_zalloc_array(arena, field->child_count, sizeof array);
		for (size_t i = 0; i < field->child_count; i++)
			array.children[i] =
				draw_rows(field->children[i], &field->children[i]->type, length, &inner);
	}
	else if (type->kind == LDB_TYPE_FIXED_SIZE_LIST)
	{
		array.child_count = 1;
		array.children = ldb_arena_zalloc(arena, sizeof array);
		array.children[0] = draw_rows(NULL, type->item, length * (size_t) type->width, draw);
	}
	else if (type->kind != LDB_TYPE_NULL)
		draw_fixed(&array, draw);
	return array;
}

/* ---- writing ---- */

typedef struct Written
{
	LdbStore *store;
	LdbField *fields[MOST_FIELDS];
	LdbSchema schema;
	LdbFileWriterOptions options;
	LdbFileSummary summary;
} Written;

static void
must(LdbStatus status, const LdbError *err)
{
	if (status != LDB_OK)
		fail_msg("status %d: %s", (int) status, err->message);
}

/* Ids are those of a new table: depth-first. */
static int32_t
number_fields(LdbField *field, int32_t parent, int32_t id)
{
	field->parent_id = parent;
	field->id = id++;
	for (size_t i = 0; i < field->child_count; i++)
		id = number_fields(field->children[i], field->id, id);
	return id;
}

static void
add_field(Written *written, LdbField *field)
{
	int32_t id = 0;

	assert_true(written->schema.field_count < MOST_FIELDS);
	written->fields[written->schema.field_count++] = field;
	written->schema.fields = written->fields;
	for (size_t i = 0; i < written->schema.field_count; i++)
		id = number_fields(written->fields[i], -1, id);
}

static void
start_written(Written *written, int version, size_t page_bytes)
{
	memset(written, 0, sizeof *written);
	written->options.version = version;
	written->options.page_bytes = page_bytes;
	must(ldb_store_open_memory(&written->store, NULL), NULL);
}

static void
end_written(Written *written)
{
	ldb_store_close(written->store);
}

/* `batch` rows at a time, each batch a slice. */
static LdbStatus
write_columns(Written *written, const LdbArray *columns, size_t row_count, size_t batch,
			  LdbError *err)
{
	LdbArray *slices = calloc(written->schema.field_count + 1, sizeof *slices);
	LdbFileWriter *writer;
	LdbStatus status = ldb_file_writer_open(written->store, FILE_NAME, &written->schema,
											&written->options, &writer, err);

	for (size_t first = 0; status == LDB_OK && first < row_count; first += batch)
	{
		size_t count = row_count - first < batch ? row_count - first : batch;
		LdbArena *own = ldb_arena_new(0);

		if (own == NULL)
			status = LDB_NOMEM;
		for (size_t i = 0; status == LDB_OK && i < written->schema.field_count; i++)
			status = ldb_array_slice(&columns[i], first, count, own, &slices[i], err);
		if (status == LDB_OK)
			status = ldb_file_writer_append(writer, slices, count, err);
		ldb_arena_free(own);
		if (status != LDB_OK)
			ldb_file_writer_abandon(writer);
	}
	free(slices);
	if (status == LDB_OK)
		status = ldb_file_writer_finish(writer, arena, &written->summary, err);
	return status;
}

static LdbFile *
open_written(const Written *written)
{
	LdbError err = {0};
	LdbObject *object;
	LdbFile *file;

	must(ldb_object_open(written->store, FILE_NAME, 0, NULL, NULL, &object, &err), &err);
	must(ldb_file_open(object, NULL, &file, &err), &err);
	return file;
}

static LdbColumnReader *
open_column(const Written *written, LdbFile *file, size_t column)
{
	LdbColumnSource sources[4 * MOST_FIELDS];
	LdbColumnReader *reader;
	LdbError err = {0};

	assert_true(written->summary.field_count <= 4 * MOST_FIELDS);
	for (size_t i = 0; i < written->summary.field_count; i++)
		sources[i] = (LdbColumnSource){written->summary.field_ids[i], file,
									   (uint32_t) written->summary.column_indices[i]};
	must(ldb_column_open(written->schema.fields[column], sources, written->summary.field_count,
						 written->summary.row_count, &reader, &err),
		 &err);
	return reader;
}

/* A column whole, then scattered rows of it one by one. */
static void
check_column(const Written *written, LdbFile *file, size_t column, const LdbArray *expected)
{
	LdbColumnReader *reader = open_column(written, file, column);
	LdbRowRange all = {0, expected->length};
	LdbArena *own = ldb_arena_new(0);
	LdbError err = {0};
	LdbArray array;

	must(ldb_column_read(reader, &all, 1, own, &array, NULL, &err), &err);
	assert_int_equal(array.length, expected->length);
	for (size_t i = 0; i < expected->length; i++)
		check_row(expected, i, &array, i);
	for (int i = 0; i < 20; i++)
	{
		size_t row = random_below(expected->length);
		LdbRowRange one = {row, 1};

		must(ldb_column_read(reader, &one, 1, own, &array, NULL, &err), &err);
		check_row(expected, row, &array, 0);
	}
	ldb_arena_free(own);
	ldb_column_close(reader);
}

static void
check_written(const Written *written, const LdbArray *columns, size_t row_count)
{
	LdbFile *file = open_written(written);

	assert_int_equal(ldb_file_row_count(file), row_count);
	assert_int_equal(ldb_file_version(file), written->options.version);
	assert_int_equal(ldb_object_size(ldb_file_object(file)), written->summary.size_bytes);
	for (size_t i = 0; row_count > 0 && i < written->schema.field_count; i++)
		check_column(written, file, i, &columns[i]);
	ldb_file_close(file);
}

/* Draws rows for all fields, writes them, reads them. */
static void
round_trip(Written *written, size_t row_count, size_t batch, const Draw *draw)
{
	LdbArray columns[MOST_FIELDS];
	LdbError err = {0};

	for (size_t i = 0; i < written->schema.field_count; i++)
		columns[i] = draw_rows(written->fields[i], &written->fields[i]->type, row_count, draw);
	must(write_columns(written, columns, row_count, batch, &err), &err);
	assert_int_equal(written->summary.row_count, row_count);
	check_written(written, columns, row_count);
	must(ldb_store_remove(written->store, FILE_NAME, NULL, NULL), NULL);
}

#endif
