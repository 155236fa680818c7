/* test_write_mini.c -- mini-block pages byte by byte: what the format says of chunks and their index. */
#include "lance_encodings.pb-c.h"
#include "ldb/base/arena.h"
#include "writer_impl.h"
#include "written.h"

#define MOST_PAGES 64

typedef struct Caught
{
	uint64_t length;
	Ldb__PageLayout *layout; /* owned */
	size_t buffer_count;
	LdbSlice buffers[4]; /* arena */
} Caught;

/* A sink that keeps the pages of one column. */
typedef struct Catcher
{
	LdbPageSink sink;
	size_t count;
	Caught pages[MOST_PAGES];
} Catcher;

static LdbStatus
catch_page(LdbPageSink *sink, uint32_t column, const LdbNewPage *page, LdbError *err)
{
	Catcher *catcher = (Catcher *) sink;
	Caught *caught = &catcher->pages[catcher->count++];

	(void) err;
	assert_true(catcher->count <= MOST_PAGES);
	assert_int_equal(column, 0);
	caught->length = page->length;
	caught->layout = ldb__page_layout__unpack(NULL, page->layout.length, page->layout.data);
	assert_non_null(caught->layout);
	caught->buffer_count = page->buffer_count;
	for (size_t i = 0; i < page->buffer_count; i++)
		caught->buffers[i] =
			ldb_slice(ldb_arena_copy(arena, page->buffers[i].data, page->buffers[i].length),
					  page->buffers[i].length);
	return LDB_OK;
}

static void
write_rows(Catcher *catcher, int version, LdbField *field, const LdbArray *rows)
{
	LdbFieldEncoder encoder = {.field = field, .version = version};
	LdbArena *scratch = ldb_arena_new(0);
	LdbError err = {0};

	memset(catcher, 0, sizeof *catcher);
	catcher->sink.put = catch_page;
	must(ldb_field_encoder_init_v21(&encoder, arena, &err), &err);
	assert_int_equal(encoder.column_count, 1);
	must(encoder.encode(&encoder, rows, &catcher->sink, scratch, &err), &err);
	ldb_arena_free(scratch);
}

static void
let_go(Catcher *catcher)
{
	for (size_t i = 0; i < catcher->count; i++)
		ldb__page_layout__free_unpacked(catcher->pages[i].layout, NULL);
}

/* ---- bytes ---- */

static void
three_numbers_are_one_chunk_of_24_bytes(void **state)
{
	static const uint8_t expected[] = {0, 0, 12, 0, 0xfe, 0xfe, 0xfe, 0xfe, 1,    0,    0,    0,
									   2, 0, 0,  0, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xfe, 0xfe, 0xfe};
	LdbField *field = make_field("int32", 0, NULL);
	int32_t numbers[] = {1, 2, -1};
	LdbArray rows = {.type = &field->type, .length = 3, .values = numbers};
	Catcher catcher;

	(void) state;
	write_rows(&catcher, 21, field, &rows);
	assert_int_equal(catcher.count, 1);
	assert_int_equal(catcher.pages[0].length, 3);
	assert_int_equal(catcher.pages[0].buffer_count, 2);
	assert_int_equal(catcher.pages[0].buffers[0].length, 2);
	assert_int_equal(ldb_load_u16(catcher.pages[0].buffers[0].data), 0x20);
	assert_int_equal(catcher.pages[0].buffers[1].length, sizeof expected);
	assert_memory_equal(catcher.pages[0].buffers[1].data, expected, sizeof expected);
	let_go(&catcher);
}

static void
version_2_2_counts_bytes_in_32_bits(void **state)
{
	static const uint8_t header[] = {0, 0, 12, 0, 0, 0, 0xfe, 0xfe, 1, 0, 0, 0};
	LdbField *field = make_field("int32", 0, NULL);
	int32_t numbers[] = {1, 2, -1};
	LdbArray rows = {.type = &field->type, .length = 3, .values = numbers};
	Catcher catcher;

	(void) state;
	write_rows(&catcher, 22, field, &rows);
	assert_true(catcher.pages[0].layout->mini_block->has_large_chunk);
	assert_int_equal(catcher.pages[0].buffers[0].length, 4);
	assert_int_equal(ldb_load_u32(catcher.pages[0].buffers[0].data), 0x20);
	assert_memory_equal(catcher.pages[0].buffers[1].data, header, sizeof header);
	let_go(&catcher);
}

/* ---- rules ---- */

/* All chunks but the last have powers of two of values; none is above 32 KiB in 2.1; together they are the
 * page. */
