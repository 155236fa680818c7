/*
 * next_retention.c -- which indices stay although no fragment is left that they cover.
 *
 * As LanceDB has it: of an index in several parts those that cover nothing go. When all do, a vector
 * index goes (its centroids are those of rows that are gone), and of any other one part stays, so
 * that it will be built again. A vector index that stayed would also find rows twice later, when rows
 * with stable ids that it once held come back to it.
 */
#include "next.h"

#include <string.h>

#include "coverage.h"
#include "ldb/base/bitmap.h"

/* Tables that used ids beyond this keep all entries. */
#define MOST_FRAGMENT_ID ((uint32_t) 1 << 24)

/* What does not say which fragments it covers is not empty. */
static bool
is_empty(const LdbNext *next, const Ldb__IndexMetadata *index, uint8_t *bits)
{
	size_t bit_count = (size_t) next->message.max_fragment_id + 1;

	memset(bits, 0, ldb_bitmap_bytes(bit_count));
	if (!ldb_index_fragments(index, bits, bit_count))
		return false;
	for (size_t i = 0; i < next->fragment_count; i++)
	{
		if (ldb_bit_get(bits, (size_t) next->fragments[i]->id))
			return false;
	}
	return true;
}

static bool
is_same_index(const Ldb__IndexMetadata *a, const Ldb__IndexMetadata *b)
{
	return a->name != NULL && b->name != NULL && strcmp(a->name, b->name) == 0;
}

/* Whether another part of the index stands for this one, which is empty. */
static bool
is_represented(const Ldb__IndexSection *section, const bool *empty, size_t number)
{
	for (size_t i = 0; i < section->n_indices; i++)
	{
		if (i != number && is_same_index(section->indices[i], section->indices[number]) &&
			(!empty[i] || i < number))
			return true;
	}
	return false;
}

static bool
stays(const Ldb__IndexSection *section, const bool *empty, size_t number)
{
	const Ldb__IndexMetadata *index = section->indices[number];

	if (!empty[number] || !ldb_index_is_by_row_id(index))
		return true;
	return !ldb_index_is_of(index, "VectorIndexDetails") && !is_represented(section, empty, number);
}

LdbStatus
ldb_next_retain(const LdbNext *next, Ldb__IndexSection *section, LdbError *err)
{
	Ldb__IndexMetadata **kept;
	size_t count = 0;
	uint8_t *bits;
	bool *empty;

	if (next->operation == LDB_OPERATION_RESTORE || next->removed_count == 0 ||
		next->message.max_fragment_id > MOST_FRAGMENT_ID)
		return LDB_OK;
	LDB_NEW(next->arena, kept, section->n_indices, err);
	LDB_NEW(next->arena, empty, section->n_indices, err);
	LDB_NEW(next->arena, bits, (size_t) next->message.max_fragment_id / 8 + 1, err);
	for (size_t i = 0; i < section->n_indices; i++)
		empty[i] = is_empty(next, section->indices[i], bits);
	for (size_t i = 0; i < section->n_indices; i++)
	{
		if (stays(section, empty, i))
			kept[count++] = section->indices[i];
	}
	section->indices = kept;
	section->n_indices = count;
	return LDB_OK;
}
