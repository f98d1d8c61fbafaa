# graph, grad, opt and kernels read back: the same text, and the same object bytes as from the source.
. "$(dirname "$0")/../lib.sh"
read_back() { # MODEL NAME STAGE [OPTION]
    "$GANC" "$1" $4 --emit=$3 -o "$work/$3" || fail "$2: $3"
    "$GANC" "$work/$3" --emit=$3 -o "$work/again" || fail "$2: $3 is not read back"
    cmp "$work/$3" "$work/again" || fail "$2: $3 changes when it is read back"
    "$GANC" "$work/$3" --emit=obj -o "$work/again.o" || fail "$2: no object from $3"
    cmp "$work/source.o" "$work/again.o" || fail "$2: the object from $3 differs"
}
for file in "$top"/examples/*/*.gan; do
    model=$(basename "$file" .gan)
    case $model in dcgan_mnist | cgan_mnist | gan_cifar_conv | wgan_gp_cifar) ;; # of the models of images these are enough
    *) grep -q "^[a-z0-9_]*/$model " "$top/tests/examples/models.txt" && continue ;; esac
    "$GANC" "$file" --emit=obj -o "$work/source.o" || fail "$model: obj"
    for stage in graph grad opt kernels; do read_back "$file" "$model" $stage ""; done
    for stage in ast plan llvm asm dot; do
        "$GANC" "$file" --emit=$stage -o "$work/out" && [ -s "$work/out" ] || fail "$model: $stage"
    done
done

# what kernels alone carry: doubles, room between storages, files that the model imports; and places, which the object holds as lines
for option in --dtype=f64 --check=bounds; do
    for model in gan_1d mixture; do
        "$GANC" "$top/examples/$model/$model.gan" $option --emit=obj -o "$work/source.o" || fail "$model $option: obj"
        read_back "$top/examples/$model/$model.gan" "$model $option" kernels $option
    done
done
"$GANC" "$top/examples/gan_1d/gan_1d.gan" --emit=kernels -o "$work/kernels" || fail "gan_1d: kernels"
says 1 E0881 "$GANC" "$work/kernels" --check=bounds --emit=plan
"$GANC" "$work/kernels" -o "$work/trainer" || fail "no trainer from kernels"
"$work/trainer" info >"$work/out" 2>&1 && grep -q gan_1d "$work/out" || fail "the trainer made from kernels: $(head -3 "$work/out")"

# every model of the tests that comes as far as kernels
count=0
while IFS= read -r file; do
    "$GANC" "$file" --emit=kernels -o "$work/kernels" 2>/dev/null || continue
    "$GANC" "$work/kernels" --emit=kernels -o "$work/again" || fail "$file: kernels are not read back"
    cmp "$work/kernels" "$work/again" || fail "$file: kernels change when they are read back"
    count=$((count + 1))
done < <(find "$top/tests" -name '*.gan' | sort)
[ $count -ge 150 ] || fail "only $count models of the tests came as far as kernels"
finish
