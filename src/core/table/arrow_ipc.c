/* arrow_ipc.c -- reads deleted rows from an Arrow IPC file of one uint32 column. */
#include "arrow_ipc.h"

#include <inttypes.h>

#include <lz4frame.h>
#include <zstd.h>

#include "flatbuffer.h"
#include "ldb/base/bitmap.h"

/* Source: Arrow columnar format, "IPC File Format"; File.fbs, Message.fbs, Schema.fbs. */
#define MAGIC "ARROW1"
#define MAGIC_BYTES 6u
#define TAIL_BYTES 10u   /* footer length and magic */
#define BLOCK_BYTES 24u  /* offset i64, metadata length i32, padding, body length i64 */
#define BUFFER_BYTES 16u /* offset i64, length i64 */
#define NODE_BYTES 16u   /* length i64, null count i64 */
#define CONTINUATION UINT32_MAX
#define STORED_LENGTH (-1)
#define PADDING_LIMIT 64u /* writers may pad a buffer before they compress it */

enum
{
	FOOTER_SCHEMA = 1,
	FOOTER_BATCHES = 3,
	SCHEMA_ENDIANNESS = 0,
	SCHEMA_FIELDS = 1,
	FIELD_TYPE_KIND = 2,
	FIELD_TYPE = 3,
	TYPE_KIND_INT = 2,
	INT_BITS = 0,
	INT_SIGNED = 1,
	MESSAGE_HEADER_KIND = 1,
	MESSAGE_HEADER = 2,
	HEADER_KIND_BATCH = 3,
	BATCH_LENGTH = 0,
	BATCH_NODES = 1,
	BATCH_BUFFERS = 2,
	BATCH_COMPRESSION = 3,
	COMPRESSION_CODEC = 0,
	CODEC_LZ4 = 0,
	CODEC_ZSTD = 1,
	CODEC_NONE = 2
};

typedef struct Reader
{
	LdbSlice file;
	const char *name; /* borrowed */
	LdbArena *arena;  /* borrowed */
	uint64_t row_limit;
	uint8_t *bits; /* borrowed */
	uint64_t bit_count;
	uint64_t members;
} Reader;

static LdbStatus
broken(const Reader *reader, const char *what, LdbError *err)
{
	LDB_FAIL(err, LDB_CORRUPT, "deletion file \"%s\": broken Arrow %s", reader->name, what);
}

static LdbStatus
check_schema(const Reader *reader, const LdbFlatTable *footer, LdbError *err)
{
	uint64_t endianness = 0, kind = 0, bits = 0, is_signed = 0;
	LdbFlatTable schema, column, type;
	LdbFlatVector fields;
	bool present;

	if (!ldb_flat_table(footer, FOOTER_SCHEMA, &schema, &present) || !present ||
		!ldb_flat_scalar(&schema, SCHEMA_ENDIANNESS, 2, &endianness) ||
		!ldb_flat_vector(&schema, SCHEMA_FIELDS, 4, &fields) || fields.count != 1 ||
		!ldb_flat_vector_table(&schema, &fields, 0, &column) ||
		!ldb_flat_scalar(&column, FIELD_TYPE_KIND, 1, &kind))
		return broken(reader, "schema", err);
	if (endianness != 0 || kind != TYPE_KIND_INT ||
		!ldb_flat_table(&column, FIELD_TYPE, &type, &present) || !present ||
		!ldb_flat_scalar(&type, INT_BITS, 4, &bits) ||
		!ldb_flat_scalar(&type, INT_SIGNED, 1, &is_signed) || bits != 32 || is_signed != 0)
		LDB_FAIL(err, LDB_CORRUPT, "deletion file \"%s\" is not one column of uint32",
				 reader->name);
	return LDB_OK;
}

