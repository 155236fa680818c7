/*
 * variants.h -- the ways in which one file of a dataset is damaged.
 *
 * A plan lists all files of a dataset and where their structures begin and end. Variant n of a plan
 * is always the same: first every file cut at every boundary and beside it, then seeded random
 * damage, half of it near boundaries.
 */
#ifndef TEST_HOSTILE_VARIANTS_H
#define TEST_HOSTILE_VARIANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MOST_FILES 64

typedef struct PlanFile
{
	char name[256]; /* within the dataset */
	uint8_t *bytes; /* owned */
	size_t length;
	size_t boundary_count;
	size_t *boundaries; /* owned; ascending */
	bool used;          /* the latest version needs it */
} PlanFile;

typedef struct Plan
{
	char folder[256]; /* of the dataset */
	size_t file_count;
	PlanFile files[MOST_FILES];
	size_t cut_count; /* variants that cut at boundaries */
} Plan;

typedef struct Variant
{
	const PlanFile *file;
	bool cut;
	char what[160]; /* for messages */
	uint8_t *bytes; /* owned by the caller; free() */
	size_t length;
} Variant;

/* Reads the dataset; exits with a message when it cannot. */
void plan_open(Plan *plan, const char *folder);
void plan_close(Plan *plan);

void variant_make(const Plan *plan, size_t number, Variant *variant);

#endif
