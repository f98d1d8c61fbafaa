# --tune: says what it measured, chooses among grids that are there, and changes no bit of what is trained.
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1
cat >model.gan <<'GAN'
prior p : [32] ~ normal(0, 1)
net G(z ~ p) -> [8] { z |> dense(256) |> relu |> dense(256) |> tanh |> dense(8) }
train (batch=256, steps=3) { minimize E[z ~ p] sum((G(z) - 1)^2) over G using adam }
GAN
model=model.gan
"$GANC" --tune "$model" --emit=kernels >tuned.kernels 2>table || fail "$(cat table)"
"$GANC" "$model" --emit=kernels >plain.kernels || fail "--emit=kernels"
[ "$(grep -c '^tune: .* us ' table)" -ge 3 ] || fail "no table: $(cat table)"
# only tiles, and with them tasks and the workers' memory
strip() { sed -E 's/by tiles of \[[0-9, ]*\]//; s/: [0-9]+ tasks?/:/; s/^(memory .*) worker [0-9]+/\1/' "$1"; }
strip tuned.kernels >tuned.rest
strip plain.kernels | cmp - tuned.rest || fail "--tune changes more than tiles"
"$GANC" tuned.kernels --emit=kernels | cmp - tuned.kernels || fail "read back, another text"
# every choice of the table stands in the text
grep '^tune: .* us ' table | grep -o '\[[0-9, ]*\] *[0-9]*%$' | sed 's/ *[0-9]*%$//' | while read -r tile; do grep -qF "by tiles of $tile" tuned.kernels || echo "$tile"; done >lost
[ ! -s lost ] || fail "chosen, and not there: $(cat lost)"

# the bits: of the tuned kernels; and, since perhaps all stayed, of some with a tile of 16 rows and, of wide ones, half the columns everywhere
retiled halved <plain.kernels >small.kernels
[ "$(diff plain.kernels small.kernels | grep -c '^>.*by tiles')" -ge 3 ] || fail "no other tiles: $(diff plain.kernels small.kernels)"
"$GANC" "$model" -o plain && "$GANC" tuned.kernels -o tuned && "$GANC" small.kernels -o small || fail "does not compile"
for t in plain tuned small; do ./$t --steps 3 --out run.$t >log 2>&1 || fail "$(tail -3 log)"; done
for f in run.plain/checkpoints/*; do
    for t in tuned small; do cmp "$f" "run.$t/checkpoints/${f##*/}" || fail "$t: other bits"; done
done
[ -e "$f" ] || fail "no checkpoint"

# where it cannot be
says 1 'error\[E0862\].*text of kernels' "$GANC" --tune plain.kernels -o trainer
says 2 'comes before the kernels' "$GANC" --tune "$model" --emit=opt
says 2 'does not go with run' "$GANC" run --tune "$model"
finish
