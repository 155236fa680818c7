/*
 * hostile.c -- reads thousands of damaged copies of small datasets; none may do more than fail.
 *
 *   hostile [-n VARIANTS] [-j PROCESSES] [-o NUMBER] DATASET...
 *
 * First every file is cut at every boundary; then come VARIANTS with random damage, shared out among
 * the datasets. What a variant is depends on its number alone: a failure is seen again with -o NUMBER. Reading happens in child processes: one that dies, hangs or
 * takes too much memory is counted and replaced.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bombs.h"
#include "read_dataset.h"
#include "variants.h"

#define MOST_DATASETS 16
#define MOST_PROCESSES 16
#define HANG_SECONDS 5
#define MOST_HEAP_BYTES ((size_t) 512 * 1024 * 1024)

/* One child, in memory that its parent sees. */
typedef struct Worker
{
	pid_t pid;
	_Atomic size_t next;      /* variant; counts up in steps of the number of workers */
	_Atomic int64_t started;  /* of this variant, in seconds; 0 = not yet */
	_Atomic size_t read_well; /* variants that gave all rows */
	_Atomic size_t refused;
	_Atomic size_t most_heap; /* of all variants */
	_Atomic size_t wrong;     /* variants that gave other rows than they may */
} Worker;

typedef struct Trial
{
	size_t variant_count;
	size_t process_count;
	size_t dataset_count;
	size_t cut_total;
	char work[64];
	Plan *plans;
	ReadResult *intact; /* what each dataset gives before it is damaged */
	Worker *workers;    /* shared */
} Trial;

static int64_t
now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* ---- memory: what the heap holds at most while a variant is read ---- */

/* Of the sanitizers' allocator; gcc has the functions but not their header. */
extern int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *,
																	   size_t),
													 void (*on_free)(const volatile void *));
extern size_t __sanitizer_get_allocated_size(const volatile void *memory);

static _Atomic size_t heap_now;
static _Atomic size_t heap_peak;

static void
on_malloc(const volatile void *memory, size_t bytes)
{
	size_t now = (heap_now += bytes);

	(void) memory;
	if (now > heap_peak)
		heap_peak = now;
}

/* What was allocated before the hooks were installed must not count backwards. */
static void
on_free(const volatile void *memory)
{
	size_t bytes = __sanitizer_get_allocated_size(memory);

	heap_now -= bytes < heap_now ? bytes : heap_now;
}

/* ---- putting files in place ---- */

static void
write_file(const char *folder, const char *name, const uint8_t *bytes, size_t length)
{
	char path[1024];
	FILE *out;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	unlink(path); /* a new file, not the old one with other bytes */
	out = fopen(path, "wb");
	if (out == NULL || fwrite(bytes, 1, length, out) != length || fclose(out) != 0)
	{
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(2);
	}
}

static void
write_dataset(const Plan *plan, const char *folder)
{
	static const char *const folders[] = {"", "/_versions", "/data", "/_deletions"};
	char path[1024];

	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
	{
		snprintf(path, sizeof path, "%s%s", folder, folders[i]);
		mkdir(path, 0700);
	}
	for (size_t i = 0; i < plan->file_count; i++)
		write_file(folder, plan->files[i].name, plan->files[i].bytes, plan->files[i].length);
}

/* The dataset in memory, with one file of it damaged (NULL = none). */
static void
read_from_memory(const Plan *plan, const Variant *variant, ReadResult *result)
{
	LdbLocations *locations;
	LdbStore *store;
	LdbError err;
	char name[512];
	bool ready = ldb_locations_new(&locations, &err) == LDB_OK &&
				 ldb_store_open_memory(&store, &err) == LDB_OK;

	for (size_t i = 0; ready && i < plan->file_count; i++)
	{
		const PlanFile *file = &plan->files[i];
		LdbSlice bytes = ldb_slice(file->bytes, file->length);

		if (variant != NULL && variant->file == file)
			bytes = ldb_slice(variant->bytes, variant->length);
		snprintf(name, sizeof name, "t.lance/%s", file->name);
		ready = ldb_store_put(store, name, bytes, LDB_PUT_CREATE, NULL, &err) == LDB_OK;
	}
	if (!ready || ldb_locations_add_store(locations, "memory:", store, &err) != LDB_OK)
	{
		fprintf(stderr, "%s\n", err.message);
		exit(2);
	}
	read_dataset(locations, "memory:/t.lance", result);
	ldb_locations_free(locations);
}

