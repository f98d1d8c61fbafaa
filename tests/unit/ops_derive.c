/* The derivative rules in C: for each form of a reduction, view or product, the gradient that the rule builds against central differences of
 * the evaluator. And closure: every node of such a class that a rule builds becomes a case itself, down to the third derivative. */
#include "evaluate/evaluate.h"
#include "ops/ops.h"

#include "check.h"

#include <stdlib.h>

enum { BATCH = 3, DEEPEST = 3, MOST = 4 };

struct form {
    enum op op;
    uint32_t n;
    struct type x[MOST];
    struct node like;
};

#define U(...) {.rank = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), .dim = {__VA_ARGS__}}
#define B(...) {.batched = true, .rank = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), .dim = {__VA_ARGS__}}
#define B0 {.batched = true}
#define STACK(n, ...) {.batched = n, .rank = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), .dim = {__VA_ARGS__}}
#define U0 {.rank = 0}
#define AXES(...) .axes = {__VA_ARGS__}, .axis_count = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)

#define WINDOW(...) .axes = {__VA_ARGS__}, .axis_count = 6 /* stride, before, after */
#define WINDOWS(...) .axes = {__VA_ARGS__}, .axis_count = 8 /* and size */

static const struct form forms[] = {
    {OP_sum, 1, {B(2, 3)}, {AXES(0)}},
    {OP_sum, 1, {B(2, 3)}, {AXES(1), .over_batch = true}},
    {OP_sum, 1, {B0}, {.over_batch = true}},
    {OP_sum, 1, {U(2, 3, 4)}, {AXES(0, 2)}},
    {OP_max_over, 1, {B(4)}, {AXES(0)}},
    {OP_max_over, 1, {B(2, 3)}, {AXES(0)}},
    {OP_max_over, 1, {U(2, 3, 4)}, {AXES(1)}},
    {OP_max_over, 1, {U(2, 3, 4)}, {AXES(0, 1)}},
    {OP_max_over, 1, {B(2, 3, 4)}, {AXES(0, 2)}},
    {OP_max_over, 1, {B(2, 3, 2, 2)}, {AXES(0, 2, 3)}},
    {OP_max_over, 1, {U(2, 3, 4, 2)}, {AXES(0, 1, 3)}}, /* the permutation is not its own inverse */
    {OP_reshape, 1, {B(2, 3)}, {.type = B(3, 2)}},
    {OP_reshape, 1, {U(1)}, {.type = U0}},
    {OP_expand, 1, {U(3, 1)}, {.type = B(2, 3, 4)}},
    {OP_expand, 1, {B(1)}, {.type = B(1, 4)}},
    {OP_expand, 1, {U0}, {.type = B0}},
    {OP_transpose, 1, {B(2, 3, 4)}, {AXES(2, 0, 1)}},
    {OP_slice, 1, {B(4, 3)}, {AXES(1, 1), .type = B(2, 2)}},
    {OP_pad, 1, {B(2, 2)}, {AXES(1, 0), .type = B(4, 3)}},
    {OP_concat, 3, {B(2, 1), B(2, 3), B(2, 2)}, {AXES(1)}},
    {OP_windows, 1, {B(4, 3, 2)}, {WINDOWS(2, 1, 1, 0, 1, 0, 2, 2)}},
    {OP_windows, 1, {U(4, 3, 1)}, {WINDOWS(1, 2, 0, 1, 0, 1, 3, 3)}},
    {OP_windows, 1, {B(5, 4, 1)}, {WINDOWS(3, 3, 0, 0, -1, 0, 1, 1)}}, /* windows with gaps; a rest */
    {OP_windows_sum, 1, {B(2, 3, 2, 1, 2)}, {WINDOWS(1, 1, 1, 0, 0, -1, 2, 1)}},
    {OP_conv2d, 2, {B(4, 3, 2), U(2, 2, 2, 3)}, {WINDOW(2, 1, 1, 0, 1, 1)}},
    {OP_conv2d, 2, {U(5, 5, 1), U(3, 3, 1, 2)}, {WINDOW(2, 2, 1, 0, 1, 0)}},
    {OP_conv2d, 2, {B(3, 3, 2), U(1, 2, 2, 1)}, {WINDOW(2, 3, 1, 0, -1, 2)}}, /* as much padding as window; a rest */
    {OP_conv2d_transpose, 2, {B(2, 2, 2), U(3, 2, 1, 2)}, {WINDOW(2, 2, 1, 0, 0, -1)}},
    {OP_conv2d_transpose, 2, {U(2, 1, 1), U(2, 3, 2, 1)}, {WINDOW(1, 1, 0, 1, 0, 1)}},
    {OP_conv2d_kernel, 2, {B(4, 4, 2), B(2, 3, 1)}, {WINDOW(2, 1, 1, 0, 0, 0)}},
    {OP_conv2d_kernel, 2, {U(3, 3, 1), U(2, 2, 2)}, {WINDOW(1, 2, 0, 1, 0, 1)}},
    {OP_stack, 3, {B(2), STACK(2, 2), B(2)}, {0}},
    {OP_unstack, 1, {STACK(3, 2)}, {.axes = {1, 1}}},
    {OP_unstack, 1, {STACK(3, 2)}, {.axes = {1, 2}}},
    {OP_unstack, 1, {STACK(2, 2)}, {.axes = {0, 2}}},
    {OP_sum, 1, {STACK(2, 2, 3)}, {AXES(1), .over_batch = true}},
    {OP_expand, 1, {U(3)}, {.type = STACK(2, 3)}},
    {OP_matmul, 2, {STACK(2, 3), U(3, 4)}, {0}},
    {OP_matmul, 2, {STACK(2, 3), STACK(2, 2)}, {.ta = true}},
    {OP_conv2d_kernel, 2, {STACK(2, 4, 4, 2), STACK(2, 2, 3, 1)}, {WINDOW(2, 1, 1, 0, 0, 0)}},
    {OP_as_tensor, 1, {STACK(2, 2)}, {0}},
    {OP_as_tensor, 1, {B(2)}, {0}},
    {OP_as_batch, 1, {U(BATCH, 2)}, {0}},
    {OP_matmul, 2, {B(2, 3), U(3, 4)}, {0}},
    {OP_matmul, 2, {B(3), U(3, 2)}, {0}},
    {OP_matmul, 2, {U(3), U(3, 2)}, {0}},
    {OP_matmul, 2, {U(2, 3), U(3, 4)}, {0}},
    {OP_matmul, 2, {B(3), U(4, 3)}, {.tb = true}},
    {OP_matmul, 2, {U(3), U(2, 3)}, {.tb = true}},
    {OP_matmul, 2, {U(2, 2, 3), U(4, 3)}, {.tb = true}},
    {OP_matmul, 2, {B(3), B(2)}, {.ta = true}},
    {OP_matmul, 2, {B(2, 3), U(2, BATCH, 2)}, {.ta = true}},
    {OP_matmul, 2, {U(BATCH, 3), B(2)}, {.ta = true}},
    {OP_matmul, 2, {U(2, 2, 3), U(4, 2)}, {.ta = true}},
    {OP_matmul, 2, {U(3), U(2)}, {.ta = true}},
    {OP_matmul, 2, {U(2, 3), U(4, 2)}, {.ta = true, .tb = true}},
    {OP_matmul, 2, {U(2, 2, 3), U(2, 4)}, {.ta = true, .tb = true}},
    {OP_matmul, 2, {U(3), U(2, 1)}, {.ta = true, .tb = true}},
};

