/* file_writer.c -- one Lance data file as it is written: rows become pages, pages become a file. */
#include "ldb/format/writer.h"

#include <string.h>

#include "file_tail.h"
#include "ldb/base/checked.h"
#include "page_rows.h"
#include "writer_impl.h"

#define DEFAULT_PAGE_BYTES ((size_t) 8 * 1024 * 1024)
#define DEFAULT_MEMORY_BYTES ((size_t) 64 * 1024 * 1024)
#define SMALLEST_PAGE_BYTES ((size_t) 4096)
/* Also of columns that take next to nothing: levels of a page are held at once. */
#define MOST_PAGE_ROWS ((size_t) 1 << 20)
#define ALIGNMENT 64u
#define PAD_BYTE 0x48
/* Small buffers go to the store together. */
#define GATHER_BYTES ((size_t) 256 * 1024)

typedef struct FieldWriter
{
	LdbPageSink sink; /* first: the encoder hands it back */
	LdbFileWriter *writer;
	LdbFieldEncoder encoder;
	uint32_t first_column;
	LdbPageRows rows;
} FieldWriter;

struct LdbFileWriter
{
	LdbStoreWriter *store; /* owned; NULL once it is closed */
	LdbArena *arena;       /* owned: everything that lasts to the end */
	LdbArena *scratch;     /* owned: of one page */
	const LdbCancel *cancel;
	size_t page_bytes;
	size_t memory_bytes;
	bool failed;
	uint64_t row_count;
	uint64_t position;
	LdbBuffer gathered; /* bytes before `position` that are not in the store yet */
	size_t field_count;
	FieldWriter *fields; /* arena */
	LdbFileTail tail;
};

/* ---- bytes ---- */

static LdbStatus
send_gathered(LdbFileWriter *writer, LdbError *err)
{
	LdbSlice bytes = ldb_slice(writer->gathered.data, writer->gathered.length);

	writer->gathered.length = 0;
	if (bytes.length == 0)
		return LDB_OK;
	return ldb_store_append(writer->store, bytes, writer->cancel, err);
}

static LdbStatus
put_raw(LdbFileWriter *writer, LdbSlice bytes, LdbError *err)
{
	writer->position += bytes.length;
	if (writer->gathered.length + bytes.length > GATHER_BYTES)
		LDB_TRY(send_gathered(writer, err));
	if (bytes.length > GATHER_BYTES / 2)
	{
		LDB_TRY(send_gathered(writer, err));
		return ldb_store_append(writer->store, bytes, writer->cancel, err);
	}
	if (bytes.length > 0 && !ldb_buffer_append(&writer->gathered, bytes.data, bytes.length))
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu bytes of a file", bytes.length);
	return LDB_OK;
}

static LdbStatus
put_aligned(LdbFileWriter *writer, LdbSlice bytes, LdbError *err)
{
	uint8_t padding[ALIGNMENT];

	LDB_TRY(put_raw(writer, bytes, err));
	memset(padding, PAD_BYTE, sizeof padding);
	return put_raw(writer, ldb_slice(padding, (size_t) (-writer->position % ALIGNMENT)), err);
}

/* ---- what encoders give ---- */

