/* thin.c: products with one row, one column or inner size 1, or a few of them, become elementwise products and sums.
 *
 * Libraries of matrix products pack panels that such shapes do not fill; as elementwise work they fuse with what stands before and behind
 * them (a discriminator's last layer with its sigmoid and the logarithm).
 *
 * y [m, n] = A [m, k] B [k, n], where A is the operand a or, with ta, its transpose; ops/matmul.c lists the forms. b is an unbatched matrix
 * in all of them but A' B, the weight's gradient. */
#include "passes/passes.h"
#include "passes/rebuild.h"
#include "schedule/rules.h"

#define FEW 4          /* columns, rows or inner size of a product that is made so */
#define FEW_ALONG 16   /* at least so many along the other axes, which vectors run along */

/* x as an unbatched [rows, columns], or [length]. */
static struct node *flat(struct rebuild *r, const struct node *n, struct node *x)
{
    return x->type.batched ? rebuild_unary(r, n, OP_as_tensor, x) : x;
}

static struct node *matrix(struct rebuild *r, const struct node *n, struct node *x)
{
    int64_t dims[2];
    type_matrix(r->to, x->type, &dims[0], &dims[1]);
    return rebuild_reshape(r, n, flat(r, n, x), type_of(false, 2, dims));
}

static struct node *vector(struct rebuild *r, const struct node *n, struct node *x)
{
    int64_t length = type_total(r->to, x->type);
    return rebuild_reshape(r, n, flat(r, n, x), type_of(false, 1, &length));
}

/* x [..., k], v [k] -> [...]: sums along the last axis. */
static struct node *dot_last(struct rebuild *r, const struct node *n, struct node *x, struct node *v)
{
    if (x->type.batched != n->type.batched) x = matrix(r, n, x);
    int64_t last = x->type.rank - 1;
    return rebuild_sum(r, n, rebuild_binary(r, n, OP_mul, x, v), &last, 1, false);
}

/* x [k, c], v [k] -> [c]: rows weighted and added. */
static struct node *weigh_rows(struct rebuild *r, const struct node *n, struct node *x, struct node *v)
{
    int64_t column[2] = {v->type.dim[0], 1}, first = 0;
    v = rebuild_reshape(r, n, v, type_of(false, 2, column));
    return rebuild_sum(r, n, rebuild_binary(r, n, OP_mul, matrix(r, n, x), v), &first, 1, false);
}

static bool same_rows(struct type a, struct type b)
{
    if (a.batched != b.batched || a.rank != b.rank) return false;
    for (uint32_t i = 0; i + 1 < a.rank; i++)
        if (a.dim[i] != b.dim[i]) return false;
    return true;
}

/* x [..., c], y [..., d], c or d 1 -> [c * d]: row by row product, added up: a weight's gradient. */
static struct node *dot_rows(struct rebuild *r, const struct node *n, struct node *x, struct node *y)
{
    if (!same_rows(x->type, y->type)) {
        x = matrix(r, n, x);
        y = matrix(r, n, y);
    }
    struct node *product = rebuild_binary(r, n, OP_mul, x, y);
    int64_t rows[MAX_RANK];
    for (int64_t i = 0; i + 1 < product->type.rank; i++) rows[i] = i;
    return rebuild_sum(r, n, product, rows, product->type.rank - 1u, product->type.batched);
}

/* a [m], b [n] -> [m, n]. */
static struct node *outer(struct rebuild *r, const struct node *n, struct node *a, struct node *b)
{
    if (n->ta || a->type.batched != n->type.batched) {
        int64_t column[2] = {type_total(r->to, a->type), 1};
        a = rebuild_reshape(r, n, flat(r, n, a), type_of(false, 2, column));
    }
    return rebuild_binary(r, n, OP_mul, a, vector(r, n, b));
}

/* Rows (axis 0 of a matrix) or columns (the last axis) [at, at + 1) of x. */
static struct node *cut(struct rebuild *r, const struct node *n, struct node *x, uint32_t axis, int64_t at)
{
    struct node like = {.type = x->type, .axis_count = x->type.rank};
    like.type.dim[axis] = 1;
    like.axes[axis] = at;
    return rebuild_node(r, n, OP_slice, 1, &x, &like);
}

/* a [..., k], B [k, c], k few: the sum of the products of a's columns and B's rows. */
static struct node *outer_few(struct rebuild *r, const struct node *n, struct node *a, struct node *b, int64_t inner)
{
    struct node *y = NULL;
    for (int64_t i = 0; i < inner; i++) {
        struct node *one = outer(r, n, cut(r, n, a, a->type.rank - 1u, i), cut(r, n, b, n->tb ? b->type.rank - 1u : 0, i));
        y = y ? rebuild_binary(r, n, OP_add, y, one) : one;
    }
    return y;
}

