/*
 * read_file.h -- reads every column of a data file in several ways and checks what comes out.
 *
 * Columns and their types are those that the file's own descriptor names.
 */
#ifndef TEST_FUZZ_READ_FILE_H
#define TEST_FUZZ_READ_FILE_H

#include "check_array.h"
#include "ldb/format/file.h"
#include "ldb/store/store.h"

/* bytes: a whole data file. */
static void fuzz_read_file(LdbSlice bytes);

#include "lance_file.pb-c.h"
#include "ldb/proto/proto.h"
#include "src/core/format/column_impl.h"
#include "src/core/table/schema.h"

#define FUZZ_MOST_COLUMNS 16
#define FUZZ_MOST_SOURCES 256
#define FUZZ_MOST_ROWS 5000u

/* ---- reading ---- */

static void
fuzz_read_ranges(LdbColumnReader *reader, const LdbRowRange *ranges, size_t count)
{
	LdbArena *arena = fuzz_arena();
	LdbError err = {0};
	LdbArray array;
	size_t rows = 0;

	for (size_t i = 0; i < count; i++)
		rows += (size_t) ranges[i].count;
	if (fuzz_judge(ldb_column_read(reader, ranges, count, arena, &array, NULL, &err), &err))
		fuzz_check_array(&array, rows);
	ldb_arena_free(arena);
}

/* Some rows, then all, then scattered ones backwards: caches meet pages in every order. */
static void
fuzz_read_column(LdbColumnReader *reader, uint64_t row_count)
{
	LdbRowRange ranges[4];
	uint64_t most = row_count < FUZZ_MOST_ROWS ? row_count : FUZZ_MOST_ROWS;
	LdbError err = {0};
	double bytes;

	fuzz_judge(ldb_column_row_bytes(reader, &bytes, &err), &err);
	ranges[0] = (LdbRowRange){row_count / 2, row_count - row_count / 2 < 3 ? 1 : 3};
	fuzz_read_ranges(reader, ranges, 1);
	ranges[0] = (LdbRowRange){0, most};
	fuzz_read_ranges(reader, ranges, 1);
	ranges[0] = (LdbRowRange){row_count - most / 3 - 1, most / 3 + 1};
	fuzz_read_ranges(reader, ranges, 1);
	if (row_count < 7)
		return;
	ranges[0] = (LdbRowRange){0, 1};
	ranges[1] = (LdbRowRange){row_count / 5 + 1, 1};
	ranges[2] = (LdbRowRange){row_count / 2, 2};
	ranges[3] = (LdbRowRange){row_count - 1, 1};
	fuzz_read_ranges(reader, ranges, 4);
}

/* ---- which physical column belongs to a field ---- */

typedef struct FuzzSources
{
	LdbFile *file;
	LdbColumnSource items[FUZZ_MOST_SOURCES];
	size_t count;
} FuzzSources;

static void
fuzz_add_source(FuzzSources *sources, const LdbField *field)
{
	uint32_t column = (uint32_t) sources->count;

	if (sources->count < FUZZ_MOST_SOURCES && column < ldb_file_column_count(sources->file))
		sources->items[sources->count++] = (LdbColumnSource){field->id, sources->file, column};
}

/* Version 2.0 stores a column for each field, later ones for each leaf. */
static void
fuzz_add_sources(FuzzSources *sources, const LdbField *field)
{
	bool old = ldb_file_version(sources->file) == 20;

	if (old || field->child_count == 0 || field->packed)
		fuzz_add_source(sources, field);
	if (field->packed)
		return;
	for (size_t i = 0; i < field->child_count; i++)
		fuzz_add_sources(sources, field->children[i]);
}

static LdbStatus
fuzz_read_schema(LdbFile *file, LdbArena *arena, LdbManifest *manifest, LdbError *err)
{
	ProtobufCMessage *message;
	const Ldb__FileDescriptor *descriptor;
	LdbRange range;
	LdbSlice bytes;

	LDB_TRY(ldb_file_buffer(file, 0, &range, err));
	LDB_TRY(ldb_object_read(ldb_file_object(file), range.offset, range.length, arena, &bytes, NULL,
							err));
	LDB_TRY(ldb_proto_unpack(&ldb__file_descriptor__descriptor, bytes, arena, "file descriptor",
							 &message, err));
	descriptor = (const Ldb__FileDescriptor *) message;
	if (descriptor->schema == NULL)
		return LDB_OK;
	return ldb_schema_build(descriptor->schema->fields, descriptor->schema->n_fields, "file", arena,
							manifest, err);
}

static void
fuzz_read_columns(LdbFile *file, const LdbSchema *schema)
{
	uint64_t rows = ldb_file_row_count(file);
	FuzzSources sources = {.file = file};
	LdbColumnReader *readers[FUZZ_MOST_COLUMNS] = {NULL};
	LdbError err = {0};

	for (size_t i = 0; i < schema->field_count && i < FUZZ_MOST_COLUMNS; i++)
		fuzz_add_sources(&sources, schema->fields[i]);
	/* all at once, as a scan does: each has caches of its own */
	for (size_t i = 0; i < schema->field_count && i < FUZZ_MOST_COLUMNS; i++)
		fuzz_judge(ldb_column_open(schema->fields[i], sources.items, sources.count, rows,
								   &readers[i], &err),
				   &err);
	for (size_t i = 0; i < FUZZ_MOST_COLUMNS; i++)
		if (readers[i] != NULL && rows > 0)
			fuzz_read_column(readers[i], rows);
	for (size_t i = 0; i < FUZZ_MOST_COLUMNS; i++)
		ldb_column_close(readers[i]);
}

static void
fuzz_read_opened(LdbFile *file)
{
	LdbArena *arena = fuzz_arena();
	LdbManifest manifest = {0};
	LdbError err = {0};
	uint64_t bytes;

	if (fuzz_judge(fuzz_read_schema(file, arena, &manifest, &err), &err))
		fuzz_read_columns(file, &manifest.schema);
	for (uint32_t i = 0; i < ldb_file_column_count(file) && i < FUZZ_MOST_SOURCES; i++)
		fuzz_judge(ldb_file_column_bytes(file, i, &bytes, &err), &err);
	ldb_arena_free(arena);
}

static void
fuzz_read_file(LdbSlice bytes)
{
	LdbStore *store;
	LdbObject *object;
	LdbFile *file;
	LdbError err = {0};

	FUZZ_REQUIRE(ldb_store_open_memory(&store, &err) == LDB_OK);
	FUZZ_REQUIRE(ldb_store_put(store, "file", bytes, LDB_PUT_CREATE, NULL, &err) == LDB_OK);
	FUZZ_REQUIRE(ldb_object_open(store, "file", 0, NULL, NULL, &object, &err) == LDB_OK);
	if (fuzz_judge(ldb_file_open(object, NULL, &file, &err), &err))
	{
		fuzz_read_opened(file);
		ldb_file_close(file);
	}
	ldb_store_close(store);
}

#endif
