/* bitmap.c -- copies, sets and counts runs of bits, a word at a time where it can. */
#include "ldb/base/bitmap.h"

#include <string.h>

static void
copy_bits_one_by_one(uint8_t *to, size_t to_bit, const uint8_t *from, size_t from_bit, size_t count)
{
	for (size_t i = 0; i < count; i++)
	{
		if (ldb_bit_get(from, from_bit + i))
			ldb_bit_set(to, to_bit + i);
		else
			ldb_bit_clear(to, to_bit + i);
	}
}

/* Whole bytes to a byte boundary from bit `shift` (1 to 7) of from. */
static void
copy_shifted_bytes(uint8_t *to, const uint8_t *from, unsigned shift, size_t byte_count)
{
	size_t done = 0;

	for (; byte_count - done >= 8; done += 8)
	{
		/* 64 bits that start inside a byte end inside the ninth, so reading it is in bounds. */
		uint64_t word = ldb_load_u64(from + done) >> shift;

		word |= (uint64_t) from[done + 8] << (64 - shift);
		memcpy(to + done, &word, sizeof word);
	}
	for (; done < byte_count; done++)
		to[done] = (uint8_t) ((from[done] >> shift) | (from[done + 1] << (8 - shift)));
}

static size_t
bits_to_boundary(size_t bit, size_t count)
{
	size_t head = -bit & 7;

	return head < count ? head : count;
}

void
ldb_bitmap_copy(uint8_t *to, size_t to_bit, const uint8_t *from, size_t from_bit, size_t count)
{
	size_t head = bits_to_boundary(to_bit, count);
	size_t bytes;

	copy_bits_one_by_one(to, to_bit, from, from_bit, head);
	to_bit += head;
	from_bit += head;
	count -= head;
	bytes = count / 8;
	if (bytes > 0 && from_bit % 8 == 0)
		memcpy(to + to_bit / 8, from + from_bit / 8, bytes);
	else if (bytes > 0)
		copy_shifted_bytes(to + to_bit / 8, from + from_bit / 8, (unsigned) (from_bit % 8), bytes);
	copy_bits_one_by_one(to, to_bit + bytes * 8, from, from_bit + bytes * 8, count % 8);
}

void
ldb_bitmap_fill(uint8_t *bits, size_t first_bit, size_t count)
{
	size_t head = bits_to_boundary(first_bit, count);
	size_t bytes = (count - head) / 8;

	for (size_t i = 0; i < head; i++)
		ldb_bit_set(bits, first_bit + i);
	if (bytes > 0)
		memset(bits + (first_bit + head) / 8, 0xff, bytes);
	for (size_t i = head + bytes * 8; i < count; i++)
		ldb_bit_set(bits, first_bit + i);
}

size_t
ldb_bitmap_count(const uint8_t *bits, size_t first_bit, size_t count)
{
	size_t head = bits_to_boundary(first_bit, count);
	size_t bytes = (count - head) / 8;
	const uint8_t *at = count == 0 ? bits : bits + (first_bit + head) / 8;
	size_t done = 0;
	size_t ones = 0;

	for (size_t i = 0; i < head; i++)
		ones += ldb_bit_get(bits, first_bit + i);
	for (; bytes - done >= 8; done += 8)
		ones += (size_t) __builtin_popcountll(ldb_load_u64(at + done));
	for (; done < bytes; done++)
		ones += (size_t) __builtin_popcount(at[done]);
	for (size_t i = head + bytes * 8; i < count; i++)
		ones += ldb_bit_get(bits, first_bit + i);
	return ones;
}
