# ganc info: its numbers are those of the plan and of the trainer; models that cannot be compiled; texts of the compiler; wrong usage.
. "$(dirname "$0")/kit.sh"
number() { sed -nE "s/^ *\"$2\": ([0-9]+),?\$/\1/p" "$1" | tail -1; }
plan() { sed -nE "s/^$2 +([0-9]+) bytes\$/\1/p" "$1"; }
same() { [ -n "$2" ] && [ "$2" = "$3" ] || fail "$1: $2, not $3"; }
valid() { if python3 -c '' 2>/dev/null; then python3 -m json.tool "$1" >/dev/null 2>&1 || fail "$1: no JSON: $(head -3 "$1")"; fi; }

for model in tiny.gan "$top"/examples/gan_mnist/gan_mnist.gan "$top"/examples/gan_1d/gan_1d.gan; do
    quietly "$GANC" info "$model" -o text
    quietly "$GANC" info --json "$model" -o json
    quietly "$GANC" "$model" --emit=plan -o plan
    valid json
    same "$model: tensors" "$(number json tensors)" "$(plan plan tensors)"
    same "$model: arena" "$(number json arena)" "$(plan plan arena)"
    same "$model: tile" "$(number json tile)" "$(plan plan 'tile of each worker')"
    same "$model: arena, the sum" "$(number json arena)" $(($(number json tensors) + $(number json scratch)))
    same "$model: tensors in all" "$(grep -c '"elements":' json)" "$("$GANC" "$model" --emit=graph | grep -c '^tensor ')"
done
quietly "$tiny" info --json --threads 1
cp quiet.out trainer.json
quietly "$GANC" info --json tiny.gan -o json
for key in tensors scratch; do same "the trainer's $key" "$(number json $key)" "$(number trainer.json $key)"; done
quietly "$tiny" info
cp quiet.out trainer.text
quietly "$GANC" info tiny.gan -o text
diff <(grep -o '^net .*parameters' trainer.text) <(grep -o '^net .*parameters' text) || fail "trainer and ganc disagree on the nets"

# by hand: dense 3 -> 8 and 8 -> 4; with width=5: 3 -> 5 and 5 -> 4
grep -q '^  dense  *G.dense1  *\[8\]  *32  *6:' text && grep -q '^  dense  *G.dense2  *\[4\]  *36 ' text || fail "the calls of G: $(grep G. text)"
quietly "$GANC" info tiny.gan -D width=5 -o narrow
grep -q '^  dense  *G.dense1  *\[5\]  *20 ' narrow && grep -q '^  width  *= 5  *fixed' narrow || fail "-D does nothing: $(head -20 narrow)"
quietly "$GANC" info tiny.gan --dtype f64 -o wide
grep -q '^tiny (f64)$' wide || fail "--dtype: $(head -1 wide)"

# a text of the compiler has no calls, but all else
quietly "$GANC" tiny.gan --emit=grad -o tiny.grad
quietly "$GANC" info tiny.grad -o again
diff <(grep -v '^  [a-z]* .*[0-9]*:[0-9]*$' text | grep -v '^  call') again >out || fail "of a text: $(head -4 out)"

# too large: what is known, and status 1
cat >huge.gan <<'END'
net G(z : [1000000]) -> [] { var h = z; for i in 0..20 { h = h |> dense(1000000, init=constant(0)) }; sum(h) }
train (batch=1, steps=1) { minimize E[z : [1000000] ~ normal(0, 1)] G(z) over G using sgd }
END
says 1 "error.E0811" "$GANC" info huge.gan
grep -q '^  not known: ' says.out && grep -q 'parameters  *40 tensors  *20,000,020,000,000 values' says.out || fail "a model that is too large: $(tail -8 says.out)"
says 1 "error.E0811" "$GANC" info --json huge.gan
grep -q '"compiled": false' says.out && ! grep -q '"arena"' says.out || fail "a model that is too large, as JSON: $(head -5 says.out)"
valid says.out
complains 2 "one model at a time" "$GANC" info tiny.gan tiny.gan
complains 2 "no model given" "$GANC" info
complains 2 "there is no option --nosuch" "$GANC" info --nosuch tiny.gan
complains 1 "cannot read nosuch.gan" "$GANC" info nosuch.gan
finish
