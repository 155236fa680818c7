/* file.c -- opens a data file: footer, offset tables, row count, column metadata on demand. */
#include "column_impl.h"

#include <string.h>

#include "lance_file.pb-c.h"
#include "ldb/base/checked.h"
#include "ldb/proto/proto.h"

#define FOOTER_BYTES 40u
#define VERSION_BYTES 8u
/* One request usually brings footer, tables, descriptor and the metadata of every column. */
#define TAIL_BYTES (64u * 1024)

struct LdbFile
{
	LdbObject *object; /* owned */
	LdbArena *arena;   /* owned; the file itself lies in it */
	int version;
	uint64_t row_count;
	LdbSlice tail; /* the last bytes of the object */
	uint64_t tail_offset;
	uint32_t column_count;
	const LdbRange *columns; /* metadata of each column */
	const LdbColumnPages **unpacked;
	uint32_t buffer_count;
	const LdbRange *buffers;
};

typedef struct Footer
{
	uint64_t columns_offset;
	uint64_t column_table_offset;
	uint64_t buffer_table_offset;
	uint32_t buffer_count;
	uint32_t column_count;
} Footer;

/* Bytes of the object: out of the tail, or read into the file's arena. */
static LdbStatus
file_bytes(LdbFile *file, LdbRange range, const LdbCancel *cancel, LdbSlice *bytes, LdbError *err)
{
	if (range.offset >= file->tail_offset &&
		ldb_slice_part(file->tail, range.offset - file->tail_offset, range.length, bytes))
		return LDB_OK;
	LDB_TRY(
		ldb_object_read(file->object, range.offset, range.length, file->arena, bytes, cancel, err));
	if (!ldb_object_is_mapped(file->object) && bytes->length > 0)
	{
		/* a fetched range is forgotten by the next fetch, metadata is kept */
		const void *copy = ldb_arena_copy(file->arena, bytes->data, bytes->length);

		if (copy == NULL)
			LDB_FAIL(err, LDB_NOMEM, "\"%s\": out of memory for %zu bytes",
					 ldb_object_name(file->object), bytes->length);
		bytes->data = copy;
	}
	return LDB_OK;
}

static LdbStatus
check_range(const LdbFile *file, LdbRange range, const char *what, LdbError *err)
{
	uint64_t size = ldb_object_size(file->object);

	if (range.offset > size || range.length > size - range.offset)
		LDB_FAIL(err, LDB_CORRUPT, "\"%s\": %s at byte %llu of %llu bytes is beyond the end (%llu)",
				 ldb_object_name(file->object), what, (unsigned long long) range.offset,
				 (unsigned long long) range.length, (unsigned long long) size);
	return LDB_OK;
}

static LdbStatus
read_tail(LdbFile *file, const LdbCancel *cancel, LdbError *err)
{
	uint64_t size = ldb_object_size(file->object);
	uint64_t length = size < TAIL_BYTES ? size : TAIL_BYTES;

	file->tail_offset = size; /* nothing yet */
	LDB_TRY(file_bytes(file, (LdbRange){size - length, length}, cancel, &file->tail, err));
	file->tail_offset = size - length;
	return LDB_OK;
}

static LdbStatus
check_version(LdbFile *file, unsigned major, unsigned minor, LdbError *err)
{
	const char *name = ldb_object_name(file->object);

	if ((major == 0 && minor == 3) || (major == 2 && minor == 0))
		file->version = 20;
	else if (major == 2 && (minor == 1 || minor == 2))
		file->version = (int) (20 + minor);
	else if (major == 0 && minor < 3)
	{
		ldb_error_set(err, LDB_UNSUPPORTED,
					  "\"%s\": legacy Lance file format (version %u.%u) is not supported", name,
					  major, minor);
		ldb_error_hint(err, "Rewrite the table with data storage version 2.0, 2.1 or 2.2.");
		return LDB_UNSUPPORTED;
	}
	else
	{
		ldb_error_set(err, LDB_UNSUPPORTED,
					  "\"%s\": Lance file version %u.%u is not supported (2.0 to 2.2 are)", name,
					  major, minor);
		ldb_error_hint(err, "Rewrite the table with data storage version 2.0, 2.1 or 2.2.");
		return LDB_UNSUPPORTED;
	}
	return LDB_OK;
}

