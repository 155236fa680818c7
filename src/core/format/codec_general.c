/* codec_general.c -- decompresses LZ4 and zstd buffers without trusting their lengths. */
#include "codec_general.h"

#include <inttypes.h>
#include <limits.h>
#include <lz4.h>
#include <stdbool.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "ldb/base/checked.h"

/* An LZ4 match grows by at most 255 for each byte that encodes its length. */
#define LZ4_MOST_RATIO 255
/* The smallest zstd block, 3 bytes of header and 1 of content, repeats to at most 128 KiB. */
#define ZSTD_BLOCK_MOST ((uint64_t) 128 * 1024)
#define ZSTD_BLOCK_LEAST 4

#define ZSTD_LENGTH_BYTES 8
#define LZ4_LENGTH_BYTES 4

LdbStatus
ldb_scheme_parse(const char *name, int *scheme, LdbError *err)
{
	if (name == NULL || *name == '\0' || strcmp(name, "none") == 0)
		*scheme = LDB_SCHEME_NONE;
	else if (strcmp(name, "lz4") == 0)
		*scheme = LDB_SCHEME_LZ4;
	else if (strcmp(name, "zstd") == 0)
		*scheme = LDB_SCHEME_ZSTD;
	else
		LDB_FAIL(err, LDB_UNSUPPORTED, "compression scheme \"%.40s\" is not known", name);
	return LDB_OK;
}

