/* array20_fixed.c -- fixed-width values of a 2.0 page. */
#include "array20.h"

#include <inttypes.h>

#include "codec_bitpack.h"
#include "ldb/base/checked.h"

/* The bytes that hold the bits of each range. */
static LdbStatus
bit_ranges(const LdbPage20 *page, const LdbPick *pick, uint64_t bits, const LdbRowRange **bytes,
		   const LdbRowRange **bit_positions, LdbError *err)
{
	LdbPick scaled;
	LdbRowRange *ranges;

	LDB_TRY(ldb_pick_scale(page, pick, bits, &scaled, err));
	LDB_NEW(page->arena, ranges, pick->range_count, err);
	for (size_t i = 0; i < pick->range_count; i++)
	{
		uint64_t first = scaled.ranges[i].first;
		uint64_t end = first + scaled.ranges[i].count;

		ranges[i].first = first / 8;
		ranges[i].count = end / 8 + (end % 8 != 0) - first / 8;
	}
	*bytes = ranges;
	*bit_positions = scaled.ranges;
	return LDB_OK;
}

static LdbStatus
join_bytes(const LdbPage20 *page, const LdbSlice *slices, size_t count, const void **joined,
		   LdbError *err)
{
	size_t total = 0;
	uint8_t *out;
	size_t at = 0;

	for (size_t i = 0; i < count; i++)
		total += slices[i].length; /* each lies in the file: no overflow before memory is out */
	out = ldb_arena_alloc(page->arena, total);
	if (out == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu bytes of values", total);
	for (size_t i = 0; i < count; i++)
	{
		if (slices[i].length > 0)
			memcpy(out + at, slices[i].data, slices[i].length);
		at += slices[i].length;
	}
	*joined = out;
	return LDB_OK;
}

static LdbStatus
join_bits(const LdbPage20 *page, const LdbSlice *slices, const LdbRowRange *bit_positions,
		  size_t count, const void **joined, LdbError *err)
{
	size_t total = 0;
	uint8_t *out;
	size_t at = 0;

	for (size_t i = 0; i < count; i++)
		total += (size_t) bit_positions[i].count;
	LDB_NEW(page->arena, out, ldb_bitmap_bytes(total), err);
	for (size_t i = 0; i < count; i++)
	{
		ldb_bitmap_copy(out, at, slices[i].data, (size_t) (bit_positions[i].first % 8),
						(size_t) bit_positions[i].count);
		at += (size_t) bit_positions[i].count;
	}
	*joined = out;
	return LDB_OK;
}

/* Values of `bits` bits, end to end in a buffer. */
static LdbStatus
plain_values(const LdbPage20 *page, const LdbBufferName *name, uint64_t bits, const LdbPick *pick,
			 LdbFixed20 *out, LdbError *err)
{
	const LdbRowRange *bytes;
	const LdbRowRange *bit_positions;
	LdbSlice *slices;

	if (bits == 0)
		LDB_FAIL(err, LDB_CORRUPT, "values of 0 bits");
	out->bits = bits;
	LDB_TRY(bit_ranges(page, pick, bits, &bytes, &bit_positions, err));
	LDB_NEW(page->arena, slices, pick->range_count, err);
	LDB_TRY(ldb_page20_bytes(page, name, bytes, pick->range_count, slices, err));
	if (bits % 8 != 0)
		return join_bits(page, slices, bit_positions, pick->range_count, &out->values, err);
	if (pick->range_count == 1)
	{
		out->values = slices[0].data;
		return LDB_OK;
	}
	return join_bytes(page, slices, pick->range_count, &out->values, err);
}

/* Early files: a stream of narrow integers. */
static LdbStatus
bitpacked_values(const LdbPage20 *page, const Ldb__ArrayEncoding__Bitpacked *packed,
				 const LdbPick *pick, LdbFixed20 *out, LdbError *err)
{
	LdbBufferName name = {packed->buffer, NULL, packed};
	LdbFixed20 bits;
	LdbBitStream stream = {{NULL, 0},
						   packed->uncompressed_bits_per_value,
						   packed->compressed_bits_per_value,
						   packed->is_signed != 0};
	size_t narrow_bits;
	void *values;

	if (!ldb_bitpack_word_ok(stream.word_bits) || stream.packed_bits > stream.word_bits)
		LDB_FAIL(err, LDB_CORRUPT, "integers of %" PRIu64 " bits packed into %" PRIu64 " bits",
				 stream.word_bits, stream.packed_bits);
	LDB_TRY(plain_values(page, &name, stream.packed_bits, pick, &bits, err));
	if (!ldb_size_mul(pick->rows, stream.packed_bits, &narrow_bits))
		LDB_FAIL(err, LDB_CORRUPT, "%zu packed integers", pick->rows);
	stream.bytes = ldb_slice(bits.values, ldb_bitmap_bytes(narrow_bits));
	LDB_TRY(ldb_bitstream_decode(&stream, 0, pick->rows, page->arena, &values, err));
	out->bits = stream.word_bits;
	out->values = values;
	return LDB_OK;
}

/* Unpacks the blocks that a range touches, one after the other, and copies what is wanted. */
static void
unpack_range(LdbSlice blocks, LdbRowRange range, unsigned word_bits, unsigned packed_bits,
			 uint64_t *scratch, uint8_t *out)
{
	size_t word_bytes = word_bits / 8;
	size_t block_bytes = ldb_bitpack_block_bytes(packed_bits);
	size_t skip = (size_t) (range.first % LDB_BITPACK_BLOCK);
	const uint8_t *block = blocks.data;

	for (uint64_t left = range.count; left > 0;)
	{
		size_t take = LDB_BITPACK_BLOCK - skip;

		if (take > left)
			take = (size_t) left;
		ldb_bitunpack_1024(word_bits, packed_bits, block, scratch);
		memcpy(out, (const uint8_t *) scratch + skip * word_bytes, take * word_bytes);
		out += take * word_bytes;
		left -= take;
		skip = 0;
		block += block_bytes;
	}
}

static LdbStatus
block_values(const LdbPage20 *page, const Ldb__ArrayEncoding__BitpackedForNonNeg *packed,
			 const LdbPick *pick, LdbFixed20 *out, LdbError *err)
{
	LdbBufferName name = {packed->buffer, NULL, packed};
	uint64_t word_bits = packed->uncompressed_bits_per_value;
	uint64_t packed_bits = packed->compressed_bits_per_value;
	LdbRowRange *bytes;
	LdbSlice *slices;
	uint64_t *scratch;
	uint8_t *values;

	if (!ldb_bitpack_word_ok(word_bits) || packed_bits > word_bits)
		LDB_FAIL(err, LDB_CORRUPT, "integers of %" PRIu64 " bits packed into %" PRIu64 " bits",
				 word_bits, packed_bits);
	LDB_NEW(page->arena, bytes, pick->range_count, err);
	LDB_NEW(page->arena, slices, pick->range_count, err);
	for (size_t i = 0; i < pick->range_count; i++)
	{
		uint64_t first = pick->ranges[i].first / LDB_BITPACK_BLOCK;
		uint64_t last = (pick->ranges[i].first + pick->ranges[i].count - 1) / LDB_BITPACK_BLOCK;
		uint64_t block_bytes = ldb_bitpack_block_bytes((unsigned) packed_bits);

		if (pick->ranges[i].count == 0)
			continue;
		if (!ldb_u64_mul(first, block_bytes, &bytes[i].first) ||
			!ldb_u64_mul(last - first + 1, block_bytes, &bytes[i].count))
			LDB_FAIL(err, LDB_CORRUPT, "packed integer %" PRIu64, pick->ranges[i].first);
	}
	LDB_TRY(ldb_page20_bytes(page, &name, bytes, pick->range_count, slices, err));
	LDB_NEW(page->arena, scratch, LDB_BITPACK_BLOCK, err);
	values = ldb_arena_alloc_array(page->arena, pick->rows, word_bits / 8);
	if (values == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu packed integers", pick->rows);
	out->bits = word_bits;
	out->values = values;
	for (size_t i = 0; i < pick->range_count; i++)
	{
		unpack_range(slices[i], pick->ranges[i], (unsigned) word_bits, (unsigned) packed_bits,
					 scratch, values);
		values += pick->ranges[i].count * (word_bits / 8);
	}
	return LDB_OK;
}

LdbStatus
ldb_array20_repeat(const LdbPage20 *page, LdbSlice value, const LdbPick *pick, LdbFixed20 *out,
				   LdbError *err)
{
	uint8_t *values = ldb_arena_alloc_array(page->arena, pick->rows, value.length);

	if (values == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu values of %zu bytes", pick->rows,
				 value.length);
	for (size_t i = 0; i < pick->rows && value.length > 0; i++)
		memcpy(values + i * value.length, value.data, value.length);
	out->bits = (uint64_t) value.length * 8;
	out->values = values;
	return LDB_OK;
}

static LdbStatus
fixed_binary_values(const LdbPage20 *page, const Ldb__ArrayEncoding__FixedSizeBinary *binary,
					const LdbPick *pick, LdbFixed20 *out, LdbError *err)
{
	LdbPick bytes;

	if (binary->byte_width == 0)
		LDB_FAIL(err, LDB_CORRUPT, "fixed-size binary of 0 bytes");
	LDB_TRY(ldb_pick_scale(page, pick, binary->byte_width, &bytes, err));
	LDB_TRY(ldb_array20_fixed(page, binary->bytes, &bytes, out, err));
	if (out->bits != 8)
		LDB_FAIL(err, LDB_CORRUPT, "fixed-size binary of %" PRIu64 "-bit bytes", out->bits);
	out->bits = (uint64_t) binary->byte_width * 8;
	return LDB_OK;
}

LdbStatus
ldb_array20_fixed(const LdbPage20 *page, const LdbArrayEncoding *encoding, const LdbPick *pick,
				  LdbFixed20 *out, LdbError *err)
{
	encoding = ldb_array20_bare(encoding);
	if (encoding == NULL)
		LDB_FAIL(err, LDB_CORRUPT, "an encoding is missing");
	switch (encoding->kind_case)
	{
		case LDB__ARRAY_ENCODING__KIND_FLAT:
		{
			LdbBufferName name = {encoding->flat->buffer, encoding->flat->compression,
								  encoding->flat};

			return plain_values(page, &name, encoding->flat->bits_per_value, pick, out, err);
		}
		case LDB__ARRAY_ENCODING__KIND_BITPACKED:
			return bitpacked_values(page, encoding->bitpacked, pick, out, err);
		case LDB__ARRAY_ENCODING__KIND_BITPACKED_FOR_NON_NEG:
			return block_values(page, encoding->bitpacked_for_non_neg, pick, out, err);
		case LDB__ARRAY_ENCODING__KIND_FIXED_SIZE_BINARY:
			return fixed_binary_values(page, encoding->fixed_size_binary, pick, out, err);
		case LDB__ARRAY_ENCODING__KIND_CONSTANT:
			return ldb_array20_repeat(
				page, ldb_slice(encoding->constant->value.data, encoding->constant->value.len),
				pick, out, err);
		default:
			LDB_FAIL(err, LDB_UNSUPPORTED,
					 "2.0 encoding number %d is not known for fixed-width values",
					 ldb_array20_number(encoding));
	}
}

LdbStatus
ldb_array20_integers(const LdbPage20 *page, const LdbArrayEncoding *encoding, const LdbPick *pick,
					 LdbFixed20 *out, LdbError *err)
{
	LDB_TRY(ldb_array20_fixed(page, encoding, pick, out, err));
	if (!ldb_bitpack_word_ok(out->bits))
		LDB_FAIL(err, LDB_CORRUPT, "indices of %" PRIu64 " bits", out->bits);
	return LDB_OK;
}
