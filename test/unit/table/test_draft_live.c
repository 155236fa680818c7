/* test_draft_live.c -- a draft knows which rows are left, those of its base and its own. */
#include "table/draft_test.h"

static const LdbMark first = {1, 1};
static const LdbMark second = {2, 1};
static const LdbMark inner = {3, 2};

static bool
is_live(Bench *bench, uint64_t address)
{
	bool live;
	LdbError err;

	must(ldb_draft_row_is_live(bench->draft, address, &live, &err), &err);
	return live;
}

static uint64_t
address_of(Bench *bench, uint64_t number)
{
	uint64_t address;
	LdbError err;

	must(ldb_draft_row_address(bench->draft, number, &address, &err), &err);
	return address;
}

static void
delete_row(Bench *bench, uint64_t address, LdbMark mark)
{
	bool done;
	LdbError err;

	must(ldb_draft_delete(bench->draft, &address, 1, mark, &done, &err), &err);
	assert_true(done);
}

static void
rows_of_the_base_are_live_until_they_are_deleted(void **state)
{
	Bench bench;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_publish(&bench, 20, 10);
	bench_on_base(&bench, NULL);
	assert_true(is_live(&bench, ldb_row_address(1, 9)));
	assert_false(is_live(&bench, ldb_row_address(1, 10)));
	assert_false(is_live(&bench, ldb_row_address(7, 0)));
	delete_row(&bench, ldb_row_address(1, 9), first);
	assert_false(is_live(&bench, ldb_row_address(1, 9)));
	assert_true(is_live(&bench, ldb_row_address(1, 8)));
	assert_true(is_live(&bench, ldb_row_address(0, 9)));
	bench_close(&bench);
}

static void
added_rows_are_live_at_once_and_have_numbers_in_order(void **state)
{
	Bench bench;
	uint64_t number;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_publish(&bench, 20, 10);
	bench_on_base(&bench, NULL);
	assert_int_equal(ldb_draft_next_number(bench.draft), 0);
	number = add_row(&bench, 100, first);
	assert_int_equal(ldb_draft_next_number(bench.draft), number + 1);
	assert_true(is_live(&bench, address_of(&bench, number)));
	assert_false(is_live(&bench, address_of(&bench, number) + 1));
	delete_row(&bench, address_of(&bench, number), second);
	assert_false(is_live(&bench, address_of(&bench, number)));
	bench_close(&bench);
}

static void
a_rollback_takes_rows_and_gives_deleted_ones_back(void **state)
{
	Bench bench;
	uint64_t kept, lost, lost_address;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_publish(&bench, 20, 10);
	bench_on_base(&bench, NULL);
	kept = add_row(&bench, 100, first);
	lost = add_row(&bench, 101, inner);
	lost_address = address_of(&bench, lost);
	delete_row(&bench, ldb_row_address(0, 3), inner);
	delete_row(&bench, address_of(&bench, kept), inner);
	ldb_draft_roll_back(bench.draft, 2);
	assert_true(is_live(&bench, ldb_row_address(0, 3)));
	assert_true(is_live(&bench, address_of(&bench, kept)));
	assert_false(is_live(&bench, lost_address));
	assert_int_equal(ldb_draft_next_number(bench.draft), lost + 1);
	bench_close(&bench);
}

static void
nothing_is_live_after_truncate_but_what_came_later(void **state)
{
	Bench bench;
	uint64_t before, after;
	LdbError err;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_publish(&bench, 20, 10);
	bench_on_base(&bench, NULL);
	before = add_row(&bench, 100, first);
	must(ldb_draft_truncate(bench.draft, second, &err), &err);
	after = add_row(&bench, 101, (LdbMark){3, 1});
	assert_false(is_live(&bench, ldb_row_address(0, 0)));
	assert_false(is_live(&bench, address_of(&bench, before)));
	assert_true(is_live(&bench, address_of(&bench, after)));
	bench_close(&bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_of_the_base_are_live_until_they_are_deleted),
		cmocka_unit_test(added_rows_are_live_at_once_and_have_numbers_in_order),
		cmocka_unit_test(a_rollback_takes_rows_and_gives_deleted_ones_back),
		cmocka_unit_test(nothing_is_live_after_truncate_but_what_came_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
