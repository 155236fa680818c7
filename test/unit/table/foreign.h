/* foreign.h -- for tests: commits of another writer, with operations that we never make ourselves. */
#ifndef TABLE_FOREIGN_H
#define TABLE_FOREIGN_H

#include "table/commit_test.h"

#include "head.h"
#include "ldb/proto/proto.h"
#include "manifest_write.h"
#include "names.h"

typedef struct Foreign
{
	LdbVersionHome home;
	LdbHead head;
	Ldb__Manifest message; /* of the next version: change it */
	Ldb__Transaction transaction;
	LdbSlice indices;
	bool without_transaction;
} Foreign;

static void
foreign_begin(CommitTable *table, Foreign *foreign)
{
	static const LdbVersionChoice latest = {0};
	LdbVersionEntry entry = {.version = commit_latest(table)};
	uint64_t unused;
	LdbError err;

	memset(foreign, 0, sizeof *foreign);
	must(ldb_versions_find_home(table->locations, COMMIT_URI, &latest, table->arena, &foreign->home,
								&unused, NULL, &err),
		 &err);
	must(ldb_head_read(table->locations, &foreign->home, &entry, table->arena, &foreign->head, NULL,
					   &err),
		 &err);
	must(ldb_head_indices(&foreign->head, &foreign->indices, &err), &err);
	foreign->message = *foreign->head.message;
	foreign->message.version++;
	ldb__transaction__init(&foreign->transaction);
	foreign->transaction.has_read_version = true;
	foreign->transaction.read_version = entry.version;
	foreign->transaction.uuid = ldb_arena_strdup(table->arena, "another-writers");
}

/* Under the old scheme of names when `v1`. */
static void
foreign_put_named(CommitTable *table, Foreign *foreign, bool v1)
{
	const char *name =
		v1 ? ldb_name_manifest_v1(table->arena, foreign->home.root, foreign->message.version)
		   : ldb_name_manifest_v2(table->arena, foreign->home.root, foreign->message.version);
	LdbSlice transaction, file;
	LdbError err;

	must(ldb_proto_pack(&foreign->transaction.base, table->arena, "test", &transaction, &err),
		 &err);
	must(ldb_manifest_pack(&foreign->message, foreign->indices, transaction, table->arena, &file,
						   &err),
		 &err);
	if (foreign->without_transaction)
	{
		/* the same once more, without saying where the transaction is */
		LdbSlice body;
		LdbBuffer buffer = {0};
		uint64_t start;
		uint32_t length;
		uint8_t footer[16] = {0};

		memcpy(&start, file.data + file.length - 16, 8);
		foreign->message.has_transaction_section = false;
		must(ldb_proto_pack(&foreign->message.base, table->arena, "test", &body, &err), &err);
		length = (uint32_t) body.length;
		assert_true(ldb_buffer_append(&buffer, file.data, start));
		assert_true(ldb_buffer_append(&buffer, &length, 4));
		assert_true(ldb_buffer_append(&buffer, body.data, body.length));
		memcpy(footer, file.data + file.length - 16, 16);
		assert_true(ldb_buffer_append(&buffer, footer, 16));
		file = ldb_slice(ldb_arena_copy(table->arena, buffer.data, buffer.length), buffer.length);
		ldb_buffer_free(&buffer);
	}
	must(ldb_store_put(table->fault, name, file, LDB_PUT_CREATE, NULL, &err), &err);
	ldb_head_close(&foreign->head);
}

static void
foreign_put(CommitTable *table, Foreign *foreign)
{
	foreign_put_named(table, foreign, false);
}

#endif
