/* encode20.c -- the values of a 2.0 page and its nulls. */
#include "encode20.h"

#include "encode_fsst.h"
#include "encode_general.h"
#include "encode_variable.h"

/* The level that LanceDB compresses with when it is not told another. */
#define ZSTD_LEVEL 0

/* ---- messages ---- */

#define NEW_MESSAGE(arena, message, init, err)      \
	do                                              \
	{                                               \
		LDB_NEW((arena), (message), 1, (err));      \
		*(message) = (__typeof__(*(message))) init; \
	} while (0)

LdbStatus
ldb_encode20_new(LdbArena *arena, Ldb__ArrayEncoding__KindCase kind, LdbArrayEncoding **encoding,
				 LdbError *err)
{
	NEW_MESSAGE(arena, *encoding, LDB__ARRAY_ENCODING__INIT, err);
	(*encoding)->kind_case = kind;
	return LDB_OK;
}

static LdbStatus
add_buffer(LdbPageBuffers *page, LdbSlice bytes, Ldb__BufferRef **reference, LdbError *err)
{
	if (page->count == LDB_ENCODE20_BUFFERS)
		LDB_FAIL(err, LDB_UNSUPPORTED, "a page of more than %d buffers", LDB_ENCODE20_BUFFERS);
	NEW_MESSAGE(page->arena, *reference, LDB__BUFFER_REF__INIT, err);
	(*reference)->has_buffer_index = page->count > 0;
	(*reference)->buffer_index = (uint32_t) page->count;
	page->buffers[page->count++] = bytes;
	return LDB_OK;
}

LdbStatus
ldb_encode20_flat(LdbPageBuffers *page, uint64_t bits, LdbSlice bytes, LdbArrayEncoding **encoding,
				  LdbError *err)
{
	Ldb__ArrayEncoding__Flat *flat;

	NEW_MESSAGE(page->arena, flat, LDB__ARRAY_ENCODING__FLAT__INIT, err);
	flat->has_bits_per_value = true;
	flat->bits_per_value = bits;
	LDB_TRY(add_buffer(page, bytes, &flat->buffer, err));
	LDB_TRY(ldb_encode20_new(page->arena, LDB__ARRAY_ENCODING__KIND_FLAT, encoding, err));
	(*encoding)->flat = flat;
	return LDB_OK;
}

static LdbStatus
new_nullable(LdbArena *arena, Ldb__ArrayEncoding__Nullable__NullabilityCase kind,
			 Ldb__ArrayEncoding__Nullable **nullable, LdbArrayEncoding **encoding, LdbError *err)
{
	NEW_MESSAGE(arena, *nullable, LDB__ARRAY_ENCODING__NULLABLE__INIT, err);
	(*nullable)->nullability_case = kind;
	LDB_TRY(ldb_encode20_new(arena, LDB__ARRAY_ENCODING__KIND_NULLABLE, encoding, err));
	(*encoding)->nullable = *nullable;
	return LDB_OK;
}

LdbStatus
ldb_encode20_no_nulls(LdbArena *arena, LdbArrayEncoding *values, LdbArrayEncoding **encoding,
					  LdbError *err)
{
	Ldb__ArrayEncoding__Nullable *nullable;

	LDB_TRY(new_nullable(arena, LDB__ARRAY_ENCODING__NULLABLE__NULLABILITY_NO_NULLS, &nullable,
						 encoding, err));
	NEW_MESSAGE(arena, nullable->no_nulls, LDB__ARRAY_ENCODING__NULLABLE__NO_NULLS__INIT, err);
	nullable->no_nulls->values = values;
	return LDB_OK;
}

static LdbStatus
all_nulls(LdbArena *arena, LdbArrayEncoding **encoding, LdbError *err)
{
	Ldb__ArrayEncoding__Nullable *nullable;

	LDB_TRY(new_nullable(arena, LDB__ARRAY_ENCODING__NULLABLE__NULLABILITY_ALL_NULLS, &nullable,
						 encoding, err));
	NEW_MESSAGE(arena, nullable->all_nulls, LDB__EMPTY__INIT, err);
	return LDB_OK;
}

