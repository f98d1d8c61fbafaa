/* elementwise.c: the operations of class MAP: each a row with its value, its partial derivatives (for the evaluator's tangents) and its
 * range, then the one shape rule and the one loop that all share.
 *
 * Kinks as ops.def has them: abs has slope 0 at 0, the ties of max and min go to the first operand, and what is locally constant
 * (sign, floor, comparisons) or meant as a constant (stop) has slope 0 everywhere. */
#include "ops/hooks.h"
#include "ops/interval.h"
#include "ops/nest.h"

typedef void partial_rule(const double *x, double y, double *d); /* d[i] = dy / dx[i] at operands x, value y */

static void map(struct evaluation *e, fold_rule *fold, partial_rule *partial);

/* ---- functions that need more than an expression ---- */

static double sigmoid(double x)
{
    double e = exp(-fabs(x)); /* at most 1: nothing overflows */
    return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

static double softplus(double x)
{
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}

static struct range range_of_log(struct range x)
{
    if (!(x.high > 0)) return range_all(); /* never a number */
    bool low = x.low > 0;
    return (struct range){low ? log(x.low) : -INFINITY, log(x.high), low ? x.low_open : true, x.high_open};
}

static struct range range_of_sqrt(struct range x)
{
    if (!(x.high >= 0)) return range_all();
    bool low = x.low >= 0;
    return (struct range){low ? sqrt(x.low) : 0, sqrt(x.high), low ? x.low_open : false, x.high_open};
}

static struct range range_of_sign(struct range x)
{
    double low = x.low < 0 ? -1 : interval_positive(x) ? 1 : 0;
    double high = x.high > 0 ? 1 : interval_positive(interval_neg(x)) ? -1 : 0;
    return interval_of(low, high);
}

static struct range range_of_floor(struct range x)
{
    double high = floor(x.high);
    if (x.high_open && high == x.high) high -= 1;
    return interval_of(floor(x.low), high);
}

/* In [0, b) for a positive b, in (b, 0] for a negative one. */
static struct range range_of_rem(struct range a, struct range b)
{
    if (interval_positive(interval_neg(b))) return interval_neg(range_of_rem(interval_neg(a), interval_neg(b)));
    if (!interval_positive(b)) return range_all();
    struct range r = {0, b.high, false, true};
    if (a.low >= 0 && a.high < r.high) r.high = a.high, r.high_open = a.high_open; /* nor more than it was */
    return r;
}

/* ---- the table ---- */

/* Within a row: the operands x or a, b or c, a, b; the value y; and their ranges in capitals. `same`: both operands are one node. */
#define UNARY(name, value, slope, interval)                                                                            \
    double fold_##name(const double *v)                                                                                \
    {                                                                                                                  \
        double x = v[0];                                                                                               \
        return value;                                                                                                  \
    }                                                                                                                  \
    static void partial_##name(const double *v, double y, double *d)                                                   \
    {                                                                                                                  \
        double x = v[0];                                                                                               \
        (void)x, (void)y;                                                                                              \
        d[0] = slope;                                                                                                  \
    }                                                                                                                  \
    void range_##name(const struct graph *graph, struct node *n)                                                       \
    {                                                                                                                  \
        struct range X = n->arg[0]->range;                                                                             \
        (void)graph, (void)X;                                                                                          \
        n->range = interval;                                                                                           \
    }                                                                                                                  \
    void evaluate_##name(struct evaluation *e) { map(e, fold_##name, partial_##name); }

#define BINARY(name, value, slope_a, slope_b, interval)                                                                \
    double fold_##name(const double *v)                                                                                \
    {                                                                                                                  \
        double a = v[0], b = v[1];                                                                                     \
        return value;                                                                                                  \
    }                                                                                                                  \
    static void partial_##name(const double *v, double y, double *d)                                                   \
    {                                                                                                                  \
        double a = v[0], b = v[1];                                                                                     \
        (void)a, (void)b, (void)y;                                                                                     \
        d[0] = slope_a;                                                                                                \
        d[1] = slope_b;                                                                                                \
    }                                                                                                                  \
    void range_##name(const struct graph *graph, struct node *n)                                                       \
    {                                                                                                                  \
        struct range A = n->arg[0]->range, B = n->arg[1]->range;                                                       \
        bool same = n->arg[0] == n->arg[1];                                                                            \
        (void)graph, (void)A, (void)B, (void)same;                                                                     \
        n->range = interval;                                                                                           \
    }                                                                                                                  \
    void evaluate_##name(struct evaluation *e) { map(e, fold_##name, partial_##name); }

#define COMPARISON(name, value) BINARY(name, value, 0, 0, interval_of(0, 1))

#define TWO_OVER_SQRT_PI 1.12837916709551257390

UNARY(neg, -x, -1, interval_neg(X))
UNARY(exp, exp(x), y, interval_increasing(X, fold_exp))
UNARY(log, log(x), 1 / x, range_of_log(X))
UNARY(sqrt, sqrt(x), 1 / (2 * y), range_of_sqrt(X))
UNARY(abs, fabs(x), (x > 0) - (x < 0), interval_abs(X))
UNARY(sign, (x > 0) - (x < 0), 0, range_of_sign(X))
UNARY(sin, sin(x), cos(x), interval_of(-1, 1))
UNARY(cos, cos(x), -sin(x), interval_of(-1, 1))
UNARY(tanh, tanh(x), 1 / (cosh(x) * cosh(x)), interval_increasing(X, fold_tanh))
UNARY(sigmoid, sigmoid(x), sigmoid(x) * sigmoid(-x), interval_increasing(X, fold_sigmoid))
UNARY(softplus, softplus(x), sigmoid(x), interval_increasing(X, fold_softplus))
UNARY(erf, erf(x), TWO_OVER_SQRT_PI * exp(-x * x), interval_increasing(X, fold_erf))
UNARY(floor, floor(x), 0, range_of_floor(X))
UNARY(stop, x, 0, X)
BINARY(add, a + b, 1, 1, interval_add(A, B))
BINARY(sub, a - b, 1, -1, interval_add(A, interval_neg(B)))
BINARY(mul, a * b, b, a, same ? interval_pow(A, interval_point(2)) : interval_mul(A, B))
BINARY(div, a / b, 1 / b, -a / (b * b), interval_div(A, B))
BINARY(rem, a - b * floor(a / b), 1, -floor(a / b), range_of_rem(A, B))
BINARY(pow, pow(a, b), b == 0 ? 0 : b * pow(a, b - 1), a > 0 ? log(a) * y : 0, interval_pow(A, B))
BINARY(max, a >= b ? a : b, a >= b, !(a >= b), interval_max(A, B))
BINARY(min, a <= b ? a : b, a <= b, !(a <= b), interval_min(A, B))
COMPARISON(eq, a == b)
COMPARISON(ne, a != b)
COMPARISON(lt, a < b)
COMPARISON(le, a <= b)
COMPARISON(gt, a > b)
COMPARISON(ge, a >= b)

double fold_where(const double *v)
{
    return v[0] != 0 ? v[1] : v[2];
}

static void partial_where(const double *v, double y, double *d)
{
    (void)y;
    d[0] = 0;
    d[1] = v[0] != 0;
    d[2] = v[0] == 0;
}

void range_where(const struct graph *graph, struct node *n)
{
    (void)graph;
    n->range = interval_hull(n->arg[1]->range, n->arg[2]->range);
}

void evaluate_where(struct evaluation *e)
{
    map(e, fold_where, partial_where);
}

/* ---- what all share ---- */

static bool broadcast_error(struct ganc *g, const struct node *n, struct type a, struct type b)
{
    if (a.batched && b.batched && a.batched != b.batched) {
        diag(g, E0656, n->span, hooks_shape(g, a), hooks_shape(g, b), a.batched, b.batched);
        return false;
    }
    int axis = -1; /* counted from the end, where shapes are aligned; -1 is the last, as in the language */
    for (;; axis--) {
        int64_t x = a.dim[a.rank + axis], y = b.dim[b.rank + axis];
        if (x == y || x == 1 || y == 1) continue;
        diag(g, E0220, n->span, hooks_shape(g, a), hooks_shape(g, b), axis, (long long)x, (long long)y);
        return false;
    }
}

/* Example shapes broadcast as in NumPy, aligned at the last axis; the result is batched if any operand is. */
bool shape_map(struct ganc *g, const struct graph *graph, struct node *n)
{
    (void)graph;
    struct type t = n->arg[0]->type;
    for (uint32_t i = 1; i < n->nargs; i++) {
        struct type both;
        if (!type_broadcast(t, n->arg[i]->type, &both)) return broadcast_error(g, n, t, n->arg[i]->type);
        t = both;
    }
    n->type = t;
    return true;
}

/* What an operation with kinks or jumps decides at x; 0 for the others. */
static double decision(enum op op, const double *x, double y)
{
    switch (op) {
    case OP_abs:
    case OP_sign: return (x[0] > 0) - (x[0] < 0);
    case OP_max: return x[0] >= x[1];
    case OP_min: return x[0] <= x[1];
    case OP_rem: return floor(x[0] / x[1]);
    case OP_where: return x[0] != 0;
    default: return y; /* floor and comparisons */
    }
}

static bool decides(enum op op)
{
    return op == OP_abs || op == OP_sign || op == OP_max || op == OP_min || op == OP_rem || op == OP_where || op == OP_floor || (op >= OP_eq && op <= OP_ge);
}

/* An operand whose tangent is 0 adds nothing, whatever the slope: sqrt's at 0 is infinite. */
static void map(struct evaluation *e, fold_rule *fold, partial_rule *partial)
{
    struct nest nest = nest_over(e->graph, e->n->type);
    for (uint32_t k = 0; k < e->n->nargs; k++) nest_broadcast(&nest, e->n->arg[k]->type);
    uint64_t *branches = decides(e->n->op) ? e->branches : NULL;
    for (int64_t i = 0; i < nest.total; i++, nest_next(&nest)) {
        double x[3] = {0}, d[3];
        for (uint32_t k = 0; k < e->n->nargs; k++) x[k] = e->x[k][nest.at[k]];
        e->y[i] = fold(x);
        if (branches) branch_taken(branches, decision(e->n->op, x, e->y[i]));
        if (!e->dy) continue;
        partial(x, e->y[i], d);
        e->dy[i] = 0;
        for (uint32_t k = 0; k < e->n->nargs; k++)
            if (e->dx[k] && e->dx[k][nest.at[k]] != 0) e->dy[i] += d[k] * e->dx[k][nest.at[k]];
    }
}
