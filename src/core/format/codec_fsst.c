/* codec_fsst.c -- decodes FSST-compressed strings. */
#include "codec_fsst.h"

#include <inttypes.h>
#include <string.h>

#include "ldb/base/checked.h"

#define MAGIC 0x46535354u /* "FSST" */
#define HEADER_BYTES 8
#define SYMBOL_BYTES 8
#define ESCAPE 255 /* the next byte stands for itself */

LdbStatus
ldb_fsst_parse(LdbSlice table, LdbFsst *fsst, LdbError *err)
{
	uint64_t header;
	size_t needed;

	memset(fsst, 0, sizeof *fsst);
	if (table.length < HEADER_BYTES)
		LDB_FAIL(err, LDB_CORRUPT, "fsst symbol table has %zu bytes, no header", table.length);
	header = ldb_load_u64(table.data);
	if (header >> 32 != MAGIC)
		LDB_FAIL(err, LDB_CORRUPT, "fsst symbol table starts with %" PRIx64, header);
	fsst->on = (header >> 24 & 1) != 0;
	fsst->symbol_count = (unsigned) (header & 255);
	needed = HEADER_BYTES + fsst->symbol_count * (size_t) (SYMBOL_BYTES + 1);
	if (table.length < needed)
		LDB_FAIL(err, LDB_CORRUPT, "fsst symbol table has %zu bytes, needs %zu for %u symbols",
				 table.length, needed, fsst->symbol_count);
	for (unsigned i = 0; i < fsst->symbol_count; i++)
	{
		const uint8_t *lengths = table.data + HEADER_BYTES + fsst->symbol_count * SYMBOL_BYTES;

		if (lengths[i] < 1 || lengths[i] > SYMBOL_BYTES)
			LDB_FAIL(err, LDB_CORRUPT, "fsst symbol %u has %u bytes", i, lengths[i]);
		fsst->lengths[i] = lengths[i];
		fsst->symbols[i] = ldb_load_u64(table.data + HEADER_BYTES + i * SYMBOL_BYTES);
	}
	return LDB_OK;
}

/* Checks all codes of a value and says how long it is decoded. */
static LdbStatus
decoded_length(const LdbFsst *fsst, LdbSlice encoded, size_t *length, LdbError *err)
{
	size_t total = 0;

	for (size_t i = 0; i < encoded.length; i++)
	{
		uint8_t code = encoded.data[i];

		if (code == ESCAPE)
		{
			if (++i == encoded.length)
				LDB_FAIL(err, LDB_CORRUPT, "fsst value of %zu bytes ends in an escape",
						 encoded.length);
			total++;
			continue;
		}
		if (fsst->lengths[code] == 0)
			LDB_FAIL(err, LDB_CORRUPT, "fsst code %u at byte %zu of a value, the table has %u",
					 code, i, fsst->symbol_count);
		total += fsst->lengths[code];
	}
	*length = total;
	return LDB_OK;
}

/* Decodes a checked value. Whole symbols are stored, so 7 bytes behind the end are touched. */
static uint8_t *
decode_checked(const LdbFsst *fsst, LdbSlice encoded, uint8_t *out)
{
	for (size_t i = 0; i < encoded.length; i++)
	{
		uint8_t code = encoded.data[i];

		if (code == ESCAPE)
		{
			*out++ = encoded.data[++i];
			continue;
		}
		memcpy(out, &fsst->symbols[code], SYMBOL_BYTES);
		out += fsst->lengths[code];
	}
	return out;
}

LdbStatus
ldb_fsst_decode_many(const LdbFsst *fsst, const LdbSlice *encoded, size_t count, LdbArena *arena,
					 LdbSlice *decoded, LdbError *err)
{
	size_t total = SYMBOL_BYTES;
	uint8_t *out;

	if (!fsst->on)
	{
		if (count > 0 && decoded != encoded)
			memmove(decoded, encoded, count * sizeof *decoded);
		return LDB_OK;
	}
	for (size_t i = 0; i < count; i++)
	{
		size_t length;

		LDB_TRY(decoded_length(fsst, encoded[i], &length, err));
		if (!ldb_size_add(total, length, &total))
			LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu fsst values", count);
	}
	out = ldb_arena_alloc(arena, total);
	if (out == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu bytes of fsst values", total);
	for (size_t i = 0; i < count; i++)
	{
		uint8_t *end;

		if (encoded[i].length == 0)
		{
			decoded[i] = encoded[i];
			continue;
		}
		end = decode_checked(fsst, encoded[i], out);
		decoded[i] = ldb_slice(out, (size_t) (end - out));
		out = end;
	}
	return LDB_OK;
}

LdbStatus
ldb_fsst_decode(const LdbFsst *fsst, LdbSlice encoded, LdbArena *arena, LdbSlice *decoded,
				LdbError *err)
{
	return ldb_fsst_decode_many(fsst, &encoded, 1, arena, decoded, err);
}
