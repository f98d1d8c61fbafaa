/* Leaves, reductions, views and products: values worked out by hand, tangents too where that is not the same rule again. */
#include "evaluate/evaluate.h"

#include "check.h"

#include <ganrt/random.h>

static struct ganc *g;
static struct program program;
static struct graph graph;
static struct evaluator *e;
static double values[8][64]; /* of the tensors to come */
static uint32_t sizes[8];

static void begin(int64_t batch)
{
    program = (struct program){0};
    graph = (struct graph){.kind = GRAPH_REPORT, .name = "test", .batch = batch};
}

/* A tensor that holds first, first + step, ... */
static struct node *counting(struct type t, double first, double step)
{
    uint32_t index = program.tensors.n;
    sizes[index] = (uint32_t)type_elements(t);
    for (uint32_t i = 0; i < sizes[index]; i++) values[index][i] = first + step * i;
    vec_push(g->mem, &program.tensors, (struct tensor){.name = "t", .type = t, .net = -1, .of = -1});
    return graph_node(g, &graph, OP_tensor, 0, NULL, &(struct node){.index = index, .type = t}, (struct span){0});
}

#define SHAPE(...) type_of(false, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[]){__VA_ARGS__})
#define BATCHED(...) type_of(true, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[]){__VA_ARGS__})

static struct node *node(enum op op, struct node *x, struct node like)
{
    return graph_node(g, &graph, op, x ? 1 : 0, &x, &like, (struct span){0});
}

static void run(struct node *y, const double *const *direction)
{
    graph.keep.n = 0;
    vec_push(g->mem, &graph.keep, y);
    if (e) evaluator_free(e);
    e = evaluator_new(&program);
    for (uint32_t t = 0; t < program.tensors.n; t++) memcpy(e->tensors[t], values[t], sizes[t] * sizeof(double));
    const char *error = direction ? evaluator_graph_tangent(e, &graph, direction) : evaluator_graph(e, &graph);
    if (error) printf("%s\n", error);
    CHECK(!error);
}

#define EXPECT(y, ...)                                                                                                 \
    do {                                                                                                               \
        double want[] = {__VA_ARGS__};                                                                                 \
        struct node *n_ = (y);                                                                                         \
        run(n_, NULL);                                                                                                 \
        CHECK(type_total(&graph, n_->type) == (int64_t)(sizeof want / sizeof *want));                                  \
        for (size_t i = 0; i < sizeof want / sizeof *want; i++) CHECK_NEAR(evaluator_node(e, n_)[i], want[i], 1e-12);  \
    } while (0)

