/* nest.h: loops over the elements of a value, for evaluation: an odometer that keeps its position in other arrays.
 *
 * Axis 0 of a nest is the batch (extent 1 where the value is not batched), axis a + 1 is axis a of the example, so that rules need not
 * tell the two cases apart. Positions are in elements of row-major arrays; an array that does not move along an axis has stride 0 there. */
#ifndef GANC_NEST_H
#define GANC_NEST_H

#include "graph/graph.h"

#define NEST_RANK (MAX_RANK + 1)
#define NEST_ARRAYS 3

struct nest {
    uint32_t rank, arrays;
    int64_t total; /* points */
    int64_t extent[NEST_RANK], index[NEST_RANK];
    int64_t stride[NEST_ARRAYS][NEST_RANK], at[NEST_ARRAYS];
};

/* Row-major strides of a value, [0] being the batch's (0 where there is none). */
static inline void nest_strides(struct type t, int64_t stride[NEST_RANK])
{
    int64_t step = 1;
    for (int a = t.rank; a > 0; a--) {
        stride[a] = step;
        step *= t.dim[a - 1];
    }
    stride[0] = t.batched ? step : 0;
}

static inline struct nest nest_over(const struct graph *graph, struct type t)
{
    struct nest n = {.rank = t.rank + 1u, .total = type_total(graph, t)};
    n.extent[0] = type_examples(graph, t);
    for (uint32_t a = 0; a < t.rank; a++) n.extent[a + 1] = t.dim[a];
    return n;
}

/* The next array is a value of type t that broadcasts to the nest: aligned at the last axis, it stands still along axes of length 1. */
static inline void nest_broadcast(struct nest *n, struct type t)
{
    int64_t own[NEST_RANK], *stride = n->stride[n->arrays++];
    uint32_t lead = n->rank - 1 - t.rank;
    nest_strides(t, own);
    stride[0] = own[0];
    for (uint32_t a = 0; a < t.rank; a++) stride[lead + a + 1] = t.dim[a] == 1 ? 0 : own[a + 1];
}

static inline void nest_next(struct nest *n)
{
    for (uint32_t a = n->rank; a-- > 0;) {
        bool carry = ++n->index[a] == n->extent[a];
        for (uint32_t k = 0; k < n->arrays; k++) n->at[k] += carry ? -n->stride[k][a] * (n->extent[a] - 1) : n->stride[k][a];
        if (!carry) return;
        n->index[a] = 0;
    }
}

#endif
