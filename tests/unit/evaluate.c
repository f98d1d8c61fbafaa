/* The evaluator: a small program with a setting, a counter, minibatches and states; gradients by forward mode; errors. */
#include "evaluate/evaluate.h"

#include "check.h"

static struct ganc *g;
static struct program p;
static const struct span nowhere;

static struct node *make(struct graph *graph, enum op op, uint32_t n, struct node *const *x, struct node like)
{
    return graph_node(g, graph, op, n, x, &like, nowhere);
}

static struct graph *graph_add(enum graph_kind kind, const char *name, int64_t batch)
{
    struct graph *graph = NEW(g->mem, struct graph);
    *graph = (struct graph){.kind = kind, .name = name, .index = p.graphs.n, .batch = batch};
    vec_push(g->mem, &p.graphs, graph);
    return graph;
}

static void tensor_add(const char *name, struct type t)
{
    vec_push(g->mem, &p.tensors, (struct tensor){.name = name, .type = t, .net = -1, .of = -1});
}

static struct node *tensor(struct graph *graph, uint32_t index)
{
    return make(graph, OP_tensor, 0, NULL, (struct node){.index = index, .type = p.tensors.at[index].type});
}

static const struct sexpr *call(enum op op, const struct sexpr *a, const struct sexpr *b)
{
    return sexpr_op(g, op, b ? 2 : 1, (const struct sexpr *[]){a, b});
}

static struct schedule *statement(struct schedule s)
{
    return arena_copy(g->mem, &s, sizeof s);
}

/* Minimises E[x ~ d] sum((x - w)^2) / 2 over w [2] by w <- w - rate * updates * (w - mean x), written out; fade is a state of the
 * schedule. In each pass: repeat k { the step }; every 2 { fade = fade / 2 }. */
static void build(void)
{
    struct type pair = type_of(false, 1, (int64_t[]){2});
    vec_push(g->mem, &p.settings, (struct setting){.name = "k", .value = sexpr_number(g, 3)});
    vec_push(g->mem, &p.settings, (struct setting){.name = "rate", .value = call(OP_div, sexpr_number(g, 0.3), sexpr_leaf(g, SEXPR_SETTING, 0))});
    vec_push(g->mem, &p.data, (struct data){.name = "d", .type = pair, .any = true});
    vec_push(g->mem, &p.counters, "sgd");
    vec_push(g->mem, &p.results, "V");
    tensor_add("w", pair);
    tensor_add("swapped", pair);
    tensor_add("fade", type_scalar());

    struct graph *init = graph_add(GRAPH_INIT, "init", 1);
    struct node *five = graph_expand(g, init, graph_constant(g, init, 5, nowhere), pair);
    vec_push(g->mem, &init->effects, (struct effect){0, five, nowhere});
    vec_push(g->mem, &p.setup, statement((struct schedule){.kind = SCHEDULE_SET, .index = 2, .value = sexpr_number(g, 8)}));

    struct graph *step = graph_add(GRAPH_STEP, "minimize", 4);
    struct node *w = tensor(step, 0), *x = make(step, OP_data, 0, NULL, (struct node){.type = type_of(true, 1, (int64_t[]){2}), .draw = 1});
    struct node *off = graph_binary(g, step, OP_sub, x, w), *square = graph_binary(g, step, OP_mul, off, off);
    struct node *eighth = graph_constant(g, step, 0.125, nowhere); /* 1 / 2 for the square, 1 / 4 for the mean */
    struct node *v = graph_binary(g, step, OP_mul, graph_sum(g, step, square, (int64_t[]){0}, 1, true), eighth);
    struct node *gradient = make(step, OP_grad, 2, (struct node *[]){v, w}, (struct node){0});
    struct node *rate = make(step, OP_scalar, 0, NULL,
                             (struct node){.scalar = call(OP_mul, sexpr_leaf(g, SEXPR_SETTING, 1), sexpr_leaf(g, SEXPR_UPDATES, 0))});
    struct node *next = graph_binary(g, step, OP_sub, w, graph_binary(g, step, OP_mul, rate, gradient));
    vec_push(g->mem, &step->outputs, (struct output){OUTPUT_OBJECTIVE, "V", v, -1, 0, -1});
    vec_push(g->mem, &step->effects, (struct effect){0, next, nowhere});
    vec_push(g->mem, &step->effects, (struct effect){1, w, nowhere}); /* all at once: w as it was */

    struct train t = {.name = "train", .batch = 4, .epoch_data = -1};
    struct schedule *repeat = statement((struct schedule){.kind = SCHEDULE_REPEAT, .value = sexpr_leaf(g, SEXPR_SETTING, 0)});
    struct schedule *run = statement((struct schedule){.kind = SCHEDULE_RUN, .index = step->index});
    struct schedule *every = statement((struct schedule){.kind = SCHEDULE_EVERY, .value = sexpr_number(g, 2)});
    struct schedule *halve = statement((struct schedule){
        .kind = SCHEDULE_SET, .index = 2, .value = call(OP_div, sexpr_leaf(g, SEXPR_STATE, 2), sexpr_number(g, 2))});
    vec_push(g->mem, &run->counters, 0);
    vec_push(g->mem, &repeat->body, run);
    vec_push(g->mem, &every->body, halve);
    vec_push(g->mem, &t.body, repeat);
    vec_push(g->mem, &t.body, every);
    vec_push(g->mem, &t.counters, 0);
    vec_push(g->mem, &p.trains, t);
}

