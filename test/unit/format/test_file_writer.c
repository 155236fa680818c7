/* test_file_writer.c -- a file is there whole or not at all; batches, pages, memory and failures. */
#include <stdio.h>
#include <unistd.h>

#include "written.h"

static LdbField *
leaf(const char *logical_type)
{
	return make_field(logical_type, 0, NULL);
}

/* A bit of everything that all versions store. */
static void
add_fields(Written *written)
{
	LdbField *item = leaf("string");
	LdbField *fields[] = {leaf("int32"), make_field("list", 1, &item)};

	add_field(written, leaf("int64"));
	add_field(written, leaf("string"));
	add_field(written, make_field("struct", 2, fields));
	add_field(written, leaf("fixed_size_list:float:100"));
	add_field(written, leaf("bool"));
}

static const Draw plain = {0, 0, 40, 3, 0};

static LdbArray *
draw_columns(const Written *written, size_t row_count, const Draw *draw)
{
	LdbArray *columns = ldb_arena_zalloc_array(arena, MOST_FIELDS, sizeof *columns);

	for (size_t i = 0; i < written->schema.field_count; i++)
		columns[i] = draw_rows(written->fields[i], &written->fields[i]->type, row_count, draw);
	return columns;
}

static bool
exists(const Written *written)
{
	LdbObjectInfo info;

	return ldb_store_head(written->store, FILE_NAME, arena, &info, NULL, NULL) == LDB_OK;
}

/* Nothing at all, under any name. */
static bool
is_empty(LdbStore *store)
{
	LdbObjectInfo *objects;
	size_t count;

	must(ldb_store_list(store, "", false, arena, &objects, &count, NULL, NULL), NULL);
	return count == 0;
}

/* ---- rows and pages ---- */

static void
reads_the_same_however_rows_come_and_pages_are_cut(void **state)
{
	static const size_t batches[] = {1, 7, 100, 1000};
	static const size_t pages[] = {0, 4096, 50000};

	(void) state;
	for (int version = 20; version <= 22; version++)
		for (size_t i = 0; i < 4; i++)
			for (size_t j = 0; j < 3; j++)
			{
				Written written;

				start_written(&written, version, pages[j]);
				add_fields(&written);
				round_trip(&written, 1000, batches[i], &plain);
				end_written(&written);
			}
}

static void
writes_a_file_without_rows(void **state)
{
	(void) state;
	for (int version = 20; version <= 22; version++)
	{
		Written written;

		start_written(&written, version, 0);
		add_fields(&written);
		round_trip(&written, 0, 1, &plain);
		end_written(&written);
	}
}

static void
writes_a_file_without_columns(void **state)
{
	Written written;

	(void) state;
	start_written(&written, 21, 0);
	round_trip(&written, 0, 1, &plain);
	end_written(&written);
}

static void
summarizes_leaves_and_in_2_0_every_field(void **state)
{
	static const int32_t leaves[] = {0, 1, 3, 5, 6, 7};
	Written written;

	(void) state;
	for (int version = 20; version <= 22; version++)
	{
		size_t count = version == 20 ? 8 : 6;

		start_written(&written, version, 0);
		add_fields(&written);
		must(write_columns(&written, draw_columns(&written, 5, &plain), 5, 5, NULL), NULL);
		assert_int_equal(written.summary.field_count, count);
		assert_int_equal(written.summary.major, 2);
		assert_int_equal(written.summary.minor, version - 20);
		for (size_t i = 0; i < count; i++)
		{
			assert_int_equal(written.summary.field_ids[i], version == 20 ? (int32_t) i : leaves[i]);
			assert_int_equal(written.summary.column_indices[i], i);
		}
		end_written(&written);
	}
}

static void
counts_rows_and_bytes_while_it_is_written(void **state)
{
	LdbFileWriter *writer;
	LdbArray *columns;
	Written written;
	uint64_t before;

	(void) state;
	start_written(&written, 21, 0);
	add_fields(&written);
	columns = draw_columns(&written, 500, &plain);
	must(ldb_file_writer_open(written.store, FILE_NAME, &written.schema, &written.options, &writer,
							  NULL),
		 NULL);
	assert_int_equal(ldb_file_writer_rows(writer), 0);
	assert_int_equal(ldb_file_writer_bytes(writer), 0);
	must(ldb_file_writer_append(writer, columns, 500, NULL), NULL);
	assert_int_equal(ldb_file_writer_rows(writer), 500);
	before = ldb_file_writer_bytes(writer);
	assert_in_range(before, 500 * 400, 500 * 1000);
	must(ldb_file_writer_append(writer, columns, 500, NULL), NULL);
	assert_int_equal(ldb_file_writer_bytes(writer), 2 * before);
	assert_false(exists(&written));
	ldb_file_writer_abandon(writer);
	assert_true(is_empty(written.store));
	end_written(&written);
}

