/* values.c -- decodes the values of a chunk, or one value of a full-zip page, into a sink. */
#include <string.h>

#include "codec_bitpack.h"
#include "codec_general.h"
#include "codec_rle.h"
#include "codec_split.h"
#include "codec_variable.h"
#include "ldb/base/checked.h"
#include "page_impl.h"

/* ---- fixed width ---- */

/* Validity bitmaps of the list levels come first, outermost first; gives the buffer of the items. */
static LdbStatus
put_chunk_validity(const LdbCodec *codec, const LdbChunk *chunk, LdbSlice plain, size_t first,
				   size_t count, LdbSink *sink, LdbSlice *items, LdbError *err)
{
	size_t buffer = 0;

	for (size_t level = 0; level < codec->fsl_depth; level++)
	{
		LdbSlice bits;
		size_t needed;

		if (!codec->fsl_validity[level])
			continue;
		bits = buffer == 0 ? plain : chunk->buffers[buffer];
		buffer++;
		if (!ldb_size_mul(chunk->count, codec->fsl_items[level], &needed) ||
			ldb_bitmap_bytes(needed) > bits.length)
			LDB_FAIL(err, LDB_CORRUPT, "%zu bytes of item validity for %zu lists of %zu items",
					 bits.length, chunk->count, codec->fsl_items[level]);
		LDB_TRY(ldb_sink_put_items_valid(sink, level, bits.data, first, count, err));
	}
	*items = buffer == 0 ? plain : chunk->buffers[buffer];
	return LDB_OK;
}

/* Bytes of `count` flat values; false when they do not fit a size_t. */
static bool
flat_bytes(const LdbCodec *codec, size_t count, size_t *bytes)
{
	size_t bits;

	if (codec->value_bytes > 0 || codec->bits != 1)
		return ldb_size_mul(count, codec->value_bytes, bytes);
	if (!ldb_size_mul(count, codec->items_per_value, &bits))
		return false;
	*bytes = ldb_bitmap_bytes(bits);
	return true;
}

/* Rows of a packed struct, field by field. */
static LdbStatus
put_struct_rows(const LdbCodec *codec, const uint8_t *rows, size_t count, LdbSink *sink,
				LdbError *err)
{
	size_t offset = 0;

	for (size_t i = 0; i < sink->child_count; i++)
	{
		LdbSink *child = &sink->children[i];
		size_t width = child->value_bytes;
		uint8_t *next;

		LDB_TRY(ldb_sink_room(child, &next, err));
		for (size_t row = 0; row < count; row++)
			memcpy(next + row * width, rows + row * codec->value_bytes + offset, width);
		child->length += count;
		offset += width;
	}
	sink->length += count;
	return LDB_OK;
}

static LdbStatus
put_flat(const LdbCodec *codec, LdbSlice values, size_t total, size_t first, size_t count,
		 LdbSink *sink, LdbError *err)
{
	size_t bytes;

	if (!flat_bytes(codec, total, &bytes) || bytes > values.length)
		LDB_FAIL(err, LDB_CORRUPT, "%zu bytes are too few for %zu values of %zu items of %u bits",
				 values.length, total, codec->items_per_value, codec->bits);
	if (sink->packed != NULL)
		return put_struct_rows(codec, values.data + first * codec->value_bytes, count, sink, err);
	return ldb_sink_put_fixed(sink, values.data, first, count, err);
}

/* A whole bit-packed chunk goes straight to its place in the sink, which has room for a block. */
static LdbStatus
unpack_whole(const LdbCodec *codec, LdbSlice packed, size_t count, LdbSink *sink, LdbError *err)
{
	uint64_t width = 0;
	LdbSlice block;
	uint8_t *next;

	if (count > LDB_BITPACK_BLOCK || packed.length < codec->bits / 8)
		LDB_FAIL(err, LDB_CORRUPT, "%zu bytes do not hold a bit-packed block of %zu values",
				 packed.length, count);
	memcpy(&width, packed.data, codec->bits / 8);
	if (width > codec->bits ||
		!ldb_slice_part(packed, codec->bits / 8, ldb_bitpack_block_bytes((unsigned) width), &block))
		LDB_FAIL(err, LDB_CORRUPT, "%zu bytes do not hold a block packed into %llu bits",
				 packed.length, (unsigned long long) width);
	LDB_TRY(ldb_sink_room(sink, &next, err));
	ldb_bitunpack_1024(codec->bits, (unsigned) width, block.data, next);
	sink->length += count;
	return LDB_OK;
}

/* All values of a chunk into the cache. */
static LdbStatus
decode_fixed(const LdbCodec *codec, const LdbChunk *chunk, LdbSlice plain, LdbArena *arena,
			 void **values, LdbError *err)
{
	LdbRuns runs;

	if (codec->kind == LDB_CODEC_BITPACKED)
		return ldb_bitpack_inline_decode(plain, codec->bits, chunk->count, arena, values, err);
	if (codec->kind == LDB_CODEC_SPLIT)
		return ldb_split_decode(plain, codec->bits, chunk->count, arena, values, err);
	runs.values = plain;
	runs.lengths = chunk->buffers[1];
	runs.value_bits = codec->bits;
	runs.length_bits = codec->run_bits;
	return ldb_rle_decode(&runs, chunk->count, arena, values, err);
}