static LdbStatus
open_footer(const Reader *reader, LdbFlatTable *footer, LdbError *err)
{
	size_t length = reader->file.length;
	const uint8_t *tail;
	LdbSlice bytes;

	if (length < TAIL_BYTES + MAGIC_BYTES ||
		memcmp(reader->file.data + length - MAGIC_BYTES, MAGIC, MAGIC_BYTES) != 0)
		LDB_FAIL(err, LDB_CORRUPT, "deletion file \"%s\" of %zu bytes is not an Arrow file",
				 reader->name, length);
	tail = reader->file.data + length - TAIL_BYTES;
	if (ldb_load_u32(tail) > length - TAIL_BYTES)
		return broken(reader, "footer length", err);
	bytes = ldb_slice(tail - ldb_load_u32(tail), ldb_load_u32(tail));
	return ldb_flat_root(bytes, footer) ? LDB_OK : broken(reader, "footer", err);
}

/* The message of a block, without its length prefix, and where its body starts. */
static LdbStatus
open_block(const Reader *reader, const uint8_t *block, LdbFlatTable *batch, LdbSlice *body,
		   LdbError *err)
{
	uint64_t offset = ldb_load_u64(block);
	uint32_t metadata_bytes = ldb_load_u32(block + 8);
	uint64_t kind = 0;
	LdbFlatTable message;
	LdbSlice metadata;
	bool present;
	size_t prefix;

	*body = ldb_slice(NULL, 0);
	if (!ldb_slice_part(reader->file, offset, metadata_bytes, &metadata) || metadata_bytes < 8 ||
		!ldb_slice_part(reader->file, offset + metadata_bytes, ldb_load_u64(block + 16), body))
		return broken(reader, "block", err);
	prefix = ldb_load_u32(metadata.data) == CONTINUATION ? 8 : 4;
	metadata = ldb_slice(metadata.data + prefix, metadata.length - prefix);
	if (!ldb_flat_root(metadata, &message) ||
		!ldb_flat_scalar(&message, MESSAGE_HEADER_KIND, 1, &kind) || kind != HEADER_KIND_BATCH ||
		!ldb_flat_table(&message, MESSAGE_HEADER, batch, &present) || !present)
		return broken(reader, "message", err);
	return LDB_OK;
}

static LdbStatus
batch_codec(const Reader *reader, const LdbFlatTable *batch, uint64_t *codec, LdbError *err)
{
	LdbFlatTable compression;
	bool present;

	*codec = CODEC_NONE;
	if (!ldb_flat_table(batch, BATCH_COMPRESSION, &compression, &present))
		return broken(reader, "compression", err);
	if (!present)
		return LDB_OK;
	*codec = CODEC_LZ4;
	if (!ldb_flat_scalar(&compression, COMPRESSION_CODEC, 1, codec))
		return broken(reader, "compression", err);
	if (*codec > CODEC_ZSTD)
		LDB_FAIL(err, LDB_UNSUPPORTED, "deletion file \"%s\": Arrow compression codec %" PRIu64,
				 reader->name, *codec);
	return LDB_OK;
}

static bool
lz4_decompress(LdbSlice packed, uint8_t *out, size_t length)
{
	LZ4F_dctx *context;
	size_t written = 0, read = 0, pending = 1;

	if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)))
		return false;
	while (pending != 0 && written < length && read < packed.length)
	{
		size_t out_bytes = length - written;
		size_t in_bytes = packed.length - read;

		pending = LZ4F_decompress(context, out + written, &out_bytes, packed.data + read, &in_bytes,
								  NULL);
		if (LZ4F_isError(pending) || (out_bytes == 0 && in_bytes == 0))
			break;
		written += out_bytes;
		read += in_bytes;
	}
	LZ4F_freeDecompressionContext(context);
	return written == length;
}

