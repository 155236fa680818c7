/* check_array.h -- holds an array against what array.h promises and reads it to its last byte. */
#ifndef TEST_FUZZ_CHECK_ARRAY_H
#define TEST_FUZZ_CHECK_ARRAY_H

#include "fuzz.h"
#include "ldb/arrow/array.h"

/* Aborts unless all is well. */
static inline void fuzz_check_array(const LdbArray *array, size_t length);

static inline void
fuzz_check_validity(const LdbArray *array)
{
	if (array->validity == NULL)
	{
		FUZZ_REQUIRE(array->null_count == 0);
		return;
	}
	fuzz_touch(array->validity, ldb_bitmap_bytes(array->length));
	FUZZ_REQUIRE(ldb_bitmap_count(array->validity, 0, array->length) ==
				 array->length - array->null_count);
}

static inline void
fuzz_check_views(const LdbArray *array)
{
	for (size_t i = 0; i < array->length; i++)
	{
		if (ldb_array_is_null(array, i))
			FUZZ_REQUIRE(array->views[i].data == NULL && array->views[i].length == 0);
		else
			fuzz_touch(array->views[i].data, array->views[i].length);
	}
}

static inline void
fuzz_check_list(const LdbArray *array)
{
	int64_t before = 0;

	FUZZ_REQUIRE(array->child_count == 1);
	FUZZ_REQUIRE(array->offsets[0] == 0);
	for (size_t i = 0; i <= array->length; i++)
	{
		FUZZ_REQUIRE(array->offsets[i] >= before);
		before = array->offsets[i];
	}
	FUZZ_REQUIRE((uint64_t) before <= array->children[0].length);
	fuzz_check_array(&array->children[0], array->children[0].length);
}

static inline void
fuzz_check_array(const LdbArray *array, size_t length)
{
	const LdbType *type = array->type;

	FUZZ_REQUIRE(array->length == length);
	FUZZ_REQUIRE(array->null_count <= length);
	if (type->kind == LDB_TYPE_NULL)
		return;
	fuzz_check_validity(array);
	if (ldb_type_is_variable(type->kind))
		fuzz_check_views(array);
	else if (type->kind == LDB_TYPE_FIXED_SIZE_LIST)
		fuzz_check_array(&array->children[0], length * (size_t) type->width);
	else if (type->kind == LDB_TYPE_LIST || type->kind == LDB_TYPE_LARGE_LIST ||
			 type->kind == LDB_TYPE_MAP)
		fuzz_check_list(array);
	else if (type->kind == LDB_TYPE_STRUCT)
		for (size_t i = 0; i < array->child_count; i++)
			fuzz_check_array(&array->children[i], length);
	else
		fuzz_touch(array->values, (length * (size_t) ldb_type_bits(type) + 7) / 8);
}

#endif
