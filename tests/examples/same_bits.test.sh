# Every model of examples/, found there and not listed here: two steps of training leave the same bytes on 1, 2 and 8 threads; by `ganc run`, compiled by itself,
# and by the trainer; each of them stopped after the first step, and resumed. So do the lines of metrics.jsonl, but for the seconds. Models of images are made
# smaller, each choice of settings that models.txt has; they see made-up images, the others MNIST's.
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1
# of those that are no models of images, the settings that make them short: NAME SETTING...
short='
parallel_lines warm=5 critic_steps=5
parallel_lines warm=5 critic_steps=5 minimax=true
minibatch_discrimination
minibatch_discrimination features=0
'
# CIFAR-10's layout: 256 images of 32 x 32 in red, green and blue, each behind its label. Bytes of a compressed file are as good as random ones.
for ((i = 0; i < 256; i++)); do
    printf "\\$((i % 8))"
    dd bs=3072 count=1 status=none
done <"$top/examples/data/mnist/train-images-idx3-ubyte.gz" >data_batch_1.bin

export XDG_CACHE_HOME=$work/cache # of `ganc run` alone, which compiles when it begins, and not again when it resumes

# begun RUN STEPS COMMAND...: trains into run.RUN, up to so many steps, and what it left is what run.1 had there
begun() {
    local run=$1 steps=$2
    shift 2
    timeout 120 "$@" --out run.$run --steps $steps --log-every 1 --checkpoint-every 1 >log 2>&1 || { fail "$name, $run, $steps steps: $(tail -3 log)"; return 1; }
    cmp run.1/checkpoints/0000000$steps.safetensors run.$run/checkpoints/0000000$steps.safetensors >&2 || fail "$name: other bits, $run, $steps steps"
    diff <(metrics 1 | head -$steps) <(metrics $run) >&2 || fail "$name: other numbers in metrics.jsonl, $run, $steps steps"
}
metrics() { sed -E 's/"seconds": [^,}]*//' run.$1/metrics.jsonl; }

# trains MODEL [SETTING...]: MODEL is FOLDER/NAME of examples/
trains() {
    local file=$top/examples/$1.gan name=$* settings=() data=() set threads
    shift
    for set; do settings+=(-D "$set"); done
    while read -r set shape; do
        case $shape in *', 3]' | '[3072]') data+=(--data "$set=data_batch_1.bin[0:256]") ;; *) data+=(--data "$set=$top/examples/data/mnist[0:256]") ;; esac
    done < <("$GANC" info "$file" | sed -nE '/onehot/d; /^data/,/^$/s/^  ([A-Za-z_0-9]+)([.][a-z]+)? : (\[[^]]*\]).*/\1 \3/p')
    "$GANC" "$file" "${settings[@]}" --emit=kernels >kernels 2>log && "$GANC" kernels -o trainer >log 2>&1 || { fail "$name: $(head -3 log)"; return; }
    grep -qE ': [0-9]+ tasks\b' kernels || fail "$name: threads have nothing to share"
    rm -rf run.*
    for threads in 1 2 8; do begun $threads 2 ./trainer "${data[@]}" --threads $threads || return; done
    begun stopped 1 ./trainer "${data[@]}" --threads 2 && begun stopped 2 ./trainer --resume --threads 8 || return
    export GANC_CACHE_SIZE=100
    begun ganc 1 "$GANC" run "${settings[@]}" "$file" "${data[@]}" --threads 2 && begun ganc 2 "$GANC" run "${settings[@]}" "$file" --resume --threads 1
    export GANC_CACHE_SIZE=0
    count=$((count + 1))
}

count=0
while IFS= read -r file; do
    model=${file%.gan}
    if grep -q "^$model " "$here/models.txt"; then
        while IFS='|' read -r _ settings _ _ smaller; do trains "$model" $settings $smaller; done < <(grep "^$model " "$here/models.txt")
    elif grep -q "^${model#*/}\b" <<<"$short"; then
        while read -r _ settings; do trains "$model" $settings; done < <(grep "^${model#*/}\b" <<<"$short")
    else
        trains "$model"
    fi
done < <(cd "$top/examples" && ls */*.gan)
[ $count -ge 41 ] || fail "only $count models"
finish
