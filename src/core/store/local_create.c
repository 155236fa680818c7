/* local_create.c -- writes a large file piece by piece; it appears at the end. */
#include "local.h"

#include "local_draft.h"

/* Small pieces are collected: a page of a column may be a few bytes. */
#define COLLECT_BYTES ((size_t) 256 * 1024)

typedef struct LocalWriter
{
	LdbStoreWriter base;
	LdbLocalDraft draft;
	bool settled;      /* what is appended so far is durable */
	char *name;        /* owned */
	LdbBuffer pending; /* owned */
} LocalWriter;

static void
free_writer(LocalWriter *writer)
{
	ldb_buffer_free(&writer->pending);
	ldb_heap_free(writer->name);
	ldb_heap_free(writer);
}

static LdbStatus
write_pending(LocalWriter *writer, const LdbCancel *cancel, LdbError *err)
{
	LdbSlice bytes = ldb_slice(writer->pending.data, writer->pending.length);

	writer->pending.length = 0;
	return ldb_local_draft_write(&writer->draft, writer->name, bytes, cancel, err);
}

static LdbStatus
append(LdbStoreWriter *base, LdbSlice bytes, const LdbCancel *cancel, LdbError *err)
{
	LocalWriter *writer = (LocalWriter *) base;

	if (writer->settled)
		LDB_FAIL(err, LDB_INVALID, "\"%s\" cannot grow after it was made durable", writer->name);
	if (bytes.length <= writer->pending.capacity - writer->pending.length)
	{
		if (!ldb_buffer_append(&writer->pending, bytes.data, bytes.length))
			LDB_FAIL(err, LDB_NOMEM, "out of memory to write \"%s\"", writer->name);
		return LDB_OK;
	}
	LDB_TRY(write_pending(writer, cancel, err));
	return ldb_local_draft_write(&writer->draft, writer->name, bytes, cancel, err);
}

static void
abandon(LdbStoreWriter *base)
{
	LocalWriter *writer = (LocalWriter *) base;

	ldb_local_draft_discard(&writer->draft);
	free_writer(writer);
}

static LdbStatus
finish(LdbStoreWriter *base, const LdbCancel *cancel, LdbError *err)
{
	LocalWriter *writer = (LocalWriter *) base;
	LdbStatus status = write_pending(writer, cancel, err);

	if (status != LDB_OK)
		ldb_local_draft_discard(&writer->draft);
	else if (writer->settled)
		status = ldb_local_draft_publish(&writer->draft, writer->name, LDB_PUT_CREATE, err);
	else
		status = ldb_local_draft_publish_unsettled(&writer->draft, writer->name, err);
	free_writer(writer);
	return status;
}

LdbStatus
ldb_local_writer_start_io(LdbStoreWriter *base, const LdbCancel *cancel, LdbError *err)
{
	LocalWriter *writer = (LocalWriter *) base;

	LDB_TRY(write_pending(writer, cancel, err));
	ldb_local_draft_start_io(&writer->draft);
	return LDB_OK;
}

LdbStatus
ldb_local_writer_settle(LdbStoreWriter *base, LdbError *err)
{
	LocalWriter *writer = (LocalWriter *) base;

	LDB_TRY(ldb_local_draft_settle(&writer->draft, writer->name, err));
	writer->settled = true;
	return LDB_OK;
}

static const LdbStoreWriterOps writer_ops = {append, finish, abandon};

LdbStatus
ldb_local_create(LdbStore *store, const char *name, const LdbCancel *cancel,
				 LdbStoreWriter **result, LdbError *err)
{
	LocalWriter *writer = ldb_heap_zalloc(sizeof *writer);
	LdbStatus status;

	(void) cancel;
	if (writer == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory to write \"%s\"", name);
	writer->base.ops = &writer_ops;
	writer->name = ldb_heap_strdup(name);
	if (writer->name == NULL || !ldb_buffer_reserve(&writer->pending, COLLECT_BYTES))
	{
		free_writer(writer);
		LDB_FAIL(err, LDB_NOMEM, "out of memory to write \"%s\"", name);
	}
	status = ldb_local_draft_begin(ldb_local_beneath(store), writer->name, &writer->draft, err);
	if (status != LDB_OK)
	{
		free_writer(writer);
		return status;
	}
	*result = &writer->base;
	return LDB_OK;
}
