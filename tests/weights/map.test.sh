# Maps of weights: each layout brings the elements where they belong, in double and single precision; what is missing, left over or of another shape is said
# with file and line, before the run's folder is made.
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1
cat >from.gan <<'EOF'
fn numbers(s) = reshape(iota(count(s)), s)
fn given() = distribution(numbers)
net S() -> [] { param rows : [2, 3] ~ given; param conv : [4, 3, 2, 5] ~ given; param flat : [24] ~ given; param out : [1, 24] ~ given; param c : [] = 7; c }
train (steps=1) { minimize 0 * S()^2 + 0 * sumsq(S) over S using sgd(0) }
EOF
cat >to.gan <<'EOF'
fn numbers(s) = reshape(iota(count(s)), s)
net T() -> [] {
    param A : [3, 2] = 0; param B : [2, 5, 3, 4] = 0; param C : [2, 5, 4, 3] = 0; param D : [12, 2] = 0; param E : [24, 1] = 0; param F : [] = 0
    param G : [2, 3] = 0
    let conv = numbers(shape(reshape(iota(120), 4, 3, 2, 5)))
    let chw = transpose(reshape(iota(24), 3, 4, 2), 1, 2, 0)
    let hcw = reshape(transpose(reshape(iota(24), 3, 4, 2), 1, 0, 2), 12, 2)
    sum((A - transpose(reshape(iota(6), 2, 3)))^2) + sum((B - transpose(conv, 2, 3, 1, 0))^2) + sum((C - transpose(conv, 2, 3, 0, 1))^2) +
        sum((D - hcw)^2) + sum((E - reshape(chw, 24, 1))^2) + (F - 7)^2 + sum((G - numbers(shape(G)))^2)
}
net U() -> [] { param kept : [2] = 3; sum(kept) }
report wrong(every=1) = T()
report own(every=1) = U()
train (steps=1) { minimize 0 * T() + 0 * U() over T, U using sgd(0) }
EOF
cat >good.map <<'EOF'
# every layout
T.A = S.rows transpose
T.B = S.conv OIHW     # [4, 3, 2, 5]
T.C = S.conv IOHW
T.D = S.flat (c h w) -> (h c) w  c=3 h=4
T.E = S.out one (c h w) -> (h w c) one w=2 c=3

T.F = S.c
T.G = S.rows
U.*=-
EOF
"$GANC" run --dtype f64 from.gan --out wide >log 2>&1 || fail "$(cat log)"
"$GANC" run from.gan --out narrow >log 2>&1 || fail "$(cat log)"
n=0
for file in wide/checkpoints/00000001.safetensors narrow; do # a file, a run's folder; each into the other precision
    for dtype in f32 f64; do
        n=$((n + 1))
        "$GANC" run --dtype $dtype to.gan --weights $file --map good.map --out good$n --log-every 1 >log 2>&1 || fail "$(cat log)"
        grep -q '"wrong": 0,* *"own": 6' good$n/metrics.jsonl || fail "$file as $dtype: $(cat good$n/metrics.jsonl)"
    done
done
cmp good1/checkpoints/00000001.safetensors good3/checkpoints/00000001.safetensors || fail "single and double precision give different weights"

# without a map: names as they are; a checkpoint's states of optimizers are left there
sed 's/sgd(0)/momentum(0, 0.5)/' from.gan >moved.gan
"$GANC" run moved.gan --out moved >log 2>&1 || fail "$(cat log)"
"$GANC" run from.gan --weights moved --out again >log 2>&1 || fail "$(cat log)"
cmp again/checkpoints/00000001.safetensors narrow/checkpoints/00000001.safetensors || fail "weights of another checkpoint changed"
rm -r again
"$GANC" run from.gan --weights narrow --out again >log 2>&1 || fail "$(cat log)"
cmp again/checkpoints/00000001.safetensors narrow/checkpoints/00000001.safetensors || fail "weights of the same model changed"
says 1 "'narrow/checkpoints/0*1.safetensors': T.A and 7 more of to: not there; with --map other names can be given" "$GANC" run to.gan --weights narrow --out none