static void
holds_no_more_memory_than_it_was_given(void **state)
{
	enum
	{
		ROWS = 500,
		BATCHES = 200
	};
	char folder[] = "/tmp/ldb_file_writer_XXXXXX";
	size_t before;
	size_t most = 0;
	char path[64];
	LdbFileWriter *writer;
	LdbArray *columns;
	Written written;

	(void) state;
	start_written(&written, 21, 0);
	ldb_store_close(written.store);
	assert_non_null(mkdtemp(folder));
	must(ldb_store_open_local(folder, &written.store, NULL), NULL);
	written.options.memory_bytes = 2 * 1024 * 1024;
	/* none of them ever has a page by itself */
	for (size_t i = 0; i < 30; i++)
		add_field(&written, leaf(i % 2 == 0 ? "double" : "string"));
	columns = draw_columns(&written, ROWS, &plain);
	must(ldb_file_writer_open(written.store, FILE_NAME, &written.schema, &written.options, &writer,
							  NULL),
		 NULL);
	before = ldb_memory_held();
	for (size_t i = 0; i < BATCHES; i++)
	{
		size_t held;

		must(ldb_file_writer_append(writer, columns, ROWS, NULL), NULL);
		held = ldb_memory_held() - before;
		most = held > most ? held : most;
	}
	assert_in_range(most, 0, 16 * 1024 * 1024);
	must(ldb_file_writer_finish(writer, arena, &written.summary, NULL), NULL);
	assert_int_equal(written.summary.row_count, ROWS * BATCHES);
	must(ldb_store_remove(written.store, FILE_NAME, NULL, NULL), NULL);
	end_written(&written);
	snprintf(path, sizeof path, "%s/data", folder);
	rmdir(path);
	assert_int_equal(rmdir(folder), 0);
}

static bool
always(void *context)
{
	(void) context;
	return true;
}

static void
stops_when_it_is_told_to(void **state)
{
	LdbCancel cancel = {always, NULL};
	Written written;

	(void) state;
	start_written(&written, 21, 0);
	add_fields(&written);
	written.options.cancel = &cancel;
	assert_int_equal(write_columns(&written, draw_columns(&written, 100, &plain), 100, 100, NULL),
					 LDB_CANCELLED);
	assert_true(is_empty(written.store));
	end_written(&written);
}

/* ---- what it does not take ---- */

static void
refuses(Written *written, const LdbArray *columns, size_t row_count, const char *message)
{
	LdbFileWriter *writer;
	LdbError err = {0};

	must(ldb_file_writer_open(written->store, FILE_NAME, &written->schema, &written->options,
							  &writer, &err),
		 &err);
	assert_int_equal(ldb_file_writer_append(writer, columns, row_count, &err), LDB_INVALID);
	assert_non_null(strstr(err.message, message));
	ldb_file_writer_abandon(writer);
}

static void
refuses_columns_that_are_not_what_the_schema_says(void **state)
{
	LdbArray *columns;
	LdbArray kept;
	Written written;

	(void) state;
	start_written(&written, 21, 0);
	add_fields(&written);
	columns = draw_columns(&written, 10, &plain);
	refuses(&written, columns, 9, "int64");
	kept = columns[1];
	columns[1] = columns[0];
	refuses(&written, columns, 10, "string");
	columns[1] = kept;
	columns[2].child_count = 1;
	refuses(&written, columns, 10, "struct");
	columns[2].child_count = 2;
	columns[2].children[1].children[0].length--;
	refuses(&written, columns, 10, "list");
	end_written(&written);
}

static void
refuses_nulls_in_a_column_that_has_none(void **state)
{
	Draw draw = {50, 0, 10, 2, 0};
	Written written;

	(void) state;
	start_written(&written, 21, 0);
	add_fields(&written);
	written.fields[0]->nullable = false;
	refuses(&written, draw_columns(&written, 50, &draw), 50, "not nullable");
	end_written(&written);
}

static void
leaves_a_file_of_that_name_as_it_is(void **state)
{
	LdbSlice bytes;
	Written written;

	(void) state;
	start_written(&written, 21, 0);
	add_fields(&written);
	must(ldb_store_put(written.store, FILE_NAME, ldb_slice_of("old"), LDB_PUT_CREATE, NULL, NULL),
		 NULL);
	assert_int_equal(write_columns(&written, draw_columns(&written, 10, &plain), 10, 10, NULL),
					 LDB_CONFLICT);
	must(ldb_store_get(written.store, FILE_NAME, (LdbRange){0, UINT64_MAX}, arena, &bytes, NULL,
					   NULL, NULL),
		 NULL);
	assert_true(ldb_slice_equal(bytes, ldb_slice_of("old")));
	end_written(&written);
}

/* ---- failures ---- */