struct trial { /* loss = the sum over all elements of weights * op(x...) */
    struct ganc *g;
    struct program p;
    struct graph graph;
    struct evaluator *e;
    struct node *loss;
};

static double uniform(void)
{
    return 2.0 * rand() / RAND_MAX - 1;
}

/* A value of any type that can be disturbed: a tensor, seen as a batch where it is one. */
static struct node *variable(struct trial *t, struct type type)
{
    struct type whole = type;
    if (type.batched) {
        whole = (struct type){.rank = type.rank + 1, .dim = {BATCH * type.batched}};
        memcpy(whole.dim + 1, type.dim, type.rank * sizeof *type.dim);
    }
    vec_push(t->g->mem, &t->p.tensors, (struct tensor){.name = "x", .type = whole, .net = -1, .of = -1});
    struct node *x = graph_node(t->g, &t->graph, OP_tensor, 0, NULL, &(struct node){.index = t->p.tensors.n - 1, .type = whole}, (struct span){0});
    return type.batched ? graph_unary(t->g, &t->graph, OP_as_batch, x) : x;
}

static double loss(struct trial *t)
{
    CHECK(!evaluator_graph(t->e, &t->graph));
    return evaluator_node(t->e, t->loss)[0];
}

static double difference(struct trial *t, double *x)
{
    const double h = 1e-4; /* the loss is linear or bilinear, but for max_over's kinks */
    double was = *x, low, high;
    *x = was - h;
    low = loss(t);
    *x = was + h;
    high = loss(t);
    *x = was;
    return (high - low) / (2 * h);
}

