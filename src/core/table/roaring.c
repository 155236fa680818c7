/* roaring.c -- sets of 32-bit numbers in the portable Roaring format, read with every step checked. */
#include "roaring.h"

#include <inttypes.h>

#include "ldb/base/bitmap.h"

/* Source: RoaringFormatSpec, "portable" layout. */
#define COOKIE_NO_RUNS 12346u
#define COOKIE_RUNS 12347u
#define OFFSETS_FROM 4u /* with runs, offsets are stored from this many containers on */
#define MAX_CONTAINERS 65536u
#define ARRAY_LIMIT 4096u
#define BITMAP_BYTES 8192u

typedef struct Reader
{
	LdbSlice rest;
	size_t total;
	const char *name; /* borrowed */
	uint8_t *bits;    /* borrowed */
	uint64_t bit_count;
	uint64_t members;
} Reader;

typedef struct Header
{
	uint32_t container_count;
	LdbSlice run_flags;   /* empty = no run containers */
	LdbSlice descriptors; /* key and cardinality - 1 of each container */
} Header;

static LdbStatus
take(Reader *reader, uint64_t length, LdbSlice *part, LdbError *err)
{
	if (!ldb_slice_part(reader->rest, 0, length, part))
		LDB_FAIL(err, LDB_CORRUPT,
				 "deletion file \"%s\": %" PRIu64 " bytes are missing at byte %zu", reader->name,
				 length - reader->rest.length, reader->total);
	return ldb_slice_part(reader->rest, length, reader->rest.length - length, &reader->rest)
			   ? LDB_OK
			   : LDB_CORRUPT;
}

static size_t
position(const Reader *reader)
{
	return reader->total - reader->rest.length;
}

static LdbStatus
read_header(Reader *reader, Header *header, LdbError *err)
{
	LdbSlice part;
	uint32_t cookie;

	*header = (Header){0};
	LDB_TRY(take(reader, 4, &part, err));
	cookie = ldb_load_u32(part.data);
	if (cookie == COOKIE_NO_RUNS)
	{
		LDB_TRY(take(reader, 4, &part, err));
		header->container_count = ldb_load_u32(part.data);
	}
	else if ((cookie & 0xffff) == COOKIE_RUNS)
	{
		header->container_count = (cookie >> 16) + 1;
		LDB_TRY(take(reader, (header->container_count + 7) / 8, &header->run_flags, err));
	}
	else
		LDB_FAIL(err, LDB_CORRUPT,
				 "deletion file \"%s\" starts with %" PRIu32 ", which is not a Roaring bitmap",
				 reader->name, cookie);
	if (header->container_count > MAX_CONTAINERS)
		LDB_FAIL(err, LDB_CORRUPT, "deletion file \"%s\" claims %" PRIu32 " containers",
				 reader->name, header->container_count);
	LDB_TRY(take(reader, (uint64_t) header->container_count * 4, &header->descriptors, err));
	/* containers follow one another in order: their offsets add nothing */
	if (header->run_flags.length == 0 || header->container_count >= OFFSETS_FROM)
		LDB_TRY(take(reader, (uint64_t) header->container_count * 4, &part, err));
	return LDB_OK;
}

static LdbStatus
beyond_end(const Reader *reader, uint64_t row, LdbError *err)
{
	LDB_FAIL(err, LDB_CORRUPT,
			 "deletion file \"%s\": row %" PRIu64 " before byte %zu of a fragment of %" PRIu64
			 " rows",
			 reader->name, row, position(reader), reader->bit_count);
}

static LdbStatus
add_members(Reader *reader, uint64_t first, uint64_t count, LdbError *err)
{
	if (first + count > reader->bit_count)
		return beyond_end(reader, first < reader->bit_count ? reader->bit_count : first, err);
	ldb_bitmap_fill(reader->bits, (size_t) first, (size_t) count);
	reader->members += count;
	return LDB_OK;
}

static LdbStatus
not_ascending(const Reader *reader, LdbError *err)
{
	LDB_FAIL(err, LDB_CORRUPT, "deletion file \"%s\": numbers before byte %zu do not ascend",
			 reader->name, position(reader));
}

