/*
 * type.h -- the type and the name of a column: Lance's logical types as a tree.
 *
 * Source: Lance Field messages; docs/format.md, "The manifest file".
 * Ownership: everything lives in the arena of the schema (a manifest or a file).
 */
#ifndef LDB_ARROW_TYPE_H
#define LDB_ARROW_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ldb/base/arena.h"
#include "ldb/base/error.h"

typedef enum LdbTypeKind
{
	LDB_TYPE_NULL,
	LDB_TYPE_BOOL,
	LDB_TYPE_INT8,
	LDB_TYPE_UINT8,
	LDB_TYPE_INT16,
	LDB_TYPE_UINT16,
	LDB_TYPE_INT32,
	LDB_TYPE_UINT32,
	LDB_TYPE_INT64,
	LDB_TYPE_UINT64,
	LDB_TYPE_HALF,
	LDB_TYPE_FLOAT,
	LDB_TYPE_DOUBLE,
	LDB_TYPE_DECIMAL128,
	LDB_TYPE_DECIMAL256,
	LDB_TYPE_STRING,
	LDB_TYPE_LARGE_STRING,
	LDB_TYPE_BINARY,
	LDB_TYPE_LARGE_BINARY,
	LDB_TYPE_FIXED_BINARY,
	LDB_TYPE_DATE32,    /* int32 days since 1970-01-01 */
	LDB_TYPE_DATE64,    /* int64 milliseconds since 1970-01-01 */
	LDB_TYPE_TIME32,    /* int32, unit s or ms */
	LDB_TYPE_TIME64,    /* int64, unit us or ns */
	LDB_TYPE_TIMESTAMP, /* int64 since 1970-01-01 UTC */
	LDB_TYPE_DURATION,  /* int64 */
	LDB_TYPE_DICTIONARY,
	LDB_TYPE_FIXED_SIZE_LIST, /* item type in `item`, no child field */
	LDB_TYPE_LIST,
	LDB_TYPE_LARGE_LIST,
	LDB_TYPE_STRUCT,
	LDB_TYPE_MAP /* one child: struct "entries" of key and value */
} LdbTypeKind;

typedef enum LdbTimeUnit
{
	LDB_UNIT_NONE,
	LDB_UNIT_S,
	LDB_UNIT_MS,
	LDB_UNIT_US,
	LDB_UNIT_NS
} LdbTimeUnit;

typedef struct LdbType
{
	LdbTypeKind kind;
	LdbTimeUnit unit;            /* time, timestamp, duration */
	const char *timezone;        /* timestamp: NULL = without zone; arena */
	int32_t precision;           /* decimal */
	int32_t scale;               /* decimal; may be negative */
	int32_t width;               /* fixed binary: bytes; fixed_size_list: dimension */
	const struct LdbType *item;  /* fixed_size_list: item; dictionary: value; arena */
	const struct LdbType *index; /* dictionary: key type; arena */
} LdbType;

typedef struct LdbField
{
	const char *name;         /* arena */
	const char *logical_type; /* as stored; arena */
	LdbType type;
	int32_t id;
	int32_t parent_id; /* -1 = top level */
	bool nullable;
	bool packed; /* packed struct: one physical column for all children */
	bool blob;   /* blob column: pages hold positions, bytes lie elsewhere in the file */
	size_t child_count;
	struct LdbField **children; /* list: item; map: entries; struct: fields; arena */
	size_t metadata_count;
	const char **metadata_keys;      /* arena */
	const LdbSlice *metadata_values; /* arena */
} LdbField;

typedef struct LdbSchema
{
	size_t field_count;
	LdbField **fields; /* top level, in order; arena */
} LdbSchema;

/*
 * Parses a logical type such as "timestamp:us:UTC" or "fixed_size_list:float:128".
 * Errors: LDB_UNSUPPORTED names a type we do not know; LDB_CORRUPT numbers out of range.
 */
LdbStatus ldb_type_parse(const char *logical_type, LdbArena *arena, LdbType *type, LdbError *err);

/* Bits of one stored value of a fixed-width type (bool 1, fixed_size_list item bits * width),
 * 0 for null, strings, binaries, lists, structs, maps. A dictionary has its value's width. */
uint64_t ldb_type_bits(const LdbType *type);

/* What a dictionary holds, or the type itself. */
const LdbType *ldb_type_value(const LdbType *type);

/* With all types and texts below it; nested as deep as ldb_type_parse allows. */
LdbStatus ldb_type_copy(const LdbType *type, LdbArena *arena, LdbType *copy, LdbError *err);

/* A name for messages: "fixed_size_list<float, 128>", "timestamp[us, UTC]". */
const char *ldb_type_name(const LdbType *type, LdbArena *arena);

/* True for STRING, LARGE_STRING, BINARY, LARGE_BINARY: values are views. */
bool ldb_type_is_variable(LdbTypeKind kind);

/* True for LIST, LARGE_LIST, MAP: values are runs of items of any length. */
bool ldb_type_is_list(LdbTypeKind kind);

/* The field itself and all below it. */
size_t ldb_field_count(const LdbField *field);

/* The field with this id anywhere in the tree, or NULL. */
LdbField *ldb_schema_find(const LdbSchema *schema, int32_t id);

/* The position of the top-level field with this name (exact bytes), or -1. */
long ldb_schema_index(const LdbSchema *schema, const char *name);

#endif
