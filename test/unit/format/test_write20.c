/* test_write20.c -- what is written as version 2.0 reads back; what it cannot store is refused. */
#include "golden.h"
#include "ldb/arrow/builder.h"
#include "ldb/format/writer.h"

/* ---- datasets of LanceDB, written again ---- */

/* Appends all rows of a fragment in batches. */
static void
append_fragment(Golden *golden, const LdbFragment *fragment, LdbFileWriter *writer, uint64_t batch)
{
	static LdbColumnSource sources[GOLDEN_MOST_SOURCES];
	const LdbSchema *schema = &golden->manifest->schema;
	LdbColumnReader **readers = calloc(schema->field_count, sizeof *readers);
	LdbArray *arrays = calloc(schema->field_count, sizeof *arrays);
	LdbFile *files[GOLDEN_MOST_FILES];
	size_t source_count = 0;
	LdbError err = {0};

	for (size_t i = 0; i < fragment->file_count; i++)
	{
		const LdbDataFile *from = &fragment->files[i];
		LdbObject *object;
		char name[512];

		snprintf(name, sizeof name, "data/%s", from->path);
		golden_ok(ldb_object_open(golden->store, name, 0, NULL, NULL, &object, &err), &err);
		golden_ok(ldb_file_open(object, NULL, &files[i], &err), &err);
		for (size_t j = 0; j < from->field_count; j++)
			sources[source_count++] =
				(LdbColumnSource){from->field_ids[j], files[i], (uint32_t) from->column_indices[j]};
	}
	for (size_t i = 0; i < schema->field_count; i++)
		golden_ok(ldb_column_open(schema->fields[i], sources, source_count, fragment->physical_rows,
								  &readers[i], &err),
				  &err);
	for (uint64_t first = 0; first < fragment->physical_rows; first += batch)
	{
		uint64_t left = fragment->physical_rows - first;
		LdbRowRange range = {first, left < batch ? left : batch};
		LdbArena *arena = ldb_arena_new(0);

		for (size_t i = 0; i < schema->field_count; i++)
			golden_ok(ldb_column_read(readers[i], &range, 1, arena, &arrays[i], NULL, &err), &err);
		golden_ok(ldb_file_writer_append(writer, arrays, (size_t) range.count, &err), &err);
		ldb_arena_free(arena);
	}
	for (size_t i = 0; i < schema->field_count; i++)
		ldb_column_close(readers[i]);
	for (size_t i = 0; i < fragment->file_count; i++)
		ldb_file_close(files[i]);
	free(readers);
	free(arrays);
}

/* Writes all columns of a fragment as one file, and makes that the fragment's. Returns its size. */
static uint64_t
rewrite_fragment(Golden *golden, LdbFragment *fragment, uint64_t batch, size_t page_bytes)
{
	LdbFileWriterOptions options = {.version = 20, .page_bytes = page_bytes};
	LdbDataFile *file = ldb_arena_zalloc(golden->arena, sizeof *file);
	LdbFileSummary summary;
	LdbFileWriter *writer;
	LdbError err = {0};

	golden_ok(ldb_file_writer_open(golden->store, "data/again.lance", &golden->manifest->schema,
								   &options, &writer, &err),
			  &err);
	append_fragment(golden, fragment, writer, batch);
	golden_ok(ldb_file_writer_finish(writer, golden->arena, &summary, &err), &err);
	assert_int_equal(summary.row_count, fragment->physical_rows);
	assert_int_equal(summary.major, 2);
	assert_int_equal(summary.minor, 0);
	*file = fragment->files[0];
	file->path = "again.lance";
	file->size_bytes = summary.size_bytes;
	file->field_count = summary.field_count;
	file->field_ids = summary.field_ids;
	file->column_indices = summary.column_indices;
	fragment->files = file;
	fragment->file_count = 1;
	return summary.size_bytes;
}

/* Bytes of all files that the fragment has. */
static uint64_t
fragment_bytes(const LdbFragment *fragment)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < fragment->file_count; i++)
		bytes += fragment->files[i].size_bytes;
	return bytes;
}

