/* test_dispatch.c -- which table of kernels is chosen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ldb/simd/distance.h"

static void
scalar_kernels_are_there_before_any_choice(void **state)
{
	(void) state;
	assert_ptr_equal(ldb_kernels, &ldb_kernels_scalar);
}

static void
scalar_is_always_the_first_table(void **state)
{
	const LdbKernels *tables[8];

	(void) state;
	assert_true(ldb_simd_tables(tables, 8) >= 1);
	assert_ptr_equal(tables[0], &ldb_kernels_scalar);
	assert_int_equal(ldb_simd_tables(tables, 1), 1);
	assert_int_equal(ldb_simd_tables(NULL, 0), 0);
}

static void
the_best_table_is_chosen_unless_one_is_named(void **state)
{
	const LdbKernels *tables[8];
	size_t count = ldb_simd_tables(tables, 8);

	(void) state;
	unsetenv("LDB_SIMD");
	ldb_simd_init();
	assert_ptr_equal(ldb_kernels, tables[count - 1]);
	for (size_t i = 0; i < count; i++)
	{
		setenv("LDB_SIMD", tables[i]->name, 1);
		ldb_simd_init();
		assert_ptr_equal(ldb_kernels, tables[i]);
	}
}

static void
an_unknown_name_is_ignored(void **state)
{
	const LdbKernels *tables[8];
	size_t count = ldb_simd_tables(tables, 8);

	(void) state;
	setenv("LDB_SIMD", "abacus", 1);
	ldb_simd_init();
	assert_ptr_equal(ldb_kernels, tables[count - 1]);
	unsetenv("LDB_SIMD");
}

static void
every_table_is_complete(void **state)
{
	const LdbKernels *tables[8];
	size_t count = ldb_simd_tables(tables, 8);

	(void) state;
	for (size_t i = 0; i < count; i++)
	{
		const LdbKernels *table = tables[i];

		assert_non_null(table->name);
		assert_true(table->l2_f32 && table->dot_f32 && table->l1_f32 && table->cosine_f32);
		assert_true(table->l2_f16 && table->dot_f16 && table->l1_f16 && table->cosine_f16);
		assert_true(table->f16_to_f32 != NULL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scalar_kernels_are_there_before_any_choice),
		cmocka_unit_test(scalar_is_always_the_first_table),
		cmocka_unit_test(the_best_table_is_chosen_unless_one_is_named),
		cmocka_unit_test(an_unknown_name_is_ignored),
		cmocka_unit_test(every_table_is_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
