# From PyTorch's own first weights (dcgan.safetensors, by dcgan.map) the objectives of ten steps of Adam of a DCGAN at 32x32 are PyTorch's (dcgan.txt): to
# 1e-8 in double, to 1e-3 in single precision. dcgan.py made both files.
. "$(dirname "$0")/../lib.sh"
follows() { # DTYPE TOLERANCE
    "$GANC" run --dtype "$1" "$here/dcgan.gan" --weights "$here/dcgan.safetensors" --map "$here/dcgan.map" --out "$work/$1" --log-every 1 >"$work/log" 2>&1 ||
        { fail "$1: $(tail -3 "$work/log")"; return; }
    awk -v want="$here/dcgan.txt" -v most="$2" '
        BEGIN { while ((getline line < want) > 0) if (line !~ /^#/) { split(line, f, " "); v[f[1]] = f[2]; o[f[1]] = f[3] } }
        {
            if (!match($0, /"step": *[0-9]+/)) next
            step = substr($0, RSTART + 7, RLENGTH - 7) + 0
            match($0, /"V": *[-0-9.e]+/); a = substr($0, RSTART + 4, RLENGTH - 4)
            match($0, /D\(G\(z\)\)\)": *[-0-9.e]+/); b = substr($0, RSTART, RLENGTH); sub(/.*: */, "", b)
            if (!(step in v)) next
            seen++
            if ((a - v[step])^2 <= most^2 && (b - o[step])^2 <= most^2) next
            print "step " step ": " a " " b ", not " v[step] " " o[step]
            bad = 1
        }
        END { if (seen != 10) { print "saw " seen " steps, not 10"; bad = 1 } exit bad }' "$work/$1/metrics.jsonl" || fail "$1: the objectives differ from PyTorch's"
}
follows f64 1e-8
follows f32 1e-3
finish
