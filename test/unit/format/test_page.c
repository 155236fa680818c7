/* test_page.c -- layouts that do not fit the column, or that nobody knows. */
#include "file21.h"

static void
start(Draft *draft, Ldb__PageLayout__KindCase kind)
{
	MESSAGE(draft, empty, Ldb__Empty, LDB__EMPTY__INIT);

	draft_column(draft);
	draft_page(draft, 1, kind, empty);
}

static void
names_a_layout_of_a_later_version(void **state)
{
	LdbField field = leaf_field(LDB_TYPE_INT32);
	Draft draft;

	(void) state;
	draft_start(&draft, 1);
	start(&draft, LDB__PAGE_LAYOUT__KIND_SPARSE);
	draft_must_fail(&draft, &field, LDB_UNSUPPORTED, "page layout 5");
	draft_end(&draft);
}

static void
refuses_a_page_without_a_layout(void **state)
{
	LdbField field = leaf_field(LDB_TYPE_INT32);
	Draft draft;

	(void) state;
	draft_start(&draft, 1);
	start(&draft, LDB__PAGE_LAYOUT__KIND__NOT_SET);
	draft_must_fail(&draft, &field, LDB_UNSUPPORTED, "page layout 0");
	draft_end(&draft);
}

static void
refuses_layers_that_are_nested_otherwise_than_the_column(void **state)
{
	LdbField field = leaf_field(LDB_TYPE_INT32);
	Constant *page;
	Draft draft;

	(void) state;
	draft_start(&draft, 1);
	draft_column(&draft);
	page = draft_constant(&draft, 1);
	LAYERS(&draft, page, 4);
	draft_must_fail(&draft, &field, LDB_CORRUPT, "the column's is not a list");
	draft_end(&draft);
	draft_start(&draft, 1);
	draft_column(&draft);
	page = draft_constant(&draft, 1);
	LAYERS(&draft, page, 9);
	draft_must_fail(&draft, &field, LDB_UNSUPPORTED, "layer kind 9");
	draft_end(&draft);
	draft_start(&draft, 1);
	draft_column(&draft);
	page = draft_constant(&draft, 1);
	page->n_layers = 0;
	draft_must_fail(&draft, &field, LDB_CORRUPT, "0 layers for a column nested 1 deep");
	draft_end(&draft);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_a_layout_of_a_later_version),
		cmocka_unit_test(refuses_a_page_without_a_layout),
		cmocka_unit_test(refuses_layers_that_are_nested_otherwise_than_the_column),
	};

	return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
