/* arena.c -- all memory of the core: blocks cut into pieces, and plain heap memory. */
#include "ldb/base/arena.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ldb/base/checked.h"

#define SMALL_ALIGNMENT ((size_t) 16)
#define LARGE_ALIGNMENT ((size_t) 64)
#define FIRST_BLOCK_BYTES ((size_t) 8 * 1024)
#define LARGEST_BLOCK_BYTES ((size_t) 1024 * 1024)
/* A block above this goes back to the system at a reset, so an idle arena stays small. */
#define LARGEST_KEPT_BYTES ((size_t) 8 * 1024 * 1024)

/*
 * Under the address sanitizer every piece has a red zone behind it and unused parts of blocks may
 * not be touched; else an overrun within a block would go unseen in the tests of hostile files.
 */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define RED_ZONE(left) ((left) < 16 ? (left) : (size_t) 16)
#define MAKE_UNUSABLE(at, bytes) __asan_poison_memory_region((at), (bytes))
#define MAKE_USABLE(at, bytes) __asan_unpoison_memory_region((at), (bytes))
#else
#define RED_ZONE(left) ((size_t) 0)
#define MAKE_UNUSABLE(at, bytes) ((void) (at), (void) (bytes))
#define MAKE_USABLE(at, bytes) ((void) (at), (void) (bytes))
#endif

typedef struct Block
{
	struct Block *next; /* owned */
	size_t capacity;
	size_t position;
	unsigned char *bytes; /* right behind this header */
} Block;

struct LdbArena
{
	Block *blocks; /* owned; the first one is being cut, the others are full */
	size_t limit;
	size_t used;
	size_t next_block_bytes;
};

/* What tests set: how many allocations until one fails. */
static atomic_uint_fast64_t fail_countdown;

static bool
told_to_fail(void)
{
	if (atomic_load_explicit(&fail_countdown, memory_order_relaxed) == 0)
		return false;
	return atomic_fetch_sub(&fail_countdown, 1) == 1;
}

void
ldb_heap_fail_after(uint64_t n)
{
	atomic_store(&fail_countdown, n);
}

/*
 * What the core holds in this process. Arenas have limits of their own, but one file can make many
 * of them grow at once: each column has readers and caches.
 */
static atomic_size_t held_bytes;

static bool
hold(size_t bytes)
{
	if (bytes > LDB_MEMORY_LIMIT)
		return false;
	if (atomic_fetch_add(&held_bytes, bytes) <= LDB_MEMORY_LIMIT - bytes)
		return true;
	atomic_fetch_sub(&held_bytes, bytes);
	return false;
}

static void
let_go(size_t bytes)
{
	atomic_fetch_sub(&held_bytes, bytes);
}

size_t
ldb_memory_held(void)
{
	return atomic_load(&held_bytes);
}

void *
ldb_heap_zalloc(size_t bytes)
{
	void *memory;

	if (told_to_fail() || bytes > LDB_MEMORY_LIMIT)
		return NULL;
	memory = calloc(1, bytes == 0 ? 1 : bytes);
	if (memory != NULL && !hold(malloc_usable_size(memory)))
	{
		free(memory);
		return NULL;
	}
	return memory;
}

/* Room for the new size is held before it is taken, so that the old memory can stay as it is. */
void *
ldb_heap_realloc(void *old, size_t bytes)
{
	size_t before = malloc_usable_size(old);
	size_t wanted = bytes == 0 ? 1 : bytes;
	void *memory;

	if (told_to_fail() || !hold(wanted))
		return NULL;
	memory = realloc(old, wanted);
	let_go(wanted);
	if (memory == NULL)
		return NULL;
	let_go(before);
	atomic_fetch_add(&held_bytes, malloc_usable_size(memory));
	return memory;
}

char *
ldb_heap_strdup(const char *text)
{
	size_t bytes = strlen(text) + 1;
	char *copy = ldb_heap_zalloc(bytes);

	if (copy != NULL)
		memcpy(copy, text, bytes);
	return copy;
}

void
ldb_heap_free(void *memory)
{
	let_go(malloc_usable_size(memory));
	free(memory);
}

LdbArena *
ldb_arena_new(size_t limit_bytes)
{
	LdbArena *arena = ldb_heap_zalloc(sizeof *arena);

	if (arena == NULL)
		return NULL;
	arena->limit = limit_bytes == 0 ? LDB_ARENA_DEFAULT_LIMIT : limit_bytes;
	arena->next_block_bytes = FIRST_BLOCK_BYTES;
	return arena;
}

static void
free_block(Block *block)
{
	MAKE_USABLE(block->bytes, block->capacity);
	let_go(sizeof *block + block->capacity);
	free(block);
}

static void
free_blocks_but(LdbArena *arena, const Block *kept)
{
	Block *block = arena->blocks;

	while (block != NULL)
	{
		Block *next = block->next;

		if (block != kept)
			free_block(block);
		block = next;
	}
}

void
ldb_arena_free(LdbArena *arena)
{
	if (arena == NULL)
		return;
	free_blocks_but(arena, NULL);
	ldb_heap_free(arena);
}

void
ldb_arena_reset(LdbArena *arena)
{
	Block *kept = NULL;

	for (Block *block = arena->blocks; block != NULL; block = block->next)
		if (block->capacity <= LARGEST_KEPT_BYTES &&
			(kept == NULL || block->capacity > kept->capacity))
			kept = block;
	free_blocks_but(arena, kept);
	arena->blocks = kept;
	if (kept != NULL)
	{
		kept->next = NULL;
		kept->position = 0;
		MAKE_UNUSABLE(kept->bytes, kept->capacity);
	}
	/* The next round likely needs as much: one block for all of it, kept from then on. Where the
	 * system puts a block decides how much padding its first piece needs. */
	if (arena->used > arena->next_block_bytes)
		arena->next_block_bytes = arena->used < LARGEST_KEPT_BYTES - LARGE_ALIGNMENT
									  ? arena->used + LARGE_ALIGNMENT
									  : LARGEST_KEPT_BYTES;
	arena->used = 0;
}

