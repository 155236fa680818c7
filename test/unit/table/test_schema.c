/* test_schema.c -- the tree of columns, and lists of fields that are no tree. */
#include "table/table_test.h"

#include "schema.h"

static LdbStatus
build(Draft *draft, LdbManifest *manifest, LdbError *err)
{
	memset(manifest, 0, sizeof *manifest);
	memset(err, 0, sizeof *err);
	return ldb_schema_build(draft->fields, draft->message.n_fields, "m", draft->arena, manifest,
							err);
}

static void
builds_lists_structs_and_maps(void **state)
{
	LdbManifest manifest;
	const LdbField *field;
	LdbError err;
	Draft draft;

	(void) state;
	draft_open(&draft);
	draft_field(&draft, "tags", 1, -1, "list");
	draft_field(&draft, "item", 2, 1, "string");
	draft_field(&draft, "m", 3, -1, "map");
	draft_field(&draft, "entries", 4, 3, "struct");
	draft_field(&draft, "key", 5, 4, "string");
	draft_field(&draft, "value", 6, 4, "int64");
	draft_field(&draft, "v", 7, -1, "fixed_size_list:float:8");
	must(build(&draft, &manifest, &err), &err);
	assert_int_equal(manifest.schema.field_count, 4);
	field = manifest.schema.fields[1];
	assert_string_equal(field->children[0]->name, "item");
	assert_int_equal(field->children[0]->type.kind, LDB_TYPE_STRING);
	field = manifest.schema.fields[2]->children[0];
	assert_int_equal(field->child_count, 2);
	assert_string_equal(field->children[0]->name, "key");
	assert_string_equal(field->children[1]->name, "value");
	assert_int_equal(manifest.schema.fields[3]->type.width, 8);
	draft_close(&draft);
}

static void
parents_may_come_after_their_children(void **state)
{
	LdbManifest manifest;
	LdbError err;
	Draft draft;

	(void) state;
	draft_open(&draft);
	draft_field(&draft, "b", 9, 4, "int32");
	draft_field(&draft, "a", 8, 4, "int32");
	draft_field(&draft, "s", 4, -1, "struct");
	must(build(&draft, &manifest, &err), &err);
	assert_int_equal(manifest.schema.field_count, 2);
	assert_string_equal(manifest.schema.fields[1]->children[0]->name, "b");
	assert_string_equal(manifest.schema.fields[1]->children[1]->name, "a");
	draft_close(&draft);
}

static void
reads_what_metadata_says_of_a_column(void **state)
{
	LdbManifest manifest;
	LdbError err;
	Draft draft;

	(void) state;
	draft_open(&draft);
	draft_metadata(&draft, draft_field(&draft, "p", 1, -1, "struct"), "packed", "true");
	draft_metadata(&draft, draft_field(&draft, "q", 2, -1, "struct"), "lance-encoding:packed", "");
	draft_metadata(&draft, draft_field(&draft, "b", 3, -1, "large_binary"), "lance-encoding:blob",
				   "true");
	draft_metadata(&draft, draft_field(&draft, "n", 4, -1, "struct"), "packed", "false");
	must(build(&draft, &manifest, &err), &err);
	assert_false(manifest.schema.fields[0]->packed);
	assert_true(manifest.schema.fields[1]->packed);
	assert_true(manifest.schema.fields[2]->packed);
	assert_true(manifest.schema.fields[3]->blob);
	assert_false(manifest.schema.fields[4]->packed);
	assert_int_equal(manifest.schema.fields[1]->metadata_count, 1);
	assert_string_equal(manifest.schema.fields[1]->metadata_keys[0], "packed");
	assert_int_equal(manifest.schema.fields[1]->metadata_values[0].length, 4);
	draft_close(&draft);
}

