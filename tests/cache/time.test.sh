# --time: a table on standard error, whose parts add up to the whole; what is printed otherwise does not change. The object does not depend on
# how many processors compile it.
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1
export GANC_CACHE_SIZE=0
model=$top/examples/gan_1d/gan_1d.gan
"$GANC" "$model" --emit=obj --time -o two.o 2>err || fail "$(head -3 err)"
for part in read elaborate differentiate 'pass cse' schedule 'load LLVM' 'LLVM: emit' 'LLVM: parts, on all threads' all; do
    grep -qE "^$part +[0-9]+\.[0-9][0-9]\$" err || fail "no line of '$part'"
done
awk '$1 == "all" { all = $2; next } /beside the others/ || $1 == "part" { next } { sum += $NF } END { exit !(all > 0 && sum > all - 1 && sum < all + 1) }' err \
    || fail "the parts are not the whole: $(cat err)"
"$GANC" "$model" --emit=opt --time >timed 2>err || fail "$(head -3 err)"
"$GANC" "$model" --emit=opt >plain 2>errp || fail "$(head -3 errp)"
cmp timed plain || fail "--time changes the output"
[ ! -s errp ] || fail "a table without --time"
grep -q LLVM err && fail "LLVM took time for --emit=opt"
for command in check info; do "$GANC" $command --time "$model" 2>&1 >out | grep -q '^all ' || fail "no table: ganc $command --time"; done
first=$(taskset -cp $$ | sed 's/.*: *//; s/[,-].*//')
taskset -c "$first" "$GANC" "$model" --emit=obj -o one.o || fail "on one processor"
cmp one.o two.o || fail "the object depends on the number of processors"
finish
