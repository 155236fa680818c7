/* encode20_dictionary.c -- values of a 2.0 page that are stored once, and a key for each row. */
#include "encode20.h"
#include "encode_dictionary.h"

/* As LanceDB: pages of strings from this many rows on, with fewer distinct ones. */
#define FEW_LEAST_ROWS 100
#define FEW_MOST_ITEMS 99

/* Keys of `bytes` each; the null rows get `null_key`, the others their item's number and `first`. */
static LdbStatus
make_keys(const LdbDictionary *dictionary, size_t rows, const LdbMask *mask, uint64_t first,
		  uint64_t null_key, size_t bytes, LdbArena *arena, LdbSlice *keys, LdbError *err)
{
	uint8_t *made = ldb_arena_alloc_array(arena, rows, bytes);

	if (made == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu keys", rows);
	for (size_t row = 0; row < rows; row++)
	{
		bool valid = mask->bits == NULL || ldb_bit_get(mask->bits, row);
		uint64_t key = valid ? first + dictionary->indices[row] : null_key;

		memcpy(made + row * bytes, &key, bytes);
	}
	*keys = ldb_slice(made, rows * bytes);
	return LDB_OK;
}

static LdbStatus
new_dictionary(LdbArena *arena, LdbArrayEncoding *keys, LdbArrayEncoding *items, size_t item_count,
			   LdbArrayEncoding **encoding, LdbError *err)
{
	Ldb__ArrayEncoding__Dictionary *message;

	LDB_NEW(arena, message, 1, err);
	*message = (Ldb__ArrayEncoding__Dictionary) LDB__ARRAY_ENCODING__DICTIONARY__INIT;
	message->indices = keys;
	message->items = items;
	message->has_num_dictionary_items = true;
	message->num_dictionary_items = (uint32_t) item_count;
	LDB_TRY(ldb_encode20_new(arena, LDB__ARRAY_ENCODING__KIND_DICTIONARY, encoding, err));
	(*encoding)->dictionary = message;
	return LDB_OK;
}

static LdbStatus
put_keys(LdbPageBuffers *page, LdbSlice keys, size_t bytes, LdbArrayEncoding **encoding,
		 LdbError *err)
{
	LdbArrayEncoding *flat;

	LDB_TRY(ldb_encode20_flat(page, bytes * 8, keys, &flat, err));
	return ldb_encode20_no_nulls(page->arena, flat, encoding, err);
}

LdbStatus
ldb_encode20_few(LdbPageBuffers *page, const LdbSlice *views, size_t rows, const LdbMask *mask,
				 LdbArrayEncoding **encoding, LdbError *err)
{
	LdbDistinctSource source = {.views = views, .validity = mask->bits, .count = rows};
	const LdbMask all = {NULL, 0};
	LdbArrayEncoding *key_encoding;
	LdbArrayEncoding *item_encoding;
	LdbDictionary dictionary;
	size_t item_count;
	LdbSlice *items;
	LdbSlice keys;
	bool found;

	*encoding = NULL;
	if (rows < FEW_LEAST_ROWS)
		return LDB_OK;
	LDB_TRY(ldb_dictionary_build(&source, FEW_MOST_ITEMS, page->arena, &dictionary, &found, err));
	if (!found)
		return LDB_OK;
	/* nothing but nulls: one empty item, which no row has */
	item_count = dictionary.item_count == 0 ? 1 : dictionary.item_count;
	LDB_NEW(page->arena, items, item_count, err);
	for (size_t i = 0; i < dictionary.item_count; i++)
		items[i] = views[dictionary.rows[i]];
	LDB_TRY(make_keys(&dictionary, rows, mask, 1, 0, 1, page->arena, &keys, err));
	LDB_TRY(put_keys(page, keys, 1, &key_encoding, err));
	LDB_TRY(ldb_encode20_variable(page, items, item_count, &all, LDB_TEXT20_PLAIN, &item_encoding,
								  err));
	return new_dictionary(page->arena, key_encoding, item_encoding, item_count, encoding, err);
}

/* How many different keys a type has that readers can tell apart. */
static size_t
most_keys(const LdbType *index)
{
	switch (index->kind)
	{
		case LDB_TYPE_INT8:
			return INT8_MAX;
		case LDB_TYPE_UINT8:
			return UINT8_MAX;
		case LDB_TYPE_INT16:
			return INT16_MAX;
		case LDB_TYPE_UINT16:
			return UINT16_MAX;
		default:
			return INT32_MAX;
	}
}

/* The distinct values and, when a row is null, one null behind them. */
static LdbStatus
put_items(LdbPageBuffers *page, const LdbArray *array, const LdbDictionary *dictionary,
		  bool has_null, LdbArrayEncoding **encoding, LdbError *err)
{
	size_t count = dictionary->item_count + has_null;
	LdbMask mask = {NULL, 0};
	LdbArray items;
	uint32_t *rows;
	uint8_t *valid;

	LDB_NEW(page->arena, rows, count, err); /* whatever is in row 0 stands for the null */
	if (dictionary->item_count > 0)
		memcpy(rows, dictionary->rows, dictionary->item_count * sizeof *rows);
	LDB_TRY(ldb_array_take(array, rows, count, page->arena, &items, err));
	if (has_null)
	{
		LDB_NEW(page->arena, valid, ldb_bitmap_bytes(count), err);
		ldb_bitmap_fill(valid, 0, dictionary->item_count);
		mask = (LdbMask){valid, 1};
	}
	if (ldb_type_is_variable(items.type->kind))
		return ldb_encode20_variable(page, items.views, count, &mask, LDB_TEXT20_PLAIN, encoding,
									 err);
	return ldb_encode20_fixed(page, &items, count, &mask, encoding, err);
}

LdbStatus
ldb_encode20_keyed(LdbPageBuffers *page, const LdbType *type, const LdbArray *array, size_t rows,
				   const LdbMask *mask, LdbArrayEncoding **encoding, LdbError *err)
{
	LdbDistinctSource source = {.views = array->views,
								.fixed = array->values,
								.width = (size_t) (ldb_type_bits(array->type) / 8),
								.validity = mask->bits,
								.count = rows};
	size_t key_bytes = (size_t) (ldb_type_bits(type->index) / 8);
	bool has_null = mask->null_count > 0;
	LdbArrayEncoding *key_encoding;
	LdbArrayEncoding *item_encoding;
	LdbDictionary dictionary;
	LdbSlice keys;
	bool found;

	*encoding = NULL;
	LDB_TRY(ldb_dictionary_build(&source, most_keys(type->index) - has_null, page->arena,
								 &dictionary, &found, err));
	if (!found)
		return LDB_OK;
	LDB_TRY(make_keys(&dictionary, rows, mask, 0, dictionary.item_count, key_bytes, page->arena,
					  &keys, err));
	LDB_TRY(put_keys(page, keys, key_bytes, &key_encoding, err));
	LDB_TRY(put_items(page, array, &dictionary, has_null, &item_encoding, err));
	return new_dictionary(page->arena, key_encoding, item_encoding,
						  dictionary.item_count + has_null, encoding, err);
}
