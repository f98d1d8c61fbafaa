# trainer plot: SVG and PNG of one run and of several, which curves and what stands beside them, filters; and what it cannot draw.
. "$(dirname "$0")/kit.sh"
quietly "$tiny" --data ten.idx --out runs/tiny --log-every 1
quietly "$tiny" --data ten.idx --out runs/other --log-every 1 --seed 2 --steps 30
plot() { quietly "$tiny" plot "$@"; [ ! -s quiet.out ] && [ ! -s quiet.err ] || fail "plot $*: says $(head -2 quiet.out quiet.err)"; }
has() { grep -qF -- "$2" "$1" || fail "$1 has no $2"; }
hasnt() { if grep -qF -- "$2" "$1"; then fail "$1 has $2"; fi; }
texts() { sed -n 's/.*<text[^>]*>\(.*\)<\/text>.*/\1/p' "$1" | tr '\n' '|'; }
second='E[z ~ noise] log(D(G(z)))'

# the newest run by itself: a panel for each metric, by its name
plot -o all.svg
case $(texts all.svg) in *"|V|"*"|$second|"*"|brightness|step|") ;; *) fail "all.svg: $(texts all.svg)" ;; esac
case $(texts all.svg) in "tiny|"*) ;; *) fail "all.svg has no title: $(texts all.svg)" ;; esac
case $(texts all.svg) in *"|10|15|20|25|30|35|40|"*) ;; *) fail "all.svg: no ticks: $(texts all.svg)" ;; esac
[ "$(grep -c 'stroke="#0072b2"' all.svg)" = 3 ] || fail "all.svg: $(grep -c 'stroke="#0072b2"' all.svg) curves"
if python3 -c '' 2>/dev/null; then python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' all.svg || fail "all.svg is no XML"; fi
plot -o=again.svg runs/tiny/ && cmp -s all.svg again.svg || fail "the same run, another picture"
plot --out again.svg runs/tiny/metrics.jsonl && cmp -s all.svg again.svg || fail "its file, another picture"

# a point of the curve stands where its number says: the polyline's extremes are the column's
plot -o V.svg --metric V --size 500x400
has V.svg 'width="500" height="400"'
hasnt V.svg brightness
points=$(sed -n 's/.*stroke="#0072b2" points="\([^"]*\)".*/\1/p' V.svg | tr ' ,' '\n ')
[ "$(echo "$points" | wc -l)" = 40 ] || fail "V.svg: $(echo "$points" | wc -l) points, not 40"
sed 's/.*"step": \([0-9]*\).*"V": \([^,}]*\).*/\1 \2/' runs/tiny/metrics.jsonl >numbers
paste -d' ' numbers <(echo "$points") | awk '
    { x[NR] = $3; y[NR] = $4; s[NR] = $1; v[NR] = $2; if (NR == 1 || $2 < v[low]) low = NR; if (NR == 1 || $2 > v[high]) high = NR }
    END {
        for (i = 1; i <= NR; i++) {
            a = x[1] + (s[i] - s[1]) / (s[NR] - s[1]) * (x[NR] - x[1]) - x[i]
            b = y[low] + (v[i] - v[low]) / (v[high] - v[low]) * (y[high] - y[low]) - y[i]
            if (a ^ 2 > 0.001 || b ^ 2 > 0.001) { print "point " i " is off by " a ", " b; bad = 1 }
        }
        exit bad || NR != 40 || y[low] <= y[high]
    }' || fail "V.svg: the curve is not the numbers"

# runs over one another; labels; axes; filters
plot -o two.svg --metric V runs/tiny runs/other
case $(texts two.svg) in "tiny|other|"*"|V|"*) ;; *) fail "two.svg: $(texts two.svg)" ;; esac
[ "$(grep -c 'stroke="#d55e00"' two.svg)" = 2 ] || fail "two.svg: the second run's curve, or its line in the legend, is missing"
mkdir more && cp -r runs/other more/tiny
plot -o same.svg --metric V runs/tiny more/tiny
case $(texts same.svg) in "runs/tiny|more/tiny|"*) ;; *) fail "two runs of one name: $(texts same.svg)" ;; esac
plot -o titled.svg --metric V --metric brightness --overlay --title 'a < b & c' --x seconds runs/tiny runs/other
has titled.svg '>a &lt; b &amp; c<'
has titled.svg '>other: brightness<'
has titled.svg '>seconds<'
plot -o filtered.svg --metric "$second" --median 11 --smooth 5
has filtered.svg "$second, median of 11, mean of 5<"
[ "$(grep -c 'stroke-opacity="0.25"' filtered.svg)" = 1 ] && [ "$(grep -c 'stroke="#0072b2"' filtered.svg)" = 2 ] || fail "filtered.svg: not one pale and one full curve"
plot -o late.svg --metric V --from 31
case $(texts late.svg) in *"|32|"*"|40|"*) hasnt late.svg '>30<' ;; *) fail "late.svg: $(texts late.svg)" ;; esac

