# --blas: every product of floats is the library's, and right; the bits are the same on any number of threads; the text of its kernels reads back.
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1
model=$top/examples/mixture/mixture.gan
"$GANC" "$model" --emit=kernels >own.kernels || fail "--emit=kernels"
"$GANC" "$model" --blas --emit=kernels >blas.kernels || fail "--blas --emit=kernels"
products() { grep -c 'by tiles of' "$1"; }
library() { grep '^    kernel' "$1" | grep -cE ' tasks? library'; }
[ "$(products blas.kernels)" -ge 10 ] && [ "$(library blas.kernels)" = "$(products blas.kernels)" ] || fail "$(library blas.kernels) of $(products blas.kernels) products"
[ "$(library own.kernels)" = 0 ] || fail "the library is used without --blas"
grep -q ' panels ' own.kernels || fail "mixture has no panels: the test below is worth nothing"
grep -q ' panels ' blas.kernels && fail "a library reads panels"
"$GANC" compare --blas "$model" >log 2>&1 || fail "$(cat log)"

# the text: the same kernels and the same object
"$GANC" blas.kernels --emit=kernels | cmp - blas.kernels || fail "read back, another text"
"$GANC" "$model" --blas --emit=obj >one.o && "$GANC" blas.kernels --emit=obj | cmp - one.o || fail "read back, another object"

# where it cannot be
sed 's/matmul[^"]*": [0-9]* tasks*/& library/' own.kernels >panels.kernels
says 1 'error\[E0879\].*a library knows no panels' "$GANC" panels.kernels --emit=kernels
says 1 'error\[E0879\].*a library makes products' "$GANC" <(sed '0,/"[^"]*normal[^"]*": [0-9]* tasks*/s//& library/' own.kernels) --emit=kernels
"$GANC" "$model" --dtype f64 --emit=kernels | sed '0,/matmul[^"]*": [0-9]* tasks*/s//& library/' >doubles.kernels
says 1 'error\[E0879\].*all doubles' "$GANC" doubles.kernels --emit=kernels

# bits
"$GANC" "$model" --blas -o trainer || fail "does not compile"
for threads in 1 2 8; do ./trainer --steps 3 --threads $threads --out run$threads >log 2>&1 || fail "$(tail -3 log)"; done
for f in run1/checkpoints/*; do
    for threads in 2 8; do cmp "$f" "run$threads/checkpoints/${f##*/}" || fail "$threads threads: other bits"; done
done
[ -e "$f" ] || fail "no checkpoint"
finish
