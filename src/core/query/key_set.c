/* key_set.c -- an open-addressed table from hashes of keys to rows, filled from scans. */
#include "ldb/query/key_set.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <sys/random.h>

#include "ldb/base/checked.h"
#include "ldb/base/pool.h"

#define DEFAULT_MEMORY ((size_t) 192 << 20)
#define NO_PIECE SIZE_MAX
#define NO_FRAGMENT SIZE_MAX

/* The rows of one fragment, as the data files that hold the key's columns have them. */
typedef struct Piece
{
	uint64_t files[2]; /* hashes of these files' names */
	uint64_t first;    /* number of its first row in the set */
	uint64_t physical_rows;
	uint8_t
		*deleted;  /* rows that were deleted when it was read, so that the set does not know them;
	                     NULL = none; owned */
	bool complete; /* all of it was read */
} Piece;

/*
 * A slot is 0 or 32 bits of the hash over the row's number plus one. The same 32 bits say where a
 * row's slot would be, so the table can grow without its keys.
 */
typedef atomic_uint_fast64_t Slot;

struct LdbKeySet
{
	LdbKeySpec spec;       /* with columns of its own; owned */
	LdbKeyColumn *columns; /* owned */
	size_t memory_bytes;
	uint64_t seed;
	Slot *slots; /* owned */
	size_t slot_count;
	atomic_size_t used;
	Piece *pieces; /* owned; ascending `first` */
	size_t piece_count;
	size_t piece_capacity;
	uint64_t next_row;
	uint64_t idle_rows;
};

struct LdbKeyCover
{
	LdbKeySet *set;      /* borrowed */
	LdbDataset *dataset; /* borrowed */
	const LdbCancel *cancel;
	size_t *fields;    /* positions of the key's columns in the schema; owned */
	size_t *fragments; /* of each piece: index of the fragment, or NO_FRAGMENT; owned */
	size_t piece_count;
	uint64_t below_fragment;
	LdbTake *take; /* owned; NULL until a row is looked at */
	LdbBuffer key; /* of the row looked at */
	uint64_t rows_read;
};

/* --- the set --- */

LdbStatus
ldb_key_set_new(const LdbKeySpec *spec, size_t memory_bytes, LdbKeySet **set, LdbError *err)
{
	LdbKeySet *made = ldb_heap_zalloc(sizeof *made);
	LdbKeyColumn *columns = ldb_heap_zalloc(spec->column_count * sizeof *columns);

	if (made == NULL || columns == NULL ||
		getrandom(&made->seed, sizeof made->seed, 0) != (ssize_t) sizeof made->seed)
	{
		ldb_heap_free(made);
		ldb_heap_free(columns);
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a set of keys");
	}
	memcpy(columns, spec->columns, spec->column_count * sizeof *columns);
	made->columns = columns;
	made->spec = (LdbKeySpec){spec->column_count, columns, spec->nulls_equal};
	made->memory_bytes = memory_bytes == 0 ? DEFAULT_MEMORY : memory_bytes;
	*set = made;
	return LDB_OK;
}

void
ldb_key_set_free(LdbKeySet *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->piece_count; i++)
		ldb_heap_free(set->pieces[i].deleted);
	ldb_heap_free(set->pieces);
	ldb_heap_free(set->slots);
	ldb_heap_free(set->columns);
	ldb_heap_free(set);
}

const LdbKeySpec *
ldb_key_set_spec(const LdbKeySet *set)
{
	return &set->spec;
}

size_t
ldb_key_set_bytes(const LdbKeySet *set)
{
	return set->slot_count * sizeof *set->slots + set->piece_capacity * sizeof *set->pieces;
}

uint64_t
ldb_key_set_idle_rows(const LdbKeySet *set)
{
	return set->idle_rows;
}

static uint32_t
tag_of(const LdbKeySet *set, LdbSlice key)
{
	return (uint32_t) (ldb_key_hash(key, set->seed) >> 32);
}

