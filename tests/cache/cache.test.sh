# The cache of objects: what is the same is not compiled again; what differs in anything that decides the object is; damage, a folder that
# cannot be used, and the bound cost nothing but time.
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1
unset GANC_CACHE_SIZE XDG_CACHE_HOME
export XDG_CACHE_HOME=$work/cache HOME=$work/home
cat >tiny.gan <<'END'
prior noise : [3] ~ normal(0, 1)
setting rate = 0.1
net G(z ~ noise) -> [2] { z |> dense(4) |> relu |> dense(2) }
train (batch=4, steps=3) { minimize E[z ~ noise] sum((G(z) - 1)^2) over G using sgd(rate) }
END
objects() { find "$XDG_CACHE_HOME" -type f 2>/dev/null | wc -l; }
# compile WORD ARGUMENT...: compiles to ./trainer, and says WORD of the cache
compile() {
    local word=$1
    shift
    "$GANC" "$@" --time -o trainer >out 2>err || fail "does not compile: $*: $(head -3 err)"
    grep -q "^cache: $word" err || fail "not '$word': $*: $(grep '^cache' err)"
    [ ! -s out ] || fail "prints on stdout: $*"
}

# a hit: the same trainer, and the same training in memory
compile kept tiny.gan
cp trainer first
compile used tiny.gan
cmp trainer first || fail "the trainer of the cached object differs"
"$GANC" tiny.gan --no-cache -o trainer && cmp trainer first || fail "the trainer of --no-cache differs"
[ "$(objects)" = 1 ] || fail "$(objects) objects, not 1"
./first --out by_trainer >log 2>&1 || fail "$(tail -3 log)"
"$GANC" run --time tiny.gan --out by_run >log 2>&1 || fail "$(tail -3 log)"
grep -q '^cache: used' log || fail "ganc run does not use the cache"
for f in by_trainer/checkpoints/*; do cmp "$f" "by_run/checkpoints/${f##*/}" || fail "the cached object trains otherwise"; done
[ -e "$f" ] || fail "no checkpoint"

# what needs no LLVM does not open it: a ganc without the library checks, and runs what is cached
mkdir alone
cp "$GANC" alone/ganc
alone/ganc check tiny.gan || fail "check needs libganc_llvm.so"
alone/ganc run tiny.gan --out alone/run >log 2>&1 || fail "a cached run needs libganc_llvm.so: $(tail -3 log)"
says 1 'error\[E0860\]: libganc_llvm.so, which makes the code, cannot be opened: it is not beside ganc' alone/ganc run --no-cache tiny.gan

# whatever decides the object is in its key
for option in -Drate=0.2 --dtype=f64 --cpu=x86-64-v3 --cpu=haswell --check=bounds --no-pass=fuse --no-pass=rows; do
    compile kept tiny.gan $option
    compile used tiny.gan $option
