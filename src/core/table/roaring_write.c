/* roaring_write.c -- writes sets of 32-bit numbers in the portable Roaring format. */
#include "roaring.h"

#include <string.h>

#include "ldb/base/bitmap.h"

/* Source: RoaringFormatSpec, "portable" layout without runs. */
#define COOKIE_NO_RUNS 12346u
#define CONTAINER_BITS ((uint64_t) 65536)
#define BITMAP_BYTES ((size_t) 8192)
#define ARRAY_LIMIT 4096u

typedef struct Source
{
	const uint8_t *bits;
	uint64_t bit_count;
} Source;

static size_t
bits_of(const Source *source, uint64_t key)
{
	uint64_t left = source->bit_count - key * CONTAINER_BITS;

	return (size_t) (left < CONTAINER_BITS ? left : CONTAINER_BITS);
}

static size_t
count_of(const Source *source, uint64_t key)
{
	return ldb_bitmap_count(source->bits, (size_t) (key * CONTAINER_BITS), bits_of(source, key));
}

static size_t
bytes_of(size_t cardinality)
{
	return cardinality <= ARRAY_LIMIT ? cardinality * 2 : BITMAP_BYTES;
}

static void
store_u16(uint8_t *at, size_t value)
{
	uint16_t narrow = (uint16_t) value;

	memcpy(at, &narrow, sizeof narrow);
}

static void
store_u32(uint8_t *at, size_t value)
{
	uint32_t narrow = (uint32_t) value;

	memcpy(at, &narrow, sizeof narrow);
}

static void
write_container(const Source *source, uint64_t key, size_t cardinality, uint8_t *to)
{
	size_t count = bits_of(source, key);
	size_t first = (size_t) (key * CONTAINER_BITS);

	if (cardinality > ARRAY_LIMIT)
	{
		memset(to, 0, BITMAP_BYTES);
		ldb_bitmap_copy(to, 0, source->bits, first, count);
		return;
	}
	for (size_t i = 0; i < count; i++)
	{
		if (!ldb_bit_get(source->bits, first + i))
			continue;
		store_u16(to, i);
		to += 2;
	}
}

LdbStatus
ldb_roaring_encode(const uint8_t *bits, uint64_t bit_count, LdbArena *arena, LdbSlice *bytes,
				   LdbError *err)
{
	Source source = {bits, bit_count};
	uint64_t keys = bit_count / CONTAINER_BITS + (bit_count % CONTAINER_BITS != 0);
	size_t containers = 0, body = 0, at, header;
	uint8_t *result;

	for (uint64_t key = 0; key < keys; key++)
	{
		size_t cardinality = count_of(&source, key);

		containers += cardinality > 0;
		body += bytes_of(cardinality);
	}
	header = 8 + containers * 8;
	LDB_NEW(arena, result, header + body, err);
	store_u32(result, COOKIE_NO_RUNS);
	store_u32(result + 4, containers);
	at = header;
	for (uint64_t key = 0, i = 0; key < keys; key++)
	{
		size_t cardinality = count_of(&source, key);

		if (cardinality == 0)
			continue;
		store_u16(result + 8 + i * 4, (size_t) key);
		store_u16(result + 10 + i * 4, cardinality - 1);
		store_u32(result + 8 + containers * 4 + i * 4, at);
		write_container(&source, key, cardinality, result + at);
		at += bytes_of(cardinality);
		i++;
	}
	*bytes = ldb_slice(result, at);
	return LDB_OK;
}
