/* retry.c -- a store that repeats calls of another which failed for a reason that may pass. */
#include <stdatomic.h>
#include <sys/random.h>
#include <time.h>

#include "ldb/store/store.h"

/* How long a wait may go on without a look at the cancel flag. */
#define NAP_MS 10

typedef struct RetryStore
{
	LdbStore base;
	LdbStore *inner; /* owned */
	LdbRetryPolicy policy;
} RetryStore;

/* One call and its repetitions. */
typedef struct Trial
{
	const LdbRetryPolicy *policy; /* borrowed from the store */
	const LdbCancel *cancel;      /* borrowed from the caller */
	int64_t started_ms;
	int attempts; /* made so far */
} Trial;

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static Trial
begin(LdbStore *store, const LdbCancel *cancel)
{
	return (Trial){
		.policy = &((RetryStore *) store)->policy, .cancel = cancel, .started_ms = now_ms()};
}

/* Between nothing and the bound: clients that failed together must not come back together. */
static int64_t
choose_delay(const Trial *trial)
{
	int64_t bound = trial->policy->first_delay_ms;
	uint64_t random = 0;

	for (int i = 1; i < trial->attempts && bound < trial->policy->longest_delay_ms; i++)
		bound *= 2;
	if (bound > trial->policy->longest_delay_ms)
		bound = trial->policy->longest_delay_ms;
	if (bound <= 0 || getrandom(&random, sizeof random, 0) != (ssize_t) sizeof random)
		return bound < 0 ? 0 : bound;
	return (int64_t) (random % ((uint64_t) bound + 1));
}

/* False when the caller asked to stop. */
static bool
wait_ms(int64_t delay_ms, const LdbCancel *cancel)
{
	int64_t until = now_ms() + delay_ms;

	for (int64_t left = delay_ms; left > 0; left = until - now_ms())
	{
		struct timespec nap = {.tv_nsec = (left < NAP_MS ? left : NAP_MS) * 1000000};

		if (ldb_cancelled(cancel))
			return false;
		nanosleep(&nap, NULL);
	}
	return !ldb_cancelled(cancel);
}

/* Called with the outcome of each attempt; true when there shall be another. *status may become
 * LDB_CANCELLED while it waits. */
static bool
try_again(Trial *trial, LdbStatus *status, LdbError *err)
{
	int64_t delay;

	trial->attempts++;
	if (*status != LDB_IO)
		return false;
	delay = choose_delay(trial);
	if (trial->attempts >= trial->policy->attempts ||
		now_ms() - trial->started_ms + delay > trial->policy->budget_ms)
	{
		if (trial->attempts > 1)
			ldb_error_prefix(err, "gave up after %d attempts", trial->attempts);
		return false;
	}
	if (wait_ms(delay, trial->cancel))
		return true;
	ldb_error_set(err, LDB_CANCELLED, "cancelled");
	*status = LDB_CANCELLED;
	return false;
}

static LdbStore *
inner_of(LdbStore *store)
{
	return ((RetryStore *) store)->inner;
}

static LdbStatus
get(LdbStore *store, const char *name, LdbRange range, LdbArena *arena, LdbSlice *bytes,
	uint64_t *size, const LdbCancel *cancel, LdbError *err)
{
	Trial trial = begin(store, cancel);
	LdbStatus status;

	do
		status = ldb_store_get(inner_of(store), name, range, arena, bytes, size, cancel, err);
	while (try_again(&trial, &status, err));
	return status;
}

static LdbStatus
get_many(LdbStore *store, const char *name, const LdbRange *ranges, size_t count, LdbArena *arena,
		 LdbSlice *bytes, const LdbCancel *cancel, LdbError *err)
{
	Trial trial = begin(store, cancel);
	LdbStatus status;

	do
		status =
			ldb_store_get_many(inner_of(store), name, ranges, count, arena, bytes, cancel, err);
	while (try_again(&trial, &status, err));
	return status;
}

static LdbStatus
list(LdbStore *store, const char *prefix, bool delimited, LdbArena *arena, LdbObjectInfo **objects,
	 size_t *count, const LdbCancel *cancel, LdbError *err)
{
	Trial trial = begin(store, cancel);
	LdbStatus status;

	do
		status =
			ldb_store_list(inner_of(store), prefix, delimited, arena, objects, count, cancel, err);
	while (try_again(&trial, &status, err));
	return status;
}

static LdbStatus
remove_object(LdbStore *store, const char *name, const LdbCancel *cancel, LdbError *err)
{
	Trial trial = begin(store, cancel);
	LdbStatus status;

	do
		status = ldb_store_remove(inner_of(store), name, cancel, err);
	while (try_again(&trial, &status, err));
	return status;
}

static LdbStatus
head(LdbStore *store, const char *name, LdbArena *arena, LdbObjectInfo *info,
	 const LdbCancel *cancel, LdbError *err)
{
	Trial trial = begin(store, cancel);
	LdbStatus status;

	do
		status = ldb_store_head(inner_of(store), name, arena, info, cancel, err);
	while (try_again(&trial, &status, err));
	return status;
}

