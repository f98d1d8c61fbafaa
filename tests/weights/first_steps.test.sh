# From PyTorch's own first weights (dcgan.safetensors, by dcgan.map) the objectives of ten steps of Adam of a DCGAN at 32x32 are PyTorch's (dcgan.txt): to
# 1e-8 in double, to 1e-3 in single precision. dcgan.py made both files. Minibatch, rate and beta1 are the paper's; why not its width, tests/README.md says.
. "$(dirname "$0")/../lib.sh"
follows() { # DTYPE TOLERANCE
    "$GANC" run -D base=8 -D n=128 --dtype "$1" "$here/dcgan.gan" --weights "$here/dcgan.safetensors" --map "$here/dcgan.map" --out "$work/$1" \
        --log-every 1 >"$work/log" 2>&1 ||
        { fail "$1: $(tail -3 "$work/log")"; return; }
    objectives "$here/dcgan.txt" "$work/$1/metrics.jsonl" "$2"
}
follows f64 1e-8
follows f32 1e-3
finish
