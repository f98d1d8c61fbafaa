# compiler/docs/ops.md, passes.md and library.md are what `ganc ops`, `ganc passes` and `ganc library` print.
. "$(dirname "$0")/../lib.sh"
for page in ops passes library; do
    "$GANC" $page >"$work/page"
    cmp "$work/page" "$top/compiler/docs/$page.md" || fail "$page.md is stale: ganc $page > compiler/docs/$page.md"
done
finish
