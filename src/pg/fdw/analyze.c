/*
 * analyze.c -- gives ANALYZE a sample of rows, read by their addresses.
 *
 * Vectors are never read: a sample of them would be by far the largest part of the work, and the
 * planner has no use for it. Their columns look NULL in the sample; size.c knows.
 */
#include "fdw/fdw.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/vacuum.h"
#include "common/pg_prng.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/sampling.h"

#include "fdw/scan.h"

/* Rows that are taken in one go, and what they may take in files: a cancel waits for them. */
#define TAKE_ROWS 1024
#define TAKE_BYTES (4.0 * 1024 * 1024)

/*
 * ANALYZE looks at no value of more than 1024 bytes, but a sample holds 30,000 rows in memory: of
 * longer texts it gets a beginning that is still too long to be looked at.
 */
#define SAMPLE_BYTES 2048

/* A sample that gets larger loses every other row, those to come included, until it fits. */
#define SAMPLE_LIMIT ((Size) 128 * 1024 * 1024)

/* Rows stepped over between two looks for a cancel. */
#define STEP_ROWS 65536

typedef struct Sampler
{
	LancedbTable *table;
	TupleDesc columns;
	int output_count;
	LancedbOutput *outputs;
	size_t *fields;
	MemoryContext row_context;
	uint64 *ordinals;  /* of live rows, ascending */
	uint64 *addresses; /* of the same rows */
	int count;
	int rows_at_once;
	LdbTake *take; /* owned */
} Sampler;

static void
close_take(void *handle)
{
	ldb_take_close(handle);
}

/* A type of another extension is a vector too when it holds a list. */
bool
lancedb_is_sampled(const LdbField *field, Oid typid)
{
	if (field->type.kind == LDB_TYPE_FIXED_SIZE_LIST || field->blob)
		return false;
	return field->type.kind != LDB_TYPE_LIST || field->child_count != 1 ||
		   OidIsValid(get_element_type(getBaseType(typid)));
}

static void
choose_columns(Sampler *sampler)
{
	double rows = Max((double) sampler->table->manifest->live_rows, 1);
	Bitmapset *sampled = NULL;
	double row_bytes;

	sampler->outputs = palloc0((sampler->columns->natts + 1) * sizeof(LancedbOutput));
	sampler->fields = palloc0((sampler->columns->natts + 1) * sizeof(size_t));
	for (int i = 0; i < sampler->columns->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(sampler->columns, i);
		int field = lancedb_table_field(sampler->table, (AttrNumber) (i + 1));
		LancedbOutput *output = &sampler->outputs[sampler->output_count];

		if (field < 0 || column->attisdropped ||
			!lancedb_is_sampled(sampler->table->manifest->schema.fields[field], column->atttypid))
			continue;
		output->attnum = (AttrNumber) (i + 1);
		output->converter =
			lancedb_converter_new(sampler->table->manifest->schema.fields[field],
								  NameStr(column->attname), column->atttypid, column->atttypmod);
		sampler->fields[sampler->output_count++] = (size_t) field;
		sampled = bms_add_member(sampled, output->attnum);
	}
	row_bytes = lancedb_plan_bytes(sampler->table, sampled) / rows;
	sampler->rows_at_once = (int) Max(Min(TAKE_BYTES / (row_bytes + 1), TAKE_ROWS), 1);
}

/* One row at random out of each of `wanted` equal stretches of the table: ascending, no two alike. */
static void
choose_ordinals(Sampler *sampler, int wanted)
{
	uint64 total = sampler->table->manifest->live_rows;
	int count = (int) Min((uint64) wanted, total);
	double stretch = count == 0 ? 0 : (double) total / count;
	pg_prng_state random;

	pg_prng_seed(&random, pg_prng_uint64(&pg_global_prng_state));
	sampler->ordinals = palloc((count + 1) * sizeof(uint64));
	for (int i = 0; i < count; i++)
	{
		uint64 first = (uint64) (i * stretch);
		uint64 last = i + 1 == count ? total - 1 : (uint64) ((i + 1) * stretch) - 1;

		sampler->ordinals[i] = pg_prng_uint64_range(&random, first, Max(first, last));
	}
	sampler->count = count;
}

