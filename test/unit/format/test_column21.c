/* test_column21.c -- columns of version 2.1 and 2.2 files as LanceDB wrote them. */
#include "golden.h"

static const char *const datasets[] = {
	"types_21",      "strings_21", "nested_21",  "vectors_21", "encodings_21", "blobs_21",
	"large_list_21", "types_22",   "strings_22", "nested_22",  "vectors_22",   "encodings_22"};

static void
reads_what_lancedb_wrote_from_mapped_files(void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof datasets / sizeof *datasets; i++)
		golden_check(datasets[i], 0, true);
}

static void
reads_what_lancedb_wrote_where_nothing_is_mapped(void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof datasets / sizeof *datasets; i++)
		golden_check(datasets[i], 0, false);
}

static void
survives_files_with_flipped_bytes_and_cut_off_ones(void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof datasets / sizeof *datasets; i++)
		golden_damage(datasets[i], (unsigned) i, 400);
}

/* Vectors without nulls are not copied: the array points into the mapping. */
static void
uses_vectors_in_a_mapped_file_in_place(void **state)
{
	LdbColumnSource source;
	LdbColumnReader *reader;
	LdbRowRange range = {3, 20};
	const LdbDataFile *from;
	const LdbField *field;
	LdbObject *object;
	LdbSlice mapped;
	LdbArray array;
	LdbFile *file;
	Golden golden;
	char name[512];
	long index;

	(void) state;
	golden_open(&golden, "vectors_21", 0, true);
	from = &golden.manifest->fragments[0].files[0];
	snprintf(name, sizeof name, "data/%s", from->path);
	index = ldb_schema_index(&golden.manifest->schema, "f32_64");
	field = golden.manifest->schema.fields[index];
	assert_int_equal(ldb_object_open(golden.store, name, 0, NULL, NULL, &object, NULL), LDB_OK);
	assert_int_equal(
		ldb_object_read(object, 0, ldb_object_size(object), golden.arena, &mapped, NULL, NULL),
		LDB_OK);
	assert_int_equal(ldb_file_open(object, NULL, &file, NULL), LDB_OK);
	source = (LdbColumnSource){field->id, file, 0};
	for (size_t i = 0; i < from->field_count; i++)
		if (from->field_ids[i] == field->id)
			source.column_index = (uint32_t) from->column_indices[i];
	assert_int_equal(ldb_column_open(field, &source, 1, golden.manifest->fragments[0].physical_rows,
									 &reader, NULL),
					 LDB_OK);
	assert_int_equal(ldb_column_read(reader, &range, 1, golden.arena, &array, NULL, NULL), LDB_OK);
	assert_in_range((uintptr_t) array.children[0].values, (uintptr_t) mapped.data,
					(uintptr_t) mapped.data + mapped.length - 20 * 64 * 4);
	ldb_column_close(reader);
	ldb_file_close(file);
	golden_close(&golden);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_lancedb_wrote_from_mapped_files),
		cmocka_unit_test(reads_what_lancedb_wrote_where_nothing_is_mapped),
		cmocka_unit_test(survives_files_with_flipped_bytes_and_cut_off_ones),
		cmocka_unit_test(uses_vectors_in_a_mapped_file_in_place),
	};

	return cmocka_run_group_tests_name("column21", tests, NULL, NULL);
}
