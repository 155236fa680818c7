/* ldb_dump.c -- prints the rows of a Lance dataset as JSON, or measures how fast they are read. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ldb/simd/distance.h"
#include "ldb/store/mapping.h"
#include "ldb/table/dataset.h"
#include "ldb/table/scan.h"

#define MAX_COLUMNS 1024

typedef struct Options
{
	LdbVersionChoice choice;
	const char *path;
	const char *names[MAX_COLUMNS];
	size_t name_count;
	bool measure;
} Options;

static void print_value(const LdbArray *array, size_t row);

static void
print_text(LdbSlice text)
{
	putchar('"');
	for (size_t i = 0; i < text.length; i++)
	{
		unsigned char c = text.data[i];

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void
print_hex(LdbSlice bytes)
{
	putchar('"');
	for (size_t i = 0; i < bytes.length; i++)
		printf("%02x", bytes.data[i]);
	putchar('"');
}

static void
print_number(double value)
{
	if (isnan(value))
		printf("\"NaN\"");
	else if (isinf(value))
		printf(value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
	else if (value == 0 && signbit(value))
		printf("\"-0\"");
	else
		printf("%.17g", value);
}

static uint32_t
divide_by_ten(uint32_t *words, int count)
{
	uint64_t rest = 0;

	for (int i = count - 1; i >= 0; i--)
	{
		uint64_t part = rest << 32 | words[i];

		words[i] = (uint32_t) (part / 10);
		rest = part % 10;
	}
	return (uint32_t) rest;
}

static void
print_decimal(const uint8_t *bytes, int word_count, int scale)
{
	bool negative = bytes[word_count * 4 - 1] & 0x80;
	uint64_t carry = 1;
	uint32_t words[8];
	char digits[100];
	int length = 0;

	memcpy(words, bytes, (size_t) word_count * 4);
	for (int i = 0; negative && i < word_count; i++)
	{
		carry += (uint32_t) ~words[i];
		words[i] = (uint32_t) carry;
		carry >>= 32;
	}
	while (length < 90)
	{
		bool zero = true;

		for (int i = 0; i < word_count; i++)
			zero = zero && words[i] == 0;
		if (zero && length > scale)
			break;
		digits[length++] = (char) ('0' + divide_by_ten(words, word_count));
	}
	printf("\"%s", negative ? "-" : "");
	for (int i = length - 1; i >= 0; i--)
		printf("%c%s", digits[i], i == scale && scale > 0 ? "." : "");
	putchar('"');
}

static void
print_list(const LdbArray *array, int64_t first, int64_t end)
{
	putchar('[');
	for (int64_t i = first; i < end; i++)
	{
		if (i > first)
			putchar(',');
		print_value(&array->children[0], (size_t) i);
	}
	putchar(']');
}

/* entries as [key, value] */
static void
print_map(const LdbArray *array, int64_t first, int64_t end)
{
	const LdbArray *entries = &array->children[0];

	putchar('[');
	for (int64_t i = first; i < end; i++)
	{
		printf(i > first ? ",[" : "[");
		print_value(&entries->children[0], (size_t) i);
		putchar(',');
		print_value(&entries->children[1], (size_t) i);
		putchar(']');
	}
	putchar(']');
}

/* Names of struct fields are not part of an array; a list of the values in order is enough. */
static void
print_struct(const LdbArray *array, size_t row)
{
	putchar('[');
	for (size_t i = 0; i < array->child_count; i++)
	{
		if (i > 0)
			putchar(',');
		print_value(&array->children[i], row);
	}
	putchar(']');
}

static void
print_fixed(const LdbArray *array, const uint8_t *at)
{
	uint16_t half;
	float single;
	double number;

	switch (array->type->kind)
	{
		case LDB_TYPE_INT8:
			printf("%d", (int8_t) *at);
			break;
		case LDB_TYPE_UINT8:
			printf("%u", *at);
			break;
		case LDB_TYPE_INT16:
			printf("%d", (int16_t) ldb_load_u16(at));
			break;
		case LDB_TYPE_UINT16:
			printf("%u", ldb_load_u16(at));
			break;
		case LDB_TYPE_INT32:
			printf("%" PRId32, (int32_t) ldb_load_u32(at));
			break;
		case LDB_TYPE_UINT32:
			printf("%" PRIu32, ldb_load_u32(at));
			break;
		case LDB_TYPE_UINT64:
			printf("\"%" PRIu64 "\"", ldb_load_u64(at));
			break;
		case LDB_TYPE_HALF:
			half = ldb_load_u16(at);
			ldb_kernels->f16_to_f32(&half, &single, 1);
			print_number((double) single);
			break;
		case LDB_TYPE_FLOAT:
			memcpy(&single, at, sizeof single);
			print_number((double) single);
			break;
		case LDB_TYPE_DOUBLE:
			memcpy(&number, at, sizeof number);
			print_number(number);
			break;
		case LDB_TYPE_DECIMAL128:
			print_decimal(at, 4, array->type->scale);
			break;
		case LDB_TYPE_DECIMAL256:
			print_decimal(at, 8, array->type->scale);
			break;
		case LDB_TYPE_FIXED_BINARY:
			print_hex(ldb_slice(at, (size_t) array->type->width));
			break;
		case LDB_TYPE_DATE32:
		case LDB_TYPE_TIME32:
			printf("\"%" PRId32 "\"", (int32_t) ldb_load_u32(at));
			break;
		default:
			printf("\"%" PRId64 "\"", (int64_t) ldb_load_u64(at));
			break;
	}
}