static void
check_again(const char *dataset, uint64_t batch, size_t page_bytes)
{
	LdbFragment *fragment;
	Golden golden;
	uint64_t before;
	uint64_t after;

	golden_open(&golden, dataset, 0, false);
	assert_int_equal(golden.manifest->fragment_count, 1);
	fragment = (LdbFragment *) &golden.manifest->fragments[0];
	before = fragment_bytes(fragment);
	after = rewrite_fragment(&golden, fragment, batch, page_bytes);
	/* no larger than LanceDB's, where pages are as large as its are */
	if (batch > fragment->physical_rows && page_bytes == 0 && before > 4096)
		assert_in_range(after, before / 2, before + before / 100);
	assert_int_equal(golden_check_fragment(&golden, fragment, 0), json_array_size(golden.rows));
	golden_close(&golden);
}

static const char *const datasets[] = {"types_20",   "strings_20",   "nested_20",
									   "vectors_20", "encodings_20", "blobs_20"};

static void
writes_what_lancedb_wrote(void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof datasets / sizeof *datasets; i++)
		check_again(datasets[i], 1 << 20, 0);
}

static void
writes_it_in_small_pages_and_batches_too(void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof datasets / sizeof *datasets; i++)
	{
		check_again(datasets[i], 7, 4096);
		check_again(datasets[i], 331, 4096);
	}
}

/* ---- rows made here ---- */

typedef struct Made
{
	LdbArena *arena;
	LdbStore *store;
	LdbField *field; /* the only one */
	LdbSchema schema;
	LdbBuilder *builder;
	LdbArray read; /* what came back */
	LdbFile *file;
	LdbFileSummary summary;
} Made;

static LdbField *
make_field(Made *made, const char *name, const char *type, size_t child_count)
{
	LdbField *field = ldb_arena_zalloc(made->arena, sizeof *field);

	field->name = name;
	field->logical_type = type;
	assert_int_equal(ldb_type_parse(type, made->arena, &field->type, NULL), LDB_OK);
	field->id = (int32_t) (ldb_arena_used(made->arena) / 16);
	field->nullable = true;
	field->child_count = child_count;
	field->children = ldb_arena_zalloc_array(made->arena, child_count + 1, sizeof(LdbField *));
	return field;
}

static void
start(Made *made)
{
	memset(made, 0, sizeof *made);
	made->arena = ldb_arena_new(0);
	assert_int_equal(ldb_store_open_memory(&made->store, NULL), LDB_OK);
}

static void
use_field(Made *made, LdbField *field)
{
	made->field = field;
	made->schema = (LdbSchema){1, &made->field};
	assert_int_equal(ldb_builder_new(field, &made->builder, NULL), LDB_OK);
}

static LdbStatus
write_made(Made *made, LdbError *err)
{
	LdbFileWriterOptions options = {.version = 20};
	LdbFileWriter *writer;
	LdbArray array;

	LDB_TRY(ldb_file_writer_open(made->store, "made", &made->schema, &options, &writer, err));
	if (ldb_builder_array(made->builder, made->arena, &array, err) != LDB_OK ||
		ldb_file_writer_append(writer, &array, array.length, err) != LDB_OK)
	{
		ldb_file_writer_abandon(writer);
		return err->status;
	}
	return ldb_file_writer_finish(writer, made->arena, &made->summary, err);
}

static void
write_and_read(Made *made)
{
	LdbColumnSource sources[16];
	LdbRowRange all = {0, ldb_builder_length(made->builder)};
	LdbColumnReader *reader;
	LdbError err = {0};
	LdbObject *object;

	golden_ok(write_made(made, &err), &err);
	golden_ok(ldb_object_open(made->store, "made", 0, NULL, NULL, &object, &err), &err);
	golden_ok(ldb_file_open(object, NULL, &made->file, &err), &err);
	for (size_t i = 0; i < made->summary.field_count; i++)
		sources[i] = (LdbColumnSource){made->summary.field_ids[i], made->file,
									   (uint32_t) made->summary.column_indices[i]};
	golden_ok(
		ldb_column_open(made->field, sources, made->summary.field_count, all.count, &reader, &err),
		&err);
	golden_ok(ldb_column_read(reader, &all, 1, made->arena, &made->read, NULL, &err), &err);
	ldb_column_close(reader);
}

