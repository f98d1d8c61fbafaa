#!/bin/sh
# all.sh: installs what is missing, builds everything, and runs all tests (but those that tests/README.md calls long).
set -eu
cd "$(dirname "$0")/.."
sh cmake/packages.sh
cmake --preset ci >/dev/null
cmake --build --preset ci
ctest --preset ci -j 2 "$@"
