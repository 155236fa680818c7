/*
 * read.h -- reads a dataset in every way there is and judges what comes out.
 */
#ifndef TEST_HOSTILE_READ_H
#define TEST_HOSTILE_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "ldb/store/location.h"

typedef struct ReadResult
{
	bool whole;         /* every row and column was read without an error */
	uint64_t rows;      /* of the latest version, read or not */
	uint64_t digest;    /* of all values, when whole */
	char message[1024]; /* the first error */
} ReadResult;

/* Aborts when something is neither right nor a clean error. */
void read_dataset(LdbLocations *locations, const char *uri, ReadResult *result);

#endif
