/* view.c: the same elements in another arrangement. Each one's derivative is the arrangement undone: slice and pad, as_tensor and
 * as_batch derive into each other, expand into sum, concat into slices, stack into unstacks. */
#include "ops/hooks.h"
#include "ops/interval.h"
#include "ops/nest.h"

#include <string.h>

/* ---- shapes ---- */

/* The same elements of an example in row-major order; the batch is no axis of it. */
bool shape_reshape(struct ganc *g, const struct graph *graph, struct node *n)
{
    (void)graph;
    struct type x = n->arg[0]->type;
    int64_t from = type_elements(x), to = type_elements(n->type);
    if (x.batched != n->type.batched) diag(g, E0240, n->span, hooks_shape(g, x), hooks_shape(g, n->type));
    else if (from != to) diag(g, E0225, n->span, hooks_shape(g, x), hooks_shape(g, n->type), (long long)from, (long long)to);
    else return true;
    return false;
}

bool shape_expand(struct ganc *g, const struct graph *graph, struct node *n)
{
    (void)graph;
    struct type both;
    if (type_broadcast(n->arg[0]->type, n->type, &both) && type_equal(both, n->type)) return true;
    diag(g, E0226, n->span, hooks_shape(g, n->arg[0]->type), hooks_shape(g, n->type));
    return false;
}

bool shape_transpose(struct ganc *g, const struct graph *graph, struct node *n)
{
    (void)graph;
    struct type x = n->arg[0]->type;
    bool seen[MAX_RANK] = {false};
    n->type = x;
    for (uint32_t i = 0; i < x.rank; i++) {
        int64_t a = n->axes[i];
        if (!hooks_axis(g, n, a)) return false;
        if (seen[a]) {
            diag(g, E0227, n->span, hooks_shape(g, x), (long long)a);
            return false;
        }
        seen[a] = true;
        n->type.dim[i] = x.dim[a];
    }
    return true;
}

/* Does a window of shape `part` that starts at n's offsets lie inside `whole`? */
static bool check_window(struct ganc *g, const struct node *n, struct type part, struct type whole)
{
    if (part.rank != whole.rank || part.batched != whole.batched) {
        diag(g, E0228, n->span, hooks_shape(g, part), hooks_shape(g, whole));
        return false;
    }
    for (uint32_t a = 0; a < whole.rank; a++) {
        if (n->axes[a] >= 0 && part.dim[a] <= whole.dim[a] && n->axes[a] <= whole.dim[a] - part.dim[a]) continue;
        diag(g, E0229, n->span, hooks_shape(g, part), (long long)n->axes[a], (int)a, hooks_shape(g, whole));
        return false;
    }
    return true;
}

bool shape_slice(struct ganc *g, const struct graph *graph, struct node *n)
{
    (void)graph;
    return check_window(g, n, n->type, n->arg[0]->type);
}

bool shape_pad(struct ganc *g, const struct graph *graph, struct node *n)
{
    (void)graph;
    return check_window(g, n, n->arg[0]->type, n->type);
}

/* Operands are all batched or all unbatched: the builder expands first. */
bool shape_concat(struct ganc *g, const struct graph *graph, struct node *n)
{
    (void)graph;
    struct type t = n->arg[0]->type;
    int64_t axis = n->axes[0];
    if (!hooks_axis(g, n, axis)) return false;
    for (uint32_t i = 1; i < n->nargs; i++) {
        struct type x = n->arg[i]->type;
        if (x.rank != t.rank) {
            diag(g, E0230, n->span, hooks_shape(g, n->arg[0]->type), hooks_shape(g, x));
            return false;
        }
        if (x.batched != t.batched) {
            diag(g, E0231, n->span, hooks_shape(g, n->arg[0]->type), hooks_shape(g, x));
            return false;
        }
        for (uint32_t a = 0; a < t.rank; a++) {
            if (a == axis || x.dim[a] == t.dim[a]) continue;
            diag(g, E0232, n->span, hooks_shape(g, n->arg[0]->type), hooks_shape(g, x), (int)axis, (int)a, (long long)t.dim[a], (long long)x.dim[a]);
            return false;
        }
        if (x.dim[axis] > MAX_ELEMENTS - t.dim[axis]) {
            diag(g, E0238, n->span);
            return false;
        }
        t.dim[axis] += x.dim[axis];
    }
    n->type = t;
    return true;
}