static void
read_from_folder(const char *folder, ReadResult *result)
{
	LdbLocations *locations;
	LdbError err;

	if (ldb_locations_new(&locations, &err) != LDB_OK ||
		ldb_locations_add(locations, folder, &err) != LDB_OK)
	{
		fprintf(stderr, "%s\n", err.message);
		exit(2);
	}
	read_dataset(locations, folder, result);
	ldb_locations_free(locations);
}

/* ---- one variant ---- */

/* The dataset and the number within it that a variant of the trial means: cuts come first. */
static size_t
find_variant(const Trial *trial, size_t number, size_t *within)
{
	if (number >= trial->cut_total)
	{
		size_t dataset = number % trial->dataset_count;

		*within = trial->plans[dataset].cut_count + number;
		return dataset;
	}
	for (size_t i = 0;; i++)
	{
		if (number < trial->plans[i].cut_count)
		{
			*within = number;
			return i;
		}
		number -= trial->plans[i].cut_count;
	}
}

static void
describe(const Trial *trial, size_t number, const char *problem)
{
	size_t within;
	const Plan *plan = &trial->plans[find_variant(trial, number, &within)];
	Variant variant;

	variant_make(plan, within, &variant);
	printf("variant %zu: %s: %s, %s: %s\n", number, problem, plan->folder, variant.file->name,
		   variant.what);
	fflush(stdout);
	free(variant.bytes);
}

/* NULL when a result is one that the damage may have. */
static const char *
find_fault(const ReadResult *intact, const Variant *variant, const ReadResult *result)
{
	bool manifest = strstr(variant->file->name, ".manifest") != NULL;

	if (!result->whole)
		return result->message[0] == '\0' && result->rows <= intact->rows ? "no message" : NULL;
	if (variant->cut && variant->length < variant->file->length && result->digest != intact->digest)
		return "a file that was cut short was read as other rows";
	if (!manifest && result->rows != intact->rows)
		return "another number of rows";
	return NULL;
}

static void
try_variant(const Trial *trial, Worker *worker, size_t worker_number, size_t number)
{
	size_t within;
	size_t dataset = find_variant(trial, number, &within);
	const Plan *plan = &trial->plans[dataset];
	char folder[256];
	ReadResult result;
	Variant variant;
	const char *fault;

	variant_make(plan, within, &variant);
	heap_now = 0;
	heap_peak = 0;
	if (number % 3 == 0)
		read_from_memory(plan, &variant, &result);
	else
	{
		snprintf(folder, sizeof folder, "%s/%zu/%zu.lance", trial->work, worker_number, dataset);
		write_file(folder, variant.file->name, variant.bytes, variant.length);
		read_from_folder(folder, &result);
		write_file(folder, variant.file->name, variant.file->bytes, variant.file->length);
	}
	if (heap_peak > worker->most_heap)
		worker->most_heap = heap_peak;
	fault = find_fault(&trial->intact[dataset], &variant, &result);
	if (heap_peak > MOST_HEAP_BYTES)
		fault = "more than 512 MB";
	if (fault != NULL)
	{
		describe(trial, number, fault);
		worker->wrong++;
	}
	else if (result.whole)
		worker->read_well++;
	else
		worker->refused++;
	free(variant.bytes);
}

/* ---- children ---- */

