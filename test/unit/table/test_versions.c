/* test_versions.c -- versions are found by number, tag, branch and time, and by nothing less. */
#include "table/memory_table.h"

#include "dataset_impl.h"
#include "names.h"

static void
put_version(MemoryTable *table, uint64_t version, int64_t seconds, const char *root)
{
	Draft draft;

	draft_open(&draft);
	draft.message.version = version;
	draft.time.seconds = seconds;
	draft_fragment(&draft, 0, version * 10);
	memory_put_draft_below(table, &draft, root);
	draft_close(&draft);
}

static void
put_versions(MemoryTable *table, uint64_t first, uint64_t last)
{
	for (uint64_t version = first; version <= last; version++)
		put_version(table, version, (int64_t) version * 100, "t.lance");
}

static void
put_old_version(MemoryTable *table, uint64_t version)
{
	char name[64];
	Draft draft;

	draft_open(&draft);
	draft.message.version = version;
	snprintf(name, sizeof name, "t.lance/_versions/%" PRIu64 ".manifest", version);
	memory_put(table, name, draft_file(&draft));
	draft_close(&draft);
}

static void
tells_versions_from_other_files(void **state)
{
	static const struct
	{
		const char *name;
		uint64_t version; /* 0 = none */
	} cases[] = {
		{"18446744073709551614.manifest", 1},
		{"18446744073709551605.manifest", 10},
		{"09223372036854775808.manifest", UINT64_C(9223372036854775807)},
		{"1.manifest", 1},
		{"123456.manifest", 123456},
		{"18446744073709551615.manifest", 0}, /* version 0 */
		{"0.manifest", 0},
		{"00000000000000000001.manifest", 0}, /* would be detached */
		{"99999999999999999999.manifest", 0},
		{"d9223372036854775809.manifest", 0},
		{"1.manifest#1", 0},
		{"1.manifest-0a", 0},
		{".tmp1.manifest", 0},
		{".manifest", 0},
		{"x.manifest", 0},
		{"latest_version_hint.json", 0},
		{"-1.manifest", 0},
		{" 1.manifest", 0},
	};

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
	{
		uint64_t version = 0;
		bool found = ldb_name_is_version(cases[i].name, &version);

		if (found != (cases[i].version != 0) || (found && version != cases[i].version))
			fail_msg("%s: %d %" PRIu64, cases[i].name, found, version);
	}
}

static void
opens_the_highest_version_whatever_the_hint_says(void **state)
{
	static const char *const hints[] = {"{\"version\":1}", "{\"version\":99}", "garbage", ""};
	MemoryTable table;
	LdbError err;

	(void) state;
	memory_open(&table);
	put_versions(&table, 1, 3);
	put_versions(&table, 12, 12); /* a gap, as a cleanup leaves it */
	memory_put_text(&table, "t.lance/_versions/d18446744073709551615.manifest", "detached");
	memory_put_text(&table, "t.lance/_versions/20.manifest#1", "staged");
	for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
	{
		memory_put_text(&table, "t.lance/_versions/latest_version_hint.json", hints[i]);
		must(memory_open_choice(&table, NULL, &err), &err);
		assert_int_equal(memory_version(&table), 12);
		assert_string_equal(ldb_dataset_uri(table.dataset), MEMORY_TABLE);
	}
	memory_close(&table);
}

static void
opens_old_names_and_detached_versions(void **state)
{
	const uint64_t detached = LDB_DETACHED_VERSION + 5;
	MemoryTable table;
	Draft draft;
	LdbError err;

	(void) state;
	memory_open(&table);
	put_old_version(&table, 9);
	put_old_version(&table, 10);
	must(memory_open_choice(&table, NULL, &err), &err);
	assert_int_equal(memory_version(&table), 10);
	must(memory_open_choice(&table, &(LdbVersionChoice){.version = 9}, &err), &err);
	assert_int_equal(memory_version(&table), 9);
	draft_open(&draft);
	draft.message.version = detached;
	memory_put(&table, "t.lance/_versions/d9223372036854775813.manifest", draft_file(&draft));
	must(memory_open_choice(&table, &(LdbVersionChoice){.version = detached}, &err), &err);
	assert_int_equal(memory_version(&table), detached);
	draft_close(&draft);
	memory_close(&table);
}