/* ---- nulls ---- */

LdbStatus
ldb_mask_join(const LdbArray *array, size_t rows, const uint8_t *outer, LdbArena *arena,
			  LdbMask *mask, LdbError *err)
{
	uint8_t *both;

	mask->bits = array->validity == NULL ? outer : array->validity;
	if (array->validity != NULL && outer != NULL)
	{
		LDB_NEW(arena, both, ldb_bitmap_bytes(rows), err);
		for (size_t i = 0; i < ldb_bitmap_bytes(rows); i++)
			both[i] = array->validity[i] & outer[i];
		mask->bits = both;
	}
	mask->null_count = mask->bits == NULL ? 0 : rows - ldb_bitmap_count(mask->bits, 0, rows);
	if (mask->null_count == 0)
		mask->bits = NULL;
	return LDB_OK;
}

static bool
is_there(const LdbMask *mask, size_t row)
{
	return mask->bits == NULL || ldb_bit_get(mask->bits, row);
}

/* The items of fixed-size lists; only nulls within a list count, not those below a null one. */
static LdbMask
item_mask(const LdbArray *items, size_t rows, size_t width, const LdbMask *lists)
{
	LdbMask mask = {items->validity, 0};

	for (size_t row = 0; row < rows && items->validity != NULL; row++)
		if (is_there(lists, row))
			mask.null_count += width - ldb_bitmap_count(items->validity, row * width, width);
	if (mask.null_count == 0)
		mask.bits = NULL;
	return mask;
}

/* ---- values ---- */

static LdbStatus nullable(LdbPageBuffers *page, const LdbArray *array, size_t rows,
						  const LdbMask *mask, LdbArrayEncoding **encoding, LdbError *err);

static LdbStatus
list_of(LdbPageBuffers *page, int32_t width, LdbArrayEncoding *items, LdbArrayEncoding **encoding,
		LdbError *err)
{
	Ldb__ArrayEncoding__FixedSizeList *list;

	NEW_MESSAGE(page->arena, list, LDB__ARRAY_ENCODING__FIXED_SIZE_LIST__INIT, err);
	list->has_dimension = true;
	list->dimension = (uint32_t) width;
	list->items = items;
	LDB_TRY(
		ldb_encode20_new(page->arena, LDB__ARRAY_ENCODING__KIND_FIXED_SIZE_LIST, encoding, err));
	(*encoding)->fixed_size_list = list;
	return LDB_OK;
}

/* Values of all rows, null ones included. */
static LdbStatus
values(LdbPageBuffers *page, const LdbArray *array, size_t rows, const LdbMask *mask,
	   LdbArrayEncoding **encoding, LdbError *err)
{
	const LdbType *type = array->type;
	uint64_t bits = ldb_type_bits(type);
	LdbArrayEncoding *items;

	if (type->kind == LDB_TYPE_FIXED_SIZE_LIST)
	{
		size_t width = (size_t) type->width;
		LdbMask item = item_mask(array->children, rows, width, mask);

		LDB_TRY(nullable(page, array->children, rows * width, &item, &items, err));
		return list_of(page, type->width, items, encoding, err);
	}
	if (bits == 1)
		return ldb_encode20_flat(page, 1, ldb_slice(array->values, ldb_bitmap_bytes(rows)),
								 encoding, err);
	return ldb_encode20_flat(page, bits, ldb_slice(array->values, rows * (size_t) (bits / 8)),
							 encoding, err);
}

