#!/bin/sh
# figure.sh: both translations there and back, the points' colours those of the Gaussians they came from, as SVG on standard output; a run a row.
# A circle is four standard deviations about a Gaussian; below: those that have at least ten of the points, and the share of points in a circle.
#   sh figure.sh STEP RUN...        sh figure.sh 10000 runs/cyclegan runs/no_cycle > figure.svg
set -eu
awk -v words="$*" '
# columns at and at + 1 of the file; turn: where the first Gaussian is, in quarters
function panel(file, at, radius, turn, sigma, left, title,    line, p, n, k, d, inside, here, modes, cx, cy) {
    n = inside = modes = 0
    printf "<svg x=\"%d\" y=\"%d\" width=\"160\" height=\"190\">\n", left, top
    for (k = 0; k < 4; k++) here[k] = 0
    while ((getline line < file) > 0) {
        split(line, p, ","); n++
        k = from_b ? int(atan2(p[2], p[1]) / quarter + 4.5) % 4 : int(atan2(p[2], p[1]) / quarter + 4) % 4
        printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"1\" fill=\"%s\"/>\n", 80 + 30 * p[at], 90 - 30 * p[at + 1], color[k]
        for (k = 0; k < 4; k++) {
            d = sqrt((p[at] - radius * cos((k + turn) * quarter))^2 + (p[at + 1] - radius * sin((k + turn) * quarter))^2)
            if (d < 4 * sigma) { here[k]++; inside++ }
        }
    }
    close(file)
    if (!n) { print "figure.sh: cannot read " file > "/dev/stderr"; exit 1 }
    for (k = 0; k < 4; k++) {
        modes += here[k] >= 10; cx = 80 + 30 * radius * cos((k + turn) * quarter); cy = 90 - 30 * radius * sin((k + turn) * quarter)
        printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"none\" stroke=\"black\"/>\n", cx, cy, 120 * sigma
    }
    printf "<text x=\"6\" y=\"14\">%s</text>\n<text x=\"6\" y=\"182\">%d of 4, %.0f %%</text>\n</svg>\n", title, modes, 100 * inside / n
}
BEGIN {
    runs = split(words, word, " ") - 1; quarter = 1.5707963267948966
    split("crimson royalblue darkorange green", color, " "); color[0] = color[4]
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"980\" height=\"%d\" font-family=\"sans-serif\" font-size=\"11\">\n", 215 * runs
    printf "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
    for (i = 1; i <= runs; i++) {
        run = word[i + 1]; top = 215 * (i - 1) + 20
        name = run; sub(/\/+$/, "", name); sub(/.*\//, "", name)
        printf "<text x=\"6\" y=\"%d\" font-weight=\"bold\">%s, step %d</text>\n", top - 5, name, word[1]
        file = sprintf("%s/pictures/from_a-%08d.csv", run, word[1]); from_b = 0
        panel(file, 1, 2, 0.5, 0.2, 0, "x of a"); panel(file, 3, 1, 0, 0.1, 160, "AB(x)"); panel(file, 5, 2, 0.5, 0.2, 320, "BA(AB(x))")
        file = sprintf("%s/pictures/from_b-%08d.csv", run, word[1]); from_b = 1
        panel(file, 1, 1, 0, 0.1, 500, "y of b"); panel(file, 3, 2, 0.5, 0.2, 660, "BA(y)"); panel(file, 5, 1, 0, 0.1, 820, "AB(BA(y))")
    }
    print "</svg>"
}'