bool shape_as_tensor(struct ganc *g, const struct graph *graph, struct node *n)
{
    struct type x = n->arg[0]->type;
    if (!x.batched || x.rank == MAX_RANK) {
        diag(g, E0233, n->span, hooks_shape(g, x), MAX_RANK - 1);
        return false;
    }
    n->type = (struct type){.rank = x.rank + 1, .dim = {type_examples(graph, x)}};
    memcpy(n->type.dim + 1, x.dim, x.rank * sizeof *x.dim);
    return true;
}

bool shape_as_batch(struct ganc *g, const struct graph *graph, struct node *n)
{
    struct type x = n->arg[0]->type;
    int64_t minibatches = x.rank ? x.dim[0] / graph->batch : 0;
    if (x.batched || minibatches < 1 || minibatches > MOST_MINIBATCHES || x.dim[0] % graph->batch) {
        diag(g, E0234, n->span, hooks_shape(g, x), (long long)graph->batch);
        return false;
    }
    n->type = (struct type){.batched = (uint8_t)minibatches, .rank = x.rank - 1};
    memcpy(n->type.dim, x.dim + 1, n->type.rank * sizeof *x.dim);
    return true;
}

/* The operands' minibatches; each may be a stack itself. */
bool shape_stack(struct ganc *g, const struct graph *graph, struct node *n)
{
    (void)graph;
    struct type t = n->arg[0]->type;
    int64_t minibatches = 0;
    for (uint32_t i = 0; i < n->nargs; i++) {
        struct type x = n->arg[i]->type, same = t;
        minibatches += x.batched;
        same.batched = x.batched;
        if (x.batched && type_equal(x, same)) continue;
        diag(g, E0653, n->span, hooks_shape(g, t), hooks_shape(g, x));
        return false;
    }
    if (minibatches > MOST_MINIBATCHES) {
        diag(g, E0654, n->span, (long long)minibatches, MOST_MINIBATCHES);
        return false;
    }
    n->type = t;
    n->type.batched = (uint8_t)minibatches;
    return true;
}

bool shape_unstack(struct ganc *g, const struct graph *graph, struct node *n)
{
    (void)graph;
    struct type t = n->arg[0]->type;
    int64_t from = n->axes[0], count = n->axes[1];
    if (from < 0 || count < 1 || from > t.batched || count > t.batched - from) {
        diag(g, E0655, n->span, (long long)count, (long long)from, (long long)t.batched);
        return false;
    }
    n->type = t;
    n->type.batched = (uint8_t)count;
    return true;
}

/* ---- ranges: of what it is made of; pad's zeros count ---- */

static struct range range_operands(const struct node *n)
{
    struct range r = n->arg[0]->range;
    for (uint32_t i = 1; i < n->nargs; i++) r = interval_hull(r, n->arg[i]->range);
    return r;
}

#define RANGE(name, rule)                                                                                              \
    void range_##name(const struct graph *graph, struct node *n)                                                       \
    {                                                                                                                  \
        (void)graph;                                                                                                   \
        n->range = rule;                                                                                               \
    }
RANGE(reshape, range_operands(n))
RANGE(expand, range_operands(n))
RANGE(transpose, range_operands(n))
RANGE(slice, range_operands(n))
RANGE(concat, range_operands(n))
RANGE(pad, type_equal(n->type, n->arg[0]->type) ? range_operands(n) : interval_hull(range_operands(n), interval_point(0)))
RANGE(as_tensor, range_operands(n))
RANGE(as_batch, range_operands(n))
RANGE(stack, range_operands(n))
RANGE(unstack, range_operands(n))

