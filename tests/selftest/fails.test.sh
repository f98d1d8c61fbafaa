# ganc test itself: what must fail fails, and says why; what must pass passes. The cases are made here, so that no other run finds them.
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1
unset CI

# Appends a model of one statement, whose third line is line 3 of what stands there before plus it.
model() { printf '%s\n' 'prior p : [2] ~ normal(0, 1)' 'net G(z ~ p) -> [2] { z |> dense(2) }' 'train (batch=4, steps=1) { minimize E[z ~ p] sum(G(z)) over G using sgd }'; }
# case FILE STATUS PATTERN [ARGUMENT...]: ganc test ARGUMENT... FILE exits so, and prints a line that matches
case_is() {
    local file=$1 want=$2 pattern=$3 status
    shift 3
    timeout 60 "$GANC" test "$@" "$file" >out 2>err </dev/null
    status=$?
    [ "$status" = "$want" ] || fail "$file: exit status $status, not $want: $(head -5 out err)"
    grep -qE -- "$pattern" out err || fail "$file does not say /$pattern/: $(head -5 out err)"
}
# must_fail PATTERN: the test on stdin fails so; must_pass: it passes
must_fail() { cat >t.gan; case_is t.gan 1 "^FAIL t.gan: .*$1"; grep -qx '0 passed, 1 failed' out || fail "/$1/: not one failure: $(tail -1 out)"; rm -f t.*; }
must_pass() { cat >t.gan; case_is t.gan 0 '^1 passed, 0 failed$'; rm -f t.*; }
emit='# RUN: ganc %s --emit=graph'

# what the output has
{ echo "$emit"; echo '# HAS: matmul 2'; model; } | must_pass
{ echo "$emit"; echo '# HAS: matmul 17'; model; } | must_fail 'HAS matmul 17: there are 2'
{ echo "$emit"; echo '# HAS: argmax'; model; } | must_fail 'HAS argmax: it is not there'
{ echo "$emit"; echo '# NOT: matmul'; model; } | must_fail 'NOT matmul: it is there'
{ echo "$emit"; echo '# IN: init'; echo '# NOT: matmul'; model; } | must_pass
{ echo "$emit"; echo '# IN: init'; echo '# HAS: matmul'; model; } | must_fail 'HAS matmul: it is not there'
{ echo "# RUN: ganc %s --emit=nosuch"; echo '# EXIT: 2'; echo '# SAYS: the stages are'; model; } | must_pass
{ echo "# RUN: ganc %s --emit=nosuch"; echo '# EXIT: 2'; echo '# SAYS: nothing of the kind'; model; } | must_fail 'it does not say: nothing of the kind'

# exit status, signals, time
{ echo "# RUN: ganc %s --emit=nosuch"; echo '# SAYS: stages'; model; } | must_fail 'exit status 2, not 0'
{ echo "$emit | cat"; echo '# EXIT: 3'; echo '# HAS: ganc'; model; } | must_fail 'exit status 0, not 3'
{ echo "# RUN: ganc nosuch.gan | head -1"; echo '# NOT: matmul'; } | must_fail 'exit status [12], not 0'
{ echo '# RUN: kill -SEGV $$'; echo '# NOT: matmul'; } | must_fail 'ended by signal 11'
{ echo '# RUN: sleep 30 & sleep 30'; echo '# TIME: 1'; echo '# NOT: matmul'; } | must_fail 'took more than 1 seconds'
{ echo '# RUN: nosuchcommand'; echo '# NOT: matmul'; } | must_fail 'exit status 127, not 0'

# diagnostics
{ echo '# RUN: ganc check %s'; echo 'setting a = b #! E0302: nothing called b'; model; } | must_pass
{ echo '# RUN: ganc check %s'; echo 'setting a = b #! E0302: nothing called c'; model; } | must_fail 'line 2: expected \[E0302\]: nothing called c'
{ echo '# RUN: ganc check %s'; echo 'setting a = b #! E0303: nothing called b'; model; } | must_fail 'line 2: expected \[E0303\]'
{ echo '# RUN: ganc check %s'; echo 'setting a = b'; echo 'setting c = d #! E0302: nothing called d'; model; } | must_fail 'unexpected: t.gan:2:13: error\[E0302\]'
{ echo '# RUN: ganc check %s'; echo 'setting a = 1 #! E0302: nothing called b'; model; } | must_fail 'exit status 0, not 1'
{ echo '# RUN: ganc check %s'; echo '# EXIT: 0'; echo 'setting a = 1 #! E0302: nothing called b'; model; } | must_fail 'line 3: expected \[E0302\]'
{ echo '# RUN: ganc check %s'; echo '# EXIT: 0'; echo '# NOT: matmul'; echo 'net H(z ~ p) -> [2] { z |> dense(2) }'; model; } | must_fail 'unexpected: .*warning\[W0702\]'
{ echo '# RUN: ganc check %s'; echo '# NOT: x'; echo '#! E99: what'; model; } | must_fail 'line 3: write #! E0302'

