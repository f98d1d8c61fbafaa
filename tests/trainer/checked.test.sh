# Trainers that check every access (--check=bounds) run the examples without a complaint, and compute the same bits; training that
# diverges stops, and says where.
. "$(dirname "$0")/kit.sh"
mnist=$top/examples/data/mnist
for model in gan_1d mixture gan_mnist gan_mnist_code; do
    data=() steps=20
    case $model in gan_mnist*) data=(--data "$mnist[0:1000]") steps=5 ;; esac
    for check in bounds none; do
        flags=()
        [ $check = bounds ] && flags=(--check=bounds)
        quietly "$GANC" "$top/examples/$model/$model.gan" "${flags[@]}" -o $model.$check
        quietly ./$model.$check "${data[@]}" --out $model.$check.run --steps $steps
    done
    cmp -s "$(newest $model.bounds.run)" "$(newest $model.none.run)" || fail "$model: other bits with --check=bounds"
    rm -rf $model.*
done
quietly "$GANC" tiny.gan --check=bounds -o checked
quietly ./checked --data ten.idx --out checked.run
quietly ./checked sample --run checked.run --out s.csv -n 9

says 1 "^tiny: step [0-9]+: the objective .* is (not a number|-infinity|infinity); training stops, and the last good checkpoint is that of step [0-9]+$" \
    "$tiny" --data ten.idx --out diverged --rate 1e30 --steps 2000 --checkpoint-every 1
[ "$(grep -c '^tiny' says.err)" = 3 ] || fail "not what is bad, where it began, and that it stops: $(cat says.err)"
step=$(sed -nE 's/.*checkpoint is that of step ([0-9]+)$/\1/p' says.err)
quietly "$tiny" info --checkpoint "$(printf 'diverged/checkpoints/%08d.safetensors' "${step:-0}")"
no_temporaries diverged
finish
