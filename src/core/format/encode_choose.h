/*
 * encode_choose.h -- which encoding makes the values of a page smallest.
 *
 * Only what LanceDB chooses among by itself, so that every reader of its files reads ours.
 */
#ifndef LDB_FORMAT_ENCODE_CHOOSE_H
#define LDB_FORMAT_ENCODE_CHOOSE_H

#include "encode_dictionary.h"
#include "encode_fsst.h"

typedef enum LdbFixedChoice
{
	LDB_FIXED_FLAT,
	LDB_FIXED_BITPACKED, /* inline, each 1024 values by themselves */
	LDB_FIXED_RUNS
} LdbFixedChoice;

/* Values of a page, `width` bytes each; packed are only those of 1, 2, 4 or 8, runs are only made
 * of these too. */
LdbFixedChoice ldb_choose_fixed(const void *values, size_t width, size_t count);

typedef enum LdbVariableKind
{
	LDB_VARIABLE_PLAIN,
	LDB_VARIABLE_FSST,
	LDB_VARIABLE_DICTIONARY
} LdbVariableKind;

typedef struct LdbVariableChoice
{
	LdbVariableKind kind;
	LdbDictionary dictionary; /* dictionary: complete; arena */
	LdbFsstEncoder *fsst;     /* fsst: trained; arena */
} LdbVariableChoice;

/* `source` has views. offset_bits: 32 or 64, what the values' offsets would have. */
LdbStatus ldb_choose_variable(const LdbDistinctSource *source, unsigned offset_bits,
							  LdbArena *arena, LdbVariableChoice *choice, LdbError *err);

#endif
