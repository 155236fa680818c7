/* write21.c -- the encoder of versions 2.1 and 2.2: a field taken apart into its leaves. */
#include <string.h>

#include "leaf_writer.h"
#include "leaves.h"

#define MAX_DEPTH 64u
/* A row of a packed struct lies in one chunk. */
#define MOST_PACKED_BITS ((uint64_t) 8 * 9 * 1024)
/* Larger values lie by themselves, so that one can be read without its neighbours. */
#define MOST_MINI_BYTES ((size_t) 256)
/* What LanceDB would misread by itself: as much as a chunk can hold beside its levels, in 2.2 more. */
#define MOST_MINI_VECTOR ((size_t) 9 * 1024)
#define MOST_LARGE_CHUNK ((size_t) 1024 * 1024)
/* Text that is short on the whole stays in chunks even where some is longer. */
#define MOST_MINI_TEXT ((size_t) 8192)
#define MOST_MINI_TEXT_MEAN ((uint64_t) 512)

typedef struct Leaves
{
	LdbLeafPath *paths;
} Leaves;

/* What a walk over the field's tree knows. */
typedef struct Plan
{
	const LdbFieldEncoder *encoder;
	LdbArena *arena;
	Leaves *leaves;
	LdbNewColumn *columns;
	uint32_t count;
	const LdbField *fields[MAX_DEPTH]; /* the way here */
	size_t children[MAX_DEPTH];
} Plan;

/* ---- what the version can store ---- */

static bool
fits_in_packed(const LdbField *field, int version)
{
	const LdbType *item = &field->type;

	if (ldb_type_is_variable(item->kind))
		return version >= 22;
	while (item->kind == LDB_TYPE_FIXED_SIZE_LIST)
		item = item->item;
	return ldb_type_bits(&field->type) > 0 && item->kind != LDB_TYPE_BOOL &&
		   field->type.kind != LDB_TYPE_DICTIONARY;
}

static LdbStatus
check_packed(const LdbField *field, int version, LdbError *err)
{
	uint64_t bits = 0;

	if (field->child_count == 0)
		LDB_FAIL(err, LDB_UNSUPPORTED, "packed struct \"%s\" without fields", field->name);
	for (size_t i = 0; i < field->child_count; i++)
	{
		if (!fits_in_packed(field->children[i], version))
			LDB_FAIL(err, LDB_UNSUPPORTED,
					 "field \"%s\" of packed struct \"%s\" in a file of version 2.%d",
					 field->children[i]->name, field->name, version - 20);
		bits += ldb_type_bits(&field->children[i]->type);
	}
	if (bits > MOST_PACKED_BITS)
		LDB_FAIL(err, LDB_UNSUPPORTED, "packed struct \"%s\" of %llu bytes", field->name,
				 (unsigned long long) bits / 8);
	return LDB_OK;
}

static LdbStatus
check_leaf(const LdbFieldEncoder *encoder, const LdbField *field, LdbError *err)
{
	const LdbType *type = ldb_type_value(&field->type);

	if (field->blob && encoder->version >= 22)
		LDB_FAIL(err, LDB_UNSUPPORTED, "blob column \"%s\" in a file of version 2.2", field->name);
	if (field->blob && !ldb_type_is_variable(type->kind))
		LDB_FAIL(err, LDB_UNSUPPORTED, "blob column \"%s\" of a type that is not binary",
				 field->name);
	if (field->type.kind == LDB_TYPE_STRUCT)
		return check_packed(field, encoder->version, err);
	while (type->kind == LDB_TYPE_FIXED_SIZE_LIST)
	{
		if (type->width <= 0)
			LDB_FAIL(err, LDB_UNSUPPORTED, "fixed-size list \"%s\" of %d items", field->name,
					 (int) type->width);
		type = type->item;
		if (ldb_type_bits(type) == 0)
			LDB_FAIL(err, LDB_UNSUPPORTED, "fixed-size list \"%s\" of values of no fixed width",
					 field->name);
	}
	if (type->kind == LDB_TYPE_FIXED_BINARY && type->width <= 0)
		LDB_FAIL(err, LDB_UNSUPPORTED, "fixed-size binary \"%s\" of %d bytes", field->name,
				 (int) type->width);
	return LDB_OK;
}

