#!/bin/sh
# figure.sh: theta (line) and the estimate (dots) along a run of each game, as SVG on standard output.
#   sh figure.sh WASSERSTEIN_RUN MINIMAX_RUN > figure.svg
set -eu
awk -v first="$1" -v second="$2" '
function field(name,    at, text) {
    at = index($0, "\"" name "\": ")
    if (!at) return "none"
    text = substr($0, at + length(name) + 4)
    sub(/[,}].*/, "", text)
    return text + 0
}
function panel(run, left, title,    file, line, path, n, x) {
    file = run "/metrics.jsonl"; n = 0; path = ""
    while ((getline line < file) > 0) {
        $0 = line
        if (field("theta") == "none") continue
        x = left + 30 + field("step") * 0.7
        path = path sprintf("%s%.1f,%.1f ", n++ ? "L" : "M", x, 170 - field("theta") * 130)
        printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2\" fill=\"green\"/>\n", x, 170 - field("estimate") * 130
    }
    close(file)
    if (!n) { print "figure.sh: nothing in " file > "/dev/stderr"; exit 1 }
    printf "<path d=\"%s\" fill=\"none\" stroke=\"black\"/>\n", path
    printf "<line x1=\"%d\" y1=\"170\" x2=\"%d\" y2=\"170\" stroke=\"gray\"/><line x1=\"%d\" y1=\"170\" x2=\"%d\" y2=\"30\" stroke=\"gray\"/>\n", left + 30, left + 310, left + 30, left + 30
    printf "<text x=\"%d\" y=\"18\">%s</text><text x=\"%d\" y=\"185\">step 400</text><text x=\"%d\" y=\"44\">1</text><text x=\"%d\" y=\"174\">0</text>\n", left + 30, title, left + 270, left + 18, left + 18
}
BEGIN {
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"660\" height=\"195\" font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
    panel(first, 0, "Wasserstein: theta (line), estimate of the distance (dots)")
    panel(second, 330, "minimax: theta (line), estimate of JS (dots)")
    print "</svg>"
}'
