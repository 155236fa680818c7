/* test_mapping.c -- files that break under their mapping damage it, and nothing else. */
#include "store/store_test.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "ldb/base/pool.h"
#include "ldb/store/mapping.h"

static size_t page_bytes;
static sigjmp_buf host_jump;
static volatile sig_atomic_t host_calls;

/* The handler of a host that was there before us. */
static void
host_handler(int number)
{
	(void) number;
	host_calls++;
	siglongjmp(host_jump, 1);
}

static int
make_file(const char *path, size_t pages)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	char *bytes = malloc(page_bytes);

	assert_true(fd >= 0);
	for (size_t i = 0; i < pages; i++)
	{
		memset(bytes, 'a' + (int) (i % 26), page_bytes);
		assert_int_equal(write(fd, bytes, page_bytes), (ssize_t) page_bytes);
	}
	free(bytes);
	return fd;
}

static LdbMapping *
map_file(const char *path, size_t pages, int *fd)
{
	LdbMapping *mapping;
	LdbError err = {0};

	*fd = make_file(path, pages);
	if (ldb_mapping_open(*fd, "f", &mapping, &err) != LDB_OK)
		fail_msg("%s", err.message);
	assert_int_equal(ldb_mapping_bytes(mapping).length, pages * page_bytes);
	return mapping;
}

/* Through volatile, so that the compiler really reads. */
static uint8_t
byte_at(const LdbMapping *mapping, size_t offset)
{
	return *(const volatile uint8_t *) (ldb_mapping_bytes(mapping).data + offset);
}

static void
maps_whole_files_also_after_their_descriptor_is_closed(void **state)
{
	Place place;
	LdbMapping *mapping;
	int fd;

	(void) state;
	open_place(&place);
	mapping = map_file(at(&place, "f"), 3, &fd);
	close(fd);
	assert_int_equal(byte_at(mapping, 0), 'a');
	assert_int_equal(byte_at(mapping, 3 * page_bytes - 1), 'c');
	assert_false(ldb_mapping_damaged(mapping));
	ldb_mapping_close(mapping);
	ldb_mapping_close(NULL);
	close_place(&place);
}

