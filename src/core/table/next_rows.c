/* next_rows.c -- fragments that a change adds, with their ids and those of their rows. */
#include "next.h"

#include <inttypes.h>

#include "row_ids_write.h"
#include "schema_write.h"

/* Version that LanceDB assumes for rows of which nobody wrote down when they were made. */
#define FIRST_VERSION 1

static LdbStatus
pack_created(const LdbNext *next, const LdbNewFragment *added, LdbSlice *bytes, LdbError *err)
{
	uint64_t *versions;

	if (added->row_ids == NULL)
		return ldb_row_versions_encode_same(next->version, added->physical_rows, next->arena, bytes,
											err);
	LDB_NEW(next->arena, versions, (size_t) added->physical_rows, err);
	for (size_t i = 0; i < added->physical_rows; i++)
	{
		uint64_t known = added->created_versions == NULL ? 0 : added->created_versions[i];

		if (added->row_ids[i] == LDB_NEW_ROW_ID)
			versions[i] = next->version;
		else
			versions[i] = known == 0 ? FIRST_VERSION : known;
	}
	return ldb_row_versions_encode(versions, (size_t) added->physical_rows, next->arena, bytes,
								   err);
}

static LdbStatus
take_row_ids(LdbNext *next, uint64_t count, uint64_t *first, LdbError *err)
{
	*first = next->message.next_row_id;
	/* LanceDB leaves it out of the manifest of a table without rows: there 0 is not written */
	next->message.has_next_row_id = true;
	if (__builtin_add_overflow(*first, count, &next->message.next_row_id))
		LDB_FAIL(err, LDB_UNSUPPORTED, "table \"%s\" has no row ids left", next->home->uri);
	return LDB_OK;
}

static LdbStatus
pack_row_ids(LdbNext *next, const LdbNewFragment *added, LdbSlice *bytes, LdbError *err)
{
	size_t count = (size_t) added->physical_rows;
	uint64_t fresh = 0, id;
	uint64_t *ids;

	if (added->row_ids == NULL)
	{
		LDB_TRY(take_row_ids(next, count, &id, err));
		return ldb_row_ids_encode_range(id, count, next->arena, bytes, err);
	}
	LDB_NEW(next->arena, ids, count, err);
	for (size_t i = 0; i < count; i++)
		fresh += added->row_ids[i] == LDB_NEW_ROW_ID;
	LDB_TRY(take_row_ids(next, fresh, &id, err));
	for (size_t i = 0; i < count; i++)
		ids[i] = added->row_ids[i] == LDB_NEW_ROW_ID ? id++ : added->row_ids[i];
	return ldb_row_ids_encode(ids, count, next->arena, bytes, err);
}

static ProtobufCBinaryData
binary(LdbSlice bytes)
{
	return (ProtobufCBinaryData){bytes.length, (uint8_t *) (uintptr_t) bytes.data};
}

static LdbStatus
set_row_ids(LdbNext *next, const LdbNewFragment *added, Ldb__DataFragment *fragment, LdbError *err)
{
	LdbSlice ids, created, updated;

	LDB_TRY(pack_row_ids(next, added, &ids, err));
	LDB_TRY(pack_created(next, added, &created, err));
	LDB_TRY(ldb_row_versions_encode_same(next->version, added->physical_rows, next->arena, &updated,
										 err));
	fragment->row_ids_case = LDB__DATA_FRAGMENT__ROW_IDS_INLINE_ROW_IDS;
	fragment->inline_row_ids = binary(ids);
	fragment->has_inline_created_at_versions = true;
	fragment->inline_created_at_versions = binary(created);
	fragment->has_inline_last_updated_at_versions = true;
	fragment->inline_last_updated_at_versions = binary(updated);
	return LDB_OK;
}

/* Ids beyond LDB_STAGED_FRAGMENT are those of fragments that no version has. */
static LdbStatus
take_fragment_id(LdbNext *next, uint64_t *id, LdbError *err)
{
	Ldb__Manifest *message = &next->message;

	*id = message->has_max_fragment_id ? (uint64_t) message->max_fragment_id + 1 : 0;
	if (*id >= LDB_STAGED_FRAGMENT)
		LDB_FAIL(err, LDB_UNSUPPORTED, "table \"%s\" has no fragment ids left", next->home->uri);
	message->has_max_fragment_id = true;
	message->max_fragment_id = (uint32_t) *id;
	return LDB_OK;
}

static LdbStatus
build_fragment(LdbNext *next, const LdbNewFragment *added, Ldb__DataFragment *fragment,
			   LdbError *err)
{
	ldb__data_fragment__init(fragment);
	fragment->has_id = fragment->has_physical_rows = true;
	fragment->physical_rows = added->physical_rows;
	fragment->n_files = added->file_count;
	LDB_NEW(next->arena, fragment->files, added->file_count, err);
	for (size_t i = 0; i < added->file_count; i++)
	{
		LDB_TRY(ldb_data_file_message(&added->files[i], next->arena, &fragment->files[i], err));
		LDB_TRY(ldb_next_name_file(next, &added->files[i], err));
	}
	LDB_TRY(take_fragment_id(next, &fragment->id, err));
	if (added->deleted_rows > 0)
		LDB_TRY(ldb_next_deletion(next, fragment, added->deleted, added->deleted_rows, err));
	if ((next->message.reader_feature_flags & LDB_FLAG_STABLE_ROW_IDS) != 0)
		LDB_TRY(set_row_ids(next, added, fragment, err));
	return LDB_OK;
}

/* The transaction has fragments as their writer made them, before they got ids. */
static LdbStatus
add_to_transaction(LdbNext *next, const LdbNewFragment *added, const Ldb__DataFragment *fragment,
				   LdbError *err)
{
	Ldb__DataFragment *copy;

	LDB_NEW(next->arena, copy, 1, err);
	*copy = *fragment;
	copy->id = 0;
	next->placed[next->added_count] = (LdbPlaced){fragment->id, added->origin};
	next->added[next->added_count++] = copy;
	return LDB_OK;
}

LdbStatus
ldb_next_new_fragments(LdbNext *next, LdbError *err)
{
	const LdbChange *change = next->change;
	Ldb__DataFragment *fragments;

	LDB_NEW(next->arena, fragments, change->new_count, err);
	LDB_NEW(next->arena, next->added, change->new_count, err);
	LDB_NEW(next->arena, next->placed, change->new_count, err);
	for (size_t i = 0; i < change->new_count; i++)
	{
		const LdbNewFragment *added = &change->new_fragments[i];

		if (added->physical_rows > UINT32_MAX || added->deleted_rows > added->physical_rows)
			LDB_FAIL(err, LDB_INVALID,
					 "a new fragment has %" PRIu64 " rows, %" PRIu64 " of them deleted",
					 added->physical_rows, added->deleted_rows);
		if (added->deleted_rows == added->physical_rows)
			continue;
		LDB_TRY(build_fragment(next, added, &fragments[i], err));
		LDB_TRY(add_to_transaction(next, added, &fragments[i], err));
		next->fragments[next->fragment_count++] = &fragments[i];
	}
	return LDB_OK;
}