/* ---- evaluation ---- */

/* y[to] = x[from] of operand k at each point of the nest; -1: the nest's own count, else one of its arrays. */
static void copy(struct evaluation *e, uint32_t k, struct nest nest, int to, int from)
{
    for (int64_t i = 0; i < nest.total; i++, nest_next(&nest)) {
        int64_t t = to < 0 ? i : nest.at[to], f = from < 0 ? i : nest.at[from];
        e->y[t] = e->x[k][f];
        if (e->dy) e->dy[t] = e->dx[k] ? e->dx[k][f] : 0;
    }
}

static void copy_all(struct evaluation *e)
{
    copy(e, 0, nest_over(e->graph, e->n->type), -1, -1);
}

void evaluate_reshape(struct evaluation *e)
{
    copy_all(e);
}

void evaluate_as_tensor(struct evaluation *e)
{
    copy_all(e);
}

void evaluate_as_batch(struct evaluation *e)
{
    copy_all(e);
}

void evaluate_expand(struct evaluation *e)
{
    struct nest nest = nest_over(e->graph, e->n->type);
    nest_broadcast(&nest, e->n->arg[0]->type);
    copy(e, 0, nest, -1, 0);
}

void evaluate_transpose(struct evaluation *e)
{
    struct nest nest = nest_over(e->graph, e->n->type);
    int64_t own[NEST_RANK];
    nest_strides(e->n->arg[0]->type, own);
    nest.arrays = 1;
    nest.stride[0][0] = own[0];
    for (uint32_t i = 0; i < e->n->type.rank; i++) nest.stride[0][i + 1] = own[e->n->axes[i] + 1];
    copy(e, 0, nest, -1, 0);
}

/* A nest over `part`, whose array 0 is a window in a value of type `whole`. */
static struct nest nest_window(const struct graph *graph, struct type part, struct type whole, const int64_t *offsets)
{
    struct nest nest = nest_over(graph, part);
    nest.arrays = 1;
    nest_strides(whole, nest.stride[0]);
    for (uint32_t a = 0; a < whole.rank; a++) nest.at[0] += offsets[a] * nest.stride[0][a + 1];
    return nest;
}

void evaluate_slice(struct evaluation *e)
{
    copy(e, 0, nest_window(e->graph, e->n->type, e->n->arg[0]->type, e->n->axes), -1, 0);
}

void evaluate_pad(struct evaluation *e)
{
    size_t bytes = (size_t)type_total(e->graph, e->n->type) * sizeof *e->y;
    memset(e->y, 0, bytes);
    if (e->dy) memset(e->dy, 0, bytes);
    copy(e, 0, nest_window(e->graph, e->n->arg[0]->type, e->n->type, e->n->axes), 0, -1);
}

void evaluate_concat(struct evaluation *e)
{
    int64_t offsets[MAX_RANK] = {0}, axis = e->n->axes[0];
    for (uint32_t k = 0; k < e->n->nargs; k++) {
        copy(e, k, nest_window(e->graph, e->n->arg[k]->type, e->n->type, offsets), 0, -1);
        offsets[axis] += e->n->arg[k]->type.dim[axis];
    }
}

void evaluate_stack(struct evaluation *e)
{
    int64_t offset = 0;
    for (uint32_t k = 0; k < e->n->nargs; k++) {
        struct nest nest = nest_over(e->graph, e->n->arg[k]->type);
        nest.arrays = 1;
        nest_strides(e->n->type, nest.stride[0]);
        nest.at[0] = offset;
        offset += nest.total;
        copy(e, k, nest, 0, -1);
    }
}

