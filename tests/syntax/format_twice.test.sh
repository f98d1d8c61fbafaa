#!/usr/bin/env bash
# ganc fmt: what is formatted stays as it is, keeps every comment, and means the same: over all models of the
# repository that parse
. "$(dirname "$0")/../lib.sh"
root=$top failed=0 count=0
tree() { "$GANC" "$1" --emit=ast | sed 's/ @[0-9:]*$//; s/ parentheses//'; }
while IFS= read -r f; do
    "$GANC" fmt "$f" >"$work/once.gan" 2>/dev/null || continue
    [ -s "$work/once.gan" ] || continue
    count=$((count + 1))
    "$GANC" fmt --diff "$work/once.gan" >"$work/again" 2>&1 || { echo "$f: formatted twice it differs"; head -5 "$work/again"; failed=1; }
    # --diff, applied to the file, makes what fmt prints
    if "$GANC" fmt --diff "$f" >"$work/diff"; then cmp -s "$f" "$work/once.gan" || { echo "$f: --diff says nothing"; failed=1; }
    else patched "$f" "$work/diff" >"$work/patched.gan" && cmp -s "$work/patched.gan" "$work/once.gan" || { echo "$f: --diff is no patch"; failed=1; }
    fi
    [ "$(grep -o '#.*' "$f" | tr -d ' \r' | sort)" = "$(grep -o '#.*' "$work/once.gan" | tr -d ' \r' | sort)" ] || { echo "$f: comments differ"; failed=1; }
    diff <(tree "$f") <(tree "$work/once.gan") >"$work/diff" || { echo "$f: it means something else"; head -5 "$work/diff"; failed=1; }
done < <(find "$root/examples" "$root/stdlib" "$root/tests" -name '*.gan')
[ "$count" -ge 120 ] || { echo "only $count files"; failed=1; }
exit $failed
