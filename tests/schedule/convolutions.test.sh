# Convolutions as products over windows (rule images): what the reference says, the same bits on one, two and eight threads, on AVX2 and AVX-512, under
# --check=bounds and in other tiles, which are made tap by tap; kernels of 3, 4 and 5, strides of 1, 2 and 3, channels of no whole vector and of several panels.
. "$(dirname "$0")/../lib.sh"
cat >"$work/faces.gan" <<'GAN'
# 5x5, stride 2; stacked minibatches; a batch that no block of rows divides
prior faces : [8, 8, 3] ~ uniform(-1, 1)
prior noise : [10] ~ uniform(-1, 1)
net G(z ~ noise) -> [8, 8, 3] {
    z |> dense(2 * 2 * 112) |> reshape(2, 2, 112) |> batchnorm |> relu |> deconv(52, kernel=5, stride=2, bias=false) |> batchnorm |> relu |>
        deconv(3, kernel=5, stride=2) |> tanh
}
net D(x ~ faces) -> [] {
    x |> conv(64, kernel=5, stride=2) |> leaky_relu(0.2) |> conv(80, kernel=5, stride=2, bias=false) |> batchnorm |> leaky_relu(0.2) |> flatten |> dense(1)
}
value V = E[x ~ faces] log(sigmoid(D(x))) + E[z ~ noise] log(1 - sigmoid(D(G(z))))
train (batch=21, steps=3) {
    maximize V over D using adam(2e-4, beta1=0.5)
    maximize E[z ~ noise] log(sigmoid(D(G(z)))) over G using adam(2e-4, beta1=0.5)
}
GAN
cat >"$work/digits.gan" <<'GAN'
# 4x4, stride 2, and 3x3, strides 1 and 3; one channel; no stacks; a penalty, whose gradient is one of gradients
prior digits : [6, 12, 1] ~ uniform(-1, 1)
prior noise : [7] ~ normal(0, 1)
net G(z ~ noise) -> [6, 12, 1] { z |> dense(2 * 4 * 16) |> reshape(2, 4, 16) |> relu |> deconv(48, kernel=3, stride=3) |> relu |> conv(1, kernel=3) }
net D(x ~ digits) -> [] { x |> conv(24, kernel=4, stride=2) |> relu |> conv(96, kernel=3, stride=3) |> relu |> conv(17, kernel=4) |> flatten |> dense(1) }
value W = E[x ~ digits] D(x) - E[z ~ noise] D(G(z))
value penalty = E[x ~ digits, z ~ noise, t ~ uniform(0, 1)] {
    let u = x + t * (stop(G(z)) - x)
    (norm(grad(D(u), u)) - 1)^2
}
train (batch=16, steps=3) {
    maximize W - 10 * penalty over D using adam(1e-3, beta1=0.5, beta2=0.9)
    maximize E[z ~ noise] D(G(z)) over G using adam(1e-3, beta1=0.5, beta2=0.9)
}
GAN
# the text with a tile for each position, or each half of one where its rows allow it
cut() {
    awk '/^    kernel/ { head = $0; next }
         head != "" && /by tiles of/ { loop = $0; next }
         loop != "" {
             if (/ windows /) {
                 match(loop, /i0 in 0[.][.][0-9]+/); rows = substr(loop, RSTART + 9, RLENGTH - 9)
                 match(loop, /i1 in 0[.][.][0-9]+/); columns = substr(loop, RSTART + 9, RLENGTH - 9)
                 match($0, /grid \[[0-9]+, [0-9]+\]/); split(substr($0, RSTART + 6, RLENGTH - 7), grid, ", ")
                 inner = rows / (grid[1] * grid[2])
                 down = inner % 16 ? inner : inner / 2
                 across = columns > 48 ? 48 : columns
                 sub(/\[[0-9]+, [0-9]+\]/, "[" down ", " across "]", loop)
                 tasks = rows / down * int((columns + across - 1) / across)
                 sub(/: [0-9]+ tasks?/, ": " tasks " task" (tasks == 1 ? "" : "s"), head)
             }
             print head; print loop; head = loop = ""
         }
         head != "" { print head; head = "" }
         { print }'
}
run() { "$@" >"$work/log" 2>&1 || fail "$*: $(cat "$work/log")"; }
for model in faces digits; do
    "$GANC" "$work/$model.gan" --emit=kernels >"$work/$model.kernels"
    [ "$(grep -c ' windows ' "$work/$model.kernels")" -ge 10 ] || fail "$model: there are few products over windows"
    grep -q ' windows back ' "$work/$model.kernels" || fail "$model: no transpose is one"
    "$GANC" "$work/$model.gan" --no-pass=images --emit=kernels | grep ' windows ' && fail "$model: --no-pass=images leaves some"
    "$GANC" "$work/$model.kernels" --emit=kernels | cmp - "$work/$model.kernels" >&2 || fail "$model: the text does not read back"
    "$GANC" "$work/$model.gan" --emit=llvm | grep -q 'define .*@gan_spread_' || fail "$model: no image of few channels is made slice by slice"
    cut <"$work/$model.kernels" >"$work/cut.kernels"
    cmp -s "$work/cut.kernels" "$work/$model.kernels" && fail "$model: no other tiles"
    run "$GANC" compare --kernels "$work/$model.gan"
    run "$GANC" compare --no-pass=activations --no-pass=panels "$work/$model.gan"
    run "$GANC" compare "$work/$model.gan" --cpu=x86-64-v3
    run "$GANC" "$work/$model.gan" -o "$work/native"
    run "$GANC" "$work/$model.gan" --check=bounds -o "$work/checked"
    run "$GANC" "$work/$model.gan" --cpu=x86-64-v3 -o "$work/v3"
    run "$GANC" "$work/$model.gan" --no-pass=activations -o "$work/rows"
    run "$GANC" "$work/cut.kernels" -o "$work/cut"
    for trainer in native checked v3 rows cut; do
        for threads in 1 2 8; do
            run "$work/$trainer" --out "$work/$model-$trainer-$threads" --threads $threads
            cmp "$work/$model-native-1/checkpoints/00000003.safetensors" "$work/$model-$trainer-$threads/checkpoints/00000003.safetensors" >&2 ||
                fail "$model, $trainer on $threads threads: other bits"
        done
    done
done
finish
