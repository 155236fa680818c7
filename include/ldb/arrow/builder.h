/*
 * builder.h -- collects values of one column, row by row, into an array.
 *
 * Shape: a tree as the field's: list, map and struct builders have children; a fixed_size_list of
 * numbers takes whole vectors, or its items one by one through its child.
 * Rows: every call below that adds a row adds exactly one to this builder. Nested values are built
 * inside out: items first, then the row that closes over them.
 * Ownership: memory is the builder's own, on the heap (it counts against LDB_MEMORY_LIMIT); an
 * array that it gives borrows from it until it is changed, reset or freed.
 * Errors: LDB_NOMEM; LDB_INVALID when children do not have the items that a row closes over, or the
 * call is not for the type. A call that failed has added nothing.
 * Threads: one.
 */
#ifndef LDB_ARROW_BUILDER_H
#define LDB_ARROW_BUILDER_H

#include "ldb/arrow/array.h"

typedef struct LdbBuilder LdbBuilder;

/* For a field, or for a bare type without children (fixed_size_list items). Both are borrowed. A
 * dictionary field collects its values. */
LdbStatus ldb_builder_new(const LdbField *field, LdbBuilder **builder, LdbError *err);
void ldb_builder_free(LdbBuilder *builder); /* NULL is fine */
/* No rows any more; memory is kept for the next ones unless it is much. */
void ldb_builder_reset(LdbBuilder *builder);

size_t ldb_builder_length(const LdbBuilder *builder);
/* Memory that the rows take, children included. */
size_t ldb_builder_bytes(const LdbBuilder *builder);
/* Forgets all rows from `length` on, in children too: what a row that failed halfway left behind. */
void ldb_builder_truncate(LdbBuilder *builder, size_t length);

/* Children: item of a list or fixed_size_list; entries of a map; fields of a struct. */
size_t ldb_builder_child_count(const LdbBuilder *builder);
LdbBuilder *ldb_builder_child(LdbBuilder *builder, size_t i);

/* A null row. A struct's children get one null row each, a fixed_size_list's item `width` zeros that
 * are not null (else every null vector would cost the file a bit for each number of every vector). */
LdbStatus ldb_builder_null(LdbBuilder *builder, LdbError *err);
/* `value` has the bytes of the type (ldb_type_bits / 8; of a fixed_size_list all its items); a bool
 * is one byte, 0 or 1, in a fixed_size_list too. */
LdbStatus ldb_builder_fixed(LdbBuilder *builder, const void *value, LdbError *err);
/* `count` rows end to end, as above: what an array of numbers adds to the item of a list. */
LdbStatus ldb_builder_fixed_rows(LdbBuilder *builder, const void *values, size_t count,
								 LdbError *err);
/* Strings and binaries; copied. Bytes are not checked to be UTF-8. */
LdbStatus ldb_builder_bytes_value(LdbBuilder *builder, LdbSlice value, LdbError *err);
/* A row made of what was added to the children since the last row: any number of items for a
 * list or map, `width` for a fixed_size_list, one of each field for a struct. */
LdbStatus ldb_builder_close_row(LdbBuilder *builder, LdbError *err);

/* A row of an array of the same type, children included. */
LdbStatus ldb_builder_copy(LdbBuilder *builder, const LdbArray *array, size_t row, LdbError *err);

/* All rows as an array; what it needs besides the builder's memory comes from the arena. */
LdbStatus ldb_builder_array(const LdbBuilder *builder, LdbArena *arena, LdbArray *array,
							LdbError *err);

#endif
