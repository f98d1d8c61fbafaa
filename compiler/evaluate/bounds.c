/* bounds.c: see bounds.h. */
#include "evaluate/bounds.h"

#include "evaluate/run.h"
#include "ops/nest.h"

#include <string.h>

#define CORNERS 3 /* of an operand: less its bound, as it is, with its bound */

struct walk {
    struct evaluator_run *run;
    struct arena *mem;
    double unit, tiny, largest;
    struct bounds to;
};

static const double *value_of(const struct walk *w, const struct node *n)
{
    return w->run->value[n->id].jets.part[0];
}

static int64_t total_of(const struct walk *w, const struct node *n)
{
    return type_total(w->run->graph, n->type);
}

/* ---- leaves ---- */

/* In units, of the value and beside it: what a leaf is made of that is no number of the precision. */
static void leaf_rounds(const struct node *n, double unit, double *relative, double *absolute)
{
    *relative = *absolute = 0;
    switch (n->op) {
    case OP_scalar: *relative = 1; break; /* in double, then rounded */
    case OP_constant: *relative = unit > 0x1p-50 && evaluator_rounds(n); break;
    case OP_data_mean: *relative = 1; break;
    case OP_rand_normal: *relative = 16, *absolute = 64; break; /* sqrt(-2 log u) cos(2 pi v): the cosine's argument rounds, and it is at most 5.8 */
    default: break;
    }
}

static void leaf(struct walk *w, const struct node *n, double *to)
{
    double relative, absolute;
    leaf_rounds(n, w->unit, &relative, &absolute);
    for (int64_t i = 0; i < total_of(w, n); i++) to[i] = w->unit * (relative * fabs(value_of(w, n)[i]) + absolute);
}

/* ---- elementwise ---- */

/* How many units the operation rounds by: codegen/math.c's bounds in ulp, which are up to twice the unit each, and the C library's. */
static double roundings(const struct node *n)
{
    if (!evaluator_rounds(n)) return 0;
    switch (n->op) {
    case OP_add: case OP_sub: case OP_mul: case OP_div: return 1;
    case OP_sqrt: return 2;
    case OP_sigmoid: return 6;
    case OP_rem: return 4;
    default: return 4;
    }
}

/* Does the operation decide something by its operands, so that it may not come out another way within their bounds? */
static bool decides(enum op op)
{
    return op == OP_sign || op == OP_floor || (op >= OP_eq && op <= OP_ge);
}

/* The bound of one element, x and off being its operands and their bounds; negative: undecided. */
static double corners(const struct walk *w, const struct node *n, const double *x, const double *off)
{
    enum op op = n->op;
    uint32_t nargs = n->nargs;
    double y = op_hooks[op].fold(x), most = 0, size = fabs(y);
    double at[3];
    uint32_t all = 1;
    for (uint32_t k = 0; k < nargs; k++) all *= CORNERS;
    if (op == OP_where && off[0] != 0) return -1;
    for (uint32_t c = 0; c < all; c++) {
        uint32_t rest = c;
        for (uint32_t k = 0; k < nargs; k++, rest /= CORNERS) at[k] = x[k] + ((double)(rest % CORNERS) - 1) * off[k];
        double there = op_hooks[op].fold(at), moved = fabs(there - y);
        if (!(moved <= w->largest)) return -1;
        if (op == OP_rem && floor(at[0] / at[1]) != floor(x[0] / x[1])) return -1;
        if (moved > most) most = moved;
        if (fabs(there) > size) size = fabs(there);
    }
    if (decides(op) && most != 0) return -1;
    /* x - y floor(x / y): the quotient rounds, and the product is as large as x */
    if (op == OP_rem) {
        double q = x[0] / x[1];
        if (floor(q + 2 * w->unit * fabs(q)) != floor(q - 2 * w->unit * fabs(q))) return -1;
        size += fabs(x[0]);
    }
    double rounds = roundings(n);
    return most + rounds * w->unit * size + (rounds > 0 ? w->tiny : 0);
}

static void map(struct walk *w, const struct node *n, double *to)
{
    struct nest nest = nest_over(w->run->graph, n->type);
    for (uint32_t k = 0; k < n->nargs; k++) nest_broadcast(&nest, n->arg[k]->type);
    for (int64_t i = 0; i < nest.total; i++, nest_next(&nest)) {
        double x[3], off[3];
        for (uint32_t k = 0; k < n->nargs; k++) {
            x[k] = value_of(w, n->arg[k])[nest.at[k]];
            off[k] = w->to.of[n->arg[k]->id][nest.at[k]];
        }
        to[i] = corners(w, n, x, off);
        if (to[i] < 0) {
            w->to.undecided = n;
            return;
        }
    }
}

/* ---- reductions, views, products ---- */

static void views(struct walk *w, const struct node *n, double *to)
{
    struct node plain = *n;
    const double **off = NEW_ARRAY(w->mem, const double *, n->nargs);
    for (uint32_t k = 0; k < n->nargs; k++) off[k] = w->to.of[n->arg[k]->id];
    plain.number = 0; /* what stands in padding is exact */
    evaluator_apply(w->run, w->mem, &plain, off, to);
}

