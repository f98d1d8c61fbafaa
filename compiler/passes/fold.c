/* fold.c: what constants and ranges decide, beyond the rules of rewrites.gan. (Operations on constants alone fold as they are made.)
 *
 * Runs after differentiation only: so `stop` can go, and a choice that ranges decide loses no gradient. */
#include "differentiate/rule.h"
#include "passes/passes.h"
#include "passes/rebuild.h"

/* A constant may stand in a program of floats: neither it nor its inverse overflows there. */
static bool ordinary(double c)
{
    return fabs(c) > 1e-30 && fabs(c) < 1e30;
}

static bool finite_range(const struct node *n)
{
    return isfinite(n->range.low) && isfinite(n->range.high);
}

/* Splits n into rest * factor: mul by a constant, div by one, neg; c / y is c * (1 / y), as the flag `inverse` says. */
struct product {
    struct node *rest;
    double factor;
    bool inverse;
};

static bool product_of(const struct node *n, struct product *p)
{
    double c;
    *p = (struct product){n->nargs ? n->arg[0] : NULL, 1, false};
    if (n->op == OP_neg) return p->factor = -1, true;
    if (n->op != OP_mul && n->op != OP_div) return false;
    if (node_number(n->arg[1], &c) && ordinary(c)) {
        p->factor = n->op == OP_mul ? c : 1 / c;
        return true;
    }
    if (!node_number(n->arg[0], &c) || !ordinary(c)) return false;
    *p = (struct product){n->arg[1], c, n->op == OP_div};
    return true;
}

static struct node *product_node(struct rebuild *r, const struct node *n, struct product p)
{
    if (p.factor == -1 && !p.inverse) return rebuild_unary(r, n, OP_neg, p.rest);
    struct node *c = rebuild_constant(r, n, p.factor);
    return p.inverse ? rebuild_binary(r, n, OP_div, c, p.rest) : rebuild_binary(r, n, OP_mul, p.rest, c);
}

/* (x * a) * b is x * (a * b), and so on through divisions and signs. */
static struct node *scale(struct rebuild *r, const struct node *n)
{
    struct product outer, inner;
    if (!product_of(n, &outer) || outer.inverse || !product_of(outer.rest, &inner)) return NULL;
    if (n->op == OP_neg && outer.rest->op == OP_neg) return inner.rest;
    inner.factor *= outer.factor;
    if (!ordinary(inner.factor)) return NULL;
    return inner.factor == 1 && !inner.inverse ? inner.rest : product_node(r, n, inner);
}

/* (x + a) + b is x + (a + b), and with minus signs. */
static bool offset_of(const struct node *n, struct node **rest, double *c)
{
    if (n->op != OP_add && n->op != OP_sub) return false;
    if (node_number(n->arg[1], c)) {
        *rest = n->arg[0];
        if (n->op == OP_sub) *c = -*c;
        return true;
    }
    *rest = n->arg[1];
    return n->op == OP_add && node_number(n->arg[0], c);
}

static struct node *shift(struct rebuild *r, const struct node *n)
{
    struct node *middle, *rest;
    double a, b;
    if (!offset_of(n, &middle, &a) || !offset_of(middle, &rest, &b)) return NULL;
    return a + b == 0 ? rest : rebuild_binary(r, n, OP_add, rest, rebuild_constant(r, n, a + b));
}

/* x / s, s repeated over many elements of x: one division an element of s, and cheap products. A constant s is such. (Where
 * s is subnormal the inverse overflows; x / s would have lost its digits there too.) */
static struct node *divide_once(struct rebuild *r, const struct node *n)
{
    struct node *x = n->arg[0], *s = n->arg[1];
    double c;
    if (type_total(r->to, s->type) * 2 > type_total(r->to, x->type)) return NULL;
    if (node_number(s, &c) && !ordinary(c)) return NULL;
    return rebuild_binary(r, n, OP_mul, x, rebuild_binary(r, n, OP_div, rebuild_constant(r, n, 1), s));
}

static struct node *choose(struct rebuild *r, const struct node *n)
{
    struct node *x = n->arg[0], *y = n->nargs > 1 ? n->arg[1] : NULL;
    double c;
    switch (n->op) {
    case OP_where: return node_number(x, &c) ? n->arg[c != 0 ? 1 : 2] : NULL;
    case OP_max: return x->range.low >= y->range.high ? x : y->range.low >= x->range.high ? y : NULL;
    case OP_min: return x->range.high <= y->range.low ? x : y->range.high <= x->range.low ? y : NULL;
    case OP_abs:
        if (x->range.low >= 0) return x;
        return x->range.high <= 0 ? rebuild_unary(r, n, OP_neg, x) : NULL;
    case OP_mul:
        if ((node_number(x, &c) && c == 0 && finite_range(y)) || (node_number(y, &c) && c == 0 && finite_range(x)))
            return rebuild_constant(r, n, 0);
        return NULL;
    default: return NULL;
    }
}

/* The sum of what one number scales is scaled once. */
static struct node *sum_scaled(struct rebuild *r, const struct node *n, const struct node *x)
{
    if (r->uses[n->arg[0]->id] != 1 || (x->op != OP_neg && x->op != OP_mul && x->op != OP_div)) return NULL;
    struct node *operands[2] = {0};
    int32_t whole = -1; /* the operand that is summed; the other is [], the same for all examples */
    for (uint32_t i = 0; i < x->nargs; i++) {
        operands[i] = x->arg[i];
        if (!x->arg[i]->type.batched && x->arg[i]->type.rank == 0) continue;
        if (whole >= 0 || (x->op == OP_div && i == 1)) return NULL;
        whole = (int32_t)i;
    }
    if (whole < 0 || !type_equal(operands[whole]->type, x->type)) return NULL;
    operands[whole] = rebuild_sum(r, n, operands[whole], n->axes, n->axis_count, n->over_batch);
    return rebuild_node(r, n, x->op, x->nargs, operands, NULL);
}

static struct node *fold(struct rebuild *r, const struct node *n, struct node *const *args)
{
    if (n->op == OP_sum) return sum_scaled(r, n, args[0]);
    if (op_info[n->op].class != CLASS_MAP) return NULL;
    if (n->op == OP_stop) return args[0];
    struct node seen = *n, *m; /* n with its new operands */
    seen.arg = (struct node **)args;
    if ((m = choose(r, &seen))) return m;
    if ((m = scale(r, &seen))) return m;
    if ((m = shift(r, &seen))) return m;
    return n->op == OP_div ? divide_once(r, &seen) : NULL;
}

bool pass_fold(struct ganc *g, const struct program *p, struct graph *graph)
{
    return rebuild_graph(g, p, graph, fold, NULL);
}
