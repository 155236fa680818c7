/* test_codec.c -- value encodings are held against the column's type before they are used. */
#include "file21.h"

#include "page_impl.h"

static const LdbType int32_type = {.kind = LDB_TYPE_INT32};
static const LdbType bool_type = {.kind = LDB_TYPE_BOOL};
static const LdbType string_type = {.kind = LDB_TYPE_STRING};
static const LdbType pair_type = {
	.kind = LDB_TYPE_FIXED_SIZE_LIST, .width = 2, .item = &int32_type};
static const LdbType bits_type = {
	.kind = LDB_TYPE_FIXED_SIZE_LIST, .width = 64, .item = &bool_type};

static void
accepts(Draft *draft, const E *values, const LdbType *type, LdbCodec *codec)
{
	if (ldb_codec_compile(values, type, NULL, false, draft->arena, codec, &draft->err) != LDB_OK)
		fail_msg("%s", draft->err.message);
}

static void
refuses(Draft *draft, const E *values, const LdbType *type, LdbStatus expected, const char *words)
{
	LdbCodec codec;
	LdbStatus status =
		ldb_codec_compile(values, type, NULL, false, draft->arena, &codec, &draft->err);

	if (status != expected || strstr(draft->err.message, words) == NULL)
		fail_msg("status %d: \"%s\", wanted %d: \"%s\"", (int) status, draft->err.message,
				 (int) expected, words);
}

static void
follows_wrappers_inward(void **state)
{
	LdbCodec codec;
	Draft draft;

	(void) state;
	draft_start(&draft, 0);
	accepts(&draft, general(&draft, 2, split(&draft, 32)), &int32_type, &codec);
	assert_int_equal(codec.kind, LDB_CODEC_SPLIT);
	assert_int_equal(codec.general, 2);
	accepts(&draft, fixed_size_list(&draft, 2, true, flat(&draft, 32)), &pair_type, &codec);
	assert_int_equal(codec.fsl_depth, 1);
	assert_int_equal(codec.buffer_count, 2);
	assert_int_equal(codec.value_bytes, 8);
	accepts(&draft, runs(&draft, 32, 8), &int32_type, &codec);
	assert_int_equal(codec.buffer_count, 2);
	accepts(&draft, flat(&draft, 1), &bool_type, &codec);
	draft_end(&draft);
}

static void
refuses_values_of_another_width(void **state)
{
	Draft draft;

	(void) state;
	draft_start(&draft, 0);
	refuses(&draft, flat(&draft, 64), &int32_type, LDB_CORRUPT, "64 bits in a column of 32");
	refuses(&draft, flat(&draft, 12), &int32_type, LDB_CORRUPT, "12 bits");
	refuses(&draft, flat(&draft, UINT64_MAX), &int32_type, LDB_CORRUPT, "bits");
	refuses(&draft, flat(&draft, 0), &string_type, LDB_CORRUPT, "column of strings");
	refuses(&draft, bitpacked(&draft, 24), &int32_type, LDB_CORRUPT, "24 bits do not exist");
	refuses(&draft, variable(&draft, 32), &int32_type, LDB_CORRUPT, "variable width");
	refuses(&draft, variable(&draft, 16), &string_type, LDB_CORRUPT, "offsets of 16 bits");
	refuses(&draft, runs(&draft, 1, 8), &bool_type, LDB_CORRUPT, "compressed values of 1 bits");
	draft_end(&draft);
}

static void
refuses_lists_of_another_shape(void **state)
{
	Draft draft;
	E *inner;

	(void) state;
	draft_start(&draft, 0);
	refuses(&draft, fixed_size_list(&draft, 4, false, flat(&draft, 16)), &pair_type, LDB_CORRUPT,
			"another shape");
	refuses(&draft, fixed_size_list(&draft, UINT64_MAX, false, flat(&draft, 32)), &pair_type,
			LDB_CORRUPT, "");
	refuses(&draft, fixed_size_list(&draft, 2, false, bitpacked(&draft, 32)), &pair_type,
			LDB_UNSUPPORTED, "not flat");
	refuses(&draft, bitpacked(&draft, 64), &bits_type, LDB_CORRUPT, "single bits");
	refuses(&draft, runs(&draft, 64, 8), &bits_type, LDB_CORRUPT, "single bits");
	inner = flat(&draft, 32);
	for (int i = 0; i <= LDB_MAX_FSL_DEPTH; i++)
		inner = fixed_size_list(&draft, 1, false, inner);
	refuses(&draft, inner, &pair_type, LDB_UNSUPPORTED, "nested deeper");
	draft_end(&draft);
}

