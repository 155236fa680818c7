/* value_set.c -- sorts constants and finds column values among them. */
#include "value_set.h"

#include "domain.h"

#include "ldb/base/sort.h"

static int
integer_order(const void *a, const void *b)
{
	int64_t x = *(const int64_t *) a;
	int64_t y = *(const int64_t *) b;

	return (x > y) - (x < y);
}

static int
wide_order(const void *a, const void *b)
{
	__int128 x = *(const __int128 *) a;
	__int128 y = *(const __int128 *) b;

	return (x > y) - (x < y);
}

static int
number_order(const void *a, const void *b)
{
	return ldb_float_compare(*(const double *) a, *(const double *) b);
}

static int
text_order(const void *a, const void *b)
{
	return ldb_text_compare(*(const LdbSlice *) a, *(const LdbSlice *) b);
}

/* Sorts and keeps the first of equal values; the number of those that stay goes to set->count. */
#define SORT(items, order)                                                             \
	do                                                                                 \
	{                                                                                  \
		size_t kept = 0;                                                               \
                                                                                       \
		LDB_TRY(ldb_sort((items), set->count, sizeof *(items), (order), cancel, err)); \
		for (size_t i = 0; i < set->count; i++)                                        \
			if (kept == 0 || (order) (&(items)[kept - 1], &(items)[i]) != 0)           \
				(items)[kept++] = (items)[i];                                          \
		set->count = kept;                                                             \
	} while (0)

#define COPY_AND_SORT(items, member, order)       \
	do                                            \
	{                                             \
		LDB_NEW(arena, (items), set->count, err); \
		for (size_t i = 0; i < set->count; i++)   \
			(items)[i] = expr->values[i].member;  \
		SORT((items), (order));                   \
	} while (0)

LdbStatus
ldb_value_set_init(const LdbExpr *expr, LdbArena *arena, LdbValueSet *set, const LdbCancel *cancel,
				   LdbError *err)
{
	if (expr->value_count > INT32_MAX)
		LDB_FAIL(err, LDB_INVALID, "%zu values in one list are too many", expr->value_count);
	set->domain = expr->domain;
	set->scale = expr->scale;
	set->count = expr->value_count;
	if (set->count == 0)
		return LDB_OK;
	switch (set->domain)
	{
		case LDB_DOMAIN_INT:
			COPY_AND_SORT(set->integers, integer, integer_order);
			break;
		case LDB_DOMAIN_WIDE:
			COPY_AND_SORT(set->wides, wide, wide_order);
			break;
		case LDB_DOMAIN_FLOAT:
			COPY_AND_SORT(set->numbers, number, number_order);
			break;
		case LDB_DOMAIN_TEXT:
			COPY_AND_SORT(set->texts, text, text_order);
			break;
	}
	return LDB_OK;
}

/* The last position whose value is not above the wanted one, found by halving; then one look. The
 * loop has no branch that depends on the data. */
#define LAST_NOT_ABOVE(values, above, at)        \
	do                                           \
	{                                            \
		size_t left = set->count;                \
                                                 \
		(at) = 0;                                \
		while (left > 1)                         \
		{                                        \
			size_t half = left / 2;              \
                                                 \
			(at) = (above) ? (at) : (at) + half; \
			left -= half;                        \
		}                                        \
	} while (0)

static void
find_integers(const LdbValueSet *set, const LdbArray *array, size_t first, size_t count,
			  int32_t *positions)
{
	int64_t values[LDB_CHUNK_ROWS];
	size_t at;

	ldb_domain_load_int(array, first, count, values);
	for (size_t i = 0; i < count; i++)
	{
		LAST_NOT_ABOVE(set->integers, set->integers[at + half] > values[i], at);
		positions[i] = set->integers[at] == values[i] ? (int32_t) at : LDB_NOT_IN_SET;
	}
}

static void
find_wides(const LdbValueSet *set, const LdbArray *array, size_t first, size_t count,
		   int32_t *positions)
{
	__int128 values[LDB_CHUNK_ROWS];
	int32_t scale = ldb_domain_wide_scale(array->type);
	size_t at;

	ldb_domain_load_wide(array, first, count, values);
	for (size_t i = 0; i < count; i++)
	{
		__int128 value;
		bool exact;

		positions[i] = LDB_NOT_IN_SET;
		if (ldb_wide_rescale(values[i], scale, set->scale, &value, &exact) != 0 || !exact)
			continue;
		LAST_NOT_ABOVE(set->wides, set->wides[at + half] > value, at);
		if (set->wides[at] == value)
			positions[i] = (int32_t) at;
	}
}

static void
find_numbers(const LdbValueSet *set, const LdbArray *array, size_t first, size_t count,
			 int32_t *positions)
{
	double values[LDB_CHUNK_ROWS];
	size_t at;

	ldb_domain_load_float(array, first, count, values);
	for (size_t i = 0; i < count; i++)
	{
		LAST_NOT_ABOVE(set->numbers, ldb_float_compare(set->numbers[at + half], values[i]) > 0, at);
		positions[i] =
			ldb_float_compare(set->numbers[at], values[i]) == 0 ? (int32_t) at : LDB_NOT_IN_SET;
	}
}

static void
find_texts(const LdbValueSet *set, const LdbArray *array, size_t first, size_t count,
		   int32_t *positions)
{
	size_t at;

	for (size_t i = 0; i < count; i++)
	{
		LdbSlice value;

		positions[i] = LDB_NOT_IN_SET;
		if (ldb_array_is_null(array, first + i))
			continue;
		value = ldb_domain_text(array, first + i);
		LAST_NOT_ABOVE(set->texts, ldb_text_compare(set->texts[at + half], value) > 0, at);
		if (ldb_slice_equal(set->texts[at], value))
			positions[i] = (int32_t) at;
	}
}

void
ldb_value_set_find(const LdbValueSet *set, const LdbArray *array, size_t first, size_t count,
				   int32_t *positions)
{
	static void (*const find[])(const LdbValueSet *, const LdbArray *, size_t, size_t,
								int32_t *) = {
		[LDB_DOMAIN_INT] = find_integers,
		[LDB_DOMAIN_WIDE] = find_wides,
		[LDB_DOMAIN_FLOAT] = find_numbers,
		[LDB_DOMAIN_TEXT] = find_texts,
	};

	if (set->count != 0 && array->type->kind != LDB_TYPE_NULL)
		find[set->domain](set, array, first, count, positions);
	else
		for (size_t i = 0; i < count; i++)
			positions[i] = LDB_NOT_IN_SET;
	for (size_t i = 0; array->validity != NULL && i < count; i++)
		if (!ldb_bit_get(array->validity, first + i))
			positions[i] = LDB_NOT_IN_SET;
}
