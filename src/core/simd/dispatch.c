/* dispatch.c -- which kernels this CPU can run, and which of them are used. */
#include "ldb/simd/distance.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

const LdbKernels *ldb_kernels = &ldb_kernels_scalar;

#if defined(__x86_64__)
#include <cpuid.h>

/* Not a name that every compiler's __builtin_cpu_supports knows; the state it needs is AVX's. */
static bool
has_f16c(void)
{
	unsigned int eax;
	unsigned int ebx;
	unsigned int ecx;
	unsigned int edx;

	return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}

/* __builtin_cpu_supports also asks whether the operating system saves the wide registers. */
static bool
has_avx2(void)
{
	__builtin_cpu_init();
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
}

static bool
has_avx512(void)
{
	return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
		   __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}
#endif

size_t
ldb_simd_tables(const LdbKernels *tables[], size_t capacity)
{
	const LdbKernels *found[3] = {&ldb_kernels_scalar, NULL, NULL};
	size_t count = 1;

#if defined(__x86_64__)
	if (has_avx2())
		found[count++] = &ldb_kernels_avx2;
	if (has_avx512())
		found[count++] = &ldb_kernels_avx512;
#elif defined(__aarch64__)
	found[count++] = &ldb_kernels_neon;
#endif
	if (count > capacity)
		count = capacity;
	for (size_t i = 0; i < count; i++)
		tables[i] = found[i];
	return count;
}

void
ldb_simd_init(void)
{
	const LdbKernels *tables[3];
	size_t count = ldb_simd_tables(tables, 3);
	const char *wanted = getenv("LDB_SIMD");

	ldb_kernels = tables[count - 1];
	for (size_t i = 0; wanted != NULL && i < count; i++)
		if (strcmp(tables[i]->name, wanted) == 0)
			ldb_kernels = tables[i];
}
