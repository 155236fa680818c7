/* encode_choose.c -- counts what each encoding would take. */
#include "encode_choose.h"

#include "encode_bitpack.h"
#include "encode_rle.h"
#include "encode_variable.h"

/* As LanceDB: below these FSST is not tried. */
#define FSST_LEAST_BYTES ((uint64_t) 32 * 1024)
#define FSST_LEAST_LONGEST 5
/* And a dictionary, with half as many items as values, and at most so many. */
#define DICTIONARY_LEAST_VALUES 100
#define DICTIONARY_MOST_ITEMS ((size_t) 100000)
/* Less than a twentieth is not worth another step for every reader. */
#define WORTHWHILE(smaller, than) ((smaller) < (than) - (than) / 20)

static uint64_t
bitpacked_bytes(const uint8_t *values, size_t width, size_t count)
{
	unsigned word_bits = (unsigned) width * 8;
	uint64_t bytes = 0;

	for (size_t i = 0; i < count; i += LDB_BITPACK_BLOCK)
	{
		size_t block = count - i < LDB_BITPACK_BLOCK ? count - i : LDB_BITPACK_BLOCK;
		unsigned packed_bits = ldb_bit_width(word_bits, values + i * width, block);

		bytes += ldb_bitpack_inline_bytes(word_bits, packed_bits);
	}
	return bytes;
}

LdbFixedChoice
ldb_choose_fixed(const void *values, size_t width, size_t count)
{
	uint64_t flat = (uint64_t) width * count;
	uint64_t best = flat;
	LdbFixedChoice choice = LDB_FIXED_FLAT;
	uint64_t packed;
	uint64_t runs;

	if (width != 1 && width != 2 && width != 4 && width != 8)
		return choice;
	packed = bitpacked_bytes(values, width, count);
	if (WORTHWHILE(packed, flat))
	{
		best = packed;
		choice = LDB_FIXED_BITPACKED;
	}
	runs = ldb_rle_count(values, width, count, (size_t) (best / (width + 1)));
	if (WORTHWHILE(runs * (width + 1), best))
		choice = LDB_FIXED_RUNS;
	return choice;
}

static unsigned
bits_for(size_t item_count)
{
	unsigned bits = 0;

	while (bits < 32 && item_count > (size_t) 1 << bits)
		bits++;
	return bits;
}

static LdbStatus
try_dictionary(const LdbDistinctSource *source, unsigned offset_bits, LdbArena *arena,
			   LdbVariableChoice *choice, uint64_t *bytes, LdbError *err)
{
	size_t most =
		source->count / 2 < DICTIONARY_MOST_ITEMS ? source->count / 2 : DICTIONARY_MOST_ITEMS;
	size_t blocks = source->count / LDB_BITPACK_BLOCK + 1;
	LdbDictionary *dictionary = &choice->dictionary;
	bool found;

	*bytes = UINT64_MAX;
	if (source->count < DICTIONARY_LEAST_VALUES)
		return LDB_OK;
	LDB_TRY(ldb_dictionary_build(source, most, arena, dictionary, &found, err));
	if (found)
		*bytes =
			ldb_variable_block_bytes(offset_bits, dictionary->item_count, dictionary->item_bytes) +
			blocks * ldb_bitpack_inline_bytes(32, bits_for(dictionary->item_count));
	return LDB_OK;
}

static LdbStatus
try_fsst(const LdbDistinctSource *source, uint64_t sum, LdbArena *arena, LdbVariableChoice *choice,
		 uint64_t *bytes, LdbError *err)
{
	*bytes = UINT64_MAX;
	if (sum < FSST_LEAST_BYTES ||
		ldb_variable_longest(source->views, source->count) < FSST_LEAST_LONGEST)
		return LDB_OK;
	LDB_TRY(ldb_fsst_train(source->views, source->count, arena, &choice->fsst, err));
	*bytes = LDB_FSST_TABLE_BYTES + sum / 1000 * ldb_fsst_per_mille(choice->fsst);
	return LDB_OK;
}

LdbStatus
ldb_choose_variable(const LdbDistinctSource *source, unsigned offset_bits, LdbArena *arena,
					LdbVariableChoice *choice, LdbError *err)
{
	uint64_t sum = ldb_variable_sum(source->views, source->count);
	uint64_t offsets = (uint64_t) source->count * (offset_bits / 8);
	uint64_t best = offsets + sum;
	uint64_t dictionary;
	uint64_t fsst;

	*choice = (LdbVariableChoice){.kind = LDB_VARIABLE_PLAIN};
	LDB_TRY(try_dictionary(source, offset_bits, arena, choice, &dictionary, err));
	if (WORTHWHILE(dictionary, best))
	{
		best = dictionary;
		choice->kind = LDB_VARIABLE_DICTIONARY;
	}
	/* compressed strings need their offsets still */
	if (best < offsets)
		return LDB_OK;
	LDB_TRY(try_fsst(source, sum, arena, choice, &fsst, err));
	if (fsst != UINT64_MAX && WORTHWHILE(offsets + fsst, best))
		choice->kind = LDB_VARIABLE_FSST;
	return LDB_OK;
}
