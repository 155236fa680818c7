/*
 * encode_dictionary.h -- distinct values of a column slice, and which of them each row has.
 *
 * Both for strings and for values of fixed width, in order of first appearance.
 */
#ifndef LDB_FORMAT_ENCODE_DICTIONARY_H
#define LDB_FORMAT_ENCODE_DICTIONARY_H

#include <stdbool.h>

#include "ldb/base/arena.h"

/* Either views, or `fixed` with a width in bytes. Nulls are left out. */
typedef struct LdbDistinctSource
{
	const LdbSlice *views;
	const uint8_t *fixed;
	size_t width;
	const uint8_t *validity; /* NULL = all valid */
	size_t count;            /* values, nulls included */
} LdbDistinctSource;

typedef struct LdbDictionary
{
	size_t item_count;
	uint32_t *rows;      /* of each item: the row where it comes first; arena */
	uint32_t *indices;   /* of each row: its item, 0 for a null; arena */
	uint64_t item_bytes; /* of all items together */
} LdbDictionary;

/*
 * *found is false when there are more than most_items distinct values, or so many in a sample that
 * there surely are; the work done until then is small beside what the values take otherwise.
 * Whether the dictionary pays is for ldb_choose_dictionary to say.
 */
LdbStatus ldb_dictionary_build(const LdbDistinctSource *source, size_t most_items, LdbArena *arena,
							   LdbDictionary *dictionary, bool *found, LdbError *err);

#endif
