/* memory.c -- ties handles of the core to memory contexts, so that errors close them too. */
#include "lancedb/pg.h"

#include "utils/memutils.h"

typedef struct OwnedHandle
{
	MemoryContextCallback callback; /* linked into the context */
	void *handle;                   /* owned until disowned */
	void (*close)(void *handle);
} OwnedHandle;

static void
close_owned(void *argument)
{
	OwnedHandle *owned = argument;
	void *handle = owned->handle;

	owned->handle = NULL;
	if (handle != NULL)
		owned->close(handle);
}

void *
lancedb_own(MemoryContext context, void *handle, void (*close)(void *handle))
{
	OwnedHandle *owned;

	/* An out-of-memory error here would leave the handle without an owner. */
	owned = MemoryContextAllocExtended(context, sizeof(*owned), MCXT_ALLOC_NO_OOM);
	if (owned == NULL)
	{
		close(handle);
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	}
	owned->handle = handle;
	owned->close = close;
	owned->callback.func = close_owned;
	owned->callback.arg = owned;
	MemoryContextRegisterResetCallback(context, &owned->callback);
	return owned;
}

void
lancedb_disown(void *token)
{
	OwnedHandle *owned = token;

	owned->handle = NULL;
}

static void
free_arena(void *arena)
{
	ldb_arena_free(arena);
}

LdbArena *
lancedb_arena_new(MemoryContext context)
{
	LdbArena *arena = ldb_arena_new(0);

	if (arena == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	lancedb_own(context, arena, free_arena);
	return arena;
}
