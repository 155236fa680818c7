/* test_write21.c -- whatever is written as version 2.1 or 2.2 reads back: types, nulls, nesting, borders. */
#include "written.h"

static const int versions[] = {21, 22};

static LdbField *
leaf(const char *logical_type)
{
	return make_field(logical_type, 0, NULL);
}

static LdbField *
list_of(LdbField *item)
{
	return make_field("list", 1, &item);
}

static LdbField *
pair_of(LdbField *a, LdbField *b)
{
	LdbField *fields[] = {a, b};

	return make_field("struct", 2, fields);
}

static const char *const leaf_types[] = {"null",
										 "bool",
										 "int8",
										 "uint8",
										 "int16",
										 "uint16",
										 "int32",
										 "uint32",
										 "int64",
										 "uint64",
										 "halffloat",
										 "float",
										 "double",
										 "string",
										 "large_string",
										 "binary",
										 "large_binary",
										 "date32:day",
										 "date64:ms",
										 "time32:s",
										 "time64:us",
										 "timestamp:us:UTC",
										 "duration:ns",
										 "decimal:128:12:2",
										 "decimal:256:40:5",
										 "fixed_size_binary:16",
										 "fixed_size_binary:300",
										 "fixed_size_list:float:3",
										 "fixed_size_list:float:96",
										 "fixed_size_list:halffloat:16",
										 "fixed_size_list:bool:9",
										 "fixed_size_list:bool:3000",
										 "fixed_size_list:uint8:8",
										 "fixed_size_list:fixed_size_list:int16:2:3",
										 "dict:string:int32:false",
										 "dict:int64:int8:false"};

#define LEAF_TYPE_COUNT (sizeof leaf_types / sizeof leaf_types[0])

static void
check_leaves(int version, size_t row_count, const Draw *draw, size_t page_bytes)
{
	Written written;

	start_written(&written, version, page_bytes);
	for (size_t i = 0; i < LEAF_TYPE_COUNT; i++)
		add_field(&written, leaf(leaf_types[i]));
	round_trip(&written, row_count, row_count / 3 + 1, draw);
	end_written(&written);
}

static void
writes_every_type_with_no_some_and_only_nulls(void **state)
{
	static const unsigned percents[] = {0, 20, 100};

	(void) state;
	for (size_t v = 0; v < 2; v++)
		for (size_t i = 0; i < 3; i++)
		{
			Draw draw = {percents[i], 100, 30, 3, 0};

			check_leaves(versions[v], 300, &draw, 0);
			tear_down(state);
			set_up(state);
		}
}

static void
writes_values_that_repeat_run_or_are_all_the_same(void **state)
{
	static const Draw draws[] = {{0, 1, 10, 0, 0},
								 {10, 1, 10, 0, 0},
								 {0, 5, 10, 0, 0},
								 {10, 50, 10, 0, 40},
								 {0, 0, 20, 0, 900}};

	(void) state;
	for (size_t v = 0; v < 2; v++)
		for (size_t i = 0; i < sizeof draws / sizeof draws[0]; i++)
		{
			check_leaves(versions[v], 2500, &draws[i], 0);
			tear_down(state);
			set_up(state);
		}
}

/* Chunks have powers of two, and 1024 values when packed. */
static void
writes_any_number_of_rows_around_the_borders_of_chunks(void **state)
{
	static const size_t counts[] = {1,    2,    7,    8,    9,    1023, 1024,
									1025, 2047, 2048, 2049, 4095, 4096, 4097};
	static const char *const types[] = {"bool",   "int8",   "int32",
										"double", "string", "fixed_size_list:float:3"};

	for (size_t v = 0; v < 2; v++)
		for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
			for (unsigned nulls = 0; nulls <= 30; nulls += 30)
			{
				Draw draw = {nulls, 0, 12, 4, 0};
				Written written;

				start_written(&written, versions[v], 0);
				for (size_t type = 0; type < sizeof types / sizeof types[0]; type++)
					add_field(&written, leaf(types[type]));
				add_field(&written, list_of(leaf("int32")));
				round_trip(&written, counts[i], counts[i], &draw);
				end_written(&written);
				tear_down(state);
				set_up(state);
			}
}

static LdbField *
random_field(size_t depth, int version)
{
	static const char *const types[] = {"bool",
										"int32",
										"int64",
										"string",
										"double",
										"fixed_size_list:float:2",
										"fixed_size_list:float:80",
										"null",
										"dict:string:int16:false",
										"binary"};
	size_t choice = depth == 0 ? 9 : random_below(10);

	if (choice < 3)
		return list_of(random_field(depth - 1, version));
	if (choice < 6)
		return pair_of(random_field(depth - 1, version), random_field(depth - 1, version));
	if (choice == 6 && version == 22)
	{
		LdbField *entries = pair_of(leaf("string"), random_field(depth - 1, version));

		return make_field("map", 1, &entries);
	}
	return leaf(types[random_below(sizeof types / sizeof types[0])]);
}

