/*
 * arena.h -- memory of one operation (an open, a batch, a search), freed in one go.
 *
 * Every allocation is 64-byte aligned when it is 64 bytes or more, else 16-byte aligned.
 * Limits: an arena made with a limit fails (returns NULL) beyond it, and all arenas of a process and
 * the heap together beyond LDB_MEMORY_LIMIT; this is how "bounded memory" is enforced on hostile
 * files. Threads: an arena belongs to one thread at a time.
 * arena.c is the only file of the core that calls malloc, so a test can fail the n-th allocation.
 */
#ifndef LDB_BASE_ARENA_H
#define LDB_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "ldb/base/error.h"
#include "ldb/base/slice.h"

typedef struct LdbArena LdbArena;

/* limit_bytes 0 = the default limit, LDB_ARENA_DEFAULT_LIMIT. NULL when memory is out. */
LdbArena *ldb_arena_new(size_t limit_bytes);
void ldb_arena_free(LdbArena *arena); /* NULL is fine */

/* Forgets all allocations but keeps one block for reuse. */
void ldb_arena_reset(LdbArena *arena);

/* Another limit from now on (0 = the default), though never less than is handed out. */
void ldb_arena_set_limit(LdbArena *arena, size_t limit_bytes);

/* Bytes handed out since the last reset, including padding. */
size_t ldb_arena_used(const LdbArena *arena);

/* NULL when memory or the limit is out. A size of 0 gives a valid pointer. */
void *ldb_arena_alloc(LdbArena *arena, size_t bytes);
void *ldb_arena_zalloc(LdbArena *arena, size_t bytes);
void *ldb_arena_alloc_array(LdbArena *arena, size_t count, size_t item_bytes);  /* checked */
void *ldb_arena_zalloc_array(LdbArena *arena, size_t count, size_t item_bytes); /* checked */
void *ldb_arena_copy(LdbArena *arena, const void *data, size_t bytes);
char *ldb_arena_strndup(LdbArena *arena, const char *text, size_t length);
char *ldb_arena_strdup(LdbArena *arena, const char *text);
char *ldb_arena_printf(LdbArena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define LDB_ARENA_DEFAULT_LIMIT ((size_t) 448 * 1024 * 1024)
#define LDB_MEMORY_LIMIT ((size_t) 448 * 1024 * 1024)

/* Bytes that count against LDB_MEMORY_LIMIT now: who keeps things for later can let go of them. */
size_t ldb_memory_held(void);

/* ptr = zeroed array of count items, or leave the function with LDB_NOMEM. */
#define LDB_NEW(arena, ptr, count, err)                                            \
	do                                                                             \
	{                                                                              \
		(ptr) = ldb_arena_zalloc_array((arena), (count), sizeof *(ptr));           \
		if ((ptr) == NULL)                                                         \
			LDB_FAIL((err), LDB_NOMEM, "out of memory for %zu items of %zu bytes", \
					 (size_t) (count), sizeof *(ptr));                             \
	} while (0)

/* Heap memory for things that outlive an operation and are freed one by one. */
void *ldb_heap_zalloc(size_t bytes);
void *ldb_heap_realloc(void *old, size_t bytes);
char *ldb_heap_strdup(const char *text);
void ldb_heap_free(void *memory);

/* Tests only: the n-th allocation from now on fails once (0 = never). */
void ldb_heap_fail_after(uint64_t n);

#endif
