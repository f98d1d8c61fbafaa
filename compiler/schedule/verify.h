/* verify.h: what must hold of kernels before code is made of them; the scheduler's hold it, a text from outside is asked. */
#ifndef GANC_SCHEDULE_VERIFY_H
#define GANC_SCHEDULE_VERIFY_H

#include "schedule/kernels.h"

/* Where the parts of kernels stand in their text. */
struct kernel_places {
    struct span head, *body, *products;
};

struct graph_places {
    struct span head, *storages, *outputs;
    struct kernel_places *kernels;
};

struct kernels_places {
    struct span head, *tensors;
    struct graph_places *graphs;
};

/* False after an error (E0871 on). Takes for granted what reading gives: references within bounds, ranks of at most KERNEL_RANK, operands that stand before.
 * at: NULL for kernels that have no text. */
bool kernels_verify(struct ganc *g, const struct kernels *k, const struct kernels_places *at);

struct verifying { /* verify.c and verify_kernel.c */
    struct ganc *g;
    const struct kernels *k;
    const struct kernel_graph *kg;
    const struct graph_places *at; /* NULL: nowhere */
};
void verify_kernel(const struct verifying *v, uint32_t number);
bool access_span(const struct kernel *k, const struct access *a, int64_t *low, int64_t *high); /* the elements that it reaches; false: beyond all numbers */

/* affine.c: sets of numbers o + sum of stride[d] i_d, with i_d below extent[d]. */
bool affine_injective(const struct kernel *k, const struct access *a, const bool *over); /* no number twice, over the dimensions marked; false: it may be */
bool affine_disjoint(const struct kernel *k, const struct access *a, const struct access *b); /* no common number; false: there may be one */

#endif
