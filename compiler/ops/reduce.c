/* reduce.c: sum, max_over, argmax: the axes reduced are gone from the result.
 *
 * sum and max_over name their axes in ascending order, each once; sum may take the batch too, which makes the result unbatched.
 * In max_over's derivative, as in its tangent, the first of equal elements (in row-major order) takes all. */
#include "ops/hooks.h"
#include "ops/interval.h"
#include "ops/nest.h"

#include <math.h>
#include <string.h>

/* ---- shapes ---- */

static struct type without_axes(struct type x, const int64_t *axes, uint32_t count, bool over_batch)
{
    struct type t = {.batched = over_batch ? 0 : x.batched};
    for (uint32_t a = 0, k = 0; a < x.rank; a++)
        if (k < count && axes[k] == a) k++;
        else t.dim[t.rank++] = x.dim[a];
    return t;
}

static bool check_axes(struct ganc *g, struct node *n)
{
    for (uint32_t i = 0; i < n->axis_count; i++) {
        if (!hooks_axis(g, n, n->axes[i])) return false;
        if (i && n->axes[i] <= n->axes[i - 1]) {
            diag(g, E0222, n->span, op_info[n->op].name);
            return false;
        }
    }
    if (n->axis_count || n->over_batch) return true;
    diag(g, E0223, n->span, op_info[n->op].name);
    return false;
}

bool shape_sum(struct ganc *g, const struct graph *graph, struct node *n)
{
    (void)graph;
    struct type x = n->arg[0]->type;
    if (!check_axes(g, n)) return false;
    if (n->over_batch && !x.batched) {
        diag(g, E0224, n->span, op_info[n->op].name, hooks_shape(g, x));
        return false;
    }
    n->type = without_axes(x, n->axes, n->axis_count, n->over_batch);
    return true;
}

bool shape_max_over(struct ganc *g, const struct graph *graph, struct node *n)
{
    (void)graph;
    struct type x = n->arg[0]->type;
    if (n->over_batch) {
        diag(g, E0224, n->span, op_info[n->op].name, hooks_shape(g, x));
        return false;
    }
    if (!check_axes(g, n)) return false;
    n->type = without_axes(x, n->axes, n->axis_count, false);
    return true;
}

bool shape_argmax(struct ganc *g, const struct graph *graph, struct node *n)
{
    (void)graph;
    if (!hooks_axis(g, n, n->axes[0])) return false;
    n->type = without_axes(n->arg[0]->type, n->axes, 1, false);
    return true;
}

/* ---- ranges ---- */

void range_sum(const struct graph *graph, struct node *n)
{
    const struct type *x = &n->arg[0]->type;
    double count = n->over_batch ? (double)type_examples(graph, *x) : 1;
    for (uint32_t i = 0; i < n->axis_count; i++) count *= (double)x->dim[n->axes[i]];
    n->range = interval_scale(n->arg[0]->range, count);
}

void range_max_over(const struct graph *graph, struct node *n)
{
    (void)graph;
    n->range = n->arg[0]->range;
}

void range_argmax(const struct graph *graph, struct node *n)
{
    (void)graph;
    n->range = interval_of(0, (double)n->arg[0]->type.dim[n->axes[0]] - 1);
}

/* ---- evaluation ---- */

/* A nest over the operand; its array 0 is the result, which stands still along the axes reduced. */
static struct nest nest_reduction(const struct evaluation *e, bool reduced[NEST_RANK])
{
    const struct node *n = e->n;
    struct nest nest = nest_over(e->graph, n->arg[0]->type);
    int64_t own[NEST_RANK];
    nest_strides(n->type, own);
    nest.arrays = 1;
    memset(reduced, 0, NEST_RANK * sizeof *reduced);
    reduced[0] = n->over_batch;
    for (uint32_t i = 0; i < n->axis_count; i++) reduced[n->axes[i] + 1] = true;
    nest.stride[0][0] = own[0];
    for (uint32_t a = 1, k = 1; a < nest.rank; a++)
        if (!reduced[a]) nest.stride[0][a] = own[k++];
    return nest;
}

void evaluate_sum(struct evaluation *e)
{
    bool reduced[NEST_RANK];
    struct nest nest = nest_reduction(e, reduced);
    size_t bytes = (size_t)type_total(e->graph, e->n->type) * sizeof *e->y;
    memset(e->y, 0, bytes);
    if (e->dy) memset(e->dy, 0, bytes);
    for (int64_t i = 0; i < nest.total; i++, nest_next(&nest)) {
        e->y[nest.at[0]] += e->x[0][i];
        if (e->dy && e->dx[0]) e->dy[nest.at[0]] += e->dx[0][i];
    }
}

void evaluate_max_over(struct evaluation *e)
{
    bool reduced[NEST_RANK];
    struct nest nest = nest_reduction(e, reduced);
    for (int64_t i = 0; i < nest.total; i++, nest_next(&nest)) {
        bool first = true;
        for (uint32_t a = 0; a < nest.rank; a++) first = first && !(reduced[a] && nest.index[a]);
        if (!first && !(e->x[0][i] > e->y[nest.at[0]] || isnan(e->x[0][i]))) continue; /* a NaN stays */
        e->y[nest.at[0]] = e->x[0][i];
        if (e->dy) e->dy[nest.at[0]] = e->dx[0] ? e->dx[0][i] : 0;
    }
    if (!e->branches) return;
    nest = nest_reduction(e, reduced);
    for (int64_t i = 0; i < nest.total; i++, nest_next(&nest))
        if (e->x[0][i] == e->y[nest.at[0]]) branch_taken(e->branches, (double)i);
}

