/* pause.c -- how long a commit waits before it tries again. */
#include <time.h>

#include "ldb/table/commit.h"
#include "unique.h"

#define UNIT_MS 5
#define LONGEST_MS 2000
#define NAP_MS 10

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Any time up to a bound that doubles: writers that met once shall not meet again. */
static LdbStatus
choose_ms(int attempt, int64_t *delay_ms, LdbError *err)
{
	int64_t bound = UNIT_MS;
	uint64_t number;

	for (int i = 0; i < attempt && bound < LONGEST_MS; i++)
		bound *= 2;
	LDB_TRY(ldb_unique_number(&number, err));
	*delay_ms = (int64_t) (number % (uint64_t) (bound < LONGEST_MS ? bound : LONGEST_MS));
	return LDB_OK;
}

LdbStatus
ldb_commit_pause(int attempt, const LdbCancel *cancel, LdbError *err)
{
	int64_t delay_ms;
	int64_t until;

	LDB_TRY(choose_ms(attempt, &delay_ms, err));
	until = now_ms() + delay_ms;
	for (int64_t left = delay_ms; left > 0; left = until - now_ms())
	{
		struct timespec nap = {.tv_nsec = (left < NAP_MS ? left : NAP_MS) * 1000000};

		LDB_CHECK_CANCEL(cancel, err);
		nanosleep(&nap, NULL);
	}
	LDB_CHECK_CANCEL(cancel, err);
	return LDB_OK;
}