static void
stop(Made *made)
{
	ldb_file_close(made->file);
	ldb_builder_free(made->builder);
	ldb_store_close(made->store);
	ldb_arena_free(made->arena);
}

static void
add_int(LdbBuilder *builder, int32_t value)
{
	assert_int_equal(ldb_builder_fixed(builder, &value, NULL), LDB_OK);
}

static LdbField *
make_struct(Made *made)
{
	LdbField *field = make_field(made, "pair", "struct", 2);

	field->children[0] = make_field(made, "a", "int32", 0);
	field->children[1] = make_field(made, "b", "string", 0);
	return field;
}

static void
add_pair(LdbBuilder *builder, int32_t a, const char *b)
{
	add_int(ldb_builder_child(builder, 0), a);
	assert_int_equal(ldb_builder_bytes_value(ldb_builder_child(builder, 1), ldb_slice_of(b), NULL),
					 LDB_OK);
	assert_int_equal(ldb_builder_close_row(builder, NULL), LDB_OK);
}

static void
makes_a_null_struct_one_of_nulls(void **state)
{
	LdbSlice b;
	Made made;

	(void) state;
	start(&made);
	use_field(&made, make_struct(&made));
	add_pair(made.builder, 1, "one");
	assert_int_equal(ldb_builder_null(made.builder, NULL), LDB_OK);
	add_pair(made.builder, 3, "three");
	write_and_read(&made);
	assert_int_equal(made.summary.field_count, 3);
	assert_int_equal(made.read.null_count, 0);
	for (size_t child = 0; child < 2; child++)
		for (size_t row = 0; row < 3; row++)
			assert_int_equal(ldb_array_is_null(&made.read.children[child], row), row == 1);
	assert_int_equal(ldb_load_u32((const uint8_t *) made.read.children[0].values + 8), 3);
	b = made.read.children[1].views[2];
	assert_true(ldb_slice_equal(b, ldb_slice_of("three")));
	stop(&made);
}

static void
refuses_nulls_where_the_schema_takes_none(void **state)
{
	LdbError err = {0};
	Made made;

	(void) state;
	start(&made);
	use_field(&made, make_struct(&made));
	made.field->children[1]->nullable = false;
	add_pair(made.builder, 1, "one");
	assert_int_equal(ldb_builder_null(made.builder, NULL), LDB_OK);
	assert_int_equal(write_made(&made, &err), LDB_UNSUPPORTED);
	assert_non_null(strstr(err.message, "\"b\""));
	stop(&made);
}

static void
refuses_nulls_in_packed_structs(void **state)
{
	LdbError err = {0};
	Made made;

	(void) state;
	start(&made);
	made.field = make_struct(&made);
	made.field->packed = true;
	made.field->children[1] = make_field(&made, "b", "int32", 0);
	use_field(&made, made.field);
	add_int(ldb_builder_child(made.builder, 0), 1);
	add_int(ldb_builder_child(made.builder, 1), 2);
	assert_int_equal(ldb_builder_close_row(made.builder, NULL), LDB_OK);
	golden_ok(write_made(&made, &err), &err);
	add_int(ldb_builder_child(made.builder, 0), 1);
	assert_int_equal(ldb_builder_null(ldb_builder_child(made.builder, 1), NULL), LDB_OK);
	assert_int_equal(ldb_builder_close_row(made.builder, NULL), LDB_OK);
	assert_int_equal(write_made(&made, &err), LDB_UNSUPPORTED);
	assert_non_null(strstr(err.message, "\"pair\""));
	stop(&made);
}