static LdbStatus
map(LdbStore *store, const char *name, LdbMapping **mapping, const LdbCancel *cancel, LdbError *err)
{
	Trial trial = begin(store, cancel);
	LdbStatus status;

	do
		status = ldb_store_map(inner_of(store), name, mapping, cancel, err);
	while (try_again(&trial, &status, err));
	return status;
}

/* The writer is the inner store's own: see store.h. */
static LdbStatus
create(LdbStore *store, const char *name, const LdbCancel *cancel, LdbStoreWriter **writer,
	   LdbError *err)
{
	Trial trial = begin(store, cancel);
	LdbStatus status;

	do
		status = ldb_store_create(inner_of(store), name, cancel, writer, err);
	while (try_again(&trial, &status, err));
	return status;
}

/* Once: see store.h. */
static LdbStatus
settle(LdbStore *store, const char *const *names, size_t count, LdbStoreWriter *staged,
	   const LdbCancel *cancel, LdbError *err)
{
	return ldb_store_settle(inner_of(store), names, count, staged, cancel, err);
}

static LdbStatus
prune(LdbStore *store, const char *folder, bool unfinished, const LdbCancel *cancel, LdbError *err)
{
	Trial trial = begin(store, cancel);
	LdbStatus status;

	do
		status = ldb_store_prune(inner_of(store), folder, unfinished, cancel, err);
	while (try_again(&trial, &status, err));
	return status;
}

/* The size first: what another wrote under the name may be larger than memory. */
static LdbStatus
compare_stored(LdbStore *store, const char *name, LdbSlice bytes, LdbArena *arena, bool *same,
			   const LdbCancel *cancel, LdbError *err)
{
	LdbObjectInfo info = {0};
	LdbSlice stored;

	*same = false;
	LDB_TRY(head(store, name, arena, &info, cancel, err));
	if (info.size != bytes.length)
		return LDB_OK;
	LDB_TRY(get(store, name, (LdbRange){0, bytes.length}, arena, &stored, NULL, cancel, err));
	*same = ldb_slice_equal(stored, bytes);
	return LDB_OK;
}

/*
 * A create that failed may have happened all the same, and then the next attempt conflicts with
 * ourselves. Commits hold a random id, so equal bytes are our bytes.
 */
static LdbStatus
settle_conflict(LdbStore *store, const char *name, LdbSlice bytes, const LdbCancel *cancel,
				LdbError *err)
{
	/* Room for the bytes of each attempt to read them. */
	LdbArena *arena = ldb_arena_new(SIZE_MAX);
	bool same = false;
	LdbStatus status;

	if (arena == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory to read \"%s\" back", name);
	status = compare_stored(store, name, bytes, arena, &same, cancel, err);
	ldb_arena_free(arena);
	if (status == LDB_NOT_FOUND || (status == LDB_OK && !same))
		LDB_FAIL(err, LDB_CONFLICT, "\"%s\" exists already", name);
	return status;
}

static LdbStatus
put(LdbStore *store, const char *name, LdbSlice bytes, LdbPutMode mode, const LdbCancel *cancel,
	LdbError *err)
{
	Trial trial = begin(store, cancel);
	LdbStatus status;

	do
		status = ldb_store_put(inner_of(store), name, bytes, mode, cancel, err);
	while (try_again(&trial, &status, err));
	if (status == LDB_CONFLICT && ldb_put_creates(mode) && trial.attempts > 1)
		return settle_conflict(store, name, bytes, cancel, err);
	return status;
}

static void
close_retry(LdbStore *store)
{
	ldb_store_close(inner_of(store));
	ldb_heap_free(store);
}

#define RETRY_OPS                                                                              \
	.kind = "retry", .get = get, .get_many = get_many, .put = put, .list = list,               \
	.remove = remove_object, .head = head, .create = create, .settle = settle, .prune = prune, \
	.close = close_retry

static const LdbStoreOps ops_without_map = {RETRY_OPS};
static const LdbStoreOps ops_with_map = {RETRY_OPS, .map = map};

LdbStatus
ldb_store_wrap_retry(LdbStore *inner, const LdbRetryPolicy *policy, LdbStore **store, LdbError *err)
{
	RetryStore *retry;

	if (policy->attempts < 1)
		LDB_FAIL(err, LDB_INVALID, "a retry policy needs at least 1 attempt, not %d",
				 policy->attempts);
	retry = ldb_heap_zalloc(sizeof *retry);
	if (retry == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a store");
	retry->base.ops = inner->ops->map == NULL ? &ops_without_map : &ops_with_map;
	retry->inner = inner;
	retry->base.puts_late = inner->puts_late;
	retry->base.settles = inner->settles;
	retry->policy = *policy;
	*store = &retry->base;
	return LDB_OK;
}
