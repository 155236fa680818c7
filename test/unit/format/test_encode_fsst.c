/* test_encode_fsst.c -- strings come back from the symbols that were learned from them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec_fsst.h"
#include "encode_fsst.h"

#define COUNT 4000

/* Trains on some values, encodes others, and compares what the decoder makes of them. Returns the
 * encoded bytes. */
static size_t
check(const LdbSlice *training, size_t training_count, const LdbSlice *values, size_t count)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbSlice *encoded = ldb_arena_alloc_array(arena, count, sizeof *encoded);
	LdbSlice *decoded = ldb_arena_alloc_array(arena, count, sizeof *decoded);
	uint8_t table[LDB_FSST_TABLE_BYTES];
	LdbFsstEncoder *encoder;
	size_t bytes = 0;
	LdbFsst fsst;

	assert_int_equal(ldb_fsst_train(training, training_count, arena, &encoder, NULL), LDB_OK);
	ldb_fsst_store(encoder, table);
	assert_int_equal(ldb_fsst_parse(ldb_slice(table, sizeof table), &fsst, NULL), LDB_OK);
	assert_true(fsst.on);
	assert_int_equal(ldb_fsst_encode_many(encoder, values, count, arena, encoded, NULL), LDB_OK);
	assert_int_equal(ldb_fsst_decode_many(&fsst, encoded, count, arena, decoded, NULL), LDB_OK);
	for (size_t i = 0; i < count; i++)
	{
		if (!ldb_slice_equal(decoded[i], values[i]))
			fail_msg("value %zu", i);
		bytes += encoded[i].length;
	}
	ldb_arena_free(arena);
	return bytes;
}

/* Values of random bytes below `letters`; each in memory of its own, so that reading beyond either
 * end is seen by a sanitizer. */
static LdbSlice *
make_values(size_t count, size_t longest, unsigned letters)
{
	LdbSlice *values = calloc(count, sizeof *values);

	for (size_t i = 0; i < count; i++)
	{
		size_t length = (size_t) rand() % (longest + 1);
		uint8_t *bytes = malloc(length);

		for (size_t j = 0; j < length; j++)
			bytes[j] = (uint8_t) ((unsigned) rand() % letters);
		values[i] = ldb_slice(bytes, length);
	}
	return values;
}

static void
free_values(LdbSlice *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free((void *) values[i].data);
	free(values);
}

static void
gives_back_any_bytes(void **state)
{
	static const size_t longest[] = {0, 1, 2, 3, 7, 8, 9, 30, 1000};
	static const unsigned letters[] = {1, 2, 4, 26, 256};

	(void) state;
	srand(6);
	for (size_t l = 0; l < sizeof longest / sizeof *longest; l++)
		for (size_t a = 0; a < sizeof letters / sizeof *letters; a++)
		{
			LdbSlice *values = make_values(COUNT / 4, longest[l], letters[a]);
			LdbSlice *others = make_values(COUNT / 4, longest[l] + 5, letters[a]);

			check(values, COUNT / 4, values, COUNT / 4);
			check(values, COUNT / 4, others, COUNT / 4);
			free_values(values, COUNT / 4);
			free_values(others, COUNT / 4);
		}
}

/* Behind the end of a value there are zeros for the encoder, and symbols that end in them. */
static void
does_not_take_the_end_of_a_value_for_zeros(void **state)
{
	static const uint8_t zeros[16];
	LdbSlice training[COUNT];
	LdbSlice values[17];

	(void) state;
	for (size_t i = 0; i < COUNT; i++)
		training[i] = ldb_slice(zeros, 1 + i % 16);
	for (size_t i = 0; i <= 16; i++)
		values[i] = ldb_slice(zeros + 16 - i, i);
	check(training, COUNT, values, 17);
}

static void
escapes_what_it_has_not_learned(void **state)
{
	uint8_t all[256];
	LdbSlice value = ldb_slice(all, 256);
	LdbSlice text = ldb_slice_of("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");

	(void) state;
	for (unsigned i = 0; i < 256; i++)
		all[i] = (uint8_t) i;
	assert_in_range(check(&text, 1, &value, 1), 257, 512);
	assert_in_range(check(NULL, 0, &value, 1), 512, 512);
}

