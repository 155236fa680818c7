/*
 * vectors.h -- vectors.c for arrays.c.
 */
#ifndef LANCEDB_CONVERT_VECTORS_H
#define LANCEDB_CONVERT_VECTORS_H

#include "convert/convert_impl.h"

/* Sets up a converter to vector or halfvec; false when the declared type is neither or is too
 * narrow for the items. */
extern bool lancedb_make_vector_converter(LancedbConverter *converter, const LdbType *item);

#endif
