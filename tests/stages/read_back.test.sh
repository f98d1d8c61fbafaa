# graph, grad and opt read back: the same text, and the same object bytes as from the source.
. "$(dirname "$0")/../lib.sh"
for file in "$top"/examples/*/*.gan; do
    model=$(basename "$file" .gan)
    "$GANC" "$file" --emit=obj -o "$work/source.o" || fail "$model: obj"
    for stage in graph grad opt; do
        "$GANC" "$file" --emit=$stage -o "$work/$stage" || fail "$model: $stage"
        "$GANC" "$work/$stage" --emit=$stage -o "$work/again" || fail "$model: $stage is not read back"
        cmp "$work/$stage" "$work/again" || fail "$model: $stage changes when it is read back"
        "$GANC" "$work/$stage" --emit=obj -o "$work/again.o" || fail "$model: no object from $stage"
        cmp "$work/source.o" "$work/again.o" || fail "$model: the object from $stage differs"
    done
    for stage in ast kernels plan llvm asm dot; do
        "$GANC" "$file" --emit=$stage -o "$work/out" && [ -s "$work/out" ] || fail "$model: $stage"
    done
done
finish
