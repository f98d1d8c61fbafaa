# Messages about files, options and bytes: the whole of what is said.
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1
printf 'prior p : [2] ~ normal(0, 1)\nnet G(z ~ p) -> [2] { z |> dense(2) }\ntrain (batch=4, steps=1) { minimize E[z ~ p] sum(G(z)) over G using sgd }\n' >m.gan
# exact STATUS TEXT ARGUMENTS: what ganc says with these arguments, to the letter
exact() {
    local want=$1 text=$2
    shift 2
    "$GANC" "$@" >out 2>err </dev/null
    local status=$?
    [ "$status" = "$want" ] || fail "exit status $status, not $want: $*"
    [ "$(cat err)" = "$text" ] || { fail "$*:"; diff <(printf '%s\n' "$text") err; }
}
exact 1 'ganc: error[E0001]: cannot read none.gan: No such file or directory' check none.gan
exact 1 'ganc: error[E0001]: cannot read .: Is a directory' check .
exact 1 'ganc: error[E0002]: cannot write no/such/folder: No such file or directory' m.gan --emit=graph -o no/such/folder
exact 1 'ganc: error[E0004]: -D k: the model has no such setting' check m.gan -D k=1
"$GANC" m.gan --emit=opt -o m.opt || fail "no text"
exact 1 'ganc: error[E0005]: there is no stage ast here: the file is a text of a later stage' m.opt --emit=ast
exact 1 'ganc: error[E0652]: there is no pass called ces
   help: did you mean cse?' m.gan --emit=opt --no-pass=ces
exact 2 'ganc: there is no option --emti=opt (see ganc --help)' m.gan --emti=opt
exact 2 'ganc: no model given (see ganc --help)' check
exact 2 'ganc: --emit=optt: the stages are ast graph grad opt kernels plan llvm asm obj dot (see ganc --help)' m.gan --emit=optt
exact 2 'ganc: there is no warning -Wno-untraind (see ganc --help)' check m.gan -Wno-untraind
printf 'setting rate = 0.1  # caf\351\nsetting k = 1\n' >latin.gan
exact 1 'latin.gan:1:26: error[E0101]: the byte 0xe9 is not UTF-8
    1 | setting rate = 0.1  # caf�
      |                          ^' check latin.gan
printf 'net G(z : [4]) -> [4] { z + missing }\r\nsetting k = two\r\n' >crlf.gan
exact 1 'crlf.gan:1:29: error[E0302]: there is nothing called missing here
    1 | net G(z : [4]) -> [4] { z + missing }
      |                             ^~~~~~~
crlf.gan:2:13: error[E0302]: there is nothing called two here
    2 | setting k = two
      |             ^~~' check crlf.gan
printf '\357\273\277setting k = two\n' >bom.gan
exact 1 'bom.gan:1:13: error[E0302]: there is nothing called two here
    1 | setting k = two
      |             ^~~' check bom.gan
finish