/* Tags are spread evenly, so the product's upper half is a position. */
static size_t
home_of(const LdbKeySet *set, uint32_t tag)
{
	return (size_t) (((unsigned __int128) tag * set->slot_count) >> 32);
}

static size_t
slot_after(const LdbKeySet *set, size_t slot)
{
	return slot + 1 == set->slot_count ? 0 : slot + 1;
}

/* Several threads may do this at once; there is an empty slot. */
static void
put(LdbKeySet *set, uint64_t entry)
{
	size_t slot = home_of(set, (uint32_t) (entry >> 32));

	for (;;)
	{
		uint_fast64_t empty = 0;

		if (atomic_load_explicit(&set->slots[slot], memory_order_relaxed) == 0 &&
			atomic_compare_exchange_strong_explicit(&set->slots[slot], &empty, entry,
													memory_order_relaxed, memory_order_relaxed))
			return;
		slot = slot_after(set, slot);
	}
}

static LdbStatus
resize(LdbKeySet *set, size_t slot_count, LdbError *err)
{
	Slot *old = set->slots;
	size_t old_count = set->slot_count;
	size_t bytes;

	if (!ldb_size_mul(slot_count, sizeof *old, &bytes) || bytes > set->memory_bytes ||
		(set->slots = ldb_heap_zalloc(bytes)) == NULL)
	{
		set->slots = old;
		ldb_error_set(err, LDB_NOMEM, "the keys of the table take more than %zu MB of memory",
					  set->memory_bytes >> 20);
		return LDB_NOMEM;
	}
	set->slot_count = slot_count;
	for (size_t i = 0; i < old_count; i++)
	{
		uint64_t entry = atomic_load_explicit(&old[i], memory_order_relaxed);

		if (entry != 0)
			put(set, entry);
	}
	ldb_heap_free(old);
	return LDB_OK;
}

/* Room for so many more rows: at most seven of ten slots are used. Small steps do not resize often. */
static LdbStatus
reserve(LdbKeySet *set, uint64_t row_count, LdbError *err)
{
	uint64_t rows = atomic_load(&set->used) + row_count;
	size_t wanted;

	if (row_count > UINT32_MAX - 1 - set->next_row)
		LDB_FAIL(err, LDB_NOMEM, "more than %u rows in a set of keys", UINT32_MAX - 1);
	if (rows <= set->slot_count / 10 * 7)
		return LDB_OK;
	wanted = (size_t) (rows / 7 * 10 + 64);
	if (set->slot_count > 0 && wanted < set->slot_count + set->slot_count / 2)
		wanted = set->slot_count + set->slot_count / 2;
	return resize(set, wanted, err);
}

/* --- pieces: which rows the set knows --- */

static bool
holds_field(const LdbDataFile *file, int32_t field_id)
{
	for (size_t i = 0; i < file->field_count; i++)
	{
		if (file->field_ids[i] == field_id)
			return true;
	}
	return false;
}

static bool
holds_key(const LdbDataFile *file, const LdbKeySpec *spec)
{
	for (size_t i = 0; i < spec->column_count; i++)
	{
		if (holds_field(file, spec->columns[i].field_id))
			return true;
	}
	return false;
}

/* Data files never change and their names are random, so equal names are equal rows. */
static void
name_files(const LdbKeySet *set, const LdbFragment *fragment, uint64_t files[2])
{
	bool any = false;

	files[0] = set->seed;
	files[1] = ~set->seed;
	for (size_t i = 0; i < fragment->file_count; i++)
	{
		const LdbDataFile *file = &fragment->files[i];

		if (!holds_key(file, &set->spec))
			continue;
		any = true;
		for (size_t half = 0; half < 2; half++)
			files[half] = ldb_key_hash(ldb_slice_of(file->path), files[half] + file->base_id);
	}
	/* all NULL: there is no file to know it by */
	if (!any)
		files[0] ^= fragment->id;
}

