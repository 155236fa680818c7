/* test_draft_model.c -- whatever is done to a draft, views show what a list of events says. */
#include "table/draft_test.h"

#define MOST_EVENTS 100000
#define MOST_ROWS 100000
#define UNKNOWN UINT64_MAX

typedef enum Kind
{
	INSERTED,
	DELETED,
	TRUNCATED
} Kind;

/* The model: what happened, by whose mark; what is rolled back is taken off the end. */
typedef struct Event
{
	Kind kind;
	uint32_t id;
	LdbMark mark;
} Event;

typedef struct Model
{
	Bench bench;
	Event *events;
	size_t event_count;
	uint32_t base_rows;
	uint32_t next_id;
	LdbMark mark;
	uint64_t *addresses; /* by id, where a view showed it */
	uint64_t *numbers;   /* by id, as row_done gave them */
	bool *there;         /* by id; scratch */
	uint64_t random;
} Model;

static uint64_t
below(Model *model, uint64_t limit)
{
	model->random = model->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (model->random >> 33) % limit;
}

static void
add_event(Model *model, Kind kind, uint32_t id)
{
	assert_true(model->event_count < MOST_EVENTS);
	model->events[model->event_count++] = (Event){kind, id, model->mark};
}

/* Which ids are there as of a command. */
static void
replay(Model *model, uint32_t before)
{
	memset(model->there, 0, MOST_ROWS * sizeof *model->there);
	for (uint32_t id = 0; id < model->base_rows; id++)
		model->there[id] = true;
	for (size_t i = 0; i < model->event_count && model->events[i].mark.command < before; i++)
	{
		const Event *event = &model->events[i];

		if (event->kind == TRUNCATED)
			memset(model->there, 0, MOST_ROWS * sizeof *model->there);
		else
			model->there[event->id] = event->kind == INSERTED;
	}
}

static void
check_view(Model *model, uint32_t before)
{
	Seen seen = read_view(&model->bench, before);
	size_t next = 0;

	replay(model, before);
	for (uint32_t id = 0; id < model->next_id; id++)
	{
		if (!model->there[id])
			continue;
		assert_true(next < seen.count);
		assert_int_equal(seen.ids[next], id);
		if (model->addresses[id] != UNKNOWN)
			assert_int_equal(model->addresses[id], seen.addresses[next]);
		model->addresses[id] = seen.addresses[next++];
	}
	assert_int_equal(next, seen.count);
	seen_free(&seen);
}

static void
check_counts(Model *model)
{
	uint64_t added = 0, left = 0;
	LdbDraftCounts counts;
	LdbError err;

	must(ldb_draft_counts(model->bench.draft, &counts, &err), &err);
	replay(model, UINT32_MAX);
	for (uint32_t id = 0; id < model->next_id; id++)
	{
		left += model->there[id] && id < model->base_rows;
		added += model->there[id] && id >= model->base_rows;
	}
	assert_int_equal(counts.rows_added, added);
	assert_int_equal(counts.rows_deleted, model->base_rows - left);
	if (model->base_rows > 0)
		assert_int_equal(ldb_draft_is_empty(model->bench.draft),
						 added == 0 && left == model->base_rows);
}

static void
insert(Model *model)
{
	size_t count = 1 + below(model, below(model, 10) == 0 ? 200 : 6);
	LdbError err;

	if (below(model, 4) == 0)
	{
		must(try_append(&model->bench, model->next_id, count, model->mark, &err), &err);
		for (size_t i = 0; i < count; i++)
			add_event(model, INSERTED, model->next_id++);
		return;
	}
	for (size_t i = 0; i < count; i++)
	{
		LdbBuilder **builders;

		/* a row that failed halfway */
		if (below(model, 20) == 0)
		{
			must(ldb_draft_row(model->bench.draft, &builders, &err), &err);
			must(ldb_builder_null(builders[0], &err), &err);
		}
		model->numbers[model->next_id] = add_row(&model->bench, model->next_id, model->mark);
		add_event(model, INSERTED, model->next_id++);
	}
}

/* Where a row is, known from a view or from when it was added. */
static uint64_t
find_address(Model *model, uint32_t id)
{
	uint64_t address;
	LdbError err;

	if (model->addresses[id] != UNKNOWN)
		return model->addresses[id];
	if (model->numbers[id] == UNKNOWN)
		return UNKNOWN;
	must(ldb_draft_row_address(model->bench.draft, model->numbers[id], &address, &err), &err);
	model->addresses[id] = address;
	return address;
}