static void
names_encodings_that_are_not_known(void **state)
{
	E unknown = LDB__COMPRESSIVE_ENCODING__INIT;
	Ldb__Empty empty = LDB__EMPTY__INIT;
	Draft draft;

	(void) state;
	draft_start(&draft, 0);
	refuses(&draft, NULL, &int32_type, LDB_CORRUPT, "missing");
	refuses(&draft, &unknown, &int32_type, LDB_UNSUPPORTED, "encoding 0");
	unknown.kind_case = LDB__COMPRESSIVE_ENCODING__KIND_DELTA;
	unknown.delta = &empty;
	refuses(&draft, &unknown, &int32_type, LDB_UNSUPPORTED, "encoding 15");
	refuses(&draft, general(&draft, 9, flat(&draft, 32)), &int32_type, LDB_UNSUPPORTED, "scheme 9");
	refuses(&draft, general(&draft, 1, general(&draft, 2, flat(&draft, 32))), &int32_type,
			LDB_UNSUPPORTED, "within general");
	draft_end(&draft);
}

static void
takes_dictionary_indices_of_any_width(void **state)
{
	LdbCodec codec;
	Draft draft;

	(void) state;
	draft_start(&draft, 0);
	for (uint64_t bits = 8; bits <= 64; bits *= 2)
		assert_int_equal(ldb_codec_compile(flat(&draft, bits), &string_type, NULL, true,
										   draft.arena, &codec, NULL),
						 LDB_OK);
	assert_int_equal(ldb_codec_compile(variable(&draft, 32), &string_type, NULL, true, draft.arena,
									   &codec, NULL),
					 LDB_CORRUPT);
	draft_end(&draft);
}

static void
refuses_packed_structs_of_other_fields(void **state)
{
	LdbField text = leaf_field(LDB_TYPE_STRING);
	LdbField number = leaf_field(LDB_TYPE_INT16);
	LdbField *children[1] = {&text};
	LdbField packed = leaf_field(LDB_TYPE_STRUCT);
	Ldb__CompressiveEncoding__Constant value = LDB__COMPRESSIVE_ENCODING__CONSTANT__INIT;
	E constant = LDB__COMPRESSIVE_ENCODING__INIT;
	uint64_t bits[] = {32};
	LdbCodec codec;
	Draft draft;

	(void) state;
	packed.children = children;
	packed.child_count = 1;
	draft_start(&draft, 0);
	assert_int_equal(ldb_codec_compile(flat(&draft, 0), &packed.type, &packed, false, draft.arena,
									   &codec, &draft.err),
					 LDB_UNSUPPORTED);
	children[0] = &number;
	assert_int_equal(ldb_codec_compile(packed_struct(&draft, bits, 1, flat(&draft, 32)),
									   &packed.type, &packed, false, draft.arena, &codec,
									   &draft.err),
					 LDB_CORRUPT);
	constant.kind_case = LDB__COMPRESSIVE_ENCODING__KIND_CONSTANT;
	constant.constant = &value;
	value.has_value = 1;
	value.value = (ProtobufCBinaryData){2, (uint8_t[]){1, 2}};
	assert_int_equal(
		ldb_codec_compile(&constant, &packed.type, &packed, false, draft.arena, &codec, &draft.err),
		LDB_UNSUPPORTED);
	bits[0] = 16;
	assert_int_equal(ldb_codec_compile(packed_struct(&draft, bits, 1, flat(&draft, 16)),
									   &packed.type, &packed, false, draft.arena, &codec,
									   &draft.err),
					 LDB_OK);
	draft_end(&draft);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_wrappers_inward),
		cmocka_unit_test(refuses_values_of_another_width),
		cmocka_unit_test(refuses_lists_of_another_shape),
		cmocka_unit_test(names_encodings_that_are_not_known),
		cmocka_unit_test(takes_dictionary_indices_of_any_width),
		cmocka_unit_test(refuses_packed_structs_of_other_fields),
	};

	return cmocka_run_group_tests_name("codec", tests, NULL, NULL);
}
