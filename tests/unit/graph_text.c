/* graph_text.c: a program with something in every field prints, is read back, and prints as the same bytes; broken texts
 * are errors with a place, never crashes. */
#include "check.h"

#include "base/buffer.h"
#include "base/diag.h"
#include "graph/program.h"
#include "ops/ops.h"

#include <stdlib.h>

static const char model_text[] = "# toy.gan: an example\n\nsetting k = 1\tλ = \"σ\"\n\n| odd\nlast line without a newline";
static const char part_text[] = "fn f(x) = x\n";

static struct span place(uint32_t file, uint32_t at, uint32_t length)
{
    return span_at(file, at, length);
}

static const struct sexpr *number(struct ganc *g, double x)
{
    return sexpr_number(g, x);
}

static const struct sexpr *binary(struct ganc *g, enum op op, const struct sexpr *a, const struct sexpr *b)
{
    return sexpr_op(g, op, 2, (const struct sexpr *const[]){a, b});
}

static struct type shape(int rank, int64_t a, int64_t b)
{
    return type_of(false, (uint32_t)rank, (int64_t[]){a, b});
}

static void build_declarations(struct ganc *g, struct program *p, uint32_t model, uint32_t part)
{
    const struct sexpr *k = sexpr_leaf(g, SEXPR_SETTING, 0);
    vec_push(g->mem, &p->settings, (struct setting){.name = intern(g, "k"), .doc = "steps of \"D\"\nfor each of G's", .value = number(g, 1), .span = place(model, 23, 13)});
    vec_push(g->mem, &p->settings, (struct setting){.name = intern(g, "step"), .value = binary(g, OP_mul, k, number(g, 2)), .fixed = true});
    vec_push(g->mem, &p->settings, (struct setting){.name = intern(g, "pad"), .value = number(g, 0), .text = "same", .fixed = true});
    vec_push(g->mem, &p->settings, (struct setting){.name = intern(g, "μ'"), .value = number(g, -0.5), .boolean = true});
    vec_push(g->mem, &p->data, (struct data){.name = intern(g, "digits"), .type = shape(1, 4, 0), .low = 0, .high = 1, .from = "a \\ b", .sliced = true, .slice_low = 5, .slice_high = 500, .span = place(part, 0, 2)});
    vec_push(g->mem, &p->data, (struct data){.name = intern(g, "set"), .field = intern(g, "image"), .source = 1, .type = shape(2, 2, 3), .any = true, .slice_high = -1});
    vec_push(g->mem, &p->data, (struct data){.name = intern(g, "set"), .field = intern(g, "label"), .source = 1, .type = shape(1, 10, 0), .onehot = true, .high = 1, .slice_high = -1});
    vec_push(g->mem, &p->priors, (struct prior_info){intern(g, "noise"), shape(1, 3, 0), "uniform(-sqrt(3), sqrt(3))"});
    vec_push(g->mem, &p->tensors, (struct tensor){.name = intern(g, "D.dense1.W"), .type = shape(2, 4, 3), .net = 0, .of = -1, .span = place(part, 3, 1)});
    vec_push(g->mem, &p->tensors, (struct tensor){.name = intern(g, "adam.m.D.dense1.W"), .kind = TENSOR_OPTIMIZER_STATE, .type = shape(2, 4, 3), .net = -1, .of = 0});
    vec_push(g->mem, &p->tensors, (struct tensor){.name = intern(g, "fade"), .kind = TENSOR_SCHEDULE_STATE, .net = -1, .of = -1, .f64 = true});
    vec_push(g->mem, &p->tensors, (struct tensor){.name = intern(g, "odd name"), .kind = TENSOR_NET_STATE, .type = shape(1, 3, 0), .net = 0, .of = -1});
    struct net_info d = {.name = intern(g, "D"), .output = shape(1, 3, 0), .graph = 1, .span = place(model, 0, 7)};
    vec_push(g->mem, &d.inputs, (struct net_input){intern(g, "x"), shape(1, 4, 0), -1, 0});
    vec_push(g->mem, &d.inputs, (struct net_input){intern(g, "z"), shape(1, 3, 0), 0, -1});
    vec_push(g->mem, &d.tensors, 0);
    vec_push(g->mem, &d.tensors, 3);
    vec_push(g->mem, &p->nets, d);
    vec_push(g->mem, &p->counters, intern(g, "adam"));
    vec_push(g->mem, &p->counters, intern(g, "adam"));
    vec_push(g->mem, &p->results, intern(g, "V"));
    vec_push(g->mem, &p->results, intern(g, "E[z ~ noise] log(D(G(z)))"));
}

