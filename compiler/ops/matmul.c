/* matmul.c: the matrix product, y = op(a) op(b).
 *
 * An operand is seen as the matrix whose columns are its last axis and whose rows are all others, the batch outermost (type_matrix): a
 * batched [h, w, c] has batch * h * w rows of c; an unbatched [c] is one row. Every operand has an axis at least. The forms:
 *
 *   ta  tb   a              b                    y                      sum over
 *   -   -    [..., k]       [k, n] unbatched     [..., n] as a          a's last axis
 *   -   tb   [..., k]       [n, k] unbatched     [..., n] as a          a's last axis
 *   ta  -    [..., m]       [..., n]             [m, n] unbatched       the rows, of which both have as many
 *   ta  tb   [..., m]       [n, k] unbatched     [m, n] unbatched       a's rows, k in number; a unbatched too
 *
 * "as a": batched if a is, with a's axes but the last. In the third form a and b may be batched or not, each by itself, and differ in
 * their leading axes, as long as they have equally many rows. The forms are closed under derivation. */
#include "ops/hooks.h"
#include "ops/nest.h"

#include <string.h>

static bool refuse(struct ganc *g, enum diag_id id, const struct node *n)
{
    diag(g, id, n->span, hooks_shape(g, n->arg[0]->type), hooks_shape(g, n->arg[1]->type));
    return false;
}

bool shape_matmul(struct ganc *g, const struct graph *graph, struct node *n)
{
    struct type a = n->arg[0]->type, b = n->arg[1]->type;
    int64_t a_rows, a_columns, b_rows, b_columns;
    if (!a.rank || !b.rank) return refuse(g, E0237, n);
    if ((!n->ta || n->tb) && (b.batched || b.rank != 2)) return refuse(g, E0236, n);
    if (n->ta && n->tb && a.batched) return refuse(g, E0236, n);
    type_matrix(graph, a, &a_rows, &a_columns);
    type_matrix(graph, b, &b_rows, &b_columns);
    int64_t a_inner = n->ta ? a_rows : a_columns, b_inner = n->tb ? b_columns : b_rows;
    if (a_inner != b_inner) {
        diag(g, E0235, n->span, hooks_shape(g, a), hooks_shape(g, b), (long long)a_inner, (long long)b_inner);
        return false;
    }
    int64_t columns = n->tb ? b_rows : b_columns;
    n->type = n->ta ? type_of(false, 2, (int64_t[]){a_columns, 0}) : a;
    n->type.dim[n->type.rank - 1] = columns;
    return true;
}

void range_matmul(const struct graph *graph, struct node *n)
{
    (void)graph;
    n->range = range_all();
}

/* ---- evaluation ---- */

#define ROWS 8

/* y [m, n] += op(a) [m, k] op(b) [k, n] */
static void accumulate(const struct evaluation *e, const double *a, const double *b, double *y)
{
    const struct node *node = e->n;
    int64_t a_rows, a_columns, b_rows, b_columns;
    type_matrix(e->graph, node->arg[0]->type, &a_rows, &a_columns);
    type_matrix(e->graph, node->arg[1]->type, &b_rows, &b_columns);
    int64_t m = node->ta ? a_columns : a_rows, n = node->tb ? b_rows : b_columns, k = node->ta ? a_rows : a_columns;
    for (int64_t from = 0; from < m; from += ROWS) { /* so many rows of y share one reading of b */
        int64_t to = from + ROWS < m ? from + ROWS : m;
        if (node->tb) {
            for (int64_t j = 0; j < n; j++)
                for (int64_t i = from; i < to; i++)
                    for (int64_t p = 0; p < k; p++) y[i * n + j] += a[node->ta ? p * a_columns + i : i * a_columns + p] * b[j * b_columns + p];
        } else {
            for (int64_t p = 0; p < k; p++)
                for (int64_t i = from; i < to; i++) {
                    double x = a[node->ta ? p * a_columns + i : i * a_columns + p];
                    for (int64_t j = 0; j < n; j++) y[i * n + j] += x * b[p * b_columns + j];
                }
        }
    }
}

void evaluate_matmul(struct evaluation *e)
{
    size_t bytes = (size_t)type_total(e->graph, e->n->type) * sizeof *e->y;
    memset(e->y, 0, bytes);
    accumulate(e, e->x[0], e->x[1], e->y);
    if (!e->dy) return;
    memset(e->dy, 0, bytes);
    if (e->dx[0]) accumulate(e, e->dx[0], e->x[1], e->dy);
    if (e->dx[1]) accumulate(e, e->x[0], e->dx[1], e->dy);
}

/* ---- derivatives ---- */

/* The same rows and columns under another type: the batch becomes an axis, or an axis the batch, where one has it and the other not. */
static struct node *as_type(struct derive *d, struct node *x, struct type to)
{
    if (x->type.batched && !to.batched) x = hooks_node(d, OP_as_tensor, x, (struct node){0});
    if (x->type.batched == to.batched) return graph_reshape(d->g, d->graph, x, to);
    /* [n * rest] to [n, rest], n the batch */
    struct type t = type_of(false, 2, (int64_t[]){type_examples(d->graph, to), type_elements(to)});
    x = hooks_node(d, OP_as_batch, graph_reshape(d->g, d->graph, x, t), (struct node){0});
    return graph_reshape(d->g, d->graph, x, to);
}

/* x as an unbatched matrix of rank 2. */
static struct node *as_matrix(struct derive *d, struct node *x)
{
    int64_t rows, columns;
    type_matrix(d->graph, x->type, &rows, &columns);
    return graph_reshape(d->g, d->graph, x, type_of(false, 2, (int64_t[]){rows, columns}));
}

void derive_matmul(struct derive *d)
{
    struct node *a = d->x[0], *b = d->x[1], *dy = d->dy, *da, *db;
    bool ta = d->y->ta, tb = d->y->tb;
    if (!ta) { /* y = a b, or a b' */
        da = graph_matmul(d->g, d->graph, dy, b, false, !tb);
        db = tb ? graph_matmul(d->g, d->graph, dy, a, true, false) : graph_matmul(d->g, d->graph, a, dy, true, false);
    } else if (!tb) { /* y = a' b */
        da = graph_matmul(d->g, d->graph, b, dy, false, true);
        db = graph_matmul(d->g, d->graph, a, dy, false, false);
    } else { /* y = a' b' */
        da = graph_matmul(d->g, d->graph, b, dy, true, true);
        db = graph_matmul(d->g, d->graph, dy, as_matrix(d, a), true, true);
    }
    d->dx[0] = as_type(d, da, a->type);
    d->dx[1] = as_type(d, db, b->type);
}
