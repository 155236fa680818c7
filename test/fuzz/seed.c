/*
 * seed.c -- cuts a Lance file into first inputs for the fuzz targets that take parts.
 *
 *   seed FILE OUTPUT     one output for each top-level column: <OUTPUT>-<n>.array20 or .page21
 *
 * Columns with much data give no output: small inputs are what a fuzzer can work with.
 */
#include <inttypes.h>

#include "lance_file.pb-c.h"
#include "ldb/proto/proto.h"
#include "ldb/store/store.h"
#include "make_file.h"
#include "src/core/format/column_impl.h"
#include "src/core/table/schema.h"

#define MOST_SEED_BYTES ((size_t) 12 * 1024)

typedef struct Seed
{
	LdbFile *file;
	LdbArena *arena;
	LdbBuffer plan;
	LdbBuffer rest;
	uint32_t column_count;
	bool whole; /* nothing was too large */
} Seed;

static void
require(LdbStatus status, const LdbError *err)
{
	if (status == LDB_OK)
		return;
	fprintf(stderr, "%s\n", err->message);
	exit(1);
}

static void
add_bytes(LdbBuffer *buffer, const void *bytes, size_t length)
{
	FUZZ_REQUIRE(ldb_buffer_append(buffer, bytes, length));
}

static void
add_part(Seed *seed, LdbSlice bytes)
{
	uint16_t length = (uint16_t) bytes.length;

	seed->whole = seed->whole && seed->rest.length + bytes.length <= MOST_SEED_BYTES;
	if (!seed->whole)
		return;
	add_bytes(&seed->rest, &length, 2);
	add_bytes(&seed->rest, bytes.data, bytes.length);
}

static void
add_page(Seed *seed, const LdbPageInfo *page)
{
	uint16_t rows = (uint16_t) page->length;
	uint8_t buffers = (uint8_t) page->buffer_count;
	LdbError err;

	seed->whole =
		seed->whole && page->length <= UINT16_MAX && page->buffer_count <= FUZZ_FILE_BUFFERS;
	add_bytes(&seed->plan, &rows, 2);
	add_bytes(&seed->plan, &buffers, 1);
	add_part(seed, page->encoding);
	for (size_t i = 0; seed->whole && i < page->buffer_count; i++)
	{
		LdbSlice bytes;

		require(ldb_object_read(ldb_file_object(seed->file), page->buffers[i].offset,
								page->buffers[i].length, seed->arena, &bytes, NULL, &err),
				&err);
		add_part(seed, bytes);
	}
}

static void
add_column(Seed *seed, uint32_t column)
{
	const LdbColumnPages *pages;
	LdbError err;
	uint8_t count;

	require(ldb_file_column(seed->file, column, &pages, &err), &err);
	seed->whole = seed->whole && pages->page_count <= FUZZ_FILE_PAGES &&
				  ++seed->column_count <= FUZZ_FILE_COLUMNS;
	count = (uint8_t) pages->page_count;
	add_bytes(&seed->plan, &count, 1);
	add_part(seed, pages->encoding);
	for (size_t i = 0; i < pages->page_count; i++)
		add_page(seed, &pages->pages[i]);
}

static bool
is_packed(const Ldb__Field *field)
{
	for (size_t i = 0; i < field->n_metadata; i++)
		if (strcmp(field->metadata[i]->key, "packed") == 0 ||
			strcmp(field->metadata[i]->key, "lance-encoding:packed") == 0)
			return true;
	return false;
}

static bool
is_nested(const char *type)
{
	return strcmp(type, "struct") == 0 || strncmp(type, "list", 4) == 0 ||
		   strncmp(type, "large_list", 10) == 0 || strcmp(type, "map") == 0;
}

/* The top-level field is [first, end) of the flat list, its columns begin at *column. */
static void
add_fields(Seed *seed, const Ldb__Schema *schema, size_t first, size_t end, uint32_t *column)
{
	bool old = ldb_file_version(seed->file) == 20;

	for (size_t i = first; i < end; i++)
	{
		bool packed = is_packed(schema->fields[i]);

		if (old || packed || !is_nested(schema->fields[i]->logical_type))
			add_column(seed, (*column)++);
		if (packed) /* all of its fields lie in this column */
			break;
	}
}

