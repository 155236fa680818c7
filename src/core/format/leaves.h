/* leaves.h -- which parts of a column have values of their own in files of 2.1 and later. */
#ifndef LDB_FORMAT_LEAVES_H
#define LDB_FORMAT_LEAVES_H

#include "ldb/arrow/type.h"

/* Lists, maps and structs that are not packed have none: their shape is in the levels of their leaves. */
bool ldb_field_is_leaf(const LdbField *field);

/* Of the field's whole tree, in the order of their physical columns. */
size_t ldb_field_leaf_count(const LdbField *field);

#endif