static void
says_what_is_missing(void **state)
{
	MemoryTable table;
	LdbError err;

	(void) state;
	memory_open(&table);
	assert_fails(memory_open_choice(&table, NULL, &err), LDB_NOT_FOUND,
				 "table \"" MEMORY_TABLE "\" does not exist");
	assert_fails(memory_open_choice(&table, &(LdbVersionChoice){.version = 2}, &err), LDB_NOT_FOUND,
				 "table \"" MEMORY_TABLE "\" does not exist");
	put_versions(&table, 3, 5);
	assert_fails(memory_open_choice(&table, &(LdbVersionChoice){.version = 2}, &err), LDB_NOT_FOUND,
				 "version 2 of table");
	assert_non_null(strstr(err.hint, "Versions 3 to 5 exist"));
	assert_fails(memory_open_choice(&table, &(LdbVersionChoice){.tag = "no"}, &err), LDB_NOT_FOUND,
				 "tag \"no\" does not exist");
	assert_fails(memory_open_choice(&table, &(LdbVersionChoice){.branch = "no/where"}, &err),
				 LDB_NOT_FOUND, "branch \"no/where\" does not exist");
	assert_fails(memory_open_choice(&table, &(LdbVersionChoice){.version = 3, .tag = "a"}, &err),
				 LDB_INVALID, "only one of");
	memory_close(&table);
}

static void
says_so_when_the_latest_manifest_was_lost(void **state)
{
	const char *name = "t.lance/_versions/18446744073709551611.manifest";
	MemoryTable table;
	LdbError err;

	(void) state;
	memory_open(&table);
	put_versions(&table, 1, 3);
	memory_put(&table, name, ldb_slice(NULL, 0));
	assert_fails(memory_open_choice(&table, NULL, &err), LDB_CORRUPT, "is empty");
	assert_non_null(strstr(err.hint, "power loss"));
	assert_non_null(strstr(err.hint, "version 3"));
	memory_put_text(&table, name, "some bytes of something, cut");
	assert_fails(memory_open_choice(&table, NULL, &err), LDB_CORRUPT, "magic");
	assert_non_null(strstr(err.hint, "power loss"));
	assert_fails(memory_open_choice(&table, &(LdbVersionChoice){.version = 4}, &err), LDB_CORRUPT,
				 "magic");
	assert_string_equal(err.hint, "");
	must(memory_open_choice(&table, &(LdbVersionChoice){.version = 3}, &err), &err);
	memory_close(&table);
	memory_open(&table);
	memory_put_text(&table, "t.lance/_versions/18446744073709551614.manifest", "cut");
	assert_fails(memory_open_choice(&table, NULL, &err), LDB_CORRUPT, "manifest");
	assert_string_equal(err.hint, ""); /* nothing came before version 1 */
	memory_close(&table);
}

static void
a_manifest_under_the_name_of_another_version_is_corrupt(void **state)
{
	MemoryTable table;
	LdbError err;
	Draft draft;

	(void) state;
	memory_open(&table);
	draft_open(&draft);
	memory_put(&table, "t.lance/_versions/7.manifest", draft_file(&draft));
	assert_fails(memory_open_choice(&table, NULL, &err), LDB_CORRUPT, "says that it is version 1");
	draft_close(&draft);
	memory_close(&table);
}