# wrong maps: LINE in place of the good map's line N; then the message
wrong() {
    awk -v n="$1" -v line="$2" 'NR == n { print line; next } { print }' good.map >bad.map
    says 1 "$3" "$GANC" run to.gan --weights narrow --map bad.map --out none
}
file="'narrow/checkpoints/0*1.safetensors'"
wrong 2 "" "bad.map: T.A of to: no line; \`T.A = -\` keeps its first value"
wrong 8 "T.F = -" "bad.map: S.c of $file: no line; \`- = S.c\` leaves it out"
wrong 2 "T.A = S.rows" "bad.map:2: T.A is \[3, 2\], and S.rows is \[2, 3\]: it fits with the layout transpose"
wrong 10 "U.kept = S.flat" "bad.map:10: U.kept is \[2\], and S.flat is \[24\]$"
wrong 3 "T.B = S.conv IOHW" "bad.map:3: T.B is \[2, 5, 3, 4\], and S.conv, \[4, 3, 2, 5\], comes of it as \[2, 5, 4, 3\]"
wrong 3 "T.B = S.rows OIHW" "bad.map:3: S.rows is \[2, 3\]: the layout names 4 axes of it, and there are 2"
wrong 2 "T.AA = S.rows" "bad.map:2: to has no tensor 'T.AA'; is it T.A\?"
wrong 2 "T.A = S.row transpose" "bad.map:2: $file has no tensor 'S.row'; is it S.rows\?"
wrong 9 "T.A = S.rows transpose" "bad.map:9: this tensor has a line already"
wrong 2 "T.A = S.rows HWIO" "bad.map:2: 'HWIO' is no layout: a layout is transpose, OIHW, IOHW, or axes such as"
wrong 2 "T.A = S.rows a b -> b" "bad.map:2: axis 'a' does not stand after ->"
wrong 2 "T.A = S.rows a b -> b c a" "bad.map:2: axis 'c' does not stand before ->"
wrong 2 "T.A = S.rows a a -> a" "bad.map:2: axis 'a' stands twice before ->"
wrong 2 "T.A = S.rows a b -> b a a" "bad.map:2: axis 'a' stands twice after ->"
wrong 2 "T.A = S.rows (a b -> b a" "bad.map:2: a \( without its \)"
wrong 2 "T.A = S.rows a b -> b a a=4" "bad.map:2: S.rows is \[2, 3\]: its axis of 2 is not as the layout parts it"
wrong 2 "T.A = S.rows a b -> b a a=0" "bad.map:2: the size of axis 'a' is no whole number from 1"
wrong 2 "T.A = S.rows a b -> b a a=2 7" "bad.map:2: '7' is no layout"
wrong 2 "T.A = S.rows a b c d e f g h i -> a" "bad.map:2: more than 8 axes"
wrong 5 "T.D = S.flat (c h w) -> (h c) w  c=3" "bad.map:5: the sizes of axes 'h' and 'w' are both left open: give one, as in h=4"
wrong 5 "T.D = S.flat (c h w) -> (h c) w  c=5 h=4" "bad.map:5: S.flat is \[24\]: its axis of 24 is not as the layout parts it"
wrong 2 "T.A S.rows" "bad.map:2: a line is MODEL'S NAME = FILE'S NAME"
wrong 2 "= S.rows" "bad.map:2: one name stands before ="
wrong 2 "T.A =" "bad.map:2: after = stands a name of the file, or -"
wrong 2 "- = -" "bad.map:2: a line with - has one name and no layout"
wrong 2 "- = X.*" "bad.map:2: $file has no tensor 'X\.\*'"
wrong 2 "X* = -" "bad.map:2: to has no tensor 'X\*'"
printf 'T.A\0 = x\n' >bad.map
says 1 "bad.map:1: a zero byte: this is no text" "$GANC" run to.gan --weights narrow --map bad.map --out none
says 1 "'no.map': No such file or directory" "$GANC" run to.gan --weights narrow --map no.map --out none
says 1 "'wide': Is a directory" "$GANC" run to.gan --weights narrow --map wide --out none
says 1 "'good.map' is no safetensors file|'good.map'" "$GANC" run to.gan --weights good.map --map good.map --out none
says 2 "--map: there is no --weights FILE to which it belongs" "$GANC" run to.gan --map good.map --out none
says 2 "--weights: with --resume training goes on from its own checkpoint" "$GANC" run to.gan --weights narrow --resume --out good1
[ ! -e none ] || fail "a folder was made for a run that could not begin"
finish
