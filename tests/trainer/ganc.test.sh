# ganc's own command line: wrong options, files that cannot be read or written, stages, -D, processors, no linker, input that is no model.
. "$(dirname "$0")/kit.sh"
model=tiny.gan
bad() { complains "$@"; [ ! -e x ] || { fail "an error, but x was written: $*"; rm -rf x; }; no_temporaries .; }

# options
seen=
bad 2 "ganc: there is no option --nosuch \(see ganc --help\)" "$GANC" $model --nosuch -o x
bad 2 "no option -x" "$GANC" $model -x
bad 2 "say where the trainer goes: -o TRAINER" "$GANC" $model
bad 2 "one model at a time" "$GANC" $model $model -o x
for command in run check fmt compare; do bad 2 "no model given" "$GANC" $command; done
for option in -o -D --emit --after --dtype --cpu --color --no-pass; do bad 2 "$option needs a value" "$GANC" $model $option; done
bad 2 "--emit=nosuch: the stages are ast graph" "$GANC" $model --emit=nosuch
bad 2 "--dtype f16: f32 or f64" "$GANC" $model -o x --dtype f16
bad 2 "--check=nosuch: the only check is bounds" "$GANC" $model -o x --check=nosuch
bad 2 "--color=pink: auto, always or never" "$GANC" $model -o x --color=pink
bad 2 "there is no warning -Wnosuch" "$GANC" $model -o x -Wnosuch
bad 2 "there is no warning -Wno-nosuch" "$GANC" $model -o x -Wno-nosuch
bad 1 "there is no pass called nosuch" "$GANC" $model --emit=opt --after=nosuch
bad 1 "there is no pass called nosuch" "$GANC" $model --emit=opt --no-pass=nosuch
bad 2 "^ganc run tiny.gan: unknown option '--nosuch' \(see ganc run tiny.gan --help\)$" "$GANC" run $model --nosuch
bad 2 "pixels: no data was given" "$GANC" run $model
for flag in --help -h --version; do
    "$GANC" $flag >out 2>err && [ -s out ] && [ ! -s err ] || fail "$flag: not on stdout, or not status 0"
done
"$GANC" >out 2>err
[ $? = 2 ] && [ ! -s out ] && grep -q '^usage: ganc' err || fail "without arguments: no usage on stderr"

for command in $("$GANC" --help | sed -n 's/^ *ganc \([a-z][a-z]*\) .*/\1/p' | sort -u); do
    "$GANC" $command --help >out 2>err && head -1 out | grep -q "^usage: ganc $command" && [ "$(wc -l <out)" -ge 3 ] && [ ! -s err ] || fail "$command --help: $(head -3 out err)"
    "$GANC" $command -h $model | cmp -s - out || fail "$command -h: something else"
    complains 2 "there is no option --nosuch" "$GANC" $command --nosuch $model
    seen="$seen $command"
done
case $seen in *check*fmt*info*passes*run*test*) ;; *) fail "commands in --help: $seen" ;; esac
complains 2 "no path given" "$GANC" test
quietly "$GANC" run $model --help
grep -q -e --resume quiet.out || fail "ganc run MODEL --help is not the trainer's"
bad 2 "--diff goes with --emit=grad and --emit=opt" "$GANC" $model --diff -o x
for stage in ast graph kernels plan obj; do bad 2 "--diff goes with --emit=grad and --emit=opt" "$GANC" $model --emit=$stage --diff; done
for stage in opt kernels nosuch; do bad 2 "--diff=$stage: a stage before the one that is printed" "$GANC" $model --emit=opt --diff=$stage; done
bad 2 "--diff=grad: a stage before" "$GANC" $model --emit=grad --diff=grad
bad 1 "there is no pass called nosuch" "$GANC" $model --emit=opt --after=nosuch --diff
for command in check compare fmt; do bad 2 "--emit does not go with $command" "$GANC" $command $model --emit=graph; done
for stage in graph grad opt; do quietly "$GANC" $model --emit=$stage -o t.$stage; done
bad 1 "E0005.: there is no stage graph here: the file is a text of a later stage" "$GANC" t.grad --emit=grad --diff
bad 1 "E0005.: there is no stage grad here: the file is a text of a later stage" "$GANC" t.opt --emit=opt --diff
bad 1 "E0005.: there is no stage grad here" "$GANC" t.opt --emit=opt --diff --after=cse
for from in $model t.graph; do "$GANC" $from --emit=opt --diff=graph >from.$from; done
cmp from.$model from.t.graph || fail "the difference of a text is not that of its model"

# files
bad 1 "cannot read nosuch.gan: No such file" "$GANC" nosuch.gan -o x
bad 1 "cannot read nosuch.gan: No such file" "$GANC" run nosuch.gan
bad 1 "cannot read \.: Is a directory" "$GANC" . -o x
for command in check fmt run; do bad 1 "cannot read \.: Is a directory" "$GANC" $command .; done
bad 1 "cannot read tiny.gan/x: Not a directory" "$GANC" tiny.gan/x -o x
bad 1 "cannot write nosuch/x: No such file" "$GANC" $model -o nosuch/x
bad 1 "cannot write tiny.gan/x: Not a directory" "$GANC" $model -o tiny.gan/x
mkdir folder
bad 1 "cannot write folder: (it is a folder|Is a directory)" "$GANC" $model -o folder
for stage in graph obj; do
    bad 1 "cannot write nosuch/x: No such file" "$GANC" $model --emit=$stage -o nosuch/x
    bad 1 "cannot write folder: (it is a folder|Is a directory)" "$GANC" $model --emit=$stage -o folder
    bad 1 "cannot write /dev/full: No space left" "$GANC" $model --emit=$stage -o /dev/full
