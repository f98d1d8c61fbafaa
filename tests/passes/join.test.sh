# join: the same checkpoint, byte for byte, with and without it and on 1, 2 and 8 threads; and which texts it lets be: who is joined reads nothing that
# the step before changes but tensors, draws nothing, counts nothing and runs once.
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1
cat >model.gan <<'GAN'
setting c = 0.03
prior noise : [10] ~ normal(0, 1)
data rooms : [48] in [-1, 1] = { let x : [48] ~ uniform(-1, 1)
  x }
fn hidden(x) = {
    var h = x
    for i in 0..2 { h = h |> dense(64, init=he) |> relu |> dropout(0.3) }
    h
}
net G(z ~ noise) -> [48] { hidden(z) |> dense(48) |> batchnorm }
net critic(x ~ rooms) -> [] { hidden(x) |> dense(1) }
value W = E[x ~ rooms] critic(x) - E[z ~ noise] critic(G(z))
train (batch=16, steps=12) {
    repeat 2 {
        maximize W over critic using rmsprop(5e-3)
        project critic with clip(c)
        project critic with scaled(1 - 0.01 / step)
    }
    minimize W over G using adam(5e-3)
    project G with to_sphere(3)
    project G with clip(0.4)
}
fn scaled(w, a) = a * w
GAN
"$GANC" model.gan -o with && "$GANC" model.gan --no-pass=join -o without || fail "does not compile"
"$GANC" model.gan --emit=opt >opt
[ "$(grep -c "joins" opt)" = 2 ] || fail "two graphs join others, not: $(grep joins opt)"
"$GANC" compare model.gan >out || fail "compare: $(cat out)"
"$GANC" compare --kernels model.gan >out || fail "compare --kernels: $(cat out)"
./without --out off --threads 1 >log 2>&1 || fail "without: $(tail -3 log)"
for n in 1 2 8; do
    ./with --out on$n --threads $n >log 2>&1 || fail "$n threads: $(tail -3 log)"
    cmp "$(ls on$n/checkpoints/*.safetensors | tail -1)" "$(ls off/checkpoints/*.safetensors | tail -1)" || fail "$n threads: another checkpoint than without the pass"
done
# a run stopped in one trainer goes on in the other
./without --out half --steps 5 >log 2>&1 && cp -r half both && ./with --out both --resume >log 2>&1 || fail "resume: $(tail -3 log)"
cmp "$(ls both/checkpoints/*.safetensors | tail -1)" "$(ls off/checkpoints/*.safetensors | tail -1)" || fail "resumed: another checkpoint"
[ "$("$GANC" info model.gan | grep -c 'in these kernels, too')" = 3 ] || fail "info: $("$GANC" info model.gan | grep project)"
says 1 "has no kernels of its own" ./with bench --graph "project critic with clip(c)"

cat >one.gan <<'GAN'
prior n : [4] ~ normal(0, 1)
net G(z ~ n) -> [8] { param w : [4, 8] ~ normal(0, 1); z @ w }
train (batch=4, steps=2) { maximize E[z ~ n] sum(G(z)) over G using momentum; project G with scaled(step) }
fn scaled(w, a) = a * w
GAN
"$GANC" one.gan --emit=grad >grad || fail "no text"
# joined NAME COUNT SED...: the text so changed has so many joined graphs
joined() {
    local name=$1 want=$2
    shift 2
    sed "$@" grad >changed
    [ "$name" = as_it_is ] || ! cmp -s grad changed || fail "$name: the text is the same"
    "$GANC" changed --emit=opt >changed.opt || { fail "$name: refused"; return; }
    [ "$(grep -c "^graph.* joins " changed.opt)" = "$want" ] || fail "$name: $(grep '^graph' changed.opt)"
}
result=$(sed -n 's/^result //p' grad) counter=$(sed -n 's/^counter //p' grad) last=$(sed -n 's/^graph \([0-9]*\) step "project.*/\1/p' grad)
joined as_it_is 1 -e ''
joined a_number_before 1 -e 's/= scalar step /= scalar updates('"$counter"') /'
joined a_result 0 -e 's/= scalar step /= scalar 2 * result('"$result"') /'
joined random_numbers 0 -e '/^model/s/streams [0-9]*/streams 99/; s/= scalar step /= rand_uniform stream 90 /'
joined counts 0 -e "s/^\( *run $last\)/\1 advance $counter/"
joined runs_twice 0 -e "/^ *run $last/{p;}"
# a text that says otherwise than it does
"$GANC" one.gan --emit=opt >opt && sed "/^graph $last/a\\
    %0 = constant 1 : []" opt >changed
says 1 "joins graph $last, which is not empty" "$GANC" changed --emit=opt
sed "s/ joins $last/&, $last/" opt >changed
says 1 "graph $last is joined twice" "$GANC" changed --emit=opt
sed "s/ joins $last/ joins 0/" opt >changed
says 1 "not both are steps" "$GANC" changed --emit=opt
"$GANC" one.gan --emit=kernels --no-pass=join >kernels && sed "s/^\(graph $((last - 1)) .* batch 4\) /\1 joins $last /" kernels >changed
says 1 "E0871.*no kernels and no outputs" "$GANC" changed --emit=plan
finish
