/* test_manifest.c -- what is read from a manifest, and what is refused. */
#include "table/table_test.h"

static LdbStatus
parse(Draft *draft, LdbManifest **manifest, LdbError *err)
{
	memset(err, 0, sizeof *err);
	return ldb_manifest_parse(draft_file(draft), "m", draft->arena, manifest, err);
}

static void
reads_header_columns_and_fragments(void **state)
{
	static const uint8_t append[] = {0x08, 0x01, 0xa2, 0x06, 0x00};
	LdbManifest *manifest;
	LdbError err;
	Draft draft;

	(void) state;
	draft_open(&draft);
	draft.message.version = 7;
	draft.time.has_nanos = true;
	draft.time.nanos = 123456789;
	draft.message.branch = "side";
	draft.message.transaction_file = "6-a.txn";
	draft.transaction = ldb_slice(append, sizeof append);
	draft_flags(&draft, 1 | 8 | 16 | 32 | 4);
	draft_base(&draft, 3, "/elsewhere", true);
	draft_fragment(&draft, 0, 10);
	draft_deletion(&draft, draft_fragment(&draft, 4, 20), true, 5);
	must(parse(&draft, &manifest, &err), &err);
	assert_int_equal(manifest->version, 7);
	assert_int_equal(manifest->timestamp_us, INT64_C(1700000000123456));
	assert_int_equal(manifest->reader_flags, 61);
	assert_string_equal(manifest->data_version, "2.1");
	assert_string_equal(manifest->branch, "side");
	assert_string_equal(manifest->operation, "Append");
	assert_string_equal(manifest->transaction_file, "6-a.txn");
	assert_int_equal(manifest->schema.field_count, 1);
	assert_int_equal(manifest->base_count, 1);
	assert_string_equal(manifest->bases[0].path, "/elsewhere");
	assert_int_equal(manifest->fragment_count, 2);
	assert_int_equal(manifest->live_rows, 25);
	assert_int_equal(manifest->fragments[1].first_ordinal, 10);
	assert_int_equal(manifest->fragments[1].files[0].base_id, LDB_NO_BASE);
	assert_string_equal(manifest->fragments[1].files[0].path, "f4.lance");
	assert_true(manifest->fragments[1].deletion->is_bitmap);
	draft_close(&draft);
}

static void
a_manifest_without_transaction_has_no_operation(void **state)
{
	LdbManifest *manifest;
	LdbError err;
	Draft draft;

	(void) state;
	draft_open(&draft);
	must(parse(&draft, &manifest, &err), &err);
	assert_null(manifest->operation);
	assert_null(manifest->transaction_file);
	assert_null(manifest->branch);
	draft_close(&draft);
}

static void
a_broken_transaction_does_not_keep_a_reader_out(void **state)
{
	static const uint8_t cut[] = {0xa2, 0x06, 0x7f};
	LdbManifest *manifest;
	LdbError err;
	Draft draft;

	(void) state;
	draft_open(&draft);
	draft.transaction = ldb_slice(cut, sizeof cut);
	must(parse(&draft, &manifest, &err), &err);
	assert_null(manifest->operation);
	draft.message.transaction_section = 1u << 30;
	must(parse(&draft, &manifest, &err), &err);
	assert_null(manifest->operation);
	draft_close(&draft);
}

static void
names_each_unknown_reader_flag(void **state)
{
	static const struct
	{
		uint64_t flag;
		const char *words;
	} cases[] = {
		{64, "64 (data overlay files)"},
		{128, "128 (covered index metadata)"},
		{256, "256 (mixed data file versions)"},
		{512, "512 (fragment reuse with stable row ids)"},
		{1024, "1024 (tagged fragment-reuse index)"},
		{2048, "2048 (managed blobs)"},
		{4096, "4096 (bit 12)"},
		{UINT64_C(1) << 63, "9223372036854775808 (bit 63)"},
	};

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
	{
		LdbManifest *manifest;
		LdbError err;
		Draft draft;

		draft_open(&draft);
		draft_flags(&draft, cases[i].flag | 1);
		assert_fails(parse(&draft, &manifest, &err), LDB_UNSUPPORTED, cases[i].words);
		assert_non_null(strstr(err.hint, "Upgrade lancedb"));
		draft_close(&draft);
	}
}

