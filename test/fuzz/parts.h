/*
 * parts.h -- inputs made of several parts: each a 16-bit length and as many bytes.
 *
 * The last part may be cut short: every input is valid.
 */
#ifndef TEST_FUZZ_PARTS_H
#define TEST_FUZZ_PARTS_H

#include "fuzz.h"

#define FUZZ_MOST_PARTS 256
#define FUZZ_PART_BYTES 65535u

typedef struct FuzzParts
{
	size_t count;
	LdbSlice parts[FUZZ_MOST_PARTS];
	size_t next; /* for fuzz_next_part */
} FuzzParts;

static inline void
fuzz_split(LdbSlice input, FuzzParts *parts)
{
	parts->count = 0;
	parts->next = 0;
	while (input.length >= 2 && parts->count < FUZZ_MOST_PARTS)
	{
		size_t length = (size_t) fuzz_take(&input, 2);

		if (length > input.length)
			length = input.length;
		parts->parts[parts->count++] = ldb_slice(input.data, length);
		input.data += length;
		input.length -= length;
	}
}

/* The next part, empty when there are no more. */
static inline LdbSlice
fuzz_next_part(FuzzParts *parts)
{
	if (parts->next == parts->count)
		return ldb_slice(NULL, 0);
	return parts->parts[parts->next++];
}

#endif
