#!/usr/bin/env bash
# Each pass may be left out: the examples still compile, and the pipeline's own result does not change when it runs once more.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
passes=$(sed -nE 's/^(PROGRAM_)?PASS\(([a-z_]+),.*/\2/p' "$root/compiler/passes/passes.def")
[ "$(wc -w <<<"$passes")" -ge 6 ] || { echo "only these passes: $passes"; exit 1; }
for model in "$root"/examples/*/*.gan; do
    for pass in $passes; do
        "$GANC" "$model" --emit=opt --no-pass="$pass" >/dev/null || { echo "$model: fails without $pass"; failed=1; }
    done
    "$GANC" "$model" --emit=opt -o "$work/opt" && sed '1s/opt/grad/' "$work/opt" >"$work/grad" && "$GANC" "$work/grad" --emit=opt -o "$work/again" &&
        cmp "$work/opt" "$work/again" || { echo "$model: the pipeline changes its own result"; failed=1; }
done
exit $failed
