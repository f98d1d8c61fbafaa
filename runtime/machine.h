/* machine.h: what this machine can do at most, measured: multiply-adds, and bytes read from each level of memory.
 *
 * It stands alone, so that tests/bench/peak.c measures by the same loops what a kernel is compared with in `trainer bench`. */
#ifndef GANRT_MACHINE_H
#define GANRT_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

enum machine_level { MACHINE_L1, MACHINE_L2, MACHINE_MEMORY, MACHINE_LEVELS };

struct machine {
    uint32_t threads, bits; /* asked for: threads at work at the same time; 256 (AVX2) or 512 (AVX-512) */
    bool f64;
    double flops;                  /* of fused multiply-adds, which count two, a second, on all threads */
    double clock;                  /* cycles a second of a thread, under that load */
    double read[MACHINE_LEVELS];   /* bytes a second, on all threads */
    int64_t holds[MACHINE_LEVELS]; /* bytes that a level has for a thread: where it ends, the next one begins */
};

const char *machine_level_name(enum machine_level level); /* "L1" */
uint32_t machine_bits(void);                              /* the widest vectors of this processor: 512, 256, or 0: neither */

/* The least that reading so many bytes can take, shared among the threads: what a level holds comes from there, only the rest from the next.
 * level: the farthest one that is needed. */
double machine_read_seconds(const struct machine *m, double bytes, enum machine_level *level);

/* Measures; takes a quarter of a second. False where it cannot: errno, or ENOSYS on a processor without such vectors. */
bool machine_measure(struct machine *m);

#endif