static void
writes_random_nesting(void **state)
{
	for (unsigned seed = 1; seed <= 80; seed++)
	{
		int version = versions[seed % 2];
		Written written;
		Draw draw;

		srand(seed);
		draw = (Draw){(unsigned) random_below(4) * 20, (unsigned) random_below(3) * 20,
					  random_below(3) * 40, 1 + random_below(6), (unsigned) random_below(2) * 5};
		start_written(&written, version, random_below(2) == 0 ? 0 : 4096);
		for (size_t i = 0; i < 3; i++)
			add_field(&written, random_field(4, version));
		round_trip(&written, 1 + random_below(600), 1 + random_below(300), &draw);
		end_written(&written);
		tear_down(state);
		set_up(state);
	}
}

static void
writes_lists_that_cross_chunks_and_pages(void **state)
{
	for (size_t v = 0; v < 2; v++)
		for (size_t page_bytes = 0; page_bytes <= 20000; page_bytes += 20000)
		{
			Draw draw = {10, 1000, 20, 3000, 0};
			Written written;

			start_written(&written, versions[v], page_bytes);
			add_field(&written, list_of(leaf("int32")));
			add_field(&written, list_of(leaf("string")));
			add_field(&written, list_of(leaf("bool")));
			add_field(&written, list_of(leaf("fixed_size_list:float:64")));
			round_trip(&written, 50, 7, &draw);
			end_written(&written);
			tear_down(state);
			set_up(state);
		}
}

/* ---- lists without items ---- */

static LdbArray
list_array(const LdbField *field, size_t length, const int64_t *offsets, LdbArray *items)
{
	return (LdbArray){.type = &field->type,
					  .length = length,
					  .offsets = offsets,
					  .child_count = 1,
					  .children = items};
}

static void
write_one(Written *written, const LdbArray *column)
{
	LdbError err = {0};

	must(write_columns(written, column, column->length, column->length, &err), &err);
	check_written(written, column, column->length);
	end_written(written);
}

/* More levels stand between two values than a chunk can hold. */
static void
writes_many_empty_lists_between_two_items(void **state)
{
	enum
	{
		ROWS = 300000
	};
	int32_t *values = ldb_arena_zalloc(arena, 2 * sizeof *values);
	int64_t *offsets = ldb_arena_zalloc_array(arena, ROWS + 1, sizeof *offsets);
	LdbField *field = list_of(leaf("int32"));
	LdbArray items = {.type = &field->children[0]->type, .length = 2, .values = values};
	LdbArray lists = list_array(field, ROWS, offsets, &items);

	(void) state;
	values[0] = 7;
	values[1] = -8;
	for (size_t i = 1; i <= ROWS; i++)
		offsets[i] = i < ROWS - 5 ? 1 : 2;
	for (size_t v = 0; v < 2; v++)
	{
		Written written;

		start_written(&written, versions[v], 0);
		add_field(&written, field);
		write_one(&written, &lists);
	}
}

/* The same within one row, which no page border can divide; before, between and behind the items. */
static void
writes_a_row_of_many_empty_lists_around_an_item(void **state)
{
	enum
	{
		LISTS = 200000
	};
	static const size_t places[] = {0, LISTS / 2, LISTS - 1};
	int64_t *inner_offsets = ldb_arena_zalloc_array(arena, LISTS + 1, sizeof *inner_offsets);
	int64_t outer_offsets[] = {0, LISTS};
	LdbField *inner = list_of(leaf("string"));
	LdbField *outer = list_of(inner);
	LdbSlice text = ldb_slice_of("here");
	LdbArray items = {.type = &inner->children[0]->type, .length = 1, .views = &text};

	(void) state;
	for (size_t v = 0; v < 2; v++)
		for (size_t place = 0; place < 3; place++)
		{
			LdbArray lists = list_array(inner, LISTS, inner_offsets, &items);
			LdbArray row = list_array(outer, 1, outer_offsets, &lists);
			Written written;

			for (size_t i = 0; i <= LISTS; i++)
				inner_offsets[i] = i > places[place];
			start_written(&written, versions[v], 0);
			add_field(&written, outer);
			write_one(&written, &row);
		}
}

/* ---- text ---- */

static void
writes_text_of_any_length(void **state)
{
	static const size_t lengths[] = {0, 5, 300, 3000, 5000, 40000, 200000};

	for (size_t v = 0; v < 2; v++)
		for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
		{
			Draw draw = {15, 0, lengths[i], 2, 0};
			Written written;

			start_written(&written, versions[v], 0);
			add_field(&written, leaf("string"));
			add_field(&written, leaf("large_binary"));
			add_field(&written, list_of(leaf("string")));
			round_trip(&written, lengths[i] > 10000 ? 30 : 700, 500, &draw);
			end_written(&written);
			tear_down(state);
			set_up(state);
		}
}

/* ---- other columns ---- */

static LdbField *
packed_field(void)
{
	LdbField *fields[] = {leaf("float"), leaf("int64"), leaf("fixed_size_list:int16:3")};
	LdbField *field = make_field("struct", 3, fields);

	field->packed = true;
	return field;
}

