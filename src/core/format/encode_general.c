/* encode_general.c -- compresses buffers with LZ4 and zstd. */
#include "encode_general.h"

#include <lz4.h>
#include <string.h>
#include <zstd.h>

#define ZSTD_LENGTH_BYTES 8
#define LZ4_LENGTH_BYTES 4

struct LdbCompressor
{
	LdbScheme scheme;
	int level;
	ZSTD_CCtx *zstd; /* owned */
};

LdbStatus
ldb_compressor_new(LdbScheme scheme, int level, LdbCompressor **compressor, LdbError *err)
{
	LdbCompressor *made;

	if (scheme != LDB_SCHEME_LZ4 && scheme != LDB_SCHEME_ZSTD)
		LDB_FAIL(err, LDB_INVALID, "compression scheme %d compresses nothing", (int) scheme);
	made = ldb_heap_zalloc(sizeof *made);
	if (made == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory");
	made->scheme = scheme;
	made->level = level;
	if (scheme == LDB_SCHEME_ZSTD)
	{
		made->zstd = ZSTD_createCCtx();
		if (made->zstd == NULL)
		{
			ldb_heap_free(made);
			LDB_FAIL(err, LDB_NOMEM, "out of memory for zstd");
		}
	}
	*compressor = made;
	return LDB_OK;
}

void
ldb_compressor_free(LdbCompressor *compressor)
{
	if (compressor == NULL)
		return;
	ZSTD_freeCCtx(compressor->zstd);
	ldb_heap_free(compressor);
}

size_t
ldb_compressor_bound(const LdbCompressor *compressor, size_t bytes)
{
	size_t bound;

	if (compressor->scheme == LDB_SCHEME_LZ4)
		return bytes > LZ4_MAX_INPUT_SIZE
				   ? 0
				   : (size_t) LZ4_compressBound((int) bytes) + LZ4_LENGTH_BYTES;
	bound = ZSTD_compressBound(bytes);
	return bound < bytes || ZSTD_isError(bound) ? 0 : bound + ZSTD_LENGTH_BYTES;
}

static LdbStatus
run_lz4(LdbSlice buffer, size_t bound, uint8_t *out, size_t *written, LdbError *err)
{
	uint32_t length = (uint32_t) buffer.length;
	int got;

	memcpy(out, &length, LZ4_LENGTH_BYTES);
	got = LZ4_compress_default((const char *) buffer.data, (char *) out + LZ4_LENGTH_BYTES,
							   (int) buffer.length, (int) (bound - LZ4_LENGTH_BYTES));
	if (got <= 0)
		LDB_FAIL(err, LDB_NOMEM, "lz4 does not compress %zu bytes", buffer.length);
	*written = (size_t) got + LZ4_LENGTH_BYTES;
	return LDB_OK;
}

static LdbStatus
run_zstd(LdbCompressor *compressor, LdbSlice buffer, size_t bound, uint8_t *out, size_t *written,
		 LdbError *err)
{
	uint64_t length = buffer.length;
	size_t got;

	memcpy(out, &length, ZSTD_LENGTH_BYTES);
	got = ZSTD_compressCCtx(compressor->zstd, out + ZSTD_LENGTH_BYTES, bound - ZSTD_LENGTH_BYTES,
							buffer.data, buffer.length, compressor->level);
	if (ZSTD_isError(got))
		LDB_FAIL(err, LDB_NOMEM, "zstd does not compress %zu bytes: %s", buffer.length,
				 ZSTD_getErrorName(got));
	*written = got + ZSTD_LENGTH_BYTES;
	return LDB_OK;
}

LdbStatus
ldb_compressor_run(LdbCompressor *compressor, LdbSlice buffer, uint8_t *out, size_t *written,
				   LdbError *err)
{
	size_t bound = ldb_compressor_bound(compressor, buffer.length);

	*written = 0;
	if (buffer.length == 0)
		return LDB_OK;
	if (bound == 0)
		LDB_FAIL(err, LDB_INVALID, "%zu bytes are too many for one compressed buffer",
				 buffer.length);
	if (compressor->scheme == LDB_SCHEME_LZ4)
		return run_lz4(buffer, bound, out, written, err);
	return run_zstd(compressor, buffer, bound, out, written, err);
}