done
# an output that was there stays what it was
echo mine >x.old
sed 's/dense(width)/dens(width)/' $model >wrong.gan
"$GANC" wrong.gan -o x.old >out 2>err && fail "a wrong model compiles"
grep -q 'did you mean\|dense' err || fail "a misspelt layer has no suggestion: $(head -3 err)"
[ "$(cat x.old)" = mine ] || fail "a wrong model took the old trainer away"

# stages, to stdout and to a file
for stage in ast graph grad opt kernels plan llvm asm obj dot; do
    "$GANC" $model --emit=$stage >a 2>err || fail "--emit=$stage: $(head -3 err)"
    "$GANC" $model --emit $stage -o b >out 2>err || fail "--emit $stage -o: $(head -3 err)"
    [ -s a ] && cmp -s a b && [ ! -s out ] || fail "--emit=$stage: stdout and file differ"
    "$GANC" $model --emit=$stage 2>err | head -c 10 >/dev/null
    [ ! -s err ] || fail "--emit=$stage | head: $(head -3 err)"
    rm -f a b
done
"$GANC" --help | head -1 >/dev/null || fail "--help | head"

# -D
bad 2 "-D width: write -D name=value" "$GANC" $model -D width -o x
bad 2 "-D =3: write -D name=value" "$GANC" $model -D =3 -o x
bad 1 "-D nosuch: the model has no such setting" "$GANC" $model -D nosuch=1 -o x
for value in x nan '' '1 2'; do says 1 "error.E0003.: -D rate=$value: the setting takes a number" "$GANC" $model -D "rate=$value" -o x; done
for value in 0 -3 2.5 true; do says 1 "error.E0(20[12]|003).: " "$GANC" $model -D width=$value -o x; done
[ ! -e x ] || fail "a wrong -D, but x was written"
quietly "$GANC" $model -Dwidth=5 -D rate=0.5 -o narrow
./narrow info >out; grep -q 'net D.*: 31 parameters' out && grep -q 'rate  *= 0.5' out || fail "-D is not in the trainer: $(head -3 out)"

# processors
says 1 "there is no processor nonsense that ganc knows" "$GANC" $model --cpu=nonsense -o x
if [ "$(uname -m)" = x86_64 ]; then
    bad 1 "x86-64 has no AVX2 and FMA \(x86-64-v3\)" "$GANC" $model --cpu=x86-64 -o x
    quietly "$GANC" $model --cpu=x86-64-v3 -o v3
    quietly ./v3 --data ten.idx --out v3.run
    quietly "$GANC" $model --cpu x86-64-v3 -o v3b && cmp -s v3 v3b || fail "two compilations, two trainers"
fi

# no linker: one error that names the package; ganc run needs none
for path in '' /nosuch; do
    says 1 "cc, which links trainers, cannot be run: No such file" env -u CC PATH=$path "$GANC" $model -o x
    grep -q 'package gcc' says.err || fail "no linker: no package is named: $(cat says.err)"
    [ "$(grep -c error says.err)" = 1 ] || fail "no linker: not one error: $(cat says.err)"
done
says 1 "false could not link x" env CC=false "$GANC" $model -o x
[ ! -e x ] || fail "no linker, but x was written"
no_temporaries .
quietly env PATH= "$GANC" run $model --data ten.idx --out jit
quietly "$tiny" --data ten.idx --out linked
cmp -s "$(newest jit)" "$(newest linked)" || fail "ganc run and the trainer differ"

# input that is no model: errors, and an end
junk() { # FILE
    local command
    for command in check fmt; do
        timeout 20 "$GANC" $command $1 >out 2>err
        [ $? = 1 ] && grep -q "$1:1:[0-9]*: error" err && [ ! -s out ] || fail "$command $1: $(head -c 300 err)"
        [ "$(wc -c <err)" -lt 100000 ] || fail "$command $1: $(wc -c <err) bytes of errors"
        grep -qiE 'sanitizer|assert|internal|yy[a-z]|token' err && fail "$command $1: $(head -c 300 err)"
    done
}
head -c 100000 /dev/zero >zeros.gan && junk zeros.gan
head -c 100000 "$tiny" >binary.gan && junk binary.gan
for c in '(' '[' '{' '-' '"' '\377'; do
    { printf 'value V = '; head -c 1000000 /dev/zero | tr '\0' "$c"; echo; } >many.gan
    junk many.gan
done
head -c 1000000 /dev/zero | tr '\0' '(' >many.gan && junk many.gan
{ printf 'value V = '; for ((i = 0; i < 100000; i++)); do printf '2^'; done; echo 1; } >powers.gan && junk powers.gan
: >empty.gan
says 1 "empty.gan:1:1: error.E0520.: this model trains nothing" "$GANC" empty.gan -o x
quietly "$GANC" fmt empty.gan
finish
