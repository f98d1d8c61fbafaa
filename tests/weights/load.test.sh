# --load NAME=FILE: a net, a layer or a tensor of another run, by its name: exactly these tensors come from there, from either precision, and no state of an
# optimizer; the rest keeps its first values. What does not fit is listed, before a folder is made.
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1
cat >a.gan <<'EOF'
setting w = 4
prior noise : [3] ~ normal(0, 1)
net G(z ~ noise) -> [4] { z |> dense(w) |> batchnorm |> relu |> dense(4) }
net D(x : [4]) -> [] { x |> dense(w) |> relu |> dense(1) |> reshape() }
train (batch=4, steps=9) {
    minimize E[z ~ noise] D(G(z))^2 over D using adam(0.1)
    minimize E[z ~ noise] D(G(z)) over G using adam(0.1)
}
EOF
quietly() { "$@" >log 2>&1 || fail "exit status $?: $*: $(tail -3 log)"; }
"$GANC" a.gan -o a && "$GANC" a.gan --dtype f64 -o d && "$GANC" a.gan -D w=5 -o wide || exit 1
# tensor FILE NAME: its bytes
tensor() {
    local header at
    header=$(($(od -An -tu8 -N8 "$1")))
    at=$(head -c $((8 + header)) "$1" | tail -c $header | grep -o "\"$2\": {[^}]*}" | sed -E 's/.*data_offsets": \[([0-9]+), ([0-9]+)\].*/\1 \2/')
    set -- "$1" "$2" $at
    [ $# = 4 ] || { fail "$1 has no tensor $2"; return; }
    tail -c +$((9 + header + $3)) "$1" | head -c $(($4 - $3)) | od -An -tx1 | tr -d ' \n'
}
names() { local n; n=$(($(od -An -tu8 -N8 "$1"))); head -c $((8 + n)) "$1" | tail -c $n | grep -oE '"[A-Za-z0-9_.]+": \{"dtype' | sed -E 's/"([^"]*)".*/\1/'; }
quietly ./a --out from --steps 5
quietly ./a --out plain --seed 2 --steps 1
first=plain/checkpoints/00000000.safetensors from=from/checkpoints/00000005.safetensors
# loads PATTERN FLAGS...: tensors whose names match begin with what from/ has, and no others
loads() {
    local pattern=$1 name want seen=0
    shift
    rm -rf to
    quietly ./a --out to --seed 2 --steps 1 "$@"
    for name in $(names $first); do
        want=$first
        grep -qE "$pattern" <<<"$name" && want=$from && seen=$((seen + 1))
        [ "$(tensor to/checkpoints/00000000.safetensors "$name")" = "$(tensor $want "$name")" ] || fail "$*: $name is not that of $want"
    done
    [ $seen -gt 0 ] || fail "$*: no tensor matches $pattern"
}
loads '^G\.' --load G=from
loads '^G\.' --load "G=$from"
loads '^[GD]\.' --load G=from --load D="$from"
loads '^G\.dense1\.' --load G.dense1=from
loads '^(G\.batchnorm1\.|D\.dense2\.W$)' --load G.batchnorm1=from --load D.dense2.W=from
loads '^adam.*m\.D\.dense1\.W$' --load "$(names $from | grep -E '^adam.*m\.D\.dense1\.W$')=from"
cmp -s $first from/checkpoints/00000000.safetensors && fail "both begin alike"
names $from | grep -qE '^G\.batchnorm1\..*(mean|var|mu)' || fail "the net has no state that could be loaded: $(names $from)"
# over --weights, the later over the earlier
quietly ./a --out other --seed 3 --steps 5
rm -rf to; quietly ./a --out to --weights other --load G=from --load G=other --load G.dense1=from --steps 1
for name in G.dense1.W:from G.dense2.W:other D.dense1.W:other; do
    [ "$(tensor to/checkpoints/00000000.safetensors "${name%:*}")" = "$(tensor "${name#*:}/checkpoints/00000005.safetensors" "${name%:*}")" ] || fail "not in this order: $name"
done
# the other precision: to double and back is the same
quietly ./d --out wide64 --load G=from --load D=from --steps 1
rm -rf to; quietly ./a --out to --load G=wide64/checkpoints/00000000.safetensors --steps 1
[ "$(tensor to/checkpoints/00000000.safetensors G.dense1.W)" = "$(tensor $from G.dense1.W)" ] || fail "through double: other numbers"

# what does not fit
bad() { local status=$1; shift; says "$status" "$@" --out none; [ ! -e none ] || fail "a folder was made: $*"; }
bad 1 "--load: '$from' does not fit D: D.dense1.W is \[4, 5\], and D.dense1.W is \[4, 4\]; .*; D.dense2.W is" ./wide --load D=from
bad 1 "--load: '$from' does not fit G: these 7 tensors" ./wide --load G=from
[ "$(grep -c '^wide:   G\.' says.err)" = 7 ] || fail "not each has a line: $(cat says.err)"
sed 's/net D/net H/; s/D(G/H(G/g; s/over D/over H/' a.gan >h.gan && "$GANC" h.gan -o h || exit 1
bad 1 "^h: +H.dense1.W is not there$" ./h --load H=from
bad 1 "--load: a has no net, layer or tensor 'g'; is it G\?" ./a --load g=from
bad 1 "--load: a has no net, layer or tensor 'G.dense3'" ./a --load G.dense3=from
bad 1 "--load: a has no net, layer or tensor 'G.dense'" ./a --load G.dense=from
bad 1 "'nosuch'" ./a --load G=nosuch
bad 1 "is no safetensors file" ./a --load G=a.gan
for value in G G= =from ''; do bad 2 "--load: ('$value' is not NAME=FILE|is empty)" ./a --load "$value"; done
says 2 "--load: with --resume training goes on from its own checkpoint" ./a --resume --out from --load G=from
head -c 300 "$from" >cut.safetensors
bad 1 "'cut.safetensors' is cut short or damaged" ./a --load G=cut.safetensors
finish
