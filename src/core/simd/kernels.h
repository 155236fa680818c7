/*
 * kernels.h -- the tables of kernels, one for each file of this room that holds some.
 *
 * Kernel files include this and their intrinsics and nothing else: a shared inline function would
 * be compiled once for each instruction set, and the linker would keep any of them.
 */
#ifndef LDB_SIMD_KERNELS_H
#define LDB_SIMD_KERNELS_H

#include "ldb/simd/distance.h"

#if defined(__x86_64__)
extern const LdbKernels ldb_kernels_avx2;
extern const LdbKernels ldb_kernels_avx512;
#endif
#if defined(__aarch64__)
extern const LdbKernels ldb_kernels_neon;
#endif

#endif