/* x as [..., 1, k] or [..., k, 1] */
static struct node *widen(struct rebuild *r, const struct node *n, struct node *x, bool last)
{
    struct type t = x->type;
    t.dim[t.rank] = 1;
    if (!last) t.dim[t.rank] = t.dim[t.rank - 1u], t.dim[t.rank - 1u] = 1;
    t.rank++;
    return rebuild_reshape(r, n, x, t);
}

/* x [..., k], B [k, c], c few -> [..., c]: row by row with each of B's columns. */
static struct node *dots_few(struct rebuild *r, const struct node *n, struct node *x, struct node *b)
{
    if (x->type.batched != n->type.batched) x = matrix(r, n, x);
    b = matrix(r, n, b);
    if (!n->tb) {
        struct node like = {.axis_count = 2, .axes = {1, 0}};
        b = rebuild_node(r, n, OP_transpose, 1, &b, &like);
    }
    int64_t last = x->type.rank;
    return rebuild_sum(r, n, rebuild_binary(r, n, OP_mul, widen(r, n, x, false), b), &last, 1, false);
}

/* x [..., m], y [..., n] -> [m, n], m or n few: a weight's gradient. */
static struct node *gradient_few(struct rebuild *r, const struct node *n, struct node *x, struct node *y)
{
    if (!same_rows(x->type, y->type)) {
        x = matrix(r, n, x);
        y = matrix(r, n, y);
    }
    struct node *product = rebuild_binary(r, n, OP_mul, widen(r, n, x, true), widen(r, n, y, false));
    int64_t rows[MAX_RANK];
    for (int64_t i = 0; i + 2 < product->type.rank; i++) rows[i] = i;
    return rebuild_sum(r, n, product, rows, product->type.rank - 2u, product->type.batched);
}

static struct node *few(struct rebuild *r, const struct node *n, struct node *a, struct node *b, int64_t rows, int64_t inner, int64_t columns)
{
    if (a->type.rank == 0 || a->type.rank == MAX_RANK || b->type.rank == MAX_RANK || !rule_on(r->g, RULE_few)) return NULL;
    if (n->ta) {
        bool small = (rows <= FEW && columns >= FEW_ALONG) || (columns <= FEW && rows >= FEW_ALONG);
        return small && !n->tb && b->type.rank > 0 ? gradient_few(r, n, a, b) : NULL;
    }
    if (b->type.batched || b->type.rank != 2) return NULL;
    if (inner <= FEW && columns >= FEW_ALONG) return outer_few(r, n, a, b, inner);
    return columns <= FEW && inner >= FEW_ALONG ? dots_few(r, n, a, b) : NULL;
}

static struct node *thin(struct rebuild *r, const struct node *n, struct node *const *args)
{
    if (n->op != OP_matmul) return NULL;
    struct node *a = args[0], *b = args[1], *y = NULL;
    int64_t a_rows, a_columns, b_rows, b_columns;
    type_matrix(r->to, a->type, &a_rows, &a_columns);
    type_matrix(r->to, b->type, &b_rows, &b_columns);
    int64_t rows = n->ta ? a_columns : a_rows, inner = n->ta ? a_rows : a_columns, columns = n->tb ? b_rows : b_columns;
    if (inner == 1)
        y = outer(r, n, a, b);
    else if (columns == 1)
        y = !n->ta ? dot_last(r, n, a, vector(r, n, b)) : n->tb ? weigh_rows(r, n, a, vector(r, n, b)) : dot_rows(r, n, a, b);
    else if (rows == 1)
        y = n->tb ? dot_last(r, n, b, vector(r, n, a)) : n->ta ? dot_rows(r, n, a, b) : weigh_rows(r, n, b, vector(r, n, a));
    else
        y = few(r, n, a, b, rows, inner, columns);
    if (!y) return NULL;
    if (y->type.batched != n->type.batched) { /* one row that was a batch of one */
        int64_t dims[MAX_RANK] = {type_examples(r->to, n->type)};
        if (n->type.rank == MAX_RANK) return NULL;
        for (uint32_t i = 0; i < n->type.rank; i++) dims[i + 1] = n->type.dim[i];
        return rebuild_unary(r, n, OP_as_batch, rebuild_reshape(r, n, y, type_of(false, n->type.rank + 1u, dims)));
    }
    return rebuild_reshape(r, n, y, n->type);
}

bool pass_thin(struct ganc *g, const struct program *p, struct graph *graph)
{
    return rebuild_graph(g, p, graph, thin, NULL);
}
