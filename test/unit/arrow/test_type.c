/* test_type.c -- logical types are understood, named, and refused when they cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "ldb/arrow/type.h"
#include "ldb/base/slice.h"

static void
check_type(const char *logical_type, LdbTypeKind kind, uint64_t bits, const char *name)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbError err = {0};
	LdbType type;

	if (ldb_type_parse(logical_type, arena, &type, &err) != LDB_OK)
		fail_msg("%s: %s", logical_type, err.message);
	assert_int_equal(type.kind, kind);
	assert_int_equal(ldb_type_bits(&type), bits);
	assert_string_equal(ldb_type_name(&type, arena), name);
	ldb_arena_free(arena);
}

static void
knows_every_type_that_lance_writes(void **state)
{
	(void) state;
	check_type("null", LDB_TYPE_NULL, 0, "null");
	check_type("bool", LDB_TYPE_BOOL, 1, "bool");
	check_type("int8", LDB_TYPE_INT8, 8, "int8");
	check_type("uint64", LDB_TYPE_UINT64, 64, "uint64");
	check_type("halffloat", LDB_TYPE_HALF, 16, "half");
	check_type("float", LDB_TYPE_FLOAT, 32, "float");
	check_type("double", LDB_TYPE_DOUBLE, 64, "double");
	check_type("string", LDB_TYPE_STRING, 0, "string");
	check_type("large_binary", LDB_TYPE_LARGE_BINARY, 0, "large_binary");
	check_type("json", LDB_TYPE_LARGE_BINARY, 0, "large_binary");
	check_type("date32:day", LDB_TYPE_DATE32, 32, "date32");
	check_type("date64:ms", LDB_TYPE_DATE64, 64, "date64");
	check_type("time32:s", LDB_TYPE_TIME32, 32, "time32[s]");
	check_type("time64:ns", LDB_TYPE_TIME64, 64, "time64[ns]");
	check_type("duration:ms", LDB_TYPE_DURATION, 64, "duration[ms]");
	check_type("timestamp:us:-", LDB_TYPE_TIMESTAMP, 64, "timestamp[us]");
	check_type("timestamp:ns:Europe/Berlin", LDB_TYPE_TIMESTAMP, 64,
			   "timestamp[ns, Europe/Berlin]");
	check_type("timestamp:s:+05:30", LDB_TYPE_TIMESTAMP, 64, "timestamp[s, +05:30]");
	check_type("decimal:128:38:10", LDB_TYPE_DECIMAL128, 128, "decimal128(38, 10)");
	check_type("decimal:256:76:-3", LDB_TYPE_DECIMAL256, 256, "decimal256(76, -3)");
	check_type("fixed_size_binary:5", LDB_TYPE_FIXED_BINARY, 40, "fixed_size_binary[5]");
	check_type("fixed_size_list:float:128", LDB_TYPE_FIXED_SIZE_LIST, 4096,
			   "fixed_size_list<float, 128>");
	check_type("fixed_size_list:fixed_size_list:int16:2:3", LDB_TYPE_FIXED_SIZE_LIST, 96,
			   "fixed_size_list<fixed_size_list<int16, 2>, 3>");
	check_type("fixed_size_list:timestamp:us:+01:00:4", LDB_TYPE_FIXED_SIZE_LIST, 256,
			   "fixed_size_list<timestamp[us, +01:00], 4>");
	check_type("dict:string:int32:false", LDB_TYPE_DICTIONARY, 0, "dictionary<int32, string>");
	check_type("dict:decimal:128:5:2:uint8:true", LDB_TYPE_DICTIONARY, 128,
			   "dictionary<uint8, decimal128(5, 2)>");
	check_type("struct", LDB_TYPE_STRUCT, 0, "struct");
	check_type("list", LDB_TYPE_LIST, 0, "list");
	check_type("list.struct", LDB_TYPE_LIST, 0, "list");
	check_type("large_list.struct", LDB_TYPE_LARGE_LIST, 0, "large_list");
	check_type("map", LDB_TYPE_MAP, 0, "map");
}

static void
check_refused(const char *logical_type, LdbStatus expected)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbError err = {0};
	LdbType type;

	if (ldb_type_parse(logical_type, arena, &type, &err) != expected)
		fail_msg("%s is not refused as it should", logical_type);
	assert_true(err.message[0] != '\0');
	ldb_arena_free(arena);
}

static void
names_types_that_it_does_not_know(void **state)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbError err;
	LdbType type;

	(void) state;
	assert_int_equal(ldb_type_parse("interval:day", arena, &type, &err), LDB_UNSUPPORTED);
	assert_non_null(strstr(err.message, "interval:day"));
	ldb_arena_free(arena);
	check_refused("", LDB_UNSUPPORTED);
	check_refused("int128", LDB_UNSUPPORTED);
	check_refused("timestamp:h:UTC", LDB_UNSUPPORTED);
	check_refused("decimal:64:5:2", LDB_UNSUPPORTED);
	check_refused("fixed_size_list:string:3", LDB_UNSUPPORTED);
	check_refused("fixed_size_list:lance.bfloat16:3", LDB_UNSUPPORTED);
	check_refused("dict:string:string:false", LDB_UNSUPPORTED);
	check_refused("dict:dict:string:int8:false:int8:false", LDB_UNSUPPORTED);
}

static void
refuses_numbers_that_are_out_of_range(void **state)
{
	(void) state;
	check_refused(NULL, LDB_CORRUPT);
	check_refused("decimal:128:39:0", LDB_CORRUPT);
	check_refused("decimal:128:0:0", LDB_CORRUPT);
	check_refused("decimal:128:5:39", LDB_CORRUPT);
	check_refused("decimal:128:5", LDB_CORRUPT);
	check_refused("fixed_size_binary:0", LDB_CORRUPT);
	check_refused("fixed_size_binary:-1", LDB_CORRUPT);
	check_refused("fixed_size_binary:2147483648", LDB_CORRUPT);
	check_refused("fixed_size_binary:99999999999999999999", LDB_CORRUPT);
	check_refused("fixed_size_list:float:0", LDB_CORRUPT);
	check_refused("fixed_size_list:float:", LDB_CORRUPT);
	check_refused("fixed_size_list:float:1x", LDB_CORRUPT);
	check_refused("fixed_size_list:fixed_size_list:double:2000000000:2000000000", LDB_CORRUPT);
}

static void
does_not_recurse_without_end(void **state)
{
	size_t levels = 20000;
	char *text = calloc(levels, 32);

	(void) state;
	for (size_t i = 0; i < levels; i++)
		strcat(text + i * 16, "fixed_size_list:");
	strcat(text + levels * 16, "int8");
	for (size_t i = 0; i < levels; i++)
		memcpy(text + levels * 16 + 4 + i * 2, ":1", 3);
	check_refused(text, LDB_UNSUPPORTED);
	free(text);
}

static void
finds_fields_by_id_and_name(void **state)
{
	LdbField leaf = {.name = "leaf", .id = 7};
	LdbField *children[] = {&leaf};
	LdbField tree = {.name = "tree", .id = 3, .child_count = 1, .children = children};
	LdbField plain = {.name = "plain", .id = 0};
	LdbField *fields[] = {&plain, &tree};
	LdbSchema schema = {2, fields};

	(void) state;
	assert_ptr_equal(ldb_schema_find(&schema, 7), &leaf);
	assert_ptr_equal(ldb_schema_find(&schema, 0), &plain);
	assert_null(ldb_schema_find(&schema, 1));
	assert_int_equal(ldb_schema_index(&schema, "tree"), 1);
	assert_int_equal(ldb_schema_index(&schema, "leaf"), -1);
	assert_int_equal(ldb_schema_index(&schema, "Tree"), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_every_type_that_lance_writes),
		cmocka_unit_test(names_types_that_it_does_not_know),
		cmocka_unit_test(refuses_numbers_that_are_out_of_range),
		cmocka_unit_test(does_not_recurse_without_end),
		cmocka_unit_test(finds_fields_by_id_and_name),
	};

	return cmocka_run_group_tests_name("type", tests, NULL, NULL);
}
