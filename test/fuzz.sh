#!/usr/bin/env bash
# fuzz.sh -- runs every built fuzz target for the given number of seconds, starting from the kept corpus.
#
#   test/fuzz.sh SECONDS [TARGET...]
#
# test/fuzz/corpus/<target> is what is kept; new inputs go to build-fuzz/corpus/<target>, crashes to
# build-fuzz/crashes. Copy an input that found something new into the kept corpus.
set -u
cd "$(dirname "$0")/.."
seconds=${1:-5}
shift || true
mkdir -p build-fuzz/crashes
passed=0
failed=0

fuzz_one() {
    local target=$1 name kept found
    name=$(basename "$target")
    kept=test/fuzz/corpus/${name#fuzz_}
    found=build-fuzz/corpus/${name#fuzz_}
    mkdir -p "$found"
    [ -d "$kept" ] || { echo "$name: no corpus in $kept"; return 1; }
    # -timeout: one input that takes this long is a hang; -rss_limit_mb and -malloc_limit_mb: an unbounded allocation
    "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=512 -max_len=65536 \
        -print_final_stats=1 -artifact_prefix="build-fuzz/crashes/$name-" "$found" "$kept" >"build-fuzz/$name.log" 2>&1
}

targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(build-fuzz/fuzz/fuzz_*)
for target in "${targets[@]}"; do
    [ -x "$target" ] || continue
    name=$(basename "$target")
    if fuzz_one "$target"; then
        passed=$((passed + 1))
        echo "$name: $(sed -nE 's/^stat::number_of_executed_units: *//p' "build-fuzz/$name.log") inputs"
    else
        failed=$((failed + 1))
        echo "$name failed:"
        tail -n 60 "build-fuzz/$name.log"
    fi
done
[ $((passed + failed)) -gt 0 ] || { echo "no fuzz target was built"; failed=1; }
echo "fuzz: $passed passed, $failed failed"
[ "$failed" = 0 ]
