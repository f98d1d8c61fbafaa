# One checkpoint, byte for byte: two runs with one seed, 1 and 2 and 8 threads, ganc run and the trainer, stopped and resumed, killed
# and resumed.
. "$(dirname "$0")/../lib.sh"
last() { ls "$1"/checkpoints/*.safetensors | tail -1; }
same() { cmp "$(last "$work/$1")" "$(last "$work/$2")" || fail "$1 and $2 differ"; }
for model in gan_1d mixture gan_mnist; do
    data=() steps=60
    [ $model = gan_mnist ] && data=(--data "$top/examples/data/mnist") steps=12
    file=$top/examples/$model/$model.gan
    trainer=$work/$model
    "$GANC" "$file" -o "$trainer" || fail "does not compile"
    run() { local out=$1; shift; "$trainer" "${data[@]}" --out "$work/$out" "$@" >"$work/log" 2>&1 || fail "$out: $(tail -3 "$work/log")"; }
    run $model.one --steps $steps --threads 1
    run $model.two --steps $steps --threads 2
    run $model.eight --steps $steps --threads 8
    same $model.one $model.two
    same $model.one $model.eight
    "$GANC" run "$file" "${data[@]}" --out "$work/$model.jit" --steps $steps >"$work/log" 2>&1 || fail "ganc run: $(tail -3 "$work/log")"
    same $model.one $model.jit
    run $model.half --steps $((steps / 2))
    run $model.half --resume --steps $steps
    same $model.one $model.half
    # killed at some moment, and resumed, until it is done
    for moment in 0.15 0.3 0.45; do
        resume=
        [ -e "$work/$model.killed" ] && resume=--resume
        "$trainer" "${data[@]}" --out "$work/$model.killed" $resume --steps $steps --checkpoint-every 3 >"$work/log" 2>&1 &
        sleep $moment
        kill -KILL $! 2>/dev/null
        wait $! 2>/dev/null # until it is gone, and its lock with it
    done
    resume=
    [ -e "$work/$model.killed" ] && resume=--resume
    run $model.killed $resume --steps $steps --checkpoint-every 3
    same $model.one $model.killed
    run $model.other --steps $steps --seed 2
    cmp -s "$(last "$work/$model.one")" "$(last "$work/$model.other")" && fail "another seed gives the same bytes"
done
finish
