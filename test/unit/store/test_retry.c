/* test_retry.c -- what is repeated, how long, and what becomes of a create nobody is sure about. */
#include "store/store_test.h"

#include <time.h>

static const LdbRetryPolicy quick = {
	.attempts = 4, .first_delay_ms = 1, .longest_delay_ms = 2, .budget_ms = 10000};

/* A store whose puts happen but may be reported as failed, as when an answer is lost. */
typedef struct ForgetfulStore
{
	LdbStore base;
	LdbStore *inner;
	int lost_answers;
	int puts;
	const char *rival; /* what another writer puts under the name first; NULL = nothing */
} ForgetfulStore;

static LdbStatus
forgetful_put(LdbStore *store, const char *name, LdbSlice bytes, LdbPutMode mode,
			  const LdbCancel *cancel, LdbError *err)
{
	ForgetfulStore *forgetful = (ForgetfulStore *) store;
	LdbStatus status;

	forgetful->puts++;
	if (forgetful->rival != NULL)
		put_text(forgetful->inner, name, forgetful->rival, LDB_PUT_CREATE, NULL);
	status = ldb_store_put(forgetful->inner, name, bytes, mode, cancel, err);
	if (forgetful->lost_answers-- > 0)
		LDB_FAIL(err, LDB_IO, "no answer");
	return status;
}

static LdbStatus
forgetful_get(LdbStore *store, const char *name, LdbRange range, LdbArena *arena, LdbSlice *bytes,
			  uint64_t *size, const LdbCancel *cancel, LdbError *err)
{
	return ldb_store_get(((ForgetfulStore *) store)->inner, name, range, arena, bytes, size, cancel,
						 err);
}

static LdbStatus
forgetful_head(LdbStore *store, const char *name, LdbArena *arena, LdbObjectInfo *info,
			   const LdbCancel *cancel, LdbError *err)
{
	return ldb_store_head(((ForgetfulStore *) store)->inner, name, arena, info, cancel, err);
}

static void
forgetful_close(LdbStore *store)
{
	ldb_store_close(((ForgetfulStore *) store)->inner);
}

static const LdbStoreOps forgetful_ops = {
	.kind = "forgetful",
	.get = forgetful_get,
	.put = forgetful_put,
	.head = forgetful_head,
	.close = forgetful_close,
};

static LdbStore *
wrap_forgetful(ForgetfulStore *forgetful)
{
	LdbStore *store;

	forgetful->base.ops = &forgetful_ops;
	assert_int_equal(ldb_store_open_memory(&forgetful->inner, NULL), LDB_OK);
	assert_int_equal(ldb_store_wrap_retry(&forgetful->base, &quick, &store, NULL), LDB_OK);
	return store;
}

static LdbStore *
wrap_faulty(const LdbRetryPolicy *policy, LdbStore **fault)
{
	LdbStore *inner;
	LdbStore *store;

	assert_int_equal(ldb_store_open_memory(&inner, NULL), LDB_OK);
	assert_int_equal(ldb_store_wrap_fault(inner, fault, NULL), LDB_OK);
	assert_int_equal(ldb_store_wrap_retry(*fault, policy, &store, NULL), LDB_OK);
	return store;
}

static void
repeats_every_kind_of_call(void **state)
{
	LdbRange range = WHOLE;
	LdbArena *arena = ldb_arena_new(0);
	LdbObjectInfo *objects;
	LdbObjectInfo info;
	LdbStore *fault;
	LdbStore *store = wrap_faulty(&quick, &fault);
	LdbSlice bytes;
	size_t count;

	(void) state;
	ldb_store_fault_after(fault, 1, false);
	assert_int_equal(put_text(store, "a", "x", LDB_PUT_CREATE, NULL), LDB_OK);
	ldb_store_fault_after(fault, 1, false);
	assert_int_equal(ldb_store_get(store, "a", WHOLE, arena, &bytes, NULL, NULL, NULL), LDB_OK);
	assert_true(ldb_slice_equal(bytes, ldb_slice_of("x")));
	ldb_store_fault_after(fault, 1, false);
	assert_int_equal(ldb_store_get_many(store, "a", &range, 1, arena, &bytes, NULL, NULL), LDB_OK);
	ldb_store_fault_after(fault, 1, false);
	assert_int_equal(ldb_store_head(store, "a", arena, &info, NULL, NULL), LDB_OK);
	ldb_store_fault_after(fault, 1, false);
	assert_int_equal(ldb_store_list(store, "", true, arena, &objects, &count, NULL, NULL), LDB_OK);
	assert_int_equal(count, 1);
	ldb_store_fault_after(fault, 1, false);
	assert_int_equal(ldb_store_remove(store, "a", NULL, NULL), LDB_OK);
	assert_null(store->ops->map);
	ldb_arena_free(arena);
	ldb_store_close(store);
}

