/* graph_build.c: nodes are inferred, folded and refused as they are made; what lives, what depends on what, and that the verifier
 * sees what is broken. */
#include "check.h"

#include "base/buffer.h"
#include "base/diag.h"
#include "graph/program.h"

static const struct span nowhere;

static struct graph *graph_new(struct ganc *g, struct program *p, int64_t batch)
{
    struct graph *graph = NEW(g->mem, struct graph);
    *graph = (struct graph){.kind = GRAPH_STEP, .name = "test", .index = p->graphs.n, .batch = batch};
    vec_push(g->mem, &p->graphs, graph);
    return graph;
}

static struct node *tensor(struct ganc *g, struct program *p, struct graph *graph, const char *name, struct type t)
{
    vec_push(g->mem, &p->tensors, (struct tensor){.name = intern(g, name), .type = t, .net = -1, .of = -1});
    return graph_node(g, graph, OP_tensor, 0, NULL, &(struct node){.index = p->tensors.n - 1, .type = t}, nowhere);
}

static struct node *noise(struct ganc *g, struct program *p, struct graph *graph, int64_t n)
{
    struct node like = {.index = p->streams++, .type = type_of(true, 1, &n)};
    return graph_node(g, graph, OP_rand_uniform, 0, NULL, &like, nowhere);
}

static void test_types(void)
{
    struct type a = type_of(true, 2, (int64_t[]){5, 1}), b = type_of(false, 1, (int64_t[]){7}), c;
    CHECK(type_broadcast(a, b, &c) && type_equal(c, type_of(true, 2, (int64_t[]){5, 7})));
    CHECK(!type_broadcast(type_of(false, 1, (int64_t[]){5}), b, &c));
    CHECK(type_equal(type_scalar(), type_of(false, 0, NULL)) && !type_equal(type_scalar(), type_of(true, 0, NULL)));
    CHECK(type_elements(c) == 35 && type_elements(type_scalar()) == 1);
    CHECK(type_elements(type_of(false, 3, (int64_t[]){1 << 30, 1 << 30, 1 << 30})) == INT64_MAX);
    struct graph graph = {.batch = 10};
    int64_t rows, columns;
    type_matrix(&graph, type_of(true, 2, (int64_t[]){5, 7}), &rows, &columns);
    CHECK(rows == 50 && columns == 7 && type_total(&graph, c) == 350);
    type_matrix(&graph, type_of(true, 0, NULL), &rows, &columns);
    CHECK(rows == 10 && columns == 1);
    CHECK(!range_known(range_all()) && range_known((struct range){0, INFINITY, false, true}));
}

static void test_nodes(struct ganc *g)
{
    struct program p = {0};
    struct graph *graph = graph_new(g, &p, 10);
    struct node *x = noise(g, &p, graph, 7), *w = tensor(g, &p, graph, "w", type_of(false, 1, (int64_t[]){7}));
    struct node *y = graph_binary(g, graph, OP_add, x, w);
    CHECK(y->id == 2 && y->type.batched && y->type.rank == 1 && y->type.dim[0] == 7);
    struct node *two = graph_constant(g, graph, 2, nowhere), *zero = graph_constant(g, graph, 0, nowhere);
    struct node *four = graph_binary(g, graph, OP_mul, two, two);
    CHECK(four->op == OP_constant && four->number == 4 && four->nargs == 0 && four->range.low == 4 && four->range.high == 4);
    CHECK(graph_unary(g, graph, OP_stop, four)->number == 4);
    CHECK(isinf(graph_binary(g, graph, OP_div, two, zero)->number));
    CHECK(isnan(graph_binary(g, graph, OP_div, zero, zero)->number));
    CHECK(graph_reshape(g, graph, y, y->type) == y && graph_expand(g, graph, y, y->type) == y && graph_sum(g, graph, y, NULL, 0, false) == y);

    uint32_t errors = diag_errors(g), nodes = graph->nodes.n;
    CHECK(!graph_node(g, graph, OP_add, 2, (struct node *[]){x, NULL}, NULL, nowhere) && diag_errors(g) == errors);
    CHECK(!graph_unary(g, graph, OP_exp, NULL) && !graph_sum(g, graph, NULL, NULL, 0, true));
    struct node *wide = tensor(g, &p, graph, "v", type_of(false, 1, (int64_t[]){8}));
    CHECK(!graph_node(g, graph, OP_add, 2, (struct node *[]){x, wide}, NULL, nowhere) && diag_errors(g) == errors + 1);
    struct node empty = {.type = type_of(false, 1, (int64_t[]){0})}, huge = {.type = type_of(false, 2, (int64_t[]){1 << 21, 1 << 20})};
    CHECK(!graph_node(g, graph, OP_iota, 0, NULL, &empty, nowhere) && diag_errors(g) == errors + 2);
    CHECK(!graph_node(g, graph, OP_rand_normal, 0, NULL, &huge, nowhere) && diag_errors(g) == errors + 3);
    CHECK(graph->nodes.n == nodes + 1);

    struct node *sum = graph_sum(g, graph, y, (int64_t[]){0}, 1, true);
    struct node *copy = graph_copy_node(g, graph, sum, (struct node *[]){x});
    CHECK(copy->op == OP_sum && copy->over_batch && copy->arg[0] == x && type_equal(copy->type, type_scalar()));
    CHECK(op_find("matmul") == OP_matmul && op_find("") == OP_COUNT);
}