static void
makes_text_small_and_says_so(void **state)
{
	static const char *const words[] = {"the",    "house",   "https://", "www.",  ".example.com",
										"number", "quickly", "of",       "and",   "which",
										"/index", ".html",   "42",       "green", "mountain"};
	static LdbSlice values[COUNT];
	LdbArena *arena = ldb_arena_new(0);
	LdbFsstEncoder *encoder;
	size_t bytes = 0;
	size_t encoded;

	(void) state;
	srand(7);
	for (size_t i = 0; i < COUNT; i++)
	{
		const char *text =
			ldb_arena_printf(arena, "%s %s%s %s", words[rand() % 15], words[rand() % 15],
							 words[rand() % 15], words[rand() % 15]);

		values[i] = ldb_slice_of(text);
		bytes += values[i].length;
	}
	encoded = check(values, COUNT, values, COUNT);
	assert_in_range(encoded, bytes / 8, bytes / 3);
	assert_int_equal(ldb_fsst_train(values, COUNT, arena, &encoder, NULL), LDB_OK);
	assert_in_range(ldb_fsst_per_mille(encoder), encoded * 900 / bytes, encoded * 1100 / bytes);
	ldb_arena_free(arena);
}

/* Markup around a number, ten times, then noise: long symbols take several rounds to grow. */
static void
learns_what_markup_repeats(void **state)
{
	static const char digits[] = "0123456789abcdef";
	enum
	{
		ROW_BYTES = 10 * 36 + 32
	};
	LdbSlice *values = calloc(COUNT, sizeof *values);
	size_t bytes = 0, encoded;

	(void) state;
	srand(8);
	for (size_t i = 0; i < COUNT; i++)
	{
		char *text = malloc(ROW_BYTES + 1);
		size_t length = 0;

		for (int repeat = 0; repeat < 10; repeat++)
			length += (size_t) snprintf(text + length, ROW_BYTES + 1 - length,
										"<div class=\"item\"><a href=\"/x/%zu\">", i);
		for (int noise = 0; noise < 32; noise++)
			text[length++] = digits[rand() % 16];
		values[i] = ldb_slice(text, length);
		bytes += length;
	}
	encoded = check(values, COUNT, values, COUNT);
	assert_in_range(encoded * 1000 / bytes, 0, 280);
	free_values(values, COUNT);
}

static void
says_that_noise_does_not_pay(void **state)
{
	LdbSlice *values = make_values(COUNT, 100, 256);
	LdbArena *arena = ldb_arena_new(0);
	LdbFsstEncoder *encoder;

	(void) state;
	assert_int_equal(ldb_fsst_train(values, COUNT, arena, &encoder, NULL), LDB_OK);
	assert_true(ldb_fsst_per_mille(encoder) > 950);
	assert_int_equal(ldb_fsst_train(NULL, 0, arena, &encoder, NULL), LDB_OK);
	assert_int_equal(ldb_fsst_per_mille(encoder), 1000);
	free_values(values, COUNT);
	ldb_arena_free(arena);
}

static void
learns_the_same_from_the_same_values(void **state)
{
	LdbSlice *values = make_values(COUNT, 100, 12);
	LdbArena *arena = ldb_arena_new(0);
	uint8_t tables[2][LDB_FSST_TABLE_BYTES];

	(void) state;
	for (int i = 0; i < 2; i++)
	{
		LdbFsstEncoder *encoder;

		assert_int_equal(ldb_fsst_train(values, COUNT, arena, &encoder, NULL), LDB_OK);
		ldb_fsst_store(encoder, tables[i]);
	}
	assert_memory_equal(tables[0], tables[1], LDB_FSST_TABLE_BYTES);
	free_values(values, COUNT);
	ldb_arena_free(arena);
}

static void
reports_that_memory_is_out(void **state)
{
	LdbSlice *values = make_values(COUNT, 100, 12);
	size_t failed = 0;

	(void) state;
	for (uint64_t n = 1;; n++)
	{
		LdbArena *arena = ldb_arena_new(0);
		LdbSlice *encoded = ldb_arena_alloc_array(arena, COUNT, sizeof *encoded);
		LdbFsstEncoder *encoder;
		LdbStatus status;

		ldb_heap_fail_after(n);
		status = ldb_fsst_train(values, COUNT, arena, &encoder, NULL);
		if (status == LDB_OK)
			status = ldb_fsst_encode_many(encoder, values, COUNT, arena, encoded, NULL);
		ldb_heap_fail_after(0);
		ldb_arena_free(arena);
		if (status == LDB_OK)
			break;
		assert_int_equal(status, LDB_NOMEM);
		failed++;
	}
	assert_true(failed >= 5);
	free_values(values, COUNT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_back_any_bytes),
		cmocka_unit_test(does_not_take_the_end_of_a_value_for_zeros),
		cmocka_unit_test(escapes_what_it_has_not_learned),
		cmocka_unit_test(makes_text_small_and_says_so),
		cmocka_unit_test(learns_what_markup_repeats),
		cmocka_unit_test(says_that_noise_does_not_pay),
		cmocka_unit_test(learns_the_same_from_the_same_values),
		cmocka_unit_test(reports_that_memory_is_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