void evaluate_argmax(struct evaluation *e)
{
    struct type x = e->n->arg[0]->type;
    int64_t axis = e->n->axes[0], own[NEST_RANK];
    struct nest nest = nest_over(e->graph, e->n->type); /* array 0: the operand, at index 0 of the axis */
    nest_strides(x, own);
    nest.arrays = 1;
    for (uint32_t a = 0, k = 0; a <= x.rank; a++)
        if (a != axis + 1) nest.stride[0][k++] = own[a];
    for (int64_t i = 0; i < nest.total; i++, nest_next(&nest)) {
        const double *v = e->x[0] + nest.at[0];
        double top = -INFINITY; /* a NaN is never above it */
        int64_t best = 0;
        for (int64_t k = 0; k < x.dim[axis]; k++)
            if (v[k * own[axis + 1]] > top) best = k, top = v[k * own[axis + 1]];
        e->y[i] = (double)best;
        if (e->branches) branch_taken(e->branches, (double)best);
        if (e->dy) e->dy[i] = 0;
    }
}

/* ---- derivatives ---- */

/* dy with the reduced axes back, of length 1, then copied along them. */
void derive_sum(struct derive *d)
{
    const struct node *n = d->y;
    struct type t = d->x[0]->type;
    t.batched = n->type.batched;
    for (uint32_t i = 0; i < n->axis_count; i++) t.dim[n->axes[i]] = 1;
    struct node *kept = graph_reshape(d->g, d->graph, d->dy, t);
    d->dx[0] = graph_expand(d->g, d->graph, kept, d->x[0]->type);
}

/* The axes reduced, brought together as one axis: [before..., reduced, after...]. Where they do not stand side by side
 * they are moved behind the others first. */
struct gathered {
    bool moved;
    int64_t permutation[MAX_RANK], inverse[MAX_RANK];
    struct type arranged; /* the operand's, after moving */
    struct type type;     /* with the one axis */
    struct type one;      /* with the axis at length 1: the result's elements */
    uint32_t axis;
};

static struct gathered gather(const struct node *n, struct type x)
{
    struct gathered a = {.moved = n->axes[n->axis_count - 1] - n->axes[0] >= n->axis_count, .arranged = {.batched = x.batched, .rank = x.rank}};
    uint32_t kept = 0, reduced = x.rank - n->axis_count;
    for (uint32_t i = 0, k = 0; i < x.rank; i++) {
        bool gone = k < n->axis_count && n->axes[k] == i;
        a.permutation[a.moved ? (gone ? reduced++ : kept++) : i] = i;
        k += gone;
    }
    for (uint32_t i = 0; i < x.rank; i++) {
        a.inverse[a.permutation[i]] = i;
        a.arranged.dim[i] = x.dim[a.permutation[i]];
    }
    a.axis = a.moved ? kept : (uint32_t)n->axes[0];
    a.type.batched = x.batched;
    for (uint32_t i = 0; i < x.rank; i++)
        if (i > a.axis && i < a.axis + n->axis_count) a.type.dim[a.axis] *= a.arranged.dim[i];
        else a.type.dim[a.type.rank++] = a.arranged.dim[i];
    a.one = a.type;
    a.one.dim[a.axis] = 1;
    return a;
}

/* dy where the index along the reduced axis is argmax, else 0. */
void derive_max_over(struct derive *d)
{
    struct gathered a = gather(d->y, d->x[0]->type);
    struct node *x = a.moved ? hooks_transpose(d, d->x[0], a.permutation) : d->x[0];
    x = graph_reshape(d->g, d->graph, x, a.type);
    struct node *best = hooks_node(d, OP_argmax, x, (struct node){.axes = {a.axis}, .axis_count = 1});
    struct node *index = hooks_node(d, OP_iota, NULL, (struct node){.type = type_of(false, 1, &a.type.dim[a.axis])});
    struct type along = {.rank = (uint8_t)(a.type.rank - a.axis)}; /* [n, 1, ...]: aligned with the axis */
    for (uint32_t i = 0; i < along.rank; i++) along.dim[i] = i ? 1 : a.type.dim[a.axis];
    index = graph_reshape(d->g, d->graph, index, along);
    best = graph_reshape(d->g, d->graph, best, a.one);
    struct node *here = graph_binary(d->g, d->graph, OP_eq, index, best);
    struct node *dy = graph_reshape(d->g, d->graph, d->dy, a.one), *zero = graph_constant(d->g, d->graph, 0, d->y->span);
    struct node *dx = graph_reshape(d->g, d->graph, graph_where(d->g, d->graph, here, dy, zero), a.arranged);
    d->dx[0] = a.moved ? hooks_transpose(d, dx, a.inverse) : dx;
}