static void test_walks(struct ganc *g)
{
    struct program p = {0};
    struct graph *graph = graph_new(g, &p, 10);
    struct node *x = noise(g, &p, graph, 3), *dead = noise(g, &p, graph, 4), *kept = noise(g, &p, graph, 5);
    struct node *w = tensor(g, &p, graph, "w", type_of(false, 1, (int64_t[]){3}));
    struct node *wx = graph_binary(g, graph, OP_mul, w, x), *cut = graph_unary(g, graph, OP_stop, wx);
    struct node *step = graph_binary(g, graph, OP_gt, wx, w), *chosen = graph_where(g, graph, step, x, cut);
    struct node *value = graph_sum(g, graph, graph_binary(g, graph, OP_add, chosen, x), (int64_t[]){0}, 1, true);
    vec_push(g->mem, &graph->outputs, (struct output){OUTPUT_OBJECTIVE, "V", value, 1, 0, -1});
    vec_push(g->mem, &graph->keep, kept);
    bool *live = graph_live(g->mem, graph);
    CHECK(live[x->id] && live[w->id] && live[kept->id] && live[value->id] && !live[dead->id]);
    CHECK(graph_depends(g->mem, graph, wx, w) && graph_depends(g->mem, graph, w, w));
    CHECK(graph_depends(g->mem, graph, value, x));
    CHECK(!graph_depends(g->mem, graph, value, w)); /* only through stop, a comparison and where's condition */
    CHECK(!graph_depends(g->mem, graph, w, value) && !graph_depends(g->mem, graph, value, dead));
    CHECK(!graph_flows(chosen, 0) && graph_flows(chosen, 1) && !graph_flows(step, 0) && !graph_flows(cut, 0));
}

/* Breaks one thing of a good program and expects the verifier to say `wanted`. */
static void expect_broken(struct ganc *g, int what, const char *wanted)
{
    struct program p = {.name = "broken"};
    struct graph *graph = graph_new(g, &p, 10);
    struct node *w = tensor(g, &p, graph, "w", type_of(false, 1, (int64_t[]){3}));
    struct node *x = noise(g, &p, graph, 3), *y = graph_binary(g, graph, OP_add, w, x), *z = noise(g, &p, graph, 3);
    vec_push(g->mem, &graph->effects, (struct effect){0, w, nowhere});
    vec_push(g->mem, &p.results, "V");
    vec_push(g->mem, &graph->outputs, (struct output){OUTPUT_REPORT, "V", graph_sum(g, graph, y, (int64_t[]){0}, 1, true), 1, 0, -1});
    switch (what) {
    case 1: y->id = 7; break;
    case 2: y->arg[0] = z; break;
    case 3: y->type.dim[0] = 4; break;
    case 4: y->nargs = 1; break;
    case 5: w->index = 9; break;
    case 6: z->index = x->index; break;
    case 7: z->index = p.streams; break;
    case 8: graph->effects.at[0].value = y; break;
    case 9: vec_push(g->mem, &graph->effects, graph->effects.at[0]); break;
    case 10: graph->outputs.at[0].value = w; break;
    case 11: graph->outputs.at[0].result = 1; break;
    case 12: graph->index = 3; break;
    case 13: tensor(g, &p, graph, "w", w->type); break;
    case 14: p.tensors.at[0].type.dim[0] = 0; break;
    case 15: vec_push(g->mem, &p.reports, (struct report){"r", 5, -1, NULL, nowhere}); break;
    case 16: vec_push(g->mem, &p.trains, (struct train){.name = "t", .batch = 1, .epoch_data = -1}); break;
    }
    const char *message = program_verify(g, &p);
    CHECK(wanted ? message && strstr(message, wanted) : !message);
    if (message && (!wanted || !strstr(message, wanted)))
        printf("case %d: %s\n", what, message);
}

static void test_verify(struct ganc *g)
{
    static const char *const wanted[] = {
        NULL, "numbered %7", "does not stand before", "not batched [4]", "operands", "tensor 9 of 1", "as another value does", "of 2",
        "but is set to", "set twice", "must be one number", "result 1 of 1", "stands at position 0", "tensor w is there twice", "bad type",
        "names entry 5 of 1", "either steps or epochs"};
    uint32_t errors = diag_errors(g);
    for (int i = 0; i < (int)(sizeof wanted / sizeof *wanted); i++)
        expect_broken(g, i, wanted[i]);
    CHECK(diag_errors(g) == errors);
}

int main(void)
{
    struct ganc *g = ganc_new();
    test_types();
    test_nodes(g);
    test_walks(g);
    test_verify(g);
    ganc_free(g);
    return check_done();
}