/* So many terms make an element of a sum or product, at most. */
static double terms_of(const struct walk *w, const struct node *n)
{
    const struct type *first = &n->arg[0]->type, *second = n->nargs > 1 ? &n->arg[1]->type : NULL;
    double one = (double)total_of(w, n), from = (double)total_of(w, n->arg[0]);
    switch (n->op) {
    case OP_matmul: return sqrt(from * (double)total_of(w, n->arg[1]) / one);
    case OP_conv2d: return (double)(second->dim[0] * second->dim[1] * first->dim[2]);
    case OP_conv2d_transpose: return (double)(second->dim[0] * second->dim[1] * first->dim[2]);
    case OP_conv2d_kernel: return (double)total_of(w, n->arg[1]) / (double)second->dim[2];
    case OP_windows_sum: return (double)(n->axes[6] * n->axes[7]);
    default: return fmax(from / one, 1);
    }
}

/* A sum of products, or of single terms: k roundings of the sum of the terms' sizes. */
static void sums(struct walk *w, const struct node *n, double *to)
{
    int64_t total = total_of(w, n);
    const double **size = evaluator_sizes(w->run, w->mem, n), *off[2];
    double terms = terms_of(w, n);
    for (uint32_t k = 0; k < n->nargs; k++) off[k] = w->to.of[n->arg[k]->id];
    double *sum = NEW_ARRAY(w->mem, double, total), *moved = NEW_ARRAY(w->mem, double, total);
    evaluator_apply(w->run, w->mem, n, size, sum);
    for (int64_t i = 0; i < total; i++) to[i] = (terms + 2) * (w->unit * sum[i] + w->tiny);
    for (uint32_t pick = 1; pick < 1u << n->nargs; pick++) { /* which operands are at their bounds, the others being as large as they are */
        const double *x[2];
        for (uint32_t k = 0; k < n->nargs; k++) x[k] = pick >> k & 1 ? off[k] : size[k];
        evaluator_apply(w->run, w->mem, n, x, moved);
        for (int64_t i = 0; i < total; i++) to[i] += moved[i];
    }
}

/* The largest may be another, but is as large up to the bounds. Of argmax another would be another result. */
static void largest(struct walk *w, const struct node *n, double *to)
{
    const struct node *x = n->arg[0];
    int64_t total = total_of(w, n), count = total_of(w, x);
    if (n->op == OP_max_over) {
        evaluator_apply(w->run, w->mem, n, (const double *const *)&w->to.of[x->id], to);
        return;
    }
    double *at = NEW_ARRAY(w->mem, double, count), *rival = NEW_ARRAY(w->mem, double, total);
    const double *v = value_of(w, x), *off = w->to.of[x->id], *best = value_of(w, n);
    int64_t axis = n->axes[0], inner = 1;
    for (uint32_t a = (uint32_t)axis + 1; a < x->type.rank; a++) inner *= x->type.dim[a];
    int64_t length = x->type.dim[axis];
    for (int64_t i = 0; i < count; i++) { /* the best at its lowest, the others at their highest */
        int64_t one = i / (inner * length) * inner + i % inner;
        at[i] = v[i] + (i / inner % length == (int64_t)best[one] ? -off[i] : off[i]);
    }
    evaluator_apply(w->run, w->mem, n, (const double *const[]){at}, rival);
    for (int64_t i = 0; i < total; i++)
        if (rival[i] != best[i]) w->to.undecided = n;
}

static void node_bounds(struct walk *w, const struct node *n)
{
    double *to = w->to.of[n->id] = NEW_ARRAY(w->mem, double, total_of(w, n));
    switch (op_info[n->op].class) {
    case CLASS_LEAF: leaf(w, n, to); break;
    case CLASS_MAP: map(w, n, to); break;
    case CLASS_VIEW: views(w, n, to); break;
    case CLASS_PRODUCT: sums(w, n, to); break;
    case CLASS_REDUCE:
        if (n->op == OP_sum || n->op == OP_windows_sum) sums(w, n, to);
        else largest(w, n, to);
        break;
    case CLASS_GRAD: w->to.undecided = n; break;
    }
    for (int64_t i = 0; i < total_of(w, n) && !w->to.undecided; i++)
        if (!(fabs(value_of(w, n)[i]) + to[i] <= w->largest)) w->to.undecided = n;
}

struct bounds bounds_make(struct evaluator *e, struct arena *mem, double unit, double most)
{
    struct walk w = {.run = e->run, .mem = mem, .unit = unit, .tiny = unit > 0x1p-50 ? 0x1p-126 : 0x1p-1022, .largest = most};
    const struct graph *graph = e->run->graph;
    w.to.of = NEW_ARRAY(mem, double *, graph->nodes.n);
    for (uint32_t id = 0; id < graph->nodes.n && !w.to.undecided; id++)
        if (w.run->value[id].jets.part[0]) node_bounds(&w, graph->nodes.at[id]);
    return w.to;
}
