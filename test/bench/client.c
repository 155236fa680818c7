/* client.c -- times one statement over libpq, parameters and results in binary form. */
/*
 * client REPETITIONS SQL [VECTORS DIMENSION]
 *
 * With VECTORS (a file of little-endian float32) each execution gets the next vector as $1, sent as
 * a binary real[]: parsing a text array of 768 numbers would cost as much as a small query.
 * Each execution is parsed and planned anew, so planning is in the times.
 * Prints "p50 p90 mean" in milliseconds; the first tenth of the runs (at least one) is warm-up.
 */
#include <libpq-fe.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum
{
	FLOAT4_OID = 700,
	FLOAT4_ARRAY_OID = 1021,
	ARRAY_HEADER_BYTES = 20
};

static double
now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec * 1e3 + (double) t.tv_nsec / 1e6;
}

static void
put32(char *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (char) (value >> (24 - 8 * i));
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *) a, y = *(const double *) b;
	return (x > y) - (x < y);
}

/* Array header: dimensions, has nulls, item type, then size and lower bound of the only one. */
static size_t
encode_vector(char *to, const float *vector, uint32_t dimension)
{
	char *at = to + ARRAY_HEADER_BYTES;
	put32(to, 1);
	put32(to + 4, 0);
	put32(to + 8, FLOAT4_OID);
	put32(to + 12, dimension);
	put32(to + 16, 1);
	for (uint32_t i = 0; i < dimension; i++, at += 8)
	{
		uint32_t bits;
		memcpy(&bits, &vector[i], 4);
		put32(at, 4);
		put32(at + 4, bits);
	}
	return (size_t) (at - to);
}

static float *
read_vectors(const char *name, size_t *count)
{
	FILE *file = fopen(name, "rb");
	float *vectors;
	long bytes;
	if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (bytes = ftell(file)) < 4)
	{
		fprintf(stderr, "cannot read %s\n", name);
		exit(1);
	}
	rewind(file);
	vectors = malloc((size_t) bytes);
	*count = fread(vectors, 4, (size_t) bytes / 4, file);
	fclose(file);
	return vectors;
}

int
main(int argc, char **argv)
{
	int repetitions = argc > 2 ? (int) strtol(argv[1], NULL, 10) : 0;
	uint32_t dimension = argc > 4 ? (uint32_t) strtoul(argv[4], NULL, 10) : 0;
	size_t value_count = 0;
	float *vectors = dimension > 0 ? read_vectors(argv[3], &value_count) : NULL;
	char *encoded = malloc(ARRAY_HEADER_BYTES + (size_t) dimension * 8);
	double *times = calloc((size_t) repetitions + 1, sizeof(double));
	double sum = 0;
	int warm_up = repetitions / 10 > 0 ? repetitions / 10 : 1;
	Oid types[1] = {FLOAT4_ARRAY_OID};
	PGconn *connection = PQconnectdb("");
	PGresult *result;

	if (repetitions < 1 || (dimension > 0 && value_count < dimension))
	{
		fprintf(stderr, "usage: %s REPETITIONS SQL [VECTORS DIMENSION]\n", argv[0]);
		return 2;
	}
	for (int i = -warm_up; i < repetitions; i++)
	{
		const char *value = encoded;
		int format = 1, length = 0;
		double start;
		if (dimension > 0)
		{
			size_t which = (size_t) (i + warm_up) % (value_count / dimension);
			length = (int) encode_vector(encoded, vectors + which * dimension, dimension);
		}
		start = now_ms();
		result = PQexecParams(connection, argv[2], dimension > 0 ? 1 : 0, types, &value, &length,
							  &format, 1);
		if (i >= 0)
			times[i] = now_ms() - start;
		if (PQresultStatus(result) != PGRES_TUPLES_OK)
		{
			fprintf(stderr, "%s", PQerrorMessage(connection));
			return 1;
		}
		PQclear(result);
	}
	for (int i = 0; i < repetitions; i++)
		sum += times[i];
	qsort(times, (size_t) repetitions, sizeof(double), by_value);
	printf("%.3f %.3f %.3f\n", times[repetitions / 2], times[repetitions * 9 / 10],
		   sum / repetitions);
	PQfinish(connection);
	free(vectors);
	free(encoded);
	free(times);
	return 0;
}
