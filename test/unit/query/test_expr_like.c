/* test_expr_like.c -- LIKE and NOT LIKE as PostgreSQL understands them. */
#include "filter.h"
#include "query/columns.h"

#include <stdio.h>

static LdbExpr *
like(const char *pattern)
{
	LdbScalar value = text(pattern);

	return leaf(LDB_EXPR_LIKE, LDB_DOMAIN_TEXT, 0, &value, 1);
}

static void
check(const char *pattern, const char *subject, bool wanted)
{
	const char *got = truths_of(like(pattern), TEXTS(subject));

	if (strcmp(got, wanted ? "t" : "f") != 0)
		fail_msg("'%s' LIKE '%s' is %s", subject, pattern, got);
}

static void
percent_stands_for_any_text_and_underscore_for_a_character(void **state)
{
	(void) state;
	check("", "", true);
	check("", "a", false);
	check("%", "", true);
	check("%%", "abc", true);
	check("abc", "abc", true);
	check("abc", "abcd", false);
	check("abc", "ab", false);
	check("a%", "abc", true);
	check("a%", "ba", false);
	check("%c", "abc", true);
	check("%c", "cb", false);
	check("%b%", "abc", true);
	check("%d%", "abc", false);
	check("_", "", false);
	check("_", "a", true);
	check("_", "ab", false);
	check("_%", "", false);
	check("%_", "a", true);
	check("%_%_%", "a", false);
	check("%_%_%", "ab", true);
	check("a_c", "abc", true);
	check("a_c", "ac", false);
	check("a%c%e", "abcde", true);
	check("a%c%e", "abcd", false);
	check("%ab%ab", "ab", false);
	check("%ab%ab", "abab", true);
	check("ab%ab", "aab", false);
	check("aba%aba", "aba", false);
	check("%a_b%", "aab ab a-b", true);
	check("%a_b", "a-bb", false);
	check("%aa_", "aaaa", true);
	check("a%_b", "ab", false);
	check("a%_b", "acb", true);
	check("%an%na%", "banana", true);
	check("%an%nan%", "banana", false);
}

static void
backslash_takes_the_next_character_as_it_is(void **state)
{
	(void) state;
	check("50\\%", "50%", true);
	check("50\\%", "50x", false);
	check("a\\_b", "a_b", true);
	check("a\\_b", "axb", false);
	check("a\\\\b", "a\\b", true);
	check("\\a", "a", true);
	check("%\\%%", "100% sure", true);
	check("%\\%%", "none", false);
	check("\\\xc3\xa9", "\xc3\xa9", true);
}

static void
a_pattern_that_ends_with_its_escape_is_refused(void **state)
{
	(void) state;
	assert_string_equal(refusal(like("abc\\"), type_of(LDB_TYPE_STRING)),
						"LIKE pattern must not end with escape character");
	refusal(like("\\\\\\"), type_of(LDB_TYPE_STRING));
	check("\\\\", "\\", true);
}

static void
a_character_of_utf8_is_one_character(void **state)
{
	(void) state;
	check("_", "\xc3\xa9", true);
	check("__", "\xc3\xa9", false);
	check("_", "\xf0\x9f\x90\x98", true);
	check("%_", "\xe2\x82\xac", true);
	check("_%_", "\xe2\x82\xac", false);
	check("a_b",
		  "a\xe2\x82\xac"
		  "b",
		  true);
	check("%\xc3\xa9_", "caf\xc3\xa9\xc3\xa8", true);
	check("%a_", "xa\xf0\x9f\x90\x98", true);
	check("%a__", "xa\xf0\x9f\x90\x98", false);
	check("%\xa9", "\xc3\xa9", true);
}

static void
binaries_match_by_bytes(void **state)
{
	const char *values[] = {"\xc3\xa9"};
	LdbArray array = texts_of(LDB_TYPE_BINARY, values, 1);

	(void) state;
	assert_string_equal(truths_of(like("_"), array), "f");
	assert_string_equal(truths_of(like("__"), array), "t");
}

static void
null_rows_are_unknown_and_not_like_is_the_opposite(void **state)
{
	LdbScalar pattern = text("a%");
	LdbExpr *expr = leaf(LDB_EXPR_NOT_LIKE, LDB_DOMAIN_TEXT, 0, &pattern, 1);
	LdbArray array = TEXTS("ab", NULL, "ba");

	(void) state;
	assert_string_equal(truths_of(like("a%"), array), "tuf");
	assert_string_equal(truths_of(expr, array), "fut");
	assert_string_equal(truths_of(like("%"), array), "tut");
}

/* The textbook definition, slow and obviously right. */
static bool
matches(const char *pattern, const char *subject)
{
	if (*pattern == '\0')
		return *subject == '\0';
	if (*pattern == '%')
		return matches(pattern + 1, subject) || (*subject != '\0' && matches(pattern, subject + 1));
	if (*subject == '\0')
		return false;
	if (*pattern == '_')
	{
		subject++;
		while ((*subject & 0xc0) == 0x80)
			subject++;
		return matches(pattern + 1, subject);
	}
	if (*pattern == '\\')
		pattern++;
	return *pattern == *subject && matches(pattern + 1, subject + 1);
}

static const char *
random_text(const char *const *alphabet, size_t letters, unsigned int *seed, char *out)
{
	size_t length = (size_t) rand_r(seed) % 9;

	*out = '\0';
	for (size_t i = 0; i < length; i++)
		strcat(out, alphabet[(size_t) rand_r(seed) % letters]);
	return out;
}