# directives
{ echo "$emit"; echo '# HAVE: matmul'; model; } | must_fail 'line 2: there is no such directive: # HAVE: matmul'
{ echo "$emit"; echo '# EXIT: many'; model; } | must_fail 'line 2: an exit status is a number'
{ echo "$emit"; echo '# HAS: matmul many'; model; } | must_fail 'line 2: write # HAS'
{ echo "$emit"; echo '# HAS: matmul 99999999999999999999'; model; } | must_fail 'line 2: write # HAS'
{ echo "$emit"; echo '# SAYS:'; model; } | must_fail 'line 2: nothing stands behind this'
{ echo "$emit"; echo "$emit"; model; } | must_fail 'line 2: this stands here twice'
{ echo '# HAS: matmul'; model; } | must_fail 'no line # RUN'
model | must_fail 'no line # RUN'

# the .expect
{ echo "$emit"; model; } >t.gan
case_is t.gan 1 '^FAIL t.gan: t.expect is not there'
CI=true case_is t.gan 2 'not where CI=true' -u
[ ! -e t.expect ] || fail "-u under CI wrote"
case_is t.gan 0 '^1 passed, 0 failed$' -u
case_is t.gan 0 '^1 passed, 0 failed$'
"$GANC" t.gan --emit=graph | cmp - t.expect || fail "-u wrote something else"
sed -i 's/matmul/matmal/' t.expect
case_is t.gan 1 '^-.*matmal'
grep -q '^+.*matmul' out && grep -q '^@@ -' out || fail "no unified diff: $(cat out)"
case_is t.gan 0 '^1 passed, 0 failed$' -u
grep -q matmul t.expect || fail "-u leaves what is wrong"
cp t.expect old
echo 'setting a = b' >>t.gan # an error: nothing is written
case_is t.gan 1 'exit status 1, not 0' -u
cmp old t.expect || fail "-u wrote the output of a command that failed"
{ echo '# RUN: seq 201'; } >t.gan
case_is t.gan 1 't.expect has 201 lines; the most is 200' -u
cmp old t.expect || fail "-u wrote 201 lines"
seq 201 >t.expect
case_is t.gan 1 't.expect has 201 lines'
echo '# RUN: seq 300' >t.gan; seq 150 | sed 's/$/x/' >t.expect
case_is t.gan 1 '^\.\.\. and [0-9]+ more lines$'
[ "$(wc -l <out)" -lt 50 ] || fail "a long difference is shown whole"

# folders: .expect without a test, what is no test, order, one name for two tests, spaces in names
mkdir -p 'f/a b' f/c; rm -f t.*
model >f/model.gan # no directives: no test
{ echo "$emit"; echo '# HAS: matmul 2'; model; } | tee f/c/two.gan >'f/a b/it is.gan'
{ echo '# RUN: sleep 0.3; ganc %s --emit=nosuch'; echo '# HAS: matmul'; model; } >f/a.gan
{ echo '# RUN: false'; echo '# HAS: matmul'; model; } >f/b.gan
echo 'echo bad; exit 1' >f/c/x.test.sh
echo '[ "$(ganc --version)" = "$($GANC --version)" ]' >f/c/y.test.sh
echo >f/c/two.expect
echo >f/c/none.expect
echo >f/model.expect
for jobs in 1 4; do
    case_is f 1 '^2 passed, 6 failed$' -j $jobs
    [ "$(sed -n 's/^FAIL \([^:]*\):.*/\1/p' out | uniq | tr '\n' ' ')" = 'f/a.gan f/b.gan f/c/two.gan f/c/x.test.sh f/c/none.expect f/model.expect ' ] || fail "-j $jobs: another order: $(cat out)"
done
grep -qx bad out || fail "what a script says is not shown: $(cat out)"
printf '# RUN: echo 1\n' | tee f/c/z.gan >f/c/z.ir
case_is f/c 1 'z.ir: z.gan would have the same .expect'
case_is f/nosuch 1 'cannot read f/nosuch: No such file'
mkdir empty
case_is empty 2 'there is no test in empty'
for n in 0 -1 x 257; do case_is f 2 'a number from 1 to 256' "-j$n"; done

# an interruption ends the tests and cleans up; nothing else is left behind either
export TMPDIR=$work/temporary
mkdir "$TMPDIR"
echo '# RUN: mkdir %t/a; chmod 0 %t/a; echo $$ >'"$work"'/pid; sleep 60' >t.gan
"$GANC" test t.gan >out 2>err & tester=$!
for ((i = 0; i < 200; i++)); do [ -s pid ] && break; sleep 0.05; done
kill -TERM $tester
wait $tester
[ $? = 143 ] || fail "SIGTERM: status $?"
kill -0 "$(cat pid)" 2>/dev/null && fail "an interruption leaves the test running"
[ -z "$(ls "$TMPDIR")" ] || fail "left behind: $(ls "$TMPDIR")"
finish
