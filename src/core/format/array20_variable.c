/* array20_variable.c -- strings and binaries of a 2.0 page, as views. */
#include "array20.h"

#include <inttypes.h>

#include "codec_fsst.h"
#include "ldb/base/checked.h"

/* Each range, with the value before it: a value starts where the one before ends. */
static LdbStatus
with_value_before(const LdbPage20 *page, const LdbPick *pick, LdbPick *extended, LdbError *err)
{
	LdbRowRange *ranges;

	LDB_NEW(page->arena, ranges, pick->range_count, err);
	extended->ranges = ranges;
	extended->range_count = pick->range_count;
	extended->rows = pick->rows;
	for (size_t i = 0; i < pick->range_count; i++)
	{
		uint64_t before = pick->ranges[i].first > 0;

		ranges[i].first = pick->ranges[i].first - before;
		ranges[i].count = pick->ranges[i].count + before;
		extended->rows += before;
	}
	return LDB_OK;
}

static LdbStatus
alloc_spans(const LdbPage20 *page, size_t rows, LdbSpans20 *spans, LdbError *err)
{
	memset(spans, 0, sizeof *spans);
	spans->starts = ldb_arena_alloc_array(page->arena, rows, sizeof *spans->starts);
	spans->ends = ldb_arena_alloc_array(page->arena, rows, sizeof *spans->ends);
	spans->validity = ldb_arena_alloc(page->arena, ldb_bitmap_bytes(rows));
	if (spans->starts == NULL || spans->ends == NULL || spans->validity == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the offsets of %zu values", rows);
	memset(spans->validity, 0xff, ldb_bitmap_bytes(rows));
	return LDB_OK;
}

LdbStatus
ldb_array20_spans(const LdbPage20 *page, const LdbArrayEncoding *ends, uint64_t adjustment,
				  uint64_t most, const LdbPick *pick, LdbSpans20 *out, LdbError *err)
{
	LdbPick extended;
	LdbFixed20 stored;
	uint64_t before = 0;
	size_t at = 0;
	size_t row = 0;

	if (adjustment == 0)
		LDB_FAIL(err, LDB_CORRUPT, "offsets have no mark for nulls");
	LDB_TRY(with_value_before(page, pick, &extended, err));
	LDB_TRY(ldb_array20_integers(page, ends, &extended, &stored, err));
	LDB_TRY(alloc_spans(page, pick->rows, out, err));
	for (size_t i = 0; i < pick->range_count; i++)
	{
		uint64_t start = 0;

		if (pick->ranges[i].first > 0)
		{
			start = ldb_fixed20_integer(&stored, at++);
			start = start < adjustment ? start : start - adjustment;
		}
		/* also where rows between are left out: what is picked of the items must ascend */
		if (start < before)
			LDB_FAIL(err, LDB_CORRUPT,
					 "value %" PRIu64 " starts at %" PRIu64 ", before the %" PRIu64
					 " where an earlier one ends",
					 pick->ranges[i].first, start, before);
		for (uint64_t j = 0; j < pick->ranges[i].count; j++, row++)
		{
			uint64_t end = ldb_fixed20_integer(&stored, at++);

			if (end >= adjustment)
			{
				end -= adjustment;
				ldb_bit_clear(out->validity, row);
				out->null_count++;
			}
			if (end < start || end > most)
				LDB_FAIL(err, LDB_CORRUPT,
						 "value %" PRIu64 " lies from %" PRIu64 " to %" PRIu64
						 ", at most to %" PRIu64,
						 pick->ranges[i].first + j, start, end, most);
			out->starts[row] = start;
			out->ends[row] = end;
			start = end;
		}
		before = start;
	}
	if (out->null_count == 0)
		out->validity = NULL;
	return LDB_OK;
}

/* The bytes of each range of values, from the first start to the last end. */
static LdbStatus
read_bytes(const LdbPage20 *page, const LdbArrayEncoding *bytes, const LdbSpans20 *spans,
		   const LdbPick *pick, LdbSlice *slices, LdbError *err)
{
	LdbRowRange *ranges;
	uint64_t total = 0;
	size_t row = 0;

	LDB_NEW(page->arena, ranges, pick->range_count, err);
	for (size_t i = 0; i < pick->range_count; i++)
	{
		size_t next = row + (size_t) pick->ranges[i].count;

		slices[i] = ldb_slice("", 0);
		if (pick->ranges[i].count == 0)
			continue;
		ranges[i].first = spans->starts[row];
		ranges[i].count = spans->ends[next - 1] - spans->starts[row];
		total |= ranges[i].count;
		row = next;
	}
	if (total == 0)
		return LDB_OK; /* then there may be no buffer at all */
	bytes = ldb_array20_bare(bytes);
	if (bytes == NULL || bytes->kind_case != LDB__ARRAY_ENCODING__KIND_FLAT ||
		bytes->flat->bits_per_value != 8)
		LDB_FAIL(err, LDB_UNSUPPORTED,
				 "2.0 encoding number %d is not known for the bytes of values",
				 ldb_array20_number(bytes));
	return ldb_page20_bytes(
		page, &(LdbBufferName){bytes->flat->buffer, bytes->flat->compression, bytes->flat}, ranges,
		pick->range_count, slices, err);
}

static LdbStatus
start_views(const LdbPage20 *page, const LdbType *type, size_t rows, LdbSlice **views,
			LdbArray *out, LdbError *err)
{
	memset(out, 0, sizeof *out);
	out->type = type;
	out->length = rows;
	LDB_NEW(page->arena, *views, rows, err);
	out->views = *views;
	return LDB_OK;
}

static LdbStatus
binary_views(const LdbPage20 *page, const Ldb__ArrayEncoding__Binary *binary, const LdbType *type,
			 const LdbPick *pick, LdbArray *out, LdbError *err)
{
	LdbSpans20 spans;
	LdbSlice *slices;
	LdbSlice *views;
	size_t row = 0;

	LDB_TRY(ldb_array20_spans(page, binary->indices, binary->null_adjustment, UINT64_MAX, pick,
							  &spans, err));
	LDB_NEW(page->arena, slices, pick->range_count, err);
	LDB_TRY(read_bytes(page, binary->bytes, &spans, pick, slices, err));
	LDB_TRY(start_views(page, type, pick->rows, &views, out, err));
	out->null_count = spans.null_count;
	out->validity = spans.validity;
	for (size_t i = 0; i < pick->range_count; i++)
	{
		uint64_t first = row < pick->rows ? spans.starts[row] : 0;

		for (uint64_t j = 0; j < pick->ranges[i].count; j++, row++)
		{
			if (spans.validity == NULL || ldb_bit_get(spans.validity, row))
				views[row] = ldb_slice(slices[i].data + (spans.starts[row] - first),
									   (size_t) (spans.ends[row] - spans.starts[row]));
		}
	}
	return LDB_OK;
}

static LdbStatus
fsst_views(const LdbPage20 *page, const Ldb__ArrayEncoding__Fsst *compressed, const LdbType *type,
		   const LdbPick *pick, LdbArray *out, LdbError *err)
{
	LdbSlice table = ldb_slice(compressed->symbol_table.data, compressed->symbol_table.len);
	LdbSlice *decoded;
	LdbFsst *fsst;

	LDB_TRY(ldb_array20_decode(page, compressed->binary, NULL, type, pick, out, err));
	LDB_NEW(page->arena, fsst, 1, err);
	LDB_TRY(ldb_fsst_parse(table, fsst, err));
	LDB_NEW(page->arena, decoded, out->length, err);
	LDB_TRY(ldb_fsst_decode_many(fsst, out->views, out->length, page->arena, decoded, err));
	out->views = decoded;
	return LDB_OK;
}

/* Values that all have one width. */
static LdbStatus
equal_views(const LdbPage20 *page, const LdbArrayEncoding *encoding, const LdbType *type,
			const LdbPick *pick, LdbArray *out, LdbError *err)
{
	LdbFixed20 values;
	LdbSlice *views;
	size_t width;

	LDB_TRY(ldb_array20_fixed(page, encoding, pick, &values, err));
	LDB_TRY(start_views(page, type, pick->rows, &views, out, err));
	width = (size_t) (values.bits / 8);
	for (size_t i = 0; i < pick->rows; i++)
		views[i] = ldb_slice((const uint8_t *) values.values + i * width, width);
	return LDB_OK;
}

static LdbStatus
constant_views(const LdbPage20 *page, const Ldb__ArrayEncoding__Constant *constant,
			   const LdbType *type, const LdbPick *pick, LdbArray *out, LdbError *err)
{
	const void *copy = ldb_arena_copy(page->arena, constant->value.data, constant->value.len);
	LdbSlice *views;

	if (copy == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a value of %zu bytes", constant->value.len);
	LDB_TRY(start_views(page, type, pick->rows, &views, out, err));
	for (size_t i = 0; i < pick->rows; i++)
		views[i] = ldb_slice(copy, constant->value.len);
	return LDB_OK;
}

LdbStatus
ldb_array20_variable(const LdbPage20 *page, const LdbArrayEncoding *encoding, const LdbType *type,
					 const LdbPick *pick, LdbArray *out, LdbError *err)
{
	switch (encoding->kind_case)
	{
		case LDB__ARRAY_ENCODING__KIND_BINARY:
			return binary_views(page, encoding->binary, type, pick, out, err);
		case LDB__ARRAY_ENCODING__KIND_FSST:
			return fsst_views(page, encoding->fsst, type, pick, out, err);
		case LDB__ARRAY_ENCODING__KIND_FIXED_SIZE_BINARY:
			return equal_views(page, encoding, type, pick, out, err);
		case LDB__ARRAY_ENCODING__KIND_CONSTANT:
			return constant_views(page, encoding->constant, type, pick, out, err);
		default:
			LDB_FAIL(err, LDB_UNSUPPORTED, "2.0 encoding number %d is not known for strings",
					 ldb_array20_number(encoding));
	}
}