static void
refuses_maps_and_says_what_stores_them(void **state)
{
	LdbFileWriterOptions options = {.version = 20};
	LdbFileWriter *writer;
	LdbError err = {0};
	LdbField *map;
	Made made;

	(void) state;
	start(&made);
	map = make_field(&made, "tags", "map", 1);
	map->children[0] = make_struct(&made);
	made.schema = (LdbSchema){1, &map};
	assert_int_equal(
		ldb_file_writer_open(made.store, "made", &made.schema, &options, &writer, &err),
		LDB_UNSUPPORTED);
	assert_non_null(strstr(err.message, "\"tags\""));
	assert_non_null(strstr(err.hint, "2.2"));
	stop(&made);
}

/* Lists of lists of pairs, nothing but null and empty ones at first. */
static void
writes_lists_without_any_item(void **state)
{
	LdbField *outer;
	LdbField *inner;
	Made made;

	(void) state;
	for (int with_items = 0; with_items < 2; with_items++)
	{
		start(&made);
		outer = make_field(&made, "outer", "list", 1);
		inner = make_field(&made, "inner", "list", 1);
		outer->children[0] = inner;
		inner->children[0] = make_struct(&made);
		use_field(&made, outer);
		assert_int_equal(ldb_builder_null(made.builder, NULL), LDB_OK);
		assert_int_equal(ldb_builder_close_row(made.builder, NULL), LDB_OK);
		if (with_items)
		{
			LdbBuilder *lists = ldb_builder_child(made.builder, 0);

			assert_int_equal(ldb_builder_null(lists, NULL), LDB_OK);
			add_pair(ldb_builder_child(lists, 0), 5, "five");
			assert_int_equal(ldb_builder_close_row(lists, NULL), LDB_OK);
			assert_int_equal(ldb_builder_close_row(made.builder, NULL), LDB_OK);
		}
		write_and_read(&made);
		assert_int_equal(made.summary.field_count, 5);
		for (size_t column = 0; column < 5; column++)
			assert_int_equal(made.summary.column_indices[column], column);
		assert_true(ldb_array_is_null(&made.read, 0) && !ldb_array_is_null(&made.read, 1));
		assert_int_equal(made.read.offsets[2], 0);
		assert_int_equal(made.read.children[0].length, with_items ? 2 : 0);
		if (with_items)
			assert_true(ldb_array_is_null(&made.read.children[0], 0) &&
						made.read.children[0].offsets[2] == 1);
		stop(&made);
	}
}

static void
leaves_items_below_null_lists_out(void **state)
{
	static const int64_t offsets[] = {0, 2, 5, 6};
	static const int32_t items[] = {1, 2, 30, 31, 32, 4};
	static const uint8_t validity[] = {5};
	LdbFileWriterOptions options = {.version = 20};
	LdbArray array = {.length = 3, .null_count = 1, .validity = validity, .offsets = offsets};
	LdbArray child = {.length = 6, .values = items};
	LdbFileWriter *writer;
	LdbColumnReader *reader;
	LdbColumnSource sources[2];
	LdbRowRange all = {0, 3};
	LdbObject *object;
	Made made;

	(void) state;
	start(&made);
	made.field = make_field(&made, "list", "list", 1);
	made.field->children[0] = make_field(&made, "item", "int32", 0);
	made.schema = (LdbSchema){1, &made.field};
	array.type = &made.field->type;
	array.child_count = 1;
	array.children = &child;
	child.type = &made.field->children[0]->type;
	assert_int_equal(
		ldb_file_writer_open(made.store, "made", &made.schema, &options, &writer, NULL), LDB_OK);
	assert_int_equal(ldb_file_writer_append(writer, &array, 3, NULL), LDB_OK);
	assert_int_equal(ldb_file_writer_finish(writer, made.arena, &made.summary, NULL), LDB_OK);
	assert_int_equal(ldb_object_open(made.store, "made", 0, NULL, NULL, &object, NULL), LDB_OK);
	assert_int_equal(ldb_file_open(object, NULL, &made.file, NULL), LDB_OK);
	for (size_t i = 0; i < 2; i++)
		sources[i] = (LdbColumnSource){made.summary.field_ids[i], made.file, (uint32_t) i};
	assert_int_equal(ldb_column_open(made.field, sources, 2, 3, &reader, NULL), LDB_OK);
	assert_int_equal(ldb_column_read(reader, &all, 1, made.arena, &made.read, NULL, NULL), LDB_OK);
	assert_int_equal(made.read.children[0].length, 3);
	assert_true(ldb_array_is_null(&made.read, 1));
	assert_int_equal(ldb_load_u32((const uint8_t *) made.read.children[0].values + 8), 4);
	ldb_column_close(reader);
	stop(&made);
}

