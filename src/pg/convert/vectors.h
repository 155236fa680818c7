/*
 * vectors.h -- vectors.c for arrays.c and encode_arrays.c.
 */
#ifndef LANCEDB_CONVERT_VECTORS_H
#define LANCEDB_CONVERT_VECTORS_H

#include "convert/convert_impl.h"

/* pgvector's limit on what it calls a vector. */
#define LANCEDB_VECTOR_MAX_DIMENSION 16000

/* Sets up a converter to vector or halfvec; false when the declared type is neither or is too
 * narrow for the items. */
extern bool lancedb_make_vector_converter(LancedbConverter *converter, const LdbType *item);

/* The name of a type that is pgvector's, whatever schema or OID it has; "" for all others. */
extern const char *lancedb_pgvector_type_name(Oid typid);

#endif
