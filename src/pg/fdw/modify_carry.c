/*
 * modify_carry.c -- takes values over to the new copies of rows as they lie in the files.
 *
 * Rows are updated mostly in the order in which they lie, so some are read ahead: more when they
 * were of use, fewer when not.
 */
#include "fdw/modify.h"

#include "utils/memutils.h"

#include "fdw/fdw.h"

#define MOST_READ_AHEAD 1024
#define FIRST_READ_AHEAD 16

struct LancedbCarry
{
	LdbDataset *dataset;
	MemoryContext context; /* of the handle */
	LdbTake *take;
	int *positions; /* in the batch, of each field; -1 = the column was not there yet */
	const LdbBatch *batch;
	uint64_t addresses[MOST_READ_AHEAD]; /* of the rows in the batch */
	size_t at;                           /* where the last row was found */
	size_t used;
	size_t read_ahead;
};

static void
close_take(void *take)
{
	ldb_take_close(take);
}

static void
choose_columns(LancedbCarry *carry, const LdbSchema *wanted, const LancedbCarried *columns,
			   size_t *fields, size_t *count)
{
	const LdbSchema *schema = &ldb_dataset_manifest(carry->dataset)->schema;

	for (size_t i = 0; i < columns->count; i++)
	{
		long field = ldb_schema_index(schema, wanted->fields[columns->fields[i]]->name);

		carry->positions[i] = field < 0 ? -1 : (int) *count;
		if (field >= 0)
			fields[(*count)++] = (size_t) field;
	}
}

static LancedbCarry *
open_carry(const LancedbModify *modify, const LancedbCarried *columns)
{
	MemoryContext context =
		AllocSetContextCreate(modify->context, "lancedb carry", ALLOCSET_SMALL_SIZES);
	MemoryContext before = MemoryContextSwitchTo(context);
	LancedbCarry *carry = palloc0(sizeof(*carry));
	size_t *fields = palloc(sizeof(size_t) * columns->count);
	size_t count = 0;
	LdbError err;

	carry->context = context;
	carry->dataset = modify->source;
	carry->read_ahead = FIRST_READ_AHEAD;
	carry->positions = palloc(sizeof(int) * columns->count);
	choose_columns(carry, modify->schema, columns, fields, &count);
	if (count > 0)
	{
		lancedb_check(
			ldb_take_open(carry->dataset, fields, count, &lancedb_cancel, &carry->take, &err),
			&err);
		lancedb_own(context, carry->take, close_take);
	}
	MemoryContextSwitchTo(before);
	return carry;
}

void
lancedb_carry_close(LancedbCarried *columns)
{
	if (columns->carry != NULL)
		MemoryContextDelete(columns->carry->context);
	columns->carry = NULL;
}

/* The row, and those behind it in its fragment that are not deleted. */
static size_t
list_rows(LancedbCarry *carry, uint64 address)
{
	const LdbManifest *manifest = ldb_dataset_manifest(carry->dataset);
	long fragment = ldb_manifest_fragment_index(manifest, address >> 32);
	const uint8_t *deleted;
	LdbReadStats stats = {0};
	size_t count = 0;
	LdbError err;

	carry->addresses[count++] = address;
	if (fragment < 0)
		return count;
	lancedb_check(ldb_dataset_deletions(carry->dataset, (size_t) fragment, &deleted, &stats,
										&lancedb_cancel, &err),
				  &err);
	for (uint64 row = (address & PG_UINT32_MAX) + 1;
		 row < manifest->fragments[fragment].physical_rows && count < carry->read_ahead; row++)
	{
		if (deleted == NULL || !ldb_bit_get(deleted, row))
			carry->addresses[count++] = ldb_row_address(address >> 32, row);
	}
	return count;
}

static void
read_rows(LancedbCarry *carry, uint64 address)
{
	LdbError err;

	if (carry->batch != NULL && carry->used * 2 >= carry->batch->row_count)
		carry->read_ahead = Min(carry->read_ahead * 2, MOST_READ_AHEAD);
	else if (carry->batch != NULL)
		carry->read_ahead = Max(carry->read_ahead / 2, 1);
	carry->batch = NULL;
	lancedb_check(ldb_take_rows(carry->take, carry->addresses, list_rows(carry, address),
								&carry->batch, &err),
				  &err);
	lancedb_check(ldb_take_check(carry->take, &err), &err);
	carry->at = 0;
	carry->used = 1;
}

static size_t
find_row(LancedbCarry *carry, uint64 address)
{
	if (carry->batch != NULL && carry->addresses[carry->at] == address)
		return carry->at;
	if (carry->batch != NULL && carry->addresses[carry->at] < address)
	{
		while (carry->at + 1 < carry->batch->row_count && carry->addresses[carry->at] < address)
			carry->at++;
		if (carry->addresses[carry->at] == address)
		{
			carry->used++;
			return carry->at;
		}
	}
	read_rows(carry, address);
	return 0;
}

void
lancedb_carry_value(LancedbModify *modify, LancedbCarried *columns, size_t position, uint64 address,
					LdbBuilder *builder)
{
	LancedbCarry *carry = columns->carry;
	size_t row;
	LdbError err;

	if (carry != NULL && carry->dataset != modify->source)
		lancedb_carry_close(columns);
	if (columns->carry == NULL)
		columns->carry = open_carry(modify, columns);
	carry = columns->carry;
	if (carry->positions[position] < 0)
	{
		lancedb_check(ldb_builder_null(builder, &err), &err);
		return;
	}
	row = find_row(carry, address);
	lancedb_check(
		ldb_builder_copy(builder, &carry->batch->columns[carry->positions[position]], row, &err),
		&err);
}
