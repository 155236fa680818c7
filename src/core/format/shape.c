/* shape.c -- turns repetition and definition levels into validity and list offsets. */
#include <string.h>

#include "ldb/base/checked.h"
#include "page_impl.h"

static bool
is_list_layer(LdbLayer kind)
{
	return kind != LDB_LAYER_ALL_VALID_ITEM && kind != LDB_LAYER_NULLABLE_ITEM;
}

/* Definition levels that a layer uses. */
static uint16_t
layer_levels(LdbLayer kind)
{
	switch (kind)
	{
		case LDB_LAYER_NULLABLE_ITEM:
		case LDB_LAYER_NULLABLE_LIST:
		case LDB_LAYER_EMPTYABLE_LIST:
			return 1;
		case LDB_LAYER_NULL_AND_EMPTY_LIST:
			return 2;
		default:
			return 0;
	}
}

LdbStatus
ldb_layers_count(LdbLayers *layers, LdbError *err)
{
	layers->max_rep = 0;
	layers->max_def = 0;
	layers->max_visible = 0;
	for (size_t i = 0; i < layers->count; i++)
	{
		LdbLayer kind = layers->kinds[i];

		if (kind < LDB_LAYER_ALL_VALID_ITEM || kind > LDB_LAYER_NULL_AND_EMPTY_LIST)
			LDB_FAIL(err, LDB_UNSUPPORTED, "layer kind %d is not known", (int) kind);
		if (is_list_layer(kind))
			layers->max_rep++;
		layers->max_def = (uint16_t) (layers->max_def + layer_levels(kind));
		if (layers->max_rep == 0)
			layers->max_visible = layers->max_def;
	}
	return LDB_OK;
}

LdbStatus
ldb_shape_init(LdbShape *shape, size_t layer_count, const bool *is_list, size_t row_capacity,
			   LdbArena *arena, LdbError *err)
{
	shape->arena = arena;
	shape->layer_count = layer_count;
	LDB_NEW(arena, shape->layers, layer_count, err);
	for (size_t i = 0; i < layer_count; i++)
	{
		shape->layers[i].is_list = is_list[i];
		shape->layers[i].capacity = row_capacity;
		if (!is_list[i])
			continue;
		shape->layers[i].offsets = ldb_arena_alloc_array(arena, row_capacity + 1, sizeof(int64_t));
		if (shape->layers[i].offsets == NULL)
			LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu lists", row_capacity);
		shape->layers[i].offsets[0] = 0;
	}
	return LDB_OK;
}

/* Room for `count` more slots. */
static LdbStatus
grow(LdbShape *shape, LdbShapeLayer *layer, size_t count, LdbError *err)
{
	size_t needed = layer->length + count;
	size_t capacity = layer->capacity * 2;
	uint8_t *validity;
	int64_t *offsets;

	if (needed <= layer->capacity)
		return LDB_OK;
	if (capacity < needed)
		capacity = needed;
	if (layer->validity != NULL)
	{
		LDB_NEW(shape->arena, validity, ldb_bitmap_bytes(capacity), err);
		memcpy(validity, layer->validity, ldb_bitmap_bytes(layer->length));
		layer->validity = validity;
	}
	if (layer->is_list)
	{
		LDB_NEW(shape->arena, offsets, capacity + 1, err);
		memcpy(offsets, layer->offsets, (layer->length + 1) * sizeof *offsets);
		layer->offsets = offsets;
	}
	layer->capacity = capacity;
	return LDB_OK;
}

/* Makes the bitmap real: so far everything was valid. */
static LdbStatus
need_validity(LdbShape *shape, LdbShapeLayer *layer, LdbError *err)
{
	if (layer->validity != NULL)
		return LDB_OK;
	LDB_NEW(shape->arena, layer->validity, ldb_bitmap_bytes(layer->capacity), err);
	ldb_bitmap_fill(layer->validity, 0, layer->length);
	return LDB_OK;
}

static void
put_valid(LdbShapeLayer *layer, size_t count)
{
	if (layer->validity != NULL)
		ldb_bitmap_fill(layer->validity, layer->length, count);
	layer->length += count;
}

/* Levels are looked at in groups of this many, so that the compiler uses vector instructions. */
#define GROUP ((size_t) 16)

