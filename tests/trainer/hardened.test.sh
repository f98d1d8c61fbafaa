# What ganc, its library and a trainer were linked with, by readelf: code at random addresses, tables of addresses that nothing writes once the program
# runs, no stack (nor anything else) that is both written and executed; buffers that are checked. Sanitized builds have their own checks of buffers.
. "$(dirname "$0")/../lib.sh"
library=$(dirname "$GANC")/libganc_llvm.so
"$GANC" "$top/examples/gan_1d/gan_1d.gan" -o "$work/trainer" >"$work/log" 2>&1 || { fail "$(cat "$work/log")"; finish; }
for file in "$GANC" "$library" "$work/trainer"; do
    name=$(basename "$file")
    readelf -hlWd "$file" >"$work/elf" 2>/dev/null || fail "$name: readelf cannot read it"
    grep -q 'Type: *DYN' "$work/elf" || fail "$name is at a fixed address"
    grep -q ' GNU_RELRO ' "$work/elf" || fail "$name: no RELRO"
    grep -qE 'FLAGS.*(BIND_NOW|NOW)' "$work/elf" || fail "$name: functions are bound when they are first called"
    grep -qE 'GNU_STACK.* RW ' "$work/elf" || fail "$name: no stack that cannot be executed"
    ! grep -E ' (LOAD|GNU_STACK).* R?WE ' "$work/elf" || fail "$name: memory that is both written and executed"
    readelf -Ws --dyn-syms "$file" >"$work/symbols"
    grep -q '__stack_chk_fail' "$work/symbols" || fail "$name: no canaries"
    grep -qE '__[a-z]+_chk@|__(asan|tsan)_init' "$work/symbols" || fail "$name: no checked buffers"
done
for file in "$GANC" "$work/trainer"; do
    readelf -dW "$file" | grep -q 'FLAGS_1.*PIE' || fail "$(basename "$file") is no position-independent program"
done
# each object of the runtime says that it needs no executable stack, and so does what ganc emits: the linker would give one otherwise
printf '#!/bin/sh\nfor word; do case $word in *.o) [ -f "$word" ] && cp "$word" "%s/object.o" ;; esac; done\nexec %s "$@"\n' "$work" "${CC:-cc}" >"$work/cc"
chmod +x "$work/cc"
CC=$work/cc "$GANC" "$top/examples/gan_1d/gan_1d.gan" -o "$work/again" >"$work/log" 2>&1 || fail "$(cat "$work/log")"
for file in "$work/object.o" "$(dirname "$GANC")/libganrt.a"; do
    readelf -hSW "$file" >"$work/elf" 2>/dev/null
    objects=$(grep -c 'Type: *REL' "$work/elf") marks=$(grep -c '[.]note[.]GNU-stack' "$work/elf")
    [ "$objects" -ge 1 ] && [ "$objects" = "$marks" ] || fail "$(basename "$file"): $objects objects, $marks of which say that their stack is not executed"
    ! grep -E '[.]note[.]GNU-stack.* X ' "$work/elf" || fail "$(basename "$file"): a stack that is executed"
done
finish
