# Weights in panels (rule panels): checkpoints hold their rows in order all the same. A trainer with panels and one without write the same bytes, and each
# goes on from what the other has written.
. "$(dirname "$0")/../lib.sh"
cat >"$work/m.gan" <<'GAN'
# widths of a panel and a rest of one, two and three vectors; a tile of several chunks; a deep product
prior p : [2112] ~ uniform(-1, 1)
net D(x ~ p) -> [] { x |> dense(64) |> relu |> dense(320) |> relu |> dense(96) |> relu |> dense(1) }
train (batch=24, steps=4) { minimize E[x ~ p] (D(x) - 1)^2 over D using adam(0.01) }
GAN
"$GANC" "$work/m.gan" --emit=kernels | grep -q ' panels 320$' || fail "no weights in panels"
"$GANC" "$work/m.gan" --no-pass=panels --emit=kernels | grep -q ' panels [0-9]' && fail "--no-pass=panels leaves panels"
"$GANC" "$work/m.gan" -o "$work/with" && "$GANC" "$work/m.gan" --no-pass=panels -o "$work/without" || fail "does not compile"
"$GANC" "$work/m.gan" --cpu=x86-64-v3 -o "$work/v3" || fail "does not compile for x86-64-v3"
"$GANC" compare "$work/m.gan" >"$work/out" 2>&1 || fail "$(cat "$work/out")"
run() { "$@" >"$work/log" 2>&1 || fail "$*: $(cat "$work/log")"; }
sum() { cksum <"$1/checkpoints/00000004.safetensors"; }
run "$work/without" --out "$work/rows" --threads 1
for trainer in with v3; do
    for threads in 1 2 8; do
        run "$work/$trainer" --out "$work/$trainer$threads" --threads $threads
        [ "$(sum "$work/$trainer$threads")" = "$(sum "$work/rows")" ] || fail "$trainer on $threads threads writes another checkpoint than rows in order give"
    done
done
for pair in "with without" "without with"; do
    set -- $pair
    run "$work/$1" --out "$work/$1-$2" --steps 2
    run "$work/$2" --out "$work/$1-$2" --resume --steps 4
    [ "$(sum "$work/$1-$2")" = "$(sum "$work/rows")" ] || fail "stopped $1 panels and resumed $2, it comes to other weights"
done
finish
