/* test_conflict.c -- every operation of ours on top of every operation of theirs. */
#include "table/foreign.h"

/* Fragment 0 has the ids 0 to 9, fragment 1 the ids 10 to 19; version 2 (1 has only fragment 0). */

typedef enum Mine
{
	APPEND,
	DELETE, /* rows 0 and 1 of fragment 0 */
	REMOVE, /* fragment 0 */
	UPDATE, /* rows 0 and 1 of fragment 0, new ids 40 and 41 */
	MERGE,
	MERGE_ROWS,
	PROJECT,
	RESTORE,
	MINE_COUNT
} Mine;

static const char *const mine_names[] = {"Append", "Delete", "Delete",  "Update",
										 "Merge",  "Merge",  "Project", "Restore"};

typedef enum Theirs
{
	T_APPEND,            /* ids 30 to 34 */
	T_DELETE_OTHER_ROWS, /* rows 5 and 6 of fragment 0 */
	T_DELETE_SAME_ROW,   /* row 1 of fragment 0 */
	T_DELETE_OTHER,      /* rows 5 and 6 of fragment 1 */
	T_REMOVE,            /* fragment 0 */
	T_UPDATE_OTHER_ROWS, /* rows 5 and 6 of fragment 0, new ids 30 and 31 */
	T_UPDATE_SAME_ROW,   /* row 1, new id 30 */
	T_OVERWRITE,         /* ids 30 to 34 */
	T_CREATE_INDEX,
	T_REWRITE_SAME,  /* fragment 0 becomes fragment 2 */
	T_REWRITE_OTHER, /* fragment 1 becomes fragment 2 */
	T_MERGE,         /* column extra */
	T_PROJECT,       /* value is called price */
	T_RESTORE,       /* version 1 */
	T_RESERVE,
	T_CONFIG,
	T_FIELD_METADATA,
	T_SCHEMA_METADATA,
	T_REPLACE_SAME, /* a file of fragment 0 */
	T_REPLACE_OTHER,
	T_BASES,
	T_MEM_WAL,
	T_CLONE,
	T_OVERLAY,
	T_UNKNOWN,
	THEIRS_COUNT
} Theirs;

/* 1 = goes together. */
static const char matrix[MINE_COUNT][THEIRS_COUNT + 1] = {
	/*              Append
	                |Delete other, same row, other fragment, all
	                ||   Update
	                ||   | Overwrite
	                ||   | |Index
	                ||   | ||Rewrite
	                ||   | ||| Merge, Project, Restore
	                ||   | ||| |  Reserve, config, metadata
	                ||   | ||| |  |   Replacement, bases, ... */
	[APPEND] = "1111111"
			   "01"
			   "11"
			   "110"
			   "1111"
			   "11"
			   "1"
			   "0000",
	[DELETE] = "1101010"
			   "01"
			   "01"
			   "010"
			   "1111"
			   "01"
			   "1"
			   "0000",
	[REMOVE] = "1001000"
			   "01"
			   "01"
			   "010"
			   "1111"
			   "01"
			   "1"
			   "0000",
	[UPDATE] = "1101010"
			   "01"
			   "01"
			   "010"
			   "1111"
			   "01"
			   "1"
			   "0000",
	[MERGE] = "0000000"
			  "01"
			  "00"
			  "000"
			  "1100"
			  "00"
			  "1"
			  "0000",
	[MERGE_ROWS] = "0000000"
				   "01"
				   "00"
				   "000"
				   "1100"
				   "00"
				   "1"
				   "0000",
	[PROJECT] = "1111111"
				"01"
				"11"
				"000"
				"1100"
				"11"
				"1"
				"0000",
	[RESTORE] = "1111111"
				"11"
				"11"
				"111"
				"1111"
				"11"
				"1"
				"1111",
};