static struct node *leaf(struct ganc *g, struct graph *graph, enum op op, struct node like)
{
    return graph_node(g, graph, op, 0, NULL, &like, graph->span);
}

static struct graph *graph_new(struct ganc *g, struct program *p, enum graph_kind kind, const char *name, int64_t batch)
{
    struct graph *graph = NEW(g->mem, struct graph);
    *graph = (struct graph){.kind = kind, .name = name, .index = p->graphs.n, .batch = batch};
    vec_push(g->mem, &p->graphs, graph);
    return graph;
}

static void build_step(struct ganc *g, struct program *p, uint32_t model)
{
    struct graph *graph = graph_new(g, p, GRAPH_STEP, "maximize V over D", 8);
    graph->span = place(model, 24, 3);
    struct node *x = leaf(g, graph, OP_data, (struct node){.index = 0, .draw = 2, .type = type_of(true, 1, (int64_t[]){4}), .range = {0, 1, false, false}});
    x->name = intern(g, "x");
    struct node *w = leaf(g, graph, OP_tensor, (struct node){.index = 0, .type = shape(2, 4, 3)});
    struct node *y = graph_matmul(g, graph, x, w, false, false);
    struct node *u = leaf(g, graph, OP_rand_uniform, (struct node){.index = 0, .type = type_of(true, 1, (int64_t[]){3})});
    struct node *keep = leaf(g, graph, OP_rand_bernoulli, (struct node){.index = 1, .type = u->type, .scalar = binary(g, OP_sub, number(g, 1), sexpr_leaf(g, SEXPR_SETTING, 3))});
    struct node *pick = leaf(g, graph, OP_rand_index, (struct node){.index = 2, .type = type_of(true, 0, NULL), .number = 10});
    leaf(g, graph, OP_rand_normal, (struct node){.index = 3, .type = shape(1, 5, 0)});
    struct node *iota = leaf(g, graph, OP_iota, (struct node){.type = shape(1, 10, 0)});
    struct node *onehot = graph_binary(g, graph, OP_eq, iota, graph_reshape(g, graph, pick, type_of(true, 1, (int64_t[]){1})));
    struct node *mean = leaf(g, graph, OP_data_mean, (struct node){.index = 1, .type = shape(2, 2, 3)});
    struct node *flat = graph_node(g, graph, OP_transpose, 1, &mean, &(struct node){.axes = {1, 0}}, graph->span);
    struct node *window = graph_node(g, graph, OP_slice, 1, &flat, &(struct node){.axes = {1, 0}, .type = shape(2, 2, 1)}, graph->span);
    struct node *padded = graph_node(g, graph, OP_pad, 1, &window, &(struct node){.axes = {0, 1}, .type = shape(2, 3, 4)}, graph->span);
    struct node *rate = leaf(g, graph, OP_scalar, (struct node){.scalar = binary(g, OP_max, binary(g, OP_div, number(g, 0.1), binary(g, OP_pow, number(g, 1.000004), binary(g, OP_sub, sexpr_leaf(g, SEXPR_STEP, 0), number(g, 1)))), number(g, 1e-6))});
    struct node *s = graph_unary(g, graph, OP_sigmoid, graph_binary(g, graph, OP_mul, y, keep));
    struct node *both = graph_node(g, graph, OP_concat, 2, (struct node *[]){s, u}, &(struct node){.axes = {0}}, graph->span);
    graph_node(g, graph, OP_argmax, 1, &both, &(struct node){.axes = {0}, .axis_count = 1}, graph->span);
    struct node *rows = graph_node(g, graph, OP_as_tensor, 1, &s, NULL, graph->span);
    graph_node(g, graph, OP_as_batch, 1, &rows, NULL, graph->span);
    graph_expand(g, graph, window, shape(2, 2, 7));
    graph_where(g, graph, onehot, graph_constant(g, graph, INFINITY, graph->span), graph_constant(g, graph, -0.0, graph->span));
    struct node *v = graph_sum(g, graph, s, (int64_t[]){0}, 1, true);
    struct node *slope = graph_node(g, graph, OP_grad, 2, (struct node *[]){v, w}, NULL, graph->span);
    struct node *next = graph_binary(g, graph, OP_sub, w, graph_binary(g, graph, OP_mul, slope, rate));
    vec_push(g->mem, &graph->effects, (struct effect){0, next, graph->span});
    vec_push(g->mem, &graph->effects, (struct effect){1, slope, {0}});
    vec_push(g->mem, &graph->outputs, (struct output){OUTPUT_OBJECTIVE, p->results.at[0], v, -1, 0, -1});
    vec_push(g->mem, &graph->outputs, (struct output){OUTPUT_STATE, "a state", v, 1, 1, -1});
    vec_push(g->mem, &graph->keep, x);
    vec_push(g->mem, &graph->keep, padded);
}