static void
flags_count_before_anything_else_is_believed(void **state)
{
	LdbManifest *manifest;
	LdbError err;
	Draft draft;

	(void) state;
	draft_open(&draft);
	draft_field(&draft, "twin", 0, 99, "no such type");
	draft_fragment(&draft, 0, 1)->files[0]->path = "../x";
	draft_flags(&draft, 2048);
	assert_fails(parse(&draft, &manifest, &err), LDB_UNSUPPORTED, "managed blobs");
	draft_close(&draft);
}

static void
unknown_writer_flags_do_not_matter_to_a_reader(void **state)
{
	LdbManifest *manifest;
	LdbError err;
	Draft draft;

	(void) state;
	draft_open(&draft);
	draft.message.has_writer_feature_flags = true;
	draft.message.writer_feature_flags = 4096;
	must(parse(&draft, &manifest, &err), &err);
	assert_int_equal(manifest->writer_flags, 4096);
	draft_close(&draft);
}

static void
says_what_is_wrong_with_the_frame(void **state)
{
	LdbManifest *manifest;
	LdbError err;
	Draft draft;
	LdbSlice file;
	uint8_t *bytes;

	(void) state;
	draft_open(&draft);
	file = draft_file(&draft);
	bytes = ldb_arena_copy(draft.arena, file.data, file.length);
	assert_fails(ldb_manifest_parse(ldb_slice(NULL, 0), "m", draft.arena, &manifest, &err),
				 LDB_CORRUPT, "is empty");
	assert_fails(ldb_manifest_parse(ldb_slice(bytes, 19), "m", draft.arena, &manifest, &err),
				 LDB_CORRUPT, "has 19 bytes");
	bytes[file.length - 1] = 'X';
	assert_fails(
		ldb_manifest_parse(ldb_slice(bytes, file.length), "m", draft.arena, &manifest, &err),
		LDB_CORRUPT, "magic");
	bytes[file.length - 1] = 'C';
	store_u64(bytes + file.length - 16, UINT64_MAX - 3);
	assert_fails(
		ldb_manifest_parse(ldb_slice(bytes, file.length), "m", draft.arena, &manifest, &err),
		LDB_CORRUPT, "lies outside");
	store_u64(bytes + file.length - 16, 0);
	store_u32(bytes, (uint32_t) file.length);
	assert_fails(
		ldb_manifest_parse(ldb_slice(bytes, file.length), "m", draft.arena, &manifest, &err),
		LDB_CORRUPT, "message at byte 0 says");
	draft_close(&draft);
}

static void
the_minor_version_of_the_footer_does_not_matter(void **state)
{
	LdbManifest *manifest;
	LdbError err;
	Draft draft;
	LdbSlice file;
	uint8_t *bytes;

	(void) state;
	draft_open(&draft);
	file = draft_file(&draft);
	bytes = ldb_arena_copy(draft.arena, file.data, file.length);
	bytes[file.length - 6] = 1;
	must(ldb_manifest_parse(ldb_slice(bytes, file.length), "m", draft.arena, &manifest, &err),
		 &err);
	draft_close(&draft);
}

/* A manifest with something of everything. */
static void
draft_rich(Draft *draft)
{
	draft_open(draft);
	draft_field(draft, "list", 1, -1, "list");
	draft_field(draft, "item", 2, 1, "string");
	draft_base(draft, 1, "/elsewhere", true);
	draft_deletion(draft, draft_fragment(draft, 1, 20), false, 5);
	draft_fragment(draft, 2, 30)->files[0]->base_id = 1;
	draft_flags(draft, 17);
}

static void
a_manifest_cut_anywhere_is_refused(void **state)
{
	Draft draft;
	LdbSlice file;

	(void) state;
	draft_rich(&draft);
	file = draft_file(&draft);
	for (size_t length = 0; length < file.length; length++)
	{
		LdbSlice cut = tight_copy(ldb_slice(file.data, length));
		LdbManifest *manifest;
		LdbError err = {0};

		assert_int_equal(ldb_manifest_parse(cut, "m", draft.arena, &manifest, &err), LDB_CORRUPT);
		free((void *) cut.data);
	}
	draft_close(&draft);
}

static void
a_message_cut_anywhere_is_refused_or_read(void **state)
{
	Draft draft;
	LdbSlice file;
	size_t refused = 0;

	(void) state;
	draft_rich(&draft);
	file = draft_file(&draft);
	for (size_t length = 0; length < file.length - 20; length++)
	{
		uint8_t *bytes = malloc(length + 20);
		LdbManifest *manifest;
		LdbError err = {0};

		memcpy(bytes, file.data, length + 4);
		memcpy(bytes + length + 4, file.data + file.length - 16, 16);
		store_u32(bytes, (uint32_t) length);
		if (ldb_manifest_parse(ldb_slice(bytes, length + 20), "m", draft.arena, &manifest, &err) !=
			LDB_OK)
			refused++;
		free(bytes);
	}
	assert_true(refused > file.length / 2);
	draft_close(&draft);
}