static LdbStatus
alloc_decoded(LdbArena *arena, uint64_t bytes, uint8_t **out, LdbError *err)
{
	*out = ldb_arena_alloc(arena, bytes);
	if (*out == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %" PRIu64 " decompressed bytes", bytes);
	return LDB_OK;
}

static LdbStatus
check_claim(const char *scheme, uint64_t claimed, size_t length, uint64_t possible,
			uint64_t most_bytes, LdbError *err)
{
	if (claimed > possible)
		LDB_FAIL(err, LDB_CORRUPT, "%zu bytes of %s cannot hold the %" PRIu64 " bytes they claim",
				 length, scheme, claimed);
	if (claimed > most_bytes)
		LDB_FAIL(err, LDB_CORRUPT,
				 "%s buffer claims %" PRIu64 " bytes where at most %" PRIu64 " are expected",
				 scheme, claimed, most_bytes);
	return LDB_OK;
}

static LdbStatus
decode_lz4(LdbSlice buffer, uint64_t most_bytes, LdbArena *arena, LdbSlice *decoded, LdbError *err)
{
	uint32_t claimed;
	LdbSlice block;
	uint8_t *out;
	int got;

	if (buffer.length < LZ4_LENGTH_BYTES)
		LDB_FAIL(err, LDB_CORRUPT, "lz4 buffer of %zu bytes has no length", buffer.length);
	claimed = ldb_load_u32(buffer.data);
	block = ldb_slice(buffer.data + LZ4_LENGTH_BYTES, buffer.length - LZ4_LENGTH_BYTES);
	LDB_TRY(check_claim("lz4", claimed, block.length, (uint64_t) block.length * LZ4_MOST_RATIO,
						most_bytes, err));
	if (block.length > INT_MAX || claimed > INT_MAX)
		LDB_FAIL(err, LDB_CORRUPT, "lz4 block of %zu bytes is larger than the format allows",
				 block.length);
	LDB_TRY(alloc_decoded(arena, claimed, &out, err));
	got = LZ4_decompress_safe((const char *) block.data, (char *) out, (int) block.length,
							  (int) claimed);
	if (got < 0 || (uint32_t) got != claimed)
		LDB_FAIL(err, LDB_CORRUPT,
				 "lz4 block does not decompress to the %" PRIu32 " bytes it claims", claimed);
	*decoded = ldb_slice(out, claimed);
	return LDB_OK;
}

static uint64_t
zstd_possible(size_t frame_bytes)
{
	return ((uint64_t) frame_bytes / ZSTD_BLOCK_LEAST + 1) * ZSTD_BLOCK_MOST;
}

/* A frame without its length in front and maybe none in its header: room is doubled until the
 * frame fits. One-shot decompression, since a stream would take a window from the heap. */
static LdbStatus
decode_bare_zstd(LdbSlice frame, uint64_t most_bytes, LdbArena *arena, LdbSlice *decoded,
				 LdbError *err)
{
	unsigned long long content = ZSTD_getFrameContentSize(frame.data, frame.length);
	bool known = content != ZSTD_CONTENTSIZE_UNKNOWN;
	uint64_t possible = zstd_possible(frame.length);
	uint64_t most = most_bytes < possible ? most_bytes : possible;
	uint64_t room = known ? content : (uint64_t) frame.length * 4;

	if (content == ZSTD_CONTENTSIZE_ERROR)
		LDB_FAIL(err, LDB_CORRUPT, "%zu bytes are not a zstd frame", frame.length);
	if (known)
		LDB_TRY(check_claim("zstd", content, frame.length, possible, most_bytes, err));
	for (;;)
	{
		uint8_t *out;
		size_t got;

		room = room < most ? room : most;
		LDB_TRY(alloc_decoded(arena, room, &out, err));
		got = ZSTD_decompress(out, room, frame.data, frame.length);
		if (!ZSTD_isError(got))
		{
			*decoded = ldb_slice(out, got);
			return LDB_OK;
		}
		if (known || room >= most || ZSTD_getErrorCode(got) != ZSTD_error_dstSize_tooSmall)
			LDB_FAIL(err, LDB_CORRUPT, "zstd frame does not decompress: %s",
					 ZSTD_getErrorName(got));
		room *= 4;
	}
}

static LdbStatus
decode_prefixed_zstd(LdbSlice buffer, uint64_t most_bytes, LdbArena *arena, LdbSlice *decoded,
					 LdbError *err)
{
	uint64_t claimed = ldb_load_u64(buffer.data);
	LdbSlice frame = ldb_slice(buffer.data + ZSTD_LENGTH_BYTES, buffer.length - ZSTD_LENGTH_BYTES);
	unsigned long long content = ZSTD_getFrameContentSize(frame.data, frame.length);
	uint8_t *out;
	size_t got;

	if (content == ZSTD_CONTENTSIZE_ERROR)
		LDB_FAIL(err, LDB_CORRUPT, "%zu bytes are not a zstd frame", frame.length);
	if (content != ZSTD_CONTENTSIZE_UNKNOWN && content != claimed)
		LDB_FAIL(err, LDB_CORRUPT, "zstd frame of %llu bytes claims %" PRIu64, content, claimed);
	LDB_TRY(
		check_claim("zstd", claimed, frame.length, zstd_possible(frame.length), most_bytes, err));
	LDB_TRY(alloc_decoded(arena, claimed, &out, err));
	got = ZSTD_decompress(out, claimed, frame.data, frame.length);
	if (ZSTD_isError(got))
		LDB_FAIL(err, LDB_CORRUPT, "zstd frame does not decompress: %s", ZSTD_getErrorName(got));
	if (got != claimed)
		LDB_FAIL(err, LDB_CORRUPT, "zstd frame holds %zu bytes, claims %" PRIu64, got, claimed);
	*decoded = ldb_slice(out, got);
	return LDB_OK;
}

/* A length in front cannot look like this: the magic number with the reserved bit clear would be
 * a length of petabytes. */
static bool
is_bare_zstd(LdbSlice buffer)
{
	return buffer.length < ZSTD_LENGTH_BYTES ||
		   (ldb_load_u32(buffer.data) == ZSTD_MAGICNUMBER && (buffer.data[4] & 0x10) == 0);
}

LdbStatus
ldb_general_decode(int scheme, LdbSlice buffer, uint64_t most_bytes, LdbArena *arena,
				   LdbSlice *decoded, LdbError *err)
{
	if (scheme != LDB_SCHEME_NONE && scheme != LDB_SCHEME_LZ4 && scheme != LDB_SCHEME_ZSTD)
		LDB_FAIL(err, LDB_UNSUPPORTED, "compression scheme %d is not known", scheme);
	*decoded = buffer;
	if (buffer.length == 0 || scheme == LDB_SCHEME_NONE)
		return LDB_OK;
	if (scheme == LDB_SCHEME_LZ4)
		return decode_lz4(buffer, most_bytes, arena, decoded, err);
	if (is_bare_zstd(buffer))
		return decode_bare_zstd(buffer, most_bytes, arena, decoded, err);
	return decode_prefixed_zstd(buffer, most_bytes, arena, decoded, err);
}