static double example(uint64_t tick, int i)
{
    return (double)tick + 0.5 * i;
}

static uint32_t asked;
static void give(void *self, const struct graph *graph, uint64_t tick, uint32_t data, uint32_t draw, double *to)
{
    CHECK(self == &p && graph->batch == 4 && data == 0 && draw == 1);
    for (int i = 0; i < 8; i++) to[i] = example(tick, i);
    asked++;
}

/* The same in plain numbers. */
static void expected_step(double w[2], double rate, uint64_t tick, double *v)
{
    *v = 0;
    for (int j = 0; j < 2; j++) {
        double mean = 0;
        for (int i = 0; i < 4; i++) {
            double x = example(tick, 2 * i + j);
            mean += x / 4;
            *v += (x - w[j]) * (x - w[j]) / 8;
        }
        w[j] -= rate * (w[j] - mean);
    }
}

static void check_training(void)
{
    struct evaluator *e = evaluator_new(&p);
    CHECK_NEAR(e->settings[1], 0.1, 1e-15);
    e->settings[0] = 2; /* --k 2: rate's default follows */
    evaluator_defaults(e, (bool[]){true, false});
    CHECK_NEAR(e->settings[1], 0.15, 1e-15);
    CHECK(!evaluator_start(e) && e->tick == 0);
    CHECK(e->tensors[0][1] == 5 && e->tensors[2][0] == 8);
    e->source.data = give;
    e->source.self = &p;
    double w[2] = {5, 5}, before[2], v;
    evaluator_train_begin(e, 0);
    for (uint64_t step = 1; step <= 3; step++) {
        CHECK(!evaluator_train_pass(e, 0));
        for (uint64_t k = 1; k <= 2; k++) {
            uint64_t tick = 2 * (step - 1) + k; /* and the update's number */
            memcpy(before, w, sizeof w);
            expected_step(w, 0.15 * (double)tick, tick, &v);
        }
        CHECK(e->step == (double)step && e->tick == 2 * step && e->counters[0] == 2.0 * (double)step);
        for (int j = 0; j < 2; j++) {
            CHECK_NEAR(e->tensors[0][j], w[j], 1e-12);
            CHECK_NEAR(e->tensors[1][j], before[j], 1e-12);
        }
        CHECK_NEAR(e->results[0], -v, 1e-12);
        CHECK(e->tensors[2][0] == (step < 2 ? 8 : 4));
    }
    CHECK(asked == 6);
    evaluator_train_begin(e, 0);
    CHECK(e->counters[0] == 0 && e->step == 0 && e->tick == 6);
    evaluator_free(e);
}

static void check_errors(void)
{
    struct evaluator *e = evaluator_new(&p);
    CHECK_TEXT(evaluator_graph(e, p.graphs.at[1]), "graph minimize: it draws d, but nothing was given to draw from");
    e->source.data = give;
    e->source.self = &p;
    e->most_directions = 1;
    CHECK(strstr(evaluator_graph(e, p.graphs.at[1]), "is too large to take one by one"));
    e->most_directions = 2;
    CHECK(!evaluator_graph(e, p.graphs.at[1]));
    e->most_work = 1;
    CHECK(strstr(evaluator_graph(e, p.graphs.at[1]), "is too large to take one by one"));
    evaluator_free(e);
}

