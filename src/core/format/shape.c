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

/* Bits "level is at most `limit`" for eight levels. */
static inline uint8_t
eight_bits(const uint16_t *def, uint16_t limit)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < 8; i++)
		bits |= (unsigned) (def[i] <= limit) << i;
	return (uint8_t) bits;
}

size_t
ldb_levels_count(const uint16_t *def, size_t count, uint16_t limit)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += def[i] <= limit;
	return found;
}

static uint16_t
largest(const uint16_t *levels, size_t count)
{
	uint16_t max = 0;

	for (size_t i = 0; i < count; i++)
		max = levels[i] > max ? levels[i] : max;
	return max;
}

/* One slot for each entry, valid where its level is at most `limit`. */
static LdbStatus
put_validity(LdbShape *shape, LdbShapeLayer *layer, const uint16_t *def, size_t count,
			 uint16_t limit, LdbError *err)
{
	size_t valid = ldb_levels_count(def, count, limit);
	size_t i = 0;

	if (valid == count)
	{
		put_valid(layer, count);
		return LDB_OK;
	}
	LDB_TRY(need_validity(shape, layer, err));
	layer->null_count += count - valid;
	for (; i < count && layer->length % 8 != 0; i++, layer->length++)
		if (def[i] <= limit)
			ldb_bit_set(layer->validity, layer->length);
	for (; count - i >= 8; i += 8, layer->length += 8)
		layer->validity[layer->length / 8] = eight_bits(def + i, limit);
	for (; i < count; i++, layer->length++)
		if (def[i] <= limit)
			ldb_bit_set(layer->validity, layer->length);
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
			LDB_TRY(put_validity(shape, &shape->layers[i], def, count, below, err));
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

static LdbStatus
append_items(Unravel *at, size_t layer_index, LdbError *err)
{
	LdbShapeLayer *layer = &at->shape->layers[layer_index];
	uint16_t limit = visible_limit(at, layer_index);
	size_t before = layer->length;

	LDB_TRY(grow(at->shape, layer, at->entry_count, err));
	if (at->def == NULL)
		put_valid(layer, at->entry_count);
	else if (ldb_levels_count(at->def, at->entry_count, at->below) == at->entry_count)
		put_valid(layer, at->entry_count);
	else
	{
		LDB_TRY(need_validity(at->shape, layer, err));
		for (size_t i = 0; i < at->entry_count; i++)
		{
			if (at->def[i] > limit)
				continue;
			if (at->def[i] <= at->below)
				ldb_bit_set(layer->validity, layer->length);
			else
				layer->null_count++;
			layer->length++;
		}
	}
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

static LdbStatus
put_list(LdbShape *shape, LdbShapeLayer *layer, bool valid, int64_t items, LdbError *err)
{
	if (!valid)
	{
		LDB_TRY(need_validity(shape, layer, err));
		layer->null_count++;
	}
	else if (layer->validity != NULL)
		ldb_bit_set(layer->validity, layer->length);
	layer->offsets[layer->length++] = items;
	return LDB_OK;
}

/*
 * Entries that start a list (rep > 0) become slots of this layer and entries of the next one;
 * all entries with a value below count as items. offsets[i] is where list i starts until the end
 * is known.
 */
static LdbStatus
append_lists(Unravel *at, size_t layer_index, LdbError *err)
{
	LdbShapeLayer *layer = &at->shape->layers[layer_index];
	ListLevels levels = list_levels(at, layer_index);
	size_t before = layer->length;
	int64_t items = layer->offsets[layer->length];
	int64_t first_item = items;
	size_t kept = 0;

	LDB_TRY(grow(at->shape, layer, at->entry_count - ldb_levels_count(at->rep, at->entry_count, 0),
				 err));
	for (size_t i = 0; i < at->entry_count; i++)
	{
		uint16_t rep = at->rep[i];
		uint16_t def = at->def == NULL ? 0 : at->def[i];

		if (rep == 0)
		{
			items++;
			continue;
		}
		at->rep[kept] = (uint16_t) (rep - 1);
		if (at->def != NULL)
			at->def[kept] = def;
		kept++;
		if (def > levels.here)
			continue;
		LDB_TRY(put_list(at->shape, layer, def <= levels.valid || def == levels.empty, items, err));
		if (def <= levels.valid)
			items++;
	}
	layer->offsets[layer->length] = items;
	at->entry_count = kept;
	if ((uint64_t) (items - first_item) != at->slots)
		LDB_FAIL(err, LDB_CORRUPT, "levels give lists of %lld items where %zu are nested",
				 (long long) (items - first_item), at->slots);
	at->slots = layer->length - before;
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