size_t
ldb_levels_count(const uint16_t *def, size_t count, uint16_t limit)
{
	size_t found = 0;
	size_t i = 0;

	while (count - i >= GROUP)
	{
		uint16_t lanes[GROUP] = {0};
		/* a lane counts to 65535 at most */
		size_t end = (count - i) / GROUP < UINT16_MAX ? i + (count - i) / GROUP * GROUP
													  : i + UINT16_MAX * GROUP;

		for (; i < end; i += GROUP)
			for (size_t lane = 0; lane < GROUP; lane++)
				lanes[lane] = (uint16_t) (lanes[lane] + (def[i + lane] <= limit));
		for (size_t lane = 0; lane < GROUP; lane++)
			found += lanes[lane];
	}
	for (; i < count; i++)
		found += def[i] <= limit;
	return found;
}

static uint16_t
largest(const uint16_t *levels, size_t count)
{
	uint16_t lanes[GROUP] = {0};
	uint16_t max = 0;
	size_t i = 0;

	for (; count - i >= GROUP; i += GROUP)
		for (size_t lane = 0; lane < GROUP; lane++)
			lanes[lane] = levels[i + lane] > lanes[lane] ? levels[i + lane] : lanes[lane];
	for (size_t lane = 0; lane < GROUP; lane++)
		max = lanes[lane] > max ? lanes[lane] : max;
	for (; i < count; i++)
		max = levels[i] > max ? levels[i] : max;
	return max;
}

/* Which levels mean valid: up to `limit`, and one besides (an empty list is no null). */
typedef struct ValidLevels
{
	uint16_t limit;
	uint16_t also; /* 0 = no other: 0 is within the limit anyway */
} ValidLevels;

static inline bool
is_valid(ValidLevels valid, uint16_t level)
{
	return level <= valid.limit || level == valid.also;
}

/* Eight bytes of 0 or 1 become eight bits: the product moves byte i to bit i of the top byte. */
static inline uint8_t
gather_flags(const uint8_t *flags)
{
	return (uint8_t) ((ldb_load_u64(flags) * UINT64_C(0x0102040810204080)) >> 56);
}

/* Bits of `count` levels, a multiple of GROUP, from a whole byte on. Returns how many are 1. */
static size_t
put_groups(uint8_t *bits, const uint16_t *def, size_t count, ValidLevels valid)
{
	size_t set = 0;

	for (size_t i = 0; i < count; i += GROUP)
	{
		uint8_t flags[GROUP];

		for (size_t lane = 0; lane < GROUP; lane++)
			flags[lane] =
				(uint8_t) ((def[i + lane] <= valid.limit) | (def[i + lane] == valid.also));
		bits[i / 8] = gather_flags(flags);
		bits[i / 8 + 1] = gather_flags(flags + 8);
		set +=
			(size_t) __builtin_popcount(bits[i / 8]) + (size_t) __builtin_popcount(bits[i / 8 + 1]);
	}
	return set;
}

/* One slot for each entry. */
static LdbStatus
put_validity(LdbShape *shape, LdbShapeLayer *layer, const uint16_t *def, size_t count,
			 ValidLevels valid, LdbError *err)
{
	size_t before = layer->length;
	size_t set = 0;
	size_t i = 0;
	size_t groups;

	if (largest(def, count) <= valid.limit)
	{
		put_valid(layer, count);
		return LDB_OK;
	}
	LDB_TRY(need_validity(shape, layer, err));
	for (; i < count && (before + i) % 8 != 0; i++)
		if (is_valid(valid, def[i]))
		{
			ldb_bit_set(layer->validity, before + i);
			set++;
		}
	groups = (count - i) / GROUP * GROUP;
	set += put_groups(layer->validity + (before + i) / 8, def + i, groups, valid);
	for (i += groups; i < count; i++)
		if (is_valid(valid, def[i]))
		{
			ldb_bit_set(layer->validity, before + i);
			set++;
		}
	layer->length += count;
	layer->null_count += count - set;
	return LDB_OK;
}

