# Files that change or go away while a set is read: an image that is gone, cut, grown or no file any more is replaced and counted, as if it had been
# damaged from the beginning; when there are too many the run ends with an error. What was unpacked from an archive is not touched by it.
. "$(dirname "$0")/kit.sh"
trainer seen seen -D h=5 -D w=7

fresh() { rm -rf set && mkdir set && for i in {10..49}; do cp "$files/rgb8.png" "set/$i.png"; done; }
begin() { # PATH OPTION...: a run without end; it has begun to read
    rm -rf run
    ./seen --data "$@" --out run --steps 100000000 --data-memory 1 --log-every 100 >out 2>err </dev/null &
    pid=$!
    for _ in $(seq 600); do [ "$(wc -l 2>/dev/null <run/metrics.jsonl)" -ge 2 ] 2>/dev/null && return; sleep 0.05; done
    fail "$1: the run does not begin: $(tail -1 err)"
}
says_soon() { # PATTERN...: these stand on stderr within a minute
    local pattern
    for pattern; do
        for _ in $(seq 1200); do grep -qE -- "$pattern" err && continue 2; sleep 0.05; done
        fail "does not say /$pattern/: $(tail -3 err)" && return
    done
}
stops() { # it runs on, until it is asked to stop, and then does so as ever
    kill -0 $pid 2>/dev/null || fail "the run has ended: $(tail -1 err)"
    kill -INT $pid
    wait $pid
    status=$?
    [ $status = 130 ] || fail "exit status $status, not 130: $(tail -1 err)"
}

# each in its own way, and at once; the first five are named
fresh && begin set --bad-share 0.5
mkdir new && : >new/11.png && head -c 50 "$files/rgb8.png" >new/12.png && echo "no image any more" >new/13.png && mkfifo new/14.png
cat "$files/rgb8.png" "$files/rgb8.png" >new/15.png && cp "$files/rgb16.png" new/16.png # images still
rm set/10.png && mv new/* set
says_soon "warning: cannot open 'set/10.png': No such file or directory; another takes its place" "warning: '11.png' is empty; another" \
    "warning: '12.png' is a damaged PNG: it is cut short; another" "warning: '13.png' is no PNG, JPEG or WebP: it begins with 6e 6f 20 69; another" \
    "warning: 'set/14.png' is not a regular file; another"
stops
[ "$(grep -c warning err)" = 5 ] || fail "not 5 warnings: $(grep warning err)"
fresh && begin set --bad-share 0.5
ln -s ../new new/10.png && ln -s 11.png new/11.png && mv -T new/10.png set/10.png && mv new/11.png set
says_soon "warning: 'set/10.png' is not a regular file; another" "warning: cannot open 'set/11.png': Too many levels of symbolic links; another"
stops

# too many; all; the folder itself
fresh && begin set && rm set/1?.png && { wait $pid; status=$?; }
[ $status = 1 ] && tail -1 err | grep -qE "'set': [0-9]+ of 40 images cannot be decoded, and 1 % may .--bad-share.: cannot open 'set/1[0-9].png': No such file" || fail "ten are gone: $status: $(tail -1 err)"
fresh && begin set --bad-share 1 && rm -r set && { wait $pid; status=$?; }
[ $status = 1 ] && tail -1 err | grep -qE "'set': 40 of 40 images cannot be decoded, .*: cannot open 'set/[0-9]+.png': No such file" || fail "all are gone: $status: $(tail -1 err)"

# an archive is unpacked: what becomes of it is no matter. An array larger than memory is read where it stands
fresh && tar cf set.tar set && begin set.tar && : >set.tar && sleep 0.5 && stops
grep -q warning err && fail "the archive was read again: $(grep warning err)"
perl "$here/forge.pl" npy '(1000, 5, 7, 3)' | head -c 128 >set.npy && head -c 105000 /dev/zero >>set.npy
begin set.npy --bad-share 0.5 && truncate -s 90128 set.npy && says_soon "warning: 'set.npy' is cut short at item [0-9]+; another takes its place" "so far [0-9]+ images cannot be decoded"
stops

# while it is listed and decoded: whatever comes of it, it ends as a run or with one line
for wait in 0 0.002 0.004 0.006; do
    fresh && for i in {100..999}; do ln set/10.png set/$i.png; done
    timeout 60 ./seen --data set --out race --steps 1 --bad-share 0.5 >out 2>err </dev/null &
    pid=$!
    sleep $wait && rm -rf set
    wait $pid
    status=$?
    [ $status -le 1 ] || fail "removed meanwhile: exit status $status: $(tail -1 err)"
    [ $status = 0 ] || [ "$(grep -vc warning err)" = 1 ] || fail "removed meanwhile: not one line: $(cat err)"
    rm -rf race
done
finish
