/* encode_split.c -- takes the bytes of values apart. */
#include "encode_split.h"

void
ldb_split_encode(const void *values, size_t width, size_t count, uint8_t *out)
{
	const uint8_t *from = values;

	for (size_t byte = 0; byte < width; byte++)
	{
		uint8_t *stream = out + byte * count;

		for (size_t i = 0; i < count; i++)
			stream[i] = from[i * width + byte];
	}
}