/* ---- keys ---- */

static void
cuts_pages_where_keys_run_out(void **state)
{
	char text[32];
	Made made;

	(void) state;
	start(&made);
	use_field(&made, make_field(&made, "code", "dict:string:int8:false", 0));
	for (int i = 0; i < 1000; i++)
	{
		snprintf(text, sizeof text, "code %d", i);
		if (i % 10 == 3)
			assert_int_equal(ldb_builder_null(made.builder, NULL), LDB_OK);
		else
			assert_int_equal(ldb_builder_bytes_value(made.builder, ldb_slice_of(text), NULL),
							 LDB_OK);
	}
	write_and_read(&made);
	for (int i = 0; i < 1000; i++)
	{
		snprintf(text, sizeof text, "code %d", i);
		assert_int_equal(ldb_array_is_null(&made.read, (size_t) i), i % 10 == 3);
		if (i % 10 != 3)
			assert_true(ldb_slice_equal(made.read.views[i], ldb_slice_of(text)));
	}
	stop(&made);
}

static void
writes_dictionaries_of_numbers(void **state)
{
	Made made;

	(void) state;
	start(&made);
	use_field(&made, make_field(&made, "code", "dict:int32:uint16:false", 0));
	for (int32_t i = 0; i < 1000; i++)
	{
		if (i % 10 == 3)
			assert_int_equal(ldb_builder_null(made.builder, NULL), LDB_OK);
		else
			add_int(made.builder, i % 7 - 3);
	}
	write_and_read(&made);
	for (int32_t i = 0; i < 1000; i++)
	{
		assert_int_equal(ldb_array_is_null(&made.read, (size_t) i), i % 10 == 3);
		if (i % 10 != 3)
			assert_int_equal(ldb_load_u32((const uint8_t *) made.read.values + i * 4),
							 (uint32_t) (i % 7 - 3));
	}
	stop(&made);
}

static void
takes_one_byte_for_each_string_of_few(void **state)
{
	(void) state;
	for (int distinct = 0; distinct < 101; distinct += 99)
	{
		char text[32];
		Made made;

		start(&made);
		use_field(&made, make_field(&made, "word", "string", 0));
		for (int i = 0; i < 5000; i++)
		{
			snprintf(text, sizeof text, "word %d", distinct == 0 ? 0 : i % distinct);
			if (distinct == 0 || i % 10 == 3)
				assert_int_equal(ldb_builder_null(made.builder, NULL), LDB_OK);
			else
				assert_int_equal(ldb_builder_bytes_value(made.builder, ldb_slice_of(text), NULL),
								 LDB_OK);
		}
		write_and_read(&made);
		assert_in_range(made.summary.size_bytes, 5000, 5000 + 2500);
		for (int i = 0; i < 5000; i++)
		{
			bool null = distinct == 0 || i % 10 == 3;

			snprintf(text, sizeof text, "word %d", distinct == 0 ? 0 : i % distinct);
			assert_int_equal(ldb_array_is_null(&made.read, (size_t) i), null);
			assert_true(null || ldb_slice_equal(made.read.views[i], ldb_slice_of(text)));
		}
		stop(&made);
	}
}

