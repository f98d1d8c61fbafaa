/* bench.h: what `trainer bench` measured, between tool_bench.c, which measures, and bench_print.c, which tells. */
#ifndef GANRT_BENCH_H
#define GANRT_BENCH_H

#include "machine.h"
#include "run.h"

struct bench_timing { /* of a kernel */
    uint32_t graph, kernel;
    uint64_t calls;
    double seconds;
};

struct bench {
    struct run *run;
    int64_t steps, warmup, top; /* steps 0: as many as take some seconds */
    bool json, data;
    const char *name; /* --graph's, or NULL: training */
    int32_t graph;    /* its number; -1: passes of the first train block */
    uint32_t *first;  /* of each graph, its first kernel among timings */
    uint32_t ntimings;
    struct bench_timing *timings;
    double rate_seconds, profile_seconds; /* of an iteration: undisturbed, and with the clock around each kernel */
    int64_t profile_steps;
    double peak_bytes;      /* memory that the process took at most, before the limits were measured */
    struct machine machine; /* flops 0: this processor's limits cannot be measured */
};

void bench_table(const struct bench *b);
void bench_json(const struct bench *b);

#endif
