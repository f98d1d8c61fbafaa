/* peak.c: the limits of this machine as JSON: multiply-adds a second in vectors of 256 and 512 bits, bytes read a second from each level.
 *   cc -O2 -pthread -I runtime tests/bench/peak.c runtime/machine.c -o peak; ./peak [THREADS]
 *
 * Each rate is checked against the clock, which is measured apart: cycles a second x lanes x 2 x units; no core of today has more than two
 * units of 512 bits, and one that has fewer than one did not run undisturbed. */
#define _GNU_SOURCE
#include "machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    long threads = argc > 1 ? strtol(argv[1], NULL, 10) : sysconf(_SC_NPROCESSORS_ONLN);
    if (threads < 1 || threads > 1024) return fprintf(stderr, "peak: '%s' is no number of threads\n", argc > 1 ? argv[1] : "?"), 2;
    struct machine m = {.threads = (uint32_t)threads};
    printf("{\"threads\": %ld", threads);
    for (m.bits = 256; m.bits <= machine_bits(); m.bits *= 2) {
        if (!machine_measure(&m)) return fprintf(stderr, "peak: %s\n", strerror(errno)), 1;
        printf(", \"%u\": {\"gflop_per_second\": %.4g, \"clock_ghz\": %.3g, \"units\": %.3g", m.bits, m.flops * 1e-9, m.clock * 1e-9,
               m.flops / (m.clock * (m.bits / 32.0) * 2 * (double)threads));
        for (int level = 0; level < MACHINE_LEVELS; level++)
            printf(", \"%s_gb_per_second\": %.4g", machine_level_name((enum machine_level)level), m.read[level] * 1e-9);
        printf("}");
    }
    printf("}\n");
    return machine_bits() ? 0 : (fprintf(stderr, "peak: this processor has neither AVX2 nor AVX-512\n"), 1);
}
