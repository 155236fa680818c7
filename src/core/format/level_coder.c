/* level_coder.c -- repetition and definition levels as blocks: packed, or as runs. */
#include "encode_bitpack.h"
#include "encode_rle.h"
#include "leaf_writer.h"

#define LEVEL_BITS 16u
#define LEVEL_BYTES sizeof(uint16_t)

LdbLevelCoder
ldb_level_coder(const uint16_t *levels, uint16_t max, size_t count, int version)
{
	LdbLevelCoder coder = {levels, ldb_bit_width(LEVEL_BITS, &max, 1), false};
	size_t packed = ldb_bitpack_outline_bytes(LEVEL_BITS, coder.bits, count);
	size_t most = packed / (LEVEL_BYTES + 1);

	if (levels != NULL && version >= 22 && most > 0)
		coder.runs = ldb_rle_count(levels, LEVEL_BYTES, count, most) < most;
	return coder;
}

size_t
ldb_level_coder_bytes(const LdbLevelCoder *coder, size_t first, size_t count)
{
	if (coder->levels == NULL)
		return 0;
	if (!coder->runs)
		return ldb_bitpack_outline_bytes(LEVEL_BITS, coder->bits, count);
	return ldb_rle_block_bytes(ldb_rle_count(coder->levels + first, LEVEL_BYTES, count, count),
							   LEVEL_BYTES);
}

void
ldb_level_coder_put(const LdbLevelCoder *coder, size_t first, size_t count, uint8_t *out)
{
	const uint16_t *levels;

	if (coder->levels == NULL)
		return;
	levels = coder->levels + first;
	if (coder->runs)
		ldb_rle_encode_block(levels, LEVEL_BYTES, count,
							 ldb_rle_count(levels, LEVEL_BYTES, count, count), out);
	else
		ldb_bitpack_outline_encode(LEVEL_BITS, coder->bits, levels, count, out);
}

LdbStatus
ldb_level_coder_message(const LdbLevelCoder *coder, LdbArena *arena, LdbEncoding **encoding,
						LdbError *err)
{
	if (coder->levels == NULL)
		return LDB_OK;
	if (coder->runs)
		return ldb_encoding_rle(arena, LEVEL_BITS, encoding, err);
	return ldb_encoding_outline_bitpacking(arena, LEVEL_BITS, coder->bits, encoding, err);
}