static LdbSlice
pack_descriptor(const Ldb__FileDescriptor *whole, size_t first, size_t end, LdbArena *arena)
{
	Ldb__FileDescriptor descriptor = LDB__FILE_DESCRIPTOR__INIT;
	Ldb__Schema schema = LDB__SCHEMA__INIT;
	uint8_t *packed;

	schema.n_fields = end - first;
	schema.fields = whole->schema->fields + first;
	descriptor.schema = &schema;
	descriptor.has_length = true;
	descriptor.length = whole->length;
	packed = ldb_arena_alloc(arena, ldb__file_descriptor__get_packed_size(&descriptor));
	return ldb_slice(packed, ldb__file_descriptor__pack(&descriptor, packed));
}

static void
write_seed(const Seed *seed, const char *output, size_t number)
{
	uint16_t length = (uint16_t) seed->plan.length;
	char path[512];
	FILE *out;

	snprintf(path, sizeof path, "%s-%zu.%s", output, number,
			 ldb_file_version(seed->file) == 20 ? "array20" : "page21");
	out = fopen(path, "wb");
	FUZZ_REQUIRE(out != NULL);
	fwrite(&length, 2, 1, out);
	fwrite(seed->plan.data, 1, seed->plan.length, out);
	fwrite(seed->rest.data, 1, seed->rest.length, out);
	fclose(out);
}

static void
cut_column(LdbFile *file, const Ldb__FileDescriptor *descriptor, size_t first, size_t end,
		   uint32_t *column, const char *output)
{
	Seed seed = {.file = file, .arena = ldb_arena_new(0), .whole = true};
	uint8_t head;

	add_bytes(&seed.plan, "", 1);
	add_part(&seed, pack_descriptor(descriptor, first, end, seed.arena));
	add_fields(&seed, descriptor->schema, first, end, column);
	head = (uint8_t) (seed.column_count | (ldb_file_version(file) == 22 ? 0x80 : 0));
	seed.plan.data[0] = head;
	if (seed.whole)
		write_seed(&seed, output, first);
	ldb_buffer_free(&seed.plan);
	ldb_buffer_free(&seed.rest);
	ldb_arena_free(seed.arena);
}

static void
cut_file(LdbFile *file, const char *output)
{
	LdbArena *arena = ldb_arena_new(0);
	ProtobufCMessage *message;
	const Ldb__FileDescriptor *descriptor;
	LdbRange range;
	LdbSlice bytes;
	LdbError err;
	uint32_t column = 0;
	size_t first = 0;

	require(ldb_file_buffer(file, 0, &range, &err), &err);
	require(ldb_object_read(ldb_file_object(file), range.offset, range.length, arena, &bytes, NULL,
							&err),
			&err);
	require(ldb_proto_unpack(&ldb__file_descriptor__descriptor, bytes, arena, "file descriptor",
							 &message, &err),
			&err);
	descriptor = (const Ldb__FileDescriptor *) message;
	while (first < descriptor->schema->n_fields)
	{
		size_t end = first + 1;

		while (end < descriptor->schema->n_fields &&
			   descriptor->schema->fields[end]->parent_id != -1)
			end++;
		cut_column(file, descriptor, first, end, &column, output);
		first = end;
	}
	ldb_arena_free(arena);
}

int
main(int argc, char **argv)
{
	LdbStore *store;
	LdbObject *object;
	LdbFile *file;
	LdbError err;
	char folder[512];
	char *slash;

	if (argc != 3)
		return 2;
	snprintf(folder, sizeof folder, "%s", argv[1]);
	slash = strrchr(folder, '/');
	FUZZ_REQUIRE(slash != NULL);
	*slash = '\0';
	require(ldb_store_open_local(folder, &store, &err), &err);
	require(ldb_object_open(store, slash + 1, 0, NULL, NULL, &object, &err), &err);
	require(ldb_file_open(object, NULL, &file, &err), &err);
	cut_file(file, argv[2]);
	ldb_file_close(file);
	ldb_store_close(store);
	return 0;
}