static void
work(const Trial *trial, size_t worker_number)
{
	Worker *worker = &trial->workers[worker_number];
	char folder[256];

	snprintf(folder, sizeof folder, "%s/%zu", trial->work, worker_number);
	mkdir(folder, 0700);
	for (size_t i = 0; i < trial->dataset_count; i++)
	{
		snprintf(folder, sizeof folder, "%s/%zu/%zu.lance", trial->work, worker_number, i);
		write_dataset(&trial->plans[i], folder);
	}
	__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
	while (worker->next < trial->variant_count)
	{
		worker->started = now_seconds();
		try_variant(trial, worker, worker_number, worker->next);
		worker->next += trial->process_count;
	}
	exit(0);
}

static void
start(const Trial *trial, size_t worker_number)
{
	Worker *worker = &trial->workers[worker_number];
	pid_t pid;

	fflush(stdout);
	worker->started = 0;
	pid = fork();
	if (pid == 0)
		work(trial, worker_number);
	if (pid < 0)
	{
		perror("fork");
		exit(2);
	}
	worker->pid = pid; /* not by the child: it shares this memory */
}

/* Looks after one child; true while it has work. */
static bool
watch(const Trial *trial, size_t worker_number)
{
	Worker *worker = &trial->workers[worker_number];
	bool hangs = worker->started != 0 && now_seconds() > worker->started + HANG_SECONDS;
	int status;

	if (worker->pid == 0)
		return false;
	if (hangs)
		kill(worker->pid, SIGKILL);
	if (waitpid(worker->pid, &status, hangs ? 0 : WNOHANG) == 0)
		return true;
	worker->pid = 0;
	if (worker->next >= trial->variant_count)
		return false;
	describe(trial, worker->next, hangs ? "hangs" : "dies");
	worker->wrong++;
	worker->next += trial->process_count;
	start(trial, worker_number);
	return true;
}

static void
run(const Trial *trial)
{
	bool busy = true;

	for (size_t i = 0; i < trial->process_count; i++)
		start(trial, i);
	while (busy)
	{
		busy = false;
		for (size_t i = 0; i < trial->process_count; i++)
			busy |= watch(trial, i);
		poll(NULL, 0, 20);
	}
}

/* ---- bombs and datasets without memory: each in a process of its own ---- */

static void
blow_up(const Trial *trial, size_t number)
{
	(void) trial;
	alarm(20); /* most of it goes into building the file */
	__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
	bomb_read(number);
	if (heap_peak > MOST_HEAP_BYTES)
		printf("%s: %zu MB at once\n", bomb_name(number), heap_peak >> 20);
	fflush(stdout);
	_exit(heap_peak > MOST_HEAP_BYTES ? 1 : 0);
}

/* The first allocation fails, then the second, ... until none is left to fail. */
static void
starve(const Trial *trial, size_t dataset)
{
	ReadResult result = {0};

	alarm(60);
	for (uint64_t n = 1; !result.whole; n++)
	{
		LdbLocations *locations;
		LdbError err;

		if (ldb_locations_new(&locations, &err) != LDB_OK ||
			ldb_locations_add(locations, trial->plans[dataset].folder, &err) != LDB_OK)
			_exit(2);
		ldb_heap_fail_after(n);
		read_dataset(locations, trial->plans[dataset].folder, &result);
		ldb_heap_fail_after(0);
		ldb_locations_free(locations);
	}
	_exit(result.digest == trial->intact[dataset].digest ? 0 : 1);
}

static size_t
count_failing(const Trial *trial, void (*attempt)(const Trial *trial, size_t number), size_t count,
			  const char *what)
{
	size_t failing = 0;

	for (size_t i = 0; i < count; i++)
	{
		int status = 1;
		pid_t pid;

		fflush(stdout);
		pid = fork();
		if (pid == 0)
			attempt(trial, i);
		if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
		{
			printf("%s %zu: dies, hangs or is wrong\n", what, i);
			failing++;
		}
	}
	return failing;
}

/* ---- the whole ---- */

