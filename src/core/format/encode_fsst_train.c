/* encode_fsst_train.c -- learns the symbols that make a sample of strings small. */
#include <stdbool.h>
#include <stdlib.h>

#include "encode_fsst_impl.h"

#define SAMPLE_BYTES ((size_t) 16 * 1024)
#define SAMPLE_PART ((size_t) 512)
#define GENERATIONS 10
#define MOST_LENGTH 8u
/* Codes of a sample: those of symbols, then the 256 bytes that need an escape. */
#define BYTE_CODES 256u
#define CODES 512u
/* A symbol this rare in the sample is there by chance. */
#define LEAST_COUNT 5
/* Every code of a sample ends at most two pairs. */
#define MOST_PAIRS (2 * (SAMPLE_BYTES + SAMPLE_PART))
/* Bytes are made symbols before longer ones: an escape costs two bytes. */
#define BYTE_BONUS 8
/* A power of two, well above CODES + MOST_PAIRS / LEAST_COUNT. */
#define CANDIDATE_SLOTS 16384u

typedef struct Candidate
{
	LdbFsstSymbol symbol;
	uint64_t gain; /* bytes of the sample that it covers; 0 = free slot */
} Candidate;

typedef struct Training
{
	LdbFsstEncoder *encoder;
	LdbSlice *parts; /* of the sample */
	size_t part_count;
	size_t sample_bytes;
	uint32_t singles[CODES];
	uint16_t *pairs; /* CODES * CODES */
	uint32_t *seen;  /* those of the pairs that are not 0 */
	size_t seen_count;
	Candidate *candidates; /* CANDIDATE_SLOTS, found by content */
} Training;

/* ---- the sample ---- */

static uint64_t
next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

/* All values when they are few, else some from all over, and parts of long ones: always the same
 * for the same values. */
static LdbStatus
take_sample(Training *training, const LdbSlice *values, size_t count, LdbArena *arena,
			LdbError *err)
{
	size_t most_parts = count < SAMPLE_BYTES ? count : SAMPLE_BYTES;
	uint64_t state = count;
	uint64_t total = 0;

	LDB_NEW(arena, training->parts, most_parts, err);
	for (size_t i = 0; i < count; i++)
		total += values[i].length;
	for (size_t i = 0; i < most_parts && training->sample_bytes < SAMPLE_BYTES; i++)
	{
		LdbSlice part = values[total <= SAMPLE_BYTES ? i : next_random(&state) % count];

		if (part.length > SAMPLE_PART)
		{
			part.data += next_random(&state) % (part.length - SAMPLE_PART + 1);
			part.length = SAMPLE_PART;
		}
		if (part.length == 0)
			continue;
		training->parts[training->part_count++] = part;
		training->sample_bytes += part.length;
	}
	return LDB_OK;
}

/* ---- counting ---- */

static void
count_pair(Training *training, unsigned first, unsigned second)
{
	uint32_t pair = first * CODES + second;

	if (training->pairs[pair]++ == 0)
		training->seen[training->seen_count++] = pair;
}

/* Compresses a part, counting its codes and pairs of them, and those that there were if a symbol
 * were only its first byte. Returns the compressed bytes. */
static size_t
count_part(Training *training, LdbSlice part)
{
	const uint8_t *at = part.data;
	const uint8_t *end = at + part.length;
	unsigned before = CODES;
	size_t compressed = 0;

	while (at < end)
	{
		size_t left = (size_t) (end - at);
		uint64_t word = left >= 8 ? ldb_load_u64(at) : ldb_fsst_load_rest(part.data, at, end);
		LdbFsstMatch match = left >= 8 ? ldb_fsst_match(training->encoder, word)
									   : ldb_fsst_match_rest(training->encoder, word, left);
		unsigned length = ldb_fsst_length(match);
		unsigned code = ldb_fsst_is_escape(match) ? BYTE_CODES + *at : match & 0xff;

		training->singles[code]++;
		if (length > 1)
			training->singles[BYTE_CODES + *at]++;
		if (before != CODES)
			count_pair(training, before, code);
		if (before != CODES && length > 1)
			count_pair(training, before, BYTE_CODES + *at);
		compressed += 1 + ldb_fsst_is_escape(match);
		before = code;
		at += length;
	}
	return compressed;
}

static size_t
count_sample(Training *training)
{
	size_t compressed = 0;

	memset(training->singles, 0, sizeof training->singles);
	for (size_t i = 0; i < training->seen_count; i++)
		training->pairs[training->seen[i]] = 0;
	training->seen_count = 0;
	for (size_t i = 0; i < training->part_count; i++)
		compressed += count_part(training, training->parts[i]);
	return compressed;
}

/* ---- candidates for the next table ---- */

static LdbFsstSymbol
symbol_of(const Training *training, unsigned code)
{
	if (code < LDB_FSST_MOST_SYMBOLS)
		return training->encoder->symbols[code];
	return (LdbFsstSymbol){code - BYTE_CODES, 1};
}

/* As much of both as a symbol takes. */
static LdbFsstSymbol
join(LdbFsstSymbol first, LdbFsstSymbol second)
{
	LdbFsstSymbol joined = {first.bytes | second.bytes << first.length * 8,
							first.length + second.length};

	if (joined.length > MOST_LENGTH)
		joined.length = MOST_LENGTH;
	return joined;
}

