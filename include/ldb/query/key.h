/*
 * key.h -- the bytes that stand for a row's key: equal bytes, equal key.
 *
 * A key is made of one or more top-level columns without children. Its bytes are such that two rows have
 * the same bytes exactly when PostgreSQL calls their keys equal: -0 is 0, all NaN are one, blanks
 * at the end of char(n) do not count, what a conversion cuts off is cut off here too.
 * Threads: nothing is shared. Ownership: a spec borrows its columns.
 */
#ifndef LDB_QUERY_KEY_H
#define LDB_QUERY_KEY_H

#include "ldb/arrow/array.h"

/* What becomes of a stored value besides what its type alone asks for. */
typedef enum LdbKeyForm
{
	LDB_KEY_PLAIN,
	LDB_KEY_TRIMMED,      /* strings: without blanks at the end */
	LDB_KEY_HEX,          /* strings: a uuid's 32 hexadecimal digits, however they are written */
	LDB_KEY_MICROSECONDS, /* nanoseconds, rounded down */
	LDB_KEY_DAYS          /* milliseconds, rounded down */
} LdbKeyForm;

typedef struct LdbKeyColumn
{
	int32_t field_id;
	LdbKeyForm form;
} LdbKeyColumn;

typedef struct LdbKeySpec
{
	size_t column_count;
	const LdbKeyColumn *columns;
	bool nulls_equal; /* a NULL equals a NULL; otherwise a row with one has no key */
} LdbKeySpec;

/* True when values of the type can be part of a key in that form. */
bool ldb_key_accepts(const LdbType *type, LdbKeyForm form);

/*
 * The key of a row; columns are in the order of the spec. Replaces what is in `bytes`. *has_key false
 * = the row has none.
 */
LdbStatus ldb_key_of_row(const LdbKeySpec *spec, const LdbArray *columns, size_t row,
						 LdbBuffer *bytes, bool *has_key, LdbError *err);

/* The same in every process for the same seed. */
uint64_t ldb_key_hash(LdbSlice key, uint64_t seed);

#endif
