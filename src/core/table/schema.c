/* schema.c -- the tree of columns, from the flat list of fields that a manifest holds. */
#include "schema.h"

#include <inttypes.h>
#include <stdlib.h>

#define NO_PARENT SIZE_MAX

typedef struct Node
{
	LdbField *field;
	size_t parent;      /* position in the list, or NO_PARENT */
	bool unread;        /* it or something below is of an unknown type */
	const char *reason; /* the logical type that made it so */
} Node;

typedef struct FieldPosition
{
	int32_t id;
	size_t position;
} FieldPosition;

typedef struct Builder
{
	const char *name; /* of the manifest; borrowed */
	LdbArena *arena;
	size_t count;
	Node *nodes;              /* in the order of the manifest */
	FieldPosition *positions; /* ascending ids */
} Builder;

static int
compare_positions(const void *left, const void *right)
{
	int32_t a = ((const FieldPosition *) left)->id;
	int32_t b = ((const FieldPosition *) right)->id;

	return (a > b) - (a < b);
}

static const char *
text_or_empty(const char *text)
{
	return text == NULL ? "" : text;
}

static LdbSlice
metadata_value(const LdbField *field, const char *key)
{
	for (size_t i = 0; i < field->metadata_count; i++)
	{
		if (strcmp(field->metadata_keys[i], key) == 0)
			return field->metadata_values[i];
	}
	return ldb_slice(NULL, 0);
}

static bool
metadata_is(const LdbField *field, const char *key, const char *value)
{
	return ldb_slice_equal(metadata_value(field, key), ldb_slice_of(value));
}

static LdbStatus
copy_metadata(const Ldb__Field *message, LdbArena *arena, LdbField *field, LdbError *err)
{
	LdbSlice *values;

	field->metadata_count = message->n_metadata;
	if (message->n_metadata == 0)
		return LDB_OK;
	LDB_NEW(arena, field->metadata_keys, message->n_metadata, err);
	LDB_NEW(arena, values, message->n_metadata, err);
	for (size_t i = 0; i < message->n_metadata; i++)
	{
		const Ldb__MetadataEntry *entry = message->metadata[i];

		field->metadata_keys[i] = text_or_empty(entry->key);
		values[i] = ldb_slice(entry->value.data, entry->value.len);
	}
	field->metadata_values = values;
	return LDB_OK;
}

/* Types that are stored as ordinary ones but mean something that we do not know. */
static bool
is_foreign_extension(const LdbField *field)
{
	return metadata_is(field, "ARROW:extension:name", "lance.blob.v2");
}

static LdbStatus
build_field(Builder *builder, const Ldb__Field *message, Node *node, LdbError *err)
{
	LdbField *field;
	LdbStatus status;

	LDB_NEW(builder->arena, field, 1, err);
	field->name = text_or_empty(message->name);
	field->logical_type = text_or_empty(message->logical_type);
	field->id = message->id;
	field->parent_id = message->parent_id;
	field->nullable = message->nullable;
	LDB_TRY(copy_metadata(message, builder->arena, field, err));
	field->packed = metadata_is(field, "packed", "true") ||
					metadata_value(field, "lance-encoding:packed").data != NULL;
	field->blob = metadata_is(field, "lance-encoding:blob", "true") ||
				  strcmp(field->logical_type, "blob") == 0;
	node->field = field;
	if (field->id < 0)
		LDB_FAIL(err, LDB_CORRUPT, "manifest \"%s\": column \"%s\" has the id %" PRId32,
				 builder->name, field->name, field->id);
	status = ldb_type_parse(field->logical_type, builder->arena, &field->type, err);
	if (status == LDB_UNSUPPORTED || (status == LDB_OK && is_foreign_extension(field)))
	{
		node->unread = true;
		node->reason = status == LDB_OK ? "lance.blob.v2" : field->logical_type;
		return LDB_OK;
	}
	if (status != LDB_OK)
		ldb_error_prefix(err, "manifest \"%s\": column \"%s\"", builder->name, field->name);
	return status;
}

static LdbStatus
index_ids(Builder *builder, LdbError *err)
{
	LDB_NEW(builder->arena, builder->positions, builder->count, err);
	for (size_t i = 0; i < builder->count; i++)
		builder->positions[i] = (FieldPosition){builder->nodes[i].field->id, i};
	qsort(builder->positions, builder->count, sizeof builder->positions[0], compare_positions);
	for (size_t i = 1; i < builder->count; i++)
	{
		if (builder->positions[i].id == builder->positions[i - 1].id)
			LDB_FAIL(err, LDB_CORRUPT, "manifest \"%s\": two columns have the id %" PRId32,
					 builder->name, builder->positions[i].id);
	}
	return LDB_OK;
}

static LdbStatus
find_parents(Builder *builder, LdbError *err)
{
	for (size_t i = 0; i < builder->count; i++)
	{
		Node *node = &builder->nodes[i];
		FieldPosition wanted = {node->field->parent_id, 0};
		const FieldPosition *found;

		node->parent = NO_PARENT;
		if (node->field->parent_id == -1)
			continue;
		found =
			bsearch(&wanted, builder->positions, builder->count, sizeof wanted, compare_positions);
		if (found == NULL)
			LDB_FAIL(err, LDB_CORRUPT,
					 "manifest \"%s\": column \"%s\" names the parent %" PRId32
					 ", which does not exist",
					 builder->name, node->field->name, node->field->parent_id);
		node->parent = found->position;
	}
	return LDB_OK;
}