static bool
has_base(const LdbManifest *manifest, uint32_t base_id)
{
	for (size_t i = 0; i < manifest->base_count; i++)
	{
		if (manifest->bases[i].id == base_id)
			return true;
	}
	return base_id == LDB_NO_BASE;
}

/* Rows that are shown before they are in a file have a base of their own, and no lasting name. */
static bool
is_lasting(const LdbManifest *manifest, const LdbFragment *fragment)
{
	for (size_t i = 0; i < fragment->file_count; i++)
	{
		if (!has_base(manifest, fragment->files[i].base_id))
			return false;
	}
	return true;
}

static bool
contains_bits(const uint8_t *all, const uint8_t *some, uint64_t bit_count)
{
	size_t byte_count = ldb_bitmap_bytes((size_t) bit_count);

	for (size_t i = 0; i < byte_count; i++)
	{
		if ((some[i] & ~all[i]) != 0)
			return false;
	}
	return true;
}

/* An older version may have rows again that were deleted when the piece was read. */
static LdbStatus
serves(const LdbKeyCover *cover, const Piece *piece, size_t fragment_index, bool *ok, LdbError *err)
{
	const uint8_t *deleted;

	*ok = true;
	if (piece->deleted == NULL)
		return LDB_OK;
	LDB_TRY(
		ldb_dataset_deletions(cover->dataset, fragment_index, &deleted, NULL, cover->cancel, err));
	*ok = deleted != NULL && contains_bits(deleted, piece->deleted, piece->physical_rows);
	return LDB_OK;
}

typedef struct Names
{
	size_t *slots; /* index of a piece plus one, by its files; heap */
	size_t mask;
} Names;

