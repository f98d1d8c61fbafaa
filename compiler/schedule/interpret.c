/* interpret.c: see interpret.h. One point after the other, one instruction after the other. */
#include "schedule/interpret.h"

#include "ops/ops.h"

#include <ganrt/random.h>

#include <math.h>
#include <string.h>

struct run {
    struct arena *mem;
    const struct interpretation *in;
    const struct kernel_graph *kg;
    const struct kernel *k;
    const double *scalars;
    double *value;         /* of each instruction */
    int64_t *best;         /* argmax: the index of the largest so far */
    double *largest;
    int64_t at[KERNEL_RANK];
    bool first;            /* the first point of a reduction */
    double tile;           /* the product's element */
    uint64_t word;         /* of the random moves */
    const char *wrong;
};

static int64_t position(const struct run *r, const struct access *a)
{
    int64_t n = a->offset;
    for (uint32_t d = 0; d < r->k->rank; d++) n += a->stride[d] * r->at[d];
    return n;
}

static double *cell(struct run *r, uint32_t storage, int64_t element)
{
    static double nowhere;
    const struct storage *s = kernels_storage(r->in->k, r->kg, storage);
    if (element >= 0 && element < s->elements) return interpret_cell(r->in, s, element);
    if (!r->wrong) r->wrong = arena_format(r->mem, "%s: element %lld of %s, which has %lld", r->k->name, (long long)element, s->name, (long long)s->elements);
    return &nowhere;
}

/* x, moved at random by up to in->shake of `size`. */
static double rounded(struct run *r, double x, double size)
{
    if (r->in->shake == 0) return x;
    r->word = r->word * 6364136223846793005u + 1442695040888963407u;
    return x + r->in->shake * ((double)(r->word >> 11) * 0x1p-52 - 1) * fabs(size);
}

static double random_value(const struct run *r, const struct insn *in)
{
    int64_t at = position(r, &in->example), minibatch = in->minibatch ? at / in->minibatch : 0;
    uint32_t example = (uint32_t)(at - minibatch * in->minibatch), stream = in->index + in->apart * (uint32_t)minibatch, pair[2];
    uint64_t e = (uint64_t)position(r, &in->at);
    const uint32_t *seed = r->in->seed;
    if (in->op == OP_rand_normal) {
        ganrt_random_pair(seed, r->in->tick, stream, example, e, pair);
        double u = ((pair[0] >> 8) + 1.0) * 0x1p-24, v = (pair[1] >> 8) * 0x1p-24;
        return sqrt(-2 * log(u)) * cos(6.283185307179586477 * v);
    }
    uint32_t w = ganrt_random_word(seed, r->in->tick, stream, example, e);
    if (in->op == OP_rand_uniform) return (w >> 8) * 0x1p-24;
    if (in->op == OP_rand_bernoulli) return w < floor(r->scalars[in->scalar] * 0x1p32);
    return (double)((uint64_t)w * (uint64_t)in->number >> 32);
}

/* What a byte keeps of x, which verify.c knows to be whole but for a random move. */
static double byte_of(double x)
{
    return x > 0 ? fmin(rint(x), 255) : 0;
}

static void store(struct run *r, const struct access *a, double x)
{
    double *to = cell(r, a->storage, position(r, a));
    *to = kernels_storage(r->in->k, r->kg, a->storage)->size == 1 ? byte_of(x) : x;
}

static void reduce(struct run *r, uint32_t i)
{
    const struct insn *in = &r->k->body.at[i];
    double x = r->value[in->arg[0]], *y = &r->value[i];
    if (in->op == OP_sum) {
        *y = r->first ? x : rounded(r, *y + x, *y + x);
    } else if (in->op == OP_max_over) {
        *y = r->first || x > *y || isnan(x) ? x : *y; /* a NaN stays */
    } else {
        int64_t here = 0; /* along the innermost reduced dimension */
        for (uint32_t d = 0; d < r->k->rank; d++)
            if (r->k->reduced[d]) here = r->at[d];
        if (r->first) r->largest[i] = -INFINITY, r->best[i] = 0; /* a NaN is never above it */
        if (x > r->largest[i] || (x == r->largest[i] && here < r->best[i])) r->largest[i] = x, r->best[i] = here;
        *y = (double)r->best[i];
    }
}

