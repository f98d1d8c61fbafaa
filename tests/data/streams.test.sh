# What is trained on depends on the seed and the sorted list of files only: decoded once or as needed, a folder or an archive, 1, 2 or 8 threads,
# stopped and resumed, with images that cannot be decoded among them: the same bytes in the checkpoint.
. "$(dirname "$0")/kit.sh"
trainer seen seen -D h=5 -D w=7
trainer labelled labelled -D h=5 -D w=7

mkdir -p set/one set/two set/three
n=0
for copy in 1 2 3 4 5; do
    for f in "$files"/*.png; do
        n=$((n + 1))
        case $((n % 3)) in 0) to=one ;; 1) to=two ;; *) to=three ;; esac
        cp "$f" "set/$to/$copy-$(basename "$f")"
    done
done
tar cf set.tar set

same() { # NAME...: the newest checkpoints of these runs are equal
    local first=$1 run
    for run; do
        cmp -s "$(newest "$first")" "$(newest "$run")" || fail "$run: other bytes than $first"
        cmp -s <(sed 's/"seconds":[^,]*,//' "$first/metrics.jsonl") <(sed 's/"seconds":[^,]*,//' "$run/metrics.jsonl") || fail "$run: other metrics than $first"
    done
}
every_way() { # TRAINER PREFIX OPTION...
    local program=$1 prefix=$2 t
    shift 2
    for t in 1 2 8; do
        quietly "./$program" --data set --out "${prefix}memory$t" --threads $t "$@"
        quietly "./$program" --data set --out "${prefix}stream$t" --threads $t --data-memory 1 "$@"
        grep -q 'decoded as needed' quiet.err || fail "--data-memory 1 holds all in memory"
    done
    quietly "./$program" --data set.tar --out "${prefix}archive" "$@"
    quietly "./$program" --data set.tar --out "${prefix}spill" --data-memory 1 "$@"
    for t in 7 20 61; do # pass ends among them
        quietly "./$program" --data set --out "${prefix}stopped" --data-memory 1 --steps $t "$@" $([ $t = 7 ] || echo --resume)
    done
    quietly "./$program" --data set --out "${prefix}stopped" --data-memory 1 --resume "$@"
    same "${prefix}"{memory,stream}{1,2,8} "${prefix}archive" "${prefix}spill" "${prefix}stopped"
}
every_way seen a --steps 120
every_way labelled l --steps 120

# one that follows in the list is damaged, one is empty, one is no image: other bytes, but the same whichever way
head -c 60 "$files/rgb8.png" >set/one/1-rgb8.png
: >set/two/2-grey1.png
echo text >set/three/3-palette8.jpg
tar cf set.tar set
every_way seen b --steps 120 --bad-share 0.1
cmp -s "$(newest amemory1)" "$(newest bmemory1)" && fail "damaged images are not replaced"
every_way labelled m --steps 120 --bad-share 0.1

# they are named and counted; the order of what is named is that of the list
quietly ./seen --data set --out named --steps 1 --bad-share 0.1
[ "$(grep -c 'warning: .*another takes its place$' quiet.err)" = 3 ] || fail "not three warnings: $(cat quiet.err)"
grep 'warning' quiet.err | sed "s/.*warning: '//; s/'.*//" >order
printf '%s\n' one/1-rgb8.png three/3-palette8.jpg two/2-grey1.png | cmp -s - order || fail "not in the order of the list: $(cat order)"
quietly ./seen data --data set --bad-share 0.1
grep -q '^  damaged  3 cannot be decoded' quiet.out || fail "trainer data does not count them"

# too many: an error before training, or in it
complains "'set': [0-9] of 77 images cannot be decoded, and 1 % may \(--bad-share\): 'one/1-rgb8.png' is a damaged PNG" ./seen --data set --out many
[ ! -e many/checkpoints ] || fail "trained, with too many damaged images"
timeout 60 ./seen --data set --out late --steps 500 --data-memory 1 --bad-share 0 >late.out 2>late.err </dev/null
[ $? = 1 ] || fail "streamed, it does not stop: $(tail -3 late.err)"
tail -1 late.err | grep -q "'set': [0-9] of 77 images cannot be decoded, and 0 % may (--bad-share)" || fail "streamed, it says: $(tail -1 late.err)"
finish
