# Runs that are ended by somebody: SIGINT and SIGTERM after the step, with exit status 130 and 143; SIGKILL at random moments. They go
# on with --resume, and end with the bytes and the log of a run that nobody touched.
. "$(dirname "$0")/kit.sh"
forever=1000000000
flags=(--data ten.idx --checkpoint-every 50 --log-every 7 --pictures-every 1000)
# the log, without the clock
log() { sed -E 's/"seconds": [0-9.e-]+/"seconds": 0/' "$1/metrics.jsonl"; }
# finish_and_compare FOLDER: 100 steps more, and the same number of steps in one go
finish_and_compare() {
    local last steps
    last=$(basename "$(newest $1)" .safetensors)
    steps=$((10#$last + 100))
    quietly "$tiny" "${flags[@]}" --out $1 --resume --steps $steps
    quietly "$tiny" "${flags[@]}" --out $1.whole --steps $steps
    cmp -s "$(newest $1.whole)" "$(newest $1)" || fail "$1: other bytes than the undisturbed run of $steps steps"
    [ "$(wc -l <$1.whole/metrics.jsonl)" -ge $((steps / 7)) ] || fail "$1.whole: metrics.jsonl has too few lines"
    diff <(log $1.whole) <(log $1) >diff.out || fail "$1: metrics.jsonl differs: $(head -4 diff.out)"
    diff <(ls $1.whole/pictures) <(ls $1/pictures) >diff.out || fail "$1: other pictures: $(head -4 diff.out)"
    no_temporaries $1
}

# asked to end: at once, with a checkpoint of the step it was at
end() { # SIGNAL STATUS
    "$tiny" "${flags[@]}" --out $1 --steps $forever >out 2>err &
    local process=$!
    for ((i = 0; i < 3000; i++)); do [ -s $1/metrics.jsonl ] && break; sleep 0.02; done # from then on it hears SIGINT, which bash's & has it ignore
    kill -$1 $process
    wait $process
    local status=$? step
    [ $status = $2 ] || fail "SIG$1: exit status $status, not $2: $(tail -2 err)"
    grep -qE '^tiny: interrupted after step [0-9]+; go on with --resume$' err || fail "SIG$1: does not say how to go on: $(tail -2 err)"
    step=$(sed -nE 's/^tiny: interrupted after step ([0-9]+);.*/\1/p' err)
    [ -e "$(printf '%s/checkpoints/%08d.safetensors' $1 "$step")" ] || fail "SIG$1: no checkpoint of step $step"
    no_temporaries $1
}
end INT 130
end TERM 143
# twenty interruptions, then on to an end
interrupted() { # FOLDER SIGNAL STATUS
    local turn status resume
    for ((turn = 0; turn < 20; turn++)); do
        resume=
        [ -e $1 ] && resume=--resume
        "$tiny" "${flags[@]}" --steps $forever --out $1 $resume >out 2>err &
        sleep 0.0$((RANDOM % 10))$((RANDOM % 10))
        kill -$2 $!
        wait $! # until it is gone, and its lock with it
        status=$?
        [ $status = $3 ] || fail "$1: exit status $status after SIG$2: $(tail -2 err)"
        ! grep -q warning.*whole err || fail "$1: $(grep warning err | head -1)"
        # whatever the moment was: what is there is whole
        [ ! -e $1/checkpoints/00000000.safetensors ] || "$tiny" info --run $1 >out 2>err || fail "$1: $(tail -1 err)"
        ! grep -q damaged err || fail "$1: $(grep damaged err | head -1)"
    done
    finish_and_compare $1
}
RANDOM=20
interrupted killed KILL 137 2>/dev/null # where bash says who was killed
interrupted asked TERM 143
# a line of the log that was cut off by a power failure
quietly "$tiny" "${flags[@]}" --out torn --steps 1000
printf '{"step": 1004, "block": "tr' >>torn/metrics.jsonl
finish_and_compare torn
# nobody reads what it says: no reason to lose the run
{ "$tiny" "${flags[@]}" --out deaf --steps 2000; echo $? >status; } 2>&1 | head -1 >/dev/null
finish_and_compare deaf
finish