/* Positions of live rows within a fragment become addresses: deleted rows are stepped over. */
static int
resolve_fragment(Sampler *sampler, size_t index, int from)
{
	const LdbFragment *fragment = &sampler->table->manifest->fragments[index];
	uint64 end = fragment->first_ordinal + ldb_fragment_live_rows(fragment);
	uint64 live = fragment->first_ordinal;
	const uint8_t *deleted = NULL;
	LdbReadStats stats = {0};
	LdbError err;

	if (from == sampler->count || sampler->ordinals[from] >= end)
		return from;
	lancedb_check(ldb_dataset_deletions(sampler->table->dataset, index, &deleted, &stats,
										&lancedb_cancel, &err),
				  &err);
	for (uint64 row = 0; row < fragment->physical_rows && from < sampler->count; row++)
	{
		if (row % STEP_ROWS == 0)
			CHECK_FOR_INTERRUPTS();
		if (deleted != NULL && ldb_bit_get(deleted, row))
			continue;
		if (sampler->ordinals[from] == live++)
			sampler->addresses[from++] = ldb_row_address(fragment->id, row);
		if (live >= end)
			break;
	}
	return from;
}

static void
resolve_addresses(Sampler *sampler)
{
	int resolved = 0;

	sampler->addresses = palloc((sampler->count + 1) * sizeof(uint64));
	for (size_t i = 0; i < sampler->table->manifest->fragment_count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		resolved = resolve_fragment(sampler, i, resolved);
	}
	sampler->count = resolved;
}

static Datum
cut_value(Datum value, Oid typid)
{
	const struct varlena *whole = (const struct varlena *) DatumGetPointer(value);
	int length = (int) VARSIZE_ANY_EXHDR(whole);

	typid = getBaseType(typid);
	if (length <= SAMPLE_BYTES || (typid != TEXTOID && typid != VARCHAROID && typid != BYTEAOID))
		return value;
	length =
		typid == BYTEAOID ? SAMPLE_BYTES : pg_mbcliplen(VARDATA_ANY(whole), length, SAMPLE_BYTES);
	return PointerGetDatum(cstring_to_text_with_len(VARDATA_ANY(whole), length));
}

static HeapTuple
make_tuple(Sampler *sampler, const LdbBatch *batch, size_t row)
{
	MemoryContext old = MemoryContextSwitchTo(sampler->row_context);
	Datum *values = palloc0(sampler->columns->natts * sizeof(Datum));
	bool *nulls = palloc(sampler->columns->natts * sizeof(bool));
	HeapTuple tuple;

	memset(nulls, true, sampler->columns->natts * sizeof(bool));
	for (int i = 0; i < sampler->output_count; i++)
	{
		LancedbOutput *output = &sampler->outputs[i];
		int at = output->attnum - 1;
		Form_pg_attribute column;

		values[at] = lancedb_convert(output->converter, &batch->columns[i], row,
									 batch->row_addresses[row], &nulls[at]);
		column = TupleDescAttr(sampler->columns, at);
		if (!nulls[at] && column->attlen == -1)
			values[at] = cut_value(values[at], column->atttypid);
	}
	MemoryContextSwitchTo(old);
	tuple = heap_form_tuple(sampler->columns, values, nulls);
	MemoryContextReset(sampler->row_context);
	return tuple;
}