/* A compressed buffer starts with its uncompressed length; -1 says that it is stored as it is. */
static LdbStatus
unpack_values(const Reader *reader, LdbSlice packed, uint64_t codec, uint64_t value_bytes,
			  LdbSlice *values, LdbError *err)
{
	uint8_t *out;
	uint64_t length;
	bool done;

	*values = packed;
	if (codec == CODEC_NONE || value_bytes == 0)
		return LDB_OK;
	if (packed.length < 8)
		return broken(reader, "buffer", err);
	length = ldb_load_u64(packed.data);
	packed = ldb_slice(packed.data + 8, packed.length - 8);
	*values = packed;
	if ((int64_t) length == STORED_LENGTH)
		return LDB_OK;
	if (length < value_bytes || length - value_bytes > PADDING_LIMIT)
		LDB_FAIL(err, LDB_CORRUPT,
				 "deletion file \"%s\": a buffer of %" PRIu64 " bytes instead of %" PRIu64,
				 reader->name, length, value_bytes);
	out = ldb_arena_alloc(reader->arena, (size_t) length);
	if (out == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for deletion file \"%s\"", reader->name);
	if (codec == CODEC_ZSTD)
		done = ZSTD_decompress(out, (size_t) length, packed.data, packed.length) == length;
	else
		done = lz4_decompress(packed, out, (size_t) length);
	if (!done)
		return broken(reader, "compressed buffer", err);
	*values = ldb_slice(out, (size_t) length);
	return LDB_OK;
}

static LdbStatus
add_values(Reader *reader, LdbSlice values, uint64_t count, LdbError *err)
{
	for (uint64_t i = 0; i < count; i++)
	{
		uint32_t value = ldb_load_u32(values.data + i * 4);

		if (value >= reader->bit_count)
			LDB_FAIL(err, LDB_CORRUPT,
					 "deletion file \"%s\": row %" PRIu32 " of a fragment of %" PRIu64 " rows",
					 reader->name, value, reader->bit_count);
		reader->members += !ldb_bit_get(reader->bits, value);
		ldb_bit_set(reader->bits, value);
	}
	return LDB_OK;
}

static LdbStatus
read_batch(Reader *reader, const LdbFlatTable *batch, LdbSlice body, LdbError *err)
{
	LdbFlatVector nodes, buffers;
	LdbSlice packed, values;
	uint64_t count = 0, codec;

	if (!ldb_flat_scalar(batch, BATCH_LENGTH, 8, &count) ||
		!ldb_flat_vector(batch, BATCH_NODES, NODE_BYTES, &nodes) ||
		!ldb_flat_vector(batch, BATCH_BUFFERS, BUFFER_BYTES, &buffers) || nodes.count != 1 ||
		buffers.count != 2 || ldb_load_u64(nodes.items.data) != count ||
		ldb_load_u64(nodes.items.data + 8) != 0)
		return broken(reader, "record batch", err);
	if (count > reader->row_limit)
		LDB_FAIL(err, LDB_CORRUPT, "deletion file \"%s\" has more rows than its manifest says",
				 reader->name);
	reader->row_limit -= count;
	if (!ldb_slice_part(body, ldb_load_u64(buffers.items.data + BUFFER_BYTES),
						ldb_load_u64(buffers.items.data + BUFFER_BYTES + 8), &packed))
		return broken(reader, "buffer", err);
	LDB_TRY(batch_codec(reader, batch, &codec, err));
	LDB_TRY(unpack_values(reader, packed, codec, count * 4, &values, err));
	if (values.length < count * 4)
		return broken(reader, "buffer", err);
	return add_values(reader, values, count, err);
}

LdbStatus
ldb_arrow_ipc_decode(LdbSlice bytes, const char *name, uint64_t row_limit, uint8_t *bits,
					 uint64_t bit_count, LdbArena *arena, uint64_t *count, LdbError *err)
{
	Reader reader = {bytes, name, arena, row_limit, bits, bit_count, 0};
	LdbFlatTable footer;
	LdbFlatVector blocks;

	LDB_TRY(open_footer(&reader, &footer, err));
	LDB_TRY(check_schema(&reader, &footer, err));
	if (!ldb_flat_vector(&footer, FOOTER_BATCHES, BLOCK_BYTES, &blocks))
		return broken(&reader, "footer", err);
	for (size_t i = 0; i < blocks.count; i++)
	{
		LdbFlatTable batch;
		LdbSlice body;

		LDB_TRY(open_block(&reader, blocks.items.data + i * BLOCK_BYTES, &batch, &body, err));
		LDB_TRY(read_batch(&reader, &batch, body, err));
	}
	*count = reader.members;
	return LDB_OK;
}
