/* factor.c: sums of products, and of differences from a mean, as batchnorm's gradients are made of.
 *
 * What is the same for all terms of a sum is taken out of it: the sum over a minibatch of x * k, k a number for each channel, is k times the sum of x. So the
 * sums that the gradients of gain, offset and variance take become two, and what they add up is read once. (One number for all is fold's.)
 * The sum of x - mean(x) over what the mean was taken over is 0; what rounding makes of it is nothing that the model says. */
#include "differentiate/rule.h"
#include "passes/passes.h"
#include "passes/rebuild.h"

#define FACTORS 8 /* taken out of one sum */
#define STEPS 24  /* of the products looked through */

struct factors {
    struct rebuild *r;
    const struct node *sum;
    struct node *at[FACTORS];
    uint32_t n, steps;
    bool negative;
};

/* Is k, an operand of what is summed, of type x, the same along all axes that the sum goes over? */
static bool same_for_all(const struct node *sum, struct type x, const struct node *k)
{
    if (k->type.batched || k->type.rank == 0 || k->type.rank > x.rank) return false;
    for (uint32_t i = 0; i < sum->axis_count; i++) {
        int64_t axis = sum->axes[i] - (x.rank - k->type.rank);
        if (axis >= 0 && k->type.dim[axis] != 1) return false;
    }
    return true;
}

/* k as it meets the sum: without the axes that the sum goes over. */
static struct node *beside_sum(struct rebuild *r, const struct node *sum, struct type x, struct node *k)
{
    struct type kept = {0};
    for (uint32_t a = 0; a < k->type.rank; a++) {
        bool summed = false;
        for (uint32_t i = 0; i < sum->axis_count; i++) summed = summed || sum->axes[i] == (int64_t)(a + x.rank - k->type.rank);
        if (!summed) kept.dim[kept.rank++] = k->type.dim[a];
    }
    return rebuild_reshape(r, sum, k, kept);
}

/* x without the factors that are the same for all terms, which go to f; x itself where there are none. */
static struct node *strip(struct factors *f, struct node *x, struct type whole)
{
    if (f->steps++ > STEPS) return x;
    if (x->op == OP_neg) {
        uint32_t before = f->n;
        struct node *rest = strip(f, x->arg[0], whole);
        if (f->n == before) return x;
        f->negative = !f->negative;
        return rest;
    }
    if (x->op != OP_mul) return x;
    for (int i = 0; i < 2; i++) {
        if (!same_for_all(f->sum, whole, x->arg[i]) || f->n == FACTORS) continue;
        f->at[f->n++] = x->arg[i];
        return strip(f, x->arg[1 - i], whole);
    }
    uint32_t before = f->n;
    struct node *a = strip(f, x->arg[0], whole), *b = strip(f, x->arg[1], whole);
    return f->n == before ? x : rebuild_binary(f->r, f->sum, OP_mul, a, b);
}

/* Is m the mean of x over the axes of `sum`? */
static bool is_mean(const struct rebuild *r, const struct node *sum, const struct node *x, const struct node *m)
{
    double c;
    if (m->op == OP_reshape) m = m->arg[0]; /* [1, 1, c] of [c] */
    int by = m->op == OP_mul && node_number(m->arg[0], &c);
    if ((m->op != OP_mul && m->op != OP_div) || (!by && !node_number(m->arg[1], &c))) return false;
    const struct node *total = m->arg[by];
    if (total->op != OP_sum || total->arg[0] != x || total->over_batch != sum->over_batch || total->axis_count != sum->axis_count) return false;
    for (uint32_t i = 0; i < sum->axis_count; i++)
        if (total->axes[i] != sum->axes[i]) return false;
    double terms = (double)type_total(r->to, x->type) / (double)type_total(r->to, total->type);
    return fabs((m->op == OP_mul ? c * terms : terms / c) - 1) < 1e-9;
}

/* Is the sum of x, a value of that type, 0 but for rounding? */
static bool adds_to_nothing(const struct factors *f, const struct node *x, struct type whole, uint32_t depth)
{
    if (depth == 0 || !type_equal(x->type, whole)) return false;
    const struct node *a = x->nargs ? x->arg[0] : NULL, *b = x->nargs > 1 ? x->arg[1] : NULL;
    switch (x->op) {
    case OP_neg: return adds_to_nothing(f, a, whole, depth - 1);
    case OP_mul:
        if (same_for_all(f->sum, whole, b)) return adds_to_nothing(f, a, whole, depth - 1);
        return same_for_all(f->sum, whole, a) && adds_to_nothing(f, b, whole, depth - 1);
    case OP_sub:
        if (same_for_all(f->sum, whole, b) && is_mean(f->r, f->sum, a, b)) return true;
        /* fallthrough */
    case OP_add: return adds_to_nothing(f, a, whole, depth - 1) && adds_to_nothing(f, b, whole, depth - 1);
    default: return false;
    }
}

static struct node *factor(struct rebuild *r, const struct node *n, struct node *const *args)
{
    if (n->op != OP_sum || !n->over_batch) return NULL;
    struct node *x = args[0];
    struct factors f = {.r = r, .sum = n};
    if (adds_to_nothing(&f, x, x->type, 6)) return rebuild_constant(r, n, 0);
    struct node *rest = strip(&f, x, x->type);
    if (f.n == 0 || !type_equal(rest->type, x->type)) return NULL;
    struct node *sum = rebuild_sum(r, n, rest, n->axes, n->axis_count, n->over_batch);
    for (uint32_t i = 0; i < f.n; i++) sum = rebuild_binary(r, n, OP_mul, sum, beside_sum(r, n, x->type, f.at[i]));
    return f.negative ? rebuild_unary(r, n, OP_neg, sum) : sum;
}

bool pass_factor(struct ganc *g, const struct program *p, struct graph *graph)
{
    return rebuild_graph(g, p, graph, factor, NULL);
}
