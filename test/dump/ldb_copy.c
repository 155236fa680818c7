/*
 * ldb_copy.c -- writes the data files of a Lance dataset anew with our own writer.
 *
 *     ldb_copy FROM TO [VERSION [PAGE_BYTES]]
 *
 * TO is an existing folder; its data/ gets a file of the same name for each one of FROM's. Prints JSON: what
 * a manifest says about each file, and bytes of each column in both. VERSION: 20, 21, 22; without it,
 * that of each file. test/dump/README.md.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ldb/format/file.h"
#include "ldb/format/writer.h"
#include "ldb/store/store.h"
#include "ldb/table/manifest.h"

#define BATCH_ROWS UINT64_C(8192)
#define BATCH_BYTES 8e6

typedef struct Copy
{
	LdbStore *from;
	LdbStore *to;
	const LdbManifest *manifest;
	LdbArena *arena;
	LdbFileWriterOptions options;
	bool forced;
	double seconds;
} Copy;

static void
ok(LdbStatus status, const LdbError *err)
{
	if (status == LDB_OK)
		return;
	fprintf(stderr, "ldb_copy: %s\n", err->message);
	exit(1);
}

static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

static LdbFile *
open_file(LdbStore *store, const char *name)
{
	LdbObject *object;
	LdbError err = {0};
	LdbFile *file;

	ok(ldb_object_open(store, name, 0, NULL, NULL, &object, &err), &err);
	ok(ldb_file_open(object, NULL, &file, &err), &err);
	return file;
}

static LdbManifest *
load_manifest(const char *path, LdbStore *store, LdbArena *arena)
{
	LdbObjectInfo *objects;
	LdbError err = {0};
	LdbManifest *manifest;
	LdbSlice bytes;
	size_t count;

	ok(ldb_store_list(store, "_versions/", true, arena, &objects, &count, NULL, &err), &err);
	for (size_t i = 0; i < count; i++)
		if (strstr(objects[i].name, ".manifest") != NULL)
		{
			ok(ldb_store_get(store, objects[i].name, (LdbRange){0, UINT64_MAX}, arena, &bytes, NULL,
							 NULL, &err),
			   &err);
			ok(ldb_manifest_parse(bytes, objects[i].name, arena, &manifest, &err), &err);
			return manifest;
		}
	fprintf(stderr, "ldb_copy: %s has no manifest\n", path);
	exit(1);
}

/* Field ids of the file, and whether it has any of this field's tree. */
static bool
holds(const LdbDataFile *file, const LdbField *field)
{
	for (size_t i = 0; i < file->field_count; i++)
		if (file->field_ids[i] == field->id)
			return true;
	for (size_t i = 0; i < field->child_count; i++)
		if (holds(file, field->children[i]))
			return true;
	return false;
}

static void
copy_rows(Copy *copy, const LdbSchema *schema, const LdbDataFile *data, LdbFile *file,
		  LdbFileWriter *writer)
{
	LdbColumnReader **readers = calloc(schema->field_count, sizeof *readers);
	LdbColumnSource *sources = calloc(data->field_count, sizeof *sources);
	LdbArray *arrays = calloc(schema->field_count, sizeof *arrays);
	uint64_t rows = ldb_file_row_count(file);
	uint64_t step = BATCH_ROWS;
	LdbArena *arena = ldb_arena_new(0);
	LdbError err = {0};
	double row_bytes = 1;

	for (size_t i = 0; i < data->field_count; i++)
		sources[i] =
			(LdbColumnSource){data->field_ids[i], file, (uint32_t) data->column_indices[i]};
	for (size_t i = 0; i < schema->field_count; i++)
	{
		double bytes;

		ok(ldb_column_open(schema->fields[i], sources, data->field_count, rows, &readers[i], &err),
		   &err);
		ok(ldb_column_row_bytes(readers[i], &bytes, &err), &err);
		row_bytes += bytes;
	}
	if (row_bytes * (double) step > BATCH_BYTES)
		step = (uint64_t) (BATCH_BYTES / row_bytes) + 1;
	for (uint64_t first = 0; first < rows; first += step)
	{
		LdbRowRange range = {first, rows - first < step ? rows - first : step};
		double start;

		for (size_t i = 0; i < schema->field_count; i++)
			ok(ldb_column_read(readers[i], &range, 1, arena, &arrays[i], NULL, &err), &err);
		start = now();
		ok(ldb_file_writer_append(writer, arrays, (size_t) range.count, &err), &err);
		copy->seconds += now() - start;
		ldb_arena_reset(arena);
	}
	for (size_t i = 0; i < schema->field_count; i++)
		ldb_column_close(readers[i]);
	ldb_arena_free(arena);
	free(readers);
	free(sources);
	free(arrays);
}

