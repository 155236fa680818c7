/* test_column21.c -- columns of version 2.1 and 2.2 files as LanceDB wrote them. */
#include "golden.h"

static const char *const datasets[] = {
	"types_21",      "strings_21", "nested_21",  "vectors_21", "encodings_21", "blobs_21",
	"large_list_21", "types_22",   "strings_22", "nested_22",  "vectors_22",   "encodings_22"};

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

	return cmocka_run_group_tests_name("column21", tests, NULL, NULL);
}
