/* next_deletion.c -- writes which rows of a fragment are deleted. */
#include "next.h"

#include "names.h"
#include "roaring.h"

static LdbStatus
out_of_memory(LdbError *err)
{
	LDB_FAIL(err, LDB_NOMEM, "out of memory for deleted rows");
}

/* The name is kept before the file is written: a write that failed may have happened. */
static LdbStatus
write_file(LdbNext *next, uint64_t fragment_id, const LdbDeletionFile *deletion, LdbSlice bytes,
		   LdbError *err)
{
	const char *base = ldb_name_deletion(next->arena, fragment_id, deletion);
	const char *tail = base == NULL ? NULL : ldb_arena_printf(next->arena, "_deletions/%s", base);
	const char *name = tail == NULL ? NULL : ldb_name_join(next->arena, next->home->root, tail);

	if (name == NULL)
		return out_of_memory(err);
	next->written[next->written_count++] = name;
	return ldb_store_put(next->home->store, name, bytes, LDB_PUT_UNSETTLED, next->options->cancel,
						 err);
}

static LdbStatus
encode_and_write(LdbNext *next, uint64_t fragment_id, uint64_t rows,
				 const LdbDeletionFile *deletion, const uint8_t *deleted, LdbError *err)
{
	LdbArena *scratch = ldb_arena_new(0);
	LdbSlice bytes;
	LdbStatus status;

	if (scratch == NULL)
		return out_of_memory(err);
	status = ldb_roaring_encode(deleted, rows, scratch, &bytes, err);
	if (status == LDB_OK)
		status = write_file(next, fragment_id, deletion, bytes, err);
	ldb_arena_free(scratch);
	return status;
}

LdbStatus
ldb_next_deletion(LdbNext *next, Ldb__DataFragment *fragment, const uint8_t *deleted, uint64_t rows,
				  LdbError *err)
{
	LdbDeletionFile deletion = {.is_bitmap = true, .read_version = next->version - 1};
	Ldb__DeletionFile *message;

	LDB_NEW(next->arena, message, 1, err);
	LDB_TRY(ldb_unique_number(&deletion.id, err));
	LDB_TRY(encode_and_write(next, fragment->id, fragment->physical_rows, &deletion, deleted, err));
	ldb__deletion_file__init(message);
	message->has_file_type = message->has_read_version = message->has_id = true;
	message->has_num_deleted_rows = true;
	message->file_type = 1;
	message->read_version = deletion.read_version;
	message->id = deletion.id;
	message->num_deleted_rows = rows;
	fragment->deletion_file = message;
	return LDB_OK;
}