static LdbStatus
check_nesting(const LdbFieldEncoder *encoder, const LdbField *field, LdbError *err)
{
	if (field->child_count == 0)
		LDB_FAIL(err, LDB_UNSUPPORTED, "struct \"%s\" without fields", field->name);
	if (field->type.kind == LDB_TYPE_MAP && encoder->version < 22)
	{
		ldb_error_set(err, LDB_UNSUPPORTED, "map \"%s\" in a file of version 2.1", field->name);
		ldb_error_hint(err, "Maps need data storage version 2.2.");
		return LDB_UNSUPPORTED;
	}
	return LDB_OK;
}

/* ---- leaves ---- */

static LdbStatus
add_leaf(Plan *plan, size_t depth, LdbError *err)
{
	LdbLeafPath *path = &plan->leaves->paths[plan->count];
	const LdbField **fields;
	size_t *children;

	LDB_TRY(check_leaf(plan->encoder, plan->fields[depth], err));
	LDB_NEW(plan->arena, fields, depth + 1, err);
	LDB_NEW(plan->arena, children, depth + 1, err);
	memcpy(fields, plan->fields, (depth + 1) * sizeof *fields);
	memcpy(children, plan->children, (depth + 1) * sizeof *children);
	*path = (LdbLeafPath){depth + 1, fields, children};
	plan->columns[plan->count++].field_id = plan->fields[depth]->id;
	return LDB_OK;
}

/* Depth-first, from plan->fields[depth] on. */
static LdbStatus
add_leaves(Plan *plan, size_t depth, LdbError *err)
{
	const LdbField *field = plan->fields[depth];

	if (ldb_field_is_leaf(field))
		return add_leaf(plan, depth, err);
	if (depth + 1 == MAX_DEPTH)
		LDB_FAIL(err, LDB_UNSUPPORTED, "column \"%s\" is nested deeper than %u",
				 plan->fields[0]->name, MAX_DEPTH);
	LDB_TRY(check_nesting(plan->encoder, field, err));
	for (size_t i = 0; i < field->child_count; i++)
	{
		plan->fields[depth + 1] = field->children[i];
		plan->children[depth + 1] = i;
		LDB_TRY(add_leaves(plan, depth + 1, err));
	}
	return LDB_OK;
}

/* ---- pages ---- */

/* A struct above a list: LanceDB's reader gets full-zip pages wrong there once such a struct is null. */
static bool
has_outer_struct(const LdbLeafPath *path)
{
	bool is_list = false;

	for (size_t i = path->length; i-- > 0;)
	{
		if (is_list && !ldb_type_is_list(path->fields[i]->type.kind))
			return true;
		is_list = is_list || ldb_type_is_list(path->fields[i]->type.kind);
	}
	return false;
}

static bool
text_belongs_in_chunks(const LdbLeafPageWriter *page, bool outer_struct)
{
	const LdbLeafValues *values = page->values;
	size_t most = outer_struct && page->version >= 22 ? MOST_LARGE_CHUNK : MOST_MINI_TEXT;

	if (page->shred->levels.rep != NULL)
		return values->longest <= most;
	return values->longest < MOST_MINI_BYTES ||
		   (values->longest <= MOST_MINI_TEXT &&
			values->total_bytes <= MOST_MINI_TEXT_MEAN * values->valid_count);
}

