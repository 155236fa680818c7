/* test_kept.c -- mappings that stay for the next reader, and those that must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "kept.h"

#define LARGE (2 * 1024 * 1024)

typedef struct File
{
	char path[32];
	int fd;
	struct stat status;
} File;

static File
make_file(off_t size)
{
	File file = {.path = "/tmp/ldb_kept_XXXXXX"};

	file.fd = mkstemp(file.path);
	assert_true(file.fd >= 0);
	assert_int_equal(ftruncate(file.fd, size), 0);
	assert_int_equal(fstat(file.fd, &file.status), 0);
	return file;
}

static void
drop_file(File *file)
{
	close(file->fd);
	unlink(file->path);
}

static LdbMapping *
map_file(File *file)
{
	LdbMapping *mapping;

	assert_int_equal(ldb_mapping_open(file->fd, file->path, &mapping, NULL), LDB_OK);
	return mapping;
}

static void
hands_out_the_same_mapping_while_the_file_is_the_same(void **state)
{
	LdbKept kept;
	File file = make_file(LARGE);
	LdbMapping *first = map_file(&file);
	LdbMapping *again;

	(void) state;
	ldb_kept_init(&kept);
	assert_null(ldb_kept_find(&kept, &file.status));
	ldb_kept_add(&kept, &file.status, first);
	ldb_mapping_close(first);
	again = ldb_kept_find(&kept, &file.status);
	assert_ptr_equal(again, first);
	/* the bytes stay after the store lets go, as long as a reader has its share */
	ldb_kept_free(&kept);
	assert_int_equal(ldb_mapping_bytes(again).length, LARGE);
	assert_int_equal(ldb_mapping_bytes(again).data[LARGE - 1], 0);
	ldb_mapping_close(again);
	drop_file(&file);
}

static void
forgets_a_file_that_changed_in_place(void **state)
{
	LdbKept kept;
	File file = make_file(LARGE);
	LdbMapping *mapping = map_file(&file);
	struct stat now = file.status;

	(void) state;
	ldb_kept_init(&kept);
	ldb_kept_add(&kept, &file.status, mapping);
	ldb_mapping_close(mapping);
	now.st_ctim.tv_nsec ^= 1;
	assert_null(ldb_kept_find(&kept, &now));
	assert_null(ldb_kept_find(&kept, &file.status));
	ldb_kept_free(&kept);
	drop_file(&file);
}

static void
keeps_no_small_files_and_few_large_ones(void **state)
{
	LdbKept kept;
	File small = make_file(4096);
	File large[LDB_KEPT_MAPPINGS + 1];
	LdbMapping *mapping = map_file(&small);

	(void) state;
	ldb_kept_init(&kept);
	ldb_kept_add(&kept, &small.status, mapping);
	ldb_mapping_close(mapping);
	assert_null(ldb_kept_find(&kept, &small.status));
	for (int i = 0; i <= LDB_KEPT_MAPPINGS; i++)
	{
		large[i] = make_file(LARGE);
		mapping = map_file(&large[i]);
		ldb_kept_add(&kept, &large[i].status, mapping);
		ldb_mapping_close(mapping);
	}
	/* the one unused for longest made room */
	assert_null(ldb_kept_find(&kept, &large[0].status));
	for (int i = 1; i <= LDB_KEPT_MAPPINGS; i++)
	{
		mapping = ldb_kept_find(&kept, &large[i].status);
		assert_non_null(mapping);
		ldb_mapping_close(mapping);
	}
	ldb_kept_free(&kept);
	for (int i = 0; i <= LDB_KEPT_MAPPINGS; i++)
		drop_file(&large[i]);
	drop_file(&small);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hands_out_the_same_mapping_while_the_file_is_the_same),
		cmocka_unit_test(forgets_a_file_that_changed_in_place),
		cmocka_unit_test(keeps_no_small_files_and_few_large_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