static void
any_flipped_byte_is_refused_or_read(void **state)
{
	static const uint8_t flips[] = {0x01, 0x80, 0xff, 0x7f};
	Draft draft;
	LdbSlice file;

	(void) state;
	draft_rich(&draft);
	file = draft_file(&draft);
	for (size_t at = 0; at < file.length; at++)
	{
		for (size_t i = 0; i < sizeof flips; i++)
		{
			LdbSlice copy = tight_copy(file);
			LdbArena *arena = ldb_arena_new(0);
			LdbManifest *manifest;
			LdbError err = {0};

			((uint8_t *) copy.data)[at] ^= flips[i];
			if (ldb_manifest_parse(copy, "m", arena, &manifest, &err) != LDB_OK)
				assert_true(err.message[0] != '\0');
			ldb_arena_free(arena);
			free((void *) copy.data);
		}
	}
	draft_close(&draft);
}

static void
each_path_must_stay_inside(void **state)
{
	static const char *const paths[] = {"../x", "/etc/passwd", "a/../../b", "", "a//b", "./a"};
	LdbManifest *manifest;
	LdbError err;

	(void) state;
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
	{
		Ldb__ExternalFile external = LDB__EXTERNAL_FILE__INIT;
		Ldb__DataFragment *fragment;
		Draft draft;

		draft_open(&draft);
		draft_fragment(&draft, 0, 1)->files[0]->path = (char *) paths[i];
		assert_fails(parse(&draft, &manifest, &err), LDB_DENIED, "data file");
		draft_close(&draft);

		draft_open(&draft);
		fragment = draft_fragment(&draft, 0, 1);
		fragment->row_ids_case = LDB__DATA_FRAGMENT__ROW_IDS_EXTERNAL_ROW_IDS;
		fragment->external_row_ids = &external;
		external.path = (char *) paths[i];
		assert_fails(parse(&draft, &manifest, &err), LDB_DENIED, "row id file");
		draft_close(&draft);

		draft_open(&draft);
		draft.message.transaction_file = (char *) paths[i];
		if (paths[i][0] != '\0')
			assert_fails(parse(&draft, &manifest, &err), LDB_DENIED, "transaction file");
		draft_close(&draft);
	}
}

static void
refuses_legacy_and_newer_data_files_with_the_fix(void **state)
{
	LdbManifest *manifest;
	Ldb__DataFile *file;
	LdbError err;
	Draft draft;

	(void) state;
	draft_open(&draft);
	draft.format.version = "0.1";
	file = draft_fragment(&draft, 0, 1)->files[0];
	file->file_major_version = 0;
	file->file_minor_version = 2;
	assert_fails(parse(&draft, &manifest, &err), LDB_UNSUPPORTED, "legacy version 0.1");
	assert_non_null(strstr(err.hint, "2.0 or later"));
	file->n_column_indices = 0;
	assert_fails(parse(&draft, &manifest, &err), LDB_UNSUPPORTED, "legacy version 0.1");
	file->n_column_indices = 1;
	file->file_major_version = 2;
	file->file_minor_version = 3;
	assert_fails(parse(&draft, &manifest, &err), LDB_UNSUPPORTED, "version 2.3");
	assert_non_null(strstr(err.hint, "2.2 or earlier"));
	file->file_major_version = 2;
	file->file_minor_version = 0;
	must(parse(&draft, &manifest, &err), &err); /* as Lance 0.16 wrote it */
	draft.format.version = "2.3";
	assert_fails(parse(&draft, &manifest, &err), LDB_UNSUPPORTED, "\"2.3\"");
	draft.format.version = "2.2";
	draft.format.file_format = "parquet";
	assert_fails(parse(&draft, &manifest, &err), LDB_UNSUPPORTED, "\"parquet\" are not supported");
	assert_non_null(strstr(err.hint, "Rewrite the table"));
	draft.message.data_format = NULL;
	must(parse(&draft, &manifest, &err), &err);
	assert_string_equal(manifest->data_version, "");
	draft_close(&draft);
}

static void
old_version_numbers_of_files_are_2_0(void **state)
{
	LdbManifest *manifest;
	Ldb__DataFile *file;
	LdbError err;
	Draft draft;

	(void) state;
	draft_open(&draft);
	file = draft_fragment(&draft, 0, 1)->files[0];
	file->file_major_version = 0;
	file->file_minor_version = 3;
	must(parse(&draft, &manifest, &err), &err);
	draft_close(&draft);
}

