/* test_block.c -- levels and dictionaries in every block encoding. */
#include <zstd.h>

#include "file21.h"

#include "page_impl.h"

static Draft draft;

static int
set_up(void **state)
{
	(void) state;
	draft_start(&draft, 0);
	return 0;
}

static int
tear_down(void **state)
{
	(void) state;
	draft_end(&draft);
	return 0;
}

static void
check_levels(const E *from, const void *bytes, size_t length, const uint16_t *expected,
			 size_t count)
{
	const void *values;

	if (ldb_block_fixed(from, ldb_slice(bytes, length), 16, count, draft.arena, &values,
						&draft.err) != LDB_OK)
		fail_msg("%s", draft.err.message);
	assert_memory_equal(values, expected, count * sizeof *expected);
}

static void
refuse_levels(const E *from, const void *bytes, size_t length, size_t count, LdbStatus expected)
{
	const void *values;

	assert_int_equal(ldb_block_fixed(from, ldb_slice(bytes, length), 16, count, draft.arena,
									 &values, &draft.err),
					 expected);
}

static void
decodes_levels(void **state)
{
	static const uint16_t expected[] = {1, 1, 0, 2};
	static const uint8_t run_block[] = {6, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 2, 1, 1};
	static const uint16_t twos[] = {2, 2, 2, 2};

	(void) state;
	check_levels(flat(&draft, 16), expected, sizeof expected, expected, 4);
	check_levels(runs(&draft, 16, 8), run_block, sizeof run_block, expected, 4);
	check_levels(constant(&draft, twos, 2), "", 0, twos, 4);
	/* a tail as long as its values is not packed */
	check_levels(out_of_line(&draft, 16, 2), expected, sizeof expected, expected, 4);
}

static void
decodes_compressed_levels(void **state)
{
	static const uint16_t expected[] = {0, 1, 2, 3};
	uint8_t block[100];
	uint64_t length = sizeof expected;
	size_t got = ZSTD_compress(block + 8, sizeof block - 8, expected, sizeof expected, 3);

	(void) state;
	memcpy(block, &length, 8);
	check_levels(general(&draft, 2, flat(&draft, 16)), block, got + 8, expected, 4);
}

static void
refuses_levels_that_are_not_there(void **state)
{
	static const uint8_t bytes[64] = {1};

	(void) state;
	refuse_levels(flat(&draft, 16), bytes, 7, 4, LDB_CORRUPT);
	refuse_levels(flat(&draft, 32), bytes, 64, 4, LDB_CORRUPT);
	refuse_levels(bitpacked(&draft, 16), bytes, 64, 4, LDB_CORRUPT);
	refuse_levels(out_of_line(&draft, 16, 17), bytes, 64, 4, LDB_CORRUPT);
	refuse_levels(runs(&draft, 16, 8), bytes, 64, 4, LDB_CORRUPT);
	refuse_levels(constant(&draft, bytes, 1), bytes, 0, 4, LDB_CORRUPT);
	refuse_levels(constant(&draft, bytes, 2), bytes, 0, SIZE_MAX / 2, LDB_NOMEM);
	refuse_levels(variable(&draft, 32), bytes, 64, 4, LDB_UNSUPPORTED);
	refuse_levels(NULL, bytes, 64, 4, LDB_UNSUPPORTED);
}

/* "no", "yes" */
static const uint8_t text_block[] = {32, 0, 0, 0, 20, 0, 0, 0,   0,   0,   0,   0,  2,
									 0,  0, 0, 5, 0,  0, 0, 'n', 'o', 'y', 'e', 's'};

static void
decodes_dictionaries_of_text(void **state)
{
	LdbSlice *views;
	bool in_place;

	(void) state;
	assert_int_equal(ldb_block_views(variable(&draft, 32), ldb_slice(text_block, sizeof text_block),
									 2, draft.arena, &views, &in_place, NULL),
					 LDB_OK);
	assert_true(in_place);
	assert_true(ldb_slice_equal(views[1], ldb_slice_of("yes")));
}

static void
says_when_views_point_to_decompressed_bytes(void **state)
{
	uint8_t block[200];
	uint64_t length = sizeof text_block;
	size_t got = ZSTD_compress(block + 8, sizeof block - 8, text_block, sizeof text_block, 3);
	LdbSlice *views;
	bool in_place;

	(void) state;
	memcpy(block, &length, 8);
	assert_int_equal(ldb_block_views(general(&draft, 2, variable(&draft, 32)),
									 ldb_slice(block, got + 8), 2, draft.arena, &views, &in_place,
									 NULL),
					 LDB_OK);
	assert_false(in_place);
	assert_true(ldb_slice_equal(views[0], ldb_slice_of("no")));
}

static void
refuses_dictionaries_that_claim_too_much(void **state)
{
	LdbSlice *views;
	bool in_place;

	(void) state;
	assert_int_equal(ldb_block_views(variable(&draft, 32), ldb_slice(text_block, sizeof text_block),
									 3, draft.arena, &views, &in_place, NULL),
					 LDB_CORRUPT);
	assert_int_equal(ldb_block_views(variable(&draft, 32),
									 ldb_slice(text_block, sizeof text_block - 1), 2, draft.arena,
									 &views, &in_place, NULL),
					 LDB_CORRUPT);
	assert_int_equal(ldb_block_views(flat(&draft, 32), ldb_slice(text_block, sizeof text_block), 2,
									 draft.arena, &views, &in_place, NULL),
					 LDB_UNSUPPORTED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_levels),
		cmocka_unit_test(decodes_compressed_levels),
		cmocka_unit_test(refuses_levels_that_are_not_there),
		cmocka_unit_test(decodes_dictionaries_of_text),
		cmocka_unit_test(says_when_views_point_to_decompressed_bytes),
		cmocka_unit_test(refuses_dictionaries_that_claim_too_much),
	};

	return cmocka_run_group_tests_name("block", tests, set_up, tear_down);
}