static LdbStatus
names_init(Names *names, const LdbKeySet *set, LdbError *err)
{
	size_t count = 16;

	while (count < set->piece_count * 2)
		count *= 2;
	names->mask = count - 1;
	names->slots = ldb_heap_zalloc(count * sizeof *names->slots);
	if (names->slots == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a set of keys");
	for (size_t i = 0; i < set->piece_count; i++)
	{
		size_t at = (size_t) set->pieces[i].files[0] & names->mask;

		if (!set->pieces[i].complete)
			continue;
		while (names->slots[at] != 0)
			at = (at + 1) & names->mask;
		names->slots[at] = i + 1;
	}
	return LDB_OK;
}

static LdbStatus
find_piece(const LdbKeyCover *cover, const Names *names, size_t fragment_index, size_t *found,
		   LdbError *err)
{
	const LdbFragment *fragment = &ldb_dataset_manifest(cover->dataset)->fragments[fragment_index];
	uint64_t files[2];

	*found = NO_PIECE;
	name_files(cover->set, fragment, files);
	for (size_t at = (size_t) files[0] & names->mask; names->slots[at] != 0;
		 at = (at + 1) & names->mask)
	{
		const Piece *piece = &cover->set->pieces[names->slots[at] - 1];
		bool ok = piece->files[0] == files[0] && piece->files[1] == files[1] &&
				  piece->physical_rows == fragment->physical_rows &&
				  cover->fragments[names->slots[at] - 1] == NO_FRAGMENT;

		if (ok)
			LDB_TRY(serves(cover, piece, fragment_index, &ok, err));
		if (!ok)
			continue;
		*found = names->slots[at] - 1;
		return LDB_OK;
	}
	return LDB_OK;
}

static LdbStatus
copy_deletions(const LdbKeyCover *cover, size_t fragment_index, Piece *piece, LdbError *err)
{
	size_t byte_count = ldb_bitmap_bytes((size_t) piece->physical_rows);
	const uint8_t *deleted;

	LDB_TRY(
		ldb_dataset_deletions(cover->dataset, fragment_index, &deleted, NULL, cover->cancel, err));
	if (deleted == NULL)
		return LDB_OK;
	piece->deleted = ldb_heap_zalloc(byte_count);
	if (piece->deleted == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the deleted rows of a fragment");
	memcpy(piece->deleted, deleted, byte_count);
	return LDB_OK;
}

static LdbStatus
grow_pieces(LdbKeySet *set, LdbError *err)
{
	size_t capacity = set->piece_capacity == 0 ? 16 : set->piece_capacity * 2;
	Piece *pieces;

	if (set->piece_count < set->piece_capacity)
		return LDB_OK;
	pieces = ldb_heap_realloc(set->pieces, capacity * sizeof *pieces);
	if (pieces == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a set of keys");
	set->pieces = pieces;
	set->piece_capacity = capacity;
	return LDB_OK;
}

static LdbStatus
add_piece(const LdbKeyCover *cover, size_t fragment_index, LdbError *err)
{
	LdbKeySet *set = cover->set;
	const LdbFragment *fragment = &ldb_dataset_manifest(cover->dataset)->fragments[fragment_index];
	Piece piece = {.first = set->next_row, .physical_rows = fragment->physical_rows};

	LDB_TRY(grow_pieces(set, err));
	if (fragment->physical_rows > UINT32_MAX - 1 - set->next_row)
		LDB_FAIL(err, LDB_NOMEM, "more than %u rows in a set of keys", UINT32_MAX - 1);
	name_files(set, fragment, piece.files);
	LDB_TRY(copy_deletions(cover, fragment_index, &piece, err));
	set->pieces[set->piece_count++] = piece;
	set->next_row += piece.physical_rows;
	return LDB_OK;
}

/* --- reading fragments --- */

/* A fragment that the set does not know, with its tasks in the dataset and among those to do. */
typedef struct Missing
{
	size_t fragment_index;
	uint64_t id;
	uint64_t first_task;
	uint64_t first_to_do;
	size_t piece;
} Missing;

typedef struct Reading
{
	const LdbKeyCover *cover;
	Missing *missing; /* ascending ids; heap */
	size_t count;
	uint64_t task_count;
	uint64_t row_count;
	atomic_uint_fast64_t next_task;
	atomic_uint_fast64_t rows_read;
} Reading;

static uint64_t
take_task(void *context)
{
	Reading *reading = context;
	uint64_t number = atomic_fetch_add_explicit(&reading->next_task, 1, memory_order_relaxed);
	size_t low = 0, high = reading->count - 1;

	if (number >= reading->task_count)
		return UINT64_MAX;
	while (low < high)
	{
		size_t middle = low + (high - low + 1) / 2;

		if (reading->missing[middle].first_to_do <= number)
			low = middle;
		else
			high = middle - 1;
	}
	return reading->missing[low].first_task + (number - reading->missing[low].first_to_do);
}

/* The piece that the rows of a batch belong to: a batch has rows of one fragment. */
static const Piece *
piece_of_batch(const Reading *reading, const LdbBatch *batch)
{
	uint64_t id = batch->row_addresses[0] >> 32;
	size_t low = 0, high = reading->count - 1;

	while (low < high)
	{
		size_t middle = low + (high - low) / 2;

		if (reading->missing[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return &reading->cover->set->pieces[reading->missing[low].piece];
}

/* Slots are far apart and mostly not in any cache: they are asked for some rows ahead. */
#define ROWS_AHEAD 64u

static LdbStatus
add_rows(LdbKeySet *set, const Piece *piece, const LdbBatch *batch, size_t first, size_t count,
		 LdbBuffer *key, LdbError *err)
{
	uint64_t entries[ROWS_AHEAD];
	size_t entry_count = 0;

	for (size_t row = first; row < first + count; row++)
	{
		uint64_t number = piece->first + (uint32_t) batch->row_addresses[row];
		uint32_t tag;
		bool has_key;

		LDB_TRY(ldb_key_of_row(&set->spec, batch->columns, row, key, &has_key, err));
		if (!has_key)
			continue;
		tag = tag_of(set, ldb_slice(key->data, key->length));
		__builtin_prefetch(&set->slots[home_of(set, tag)], 1);
		entries[entry_count++] = (uint64_t) tag << 32 | (number + 1);
	}
	for (size_t i = 0; i < entry_count; i++)
		put(set, entries[i]);
	return LDB_OK;
}

static LdbStatus
add_batch(Reading *reading, const LdbBatch *batch, LdbBuffer *key, LdbError *err)
{
	LdbKeySet *set = reading->cover->set;
	const Piece *piece = piece_of_batch(reading, batch);

	/* too many rather than too few: there must always be an empty slot */
	atomic_fetch_add(&set->used, batch->row_count);
	for (size_t row = 0; row < batch->row_count; row += ROWS_AHEAD)
	{
		size_t left = batch->row_count - row;

		LDB_TRY(add_rows(set, piece, batch, row, left < ROWS_AHEAD ? left : ROWS_AHEAD, key, err));
	}
	atomic_fetch_add(&reading->rows_read, batch->row_count);
	return LDB_OK;
}

static LdbStatus
add_scan(Reading *reading, LdbScan *scan, LdbBuffer *key, const atomic_bool *stop, LdbError *err)
{
	const LdbBatch *batch;

	for (;;)
	{
		if (atomic_load(stop))
			LDB_FAIL(err, LDB_CANCELLED, "cancelled");
		LDB_CHECK_CANCEL(reading->cover->cancel, err);
		LDB_TRY(ldb_scan_next(scan, &batch, err));
		if (batch == NULL)
			return LDB_OK;
		LDB_TRY(add_batch(reading, batch, key, err));
		LDB_TRY(ldb_scan_check(scan, err));
	}
}

static LdbStatus
read_some(void *context, int number, const atomic_bool *stop, LdbError *err)
{
	Reading *reading = context;
	LdbScanOptions options = {
		.column_count = reading->cover->set->spec.column_count,
		.columns = reading->cover->fields,
		.next_task = take_task,
		.next_task_context = reading,
		.cancel = reading->cover->cancel,
	};
	LdbBuffer key = {0};
	LdbScan *scan;
	LdbStatus status;

	(void) number;
	LDB_TRY(ldb_scan_open(reading->cover->dataset, &options, &scan, err));
	status = add_scan(reading, scan, &key, stop, err);
	ldb_buffer_free(&key);
	ldb_scan_close(scan);
	return status;
}

/* Matches fragments with pieces; those without one are listed. */
static LdbStatus
match_fragments(Reading *reading, const Names *names, LdbError *err)
{
	const LdbKeyCover *cover = reading->cover;
	const LdbManifest *manifest = ldb_dataset_manifest(cover->dataset);
	uint64_t first_task = 0;

	for (size_t i = 0; i < manifest->fragment_count; i++)
	{
		const LdbFragment *fragment = &manifest->fragments[i];
		uint64_t task_count = ldb_scan_fragment_tasks(fragment);
		size_t piece;

		if (fragment->id >= cover->below_fragment)
			break;

		LDB_TRY(find_piece(cover, names, i, &piece, err));
		if (piece != NO_PIECE)
			cover->fragments[piece] = i;
		else
		{
			reading->missing[reading->count++] = (Missing){.fragment_index = i,
														   .id = fragment->id,
														   .first_task = first_task,
														   .first_to_do = reading->task_count};
			reading->task_count += task_count;
			reading->row_count += fragment->physical_rows;
		}
		first_task += task_count;
	}
	return LDB_OK;
}

static LdbStatus
map_pieces(LdbKeyCover *cover, size_t piece_count, LdbError *err)
{
	size_t *fragments =
		ldb_heap_realloc(cover->fragments, (piece_count + 1) * sizeof *cover->fragments);

	if (fragments == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a set of keys");
	for (size_t i = cover->piece_count; i < piece_count; i++)
		fragments[i] = NO_FRAGMENT;
	cover->fragments = fragments;
	cover->piece_count = piece_count;
	return LDB_OK;
}

static LdbStatus
read_missing(LdbKeyCover *cover, Reading *reading, int thread_count, LdbError *err)
{
	const LdbManifest *manifest = ldb_dataset_manifest(cover->dataset);
	LdbKeySet *set = cover->set;

	if (reading->count == 0)
		return LDB_OK;
	LDB_TRY(reserve(set, reading->row_count, err));
	for (size_t i = 0; i < reading->count; i++)
	{
		reading->missing[i].piece = set->piece_count;
		LDB_TRY(add_piece(cover, reading->missing[i].fragment_index, err));
	}
	LDB_TRY(map_pieces(cover, set->piece_count, err));
	if ((uint64_t) thread_count > reading->task_count)
		thread_count = (int) reading->task_count;
	LDB_TRY(ldb_pool_run(thread_count < 1 ? 1 : thread_count, read_some, reading, err));
	for (size_t i = 0; i < reading->count; i++)
	{
		const Missing *missing = &reading->missing[i];

		set->pieces[missing->piece].complete =
			is_lasting(manifest, &manifest->fragments[missing->fragment_index]);
		cover->fragments[missing->piece] = missing->fragment_index;
	}
	return LDB_OK;
}

static LdbStatus
match_and_read(LdbKeyCover *cover, int thread_count, LdbError *err)
{
	const LdbManifest *manifest = ldb_dataset_manifest(cover->dataset);
	Reading reading = {.cover = cover};
	Names names = {0};
	LdbStatus status;

	reading.missing = ldb_heap_zalloc((manifest->fragment_count + 1) * sizeof *reading.missing);
	if (reading.missing == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a set of keys");
	status = names_init(&names, cover->set, err);
	if (status == LDB_OK)
		status = match_fragments(&reading, &names, err);
	if (status == LDB_OK)
		status = read_missing(cover, &reading, thread_count, err);
	cover->rows_read = atomic_load(&reading.rows_read);
	ldb_heap_free(names.slots);
	ldb_heap_free(reading.missing);
	return status;
}

/* --- the cover --- */

static LdbStatus
find_fields(LdbKeyCover *cover, LdbError *err)
{
	const LdbSchema *schema = &ldb_dataset_manifest(cover->dataset)->schema;
	const LdbKeySpec *spec = &cover->set->spec;

	cover->fields = ldb_heap_zalloc(spec->column_count * sizeof *cover->fields);
	if (cover->fields == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a set of keys");
	for (size_t i = 0; i < spec->column_count; i++)
	{
		size_t at = 0;

		while (at < schema->field_count && schema->fields[at]->id != spec->columns[i].field_id)
			at++;
		if (at == schema->field_count)
			LDB_FAIL(
				err, LDB_NOT_FOUND, "a column of the key is not in version %" PRIu64 " of \"%s\"",
				ldb_dataset_manifest(cover->dataset)->version, ldb_dataset_uri(cover->dataset));
		if (!ldb_key_accepts(&schema->fields[at]->type, spec->columns[i].form))
			LDB_FAIL(err, LDB_UNSUPPORTED, "column \"%s\" of type %s cannot be part of a key",
					 schema->fields[at]->name, schema->fields[at]->logical_type);
		cover->fields[i] = at;
	}
	return LDB_OK;
}

static uint64_t
covered_rows(const LdbKeyCover *cover)
{
	uint64_t rows = 0;

	for (size_t i = 0; i < cover->piece_count; i++)
	{
		if (cover->fragments[i] != NO_FRAGMENT)
			rows += cover->set->pieces[i].physical_rows;
	}
	return rows;
}

LdbStatus
ldb_key_cover_new(LdbKeySet *set, LdbDataset *dataset, uint64_t below_fragment, int thread_count,
				  const LdbCancel *cancel, LdbKeyCover **cover, LdbError *err)
{
	LdbKeyCover *made = ldb_heap_zalloc(sizeof *made);
	LdbStatus status;

	if (made == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a set of keys");
	*made = (LdbKeyCover){
		.set = set, .dataset = dataset, .cancel = cancel, .below_fragment = below_fragment};
	status = find_fields(made, err);
	if (status == LDB_OK)
		status = map_pieces(made, set->piece_count, err);
	if (status == LDB_OK)
		status = match_and_read(made, thread_count, err);
	if (status != LDB_OK)
	{
		ldb_key_cover_free(made);
		return status;
	}
	set->idle_rows = set->next_row - covered_rows(made);
	*cover = made;
	return LDB_OK;
}

void
ldb_key_cover_free(LdbKeyCover *cover)
{
	if (cover == NULL)
		return;
	ldb_take_close(cover->take);
	ldb_buffer_free(&cover->key);
	ldb_heap_free(cover->fields);
	ldb_heap_free(cover->fragments);
	ldb_heap_free(cover);
}

LdbDataset *
ldb_key_cover_dataset(const LdbKeyCover *cover)
{
	return cover->dataset;
}

uint64_t
ldb_key_cover_rows_read(const LdbKeyCover *cover)
{
	return cover->rows_read;
}

/* --- looking up --- */

/* The last piece that starts at or before the row; empty ones start where the next does. */
static size_t
piece_of_row(const LdbKeySet *set, uint64_t number)
{
	size_t low = 0, high = set->piece_count - 1;

	while (low < high)
	{
		size_t middle = low + (high - low + 1) / 2;

		if (set->pieces[middle].first <= number)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

/* Where the row of a slot is in the cover's dataset; false = not there, or deleted. */
static LdbStatus
locate(LdbKeyCover *cover, uint64_t entry, uint64_t *address, bool *live, LdbError *err)
{
	uint64_t number = (uint32_t) entry - 1;
	size_t piece = piece_of_row(cover->set, number);
	size_t fragment;

	*live = false;
	/* read for a later cover */
	if (piece >= cover->piece_count)
		return LDB_OK;
	fragment = cover->fragments[piece];
	if (fragment == NO_FRAGMENT)
		return LDB_OK;
	*address = ldb_row_address(ldb_dataset_manifest(cover->dataset)->fragments[fragment].id,
							   number - cover->set->pieces[piece].first);
	return ldb_dataset_row_is_live(cover->dataset, *address, cover->cancel, live, err);
}

LdbStatus
ldb_key_cover_key(LdbKeyCover *cover, uint64_t address, LdbSlice *key, bool *has_key, LdbError *err)
{
	const LdbBatch *batch;

	if (cover->take == NULL)
		LDB_TRY(ldb_take_open(cover->dataset, cover->fields, cover->set->spec.column_count,
							  cover->cancel, &cover->take, err));
	LDB_TRY(ldb_take_rows(cover->take, &address, 1, &batch, err));
	LDB_TRY(ldb_key_of_row(&cover->set->spec, batch->columns, 0, &cover->key, has_key, err));
	LDB_TRY(ldb_take_check(cover->take, err));
	*key = ldb_slice(cover->key.data, cover->key.length);
	return LDB_OK;
}

/* *address is set when it has. */
static LdbStatus
has_this_key(LdbKeyCover *cover, uint64_t entry, LdbSlice key, uint64_t *address, bool *yes,
			 LdbError *err)
{
	uint64_t candidate = 0;
	LdbSlice stored;
	bool has_key;

	LDB_TRY(locate(cover, entry, &candidate, yes, err));
	if (!*yes)
		return LDB_OK;
	LDB_TRY(ldb_key_cover_key(cover, candidate, &stored, &has_key, err));
	*yes = has_key && ldb_slice_equal(stored, key);
	if (*yes)
		*address = candidate;
	return LDB_OK;
}

/* The next used slot from *slot on whose hash has this tag; *slot moves behind it. Rows with one hash have
 * one home, so they are in one run of used slots. */
static bool
next_with_tag(const LdbKeySet *set, uint32_t tag, size_t *slot, uint64_t *entry)
{
	while ((*entry = atomic_load_explicit(&set->slots[*slot], memory_order_relaxed)) != 0)
	{
		*slot = slot_after(set, *slot);
		if (*entry >> 32 == tag)
			return true;
	}
	return false;
}

LdbStatus
ldb_key_cover_next(LdbKeyCover *cover, LdbSlice key, LdbKeyWalk *walk, uint64_t *address,
				   bool *found, LdbError *err)
{
	LdbKeySet *set = cover->set;
	uint32_t tag = tag_of(set, key);
	uint64_t entry;

	*found = false;
	if (set->slot_count == 0)
		return LDB_OK;
	if (!walk->started)
		walk->slot = home_of(set, tag);
	walk->started = true;
	while (!*found && next_with_tag(set, tag, &walk->slot, &entry))
		LDB_TRY(has_this_key(cover, entry, key, address, found, err));
	return LDB_OK;
}

bool
ldb_key_cover_shares(const LdbKeyCover *cover, uint64_t address, const LdbKeyCover *other)
{
	long fragment =
		ldb_manifest_fragment_index(ldb_dataset_manifest(cover->dataset), address >> 32);

	for (size_t i = 0; i < cover->piece_count && i < other->piece_count; i++)
	{
		if (fragment >= 0 && cover->fragments[i] == (size_t) fragment)
			return other->fragments[i] != NO_FRAGMENT;
	}
	return false;
}

/* --- duplicates --- */

static LdbStatus
copy_key(LdbKeyCover *cover, uint64_t entry, uint64_t *address, LdbBuffer *key, bool *has_key,
		 LdbError *err)
{
	LdbSlice stored;

	LDB_TRY(locate(cover, entry, address, has_key, err));
	if (!*has_key)
		return LDB_OK;
	LDB_TRY(ldb_key_cover_key(cover, *address, &stored, has_key, err));
	if (!ldb_buffer_append(key, stored.data, stored.length))
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a key");
	return LDB_OK;
}

/* Another row behind the slot with the key of the slot's row. */
static LdbStatus
find_same(LdbKeyCover *cover, size_t slot, LdbBuffer *key, uint64_t addresses[2], bool *found,
		  LdbError *err)
{
	LdbKeySet *set = cover->set;
	uint64_t first = atomic_load_explicit(&set->slots[slot], memory_order_relaxed);
	uint32_t tag = (uint32_t) (first >> 32);
	bool has_key = false;
	uint64_t entry;

	slot = slot_after(set, slot);
	while (!*found && next_with_tag(set, tag, &slot, &entry))
	{
		LDB_CHECK_CANCEL(cover->cancel, err);
		if (!has_key)
			LDB_TRY(copy_key(cover, first, &addresses[0], key, &has_key, err));
		if (!has_key)
			return LDB_OK;
		LDB_TRY(has_this_key(cover, entry, ldb_slice(key->data, key->length), &addresses[1], found,
							 err));
	}
	return LDB_OK;
}

LdbStatus
ldb_key_cover_duplicate(LdbKeyCover *cover, uint64_t addresses[2], bool *found, LdbError *err)
{
	LdbKeySet *set = cover->set;
	LdbBuffer key = {0};
	LdbStatus status = LDB_OK;

	*found = false;
	for (size_t slot = 0; slot < set->slot_count && !*found && status == LDB_OK; slot++)
	{
		key.length = 0;
		if (slot % 65536 == 0 && ldb_cancelled(cover->cancel))
		{
			ldb_error_set(err, LDB_CANCELLED, "cancelled");
			status = LDB_CANCELLED;
		}
		else if (atomic_load_explicit(&set->slots[slot], memory_order_relaxed) != 0)
			status = find_same(cover, slot, &key, addresses, found, err);
	}
	ldb_buffer_free(&key);
	return status;
}
