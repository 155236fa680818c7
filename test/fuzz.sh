#!/usr/bin/env bash
# fuzz.sh -- runs every built fuzz target for the given number of seconds, starting from the kept corpus.
#
#   test/fuzz.sh SECONDS [TARGET...]
#
# One target for each processor at a time. test/fuzz/corpus/<target> is what is kept; new inputs go to
# build-fuzz/corpus/<target>, crashes to build-fuzz/crashes. test/fuzz/README.md says what to do with either.
set -u
cd "$(dirname "$0")/.." || exit
seconds=${1:-5}
shift || true
jobs=$(nproc)
rm -rf build-fuzz/results
mkdir -p build-fuzz/crashes build-fuzz/results
passed=0
failed=0

# Freed memory that the sanitizer keeps back would count against the limit.
export ASAN_OPTIONS=quarantine_size_mb=16:${ASAN_OPTIONS:-} UBSAN_OPTIONS=print_stacktrace=1:${UBSAN_OPTIONS:-}

fuzz_one() {
    local target=$1 name kept found
    name=$(basename "$target")
    kept=test/fuzz/corpus/${name#fuzz_}
    found=build-fuzz/corpus/${name#fuzz_}
    mkdir -p "$found"
    [ -d "$kept" ] || { echo "$name: no corpus in $kept" >"build-fuzz/$name.log"; return 1; }
    # -timeout: one input that takes this long is a hang; -rss_limit_mb and -malloc_limit_mb: an unbounded allocation
    "$target" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=512 -malloc_limit_mb=512 -max_len=65536 \
        -print_final_stats=1 -artifact_prefix="build-fuzz/crashes/$name-" "$found" "$kept" >"build-fuzz/$name.log" 2>&1
}

report() {
    local name=$1
    if [ -e "build-fuzz/results/$name" ]; then
        passed=$((passed + 1))
        echo "$name: $(sed -nE 's/^stat::number_of_executed_units: *//p' "build-fuzz/$name.log") inputs," \
            "$(sed -nE 's/^stat::peak_rss_mb: *//p' "build-fuzz/$name.log") MB"
    else
        failed=$((failed + 1))
        echo "$name failed:"
        tail -n 60 "build-fuzz/$name.log"
    fi
}

targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(test/fuzz/fuzz_*.c)
names=()
for target in "${targets[@]}"; do
    name=$(basename "$target" .c)
    names+=("$name")
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
    (fuzz_one "build-fuzz/fuzz/$name" && touch "build-fuzz/results/$name") &
done
wait
for name in "${names[@]}"; do report "$name"; done
echo "fuzz: $passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
