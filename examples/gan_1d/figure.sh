#!/bin/sh
# figure.sh: Figure 1 of Goodfellow et al. 2014 from a run's CSV files, as SVG on standard output:
# the data's density (dotted), the generator's (solid), D (dashed), and below them the map from z to x.
#   sh figure.sh RUN STEP...        sh figure.sh runs/gan_1d 2000 6000 20000 > figure.svg
set -eu
run=$1; shift
awk -v steps="$*" -v run="$run" '
function X(v) { return left + (v - low) / (high - low) * w }
function Y(v) { return base - v * h }
function curve(y, n, style,    i, d) {
    d = ""
    for (i = 0; i < n; i++) if (y[i] != "") d = d (d == "" ? "M" : "L") sprintf("%.1f %.1f", X(low + (i + 0.5) * (high - low) / n), Y(y[i]))
    printf "<path d=\"%s\" fill=\"none\" %s/>\n", d, style
}
function density(file, column, y,    i, k, n, line, part) {
    for (i = 0; i < bins; i++) y[i] = 0
    n = 0
    while ((getline line < file) > 0) { split(line, part, ","); n++; k = int((part[column] - low) / (high - low) * bins); if (k >= 0 && k < bins) y[k]++ }
    if (!n) { print "figure.sh: cannot read " file > "/dev/stderr"; exit 1 }
    for (i = 0; i < bins; i++) y[i] = y[i] / n * bins / (high - low)
    close(file)
}
function average(file, y,    i, k, n, line, part) {
    for (i = 0; i < bins; i++) { y[i] = ""; n[i] = 0; s[i] = 0 }
    while ((getline line < file) > 0) { split(line, part, ","); k = int((part[1] - low) / (high - low) * bins); if (k >= 0 && k < bins) { s[k] += part[2]; n[k]++ } }
    for (i = 0; i < bins; i++) if (n[i]) y[i] = s[i] / n[i]
    close(file)
}
BEGIN {
    low = 0; high = 6; bins = 60; w = 220; h = 110; base = 150
    count = split(steps, step, " ")
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"230\" font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n", count * 250 + 20
    for (p = 1; p <= count; p++) {
        left = 20 + (p - 1) * 250
        name = sprintf("%08d.csv", step[p])
        density(run "/pictures/p_data-" name, 1, y); curve(y, bins, "stroke=\"black\" stroke-dasharray=\"1 3\" stroke-width=\"2\"")
        density(run "/pictures/p_g-" name, 2, y); curve(y, bins, "stroke=\"green\" stroke-width=\"1.5\"")
        average(run "/pictures/D_along-" name, y); curve(y, bins, "stroke=\"blue\" stroke-dasharray=\"6 4\"")
        printf "<path d=\"M%d %dh%dM%d %dh%d\" stroke=\"black\"/>\n", left, base, w, left, base + 45, w
        file = run "/pictures/p_g-" name; n = 0
        while ((getline line < file) > 0 && n++ < 40) { split(line, part, ","); printf "<path d=\"M%.1f %dL%.1f %d\" stroke=\"gray\" stroke-width=\"0.5\"/>\n", left + (part[1] + 1) / 2 * w, base + 45, X(part[2]), base }
        close(file)
        printf "<text x=\"%d\" y=\"20\">step %d</text><text x=\"%d\" y=\"%d\">x</text><text x=\"%d\" y=\"%d\">z</text>\n", left, step[p], left + w + 4, base + 4, left + w + 4, base + 49
    }
    printf "<text x=\"20\" y=\"222\">dotted: the data, solid: the generator, dashed: D(x)</text>\n</svg>\n"
}'
