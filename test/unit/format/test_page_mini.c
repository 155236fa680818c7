/* test_page_mini.c -- mini-block pages byte by byte, and chunks that lie. */
#include "file21.h"

#define INT_AT(array, i) ((int32_t) ldb_load_u32((const uint8_t *) (array).values + (i) *4))

static void
reads_values_without_levels(void **state)
{
	LdbField field = leaf_field(LDB_TYPE_INT32);
	LdbArray array;
	Draft draft;

	(void) state;
	draft_start(&draft, 3);
	draft_column(&draft);
	draft_mini(&draft, 3, 3, flat(&draft, 32));
	BUFFER(&draft, 0x20, 0);
	BUFFER(&draft, 0, 0, 12, 0, 0xfe, 0xfe, 0xfe, 0xfe, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0xfe,
		   0xfe, 0xfe, 0xfe);
	draft_must_read(&draft, &field, &array);
	assert_int_equal(array.length, 3);
	assert_null(array.validity);
	assert_int_equal(INT_AT(array, 0), 1);
	assert_int_equal(INT_AT(array, 2), 3);
	draft_end(&draft);
}

/* ["a", null, "ccc"] with definition levels. */
static void
start_strings(Draft *draft)
{
	MiniBlock *mini;

	draft_start(draft, 3);
	draft_column(draft);
	mini = draft_mini(draft, 3, 3, variable(draft, 32));
	mini->def_compression = flat(draft, 16);
	LAYERS(draft, mini, 3);
	BUFFER(draft, 0x40, 0);
	BUFFER(draft, 3, 0, 6, 0, 0x14, 0, 0xfe, 0xfe, 0, 0, 1, 0, 0, 0, 0xfe, 0xfe, 0x10, 0, 0, 0,
		   0x11, 0, 0, 0, 0x11, 0, 0, 0, 0x14, 0, 0, 0, 'a', 'c', 'c', 'c', 0xfe, 0xfe, 0xfe, 0xfe);
}

static void
reads_strings_with_nulls(void **state)
{
	LdbField field = leaf_field(LDB_TYPE_STRING);
	LdbArray array;
	Draft draft;

	(void) state;
	start_strings(&draft);
	draft_must_read(&draft, &field, &array);
	assert_int_equal(array.null_count, 1);
	assert_true(ldb_slice_equal(array.views[0], ldb_slice_of("a")));
	assert_true(ldb_array_is_null(&array, 1));
	assert_null(array.views[1].data);
	assert_true(ldb_slice_equal(array.views[2], ldb_slice_of("ccc")));
	draft_end(&draft);
}