void
ldb_arena_set_limit(LdbArena *arena, size_t limit_bytes)
{
	size_t limit = limit_bytes == 0 ? LDB_ARENA_DEFAULT_LIMIT : limit_bytes;

	arena->limit = limit < arena->used ? arena->used : limit;
}

size_t
ldb_arena_used(const LdbArena *arena)
{
	return arena->used;
}

static Block *
new_block(size_t capacity)
{
	size_t bytes;
	Block *block;

	if (!ldb_size_add(capacity, sizeof *block, &bytes))
		return NULL;
	if (!hold(bytes))
		return NULL;
	block = malloc(bytes);
	if (block == NULL)
	{
		let_go(bytes);
		return NULL;
	}
	block->next = NULL;
	block->capacity = capacity;
	block->position = 0;
	block->bytes = (unsigned char *) (block + 1);
	MAKE_UNUSABLE(block->bytes, block->capacity);
	return block;
}

/* Cuts bytes from the block; *taken = with padding. NULL when they do not fit. */
static void *
cut(Block *block, size_t bytes, size_t *taken)
{
	size_t alignment = bytes >= LARGE_ALIGNMENT ? LARGE_ALIGNMENT : SMALL_ALIGNMENT;
	uintptr_t at = (uintptr_t) block->bytes + block->position;
	size_t padding = (size_t) (-at & (alignment - 1));
	size_t left = block->capacity - block->position;
	unsigned char *piece;

	if (left < padding || left - padding < bytes)
		return NULL;
	piece = block->bytes + block->position + padding;
	MAKE_USABLE(piece, bytes);
	*taken = padding + bytes;
	block->position += *taken;
	block->position += RED_ZONE(block->capacity - block->position);
	return piece;
}

/* A piece that would waste much of a block gets one of its own, behind the one being cut. */
static Block *
add_block(LdbArena *arena, size_t bytes)
{
	bool own = bytes > arena->next_block_bytes / 4;
	Block *block;

	if (own && bytes > SIZE_MAX / 2)
		return NULL;
	block = new_block(own ? bytes + LARGE_ALIGNMENT : arena->next_block_bytes);
	if (block == NULL)
		return NULL;
	if (own && arena->blocks != NULL)
	{
		block->next = arena->blocks->next;
		arena->blocks->next = block;
		return block;
	}
	block->next = arena->blocks;
	arena->blocks = block;
	if (arena->next_block_bytes < LARGEST_BLOCK_BYTES)
		arena->next_block_bytes *= 2;
	return block;
}

void *
ldb_arena_alloc(LdbArena *arena, size_t bytes)
{
	size_t wanted = bytes == 0 ? 1 : bytes;
	size_t taken = 0;
	void *piece = NULL;

	if (told_to_fail() || wanted > arena->limit - arena->used)
		return NULL;
	if (arena->blocks != NULL)
		piece = cut(arena->blocks, wanted, &taken);
	if (piece == NULL)
	{
		Block *block = add_block(arena, wanted);

		if (block == NULL)
			return NULL;
		piece = cut(block, wanted, &taken);
	}
	/* Padding may pass the limit by less than one alignment. */
	arena->used = taken < arena->limit - arena->used ? arena->used + taken : arena->limit;
	return piece;
}

void *
ldb_arena_zalloc(LdbArena *arena, size_t bytes)
{
	void *piece = ldb_arena_alloc(arena, bytes);

	if (piece != NULL)
		memset(piece, 0, bytes);
	return piece;
}

void *
ldb_arena_alloc_array(LdbArena *arena, size_t count, size_t item_bytes)
{
	size_t bytes;

	return ldb_size_mul(count, item_bytes, &bytes) ? ldb_arena_alloc(arena, bytes) : NULL;
}

void *
ldb_arena_zalloc_array(LdbArena *arena, size_t count, size_t item_bytes)
{
	size_t bytes;

	return ldb_size_mul(count, item_bytes, &bytes) ? ldb_arena_zalloc(arena, bytes) : NULL;
}

void *
ldb_arena_copy(LdbArena *arena, const void *data, size_t bytes)
{
	void *piece = ldb_arena_alloc(arena, bytes);

	if (piece != NULL && bytes > 0)
		memcpy(piece, data, bytes);
	return piece;
}

char *
ldb_arena_strndup(LdbArena *arena, const char *text, size_t length)
{
	size_t bytes;
	char *copy;

	if (!ldb_size_add(length, 1, &bytes))
		return NULL;
	copy = ldb_arena_alloc(arena, bytes);
	if (copy == NULL)
		return NULL;
	if (length > 0)
		memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

char *
ldb_arena_strdup(LdbArena *arena, const char *text)
{
	return ldb_arena_strndup(arena, text, strlen(text));
}

char *
ldb_arena_printf(LdbArena *arena, const char *format, ...)
{
	va_list args;
	int length;
	char *text;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0)
		return NULL;
	text = ldb_arena_alloc(arena, (size_t) length + 1);
	if (text == NULL)
		return NULL;
	va_start(args, format);
	vsnprintf(text, (size_t) length + 1, format, args);
	va_end(args);
	return text;
}