/* Bytes of a file with 2000 different strings, compressed as the metadata says. */
static uint64_t
text_bytes(const char *compression)
{
	const char *key = "lance-encoding:compression";
	LdbSlice value = ldb_slice_of(compression);
	uint64_t bytes;
	char text[64];
	Made made;

	start(&made);
	use_field(&made, make_field(&made, "text", "string", 0));
	made.field->metadata_count = 1;
	made.field->metadata_keys = &key;
	made.field->metadata_values = &value;
	for (int i = 0; i < 2000; i++)
	{
		snprintf(text, sizeof text, "a text that is much like the others %d", i);
		if (i % 10 == 3)
			assert_int_equal(ldb_builder_null(made.builder, NULL), LDB_OK);
		else
			assert_int_equal(ldb_builder_bytes_value(made.builder, ldb_slice_of(text), NULL),
							 LDB_OK);
	}
	write_and_read(&made);
	for (int i = 0; i < 2000; i++)
	{
		snprintf(text, sizeof text, "a text that is much like the others %d", i);
		assert_int_equal(ldb_array_is_null(&made.read, (size_t) i), i % 10 == 3);
		if (i % 10 != 3)
			assert_true(ldb_slice_equal(made.read.views[i], ldb_slice_of(text)));
	}
	bytes = made.summary.size_bytes;
	stop(&made);
	return bytes;
}

static void
compresses_text_when_the_field_asks_for_it(void **state)
{
	uint64_t plain = text_bytes("none");

	(void) state;
	assert_in_range(plain, 16000 + 1800 * 38, 16000 + 1800 * 42);
	assert_in_range(text_bytes("zstd"), 16000, 16000 + 1800 * 10);
	assert_in_range(text_bytes("fsst"), 16000, 16000 + 1800 * 20);
	assert_in_range(text_bytes("lz4"), plain - 8, plain + 8); /* the word itself */
}

static void
reports_that_memory_is_out_and_leaves_nothing(void **state)
{
	size_t failed = 0;
	Made made;

	(void) state;
	start(&made);
	made.field = make_field(&made, "pairs", "list", 1);
	made.field->children[0] = make_struct(&made);
	use_field(&made, made.field);
	for (int i = 0; i < 300; i++)
	{
		add_pair(ldb_builder_child(made.builder, 0), i, i % 2 == 0 ? "even" : "odd");
		assert_int_equal(ldb_builder_close_row(made.builder, NULL), LDB_OK);
	}
	for (uint64_t n = 1;; n++)
	{
		LdbError err = {0};
		LdbObjectInfo *objects;
		LdbStatus status;
		size_t count;

		ldb_heap_fail_after(n);
		status = write_made(&made, &err);
		ldb_heap_fail_after(0);
		assert_int_equal(
			ldb_store_list(made.store, "", false, made.arena, &objects, &count, NULL, NULL),
			LDB_OK);
		assert_int_equal(count, status == LDB_OK);
		if (status == LDB_OK)
			break;
		assert_int_equal(status, LDB_NOMEM);
		failed++;
	}
	assert_true(failed > 5);
	stop(&made);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_what_lancedb_wrote),
		cmocka_unit_test(writes_it_in_small_pages_and_batches_too),
		cmocka_unit_test(makes_a_null_struct_one_of_nulls),
		cmocka_unit_test(refuses_nulls_where_the_schema_takes_none),
		cmocka_unit_test(refuses_nulls_in_packed_structs),
		cmocka_unit_test(refuses_maps_and_says_what_stores_them),
		cmocka_unit_test(writes_lists_without_any_item),
		cmocka_unit_test(leaves_items_below_null_lists_out),
		cmocka_unit_test(cuts_pages_where_keys_run_out),
		cmocka_unit_test(writes_dictionaries_of_numbers),
		cmocka_unit_test(takes_one_byte_for_each_string_of_few),
		cmocka_unit_test(compresses_text_when_the_field_asks_for_it),
		cmocka_unit_test(reports_that_memory_is_out_and_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
