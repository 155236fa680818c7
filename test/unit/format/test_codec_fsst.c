/* test_codec_fsst.c -- strings come back from symbols; broken tables and codes are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "codec_fsst.h"

#define TABLE_BYTES 2312

static const char *const words[] = {"http://", "www.", "the ", "a", ".com", "tuvwxyz8"};
#define WORD_COUNT (sizeof words / sizeof *words)

static LdbSlice
make_table(uint8_t *table, bool on)
{
	uint64_t header = (uint64_t) 0x46535354 << 32 | (uint64_t) on << 24 | WORD_COUNT;

	memset(table, 0, TABLE_BYTES);
	memcpy(table, &header, 8);
	for (size_t i = 0; i < WORD_COUNT; i++)
	{
		memcpy(table + 8 + 8 * i, words[i], strlen(words[i]));
		table[8 + 8 * WORD_COUNT + i] = (uint8_t) strlen(words[i]);
	}
	return ldb_slice(table, TABLE_BYTES);
}

/* Longest symbol first, else an escape. */
static LdbSlice
encode(const char *text, uint8_t *out)
{
	size_t length = 0;

	while (*text != '\0')
	{
		size_t best = WORD_COUNT;

		for (size_t i = 0; i < WORD_COUNT; i++)
			if (strncmp(text, words[i], strlen(words[i])) == 0 &&
				(best == WORD_COUNT || strlen(words[i]) > strlen(words[best])))
				best = i;
		if (best == WORD_COUNT)
		{
			out[length++] = 255;
			out[length++] = (uint8_t) *text++;
			continue;
		}
		out[length++] = (uint8_t) best;
		text += strlen(words[best]);
	}
	return ldb_slice(out, length);
}

static void
decodes_many_values_and_leaves_nulls_alone(void **state)
{
	static const char *const texts[] = {"http://www.the a.com", "", "zzz", "tuvwxyz8tuvwxyz8", "a"};
	LdbArena *arena = ldb_arena_new(0);
	uint8_t table[TABLE_BYTES];
	uint8_t codes[6][64];
	LdbSlice values[6];
	LdbFsst fsst;

	(void) state;
	assert_int_equal(ldb_fsst_parse(make_table(table, true), &fsst, NULL), LDB_OK);
	for (size_t i = 0; i < 5; i++)
		values[i] = encode(texts[i], codes[i]);
	values[5] = ldb_slice(NULL, 0);
	assert_int_equal(ldb_fsst_decode_many(&fsst, values, 6, arena, values, NULL), LDB_OK);
	for (size_t i = 0; i < 5; i++)
		assert_true(ldb_slice_equal(values[i], ldb_slice_of(texts[i])));
	assert_non_null(values[1].data);
	assert_null(values[5].data);
	ldb_arena_free(arena);
}

static void
leaves_values_as_they_are_when_the_table_is_off(void **state)
{
	LdbArena *arena = ldb_arena_new(0);
	uint8_t table[TABLE_BYTES];
	LdbSlice value = ldb_slice("\xff\x07\xc8", 3);
	LdbSlice decoded;
	LdbFsst fsst;

	(void) state;
	assert_int_equal(ldb_fsst_parse(make_table(table, false), &fsst, NULL), LDB_OK);
	assert_int_equal(ldb_fsst_decode(&fsst, value, arena, &decoded, NULL), LDB_OK);
	assert_ptr_equal(decoded.data, value.data);
	assert_int_equal(decoded.length, 3);
	ldb_arena_free(arena);
}

static void
refuses_codes_without_symbol_and_a_last_escape(void **state)
{
	LdbArena *arena = ldb_arena_new(0);
	uint8_t table[TABLE_BYTES];
	LdbSlice decoded;
	LdbFsst fsst;

	(void) state;
	assert_int_equal(ldb_fsst_parse(make_table(table, true), &fsst, NULL), LDB_OK);
	assert_int_equal(ldb_fsst_decode(&fsst, ldb_slice("\x06", 1), arena, &decoded, NULL),
					 LDB_CORRUPT);
	assert_int_equal(ldb_fsst_decode(&fsst, ldb_slice("\xfe", 1), arena, &decoded, NULL),
					 LDB_CORRUPT);
	assert_int_equal(ldb_fsst_decode(&fsst, ldb_slice("\x01\xff", 2), arena, &decoded, NULL),
					 LDB_CORRUPT);
	ldb_arena_free(arena);
}

static void
refuses_tables_that_are_cut_off_or_have_impossible_lengths(void **state)
{
	uint8_t table[TABLE_BYTES];
	LdbSlice whole = make_table(table, true);
	LdbSlice part = whole;
	LdbFsst fsst;

	(void) state;
	for (part.length = 0; part.length < 8 + 9 * WORD_COUNT; part.length++)
		assert_int_equal(ldb_fsst_parse(part, &fsst, NULL), LDB_CORRUPT);
	assert_int_equal(ldb_fsst_parse(part, &fsst, NULL), LDB_OK);
	table[8 + 8 * WORD_COUNT] = 9;
	assert_int_equal(ldb_fsst_parse(whole, &fsst, NULL), LDB_CORRUPT);
	table[8 + 8 * WORD_COUNT] = 0;
	assert_int_equal(ldb_fsst_parse(whole, &fsst, NULL), LDB_CORRUPT);
	make_table(table, true);
	table[7] ^= 1;
	assert_int_equal(ldb_fsst_parse(whole, &fsst, NULL), LDB_CORRUPT);
}

static void
stays_within_the_limit_of_the_arena(void **state)
{
	enum
	{
		CODES = 100000
	};
	LdbArena *arena = ldb_arena_new(CODES * 4);
	uint8_t table[TABLE_BYTES];
	uint8_t *codes = malloc(CODES);
	LdbSlice decoded;
	LdbFsst fsst;

	(void) state;
	memset(codes, 5, CODES); /* eight bytes each */
	assert_int_equal(ldb_fsst_parse(make_table(table, true), &fsst, NULL), LDB_OK);
	assert_int_equal(ldb_fsst_decode(&fsst, ldb_slice(codes, CODES), arena, &decoded, NULL),
					 LDB_NOMEM);
	free(codes);
	ldb_arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_many_values_and_leaves_nulls_alone),
		cmocka_unit_test(leaves_values_as_they_are_when_the_table_is_off),
		cmocka_unit_test(refuses_codes_without_symbol_and_a_last_escape),
		cmocka_unit_test(refuses_tables_that_are_cut_off_or_have_impossible_lengths),
		cmocka_unit_test(stays_within_the_limit_of_the_arena),
	};

	return cmocka_run_group_tests_name("codec_fsst", tests, NULL, NULL);
}
