# Which checkpoints are written and kept: --checkpoint-every in steps and in time; --keep-best, whose file is that of the best line of the log, whatever
# interrupts the run.
. "$(dirname "$0")/kit.sh"
sed -i '/^picture/d' tiny.gan && "$GANC" tiny.gan -o tiny || exit 1 # which would be most of the time
flags=(--data ten.idx --threads 1 --log-every 7)
steps() { ls "$1/checkpoints" | sed -nE 's/^0*([0-9]+).safetensors$/\1/p' | tr '\n' ' '; }
# best METRIC FOLDER [max]: the step of the best line, the first of them
best() {
    sed -nE 's/.*"step": *([0-9]+).*"'"$1"'": *([-0-9.e]+).*/\1 \2/p' "$2/metrics.jsonl" | awk -v most="${3:-}" 'NR == 1 || (most ? $2 > x : $2 < x) { x = $2; s = $1 } END { print s }'
}
# at FOLDER STEP: best.safetensors is the checkpoint of this step
at() {
    [ "$2" ] || fail "$1: the log has no such metric"
    [ -e "$1.whole$2" ] || quietly "$tiny" --data ten.idx --threads 1 --out "$1.whole$2" --steps "$2" "${@:3}"
    cmp -s "$1/checkpoints/best.safetensors" "$(newest "$1.whole$2")" || fail "$1: best.safetensors is not the checkpoint of step $2: $(grep -o 'step": [0-9]*' "$1/metrics.jsonl" | wc -l) lines"
}

# by time: at least one each second while it runs, and the last; nothing at 2000 steps
"$tiny" --data ten.idx --threads 1 --out timed --checkpoint-every 1s --keep 0 --steps 1000000000 >out 2>err &
process=$!
for ((i = 0; i < 300; i++)); do [ "$(ls timed/checkpoints 2>/dev/null | wc -l)" -ge 3 ] && break; sleep 0.05; done
kill -INT $process 2>/dev/null || kill -TERM $process
kill -TERM $process 2>/dev/null
wait $process
n=$(ls timed/checkpoints | wc -l)
[ $n -ge 3 ] && [ $n -le 16 ] || fail "--checkpoint-every 1s: $n checkpoints: $(ls timed/checkpoints)"
! steps timed | grep -qE '(^| )(2|4|6)000 ' || fail "--checkpoint-every 1s: also by steps: $(steps timed)"
quietly "$tiny" --data ten.idx --threads 1 --out hours --checkpoint-every 1.5h --steps 2100 # not each 2000 steps, as by default
[ "$(steps hours)" = "0 2100 " ] || fail "--checkpoint-every 1.5h: $(steps hours)"
quietly "$tiny" --data ten.idx --threads 1 --out days --steps 2100
[ "$(steps days)" = "0 2000 2100 " ] || fail "by default: $(steps days)"

# the best of an objective and of a report, the least and the largest; its step was never due otherwise
quietly "$tiny" "${flags[@]}" --out least --steps 200 --keep-best V
at least "$(best V least)"
quietly "$tiny" "${flags[@]}" --out most --steps 200 --keep-best V:max --keep 1
grep -qE "^best: most/checkpoints/best.safetensors, V [-0-9.e]+ at step $(best V most max)$" quiet.out || fail "the best is not said: $(cat quiet.out)"
at most "$(best V most max)"
[ "$(steps most)" = "200 " ] || fail "--keep 1 and the best: $(steps most)"
quietly "$tiny" "${flags[@]}" --out report --steps 200 --keep-best brightness:min
at report "$(best brightness report)"
! cmp -s least/checkpoints/best.safetensors most/checkpoints/best.safetensors || fail "the least and the largest are one"
quietly "$tiny" sample --checkpoint most/checkpoints/best.safetensors --out best.npy
quietly "$tiny" "${flags[@]}" --out plain --steps 200
cmp -s "$(ls plain/checkpoints/0*200.safetensors)" "$(ls most/checkpoints/0*200.safetensors)" || fail "--keep-best changes what is trained"

# stopped and gone on with: the same file as in one go; also where the second name was not given yet, and from an older checkpoint
for first in 3 "$(best V most max)" 150; do
    rm -rf parts
    quietly "$tiny" "${flags[@]}" --out parts --steps "$first" --keep-best V:max
    quietly "$tiny" --out parts --log-every 7 --threads 1 --resume --steps 200 --keep-best V:max
    at parts "$(best V parts max)"
done
step=$(best V most max)
rm -rf parts
quietly "$tiny" "${flags[@]}" --out parts --steps "$step" --keep-best V:max
rm parts/checkpoints/best.safetensors # the machine stopped just before
quietly "$tiny" --out parts --log-every 7 --threads 1 --resume --steps 200 --keep-best V:max
at parts "$step"
cp -r most back
for f in back/checkpoints/0*; do rm "$f"; done
quietly "$tiny" --data ten.idx --threads 1 --log-every 7 --out start --steps 3
cp start/checkpoints/00000003.safetensors back/checkpoints # the best is of a step that is done again
quietly "$tiny" --out back --log-every 7 --threads 1 --resume --steps 200 --keep-best V:max
at back "$step"
# a run that did not keep it, and one whose best is damaged, say so, and go on
says 0 "warning: of V the best so far was at step $step, which was not kept; the best of what follows will be" "$tiny" --out plain --threads 1 --resume --log-every 7 --steps 250 --keep-best V:max
head -c 200 most/checkpoints/best.safetensors >cut && cp cut most/checkpoints/best.safetensors
says 0 "warning: 'most/checkpoints/best.safetensors' is cut short or damaged.*; the best of what follows takes its place" "$tiny" --out most --threads 1 --resume --log-every 7 --steps 250 --keep-best V:max
quietly "$tiny" info --checkpoint most/checkpoints/best.safetensors
no_temporaries .
finish