void evaluate_unstack(struct evaluation *e)
{
    struct nest nest = nest_over(e->graph, e->n->type);
    nest.arrays = 1;
    nest_strides(e->n->type, nest.stride[0]);
    nest.at[0] = e->n->axes[0] * e->graph->batch * type_elements(e->n->type);
    copy(e, 0, nest, -1, 0);
}

/* ---- derivatives ---- */

void derive_reshape(struct derive *d)
{
    d->dx[0] = graph_reshape(d->g, d->graph, d->dy, d->x[0]->type);
}

/* Each element of the operand collects what it was copied to. */
void derive_expand(struct derive *d)
{
    struct type x = d->x[0]->type, y = d->y->type;
    int64_t axes[MAX_RANK];
    uint32_t count = 0, lead = y.rank - x.rank;
    for (uint32_t a = 0; a < y.rank; a++)
        if (a < lead || (x.dim[a - lead] == 1 && y.dim[a] > 1)) axes[count++] = a;
    struct node *dx = graph_sum(d->g, d->graph, d->dy, axes, count, y.batched && !x.batched);
    d->dx[0] = graph_reshape(d->g, d->graph, dx, x);
}

void derive_transpose(struct derive *d)
{
    int64_t inverse[MAX_RANK];
    for (uint32_t i = 0; i < d->y->type.rank; i++) inverse[d->y->axes[i]] = i;
    d->dx[0] = hooks_transpose(d, d->dy, inverse);
}

/* dx = op(dy) in a window at the given offsets. */
static struct node *window(struct derive *d, enum op op, struct type t, const int64_t *offsets)
{
    struct node like = {.type = t, .axis_count = t.rank};
    memcpy(like.axes, offsets, t.rank * sizeof *offsets);
    return hooks_node(d, op, d->dy, like);
}

void derive_slice(struct derive *d)
{
    d->dx[0] = window(d, OP_pad, d->x[0]->type, d->y->axes);
}

void derive_pad(struct derive *d)
{
    d->dx[0] = window(d, OP_slice, d->x[0]->type, d->y->axes);
}

void derive_concat(struct derive *d)
{
    int64_t offsets[MAX_RANK] = {0}, axis = d->y->axes[0];
    for (uint32_t k = 0; k < d->y->nargs; k++) {
        d->dx[k] = window(d, OP_slice, d->x[k]->type, offsets);
        offsets[axis] += d->x[k]->type.dim[axis];
    }
}

void derive_as_tensor(struct derive *d)
{
    d->dx[0] = hooks_node(d, OP_as_batch, d->dy, (struct node){0});
}

void derive_as_batch(struct derive *d)
{
    d->dx[0] = hooks_node(d, OP_as_tensor, d->dy, (struct node){0});
}

static struct node *part(struct derive *d, struct node *x, int64_t from, int64_t count)
{
    return hooks_node(d, OP_unstack, x, (struct node){.axes = {from, count}});
}

void derive_stack(struct derive *d)
{
    int64_t from = 0;
    for (uint32_t k = 0; k < d->y->nargs; k++) {
        d->dx[k] = part(d, d->dy, from, d->x[k]->type.batched);
        from += d->x[k]->type.batched;
    }
}

/* Zeros for the minibatches that were left out. */
void derive_unstack(struct derive *d)
{
    struct node *parts[3], *zero = graph_constant(d->g, d->graph, 0, d->y->span);
    int64_t whole = d->x[0]->type.batched, from = d->y->axes[0], count = d->y->axes[1], left[2] = {from, whole - from - count};
    struct type t = d->y->type;
    uint32_t n = 0;
    for (int i = 0; i < 2; i++) {
        if (i == 1) parts[n++] = d->dy;
        t.batched = (uint8_t)left[i];
        if (left[i]) parts[n++] = graph_expand(d->g, d->graph, zero, t);
    }
    d->dx[0] = graph_node(d->g, d->graph, OP_stack, n, parts, NULL, d->y->span);
}
