# The modules of the library, against closed forms: gcn of [1, 2, 3, 6] by hand; a residual block whose last layer starts at 0 is the
# identity, with the gradient of one; names of a module are there only after its import.
. "$(dirname "$0")/../lib.sh"
cat >"$work/m.gan" <<'END'
import gcn
import resnet
prior four : [4] = { let e : [4] ~ constant(0); e + concat(one(1), one(2), one(3), one(6)) }
fn one(x) = reshape(x, 1)
net R(x ~ four) -> [4] { x |> residual_block(width=3, last=constant(0)) }
net M(x ~ four) -> [2] { x |> residual_mlp(2, width=8, blocks=3) }
report length = E[x ~ four] gcn(x)[3]
report scaled = E[x ~ four] gcn(x, scale=55, bias=2)[0]
report std    = E[x ~ four] gcn(x, std=true)[1]
report flat   = E[x ~ four] sum(gcn(0 * x + 5)^2)
report single = E[x ~ four] gcn(x[0:1], std=true)[0]
report same   = E[x ~ four] sum((R(x) - x)^2)
report slope  = E[x ~ four] sum((grad(R(x), x) - 1)^2)
train (steps=1) { minimize 0 * sumsq(R) + 0 * (E[x ~ four] sum(M(x))) over R, M using sgd(1) }
END
"$GANC" run --dtype f64 "$work/m.gan" --out "$work/run" --log-every 1 >"$work/log" 2>&1 || fail "$(tail -3 "$work/log")"
near() { # NAME VALUE
    sed -nE "s/.*\"$1\": ([^,}]*).*/\1/p" "$work/run/metrics.jsonl" | awk -v want="$2" '{ seen = 1; if (($1 - want)^2 > 1e-20) { print $1; exit 1 } } END { if (!seen) exit 1 }' ||
        fail "$1 is not $2"
}
near length 0.80178372573727319  # 3 / sqrt(14): deviations -2 -1 0 3
near scaled -27.5                # -2 * 55 / sqrt(16)
near std -0.46291004988627571    # -1 / sqrt(14 / 3)
near flat 0
near single 0
near same 0
near slope 0
[ "$("$GANC" "$work/m.gan" --emit=graph | grep -c '^tensor M.residual_mlp1.residual_block.*parameter')" = 12 ] || fail "three blocks have not twelve parameters"
sed -i '/^import gcn/d' "$work/m.gan"
says 1 'there is nothing called gcn here' "$GANC" check "$work/m.gan"
finish