/* [[7, 8], null, []] of int16. */
static void
start_lists(Draft *draft)
{
	MiniBlock *mini;

	draft_start(draft, 3);
	draft_column(draft);
	mini = draft_mini(draft, 3, 2, flat(draft, 16));
	mini->rep_compression = flat(draft, 16);
	mini->def_compression = flat(draft, 16);
	mini->has_repetition_index_depth = 1;
	mini->repetition_index_depth = 1;
	LAYERS(draft, mini, 1, 6);
	BUFFER(draft, 0x30, 0);
	BUFFER(draft, 4, 0, 8, 0, 8, 0, 4, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 2, 0, 7, 0, 8,
		   0, 0xfe, 0xfe, 0xfe, 0xfe);
	BUFFER(draft, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}

typedef struct ListField
{
	LdbField list;
	LdbField item;
	LdbField *children[1];
} ListField;

static void
make_list(ListField *field, LdbTypeKind item)
{
	memset(field, 0, sizeof *field);
	field->item = leaf_field(item);
	field->list = leaf_field(LDB_TYPE_LIST);
	field->list.id = 100;
	field->children[0] = &field->item;
	field->list.children = field->children;
	field->list.child_count = 1;
}

static void
reads_lists_that_are_null_or_empty(void **state)
{
	ListField field;
	LdbArray array;
	Draft draft;

	(void) state;
	make_list(&field, LDB_TYPE_INT16);
	start_lists(&draft);
	draft_must_read(&draft, &field.list, &array);
	assert_int_equal(array.length, 3);
	assert_int_equal(array.null_count, 1);
	assert_true(ldb_array_is_null(&array, 1));
	assert_int_equal(array.offsets[1], 2);
	assert_int_equal(array.offsets[2], 2);
	assert_int_equal(array.offsets[3], 2);
	assert_int_equal(array.children[0].length, 2);
	assert_int_equal(ldb_load_u16((const uint8_t *) array.children[0].values + 2), 8);
	draft_end(&draft);
}

static void
reads_single_rows_of_lists(void **state)
{
	ListField field;
	LdbArray array;
	Draft draft;

	(void) state;
	make_list(&field, LDB_TYPE_INT16);
	start_lists(&draft);
	assert_int_equal(draft_read(&draft, &field.list, &(LdbRowRange){2, 1}, 1, &array), LDB_OK);
	assert_int_equal(array.length, 1);
	assert_int_equal(array.null_count, 0);
	assert_int_equal(array.offsets[1], 0);
	draft_end(&draft);
}

/* Three chunks: a row of 2 and 1 items over two of them, then rows of 1 and 2 items. */
static void
reads_rows_that_cross_chunks(void **state)
{
	static const uint64_t index[] = {0, 2, 1, 0, 2, 0};
	ListField field;
	LdbArray array;
	MiniBlock *mini;
	Draft draft;

	(void) state;
	make_list(&field, LDB_TYPE_INT16);
	draft_start(&draft, 3);
	draft_column(&draft);
	mini = draft_mini(&draft, 3, 6, flat(&draft, 16));
	mini->rep_compression = flat(&draft, 16);
	mini->has_repetition_index_depth = 1;
	mini->repetition_index_depth = 1;
	LAYERS(&draft, mini, 1, 2);
	BUFFER(&draft, 0x21, 0, 0x20, 0, 0x21, 0);
	BUFFER(&draft, 2, 0, 4, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0, /* */
		   1, 0, 2, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0,         /* */
		   3, 0, 6, 0, 6, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 0, 5, 0, 6, 0, 0, 0);
	draft_buffer(&draft, index, sizeof index);
	draft_must_read(&draft, &field.list, &array);
	assert_int_equal(array.offsets[1], 3);
	assert_int_equal(array.offsets[2], 4);
	assert_int_equal(array.offsets[3], 6);
	assert_int_equal(ldb_load_u16((const uint8_t *) array.children[0].values + 4), 3);
	assert_int_equal(draft_read(&draft, &field.list, &(LdbRowRange){1, 2}, 1, &array), LDB_OK);
	assert_int_equal(array.offsets[2], 3);
	assert_int_equal(ldb_load_u16(array.children[0].values), 4);
	draft_end(&draft);
}

static void
looks_indices_up_in_the_dictionary(void **state)
{
	LdbField field = leaf_field(LDB_TYPE_STRING);
	MiniBlock *mini;
	LdbArray array;
	Draft draft;

	(void) state;
	draft_start(&draft, 3);
	draft_column(&draft);
	mini = draft_mini(&draft, 3, 3, flat(&draft, 8));
	mini->dictionary = variable(&draft, 32);
	mini->has_num_dictionary_items = 1;
	mini->num_dictionary_items = 2;
	BUFFER(&draft, 0x10, 0);
	BUFFER(&draft, 0, 0, 3, 0, 0xfe, 0xfe, 0xfe, 0xfe, 1, 0, 1, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe);
	BUFFER(&draft, 32, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 'n', 'o', 'y', 'e',
		   's');
	draft_must_read(&draft, &field, &array);
	assert_true(ldb_slice_equal(array.views[0], ldb_slice_of("yes")));
	assert_true(ldb_slice_equal(array.views[1], ldb_slice_of("no")));
	draft_end(&draft);
}

static void
refuses_an_index_beyond_the_dictionary_unless_the_value_is_null(void **state)
{
	LdbField field = leaf_field(LDB_TYPE_STRING);
	LdbArray array;

	(void) state;
	for (int null_it = 0; null_it < 2; null_it++)
	{
		MiniBlock *mini;
		Draft draft;

		draft_start(&draft, 2);
		draft_column(&draft);
		mini = draft_mini(&draft, 2, 2, flat(&draft, 8));
		mini->def_compression = flat(&draft, 16);
		mini->dictionary = variable(&draft, 32);
		mini->has_num_dictionary_items = 1;
		mini->num_dictionary_items = 1;
		LAYERS(&draft, mini, 3);
		BUFFER(&draft, 0x20, 0);
		BUFFER(&draft, 2, 0, 4, 0, 2, 0, 0xfe, 0xfe, 0, 0, (uint8_t) null_it, 0, 0xfe, 0xfe, 0xfe,
			   0xfe, 0, 200, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe);
		BUFFER(&draft, 32, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 'n', 'o');
		if (null_it)
		{
			draft_must_read(&draft, &field, &array);
			assert_null(array.views[1].data);
		}
		else
			draft_must_fail(&draft, &field, LDB_CORRUPT, "dictionary index 200 of 1");
		draft_end(&draft);
	}
}

/* One of 200 items is long, and every row has it: their bytes are there once. */
static void
copies_no_item_of_a_dictionary_for_every_row(void **state)
{
	enum
	{
		ITEMS = 200,
		ROWS = 128,
		LONG_BYTES = 1000000,
		HEADER_BYTES = 8 + 4 * (ITEMS + 1)
	};
	LdbField field = leaf_field(LDB_TYPE_STRING);
	uint8_t chunk[8 + ROWS] = {0, 0, ROWS, 0};
	uint8_t *dictionary;
	MiniBlock *mini;
	LdbArray array;
	Draft draft;
	size_t before;

	(void) state;
	draft_start(&draft, ROWS);
	draft_column(&draft);
	mini = draft_mini(&draft, ROWS, ROWS, flat(&draft, 8));
	mini->dictionary = variable(&draft, 32);
	mini->has_num_dictionary_items = 1;
	mini->num_dictionary_items = ITEMS;
	BUFFER(&draft, 0x07, 0x01);
	draft_buffer(&draft, chunk, sizeof chunk);
	dictionary = ldb_arena_zalloc(draft.arena, HEADER_BYTES + LONG_BYTES);
	for (uint32_t i = 0; i < ITEMS + 3; i++)
	{
		uint32_t word = i == 0 ? 32 : i == 1 ? HEADER_BYTES : i == 2 ? 0 : LONG_BYTES;

		memcpy(dictionary + i * sizeof word, &word, sizeof word);
	}
	draft_buffer(&draft, dictionary, HEADER_BYTES + LONG_BYTES);
	assert_int_equal(draft_open(&draft), LDB_OK);
	before = ldb_arena_used(draft.arena);
	draft_must_read(&draft, &field, &array);
	assert_int_equal(array.views[0].length, LONG_BYTES);
	assert_int_equal(array.views[ROWS - 1].length, LONG_BYTES);
	assert_in_range(ldb_arena_used(draft.arena) - before, LONG_BYTES, 2 * LONG_BYTES);
	draft_end(&draft);
}

/* Replaces byte `at` of buffer `buffer` in the strings page and expects this error. */
static void
strings_fail(size_t buffer, size_t at, uint8_t byte, const char *words)
{
	LdbField field = leaf_field(LDB_TYPE_STRING);
	Draft draft;

	start_strings(&draft);
	((uint8_t *) draft.columns[0].pages[0].buffers[buffer].data)[at] = byte;
	draft_must_fail(&draft, &field, LDB_CORRUPT, words);
	assert_non_null(strstr(draft.err.message, "\"draft.lance\" column 0 page 0"));
	draft_end(&draft);
}

static void
refuses_chunks_that_do_not_fit(void **state)
{
	(void) state;
	strings_fail(0, 0, 0x50, "the page has 40");       /* chunk beyond its buffer */
	strings_fail(1, 0, 4, "too small for 4 values");   /* more levels than bytes */
	strings_fail(1, 0, 2, "2 levels for 3 items");     /* fewer levels than items */
	strings_fail(1, 2, 200, "has a part of 200");      /* level bytes beyond the chunk */
	strings_fail(1, 4, 0xff, "has a part of 255");     /* value bytes beyond the chunk */
	strings_fail(1, 8, 9, "definition level above 1"); /* a level that no layer has */
	strings_fail(1, 16, 0xff, "255");                  /* offsets that lead out */
	strings_fail(1, 20, 1, "value 0 lies from");       /* offsets that go back */
}

static void
refuses_a_layout_that_contradicts_itself(void **state)
{
	LdbField field = leaf_field(LDB_TYPE_STRING);
	MiniBlock *mini;
	Draft draft;

	(void) state;
	start_strings(&draft);
	mini = draft.columns[0].pages[0].layout->mini_block;
	mini->num_items = 4;
	draft_must_fail(&draft, &field, LDB_CORRUPT, "3 rows has 4 items");
	draft_end(&draft);
	start_strings(&draft);
	draft.columns[0].pages[0].layout->mini_block->num_buffers = 2;
	draft_must_fail(&draft, &field, LDB_CORRUPT, "2 value buffers");
	draft_end(&draft);
	start_strings(&draft);
	LAYERS(&draft, draft.columns[0].pages[0].layout->mini_block, 3, 4);
	draft_must_fail(&draft, &field, LDB_CORRUPT, "2 layers");
	draft_end(&draft);
	start_strings(&draft);
	draft.columns[0].pages[0].buffer_count = 1;
	draft_must_fail(&draft, &field, LDB_CORRUPT, "needs buffer 1");
	draft_end(&draft);
}

static void
refuses_a_repetition_index_that_lies(void **state)
{
	ListField field;
	Draft draft;

	(void) state;
	make_list(&field, LDB_TYPE_INT16);
	start_lists(&draft);
	((uint8_t *) draft.columns[0].pages[0].buffers[2].data)[0] = 2;
	draft_must_fail(&draft, &field.list, LDB_CORRUPT, "counts 2 rows");
	draft_end(&draft);
	start_lists(&draft);
	draft.columns[0].pages[0].buffers[2].length = 8;
	draft_must_fail(&draft, &field.list, LDB_CORRUPT, "repetition index of 8 bytes");
	draft_end(&draft);
	start_lists(&draft);
	((uint8_t *) draft.columns[0].pages[0].buffers[1].data)[12] = 0; /* one row fewer */
	draft_must_fail(&draft, &field.list, LDB_CORRUPT, "lists of 3 items where 2 are nested");
	draft_end(&draft);
	start_lists(&draft);
	((uint8_t *) draft.columns[0].pages[0].buffers[1].data)[10] = 3;
	draft_must_fail(&draft, &field.list, LDB_CORRUPT, "repetition level above 1");
	draft_end(&draft);
}

static void
reads_chunks_with_wide_headers(void **state)
{
	LdbField field = leaf_field(LDB_TYPE_INT32);
	MiniBlock *mini;
	LdbArray array;
	Draft draft;

	(void) state;
	draft_start(&draft, 2);
	draft_column(&draft);
	draft.version[1] = 2;
	mini = draft_mini(&draft, 2, 2, flat(&draft, 32));
	mini->has_has_large_chunk = mini->has_large_chunk = 1;
	BUFFER(&draft, 0x11, 0, 0, 0);
	BUFFER(&draft, 0, 0, 8, 0, 0, 0, 0xfe, 0xfe, 5, 0, 0, 0, 6, 0, 0, 0);
	draft_must_read(&draft, &field, &array);
	assert_int_equal(INT_AT(array, 1), 6);
	draft_end(&draft);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_values_without_levels),
		cmocka_unit_test(reads_strings_with_nulls),
		cmocka_unit_test(reads_lists_that_are_null_or_empty),
		cmocka_unit_test(reads_single_rows_of_lists),
		cmocka_unit_test(reads_rows_that_cross_chunks),
		cmocka_unit_test(looks_indices_up_in_the_dictionary),
		cmocka_unit_test(refuses_an_index_beyond_the_dictionary_unless_the_value_is_null),
		cmocka_unit_test(copies_no_item_of_a_dictionary_for_every_row),
		cmocka_unit_test(refuses_chunks_that_do_not_fit),
		cmocka_unit_test(refuses_a_layout_that_contradicts_itself),
		cmocka_unit_test(refuses_a_repetition_index_that_lies),
		cmocka_unit_test(reads_chunks_with_wide_headers),
	};

	return cmocka_run_group_tests_name("page_mini", tests, NULL, NULL);
}
