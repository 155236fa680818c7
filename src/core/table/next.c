/* next.c -- see next.h. */
#include "next.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "manifest_write.h"
#include "names.h"

#define WRITER_LIBRARY "lancedb-postgresql"
#define WRITER_VERSION "0.1.0" /* LanceDB wants three numbers and no more */

/* Flags that are carried over; the others follow from what the manifest holds. */
#define CARRIED_FLAGS \
	((uint64_t) (LDB_FLAG_STABLE_ROW_IDS | LDB_FLAG_V2_FORMAT | LDB_FLAG_NO_TRANSACTION_FILE))

static LdbStatus
set_writer(LdbNext *next, LdbError *err)
{
	Ldb__Manifest__WriterVersion *writer;

	LDB_NEW(next->arena, writer, 1, err);
	ldb__manifest__writer_version__init(writer);
	writer->library = (char *) (uintptr_t) WRITER_LIBRARY;
	writer->version = (char *) (uintptr_t) WRITER_VERSION;
	next->message.writer_version = writer;
	return LDB_OK;
}

/* Never before the version it builds on, whatever the clocks of writers say. */
static LdbStatus
set_time(LdbNext *next, LdbError *err)
{
	const LdbManifest *newest = next->newest == NULL ? NULL : next->newest->manifest;
	Ldb__Manifest__Timestamp *stamp;
	struct timespec now;

	LDB_NEW(next->arena, stamp, 1, err);
	ldb__manifest__timestamp__init(stamp);
	clock_gettime(CLOCK_REALTIME, &now);
	stamp->has_seconds = stamp->has_nanos = true;
	stamp->seconds = now.tv_sec;
	stamp->nanos = (int32_t) now.tv_nsec;
	if (newest != NULL && now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000 < newest->timestamp_us)
	{
		stamp->seconds = newest->timestamp_us / 1000000;
		stamp->nanos = (int32_t) (newest->timestamp_us % 1000000 * 1000);
	}
	next->message.timestamp = stamp;
	return LDB_OK;
}

static LdbStatus
begin_table(LdbNext *next, LdbError *err)
{
	const LdbNewTable *table = next->change->create;
	Ldb__Manifest *message = &next->message;
	Ldb__Manifest__DataFormat *format;

	ldb__manifest__init(message);
	LDB_NEW(next->arena, format, 1, err);
	ldb__manifest__data_format__init(format);
	format->file_format = (char *) (uintptr_t) "lance";
	format->version = (char *) (uintptr_t) table->data_version;
	message->data_format = format;
	if (!table->stable_row_ids)
		return LDB_OK;
	message->has_next_row_id = true;
	message->has_reader_feature_flags = message->has_writer_feature_flags = true;
	message->reader_feature_flags = message->writer_feature_flags = LDB_FLAG_STABLE_ROW_IDS;
	return LDB_OK;
}

static bool
has_base(const Ldb__Manifest *message, const Ldb__BasePath *base)
{
	for (size_t i = 0; i < message->n_base_paths; i++)
	{
		if (message->base_paths[i]->id == base->id)
			return true;
	}
	return false;
}

/* Bases of an older version that the newest does not list any more are still needed for its files. */
static LdbStatus
unite_bases(LdbNext *next, const Ldb__Manifest *newest, LdbError *err)
{
	Ldb__Manifest *message = &next->message;
	size_t count = message->n_base_paths;
	Ldb__BasePath **bases;

	LDB_NEW(next->arena, bases, count + newest->n_base_paths, err);
	if (count > 0)
		memcpy(bases, message->base_paths, count * sizeof *bases);
	for (size_t i = 0; i < newest->n_base_paths; i++)
	{
		if (!has_base(message, newest->base_paths[i]))
			bases[count++] = newest->base_paths[i];
	}
	message->base_paths = bases;
	message->n_base_paths = count;
	return LDB_OK;
}