/* The instructions of one part at one point. */
static void point(struct run *r, bool outer)
{
    for (uint32_t i = 0; i < r->k->body.n; i++) {
        const struct insn *in = &r->k->body.at[i];
        if (in->outer != outer) continue;
        double *y = &r->value[i], x[3] = {0};
        for (uint32_t a = 0; a < in->nargs; a++) x[a] = r->value[in->arg[a]];
        switch (in->kind) {
        case INSN_NUMBER: *y = in->number; break;
        case INSN_SCALAR: *y = r->scalars[in->index]; break;
        case INSN_INDEX: *y = (double)position(r, &in->at); break;
        case INSN_LOAD: *y = *cell(r, in->at.storage, position(r, &in->at)); break;
        case INSN_STORE: store(r, &in->at, x[0]); break;
        case INSN_OP:
            *y = op_hooks[in->op].fold(x);
            *y = rounded(r, *y, *y);
            break;
        case INSN_RANDOM: *y = random_value(r, in); break;
        case INSN_PRODUCT: *y = r->tile; break;
        case INSN_REDUCE: reduce(r, i); break;
        }
    }
}

/* The next index vector over the dimensions where reduced[d] == which, between low and high; false at the end. */
static bool step(struct run *r, bool which, const int64_t *low, const int64_t *high)
{
    for (uint32_t d = r->k->rank; d-- > 0;) {
        if (r->k->reduced[d] != which) continue;
        if (r->in->backwards ? --r->at[d] >= low[d] : ++r->at[d] < high[d]) return true;
        r->at[d] = r->in->backwards ? high[d] - 1 : low[d];
    }
    return false;
}

static void loop_task(struct run *r, uint32_t task)
{
    const struct kernel *k = r->k;
    int64_t low[KERNEL_RANK] = {0}, high[KERNEL_RANK];
    bool reduces = false;
    memcpy(high, k->extent, sizeof high);
    for (uint32_t d = 0; d < k->rank; d++) reduces |= k->reduced[d];
    if (k->tasks > 1) {
        low[k->split] = task * k->chunk;
        if (high[k->split] > low[k->split] + k->chunk) high[k->split] = low[k->split] + k->chunk;
    }
    for (uint32_t d = 0; d < k->rank; d++) r->at[d] = r->in->backwards ? high[d] - 1 : low[d];
    do {
        r->first = true;
        do {
            point(r, false);
            r->first = false;
        } while (reduces && step(r, true, low, high));
        if (reduces) point(r, true);
    } while (step(r, false, low, high));
}

/* The first cell of an operand, a [rows, columns] matrix as stored; NULL where it does not lie within its storage. */
static const double *operand(struct run *r, const struct access *a, int64_t rows, int64_t columns, int64_t ld)
{
    const double *first = cell(r, a->storage, a->offset);
    cell(r, a->storage, a->offset + (rows - 1) * ld + columns - 1);
    return r->wrong ? NULL : first;
}

/* The row of the left operand, as stored, that row `row` meets at k: of a product over windows; -1 where it falls outside of the image. For the
 * left operand turned, the column is the row's place in its position. */
static int64_t windows_row(const struct run *r, const struct product *x, int64_t row, int64_t k)
{
    const struct windows *w = &x->windows;
    int64_t inner = windows_inner(r->k), depth = windows_depth(x), position = row / inner, tap = k / depth, pixel[2];
    int64_t at[2] = {position / w->grid[1], position % w->grid[1]}, in[2] = {tap / w->taps[1], tap % w->taps[1]};
    for (int i = 0; i < 2; i++) {
        pixel[i] = x->ta ? at[i] + w->stride[i] * in[i] - w->before[i] : w->stride[i] * at[i] + in[i] - w->before[i];
        if (w->back) {
            int64_t far = at[i] + w->before[i] - in[i];
            if (far < 0 || far % w->stride[i]) return -1;
            pixel[i] = far / w->stride[i];
        }
        if (pixel[i] < 0 || pixel[i] >= w->image[i]) return -1;
    }
    return (pixel[0] * w->image[1] + pixel[1]) * (x->ta ? depth : inner) + (x->ta ? k % depth : row % inner);
}

/* The place in the left operand, as stored, of an element of it; -1: 0 stands there. */
static int64_t left_place(const struct run *r, const struct product *x, int64_t row, int64_t k)
{
    if (!x->windows.on) return x->ta ? k * x->lda + row : row * x->lda + k;
    int64_t there = windows_row(r, x, row, k), column = x->ta ? row % windows_inner(r->k) : k % windows_depth(x);
    return there < 0 ? -1 : there * x->lda + column;
}

