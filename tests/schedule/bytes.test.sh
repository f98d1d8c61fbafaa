# What is kept of draws of 0 and 1 and of positions takes a byte each (rule bytes): the same bits as with floats, on any number of threads. What is an
# output, or no such number, stays a float.
. "$(dirname "$0")/../lib.sh"
cat >"$work/m.gan" <<'GAN'
prior p : [24] ~ uniform(0, 1)
net D(x ~ p) -> [] {
    x |> dense(96) |> dropout(0.5) |> maxout(37, pieces=4) |> dropout(0.2) |> dense(19) |> tanh |> dense(1)
}
train (batch=33, steps=20) { minimize E[x ~ p] (D(x) - 1)^2 over D using adam }
GAN
bytes=$("$GANC" "$work/m.gan" --emit=kernels | awk '/^graph /{ on = / over D/ } on && / x 1 bytes/ { print $3 }' | sort -n | tr '\n' ' ')
[ "$bytes" = "1221 1221 3168 " ] || fail "storages of bytes have $bytes elements: not the masks of 33 x 37 and 33 x 96, and the positions of 33 x 37"
"$GANC" "$work/m.gan" --no-pass=bytes --emit=kernels | grep -q ' x 1 bytes' && fail "--no-pass=bytes leaves bytes"
total() { "$GANC" "$work/m.gan" --emit=plan "$@" | awk '/^arena/ { print $2 }'; }
[ "$(total)" -lt "$(total --no-pass=bytes)" ] || fail "bytes need no less memory: $(total)"
"$GANC" "$work/m.gan" -o "$work/with" && "$GANC" "$work/m.gan" --no-pass=bytes -o "$work/without" || fail "does not compile"
"$GANC" "$work/m.gan" --cpu=x86-64-v3 -o "$work/v3" || fail "does not compile for x86-64-v3"
"$GANC" "$work/m.gan" --check=bounds -o "$work/checked" || fail "does not compile with --check=bounds"
weights() {
    "$work/$1" --out "$work/$1$2" --threads "$2" >"$work/log" 2>&1 || fail "$1: $(cat "$work/log")"
    cksum <"$work/$1$2/checkpoints/00000020.safetensors"
}
want=$(weights without 1)
for threads in 1 2 8; do
    for trainer in with v3 checked; do [ "$(weights $trainer $threads)" = "$want" ] || fail "$trainer on $threads threads comes to other weights"; done
done
for dtype in f32 f64; do
    "$GANC" compare --kernels --dtype $dtype "$work/m.gan" >"$work/out" 2>&1 || fail "compare --kernels $dtype: $(cat "$work/out")"
done
finish
