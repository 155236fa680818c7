/*
 * shred.h -- takes the lists, structs and nulls around a leaf apart into repetition and definition
 * levels. The mirror of shape.c; docs/format.md.
 */
#ifndef LDB_FORMAT_SHRED_H
#define LDB_FORMAT_SHRED_H

#include "page_impl.h"

/* The way from a top-level field to one of its leaves. */
typedef struct LdbLeafPath
{
	size_t length;
	const LdbField *const *fields; /* top-level field first, leaf last */
	const size_t *children;        /* fields[i] is child number children[i] of fields[i - 1] */
} LdbLeafPath;

/* Levels are those of the page: layers without nulls or empty lists take none. */
typedef struct LdbShred
{
	LdbLayers layers;
	LdbLevels levels; /* entries; rep, def NULL as in LdbLevels */
	LdbArray values;  /* one for each visible entry; borrows from the rows where it can */
	size_t valid_count;
	const uint8_t *valid; /* of values; NULL = all valid. Nulls of structs around count as well. */
} LdbShred;

/* rows: of the top-level field. All memory comes from the arena. */
LdbStatus ldb_shred(const LdbLeafPath *path, const LdbArray *rows, LdbArena *arena, LdbShred *shred,
					LdbError *err);

/* The same rows with these layers, one for each there is, which name all that occurs and perhaps more. */
LdbStatus ldb_shred_widen(LdbShred *shred, const LdbLayer *kinds, LdbArena *arena, LdbError *err);

#endif
