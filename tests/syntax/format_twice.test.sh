#!/usr/bin/env bash
# ganc fmt: what is formatted stays as it is, keeps every comment, and means the same: over examples, library and all tests that parse
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0 count=0
tree() { "$GANC" "$1" --emit=ast | sed 's/ @[0-9:]*$//; s/ parentheses//'; }
for f in "$root"/examples/*/*.gan "$root"/stdlib/*.gan "$root"/stdlib/modules/*.gan "$root"/tests/syntax/*.gan "$root"/tests/elaborate/*.gan "$root"/tests/passes/*.gan; do
    "$GANC" fmt "$f" >"$work/once.gan" 2>/dev/null || continue
    [ -s "$work/once.gan" ] || continue
    count=$((count + 1))
    "$GANC" fmt "$work/once.gan" >"$work/twice.gan" || { echo "$f: its layout does not parse"; failed=1; continue; }
    cmp -s "$work/once.gan" "$work/twice.gan" || { echo "$f: formatted twice it differs"; diff "$work/once.gan" "$work/twice.gan" | head -5; failed=1; }
    [ "$(grep -o '#.*' "$f" | tr -d ' \r' | sort)" = "$(grep -o '#.*' "$work/once.gan" | tr -d ' \r' | sort)" ] || { echo "$f: comments differ"; failed=1; }
    diff <(tree "$f") <(tree "$work/once.gan") >"$work/diff" || { echo "$f: it means something else"; head -5 "$work/diff"; failed=1; }
done
[ "$count" -ge 40 ] || { echo "only $count files"; failed=1; }
exit $failed
