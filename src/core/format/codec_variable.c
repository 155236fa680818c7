/* codec_variable.c -- checks offsets and makes views of them. */
#include "codec_variable.h"

#include <inttypes.h>
#include <stdbool.h>

/* An offset table: where it lies, and what its offsets point into. */
typedef struct OffsetTable
{
	const uint8_t *offsets; /* value_count + 1 of them, checked */
	uint64_t offset_bits;
	uint64_t first_allowed;
	LdbSlice bytes;
} OffsetTable;

static uint64_t
offset_at(const OffsetTable *table, uint64_t i)
{
	if (table->offset_bits == 32)
		return ldb_load_u32(table->offsets + i * 4);
	return ldb_load_u64(table->offsets + i * 8);
}

static LdbStatus
make_views(const OffsetTable *table, uint64_t value_count, LdbSlice *views, LdbError *err)
{
	uint64_t start = offset_at(table, 0);

	if (start < table->first_allowed || start > table->bytes.length)
		LDB_FAIL(err, LDB_CORRUPT, "first value starts at byte %" PRIu64 " of %zu", start,
				 table->bytes.length);
	for (uint64_t i = 0; i < value_count; i++)
	{
		uint64_t end = offset_at(table, i + 1);

		if (end < start || end > table->bytes.length)
			LDB_FAIL(err, LDB_CORRUPT,
					 "value %" PRIu64 " lies from byte %" PRIu64 " to %" PRIu64 " of %zu", i, start,
					 end, table->bytes.length);
		views[i] = ldb_slice(table->bytes.data + start, (size_t) (end - start));
		start = end;
	}
	return LDB_OK;
}

static bool
offsets_fit(uint64_t bytes, uint64_t offset_bits, uint64_t value_count)
{
	return value_count < bytes / (offset_bits / 8);
}

static LdbStatus
check_offset_bits(uint64_t offset_bits, LdbError *err)
{
	if (offset_bits != 32 && offset_bits != 64)
		LDB_FAIL(err, LDB_CORRUPT, "offsets of %" PRIu64 " bits do not exist", offset_bits);
	return LDB_OK;
}

LdbStatus
ldb_variable_decode_chunk(LdbSlice buffer, uint64_t offset_bits, uint64_t value_count,
						  LdbSlice *views, LdbError *err)
{
	OffsetTable table = {buffer.data, offset_bits, 0, buffer};

	LDB_TRY(check_offset_bits(offset_bits, err));
	if (value_count == 0)
		return LDB_OK;
	if (!offsets_fit(buffer.length, offset_bits, value_count))
		LDB_FAIL(err, LDB_CORRUPT, "%zu bytes are too few for the offsets of %" PRIu64 " values",
				 buffer.length, value_count);
	table.first_allowed = (value_count + 1) * (offset_bits / 8);
	return make_views(&table, value_count, views, err);
}

/* Where the offsets start and where the bytes start. */
typedef struct BlockHeader
{
	uint64_t offset_bits;
	uint64_t offsets_start;
	uint64_t bytes_start;
} BlockHeader;

/*
 * Now: width and place as two words of that width (or two u64). Pre-release: u8 width, then count
 * and place as words; its count makes one of the bytes 1 to 3 non-zero, where today's are zero.
 */
static LdbStatus
parse_header(LdbSlice block, BlockHeader *header, LdbError *err)
{
	uint64_t word;
	bool old;

	if (block.length < 8)
		LDB_FAIL(err, LDB_CORRUPT, "block of %zu bytes has no header", block.length);
	old = (block.data[1] | block.data[2] | block.data[3]) != 0;
	header->offset_bits = block.data[0];
	LDB_TRY(check_offset_bits(header->offset_bits, err));
	word = header->offset_bits / 8;
	header->offsets_start = old ? 1 + 2 * word : 2 * word;
	if (block.length < header->offsets_start)
		LDB_FAIL(err, LDB_CORRUPT, "block of %zu bytes has no header", block.length);
	header->bytes_start = word == 4 ? ldb_load_u32(block.data + header->offsets_start - word)
									: ldb_load_u64(block.data + header->offsets_start - word);
	if (header->bytes_start < header->offsets_start || header->bytes_start > block.length)
		LDB_FAIL(err, LDB_CORRUPT, "values of a block of %zu bytes start at %" PRIu64, block.length,
				 header->bytes_start);
	return LDB_OK;
}

LdbStatus
ldb_variable_decode_block(LdbSlice block, uint64_t value_count, LdbArena *arena, LdbSlice **views,
						  LdbError *err)
{
	BlockHeader header;
	OffsetTable table = {NULL, 0, 0, {NULL, 0}};

	*views = NULL;
	LDB_TRY(parse_header(block, &header, err));
	if (!offsets_fit(header.bytes_start - header.offsets_start, header.offset_bits, value_count))
		LDB_FAIL(err, LDB_CORRUPT, "block has no room for the offsets of %" PRIu64 " values",
				 value_count);
	table.offsets = block.data + header.offsets_start;
	table.offset_bits = header.offset_bits;
	table.bytes =
		ldb_slice(block.data + header.bytes_start, block.length - (size_t) header.bytes_start);
	LDB_NEW(arena, *views, value_count, err);
	return make_views(&table, value_count, *views, err);
}
