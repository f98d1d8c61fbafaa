# Every name of compiler/docs/library.md is used by a page here; modules have tests of their own.
. "$(dirname "$0")/../lib.sh"
"$GANC" library | awk '/^## / { module = 0 } /^`import / { module = 1 } !module' | sed -nE 's/^\| `([a-z_0-9]+)\(.*/\1/p' >"$work/names"
[ "$(wc -l <"$work/names")" -ge 60 ] || fail "ganc library shows $(wc -l <"$work/names") names only"
while read -r name; do
    sed 's/#.*//' "$here"/*.gan | grep -qE "(^|[^a-z_0-9])$name([^a-z_0-9]|\$)" || fail "no page of tests/library uses $name"
done <"$work/names"
finish
