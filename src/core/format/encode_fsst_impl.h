/*
 * encode_fsst_impl.h -- how the next symbol of a string is found; between training and encoding.
 *
 * A match is the length of a symbol in its upper four bits, a flag for an escape, and the code in
 * the lower eight bits. Symbols of three bytes and more are found by a hash of their first three; each slot has
 * one. Shorter ones, and escapes, are in a table by the next two bytes.
 */
#ifndef LDB_FORMAT_ENCODE_FSST_IMPL_H
#define LDB_FORMAT_ENCODE_FSST_IMPL_H

#include "encode_fsst.h"

#define LDB_FSST_MOST_SYMBOLS 255
#define LDB_FSST_SLOTS 2048
#define LDB_FSST_ESCAPE 255

typedef uint16_t LdbFsstMatch;

typedef struct LdbFsstSymbol
{
	uint64_t bytes; /* first byte lowest; 0 behind the length */
	uint32_t length;
} LdbFsstSymbol;

typedef struct LdbFsstSlot
{
	uint64_t bytes;
	uint64_t mask; /* of the bytes that must be equal; a free slot cannot match */
	LdbFsstMatch match;
} LdbFsstSlot;

struct LdbFsstEncoder
{
	unsigned symbol_count;
	unsigned per_mille;
	LdbFsstSymbol symbols[LDB_FSST_MOST_SYMBOLS];
	LdbFsstSlot slots[LDB_FSST_SLOTS];
	LdbFsstMatch singles[256];
	LdbFsstMatch pairs[65536];
};

static inline LdbFsstMatch
ldb_fsst_make_match(unsigned length, unsigned code)
{
	return (LdbFsstMatch) (length << 12 | code);
}

static inline LdbFsstMatch
ldb_fsst_escape(void)
{
	return 1 << 12 | 1 << 8 | LDB_FSST_ESCAPE;
}

static inline unsigned
ldb_fsst_length(LdbFsstMatch match)
{
	return match >> 12;
}

static inline unsigned
ldb_fsst_is_escape(LdbFsstMatch match)
{
	return match >> 8 & 1;
}

static inline size_t
ldb_fsst_slot(uint64_t word)
{
	uint32_t hash = (uint32_t) (word & 0xffffff) * 2971215073u;

	return (hash ^ hash >> 15) % LDB_FSST_SLOTS;
}

/* The longest symbol that the eight bytes start with. */
static inline LdbFsstMatch
ldb_fsst_match(const LdbFsstEncoder *encoder, uint64_t word)
{
	const LdbFsstSlot *slot = &encoder->slots[ldb_fsst_slot(word)];
	LdbFsstMatch shorter = encoder->pairs[word & 0xffff];

	return (word & slot->mask) == slot->bytes ? slot->match : shorter;
}

/* The same for the last bytes of a value; the word has zeros behind them. */
static inline LdbFsstMatch
ldb_fsst_match_rest(const LdbFsstEncoder *encoder, uint64_t word, size_t left)
{
	LdbFsstMatch match;

	if (left == 1)
		return encoder->singles[word & 0xff];
	match = ldb_fsst_match(encoder, word);
	/* a symbol that ends in zeros */
	return ldb_fsst_length(match) <= left ? match : encoder->pairs[word & 0xffff];
}

/* The bytes from `at` to the end of a value, fewer than eight, without reading beyond either end. */
static inline uint64_t
ldb_fsst_load_rest(const uint8_t *start, const uint8_t *at, const uint8_t *end)
{
	uint64_t word = 0;

	if (end - start >= 8)
		return ldb_load_u64(end - 8) >> (8 - (unsigned) (end - at)) * 8;
	for (const uint8_t *byte = end; byte > at;)
		word = word << 8 | *--byte;
	return word;
}

#endif