static LdbSchema *
with_extra(CommitTable *table)
{
	LdbField *fields[3] = {table->schema.fields[0], table->schema.fields[1],
						   commit_field(table->arena, "extra", 2, "int64", true)};
	LdbSchema *schema = ldb_arena_zalloc(table->arena, sizeof *schema);

	*schema = commit_schema(table->arena, 3, fields);
	return schema;
}

static LdbSchema *
renamed(CommitTable *table)
{
	LdbField *fields[2] = {table->schema.fields[0],
						   commit_field(table->arena, "price", 1, "int64", true)};
	LdbSchema *schema = ldb_arena_zalloc(table->arena, sizeof *schema);

	*schema = commit_schema(table->arena, 2, fields);
	return schema;
}

static void
open_two_fragments(CommitTable *table)
{
	LdbChange change;

	commit_open(table, false);
	commit_create(table, false, 10);
	change = commit_begin(table);
	commit_add(table, &change, 10, 10);
	commit_do(table, &change);
}

static LdbChange
make_mine(CommitTable *table, Mine mine)
{
	LdbChange change = commit_begin(table);

	switch (mine)
	{
		case APPEND:
			commit_add(table, &change, 40, 2);
			break;
		case DELETE:
			commit_delete(table, &change, 0, 10, 0, 2);
			break;
		case REMOVE:
			commit_remove(table, &change, 0);
			break;
		case UPDATE:
			commit_delete(table, &change, 0, 10, 0, 2);
			commit_add(table, &change, 40, 2);
			break;
		case MERGE:
			change.schema = with_extra(table);
			break;
		case MERGE_ROWS:
			change.schema = with_extra(table);
			commit_delete(table, &change, 0, 10, 0, 2);
			commit_add(table, &change, 40, 2);
			break;
		case PROJECT:
			change.schema = renamed(table);
			break;
		default:
			change.restored = commit_open_version(table, 1);
	}
	return change;
}

static void
index_section(CommitTable *table, Foreign *foreign)
{
	static Ldb__IndexMetadata index;
	static Ldb__IndexMetadata *indices[1] = {&index};
	static int32_t fields[1] = {1};
	Ldb__IndexSection section = LDB__INDEX_SECTION__INIT;
	LdbError err;

	ldb__index_metadata__init(&index);
	index.name = "value_idx";
	index.n_fields = 1;
	index.fields = fields;
	section.n_indices = 1;
	section.indices = indices;
	must(ldb_proto_pack(&section.base, table->arena, "test", &foreign->indices, &err), &err);
}

static void
rewrite(CommitTable *table, uint64_t fragment_id)
{
	Ldb__Transaction__Rewrite operation = LDB__TRANSACTION__REWRITE__INIT;
	Ldb__Transaction__Rewrite__Group group = LDB__TRANSACTION__REWRITE__GROUP__INIT;
	Ldb__Transaction__Rewrite__Group *groups[1] = {&group};
	Ldb__DataFragment moved;
	Ldb__DataFragment *moved_list[1] = {&moved};
	Ldb__DataFragment *fragments[2];
	Foreign foreign;

	foreign_begin(table, &foreign);
	moved = *foreign.message.fragments[fragment_id];
	moved.id = 2;
	group.n_old_fragments = group.n_new_fragments = 1;
	group.old_fragments = &foreign.message.fragments[fragment_id];
	group.new_fragments = moved_list;
	operation.n_groups = 1;
	operation.groups = groups;
	fragments[0] = foreign.message.fragments[1 - fragment_id];
	fragments[1] = &moved;
	foreign.message.fragments = fragments;
	foreign.message.max_fragment_id = 2;
	foreign.transaction.operation_case = LDB__TRANSACTION__OPERATION_REWRITE;
	foreign.transaction.rewrite = &operation;
	foreign_put(table, &foreign);
}

