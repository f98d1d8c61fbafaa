# The objectives of the first ten steps of gan_mnist without dropout, in double precision, are PyTorch's from the same initial weights,
# noise and minibatches, to 1e-8 (first_steps.txt, made by first_steps.py).
. "$(dirname "$0")/../lib.sh"
"$GANC" run --dtype f64 "$here/gan_mnist_plain.gan" --data "$top/examples/data/mnist" --out "$work/run" --log-every 1 >"$work/log" 2>&1 || fail "$(tail -3 "$work/log")"
objectives "$here/first_steps.txt" "$work/run/metrics.jsonl" 1e-8
finish
