/* test_beneath.c -- links and special files do not lead out of a local store, nor make it hang. */
#include "store/store_test.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "beneath.h"

static LdbStatus
get_status(Place *place, const char *name)
{
	LdbSlice bytes;

	return ldb_store_get(place->store, name, WHOLE, place->arena, &bytes, NULL, NULL, &place->err);
}

/* No call may reach what lies behind the name, and each names it. */
static void
assert_denied(Place *place, const char *name)
{
	LdbObjectInfo info;
	LdbMapping *mapping;
	LdbSlice bytes;
	LdbRange range = WHOLE;

	assert_int_equal(get_status(place, name), LDB_DENIED);
	assert_non_null(strstr(place->err.message, name));
	assert_int_equal(
		ldb_store_get_many(place->store, name, &range, 1, place->arena, &bytes, NULL, &place->err),
		LDB_DENIED);
	assert_int_equal(ldb_store_head(place->store, name, place->arena, &info, NULL, &place->err),
					 LDB_DENIED);
	assert_int_equal(ldb_store_map(place->store, name, &mapping, NULL, &place->err), LDB_DENIED);
}

static void
refuses_links_that_lead_outside(void **state)
{
	Place place;

	(void) state;
	open_place(&place);
	write_file(at(&place, "secret"), "secret");
	assert_int_equal(mkdir(at(&place, "private"), 0777), 0);
	write_file(at(&place, "private/x"), "secret");
	assert_int_equal(symlink("../secret", at(&place, "root/relative")), 0);
	assert_int_equal(symlink(at(&place, "secret"), at(&place, "root/absolute")), 0);
	assert_int_equal(symlink("../private", at(&place, "root/folder")), 0);
	assert_int_equal(symlink(at(&place, "private"), at(&place, "root/folder2")), 0);
	assert_int_equal(symlink("/proc/self/root", at(&place, "root/magic")), 0);
	assert_denied(&place, "relative");
	assert_denied(&place, "absolute");
	assert_denied(&place, "folder/x");
	assert_denied(&place, "folder2/x");
	assert_denied(&place, "magic/etc/passwd");
	assert_int_equal(put_text(place.store, "folder/new", "x", LDB_PUT_CREATE, &place.err),
					 LDB_DENIED);
	assert_int_equal(put_text(place.store, "folder/a/b", "x", LDB_PUT_CREATE, &place.err),
					 LDB_DENIED);
	assert_int_equal(put_text(place.store, "folder2/new", "x", LDB_PUT_REPLACE, &place.err),
					 LDB_DENIED);
	assert_int_equal(ldb_store_remove(place.store, "folder/x", NULL, &place.err), LDB_DENIED);
	assert_int_equal(count_entries(at(&place, "private")), 1);
	close_place(&place);
}

static void
replaces_a_link_itself_and_not_what_it_leads_to(void **state)
{
	Place place;
	struct stat status;

	(void) state;
	open_place(&place);
	write_file(at(&place, "secret"), "secret");
	assert_int_equal(symlink("../secret", at(&place, "root/link")), 0);
	assert_int_equal(put_text(place.store, "link", "mine", LDB_PUT_CREATE, &place.err),
					 LDB_CONFLICT);
	assert_int_equal(put_text(place.store, "link", "mine", LDB_PUT_REPLACE, &place.err), LDB_OK);
	assert_object(place.store, "link", "mine");
	assert_int_equal(stat(at(&place, "secret"), &status), 0);
	assert_int_equal(status.st_size, 6);
	close_place(&place);
}

typedef struct Swapper
{
	char folder[96];
	char link[96];
	char aside[96];
	atomic_bool stop;
} Swapper;

/* The folder is there, then a link to the outside is, and so on. */
static void *
swap_folder_and_link(void *argument)
{
	Swapper *swapper = argument;

	while (!atomic_load(&swapper->stop))
	{
		rename(swapper->folder, swapper->aside);
		rename(swapper->link, swapper->folder);
		rename(swapper->folder, swapper->link);
		rename(swapper->aside, swapper->folder);
	}
	return NULL;
}