static void
overwrite(CommitTable *table)
{
	Ldb__Transaction__Overwrite operation = LDB__TRANSACTION__OVERWRITE__INIT;
	LdbNewFragment rows = commit_rows(table, 30, 5);
	Ldb__DataFragment *fragments[1];
	Ldb__DataFragment fragment;
	Ldb__DataFile file;
	Ldb__DataFile *files[1] = {&file};
	Foreign foreign;

	foreign_begin(table, &foreign);
	fragment = *foreign.message.fragments[0];
	file = *fragment.files[0];
	file.path = (char *) rows.files[0].path;
	file.file_size_bytes = rows.files[0].size_bytes;
	fragment.files = files;
	fragment.physical_rows = 5;
	fragments[0] = &fragment;
	foreign.message.n_fragments = 1;
	foreign.message.fragments = fragments;
	foreign.transaction.operation_case = LDB__TRANSACTION__OPERATION_OVERWRITE;
	foreign.transaction.overwrite = &operation;
	foreign_put(table, &foreign);
}

static void
replace_file(CommitTable *table, uint64_t fragment_id)
{
	Ldb__Transaction__DataReplacement operation = LDB__TRANSACTION__DATA_REPLACEMENT__INIT;
	Ldb__Transaction__DataReplacement__Replacement one =
		LDB__TRANSACTION__DATA_REPLACEMENT__REPLACEMENT__INIT;
	Ldb__Transaction__DataReplacement__Replacement *list[1] = {&one};
	Foreign foreign;

	foreign_begin(table, &foreign);
	one.has_fragment_id = true;
	one.fragment_id = fragment_id;
	operation.n_replacements = 1;
	operation.replacements = list;
	foreign.transaction.operation_case = LDB__TRANSACTION__OPERATION_DATA_REPLACEMENT;
	foreign.transaction.data_replacement = &operation;
	foreign_put(table, &foreign);
}

static void
update_config(CommitTable *table, Theirs theirs)
{
	Ldb__Transaction__UpdateConfig operation = LDB__TRANSACTION__UPDATE_CONFIG__INIT;
	Ldb__UpdateMap map = LDB__UPDATE_MAP__INIT;
	Ldb__FieldMetadataUpdate update = LDB__FIELD_METADATA_UPDATE__INIT;
	Ldb__FieldMetadataUpdate *updates[1] = {&update};
	Foreign foreign;

	foreign_begin(table, &foreign);
	if (theirs == T_CONFIG)
		operation.config_updates = &map;
	else if (theirs == T_SCHEMA_METADATA)
		operation.schema_metadata_updates = &map;
	else
	{
		operation.n_field_metadata_updates = 1;
		operation.field_metadata_updates = updates;
	}
	foreign.transaction.operation_case = LDB__TRANSACTION__OPERATION_UPDATE_CONFIG;
	foreign.transaction.update_config = &operation;
	foreign_put(table, &foreign);
}

static void
index_or_reserve(CommitTable *table, Theirs theirs)
{
	Ldb__Transaction__CreateIndex index = LDB__TRANSACTION__CREATE_INDEX__INIT;
	Ldb__Transaction__ReserveFragments reserve = LDB__TRANSACTION__RESERVE_FRAGMENTS__INIT;
	Foreign foreign;

	foreign_begin(table, &foreign);
	if (theirs == T_CREATE_INDEX)
	{
		index_section(table, &foreign);
		foreign.transaction.operation_case = LDB__TRANSACTION__OPERATION_CREATE_INDEX;
		foreign.transaction.create_index = &index;
	}
	else
	{
		foreign.message.max_fragment_id += 3;
		foreign.transaction.operation_case = LDB__TRANSACTION__OPERATION_RESERVE_FRAGMENTS;
		foreign.transaction.reserve_fragments = &reserve;
	}
	foreign_put(table, &foreign);
}