static void
print_value(const LdbArray *array, size_t row)
{
	int64_t width = array->type->width;

	if (ldb_array_is_null(array, row))
	{
		printf("null");
		return;
	}
	switch (array->type->kind)
	{
		case LDB_TYPE_BOOL:
			printf(ldb_bit_get(array->values, row) ? "true" : "false");
			break;
		case LDB_TYPE_STRING:
		case LDB_TYPE_LARGE_STRING:
			print_text(array->views[row]);
			break;
		case LDB_TYPE_BINARY:
		case LDB_TYPE_LARGE_BINARY:
			print_hex(array->views[row]);
			break;
		case LDB_TYPE_FIXED_SIZE_LIST:
			print_list(array, (int64_t) row * width, (int64_t) (row + 1) * width);
			break;
		case LDB_TYPE_LIST:
		case LDB_TYPE_LARGE_LIST:
			print_list(array, array->offsets[row], array->offsets[row + 1]);
			break;
		case LDB_TYPE_MAP:
			print_map(array, array->offsets[row], array->offsets[row + 1]);
			break;
		case LDB_TYPE_STRUCT:
			print_struct(array, row);
			break;
		default:
			print_fixed(array, (const uint8_t *) array->values +
								   row * (size_t) (ldb_type_bits(array->type) / 8));
			break;
	}
}

static void
print_batch(const LdbBatch *batch)
{
	for (size_t row = 0; row < batch->row_count; row++)
	{
		putchar('[');
		for (size_t i = 0; i < batch->column_count; i++)
		{
			if (i > 0)
				putchar(',');
			print_value(&batch->columns[i], row);
		}
		puts("]");
	}
}

static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

static LdbStatus
run_scan(LdbDataset *dataset, const LdbScanOptions *chosen, bool measure, LdbError *err)
{
	const LdbBatch *batch;
	double start = now();
	uint64_t rows = 0;
	LdbScan *scan;
	LdbStatus status = ldb_scan_open(dataset, chosen, &scan, err);

	if (status != LDB_OK)
		return status;
	while ((status = ldb_scan_next(scan, &batch, err)) == LDB_OK && batch != NULL)
	{
		rows += batch->row_count;
		if (!measure)
			print_batch(batch);
	}
	if (status == LDB_OK && measure)
		printf("%" PRIu64 " rows, %.4f s, %.1f million rows/s\n", rows, now() - start,
			   (double) rows / (now() - start) / 1e6);
	ldb_scan_close(scan);
	return status;
}

static LdbStatus
dump_dataset(LdbDataset *dataset, const Options *options, LdbError *err)
{
	const LdbSchema *schema = &ldb_dataset_manifest(dataset)->schema;
	LdbScanOptions chosen = {0};
	size_t columns[MAX_COLUMNS];

	for (size_t i = 0; i < schema->field_count && i < MAX_COLUMNS; i++)
	{
		bool wanted = options->name_count == 0;

		for (size_t name = 0; name < options->name_count; name++)
			wanted = wanted || strcmp(options->names[name], schema->fields[i]->name) == 0;
		if (wanted)
			columns[chosen.column_count++] = i;
	}
	chosen.columns = columns;
	for (int round = 0; options->measure && round < 2; round++)
		if (run_scan(dataset, &chosen, true, err) != LDB_OK)
			return LDB_CORRUPT;
	return run_scan(dataset, &chosen, options->measure, err);
}

static LdbStatus
dump(const Options *options, LdbError *err)
{
	LdbLocations *locations;
	LdbDataset *dataset = NULL;
	LdbStatus status;

	LDB_TRY(ldb_locations_new(&locations, err));
	status = ldb_locations_add(locations, options->path, err);
	if (status == LDB_OK)
		status = ldb_dataset_open(locations, options->path, &options->choice, NULL, &dataset, err);
	if (status == LDB_OK)
		status = dump_dataset(dataset, options, err);
	ldb_dataset_close(dataset);
	ldb_locations_free(locations);
	return status;
}

static int
usage(void)
{
	fprintf(stderr, "usage: ldb_dump [-v version] [-t tag] [-b branch] [-c column]... [-n] "
					"/path/to/table.lance\n");
	return 2;
}

int
main(int argc, char **argv)
{
	Options options = {0};
	LdbError err = {0};
	char absolute[4096];
	int option;

	while ((option = getopt(argc, argv, "v:t:b:c:n")) != -1)
	{
		if (option == 'v')
			options.choice.version = strtoull(optarg, NULL, 10);
		else if (option == 't')
			options.choice.tag = optarg;
		else if (option == 'b')
			options.choice.branch = optarg;
		else if (option == 'c' && options.name_count < MAX_COLUMNS)
			options.names[options.name_count++] = optarg;
		else if (option == 'n')
			options.measure = true;
		else
			return usage();
	}
	if (optind + 1 != argc || realpath(argv[optind], absolute) == NULL)
		return usage();
	options.path = absolute;
	ldb_mapping_install_handler();
	ldb_simd_init();
	if (dump(&options, &err) == LDB_OK)
		return 0;
	fprintf(stderr, "%s%s%s\n", err.message, err.hint[0] == '\0' ? "" : "\nhint: ", err.hint);
	return 1;
}
