/* ipc_file.h -- for tests: writes Arrow IPC files of one column of uint32, also odd ones. */
#ifndef TABLE_IPC_FILE_H
#define TABLE_IPC_FILE_H

#include <lz4frame.h>
#include <zstd.h>

#include "table/table_test.h"

typedef struct IpcFile
{
	uint8_t bytes[1 << 17];
	size_t length;
} IpcFile;

enum
{
	IPC_LZ4 = 0,
	IPC_ZSTD = 1,
	IPC_PLAIN = 2,
	IPC_STORED = 3 /* zstd, with the length that says "not compressed" */
};

/* Things that a test may get wrong on purpose. */
typedef struct IpcOddities
{
	uint64_t null_count;
	uint64_t extra_rows;    /* claimed beyond the values */
	uint64_t length_change; /* added to the uncompressed length */
	uint64_t bits;          /* of the type; 0 = 32 */
	uint64_t is_signed;
	uint64_t codec; /* stored instead of the one used, + 1 */
} IpcOddities;

static size_t
ipc_put(IpcFile *file, const void *bytes, size_t length)
{
	size_t at = file->length;

	assert_true(length <= sizeof file->bytes - at);
	if (bytes != NULL)
		memcpy(file->bytes + at, bytes, length);
	else
		memset(file->bytes + at, 0, length);
	file->length += length;
	return at;
}

/* A table whose fields all have 8 bytes of room; returns where it lies. */
static size_t
ipc_table(IpcFile *file, unsigned field_count)
{
	size_t vtable = ipc_put(file, NULL, 4 + 2 * field_count);
	size_t table = ipc_put(file, NULL, 4 + 8 * field_count);

	file->bytes[vtable] = (uint8_t) (4 + 2 * field_count);
	file->bytes[vtable + 2] = (uint8_t) (4 + 8 * field_count);
	for (unsigned i = 0; i < field_count; i++)
		file->bytes[vtable + 4 + 2 * i] = (uint8_t) (4 + 8 * i);
	store_u32(file->bytes + table, (uint32_t) (table - vtable));
	return table;
}

static size_t
ipc_slot(size_t table, unsigned field)
{
	return table + 4 + 8 * field;
}

static void
ipc_set(IpcFile *file, size_t table, unsigned field, uint64_t value)
{
	store_u64(file->bytes + ipc_slot(table, field), value);
}

static void
ipc_point(IpcFile *file, size_t from, size_t target)
{
	store_u32(file->bytes + from, (uint32_t) (target - from));
}

static void
ipc_absent(IpcFile *file, size_t table, unsigned field_count, unsigned field)
{
	memset(file->bytes + table - (4 + 2 * field_count) + 4 + 2 * field, 0, 2);
}

static size_t
ipc_vector(IpcFile *file, uint32_t count, size_t item_bytes)
{
	size_t at = ipc_put(file, NULL, 4 + count * item_bytes);

	store_u32(file->bytes + at, count);
	return at;
}

/* The body of a batch: no validity, then the values. Returns the length of the values' buffer. */
static size_t
ipc_body(IpcFile *file, const uint32_t *rows, size_t count, int codec, const IpcOddities *odd)
{
	size_t start = file->length;
	uint64_t raw = count * 4 + odd->length_change;
	size_t packed;

	if (codec == IPC_PLAIN)
	{
		ipc_put(file, rows, count * 4);
		return file->length - start;
	}
	ipc_put(file, codec == IPC_STORED ? &(uint64_t){UINT64_MAX} : &raw, 8);
	if (codec == IPC_STORED)
		ipc_put(file, rows, count * 4);
	else if (codec == IPC_ZSTD)
	{
		packed = ZSTD_compress(file->bytes + file->length, sizeof file->bytes - file->length, rows,
							   count * 4, 1);
		assert_false(ZSTD_isError(packed));
		file->length += packed;
	}
	else
	{
		packed = LZ4F_compressFrame(file->bytes + file->length, sizeof file->bytes - file->length,
									rows, count * 4, NULL);
		assert_false(LZ4F_isError(packed));
		file->length += packed;
	}
	return file->length - start;
}

/* One batch, preceded by its message; fills the 24 bytes of its block. */
static void
ipc_batch(IpcFile *file, const uint32_t *rows, size_t count, int codec, const IpcOddities *odd,
		  uint8_t *block)
{
	size_t start = file->length;
	size_t flat, message, batch, nodes, buffers, compression, values;

	ipc_put(file, &(uint64_t){UINT32_MAX}, 8);
	flat = ipc_put(file, NULL, 4);
	message = ipc_table(file, 3);
	ipc_point(file, flat, message);
	ipc_set(file, message, 1, 3);
	batch = ipc_table(file, 4);
	ipc_point(file, ipc_slot(message, 2), batch);
	ipc_set(file, batch, 0, count + odd->extra_rows);
	nodes = ipc_vector(file, 1, 16);
	ipc_point(file, ipc_slot(batch, 1), nodes);
	store_u64(file->bytes + nodes + 4, count + odd->extra_rows);
	store_u64(file->bytes + nodes + 12, odd->null_count);
	buffers = ipc_vector(file, 2, 16);
	ipc_point(file, ipc_slot(batch, 2), buffers);
	if (codec == IPC_PLAIN)
		ipc_absent(file, batch, 4, 3);
	else
	{
		compression = ipc_table(file, 1);
		ipc_point(file, ipc_slot(batch, 3), compression);
		ipc_set(file, compression, 0, odd->codec > 0 ? odd->codec - 1 : codec != IPC_LZ4);
	}
	store_u64(block, start);
	store_u64(block + 8, file->length - start);
	values = ipc_body(file, rows, count, codec, odd);
	store_u64(file->bytes + buffers + 4 + 24, values);
	store_u64(block + 16, values);
}

static LdbSlice
ipc_file(IpcFile *file, const uint32_t *rows, size_t count, size_t batch_count, int codec,
		 const IpcOddities *odd)
{
	uint8_t blocks[24 * 8];
	size_t flat, footer, schema, fields, field, type, batches;

	assert_true(batch_count <= 8);
	memset(file, 0, sizeof *file);
	ipc_put(file, "ARROW1\0\0", 8);
	for (size_t i = 0; i < batch_count; i++)
		ipc_batch(file, rows + count * i / batch_count,
				  count * (i + 1) / batch_count - count * i / batch_count, codec, odd,
				  blocks + 24 * i);
	flat = ipc_put(file, NULL, 4);
	footer = ipc_table(file, 4);
	ipc_point(file, flat, footer);
	ipc_absent(file, footer, 4, 2);
	schema = ipc_table(file, 2);
	ipc_point(file, ipc_slot(footer, 1), schema);
	fields = ipc_vector(file, 1, 4);
	ipc_point(file, ipc_slot(schema, 1), fields);
	field = ipc_table(file, 4);
	ipc_point(file, fields + 4, field);
	ipc_absent(file, field, 4, 0);
	ipc_set(file, field, 2, 2);
	type = ipc_table(file, 2);
	ipc_point(file, ipc_slot(field, 3), type);
	ipc_set(file, type, 0, odd->bits == 0 ? 32 : odd->bits);
	ipc_set(file, type, 1, odd->is_signed);
	batches = ipc_vector(file, (uint32_t) batch_count, 24);
	ipc_point(file, ipc_slot(footer, 3), batches);
	memcpy(file->bytes + batches + 4, blocks, 24 * batch_count);
	ipc_put(file, &(uint32_t){(uint32_t) (file->length - flat)}, 4);
	ipc_put(file, "ARROW1", 6);
	return ldb_slice(file->bytes, file->length);
}

#endif