/* Operations of which only the number is known here, or not even that. */
static void
opaque(CommitTable *table, Theirs theirs)
{
	static const uint32_t tags[] = {
		[T_BASES] = 114, [T_MEM_WAL] = 112, [T_CLONE] = 113, [T_OVERLAY] = 115, [T_UNKNOWN] = 116};
	ProtobufCMessageUnknownField unknown = {.tag = tags[theirs],
											.wire_type = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED,
											.len = 1,
											.data = (uint8_t *) "\0"};
	Foreign foreign;

	foreign_begin(table, &foreign);
	foreign.transaction.base.n_unknown_fields = 1;
	foreign.transaction.base.unknown_fields = &unknown;
	foreign_put(table, &foreign);
}

/* Those that we make ourselves are made so. */
static bool
make_theirs_by_ourselves(CommitTable *table, Theirs theirs)
{
	LdbChange change = commit_begin(table);

	switch (theirs)
	{
		case T_APPEND:
			commit_add(table, &change, 30, 5);
			break;
		case T_DELETE_OTHER_ROWS:
			commit_delete(table, &change, 0, 10, 5, 2);
			break;
		case T_DELETE_SAME_ROW:
			commit_delete(table, &change, 0, 10, 1, 1);
			break;
		case T_DELETE_OTHER:
			commit_delete(table, &change, 1, 10, 5, 2);
			break;
		case T_REMOVE:
			commit_remove(table, &change, 0);
			break;
		case T_UPDATE_OTHER_ROWS:
			commit_delete(table, &change, 0, 10, 5, 2);
			commit_add(table, &change, 30, 2);
			break;
		case T_UPDATE_SAME_ROW:
			commit_delete(table, &change, 0, 10, 1, 1);
			commit_add(table, &change, 30, 1);
			break;
		case T_MERGE:
			change.schema = with_extra(table);
			break;
		case T_PROJECT:
			change.schema = renamed(table);
			break;
		case T_RESTORE:
			change.restored = commit_open_version(table, 1);
			break;
		default:
			return false;
	}
	commit_do(table, &change);
	ldb_dataset_close((LdbDataset *) change.restored);
	return true;
}

static void
make_theirs(CommitTable *table, Theirs theirs)
{
	if (make_theirs_by_ourselves(table, theirs))
		return;
	switch (theirs)
	{
		case T_OVERWRITE:
			overwrite(table);
			break;
		case T_REWRITE_SAME:
		case T_REWRITE_OTHER:
			rewrite(table, theirs == T_REWRITE_SAME ? 0 : 1);
			break;
		case T_REPLACE_SAME:
		case T_REPLACE_OTHER:
			replace_file(table, theirs == T_REPLACE_SAME ? 0 : 1);
			break;
		case T_CONFIG:
		case T_FIELD_METADATA:
		case T_SCHEMA_METADATA:
			update_config(table, theirs);
			break;
		case T_CREATE_INDEX:
		case T_RESERVE:
			index_or_reserve(table, theirs);
			break;
		default:
			opaque(table, theirs);
	}
}

static const char *
name_of(Theirs theirs)
{
	static const char *const names[] = {
		"Append",
		"Delete",
		"Delete",
		"Delete",
		"Delete",
		"Update",
		"Update",
		"Overwrite",
		"CreateIndex",
		"Rewrite",
		"Rewrite",
		"Merge",
		"Project",
		"Restore",
		"ReserveFragments",
		"UpdateConfig",
		"UpdateConfig",
		"UpdateConfig",
		"DataReplacement",
		"DataReplacement",
		"UpdateBases",
		"UpdateMemWalState",
		"Clone",
		"DataOverlay",
		"an unknown operation",
	};

	return names[theirs];
}

