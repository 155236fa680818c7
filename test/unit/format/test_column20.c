/* test_column20.c -- columns of version 2.0 files as LanceDB wrote them. */
#include "golden.h"

static const char *const datasets[] = {"types_20",     "strings_20", "nested_20",    "vectors_20",
									   "encodings_20", "blobs_20",   "large_list_20"};

static void
reads_what_lancedb_wrote_from_mapped_files(void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof datasets / sizeof *datasets; i++)
		golden_check(datasets[i], 0, true);
}

static void
reads_what_lancedb_wrote_where_nothing_is_mapped(void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof datasets / sizeof *datasets; i++)
		golden_check(datasets[i], 0, false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_lancedb_wrote_from_mapped_files),
		cmocka_unit_test(reads_what_lancedb_wrote_where_nothing_is_mapped),
	};

	return cmocka_run_group_tests_name("column20", tests, NULL, NULL);
}