static void check_form(struct ganc *g, const struct form *f, uint32_t depth)
{
    struct trial t = {.g = g, .graph = {.kind = GRAPH_REPORT, .name = "test", .batch = BATCH}};
    struct node *x[MOST], *dx[MOST] = {0};
    for (uint32_t i = 0; i < f->n; i++) x[i] = variable(&t, f->x[i]);
    struct node *y = graph_node(g, &t.graph, f->op, f->n, x, &f->like, (struct span){0});
    struct node *dy = variable(&t, y->type), *weighed = graph_binary(g, &t.graph, OP_mul, y, dy);
    int64_t axes[MAX_RANK] = {0, 1, 2, 3, 4, 5, 6, 7};
    t.loss = graph_sum(g, &t.graph, weighed, axes, y->type.rank, y->type.batched);
    vec_push(g->mem, &t.graph.keep, t.loss);
    uint32_t first = t.graph.nodes.n;
    struct derive d = {g, &t.graph, y, dy, x, dx};
    op_hooks[f->op].derive(&d);
    for (uint32_t i = 0; i < f->n; i++) vec_push(g->mem, &t.graph.keep, dx[i]);

    t.e = evaluator_new(&t.p);
    for (uint32_t i = 0; i < t.p.tensors.n; i++)
        for (int64_t k = 0; k < type_elements(t.p.tensors.at[i].type); k++) t.e->tensors[i][k] = uniform();
    for (uint32_t i = 0; i < f->n; i++) {
        int64_t total = type_total(&t.graph, f->x[i]);
        double *got = NEW_ARRAY(g->mem, double, total);
        CHECK(type_equal(dx[i]->type, f->x[i]));
        loss(&t);
        memcpy(got, evaluator_node(t.e, dx[i]), (size_t)total * sizeof *got);
        for (int64_t k = 0; k < total; k++) {
            double want = difference(&t, &t.e->tensors[i][k]);
            CHECK_NEAR(got[k], want, 1e-9);
            if (fabs(got[k] - want) > 1e-9) printf("form %s, depth %u, operand %u, element %d\n", op_info[f->op].name, depth, i, (int)k);
        }
    }
    evaluator_free(t.e);

    for (uint32_t id = first; id < t.graph.nodes.n && depth < DEEPEST; id++) {
        const struct node *n = t.graph.nodes.at[id];
        if (!op_hooks[n->op].derive) continue;
        struct form next = {.op = n->op, .n = n->nargs, .like = *n};
        CHECK(n->nargs <= MOST);
        for (uint32_t k = 0; k < n->nargs; k++) next.x[k] = n->arg[k]->type;
        check_form(g, &next, depth + 1);
    }
}

/* Of equal elements the first, in row-major order, gets the gradient, also where the axes do not stand side by side. */
static void check_ties(struct ganc *g)
{
    struct trial t = {.g = g, .graph = {.kind = GRAPH_REPORT, .name = "test", .batch = 1}};
    struct node *x = variable(&t, (struct type)U(2, 2, 2)), *dx[1];
    struct node *y = graph_node(g, &t.graph, OP_max_over, 1, &x, &(struct node){AXES(0, 2)}, (struct span){0});
    struct node *one = graph_expand(g, &t.graph, graph_constant(g, &t.graph, 1, (struct span){0}), y->type);
    struct derive d = {g, &t.graph, y, one, &x, dx};
    op_hooks[OP_max_over].derive(&d);
    vec_push(g->mem, &t.graph.keep, dx[0]);
    t.e = evaluator_new(&t.p);
    memcpy(t.e->tensors[0], (double[]){0, 5, 4, 4, 5, 5, 1, 4}, 8 * sizeof(double));
    CHECK(!evaluator_graph(t.e, &t.graph));
    double want[8] = {0, 1, 1, 0, 0, 0, 0, 0};
    for (int i = 0; i < 8; i++) CHECK_NEAR(evaluator_node(t.e, dx[0])[i], want[i], 0);
    evaluator_free(t.e);
}

int main(void)
{
    struct ganc *g = ganc_new();
    bool seen[OP_COUNT] = {false};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        check_form(g, &forms[i], 1);
        seen[forms[i].op] = true;
    }
    for (int op = 0; op < OP_COUNT; op++) {
        CHECK(seen[op] == (op_hooks[op].derive != NULL));
        CHECK(!op_hooks[op].derive || !op_hooks[op].no_derivative);
        enum op_class class = op_info[op].class;
        CHECK(class == CLASS_MAP || class == CLASS_GRAD || op_hooks[op].derive || op_hooks[op].no_derivative);
    }
    check_ties(g);
    ganc_free(g);
    return check_done();
}
