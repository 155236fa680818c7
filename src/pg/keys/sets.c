/* sets.c -- the keys of datasets, kept by this backend for the statements to come. */
#include "keys/keys_impl.h"

#include "lib/ilist.h"
#include "utils/memutils.h"

/* Sets that nobody uses are freed, the longest unused first, beyond this number and size. */
#define KEPT_SETS 8
#define KEPT_BYTES ((size_t) 96 << 20)
/* A set with more rows that are gone than that, and than rows that are there, is made anew. */
#define IDLE_ROWS 100000

typedef struct KeptSet
{
	dlist_node node;
	MemoryContext context; /* owns everything here, the set included */
	char *uri;
	LdbKeySpec spec; /* columns in the context */
	LdbKeySet *set;
	uint64 rows; /* of the newest cover's dataset */
	int user_count;
} KeptSet;

/* Most recently used first. */
static dlist_head recent = DLIST_STATIC_INIT(recent);

bool
lancedb_same_keys(const LdbKeySpec *a, const LdbKeySpec *b)
{
	if (a->column_count != b->column_count || a->nulls_equal != b->nulls_equal)
		return false;
	for (size_t i = 0; i < a->column_count; i++)
	{
		if (a->columns[i].field_id != b->columns[i].field_id ||
			a->columns[i].form != b->columns[i].form)
			return false;
	}
	return true;
}

static void
let_go(KeptSet *kept)
{
	dlist_delete(&kept->node);
	MemoryContextDelete(kept->context);
}

static bool
is_worn(const KeptSet *kept)
{
	uint64 idle = ldb_key_set_idle_rows(kept->set);

	return idle > IDLE_ROWS && idle > kept->rows;
}

static void
let_go_unused(int most_sets, size_t most_bytes)
{
	dlist_mutable_iter at;
	size_t bytes = 0;
	int count = 0;

	dlist_foreach_modify(at, &recent)
	{
		KeptSet *kept = dlist_container(KeptSet, node, at.cur);

		count++;
		bytes += ldb_key_set_bytes(kept->set);
		if (kept->user_count == 0 && (count > most_sets || bytes > most_bytes || is_worn(kept)))
			let_go(kept);
	}
}

static void
free_set(void *set)
{
	ldb_key_set_free(set);
}

static KeptSet *
make_set(const char *uri, const LdbKeySpec *spec)
{
	MemoryContext own =
		AllocSetContextCreate(CurrentMemoryContext, "lancedb keys", ALLOCSET_SMALL_SIZES);
	KeptSet *kept = MemoryContextAllocZero(own, sizeof(*kept));
	LdbKeyColumn *columns = MemoryContextAlloc(own, spec->column_count * sizeof(*spec->columns));
	LdbError err;

	memcpy(columns, spec->columns, spec->column_count * sizeof(*spec->columns));
	kept->spec = (LdbKeySpec){spec->column_count, columns, spec->nulls_equal};
	kept->uri = MemoryContextStrdup(own, uri);
	kept->context = own;
	lancedb_check(ldb_key_set_new(spec, 0, &kept->set, &err), &err);
	lancedb_own(own, kept->set, free_set);
	MemoryContextSetParent(own, CacheMemoryContext);
	dlist_push_head(&recent, &kept->node);
	return kept;
}

static KeptSet *
find_set(const char *uri, const LdbKeySpec *spec)
{
	dlist_iter at;

	dlist_foreach(at, &recent)
	{
		KeptSet *kept = dlist_container(KeptSet, node, at.cur);

		if (strcmp(kept->uri, uri) != 0 || !lancedb_same_keys(&kept->spec, spec))
			continue;
		dlist_move_head(&recent, &kept->node);
		return kept;
	}
	return NULL;
}

/* One that is too large to be kept goes at once, not when somebody asks for another. */
static void
release(void *handle)
{
	KeptSet *kept = handle;

	if (--kept->user_count == 0 && ldb_key_set_bytes(kept->set) > KEPT_BYTES)
		let_go(kept);
}

static void
free_cover(void *cover)
{
	ldb_key_cover_free(cover);
}

LdbKeyCover *
lancedb_cover_keys(const char *uri, const LdbKeySpec *spec, LdbDataset *dataset,
				   uint64 below_fragment, MemoryContext context)
{
	KeptSet *kept;
	LdbKeyCover *cover;
	LdbStatus status;
	LdbError err;

	let_go_unused(KEPT_SETS, KEPT_BYTES);
	kept = find_set(uri, spec);
	if (kept == NULL)
		kept = make_set(uri, spec);
	kept->user_count++;
	lancedb_own(context, kept, release);
	status = ldb_key_cover_new(kept->set, dataset, below_fragment, lancedb_max_threads,
							   &lancedb_cancel, &cover, &err);
	if (status == LDB_NOMEM)
	{
		let_go_unused(0, 0);
		status = ldb_key_cover_new(kept->set, dataset, below_fragment, lancedb_max_threads,
								   &lancedb_cancel, &cover, &err);
	}
	if (status == LDB_NOMEM)
		ldb_error_hint(&err, "A unique index takes about 12 bytes of memory for each row, in each "
							 "session that inserts. Drop the index, or insert without it and "
							 "create it again.");
	lancedb_check(status, &err);
	lancedb_own(context, cover, free_cover);
	kept->rows = ldb_dataset_manifest(dataset)->live_rows;
	if (ldb_key_cover_rows_read(cover) > 0)
		ereport(DEBUG1, (errmsg_internal("read the keys of " UINT64_FORMAT " rows of \"%s\"",
										 (uint64) ldb_key_cover_rows_read(cover), uri)));
	return cover;
}
