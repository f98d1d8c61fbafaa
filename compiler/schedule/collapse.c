/* collapse.c: fewer and better dimensions.
 *
 * Neighbours become one where every access walks them as one. A loop's last dimension is the one that vectors run along: a tiny
 * one (the five pieces of a maxout, three colours) is moved before a long one. The order of a sum changes with it, but is still one order. */
#include "schedule/internal.h"

#include <string.h>

/* A last dimension shorter than LAST_SHORT gives its place to a parallel one of at least LAST_LONG. */
#define LAST_SHORT 8
#define LAST_LONG 16

/* Access `which` of an instruction: 0 at, 1 example. */
static struct access *insn_access(struct insn *in, int which)
{
    return which ? &in->example : &in->at;
}

/* Do all accesses walk dimension d and the next as one? */
static bool mergeable(struct kernel *k, uint32_t d)
{
    for (uint32_t i = 0; i < k->body.n; i++)
        for (int which = 0; which < 2; which++) {
            const struct access *a = insn_access(&k->body.at[i], which);
            if (a->stride[d] != a->stride[d + 1] * k->extent[d + 1]) return false;
        }
    return true;
}

/* Takes dimension d out; its neighbour has taken over its points, or there is only one. */
static void dimension_drop(struct kernel *k, uint32_t d)
{
    for (uint32_t e = d; e + 1 < k->rank; e++) k->extent[e] = k->extent[e + 1], k->reduced[e] = k->reduced[e + 1];
    k->rank--;
    k->extent[k->rank] = 0;
    k->reduced[k->rank] = false;
    for (uint32_t i = 0; i < k->body.n; i++)
        for (int which = 0; which < 2; which++) {
            int64_t *stride = insn_access(&k->body.at[i], which)->stride;
            for (uint32_t e = d; e < k->rank; e++) stride[e] = stride[e + 1];
            stride[k->rank] = 0;
        }
}

static void merge(struct kernel *k, uint32_t d)
{
    k->extent[d + 1] *= k->extent[d];
    dimension_drop(k, d);
}

/* Dimension d moves to the end. */
static void dimension_last(struct kernel *k, uint32_t d)
{
    int64_t extent = k->extent[d];
    bool reduced = k->reduced[d];
    for (uint32_t e = d; e + 1 < k->rank; e++) k->extent[e] = k->extent[e + 1], k->reduced[e] = k->reduced[e + 1];
    k->extent[k->rank - 1] = extent;
    k->reduced[k->rank - 1] = reduced;
    for (uint32_t i = 0; i < k->body.n; i++)
        for (int which = 0; which < 2; which++) {
            int64_t *stride = insn_access(&k->body.at[i], which)->stride, own = stride[d];
            for (uint32_t e = d; e + 1 < k->rank; e++) stride[e] = stride[e + 1];
            stride[k->rank - 1] = own;
        }
}

static void merge_all(struct kernel *k)
{
    for (uint32_t d = k->rank; d-- > 1;)
        if (k->reduced[d - 1] == k->reduced[d] && mergeable(k, d - 1)) merge(k, d - 1);
}

/* The parallel dimension to run vectors along instead of a short last one: the longest, the innermost of equals; rank where there is none. */
static uint32_t dimension_long(const struct kernel *k)
{
    uint32_t best = k->rank;
    for (uint32_t d = k->rank; d-- > 0;)
        if (!k->reduced[d] && k->extent[d] >= LAST_LONG && (best == k->rank || k->extent[d] > k->extent[best])) best = d;
    return best;
}

void collapse(struct kernel *k)
{
    merge_all(k);
    if (k->rank > 1 && k->extent[k->rank - 1] < LAST_SHORT) {
        uint32_t d = dimension_long(k);
        if (d < k->rank) dimension_last(k, d);
        merge_all(k);
    }
    if (k->rank == 0) k->extent[k->rank++] = 1;
}

bool collapse_product(struct kernel *k, int64_t rows, int64_t columns)
{
    uint32_t middle = k->rank; /* the columns' dimensions start here */
    for (int64_t n = 1; n < columns; n *= k->extent[middle])
        if (middle-- == 0) return false;
    for (uint32_t d = k->rank; d-- > 1;) {
        if (d == middle) continue;
        if (!mergeable(k, d - 1)) return false;
        merge(k, d - 1);
        middle -= d < middle;
    }
    /* none, one or both are left: an extent of 1 has no dimension yet */
    int64_t extent[2] = {rows, columns};
    for (uint32_t i = 0; i < k->body.n; i++)
        for (int which = 0; which < 2; which++) {
            int64_t *stride = insn_access(&k->body.at[i], which)->stride;
            int64_t row = rows > 1 ? stride[0] : 0, column = columns > 1 ? stride[rows > 1] : 0;
            stride[0] = row, stride[1] = column;
        }
    k->rank = 2;
    memcpy(k->extent, extent, sizeof extent);
    return true;
}
