# ganc check of several files: an error in the first does not hide those of the next.
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1
printf 'setting a = b\n' >first.gan
printf 'data d : [2] in [0, 1]\nnet D(x ~ d) -> [] { y }\ntrain (batch=1, steps=1) { minimize E[x ~ d] D(x) over D using sgd }\n' >second.gan
says 1 '^first.gan:1:13: error\[E0302\]' "$GANC" check first.gan second.gan
says 1 '^second.gan:2:22: error\[E0302\]' "$GANC" check first.gan second.gan
finish
