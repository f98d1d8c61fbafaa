# A model in several files is the model in one: beside each other and in folders, read once whoever imports them, in a circle, from any
# working folder; its text of each stage reads back; -D reaches an imported setting; a run keeps one text that stands alone.
. "$(dirname "$0")/../lib.sh"
mkdir -p "$work/layers" "$work/elsewhere"
cat >"$work/m.gan" <<'END'
# a model in several files
import "layers/nets.gan"   # the nets
import gcn
import prelude
import "layers/../layers/deep.gan"; setting k = 2
value V = -(E[x ~ points] (D(x) - 1)^2) - E[z ~ noise] D(G(z))^2
train (batch=8, steps=3) {
    repeat k { maximize V over D using sgd(rate) }
    minimize V over G using sgd(rate)
}
END
cat >"$work/layers/nets.gan" <<'END'
import "deep.gan"
import "../m.gan"
data points : [2] = { let x : [2] ~ normal(0, 1); gcn(x) }
prior noise : [2] ~ normal(0, 1)
net G(z ~ noise) -> [2] { z |> deep(8) |> dense(2) }
net D(x ~ points) -> [] { x |> deep(8) |> dense(1) }
END
printf '## the rate\nsetting rate = 0.01\nfn unused(x) = x\nlayer deep(x : [d], n) -> [n] { x |> dense(n) |> relu }' >"$work/layers/deep.gan"
cat >"$work/one.gan" <<'END'
## the rate
setting rate = 0.01
fn unused(x) = x
layer deep(x : [d], n) -> [n] { x |> dense(n) |> relu }
data points : [2] = { let x : [2] ~ normal(0, 1); gcn(x) }
prior noise : [2] ~ normal(0, 1)
net G(z ~ noise) -> [2] { z |> deep(8) |> dense(2) }
net D(x ~ points) -> [] { x |> deep(8) |> dense(1) }
import gcn
setting k = 2
value V = -(E[x ~ points] (D(x) - 1)^2) - E[z ~ noise] D(G(z))^2
train (batch=8, steps=3) {
    repeat k { maximize V over D using sgd(rate) }
    minimize V over G using sgd(rate)
}
END
cd "$work" || exit 1
"$GANC" check -Werror m.gan 2>out || fail "$(cat out)"
without_places() { sed -E 's/ *@.*//; /^(source|import) /,$d; /^model /d'; }
"$GANC" m.gan --emit=graph >m.ir
without_places <m.ir >m.graph
"$GANC" one.gan --emit=graph | without_places | diff m.graph - >out || fail "not the same as in one file: $(head out)"
[ "$(grep -c '^import ' m.ir)" = 2 ] && grep -qx '| fn unused(x) = x' m.ir || fail "the text does not hold all files"
grep -q '^net G .*@"layers/nets.gan":5:1+52$' m.ir || fail "no place in an imported file: $(grep '^net G' m.ir)"
(cd elsewhere && "$GANC" ../m.gan --emit=graph) | cmp - m.ir || fail "from another folder"
(cd / && "$GANC" "$work/m.gan" --emit=graph) | cmp - m.ir || fail "by an absolute path"
for stage in graph grad opt; do
    "$GANC" m.gan --emit=$stage >stage.ir
    "$GANC" stage.ir --emit=$stage | cmp - stage.ir || fail "$stage does not read back"
    "$GANC" m.gan --emit=obj -o a.o && "$GANC" stage.ir --emit=obj -o b.o && cmp a.o b.o || fail "another object from $stage"
done
"$GANC" m.gan -D rate=0.5 --emit=graph | grep -q '^setting rate = 0.5 doc "the rate"' || fail "-D rate"
"$GANC" run m.gan --out run >out 2>&1 || fail "$(tail -3 out)"
cp run/model.gan elsewhere/alone.gan
"$GANC" elsewhere/alone.gan --emit=graph | without_places | diff m.graph - >out || fail "the run's model is another: $(head out)"
grep -q '^# import "layers/nets.gan": what follows$' run/model.gan || fail "the run's model does not say what was imported"
"$GANC" fmt m.gan | grep -qx 'import "layers/nets.gan"   # the nets' || "$GANC" fmt m.gan | grep -q '^import "layers/nets.gan" ' || fail "fmt: $("$GANC" fmt m.gan | head -3)"

# errors: each in its file, with the import that brought it
printf 'import "via.gan"\nsetting k = 2\ntrain (steps=1) { minimize sum(f(1)) over G using sgd }\n' >n.gan
printf 'import "names.gan"\n' >via.gan
printf 'fn f(x) = y + x\nnet G(z : [2]) -> [2] { rellu(z) }\nsetting k = 3\n' >names.gan
says 1 '^names.gan:1:11: error\[E0302\]: there is nothing called y' "$GANC" check n.gan
says 1 '^names.gan:2:25: error\[E0302\]: there is nothing called rellu' "$GANC" check n.gan
says 1 '^via.gan:1:1: note: names.gan is imported here' "$GANC" check n.gan
says 1 '^n.gan:1:1: note: via.gan is imported here' "$GANC" check n.gan
says 1 '^n.gan:2:9: error\[E0301\]: k is declared twice' "$GANC" check n.gan
says 1 '^names.gan:3:9: note: the first k is here' "$GANC" check n.gan
printf 'setting b = \377\n' >latin.gan
printf 'import "latin.gan"\n' >l.gan
says 1 '^latin.gan:1:13: error\[E0101\]: the byte 0xff' "$GANC" check l.gan
mkfifo pipe.gan
mkdir folder.gan
printf 'import "pipe.gan"\nimport "folder.gan"\nimport "m.ga"\nimport "names"\n' >p.gan
says 1 '^p.gan:1:1: error\[E0305\]: cannot import "pipe.gan": it is no file' "$GANC" check p.gan
says 1 '^p.gan:2:1: error\[E0305\]: cannot import "folder.gan": it is a folder' "$GANC" check p.gan
says 1 'help: did you mean "m.gan"\?' "$GANC" check p.gan
says 1 'help: did you mean "names.gan"\?' "$GANC" check p.gan
printf 'import "m.ir"\n' >t.gan
says 1 '^t.gan:1:1: error\[E0309\]: "m.ir" is a text of the compiler' "$GANC" check t.gan
mkdir chain
for i in $(seq 1001); do printf 'import "%d.gan"\n' $((i + 1)) >chain/$i.gan; done
says 1 '^1000.gan:1:1: error\[E0308\]: a model can import at most 1000 files|^chain/[0-9]+.gan:1:1: error\[E0308\]' "$GANC" check chain/1.gan
finish
