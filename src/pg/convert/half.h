/* half.h -- half.c: floats as IEEE 754 binary16, for encoders. */
#ifndef LANCEDB_CONVERT_HALF_H
#define LANCEDB_CONVERT_HALF_H

#include "postgres.h"

/* The nearest half, ties to even; false when a finite value is beyond the largest. */
extern bool lancedb_half_of_float(float4 value, uint16 *half);

/* True when none of the numbers is NaN or infinite. At any address. */
extern bool lancedb_halves_finite(const char *numbers, size_t count);
extern bool lancedb_floats_finite(const char *numbers, size_t count);
extern bool lancedb_doubles_finite(const char *numbers, size_t count);

#endif
