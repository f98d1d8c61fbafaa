# The library against PyTorch: each value of the pages here, step by step, is values.txt's (made by values.py) to 1e-10; forward in the first step, with
# the gradients in the next ones. Each page checks without a warning, and its compiled code agrees with the reference evaluator.
. "$(dirname "$0")/../lib.sh"
# 8 examples of 48 bytes, (37 i^2 + 11 i) mod 251, as IDX
{
    printf '\0\0\010\002\0\0\0\010\0\0\0\060'
    printf "$(awk 'BEGIN { for (i = 0; i < 384; i++) printf "\\%03o", (37 * i * i + 11 * i) % 251 }')"
} >"$work/bytes.idx"
for page in $(grep -v '^#' "$here/values.txt" | cut -d' ' -f1 | sort -u); do
    file=$here/$page.gan
    "$GANC" check -Werror "$file" >"$work/out" 2>&1 || { fail "$page: $(head -5 "$work/out")"; continue; }
    "$GANC" compare --dtype f64 "$file" >"$work/out" 2>&1 || fail "$page: $(cat "$work/out")"
    "$GANC" run --dtype f64 "$file" --data "$work/bytes.idx" --out "$work/$page" --log-every 1 >"$work/out" 2>&1 || { fail "$page: $(tail -3 "$work/out")"; continue; }
    grep "^$page " "$here/values.txt" >"$work/want"
    # each "name": number of each line, beside what is wanted; a number is as near as 1e-10 of the value's largest
    sed 's/[{}]//g' "$work/$page/metrics.jsonl" | awk -v page="$page" -v want="$work/want" '
        BEGIN {
            while ((getline line < want) > 0) {
                split(line, f, " ")
                value[f[2] " " f[3]] = f[4]
                size = f[4] < 0 ? -f[4] : f[4] + 0
                if (size > scale[f[2]]) scale[f[2]] = size
            }
        }
        {
            n = split($0, fields, /, *"/)
            step = ""
            for (i = 1; i <= n; i++) {
                key = fields[i]; sub(/^"/, "", key); sub(/":.*/, "", key)
                number = fields[i]; sub(/.*": */, "", number)
                if (key == "step") step = number
                if (!((key " " step) in value)) continue
                error = number - value[key " " step]
                if (error < 0) error = -error
                if (!(error <= 1e-10 * (scale[key] + 1e-3))) { print page ": " key " at step " step ": " number ", not " value[key " " step]; bad = 1 }
                delete value[key " " step]
            }
        }
        END { for (k in value) { print page ": no value of " k; bad = 1 } exit bad }' || fail "$page differs from PyTorch"
done
finish
