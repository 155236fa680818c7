/* column21.c -- the decoder of versions 2.1 and 2.2: leaves joined into one nested array. */
#include <string.h>

#include "leaves.h"
#include "page_impl.h"

#define MAX_DEPTH 64u

/* A field of the tree. Its validity and offsets come from any leaf below it: the guide. */
typedef struct Node
{
	const LdbField *field;
	size_t child_count; /* 0 for leaves */
	struct Node *children;
	size_t leaf;  /* of a leaf with a source: its number */
	size_t guide; /* number of the first leaf with a source below, or itself; NO_LEAF = none */
	size_t layer; /* of this field in the guide's layers */
} Node;

#define NO_LEAF SIZE_MAX

typedef struct Decoder
{
	Node root;
	size_t leaf_count;
	LdbLeaf **leaves; /* owned; the array is the reader's arena's */
} Decoder;

/* What the leaves gave in one call. */
typedef struct LeafResult
{
	LdbShape shape;
	LdbArray values;
} LeafResult;

typedef struct Assembly
{
	const LeafResult *results;
	LdbArena *arena;
} Assembly;

/* path[0 .. depth] leads from the top-level field to this one. */
static LdbStatus
open_leaf(LdbColumnReader *reader, Decoder *decoder, Node *node, const LdbField **path,
		  size_t depth, LdbError *err)
{
	const LdbColumnSource *source = ldb_column_source(reader, node->field->id);
	const LdbField *outward[MAX_DEPTH];

	if (source == NULL)
		return LDB_OK;
	for (size_t i = 0; i <= depth; i++)
		outward[i] = path[depth - i];
	LDB_TRY(ldb_leaf_open(outward, depth + 1, source, reader->row_count, reader->arena,
						  &decoder->leaves[decoder->leaf_count], err));
	node->leaf = decoder->leaf_count++;
	node->guide = node->leaf;
	node->layer = 0;
	return LDB_OK;
}

static LdbStatus
build(LdbColumnReader *reader, Decoder *decoder, Node *node, const LdbField **path, size_t depth,
	  LdbError *err)
{
	const LdbField *field = path[depth];

	node->field = field;
	node->leaf = NO_LEAF;
	node->guide = NO_LEAF;
	if (ldb_field_is_leaf(field))
		return open_leaf(reader, decoder, node, path, depth, err);
	if (depth + 1 == MAX_DEPTH)
		LDB_FAIL(err, LDB_UNSUPPORTED, "column \"%s\" is nested deeper than %u",
				 reader->field->name, MAX_DEPTH);
	if (field->type.kind != LDB_TYPE_STRUCT && field->child_count != 1)
		LDB_FAIL(err, LDB_CORRUPT, "list \"%s\" has %zu children", field->name, field->child_count);
	LDB_NEW(reader->arena, node->children, field->child_count, err);
	node->child_count = field->child_count;
	for (size_t i = 0; i < field->child_count; i++)
	{
		Node *child = &node->children[i];

		path[depth + 1] = field->children[i];
		LDB_TRY(build(reader, decoder, child, path, depth + 1, err));
		if (node->guide != NO_LEAF || child->guide == NO_LEAF)
			continue;
		node->guide = child->guide;
		node->layer = child->layer + 1;
	}
	return LDB_OK;
}

/* ---- reading ---- */

static LdbStatus assemble(const Assembly *assembly, const Node *node, size_t length, LdbArray *out,
						  LdbError *err);

static LdbStatus
check_length(const Node *node, size_t have, size_t length, LdbError *err)
{
	if (have != length)
		LDB_FAIL(err, LDB_CORRUPT, "field \"%s\" has %zu values where %zu are nested",
				 node->field->name, have, length);
	return LDB_OK;
}

static LdbStatus
assemble_children(const Assembly *assembly, const Node *node, size_t length, LdbArray *out,
				  LdbError *err)
{
	LDB_NEW(assembly->arena, out->children, node->child_count, err);
	out->child_count = node->child_count;
	for (size_t i = 0; i < node->child_count; i++)
		LDB_TRY(assemble(assembly, &node->children[i], length, &out->children[i], err));
	return LDB_OK;
}

/* Depth is bounded by build(). */
static LdbStatus
assemble(const Assembly *assembly, const Node *node, size_t length, LdbArray *out, LdbError *err)
{
	const LdbShapeLayer *layer;

	if (node->guide == NO_LEAF)
		return ldb_array_nulls(node->field, length, assembly->arena, out, err);
	if (node->leaf != NO_LEAF)
	{
		*out = assembly->results[node->leaf].values;
		return check_length(node, out->length, length, err);
	}
	layer = &assembly->results[node->guide].shape.layers[node->layer];
	LDB_TRY(check_length(node, layer->length, length, err));
	memset(out, 0, sizeof *out);
	out->type = &node->field->type;
	out->length = length;
	out->null_count = layer->null_count;
	out->validity = layer->null_count == 0 ? NULL : layer->validity;
	out->offsets = layer->offsets;
	if (layer->is_list)
		length = (size_t) layer->offsets[length];
	return assemble_children(assembly, node, length, out, err);
}

static LdbStatus
read_rows(LdbColumnReader *reader, const LdbRowRange *ranges, size_t range_count, size_t rows,
		  LdbArena *arena, LdbArray *out, const LdbCancel *cancel, LdbError *err)
{
	const Decoder *decoder = reader->state;
	Assembly assembly = {NULL, arena};
	LeafResult *results;

	LDB_NEW(arena, results, decoder->leaf_count, err);
	for (size_t i = 0; i < decoder->leaf_count; i++)
		LDB_TRY(ldb_leaf_read(decoder->leaves[i], ranges, range_count, rows, arena,
							  &results[i].shape, &results[i].values, cancel, err));
	assembly.results = results;
	return assemble(&assembly, &decoder->root, rows, out, err);
}

static void
close_decoder(LdbColumnReader *reader)
{
	Decoder *decoder = reader->state;

	for (size_t i = 0; i < decoder->leaf_count; i++)
		ldb_leaf_close(decoder->leaves[i]);
}

static const LdbColumnOps ops = {read_rows, close_decoder};

LdbStatus
ldb_column_init_v21(LdbColumnReader *reader, LdbError *err)
{
	const LdbField *path[MAX_DEPTH];
	Decoder *decoder;
	LdbStatus status;

	LDB_NEW(reader->arena, decoder, 1, err);
	LDB_NEW(reader->arena, decoder->leaves, ldb_field_leaf_count(reader->field), err);
	reader->ops = &ops;
	reader->state = decoder;
	path[0] = reader->field;
	status = build(reader, decoder, &decoder->root, path, 0, err);
	if (status != LDB_OK)
		close_decoder(reader);
	return status;
}
