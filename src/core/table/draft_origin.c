/*
 * draft_origin.c -- where the rows of a draft come from, so that indices go on to hold for them.
 *
 * Rows that are replaced keep their stable ids: an index that covers the old copies has the new ones
 * too, if its columns are as they were. It covers fragments as a whole, so rows that different indices
 * cover should not share one. An index that does not cover the new copy is not wrong, but LanceDB
 * then adds the row to it a second time when it brings the index up to date.
 */
#include "draft_impl.h"

#include <string.h>

#include "coverage.h"
#include "ldb/base/bitmap.h"
#include "ldb/proto/proto.h"

/* Then rows share fragments, so that rows in a wild order do not get a file each. */
#define MOST_SPLITS 16

/* Bits of a group. */
#define MOST_INDICES 64

/* Beyond this many fragments nobody looks which of them are covered. */
#define MOST_FRAGMENT_ID ((uint64_t) 1 << 24)

/* ---- what rows replace ---- */

static LdbStatus
add_source(LdbDraftOrigin *origin, uint64_t id, LdbError *err)
{
	size_t low = 0, high = origin->source_count;

	if (high > 0 && origin->sources[high - 1] < id)
		low = high;
	while (low < high)
	{
		size_t middle = low + (high - low) / 2;

		if (origin->sources[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < origin->source_count && origin->sources[low] == id)
		return LDB_OK;
	LDB_TRY(ldb_draft_reserve(&origin->sources, &origin->source_capacity, origin->source_count + 1,
							  sizeof *origin->sources, err));
	memmove(&origin->sources[low + 1], &origin->sources[low],
			(origin->source_count - low) * sizeof *origin->sources);
	origin->sources[low] = id;
	origin->source_count++;
	return LDB_OK;
}

static LdbStatus
add_field(LdbDraftOrigin *origin, int32_t id, LdbError *err)
{
	for (size_t i = 0; i < origin->field_count; i++)
	{
		if (origin->fields[i] == id)
			return LDB_OK;
	}
	LDB_TRY(ldb_draft_reserve(&origin->fields, &origin->field_capacity, origin->field_count + 1,
							  sizeof *origin->fields, err));
	origin->fields[origin->field_count++] = id;
	return LDB_OK;
}

static LdbStatus
add_all(LdbDraftOrigin *origin, const LdbDraftOrigin *other, LdbError *err)
{
	if (origin == other)
		return LDB_OK;
	origin->has_new_rows |= other->has_new_rows;
	origin->any_field |= other->any_field;
	for (size_t i = 0; i < other->source_count; i++)
		LDB_TRY(add_source(origin, other->sources[i], err));
	for (size_t i = 0; i < other->field_count; i++)
		LDB_TRY(add_field(origin, other->fields[i], err));
	return LDB_OK;
}

static LdbStatus
add_differing(LdbDraftOrigin *origin, const LdbDraftOpen *open, LdbError *err)
{
	for (size_t i = 0; open->differs != NULL && i < open->schema->field_count; i++)
	{
		if (ldb_bit_get(open->differs, i))
			LDB_TRY(add_field(origin, open->schema->fields[i]->id, err));
	}
	origin->any_field |= open->differs == NULL;
	return LDB_OK;
}

static LdbDraftFragment *
staged_fragment(const LdbDraft *draft, uint64_t address)
{
	uint64_t id = address >> 32;

	if (id < LDB_STAGED_FRAGMENT || id - LDB_STAGED_FRAGMENT >= draft->staged_count)
		return NULL;
	return draft->staged[id - LDB_STAGED_FRAGMENT];
}

LdbStatus
ldb_draft_note_copy(LdbDraft *draft, uint64_t replaced, uint64_t row_id, LdbError *err)
{
	LdbDraftOrigin *origin = &draft->open.fragment->origin;
	const LdbDraftFragment *staged = staged_fragment(draft, replaced);

	if (row_id == LDB_NEW_ROW_ID)
		origin->has_new_rows = true;
	if (replaced == UINT64_MAX || origin->any_field)
		return LDB_OK;
	if (staged != NULL)
		LDB_TRY(add_all(origin, &staged->origin, err));
	else
		LDB_TRY(add_source(origin, replaced >> 32, err));
	return add_differing(origin, &draft->open, err);
}

void
ldb_draft_note_new_rows(LdbDraft *draft)
{
	draft->open.fragment->origin.has_new_rows = true;
}

void
ldb_draft_row_differs(LdbDraft *draft, const uint8_t *fields)
{
	draft->open.differs = fields;
}

LdbStatus
ldb_draft_show_origin(const LdbDraftFragment *fragment, LdbArena *arena,
					  const LdbRowOrigin **origin, LdbError *err)
{
	LdbRowOrigin *shown;

	LDB_NEW(arena, shown, 1, err);
	*shown = (LdbRowOrigin){.has_new_rows = fragment->origin.has_new_rows,
							.any_field = fragment->origin.any_field,
							.source_count = fragment->origin.source_count,
							.sources = fragment->origin.sources,
							.field_count = fragment->origin.field_count,
							.fields = fragment->origin.fields};
	*origin = shown;
	return LDB_OK;
}

/* ---- which indices cover what is replaced ---- */

static void
add_index(LdbDraftGroups *groups, const LdbManifest *manifest, size_t number,
		  const Ldb__IndexMetadata *index, LdbArena *arena)
{
	size_t bit_count = (size_t) manifest->max_fragment_id + 1;
	uint8_t *bits = ldb_arena_zalloc(arena, ldb_bitmap_bytes(bit_count) + 1);

	if (bits == NULL || !ldb_index_is_by_row_id(index) ||
		!ldb_index_fragments(index, bits, bit_count))
		return;
	for (size_t i = 0; i < manifest->fragment_count; i++)
	{
		if (ldb_bit_get(bits, (size_t) manifest->fragments[i].id))
			groups->of_fragments[i] |= (uint64_t) 1 << number;
	}
}

/* What cannot be read counts as no index: rows lie together then that need not. */
static void
find_groups(LdbDraftGroups *groups, const LdbDataset *dataset)
{
	const LdbManifest *manifest = dataset->manifest;
	LdbArena *arena;
	ProtobufCMessage *message;

	ldb_heap_free(groups->of_fragments);
	*groups = (LdbDraftGroups){.dataset = dataset};
	if (manifest->index_section.length == 0 || manifest->max_fragment_id > MOST_FRAGMENT_ID)
		return;
	arena = ldb_arena_new(0);
	groups->of_fragments = ldb_heap_zalloc((manifest->fragment_count + 1) * sizeof(uint64_t));
	if (arena != NULL && groups->of_fragments != NULL &&
		ldb_proto_unpack(&ldb__index_section__descriptor, manifest->index_section, arena,
						 "index section", &message, NULL) == LDB_OK)
	{
		const Ldb__IndexSection *section = (const Ldb__IndexSection *) message;

		for (size_t i = 0; i < section->n_indices && i < MOST_INDICES; i++)
			add_index(groups, manifest, i, section->indices[i], arena);
	}
	ldb_arena_free(arena);
}

/* 0 = no index covers it, as with a new row. */
static uint64_t
group_of(LdbDraft *draft, uint64_t replaced)
{
	const LdbDataset *dataset = draft->content->dataset;
	const LdbDraftFragment *staged = staged_fragment(draft, replaced);
	long index;

	if (staged != NULL)
		return staged->origin.group;
	if (dataset == NULL || replaced == UINT64_MAX)
		return 0;
	if (draft->groups.dataset != dataset)
		find_groups(&draft->groups, dataset);
	index = ldb_manifest_fragment_index(dataset->manifest, replaced >> 32);
	return index < 0 || draft->groups.of_fragments == NULL ? 0 : draft->groups.of_fragments[index];
}

void
ldb_draft_expect(LdbDraft *draft, uint64_t replaced)
{
	LdbDraftOpen *open = &draft->open;

	if (!draft->has_stable_row_ids)
		return;
	open->next_group = group_of(draft, replaced);
	if (open->fragment == NULL || open->fragment->origin.group == open->next_group)
		return;
	if (open->fragment->physical_rows == 0)
		open->fragment->origin.group = open->next_group;
	else if (!open->is_ending && open->splits < MOST_SPLITS)
	{
		open->is_ending = true;
		open->splits++;
	}
}