static LdbStatus
put_page(LdbPageSink *sink, uint32_t column, const LdbNewPage *page, LdbError *err)
{
	FieldWriter *field = (FieldWriter *) sink;
	LdbFileWriter *writer = field->writer;
	LdbTailColumn *to = &writer->tail.columns[field->first_column + column];
	LdbTailPage *kept;

	LDB_NEW(writer->arena, kept, 1, err);
	LDB_NEW(writer->arena, kept->offsets, page->buffer_count, err);
	LDB_NEW(writer->arena, kept->sizes, page->buffer_count, err);
	kept->length = page->length;
	kept->buffer_count = page->buffer_count;
	kept->layout.length = page->layout.length;
	kept->layout.data = ldb_arena_copy(writer->arena, page->layout.data, page->layout.length);
	if (kept->layout.data == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a page of the file");
	for (size_t i = 0; i < page->buffer_count; i++)
	{
		kept->offsets[i] = writer->position;
		kept->sizes[i] = page->buffers[i].length;
		LDB_TRY(put_aligned(writer, page->buffers[i], err));
	}
	*(to->last == NULL ? &to->first : &to->last->next) = kept;
	to->last = kept;
	to->page_count++;
	return LDB_OK;
}

static LdbStatus
put_bytes(LdbPageSink *sink, LdbSlice bytes, uint64_t *position, LdbError *err)
{
	FieldWriter *field = (FieldWriter *) sink;

	*position = field->writer->position;
	return put_aligned(field->writer, bytes, err);
}

/* ---- open ---- */

static LdbStatus
open_field(LdbFileWriter *writer, FieldWriter *field, const LdbField *of, LdbError *err)
{
	uint32_t *column_count = &writer->tail.column_count;

	field->sink = (LdbPageSink){put_page, put_bytes};
	field->writer = writer;
	field->encoder.field = of;
	field->encoder.version = writer->tail.version;
	field->encoder.cancel = writer->cancel;
	field->first_column = *column_count;
	if (writer->tail.version == 20)
		LDB_TRY(ldb_field_encoder_init_v20(&field->encoder, writer->arena, err));
	else
		LDB_TRY(ldb_field_encoder_init_v21(&field->encoder, writer->arena, err));
	if (__builtin_add_overflow(*column_count, field->encoder.column_count, column_count))
		LDB_FAIL(err, LDB_UNSUPPORTED, "too many columns");
	return LDB_OK;
}

static LdbStatus
open_columns(LdbFileWriter *writer, LdbError *err)
{
	LdbTailColumn *columns;

	LDB_NEW(writer->arena, columns, writer->tail.column_count, err);
	writer->tail.columns = columns;
	for (size_t i = 0; i < writer->field_count; i++)
	{
		const FieldWriter *field = &writer->fields[i];

		for (uint32_t column = 0; column < field->encoder.column_count; column++)
			columns[field->first_column + column].blob = field->encoder.columns[column].blob;
	}
	return LDB_OK;
}

static LdbStatus
open_writer(LdbFileWriter *writer, LdbStore *store, const char *name, LdbError *err)
{
	const LdbSchema *schema = writer->tail.schema;

	writer->arena = ldb_arena_new(0);
	writer->scratch = ldb_arena_new(0);
	if (writer->arena == NULL || writer->scratch == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the writer of \"%s\"", name);
	LDB_NEW(writer->arena, writer->fields, schema->field_count, err);
	for (; writer->field_count < schema->field_count; writer->field_count++)
		LDB_TRY(open_field(writer, &writer->fields[writer->field_count],
						   schema->fields[writer->field_count], err));
	LDB_TRY(open_columns(writer, err));
	return ldb_store_create(store, name, writer->cancel, &writer->store, err);
}

LdbStatus
ldb_file_writer_open(LdbStore *store, const char *name, const LdbSchema *schema,
					 const LdbFileWriterOptions *options, LdbFileWriter **writer, LdbError *err)
{
	LdbFileWriter *opened;
	LdbStatus status;

	*writer = NULL;
	if (options->version < 20 || options->version > 22)
		LDB_FAIL(err, LDB_UNSUPPORTED, "files of version %d.%d are not written",
				 options->version / 10, options->version % 10);
	opened = ldb_heap_zalloc(sizeof *opened);
	if (opened == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the writer of \"%s\"", name);
	opened->cancel = options->cancel;
	opened->page_bytes = options->page_bytes == 0 ? DEFAULT_PAGE_BYTES : options->page_bytes;
	if (opened->page_bytes < SMALLEST_PAGE_BYTES)
		opened->page_bytes = SMALLEST_PAGE_BYTES;
	opened->memory_bytes =
		options->memory_bytes == 0 ? DEFAULT_MEMORY_BYTES : options->memory_bytes;
	opened->tail.version = options->version;
	opened->tail.schema = schema;
	status = open_writer(opened, store, name, err);
	if (status != LDB_OK)
		ldb_file_writer_abandon(opened);
	else
		*writer = opened;
	return status;
}

/* ---- rows ---- */

static LdbStatus
encode(FieldWriter *field, const LdbArray *rows, LdbError *err)
{
	LdbFileWriter *writer = field->writer;

	LDB_CHECK_CANCEL(writer->cancel, err);
	return field->encoder.encode(&field->encoder, rows, &field->sink, writer->scratch, err);
}

static LdbStatus
flush(FieldWriter *field, LdbError *err)
{
	LdbArena *scratch = field->writer->scratch;
	LdbStatus status;
	LdbArray rows;

	if (field->rows.row_count == 0)
		return LDB_OK;
	status = ldb_page_rows_join(&field->rows, scratch, &rows, err);
	if (status == LDB_OK)
		status = encode(field, &rows, err);
	ldb_arena_reset(scratch);
	ldb_page_rows_clear(&field->rows);
	return status;
}

/* Rows of the caller, without a copy. */
static LdbStatus
encode_slice(FieldWriter *field, const LdbArray *array, size_t first, size_t count, LdbError *err)
{
	LdbArena *scratch = field->writer->scratch;
	LdbArray rows;
	LdbStatus status = ldb_array_slice(array, first, count, scratch, &rows, err);

	if (status == LDB_OK)
		status = encode(field, &rows, err);
	ldb_arena_reset(scratch);
	return status;
}

static LdbStatus
collect_slice(FieldWriter *field, const LdbArray *array, size_t first, size_t count, LdbError *err)
{
	LdbArena *scratch = field->writer->scratch;
	LdbArray rows;
	LdbStatus status = ldb_array_slice(array, first, count, scratch, &rows, err);

	if (status == LDB_OK)
		status = ldb_page_rows_add(&field->rows, &rows, err);
	ldb_arena_reset(scratch);
	return status;
}

/* How many rows of `row_bytes` on average make `bytes`: at least one. */
static size_t
rows_in(size_t bytes, double row_bytes)
{
	double rows = row_bytes <= 0 ? (double) MOST_PAGE_ROWS : (double) bytes / row_bytes;

	return rows >= (double) MOST_PAGE_ROWS ? MOST_PAGE_ROWS : rows < 1 ? 1 : (size_t) rows;
}

/* What waits is filled up to a page first; whole pages behind that come straight from the caller. */
static LdbStatus
append_field(FieldWriter *field, const LdbArray *array, LdbError *err)
{
	size_t page_bytes = field->writer->page_bytes;
	double row_bytes = (double) ldb_rows_bytes(array) / (double) array->length;
	size_t page_rows = rows_in(page_bytes, row_bytes);
	size_t first = 0;

	if (field->rows.row_count > 0)
	{
		size_t left = field->rows.bytes < page_bytes ? page_bytes - field->rows.bytes : 0;
		/* a row that is large by itself need not be copied */
		size_t room = row_bytes > (double) left ? 0 : rows_in(left, row_bytes);

		if (room > MOST_PAGE_ROWS - field->rows.row_count)
			room = MOST_PAGE_ROWS - field->rows.row_count;
		first = room < array->length ? room : array->length;
		LDB_TRY(collect_slice(field, array, 0, first, err));
		if (first < array->length)
			LDB_TRY(flush(field, err));
	}
	while (array->length - first >= page_rows)
	{
		/* no small rest: it would wait, be copied, and make a small page */
		size_t left = array->length - first;
		size_t count = left < page_rows + page_rows / 2 ? left : page_rows;

		LDB_TRY(encode_slice(field, array, first, count, err));
		first += count;
	}
	if (first == array->length)
		return LDB_OK;
	/* nearly a page */
	if (field->rows.row_count == 0 && array->length - first > page_rows / 2)
		return encode_slice(field, array, first, array->length - first, err);
	return collect_slice(field, array, first, array->length - first, err);
}

static size_t
waiting_bytes(const LdbFileWriter *writer, size_t *largest)
{
	size_t bytes = 0;

	*largest = 0;
	for (size_t i = 0; i < writer->field_count; i++)
	{
		bytes += writer->fields[i].rows.bytes;
		if (writer->fields[i].rows.bytes > writer->fields[*largest].rows.bytes)
			*largest = i;
	}
	return bytes;
}

/* A tree that is not what its field says would be read out of bounds. */
static LdbStatus
check_array(const LdbField *field, const LdbArray *array, size_t length, LdbError *err)
{
	bool is_list = ldb_type_is_list(field->type.kind);

	if (array->type == NULL || array->type->kind != ldb_type_value(&field->type)->kind ||
		array->length != length)
		LDB_FAIL(err, LDB_INVALID, "values of \"%s\" are not %zu of its type", field->name, length);
	if (!is_list && field->type.kind != LDB_TYPE_STRUCT)
		return LDB_OK;
	if (array->child_count != field->child_count || (is_list && array->child_count != 1))
		LDB_FAIL(err, LDB_INVALID, "values of \"%s\" have %zu children, not %zu", field->name,
				 array->child_count, field->child_count);
	for (size_t i = 0; i < array->child_count; i++)
		LDB_TRY(check_array(field->children[i], &array->children[i],
							is_list ? array->children[i].length : length, err));
	if (is_list && length > 0 &&
		(array->offsets == NULL || array->offsets[0] != 0 ||
		 (uint64_t) array->offsets[length] > array->children[0].length))
		LDB_FAIL(err, LDB_INVALID, "lists of \"%s\" end behind their items", field->name);
	return LDB_OK;
}

static LdbStatus
check_columns(const LdbFileWriter *writer, const LdbArray *columns, size_t row_count, LdbError *err)
{
	for (size_t i = 0; i < writer->field_count; i++)
	{
		const LdbField *field = writer->tail.schema->fields[i];

		LDB_TRY(check_array(field, &columns[i], row_count, err));
		if (!field->nullable && columns[i].null_count > 0)
			LDB_FAIL(err, LDB_INVALID, "null in column \"%s\", which is not nullable", field->name);
	}
	return LDB_OK;
}

static LdbStatus
keep_within_memory(LdbFileWriter *writer, LdbError *err)
{
	size_t largest;

	while (waiting_bytes(writer, &largest) > writer->memory_bytes)
		LDB_TRY(flush(&writer->fields[largest], err));
	return LDB_OK;
}

static LdbStatus
append_rows(LdbFileWriter *writer, const LdbArray *columns, LdbError *err)
{
	for (size_t i = 0; i < writer->field_count; i++)
	{
		LDB_TRY(append_field(&writer->fields[i], &columns[i], err));
		LDB_TRY(keep_within_memory(writer, err));
	}
	return LDB_OK;
}

LdbStatus
ldb_file_writer_append(LdbFileWriter *writer, const LdbArray *columns, size_t row_count,
					   LdbError *err)
{
	LdbStatus status;

	if (writer->failed)
		LDB_FAIL(err, LDB_INVALID, "an earlier write to this file has failed");
	LDB_TRY(check_columns(writer, columns, row_count, err));
	if (row_count == 0)
		return LDB_OK;
	status = append_rows(writer, columns, err);
	writer->failed = status != LDB_OK;
	writer->row_count += row_count;
	return status;
}

LdbStatus
ldb_file_writer_set_memory(LdbFileWriter *writer, size_t memory_bytes, LdbError *err)
{
	LdbStatus status;

	if (writer->failed)
		LDB_FAIL(err, LDB_INVALID, "an earlier write to this file has failed");
	writer->memory_bytes = memory_bytes;
	status = keep_within_memory(writer, err);
	writer->failed = status != LDB_OK;
	return status;
}

uint64_t
ldb_file_writer_rows(const LdbFileWriter *writer)
{
	return writer->row_count;
}

uint64_t
ldb_file_writer_bytes(const LdbFileWriter *writer)
{
	size_t largest;

	return writer->position + waiting_bytes(writer, &largest);
}

/* ---- the end ---- */

static LdbStatus
summarize(const LdbFileWriter *writer, LdbArena *arena, LdbFileSummary *summary, LdbError *err)
{
	memset(summary, 0, sizeof *summary);
	summary->row_count = writer->row_count;
	summary->size_bytes = writer->position;
	summary->major = 2;
	summary->minor = (uint32_t) (writer->tail.version - 20);
	LDB_NEW(arena, summary->field_ids, writer->tail.column_count, err);
	LDB_NEW(arena, summary->column_indices, writer->tail.column_count, err);
	for (size_t i = 0; i < writer->field_count; i++)
	{
		const FieldWriter *field = &writer->fields[i];

		for (uint32_t column = 0; column < field->encoder.column_count; column++)
		{
			size_t at = summary->field_count++;

			summary->field_ids[at] = field->encoder.columns[column].field_id;
			summary->column_indices[at] = (int32_t) (field->first_column + column);
		}
	}
	return LDB_OK;
}

static LdbStatus
finish_field(FieldWriter *field, LdbError *err)
{
	LdbArena *scratch = field->writer->scratch;
	LdbStatus status;

	field->encoder.whole = field->rows.row_count == field->writer->row_count;
	LDB_TRY(flush(field, err));
	if (field->encoder.finish == NULL)
		return LDB_OK;
	status = field->encoder.finish(&field->encoder, &field->sink, scratch, err);
	ldb_arena_reset(scratch);
	return status;
}

static LdbStatus
write_rest(LdbFileWriter *writer, LdbArena *arena, LdbFileSummary *summary, LdbError *err)
{
	LdbStoreWriter *store;
	LdbSlice tail;

	if (writer->failed)
		LDB_FAIL(err, LDB_INVALID, "an earlier write to this file has failed");
	for (size_t i = 0; i < writer->field_count; i++)
		LDB_TRY(finish_field(&writer->fields[i], err));
	writer->tail.row_count = writer->row_count;
	LDB_TRY(ldb_file_tail_build(&writer->tail, writer->position, writer->scratch, &tail, err));
	LDB_TRY(put_raw(writer, tail, err));
	LDB_TRY(send_gathered(writer, err));
	LDB_TRY(summarize(writer, arena, summary, err));
	store = writer->store;
	writer->store = NULL;
	return ldb_store_finish(store, writer->cancel, err);
}

LdbStatus
ldb_file_writer_finish(LdbFileWriter *writer, LdbArena *arena, LdbFileSummary *summary,
					   LdbError *err)
{
	LdbStatus status = write_rest(writer, arena, summary, err);

	ldb_file_writer_abandon(writer);
	return status;
}

void
ldb_file_writer_abandon(LdbFileWriter *writer)
{
	if (writer == NULL)
		return;
	ldb_store_abandon(writer->store);
	for (size_t i = 0; i < writer->field_count; i++)
		ldb_page_rows_free(&writer->fields[i].rows);
	ldb_buffer_free(&writer->gathered);
	ldb_arena_free(writer->scratch);
	ldb_arena_free(writer->arena);
	ldb_heap_free(writer);
}
