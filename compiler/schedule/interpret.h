/* interpret.h: kernels run by a plain interpreter in double: the scheduler's result without a code generator. `ganc compare --kernels` and tests use it.
 *
 * It uses the plan's own offsets (a cell for every four bytes of the arena), so that two storages that should not overlap are found out, and checks each
 * access against its storage. */
#ifndef GANC_INTERPRET_H
#define GANC_INTERPRET_H

#include "schedule/kernels.h"

struct interpretation {
    const struct kernels *k;
    double *cells;      /* arena_bytes / 4 of them; the caller fills tensors, batches and inputs */
    double (*scalar)(void *self, const struct sexpr *e);
    void *self;
    uint32_t seed[2];
    uint64_t tick;
    double shake;       /* 0; else each value that an operation rounds is moved at random, by up to that part of its size or its terms' */
    uint32_t shaken;    /* which random moves */
    bool backwards;     /* tasks and points in the opposite order: nothing may depend on it but the order of sums */
};

/* The cell of element i of a storage. */
static inline double *interpret_cell(const struct interpretation *in, const struct storage *s, int64_t i)
{
    return &in->cells[(s->offset + i * s->size) / 4];
}

/* Runs a graph's kernels. Returns NULL, or what went wrong (arena memory). */
const char *kernels_interpret(struct arena *mem, const struct interpretation *in, uint32_t graph);

#endif
