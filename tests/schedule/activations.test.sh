# What products make and read between kernels stands in panels (rule activations): the same bits as row by row, on one, two and eight threads, on AVX2
# and AVX-512, and cut into tiles of 16 rows, in which blocks of 6 rows would reach from one panel into the next.
. "$(dirname "$0")/../lib.sh"
cat >"$work/penalty.gan" <<'GAN'
# a second derivative; panels of 48 columns and a rest of one, two and three vectors; minibatches that no block divides
prior ring : [2] ~ uniform(-1, 1)
prior noise : [2] ~ normal(0, 1)
net G(z ~ noise) -> [2] { z |> dense(80) |> relu |> dense(208) |> relu |> dense(2) }
net critic(x ~ ring) -> [] { x |> dense(208) |> relu |> dense(176) |> relu |> dense(192) |> relu |> dense(1) }
value W = E[x ~ ring] critic(x) - E[z ~ noise] critic(G(z))
value penalty = E[x ~ ring, z ~ noise, t ~ uniform(0, 1)] {
    let u = x + t * (stop(G(z)) - x)
    (norm(grad(critic(u), u)) - 1)^2
}
train (batch=57, steps=3) {
    maximize W - 10 * penalty over critic using adam(1e-3, beta1=0.5, beta2=0.9)
    maximize E[z ~ noise] critic(G(z)) over G using adam(1e-3, beta1=0.5, beta2=0.9)
}
GAN
cat >"$work/maxout.gan" <<'GAN'
# maxout's pieces, dropout's draws, a minibatch as left operand, a product deeper than is packed at once
prior digits : [784] ~ uniform(0, 1)
prior noise : [2112] ~ uniform(-1, 1)
net G(z ~ noise) -> [784] { z |> dense(320) |> relu |> dense(784) |> sigmoid }
net D(x ~ digits) -> [] { x |> dropout(0.2) |> maxout(240, pieces=5) |> dropout(0.5) |> maxout(112, pieces=5) |> dense(1) |> sigmoid }
value V = E[x ~ digits] log(D(x)) + E[z ~ noise] log(1 - D(G(z)))
train (batch=20, steps=3) {
    maximize V over D using momentum(0.1, 0.5)
    maximize E[z ~ noise] log(D(G(z))) over G using momentum(0.1, 0.5)
}
GAN
run() { "$@" >"$work/log" 2>&1 || fail "$*: $(cat "$work/log")"; }
for model in penalty maxout; do
    "$GANC" "$work/$model.gan" --emit=kernels >"$work/$model.kernels"
    [ "$(grep -c 'scratch.* panels ' "$work/$model.kernels")" -ge 8 ] || fail "$model: nothing stands in panels"
    "$GANC" "$work/$model.gan" --no-pass=activations --emit=kernels | grep 'scratch.* panels ' && fail "$model: --no-pass=activations leaves panels"
    retiled <"$work/$model.kernels" >"$work/cut.kernels"
    cmp -s "$work/cut.kernels" "$work/$model.kernels" && fail "$model: no other tiles"
    run "$GANC" "$work/$model.gan" --no-pass=activations -o "$work/rows"
    run "$GANC" "$work/$model.gan" -o "$work/native"
    run "$GANC" "$work/$model.gan" --check=bounds -o "$work/checked"
    run "$GANC" "$work/$model.gan" --cpu=x86-64-v3 -o "$work/v3"
    run "$GANC" "$work/cut.kernels" -o "$work/cut"
    run "$GANC" "$work/cut.kernels" --cpu=x86-64-v3 -o "$work/cut3"
    run "$GANC" compare "$work/$model.gan"
    run "$work/rows" --out "$work/$model-rows" --threads 1
    for trainer in native checked v3 cut cut3; do
        for threads in 1 2 8; do
            run "$work/$trainer" --out "$work/$model-$trainer-$threads" --threads $threads
            cmp "$work/$model-rows/checkpoints/00000003.safetensors" "$work/$model-$trainer-$threads/checkpoints/00000003.safetensors" >&2 ||
                fail "$model, $trainer on $threads threads: other bits"
        done
    done
done
finish