static void
leaves_out_columns_of_unknown_types_by_name(void **state)
{
	LdbManifest manifest;
	LdbError err;
	Draft draft;

	(void) state;
	draft_open(&draft);
	draft_field(&draft, "odd", 1, -1, "quaternion");
	draft_field(&draft, "outer", 2, -1, "list.struct");
	draft_field(&draft, "item", 3, 2, "struct");
	draft_field(&draft, "deep", 4, 3, "quaternion:4");
	draft_field(&draft, "below", 5, 4, "int32");
	draft_metadata(&draft, draft_field(&draft, "blob2", 6, -1, "struct"), "ARROW:extension:name",
				   "lance.blob.v2");
	draft_field(&draft, "last", 7, -1, "int32");
	must(build(&draft, &manifest, &err), &err);
	assert_int_equal(manifest.schema.field_count, 2);
	assert_string_equal(manifest.schema.fields[1]->name, "last");
	assert_int_equal(manifest.unread_count, 3);
	assert_string_equal(manifest.unread[0].name, "odd");
	assert_string_equal(manifest.unread[0].logical_type, "quaternion");
	assert_string_equal(manifest.unread[1].name, "outer");
	assert_string_equal(manifest.unread[1].logical_type, "quaternion:4");
	assert_string_equal(manifest.unread[2].name, "blob2");
	assert_string_equal(manifest.unread[2].logical_type, "lance.blob.v2");
	draft_close(&draft);
}

static void
refuses_what_is_no_tree(void **state)
{
	LdbManifest manifest;
	LdbError err;
	Draft draft;

	(void) state;
	draft_open(&draft);
	draft_field(&draft, "twin", 0, -1, "int32");
	assert_fails(build(&draft, &manifest, &err), LDB_CORRUPT, "two columns have the id 0");
	draft.fields[1]->id = 1;
	draft.fields[1]->parent_id = 17;
	assert_fails(build(&draft, &manifest, &err), LDB_CORRUPT, "names the parent 17");
	draft.fields[1]->parent_id = 1;
	assert_fails(build(&draft, &manifest, &err), LDB_CORRUPT, "\"twin\" lies within itself");
	draft_field(&draft, "other", 2, 1, "struct");
	draft.fields[1]->parent_id = 2;
	assert_fails(build(&draft, &manifest, &err), LDB_CORRUPT, "lies within itself");
	draft.fields[1]->parent_id = -1;
	draft.fields[1]->id = -5;
	assert_fails(build(&draft, &manifest, &err), LDB_CORRUPT, "has the id -5");
	draft_close(&draft);
}

static void
nests_to_64_levels_and_no_deeper(void **state)
{
	LdbManifest manifest;
	LdbError err;
	Draft draft;

	(void) state;
	draft_open(&draft);
	for (int32_t i = 1; i < 64; i++)
		draft_field(&draft, "s", i, i == 1 ? -1 : i - 1, "struct");
	draft_field(&draft, "leaf", 64, 63, "int32");
	must(build(&draft, &manifest, &err), &err);
	draft.fields[64]->logical_type = "struct";
	draft_field(&draft, "leaf", 65, 64, "int32");
	assert_fails(build(&draft, &manifest, &err), LDB_UNSUPPORTED, "deeper than 64");
	draft_close(&draft);
}

static void
refuses_wrong_numbers_of_children(void **state)
{
	LdbManifest manifest;
	LdbError err;
	Draft draft;

	(void) state;
	draft_open(&draft);
	draft_field(&draft, "x", 1, -1, "list");
	assert_fails(build(&draft, &manifest, &err), LDB_CORRUPT, "\"list\" has 0 children");
	draft_field(&draft, "a", 2, 1, "int32");
	must(build(&draft, &manifest, &err), &err);
	draft_field(&draft, "b", 3, 1, "int32");
	assert_fails(build(&draft, &manifest, &err), LDB_CORRUPT, "\"list\" has 2 children");
	draft.fields[1]->logical_type = "int32";
	assert_fails(build(&draft, &manifest, &err), LDB_CORRUPT, "\"int32\" has 2 children");
	draft.fields[1]->logical_type = "map";
	draft.fields[3]->parent_id = 2;
	draft.fields[2]->logical_type = "struct";
	assert_fails(build(&draft, &manifest, &err), LDB_CORRUPT, "\"map\" has 1 children");
	draft_field(&draft, "value", 4, 2, "int32");
	must(build(&draft, &manifest, &err), &err);
	draft.fields[1]->logical_type = "decimal:128:99:0";
	assert_int_equal(build(&draft, &manifest, &err), LDB_CORRUPT);
	assert_non_null(strstr(err.message, "column \"x\""));
	draft_close(&draft);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builds_lists_structs_and_maps),
		cmocka_unit_test(parents_may_come_after_their_children),
		cmocka_unit_test(reads_what_metadata_says_of_a_column),
		cmocka_unit_test(leaves_out_columns_of_unknown_types_by_name),
		cmocka_unit_test(refuses_what_is_no_tree),
		cmocka_unit_test(nests_to_64_levels_and_no_deeper),
		cmocka_unit_test(refuses_wrong_numbers_of_children),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
