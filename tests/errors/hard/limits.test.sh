# Files that are too large, too long or no text: an error within seconds, never more than a screen of text, never a crash.
. "$(dirname "$0")/../../lib.sh"
cd "$work" || exit 1
# quick STATUS PATTERN: ganc check m.gan ends within 20 seconds, says so, and in less than 100 KB
quick() {
    timeout 20 "$GANC" check m.gan >out 2>err </dev/null
    local status=$?
    [ "$status" = "$1" ] || fail "$2: exit status $status, not $1: $(head -c 300 err)"
    grep -qE -- "$2" err || fail "does not say /$2/: $(head -c 300 err)"
    [ "$(wc -c <err)" -lt 100000 ] || fail "$2: $(wc -c <err) bytes of messages"
}
repeat() { head -c "$1" /dev/zero | tr '\0' "$2"; }
{ printf 'net G(z : [4]) -> [4] { z + '; repeat 1000000 a; printf ' }\n'; } >m.gan
quick 1 'E0302'
{ printf 'setting '; repeat 1000000 a; printf ' = = 1\n'; } >m.gan
quick 1 'E0110'
{ printf 'import "'; repeat 1000000 a; printf '\n'; } >m.gan
quick 1 'E0103'
{ printf 'setting a = '; repeat 1000000 9; printf '\n'; } >m.gan
quick 1 'E0105'
{ printf 'setting a = '; repeat 1000000 '('; printf '\n'; } >m.gan
quick 1 'E0117'
{ printf 'setting a = '; repeat 1000000 -; printf '1\n'; } >m.gan
quick 1 'E0117'
repeat 1000000 '}' >m.gan
quick 1 'E0110'
repeat 1000000 '$' >m.gan
quick 1 'E0118'
repeat 1000000 '"' >m.gan
quick 1 'E0108|E0103'
{ printf '/*'; repeat 1000000 '*'; } >m.gan
quick 1 'E0108'
repeat 1000000 '\n' >m.gan
quick 1 'E0520'
{ for i in $(seq 3000); do echo "fn f$i(x) = x + unknown$i"; done; echo 'net G(z : [4]) -> [4] { z |> f1 }'; } >m.gan
quick 1 'unknown1 here'
{ printf 'net G(z : [4]) -> [4] { z'; for i in $(seq 20000); do printf ' |> unknown'; done; echo ' }'; } >m.gan
quick 1 'E0117'
printf 'setting a = 1\0setting b = 2\n' >m.gan
quick 1 'E0102.*0x00'
printf '\377\376s\0e\0t\0' >m.gan # UTF-16
quick 1 'E0101'
head -c 100000 "$GANC" >m.gan
quick 1 'E0101'
mkdir d.gan
says 1 'E0001.*directory' "$GANC" check d.gan
finish