static LdbStatus
read_footer(LdbFile *file, Footer *footer, LdbError *err)
{
	const char *name = ldb_object_name(file->object);
	const uint8_t *end = NULL;

	if (file->tail.length >= VERSION_BYTES)
		end = file->tail.data + file->tail.length;
	if (end == NULL || memcmp(end - 4, "LANC", 4) != 0)
		LDB_FAIL(err, LDB_CORRUPT,
				 "\"%s\": not a Lance data file, no magic number in the last of "
				 "its %llu bytes",
				 name, (unsigned long long) ldb_object_size(file->object));
	LDB_TRY(check_version(file, ldb_load_u16(end - 8), ldb_load_u16(end - 6), err));
	if (file->tail.length < FOOTER_BYTES)
		LDB_FAIL(err, LDB_CORRUPT, "\"%s\": %zu bytes do not hold a footer of %u", name,
				 file->tail.length, FOOTER_BYTES);
	end -= FOOTER_BYTES;
	footer->columns_offset = ldb_load_u64(end);
	footer->column_table_offset = ldb_load_u64(end + 8);
	footer->buffer_table_offset = ldb_load_u64(end + 16);
	footer->buffer_count = ldb_load_u32(end + 24);
	footer->column_count = ldb_load_u32(end + 28);
	return LDB_OK;
}

/* A table of (u64 position, u64 size). */
static LdbStatus
read_table(LdbFile *file, uint64_t offset, uint32_t count, const char *what,
		   const LdbCancel *cancel, const LdbRange **table, LdbError *err)
{
	LdbRange place = {offset, (uint64_t) count * 16};
	LdbRange *ranges;
	LdbSlice bytes;

	LDB_TRY(check_range(file, place, what, err));
	LDB_TRY(file_bytes(file, place, cancel, &bytes, err));
	LDB_NEW(file->arena, ranges, count, err);
	for (uint32_t i = 0; i < count; i++)
	{
		ranges[i].offset = ldb_load_u64(bytes.data + (size_t) i * 16);
		ranges[i].length = ldb_load_u64(bytes.data + (size_t) i * 16 + 8);
		LDB_TRY(check_range(file, ranges[i], what, err));
	}
	*table = ranges;
	return LDB_OK;
}

static LdbStatus
read_row_count(LdbFile *file, const LdbCancel *cancel, LdbError *err)
{
	ProtobufCMessage *message;
	LdbArena *scratch;
	LdbSlice bytes;
	LdbStatus status;

	if (file->buffer_count == 0)
		LDB_FAIL(err, LDB_CORRUPT, "\"%s\": no file descriptor", ldb_object_name(file->object));
	LDB_TRY(file_bytes(file, file->buffers[0], cancel, &bytes, err));
	scratch = ldb_arena_new(0);
	if (scratch == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory");
	status = ldb_proto_unpack(&ldb__file_descriptor__descriptor, bytes, scratch, "file descriptor",
							  &message, err);
	if (status == LDB_OK)
		file->row_count = ((Ldb__FileDescriptor *) message)->length;
	else
		ldb_error_prefix(err, "\"%s\"", ldb_object_name(file->object));
	ldb_arena_free(scratch);
	return status;
}

static LdbStatus
open_tables(LdbFile *file, const LdbCancel *cancel, LdbError *err)
{
	Footer footer;

	LDB_TRY(read_tail(file, cancel, err));
	LDB_TRY(read_footer(file, &footer, err));
	LDB_TRY(read_table(file, footer.column_table_offset, footer.column_count,
					   "column metadata table", cancel, &file->columns, err));
	file->column_count = footer.column_count;
	LDB_NEW(file->arena, file->unpacked, file->column_count, err);
	LDB_TRY(read_table(file, footer.buffer_table_offset, footer.buffer_count, "global buffer table",
					   cancel, &file->buffers, err));
	file->buffer_count = footer.buffer_count;
	return read_row_count(file, cancel, err);
}

LdbStatus
ldb_file_open(LdbObject *object, const LdbCancel *cancel, LdbFile **file, LdbError *err)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbFile *opened = arena == NULL ? NULL : ldb_arena_zalloc(arena, sizeof *opened);
	LdbStatus status;

	*file = NULL;
	if (opened == NULL)
	{
		ldb_arena_free(arena);
		ldb_object_close(object);
		LDB_FAIL(err, LDB_NOMEM, "out of memory");
	}
	opened->arena = arena;
	opened->object = object;
	status = open_tables(opened, cancel, err);
	if (status != LDB_OK)
	{
		ldb_file_close(opened);
		return status;
	}
	*file = opened;
	return LDB_OK;
}

