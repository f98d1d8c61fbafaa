# metrics.jsonl after a resume: without a gap or a repeat where it is whole; where a disk lost some of it, what is missing is said, and the rest is a log.
. "$(dirname "$0")/kit.sh"
flags=(--data ten.idx --log-every 5 --checkpoint-every 50 --keep 0)
log() { sed -E 's/"seconds": [0-9.e-]+/"seconds": 0/' "$1/metrics.jsonl"; }
quietly "$tiny" "${flags[@]}" --out whole --steps 300
quietly "$tiny" "${flags[@]}" --out run --steps 230
fresh() { rm -rf copy && cp -r run copy && lines=$(wc -l <run/metrics.jsonl); }
on() { quietly "$tiny" --out copy --log-every 5 --checkpoint-every 50 --keep 0 --resume --steps 300; } # the data are known
warned() { grep -qE "^tiny: warning: 'copy/metrics.jsonl'$1$" quiet.err || fail "does not say /$1/: $(cat quiet.err)"; }
silent() { ! grep -q "metrics.jsonl" quiet.err || fail "$1: $(grep metrics.jsonl quiet.err)"; }
same() { diff <(log whole) <(log copy) >diff.out || fail "$1: the log differs: $(head -4 diff.out)"; }
valid() { quietly "$tiny" plot copy -o copy.png; } # each line is JSON, and steps go up

fresh; on; silent "a whole log"; same "a whole log"
# lines of steps that are done again go, be it from an older checkpoint, with a line cut short, or with a line of rubbish at the end
for f in 200 150 0; do
    fresh; for c in copy/checkpoints/*; do n=$(basename $c .safetensors); [ $((10#$n)) -le $f ] || rm $c; done
    on; silent "from step $f"; same "from step $f"
done
fresh; head -c -40 run/metrics.jsonl >copy/metrics.jsonl; rm copy/checkpoints/00000230.safetensors; on; silent "a line cut short"; same "a line cut short"
fresh; printf '{"step": 231, "bl' >>copy/metrics.jsonl; on; silent "a line begun"; same "a line begun"
fresh; printf 'rubbish\n\n{"step": 231}\n' >>copy/metrics.jsonl; on; silent "rubbish"; same "rubbish"

# lines that were on the disk and are not any more
fresh; head -40 run/metrics.jsonl >copy/metrics.jsonl; on
warned " has lost lines: of the $lines up to step 230 40 are there, the last of step 200"
diff <(log whole | grep -v '"step": 2\(0[5-9]\|[12].\|30\),') <(log copy) >diff.out || fail "lines lost at the end: $(head -4 diff.out)"
on; silent "said once"
fresh; head -c -3 run/metrics.jsonl >copy/metrics.jsonl; on; warned " has lost lines: of the $lines up to step 230 $((lines - 1)) are there, the last of step 225"
fresh; : >copy/metrics.jsonl; on; warned " has lost all of its $lines lines up to step 230"
fresh; rm copy/metrics.jsonl; on; warned " has lost all of its $lines lines up to step 230"
fresh; sed -i 10,12d copy/metrics.jsonl; on; warned " has lost lines: of the $lines up to step 230 $((lines - 3)) are there, the last of step 230"
diff <(log whole | sed 10,12d) <(log copy) >diff.out || fail "lines lost in the middle: $(head -4 diff.out)"
# damage in the middle: these lines are left out, and no others
fresh; sed -i '10s/step/st\x01p/; 20s/.*/####/' copy/metrics.jsonl; on
warned ": 2 of its lines are damaged, the first is line 10; they are left out"
warned " has lost lines: of the $lines up to step 230 $((lines - 2)) are there, the last of step 230"
diff <(log whole | sed '10d;20d') <(log copy | sed 's/^ *//') >diff.out || fail "damaged lines: $(head -4 diff.out)"
valid; on; silent "said once"
fresh; sed -i '10s/"step": *50/"step": 99999/' copy/metrics.jsonl; on; warned ": line 10 is damaged; it is left out"; valid
diff <(log whole | sed 10d) <(log copy | sed 's/^ *//') >diff.out || fail "a step of its own: $(head -4 diff.out)"
fresh; sed -i '10s/"seconds": */"seconds": 9/' copy/metrics.jsonl; on; warned " was changed since step 230 was saved"; same "a digit changed"
fresh; cp copy/metrics.jsonl keep; rm copy/saved.json; on; silent "a run of an older trainer"; same "a run of an older trainer"
fresh; echo '{"00000230": {"lines": "x"}}' >copy/saved.json; on; silent "a broken saved.json"; same "a broken saved.json"
# the record goes on: what was lost is not said for checkpoints made since, what is lost later is
fresh; head -40 run/metrics.jsonl >copy/metrics.jsonl; on
head -45 copy/metrics.jsonl >short && cp short copy/metrics.jsonl
quietly "$tiny" --out copy --log-every 5 --resume --steps 310; warned " has lost lines: of the 54 up to step 300 45 are there, the last of step .*"
finish
