# SIGKILL at random moments of gan_1d, resumed after each: the bytes, the best one and the log of a run that nobody touched.
# KILLS=200 is the long run; MOST=500: moments up to half a second.
. "$(dirname "$0")/survive.sh"
kills=${KILLS:-12} RANDOM=${SEED:-11} advanced=0 writing=0 before=0
for ((turn = 0; turn < kills; turn++)); do
    ./g "${flags[@]}" --out run $(resume run) --steps $forever >out 2>err &
    process=$!
    sleep 0.$(printf %03d $((RANDOM % ${MOST:-300})))
    { kill -KILL $process; wait $process; } 2>/dev/null # until it is gone, and its lock with it
    status=$?
    [ $status = 137 ] || fail "turn $turn: exit status $status: $(tail -1 err)"
    ! grep -q warning err || grep -q "has no checkpoint yet" err || fail "turn $turn: $(grep warning err | head -1)"
    [ ! -e run ] || [ -z "$(find run -name '*.tmp*')" ] || writing=$((writing + 1))
    whole_there run
    now=$(steps_of run)
    [ "$now" -ge $before ] || fail "turn $turn: from step $before back to $now"
    [ "$now" = $before ] || advanced=$((advanced + 1))
    before=$now
done
[ $advanced -ge $((kills / 3)) ] || fail "only $advanced of $kills runs came to a checkpoint"
same_end run
echo "$kills kills, $advanced after a new checkpoint, $writing while a file was written; $(steps_of run) steps"
finish