/* Ids after both, if they go together: theirs on the base, then ours on top of that. */
static void
expect(Mine mine, Theirs theirs, Ids *ids)
{
	bool fragment0 = theirs != T_REMOVE;

	memset(ids, 0, sizeof *ids);
	for (int i = 0; i < 20; i++)
		ids->counts[i] = i >= 10 || fragment0;
	if (theirs == T_APPEND)
		memset(ids->counts + 30, 1, 5);
	if (theirs == T_DELETE_OTHER_ROWS || theirs == T_UPDATE_OTHER_ROWS)
		memset(ids->counts + 5, 0, 2);
	if (theirs == T_DELETE_SAME_ROW || theirs == T_UPDATE_SAME_ROW)
		ids->counts[1] = 0;
	if (theirs == T_DELETE_OTHER)
		memset(ids->counts + 15, 0, 2);
	if (theirs == T_UPDATE_OTHER_ROWS)
		memset(ids->counts + 30, 1, 2);
	if (theirs == T_UPDATE_SAME_ROW)
		ids->counts[30] = 1;
	if (mine == DELETE || mine == UPDATE || mine == MERGE_ROWS)
		memset(ids->counts, 0, 2);
	if (mine == REMOVE)
		memset(ids->counts, 0, 10);
	if (mine == APPEND || mine == UPDATE || mine == MERGE_ROWS)
		memset(ids->counts + 40, 1, 2);
	if (mine == RESTORE)
	{
		memset(ids->counts, 0, sizeof ids->counts);
		memset(ids->counts, 1, 10);
	}
}

static void
check_together(CommitTable *table, Mine mine, Theirs theirs)
{
	static Ids got, wanted;
	LdbDataset *dataset = commit_open_version(table, 0);
	const LdbManifest *manifest = ldb_dataset_manifest(dataset);

	assert_int_equal(manifest->version, 4);
	assert_string_equal(manifest->operation, mine_names[mine]);
	commit_read_ids(dataset, &got);
	expect(mine, theirs, &wanted);
	if (memcmp(got.counts, wanted.counts, sizeof got.counts) != 0)
		fail_msg("%s over %s %d: wrong rows", mine_names[mine], name_of(theirs), theirs);
	if (mine == PROJECT || theirs == T_PROJECT)
		assert_true(mine == RESTORE || ldb_schema_index(&manifest->schema, "price") == 1);
	if (theirs == T_RESERVE && manifest->fragment_count == 3)
		assert_int_equal(manifest->fragments[2].id, 5);
	ldb_dataset_close(dataset);
}

static void
check_apart(CommitTable *table, Mine mine, Theirs theirs, LdbStatus status, const LdbError *err)
{
	if (status != LDB_CONFLICT)
		fail_msg("%s over %s %d: status %d, \"%s\"", mine_names[mine], name_of(theirs), theirs,
				 (int) status, err->message);
	assert_non_null(strstr(err->message, "version 3"));
	assert_int_equal(commit_latest(table), 3);
}

static LdbStatus
check_without_writing(CommitTable *table, const LdbChange *change)
{
	LdbDataset *newer = commit_open_version(table, 0);
	size_t objects = commit_count_objects(table, "");
	LdbError err;
	LdbStatus status = ldb_change_check(table->locations, COMMIT_URI, change, newer, NULL, &err);

	assert_int_equal(commit_count_objects(table, ""), objects);
	ldb_dataset_close(newer);
	return status;
}

static void
try_cell(Mine mine, Theirs theirs)
{
	bool together = matrix[mine][theirs] == '1';
	CommitTable table;
	LdbChange change;
	LdbStatus status;
	size_t files;
	LdbError err;

	open_two_fragments(&table);
	change = make_mine(&table, mine);
	make_theirs(&table, theirs);
	files = commit_count_objects(&table, "");
	assert_int_equal(check_without_writing(&table, &change), together ? LDB_OK : LDB_CONFLICT);
	status = commit_try(&table, &change, &err);
	if (together)
	{
		if (status != LDB_OK)
			fail_msg("%s over %s %d: \"%s\"", mine_names[mine], name_of(theirs), theirs,
					 err.message);
		check_together(&table, mine, theirs);
	}
	else
	{
		check_apart(&table, mine, theirs, status, &err);
		assert_int_equal(commit_count_objects(&table, ""), files);
	}
	ldb_dataset_close((LdbDataset *) change.restored);
	commit_close(&table);
}

