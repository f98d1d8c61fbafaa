/* trace_run.h: a step followed graph by graph (trace_run.c), the file that holds one (trace_file.c), and what training does about it (trace_train.c). */
#ifndef GANRT_TRACE_FOLLOW_H
#define GANRT_TRACE_FOLLOW_H

#include "trace.h"
#include "train.h"

struct trace_minibatch { /* of the run-th graph that ran: number `batch` of the graph's */
    uint32_t run, graph, batch;
    unsigned char *bytes;
    size_t size;
};

struct follow {
    struct watch watch;  /* first: the runtime knows this */
    struct run *run;
    const struct trace *t;
    const uint8_t *may;
    bool fed;            /* minibatches come from the record, and are not added to it */
    bool begun, found;
    uint32_t graphs;     /* that began */
    struct trace_start start; /* of the last one; where found, of the one that left something bad */
    struct trace_fault fault;
    struct trace_minibatch *minibatches;
    uint32_t nminibatches;
};

/* Between the two a train block's pass runs, or INIT graphs. Afterwards the arena holds anything; follow_free gives back what f holds. */
void follow_begin(struct follow *f, struct run *run, const struct trace *t, const uint8_t *may);
void follow_end(struct follow *f);
void follow_free(struct follow *f);

#define TRACE_MINIBATCH "minibatch." /* tensors' names in the file begin so */

/* A checkpoint of the state before a step, with the step's minibatches in it: name.N of the N-th graph that runs. */
bool trace_file_write(struct training *t, const char *path, const struct follow *f, double epoch, struct error *e);
struct safetensors;
bool trace_file_minibatches(const struct safetensors *file, struct follow *f, struct error *e);
bool trace_file_is(const struct safetensors *file);

#endif