static void
finds_the_version_of_a_time(void **state)
{
	static const struct
	{
		int64_t seconds;
		uint64_t version; /* 0 = none */
	} cases[] = {{99, 0}, {100, 1}, {199, 1}, {200, 2}, {250, 2}, {390, 3}, {100000, 5}};
	MemoryTable table;
	LdbError err;

	(void) state;
	memory_open(&table);
	put_versions(&table, 1, 3);
	put_version(&table, 4, 395, "t.lance");
	put_version(&table, 5, 600, "t.lance");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
	{
		LdbVersionChoice choice = {.has_as_of = true, .as_of_us = cases[i].seconds * 1000000};

		if (cases[i].version == 0)
		{
			assert_fails(memory_open_choice(&table, &choice, &err), LDB_NOT_FOUND,
						 "no version as old as 1970-01-01 00:01:39 UTC");
			assert_non_null(strstr(err.hint, "version 1, was committed at 1970-01-01 00:01:40"));
			continue;
		}
		must(memory_open_choice(&table, &choice, &err), &err);
		assert_int_equal(memory_version(&table), cases[i].version);
	}
	put_version(&table, 6, 150, "t.lance"); /* by a machine whose clock was slow */
	must(memory_open_choice(
			 &table, &(LdbVersionChoice){.has_as_of = true, .as_of_us = 250 * 1000000}, &err),
		 &err);
	assert_int_equal(memory_version(&table), 6);
	memory_close(&table);
}

static void
put_branch(MemoryTable *table)
{
	put_versions(table, 1, 4);
	put_version(table, 2, 200, "t.lance/tree/dev/one");
	put_version(table, 3, 900, "t.lance/tree/dev/one");
	memory_put_text(table, "t.lance/_refs/branches/dev%2Fone.json", "{\"parentVersion\":2}");
}

static void
branches_have_versions_of_their_own(void **state)
{
	LdbVersionChoice branch = {.branch = "dev/one"};
	LdbVersionChoice third = {.branch = "dev/one", .version = 3};
	LdbVersionChoice fourth = {.branch = "dev/one", .version = 4};
	LdbVersionChoice early = {.branch = "dev/one", .has_as_of = true, .as_of_us = 300000000};
	MemoryTable table;
	LdbError err;

	(void) state;
	memory_open(&table);
	put_branch(&table);
	must(memory_open_choice(&table, &branch, &err), &err);
	assert_int_equal(memory_version(&table), 3);
	must(memory_open_choice(&table, &third, &err), &err);
	assert_int_equal(memory_version(&table), 3);
	must(memory_open_choice(&table, &early, &err), &err);
	assert_int_equal(memory_version(&table), 2);
	assert_fails(memory_open_choice(&table, &fourth, &err), LDB_NOT_FOUND, "version 4");
	must(memory_open_choice(&table, &(LdbVersionChoice){.branch = "main"}, &err), &err);
	assert_int_equal(memory_version(&table), 4);
	memory_put_text(&table, "t.lance/_refs/branches/bare.json", "{}");
	assert_fails(memory_open_choice(&table, &(LdbVersionChoice){.branch = "bare"}, &err),
				 LDB_NOT_FOUND, "branch \"bare\" of table");
	memory_close(&table);
}

static void
tags_lead_to_main_and_to_branches(void **state)
{
	LdbVersionChoice wrong = {.tag = "side", .branch = "dev/two"};
	LdbVersionChoice right = {.tag = "side", .branch = "dev/one"};
	LdbVersionChoice main_tag = {.tag = "plain", .branch = "main"};
	MemoryTable table;
	LdbError err;

	(void) state;
	memory_open(&table);
	put_branch(&table);
	memory_put_text(&table, "t.lance/_refs/tags/plain.json", "{\"version\":2}");
	memory_put_text(&table, "t.lance/_refs/tags/side.json",
					"{\"branch\":\"dev/one\",\"version\":3,\"metadata\":{}}");
	must(memory_open_choice(&table, &(LdbVersionChoice){.tag = "plain"}, &err), &err);
	assert_int_equal(memory_version(&table), 2);
	assert_int_equal(ldb_dataset_manifest(table.dataset)->timestamp_us, 200000000);
	must(memory_open_choice(&table, &right, &err), &err);
	assert_int_equal(ldb_dataset_manifest(table.dataset)->timestamp_us, 900000000);
	assert_fails(memory_open_choice(&table, &wrong, &err), LDB_INVALID, "is not on branch");
	must(memory_open_choice(&table, &main_tag, &err), &err);
	assert_int_equal(memory_version(&table), 2);
	memory_close(&table);
}

