# net A = ema(G, decay): after k steps of gradient descent on t^2 / 2, t is 0.9^k, and A's is known in closed form; an average is sampled,
# and a run that is stopped and resumed ends in the same bits.
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1
cat >a.gan <<'END'
setting d = 0.5
state twice : [] = 0
net G() -> [2] { param t : [2] = 1; param u : [2] = 1; concat(t[0:1], u[1:2]) }
net A = ema(G, decay=d)
net Part = ema(G.t, decay=min(d, step / 2))
net Slow = ema(G, 0.9)
train (batch=4, steps=5) {
    minimize sum(G()^2) / 2 over G using sgd(0.1)
    every 3 { minimize sum(G()^2) / 2 over G.u using sgd(0.5); twice <- twice + 1 }
    project G with clip(0.7)
}
report g0 = G()[0]
report g1 = G()[1]
report a0 = A()[0]
report a1 = A()[1]
report p0 = Part()[0]
report p1 = Part()[1]
report s0 = Slow()[0]
END
cat >want.awk <<'END'
# the same by hand: an average moves after each statement that trains G, with what it has become, before it is clipped
function clip(x) { return x > 0.7 ? 0.7 : x }
function follow() { a0 += 0.5 * (t - a0); a1 += 0.5 * (u - a1); d = step / 2 < 0.5 ? step / 2 : 0.5; p0 += (1 - d) * (t - p0); p1 = u; s0 += 0.1 * (t - s0) }
BEGIN {
    t = u = a0 = a1 = p0 = p1 = s0 = 1
    for (step = 1; step <= 5; step++) {
        t *= 0.9; u *= 0.9; follow()
        if (step % 3 == 0) { u *= 0.5; follow() }
        t = clip(t); u = clip(u)
        printf "%d %.12f %.12f %.12f %.12f %.12f %.12f %.12f\n", step, t, u, a0, a1, p0, p1, s0
    }
}
END
"$GANC" run --dtype f64 a.gan --out a --log-every 1 >out 2>&1 || fail "$(tail -3 out)"
sed -nE 's/.*"step": ([0-9]+),.*"g0": ([^,]*), "g1": ([^,]*), "a0": ([^,]*), "a1": ([^,]*), "p0": ([^,]*), "p1": ([^,]*), "s0": ([^,}]*)}.*/\1 \2 \3 \4 \5 \6 \7 \8/p' a/metrics.jsonl |
    awk '{ printf "%d %.12f %.12f %.12f %.12f %.12f %.12f %.12f\n", $1, $2, $3, $4, $5, $6, $7, $8 }' >have
awk -f want.awk | diff have - || fail "not the averages by hand"
[ -s have ] || fail "no metrics"

"$GANC" "$top/tests/elaborate/models/ema.gan" -o ema || fail "does not compile"
./ema --out whole --threads 1 >out 2>&1 || fail "$(tail -3 out)"
./ema --out parts --steps 7 >out 2>&1 && ./ema --out parts --resume --steps 20 --threads 2 >out 2>&1 || fail "$(tail -3 out)"
cmp whole/checkpoints/00000020.safetensors parts/checkpoints/00000020.safetensors || fail "a resumed run has other bits"
./ema sample --run whole --net A --count 3 --out a.csv 2>out && ./ema sample --run whole --net G --count 3 --out g.csv 2>out || fail "$(cat out)"
[ "$(wc -l <a.csv)" -ge 3 ] && ! cmp -s a.csv g.csv || fail "the average samples as its net does"
./ema info >out
grep -q '^net A(z : \[4\] ~ noise) -> \[2\]: 146 parameters$' out || fail "info: $(grep '^net A' out)"
grep -qE '^  A.T.dense1.W .* average$' out && grep -qE '^  A.T.batchnorm1.mu .* state$' out || fail "info: $(grep 'A.T' out)"
finish
