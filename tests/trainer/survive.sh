# survive.sh: for tests in which a training of gan_1d is disturbed: run after run until it has had enough, then on to an end, which must be that of a run that
# nobody touched: checkpoint and best one byte for byte, the log but for its seconds, the pictures.
. "$(dirname "${BASH_SOURCE[0]}")/kit.sh"
"$GANC" "$top/examples/gan_1d/gan_1d.gan" -o g || exit 1
forever=1000000000
flags=(--threads 1 --log-every 7 --checkpoint-every 50 --keep-best V)
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0
resume() { [ ! -e "$1" ] || echo --resume; }
log() { sed -E 's/"seconds": [0-9.e-]+/"seconds": 0/' "$1/metrics.jsonl"; }
steps_of() { local last; last=$(basename "$(newest "$1" 2>/dev/null)" .safetensors); echo $((10#${last:-0})); }
faulty() { FAULTS_UNDER=$PWD/$1 LD_PRELOAD=$helpers/libfaults.so "${@:2}"; } # FOLDER COMMAND...: with FAULTS_... as they are set

# whole_there FOLDER: whatever happened, what is there is whole: nothing is warned of
whole_there() {
    [ -n "$(newest "$1" 2>/dev/null)" ] || return
    ./g info --run "$1" >info.out 2>info.err || fail "$1: $(tail -1 info.err)"
    [ ! -s info.err ] || fail "$1: $(head -1 info.err)"
}

# same_end FOLDER [STEPS]: goes on for 100 steps more, or to STEPS, and compares
same_end() {
    local steps=${2:-$(($(steps_of "$1") + 100))}
    quietly ./g "${flags[@]}" --out "$1" $(resume "$1") --steps $steps
    sed -i "/warning: .*has no checkpoint yet/d" quiet.err
    ! grep -q "warning" quiet.err || fail "$1: $(grep warning quiet.err | head -1)"
    [ -e "whole$steps" ] || timeout 900 ./g "${flags[@]}" --out whole$steps --steps $steps >whole.out 2>&1 || fail "the undisturbed run: $(tail -1 whole.out)"
    cmp -s "$(newest whole$steps)" "$(newest "$1")" || fail "$1: other bytes than the undisturbed run of $steps steps"
    cmp -s whole$steps/checkpoints/best.safetensors "$1/checkpoints/best.safetensors" || fail "$1: another best"
    [ "$(wc -l <whole$steps/metrics.jsonl)" -ge $((steps / 7)) ] || fail "whole$steps: metrics.jsonl has too few lines"
    diff <(log whole$steps) <(log "$1") >diff.out || fail "$1: metrics.jsonl differs: $(head -4 diff.out)"
    diff <(cd whole$steps/pictures && cksum *) <(cd "$1/pictures" && cksum *) >diff.out || fail "$1: other pictures: $(head -4 diff.out)"
    no_temporaries "$1"
}
