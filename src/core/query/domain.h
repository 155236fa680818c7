/*
 * domain.h -- column values in the domain in which they are compared (expr.h names the domains).
 *
 * Units: dates in days, times and timestamps in microseconds; what does not fit 64 bits (seconds
 * and milliseconds far away) takes the nearest value that does.
 * The loaders fill out[0 .. count) from rows first .. first + count, at most LDB_CHUNK_ROWS; what
 * they give for a NULL row has no meaning. Their array's type fits the domain.
 */
#ifndef LDB_QUERY_DOMAIN_H
#define LDB_QUERY_DOMAIN_H

#include "filter.h"

bool ldb_domain_fits(LdbDomain domain, const LdbType *type);
const char *ldb_domain_name(LdbDomain domain);

/* value in the INT domain = floor(stored * multiply / divide); one of them is 1. */
typedef struct LdbIntScale
{
	int64_t multiply;
	int64_t divide;
} LdbIntScale;

LdbIntScale ldb_domain_int_scale(const LdbType *type);

void ldb_domain_load_int(const LdbArray *array, size_t first, size_t count, int64_t *out);
void ldb_domain_load_wide(const LdbArray *array, size_t first, size_t count, __int128 *out);
void ldb_domain_load_float(const LdbArray *array, size_t first, size_t count, double *out);

/* One string or binary value. */
LdbSlice ldb_domain_text(const LdbArray *array, size_t row);

/* Digits after the point of a WIDE column's stored numbers. */
int32_t ldb_domain_wide_scale(const LdbType *type);

/* Orders: below, equal, above = -1, 0, 1. */
int ldb_float_compare(double a, double b);
int ldb_text_compare(LdbSlice a, LdbSlice b);
/* a / 10^a_scale with b / 10^b_scale, exactly. */
int ldb_wide_compare(__int128 a, int32_t a_scale, __int128 b, int32_t b_scale);

/* value / 10^from as a number over 10^to, rounded down; *exact tells whether nothing was lost.
 * Returns 0, or the sign of a number that 128 bits do not hold. */
int ldb_wide_rescale(__int128 value, int32_t from, int32_t to, __int128 *out, bool *exact);

#endif
