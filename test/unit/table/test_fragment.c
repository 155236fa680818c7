/* test_fragment.c -- a reader opens what its columns need, and no more memory than they do. */
#include "fragment.h"

#include "dataset_impl.h"
#include "table/table_test.h"

/* More columns than their square fits into an arena's limit. */
#define WIDE 6000

/* A table of one fragment without files: every column reads as NULL. */
typedef struct WideTable
{
	LdbArena *arena;
	LdbManifest manifest;
	LdbFragment fragment;
	LdbDataset dataset;
	LdbProjection projection;
} WideTable;

static void
wide_open(WideTable *table, const size_t *columns, size_t column_count)
{
	LdbError err;

	memset(table, 0, sizeof *table);
	table->arena = ldb_arena_new(0);
	table->fragment.physical_rows = 3;
	table->manifest.fragment_count = 1;
	table->manifest.fragments = &table->fragment;
	table->manifest.schema.field_count = WIDE;
	table->manifest.schema.fields =
		ldb_arena_zalloc_array(table->arena, WIDE, sizeof *table->manifest.schema.fields);
	for (int32_t i = 0; i < WIDE; i++)
	{
		LdbField *field = ldb_arena_zalloc(table->arena, sizeof *field);

		field->name = "c";
		field->id = WIDE - i;
		field->type.kind = LDB_TYPE_INT32;
		table->manifest.schema.fields[i] = field;
	}
	table->dataset.manifest = &table->manifest;
	must(ldb_projection_init(&table->projection, &table->manifest, columns, column_count,
							 table->arena, &err),
		 &err);
}

static void
opens_thousands_of_columns(void **state)
{
	size_t columns[WIDE];
	LdbFragmentReader *reader;
	LdbColumnReader *column;
	WideTable table;
	LdbError err;

	(void) state;
	for (size_t i = 0; i < WIDE; i++)
		columns[i] = i;
	wide_open(&table, columns, WIDE);
	must(ldb_fragment_open(&table.dataset, 0, &table.projection, NULL, &reader, &err), &err);
	for (size_t i = 0; i < WIDE; i++)
		must(ldb_fragment_column(reader, i, &column, NULL, &err), &err);
	ldb_fragment_close(reader);
	ldb_arena_free(table.arena);
}

static void
gives_a_column_that_is_asked_for_twice(void **state)
{
	size_t columns[] = {7, 2, 7};
	LdbRowRange rows = {0, 3};
	LdbFragmentReader *reader;
	WideTable table;
	LdbError err;

	(void) state;
	wide_open(&table, columns, 3);
	assert_int_equal(table.projection.id_count, 2);
	must(ldb_fragment_open(&table.dataset, 0, &table.projection, NULL, &reader, &err), &err);
	for (size_t i = 0; i < 3; i++)
	{
		LdbColumnReader *column;
		LdbArray out;

		must(ldb_fragment_column(reader, i, &column, NULL, &err), &err);
		must(ldb_column_read(column, &rows, 1, table.arena, &out, NULL, &err), &err);
		assert_int_equal(out.null_count, 3);
	}
	ldb_fragment_close(reader);
	ldb_arena_free(table.arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_thousands_of_columns),
		cmocka_unit_test(gives_a_column_that_is_asked_for_twice),
	};

	return cmocka_run_group_tests_name("fragment", tests, NULL, NULL);
}
