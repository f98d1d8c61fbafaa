# What fuzzing found in texts of the compiler (tests/fuzz/found), each as far as it goes: an error or none, in bounded time and memory, and never a crash.
. "$(dirname "$0")/../lib.sh"
count=0
for file in "$top"/tests/fuzz/found/{language,graph,grad,opt,kernels}/*; do
    [ -e "$file" ] || continue # nothing was found of that kind
    for stage in ast opt plan; do
        (ulimit -t 10 -v 4000000; "$GANC" "$file" --emit=$stage -o /dev/null) >"$work/out" 2>&1
        status=$?
        [ $status -le 1 ] || fail "$(basename "$file") --emit=$stage: exit status $status: $(tail -2 "$work/out")"
    done
    count=$((count + 1))
done
[ $count -ge 1 ] || fail "no text in tests/fuzz/found"
finish
