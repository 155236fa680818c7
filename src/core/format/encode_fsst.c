/* encode_fsst.c -- compresses strings with a table of symbols. */
#include "encode_fsst.h"

#include <string.h>

#include "encode_fsst_impl.h"

#define MAGIC 0x46535354u /* "FSST" */
#define HEADER_BYTES 8

/* Encoded values are put into blocks of this size. */
#define BLOCK_BYTES ((size_t) 256 * 1024)

void
ldb_fsst_store(const LdbFsstEncoder *encoder, uint8_t table[LDB_FSST_TABLE_BYTES])
{
	uint64_t header = (uint64_t) MAGIC << 32 | UINT64_C(1) << 24 | encoder->symbol_count;
	uint8_t *lengths = table + HEADER_BYTES + encoder->symbol_count * sizeof(uint64_t);

	memset(table, 0, LDB_FSST_TABLE_BYTES);
	memcpy(table, &header, HEADER_BYTES);
	for (unsigned i = 0; i < encoder->symbol_count; i++)
	{
		memcpy(table + HEADER_BYTES + i * sizeof(uint64_t), &encoder->symbols[i].bytes,
			   sizeof(uint64_t));
		lengths[i] = (uint8_t) encoder->symbols[i].length;
	}
}

/* Writes a code, and behind it the byte that an escape stands for; the next code overwrites that
 * when it is none. */
static inline uint8_t *
put_code(LdbFsstMatch match, uint64_t word, uint8_t *out)
{
	out[0] = (uint8_t) match;
	out[1] = (uint8_t) word;
	return out + 1 + ldb_fsst_is_escape(match);
}

size_t
ldb_fsst_encode(const LdbFsstEncoder *encoder, LdbSlice value, uint8_t *out)
{
	const uint8_t *at = value.data;
	const uint8_t *end = at + value.length;
	uint8_t *start = out;

	while (end - at >= 8)
	{
		uint64_t word = ldb_load_u64(at);
		LdbFsstMatch match = ldb_fsst_match(encoder, word);

		out = put_code(match, word, out);
		at += ldb_fsst_length(match);
	}
	while (at < end)
	{
		size_t left = (size_t) (end - at);
		uint64_t word = ldb_fsst_load_rest(value.data, at, end);
		LdbFsstMatch match = ldb_fsst_match_rest(encoder, word, left);

		out = put_code(match, word, out);
		at += ldb_fsst_length(match);
	}
	return (size_t) (out - start);
}

LdbStatus
ldb_fsst_encode_many(const LdbFsstEncoder *encoder, const LdbSlice *values, size_t count,
					 LdbArena *arena, LdbSlice *encoded, LdbError *err)
{
	uint8_t *block = NULL;
	size_t room = 0;

	for (size_t i = 0; i < count; i++)
	{
		size_t needed = values[i].length * 2 + 1;
		size_t length;

		encoded[i] = values[i];
		if (values[i].length == 0)
			continue;
		if (needed > room)
		{
			room = needed > BLOCK_BYTES ? needed : BLOCK_BYTES;
			block = ldb_arena_alloc(arena, room);
			if (block == NULL)
				LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu compressed strings", count);
		}
		length = ldb_fsst_encode(encoder, values[i], block);
		encoded[i] = ldb_slice(block, length);
		block += length;
		room -= length;
	}
	return LDB_OK;
}
