# compiler/docs/ops.md and passes.md are what `ganc ops` and `ganc passes` print.
. "$(dirname "$0")/../lib.sh"
for page in ops passes; do
    "$GANC" $page >"$work/page"
    cmp "$work/page" "$top/compiler/docs/$page.md" || fail "$page.md is stale: ganc $page > compiler/docs/$page.md"
done
finish
