/* affine.c: do two points, or two accesses, meet in an element? Accesses are within their storages, so no sum here overflows. */
#include "schedule/verify.h"

#include <stdlib.h>

#define STEPS_MOST 20000 /* of a search; what takes more counts as meeting */

struct term { /* stride * x with low <= x <= high */
    int64_t stride, low, high;
};

static int by_stride(const void *a, const void *b)
{
    const struct term *x = a, *y = b;
    return x->stride != y->stride ? (x->stride < y->stride ? 1 : -1) : 0;
}

/* Each stride is more than all smaller ones together reach: as digits of a number. */
bool affine_injective(const struct kernel *k, const struct access *a, const bool *over)
{
    struct term terms[KERNEL_RANK];
    uint32_t n = 0;
    for (uint32_t d = 0; d < k->rank; d++)
        if (over[d] && k->extent[d] > 1) terms[n++] = (struct term){llabs(a->stride[d]), 0, k->extent[d] - 1};
    qsort(terms, n, sizeof *terms, by_stride);
    int64_t reach = 0;
    for (uint32_t i = n; i-- > 0;) {
        if (terms[i].stride <= reach) return false;
        reach += terms[i].stride * terms[i].high;
    }
    return true;
}

static uint32_t term_add(struct term *terms, uint32_t n, int64_t stride, int64_t most)
{
    if (!stride || !most) return n;
    struct term t = {llabs(stride), stride < 0 ? -most : 0, stride < 0 ? 0 : most};
    for (uint32_t i = 0; i < n; i++)
        if (terms[i].stride == t.stride) {
            terms[i].low += t.low;
            terms[i].high += t.high;
            return n;
        }
    terms[n] = t;
    return n + 1;
}

static int64_t divide_down(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Is `sum` a sum of the n terms? low[i], high[i]: what those from i on reach. */
static bool makes(const struct term *terms, uint32_t n, uint32_t i, int64_t sum, const int64_t *low, const int64_t *high, uint32_t *steps)
{
    if (++*steps > STEPS_MOST) return true;
    if (i == n) return sum == 0;
    int64_t least = -divide_down(high[i + 1] - sum, terms[i].stride), most = divide_down(sum - low[i + 1], terms[i].stride);
    if (least < terms[i].low) least = terms[i].low;
    if (most > terms[i].high) most = terms[i].high;
    for (int64_t x = least; x <= most; x++)
        if (makes(terms, n, i + 1, sum - x * terms[i].stride, low, high, steps)) return true;
    return false;
}

bool affine_disjoint(const struct kernel *k, const struct access *a, const struct access *b)
{
    struct term terms[2 * KERNEL_RANK];
    int64_t low[2 * KERNEL_RANK + 1] = {0}, high[2 * KERNEL_RANK + 1] = {0};
    uint32_t n = 0, steps = 0;
    for (uint32_t d = 0; d < k->rank; d++) {
        n = term_add(terms, n, a->stride[d], k->extent[d] - 1);
        n = term_add(terms, n, -b->stride[d], k->extent[d] - 1);
    }
    qsort(terms, n, sizeof *terms, by_stride);
    for (uint32_t i = n; i-- > 0;) {
        low[i] = low[i + 1] + terms[i].stride * terms[i].low;
        high[i] = high[i + 1] + terms[i].stride * terms[i].high;
    }
    return !makes(terms, n, 0, b->offset - a->offset, low, high, &steps);
}
