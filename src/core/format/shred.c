/* shred.c -- takes the lists, structs and nulls around a leaf apart into levels. */
#include "shred.h"

#include <string.h>

/*
 * The walk goes from the top inward and holds one entry for each that the page will have, were this
 * layer the leaf. What ends an entry is noted as a cause, 0 = nothing yet: each layer has two, null
 * and empty, numbered from the leaf outward, so that they ascend as definition levels do. Causes that
 * did not occur are squeezed out at the end.
 */
typedef struct Walk
{
	LdbArena *arena;
	const LdbLeafPath *path;
	const LdbArray *array; /* of this layer */
	size_t entry_count;
	uint32_t *slots;  /* where in the array; NULL = entry i is slot i */
	uint16_t *rep;    /* NULL before the first list */
	uint16_t *causes; /* NULL = all 0 */
	bool *seen;       /* of each cause */
	uint16_t max_rep;
} Walk;

static uint16_t
null_cause(size_t layer)
{
	return (uint16_t) (2 * layer + 1);
}

static uint16_t
empty_cause(size_t layer)
{
	return (uint16_t) (2 * layer + 2);
}

static LdbStatus
need_causes(Walk *walk, LdbError *err)
{
	if (walk->causes == NULL)
		LDB_NEW(walk->arena, walk->causes, walk->entry_count, err);
	return LDB_OK;
}

static size_t
slot_of(const Walk *walk, size_t entry)
{
	return walk->slots == NULL ? entry : walk->slots[entry];
}

/* Entries of null values that nothing further out has ended. Below a struct they keep their slots. */
static LdbStatus
mark_nulls(Walk *walk, size_t layer, LdbError *err)
{
	const LdbArray *array = walk->array;
	bool all = array->type->kind == LDB_TYPE_NULL;
	uint16_t cause = null_cause(layer);

	if (!all && array->validity == NULL)
		return LDB_OK;
	LDB_TRY(need_causes(walk, err));
	for (size_t i = 0; i < walk->entry_count; i++)
	{
		if (walk->causes[i] != 0 || (!all && ldb_bit_get(array->validity, slot_of(walk, i))))
			continue;
		walk->causes[i] = cause;
		walk->seen[cause] = true;
	}
	return LDB_OK;
}

static size_t
list_length(const Walk *walk, size_t entry)
{
	size_t slot = slot_of(walk, entry);

	return (size_t) (walk->array->offsets[slot + 1] - walk->array->offsets[slot]);
}

/* Null lists are marked already. Empty ones are now; *count = entries that items will make. */
static LdbStatus
mark_empty(Walk *walk, size_t layer, size_t *count, LdbError *err)
{
	uint16_t cause = empty_cause(layer);

	*count = 0;
	for (size_t i = 0; i < walk->entry_count; i++)
	{
		size_t length = 0;

		if (walk->causes == NULL || walk->causes[i] == 0)
		{
			length = list_length(walk, i);
			if (length == 0)
			{
				LDB_TRY(need_causes(walk, err));
				walk->causes[i] = cause;
				walk->seen[cause] = true;
			}
		}
		*count += length == 0 ? 1 : length;
	}
	return LDB_OK;
}

/* Each list's items become entries; an entry that was ended stays one. `number` of the list counts
 * from 1, the innermost. */
static LdbStatus
expand_lists(Walk *walk, size_t layer, uint16_t number, LdbError *err)
{
	uint32_t *slots;
	uint16_t *rep;
	uint16_t *causes = NULL;
	size_t count;
	size_t at = 0;

	LDB_TRY(mark_empty(walk, layer, &count, err));
	if (count > UINT32_MAX || walk->array->children[0].length > UINT32_MAX)
		LDB_FAIL(err, LDB_UNSUPPORTED, "lists of more than %u items in one page", UINT32_MAX);
	LDB_NEW(walk->arena, slots, count, err);
	LDB_NEW(walk->arena, rep, count, err);
	if (walk->causes != NULL)
		LDB_NEW(walk->arena, causes, count, err);
	for (size_t i = 0; i < walk->entry_count; i++)
	{
		bool ended = walk->causes != NULL && walk->causes[i] != 0;
		size_t length = ended ? 1 : list_length(walk, i);
		size_t first = ended ? 0 : (size_t) walk->array->offsets[slot_of(walk, i)];

		for (size_t item = 0; item < length; item++)
		{
			slots[at + item] = (uint32_t) (first + item);
			rep[at + item] = (uint16_t) (number - 1);
		}
		rep[at] = walk->rep == NULL ? walk->max_rep : walk->rep[i];
		if (ended)
			causes[at] = walk->causes[i];
		at += length;
	}
	walk->entry_count = count;
	walk->slots = slots;
	walk->rep = rep;
	walk->causes = causes;
	return LDB_OK;
}

