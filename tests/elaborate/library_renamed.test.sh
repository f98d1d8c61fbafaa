#!/usr/bin/env bash
# No C file knows a layer, loss, activation or optimizer of the library: each example, with the whole library copied into it under
# other names, compiles to the same operations; and no such name stands as a string in the compiler's sources.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
library=$(ls "$root"/stdlib/*.gan | grep -v -e derivatives.gan -e rewrites.gan)
names=$(sed -nE 's/^(fn|layer|optimizer) ([A-Za-z_0-9]+).*/\2/p' $library)
[ "$(wc -w <<<"$names")" -gt 30 ] || { echo "only these names: $names"; exit 1; }
for name in $names; do echo "s/\\b$name\\b/own_$name/g"; done >"$work/rename.sed"

# operations and types of every graph, without names and places
operations() { sed -nE 's/^ +%[0-9]+[^=]*= ([a-z_]+).* (: \[[^]]*\]).*/\1 \2/p'; }
for model in "$root"/examples/*/*.gan; do
    for name in $(sed -nE 's/^(fn|layer|optimizer|value|net|setting|report|picture|state|data|prior) +([A-Za-z_0-9]+).*/\2/p' "$model"); do
        echo "s/\\b$name\\b/its_$name/g" # what the model declares itself stays its own
    done >"$work/its.sed"
    { sed -f "$work/its.sed" "$model"; echo; cat $library; } | sed -f "$work/rename.sed" >"$work/own.gan"
    "$GANC" "$model" --emit=opt | operations >"$work/a"
    "$GANC" "$work/own.gan" --emit=opt | operations >"$work/b"
    [ -s "$work/a" ] || { echo "$model: no operations"; exit 1; }
    diff "$work/a" "$work/b" | head -20
    cmp -s "$work/a" "$work/b" || { echo "$model: differs with the library's names changed"; exit 1; }
done
modules=$(sed -nE 's/^(fn|layer|optimizer) ([A-Za-z_0-9]+).*/\2/p' "$root"/stdlib/modules/*.gan; basename -s .gan "$root"/stdlib/modules/*.gan)
for name in $names $modules; do
    [ "$name" = mean ] && continue # also the kind of a buffer, data_mean's
    ! grep -n "\"$name\"" "$root"/compiler/*/*.c "$root"/compiler/*.c || { echo "a C file knows $name"; exit 1; }
done
