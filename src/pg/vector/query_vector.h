/* query_vector.h -- vectors out of datums: real[] and pgvector's types. */
#ifndef LANCEDB_PG_QUERY_VECTOR_H
#define LANCEDB_PG_QUERY_VECTOR_H

#include "lancedb/pg.h"

#include "utils/array.h"

typedef enum LancedbVectorKind
{
	LANCEDB_VECTOR_REAL_ARRAY, /* real[] */
	LANCEDB_VECTOR_PGVECTOR,   /* vector of the extension of that name */
	LANCEDB_VECTOR_HALFVEC     /* halfvec of it */
} LancedbVectorKind;

/* What pgvector stores, for vector and halfvec alike. */
typedef struct LancedbStoredVector
{
	int32 vl_len_; /* varlena header */
	int16 dimension;
	int16 unused;
	char numbers[FLEXIBLE_ARRAY_MEMBER];
} LancedbStoredVector;

/* The elements of a real[], in place. ERROR unless it has at most one dimension and no NULL. */
extern const float *lancedb_array_vector(ArrayType *array, int *dimension);

/* ERROR 22000, in pgvector's words, with both sizes. */
pg_noreturn extern void lancedb_dimension_mismatch(int left, int right);

/* A copy as floats in the current memory context, of any kind of vector. */
extern float *lancedb_query_vector(Datum datum, LancedbVectorKind kind, int *dimension);

#endif