/* Rows that are there, and some that were deleted before. */
static void
delete_some(Model *model)
{
	size_t count = 0, wanted = 1 + below(model, below(model, 5) == 0 ? 150 : 4);
	uint64_t addresses[160];
	uint32_t ids[160];
	bool done[160];
	bool *existed = calloc(MOST_ROWS, sizeof *existed);
	LdbError err;

	for (uint32_t id = 0; id < model->base_rows; id++)
		existed[id] = true;
	for (size_t i = 0; i < model->event_count; i++)
		existed[model->events[i].id] |= model->events[i].kind == INSERTED;
	for (size_t tries = 0; model->next_id > 0 && tries < wanted * 3 && count < wanted; tries++)
	{
		uint32_t id = (uint32_t) below(model, model->next_id);

		if (!existed[id] || find_address(model, id) == UNKNOWN)
			continue;
		ids[count] = id;
		addresses[count++] = model->addresses[id];
	}
	must(ldb_draft_delete(model->bench.draft, addresses, count, model->mark, done, &err), &err);
	replay(model, UINT32_MAX);
	for (size_t i = 0; i < count; i++)
	{
		assert_int_equal(done[i], model->there[ids[i]]);
		model->there[ids[i]] = false;
		if (done[i])
			add_event(model, DELETED, ids[i]);
	}
	free(existed);
}

static void
roll_back(Model *model)
{
	int level = model->mark.level;

	ldb_draft_roll_back(model->bench.draft, level);
	while (model->event_count > 0 && model->events[model->event_count - 1].mark.level >= level)
	{
		const Event *event = &model->events[--model->event_count];

		if (event->kind == INSERTED)
			model->addresses[event->id] = model->numbers[event->id] = UNKNOWN;
	}
	if (level > 2)
		model->mark.level--;
}

static void
release(Model *model)
{
	int level = model->mark.level;

	if (level == 1)
		return;
	ldb_draft_release(model->bench.draft, level);
	for (size_t i = model->event_count; i > 0 && model->events[i - 1].mark.level >= level; i--)
		model->events[i - 1].mark.level = level - 1;
	model->mark.level--;
}

static void
step(Model *model)
{
	uint64_t kind = below(model, 100);
	LdbError err;

	if (kind < 30)
		insert(model);
	else if (kind < 50)
		delete_some(model);
	else if (kind < 52)
	{
		must(ldb_draft_truncate(model->bench.draft, model->mark, &err), &err);
		add_event(model, TRUNCATED, 0);
	}
	else if (kind < 62 && model->mark.level < 6)
		model->mark.level++;
	else if (kind < 68)
		release(model);
	else if (kind < 74 && model->mark.level > 1)
		roll_back(model);
	else if (kind < 85)
		model->mark.command++;
	else if (kind < 95)
		check_view(model, 1 + (uint32_t) below(model, model->mark.command + 2));
	else
		check_counts(model);
}

static void
run_model(const char *data_version, bool stable, uint32_t base_rows, uint64_t seed)
{
	LdbDraftOptions options = {0};
	LdbArena *arena = ldb_arena_new(0);
	LdbChange change;
	LdbError err;
	Model model = {.random = seed, .base_rows = base_rows, .next_id = base_rows, .mark = {1, 1}};

	model.events = calloc(MOST_EVENTS, sizeof *model.events);
	model.addresses = malloc(MOST_ROWS * sizeof *model.addresses);
	model.numbers = malloc(MOST_ROWS * sizeof *model.numbers);
	model.there = calloc(MOST_ROWS, sizeof *model.there);
	for (size_t i = 0; i < MOST_ROWS; i++)
		model.addresses[i] = model.numbers[i] = UNKNOWN;
	options.fragment_rows = below(&model, 2) == 0 ? 40 : 1000;
	options.memory_bytes = below(&model, 2) == 0 ? 4000 : 4 << 20;
	bench_open(&model.bench, data_version, stable);
	if (base_rows > 0)
	{
		bench_publish(&model.bench, base_rows, 64);
		bench_on_base(&model.bench, &options);
	}
	else
		bench_new_table(&model.bench, &options);
	for (int i = 0; i < 3000; i++)
		step(&model);
	check_view(&model, UINT32_MAX);
	must(ldb_draft_change(model.bench.draft, UINT32_MAX, arena, &change, &err), &err);
	check_view(&model, UINT32_MAX);
	assert_int_equal(ldb_draft_discard(model.bench.draft), 0);
	assert_int_equal(count_data_files(&model.bench), (base_rows + 63) / 64);
	bench_close(&model.bench);
	free(model.events);
	free(model.addresses);
	free(model.numbers);
	free(model.there);
	ldb_arena_free(arena);
}

static void
a_new_table_goes_with_the_model(void **state)
{
	(void) state;
	for (uint64_t seed = 1; seed <= 4; seed++)
		run_model("2.1", seed % 2 == 0, 0, seed);
}

static void
changes_of_a_version_go_with_the_model(void **state)
{
	(void) state;
	for (uint64_t seed = 10; seed <= 13; seed++)
		run_model("2.1", false, 300, seed);
}

static void
stable_row_ids_change_nothing_about_it(void **state)
{
	(void) state;
	for (uint64_t seed = 20; seed <= 21; seed++)
		run_model("2.1", true, 300, seed);
}

static void
other_data_versions_go_with_the_model(void **state)
{
	(void) state;
	run_model("2.0", false, 300, 30);
	run_model("2.2", false, 300, 31);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_table_goes_with_the_model),
		cmocka_unit_test(changes_of_a_version_go_with_the_model),
		cmocka_unit_test(stable_row_ids_change_nothing_about_it),
		cmocka_unit_test(other_data_versions_go_with_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