static LdbStatus
walk_inward(Walk *walk, const LdbArray *rows, LdbError *err)
{
	const LdbLeafPath *path = walk->path;
	uint16_t number = walk->max_rep;

	walk->array = rows;
	walk->entry_count = rows->length;
	for (size_t i = 0; i < path->length; i++)
	{
		size_t layer = path->length - 1 - i;

		if (i > 0)
			walk->array = &walk->array->children[path->children[i]];
		LDB_TRY(mark_nulls(walk, layer, err));
		if (ldb_type_is_list(path->fields[i]->type.kind))
			LDB_TRY(expand_lists(walk, layer, number--, err));
	}
	return LDB_OK;
}

/* ---- layers ---- */

static LdbLayer
layer_kind(const Walk *walk, size_t layer, bool is_list)
{
	bool null = walk->seen[null_cause(layer)];
	bool empty = walk->seen[empty_cause(layer)];

	if (!is_list)
		return null ? LDB_LAYER_NULLABLE_ITEM : LDB_LAYER_ALL_VALID_ITEM;
	if (null && empty)
		return LDB_LAYER_NULL_AND_EMPTY_LIST;
	return null    ? LDB_LAYER_NULLABLE_LIST
		   : empty ? LDB_LAYER_EMPTYABLE_LIST
				   : LDB_LAYER_ALL_VALID_LIST;
}

/*
 * A list below a struct that is null is null itself, in LanceDB's eyes: its reader takes the entry of a
 * null struct for an item when the list's layer says that all lists are valid.
 */
static void
mask_lists(Walk *walk)
{
	const LdbLeafPath *path = walk->path;
	bool below_null = false;

	for (size_t i = 0; i < path->length; i++)
	{
		size_t layer = path->length - 1 - i;

		if (!ldb_type_is_list(path->fields[i]->type.kind))
		{
			below_null = below_null || walk->seen[null_cause(layer)];
			continue;
		}
		if (below_null)
			walk->seen[null_cause(layer)] = true;
		below_null = false;
	}
}

static LdbStatus
name_layers(const Walk *walk, LdbLayers *layers, LdbError *err)
{
	size_t count = walk->path->length;
	LdbLayer *kinds;

	LDB_NEW(walk->arena, kinds, count, err);
	for (size_t layer = 0; layer < count; layer++)
		kinds[layer] = layer_kind(
			walk, layer, ldb_type_is_list(walk->path->fields[count - 1 - layer]->type.kind));
	layers->kinds = kinds;
	layers->count = count;
	return ldb_layers_count(layers, err);
}

/* Causes that occurred get the numbers 1, 2, ...; the others are never looked up. */
static LdbStatus
squeeze_levels(const Walk *walk, LdbShred *shred, LdbError *err)
{
	uint16_t *levels;
	uint16_t next = 0;

	shred->levels.entry_count = walk->entry_count;
	shred->levels.rep = walk->rep;
	if (shred->layers.max_def == 0)
		return LDB_OK;
	LDB_NEW(walk->arena, levels, 2 * walk->path->length + 1, err);
	for (size_t cause = 1; cause <= 2 * walk->path->length; cause++)
		if (walk->seen[cause])
			levels[cause] = ++next;
	for (size_t i = 0; i < walk->entry_count; i++)
		walk->causes[i] = levels[walk->causes[i]];
	shred->levels.def = walk->causes;
	return LDB_OK;
}

/* ---- values ---- */

/* Without lists entries, slots and values are the same. */
static LdbStatus
flat_values(const Walk *walk, LdbShred *shred, LdbError *err)
{
	const uint16_t *def = shred->levels.def;
	uint8_t *valid;

	shred->values = *walk->array;
	shred->levels.visible_count = walk->entry_count;
	shred->valid_count = walk->entry_count;
	if (def == NULL)
		return LDB_OK;
	LDB_NEW(walk->arena, valid, ldb_bitmap_bytes(walk->entry_count), err);
	shred->valid_count = 0;
	for (size_t i = 0; i < walk->entry_count; i++)
	{
		valid[i / 8] = (uint8_t) (valid[i / 8] | (unsigned) (def[i] == 0) << (i % 8));
		shred->valid_count += def[i] == 0;
	}
	shred->valid = valid;
	return LDB_OK;
}