void
ldb_file_close(LdbFile *file)
{
	if (file == NULL)
		return;
	ldb_object_close(file->object);
	ldb_arena_free(file->arena);
}

uint64_t
ldb_file_row_count(const LdbFile *file)
{
	return file->row_count;
}

uint32_t
ldb_file_column_count(const LdbFile *file)
{
	return file->column_count;
}

int
ldb_file_version(const LdbFile *file)
{
	return file->version;
}

LdbObject *
ldb_file_object(const LdbFile *file)
{
	return file->object;
}

LdbStatus
ldb_file_buffer(const LdbFile *file, uint32_t index, LdbRange *range, LdbError *err)
{
	if (index >= file->buffer_count)
		LDB_FAIL(err, LDB_CORRUPT, "\"%s\": global buffer %u of %u", ldb_object_name(file->object),
				 index, file->buffer_count);
	*range = file->buffers[index];
	return LDB_OK;
}

/* The message inside of the google.protobuf.Any that an Encoding holds or points to. */
static LdbStatus
unpack_encoding(LdbFile *file, const Ldb__Encoding *encoding, const char *type_end,
				LdbArena *scratch, LdbSlice *message, LdbError *err)
{
	ProtobufCMessage *unpacked;
	Ldb__Any *any;
	LdbSlice bytes = {NULL, 0};
	size_t url_length;

	message->length = 0;
	message->data = NULL;
	if (encoding == NULL)
		return LDB_OK;
	if (encoding->location_case == LDB__ENCODING__LOCATION_DIRECT)
		bytes = ldb_slice(encoding->direct->encoding.data, encoding->direct->encoding.len);
	else if (encoding->location_case == LDB__ENCODING__LOCATION_INDIRECT)
	{
		LdbRange range = {encoding->indirect->buffer_location, encoding->indirect->buffer_length};

		LDB_TRY(check_range(file, range, "encoding", err));
		LDB_TRY(file_bytes(file, range, NULL, &bytes, err));
	}
	else
		return LDB_OK;
	LDB_TRY(ldb_proto_unpack(&ldb__any__descriptor, bytes, scratch, "encoding", &unpacked, err));
	any = (Ldb__Any *) unpacked;
	url_length = any->type_url == NULL ? 0 : strlen(any->type_url);
	if (url_length < strlen(type_end) ||
		strcmp(any->type_url + url_length - strlen(type_end), type_end) != 0)
		LDB_FAIL(err, LDB_UNSUPPORTED, "encoding of type \"%.100s\" where \"%s\" is known",
				 any->type_url == NULL ? "" : any->type_url, type_end);
	message->length = any->value.len;
	message->data = ldb_arena_copy(file->arena, any->value.data, any->value.len);
	if (message->data == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu bytes", message->length);
	return LDB_OK;
}

static LdbStatus
unpack_buffers(LdbFile *file, size_t count, const uint64_t *offsets, size_t size_count,
			   const uint64_t *sizes, const LdbRange **buffers, LdbError *err)
{
	LdbRange *ranges;

	if (count != size_count)
		LDB_FAIL(err, LDB_CORRUPT, "%zu buffer offsets, %zu sizes", count, size_count);
	LDB_NEW(file->arena, ranges, count, err);
	for (size_t i = 0; i < count; i++)
	{
		ranges[i] = (LdbRange){offsets[i], sizes[i]};
		LDB_TRY(check_range(file, ranges[i], "page buffer", err));
	}
	*buffers = ranges;
	return LDB_OK;
}

static LdbStatus
unpack_page(LdbFile *file, const Ldb__Page *from, LdbArena *scratch, LdbColumnPages *column,
			LdbPageInfo *page, LdbError *err)
{
	const char *type_end =
		file->version == 20 ? "lance.encodings.ArrayEncoding" : "lance.encodings21.PageLayout";

	page->first_row = column->length;
	page->length = from->length;
	if (!ldb_u64_add(column->length, from->length, &column->length))
		LDB_FAIL(err, LDB_CORRUPT, "page lengths overflow");
	page->buffer_count = from->n_buffer_offsets;
	LDB_TRY(unpack_buffers(file, from->n_buffer_offsets, from->buffer_offsets, from->n_buffer_sizes,
						   from->buffer_sizes, &page->buffers, err));
	for (size_t i = 0; i < page->buffer_count; i++)
		if (!ldb_u64_add(column->bytes, page->buffers[i].length, &column->bytes))
			LDB_FAIL(err, LDB_CORRUPT, "page buffer sizes overflow");
	return unpack_encoding(file, from->encoding, type_end, scratch, &page->encoding, err);
}

static LdbStatus
unpack_column(LdbFile *file, LdbArena *scratch, LdbColumnPages *column, LdbError *err)
{
	ProtobufCMessage *unpacked;
	const Ldb__ColumnMetadata *metadata;
	LdbPageInfo *pages;
	LdbSlice bytes;

	LDB_TRY(file_bytes(file, file->columns[column->column], NULL, &bytes, err));
	LDB_TRY(ldb_proto_unpack(&ldb__column_metadata__descriptor, bytes, scratch, "column metadata",
							 &unpacked, err));
	metadata = (const Ldb__ColumnMetadata *) unpacked;
	LDB_TRY(unpack_encoding(file, metadata->encoding, "lance.encodings.ColumnEncoding", scratch,
							&column->encoding, err));
	column->buffer_count = metadata->n_buffer_offsets;
	LDB_TRY(unpack_buffers(file, metadata->n_buffer_offsets, metadata->buffer_offsets,
						   metadata->n_buffer_sizes, metadata->buffer_sizes, &column->buffers,
						   err));
	LDB_NEW(file->arena, pages, metadata->n_pages, err);
	for (size_t i = 0; i < metadata->n_pages; i++)
		LDB_TRY(unpack_page(file, metadata->pages[i], scratch, column, &pages[i], err));
	column->pages = pages;
	column->page_count = metadata->n_pages;
	return LDB_OK;
}

LdbStatus
ldb_file_column(LdbFile *file, uint32_t column, const LdbColumnPages **pages, LdbError *err)
{
	LdbColumnPages *unpacked;
	LdbArena *scratch;
	LdbStatus status;

	if (column >= file->column_count)
		LDB_FAIL(err, LDB_CORRUPT, "\"%s\": column %u of %u", ldb_object_name(file->object), column,
				 file->column_count);
	if (file->unpacked[column] == NULL)
	{
		LDB_NEW(file->arena, unpacked, 1, err);
		unpacked->column = column;
		scratch = ldb_arena_new(0);
		if (scratch == NULL)
			LDB_FAIL(err, LDB_NOMEM, "out of memory");
		status = unpack_column(file, scratch, unpacked, err);
		ldb_arena_free(scratch);
		if (status != LDB_OK)
		{
			ldb_error_prefix(err, "\"%s\" column %u", ldb_object_name(file->object), column);
			return status;
		}
		file->unpacked[column] = unpacked;
	}
	*pages = file->unpacked[column];
	return LDB_OK;
}

LdbStatus
ldb_file_column_bytes(LdbFile *file, uint32_t column, uint64_t *bytes, LdbError *err)
{
	const LdbColumnPages *pages;

	LDB_TRY(ldb_file_column(file, column, &pages, err));
	*bytes = pages->bytes;
	return LDB_OK;
}

size_t
ldb_pages_find(const LdbColumnPages *pages, uint64_t row)
{
	size_t low = 0;
	size_t high = pages->page_count;

	/* the last page that starts at or before the row: empty pages before it are passed over */
	while (high - low > 1)
	{
		size_t middle = low + (high - low) / 2;

		if (pages->pages[middle].first_row <= row)
			low = middle;
		else
			high = middle;
	}
	return low;
}
