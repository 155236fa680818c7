/*
 * fuzz.h -- what every fuzz target needs: a judge of statuses, and inputs made of several parts.
 *
 * A target fails by abort(), by a sanitizer's report, by taking too long or by taking too much
 * memory. Whatever bytes are read, an operation ends well or with a status that says whose fault
 * it was and a message.
 */
#ifndef TEST_FUZZ_FUZZ_H
#define TEST_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ldb/base/arena.h"
#include "ldb/base/error.h"
#include "ldb/base/slice.h"

/* What a target gives to one operation: far below what the process may take. */
#define FUZZ_ARENA_LIMIT ((size_t) 64 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_REQUIRE(condition)                                                            \
	do                                                                                     \
	{                                                                                      \
		if (!(condition))                                                                  \
		{                                                                                  \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                       \
		}                                                                                  \
	} while (0)

/* True when it went well. A failure must be one that bytes can cause, with a message. */
static inline bool
fuzz_judge(LdbStatus status, const LdbError *err)
{
	if (status == LDB_OK)
		return true;
	if (err->status != status || err->message[0] == '\0')
	{
		fprintf(stderr, "status %d came with an error of status %d: \"%s\"\n", (int) status,
				(int) err->status, err->message);
		abort();
	}
	switch (status)
	{
		case LDB_CORRUPT:
		case LDB_UNSUPPORTED:
		case LDB_NOMEM:
		case LDB_NOT_FOUND:
		case LDB_DENIED:
			return false;
		default:
			fprintf(stderr, "status %d is not the fault of bytes: %s\n", (int) status,
					err->message);
			abort();
	}
}

static inline LdbArena *
fuzz_arena(void)
{
	LdbArena *arena = ldb_arena_new(FUZZ_ARENA_LIMIT);

	FUZZ_REQUIRE(arena != NULL);
	return arena;
}

/* Reads each byte, so that a sanitizer sees a range that is not all there. */
static inline void
fuzz_touch(const void *data, size_t length)
{
	const uint8_t *bytes = data;
	volatile uint8_t sum = 0;

	for (size_t i = 0; i < length; i++)
		sum = (uint8_t) (sum + bytes[i]);
}

/* A copy of its own, so that the sanitizer sees a read behind its end. free() it. */
static inline uint8_t *
fuzz_copy(LdbSlice slice)
{
	uint8_t *copy = malloc(slice.length == 0 ? 1 : slice.length);

	FUZZ_REQUIRE(copy != NULL);
	if (slice.length > 0)
		memcpy(copy, slice.data, slice.length);
	return copy;
}

/* True when a name cannot lead out of the folder that it is joined to. */
static inline bool
fuzz_stays_below(const char *name)
{
	if (name[0] == '/')
		return false;
	for (const char *part = name; part != NULL; part = strchr(part, '/'))
	{
		size_t length;

		part += part != name;
		length = strcspn(part, "/");
		if ((length == 1 && part[0] == '.') || (length == 2 && memcmp(part, "..", 2) == 0))
			return false;
	}
	return true;
}

/* Numbers from the front of an input; zeros when it has run out. */
static inline uint64_t
fuzz_take(LdbSlice *input, size_t bytes)
{
	uint64_t value = 0;

	if (bytes > input->length)
		bytes = input->length;
	if (bytes == 0)
		return 0;
	memcpy(&value, input->data, bytes);
	input->data += bytes;
	input->length -= bytes;
	return value;
}

#endif
