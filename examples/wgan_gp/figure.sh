#!/bin/sh
# figure.sh: the generator's points at some steps of a run, over the data's, as SVG on standard output.
#   sh figure.sh RUN STEP...        sh figure.sh runs/wgan_gp 1000 4000 20000 > figure.svg
set -eu
run=$1; shift
awk -v steps="$*" -v run="$run" '
function scatter(file, color,    line, p, n) {
    n = 0
    while ((getline line < file) > 0) { split(line, p, ","); n++; printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"1.2\" fill=\"%s\"/>\n", left + 110 + p[1] * 55, 120 - p[2] * 55, color }
    close(file)
    if (!n) { print "figure.sh: cannot read " file > "/dev/stderr"; exit 1 }
}
BEGIN {
    count = split(steps, step, " ")
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"235\" font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n", count * 225
    for (i = 1; i <= count; i++) {
        left = (i - 1) * 225
        printf "<g clip-path=\"inset(0)\">\n"
        scatter(sprintf("%s/pictures/samples-%08d.csv", run, step[i]), "green")
        printf "</g>\n"
        for (k = 0; k < 8; k++) printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"8\" fill=\"none\" stroke=\"black\"/>\n", left + 110 + 77.8 * cos(k * 0.785398), 120 - 77.8 * sin(k * 0.785398)
        printf "<text x=\"%d\" y=\"15\">step %d</text>\n", left + 8, step[i]
    }
    printf "</svg>\n"
}'
