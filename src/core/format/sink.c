/* sink.c -- collects the values of one call and makes an array of them. */
#include <string.h>

#include "ldb/base/checked.h"
#include "page_impl.h"

static LdbStatus
flatten_lists(LdbSink *sink, const LdbType *type, LdbError *err)
{
	sink->items_per_value = 1;
	while (type->kind == LDB_TYPE_FIXED_SIZE_LIST)
	{
		if (sink->fsl_depth == LDB_MAX_FSL_DEPTH)
			LDB_FAIL(err, LDB_UNSUPPORTED, "fixed-size lists nested deeper than %d",
					 LDB_MAX_FSL_DEPTH);
		if (type->width < 0 ||
			!ldb_size_mul(sink->items_per_value, (size_t) type->width, &sink->items_per_value))
			LDB_FAIL(err, LDB_UNSUPPORTED, "fixed-size list of %d items", (int) type->width);
		sink->fsl_items[sink->fsl_depth++] = sink->items_per_value;
		type = type->item;
	}
	sink->variable = ldb_type_is_variable(type->kind);
	if (sink->variable && sink->fsl_depth > 0)
		LDB_FAIL(err, LDB_UNSUPPORTED, "fixed-size list of strings");
	sink->item_bits = (uint32_t) ldb_type_bits(type);
	if (sink->item_bits != 1 &&
		!ldb_size_mul(sink->items_per_value, sink->item_bits / 8, &sink->value_bytes))
		LDB_FAIL(err, LDB_UNSUPPORTED, "fixed-size list of %zu items", sink->items_per_value);
	return LDB_OK;
}

LdbStatus
ldb_sink_init_type(LdbSink *sink, const LdbType *type, size_t capacity, const uint8_t *validity,
				   LdbArena *arena, LdbError *err)
{
	memset(sink, 0, sizeof *sink);
	sink->type = ldb_type_value(type);
	sink->capacity = capacity;
	sink->validity = validity;
	sink->arena = arena;
	LDB_TRY(flatten_lists(sink, sink->type, err));
	if (sink->variable)
	{
		sink->views = ldb_arena_alloc_array(arena, capacity, sizeof *sink->views);
		if (sink->views == NULL)
			LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu values", capacity);
	}
	return LDB_OK;
}

LdbStatus
ldb_sink_init(LdbSink *sink, const LdbField *field, size_t capacity, const uint8_t *validity,
			  LdbArena *arena, LdbError *err)
{
	if (field->type.kind != LDB_TYPE_STRUCT)
		return ldb_sink_init_type(sink, &field->type, capacity, validity, arena, err);
	memset(sink, 0, sizeof *sink);
	sink->type = &field->type;
	sink->packed = field;
	sink->capacity = capacity;
	sink->validity = validity;
	sink->arena = arena;
	sink->child_count = field->child_count;
	LDB_NEW(arena, sink->children, field->child_count, err);
	for (size_t i = 0; i < field->child_count; i++)
	{
		if (field->children[i]->type.kind == LDB_TYPE_STRUCT)
			LDB_FAIL(err, LDB_UNSUPPORTED, "packed struct within a packed struct");
		LDB_TRY(ldb_sink_init_type(&sink->children[i], &field->children[i]->type, capacity,
								   validity, arena, err));
	}
	return LDB_OK;
}

static LdbStatus
alloc_fixed(LdbSink *sink, LdbError *err)
{
	size_t items;
	size_t bytes = 0;
	bool fits = ldb_size_mul(sink->capacity, sink->items_per_value, &items);

	if (fits && sink->item_bits == 1)
		bytes = ldb_bitmap_bytes(items);
	else if (fits)
		fits = ldb_size_mul(items, sink->item_bits / 8, &bytes);
	sink->fixed = fits ? ldb_arena_alloc(sink->arena, bytes) : NULL;
	if (sink->fixed == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu values of %zu items", sink->capacity,
				 sink->items_per_value);
	if (sink->item_bits == 1)
		memset(sink->fixed, 0, bytes);
	return LDB_OK;
}

LdbStatus
ldb_sink_room(LdbSink *sink, uint8_t **next, LdbError *err)
{
	if (sink->fixed == NULL)
		LDB_TRY(alloc_fixed(sink, err));
	*next = sink->fixed + sink->length * sink->value_bytes;
	return LDB_OK;
}

LdbStatus
ldb_sink_put_fixed(LdbSink *sink, const uint8_t *values, size_t first, size_t count, LdbError *err)
{
	uint8_t *next;

	LDB_TRY(ldb_sink_room(sink, &next, err));
	if (sink->item_bits == 1)
		ldb_bitmap_copy(sink->fixed, sink->length * sink->items_per_value, values,
						first * sink->items_per_value, count * sink->items_per_value);
	else if (count > 0 && sink->value_bytes > 0)
		memcpy(next, values + first * sink->value_bytes, count * sink->value_bytes);
	sink->length += count;
	return LDB_OK;
}

