#!/bin/sh
# deps.sh -- installs the Debian packages that building and testing need; quick when they are there.
set -eu

packages="
    build-essential pkg-config git ca-certificates
    postgresql-15 postgresql-client-15 postgresql-server-dev-15
    libprotobuf-c-dev protobuf-c-compiler libzstd-dev liblz4-dev libroaring-dev libjansson-dev
    libcmocka-dev libipc-run-perl perl
    clang clang-format cppcheck libclang-rt-14-dev
    debootstrap procps
"
# Node may come from elsewhere than Debian; any that is there is good enough.
command -v node >/dev/null 2>&1 || packages="$packages nodejs"
command -v npm >/dev/null 2>&1 || packages="$packages npm"

missing=
for package in $packages; do
    case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
        "install ok installed") ;;
        *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
    echo "missing packages:$missing" >&2
    echo "run 'make deps' as root to install them" >&2
    exit 1
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# Debian's package would create and start a cluster of its own; every test here starts a throwaway one.
conf=/etc/postgresql-common/createcluster.conf
apt-get install -q -y --no-install-recommends postgresql-common
cp "$conf" "$conf.before-lancedb"
trap 'mv "$conf.before-lancedb" "$conf"' EXIT
echo 'create_main_cluster = false' >> "$conf"
# shellcheck disable=SC2086
apt-get install -q -y --no-install-recommends $missing
