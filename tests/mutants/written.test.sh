# Mutants (run beside this) still fit the tree: what each replaces is there, once, and the tests that are to catch it. That they are caught takes minutes
# each, and is looked at by `tests/mutants/run`.
. "$(dirname "$0")/../lib.sh"
"$here/run" --check >"$work/out" || fail "$(cat "$work/out")"
finish
