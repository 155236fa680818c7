# lancedb -- two products from one tree:
#   build/libldb_core.a   src/core   the Lance format and search, plain C11, no PostgreSQL
#   lancedb.so            src/pg     the extension, links the core
# `make help` lists what a developer calls.

EXTENSION    = lancedb
EXTVERSION   = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" lancedb.control)
MODULE_big   = lancedb
DATA         = $(wildcard sql/*--*--*.sql)
DATA_built   = sql/lancedb--$(EXTVERSION).sql

BUILD       ?= build
PROTO_SRCS   = $(sort $(wildcard src/core/proto/*.proto))
PROTO_C      = $(PROTO_SRCS:src/core/proto/%.proto=$(BUILD)/gen/%.pb-c.c)
CORE_SRCS    = $(sort $(wildcard src/core/*/*.c src/core/*/*/*.c))
PG_SRCS      = $(sort $(wildcard src/pg/*.c src/pg/*/*.c))
UNIT_SRCS    = $(sort $(wildcard test/unit/*/test_*.c))
FUZZ_SRCS    = $(sort $(wildcard test/fuzz/fuzz_*.c))

CORE_LIB     = $(BUILD)/libldb_core.a
CORE_LIBS    = -lprotobuf-c -lzstd -llz4 -ljansson -lpthread -lm

OBJS         = $(PG_SRCS:.c=.o)
PG_CPPFLAGS  = -Iinclude -Isrc/pg
PG_CFLAGS    = -std=gnu11 -Wno-declaration-after-statement -Wextra -Wno-unused-parameter \
               -Wno-sign-compare -Wno-missing-field-initializers $(WERROR) $(SAN) -MMD -MP
SHLIB_LINK   = $(CORE_LIB) $(CORE_LIBS) -Wl,--exclude-libs,ALL
EXTRA_CLEAN  = $(PG_SRCS:.c=.d) $(BUILD) build-asan build-fuzz sql/lancedb--$(EXTVERSION).sql

# JIT bitcode of an FDW buys nothing and costs a second compile of every file.
override with_llvm = no

# Before `make deps` there is no pg_config; then only the targets that need no server headers exist.
all:
PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
ifneq ($(PGXS),)
# installcheck below is ours, not the one of PGXS
NO_INSTALLCHECK = yes
include $(PGXS)
else
all install:
	@echo "$(PG_CONFIG) not found: run 'make deps' as root, or set PG_CONFIG" >&2; exit 1
clean:
	rm -rf $(EXTRA_CLEAN)
endif

# --- core: compiled without the server's include path, so that including
# postgres.h from src/core is a compile error, not a review comment ----------
CORE_OPT    ?= -O2
CORE_STD     = -std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden $(CORE_OPT) -g $(SAN)
CORE_WARN    = -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes \
               -Wmissing-prototypes -Wpointer-arith -Wcast-align -Wvla -Wformat=2 -Werror
ISA_scalar   = -fno-tree-vectorize -fno-tree-slp-vectorize
# elsewhere these two files are empty, and the flags unknown
ifneq (,$(findstring x86_64,$(shell $(CC) -dumpmachine)))
ISA_avx2     = -mavx2 -mfma -mf16c
ISA_avx512   = -mavx512f -mavx512bw -mavx512vl -mavx512dq -mfma -mf16c
endif
# -isystem: generated code is not ours to warn about
CORE_INC     = -Iinclude -isystem $(BUILD)/gen

$(BUILD)/gen/%.pb-c.c $(BUILD)/gen/%.pb-c.h: src/core/proto/%.proto
	@mkdir -p $(BUILD)/gen
	cd src/core/proto && protoc-c --c_out=$(abspath $(BUILD)/gen) $*.proto
$(BUILD)/gen/%.o: $(BUILD)/gen/%.pb-c.c $(PROTO_C)
	$(CC) $(CORE_STD) -w -I$(BUILD)/gen -c $< -o $@

$(BUILD)/core/%.o: src/core/%.c $(PROTO_C)
	@mkdir -p $(@D)
	$(CC) $(CORE_STD) $(CORE_WARN) $(ISA_$(patsubst kernels_%,%,$(notdir $*))) $(CORE_INC) -MMD -MP -c $< -o $@

$(CORE_LIB): $(CORE_SRCS:src/core/%.c=$(BUILD)/core/%.o) $(PROTO_C:.pb-c.c=.o)
	@rm -f $@
	$(AR) crs $@ $^

$(shlib): $(CORE_LIB)
core: $(CORE_LIB)
gen: $(PROTO_C)

sql/lancedb--$(EXTVERSION).sql: sql/lancedb.sql lancedb.control
	cp $< $@

# --- tests of the core, no server needed; each sees its own room's private headers
UNITS = $(UNIT_SRCS:test/unit/%.c=$(BUILD)/unit/%)
$(BUILD)/unit/%: test/unit/%.c $(CORE_LIB)
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror $(SAN) $(CORE_INC) -Itest/unit -I$(patsubst test/unit/%,src/core/%,$(dir $<)) $< $(CORE_LIB) $(CORE_LIBS) -lroaring -lcmocka -o $@

units: $(UNITS)
unit: $(UNITS)
	@test/units.sh $(UNITS)

ASAN = BUILD=build-asan CORE_OPT=-O1 SAN="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"
units-asan:
	$(MAKE) units $(ASAN)
unit-asan:
	$(MAKE) unit $(ASAN)

# --- a look into datasets without a server: test/dump/README.md --------------
$(BUILD)/ldb_dump: test/dump/ldb_dump.c $(CORE_LIB)
	$(CC) -std=c11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror $(SAN) $(CORE_INC) $< $(CORE_LIB) $(CORE_LIBS) -o $@
$(BUILD)/ldb_copy: test/dump/ldb_copy.c $(CORE_LIB)
	$(CC) -std=c11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror $(SAN) $(CORE_INC) $< $(CORE_LIB) $(CORE_LIBS) -o $@
dump: $(BUILD)/ldb_dump $(BUILD)/ldb_copy ## build/ldb_dump prints a dataset as JSON, or measures how fast it is read

# --- commits without a server, for tests beside LanceDB: test/commit/README.md
$(BUILD)/ldb_commit: test/commit/ldb_commit.c $(CORE_LIB)
	$(CC) -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror $(SAN) $(CORE_INC) $< $(CORE_LIB) $(CORE_LIBS) -o $@

# --- kills a server's process at a chosen moment: test/crash/README.md
$(BUILD)/crash.so: test/crash/crash.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -fPIC -shared -fvisibility=hidden $< -o $@ -ldl

# --- damaged copies of golden datasets, read under the sanitizers: test/hostile/README.md
HOSTILE_SRCS = $(sort $(wildcard test/hostile/*.c))
HOSTILE_DATA = $(addprefix test/data/,$(addsuffix .lance,nested_20 nested_21 nested_22 types_22 \
               history_stable filters bitmap_deletions blobs_21 encodings_22))
$(BUILD)/hostile: $(HOSTILE_SRCS) $(wildcard test/hostile/*.h test/fuzz/*.h) $(CORE_LIB)
	$(CC) -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror $(SAN) $(CORE_INC) -I. -Itest/fuzz -Itest/hostile $(HOSTILE_SRCS) $(CORE_LIB) $(CORE_LIBS) -o $@
hostile-build:
	$(MAKE) build-asan/hostile $(ASAN)

# --- fuzz targets: the whole core under libFuzzer's coverage ----------------
FUZZERS = $(FUZZ_SRCS:test/fuzz/%.c=$(BUILD)/fuzz/%)
$(BUILD)/fuzz/%: test/fuzz/%.c $(wildcard test/fuzz/*.h) $(CORE_LIB)
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra $(SAN) -fsanitize=fuzzer $(CORE_INC) -I. -Itest/fuzz $< $(CORE_LIB) $(CORE_LIBS) -o $@
# cuts golden datasets into first inputs: test/fuzz/seed.sh
$(BUILD)/fuzz/seed: test/fuzz/seed.c $(wildcard test/fuzz/*.h) $(CORE_LIB)
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra $(SAN) $(CORE_INC) -I. -Itest/fuzz $< $(CORE_LIB) $(CORE_LIBS) -o $@
fuzzers: $(FUZZERS) $(BUILD)/fuzz/seed
fuzzers-build:
	$(MAKE) fuzzers BUILD=build-fuzz CC=clang CORE_OPT=-O1 CORE_WARN=-w \
	    SAN="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all"

-include $(shell find $(BUILD) src/pg -name '*.d' 2>/dev/null)

# --- what a developer calls --------------------------------------------------
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | awk -F'\t' '{printf "  make %-14s %s\n", $$1, $$2}'
deps: ## install the Debian packages that build and tests need (as root; does nothing when they are there)
	@test/deps.sh
unit: ## tests of the core; no server needed
unit-asan: ## the same under AddressSanitizer and UndefinedBehaviorSanitizer
lint: ## rooms, formatting, static analysis, exports; see test/lint/README.md
	@test/lint/run.sh
format: ## let clang-format decide
	clang-format -i $$(find src include test -name '*.[ch]' -not -path '*/node_modules/*')
installcheck: all ## regression, isolation and TAP tests on a throwaway server (TESTS="name ..." for some)
	@test/installcheck.sh $(TESTS)
interop: all $(BUILD)/ldb_commit ## LanceDB from npm writes, psql reads, every value is compared
	@test/interop.sh
fuzz: fuzzers-build ## every fuzz target (FUZZ_SECONDS each, 600 unless told)
	@test/fuzz.sh $(or $(FUZZ_SECONDS),600)
hostile: hostile-build ## more than 10,000 damaged copies of golden datasets: right rows or a clean error
	@ASAN_OPTIONS=quarantine_size_mb=16 build-asan/hostile $(HOSTILE_DATA)
bench: all ## the numbers of docs/benchmarks.md, peers in the same run
	@test/bench/bench.sh
demo: ## a throwaway server with real Lance data, filtered, joined and searched
	@test/deps.sh
	@test/demo.sh
test: ## everything that CI runs; closes with "N passed, N failed"
	@test/deps.sh
	@test/run.sh
verify: lint unit unit-asan ## what to run before a commit


.PHONY: all core gen units unit units-asan unit-asan fuzzers fuzzers-build hostile hostile-build help deps lint format installcheck interop \
        fuzz bench demo test verify dump