static void
a_file_of_tombstones_may_be_of_any_version(void **state)
{
	LdbManifest *manifest;
	Ldb__DataFile *file;
	LdbError err;
	Draft draft;

	(void) state;
	draft_open(&draft);
	file = draft_fragment(&draft, 0, 1)->files[0];
	file->file_minor_version = 9;
	file->fields[0] = -2;
	must(parse(&draft, &manifest, &err), &err);
	assert_int_equal(manifest->fragments[0].files[0].field_ids[0], LDB_FIELD_TOMBSTONE);
	draft_close(&draft);
}

static void
puts_fragments_in_order_and_refuses_twins(void **state)
{
	LdbManifest *manifest;
	LdbError err;
	Draft draft;

	(void) state;
	draft_open(&draft);
	draft_fragment(&draft, 5, 1);
	draft_fragment(&draft, 2, 10);
	must(parse(&draft, &manifest, &err), &err);
	assert_int_equal(manifest->fragments[0].id, 2);
	assert_int_equal(manifest->fragments[1].id, 5);
	assert_int_equal(manifest->fragments[1].first_ordinal, 10);
	draft_fragment(&draft, 5, 1);
	assert_fails(parse(&draft, &manifest, &err), LDB_CORRUPT, "two fragments have the id 5");
	draft_close(&draft);
}

static void
refuses_numbers_that_cannot_be(void **state)
{
	LdbManifest *manifest;
	Ldb__DataFragment *fragment;
	LdbError err;
	Draft draft;

	(void) state;
	draft_open(&draft);
	fragment = draft_fragment(&draft, UINT64_C(1) << 32, 1);
	assert_fails(parse(&draft, &manifest, &err), LDB_CORRUPT, "fragment id 4294967296");
	fragment->id = 3;
	fragment->physical_rows = UINT64_C(1) << 32;
	assert_fails(parse(&draft, &manifest, &err), LDB_CORRUPT, "more than row addresses can hold");
	fragment->physical_rows = 10;
	draft_deletion(&draft, fragment, true, 11);
	assert_fails(parse(&draft, &manifest, &err), LDB_CORRUPT, "10 rows and 11 deleted");
	fragment->deletion_file->num_deleted_rows = 1;
	fragment->deletion_file->file_type = 2;
	assert_fails(parse(&draft, &manifest, &err), LDB_UNSUPPORTED, "type 2");
	fragment->deletion_file = NULL;
	fragment->files[0]->fields[0] = -3;
	assert_fails(parse(&draft, &manifest, &err), LDB_CORRUPT, "field -3");
	fragment->files[0]->fields[0] = 0;
	fragment->files[0]->column_indices[0] = -2;
	assert_fails(parse(&draft, &manifest, &err), LDB_CORRUPT, "column -2");
	fragment->files[0]->n_column_indices = 0;
	assert_fails(parse(&draft, &manifest, &err), LDB_CORRUPT, "1 fields and 0 columns");
	fragment->files[0]->n_column_indices = 1;
	fragment->files[0]->column_indices[0] = -1;
	must(parse(&draft, &manifest, &err), &err);
	draft.message.version = 0;
	assert_fails(parse(&draft, &manifest, &err), LDB_CORRUPT, "version 0");
	draft_close(&draft);
}

static void
refuses_overlays_without_their_flag(void **state)
{
	Ldb__Empty overlay = LDB__EMPTY__INIT;
	Ldb__Empty *overlays[] = {&overlay};
	Ldb__DataFragment *fragment;
	LdbManifest *manifest;
	LdbError err;
	Draft draft;

	(void) state;
	draft_open(&draft);
	fragment = draft_fragment(&draft, 0, 1);
	fragment->n_overlays = 1;
	fragment->overlays = overlays;
	assert_fails(parse(&draft, &manifest, &err), LDB_UNSUPPORTED, "overlay");
	draft_close(&draft);
}

static void
stable_row_ids_are_needed_when_the_flag_says_so(void **state)
{
	static uint8_t ids[] = {0x0a, 0x02, 0x0a, 0x00};
	Ldb__DataFragment *fragment;
	LdbManifest *manifest;
	LdbError err;
	Draft draft;

	(void) state;
	draft_open(&draft);
	draft_flags(&draft, 2);
	fragment = draft_fragment(&draft, 6, 1);
	assert_fails(parse(&draft, &manifest, &err), LDB_CORRUPT, "fragment 6 has no row ids");
	fragment->row_ids_case = LDB__DATA_FRAGMENT__ROW_IDS_INLINE_ROW_IDS;
	fragment->inline_row_ids = (ProtobufCBinaryData){sizeof ids, ids};
	must(parse(&draft, &manifest, &err), &err);
	assert_int_equal(manifest->fragments[0].inline_row_ids.length, sizeof ids);
	draft_close(&draft);
}