/* Of the rows that were taken, `*kept`, and of the addresses from `next` on, every other one stays. */
static Size
thin_out(Sampler *sampler, HeapTuple *rows, int *kept, int next)
{
	Size bytes = 0;
	int stay = 0;

	for (int i = 0; i < *kept; i++)
	{
		if (i % 2 != 0)
		{
			heap_freetuple(rows[i]);
			continue;
		}
		bytes += rows[i]->t_len;
		rows[stay++] = rows[i];
	}
	*kept = stay;
	stay = next;
	for (int i = next; i < sampler->count; i += 2)
		sampler->addresses[stay++] = sampler->addresses[i];
	sampler->count = stay;
	return bytes;
}

static int
take_rows(Sampler *sampler, HeapTuple *rows)
{
	Size bytes = 0;
	int kept = 0;
	LdbError err;
	void *token;

	lancedb_check(ldb_take_open(sampler->table->dataset, sampler->fields,
								(size_t) sampler->output_count, &lancedb_cancel, &sampler->take,
								&err),
				  &err);
	token = lancedb_own(CurrentMemoryContext, sampler->take, close_take);
	for (int from = 0; from < sampler->count;)
	{
		size_t count = (size_t) Min(sampler->rows_at_once, sampler->count - from);
		const LdbBatch *batch;

		vacuum_delay_point(true);
		lancedb_check(ldb_take_rows(sampler->take, sampler->addresses + from, count, &batch, &err),
					  &err);
		for (size_t row = 0; row < batch->row_count; row++)
		{
			CHECK_FOR_INTERRUPTS();
			rows[kept] = make_tuple(sampler, batch, row);
			bytes += rows[kept++]->t_len;
		}
		lancedb_check(ldb_take_check(sampler->take, &err), &err);
		from += (int) batch->row_count;
		if (bytes > SAMPLE_LIMIT)
			bytes = thin_out(sampler, rows, &kept, from);
	}
	lancedb_disown(token);
	ldb_take_close(sampler->take);
	return kept;
}

static double
deleted_rows(const LdbManifest *manifest)
{
	double rows = 0;

	for (size_t i = 0; i < manifest->fragment_count; i++)
	{
		const LdbDeletionFile *deletion = manifest->fragments[i].deletion;

		rows += deletion == NULL ? 0 : (double) deletion->deleted_rows;
	}
	return rows;
}

static int
acquire_sample(Relation relation, int elevel, HeapTuple *rows, int wanted, double *total_rows,
			   double *dead_rows)
{
	Sampler sampler = {0};

	sampler.table =
		lancedb_table_open(RelationGetRelid(relation), InvalidOid, 0, CurrentMemoryContext);
	sampler.columns = RelationGetDescr(relation);
	sampler.row_context =
		AllocSetContextCreate(CurrentMemoryContext, "lancedb sample row", ALLOCSET_DEFAULT_SIZES);
	choose_columns(&sampler);
	choose_ordinals(&sampler, wanted);
	resolve_addresses(&sampler);
	sampler.count = take_rows(&sampler, rows);
	*total_rows = (double) sampler.table->manifest->live_rows;
	*dead_rows = deleted_rows(sampler.table->manifest);
	MemoryContextDelete(sampler.row_context);
	ereport(elevel,
			(errmsg("\"%s\": version " UINT64_FORMAT " of the Lance table has %.0f live "
					"rows and %.0f deleted ones; %d rows in sample",
					RelationGetRelationName(relation), (uint64) sampler.table->manifest->version,
					*total_rows, *dead_rows, sampler.count)));
	return sampler.count;
}

bool
lancedb_analyze(Relation relation, AcquireSampleRowsFunc *acquire, BlockNumber *pages)
{
	LancedbTable *table =
		lancedb_table_open(RelationGetRelid(relation), InvalidOid, 0, CurrentMemoryContext);
	Bitmapset *columns = NULL;

	if (table->column_count > 0)
		columns = bms_add_range(NULL, 1, table->column_count);
	*acquire = acquire_sample;
	*pages = (BlockNumber) Min(lancedb_plan_bytes(table, columns) / BLCKSZ + 1, MaxBlockNumber);
	return true;
}
