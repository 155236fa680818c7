#!/usr/bin/env bash
# trixie.sh -- builds and runs `make installcheck` on Debian 13 with its PostgreSQL 17 and pgvector.
#
# Debian 13 lies in a folder made once by debootstrap, from the mirror that this machine's apt uses:
# $LANCEDB_CACHE/trixie, /var/cache/lancedb/trixie unless told. Delete the folder to make it anew.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
cache=${LANCEDB_CACHE:-/var/cache/lancedb}
folder=$cache/trixie
packages="build-essential pkg-config postgresql-17 postgresql-client-17 postgresql-server-dev-17 postgresql-17-pgvector
    libprotobuf-c-dev protobuf-c-compiler libzstd-dev liblz4-dev libroaring-dev libjansson-dev libcmocka-dev
    libipc-run-perl perl procps"

skip() {
    echo "trixie: skipped, because $1"
    exit 0
}
[ "$(id -u)" = 0 ] || skip "only root can run debootstrap and chroot"
command -v debootstrap >/dev/null || skip "debootstrap is not installed"
[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || skip "Debian's archive keyring is not installed"

# mounts of our own, which nobody else sees and which end with us
if [ -z "${LANCEDB_OWN_MOUNTS:-}" ]; then
    unshare --mount true 2>/dev/null || skip "this system allows no mounts"
    LANCEDB_OWN_MOUNTS=yes exec unshare --mount --propagation private "$0"
fi
# one run at a time makes the folder
mkdir -p "$cache"
exec 9>"$cache/trixie.lock"
flock 9

bootstrap() {
    local mirror
    # $(SITE) and the like are apt's; the first index of the main archive that apt knows on this machine
    # shellcheck disable=SC2016
    mirror=$(apt-get indextargets --format '$(SITE) $(COMPONENT) $(RELEASE)' 'Created-By: Packages' 2>/dev/null |
        awk '$2 == "main" && $3 !~ /security|updates/ { print $1; exit }')
    [ -n "$mirror" ] || { echo "apt knows no Debian archive"; return 1; }
    rm -rf "$folder.new"
    debootstrap --variant=minbase --include=ca-certificates trixie "$folder.new" "$mirror" || return 1
    cp /etc/resolv.conf "$folder.new/etc/resolv.conf" 2>/dev/null || true
    chroot "$folder.new" apt-get update -q || return 1
    chroot "$folder.new" apt-get install -q -y --no-install-recommends postgresql-common || return 1
    echo 'create_main_cluster = false' >>"$folder.new/etc/postgresql-common/createcluster.conf"
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive chroot "$folder.new" apt-get install -q -y --no-install-recommends $packages || return 1
    chroot "$folder.new" apt-get clean
    mv "$folder.new" "$folder"
}

if [ ! -d "$folder" ]; then
    mkdir -p build
    bootstrap >build/trixie-bootstrap.log 2>&1 || {
        tail -n 20 build/trixie-bootstrap.log
        skip "Debian 13 could not be fetched (build/trixie-bootstrap.log)"
    }
fi

finish() {
    status=$?
    trap - EXIT INT TERM
    rm -rf "$copy"
    exit "$status"
}
mkdir -p "$folder/src"
mount -t proc proc "$folder/proc" && mount --bind /dev "$folder/dev" && mount -t tmpfs tmpfs "$folder/dev/shm" ||
    skip "/proc and /dev cannot be mounted in $folder"
flock -u 9

# a fresh copy of the tree, without what was built: objects of another tree could look newer than its sources
copy=$(mktemp -d "$folder/src/lancedb.XXXXXX")
trap finish EXIT
trap 'exit 130' INT TERM
tar -c --exclude=./build --exclude=./build-asan --exclude=./build-fuzz --exclude=node_modules --exclude='*.o' \
    --exclude='*.so' --exclude='*.d' --exclude=./.git . | tar -x -C "$copy"
chmod 755 "$copy"
status=0
# shellcheck disable=SC2016
chroot "$folder" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 FOLDER="/src/${copy##*/}" \
    sh -c 'cd "$FOLDER" && make -s -j"$(nproc)" all WERROR=-Werror && test/installcheck.sh' |
    sed 's/^installcheck:/trixie:/' || status=$?
rm -rf build/results/trixie
mkdir -p build/results/trixie
cp -r "$copy/build/results/." build/results/trixie 2>/dev/null || true
exit "$status"
