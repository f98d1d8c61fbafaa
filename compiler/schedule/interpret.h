/* interpret.h: kernels run by a plain interpreter in double: the scheduler's result without a code generator. `ganc compare --kernels` and tests use it.
 *
 * It uses the plan's own offsets (a cell for every four bytes of the tensors, and for each byte behind them), so that two storages that should not
 * overlap are found out, and checks each access against its storage. */
#ifndef GANC_INTERPRET_H
#define GANC_INTERPRET_H

#include "schedule/kernels.h"

struct interpretation {
    const struct kernels *k;
    double *cells;      /* interpret_cells of them; the caller fills tensors, batches and inputs */
    double (*scalar)(void *self, const struct sexpr *e);
    void *self;
    uint32_t seed[2];
    uint64_t tick;
    double shake;       /* 0; else each value that an operation rounds is moved at random, by up to that part of its size or its terms' */
    uint32_t shaken;    /* which random moves */
    bool backwards;     /* tasks and points in the opposite order: nothing may depend on it but the order of sums */
};

static inline int64_t interpret_cells(const struct kernels *k)
{
    return k->tensor_bytes / 4 + (k->arena_bytes - k->tensor_bytes);
}

/* Cells from one element of a storage to the next. */
static inline int64_t interpret_step(const struct storage *s)
{
    return s->kind == STORAGE_TENSOR ? s->size / 4 : s->size;
}

/* The cell of element i of a storage. */
static inline double *interpret_cell(const struct interpretation *in, const struct storage *s, int64_t i)
{
    int64_t tensors = in->k->tensor_bytes, first = s->kind == STORAGE_TENSOR ? s->offset / 4 : tensors / 4 + (s->offset - tensors);
    return &in->cells[first + i * interpret_step(s)];
}

/* Runs a graph's kernels. Returns NULL, or what went wrong (arena memory). */
const char *kernels_interpret(struct arena *mem, const struct interpretation *in, uint32_t graph);

#endif