static void
check_chunks(const Caught *page, int version)
{
	const Ldb__PageLayout__MiniBlock *mini = page->layout->mini_block;
	size_t width = mini->has_large_chunk ? 4 : 2;
	size_t count = page->buffers[0].length / width;
	size_t bytes = 0;
	size_t items = 0;

	assert_int_equal(mini->has_large_chunk, version == 22);
	for (size_t i = 0; i < count; i++)
	{
		const uint8_t *at = page->buffers[0].data + i * width;
		uint32_t word = width == 4 ? ldb_load_u32(at) : ldb_load_u16(at);
		size_t chunk = ((size_t) (word >> 4) + 1) * 8;

		assert_true(version == 22 || chunk <= 32768);
		assert_true(ldb_load_u16(page->buffers[1].data + bytes) <= UINT16_MAX);
		bytes += chunk;
		if (i + 1 < count)
			items += (size_t) 1 << (word & 15);
		assert_in_range(word & 15, 0, 12);
	}
	assert_int_equal(bytes, page->buffers[1].length);
	assert_in_range(mini->num_items, items + (count > 0), items + 4096);
}

/* Where rows start is counted again from the lists themselves. */
static void
check_index(const Caught *page)
{
	const Ldb__PageLayout__MiniBlock *mini = page->layout->mini_block;
	const LdbSlice *index = &page->buffers[page->buffer_count - 1];
	size_t count = page->buffers[0].length / (mini->has_large_chunk ? 4 : 2);
	uint64_t rows = 0;

	assert_int_equal(mini->repetition_index_depth, 1);
	assert_int_equal(index->length, count * 16);
	for (size_t i = 0; i < count; i++)
	{
		rows += ldb_load_u64(index->data + i * 16);
		if (i + 1 == count)
			assert_int_equal(ldb_load_u64(index->data + i * 16 + 8), 0);
	}
	assert_int_equal(rows, page->length);
}

static void
chunks_keep_to_their_limits(void **state)
{
	static const char *const types[] = {"bool",
										"int8",
										"int64",
										"string",
										"fixed_size_list:bool:60",
										"fixed_size_list:fixed_size_list:bool:4:5",
										"decimal:256:40:0"};

	for (int version = 21; version <= 22; version++)
		for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
			for (unsigned nested = 0; nested < 2; nested++)
			{
				Draw draw = {25, i % 2 == 0 ? 0 : 7, 250, 9, 0};
				LdbField *field = make_field(types[i], 0, NULL);
				Catcher catcher;
				LdbArray rows;

				field = nested ? make_field("list", 1, &field) : field;
				rows = draw_rows(field, &field->type, 6000, &draw);
				write_rows(&catcher, version, field, &rows);
				assert_int_equal(catcher.pages[0].layout->kind_case,
								 LDB__PAGE_LAYOUT__KIND_MINI_BLOCK);
				check_chunks(&catcher.pages[0], version);
				if (nested)
					check_index(&catcher.pages[0]);
				let_go(&catcher);
				tear_down(state);
				set_up(state);
			}
}

/* One row of 5000 items, then one of 3: the first ends in a later chunk than it starts. */
static void
the_index_says_where_rows_end_and_what_goes_on(void **state)
{
	LdbField *item = make_field("int32", 0, NULL);
	LdbField *field = make_field("list", 1, &item);
	int64_t offsets[] = {0, 5000, 5003};
	int32_t *numbers = ldb_arena_alloc_array(arena, 5003, sizeof *numbers);
	LdbArray items = {.type = &item->type, .length = 5003, .values = numbers};
	LdbArray rows = {.type = &field->type,
					 .length = 2,
					 .offsets = offsets,
					 .child_count = 1,
					 .children = &items};
	Catcher catcher;
	LdbSlice index;
	size_t count;

	(void) state;
	for (size_t i = 0; i < 5003; i++)
		numbers[i] = -(int32_t) i;
	write_rows(&catcher, 21, field, &rows);
	index = catcher.pages[0].buffers[2];
	count = index.length / 16;
	assert_int_equal(count, 5); /* four of 1024, and the rest */
	for (size_t i = 0; i < count; i++)
	{
		assert_int_equal(ldb_load_u64(index.data + i * 16), i < 4 ? 0 : 2);
		assert_int_equal(ldb_load_u64(index.data + i * 16 + 8), i < 4 ? 1024 : 0);
	}
	let_go(&catcher);
}

/* ---- choices ---- */

static Ldb__PageLayout__KindCase
layout_of(LdbField *field, int version, const LdbArray *rows, size_t *pages)
{
	Ldb__PageLayout__KindCase kind;
	Catcher catcher;

	write_rows(&catcher, version, field, rows);
	kind = catcher.pages[0].layout->kind_case;
	*pages = catcher.count;
	let_go(&catcher);
	return kind;
}

