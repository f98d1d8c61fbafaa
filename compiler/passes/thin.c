/* thin.c: products with one row, one column or inner size 1 become elementwise products and sums.
 *
 * Libraries of matrix products pack panels that such shapes do not fill; as elementwise work they fuse with what stands before and behind
 * them (a discriminator's last layer with its sigmoid and the logarithm).
 *
 * y [m, n] = A [m, k] B [k, n], where A is the operand a or, with ta, its transpose; ops/matmul.c lists the forms. b is an unbatched matrix
 * in all of them but A' B, the weight's gradient. */
#include "passes/passes.h"
#include "passes/rebuild.h"

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
