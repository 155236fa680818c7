/* test_pool.c -- who runs, which error comes back, and which signals threads may get. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "ldb/base/arena.h"
#include "ldb/base/pool.h"

enum
{
	THREADS = 6
};

typedef struct Trace
{
	atomic_int calls[THREADS];
	pthread_t caller;
	bool zero_is_caller;
	bool others_are_not;
	sigset_t masks[THREADS];
} Trace;

static LdbStatus
note_call(void *context, int worker, const atomic_bool *stop, LdbError *err)
{
	Trace *trace = context;
	bool is_caller = pthread_equal(pthread_self(), trace->caller);

	(void) err;
	atomic_fetch_add(&trace->calls[worker], 1);
	pthread_sigmask(SIG_SETMASK, NULL, &trace->masks[worker]);
	if (worker == 0)
		trace->zero_is_caller = is_caller;
	else if (is_caller)
		trace->others_are_not = false;
	return atomic_load(stop) ? LDB_CANCELLED : LDB_OK;
}

static int
thread_count_now(void)
{
	DIR *tasks = opendir("/proc/self/task");
	int count = 0;

	for (struct dirent *entry = readdir(tasks); entry != NULL; entry = readdir(tasks))
		count += entry->d_name[0] != '.';
	closedir(tasks);
	return count;
}

static void
runs_every_worker_once_with_the_caller_as_number_0(void **state)
{
	LdbError err = {0};
	Trace trace = {.caller = pthread_self(), .others_are_not = true};

	(void) state;
	assert_int_equal(ldb_pool_run(THREADS, note_call, &trace, &err), LDB_OK);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(atomic_load(&trace.calls[i]), 1);
	assert_true(trace.zero_is_caller);
	assert_true(trace.others_are_not);
}

static void
blocks_signals_in_its_threads_but_those_of_faults(void **state)
{
	Trace trace = {.caller = pthread_self()};
	sigset_t before;
	sigset_t after;

	(void) state;
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	assert_int_equal(ldb_pool_run(THREADS, note_call, &trace, NULL), LDB_OK);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	for (int number = 1; number < 32; number++)
	{
		bool fault = number == SIGBUS || number == SIGSEGV || number == SIGFPE || number == SIGILL;

		assert_int_equal(sigismember(&after, number), sigismember(&before, number));
		assert_int_equal(sigismember(&trace.masks[0], number), sigismember(&before, number));
		if (number == SIGKILL || number == SIGSTOP)
			continue;
		for (int i = 1; i < THREADS; i++)
			assert_int_equal(sigismember(&trace.masks[i], number), fault ? 0 : 1);
	}
}

static LdbStatus
count_threads(void *context, int worker, const atomic_bool *stop, LdbError *err)
{
	(void) worker;
	(void) stop;
	(void) err;
	*(int *) context = thread_count_now();
	return LDB_OK;
}

static void
starts_no_thread_for_one_worker_and_leaves_none_behind(void **state)
{
	Trace trace = {.caller = pthread_self()};
	int before;
	int count = 0;

	(void) state;
	/* A sanitizer may start a thread of its own with the first one. */
	assert_int_equal(ldb_pool_run(2, note_call, &trace, NULL), LDB_OK);
	before = thread_count_now();
	assert_int_equal(ldb_pool_run(1, count_threads, &count, NULL), LDB_OK);
	assert_int_equal(count, before);
	for (int i = 0; i < 50; i++)
		assert_int_equal(ldb_pool_run(THREADS, note_call, &trace, NULL), LDB_OK);
	/* A joined thread may stay listed for an instant. */
	for (int i = 0; i < 1000 && thread_count_now() != before; i++)
		sched_yield();
	assert_int_equal(thread_count_now(), before);
}

static LdbStatus
fail_in_three(void *context, int worker, const atomic_bool *stop, LdbError *err)
{
	const struct timespec nap = {0, 1000000};

	(void) context;
	if (worker == 3)
		LDB_FAIL(err, LDB_CORRUPT, "worker 3 met a broken page");
	/* Everybody else waits for the news; a pool that never tells hangs the test. */
	while (!atomic_load(stop))
		nanosleep(&nap, NULL);
	LDB_FAIL(err, LDB_CANCELLED, "worker %d was stopped", worker);
}

static void
gives_the_first_error_and_tells_the_others_to_stop(void **state)
{
	LdbError err = {0};

	(void) state;
	assert_int_equal(ldb_pool_run(THREADS, fail_in_three, NULL, &err), LDB_CORRUPT);
	assert_int_equal(err.status, LDB_CORRUPT);
	assert_string_equal(err.message, "worker 3 met a broken page");
	assert_int_equal(ldb_pool_run(THREADS, fail_in_three, NULL, NULL), LDB_CORRUPT);
}

/* No system has room for such a stack. */
static void
works_alone_where_the_system_refuses_threads(void **state)
{
	Trace trace = {.caller = pthread_self()};
	pthread_attr_t usual, huge;

	(void) state;
	assert_int_equal(pthread_getattr_default_np(&usual), 0);
	assert_int_equal(pthread_attr_init(&huge), 0);
	assert_int_equal(pthread_attr_setstacksize(&huge, (size_t) 1 << 46), 0);
	assert_int_equal(pthread_setattr_default_np(&huge), 0);
	assert_int_equal(ldb_pool_run(THREADS, note_call, &trace, NULL), LDB_OK);
	assert_int_equal(pthread_setattr_default_np(&usual), 0);
	pthread_attr_destroy(&huge);
	assert_int_equal(atomic_load(&trace.calls[0]), 1);
	for (int i = 1; i < THREADS; i++)
		assert_int_equal(atomic_load(&trace.calls[i]), 0);
}

static LdbStatus
fail_at_once(void *context, int worker, const atomic_bool *stop, LdbError *err)
{
	(void) context;
	(void) stop;
	LDB_FAIL(err, LDB_IO, "worker %d", worker);
}

static void
gives_the_error_of_a_lone_worker(void **state)
{
	LdbError err = {0};

	(void) state;
	assert_int_equal(ldb_pool_run(1, fail_at_once, NULL, &err), LDB_IO);
	assert_string_equal(err.message, "worker 0");
}

static void
refuses_an_empty_pool_and_reports_missing_memory(void **state)
{
	LdbError err = {0};
	Trace trace = {.caller = pthread_self()};

	(void) state;
	assert_int_equal(ldb_pool_run(0, note_call, &trace, &err), LDB_INVALID);
	ldb_heap_fail_after(1);
	assert_int_equal(ldb_pool_run(2, note_call, &trace, &err), LDB_NOMEM);
	assert_int_equal(atomic_load(&trace.calls[0]), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_every_worker_once_with_the_caller_as_number_0),
		cmocka_unit_test(blocks_signals_in_its_threads_but_those_of_faults),
		cmocka_unit_test(starts_no_thread_for_one_worker_and_leaves_none_behind),
		cmocka_unit_test(gives_the_first_error_and_tells_the_others_to_stop),
		cmocka_unit_test(works_alone_where_the_system_refuses_threads),
		cmocka_unit_test(gives_the_error_of_a_lone_worker),
		cmocka_unit_test(refuses_an_empty_pool_and_reports_missing_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
