/* encode_rle.c -- finds runs of equal values. */
#include "encode_rle.h"

#include <stdbool.h>
#include <string.h>

static inline bool
same(const uint8_t *a, const uint8_t *b, size_t width)
{
	switch (width)
	{
		case 1:
			return *a == *b;
		case 2:
			return memcmp(a, b, 2) == 0;
		case 4:
			return memcmp(a, b, 4) == 0;
		case 8:
			return memcmp(a, b, 8) == 0;
		default:
			return memcmp(a, b, width) == 0;
	}
}

/* Values from `at` on that equal the first of them, at most as many as one run takes. */
static inline size_t
run_at(const uint8_t *at, size_t width, size_t left)
{
	size_t most = left < LDB_RLE_MOST ? left : LDB_RLE_MOST;
	size_t length = 1;

	while (length < most && same(at, at + length * width, width))
		length++;
	return length;
}

size_t
ldb_rle_count(const void *values, size_t width, size_t count, size_t most)
{
	const uint8_t *from = values;
	size_t runs = 0;

	for (size_t i = 0; i < count && runs <= most; runs++)
		i += run_at(from + i * width, width, count - i);
	return runs;
}

void
ldb_rle_encode(const void *values, size_t width, size_t count, uint8_t *run_values,
			   uint8_t *lengths)
{
	const uint8_t *from = values;

	for (size_t i = 0; i < count;)
	{
		size_t length = run_at(from + i * width, width, count - i);

		memcpy(run_values, from + i * width, width);
		run_values += width;
		*lengths++ = (uint8_t) length;
		i += length;
	}
}

void
ldb_rle_encode_block(const void *values, size_t width, size_t count, size_t run_count, uint8_t *out)
{
	uint64_t value_bytes = run_count * width;

	memcpy(out, &value_bytes, sizeof value_bytes);
	out += sizeof value_bytes;
	ldb_rle_encode(values, width, count, out, out + value_bytes);
}