LdbStatus
ldb_sink_put_same(LdbSink *sink, const uint8_t *value, size_t count, LdbError *err)
{
	uint8_t *next;
	size_t bytes = count * sink->value_bytes;
	size_t done = sink->value_bytes;

	LDB_TRY(ldb_sink_room(sink, &next, err));
	if (sink->item_bits == 1)
	{
		if (value[0] & 1)
			ldb_bitmap_fill(sink->fixed, sink->length * sink->items_per_value,
							count * sink->items_per_value);
	}
	else if (bytes > 0)
	{
		memcpy(next, value, done);
		for (; done < bytes; done *= 2)
			memcpy(next + done, next, done < bytes - done ? done : bytes - done);
	}
	sink->length += count;
	return LDB_OK;
}

LdbStatus
ldb_sink_put_items_valid(LdbSink *sink, size_t level, const uint8_t *bits, size_t first,
						 size_t count, LdbError *err)
{
	size_t items = sink->fsl_items[level];
	size_t all;

	if (sink->fsl_validity[level] == NULL)
	{
		if (ldb_bitmap_count(bits, first * items, count * items) == count * items)
			return LDB_OK;
		if (!ldb_size_mul(sink->capacity, items, &all))
			LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu lists of %zu items", sink->capacity,
					 items);
		LDB_NEW(sink->arena, sink->fsl_validity[level], ldb_bitmap_bytes(all), err);
		ldb_bitmap_fill(sink->fsl_validity[level], 0, all);
	}
	ldb_bitmap_copy(sink->fsl_validity[level], sink->length * items, bits, first * items,
					count * items);
	return LDB_OK;
}

LdbStatus
ldb_sink_put_nulls(LdbSink *sink, size_t count, LdbError *err)
{
	uint8_t *next;

	for (size_t i = 0; i < sink->child_count; i++)
		LDB_TRY(ldb_sink_put_nulls(&sink->children[i], count, err));
	if (sink->variable)
	{
		if (count > 0)
			memset(sink->views + sink->length, 0, count * sizeof *sink->views);
	}
	else if (sink->item_bits > 0)
	{
		LDB_TRY(ldb_sink_room(sink, &next, err));
		if (count > 0 && sink->value_bytes > 0)
			memset(next, 0, count * sink->value_bytes);
	}
	sink->length += count;
	return LDB_OK;
}

/* Values of null slots are whatever was stored; views of them are nothing. */
static void
clear_null_views(LdbSink *sink)
{
	for (size_t i = 0; i < sink->length; i++)
		if (!ldb_bit_get(sink->validity, i))
			sink->views[i] = ldb_slice(NULL, 0);
}

/* The items of a fixed-size list, level by level. */
static LdbStatus
finish_lists(LdbSink *sink, LdbArray *out, LdbError *err)
{
	const LdbType *type = sink->type;

	for (size_t level = 0; level < sink->fsl_depth; level++)
	{
		LdbArray *items;

		LDB_NEW(sink->arena, items, 1, err);
		out->child_count = 1;
		out->children = items;
		type = type->item;
		items->type = type;
		items->length = sink->length * sink->fsl_items[level];
		if (sink->fsl_validity[level] != NULL)
			items->null_count =
				items->length - ldb_bitmap_count(sink->fsl_validity[level], 0, items->length);
		if (items->null_count > 0)
			items->validity = sink->fsl_validity[level];
		out = items;
	}
	out->values = sink->borrowed != NULL ? sink->borrowed : sink->fixed;
	return LDB_OK;
}

static LdbStatus
finish_null_type(LdbSink *sink, LdbArray *out, LdbError *err)
{
	uint8_t *validity;

	LDB_NEW(sink->arena, validity, ldb_bitmap_bytes(sink->length), err);
	out->null_count = sink->length;
	out->validity = sink->length == 0 ? NULL : validity;
	return LDB_OK;
}

LdbStatus
ldb_sink_finish(LdbSink *sink, size_t null_count, LdbArray *out, LdbError *err)
{
	uint8_t *next;

	memset(out, 0, sizeof *out);
	if (sink->length != sink->capacity)
		LDB_FAIL(err, LDB_CORRUPT, "%zu values decoded, not %zu", sink->length, sink->capacity);
	out->type = sink->type;
	out->length = sink->length;
	if (sink->type->kind == LDB_TYPE_NULL)
		return finish_null_type(sink, out, err);
	out->null_count = null_count;
	out->validity = null_count == 0 ? NULL : sink->validity;
	if (sink->packed != NULL)
	{
		LDB_NEW(sink->arena, out->children, sink->child_count, err);
		out->child_count = sink->child_count;
		for (size_t i = 0; i < sink->child_count; i++)
			LDB_TRY(ldb_sink_finish(&sink->children[i], null_count, &out->children[i], err));
		return LDB_OK;
	}
	if (sink->variable)
	{
		if (null_count > 0)
			clear_null_views(sink);
		out->views = sink->views;
		return LDB_OK;
	}
	if (sink->borrowed == NULL)
		LDB_TRY(ldb_sink_room(sink, &next, err));
	return finish_lists(sink, out, err);
}
