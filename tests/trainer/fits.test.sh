# What training takes at most is said before the first step; what cannot fit is refused, with a minibatch that does.
. "$(dirname "$0")/kit.sh"
{ printf '\0\0\10\3\0\0\40\0\0\0\0\2\0\0\0\2'; head -c 32768 /dev/zero; } >many.idx # 8192 images
sed 's/batch=4,/batch=8192,/; s/width = 8 /width = 256 /' tiny.gan >wide.gan
"$GANC" wide.gan -o wide || fail "wide.gan does not compile"

# without a limit: planned and said; the process takes no more than that, and not much less
quietly ./wide --data many.idx --steps 3 --threads 2 --out free
grep -qE '^memory  at most [0-9.]+ MB: program and data [0-9.]+ MB, parameters and states [0-9.]+ [kM]B, values of a step [0-9.]+ MB, looks [0-9.]+ [kM]B; [0-9.]+ [MGT]B were free$' quiet.err ||
    fail "does not say what it takes: $(grep memory quiet.err)"
read -r most planned <<<"$(sed -nE 's/^memory: ([0-9.]+) MB at most, beyond the program and its data; ([0-9.]+) MB were planned$/\1 \2/p' quiet.out)"
awk -v most="$most" -v planned="$planned" 'BEGIN { exit !(planned > 8 && most < planned + 4 && most > 0.7 * planned) }' ||
    fail "takes $most MB, and $planned MB were planned"

# within KILOBYTES COMMAND...: of address space; the threads' stacks are a part of it
within() { (ulimit -s 512 -v "$1" && shift && exec "$@"); }
limit=0
for ((kilobytes = 20000; kilobytes < 400000; kilobytes += 20000)); do
    within $kilobytes ./wide --data many.idx --steps 1 --threads 1 --out limited >out 2>err </dev/null
    [ $? = 1 ] && grep -q 'examples does not fit, one of' err && limit=$kilobytes && [ "$(sed -nE 's/.*, one of ([0-9]+) does.*/\1/p' err)" -ge 512 ] && break
done
[ $limit != 0 ] || fail "no limit of address space is found to be too small: $(tail -1 err)"
complains 1 '^wide: training needs [0-9.]+ MB of memory besides its data, and [0-9.]+ MB are left of the address space \(ulimit -v\): a minibatch of 8192 examples does not fit, one of [0-9]+ does: compile the model with train \(batch=[0-9]+\)$' \
    bash -c "ulimit -s 512 -v $limit && exec ./wide --data many.idx --steps 1 --threads 1 --out limited"
[ ! -e limited ] || fail "refused, but it made a folder"
fits=$(sed -nE 's/.*, one of ([0-9]+) does.*/\1/p' says.err)

# the one that is named does fit; one that is half as large again does not
for batch in $fits $((fits * 3 / 2)); do
    sed "s/batch=8192,/batch=$batch,/" wide.gan >some.gan
    "$GANC" some.gan -o some || fail "some.gan does not compile"
    within $limit ./some --data many.idx --steps 1 --threads 1 --out some.$batch >out 2>err </dev/null
    status=$?
    [ $batch = $fits ] && [ $status != 0 ] && fail "a minibatch of $fits is said to fit, and does not: $(tail -1 err)"
    [ $batch != $fits ] && [ $status != 1 ] && fail "a minibatch of $fits is said to be what fits; $batch does, too"
done

# nothing fits
complains 1 'not even a minibatch of one example fits$' bash -c "
    for ((kilobytes = 1000; kilobytes < 200000; kilobytes += 500)); do
        (ulimit -s 512 -v \$kilobytes && exec ./wide --data many.idx --steps 1 --threads 1 --out none) >one.out 2>one.err && break
        grep -q 'not even' one.err && break
    done
    cat one.err >&2
    exit 1"
finish
