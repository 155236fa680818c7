/* expr_list.c -- list @> values, list && values, value = ANY (list). */
#include "domain.h"
#include "filter.h"
#include "value_set.h"

#include <string.h>

/* Items looked up between two looks at the cancel flag. */
#define CANCEL_ITEMS ((size_t) 65536)

/* Positions in the set of a run of items, looked up many at a time. */
typedef struct Window
{
	const LdbValueSet *set;
	const LdbArray *items;
	size_t first;
	size_t end;
	int32_t positions[LDB_CHUNK_ROWS];
} Window;

static int32_t
position_of(Window *window, size_t item)
{
	if (item < window->first || item >= window->end)
	{
		size_t left = window->items->length - item;

		window->first = item;
		window->end = item + (left < LDB_CHUNK_ROWS ? left : LDB_CHUNK_ROWS);
		ldb_value_set_find(window->set, window->items, item, window->end - item, window->positions);
	}
	return window->positions[item - window->first];
}

typedef struct ItemRange
{
	size_t first;
	size_t end;
} ItemRange;

static ItemRange
items_of(const LdbArray *list, size_t row)
{
	ItemRange range;

	if (list->type->kind == LDB_TYPE_FIXED_SIZE_LIST)
	{
		range.first = row * (size_t) list->type->width;
		range.end = range.first + (size_t) list->type->width;
	}
	else
	{
		range.first = (size_t) list->offsets[row];
		range.end = (size_t) list->offsets[row + 1];
	}
	return range;
}

static bool
any_item_in_set(Window *window, ItemRange range)
{
	for (size_t item = range.first; item < range.end; item++)
		if (position_of(window, item) != LDB_NOT_IN_SET)
			return true;
	return false;
}

/* seen[position] = mark when this row had the value; marks differ between rows. */
static bool
all_values_in_items(Window *window, ItemRange range, uint32_t *seen, uint32_t mark)
{
	size_t missing = window->set->count;

	for (size_t item = range.first; missing > 0 && item < range.end; item++)
	{
		int32_t position = position_of(window, item);

		if (position != LDB_NOT_IN_SET && seen[position] != mark)
		{
			seen[position] = mark;
			missing--;
		}
	}
	return missing == 0;
}

static bool
any_item_null(const LdbArray *items, ItemRange range)
{
	if (items->type->kind == LDB_TYPE_NULL)
		return range.first < range.end;
	return items->validity != NULL &&
		   ldb_bitmap_count(items->validity, range.first, range.end - range.first) <
			   range.end - range.first;
}

static uint8_t
truth_of_row(const LdbFilterNode *node, Window *window, ItemRange range, uint32_t *seen,
			 uint32_t mark)
{
	switch (node->kind)
	{
		case LDB_EXPR_CONTAINS_ALL:
			/* A NULL among the values is contained in nothing. */
			return !node->has_null_value && all_values_in_items(window, range, seen, mark) ? LDB_YES
																						   : LDB_NO;
		case LDB_EXPR_OVERLAPS:
			return any_item_in_set(window, range) ? LDB_YES : LDB_NO;
		default:
			if (range.first == range.end)
				return LDB_NO;
			if (node->has_null_value)
				return LDB_UNKNOWN;
			if (any_item_in_set(window, range))
				return LDB_YES;
			return any_item_null(window->items, range) ? LDB_UNKNOWN : LDB_NO;
	}
}

static LdbStatus
evaluate_list(const LdbFilterNode *node, const LdbFilterRun *run, const uint8_t *live,
			  uint8_t *truth, LdbError *err)
{
	const LdbArray *list;
	Window window = {.set = &node->set};
	uint32_t *seen;
	size_t work = CANCEL_ITEMS;

	LDB_TRY(ldb_filter_column(run, node->column, node->type, &list, err));
	memset(truth, LDB_UNKNOWN, list->length);
	if (list->type->kind == LDB_TYPE_NULL || list->length == 0)
		return LDB_OK;
	window.items = &list->children[0];
	if (!ldb_domain_fits(node->domain, window.items->type))
		LDB_FAIL(err, LDB_INVALID, "the items of a list cannot be compared with %s",
				 ldb_domain_name(node->domain));
	LDB_NEW(run->batch->arena, seen, node->set.count, err);
	for (size_t row = 0; row < list->length; row++)
	{
		ItemRange range;

		if (!ldb_is_live(live, row) || ldb_array_is_null(list, row))
			continue;
		if (work >= CANCEL_ITEMS)
		{
			LDB_CHECK_CANCEL(run->cancel, err);
			work = 0;
		}
		range = items_of(list, row);
		work += 1 + range.end - range.first;
		truth[row] = truth_of_row(node, &window, range, seen, (uint32_t) (row + 1));
	}
	return LDB_OK;
}

LdbStatus
ldb_list_prepare(const LdbExpr *expr, LdbFilterNode *node, LdbArena *arena, const LdbCancel *cancel,
				 LdbError *err)
{
	if (expr->kind == LDB_EXPR_HAS_ITEM && expr->value_count + expr->has_null_value != 1)
		LDB_FAIL(err, LDB_INVALID, "a search for an item needs one value, not %zu",
				 expr->value_count);
	LDB_TRY(ldb_value_set_init(expr, arena, &node->set, cancel, err));
	node->has_null_value = expr->has_null_value;
	node->evaluate = evaluate_list;
	node->cost = LDB_COST_DEAR + 1;
	return LDB_OK;
}
