/* pool.c -- runs one function on several threads and waits for all of them. */
#include "ldb/base/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>

#include "ldb/base/arena.h"

typedef struct Job
{
	LdbPoolWork work;
	void *context;            /* borrowed from the caller */
	atomic_bool stop;         /* a worker failed; the others may end early */
	atomic_int first_failure; /* number of the worker that failed first, -1 = none */
} Job;

typedef struct Worker
{
	Job *job; /* borrowed from ldb_pool_run */
	int number;
	pthread_t thread;
	LdbError error;
} Worker;

static void *
run_worker(void *argument)
{
	Worker *worker = argument;
	Job *job = worker->job;
	LdbStatus status = job->work(job->context, worker->number, &job->stop, &worker->error);

	if (status != LDB_OK)
	{
		int none = -1;

		worker->error.status = status;
		atomic_compare_exchange_strong(&job->first_failure, &none, worker->number);
		atomic_store(&job->stop, true);
	}
	return NULL;
}

/* Signals that a thread raises by what it does itself must stay deliverable to it. */
static void
block_signals(sigset_t *before)
{
	sigset_t blocked;

	sigfillset(&blocked);
	sigdelset(&blocked, SIGBUS);
	sigdelset(&blocked, SIGSEGV);
	sigdelset(&blocked, SIGFPE);
	sigdelset(&blocked, SIGILL);
	pthread_sigmask(SIG_SETMASK, &blocked, before);
}

/* Gives how many were started. */
static int
start_threads(Worker *workers, int thread_count)
{
	sigset_t before;
	int started = 0;

	block_signals(&before);
	while (started + 1 < thread_count)
	{
		Worker *worker = &workers[started + 1];

		if (pthread_create(&worker->thread, NULL, run_worker, worker) != 0)
			break;
		started++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

LdbStatus
ldb_pool_run(int thread_count, LdbPoolWork work, void *context, LdbError *err)
{
	Job job = {.work = work, .context = context};
	Worker *workers;
	LdbStatus status = LDB_OK;
	int started;
	int failed;

	if (thread_count < 1)
		LDB_FAIL(err, LDB_INVALID, "a pool of %d threads cannot run", thread_count);
	atomic_init(&job.stop, false);
	atomic_init(&job.first_failure, -1);
	workers = ldb_heap_zalloc((size_t) thread_count * sizeof *workers);
	if (workers == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a pool of %d threads", thread_count);
	for (int i = 0; i < thread_count; i++)
	{
		workers[i].job = &job;
		workers[i].number = i;
	}
	started = start_threads(workers, thread_count);
	run_worker(&workers[0]);
	for (int i = 1; i <= started; i++)
		pthread_join(workers[i].thread, NULL);
	failed = atomic_load(&job.first_failure);
	if (failed >= 0)
	{
		status = workers[failed].error.status;
		if (err != NULL)
			*err = workers[failed].error;
	}
	ldb_heap_free(workers);
	return status;
}