static void
open_datasets(Trial *trial, char **folders, size_t count)
{
	trial->dataset_count = count;
	trial->plans = calloc(count, sizeof *trial->plans);
	trial->intact = calloc(count, sizeof *trial->intact);
	for (size_t i = 0; i < count; i++)
	{
		plan_open(&trial->plans[i], folders[i]);
		read_from_memory(&trial->plans[i], NULL, &trial->intact[i]);
		trial->cut_total += trial->plans[i].cut_count;
		printf("%s: %zu files, %zu cuts at boundaries, %llu rows\n", folders[i],
			   trial->plans[i].file_count, trial->plans[i].cut_count,
			   (unsigned long long) trial->intact[i].rows);
		if (!trial->intact[i].whole || trial->intact[i].rows == 0)
		{
			fprintf(stderr, "%s: %s\n", folders[i], trial->intact[i].message);
			exit(2);
		}
	}
}

static int
sum_up(const Trial *trial, size_t others, size_t failing)
{
	size_t read_well = 0;
	size_t refused = 0;
	size_t wrong = 0;
	size_t heap = 0;

	for (size_t i = 0; i < trial->process_count; i++)
	{
		const Worker *worker = &trial->workers[i];

		read_well += worker->read_well;
		refused += worker->refused;
		wrong += worker->wrong;
		heap = worker->most_heap > heap ? worker->most_heap : heap;
	}
	printf("%zu variants were refused, %zu read; at most %zu MB at once\n", refused, read_well,
		   heap >> 20);
	wrong += failing;
	printf("hostile: %zu passed, %zu failed\n", read_well + refused + others - failing, wrong);
	return wrong == 0 && read_well + refused == trial->variant_count ? 0 : 1;
}

static void
remove_folder(const char *folder)
{
	pid_t pid = fork();

	if (pid == 0)
	{
		execlp("rm", "rm", "-rf", folder, (char *) NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

int
main(int argc, char **argv)
{
	Trial trial = {.variant_count = 10000, .process_count = 2, .work = "/tmp/ldb-hostile.XXXXXX"};
	long only = -1;
	size_t others = 0;
	size_t failing = 0;
	int option;
	int status;

	while ((option = getopt(argc, argv, "n:j:o:")) != -1)
	{
		if (option == 'n')
			trial.variant_count = strtoul(optarg, NULL, 10);
		else if (option == 'j')
			trial.process_count = strtoul(optarg, NULL, 10);
		else if (option == 'o')
			only = strtol(optarg, NULL, 10);
		else
			return 2;
	}
	if (optind == argc || argc - optind > MOST_DATASETS || trial.process_count == 0 ||
		trial.process_count > MOST_PROCESSES || mkdtemp(trial.work) == NULL)
		return 2;
	open_datasets(&trial, argv + optind, (size_t) (argc - optind));
	trial.variant_count += trial.cut_total;
	trial.workers = mmap(NULL, MOST_PROCESSES * sizeof(Worker), PROT_READ | PROT_WRITE,
						 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; i < trial.process_count; i++)
		trial.workers[i].next = i;
	if (only >= 0)
	{
		trial.process_count = 1;
		trial.variant_count = (size_t) only + 1;
		trial.workers[0].next = (size_t) only;
		describe(&trial, (size_t) only, "tried");
	}
	run(&trial);
	if (only < 0)
	{
		others = bomb_count() + trial.dataset_count;
		failing = count_failing(&trial, blow_up, bomb_count(), "bomb") +
				  count_failing(&trial, starve, trial.dataset_count, "allocations of dataset");
	}
	status = sum_up(&trial, others, failing);
	for (size_t i = 0; i < trial.dataset_count; i++)
		plan_close(&trial.plans[i]);
	free(trial.plans);
	free(trial.intact);
	munmap(trial.workers, MOST_PROCESSES * sizeof(Worker));
	remove_folder(trial.work);
	return only >= 0 ? 0 : status;
}