static LdbStatus
nullable(LdbPageBuffers *page, const LdbArray *array, size_t rows, const LdbMask *mask,
		 LdbArrayEncoding **encoding, LdbError *err)
{
	Ldb__ArrayEncoding__Nullable *message;
	LdbArrayEncoding *stored;

	if (mask->null_count == 0)
	{
		LDB_TRY(values(page, array, rows, mask, &stored, err));
		return ldb_encode20_no_nulls(page->arena, stored, encoding, err);
	}
	LDB_TRY(new_nullable(page->arena, LDB__ARRAY_ENCODING__NULLABLE__NULLABILITY_SOME_NULLS,
						 &message, encoding, err));
	NEW_MESSAGE(page->arena, message->some_nulls, LDB__ARRAY_ENCODING__NULLABLE__SOME_NULLS__INIT,
				err);
	LDB_TRY(
		ldb_encode20_flat(page, 1, ldb_slice(mask->bits, ldb_bitmap_bytes(rows)), &stored, err));
	message->some_nulls->validity = stored;
	LDB_TRY(values(page, array, rows, mask, &stored, err));
	message->some_nulls->values = stored;
	return LDB_OK;
}

LdbStatus
ldb_encode20_fixed(LdbPageBuffers *page, const LdbArray *array, size_t rows, const LdbMask *mask,
				   LdbArrayEncoding **encoding, LdbError *err)
{
	/* also where there are no rows: an array of nothing but nulls has no buffers */
	if (mask->null_count == rows || array->type->kind == LDB_TYPE_NULL)
		return all_nulls(page->arena, encoding, err);
	return nullable(page, array, rows, mask, encoding, err);
}

LdbStatus
ldb_encode20_in_row(const LdbType *type, LdbArena *arena, LdbArrayEncoding **encoding,
					LdbError *err)
{
	LdbPageBuffers nowhere = {.arena = arena};
	LdbArray levels[LDB_ENCODE20_FSL_DEPTH + 1] = {0};
	const LdbMask all = {NULL, 0};
	size_t depth = 0;

	/* an array of no rows has the shape */
	for (; type->kind == LDB_TYPE_FIXED_SIZE_LIST && depth < LDB_ENCODE20_FSL_DEPTH; depth++)
	{
		levels[depth] = (LdbArray){.type = type, .child_count = 1, .children = &levels[depth + 1]};
		type = type->item;
	}
	levels[depth].type = type;
	return nullable(&nowhere, levels, 0, &all, encoding, err);
}

/* ---- strings ---- */

/* Views of the rows that are there, the others empty. */
static LdbStatus
without_nulls(const LdbSlice **views, size_t rows, const LdbMask *mask, LdbArena *arena,
			  LdbError *err)
{
	LdbSlice *cleared;

	if (mask->null_count == 0)
		return LDB_OK;
	LDB_NEW(arena, cleared, rows, err);
	for (size_t row = 0; row < rows; row++)
		if (is_there(mask, row))
			cleared[row] = (*views)[row];
	*views = cleared;
	return LDB_OK;
}

/* Each value's end; that of a null lies `adjustment` higher. */
static LdbStatus
put_ends(LdbPageBuffers *page, const LdbSlice *views, size_t rows, const LdbMask *mask,
		 uint64_t adjustment, LdbArrayEncoding **encoding, LdbError *err)
{
	uint64_t *ends;
	uint64_t end = 0;
	LdbArrayEncoding *flat;

	LDB_NEW(page->arena, ends, rows, err);
	for (size_t row = 0; row < rows; row++)
	{
		end += views[row].length;
		ends[row] = is_there(mask, row) ? end : end + adjustment;
	}
	LDB_TRY(ldb_encode20_flat(page, 64, ldb_slice(ends, rows * sizeof *ends), &flat, err));
	return ldb_encode20_no_nulls(page->arena, flat, encoding, err);
}

static LdbStatus
compress(LdbSlice *bytes, LdbArena *arena, LdbError *err)
{
	LdbCompressor *compressor;
	LdbStatus status = LDB_OK;
	uint8_t *out;
	size_t written;

	LDB_TRY(ldb_compressor_new(LDB_SCHEME_ZSTD, ZSTD_LEVEL, &compressor, err));
	out = ldb_arena_alloc(arena, ldb_compressor_bound(compressor, bytes->length));
	if (out == NULL)
	{
		ldb_error_set(err, LDB_NOMEM, "out of memory for %zu compressed bytes", bytes->length);
		status = LDB_NOMEM;
	}
	else
		status = ldb_compressor_run(compressor, *bytes, out, &written, err);
	ldb_compressor_free(compressor);
	if (status == LDB_OK)
		*bytes = ldb_slice(out, written);
	return status;
}