static LdbStatus
put_fixed(const LdbCodec *codec, const LdbChunk *chunk, LdbSlice plain, size_t first, size_t count,
		  LdbChunkCache *cache, LdbSink *sink, LdbError *err)
{
	void *values;

	if (codec->kind == LDB_CODEC_FLAT)
	{
		LdbSlice items;

		LDB_TRY(put_chunk_validity(codec, chunk, plain, first, count, sink, &items, err));
		return put_flat(codec, items, chunk->count, first, count, sink, err);
	}
	if (codec->kind == LDB_CODEC_BITPACKED && count == chunk->count && sink->packed == NULL &&
		sink->capacity - sink->length >= LDB_BITPACK_BLOCK)
		return unpack_whole(codec, plain, count, sink, err);
	if (cache->fixed == NULL)
	{
		LDB_TRY(decode_fixed(codec, chunk, plain, cache->arena, &values, err));
		cache->fixed = values;
	}
	if (sink->packed != NULL)
		return put_struct_rows(codec, cache->fixed + first * codec->value_bytes, count, sink, err);
	return ldb_sink_put_fixed(sink, cache->fixed, first, count, err);
}

/* ---- variable width ---- */

/* Copies what the views point to, one allocation for all. */
static LdbStatus
own_views(LdbSlice *views, size_t count, LdbArena *arena, LdbError *err)
{
	size_t total = 0;
	uint8_t *to;

	for (size_t i = 0; i < count; i++)
		if (!ldb_size_add(total, views[i].length, &total))
			LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu values", count);
	to = ldb_arena_alloc(arena, total);
	if (to == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu bytes of values", total);
	for (size_t i = 0; i < count; i++)
	{
		if (views[i].length > 0)
			memcpy(to, views[i].data, views[i].length);
		views[i].data = to;
		to += views[i].length;
	}
	return LDB_OK;
}

static LdbStatus
put_views(const LdbCodec *codec, const LdbChunk *chunk, LdbSlice plain, bool stable, size_t first,
		  size_t count, LdbChunkCache *cache, LdbSink *sink, LdbError *err)
{
	LdbSlice *to = sink->views + sink->length;

	if (count == chunk->count)
		LDB_TRY(ldb_variable_decode_chunk(plain, codec->offset_bits, count, to, err));
	else
	{
		if (cache->views == NULL)
		{
			LdbSlice *views;

			LDB_NEW(cache->arena, views, chunk->count, err);
			LDB_TRY(ldb_variable_decode_chunk(plain, codec->offset_bits, chunk->count, views, err));
			cache->views = views;
		}
		memcpy(to, cache->views + first, count * sizeof *to);
	}
	sink->length += count;
	if (codec->fsst != NULL && codec->fsst->on)
		return ldb_fsst_decode_many(codec->fsst, to, count, sink->arena, to, err);
	return stable ? LDB_OK : own_views(to, count, sink->arena, err);
}

static LdbStatus
put_constant(const LdbCodec *codec, size_t count, LdbSink *sink, LdbError *err)
{
	size_t needed = sink->item_bits == 1 ? 1 : sink->value_bytes;

	if (sink->packed != NULL || sink->type->kind == LDB_TYPE_NULL || codec->constant.length == 0)
		return ldb_sink_put_nulls(sink, count, err);
	if (sink->variable)
	{
		LdbSlice view = codec->constant;

		LDB_TRY(own_views(&view, 1, sink->arena, err));
		for (size_t i = 0; i < count; i++)
			sink->views[sink->length++] = view;
		return LDB_OK;
	}
	if (codec->constant.length < needed)
		LDB_FAIL(err, LDB_CORRUPT, "constant of %zu bytes in a column of %zu",
				 codec->constant.length, needed);
	return ldb_sink_put_same(sink, codec->constant.data, count, err);
}

/* ---- chunks ---- */

/* What buffer 0 may hold at most, so that a lying length is not believed. */
static uint64_t
most_plain_bytes(const LdbCodec *codec, size_t count)
{
	size_t bytes;

	if (codec->kind != LDB_CODEC_FLAT || !flat_bytes(codec, count, &bytes))
		return SIZE_MAX;
	return bytes > SIZE_MAX - 4096 ? SIZE_MAX : bytes + 4096;
}

/* Views of the cache outlive bytes that the next fetch takes away. */
static LdbStatus
keep_chunk(LdbChunkCache *cache, LdbSlice *plain, LdbError *err)
{
	if (!cache->unwrapped)
	{
		cache->plain.data = ldb_arena_copy(cache->arena, plain->data, plain->length);
		if (cache->plain.data == NULL)
			LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu bytes", plain->length);
		cache->plain.length = plain->length;
		cache->unwrapped = true;
	}
	*plain = cache->plain;
	return LDB_OK;
}

LdbStatus
ldb_codec_put_chunk(const LdbCodec *codec, const LdbChunk *chunk, size_t first, size_t count,
					LdbChunkCache *cache, LdbSink *sink, LdbError *err)
{
	LdbSlice plain = chunk->buffers[0];
	bool stable = chunk->stable;

	if (codec->kind == LDB_CODEC_CONSTANT)
		return put_constant(codec, count, sink, err);
	if (codec->kind == LDB_CODEC_VARIABLE_STRUCT)
		LDB_FAIL(err, LDB_UNSUPPORTED, "packed struct of strings in a mini-block page");
	if (codec->general != LDB_SCHEME_NONE)
	{
		bool keep = codec->kind == LDB_CODEC_VARIABLE && codec->fsst == NULL &&
					count == chunk->count && !cache->unwrapped;

		if (!cache->unwrapped)
			LDB_TRY(ldb_general_decode(codec->general, plain, most_plain_bytes(codec, chunk->count),
									   keep ? sink->arena : cache->arena, &plain, err));
		else
			plain = cache->plain;
		if (!keep)
		{
			cache->plain = plain;
			cache->unwrapped = true;
		}
		stable = keep;
	}
	else if (codec->kind == LDB_CODEC_VARIABLE && !stable && count < chunk->count)
		LDB_TRY(keep_chunk(cache, &plain, err));
	if (codec->kind == LDB_CODEC_VARIABLE)
		return put_views(codec, chunk, plain, stable, first, count, cache, sink, err);
	return put_fixed(codec, chunk, plain, first, count, cache, sink, err);
}

/* ---- single values ---- */

/* Bytes of a packed row that a field takes: its length and value, or its fixed width. */
static LdbStatus
take_field(const LdbCodec *codec, LdbSlice *rest, LdbSlice *value, LdbError *err)
{
	size_t prefix = codec->length_bits / 8;
	uint64_t length = codec->value_bytes;

	if (prefix > 0)
	{
		length = 0;
		if (rest->length < prefix)
			LDB_FAIL(err, LDB_CORRUPT, "packed row ends within a length");
		memcpy(&length, rest->data, prefix);
	}
	if (!ldb_slice_part(*rest, prefix, length, value))
		LDB_FAIL(err, LDB_CORRUPT, "packed row of %zu bytes has a field of %llu", rest->length,
				 (unsigned long long) length);
	rest->data += prefix + value->length;
	rest->length -= prefix + value->length;
	return LDB_OK;
}

static LdbStatus
put_struct_value(const LdbCodec *codec, LdbSlice row, bool stable, LdbSink *sink, LdbError *err)
{
	for (size_t i = 0; i < codec->child_count; i++)
	{
		LdbSlice value;

		LDB_TRY(take_field(&codec->children[i], &row, &value, err));
		LDB_TRY(ldb_codec_put_value(&codec->children[i], value, stable, &sink->children[i], err));
	}
	if (row.length != 0)
		LDB_FAIL(err, LDB_CORRUPT, "%zu bytes are left of a packed row", row.length);
	sink->length++;
	return LDB_OK;
}

/* Validity bytes of each list level, then the items. */
static LdbStatus
put_fixed_value(const LdbCodec *codec, LdbSlice value, LdbSink *sink, LdbError *err)
{
	for (size_t level = 0; level < codec->fsl_depth; level++)
	{
		size_t bytes = ldb_bitmap_bytes(codec->fsl_items[level]);

		if (!codec->fsl_validity[level])
			continue;
		if (bytes > value.length)
			LDB_FAIL(err, LDB_CORRUPT, "value ends within its validity");
		LDB_TRY(ldb_sink_put_items_valid(sink, level, value.data, 0, 1, err));
		value.data += bytes;
		value.length -= bytes;
	}
	return put_flat(codec, value, 1, 0, 1, sink, err);
}

static LdbStatus
put_view(const LdbCodec *codec, LdbSlice value, bool stable, LdbSink *sink, LdbError *err)
{
	if (codec->general != LDB_SCHEME_NONE && value.length > 0)
	{
		LDB_TRY(ldb_general_decode(codec->general, value, SIZE_MAX, sink->arena, &value, err));
		stable = true;
	}
	if (codec->fsst != NULL && codec->fsst->on)
		LDB_TRY(ldb_fsst_decode(codec->fsst, value, sink->arena, &value, err));
	else if (!stable)
		LDB_TRY(own_views(&value, 1, sink->arena, err));
	sink->views[sink->length++] = value;
	return LDB_OK;
}

LdbStatus
ldb_codec_put_value(const LdbCodec *codec, LdbSlice value, bool stable, LdbSink *sink,
					LdbError *err)
{
	switch (codec->kind)
	{
		case LDB_CODEC_VARIABLE:
			return put_view(codec, value, stable, sink, err);
		case LDB_CODEC_VARIABLE_STRUCT:
			return put_struct_value(codec, value, stable, sink, err);
		case LDB_CODEC_CONSTANT:
			return put_constant(codec, 1, sink, err);
		case LDB_CODEC_FLAT:
			return put_fixed_value(codec, value, sink, err);
		default:
			LDB_FAIL(err, LDB_UNSUPPORTED, "value encoding is not known in a full-zip page");
	}
}