static bool
belongs_in_chunks(const LdbLeafPageWriter *page, const LdbLeafPath *path)
{
	const LdbLeafValues *values = page->values;
	const LdbLevels *levels = &page->shred->levels;
	bool outer_struct = has_outer_struct(path);
	size_t most = outer_struct ? MOST_MINI_VECTOR : MOST_MINI_BYTES;

	if (page->field->type.kind == LDB_TYPE_DICTIONARY)
		return true;
	if (values->packed != NULL)
		return !values->variable;
	if (values->variable)
		return text_belongs_in_chunks(page, outer_struct);
	if (values->value_bytes >= most || values->items_per_value >= most * 8)
		return false;
	/* small vectors without nulls are a plain matrix as well, and used in place */
	return values->fsl_depth == 0 || values->value_bytes == 0 || levels->def != NULL ||
		   levels->rep != NULL || values->fsl_validity[0] != NULL;
}

/* ---- layers that all pages have ---- */

/* A full-zip page below a struct: LanceDB takes null and empty lists for items as soon as the struct may be
 * null, so there it is only said where it is so. */
static bool
is_better_narrow(const LdbLeafPath *path, bool zip, const LdbShred *shred)
{
	bool full = true;

	for (size_t i = 0; i < shred->layers.count; i++)
		full = full && shred->layers.kinds[i] != LDB_LAYER_NULLABLE_LIST &&
			   shred->layers.kinds[i] != LDB_LAYER_EMPTYABLE_LIST &&
			   shred->layers.kinds[i] != LDB_LAYER_NULL_AND_EMPTY_LIST;
	return zip && !full && has_outer_struct(path);
}

static LdbLayer
nullable(LdbLayer kind)
{
	switch (kind)
	{
		case LDB_LAYER_ALL_VALID_ITEM:
			return LDB_LAYER_NULLABLE_ITEM;
		case LDB_LAYER_ALL_VALID_LIST:
			return LDB_LAYER_NULLABLE_LIST;
		case LDB_LAYER_EMPTYABLE_LIST:
			return LDB_LAYER_NULL_AND_EMPTY_LIST;
		default:
			return kind;
	}
}

/*
 * Where lists are, LanceDB's reader does not join pages of which only some have nulls in a struct around a
 * list, or among the values of full-zip pages: it miscounts. Such layers are nullable in every page then,
 * also where no null is, and lists below such structs with them; though not values of full-zip pages
 * below structs around lists, since it does not read null ones among these at all. A file's only page has no
 * other to be joined with.
 */
static LdbStatus
widen_layers(const LdbLeafPath *path, bool zip, LdbShred *shred, LdbArena *arena, LdbError *err)
{
	size_t lists_left = shred->layers.max_rep;
	bool items = zip && !has_outer_struct(path);
	bool below = false;
	LdbLayer *kinds;

	if (shred->layers.max_rep == 0 || is_better_narrow(path, zip, shred))
		return LDB_OK;
	LDB_NEW(arena, kinds, shred->layers.count, err);
	for (size_t i = 0; i < path->length; i++)
	{
		const LdbField *field = path->fields[i];
		size_t layer = path->length - 1 - i;
		bool is_list = ldb_type_is_list(field->type.kind);

		kinds[layer] = shred->layers.kinds[layer];
		lists_left -= is_list;
		if ((is_list ? below : (items || lists_left > 0) && field->nullable))
			kinds[layer] = nullable(kinds[layer]);
		below = !is_list && (below || kinds[layer] == LDB_LAYER_NULLABLE_ITEM);
	}
	return ldb_shred_widen(shred, kinds, arena, err);
}

/* *fits = false: so many lists without items follow each other that no chunk holds their levels. */
static LdbStatus
write_values(const LdbLeafPageWriter *page, bool in_chunks, bool *fits, LdbError *err)
{
	LdbSlice same;

	*fits = true;

	if (page->field->blob)
		return ldb_write_blob(page, err);
	if (page->values->valid_count == 0)
		return ldb_write_constant(page, NULL, err);
	/* without levels: LanceDB reads those of a constant unpacked, two bytes each */
	if (page->version >= 22 && page->shred->levels.def == NULL && page->shred->levels.rep == NULL &&
		page->field->type.kind != LDB_TYPE_DICTIONARY && ldb_values_same(page->values, &same))
		return ldb_write_constant(page, &same, err);
	if (in_chunks)
		return ldb_write_mini(page, fits, err);
	return ldb_write_zip(page, err);
}

