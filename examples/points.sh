#!/bin/sh
# points.sh: what a run's generator made at some steps, around the eight modes of its data, as SVG on standard output; a run a row. A circle
# is four standard deviations about a mode; below: the modes that have at least ten of the points, and the share of points in a circle.
#   sh points.sh RADIUS SIGMA RUN STEP... [RUN STEP...]...        sh points.sh 2 0.05 runs/mixture 1000 5000 25000 > figure.svg
set -eu
awk -v words="$*" '
function panel(file, left, top, title,    line, p, n, k, d, at, inside, modes) {
    n = inside = modes = 0
    for (k = 0; k < 8; k++) at[k] = 0
    printf "<svg x=\"%d\" y=\"%d\" width=\"220\" height=\"235\">\n<g fill=\"green\">\n", left, top
    while ((getline line < file) > 0) {
        split(line, p, ","); n++
        printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"1.2\"/>\n", 110 + p[1] * scale, 120 - p[2] * scale
        for (k = 0; k < 8; k++) {
            d = sqrt((p[1] - radius * cos(k * eighth))^2 + (p[2] - radius * sin(k * eighth))^2)
            if (d < 4 * sigma) { at[k]++; inside++ }
        }
    }
    close(file)
    if (!n) { print "points.sh: cannot read " file > "/dev/stderr"; exit 1 }
    printf "</g>\n<g fill=\"none\" stroke=\"black\">\n"
    for (k = 0; k < 8; k++) {
        modes += at[k] >= 10
        printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>\n", 110 + 80 * cos(k * eighth), 120 - 80 * sin(k * eighth), 4 * sigma * scale
    }
    printf "</g>\n<text x=\"8\" y=\"15\">%s</text>\n<text x=\"8\" y=\"229\">%d modes, %.0f %%</text>\n</svg>\n", title, modes, 100 * inside / n
}
BEGIN {
    count = split(words, word, " "); eighth = 0.7853981633974483
    if (count < 4 || word[4] !~ /^[0-9]+$/) { print "usage: points.sh RADIUS SIGMA RUN STEP... [RUN STEP...]..." > "/dev/stderr"; exit 2 }
    radius = word[1]; sigma = word[2]; scale = 80 / radius
    for (i = 3; i <= count; i++)
        if (word[i] !~ /^[0-9]+$/) { rows++; column = 0 } else if (++column > columns) columns = column
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"11\">\n", columns * 225, rows * 240
    printf "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
    row = -1
    for (i = 3; i <= count; i++)
        if (word[i] !~ /^[0-9]+$/) {
            run = word[i]; row++; column = 0
            name = run; sub(/\/+$/, "", name); sub(/.*\//, "", name)
        } else
            panel(sprintf("%s/pictures/samples-%08d.csv", run, word[i]), 225 * column++, 240 * row, name ", step " word[i])
    print "</svg>"
}'