static void
writes_packed_structs(void **state)
{
	(void) state;
	for (size_t v = 0; v < 2; v++)
		for (unsigned nulls = 0; nulls <= 20; nulls += 20)
		{
			Draw draw = {nulls, 0, 0, 3, 0};
			Written written;

			start_written(&written, versions[v], 0);
			add_field(&written, packed_field());
			add_field(&written, list_of(packed_field()));
			round_trip(&written, 3000, 1000, &draw);
			end_written(&written);
		}
}

static LdbField *
packed_text_field(void)
{
	LdbField *fields[] = {leaf("int32"), leaf("string"), leaf("fixed_size_list:int16:3"),
						  leaf("large_binary")};
	LdbField *field = make_field("struct", 4, fields);

	field->packed = true;
	return field;
}

static void
writes_packed_structs_with_text_in_2_2(void **state)
{
	(void) state;
	for (unsigned nulls = 0; nulls <= 20; nulls += 20)
	{
		Draw draw = {nulls, 0, 50, 3, 0};
		Written written;

		start_written(&written, 22, 0);
		add_field(&written, packed_text_field());
		add_field(&written, list_of(packed_text_field()));
		round_trip(&written, 1000, 300, &draw);
		end_written(&written);
	}
}

static void
writes_blobs(void **state)
{
	(void) state;
	for (unsigned nulls = 0; nulls <= 20; nulls += 20)
	{
		Draw draw = {nulls, 0, 2000, 0, 0};
		Written written;

		start_written(&written, 21, 0);
		add_field(&written, leaf("large_binary"));
		add_field(&written, pair_of(leaf("large_binary"), leaf("int32")));
		written.fields[0]->blob = true;
		written.fields[1]->children[0]->blob = true;
		round_trip(&written, 200, 60, &draw);
		end_written(&written);
	}
}

/* ---- refusals ---- */

static void
refuses(int version, LdbField *field, const char *message)
{
	LdbFileWriter *writer;
	LdbError err = {0};
	Written written;

	start_written(&written, version, 0);
	add_field(&written, field);
	assert_int_equal(ldb_file_writer_open(written.store, FILE_NAME, &written.schema,
										  &written.options, &writer, &err),
					 LDB_UNSUPPORTED);
	assert_non_null(strstr(err.message, message));
	assert_null(writer);
	end_written(&written);
}

static void
refuses_by_name_what_the_version_cannot_store(void **state)
{
	LdbField *entries = pair_of(leaf("string"), leaf("int32"));
	LdbField *blob = leaf("large_binary");
	LdbField *packed = pair_of(leaf("string"), leaf("int32"));

	(void) state;
	blob->blob = true;
	packed->packed = true;
	refuses(21, make_field("map", 1, &entries), "map \"map\"");
	refuses(22, blob, "blob column");
	refuses(21, packed, "packed struct");
	refuses(21, make_field("struct", 0, NULL), "without fields");
	refuses(23, leaf("int32"), "2.3");
}

static void
refuses_more_distinct_values_than_keys(void **state)
{
	Draw draw = {0, 100000, 0, 0, 0};
	LdbError err = {0};
	LdbObjectInfo info;
	Written written;
	LdbArray column;

	(void) state;
	start_written(&written, 21, 0);
	add_field(&written, leaf("dict:int64:int8:false"));
	column = draw_rows(written.fields[0], &written.fields[0]->type, 1000, &draw);
	assert_int_equal(write_columns(&written, &column, 1000, 1000, &err), LDB_UNSUPPORTED);
	assert_non_null(strstr(err.message, "distinct values"));
	assert_int_equal(ldb_store_head(written.store, FILE_NAME, arena, &info, NULL, NULL),
					 LDB_NOT_FOUND);
	end_written(&written);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(writes_every_type_with_no_some_and_only_nulls, set_up,
										tear_down),
		cmocka_unit_test_setup_teardown(writes_values_that_repeat_run_or_are_all_the_same, set_up,
										tear_down),
		cmocka_unit_test_setup_teardown(writes_any_number_of_rows_around_the_borders_of_chunks,
										set_up, tear_down),
		cmocka_unit_test_setup_teardown(writes_random_nesting, set_up, tear_down),
		cmocka_unit_test_setup_teardown(writes_lists_that_cross_chunks_and_pages, set_up,
										tear_down),
		cmocka_unit_test_setup_teardown(writes_many_empty_lists_between_two_items, set_up,
										tear_down),
		cmocka_unit_test_setup_teardown(writes_a_row_of_many_empty_lists_around_an_item, set_up,
										tear_down),
		cmocka_unit_test_setup_teardown(writes_text_of_any_length, set_up, tear_down),
		cmocka_unit_test_setup_teardown(writes_packed_structs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(writes_packed_structs_with_text_in_2_2, set_up, tear_down),
		cmocka_unit_test_setup_teardown(writes_blobs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_by_name_what_the_version_cannot_store, set_up,
										tear_down),
		cmocka_unit_test_setup_teardown(refuses_more_distinct_values_than_keys, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