static LdbStatus
read_array(Reader *reader, uint64_t base, uint32_t cardinality, LdbError *err)
{
	LdbSlice values;
	int32_t previous = -1;

	LDB_TRY(take(reader, (uint64_t) cardinality * 2, &values, err));
	for (uint32_t i = 0; i < cardinality; i++)
	{
		uint16_t value = ldb_load_u16(values.data + (size_t) i * 2);

		if (value <= previous)
			return not_ascending(reader, err);
		previous = value;
		LDB_TRY(add_members(reader, base + value, 1, err));
	}
	return LDB_OK;
}

static LdbStatus
read_bitmap(Reader *reader, uint64_t base, uint32_t cardinality, LdbError *err)
{
	size_t rows = (size_t) BITMAP_BYTES * 8; /* up to the last member */
	LdbSlice words;

	LDB_TRY(take(reader, BITMAP_BYTES, &words, err));
	/* not 0, so there is a last member */
	if (ldb_bitmap_count(words.data, 0, rows) != cardinality)
		LDB_FAIL(err, LDB_CORRUPT,
				 "deletion file \"%s\": the container before byte %zu does not have its %" PRIu32
				 " members",
				 reader->name, position(reader), cardinality);
	while (!ldb_bit_get(words.data, rows - 1))
		rows--;
	if (base + rows > reader->bit_count)
		return beyond_end(reader, base + rows - 1, err);
	memcpy(reader->bits + base / 8, words.data, ldb_bitmap_bytes(rows));
	reader->members += cardinality;
	return LDB_OK;
}

static LdbStatus
read_runs(Reader *reader, uint64_t base, LdbError *err)
{
	LdbSlice part;
	uint32_t run_count;
	int64_t previous = -1;

	LDB_TRY(take(reader, 2, &part, err));
	run_count = ldb_load_u16(part.data);
	LDB_TRY(take(reader, (uint64_t) run_count * 4, &part, err));
	for (uint32_t i = 0; i < run_count; i++)
	{
		uint32_t start = ldb_load_u16(part.data + (size_t) i * 4);
		uint32_t last = start + ldb_load_u16(part.data + (size_t) i * 4 + 2);

		if ((int64_t) start <= previous || last > UINT16_MAX)
			return not_ascending(reader, err);
		previous = last;
		LDB_TRY(add_members(reader, base + start, last - start + 1, err));
	}
	return LDB_OK;
}

static LdbStatus
read_container(Reader *reader, const Header *header, uint32_t index, LdbError *err)
{
	const uint8_t *descriptor = header->descriptors.data + (size_t) index * 4;
	uint64_t base = (uint64_t) ldb_load_u16(descriptor) << 16;
	uint32_t cardinality = (uint32_t) ldb_load_u16(descriptor + 2) + 1;
	uint64_t before = reader->members;

	if (index > 0 && ldb_load_u16(descriptor) <= ldb_load_u16(descriptor - 4))
		return not_ascending(reader, err);
	if (header->run_flags.length > 0 && ldb_bit_get(header->run_flags.data, index))
		LDB_TRY(read_runs(reader, base, err));
	else if (cardinality <= ARRAY_LIMIT)
		LDB_TRY(read_array(reader, base, cardinality, err));
	else
		LDB_TRY(read_bitmap(reader, base, cardinality, err));
	if (reader->members - before != cardinality)
		LDB_FAIL(err, LDB_CORRUPT,
				 "deletion file \"%s\": container %" PRIu32 " has %" PRIu64
				 " members instead of %" PRIu32,
				 reader->name, index, reader->members - before, cardinality);
	return LDB_OK;
}

LdbStatus
ldb_roaring_decode(LdbSlice bytes, const char *name, uint8_t *bits, uint64_t bit_count,
				   uint64_t *count, LdbError *err)
{
	Reader reader = {bytes, bytes.length, name, bits, bit_count, 0};
	Header header;

	LDB_TRY(read_header(&reader, &header, err));
	for (uint32_t i = 0; i < header.container_count; i++)
		LDB_TRY(read_container(&reader, &header, i, err));
	*count = reader.members;
	return LDB_OK;
}
