/* encode_variable.c -- lays out strings and binaries behind their offsets. */
#include "encode_variable.h"

#include <string.h>

uint64_t
ldb_variable_sum(const LdbSlice *values, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += values[i].length;
	return sum;
}

size_t
ldb_variable_longest(const LdbSlice *values, size_t count)
{
	size_t longest = 0;

	for (size_t i = 0; i < count; i++)
		if (values[i].length > longest)
			longest = values[i].length;
	return longest;
}

static uint8_t *
put_word(unsigned bits, uint64_t word, uint8_t *out)
{
	memcpy(out, &word, bits / 8);
	return out + bits / 8;
}

static uint8_t *
put_offsets(unsigned offset_bits, uint64_t first, const LdbSlice *values, size_t count,
			uint8_t *out)
{
	out = put_word(offset_bits, first, out);
	for (size_t i = 0; i < count; i++)
	{
		first += values[i].length;
		out = put_word(offset_bits, first, out);
	}
	return out;
}

static uint8_t *
put_bytes(const LdbSlice *values, size_t count, uint8_t *out)
{
	for (size_t i = 0; i < count; i++)
	{
		if (values[i].length > 0)
			memcpy(out, values[i].data, values[i].length);
		out += values[i].length;
	}
	return out;
}

uint64_t
ldb_variable_chunk_bytes(unsigned offset_bits, uint64_t count, uint64_t sum)
{
	uint64_t word = offset_bits / 8;

	return ((count + 1) * word + sum + word - 1) / word * word;
}

void
ldb_variable_encode_chunk(unsigned offset_bits, const LdbSlice *values, size_t count, uint8_t *out)
{
	size_t word = offset_bits / 8;
	uint8_t *start = out;

	out = put_offsets(offset_bits, (count + 1) * word, values, count, out);
	out = put_bytes(values, count, out);
	memset(out, 0, (word - (size_t) (out - start) % word) % word);
}

uint64_t
ldb_variable_block_bytes(unsigned offset_bits, uint64_t count, uint64_t sum)
{
	return (count + 3) * (offset_bits / 8) + sum;
}

void
ldb_variable_encode_block(unsigned offset_bits, const LdbSlice *values, size_t count, uint8_t *out)
{
	out = put_word(offset_bits, offset_bits, out);
	out = put_word(offset_bits, (count + 3) * (offset_bits / 8), out);
	out = put_offsets(offset_bits, 0, values, count, out);
	put_bytes(values, count, out);
}