static void
bases_have_paths_and_different_ids(void **state)
{
	LdbManifest *manifest;
	LdbError err;
	Draft draft;

	(void) state;
	draft_open(&draft);
	draft_base(&draft, 1, "/a", true);
	draft_base(&draft, 1, "/b", true);
	assert_fails(parse(&draft, &manifest, &err), LDB_CORRUPT, "two bases have the id 1");
	draft.bases[1]->id = 2;
	draft.bases[1]->path = "";
	assert_fails(parse(&draft, &manifest, &err), LDB_CORRUPT, "base 2 has no path");
	draft_close(&draft);
}

static void
many_bases_come_by_id(void **state)
{
	enum
	{
		BASES = 200000
	};
	LdbManifest *manifest;
	Ldb__BasePath **bases;
	LdbError err;
	Draft draft;

	(void) state;
	draft_open(&draft);
	bases = ldb_arena_zalloc_array(draft.arena, BASES, sizeof *bases);
	for (uint32_t i = 0; i < BASES; i++)
	{
		draft.message.n_base_paths = 0;
		draft_base(&draft, i * 7919 % BASES, "/a", true);
		bases[i] = draft.bases[0];
	}
	draft.message.base_paths = bases;
	draft.message.n_base_paths = BASES;
	must(parse(&draft, &manifest, &err), &err);
	for (uint32_t i = 0; i < BASES; i++)
		assert_int_equal(manifest->bases[i].id, i);
	bases[BASES - 1]->id = 5;
	assert_fails(parse(&draft, &manifest, &err), LDB_CORRUPT, "two bases have the id 5");
	draft_close(&draft);
}

static void
every_failed_allocation_is_reported(void **state)
{
	Draft draft;
	LdbSlice file;
	LdbStatus status = LDB_NOMEM;
	uint64_t n;

	(void) state;
	draft_rich(&draft);
	file = draft_file(&draft);
	for (n = 1; status != LDB_OK && n < 1000; n++)
	{
		LdbManifest *manifest;
		LdbError err = {0};
		LdbArena *arena;

		ldb_heap_fail_after(n);
		arena = ldb_arena_new(0);
		status = arena == NULL ? LDB_NOMEM : ldb_manifest_parse(file, "m", arena, &manifest, &err);
		ldb_heap_fail_after(0);
		assert_true(status == LDB_OK || status == LDB_NOMEM);
		ldb_arena_free(arena);
	}
	assert_int_equal(status, LDB_OK);
	draft_close(&draft);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_header_columns_and_fragments),
		cmocka_unit_test(a_manifest_without_transaction_has_no_operation),
		cmocka_unit_test(a_broken_transaction_does_not_keep_a_reader_out),
		cmocka_unit_test(names_each_unknown_reader_flag),
		cmocka_unit_test(flags_count_before_anything_else_is_believed),
		cmocka_unit_test(unknown_writer_flags_do_not_matter_to_a_reader),
		cmocka_unit_test(says_what_is_wrong_with_the_frame),
		cmocka_unit_test(the_minor_version_of_the_footer_does_not_matter),
		cmocka_unit_test(a_manifest_cut_anywhere_is_refused),
		cmocka_unit_test(a_message_cut_anywhere_is_refused_or_read),
		cmocka_unit_test(any_flipped_byte_is_refused_or_read),
		cmocka_unit_test(each_path_must_stay_inside),
		cmocka_unit_test(refuses_legacy_and_newer_data_files_with_the_fix),
		cmocka_unit_test(old_version_numbers_of_files_are_2_0),
		cmocka_unit_test(a_file_of_tombstones_may_be_of_any_version),
		cmocka_unit_test(puts_fragments_in_order_and_refuses_twins),
		cmocka_unit_test(refuses_numbers_that_cannot_be),
		cmocka_unit_test(refuses_overlays_without_their_flag),
		cmocka_unit_test(stable_row_ids_are_needed_when_the_flag_says_so),
		cmocka_unit_test(bases_have_paths_and_different_ids),
		cmocka_unit_test(many_bases_come_by_id),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
