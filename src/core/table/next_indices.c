/* next_indices.c -- which indices of the version before still say the truth in the next. */
#include "next.h"

#include "ldb/base/bitmap.h"
#include "ldb/proto/proto.h"
#include "roaring.h"

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

/* Takes a fragment out of the ones that the index covers; false when that is not possible. */
static bool
uncover(LdbNext *next, Ldb__IndexMetadata *index, uint64_t fragment_id)
{
	uint64_t bit_count = (uint64_t) next->message.max_fragment_id + 1;
	LdbSlice old = ldb_slice(index->fragment_bitmap.data, index->fragment_bitmap.len);
	uint8_t *bits = ldb_arena_zalloc(next->arena, ldb_bitmap_bytes((size_t) bit_count) + 1);
	LdbSlice bytes;
	uint64_t count;

	if (bits == NULL || fragment_id >= bit_count ||
		ldb_roaring_decode(old, "fragments of an index", bits, bit_count, &count, NULL) != LDB_OK)
		return false;
	ldb_bit_clear(bits, (size_t) fragment_id);
	if (ldb_roaring_encode(bits, bit_count, next->arena, &bytes, NULL) != LDB_OK)
		return false;
	index->fragment_bitmap.len = bytes.length;
	index->fragment_bitmap.data = (uint8_t *) (uintptr_t) bytes.data;
	return true;
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

/* Versions without a change of columns carry the bytes over as they are. */
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
	if (section->length == 0 || (next->change->schema == NULL && next->moved_count == 0))
		return LDB_OK;
	LDB_TRY(ldb_proto_unpack(&ldb__index_section__descriptor, *section, next->arena,
							 "index section", &unpacked, err));
	message = (Ldb__IndexSection *) unpacked;
	for (size_t i = 0; i < message->n_indices; i++)
	{
		if (keep_index(next, message->indices[i]))
			message->indices[kept++] = message->indices[i];
	}
	message->n_indices = kept;
	return ldb_proto_pack(&message->base, next->arena, "index section", section, err);
}