/* No lists: every entry is a row in every layer. */
static LdbStatus
append_flat(LdbShape *shape, const LdbLayers *layers, const uint16_t *def, size_t count,
			LdbError *err)
{
	uint16_t below = 0;

	for (size_t i = 0; i < layers->count; i++)
	{
		/* also an all-valid layer is null where something around it is */
		if (def == NULL)
			put_valid(&shape->layers[i], count);
		else
			LDB_TRY(
				put_validity(shape, &shape->layers[i], def, count, (ValidLevels){below, 0}, err));
		below = (uint16_t) (below + layer_levels(layers->kinds[i]));
	}
	return LDB_OK;
}

/* Where an unravelling stands; levels below `below` belong to layers that are done. */
typedef struct Unravel
{
	const LdbLayers *layers;
	LdbShape *shape;
	uint16_t *rep;
	uint16_t *def; /* may be NULL */
	size_t entry_count;
	size_t slots; /* that the last layer added: items for the next list outward */
	uint16_t below;
} Unravel;

/* The highest level that is seen between layer `first` and the next list outward. */
static uint16_t
visible_limit(const Unravel *at, size_t first)
{
	uint16_t limit = at->below;

	for (size_t i = first; i < at->layers->count && !is_list_layer(at->layers->kinds[i]); i++)
		limit = (uint16_t) (limit + layer_levels(at->layers->kinds[i]));
	return limit;
}

/* Slots of the entries that are seen here; those of null or empty lists further out are not. */
static LdbStatus
put_visible(Unravel *at, LdbShapeLayer *layer, uint16_t limit, ValidLevels valid, LdbError *err)
{
	size_t visible = ldb_levels_count(at->def, at->entry_count, limit);

	if (visible == at->entry_count)
		return put_validity(at->shape, layer, at->def, visible, valid, err);
	if (ldb_levels_count(at->def, at->entry_count, valid.limit) == visible)
	{
		put_valid(layer, visible);
		return LDB_OK;
	}
	LDB_TRY(need_validity(at->shape, layer, err));
	for (size_t i = 0; i < at->entry_count; i++)
	{
		if (at->def[i] > limit)
			continue;
		if (is_valid(valid, at->def[i]))
			ldb_bit_set(layer->validity, layer->length);
		else
			layer->null_count++;
		layer->length++;
	}
	return LDB_OK;
}

static LdbStatus
append_items(Unravel *at, size_t layer_index, LdbError *err)
{
	LdbShapeLayer *layer = &at->shape->layers[layer_index];
	uint16_t limit = visible_limit(at, layer_index);
	size_t before = layer->length;

	LDB_TRY(grow(at->shape, layer, at->entry_count, err));
	if (at->def == NULL)
		put_valid(layer, at->entry_count);
	else
		LDB_TRY(put_visible(at, layer, limit, (ValidLevels){at->below, 0}, err));
	at->below = (uint16_t) (at->below + layer_levels(at->layers->kinds[layer_index]));
	if (at->slots != SIZE_MAX && layer->length - before != at->slots)
		LDB_FAIL(err, LDB_CORRUPT, "levels give %zu items where %zu are nested",
				 layer->length - before, at->slots);
	at->slots = layer->length - before;
	return LDB_OK;
}

/* Levels of one list layer, from inside out: its own null and empty, those around it. */
typedef struct ListLevels
{
	uint16_t valid; /* at most this: a list with items */
	uint16_t empty; /* exactly this: an empty list; 0 = none */
	uint16_t here;  /* up to this: null, or empty; above: not a list of this layer */
} ListLevels;

static ListLevels
list_levels(Unravel *at, size_t layer_index)
{
	LdbLayer kind = at->layers->kinds[layer_index];
	ListLevels levels = {at->below, 0, 0};

	at->below = (uint16_t) (at->below + layer_levels(kind));
	if (kind == LDB_LAYER_EMPTYABLE_LIST || kind == LDB_LAYER_NULL_AND_EMPTY_LIST)
		levels.empty = at->below;
	levels.here = visible_limit(at, layer_index + 1);
	return levels;
}

/*
 * Entries that start a list (rep > 0) become slots of this layer and entries of the next one;
 * all entries with a value below count as items. Written without branches, since the lengths of
 * lists cannot be predicted: what is written behind the end is overwritten by the next.
 * Returns the number of slots; *items is moved on.
 */