static void
add_candidate(Training *training, LdbFsstSymbol symbol, uint32_t count)
{
	uint64_t gain = (uint64_t) count * symbol.length * (symbol.length == 1 ? BYTE_BONUS : 1);
	uint64_t hash = (symbol.bytes + symbol.length) * UINT64_C(0x9e3779b97f4a7c15);
	size_t at = (size_t) (hash >> 40) % CANDIDATE_SLOTS;

	if (count < LEAST_COUNT)
		return;
	for (;; at = (at + 1) % CANDIDATE_SLOTS)
	{
		Candidate *slot = &training->candidates[at];

		if (slot->gain != 0 &&
			(slot->symbol.bytes != symbol.bytes || slot->symbol.length != symbol.length))
			continue;
		slot->symbol = symbol;
		slot->gain += gain;
		return;
	}
}

static int
by_gain(const void *left, const void *right)
{
	const Candidate *a = left;
	const Candidate *b = right;

	if (a->gain != b->gain)
		return a->gain > b->gain ? -1 : 1;
	if (a->symbol.bytes != b->symbol.bytes)
		return a->symbol.bytes < b->symbol.bytes ? -1 : 1;
	return a->symbol.length < b->symbol.length ? -1 : a->symbol.length > b->symbol.length;
}

/* The candidates, best first, at the start of the table. The last table takes no new symbols,
 * since nothing has counted how often these would be used. */
static size_t
find_candidates(Training *training, bool last)
{
	size_t count = 0;

	memset(training->candidates, 0, CANDIDATE_SLOTS * sizeof *training->candidates);
	for (unsigned code = 0; code < CODES; code++)
		if (training->singles[code] > 0)
			add_candidate(training, symbol_of(training, code), training->singles[code]);
	for (size_t i = 0; i < training->seen_count && !last; i++)
	{
		LdbFsstSymbol first = symbol_of(training, training->seen[i] / CODES);
		LdbFsstSymbol second = symbol_of(training, training->seen[i] % CODES);

		if (first.length < MOST_LENGTH)
			add_candidate(training, join(first, second), training->pairs[training->seen[i]]);
	}
	for (size_t i = 0; i < CANDIDATE_SLOTS; i++)
		if (training->candidates[i].gain > 0)
			training->candidates[count++] = training->candidates[i];
	qsort(training->candidates, count, sizeof *training->candidates, by_gain);
	return count;
}

/* ---- a table ---- */

/* False when the slot of a long symbol is taken. */
static bool
add_symbol(LdbFsstEncoder *encoder, LdbFsstSymbol symbol)
{
	LdbFsstMatch match = ldb_fsst_make_match(symbol.length, encoder->symbol_count);

	if (symbol.length >= 3)
	{
		LdbFsstSlot *slot = &encoder->slots[ldb_fsst_slot(symbol.bytes)];

		if (slot->mask != 0)
			return false;
		*slot = (LdbFsstSlot){symbol.bytes, UINT64_MAX >> (64 - symbol.length * 8), match};
	}
	else if (symbol.length == 1)
		encoder->singles[symbol.bytes] = match;
	encoder->symbols[encoder->symbol_count++] = symbol;
	return true;
}

static void
make_table(LdbFsstEncoder *encoder, const Candidate *candidates, size_t count)
{
	encoder->symbol_count = 0;
	for (size_t i = 0; i < LDB_FSST_SLOTS; i++)
		encoder->slots[i] = (LdbFsstSlot){1, 0, 0};
	for (size_t i = 0; i < 256; i++)
		encoder->singles[i] = ldb_fsst_escape();
	for (size_t i = 0; i < count && encoder->symbol_count < LDB_FSST_MOST_SYMBOLS; i++)
		add_symbol(encoder, candidates[i].symbol);
	for (size_t second = 0; second < 256; second++)
		memcpy(encoder->pairs + second * 256, encoder->singles, sizeof encoder->singles);
	for (unsigned i = 0; i < encoder->symbol_count; i++)
		if (encoder->symbols[i].length == 2)
			encoder->pairs[encoder->symbols[i].bytes] = ldb_fsst_make_match(2, i);
}

/* ---- training ---- */

static LdbStatus
train(LdbFsstEncoder *encoder, const LdbSlice *values, size_t count, LdbArena *scratch,
	  LdbError *err)
{
	Training *training;
	size_t compressed;

	LDB_NEW(scratch, training, 1, err);
	training->encoder = encoder;
	LDB_TRY(take_sample(training, values, count, scratch, err));
	LDB_NEW(scratch, training->pairs, (size_t) CODES * CODES, err);
	LDB_NEW(scratch, training->seen, MOST_PAIRS, err);
	LDB_NEW(scratch, training->candidates, CANDIDATE_SLOTS, err);
	make_table(encoder, NULL, 0);
	for (int generation = 0; generation < GENERATIONS; generation++)
	{
		size_t found;

		count_sample(training);
		found = find_candidates(training, generation == GENERATIONS - 1);
		make_table(encoder, training->candidates, found);
	}
	compressed = count_sample(training);
	encoder->per_mille = training->sample_bytes == 0
							 ? 1000
							 : (unsigned) (compressed * 1000 / training->sample_bytes);
	return LDB_OK;
}

LdbStatus
ldb_fsst_train(const LdbSlice *values, size_t count, LdbArena *arena, LdbFsstEncoder **encoder,
			   LdbError *err)
{
	LdbArena *scratch;
	LdbStatus status;

	LDB_NEW(arena, *encoder, 1, err);
	scratch = ldb_arena_new(0);
	if (scratch == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory");
	status = train(*encoder, values, count, scratch, err);
	ldb_arena_free(scratch);
	return status;
}

unsigned
ldb_fsst_per_mille(const LdbFsstEncoder *encoder)
{
	return encoder->per_mille;
}