static void
never_reads_through_a_link_that_is_swapped_in(void **state)
{
	Place place;
	Swapper swapper = {0};
	pthread_t thread;
	size_t found = 0;

	(void) state;
	open_place(&place);
	assert_int_equal(mkdir(at(&place, "private"), 0777), 0);
	write_file(at(&place, "private/x"), "secret");
	assert_int_equal(mkdir(at(&place, "root/data"), 0777), 0);
	write_file(at(&place, "root/data/x"), "public");
	snprintf(swapper.folder, sizeof swapper.folder, "%s/data", place.root);
	snprintf(swapper.link, sizeof swapper.link, "%s/link", place.root);
	snprintf(swapper.aside, sizeof swapper.aside, "%s/aside", place.root);
	assert_int_equal(symlink("../private", swapper.link), 0);
	assert_int_equal(pthread_create(&thread, NULL, swap_folder_and_link, &swapper), 0);
	for (int i = 0; i < 20000; i++)
	{
		LdbSlice bytes;
		LdbStatus status = ldb_store_get(place.store, "data/x", WHOLE, place.arena, &bytes, NULL,
										 NULL, &place.err);

		if (status == LDB_OK)
		{
			assert_memory_equal(bytes.data, "public", 6);
			found++;
		}
		else
			assert_true(status == LDB_DENIED || status == LDB_NOT_FOUND || status == LDB_IO);
		ldb_arena_reset(place.arena);
	}
	atomic_store(&swapper.stop, true);
	pthread_join(thread, NULL);
	assert_true(found > 0);
	close_place(&place);
}

static void
refuses_pipes_sockets_and_devices_without_waiting(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	Place place;

	(void) state;
	open_place(&place);
	snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", place.root);
	assert_int_equal(bind(listener, (struct sockaddr *) &address, sizeof address), 0);
	assert_int_equal(mkfifo(at(&place, "root/pipe"), 0666), 0);
	/* A pipe that nobody ever writes to: who opens it plainly waits for ever. */
	alarm(20);
	assert_denied(&place, "pipe");
	assert_denied(&place, "socket");
	if (mknod(at(&place, "root/device"), S_IFCHR | 0666, makedev(1, 5)) == 0)
		assert_denied(&place, "device");
	alarm(0);
	assert_list(place.store, "", true, "");
	close(listener);
	close_place(&place);
}

static void
says_that_a_folder_is_no_object(void **state)
{
	Place place;

	(void) state;
	open_place(&place);
	assert_int_equal(mkdir(at(&place, "root/folder"), 0777), 0);
	assert_int_equal(get_status(&place, "folder"), LDB_NOT_FOUND);
	write_file(at(&place, "root/file"), "x");
	assert_int_equal(get_status(&place, "file/below"), LDB_NOT_FOUND);
	assert_int_equal(get_status(&place, "missing/below"), LDB_NOT_FOUND);
	assert_int_equal(put_text(place.store, "file/below", "x", LDB_PUT_CREATE, &place.err),
					 LDB_DENIED);
	assert_int_equal(put_text(place.store, "folder", "x", LDB_PUT_CREATE, &place.err),
					 LDB_CONFLICT);
	assert_int_equal(put_text(place.store, "folder", "x", LDB_PUT_REPLACE, &place.err), LDB_DENIED);
	close_place(&place);
}

static void
reports_a_missing_root_and_one_that_is_a_file(void **state)
{
	LdbStore *store;
	Place place;

	(void) state;
	open_place(&place);
	assert_int_equal(ldb_store_open_local(at(&place, "nowhere"), &store, &place.err),
					 LDB_NOT_FOUND);
	write_file(at(&place, "file"), "x");
	assert_int_equal(ldb_store_open_local(at(&place, "file"), &store, &place.err), LDB_NOT_FOUND);
	close_place(&place);
}