static void build_schedule(struct ganc *g, struct program *p, uint32_t model)
{
    struct schedule *run = NEW(g->mem, struct schedule), *let = NEW(g->mem, struct schedule), *set = NEW(g->mem, struct schedule);
    struct schedule *choice = NEW(g->mem, struct schedule), *repeat = NEW(g->mem, struct schedule), *every = NEW(g->mem, struct schedule);
    *run = (struct schedule){.kind = SCHEDULE_RUN, .index = 0, .span = place(model, 30, 4)};
    vec_push(g->mem, &run->counters, 1);
    const struct sexpr *early = binary(g, OP_le, sexpr_leaf(g, SEXPR_STEP, 0), number(g, 25));
    const struct sexpr *often = binary(g, OP_eq, binary(g, OP_rem, sexpr_leaf(g, SEXPR_EPOCH, 0), sexpr_leaf(g, SEXPR_SETTING, 1)), sexpr_leaf(g, SEXPR_RESULT, 1));
    *let = (struct schedule){.kind = SCHEDULE_LET, .index = 1, .value = sexpr_logic(g, SEXPR_OR, early, sexpr_logic(g, SEXPR_NOT, sexpr_logic(g, SEXPR_AND, often, early), NULL))};
    *set = (struct schedule){.kind = SCHEDULE_SET, .index = 2, .value = binary(g, OP_add, sexpr_leaf(g, SEXPR_STATE, 2), sexpr_leaf(g, SEXPR_UPDATES, 1))};
    *choice = (struct schedule){.kind = SCHEDULE_IF, .value = sexpr_leaf(g, SEXPR_VAR, 1), .span = place(model, 1, 1)};
    *repeat = (struct schedule){.kind = SCHEDULE_REPEAT, .value = sexpr_leaf(g, SEXPR_SETTING, 0)};
    *every = (struct schedule){.kind = SCHEDULE_EVERY, .value = number(g, 10)};
    vec_push(g->mem, &repeat->body, run);
    vec_push(g->mem, &every->body, repeat);
    vec_push(g->mem, &choice->body, every);
    vec_push(g->mem, &choice->otherwise, run);
    struct train t = {.name = intern(g, "train"), .batch = 8, .steps = number(g, 50000), .vars = 2, .epoch_data = 1, .span = place(model, 2, 2)};
    vec_push(g->mem, &t.body, let);
    vec_push(g->mem, &t.body, choice);
    vec_push(g->mem, &t.body, set);
    vec_push(g->mem, &t.counters, 0);
    vec_push(g->mem, &t.counters, 1);
    vec_push(g->mem, &p->trains, t);
    vec_push(g->mem, &p->trains, (struct train){.name = intern(g, "second"), .batch = 1, .epochs = number(g, 3), .epoch_data = -1});
    struct schedule *first = NEW(g->mem, struct schedule);
    *first = (struct schedule){.kind = SCHEDULE_SET, .index = 2, .value = number(g, 0.25)};
    vec_push(g->mem, &p->setup, first);
}

