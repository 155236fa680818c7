/*
 * flatbuffer.h -- reads tables of a FlatBuffers message, every offset checked against its bytes.
 *
 * All functions return false when what they look for does not lie within the buffer. A field that
 * is absent is not an error: it leaves the default.
 */
#ifndef LDB_TABLE_FLATBUFFER_H
#define LDB_TABLE_FLATBUFFER_H

#include "ldb/base/slice.h"

typedef struct LdbFlatTable
{
	LdbSlice buffer;
	size_t at;        /* of the table */
	size_t fields_at; /* of the field offsets in its vtable */
	size_t field_count;
} LdbFlatTable;

typedef struct LdbFlatVector
{
	LdbSlice items;
	size_t count;
} LdbFlatVector;

bool ldb_flat_root(LdbSlice buffer, LdbFlatTable *table);

/* Scalars of 1, 2, 4 or 8 bytes, not sign-extended; absent leaves *value as it is. */
bool ldb_flat_scalar(const LdbFlatTable *table, size_t field, size_t bytes, uint64_t *value);

/* *present false = absent. */
bool ldb_flat_table(const LdbFlatTable *table, size_t field, LdbFlatTable *child, bool *present);

/* Items of a fixed size stored in place (structs, offsets); absent = no items. */
bool ldb_flat_vector(const LdbFlatTable *table, size_t field, size_t item_bytes,
					 LdbFlatVector *vector);

/* The table that item i of a vector of offsets points to. */
bool ldb_flat_vector_table(const LdbFlatTable *owner, const LdbFlatVector *vector, size_t i,
						   LdbFlatTable *child);

#endif