static void
leaves_no_descriptor_open_after_failures(void **state)
{
	Place place;
	size_t before;

	(void) state;
	open_place(&place);
	before = count_open_files();
	write_file(at(&place, "root/file"), "x");
	assert_int_equal(mkdir(at(&place, "root/folder"), 0777), 0);
	assert_int_equal(symlink("..", at(&place, "root/folder/out")), 0);
	assert_int_equal(mkfifo(at(&place, "root/pipe"), 0666), 0);
	for (int i = 0; i < 10; i++)
	{
		get_status(&place, "pipe");
		get_status(&place, "folder");
		get_status(&place, "folder/out/root/file");
		get_status(&place, "file/a/b/c");
		get_status(&place, "folder/missing/c");
		put_text(place.store, "file/a", "x", LDB_PUT_CREATE, NULL);
		put_text(place.store, "file", "x", LDB_PUT_CREATE, NULL);
		put_text(place.store, "new/folder/deep", "x", LDB_PUT_REPLACE, NULL);
		ldb_store_remove(place.store, "folder", NULL, NULL);
		assert_list(place.store, "", false, "file new/folder/deep");
	}
	assert_int_equal(count_open_files(), before);
	close_place(&place);
}

static void
follows_links_that_stay_inside(void **state)
{
	Place place;

	(void) state;
	open_place(&place);
	assert_int_equal(mkdir(at(&place, "root/folder"), 0777), 0);
	write_file(at(&place, "root/folder/x"), "inside");
	assert_int_equal(symlink("folder/../folder", at(&place, "root/link")), 0);
	assert_object(place.store, "link/x", "inside");
	close_place(&place);
}

static void
follows_no_link_at_all_without_openat2(void **state)
{
	Place place;

	(void) state;
	open_place(&place);
	assert_int_equal(mkdir(at(&place, "root/folder"), 0777), 0);
	write_file(at(&place, "root/folder/x"), "inside");
	assert_int_equal(symlink("folder", at(&place, "root/link")), 0);
	assert_int_equal(symlink("folder/x", at(&place, "root/link2")), 0);
	assert_object(place.store, "folder/x", "inside");
	assert_denied(&place, "link/x");
	assert_denied(&place, "link2");
	close_place(&place);
}

/* From here on the process lives on an old kernel. */
static int
take_openat2_away(void **state)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};

	(void) state;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void
says_whose_rights_are_missing(void **state)
{
	LdbError err;

	(void) state;
	assert_int_equal(ldb_beneath_failure(EACCES, "open", "t.lance/data/x", &err), LDB_DENIED);
	assert_string_equal(err.message, "could not open \"t.lance/data/x\": Permission denied");
	assert_non_null(strstr(err.hint, "The user that this process runs as"));
}

#define COMMON_TESTS                                                         \
	cmocka_unit_test(refuses_links_that_lead_outside),                       \
		cmocka_unit_test(replaces_a_link_itself_and_not_what_it_leads_to),   \
		cmocka_unit_test(never_reads_through_a_link_that_is_swapped_in),     \
		cmocka_unit_test(refuses_pipes_sockets_and_devices_without_waiting), \
		cmocka_unit_test(says_that_a_folder_is_no_object),                   \
		cmocka_unit_test(reports_a_missing_root_and_one_that_is_a_file),     \
		cmocka_unit_test(leaves_no_descriptor_open_after_failures)

int
main(void)
{
	const struct CMUnitTest with_openat2[] = {
		COMMON_TESTS,
		cmocka_unit_test(follows_links_that_stay_inside),
		cmocka_unit_test(says_whose_rights_are_missing),
	};
	const struct CMUnitTest without_openat2[] = {
		COMMON_TESTS,
		cmocka_unit_test(follows_no_link_at_all_without_openat2),
	};
	int failures = cmocka_run_group_tests(with_openat2, NULL, NULL);

	return failures + cmocka_run_group_tests(without_openat2, take_openat2_away, NULL);
}
