/* test_key_journal.c -- keys that were added are found again, all of them and no others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "ldb/base/arena.h"
#include "ldb/query/key_journal.h"

static LdbSlice
name(char *room, unsigned number)
{
	return ldb_slice(room, (size_t) snprintf(room, 32, "key %u", number));
}

static void
add(LdbKeyJournal *journal, unsigned key, uint64_t number)
{
	char room[32];
	LdbError err;

	assert_int_equal(
		ldb_key_journal_add(journal, name(room, key), (LdbKeyEntry){number, (uint32_t) key}, &err),
		LDB_OK);
}

static LdbKeyJournal *
new_journal(void)
{
	LdbKeyJournal *journal;
	LdbError err;

	assert_int_equal(ldb_key_journal_new(&journal, &err), LDB_OK);
	return journal;
}

static void
every_row_with_a_key_is_found(void **state)
{
	LdbKeyJournal *journal = new_journal();
	char room[32];

	(void) state;
	for (unsigned i = 0; i < 30000; i++)
		add(journal, i % 10000, i);
	for (unsigned key = 0; key < 10000; key++)
	{
		const LdbKeyEntry *entry;
		uint64_t seen = 0;
		size_t place = 0;

		while ((entry = ldb_key_journal_next(journal, name(room, key), &place)) != NULL)
		{
			assert_int_equal(entry->command, key);
			assert_int_equal(entry->number % 10000, key);
			seen |= UINT64_C(1) << (entry->number / 10000);
		}
		assert_int_equal(seen, 7);
	}
	ldb_key_journal_free(journal);
}

static void
other_keys_are_not_found(void **state)
{
	LdbKeyJournal *journal = new_journal();
	char room[32];
	size_t place = 0;

	(void) state;
	assert_null(ldb_key_journal_next(journal, name(room, 1), &place));
	for (unsigned i = 0; i < 1000; i++)
		add(journal, i, i);
	for (unsigned key = 1000; key < 2000; key++)
	{
		place = 0;
		assert_null(ldb_key_journal_next(journal, name(room, key), &place));
	}
	ldb_key_journal_free(journal);
}

static void
entries_come_in_the_order_in_which_they_were_added(void **state)
{
	LdbKeyJournal *journal = new_journal();
	char room[32];

	(void) state;
	for (unsigned i = 0; i < 200; i++)
		add(journal, i, 3 * i);
	assert_int_equal(ldb_key_journal_count(journal), 200);
	for (unsigned i = 0; i < 200; i++)
	{
		LdbSlice key;

		assert_int_equal(ldb_key_journal_entry(journal, i, &key)->number, 3 * i);
		assert_true(ldb_slice_equal(key, name(room, i)));
	}
	ldb_key_journal_free(journal);
}

static void
a_cleared_journal_is_empty_and_takes_no_memory(void **state)
{
	LdbKeyJournal *journal = new_journal();
	char room[32];
	size_t place = 0;

	(void) state;
	add(journal, 1, 1);
	assert_true(ldb_key_journal_bytes(journal) > 0);
	ldb_key_journal_clear(journal);
	assert_int_equal(ldb_key_journal_bytes(journal), 0);
	assert_null(ldb_key_journal_next(journal, name(room, 1), &place));
	add(journal, 2, 2);
	assert_int_equal(ldb_key_journal_next(journal, name(room, 2), &place)->number, 2);
	ldb_key_journal_free(journal);
}

static void
no_memory_is_an_error_and_loses_no_key(void **state)
{
	LdbKeyJournal *journal = new_journal();
	char room[32];
	unsigned added = 0;

	(void) state;
	for (unsigned i = 0; i < 500; i++)
	{
		LdbError err;

		ldb_heap_fail_after(1);
		if (ldb_key_journal_add(journal, name(room, i), (LdbKeyEntry){i, 0}, &err) != LDB_OK)
		{
			assert_int_equal(err.status, LDB_NOMEM);
			ldb_heap_fail_after(0);
			assert_int_equal(ldb_key_journal_count(journal), added);
			add(journal, i, i);
		}
		added++;
	}
	ldb_heap_fail_after(0);
	for (unsigned i = 0; i < 500; i++)
	{
		size_t place = 0;

		assert_int_equal(ldb_key_journal_next(journal, name(room, i), &place)->number, i);
	}
	ldb_key_journal_free(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_with_a_key_is_found),
		cmocka_unit_test(other_keys_are_not_found),
		cmocka_unit_test(entries_come_in_the_order_in_which_they_were_added),
		cmocka_unit_test(a_cleared_journal_is_empty_and_takes_no_memory),
		cmocka_unit_test(no_memory_is_an_error_and_loses_no_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