/*
 * Where a chunk cannot hold the levels, pages of half the rows do: those without any item need no chunks. A
 * single row goes value by value, and in 2.1 what would take more as the bare levels of such pages. `page` has all but rows, levels and values. Recursion: one level
 * for each halving of the rows.
 */
static LdbStatus
write_rows(const LdbLeafPageWriter *given, const LdbLeafPath *path, const LdbArray *rows,
		   bool whole, LdbError *err)
{
	LdbLeafPageWriter page = *given;
	LdbLeafValues values;
	LdbShred shred;
	LdbArray half;
	bool in_chunks;
	bool fits;

	LDB_CHECK_CANCEL(page.cancel, err);
	LDB_TRY(ldb_shred(path, rows, page.arena, &shred, err));
	LDB_TRY(ldb_leaf_values(page.field, &shred, page.arena, &values, err));
	page.row_count = rows->length;
	page.shred = &shred;
	page.values = &values;
	in_chunks = belongs_in_chunks(&page, path);
	if (!whole)
		LDB_TRY(widen_layers(path, !in_chunks && values.valid_count > 0, &shred, page.arena, err));
	LDB_TRY(write_values(&page, in_chunks, &fits, err));
	if (fits)
		return LDB_OK;
	if (rows->length == 1 || (page.version < 22 && rows->length < shred.levels.entry_count / 4 * 3))
	{
		LDB_TRY(widen_layers(path, true, &shred, page.arena, err));
		return ldb_write_zip(&page, err);
	}
	LDB_TRY(ldb_array_slice(rows, 0, rows->length / 2, page.arena, &half, err));
	LDB_TRY(write_rows(given, path, &half, false, err));
	LDB_TRY(ldb_array_slice(rows, rows->length / 2, rows->length - rows->length / 2, page.arena,
							&half, err));
	return write_rows(given, path, &half, false, err);
}

static LdbStatus
write_leaf(const LdbFieldEncoder *encoder, uint32_t column, const LdbArray *rows, LdbPageSink *sink,
		   LdbArena *scratch, LdbError *err)
{
	const Leaves *leaves = encoder->state;
	const LdbLeafPath *path = &leaves->paths[column];
	LdbLeafPageWriter page = {.field = path->fields[path->length - 1],
							  .version = encoder->version,
							  .cancel = encoder->cancel,
							  .sink = sink,
							  .column = column,
							  .arena = scratch};

	return write_rows(&page, path, rows, encoder->whole, err);
}

static LdbStatus
encode(LdbFieldEncoder *encoder, const LdbArray *rows, LdbPageSink *sink, LdbArena *scratch,
	   LdbError *err)
{
	for (uint32_t column = 0; column < encoder->column_count; column++)
		LDB_TRY(write_leaf(encoder, column, rows, sink, scratch, err));
	return LDB_OK;
}

LdbStatus
ldb_field_encoder_init_v21(LdbFieldEncoder *encoder, LdbArena *arena, LdbError *err)
{
	size_t count = ldb_field_leaf_count(encoder->field);
	Plan plan = {.encoder = encoder, .arena = arena};

	if (count > UINT32_MAX)
		LDB_FAIL(err, LDB_UNSUPPORTED, "column \"%s\" has too many fields", encoder->field->name);
	LDB_NEW(arena, plan.leaves, 1, err);
	LDB_NEW(arena, plan.leaves->paths, count, err);
	LDB_NEW(arena, plan.columns, count, err);
	plan.fields[0] = encoder->field;
	LDB_TRY(add_leaves(&plan, 0, err));
	encoder->column_count = plan.count;
	encoder->columns = plan.columns;
	encoder->state = plan.leaves;
	encoder->encode = encode;
	return LDB_OK;
}