static void
gives_up_after_its_attempts_and_says_how_many(void **state)
{
	LdbStore *fault;
	LdbStore *store = wrap_faulty(&quick, &fault);
	LdbError err = {0};

	(void) state;
	ldb_store_fault_after(fault, 1, true);
	assert_int_equal(put_text(store, "a", "x", LDB_PUT_REPLACE, &err), LDB_IO);
	assert_non_null(strstr(err.message, "gave up after 4 attempts: "));
	ldb_store_close(store);
}

static void
does_not_repeat_what_cannot_get_better(void **state)
{
	ForgetfulStore forgetful = {0};
	LdbStore *store = wrap_forgetful(&forgetful);
	LdbArena *arena = ldb_arena_new(0);
	LdbError err = {0};
	LdbSlice bytes;

	(void) state;
	assert_int_equal(put_text(store, "a", "x", LDB_PUT_CREATE, &err), LDB_OK);
	assert_int_equal(put_text(store, "a", "x", LDB_PUT_CREATE, &err), LDB_CONFLICT);
	assert_int_equal(forgetful.puts, 2);
	assert_int_equal(ldb_store_get(store, "b", WHOLE, arena, &bytes, NULL, NULL, &err),
					 LDB_NOT_FOUND);
	assert_null(strstr(err.message, "attempts"));
	ldb_arena_free(arena);
	ldb_store_close(store);
}

static void
takes_a_create_whose_answer_was_lost_for_done(void **state)
{
	ForgetfulStore forgetful = {.lost_answers = 1};
	LdbStore *store = wrap_forgetful(&forgetful);

	(void) state;
	assert_int_equal(put_text(store, "a", "mine", LDB_PUT_CREATE, NULL), LDB_OK);
	assert_int_equal(forgetful.puts, 2);
	assert_object(store, "a", "mine");
	ldb_store_close(store);
}

static void
sees_the_conflict_when_another_was_first_and_the_answer_was_lost(void **state)
{
	const char *rivals[] = {"else", "longer than mine", ""};

	(void) state;
	for (int i = 0; i < 3; i++)
	{
		ForgetfulStore forgetful = {.lost_answers = 1, .rival = rivals[i]};
		LdbStore *store = wrap_forgetful(&forgetful);
		LdbError err = {0};

		assert_int_equal(put_text(store, "a", "mine", LDB_PUT_CREATE, &err), LDB_CONFLICT);
		assert_string_equal(err.message, "\"a\" exists already");
		assert_object(store, "a", rivals[i]);
		ldb_store_close(store);
	}
}

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
starts_no_attempt_beyond_its_budget(void **state)
{
	const LdbRetryPolicy endless = {
		.attempts = 1000000, .first_delay_ms = 5, .longest_delay_ms = 20, .budget_ms = 150};
	LdbStore *fault;
	LdbStore *store = wrap_faulty(&endless, &fault);
	int64_t started = now_ms();

	(void) state;
	ldb_store_fault_after(fault, 1, true);
	assert_int_equal(put_text(store, "a", "x", LDB_PUT_REPLACE, NULL), LDB_IO);
	assert_in_range(now_ms() - started, 50, 5000);
	ldb_store_close(store);
}

static bool
stop_after_50_ms(void *context)
{
	return now_ms() - *(int64_t *) context > 50;
}

static void
wakes_up_when_cancelled(void **state)
{
	/* Full jitter may choose a short wait; a hundred thousand seconds in all it does not. */
	const LdbRetryPolicy slow = {.attempts = 3,
								 .first_delay_ms = 100000000,
								 .longest_delay_ms = 100000000,
								 .budget_ms = 2000000000};
	int64_t started = now_ms();
	const LdbCancel cancel = {.requested = stop_after_50_ms, .context = &started};
	LdbStore *fault;
	LdbStore *store = wrap_faulty(&slow, &fault);
	LdbError err = {0};

	(void) state;
	ldb_store_fault_after(fault, 1, true);
	assert_int_equal(ldb_store_put(store, "a", ldb_slice_of("x"), LDB_PUT_REPLACE, &cancel, &err),
					 LDB_CANCELLED);
	assert_int_equal(err.status, LDB_CANCELLED);
	assert_in_range(now_ms() - started, 50, 5000);
	ldb_store_close(store);
}

static void
refuses_a_policy_without_attempts(void **state)
{
	const LdbRetryPolicy none = {0};
	LdbStore *inner;
	LdbStore *store;

	(void) state;
	assert_int_equal(ldb_store_open_memory(&inner, NULL), LDB_OK);
	assert_int_equal(ldb_store_wrap_retry(inner, &none, &store, NULL), LDB_INVALID);
	ldb_store_close(inner);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repeats_every_kind_of_call),
		cmocka_unit_test(gives_up_after_its_attempts_and_says_how_many),
		cmocka_unit_test(does_not_repeat_what_cannot_get_better),
		cmocka_unit_test(takes_a_create_whose_answer_was_lost_for_done),
		cmocka_unit_test(sees_the_conflict_when_another_was_first_and_the_answer_was_lost),
		cmocka_unit_test(starts_no_attempt_beyond_its_budget),
		cmocka_unit_test(wakes_up_when_cancelled),
		cmocka_unit_test(refuses_a_policy_without_attempts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
