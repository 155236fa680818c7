/* test_error.c -- what an LdbError holds after it was set, prefixed and cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "ldb/base/error.h"

static LdbStatus
fail_with(LdbError *err, const char *name)
{
	LDB_FAIL(err, LDB_CORRUPT, "\"%s\" is broken at byte %d", name, 7);
}

static LdbStatus
pass_on(LdbError *err, const char *name)
{
	LDB_TRY(fail_with(err, name));
	return LDB_OK;
}

static void
carries_status_and_message_upwards(void **state)
{
	LdbError err = {0};

	(void) state;
	strcat(err.hint, "old");
	assert_int_equal(pass_on(&err, "a.lance"), LDB_CORRUPT);
	assert_int_equal(err.status, LDB_CORRUPT);
	assert_string_equal(err.message, "\"a.lance\" is broken at byte 7");
	assert_string_equal(err.hint, "");
}

static void
works_without_an_error_to_fill(void **state)
{
	(void) state;
	assert_int_equal(pass_on(NULL, "a"), LDB_CORRUPT);
	ldb_error_hint(NULL, "x");
	ldb_error_prefix(NULL, "x");
}

static void
puts_a_prefix_before_the_message(void **state)
{
	LdbError err = {0};

	(void) state;
	ldb_error_set(&err, LDB_IO, "short read");
	ldb_error_hint(&err, "try %s", "again");
	ldb_error_prefix(&err, "table \"%s\"", "t");
	assert_string_equal(err.message, "table \"t\": short read");
	assert_string_equal(err.hint, "try again");
}

static void
may_use_its_own_message_as_argument(void **state)
{
	LdbError err = {0};

	(void) state;
	ldb_error_set(&err, LDB_IO, "inner");
	ldb_error_set(&err, LDB_IO, "outer (%s)", err.message);
	assert_string_equal(err.message, "outer (inner)");
	ldb_error_prefix(&err, "%s", err.message);
	assert_string_equal(err.message, "outer (inner): outer (inner)");
}

static void
cuts_long_messages_between_characters(void **state)
{
	LdbError err = {0};
	char text[2000];

	(void) state;
	/* Euro signs, three bytes each, moved by one and two so that the cut falls inside one. */
	for (size_t lead = 0; lead < 3; lead++)
	{
		size_t length;

		memset(text, 'a', lead);
		for (size_t i = lead; i + 3 < sizeof text; i += 3)
			memcpy(text + i, "\xe2\x82\xac", 4);
		ldb_error_set(&err, LDB_IO, "%s", text);
		length = strlen(err.message);
		assert_true(length < sizeof err.message && length > sizeof err.message - 5);
		assert_int_equal((length - lead) % 3, 0);
		ldb_error_prefix(&err, "12345");
		length = strlen(err.message);
		assert_true(length < sizeof err.message && length > sizeof err.message - 5);
		assert_int_equal((length - lead - 7) % 3, 0);
	}
}

static void
shows_bytes_that_are_not_text_as_question_marks(void **state)
{
	LdbError err = {0};

	(void) state;
	ldb_error_set(&err, LDB_IO, "%s", "a\xff\nb\x80\xc3\xa4\xed\xa0\x80\xf0\x9f\x98\x80\xe2\x82");
	assert_string_equal(err.message, "a??b?\xc3\xa4???\xf0\x9f\x98\x80??");
}

static void
survives_a_prefix_that_fills_everything(void **state)
{
	LdbError err = {0};
	char text[2000];

	(void) state;
	memset(text, 'p', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	ldb_error_set(&err, LDB_IO, "inner");
	ldb_error_prefix(&err, "%s", text);
	assert_int_equal(strnlen(err.message, sizeof err.message), sizeof err.message - 1);
	assert_int_equal(err.message[0], 'p');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_status_and_message_upwards),
		cmocka_unit_test(works_without_an_error_to_fill),
		cmocka_unit_test(puts_a_prefix_before_the_message),
		cmocka_unit_test(may_use_its_own_message_as_argument),
		cmocka_unit_test(cuts_long_messages_between_characters),
		cmocka_unit_test(shows_bytes_that_are_not_text_as_question_marks),
		cmocka_unit_test(survives_a_prefix_that_fills_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
