/*
 * coverage.h -- which fragments an index holds the rows of, as its entry in the manifest says.
 *
 * Source: docs/format.md, "Indices".
 */
#ifndef LDB_TABLE_COVERAGE_H
#define LDB_TABLE_COVERAGE_H

#include <stdbool.h>

#include "lance_table.pb-c.h"
#include "ldb/base/error.h"

/* Of its details: "VectorIndexDetails". */
bool ldb_index_is_of(const Ldb__IndexMetadata *index, const char *kind);

/* It names rows by their ids alone, so it need not know where they lie. */
bool ldb_index_is_by_row_id(const Ldb__IndexMetadata *index);

/* Sets the bits of its fragments in `bits`, which holds `bit_count` zero bits; false = it does not
 * say, or has others too. */
bool ldb_index_fragments(const Ldb__IndexMetadata *index, uint8_t *bits, uint64_t bit_count);

#endif
