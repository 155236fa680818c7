/* next_indices.c -- which indices of the version before still say the truth in the next. */
#include "next.h"

#include "coverage.h"
#include "ldb/base/bitmap.h"
#include "ldb/proto/proto.h"
#include "roaring.h"

/* Tables that used ids beyond this have no index extended. */
#define MOST_FRAGMENT_ID ((uint32_t) 1 << 24)

static const Ldb__Field *
find_field(const LdbNext *next, int32_t id)
{
	for (size_t i = 0; i < next->message.n_fields; i++)
	{
		if (next->message.fields[i]->id == id)
			return next->message.fields[i];
	}
	return NULL;
}

/* The column of the index, or something within it. */
static bool
is_within(const LdbNext *next, int32_t field_id, int32_t column_id)
{
	const Ldb__Field *field = find_field(next, field_id);

	for (size_t steps = 0; field != NULL && steps <= next->message.n_fields; steps++)
	{
		if (field->id == column_id)
			return true;
		field = find_field(next, field->parent_id);
	}
	return false;
}

static bool
concerns(const LdbNext *next, const Ldb__IndexMetadata *index, const LdbMovedField *moved)
{
	for (size_t i = 0; i < index->n_fields; i++)
	{
		if (is_within(next, moved->field_id, index->fields[i]))
			return true;
	}
	return false;
}

static bool
set_fragments(LdbNext *next, Ldb__IndexMetadata *index, const uint8_t *bits, uint64_t bit_count)
{
	LdbSlice bytes;

	if (ldb_roaring_encode(bits, bit_count, next->arena, &bytes, NULL) != LDB_OK)
		return false;
	index->fragment_bitmap.len = bytes.length;
	index->fragment_bitmap.data = (uint8_t *) (uintptr_t) bytes.data;
	return true;
}

/* Takes a fragment out of the ones that the index covers; false when that is not possible. */
static bool
uncover(LdbNext *next, Ldb__IndexMetadata *index, uint64_t fragment_id)
{
	uint64_t bit_count = (uint64_t) next->message.max_fragment_id + 1;
	uint8_t *bits = ldb_arena_zalloc(next->arena, ldb_bitmap_bytes((size_t) bit_count) + 1);

	if (bits == NULL || fragment_id >= bit_count || !ldb_index_fragments(index, bits, bit_count))
		return false;
	ldb_bit_clear(bits, (size_t) fragment_id);
	return set_fragments(next, index, bits, bit_count);
}

/* False when the index has to go: its column did, or it would claim rows that it does not hold. */
static bool
keep_index(LdbNext *next, Ldb__IndexMetadata *index)
{
	for (size_t i = 0; i < index->n_fields; i++)
	{
		if (!ldb_next_has_column(next, index->fields[i]))
			return false;
	}
	for (size_t i = 0; i < next->moved_count; i++)
	{
		if (concerns(next, index, &next->moved[i]) &&
			!uncover(next, index, next->moved[i].fragment_id))
			return false;
	}
	return true;
}

/* ---- rows that lie elsewhere now ---- */

static bool
is_changed(const LdbNext *next, const LdbRowOrigin *origin, int32_t field_id)
{
	for (size_t i = 0; i < origin->field_count; i++)
	{
		if (is_within(next, field_id, origin->fields[i]))
			return true;
	}
	return false;
}

/* Whether the index, which covers these fragments, has all rows of the new one as they are. */
static bool
holds_for(const LdbNext *next, const Ldb__IndexMetadata *index, const uint8_t *covered,
		  uint64_t bit_count, const LdbRowOrigin *origin)
{
	for (size_t i = 0; i < index->n_fields; i++)
	{
		if (is_changed(next, origin, index->fields[i]))
			return false;
	}
	for (size_t i = 0; i < index->n_covering_fields; i++)
	{
		if (is_changed(next, origin, index->covering_fields[i]))
			return false;
	}
	for (size_t i = 0; i < origin->source_count; i++)
	{
		if (origin->sources[i] >= bit_count || !ldb_bit_get(covered, (size_t) origin->sources[i]))
			return false;
	}
	return origin->source_count > 0;
}

