/* test_encode_choose.c -- each kind of values gets the encoding that suits it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "encode_choose.h"

#define COUNT 20000

static int32_t ints[COUNT];
static LdbSlice views[COUNT];

static uint32_t
random_u32(void)
{
	return (uint32_t) rand() << 16 ^ (uint32_t) rand();
}

static LdbFixedChoice
choose_ints(void)
{
	return ldb_choose_fixed(ints, sizeof *ints, COUNT);
}

static void
packs_numbers_that_need_few_bits(void **state)
{
	(void) state;
	srand(8);
	for (size_t i = 0; i < COUNT; i++)
		ints[i] = rand() % 100;
	assert_int_equal(choose_ints(), LDB_FIXED_BITPACKED);
	/* one large number costs its block alone */
	ints[5000] = -1;
	assert_int_equal(choose_ints(), LDB_FIXED_BITPACKED);
}

static void
leaves_numbers_alone_that_need_all_bits(void **state)
{
	(void) state;
	for (size_t i = 0; i < COUNT; i++)
		ints[i] = (int32_t) random_u32();
	assert_int_equal(choose_ints(), LDB_FIXED_FLAT);
	for (size_t i = 0; i < COUNT; i++)
		ints[i] = rand() % 100 - 50;
	assert_int_equal(choose_ints(), LDB_FIXED_FLAT);
	assert_int_equal(ldb_choose_fixed(ints, 4, 0), LDB_FIXED_FLAT);
	memset(ints, 0, sizeof ints);
	assert_int_equal(ldb_choose_fixed(ints, 16, COUNT / 4), LDB_FIXED_FLAT);
}

static void
makes_runs_of_numbers_that_repeat(void **state)
{
	(void) state;
	for (size_t i = 0; i < COUNT; i++)
		ints[i] = (int32_t) (i / 3 * 1000003);
	assert_int_equal(choose_ints(), LDB_FIXED_RUNS);
	for (size_t i = 0; i < COUNT; i++)
		ints[i] = 7;
	assert_int_equal(choose_ints(), LDB_FIXED_RUNS);
	/* but small numbers in short runs are smaller packed */
	for (size_t i = 0; i < COUNT; i++)
		ints[i] = (int32_t) (i / 2 % 4);
	assert_int_equal(choose_ints(), LDB_FIXED_BITPACKED);
}

static LdbVariableChoice
choose_texts(LdbArena *arena, const char *before, unsigned distinct, const char *after)
{
	LdbDistinctSource source = {.views = views, .count = COUNT};
	LdbVariableChoice choice;

	for (size_t i = 0; i < COUNT; i++)
		views[i] =
			ldb_slice_of(ldb_arena_printf(arena, "%s%u%s", before, random_u32() % distinct, after));
	assert_int_equal(ldb_choose_variable(&source, 32, arena, &choice, NULL), LDB_OK);
	return choice;
}

static void
numbers_strings_that_repeat(void **state)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbVariableChoice choice = choose_texts(arena, "category ", 50, "");

	(void) state;
	assert_int_equal(choice.kind, LDB_VARIABLE_DICTIONARY);
	assert_int_equal(choice.dictionary.item_count, 50);
	choice = choose_texts(arena, "a longer name of category ", 3000, "");
	assert_int_equal(choice.kind, LDB_VARIABLE_DICTIONARY);
	ldb_arena_free(arena);
}

static void
compresses_strings_that_share_words(void **state)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbVariableChoice choice =
		choose_texts(arena, "identifier ", UINT32_MAX, " of a thing that is described");

	(void) state;
	assert_int_equal(choice.kind, LDB_VARIABLE_FSST);
	assert_non_null(choice.fsst);
	assert_true(ldb_fsst_per_mille(choice.fsst) < 400);
	ldb_arena_free(arena);
}

static void
leaves_few_short_or_random_strings_alone(void **state)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbDistinctSource few = {.views = views, .count = 99};
	LdbVariableChoice choice = choose_texts(arena, "", UINT32_MAX, "");
	static uint8_t noise[COUNT * 8];
	LdbDistinctSource random = {.views = views, .count = COUNT};

	(void) state;
	assert_int_equal(ldb_choose_variable(&few, 32, arena, &choice, NULL), LDB_OK);
	assert_int_equal(choice.kind, LDB_VARIABLE_PLAIN);
	for (size_t i = 0; i < sizeof noise; i++)
		noise[i] = (uint8_t) rand();
	for (size_t i = 0; i < COUNT; i++)
		views[i] = ldb_slice(noise + i * 8, 8);
	assert_int_equal(ldb_choose_variable(&random, 32, arena, &choice, NULL), LDB_OK);
	assert_int_equal(choice.kind, LDB_VARIABLE_PLAIN);
	ldb_arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packs_numbers_that_need_few_bits),
		cmocka_unit_test(leaves_numbers_alone_that_need_all_bits),
		cmocka_unit_test(makes_runs_of_numbers_that_repeat),
		cmocka_unit_test(numbers_strings_that_repeat),
		cmocka_unit_test(compresses_strings_that_share_words),
		cmocka_unit_test(leaves_few_short_or_random_strings_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
