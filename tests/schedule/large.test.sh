# Images that no cache keeps: what batchnorm makes of them is made again where it is read, sums run panel by panel. What the reference says, the same bits on one,
# two and eight threads, on AVX2 and AVX-512, under --check=bounds and with activations in rows.
. "$(dirname "$0")/../lib.sh"
cat >"$work/large.gan" <<'GAN'
# 36 and 80 channels: of no whole panel
prior faces : [16, 16, 4] ~ uniform(-1, 1)
prior noise : [4] ~ uniform(-1, 1)
net G(z ~ noise) -> [16, 16, 4] {
    z |> dense(8 * 8 * 160) |> reshape(8, 8, 160) |> batchnorm |> relu |> deconv(36, kernel=2, stride=2, bias=false) |> batchnorm |> relu |> conv(4, kernel=1) |> tanh
}
net D(x ~ faces) -> [] { x |> conv(80, kernel=1) |> leaky_relu(0.2) |> conv(64, kernel=1, bias=false) |> batchnorm |> leaky_relu(0.2) |> flatten |> dense(1) }
value V = E[x ~ faces] log(sigmoid(D(x))) + E[z ~ noise] log(1 - sigmoid(D(G(z))))
train (batch=64, steps=2) {
    maximize V over D using adam(2e-4, beta1=0.5)
    maximize E[z ~ noise] log(sigmoid(D(G(z)))) over G using adam(2e-4, beta1=0.5)
}
GAN
run() { "$@" >"$work/log" 2>&1 || fail "$*: $(cat "$work/log")"; }
# arrays of at least 2 MB that the discriminator's step keeps
arrays() { "$GANC" "$work/large.gan" --emit=kernels "$@" | awk '/^graph/ { d = /over D"/ } d && /^ *scratch s.* x 4 bytes/ && match($0, /[0-9]+ x 4/) && substr($0, RSTART) + 0 >= 524288 { n++ } END { print n }'; }
[ "$(arrays)" -le 16 ] || fail "what is made of images is kept: $(arrays) arrays"
[ "$(arrays --no-pass=raised)" -gt "$(arrays)" ] || fail "a leaky relu is kept twice"
run "$GANC" compare "$work/large.gan"
run "$GANC" "$work/large.gan" -o "$work/native"
run "$GANC" "$work/large.gan" --check=bounds -o "$work/checked"
run "$GANC" "$work/large.gan" --cpu=x86-64-v3 -o "$work/v3"
run "$GANC" "$work/large.gan" --no-pass=activations -o "$work/rows"
for trainer in native checked v3 rows; do
    for threads in 1 2 8; do
        run "$work/$trainer" --out "$work/$trainer-$threads" --threads $threads
        cmp "$work/native-1/checkpoints/00000002.safetensors" "$work/$trainer-$threads/checkpoints/00000002.safetensors" >&2 || fail "$trainer on $threads threads: other bits"
    done
done
finish