/* All rows replace older copies, and of each column it is known whether it changed. */
static bool
is_known(const LdbNext *next, const LdbPlaced *placed)
{
	return (next->message.reader_feature_flags & LDB_FLAG_STABLE_ROW_IDS) != 0 &&
		   next->message.max_fragment_id <= MOST_FRAGMENT_ID && placed->origin != NULL &&
		   !placed->origin->has_new_rows && !placed->origin->any_field;
}

static bool
any_is_known(const LdbNext *next)
{
	for (size_t i = 0; i < next->added_count; i++)
	{
		if (is_known(next, &next->placed[i]))
			return true;
	}
	return false;
}

/* New fragments that the index covers because it covers where their rows were. What fails here
 * leaves them uncovered, which is never wrong. */
static void
cover_copies(LdbNext *next, Ldb__IndexMetadata *index)
{
	uint64_t bit_count = (uint64_t) next->message.max_fragment_id + 1;
	bool any = false;
	uint8_t *bits;

	if (!ldb_index_is_by_row_id(index) || !any_is_known(next))
		return;
	bits = ldb_arena_zalloc(next->arena, ldb_bitmap_bytes((size_t) bit_count) + 1);
	if (bits == NULL || !ldb_index_fragments(index, bits, bit_count))
		return;
	for (size_t i = 0; i < next->added_count; i++)
	{
		if (!is_known(next, &next->placed[i]) ||
			!holds_for(next, index, bits, bit_count, next->placed[i].origin))
			continue;
		ldb_bit_set(bits, (size_t) next->placed[i].id);
		any = true;
	}
	if (any)
		(void) set_fragments(next, index, bits, bit_count);
}

static bool
may_have_changed(const LdbNext *next, int32_t field_id)
{
	bool any_replaced = false;

	for (size_t i = 0; i < next->added_count; i++)
	{
		const LdbRowOrigin *origin = next->placed[i].origin;

		if (origin == NULL || origin->any_field || is_changed(next, origin, field_id))
			return true;
		any_replaced |= origin->source_count > 0;
	}
	return !any_replaced;
}

LdbStatus
ldb_next_changed_fields(const LdbNext *next, uint32_t **fields, size_t *count, LdbError *err)
{
	const Ldb__Manifest *message = &next->message;

	*count = 0;
	LDB_NEW(next->arena, *fields, message->n_fields, err);
	for (size_t i = 0; i < message->n_fields; i++)
	{
		if (may_have_changed(next, message->fields[i]->id))
			(*fields)[(*count)++] = (uint32_t) message->fields[i]->id;
	}
	return LDB_OK;
}

/* Versions that change no column, move no row and empty no fragment carry the bytes over. */
LdbStatus
ldb_next_indices(LdbNext *next, LdbSlice *section, LdbError *err)
{
	ProtobufCMessage *unpacked;
	Ldb__IndexSection *message;
	size_t kept = 0;

	*section = ldb_slice(NULL, 0);
	if (next->content == NULL)
		return LDB_OK;
	LDB_TRY(ldb_head_indices(next->content, section, err));
	if (section->length == 0 || (next->change->schema == NULL && next->moved_count == 0 &&
								 next->removed_count == 0 && !any_is_known(next)))
		return LDB_OK;
	LDB_TRY(ldb_proto_unpack(&ldb__index_section__descriptor, *section, next->arena,
							 "index section", &unpacked, err));
	message = (Ldb__IndexSection *) unpacked;
	for (size_t i = 0; i < message->n_indices; i++)
	{
		if (!keep_index(next, message->indices[i]))
			continue;
		cover_copies(next, message->indices[i]);
		message->indices[kept++] = message->indices[i];
	}
	message->n_indices = kept;
	LDB_TRY(ldb_next_retain(next, message, err));
	return ldb_proto_pack(&message->base, next->arena, "index section", section, err);
}