/* Rows and columns come from the older version, everything else stays as it is. */
static LdbStatus
restore_content(LdbNext *next, LdbError *err)
{
	const Ldb__Manifest *newest = next->newest->message;
	Ldb__Manifest *message = &next->message;

	LDB_TRY(unite_bases(next, newest, err));
	message->n_config = newest->n_config;
	message->config = newest->config;
	message->n_table_metadata = newest->n_table_metadata;
	message->table_metadata = newest->table_metadata;
	message->branch = newest->branch;
	if (newest->has_max_fragment_id &&
		(!message->has_max_fragment_id || message->max_fragment_id < newest->max_fragment_id))
	{
		message->has_max_fragment_id = true;
		message->max_fragment_id = newest->max_fragment_id;
	}
	if (message->next_row_id < newest->next_row_id &&
		(message->reader_feature_flags & LDB_FLAG_STABLE_ROW_IDS) != 0)
	{
		message->has_next_row_id = true;
		message->next_row_id = newest->next_row_id;
	}
	return LDB_OK;
}

/* Old writers did not keep the highest id. */
static void
raise_max_fragment_id(Ldb__Manifest *message)
{
	for (size_t i = 0; i < message->n_fragments; i++)
	{
		uint32_t id = (uint32_t) message->fragments[i]->id;

		if (message->has_max_fragment_id && message->max_fragment_id >= id)
			continue;
		message->has_max_fragment_id = true;
		message->max_fragment_id = id;
	}
}

static LdbStatus
begin_message(LdbNext *next, LdbError *err)
{
	if (next->content == NULL)
		LDB_TRY(begin_table(next, err));
	else
	{
		next->message = *next->content->message;
		if (next->content != next->newest)
			LDB_TRY(restore_content(next, err));
		raise_max_fragment_id(&next->message);
	}
	next->message.has_version = true;
	next->message.version = next->version;
	next->message.tag = NULL;
	next->message.transaction_file = NULL;
	LDB_TRY(set_writer(next, err));
	return set_time(next, err);
}

static void
set_flags(Ldb__Manifest *message)
{
	uint64_t reader = message->reader_feature_flags & CARRIED_FLAGS;
	uint64_t writer = message->writer_feature_flags & CARRIED_FLAGS;
	uint64_t both = 0;

	for (size_t i = 0; i < message->n_fragments && both == 0; i++)
		both = message->fragments[i]->deletion_file == NULL ? 0 : LDB_FLAG_DELETION_FILES;
	if (message->n_base_paths > 0)
		both |= LDB_FLAG_BASE_PATHS;
	if (message->n_config > 0)
		writer |= LDB_FLAG_TABLE_CONFIG;
	message->has_reader_feature_flags = message->has_writer_feature_flags = true;
	message->reader_feature_flags = reader | both;
	message->writer_feature_flags = writer | both;
}

LdbStatus
ldb_next_name_file(LdbNext *next, const LdbDataFile *file, LdbError *err)
{
	const char *tail = ldb_arena_printf(next->arena, "data/%s", file->path);
	const char *name = tail == NULL ? NULL : ldb_name_join(next->arena, next->home->root, tail);
	size_t count = next->named_count;

	if (name == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the name of a file");
	/* a power of two is a full list */
	if ((count & (count - 1)) == 0)
	{
		const char **grown;

		LDB_NEW(next->arena, grown, count == 0 ? 1 : count * 2, err);
		if (count > 0)
			memcpy(grown, next->named, count * sizeof *grown);
		next->named = grown;
	}
	next->named[next->named_count++] = name;
	return LDB_OK;
}

LdbStatus
ldb_next_build(LdbNext *next, LdbError *err)
{
	static const LdbSchema none = {0};
	LdbSlice indices, transaction;

	next->operation = ldb_change_operation(
		next->change, next->content == NULL ? &none : &next->content->manifest->schema);
	LDB_TRY(ldb_unique_uuid(next->uuid, err));
	LDB_TRY(begin_message(next, err));
	LDB_TRY(ldb_next_columns(next, err));
	LDB_TRY(ldb_next_old_fragments(next, err));
	LDB_TRY(ldb_next_new_fragments(next, err));
	next->message.n_fragments = next->fragment_count;
	next->message.fragments = next->fragments;
	set_flags(&next->message);
	LDB_TRY(ldb_next_indices(next, &indices, err));
	LDB_TRY(ldb_next_transaction(next, &transaction, err));
	return ldb_manifest_pack(&next->message, indices, transaction, next->arena, &next->file, err);
}