static struct program *build(struct ganc *g)
{
    uint32_t model, part;
    source_add(g, "folder/toy.gan", model_text, strlen(model_text), &model);
    source_add(g, "folder/parts/part.gan", part_text, strlen(part_text), &part);
    struct program *p = NEW(g->mem, struct program);
    *p = (struct program){.stage = STAGE_GRAD, .name = intern(g, "toy"), .f64 = true, .source = g->sources.at[model]->text, .streams = 4};
    build_declarations(g, p, model, part);
    build_step(g, p, model);
    struct graph *net = graph_new(g, p, GRAPH_NET, "D", 4);
    struct node *z = leaf(g, net, OP_input, (struct node){.index = 1, .type = type_of(true, 1, (int64_t[]){3}), .range = {-1, INFINITY, false, true}});
    vec_push(g->mem, &net->outputs, (struct output){OUTPUT_NET, p->nets.at[0].name, z, 1, 0, -1});
    build_schedule(g, p, model);
    vec_push(g->mem, &p->reports, (struct report){intern(g, "distance"), 0, -1, number(g, 500), place(model, 5, 6)});
    vec_push(g->mem, &p->pictures, (struct picture){.name = intern(g, "samples"), .graph = 1, .rows = 2, .columns = 2, .image = true, .type = shape(1, 3, 0), .low = -1, .high = 1});
    vec_push(g->mem, &p->pictures, (struct picture){.name = intern(g, "points"), .graph = 1, .every = number(g, 1), .rows = 1, .columns = 4, .type = shape(1, 3, 0), .any = true});
    return p;
}

/* Reads `text` in a compilation of its own and prints what came of it; empty where it was refused. */
static struct buffer again(const char *text, size_t length, uint32_t *errors, bool show)
{
    struct ganc *g = ganc_new();
    struct buffer out = {0};
    uint32_t file;
    source_add(g, "text.grad", text, length, &file);
    struct program *p = program_parse(g, file);
    *errors = diag_errors(g);
    if (p)
        program_print(&out, g, p);
    if (show)
        diag_print(g, stdout, COLOR_NEVER);
    ganc_free(g);
    return out;
}

static void check_round_trip(const struct buffer *text)
{
    uint32_t errors;
    struct buffer second = again(text->text, text->length, &errors, true);
    CHECK(errors == 0);
    CHECK_TEXT(second.text, text->text);
    buffer_free(&second);
    CHECK(program_is_text(text->text, text->length));
    CHECK(!program_is_text("ganc graphs", 11));
    CHECK(!program_is_text("ganc", 4));
}

/* Changes bytes, drops and doubles parts: whatever is read must be refused with an error, or be a program. */
static void check_mutations(const struct buffer *text, int rounds)
{
    static const char noise[] = "%$&@[]{}()<-=,.:\"\\|0123456789 \nBstx#~";
    uint32_t seed = 12345, errors, refused = 0;
    for (int i = 0; i < rounds; i++) {
        char *copy = malloc(text->length * 2 + 1);
        size_t n = text->length;
        memcpy(copy, text->text, n);
        for (int k = 0; k < 1 + i % 3; k++) {
            seed = seed * 1664525u + 1013904223u;
            size_t at = (seed >> 8) % n, size = seed % 40;
            if (at + size > n || n + size > 2 * text->length)
                continue;
            if (i % 4 == 0) /* drop */
                memmove(copy + at, copy + at + size, n - at - size), n -= size;
            else if (i % 4 == 1) /* double */
                memmove(copy + at + size, copy + at, n - at), n += size;
            else
                copy[at] = noise[seed % (sizeof noise - 1)];
        }
        struct buffer out = again(copy, n, &errors, false);
        CHECK(!!out.text != (errors > 0));
        refused += errors > 0;
        buffer_free(&out);
        free(copy);
    }
    CHECK(refused > (uint32_t)rounds / 4);
}

int main(int argc, char **argv)
{
    struct ganc *g = ganc_new();
    struct program *p = build(g);
    const char *message = program_verify(g, p);
    CHECK(!message);
    if (message)
        printf("%s\n", message);
    struct buffer text = {0}, dot = {0};
    program_print(&text, g, p);
    if (argc > 1)
        printf("%s", text.text);
    check_round_trip(&text);
    check_mutations(&text, argc > 1 ? atoi(argv[1]) : 300);
    program_dot(&dot, g, p);
    CHECK(strstr(dot.text, "subgraph cluster_1"));
    CHECK(strstr(dot.text, "set D.dense1.W"));
    buffer_free(&dot);
    buffer_free(&text);
    ganc_free(g);
    return check_done();
}