static void
random_patterns_agree_with_the_definition(void **state)
{
	static const char *const letters[] = {"a", "b", "\xc3\xa9"};
	static const char *const pieces[] = {"a", "b", "\xc3\xa9", "%", "_", "%", "_", "\\a"};
	unsigned int seed = 1;

	(void) state;
	for (int i = 0; i < 20000; i++)
	{
		char pattern[64];
		char subject[64];

		ldb_arena_reset(arena);
		random_text(pieces, 8, &seed, pattern);
		random_text(letters, 3, &seed, subject);
		check(pattern, subject, matches(pattern, subject));
	}
}

static bool
stop_at_once(void *context)
{
	return (*(int *) context)++ > 4;
}

/* Each position of a long text starts a match that fails late. */
static void
a_hard_pattern_can_be_cancelled(void **state)
{
	size_t length = 1000000;
	char *subject = malloc(length + 1);
	char pattern[512] = "%";
	int polls = 0;
	LdbCancel cancel = {stop_at_once, &polls};
	LdbScalar value;
	LdbExpr *expr;
	const LdbType *type = type_of(LDB_TYPE_STRING);
	LdbBatch batch = {.row_count = 1, .column_count = 1, .arena = arena};
	LdbArray column;
	uint32_t kept;
	size_t count;
	LdbFilter *filter;
	LdbError err;

	(void) state;
	memset(subject, 'a', length);
	subject[length] = '\0';
	for (int i = 0; i < 200; i++)
		strcat(pattern, "a_");
	strcat(pattern, "b%");
	value = text(pattern);
	expr = leaf(LDB_EXPR_LIKE, LDB_DOMAIN_TEXT, 0, &value, 1);
	column = TEXTS(subject);
	batch.columns = &column;
	assert_int_equal(ldb_filter_new(expr, &type, 1, &cancel, &filter, &err), LDB_OK);
	assert_int_equal(ldb_filter_select(filter, &batch, &kept, &count, &err), LDB_CANCELLED);
	ldb_filter_free(filter);
	free(subject);
}

static bool
only_count(void *context)
{
	(*(int *) context)++;
	return false;
}

static void
long_texts_are_searched_in_steps_that_can_be_cancelled(void **state)
{
	enum
	{
		ROWS = 20,
		LENGTH = 1000000
	};
	int polls = 0;
	LdbCancel cancel = {only_count, &polls};
	LdbScalar value = text("%needle%");
	LdbExpr *expr = leaf(LDB_EXPR_LIKE, LDB_DOMAIN_TEXT, 0, &value, 1);
	const LdbType *type = type_of(LDB_TYPE_STRING);
	const char *rows[ROWS];
	LdbArray column;
	LdbBatch batch = {.row_count = ROWS, .column_count = 1, .columns = &column, .arena = arena};
	uint32_t kept[ROWS];
	size_t count;
	LdbFilter *filter;
	LdbError err;

	(void) state;
	for (int i = 0; i < ROWS; i++)
	{
		char *row = malloc(LENGTH + 1);

		memset(row, 'n', LENGTH);
		row[LENGTH] = '\0';
		/* around the end of a step of 256 KiB, and at the very end */
		if (i < 10)
			memcpy(row + 262144 * 2 - 9 + i, "needle", 6);
		else if (i == 10)
			memcpy(row + LENGTH - 6, "needle", 6);
		rows[i] = row;
	}
	column = texts_of(LDB_TYPE_STRING, rows, ROWS);
	assert_int_equal(ldb_filter_new(expr, &type, 1, &cancel, &filter, &err), LDB_OK);
	assert_int_equal(ldb_filter_select(filter, &batch, kept, &count, &err), LDB_OK);
	assert_int_equal(count, 11);
	for (uint32_t i = 0; i < 11; i++)
		assert_int_equal(kept[i], i);
	assert_true(polls > 3 * ROWS);
	ldb_filter_free(filter);
	for (int i = 0; i < ROWS; i++)
		free((char *) rows[i]);
}

/* What a pattern takes in memory is a small multiple of its length at most. */
static void
a_long_pattern_takes_little_memory(void **state)
{
	size_t length = 4 * 1024 * 1024;
	char *pattern = malloc(length + 1);
	LdbScalar value;
	LdbFilterNode node = {.type = type_of(LDB_TYPE_STRING)};
	LdbArena *small = ldb_arena_new(2 * length);
	LdbError err;

	(void) state;
	memset(pattern, '_', length);
	pattern[length] = '\0';
	value = text(pattern);
	assert_int_equal(
		ldb_like_prepare(leaf(LDB_EXPR_LIKE, LDB_DOMAIN_TEXT, 0, &value, 1), &node, small, &err),
		LDB_OK);
	ldb_arena_free(small);
	free(pattern);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(percent_stands_for_any_text_and_underscore_for_a_character),
		TEST(backslash_takes_the_next_character_as_it_is),
		TEST(a_pattern_that_ends_with_its_escape_is_refused),
		TEST(a_character_of_utf8_is_one_character),
		TEST(binaries_match_by_bytes),
		TEST(null_rows_are_unknown_and_not_like_is_the_opposite),
		TEST(random_patterns_agree_with_the_definition),
		TEST(a_hard_pattern_can_be_cancelled),
		TEST(a_long_pattern_takes_little_memory),
		TEST(long_texts_are_searched_in_steps_that_can_be_cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
