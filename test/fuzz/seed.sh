#!/usr/bin/env bash
# seed.sh -- makes the kept corpus smaller, or makes it anew from the datasets of test/data.
#
#   test/fuzz/seed.sh [TARGET...]     after `make fuzzers-build`; all targets unless told
#
# Inputs come from three places: what is kept already, what runs of `make fuzz` found (build-fuzz/corpus),
# and pieces of the golden datasets. Of these, only inputs stay that reach code no smaller one reaches.
set -eu
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=16

add() { # target, prefix as hex, file
    mkdir -p "$work/$1"
    { printf '%b' "$2"; cat "$3"; } >"$work/$1/$(basename "$3")"
}

# Each version of a dataset as one input of fuzz_dataset: its manifest's message, then the files that it names.
join_dataset() { # folder
    perl -e '
        my ($folder, $most, $work) = @ARGV;
        sub slurp { local (@ARGV, $/) = @_; return scalar <> }
        my @files = grep { -s $_ <= $most } (<$folder/data/*>, <$folder/_deletions/*>, <$folder/_refs/tags/*>);
        for my $manifest (<$folder/_versions/*.manifest>) {
            my $bytes = slurp($manifest);
            my $start = unpack("Q<", substr($bytes, -16, 8));
            my $message = substr($bytes, $start + 4, unpack("V", substr($bytes, $start, 4)));
            my $out = pack("v/a*", pack("C/a*", "_versions/" . ($manifest =~ s,.*/,,r)) . $message);
            for my $file (@files) {
                my ($folder_name, $name) = $file =~ m,([^/]+)/([^/]+)$,;
                my ($fragment, $version, $id) = $name =~ /^(\d+)-(\d+)-(\d+)\./;
                next unless $folder_name eq "tags" || defined $id || index($message, $name) >= 0;
                my $path = $folder_name eq "tags" ? "_refs/tags/$name" : "$folder_name/$name";
                $out .= pack("v/a*", pack("C/a*", $path) . slurp($file));
            }
            next if length $out > $most;
            open(my $to, ">:raw", "$work/" . ($folder =~ s,.*/,,r) . "-" . ($manifest =~ s,.*/,,r)) or die;
            print $to $out;
        }' "$1" 9000 "$work/dataset"
}

cut_datasets() {
    local file number=0
    for file in $(find test/data -path '*.lance/data/*' -type f | sort); do
        number=$((number + 1))
        build-fuzz/fuzz/seed "$file" "$work/$number" || true # legacy files have nothing to cut
        [ "$(stat -c %s "$file")" -gt 8000 ] || add file '' "$file"
    done
    mkdir -p "$work/array20" "$work/page21"
    mv "$work"/*.array20 "$work/array20"
    mv "$work"/*.page21 "$work/page21"
    mkdir -p "$work/dataset"
    for file in test/data/*.lance; do join_dataset "$file"; done
    for file in test/data/*.lance/_versions/*.manifest; do
        add manifest '' "$file"
        tail -c +5 "$file" >"$work/message"
        add proto '\x0\x0' "$work/message"
        mv "$work/proto/message" "$work/proto/$(basename "$file")"
    done
    for file in test/data/*.lance/_deletions/*.arrow; do add deletions '\x0\x0\x10\x0' "$file"; done
    for file in test/data/*.lance/_deletions/*.bin; do add deletions '\x1\x0\x80\x0' "$file"; done
    for file in test/data/*.lance/_refs/tags/*.json; do add refs '' "$file"; done
}

cut_datasets
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(basename -s .c -a test/fuzz/fuzz_*.c)
for target in "${targets[@]}"; do
    name=${target#fuzz_}
    kept=test/fuzz/corpus/$name
    most=4000
    [ "$name" != dataset ] || most=5000
    mkdir -p "$kept" "$work/$name" "build-fuzz/corpus/$name" "$work/merged"
    "build-fuzz/fuzz/fuzz_$name" -merge=1 -use_counters=0 -max_len="$most" -timeout=5 -rss_limit_mb=512 "$work/merged" "$kept" "$work/$name" \
        "build-fuzz/corpus/$name" >"$work/log" 2>&1 || { tail -n 20 "$work/log"; exit 1; }
    rm -rf "$kept"
    mv "$work/merged" "$kept"
    echo "$name: $(find "$kept" -type f | wc -l) inputs, $(cat "$kept"/* | wc -c) bytes"
done
