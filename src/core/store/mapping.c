/* mapping.c -- maps files, and survives when the kernel cannot give a page of one. */
#include "ldb/store/mapping.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ldb/base/arena.h"

#define SLOTS_PER_CHUNK 256

/*
 * One entry of the registry. The handler may read it at any moment, so a slot is never freed, and
 * start is 0 while end changes: who reads start twice and end in between sees a matching pair.
 */
typedef struct Slot
{
	atomic_uintptr_t start; /* 0 = unused */
	atomic_uintptr_t end;
	atomic_bool damaged;
	struct Slot *next_free; /* guarded by registry.mutex */
} Slot;

typedef struct Chunk
{
	struct Chunk *next; /* never changes once the chunk is published */
	Slot slots[SLOTS_PER_CHUNK];
} Chunk;

struct LdbMapping
{
	atomic_int shares;
	Slot *slot;  /* borrowed from the registry; NULL for an empty file */
	void *start; /* owned */
	size_t length;
};

/* A signal handler has no argument of ours, hence the one registry of the process. */
static struct
{
	pthread_mutex_t mutex;
	_Atomic(Chunk *) chunks;
	Slot *free_slots;
	struct sigaction previous;
	uintptr_t page_bytes;
} registry = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static pthread_once_t install_once = PTHREAD_ONCE_INIT;

static Slot *
find_slot(uintptr_t address)
{
	for (Chunk *chunk = atomic_load(&registry.chunks); chunk != NULL; chunk = chunk->next)
	{
		for (int i = 0; i < SLOTS_PER_CHUNK; i++)
		{
			Slot *slot = &chunk->slots[i];
			uintptr_t start = atomic_load(&slot->start);
			uintptr_t end = atomic_load(&slot->end);

			if (start != 0 && start == atomic_load(&slot->start) && address >= start &&
				address < end)
				return slot;
		}
	}
	return NULL;
}

static bool
repair_page(const siginfo_t *info)
{
	uintptr_t address = (uintptr_t) info->si_addr;
	uintptr_t page = address & ~(registry.page_bytes - 1);
	Slot *slot;

	/* A signal that somebody sent has no address. */
	if (info->si_code <= 0)
		return false;
	slot = find_slot(address);
	if (slot == NULL)
		return false;
	atomic_store(&slot->damaged, true);
	return mmap((void *) page, registry.page_bytes, PROT_READ,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
}

/* What would have happened without us. */
static void
call_previous(int number, siginfo_t *info, void *context)
{
	if (registry.previous.sa_flags & SA_SIGINFO)
		registry.previous.sa_sigaction(number, info, context);
	else if (registry.previous.sa_handler != SIG_DFL && registry.previous.sa_handler != SIG_IGN)
		registry.previous.sa_handler(number);
	else if (info->si_code > 0 || registry.previous.sa_handler == SIG_DFL)
	{
		struct sigaction fatal = {.sa_handler = SIG_DFL};

		/* A fault comes again when the instruction is repeated; a sent signal does not. */
		sigaction(number, &fatal, NULL);
		if (info->si_code <= 0)
			raise(number);
	}
}

static void
handle_bus_error(int number, siginfo_t *info, void *context)
{
	int saved = errno;

	if (!repair_page(info))
		call_previous(number, info, context);
	errno = saved;
}

static void
install(void)
{
	struct sigaction ours = {.sa_flags = SA_SIGINFO | SA_ONSTACK};

	registry.page_bytes = (uintptr_t) sysconf(_SC_PAGESIZE);
	ours.sa_sigaction = handle_bus_error;
	sigemptyset(&ours.sa_mask);
	/* Known before the handler can run. */
	sigaction(SIGBUS, NULL, &registry.previous);
	sigaction(SIGBUS, &ours, NULL);
}

void
ldb_mapping_install_handler(void)
{
	pthread_once(&install_once, install);
}

/* Chunks stay until the process ends: a handler on another thread may be reading one. */
static bool
add_chunk(void)
{
	Chunk *chunk = ldb_heap_zalloc(sizeof *chunk);

	if (chunk == NULL)
		return false;
	for (int i = 0; i < SLOTS_PER_CHUNK; i++)
	{
		chunk->slots[i].next_free = registry.free_slots;
		registry.free_slots = &chunk->slots[i];
	}
	chunk->next = atomic_load(&registry.chunks);
	atomic_store(&registry.chunks, chunk);
	return true;
}

static Slot *
take_slot(void)
{
	Slot *slot = NULL;

	pthread_mutex_lock(&registry.mutex);
	if (registry.free_slots != NULL || add_chunk())
	{
		slot = registry.free_slots;
		registry.free_slots = slot->next_free;
	}
	pthread_mutex_unlock(&registry.mutex);
	return slot;
}

static void
give_slot_back(Slot *slot)
{
	atomic_store(&slot->start, 0);
	atomic_store(&slot->end, 0);
	atomic_store(&slot->damaged, false);
	pthread_mutex_lock(&registry.mutex);
	slot->next_free = registry.free_slots;
	registry.free_slots = slot;
	pthread_mutex_unlock(&registry.mutex);
}

static LdbStatus
map_bytes(int fd, const char *name, size_t length, LdbMapping *mapping, LdbError *err)
{
	void *start = mmap(NULL, length, PROT_READ, MAP_PRIVATE, fd, 0);

	if (start == MAP_FAILED)
		LDB_FAIL(err, LDB_IO, "could not map \"%s\": %s", name, strerrordesc_np(errno));
	mapping->slot = take_slot();
	if (mapping->slot == NULL)
	{
		munmap(start, length);
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the mapping of \"%s\"", name);
	}
	mapping->start = start;
	mapping->length = length;
	atomic_store(&mapping->slot->end, (uintptr_t) start + length);
	atomic_store(&mapping->slot->start, (uintptr_t) start);
	return LDB_OK;
}

LdbStatus
ldb_mapping_open(int fd, const char *name, LdbMapping **mapping, LdbError *err)
{
	struct stat status;
	LdbMapping *opened;

	if (fstat(fd, &status) != 0)
		LDB_FAIL(err, LDB_IO, "could not look at \"%s\": %s", name, strerrordesc_np(errno));
	if (!S_ISREG(status.st_mode))
		LDB_FAIL(err, LDB_DENIED, "\"%s\" is no regular file", name);
	opened = ldb_heap_zalloc(sizeof *opened);
	if (opened == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the mapping of \"%s\"", name);
	atomic_store(&opened->shares, 1);
	if (status.st_size > 0)
	{
		LdbStatus mapped = map_bytes(fd, name, (size_t) status.st_size, opened, err);

		if (mapped != LDB_OK)
		{
			ldb_heap_free(opened);
			return mapped;
		}
	}
	*mapping = opened;
	return LDB_OK;
}

LdbSlice
ldb_mapping_bytes(const LdbMapping *mapping)
{
	return ldb_slice(mapping->start, mapping->length);
}

bool
ldb_mapping_damaged(const LdbMapping *mapping)
{
	return mapping->slot != NULL && atomic_load(&mapping->slot->damaged);
}

LdbMapping *
ldb_mapping_share(LdbMapping *mapping)
{
	atomic_fetch_add(&mapping->shares, 1);
	return mapping;
}

void
ldb_mapping_close(LdbMapping *mapping)
{
	if (mapping == NULL || atomic_fetch_sub(&mapping->shares, 1) > 1)
		return;
	if (mapping->slot != NULL)
	{
		/* First out of the registry: the address may be somebody else's right after munmap. */
		give_slot_back(mapping->slot);
		munmap(mapping->start, mapping->length);
	}
	ldb_heap_free(mapping);
}
