#!/bin/sh
# train.sh: what the models of images have in common: installs what is missing, builds ganc, compiles MODEL.gan and trains it into runs/RUN, or goes
# on where that run stopped.
#   sh examples/train.sh RUN MODEL.gan [-D SETTING=VALUE | OPTION OF THE TRAINER]...
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
run=$1 model=$2
shift 2
settings='' left=$#
while [ "$left" -gt 0 ]; do # -D is the compiler's, all else the trainer's
    if [ "$1" = -D ]; then
        settings="$settings -D ${2?-D needs SETTING=VALUE}"
        shift 2
        left=$((left - 2))
    else
        set -- "$@" "$1"
        shift
        left=$((left - 1))
    fi
done
(
    cd "$top"
    sh cmake/packages.sh
    cmake --preset release >/dev/null
    cmake --build --preset release --target ganc ganrt
) >&2
trainer=$top/build/trainers/$run
mkdir -p "$(dirname "$trainer")"
"$top/build/ganc" "$model" $settings -o "$trainer"
if [ -e "$top/runs/$run/checkpoints" ]; then set -- --resume "$@"; fi
exec "$trainer" --out "$top/runs/$run" "$@"