static const char *
field_name(const LdbSchema *schema, int32_t id)
{
	const LdbField *field = ldb_schema_find(schema, id);

	return field == NULL ? "?" : field->name;
}

static void
print_file(const Copy *copy, const LdbDataFile *data, const LdbFileSummary *summary, LdbFile *from,
		   LdbFile *to)
{
	LdbError err = {0};

	printf("{\"path\": \"%s\", \"major\": %u, \"minor\": %u, \"rows\": %" PRIu64
		   ", \"size\": %" PRIu64 ", \"was\": %" PRIu64 ", \"seconds\": %.4f,\n",
		   data->path, summary->major, summary->minor, summary->row_count, summary->size_bytes,
		   ldb_object_size(ldb_file_object(from)), copy->seconds);
	printf(" \"fields\": [");
	for (size_t i = 0; i < summary->field_count; i++)
		printf("%s%d", i > 0 ? "," : "", (int) summary->field_ids[i]);
	printf("], \"column_indices\": [");
	for (size_t i = 0; i < summary->field_count; i++)
		printf("%s%d", i > 0 ? "," : "", (int) summary->column_indices[i]);
	printf("], \"columns\": {");
	for (size_t i = 0; i < summary->field_count; i++)
	{
		uint64_t was = 0;
		uint64_t is;

		for (size_t j = 0; j < data->field_count; j++)
			if (data->field_ids[j] == summary->field_ids[i])
				ok(ldb_file_column_bytes(from, (uint32_t) data->column_indices[j], &was, &err),
				   &err);
		ok(ldb_file_column_bytes(to, (uint32_t) summary->column_indices[i], &is, &err), &err);
		printf("%s\"%d %s\": [%" PRIu64 ", %" PRIu64 "]", i > 0 ? ", " : "",
			   (int) summary->field_ids[i],
			   field_name(&copy->manifest->schema, summary->field_ids[i]), was, is);
	}
	printf("}}\n");
}

static void
copy_file(Copy *copy, const LdbDataFile *data)
{
	const LdbSchema *all = &copy->manifest->schema;
	LdbSchema schema = {0, calloc(all->field_count, sizeof *schema.fields)};
	LdbFileSummary summary;
	LdbFileWriter *writer;
	LdbError err = {0};
	char name[512];
	LdbFile *from;
	LdbFile *to;

	snprintf(name, sizeof name, "data/%s", data->path);
	from = open_file(copy->from, name);
	for (size_t i = 0; i < all->field_count; i++)
		if (holds(data, all->fields[i]))
			schema.fields[schema.field_count++] = all->fields[i];
	if (!copy->forced)
		copy->options.version = ldb_file_version(from);
	copy->seconds = 0;
	ok(ldb_file_writer_open(copy->to, name, &schema, &copy->options, &writer, &err), &err);
	copy_rows(copy, &schema, data, from, writer);
	ok(ldb_file_writer_finish(writer, copy->arena, &summary, &err), &err);
	to = open_file(copy->to, name);
	print_file(copy, data, &summary, from, to);
	ldb_file_close(from);
	ldb_file_close(to);
	free(schema.fields);
}

int
main(int argc, char **argv)
{
	Copy copy = {0};
	LdbError err = {0};

	if (argc < 3 || argc > 5)
	{
		fprintf(stderr, "usage: ldb_copy FROM TO [VERSION [PAGE_BYTES]]\n");
		return 2;
	}
	copy.forced = argc > 3 && strcmp(argv[3], "0") != 0;
	copy.options.version = argc > 3 ? (int) strtol(argv[3], NULL, 10) : 0;
	copy.options.page_bytes = argc > 4 ? strtoul(argv[4], NULL, 10) : 0;
	copy.arena = ldb_arena_new(0);
	ok(ldb_store_open_local(argv[1], &copy.from, &err), &err);
	ok(ldb_store_open_local(argv[2], &copy.to, &err), &err);
	copy.manifest = load_manifest(argv[1], copy.from, copy.arena);
	for (size_t i = 0; i < copy.manifest->fragment_count; i++)
		for (size_t j = 0; j < copy.manifest->fragments[i].file_count; j++)
			copy_file(&copy, &copy.manifest->fragments[i].files[j]);
	ldb_store_close(copy.from);
	ldb_store_close(copy.to);
	ldb_arena_free(copy.arena);
	return 0;
}
