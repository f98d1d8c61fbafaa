/* trace_point.c: a kernel at one point: its instructions in double, each rounded to the model's element type, over what stands in the arena. What
 * compiled code adds in another order, or by another polynomial, comes out a rounding apart; that a value is not finite, and of what, is the same but where it
 * is at the very edge (trace_walk.c knows of that). */
#include "trace.h"

#include <ganrt/random.h>
#include <stdlib.h>

static double rounded(const struct trace_point *p, double x)
{
    return p->run->model->f64 ? x : (double)(float)x;
}

int64_t trace_element_of(const struct trace_point *p, const struct trace_access *a)
{
    int64_t n = a->offset;
    for (uint32_t d = 0; d < p->k->rank; d++) n += a->stride[d] * p->at[d];
    return n;
}

double trace_load(const struct run *run, const struct trace_storage *s, int64_t element)
{
    const struct ganrt_tensor place = {.columns = s->columns, .elements = s->elements};
    if (element < 0 || element >= s->elements) return NAN;
    const unsigned char *at = run_at(run, s->offset + ganrt_position(&place, element) * (int64_t)s->size);
    float f;
    double x;
    if (s->size == 1) return *at;
    if (s->size == 4) return memcpy(&f, at, sizeof f), (double)f;
    return memcpy(&x, at, sizeof x), x;
}

static double random_value(const struct trace_point *p, const struct trace_insn *in)
{
    const struct ganrt_frame *f = &p->run->frame;
    int64_t at = trace_element_of(p, &in->example), minibatch = in->minibatch ? at / in->minibatch : 0;
    uint32_t example = (uint32_t)(at - minibatch * in->minibatch), stream = in->index + in->apart * (uint32_t)minibatch, pair[2];
    uint64_t e = (uint64_t)trace_element_of(p, &in->at);
    if (!strcmp(in->name, "rand_normal")) {
        ganrt_random_pair(f->seed, f->tick, stream, example, e, pair);
        double u = ((pair[0] >> 8) + 1.0) * 0x1p-24, v = (pair[1] >> 8) * 0x1p-24;
        return sqrt(-2 * log(u)) * cos(6.283185307179586477 * v);
    }
    uint32_t w = ganrt_random_word(f->seed, f->tick, stream, example, e);
    if (!strcmp(in->name, "rand_uniform")) return (w >> 8) * 0x1p-24;
    if (!strcmp(in->name, "rand_bernoulli")) return w < floor(f->scalars[in->scalar] * 0x1p32);
    return (double)((uint64_t)w * (uint64_t)in->number >> 32);
}

/* ---- matrix products ---- */

/* Rows of a position of a product over windows; how much of k a tap has. */
static int64_t inner_rows(const struct trace_kernel *k, const struct trace_product *x) { return k->extent[0] / (x->grid[0] * x->grid[1]); }
static int64_t tap_depth(const struct trace_product *x) { return x->k / (x->taps[0] * x->taps[1]); }

/* The left operand's row, as stored, that row `row` meets at n; -1 outside of the image. schedule/kernels.h has the rule (struct windows). */
static int64_t windows_row(const struct trace_kernel *k, const struct trace_product *x, int64_t row, int64_t n)
{
    int64_t inner = inner_rows(k, x), depth = tap_depth(x), position = row / inner, tap = n / depth, pixel[2];
    int64_t at[2] = {position / x->grid[1], position % x->grid[1]}, in[2] = {tap / x->taps[1], tap % x->taps[1]};
    for (int i = 0; i < 2; i++) {
        pixel[i] = x->turned[0] ? at[i] + x->stride[i] * in[i] - x->before[i] : x->stride[i] * at[i] + in[i] - x->before[i];
        if (x->back) {
            int64_t far = at[i] + x->before[i] - in[i];
            if (far < 0 || far % x->stride[i]) return -1;
            pixel[i] = far / x->stride[i];
        }
        if (pixel[i] < 0 || pixel[i] >= x->image[i]) return -1;
    }
    return (pixel[0] * x->image[1] + pixel[1]) * (x->turned[0] ? depth : inner) + (x->turned[0] ? n % depth : row % inner);
}

bool trace_factors(const struct trace_kernel *k, const struct trace_product *x, int64_t row, int64_t column, int64_t n, int64_t element[2])
{
    int64_t lda = x->side[0].ld, ldb = x->side[1].ld;
    element[1] = x->side[1].offset + (x->turned[1] ? column * ldb + n : n * ldb + column);
    if (!x->windows) {
        element[0] = x->side[0].offset + (x->turned[0] ? n * lda + row : row * lda + n);
        return true;
    }
    int64_t there = windows_row(k, x, row, n);
    element[0] = x->side[0].offset + there * lda + (x->turned[0] ? row % inner_rows(k, x) : n % tap_depth(x));
    return there >= 0;
}

static double product_value(const struct trace_point *p)
{
    double sum = 0;
    for (uint32_t i = 0; i < p->k->nproducts; i++) {
        const struct trace_product *x = &p->k->products[i];
        const struct trace_storage *a = trace_storage_of(p->t, p->graph, x->side[0].storage), *b = trace_storage_of(p->t, p->graph, x->side[1].storage);
        int64_t element[2];
        for (int64_t n = 0; n < x->k; n++)
            if (trace_factors(p->k, x, p->at[0], p->at[1], n, element)) sum += trace_load(p->run, a, element[0]) * trace_load(p->run, b, element[1]);
    }
    return sum;
}