static void
leaves_nothing_behind_when_any_allocation_fails(void **state)
{
	Draw draw = {0, 0, 500, 3, 0};

	(void) state;
	for (int version = 20; version <= 22; version++)
	{
		LdbArray *columns;
		LdbStatus status;
		Written written;
		uint64_t n = 0;

		start_written(&written, version, 0);
		add_fields(&written);
		/* 2.0 forgets null structs */
		draw.null_percent = version == 20 ? 0 : 10;
		columns = draw_columns(&written, 200, &draw);
		do
		{
			LdbError err = {0};

			ldb_heap_fail_after(++n);
			status = write_columns(&written, columns, 200, 90, &err);
			ldb_heap_fail_after(0);
			assert_int_equal(exists(&written), status == LDB_OK);
			assert_true(status == LDB_OK || status == LDB_NOMEM);
		} while (status != LDB_OK && n < 100000);
		assert_true(n > 50);
		check_written(&written, columns, 200);
		end_written(&written);
	}
}

static void
leaves_nothing_behind_when_the_store_fails(void **state)
{
	LdbArray *columns;
	LdbStatus status;
	LdbStore *faulty;
	Written written;
	uint64_t n = 0;

	(void) state;
	start_written(&written, 21, 4096);
	add_fields(&written);
	columns = draw_columns(&written, 3000, &plain);
	must(ldb_store_wrap_fault(written.store, &faulty, NULL), NULL);
	written.store = faulty;
	do
	{
		ldb_store_fault_after(faulty, ++n, true);
		status = write_columns(&written, columns, 3000, 500, NULL);
		ldb_store_fault_after(faulty, 0, false);
		assert_int_equal(is_empty(faulty), status != LDB_OK);
	} while (status != LDB_OK && n < 10000);
	assert_true(n > 3);
	check_written(&written, columns, 3000);
	end_written(&written);
}

static void
is_of_no_use_after_a_failure(void **state)
{
	LdbFileSummary summary;
	LdbFileWriter *writer;
	LdbArray *columns;
	LdbStore *faulty;
	Written written;

	(void) state;
	start_written(&written, 21, 4096);
	add_fields(&written);
	columns = draw_columns(&written, 3000, &plain);
	must(ldb_store_wrap_fault(written.store, &faulty, NULL), NULL);
	written.store = faulty;
	must(ldb_file_writer_open(faulty, FILE_NAME, &written.schema, &written.options, &writer, NULL),
		 NULL);
	ldb_store_fault_after(faulty, 1, false);
	assert_int_equal(ldb_file_writer_append(writer, columns, 3000, NULL), LDB_IO);
	assert_int_equal(ldb_file_writer_append(writer, columns, 3000, NULL), LDB_INVALID);
	assert_int_equal(ldb_file_writer_finish(writer, arena, &summary, NULL), LDB_INVALID);
	assert_true(is_empty(faulty));
	end_written(&written);
}

static void
writes_a_bit_for_a_page_of_equal_booleans(void **state)
{
	static uint8_t bits[10000 / 8];
	LdbArray column = {.length = 10000, .values = bits};

	(void) state;
	for (int version = 21; version <= 22; version++)
	{
		for (int byte = 0; byte <= 0xff; byte += 0xff)
		{
			Written written;

			start_written(&written, version, 8 << 20);
			add_field(&written, leaf("bool"));
			column.type = &written.fields[0]->type;
			memset(bits, byte, sizeof bits);
			must(write_columns(&written, &column, 10000, 10000, NULL), NULL);
			check_written(&written, &column, 10000);
			assert_int_equal(written.summary.size_bytes < 500, version == 22);
			/* not but for the last one */
			must(ldb_store_remove(written.store, FILE_NAME, NULL, NULL), NULL);
			bits[sizeof bits - 1] ^= 0x80;
			must(write_columns(&written, &column, 10000, 10000, NULL), NULL);
			check_written(&written, &column, 10000);
			end_written(&written);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(writes_a_bit_for_a_page_of_equal_booleans, set_up,
										tear_down),
		cmocka_unit_test_setup_teardown(reads_the_same_however_rows_come_and_pages_are_cut, set_up,
										tear_down),
		cmocka_unit_test_setup_teardown(writes_a_file_without_rows, set_up, tear_down),
		cmocka_unit_test_setup_teardown(writes_a_file_without_columns, set_up, tear_down),
		cmocka_unit_test_setup_teardown(summarizes_leaves_and_in_2_0_every_field, set_up,
										tear_down),
		cmocka_unit_test_setup_teardown(counts_rows_and_bytes_while_it_is_written, set_up,
										tear_down),
		cmocka_unit_test_setup_teardown(holds_no_more_memory_than_it_was_given, set_up, tear_down),
		cmocka_unit_test_setup_teardown(stops_when_it_is_told_to, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_columns_that_are_not_what_the_schema_says, set_up,
										tear_down),
		cmocka_unit_test_setup_teardown(refuses_nulls_in_a_column_that_has_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(leaves_a_file_of_that_name_as_it_is, set_up, tear_down),
		cmocka_unit_test_setup_teardown(leaves_nothing_behind_when_any_allocation_fails, set_up,
										tear_down),
		cmocka_unit_test_setup_teardown(leaves_nothing_behind_when_the_store_fails, set_up,
										tear_down),
		cmocka_unit_test_setup_teardown(is_of_no_use_after_a_failure, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
