#!/bin/sh
# packages.sh: installs what ganc is built with on Debian 12 (bookworm), where something of it is missing. Needs root or sudo.
set -eu
packages="gcc g++ cmake make flex bison llvm-19-dev libopenblas-dev zlib1g-dev libpng-dev libxxhash-dev"
packages="$packages libjpeg62-turbo-dev libwebp-dev libarchive-dev libhdf5-dev libmpfr-dev"
missing=""
for p in $packages; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
echo "installing by apt-get:$missing"
if [ "$(id -u)" = 0 ]; then as=""; elif command -v sudo >/dev/null; then as=sudo; else
    echo "packages.sh: run it as root, or install:$missing" >&2
    exit 1
fi
$as apt-get update -q
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $as apt-get install -q -y --no-install-recommends $missing
