/* encode_dictionary.c -- numbers the distinct values of a column slice. */
#include "encode_dictionary.h"

#include "ldb/base/bitmap.h"

#define FIRST_SLOTS 1024
/* Values made to collide give up the dictionary, not the time of the caller. */
#define MOST_PROBES 256
/* A sample this large says whether there are more than some thousand distinct values. */
#define SAMPLE_ROWS 4096
#define SAMPLE_SLOTS (SAMPLE_ROWS * 4)

#define MULTIPLIER UINT64_C(0x9e3779b97f4a7c15)

typedef struct Slot
{
	uint32_t item_next; /* item + 1, 0 = free */
	uint32_t hash;
} Slot;

typedef struct Table
{
	Slot *slots;
	size_t mask;
	size_t item_room;
	LdbDictionary *dictionary;
	LdbArena *arena;
} Table;

static inline uint64_t
stir(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * MULTIPLIER;
	return hash ^ hash >> 32;
}

static inline uint64_t
hash_value(LdbSlice value)
{
	uint64_t hash = (uint64_t) value.length * MULTIPLIER;
	const uint8_t *at = value.data;
	size_t left = value.length;
	uint64_t word = 0;

	for (; left >= 8; left -= 8, at += 8)
		hash = stir(hash, ldb_load_u64(at));
	if (left >= 4)
		word = ldb_load_u32(at) | (uint64_t) ldb_load_u32(at + left - 4) << 32;
	else if (left > 0)
		word = at[0] | (uint64_t) at[left / 2] << 8 | (uint64_t) at[left - 1] << 16;
	return stir(stir(hash, word), left);
}

static inline LdbSlice
value_at(const LdbDistinctSource *source, size_t row)
{
	if (source->views != NULL)
		return source->views[row];
	return ldb_slice(source->fixed + row * source->width, source->width);
}

static inline bool
is_null(const LdbDistinctSource *source, size_t row)
{
	return source->validity != NULL && !ldb_bit_get(source->validity, row);
}

/*
 * s random rows of n, with D different values, meet a value again s^2 / 2D times, more often when
 * some values are frequent, and the same row again s^2 / 2n times. Far fewer repetitions than
 * D = most_items would give mean that there are more.
 */
static LdbStatus
sample_says_too_many(const LdbDistinctSource *source, size_t most_items, LdbArena *arena,
					 bool *too_many, LdbError *err)
{
	uint64_t pairs = (uint64_t) SAMPLE_ROWS * SAMPLE_ROWS / 2;
	uint64_t expected = pairs / (most_items + 1);
	uint64_t state = source->count;
	uint64_t repeated = 0;
	uint64_t *seen;

	*too_many = false;
	if (source->count < (size_t) SAMPLE_ROWS * 4 || most_items < SAMPLE_ROWS || expected < 32)
		return LDB_OK;
	LDB_NEW(arena, seen, SAMPLE_SLOTS, err);
	for (size_t i = 0; i < SAMPLE_ROWS; i++)
	{
		uint64_t hash;
		size_t row;

		state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
		row = (size_t) ((state >> 32) % source->count);
		if (is_null(source, row))
		{
			repeated++;
			continue;
		}
		hash = hash_value(value_at(source, row)) | 1;
		for (size_t at = (hash >> 20) % SAMPLE_SLOTS;; at = (at + 1) % SAMPLE_SLOTS)
		{
			if (seen[at] == hash)
				repeated++;
			if (seen[at] == hash || seen[at] == 0)
			{
				seen[at] = hash;
				break;
			}
		}
	}
	*too_many = repeated < pairs / source->count + expected / 4;
	return LDB_OK;
}

static void
put_slot(Table *table, uint32_t hash, uint32_t item)
{
	size_t at = hash & table->mask;

	while (table->slots[at].item_next != 0)
		at = (at + 1) & table->mask;
	table->slots[at] = (Slot){item + 1, hash};
}

static LdbStatus
grow(Table *table, LdbError *err)
{
	const Slot *old = table->slots;
	size_t old_count = old == NULL ? 0 : table->mask + 1;
	size_t slot_count = old == NULL ? FIRST_SLOTS : old_count * 2;
	uint32_t *rows;

	LDB_NEW(table->arena, table->slots, slot_count, err);
	table->mask = slot_count - 1;
	for (size_t i = 0; i < old_count; i++)
		if (old[i].item_next != 0)
			put_slot(table, old[i].hash, old[i].item_next - 1);
	table->item_room = slot_count / 2;
	LDB_NEW(table->arena, rows, table->item_room, err);
	if (table->dictionary->item_count > 0)
		memcpy(rows, table->dictionary->rows, table->dictionary->item_count * sizeof *rows);
	table->dictionary->rows = rows;
	return LDB_OK;
}

/* The slot that holds the value, or the free one where it belongs; NULL after too many others. */
static Slot *
find(const Table *table, const LdbDistinctSource *source, LdbSlice value, uint32_t hash)
{
	size_t at = hash & table->mask;

	for (unsigned probes = 0; probes < MOST_PROBES; probes++, at = (at + 1) & table->mask)
	{
		Slot *slot = &table->slots[at];

		if (slot->item_next == 0)
			return slot;
		if (slot->hash == hash &&
			ldb_slice_equal(value, value_at(source, table->dictionary->rows[slot->item_next - 1])))
			return slot;
	}
	return NULL;
}

static LdbStatus
number_rows(Table *table, const LdbDistinctSource *source, size_t most_items, bool *found,
			LdbError *err)
{
	LdbDictionary *dictionary = table->dictionary;

	*found = false;
	for (size_t row = 0; row < source->count; row++)
	{
		LdbSlice value = value_at(source, row);
		uint32_t hash;
		Slot *slot;

		if (is_null(source, row))
			continue;
		hash = (uint32_t) (hash_value(value) >> 16);
		if (dictionary->item_count == table->item_room)
			LDB_TRY(grow(table, err));
		slot = find(table, source, value, hash);
		if (slot == NULL || (slot->item_next == 0 && dictionary->item_count == most_items))
			return LDB_OK;
		if (slot->item_next == 0)
		{
			dictionary->rows[dictionary->item_count++] = (uint32_t) row;
			dictionary->item_bytes += value.length;
			*slot = (Slot){(uint32_t) dictionary->item_count, hash};
		}
		dictionary->indices[row] = slot->item_next - 1;
	}
	*found = true;
	return LDB_OK;
}

LdbStatus
ldb_dictionary_build(const LdbDistinctSource *source, size_t most_items, LdbArena *arena,
					 LdbDictionary *dictionary, bool *found, LdbError *err)
{
	Table table = {.dictionary = dictionary, .arena = arena};
	bool too_many;

	*dictionary = (LdbDictionary){0};
	*found = false;
	if (source->count > UINT32_MAX - 1)
		return LDB_OK;
	LDB_TRY(sample_says_too_many(source, most_items, arena, &too_many, err));
	if (too_many)
		return LDB_OK;
	LDB_NEW(arena, dictionary->indices, source->count, err);
	LDB_TRY(grow(&table, err));
	return number_rows(&table, source, most_items, found, err);
}