static void check_reduce(void)
{
    begin(2);
    struct node *x = counting(SHAPE(2, 3), 1, 1); /* 1 2 3 / 4 5 6 */
    EXPECT(node(OP_sum, x, (struct node){.axes = {0}, .axis_count = 1}), 5, 7, 9);
    EXPECT(node(OP_sum, x, (struct node){.axes = {1}, .axis_count = 1}), 6, 15);
    EXPECT(node(OP_sum, x, (struct node){.axes = {0, 1}, .axis_count = 2}), 21);
    struct node *batched = node(OP_as_batch, x, (struct node){0});
    EXPECT(graph_sum(g, &graph, batched, NULL, 0, true), 5, 7, 9);
    EXPECT(graph_sum(g, &graph, batched, (int64_t[]){0}, 1, true), 21);
    EXPECT(graph_sum(g, &graph, batched, (int64_t[]){0}, 1, false), 6, 15);

    struct node *y = counting(SHAPE(2, 2, 2), 0, 1);
    memcpy(values[1], (double[]){3, 8, 8, 1, -5, -7, -7, -5}, 8 * sizeof(double));
    EXPECT(node(OP_max_over, y, (struct node){.axes = {1}, .axis_count = 1}), 8, 8, -5, -5);
    EXPECT(node(OP_max_over, y, (struct node){.axes = {0, 2}, .axis_count = 2}), 8, 8);
    EXPECT(node(OP_argmax, y, (struct node){.axes = {1}}), 1, 0, 0, 1);
    EXPECT(node(OP_argmax, y, (struct node){.axes = {2}}), 1, 0, 0, 1);
    EXPECT(node(OP_argmax, node(OP_reshape, y, (struct node){.type = SHAPE(8)}), (struct node){.axes = {0}}), 1);
    values[1][2] = NAN; /* it stays where the largest is asked, and is never the largest's place */
    struct node *top = node(OP_max_over, y, (struct node){.axes = {0, 1, 2}, .axis_count = 3}), *place = node(OP_argmax, y, (struct node){.axes = {1}});
    run(top, NULL);
    CHECK(isnan(evaluator_node(e, top)[0]));
    run(place, NULL);
    CHECK(evaluator_node(e, place)[0] == 0);
    values[1][0] = NAN, values[1][2] = 8;
    run(place, NULL);
    CHECK(evaluator_node(e, place)[0] == 1);
    values[1][0] = 3;
    /* the first of equals takes the tangent: 8 at [0, 0, 1] before 8 at [0, 1, 0]; -5 at [1, 0, 0] before [1, 1, 1] */
    double ones[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct node *m = node(OP_max_over, y, (struct node){.axes = {1, 2}, .axis_count = 2});
    run(m, (const double *const[]){NULL, ones});
    CHECK_NEAR(evaluator_tangent(e, m)[0], 2, 0);
    CHECK_NEAR(evaluator_tangent(e, m)[1], 5, 0);
    CHECK(evaluator_tangent(e, y)[7] == 8 && !evaluator_tangent(e, x));
}

static void check_view(void)
{
    begin(2);
    struct node *x = counting(SHAPE(2, 3), 1, 1);
    EXPECT(node(OP_transpose, x, (struct node){.axes = {1, 0}}), 1, 4, 2, 5, 3, 6);
    EXPECT(node(OP_reshape, x, (struct node){.type = SHAPE(3, 2)}), 1, 2, 3, 4, 5, 6);
    EXPECT(node(OP_slice, x, (struct node){.axes = {1, 1}, .type = SHAPE(1, 2)}), 5, 6);
    EXPECT(node(OP_pad, node(OP_slice, x, (struct node){.axes = {1, 1}, .type = SHAPE(1, 2)}), (struct node){.axes = {1, 0}, .type = SHAPE(3, 3)}), 0, 0, 0, 5,
           6, 0, 0, 0, 0);
    struct node *c = counting(SHAPE(2, 1), 7, 1);
    EXPECT(graph_node(g, &graph, OP_concat, 3, (struct node *[]){x, c, x}, &(struct node){.axes = {1}}, (struct span){0}), 1, 2, 3, 7, 1, 2, 3, 4, 5, 6, 8, 4, 5,
           6);
    EXPECT(node(OP_expand, c, (struct node){.type = SHAPE(2, 2)}), 7, 7, 8, 8);
    EXPECT(node(OP_expand, c, (struct node){.type = BATCHED(2, 2)}), 7, 7, 8, 8, 7, 7, 8, 8);
    struct node *b = node(OP_as_batch, x, (struct node){0}); /* [3], twice */
    EXPECT(b, 1, 2, 3, 4, 5, 6);
    EXPECT(node(OP_expand, b, (struct node){.type = BATCHED(2, 3)}), 1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6);
    EXPECT(node(OP_slice, b, (struct node){.axes = {2}, .type = BATCHED(1)}), 3, 6);
    EXPECT(node(OP_as_tensor, b, (struct node){0}), 1, 2, 3, 4, 5, 6);
    struct node *two = graph_node(g, &graph, OP_stack, 2, (struct node *[]){b, graph_unary(g, &graph, OP_neg, b)}, NULL, (struct span){0});
    EXPECT(two, 1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6);
    struct node *three = graph_node(g, &graph, OP_stack, 2, (struct node *[]){two, b}, NULL, (struct span){0});
    EXPECT(node(OP_unstack, three, (struct node){.axes = {1, 2}}), -1, -2, -3, -4, -5, -6, 1, 2, 3, 4, 5, 6);
    EXPECT(graph_sum(g, &graph, three, NULL, 0, true), 5, 7, 9);
    EXPECT(node(OP_as_batch, node(OP_as_tensor, two, (struct node){0}), (struct node){0}), 1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6);
    struct node *t = counting(SHAPE(2, 1, 2, 3), 0, 1); /* as a batch: [1, 2, 3], twice */
    EXPECT(node(OP_transpose, node(OP_as_batch, t, (struct node){0}), (struct node){.axes = {2, 0, 1}}), 0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11);
    EXPECT(graph_binary(g, &graph, OP_add, c, b), 8, 9, 10, 9, 10, 11, 11, 12, 13, 12, 13, 14); /* [2, 1] + batched [3] */
}

static void check_matmul(void)
{
    begin(2);
    struct node *a = counting(SHAPE(2, 3), 1, 1), *b = counting(SHAPE(3, 2), 1, 1); /* 1 2 3 / 4 5 6,  1 2 / 3 4 / 5 6 */
    struct node *c = counting(SHAPE(2, 2), 1, 1), *row = node(OP_reshape, node(OP_slice, a, (struct node){.type = SHAPE(1, 3)}), (struct node){.type = SHAPE(3)});
    EXPECT(graph_matmul(g, &graph, a, b, false, false), 22, 28, 49, 64);
    EXPECT(graph_matmul(g, &graph, a, a, false, true), 14, 32, 32, 77);
    EXPECT(graph_matmul(g, &graph, a, a, true, false), 17, 22, 27, 22, 29, 36, 27, 36, 45);
    EXPECT(graph_matmul(g, &graph, a, b, true, true), 9, 19, 29, 12, 26, 40, 15, 33, 51);
    EXPECT(graph_matmul(g, &graph, row, b, false, false), 22, 28);
    EXPECT(graph_matmul(g, &graph, row, row, true, false), 1, 2, 3, 2, 4, 6, 3, 6, 9);
    struct node *batched = node(OP_as_batch, a, (struct node){0});
    EXPECT(graph_matmul(g, &graph, batched, b, false, false), 22, 28, 49, 64);
    EXPECT(graph_matmul(g, &graph, batched, c, true, false), 13, 18, 17, 24, 21, 30); /* sums over the batch */
    struct node *y = graph_matmul(g, &graph, a, b, false, false);
    double da[6] = {1}, db[6] = {0, 0, 1};
    run(y, (const double *const[]){da, db, NULL});
    CHECK_NEAR(evaluator_tangent(e, y)[0], 1 * 1 + 2 * 1, 0); /* da[0, 0] b[0, 0] + a[0, 1] db[1, 0] */
    CHECK_NEAR(evaluator_tangent(e, y)[1], 2, 0);
    CHECK_NEAR(evaluator_tangent(e, y)[2], 5, 0);
}

static void check_leaf(void)
{
    begin(3);
    EXPECT(node(OP_iota, NULL, (struct node){.type = SHAPE(4)}), 0, 1, 2, 3);
    EXPECT(graph_constant(g, &graph, 2.5, (struct span){0}), 2.5);
    struct type t = BATCHED(10, 10);
    struct node *u = node(OP_rand_uniform, NULL, (struct node){.type = t, .index = 7}), *n = node(OP_rand_normal, NULL, (struct node){.type = t, .index = 8});
    struct node *i = node(OP_rand_index, NULL, (struct node){.type = t, .index = 7, .number = 10});
    struct node *m = node(OP_rand_bernoulli, NULL, (struct node){.type = t, .index = 7, .scalar = sexpr_number(g, 0.3)});
    struct node *all = node(OP_rand_bernoulli, NULL, (struct node){.type = t, .index = 7, .scalar = sexpr_number(g, 1)});
    for (struct node **x = (struct node *[]){u, n, i, m, all, NULL}; *x; x++) vec_push(g->mem, &graph.keep, *x);
    e->p = &program;
    e->tick_else = 0x123456789;
    e->seed[0] = 5, e->seed[1] = 6;
    CHECK(!evaluator_graph(e, &graph));
    for (int64_t k = 0; k < 300; k++) { /* example k / 100, element k % 100 */
        uint32_t seed[2] = {5, 6}, pair[2], word = ganrt_random_word(seed, 0x123456789, 7, (uint32_t)(k / 100), (uint64_t)(k % 100));
        ganrt_random_pair(seed, 0x123456789, 8, (uint32_t)(k / 100), (uint64_t)(k % 100), pair);
        CHECK(evaluator_node(e, u)[k] == (word >> 8) / 16777216.0);
        CHECK(evaluator_node(e, i)[k] == (double)(word * 10ull >> 32));
        CHECK(evaluator_node(e, m)[k] == (word < 1288490188u)); /* 0.3 * 2^32, rounded down */
        CHECK(evaluator_node(e, all)[k] == 1);
        CHECK_NEAR(evaluator_node(e, n)[k], sqrt(-2 * log(((pair[0] >> 8) + 1) / 16777216.0)) * cos(2 * acos(-1) * (pair[1] >> 8) / 16777216.0), 1e-14);
    }
}

int main(void)
{
    g = ganc_new();
    check_reduce();
    check_view();
    check_matmul();
    check_leaf();
    evaluator_free(e);
    ganc_free(g);
    return check_done();
}
