/*
 * encode_general.h -- compresses buffers as a whole with LZ4 or zstd, with their length in front.
 *
 * The mirror of codec_general.h. A compressor keeps what the library needs between calls (zstd: a
 * megabyte from the system's heap), so make one for a page or a file, not for each buffer.
 * Threads: one.
 */
#ifndef LDB_FORMAT_ENCODE_GENERAL_H
#define LDB_FORMAT_ENCODE_GENERAL_H

#include "codec_general.h"

typedef struct LdbCompressor LdbCompressor;

/* `scheme` is LDB_SCHEME_LZ4 or LDB_SCHEME_ZSTD; level 0 is the library's usual one (LZ4 has no
 * other). */
LdbStatus ldb_compressor_new(LdbScheme scheme, int level, LdbCompressor **compressor,
							 LdbError *err);
void ldb_compressor_free(LdbCompressor *compressor); /* NULL is fine */

/* The most that a buffer of this size can become. 0 when the scheme cannot take that many bytes. */
size_t ldb_compressor_bound(const LdbCompressor *compressor, size_t bytes);

/* `out` has room for the bound. An empty buffer stays empty. It does not pay when *written is not
 * well below what went in. LDB_INVALID: too large for the scheme. */
LdbStatus ldb_compressor_run(LdbCompressor *compressor, LdbSlice buffer, uint8_t *out,
							 size_t *written, LdbError *err);

#endif