/* Every way up must end within the allowed depth; one that does not is too deep or a circle. */
static LdbStatus
check_depth(const Builder *builder, LdbError *err)
{
	for (size_t i = 0; i < builder->count; i++)
	{
		size_t at = i;
		size_t steps = 0;

		while (builder->nodes[at].parent != NO_PARENT && steps <= builder->count)
		{
			at = builder->nodes[at].parent;
			steps++;
		}
		if (builder->nodes[at].parent != NO_PARENT)
			LDB_FAIL(err, LDB_CORRUPT, "manifest \"%s\": column \"%s\" lies within itself",
					 builder->name, builder->nodes[i].field->name);
		if (steps >= LDB_SCHEMA_MAX_DEPTH)
			LDB_FAIL(err, LDB_UNSUPPORTED,
					 "manifest \"%s\": column \"%s\" is nested deeper than %d levels",
					 builder->name, builder->nodes[i].field->name, LDB_SCHEMA_MAX_DEPTH);
	}
	return LDB_OK;
}

static LdbStatus
link_children(Builder *builder, LdbError *err)
{
	size_t *filled;

	LDB_NEW(builder->arena, filled, builder->count, err);
	for (size_t i = 0; i < builder->count; i++)
	{
		if (builder->nodes[i].parent != NO_PARENT)
			builder->nodes[builder->nodes[i].parent].field->child_count++;
	}
	for (size_t i = 0; i < builder->count; i++)
	{
		LdbField *field = builder->nodes[i].field;

		if (field->child_count > 0)
			LDB_NEW(builder->arena, field->children, field->child_count, err);
	}
	for (size_t i = 0; i < builder->count; i++)
	{
		size_t parent = builder->nodes[i].parent;

		if (parent != NO_PARENT)
			builder->nodes[parent].field->children[filled[parent]++] = builder->nodes[i].field;
	}
	return LDB_OK;
}

static bool
has_right_children(const LdbField *field)
{
	switch (field->type.kind)
	{
		case LDB_TYPE_STRUCT:
			return true;
		case LDB_TYPE_LIST:
		case LDB_TYPE_LARGE_LIST:
			return field->child_count == 1;
		case LDB_TYPE_MAP:
			return field->child_count == 1 && field->children[0]->type.kind == LDB_TYPE_STRUCT &&
				   field->children[0]->child_count == 2;
		default:
			return field->child_count == 0;
	}
}

static void
mark_unread(Builder *builder, size_t position)
{
	const char *reason = builder->nodes[position].reason;

	while (builder->nodes[position].parent != NO_PARENT)
	{
		position = builder->nodes[position].parent;
		builder->nodes[position].unread = true;
		builder->nodes[position].reason = reason;
	}
}

static LdbStatus
check_shapes(Builder *builder, LdbError *err)
{
	for (size_t i = 0; i < builder->count; i++)
	{
		if (builder->nodes[i].unread)
			mark_unread(builder, i);
	}
	for (size_t i = 0; i < builder->count; i++)
	{
		const Node *node = &builder->nodes[i];

		if (!node->unread && !has_right_children(node->field))
			LDB_FAIL(err, LDB_CORRUPT,
					 "manifest \"%s\": column \"%s\" of type \"%s\" has %zu children",
					 builder->name, node->field->name, node->field->logical_type,
					 node->field->child_count);
	}
	return LDB_OK;
}

static LdbStatus
list_top_level(const Builder *builder, LdbManifest *manifest, LdbError *err)
{
	LDB_NEW(builder->arena, manifest->schema.fields, builder->count, err);
	LDB_NEW(builder->arena, manifest->unread, builder->count, err);
	for (size_t i = 0; i < builder->count; i++)
	{
		const Node *node = &builder->nodes[i];

		if (node->parent != NO_PARENT)
			continue;
		if (node->unread)
			manifest->unread[manifest->unread_count++] =
				(LdbUnreadColumn){node->field->name, node->reason};
		else
			manifest->schema.fields[manifest->schema.field_count++] = node->field;
	}
	return LDB_OK;
}

LdbStatus
ldb_schema_build(Ldb__Field *const *fields, size_t field_count, const char *name, LdbArena *arena,
				 LdbManifest *manifest, LdbError *err)
{
	Builder builder = {name, arena, field_count, NULL, NULL};

	manifest->max_field_id = -1;
	LDB_NEW(arena, builder.nodes, field_count, err);
	for (size_t i = 0; i < field_count; i++)
	{
		LDB_TRY(build_field(&builder, fields[i], &builder.nodes[i], err));
		if (fields[i]->id > manifest->max_field_id)
			manifest->max_field_id = fields[i]->id;
	}
	LDB_TRY(index_ids(&builder, err));
	LDB_TRY(find_parents(&builder, err));
	LDB_TRY(check_depth(&builder, err));
	LDB_TRY(link_children(&builder, err));
	LDB_TRY(check_shapes(&builder, err));
	return list_top_level(&builder, manifest, err);
}