done
sed 's/- 1)/- 2)/' tiny.gan >other.gan
compile kept other.gan
cp tiny.gan renamed.gan # the trainer says its model's name
compile kept renamed.gan
compile used tiny.gan
"$GANC" tiny.gan --emit=kernels >tiny.kernels || fail "--emit=kernels"
compile used tiny.kernels # the same kernels: the same object
cmp trainer first || fail "the trainer of a text of kernels differs"
sed 's/kernel 0 "[^"]*"/kernel 0 "otherwise"/' tiny.kernels >other.kernels
compile kept other.kernels
compile used other.kernels
compile used tiny.gan
[ "$(objects)" = 11 ] || fail "$(objects) objects, not 11"
stamps() { grep -aoE '[0-9a-f]{32}' "$1" | sort -u; } # another ganc: what its files are a digest of is other
stamp=$(comm -12 <(stamps "$GANC") <(stamps "${GANC%/*}/libganc_llvm.so"))
[ ${#stamp} = 32 ] || fail "the stamp of ganc and its library: '$stamp'"
mkdir other
for file in ganc libganc_llvm.so; do sed "s/$stamp/$(rev <<<"$stamp")/" "${GANC%/*}/$file" >other/$file; done
chmod +x other/ganc
other/ganc run --time tiny.gan --out other/run >log 2>&1 && grep -q '^cache: kept' log || fail "another ganc takes the object: $(grep cache log)"
rm -r other
[ "$(objects)" = 12 ] || fail "$(objects) objects, not 12"

# damage is found, and mended
file=$(grep -o '/.*\.o$' err)
cp "$file" whole
for damage in 'printf x | dd of="$file" bs=1 seek=200 conv=notrunc status=none' 'truncate -s 300 "$file"' 'truncate -s 0 "$file"' \
    'printf more >>"$file"' 'printf x | dd of="$file" bs=1 seek=0 conv=notrunc status=none' 'cp "$other" "$file"'; do
    other=$(find "$XDG_CACHE_HOME" -name '*.o' ! -path "$file" | head -1)
    eval "$damage"
    cmp -s whole "$file" && fail "no damage: $damage"
    compile "$file is damaged, and made again" tiny.gan
    cmp trainer first || fail "after damage, another trainer: $damage"
    cmp whole "$file" || fail "not mended: $damage"
done

# no cache at all
before=$(objects)
"$GANC" tiny.gan --no-cache -Drate=0.3 -o trainer || fail "--no-cache"
GANC_CACHE_SIZE=0 compile 'not used: GANC_CACHE_SIZE is 0' tiny.gan -Drate=0.3
[ "$(objects)" = "$before" ] || fail "something was kept without a cache"
says 1 'error\[E0861\]: GANC_CACHE_SIZE=-1: how many megabytes' env GANC_CACHE_SIZE=-1 "$GANC" tiny.gan -o trainer
says 1 'error\[E0861\]' env GANC_CACHE_SIZE= "$GANC" tiny.gan -o trainer

# folders that cannot be used
touch file
XDG_CACHE_HOME=$work/file compile 'not used: ' tiny.gan
XDG_CACHE_HOME=/proc/self compile 'cannot write /proc/self/ganc: ' tiny.gan
XDG_CACHE_HOME=relative compile kept tiny.gan
[ -n "$(find home/.cache/ganc -name '*.o')" ] && [ ! -e relative ] || fail "a relative XDG_CACHE_HOME is not left aside"
XDG_CACHE_HOME= HOME= compile 'not used: neither' tiny.gan
mkdir -p open/ganc && chmod 777 open/ganc
XDG_CACHE_HOME=$work/open compile "not used: $work/open/ganc is no folder that you alone can write to" tiny.gan
[ -z "$(ls open/ganc)" ] || fail "something was kept where others can write"
[ "$(stat -c %a cache/ganc)" = 700 ] || fail "others can look into the cache"

# the bound: the least recently used go, what is used now stays, and what is not the cache's is left alone
export XDG_CACHE_HOME=$work/small
mkdir -p small/ganc && chmod 700 small small/ganc
old() { head -c "$2" /dev/zero >"small/ganc/$1" && touch -d "$3" "small/ganc/$1"; }
old 00000000000000000000000000000001.o 600000 '3 days ago'
old 00000000000000000000000000000002.o 400000 '2 days ago'
old 00000000000000000000000000000003.o 400000 '1 day ago'
old notes 900000 '9 days ago'
old .new-abcdef 10 '2 hours ago'
old .new-ghijkl 10 '1 minute ago'
GANC_CACHE_SIZE=1 compile kept tiny.gan
here=$(cd small/ganc && ls -A | sed 's/^.*\.o$/&/' | sort | tr '\n' ' ')
echo "$here" | grep -q '00000000000000000000000000000001.o' && fail "the oldest was not removed: $here"
for f in 00000000000000000000000000000002.o 00000000000000000000000000000003.o notes .new-ghijkl; do [ -e "small/ganc/$f" ] || fail "$f was removed: $here"; done
[ ! -e small/ganc/.new-abcdef ] || fail "what a dead ganc left was not removed"
touch -d '4 days ago' "$(grep -o '/.*\.o$' err)"
GANC_CACHE_SIZE=1 compile used tiny.gan # which makes it the newest
old 00000000000000000000000000000004.o 400000 '1 hour ago'
GANC_CACHE_SIZE=1 compile kept tiny.gan -Drate=0.2
GANC_CACHE_SIZE=1 compile used tiny.gan
[ ! -e small/ganc/00000000000000000000000000000002.o ] && [ -e small/ganc/00000000000000000000000000000003.o ] || fail "not the least recently used went"

# several at once
export XDG_CACHE_HOME=$work/crowd
for i in 1 2 3 4; do "$GANC" tiny.gan -o "crowd.$i" & done
wait
for i in 1 2 3 4; do cmp "crowd.$i" first || fail "one of several at once made another trainer"; done
[ "$(find crowd -type f | wc -l)" = 1 ] || fail "several at once left more than one file: $(ls -A crowd/ganc)"
finish