static void
keeps_to_the_matrix_in_every_cell(void **state)
{
	(void) state;
	for (Mine mine = 0; mine < MINE_COUNT; mine++)
	{
		assert_int_equal(strlen(matrix[mine]), THEIRS_COUNT);
		for (Theirs theirs = 0; theirs < THEIRS_COUNT; theirs++)
			try_cell(mine, theirs);
	}
}

/* Reasons that only a look at the operation gives are told with its name. */
static void
names_version_and_operation_of_the_other_writer(void **state)
{
	CommitTable table;
	LdbChange change;
	LdbError err;

	(void) state;
	open_two_fragments(&table);
	change = make_mine(&table, UPDATE);
	make_theirs(&table, T_OVERWRITE);
	assert_fails(commit_try(&table, &change, &err), LDB_CONFLICT,
				 "version 3 of table \"memory:/t.lance\", Overwrite by another writer, does not go "
				 "together with this change (Update): it replaced the whole table");
	commit_close(&table);
}

static void
moves_over_many_versions_of_others(void **state)
{
	CommitTable table;
	LdbChange change, other;

	(void) state;
	open_two_fragments(&table);
	change = make_mine(&table, UPDATE);
	for (int i = 0; i < 5; i++)
	{
		other = commit_begin(&table);
		commit_add(&table, &other, 100 + 10 * i, 10);
		commit_do(&table, &other);
		other = commit_begin(&table);
		commit_delete(&table, &other, 0, 10, 3 + (size_t) i, 1);
		commit_do(&table, &other);
	}
	commit_do(&table, &change);
	assert_ids(&table, 0, "2-2 8-19 40-41 100-149");
	assert_int_equal(commit_latest(&table), 13);
	commit_close(&table);
}

static void
gives_up_when_a_transaction_or_a_version_is_gone(void **state)
{
	CommitTable table;
	LdbChange change;
	Foreign foreign;
	LdbError err;

	(void) state;
	open_two_fragments(&table);
	change = make_mine(&table, APPEND);
	foreign_begin(&table, &foreign);
	foreign.without_transaction = true;
	foreign_put(&table, &foreign);
	assert_fails(commit_try(&table, &change, &err), LDB_CONFLICT,
				 "the transaction of version 3 is gone");
	make_theirs(&table, T_APPEND);
	must(ldb_store_remove(table.fault, ldb_name_manifest_v2(table.arena, "t.lance", 3), NULL, &err),
		 &err);
	assert_fails(commit_try(&table, &change, &err), LDB_CONFLICT,
				 "the manifest of version 3 is gone");
	commit_close(&table);
}

static void
reads_transactions_from_files_beside_the_manifest(void **state)
{
	CommitTable table;
	LdbChange change;
	Foreign foreign;
	LdbSlice bytes;
	LdbError err;

	(void) state;
	open_two_fragments(&table);
	change = make_mine(&table, APPEND);
	for (int i = 0; i < 2; i++)
	{
		Ldb__Transaction__Append append = LDB__TRANSACTION__APPEND__INIT;
		Ldb__Transaction__Restore restore = LDB__TRANSACTION__RESTORE__INIT;

		foreign_begin(&table, &foreign);
		foreign.without_transaction = true;
		foreign.message.transaction_file = i == 0 ? "2-a.txn" : "3-b.txn";
		foreign.transaction.operation_case =
			i == 0 ? LDB__TRANSACTION__OPERATION_APPEND : LDB__TRANSACTION__OPERATION_RESTORE;
		if (i == 0)
			foreign.transaction.append = &append;
		else
			foreign.transaction.restore = &restore;
		must(ldb_proto_pack(&foreign.transaction.base, table.arena, "test", &bytes, &err), &err);
		must(ldb_store_put(table.fault,
						   ldb_arena_printf(table.arena, "t.lance/_transactions/%s",
											foreign.message.transaction_file),
						   bytes, LDB_PUT_CREATE, NULL, &err),
			 &err);
		foreign_put(&table, &foreign);
		if (i == 0)
			assert_int_equal(check_without_writing(&table, &change), LDB_OK);
	}
	assert_fails(commit_try(&table, &change, &err), LDB_CONFLICT,
				 "version 4 of table \"memory:/t.lance\", Restore");
	commit_close(&table);
}