/* tile[i, j] += the product's elements of rows [low[0], high[0]) and columns [low[1], high[1]); size: likewise of their terms' absolute values. */
static void product_add(struct run *r, const struct product *x, const int64_t *low, const int64_t *high, double *tile, double *size)
{
    const struct kernel *k = r->k;
    int64_t rows = high[0] - low[0], columns = high[1] - low[1];
    int64_t wide = interpret_step(kernels_storage(r->in->k, r->kg, x->a.storage)), step = interpret_step(kernels_storage(r->in->k, r->kg, x->b.storage));
    int64_t pixels = x->windows.image[0] * x->windows.image[1], deep = x->ta ? x->k : k->extent[0], broad = x->ta ? k->extent[0] : x->k;
    if (x->windows.on) deep = pixels * (x->ta ? windows_depth(x) : windows_inner(k)), broad = x->lda;
    const double *a = operand(r, &x->a, deep, broad, x->lda);
    const double *b = operand(r, &x->b, x->tb ? k->extent[1] : x->k, x->tb ? x->k : k->extent[1], x->ldb);
    if (!a || !b) return;
    int64_t across = step * (x->tb ? x->ldb : 1), down = step * (x->tb ? 1 : x->ldb);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t n = 0; n < x->k; n++) {
            int64_t place = left_place(r, x, low[0] + i, n);
            if (place < 0) continue;
            double left = a[wide * place];
            const double *right = b + n * down + low[1] * across;
            for (int64_t j = 0; j < columns; j++) tile[i * columns + j] += left * right[j * across];
            for (int64_t j = 0; size && j < columns; j++) size[i * columns + j] += fabs(left * right[j * across]);
        }
}

static void product_task(struct run *r, uint32_t task)
{
    const struct kernel *k = r->k;
    struct arena *scratch = arena_new();
    int64_t across = (k->extent[1] + k->tile[1] - 1) / k->tile[1];
    int64_t low[2] = {task / across * k->tile[0], task % across * k->tile[1]}, high[2];
    for (int d = 0; d < 2; d++) high[d] = low[d] + k->tile[d] < k->extent[d] ? low[d] + k->tile[d] : k->extent[d];
    int64_t columns = high[1] - low[1], total = (high[0] - low[0]) * columns;
    double *tile = NEW_ARRAY(scratch, double, total), *size = r->in->shake > 0 ? NEW_ARRAY(scratch, double, total) : NULL;
    for (uint32_t p = 0; p < k->products.n; p++) product_add(r, &k->products.at[p], low, high, tile, size);
    for (int64_t i = 0; size && i < total; i++) tile[i] = rounded(r, tile[i], size[i]);
    for (r->at[0] = low[0]; r->at[0] < high[0]; r->at[0]++)
        for (r->at[1] = low[1]; r->at[1] < high[1]; r->at[1]++) {
            r->tile = tile[(r->at[0] - low[0]) * columns + r->at[1] - low[1]];
            point(r, false);
        }
    arena_free(scratch);
}

const char *kernels_interpret(struct arena *mem, const struct interpretation *in, uint32_t graph)
{
    const struct kernel_graph *kg = &in->k->graphs.at[graph];
    double *scalars = NEW_ARRAY(mem, double, kg->scalars.n);
    for (uint32_t i = 0; i < kg->scalars.n; i++) scalars[i] = in->scalar(in->self, kg->scalars.at[i]);
    for (uint32_t i = 0; i < kg->kernels.n; i++) {
        const struct kernel *k = &kg->kernels.at[i];
        struct run r = {.mem = mem, .in = in, .kg = kg, .k = k, .scalars = scalars, .word = in->shaken * 0x9E3779B97F4A7C15u + i + 1};
        r.value = NEW_ARRAY(mem, double, k->body.n);
        r.largest = NEW_ARRAY(mem, double, k->body.n);
        r.best = NEW_ARRAY(mem, int64_t, k->body.n);
        for (uint32_t t = 0; t < k->tasks; t++) {
            uint32_t task = in->backwards ? k->tasks - 1 - t : t;
            if (k->kind == KERNEL_PRODUCT) product_task(&r, task);
            else loop_task(&r, task);
        }
        if (r.wrong) return r.wrong;
    }
    return NULL;
}
