/*
 * encode_fsst.h -- learns a table of symbols from strings and compresses strings with it.
 *
 * The mirror of codec_fsst.h. After Boncz, Neumann, Leis, "FSST: Fast Random Access String
 * Compression", VLDB 2020. A sample is compressed several times; each time the symbols that saved
 * most, and pairs of them that followed each other, make the next table.
 * Ownership: an encoder lives in the arena it was made in.
 */
#ifndef LDB_FORMAT_ENCODE_FSST_H
#define LDB_FORMAT_ENCODE_FSST_H

#include "ldb/base/arena.h"

/* Bytes of a stored symbol table. */
#define LDB_FSST_TABLE_BYTES 2312

typedef struct LdbFsstEncoder LdbFsstEncoder;

/* The values are only read here; nulls are empty. Takes about 200 KiB of the arena. */
LdbStatus ldb_fsst_train(const LdbSlice *values, size_t count, LdbArena *arena,
						 LdbFsstEncoder **encoder, LdbError *err);

/* Compressed bytes for each 1000 bytes of the sample: whether it pays, before the rest is done. 1000 when
 * there was nothing to learn from. */
unsigned ldb_fsst_per_mille(const LdbFsstEncoder *encoder);

/* The table as it is stored. */
void ldb_fsst_store(const LdbFsstEncoder *encoder, uint8_t table[LDB_FSST_TABLE_BYTES]);

/* One value; `out` has room for twice its length, and for one byte more. Returns the encoded
 * length. */
size_t ldb_fsst_encode(const LdbFsstEncoder *encoder, LdbSlice value, uint8_t *out);

/* Many values into the arena, about as much as the compressed bytes take. `encoded` has room for
 * count; empty values stay what they are. */
LdbStatus ldb_fsst_encode_many(const LdbFsstEncoder *encoder, const LdbSlice *values, size_t count,
							   LdbArena *arena, LdbSlice *encoded, LdbError *err);

#endif