static void
change_columns(CommitTable *table, LdbField *value, LdbField *extra)
{
	LdbField *fields[3] = {table->schema.fields[0], value, extra};
	LdbSchema schema = commit_schema(table->arena, extra == NULL ? 2 : 3, fields);
	LdbChange change = commit_begin(table);

	change.schema = &schema;
	commit_do(table, &change);
}

/* LanceDB lets these pass, and what was appended reads as NULL. */
static void
refuses_to_append_what_columns_cannot_hold_any_more(void **state)
{
	CommitTable table;
	LdbChange change;
	LdbError err;

	(void) state;
	open_two_fragments(&table);
	change = make_mine(&table, APPEND);
	change_columns(&table, commit_field(table.arena, "value", 5, "double", true), NULL);
	assert_fails(commit_try(&table, &change, &err), LDB_CONFLICT, "column \"value\" was made anew");
	change = make_mine(&table, APPEND);
	change_columns(&table, commit_field(table.arena, "value", 5, "double", false), NULL);
	assert_fails(commit_try(&table, &change, &err), LDB_CONFLICT,
				 "column \"value\" takes no NULL any more");
	change = make_mine(&table, APPEND);
	change_columns(&table, commit_field(table.arena, "value", 5, "double", false),
				   commit_field(table.arena, "more", 6, "int64", false));
	assert_fails(commit_try(&table, &change, &err), LDB_CONFLICT, "column \"more\" takes no NULL");
	commit_close(&table);
}

static void
sees_that_a_table_was_made_anew(void **state)
{
	CommitTable table;
	LdbChange change;
	uint64_t files;
	LdbError err;

	(void) state;
	open_two_fragments(&table);
	change = make_mine(&table, APPEND);
	must(ldb_dataset_remove(table.locations, COMMIT_URI, &files, NULL, &err), &err);
	assert_fails(commit_try(&table, &change, &err), LDB_NOT_FOUND, "does not exist");
	commit_create(&table, false, 3);
	assert_fails(commit_try(&table, &change, &err), LDB_CONFLICT, "made anew");
	for (int i = 0; i < 2; i++)
	{
		LdbChange other = commit_begin(&table);

		commit_add(&table, &other, 10 + 10 * i, 3);
		commit_do(&table, &other);
		assert_fails(commit_try(&table, &change, &err), LDB_CONFLICT, "made anew");
	}
	commit_close(&table);
}

static void
refuses_to_check_a_new_table_against_a_version(void **state)
{
	CommitTable table;
	LdbNewTable new_table;
	LdbChange change = {.create = &new_table};

	(void) state;
	open_two_fragments(&table);
	new_table = commit_new_table(&table, false);
	assert_int_equal(check_without_writing(&table, &change), LDB_CONFLICT);
	commit_close(&table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_to_the_matrix_in_every_cell),
		cmocka_unit_test(names_version_and_operation_of_the_other_writer),
		cmocka_unit_test(moves_over_many_versions_of_others),
		cmocka_unit_test(gives_up_when_a_transaction_or_a_version_is_gone),
		cmocka_unit_test(reads_transactions_from_files_beside_the_manifest),
		cmocka_unit_test(refuses_to_append_what_columns_cannot_hold_any_more),
		cmocka_unit_test(sees_that_a_table_was_made_anew),
		cmocka_unit_test(refuses_to_check_a_new_table_against_a_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
