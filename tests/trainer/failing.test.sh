# Disks that fail: each call that writes may fail, be interrupted or cut short (faults.c), at random; then a disk that is full at random moments. After each
# failure one line says what it was, what is there is whole, and a resume goes on; the end is that of a run that nobody touched. TURNS=200 is the long run.
. "$(dirname "$0")/survive.sh"
turns=${TURNS:-12} RANDOM=${SEED:-5} failed=0

# one failure, said so: FOLDER PATTERN
said() {
    [ "$status" = 1 ] || fail "turn $turn: exit status $status: $(tail -2 err)"
    [ "$(grep -c '^g: ' err)" = 1 ] && grep -qE "^g: ($2)" err || fail "turn $turn: $(grep '^g: ' err | head -3)"
    no_temporaries "$1"
    whole_there "$1"
}
export FAULTS_LOG=$work/calls
for ((turn = 0; turn < turns; turn++)); do
    export FAULTS_SEED=$((RANDOM * 32768 + RANDOM)) FAULTS_ONE_IN=$((20 + RANDOM % 400))
    faulty random timeout 60 ./g "${flags[@]}" --out random $(resume random) --steps $forever >out 2>err
    status=$?
    sed -i '/warning: .*has no checkpoint yet/d' err # which the first ones may say
    [ -e random ] || mkdir random
    said random "cannot (write|open|read|shorten|mend|make) .*(No space left on device|Input/output error|Disk quota exceeded)|'random.*(No space left|Input/output|quota)"
    failed=$((failed + $(grep -c ' = ' calls))) && rm calls
done
unset FAULTS_SEED FAULTS_ONE_IN
same_end random
echo "$turns failures, $failed calls failed or were cut short; $(steps_of random) steps"

# full: a small disk with a file that leaves little of it free; where none can be mounted, a limit on the size of files
mkdir disk
disk=
if mount -t tmpfs -o size=16m tmpfs disk 2>/dev/null; then disk=tmpfs; trap 'umount "$work/disk"; [ $BASHPID != $$ ] || rm -rf "$work"' EXIT; fi
for ((turn = 0; turn < turns; turn++)); do
    if [ $disk ]; then # mostly too little for the pictures of each 2000 steps, now and then enough
        free=$((turn % 4 == 3 ? 180 + RANDOM % 100 : RANDOM % 48)) avail=$(df -k --output=avail disk | tail -1)
        head -c $(((avail - free) * 1024)) /dev/zero >disk/fill
        timeout 60 ./g "${flags[@]}" --out disk/run $(resume disk/run) --steps $forever >out 2>err
    else
        log=$(($(stat -c %s disk/run/metrics.jsonl 2>/dev/null || echo 0) >> 10))
        (ulimit -f $((log + 1 + RANDOM % 12 + (turn % 4 == 3 ? 64 : 0))) && exec timeout 60 ./g "${flags[@]}" --out disk/run $(resume disk/run) --steps $forever) >out 2>err
    fi
    status=$?
    sed -i '/warning: .*has no checkpoint yet/d' err
    rm -f disk/fill
    [ -e disk/run ] || mkdir disk/run
    said disk/run "cannot .*(No space left on device|File too large)"
done
same_end disk/run
echo "$turns times full (${disk:-limit on the size of files}); $(steps_of disk/run) steps"
[ ! $disk ] || { umount disk; trap '[ $BASHPID != $$ ] || rm -rf "$work"' EXIT; }
finish