static void
names_that_lead_outside_are_denied(void **state)
{
	static const char *const bad[] = {"../x", "..", "a/../b", "/etc", "a//b", ""};
	MemoryTable table;
	LdbError err;

	(void) state;
	memory_open(&table);
	put_branch(&table);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
	{
		char text[128];

		assert_fails(memory_open_choice(&table, &(LdbVersionChoice){.branch = bad[i]}, &err),
					 LDB_DENIED, "branch");
		assert_fails(memory_open_choice(&table, &(LdbVersionChoice){.tag = bad[i]}, &err),
					 LDB_DENIED, "tag");
		snprintf(text, sizeof text, "{\"branch\":\"%s\",\"version\":3}", bad[i]);
		memory_put_text(&table, "t.lance/_refs/tags/evil.json", text);
		assert_fails(memory_open_choice(&table, &(LdbVersionChoice){.tag = "evil"}, &err),
					 LDB_DENIED, "evil.json");
	}
	memory_close(&table);
}

static void
broken_tag_files_are_corrupt(void **state)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"{}",
		"{\"version\":0}",
		"{\"version\":-1}",
		"{\"version\":\"1\"}",
		"{\"version\":1,\"branch\":5}",
		"{\"version\":99999999999999999999}",
	};
	MemoryTable table;
	LdbError err;

	(void) state;
	memory_open(&table);
	put_versions(&table, 1, 1);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
	{
		memory_put_text(&table, "t.lance/_refs/tags/x.json", bad[i]);
		assert_fails(memory_open_choice(&table, &(LdbVersionChoice){.tag = "x"}, &err), LDB_CORRUPT,
					 "x.json");
	}
	memory_close(&table);
}

static void
a_tag_file_of_many_bytes_is_not_parsed(void **state)
{
	size_t length = 1024 * 1024;
	char *text = malloc(length + 1);
	MemoryTable table;
	LdbError err;

	(void) state;
	memory_open(&table);
	put_versions(&table, 1, 1);
	memset(text, ' ', length);
	text[length] = '\0';
	memcpy(text, "{\"version\":1}", 13);
	memory_put_text(&table, "t.lance/_refs/tags/x.json", text);
	assert_fails(memory_open_choice(&table, &(LdbVersionChoice){.tag = "x"}, &err), LDB_CORRUPT,
				 "x.json");
	memory_close(&table);
	free(text);
}

static void
resolving_names_the_version_and_its_object(void **state)
{
	uint64_t version, first[2], again[2];
	LdbVersionChoice second = {.version = 2};
	LdbVersionChoice missing = {.version = 9};
	MemoryTable table;
	LdbError err;

	(void) state;
	memory_open(&table);
	put_versions(&table, 1, 2);
	must(ldb_dataset_resolve(table.locations, MEMORY_TABLE, NULL, NULL, &version, first, &err),
		 &err);
	assert_int_equal(version, 2);
	must(ldb_dataset_resolve(table.locations, MEMORY_TABLE, &second, NULL, &version, again, &err),
		 &err);
	assert_memory_equal(first, again, sizeof first);
	must(ldb_dataset_resolve(table.locations, MEMORY_TABLE, NULL, NULL, &version, NULL, &err),
		 &err);
	put_versions(&table, 2, 2); /* dropped and made again */
	must(ldb_dataset_resolve(table.locations, MEMORY_TABLE, NULL, NULL, &version, again, &err),
		 &err);
	assert_int_equal(version, 2);
	assert_memory_not_equal(first, again, sizeof first);
	assert_fails(
		ldb_dataset_resolve(table.locations, MEMORY_TABLE, &missing, NULL, &version, again, &err),
		LDB_NOT_FOUND, "version 9");
	memory_close(&table);
}