static LdbStatus
put_bytes(LdbPageBuffers *page, const LdbSlice *views, size_t rows, uint64_t sum, bool zstd,
		  LdbArrayEncoding **encoding, LdbError *err)
{
	uint8_t *joined = ldb_arena_alloc(page->arena, sum);
	LdbSlice bytes = ldb_slice(joined, sum);

	if (joined == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu bytes of a page", (size_t) sum);
	for (size_t row = 0; row < rows; row++)
	{
		if (views[row].length > 0)
			memcpy(joined, views[row].data, views[row].length);
		joined += views[row].length;
	}
	if (zstd && sum > 0)
		LDB_TRY(compress(&bytes, page->arena, err));
	LDB_TRY(ldb_encode20_flat(page, 8, bytes, encoding, err));
	if (!zstd || sum == 0)
		return LDB_OK;
	NEW_MESSAGE(page->arena, (*encoding)->flat->compression, LDB__ARRAY_ENCODING__COMPRESSION__INIT,
				err);
	(*encoding)->flat->compression->scheme = ldb_arena_strdup(page->arena, "zstd");
	if ((*encoding)->flat->compression->scheme == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory");
	return LDB_OK;
}

static LdbStatus
binary(LdbPageBuffers *page, const LdbSlice *views, size_t rows, const LdbMask *mask, bool zstd,
	   LdbArrayEncoding **encoding, LdbError *err)
{
	uint64_t sum = ldb_variable_sum(views, rows);
	Ldb__ArrayEncoding__Binary *message;

	NEW_MESSAGE(page->arena, message, LDB__ARRAY_ENCODING__BINARY__INIT, err);
	message->has_null_adjustment = true;
	message->null_adjustment = sum + 1;
	LDB_TRY(put_ends(page, views, rows, mask, sum + 1, &message->indices, err));
	LDB_TRY(put_bytes(page, views, rows, sum, zstd, &message->bytes, err));
	LDB_TRY(ldb_encode20_new(page->arena, LDB__ARRAY_ENCODING__KIND_BINARY, encoding, err));
	(*encoding)->binary = message;
	return LDB_OK;
}

static LdbStatus
fsst(LdbPageBuffers *page, const LdbSlice *views, size_t rows, const LdbMask *mask,
	 LdbArrayEncoding **encoding, LdbError *err)
{
	Ldb__ArrayEncoding__Fsst *message;
	LdbFsstEncoder *encoder;
	LdbSlice *encoded;

	LDB_TRY(ldb_fsst_train(views, rows, page->arena, &encoder, err));
	LDB_NEW(page->arena, encoded, rows, err);
	LDB_TRY(ldb_fsst_encode_many(encoder, views, rows, page->arena, encoded, err));
	NEW_MESSAGE(page->arena, message, LDB__ARRAY_ENCODING__FSST__INIT, err);
	message->has_symbol_table = true;
	message->symbol_table.len = LDB_FSST_TABLE_BYTES;
	LDB_NEW(page->arena, message->symbol_table.data, LDB_FSST_TABLE_BYTES, err);
	ldb_fsst_store(encoder, message->symbol_table.data);
	LDB_TRY(binary(page, encoded, rows, mask, false, &message->binary, err));
	LDB_TRY(ldb_encode20_new(page->arena, LDB__ARRAY_ENCODING__KIND_FSST, encoding, err));
	(*encoding)->fsst = message;
	return LDB_OK;
}

LdbStatus
ldb_encode20_variable(LdbPageBuffers *page, const LdbSlice *views, size_t rows, const LdbMask *mask,
					  LdbText20 text, LdbArrayEncoding **encoding, LdbError *err)
{
	LDB_TRY(without_nulls(&views, rows, mask, page->arena, err));
	if (text == LDB_TEXT20_FSST)
		return fsst(page, views, rows, mask, encoding, err);
	return binary(page, views, rows, mask, text == LDB_TEXT20_ZSTD, encoding, err);
}