/* ---- instructions ---- */

static void instructions(struct trace_point *p, bool outer)
{
    for (uint32_t i = 0; i < p->k->ninsns; i++) {
        const struct trace_insn *in = &p->k->insns[i];
        double *y = &p->value[i], x[3] = {0};
        if (in->outer != outer || in->kind == GANRT_TRACE_STORE || in->kind == GANRT_TRACE_REDUCE) continue;
        for (uint32_t a = 0; a < in->nargs; a++) x[a] = p->value[in->arg[a]];
        switch (in->kind) {
        case GANRT_TRACE_NUMBER: *y = in->number; break;
        case GANRT_TRACE_SCALAR: *y = p->run->frame.scalars[in->index]; break;
        case GANRT_TRACE_INDEX: *y = (double)trace_element_of(p, &in->at); break;
        case GANRT_TRACE_LOAD: *y = trace_load(p->run, trace_storage_of(p->t, p->graph, in->at.storage), trace_element_of(p, &in->at)); break;
        case GANRT_TRACE_OP: *y = in->function(x); break;
        case GANRT_TRACE_RANDOM: *y = random_value(p, in); break;
        case GANRT_TRACE_TILE: *y = product_value(p); break;
        case GANRT_TRACE_STORE:
        case GANRT_TRACE_REDUCE: break;
        }
        *y = rounded(p, *y);
    }
}

void trace_evaluate_inner(struct trace_point *p)
{
    instructions(p, false);
}

bool trace_next(const struct trace_kernel *k, int64_t *at, bool reduced)
{
    for (uint32_t d = k->rank; d-- > 0;) {
        if (k->reduced[d] != reduced) continue;
        if (++at[d] < k->extent[d]) return true;
        at[d] = 0;
    }
    return false;
}

/* One more value of a reduction. Sums go on in double: they are rounded when they are whole. */
static void reduce(struct trace_point *p, uint32_t i, bool first, double *largest)
{
    const struct trace_insn *in = &p->k->insns[i];
    double x = p->value[in->arg[0]], *y = &p->value[i];
    if (!strcmp(in->name, "sum")) {
        *y = first ? x : *y + x;
    } else if (!strcmp(in->name, "max_over")) {
        *y = first || x > *y || isnan(x) ? x : *y;
    } else if (first || x > *largest) { /* argmax: along the innermost of the reduced dimensions */
        *largest = x;
        for (uint32_t d = 0; d < p->k->rank; d++)
            if (p->k->reduced[d]) *y = (double)p->at[d];
    }
}

void trace_evaluate(struct trace_point *p)
{
    const struct trace_kernel *k = p->k;
    if (!k->reduces) {
        instructions(p, false);
        instructions(p, true);
        return;
    }
    double *largest = memory_take(k->ninsns, sizeof *largest);
    for (uint32_t d = 0; d < k->rank; d++)
        if (k->reduced[d]) p->at[d] = 0;
    bool first = true;
    do {
        instructions(p, false);
        for (uint32_t i = 0; i < k->ninsns; i++)
            if (k->insns[i].kind == GANRT_TRACE_REDUCE) reduce(p, i, first, &largest[i]);
        first = false;
    } while (trace_next(k, p->at, true));
    for (uint32_t i = 0; i < k->ninsns; i++)
        if (k->insns[i].kind == GANRT_TRACE_REDUCE) p->value[i] = rounded(p, p->value[i]);
    instructions(p, true);
    free(largest);
}

/* ---- which point ---- */

struct solving {
    const struct trace_access *a;
    uint32_t dims[TRACE_RANK], count; /* those with a stride, the largest first */
    const int64_t *extent;
    int64_t low[TRACE_RANK + 1], high[TRACE_RANK + 1]; /* what those from there on can add */
    int64_t *at;
};

static bool solve(struct solving *s, uint32_t i, int64_t rest)
{
    if (i == s->count) return rest == 0;
    uint32_t d = s->dims[i];
    for (int64_t n = 0; n < s->extent[d]; n++) {
        int64_t left = rest - n * s->a->stride[d];
        if (left < s->low[i + 1] || left > s->high[i + 1]) continue;
        s->at[d] = n;
        if (solve(s, i + 1, left)) return true;
    }
    s->at[d] = 0;
    return false;
}

bool trace_solve(const struct trace_kernel *k, const struct trace_access *a, int64_t element, bool inner, int64_t *at)
{
    struct solving s = {.a = a, .extent = k->extent, .at = at};
    for (uint32_t d = 0; d < k->rank; d++) {
        at[d] = 0;
        if (!a->stride[d] || (k->reduced[d] && !inner)) continue;
        uint32_t i = s.count++;
        for (; i > 0 && llabs(a->stride[s.dims[i - 1]]) < llabs(a->stride[d]); i--) s.dims[i] = s.dims[i - 1];
        s.dims[i] = d;
    }
    for (uint32_t i = s.count; i-- > 0;) {
        int64_t far = a->stride[s.dims[i]] * (k->extent[s.dims[i]] - 1);
        s.low[i] = s.low[i + 1] + (far < 0 ? far : 0);
        s.high[i] = s.high[i + 1] + (far > 0 ? far : 0);
    }
    return solve(&s, 0, element - a->offset);
}