static void
layouts_are_what_the_values_call_for(void **state)
{
	static const struct
	{
		const char *type;
		int version;
		Draw draw;
		Ldb__PageLayout__KindCase kind;
	} cases[] = {
		{"int32", 21, {0, 0, 0, 0, 0}, LDB__PAGE_LAYOUT__KIND_MINI_BLOCK},
		{"int32", 21, {100, 0, 0, 0, 0}, LDB__PAGE_LAYOUT__KIND_CONSTANT},
		{"int64", 21, {0, 1, 0, 0, 0}, LDB__PAGE_LAYOUT__KIND_MINI_BLOCK},
		{"int64", 22, {0, 1, 0, 0, 0}, LDB__PAGE_LAYOUT__KIND_CONSTANT},
		{"int64", 22, {50, 1, 0, 0, 0}, LDB__PAGE_LAYOUT__KIND_MINI_BLOCK},
		{"string", 22, {0, 1, 0, 0, 0}, LDB__PAGE_LAYOUT__KIND_CONSTANT},
		{"string", 21, {0, 0, 200, 0, 0}, LDB__PAGE_LAYOUT__KIND_MINI_BLOCK},
		{"string", 21, {0, 0, 9000, 0, 0}, LDB__PAGE_LAYOUT__KIND_FULL_ZIP},
		{"fixed_size_list:float:3", 21, {0, 0, 0, 0, 0}, LDB__PAGE_LAYOUT__KIND_FULL_ZIP},
		{"fixed_size_list:float:768", 21, {0, 0, 0, 0, 0}, LDB__PAGE_LAYOUT__KIND_FULL_ZIP},
		{"fixed_size_list:float:3", 21, {30, 0, 0, 0, 0}, LDB__PAGE_LAYOUT__KIND_MINI_BLOCK},
		{"dict:string:int8:false", 22, {0, 1, 0, 0, 0}, LDB__PAGE_LAYOUT__KIND_MINI_BLOCK},
	};

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
	{
		LdbField *field = make_field(cases[i].type, 0, NULL);
		LdbArray rows = draw_rows(field, &field->type, 200, &cases[i].draw);
		size_t pages;

		assert_int_equal(layout_of(field, cases[i].version, &rows, &pages), cases[i].kind);
		assert_int_equal(pages, 1);
	}
}

/* struct<list<int32>> without a null anywhere: the page says what the others may have. */
static void
pages_that_others_follow_allow_for_null_structs_around_lists(void **state)
{
	LdbField *item = make_field("int32", 0, NULL);
	LdbField *list = make_field("list", 1, &item);
	LdbField *field = make_field("struct", 1, &list);
	Draw draw = {0, 0, 0, 3, 0};
	LdbArray rows = draw_rows(field, &field->type, 100, &draw);

	(void) state;
	for (int whole = 0; whole < 2; whole++)
	{
		LdbArena *scratch = ldb_arena_new(0);
		LdbFieldEncoder encoder = {.field = field, .version = 21, .whole = whole};
		Catcher catcher = {.sink = {catch_page, NULL}};
		const Ldb__PageLayout__MiniBlock *mini;

		must(ldb_field_encoder_init_v21(&encoder, arena, NULL), NULL);
		must(encoder.encode(&encoder, &rows, &catcher.sink, scratch, NULL), NULL);
		mini = catcher.pages[0].layout->mini_block;
		assert_int_equal(mini->n_layers, 3);
		assert_int_equal(mini->layers[0], 1);
		assert_int_equal(mini->layers[1], whole ? 5 : 6);
		assert_int_equal(mini->layers[2], whole ? 1 : 3);
		let_go(&catcher);
		ldb_arena_free(scratch);
	}
}

/* Vectors go to the file from where the caller has them. */
static void
vectors_are_not_copied(void **state)
{
	LdbField *field = make_field("fixed_size_list:float:768", 0, NULL);
	Draw draw = {0, 0, 0, 0, 0};
	LdbArray rows = draw_rows(field, &field->type, 100, &draw);
	LdbArena *scratch = ldb_arena_new(0);
	LdbFieldEncoder encoder = {.field = field, .version = 21};
	Catcher catcher = {.sink = {catch_page, NULL}};

	(void) state;
	must(ldb_field_encoder_init_v21(&encoder, arena, NULL), NULL);
	must(encoder.encode(&encoder, &rows, &catcher.sink, scratch, NULL), NULL);
	assert_int_equal(catcher.pages[0].buffers[0].length, 100 * 768 * 4);
	assert_memory_equal(catcher.pages[0].buffers[0].data, rows.children[0].values, 100 * 768 * 4);
	assert_true(ldb_arena_used(scratch) < 4096);
	let_go(&catcher);
	ldb_arena_free(scratch);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(three_numbers_are_one_chunk_of_24_bytes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(version_2_2_counts_bytes_in_32_bits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(chunks_keep_to_their_limits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_index_says_where_rows_end_and_what_goes_on, set_up,
										tear_down),
		cmocka_unit_test_setup_teardown(layouts_are_what_the_values_call_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			pages_that_others_follow_allow_for_null_structs_around_lists, set_up, tear_down),
		cmocka_unit_test_setup_teardown(vectors_are_not_copied, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