/* d/dw of sum(w^3 + x stop(w)) for w [2] batched by examples; and what is dead, or does not depend. */
static void check_gradients(void)
{
    struct evaluator *e = evaluator_new(&p);
    struct graph graph = {.kind = GRAPH_REPORT, .name = "test", .batch = 2};
    struct node *w = make(&graph, OP_as_batch, 1, (struct node *[]){tensor(&graph, 0)}, (struct node){0}), *other = tensor(&graph, 1);
    struct node *cube = graph_binary(g, &graph, OP_pow, w, graph_constant(g, &graph, 3, nowhere));
    struct node *y = graph_binary(g, &graph, OP_add, cube, graph_binary(g, &graph, OP_mul, w, graph_unary(g, &graph, OP_stop, w)));
    struct node *by_w = make(&graph, OP_grad, 2, (struct node *[]){y, w}, (struct node){0});
    struct node *by_other = make(&graph, OP_grad, 2, (struct node *[]){y, other}, (struct node){0});
    struct node *dead = graph_unary(g, &graph, OP_neg, y);
    vec_push(g->mem, &graph.keep, by_w);
    vec_push(g->mem, &graph.keep, by_other);
    e->tensors[0][0] = 2, e->tensors[0][1] = -3;
    CHECK(!evaluator_graph(e, &graph));
    CHECK(evaluator_node(e, by_w)[0] == 12 + 2 && evaluator_node(e, by_w)[1] == 27 - 3);
    CHECK(evaluator_node(e, by_other)[0] == 0 && !evaluator_node(e, dead));
    CHECK(e->tick == 0);

    /* gradients of gradients by nested tangents; stop(w) stays a constant: 6 w, then 6; and the tangent of 6 w along (1, 0) */
    struct node *twice = make(&graph, OP_grad, 2, (struct node *[]){by_w, w}, (struct node){0});
    struct node *thrice = make(&graph, OP_grad, 2, (struct node *[]){twice, w}, (struct node){0});
    struct node *four = make(&graph, OP_grad, 2, (struct node *[]){thrice, w}, (struct node){0});
    struct node *five = make(&graph, OP_grad, 2, (struct node *[]){four, w}, (struct node){0});
    double one[2] = {1, 0};
    vec_push(g->mem, &graph.keep, thrice);
    CHECK(!evaluator_graph_tangent(e, &graph, (const double *const[]){one, NULL, NULL}));
    for (int i = 0; i < 2; i++) {
        double w_i = i ? -3 : 2;
        CHECK_NEAR(evaluator_node(e, twice)[i], 6 * w_i, 1e-12);
        CHECK_NEAR(evaluator_node(e, thrice)[i], 6, 1e-12);
        CHECK_NEAR(evaluator_tangent(e, by_w)[i], i ? 0 : 6 * w_i, 1e-12);
        CHECK_NEAR(evaluator_tangent(e, twice)[i], i ? 0 : 6, 1e-12);
        CHECK_NEAR(evaluator_tangent(e, thrice)[i], 0, 1e-12);
    }
    vec_push(g->mem, &graph.keep, five);
    CHECK(strstr(evaluator_graph(e, &graph), "nested too deeply"));
    evaluator_free(e);
}

/* Nodes of one draw see one minibatch; the tangent is of the run to come, and changes nothing. */
static void check_draws(void)
{
    struct evaluator *e = evaluator_new(&p);
    struct graph graph = {.kind = GRAPH_STEP, .name = "test", .batch = 4};
    struct node like = {.type = type_of(true, 1, (int64_t[]){2}), .draw = 1}, *w = tensor(&graph, 0);
    struct node *x = make(&graph, OP_data, 0, NULL, like), *same = make(&graph, OP_data, 0, NULL, like);
    struct node *y = graph_binary(g, &graph, OP_mul, w, graph_binary(g, &graph, OP_add, x, same));
    vec_push(g->mem, &graph.effects, (struct effect){0, graph_sum(g, &graph, y, NULL, 0, true), nowhere});
    e->source.data = give;
    e->source.self = &p;
    e->tick = 41;
    e->tensors[0][0] = 3;
    asked = 0;
    double one[2] = {1, 0};
    CHECK(!evaluator_graph_tangent(e, &graph, (const double *const[]){one, NULL, NULL}));
    CHECK(asked == 1 && e->tick == 41 && e->tensors[0][0] == 3);
    for (int i = 0; i < 8; i++) {
        CHECK_NEAR(evaluator_tangent(e, y)[i], i % 2 ? 0 : 2 * example(42, i), 1e-12);
        CHECK(evaluator_node(e, same)[i] == example(42, i));
    }
    CHECK(!evaluator_tangent(e, x));
    CHECK(!evaluator_graph(e, &graph) && e->tick == 42 && !evaluator_tangent(e, y));
    CHECK_NEAR(e->tensors[0][0], 3 * 2 * (4 * 42 + 0 + 1 + 2 + 3), 1e-9);
    evaluator_free(e);
}

int main(void)
{
    g = ganc_new();
    build();
    check_training();
    check_errors();
    check_draws();
    check_gradients();
    ganc_free(g);
    return check_done();
}