static size_t
split_lists(Unravel *at, ListLevels levels, int64_t *offsets, int64_t *items)
{
	uint16_t *rep = at->rep;
	uint16_t *def = at->def;
	size_t kept = 0;
	size_t slots = 0;
	int64_t item = *items;

	for (size_t i = 0; i < at->entry_count; i++)
	{
		uint16_t level = def == NULL ? 0 : def[i];
		bool starts = rep[i] != 0;

		rep[kept] = (uint16_t) (rep[i] - 1);
		if (def != NULL)
			def[kept] = level;
		kept += starts;
		offsets[slots] = item;
		slots += (size_t) (starts & (level <= levels.here));
		item += !starts | (level <= levels.valid);
	}
	offsets[slots] = item;
	at->entry_count = kept;
	*items = item;
	return slots;
}

static LdbStatus
append_lists(Unravel *at, size_t layer_index, LdbError *err)
{
	LdbShapeLayer *layer = &at->shape->layers[layer_index];
	ListLevels levels = list_levels(at, layer_index);
	ValidLevels valid = {levels.valid, levels.empty};
	int64_t first_item = layer->offsets[layer->length];
	int64_t items = first_item;
	size_t slots;

	/* one more than the lists: the end of the last */
	LDB_TRY(grow(at->shape, layer, at->entry_count - ldb_levels_count(at->rep, at->entry_count, 0),
				 err));
	slots = split_lists(at, levels, layer->offsets + layer->length, &items);
	if ((uint64_t) (items - first_item) != at->slots)
		LDB_FAIL(err, LDB_CORRUPT, "levels give lists of %lld items where %zu are nested",
				 (long long) (items - first_item), at->slots);
	/* entries before the first start, or within a list that is null further out */
	if (layer->offsets[layer->length] != first_item)
		LDB_FAIL(err, LDB_CORRUPT, "levels give %lld items that belong to no list",
				 (long long) (layer->offsets[layer->length] - first_item));
	at->slots = slots;
	if (at->def != NULL)
		return put_visible(at, layer, levels.here, valid, err);
	put_valid(layer, slots);
	return LDB_OK;
}

static LdbStatus
append_nested(LdbShape *shape, const LdbLayers *layers, LdbLevels *levels, LdbError *err)
{
	Unravel at = {layers, shape, levels->rep, levels->def, levels->entry_count, SIZE_MAX, 0};

	if (levels->rep == NULL)
		LDB_FAIL(err, LDB_CORRUPT, "page of lists has no repetition levels");
	if (largest(levels->rep, levels->entry_count) > layers->max_rep)
		LDB_FAIL(err, LDB_CORRUPT, "repetition level above %u", layers->max_rep);
	for (size_t i = 0; i < layers->count; i++)
	{
		if (is_list_layer(layers->kinds[i]))
			LDB_TRY(append_lists(&at, i, err));
		else
			LDB_TRY(append_items(&at, i, err));
	}
	return LDB_OK;
}

LdbStatus
ldb_shape_append(LdbShape *shape, const LdbLayers *layers, LdbLevels *levels, size_t row_count,
				 LdbError *err)
{
	LdbShapeLayer *top = &shape->layers[shape->layer_count - 1];
	size_t before = top->length;
	size_t values_before = shape->layers[0].length;

	if (levels->def != NULL && largest(levels->def, levels->entry_count) > layers->max_def)
		LDB_FAIL(err, LDB_CORRUPT, "definition level above %u", layers->max_def);
	if (layers->max_rep > 0)
		LDB_TRY(append_nested(shape, layers, levels, err));
	else
	{
		if (levels->entry_count != row_count)
			LDB_FAIL(err, LDB_CORRUPT, "%zu levels for %zu rows", levels->entry_count, row_count);
		LDB_TRY(append_flat(shape, layers, levels->def, row_count, err));
	}
	if (top->length - before != row_count)
		LDB_FAIL(err, LDB_CORRUPT, "levels give %zu rows, not %zu", top->length - before,
				 row_count);
	if (shape->layers[0].length - values_before != levels->visible_count)
		LDB_FAIL(err, LDB_CORRUPT, "levels give %zu values, not %zu",
				 shape->layers[0].length - values_before, levels->visible_count);
	return LDB_OK;
}