static void
base_paths_must_be_allowed_when_a_fragment_needs_them(void **state)
{
	MemoryTable table;
	Draft draft;
	LdbError err;

	(void) state;
	memory_open(&table);
	draft_open(&draft);
	draft_base(&draft, 0, "/etc", true);
	draft_base(&draft, 7, MEMORY_ROOT "/other.lance", true);
	draft_fragment(&draft, 0, 1)->files[0]->has_base_id = true;
	draft.fragments[0]->files[0]->base_id = 7;
	memory_put_draft(&table, &draft);
	must(memory_open_choice(&table, NULL, &err), &err);
	draft.fragments[0]->files[0]->base_id = 0;
	memory_put_draft(&table, &draft);
	assert_fails(memory_open_choice(&table, NULL, &err), LDB_DENIED, "base path of table");
	draft.fragments[0]->files[0]->base_id = 5;
	memory_put_draft(&table, &draft);
	assert_fails(memory_open_choice(&table, NULL, &err), LDB_CORRUPT, "no base path 5");
	draft.fragments[0]->files[0]->base_id = 7;
	draft_deletion(&draft, draft.fragments[0], true, 1)->has_base_id = true;
	draft.fragments[0]->deletion_file->base_id = 0;
	memory_put_draft(&table, &draft);
	assert_fails(memory_open_choice(&table, NULL, &err), LDB_DENIED, "base path of table");
	draft_close(&draft);
	memory_close(&table);
}

/* Transactions and index sections lie in the same file and may be larger than what a scan needs,
 * and there may be more versions than anything else. */
static void
an_open_dataset_holds_neither_its_manifests_file_nor_the_list_of_versions(void **state)
{
	enum
	{
		BYTES = 1000000
	};
	MemoryTable table;
	Draft draft;
	size_t used;

	(void) state;
	memory_open(&table);
	draft_open(&draft);
	memory_open_draft(&table, &draft);
	used = ldb_arena_used(table.dataset->arena);
	for (uint64_t version = 2; version < 50; version++)
		memory_put_text(&table,
						ldb_arena_printf(table.arena, "t.lance/_versions/%020" PRIu64 ".manifest",
										 UINT64_MAX - version),
						"");
	draft.message.version = 50;
	draft.transaction = ldb_slice(ldb_arena_zalloc(draft.arena, BYTES), BYTES);
	memory_open_draft(&table, &draft);
	assert_in_range(ldb_arena_used(table.dataset->arena), used, used + 100);
	draft_close(&draft);
	memory_close(&table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_versions_from_other_files),
		cmocka_unit_test(opens_the_highest_version_whatever_the_hint_says),
		cmocka_unit_test(opens_old_names_and_detached_versions),
		cmocka_unit_test(says_what_is_missing),
		cmocka_unit_test(says_so_when_the_latest_manifest_was_lost),
		cmocka_unit_test(a_manifest_under_the_name_of_another_version_is_corrupt),
		cmocka_unit_test(finds_the_version_of_a_time),
		cmocka_unit_test(branches_have_versions_of_their_own),
		cmocka_unit_test(tags_lead_to_main_and_to_branches),
		cmocka_unit_test(names_that_lead_outside_are_denied),
		cmocka_unit_test(broken_tag_files_are_corrupt),
		cmocka_unit_test(a_tag_file_of_many_bytes_is_not_parsed),
		cmocka_unit_test(resolving_names_the_version_and_its_object),
		cmocka_unit_test(an_open_dataset_holds_neither_its_manifests_file_nor_the_list_of_versions),
		cmocka_unit_test(base_paths_must_be_allowed_when_a_fragment_needs_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