plot -o range.svg --metric V --y=-2,-1
case $(texts range.svg) in *"|-2.0|"*"|-1.0|"*) ;; *) fail "range.svg: $(texts range.svg)" ;; esac

# the same as PNG: colour, of the same size, the same bytes each time
plot -o two.png --metric V --size 500x400 runs/tiny runs/other
[ "$(od -An -v -tx1 -j1 -N25 two.png | tr -d ' \n')" = 504e470d0a1a0a0000000d49484452000001f4000001900802 ] || fail "two.png: $(od -An -v -tx1 -N26 two.png)"
plot -o again.png --metric V --size 500x400 runs/tiny runs/other && cmp -s two.png again.png || fail "the same curves, other bytes"

# values that are no numbers break the line; a line that is being written is left out
mkdir gap && sed '20s/"V": [^,]*/"V": null/' runs/tiny/metrics.jsonl >gap/metrics.jsonl
plot -o gap.svg --metric V gap
[ "$(grep -c 'stroke="#0072b2"' gap.svg)" = 2 ] || fail "null does not break the line"
mkdir cut && head -c -20 runs/tiny/metrics.jsonl >cut/metrics.jsonl
quietly "$tiny" plot -o cut.svg --metric V cut
grep -q "warning: 'cut/metrics.jsonl', line 40: is not complete, and is left out" quiet.err || fail "a cut line: $(head -2 quiet.err)"
[ "$(sed -n 's/.*stroke="#0072b2" points="\([^"]*\)".*/\1/p' cut.svg | wc -w)" = 39 ] || fail "a cut line: not 39 points"

# errors, and no picture
bad() { complains "$@"; [ ! -e x.svg ] || { fail "an error, but a picture: $*"; rm x.svg; }; no_temporaries .; }
bad 2 "--out FILE is missing" "$tiny" plot runs/tiny
bad 2 "--out: 'x.pdf' does not end in .png or .svg" "$tiny" plot -o x.pdf
bad 2 "--median: 100 is not odd: a window has a middle" "$tiny" plot -o x.svg --median 100
bad 2 "--smooth: 2 is not odd" "$tiny" plot -o x.svg --smooth 2
bad 2 "--median: '0' is not a whole number from 1 to" "$tiny" plot -o x.svg --median 0
bad 2 "--x: 'time' is not step, epoch or seconds" "$tiny" plot -o x.svg --x time
for size in 0x5 500 500x 500x400x 99x400 500x99999 axb; do bad 2 "--size: '$size' is not WxH, whole numbers from 100 to 10000" "$tiny" plot -o x.svg --size $size; done
for y in 1 1,1 2,1 1,2,3; do bad 2 "--y: not LOW,HIGH, two numbers of which the second is larger" "$tiny" plot -o x.svg --y $y; done
bad 2 "--y: 'a' is not a number" "$tiny" plot -o x.svg --y a,2
bad 2 "--metric: is empty" "$tiny" plot -o x.svg --metric ''
bad 1 "'nosuch': No such file or directory" "$tiny" plot -o x.svg nosuch
mkdir empty && bad 1 "'empty/metrics.jsonl': No such file or directory; is this a run's folder\?" "$tiny" plot -o x.svg empty
: >empty/metrics.jsonl && bad 1 "'empty/metrics.jsonl': has no metrics yet" "$tiny" plot -o x.svg empty
bad 1 "'runs/tiny/metrics.jsonl': has no metric 'brigthness'; is it 'brightness'\?" "$tiny" plot -o x.svg --metric brigthness
bad 1 "'runs/tiny/metrics.jsonl': has no metric 'em_distance'; it has V, E.z ~ noise. log.D.G.z..., brightness" "$tiny" plot -o x.svg --metric em_distance
mkdir broken && sed '7s/"V": /"V": x/' runs/tiny/metrics.jsonl >broken/metrics.jsonl
bad 1 "'broken/metrics.jsonl', line 7, column [0-9]+: " "$tiny" plot -o x.svg broken
sed '9s/"step": 9, //' runs/tiny/metrics.jsonl >broken/metrics.jsonl
bad 1 "'broken/metrics.jsonl', line 9: has no step" "$tiny" plot -o x.svg broken
echo '{"step": 1, "epoch": 1, "seconds": 0}' >broken/metrics.jsonl
bad 1 "'broken/metrics.jsonl': has no metrics but step, epoch and seconds" "$tiny" plot -o x.svg broken
bad 1 "'broken/metrics.jsonl': has no metric 'V', nor any other" "$tiny" plot -o x.svg --metric V broken
echo '[1]' >broken/metrics.jsonl && bad 1 "line 1: is no object" "$tiny" plot -o x.svg broken
bad 1 "cannot write 'nosuch/x.svg': No such file" "$tiny" plot -o nosuch/x.svg
bad 1 "cannot write 'ten.idx/x.png': Not a directory" "$tiny" plot -o ten.idx/x.png
bad 1 "there is no room for 3 panels in 200 x 100 pixels" "$tiny" plot -o x.svg --size 200x100
finish