static void
maps_no_byte_beyond_the_end(void **state)
{
	Place place;
	LdbMapping *mapping;
	LdbError err = {0};
	int fd;

	(void) state;
	open_place(&place);
	write_file(at(&place, "f"), "12345");
	fd = open(at(&place, "f"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(ldb_mapping_open(fd, "f", &mapping, &err), LDB_OK);
	close(fd);
	assert_int_equal(ldb_mapping_bytes(mapping).length, 5);
	ldb_mapping_close(mapping);
	close_place(&place);
}

static void
maps_an_empty_file(void **state)
{
	Place place;
	LdbMapping *mapping;
	int fd;

	(void) state;
	open_place(&place);
	fd = make_file(at(&place, "f"), 0);
	assert_int_equal(ldb_mapping_open(fd, "f", &mapping, NULL), LDB_OK);
	close(fd);
	assert_int_equal(ldb_mapping_bytes(mapping).length, 0);
	assert_false(ldb_mapping_damaged(mapping));
	ldb_mapping_close(mapping);
	close_place(&place);
}

static void
refuses_what_is_no_regular_file(void **state)
{
	LdbMapping *mapping;
	LdbError err = {0};
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	int ends[2];

	(void) state;
	assert_int_equal(ldb_mapping_open(fd, "zero", &mapping, &err), LDB_DENIED);
	assert_non_null(strstr(err.message, "\"zero\""));
	close(fd);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(ldb_mapping_open(ends[0], "pipe", &mapping, &err), LDB_DENIED);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(ldb_mapping_open(-1, "none", &mapping, &err), LDB_IO);
}

static void
marks_a_truncated_mapping_and_reads_zeros(void **state)
{
	Place place;
	LdbMapping *cut;
	LdbMapping *whole;
	int fd;
	int fd2;

	(void) state;
	use_our_bus_handler();
	open_place(&place);
	cut = map_file(at(&place, "cut"), 4, &fd);
	whole = map_file(at(&place, "whole"), 4, &fd2);
	assert_int_equal(ftruncate(fd, (off_t) page_bytes), 0);
	assert_int_equal(byte_at(cut, 0), 'a');
	assert_false(ldb_mapping_damaged(cut));
	assert_int_equal(byte_at(cut, 2 * page_bytes + 17), 0);
	assert_true(ldb_mapping_damaged(cut));
	assert_int_equal(byte_at(cut, page_bytes), 0);
	assert_int_equal(byte_at(cut, 4 * page_bytes - 1), 0);
	assert_int_equal(byte_at(cut, page_bytes - 1), 'a');
	assert_int_equal(byte_at(whole, 2 * page_bytes), 'c');
	assert_false(ldb_mapping_damaged(whole));
	close(fd);
	close(fd2);
	ldb_mapping_close(cut);
	ldb_mapping_close(whole);
	close_place(&place);
}

static LdbStatus
read_everything(void *context, int worker, const atomic_bool *stop, LdbError *err)
{
	const LdbMapping *mapping = context;
	size_t length = ldb_mapping_bytes(mapping).length;
	unsigned sum = 0;

	(void) stop;
	for (size_t i = 0; i < length; i += page_bytes)
		sum += byte_at(mapping, (i + (size_t) worker * page_bytes) % length);
	if (sum != 'a')
		LDB_FAIL(err, LDB_CORRUPT, "sum is %u", sum);
	return LDB_OK;
}

static void
survives_on_threads_of_the_pool(void **state)
{
	Place place;
	LdbMapping *mapping;
	LdbError err = {0};
	int fd;

	(void) state;
	use_our_bus_handler();
	open_place(&place);
	mapping = map_file(at(&place, "f"), 200, &fd);
	assert_int_equal(ftruncate(fd, (off_t) page_bytes), 0);
	if (ldb_pool_run(4, read_everything, mapping, &err) != LDB_OK)
		fail_msg("%s", err.message);
	assert_true(ldb_mapping_damaged(mapping));
	close(fd);
	ldb_mapping_close(mapping);
	close_place(&place);
}

typedef struct Churn
{
	const char *path;
	atomic_bool stop;
} Churn;

static void *
open_and_close_mappings(void *argument)
{
	Churn *churn = argument;
	int fd = open(churn->path, O_RDONLY | O_CLOEXEC);
	LdbMapping *mappings[300];

	while (!atomic_load(&churn->stop))
	{
		for (int i = 0; i < 300; i++)
			if (ldb_mapping_open(fd, "other", &mappings[i], NULL) != LDB_OK)
				abort();
		for (int i = 0; i < 300; i++)
		{
			if (ldb_mapping_damaged(mappings[i]))
				abort();
			ldb_mapping_close(mappings[i]);
		}
	}
	close(fd);
	return NULL;
}

static void
finds_the_right_mapping_while_others_come_and_go(void **state)
{
	Place place;
	pthread_t thread;
	Churn churn;
	int fd;

	(void) state;
	use_our_bus_handler();
	open_place(&place);
	close(make_file(at(&place, "other"), 5));
	churn = (Churn){.path = at(&place, "other")};
	assert_int_equal(pthread_create(&thread, NULL, open_and_close_mappings, &churn), 0);
	for (int i = 0; i < 300; i++)
	{
		LdbMapping *mapping = map_file(at(&place, "f"), 3, &fd);

		assert_false(ldb_mapping_damaged(mapping));
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(byte_at(mapping, page_bytes), 0);
		assert_true(ldb_mapping_damaged(mapping));
		close(fd);
		ldb_mapping_close(mapping);
	}
	atomic_store(&churn.stop, true);
	pthread_join(thread, NULL);
	close_place(&place);
}

/* A page that belongs to nobody we know. */
static volatile const uint8_t *
foreign_broken_page(const Place *place)
{
	int fd = make_file(at(place, "foreign"), 1);
	void *page = mmap(NULL, page_bytes, PROT_READ, MAP_SHARED, fd, 0);

	assert_true(page != MAP_FAILED);
	assert_int_equal(ftruncate(fd, 0), 0);
	close(fd);
	return page;
}

static void
leaves_faults_elsewhere_to_the_handler_before(void **state)
{
	Place place;
	LdbMapping *mapping;
	int fd;

	(void) state;
	use_our_bus_handler();
	open_place(&place);
	mapping = map_file(at(&place, "ours"), 2, &fd);
	host_calls = 0;
	if (sigsetjmp(host_jump, 1) == 0)
	{
		(void) *foreign_broken_page(&place);
		fail_msg("a broken page was readable");
	}
	assert_int_equal(host_calls, 1);
	if (sigsetjmp(host_jump, 1) == 0)
		raise(SIGBUS);
	assert_int_equal(host_calls, 2);
	assert_false(ldb_mapping_damaged(mapping));
	close(fd);
	ldb_mapping_close(mapping);
	close_place(&place);
}

static void
forgets_a_mapping_when_it_is_closed(void **state)
{
	Place place;
	LdbMapping *mapping;
	void *start;
	void *again;
	int fd;

	(void) state;
	use_our_bus_handler();
	open_place(&place);
	mapping = map_file(at(&place, "f"), 1, &fd);
	start = (void *) (uintptr_t) ldb_mapping_bytes(mapping).data;
	ldb_mapping_close(mapping);
	again = mmap(start, page_bytes, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
	assert_ptr_equal(again, start);
	assert_int_equal(ftruncate(fd, 0), 0);
	host_calls = 0;
	if (sigsetjmp(host_jump, 1) == 0)
		(void) *(volatile const uint8_t *) again;
	assert_int_equal(host_calls, 1);
	munmap(again, page_bytes);
	close(fd);
	close_place(&place);
}

static void
fails_cleanly_without_memory(void **state)
{
	enum
	{
		/* More than any chunk of the registry has room for. */
		MANY = 1000
	};
	static LdbMapping *mappings[MANY];
	LdbMapping *mapping;
	Place place;
	int fd;
	int failures = 0;

	(void) state;
	open_place(&place);
	fd = make_file(at(&place, "f"), 1);
	ldb_heap_fail_after(1);
	assert_int_equal(ldb_mapping_open(fd, "f", &mapping, NULL), LDB_NOMEM);
	for (int i = 0; i < MANY; i++)
	{
		LdbStatus status;

		/* The second allocation of an open is a new chunk, when one is needed. */
		ldb_heap_fail_after(2);
		status = ldb_mapping_open(fd, "f", &mappings[i], NULL);
		ldb_heap_fail_after(0);
		if (status != LDB_OK)
		{
			assert_int_equal(status, LDB_NOMEM);
			failures++;
			assert_int_equal(ldb_mapping_open(fd, "f", &mappings[i], NULL), LDB_OK);
		}
	}
	assert_in_range(failures, 1, MANY / 100);
	for (int i = 0; i < MANY; i++)
	{
		assert_int_equal(byte_at(mappings[i], 0), 'a');
		ldb_mapping_close(mappings[i]);
	}
	close(fd);
	close_place(&place);
}

/* A process of its own with the given handling of SIGBUS before ours; gives its wait status. */
static int
run_child(void (*before)(int), void (*work)(const Place *))
{
	Place place;
	int status;
	pid_t child;

	open_place(&place);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
	{
		signal(SIGBUS, before);
		ldb_mapping_install_handler();
		ldb_mapping_install_handler();
		work(&place);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	close_place(&place);
	return status;
}

static void
touch_foreign_page(const Place *place)
{
	(void) *foreign_broken_page(place);
}

static void
send_signal_to_oneself(const Place *place)
{
	(void) place;
	raise(SIGBUS);
}

static void
touch_own_broken_page(const Place *place)
{
	int fd;
	LdbMapping *mapping = map_file(at(place, "f"), 2, &fd);

	if (ftruncate(fd, 0) != 0 || byte_at(mapping, 5) != 0 || !ldb_mapping_damaged(mapping))
		_exit(1);
}

static bool
died_of_sigbus(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS;
}

/* Runs before the handler of this process is installed, so that each child installs its own. */
static void
keeps_the_default_action_for_faults_that_are_not_ours(void **state)
{
	(void) state;
	assert_true(died_of_sigbus(run_child(SIG_DFL, touch_foreign_page)));
	assert_true(died_of_sigbus(run_child(SIG_DFL, send_signal_to_oneself)));
	assert_true(died_of_sigbus(run_child(SIG_IGN, touch_foreign_page)));
	assert_int_equal(run_child(SIG_IGN, send_signal_to_oneself), 0);
	assert_int_equal(run_child(SIG_DFL, touch_own_broken_page), 0);
	assert_int_equal(run_child(SIG_IGN, touch_own_broken_page), 0);
}

int
main(void)
{
	const struct CMUnitTest before_installing[] = {
		cmocka_unit_test(keeps_the_default_action_for_faults_that_are_not_ours),
	};
	const struct CMUnitTest installed[] = {
		cmocka_unit_test(maps_whole_files_also_after_their_descriptor_is_closed),
		cmocka_unit_test(maps_no_byte_beyond_the_end),
		cmocka_unit_test(maps_an_empty_file),
		cmocka_unit_test(refuses_what_is_no_regular_file),
		cmocka_unit_test(marks_a_truncated_mapping_and_reads_zeros),
		cmocka_unit_test(survives_on_threads_of_the_pool),
		cmocka_unit_test(finds_the_right_mapping_while_others_come_and_go),
		cmocka_unit_test(leaves_faults_elsewhere_to_the_handler_before),
		cmocka_unit_test(forgets_a_mapping_when_it_is_closed),
		cmocka_unit_test(fails_cleanly_without_memory),
	};
	int failures;

	page_bytes = (size_t) sysconf(_SC_PAGESIZE);
	failures = cmocka_run_group_tests(before_installing, NULL, NULL);
	signal(SIGBUS, host_handler);
	install_bus_handler();
	install_bus_handler();
	return failures + cmocka_run_group_tests(installed, NULL, NULL);
}