/* Slots of visible entries ascend; mostly all items of the lists follow each other. */
static LdbStatus
pick_values(const Walk *walk, const uint32_t *slots, size_t count, LdbArray *values, LdbError *err)
{
	bool together = true;

	for (size_t i = 1; i < count && together; i++)
		together = slots[i] == slots[i - 1] + 1;
	if (together)
		return ldb_array_slice(walk->array, count == 0 ? 0 : slots[0], count, walk->arena, values,
							   err);
	return ldb_array_take(walk->array, slots, count, walk->arena, values, err);
}

static LdbStatus
listed_values(const Walk *walk, LdbShred *shred, LdbError *err)
{
	const uint16_t *def = shred->levels.def;
	size_t visible = 0;
	uint8_t *valid;

	if (def == NULL)
	{
		shred->levels.visible_count = walk->entry_count;
		shred->valid_count = walk->entry_count;
		return pick_values(walk, walk->slots, walk->entry_count, &shred->values, err);
	}
	LDB_NEW(walk->arena, valid, ldb_bitmap_bytes(walk->entry_count), err);
	for (size_t i = 0; i < walk->entry_count; i++)
	{
		if (def[i] > shred->layers.max_visible)
			continue;
		walk->slots[visible] = walk->slots[i];
		if (def[i] == 0)
		{
			ldb_bit_set(valid, visible);
			shred->valid_count++;
		}
		visible++;
	}
	shred->levels.visible_count = visible;
	shred->valid = shred->valid_count == visible ? NULL : valid;
	return pick_values(walk, walk->slots, visible, &shred->values, err);
}

LdbStatus
ldb_shred(const LdbLeafPath *path, const LdbArray *rows, LdbArena *arena, LdbShred *shred,
		  LdbError *err)
{
	Walk walk = {.arena = arena, .path = path};

	memset(shred, 0, sizeof *shred);
	for (size_t i = 0; i < path->length; i++)
		if (ldb_type_is_list(path->fields[i]->type.kind))
			walk.max_rep++;
	LDB_NEW(arena, walk.seen, 2 * path->length + 1, err);
	LDB_TRY(walk_inward(&walk, rows, err));
	mask_lists(&walk);
	LDB_TRY(name_layers(&walk, &shred->layers, err));
	LDB_TRY(squeeze_levels(&walk, shred, err));
	if (walk.slots == NULL)
		return flat_values(&walk, shred, err);
	return listed_values(&walk, shred, err);
}

/* ---- more layers than occur ---- */

static bool
has_null(LdbLayer kind)
{
	return kind == LDB_LAYER_NULLABLE_ITEM || kind == LDB_LAYER_NULLABLE_LIST ||
		   kind == LDB_LAYER_NULL_AND_EMPTY_LIST;
}

static bool
has_empty(LdbLayer kind)
{
	return kind == LDB_LAYER_EMPTYABLE_LIST || kind == LDB_LAYER_NULL_AND_EMPTY_LIST;
}

/* levels[old] = the level that means the same in the new layers */
static void
map_levels(const LdbLayers *old, const LdbLayer *kinds, uint16_t *levels)
{
	uint16_t from = 0;
	uint16_t to = 0;

	levels[0] = 0;
	for (size_t layer = 0; layer < old->count; layer++)
	{
		to = (uint16_t) (to + has_null(kinds[layer]));
		if (has_null(old->kinds[layer]))
			levels[++from] = to;
		to = (uint16_t) (to + has_empty(kinds[layer]));
		if (has_empty(old->kinds[layer]))
			levels[++from] = to;
	}
}

LdbStatus
ldb_shred_widen(LdbShred *shred, const LdbLayer *kinds, LdbArena *arena, LdbError *err)
{
	uint16_t *levels;

	LDB_NEW(arena, levels, (size_t) shred->layers.max_def + 1, err);
	map_levels(&shred->layers, kinds, levels);
	shred->layers.kinds = kinds;
	LDB_TRY(ldb_layers_count(&shred->layers, err));
	if (shred->layers.max_def == 0)
		return LDB_OK;
	if (shred->levels.def == NULL)
		LDB_NEW(arena, shred->levels.def, shred->levels.entry_count, err);
	else
		for (size_t i = 0; i < shred->levels.entry_count; i++)
			shred->levels.def[i] = levels[shred->levels.def[i]];
	return LDB_OK;
}
