/* What runs between kernels: expressions in double against sexpr_evaluate's meaning, settings' defaults, the statements of a train block, results. */
#include "codegen_kit.h"

KIT_SERVICES

static struct kit t;

static const struct sexpr *leaf(enum sexpr_kind kind, uint32_t index)
{
    struct sexpr *s = NEW(t.g->mem, struct sexpr);
    *s = (struct sexpr){.kind = kind, .index = index};
    return s;
}

static const struct sexpr *number(double x)
{
    struct sexpr *s = NEW(t.g->mem, struct sexpr);
    *s = (struct sexpr){.kind = SEXPR_NUMBER, .number = x};
    return s;
}

static const struct sexpr *op3(enum op op, const struct sexpr *a, const struct sexpr *b, const struct sexpr *c)
{
    struct sexpr *s = NEW(t.g->mem, struct sexpr);
    *s = (struct sexpr){.kind = SEXPR_OP, .op = op, .nargs = c ? 3 : b ? 2 : 1, .arg = {a, b, c}};
    return s;
}

static const struct sexpr *logic(enum sexpr_kind kind, const struct sexpr *a, const struct sexpr *b)
{
    struct sexpr *s = NEW(t.g->mem, struct sexpr);
    *s = (struct sexpr){.kind = kind, .nargs = b ? 2 : 1, .arg = {a, b}};
    return s;
}

static struct schedule *statement(enum schedule_kind kind, const struct sexpr *value, uint32_t index)
{
    struct schedule *s = NEW(t.g->mem, struct schedule);
    *s = (struct schedule){.kind = kind, .value = value, .index = index};
    return s;
}

static double softplus(double x) { return log1p(exp(x)); }

/* The scalars of the graph, and what they should be with step 6, epoch 2, setting 0 = 2.5, variable 1 = -3, counter 0 = 4, result 0 = 0.25, state 0 = 1.5. */
static const struct sexpr *expressions[40];
static double wanted[40];
static unsigned count;

static void expect(const struct sexpr *s, double value)
{
    expressions[count] = s;
    wanted[count++] = value;
}

static void make_expressions(void)
{
    const struct sexpr *s = leaf(SEXPR_SETTING, 0), *v = leaf(SEXPR_VAR, 1), *step = leaf(SEXPR_STEP, 0);
    expect(number(0.1), 0.1);
    expect(step, 6);
    expect(leaf(SEXPR_EPOCH, 0), 2);
    expect(s, 2.5);
    expect(v, -3);
    expect(leaf(SEXPR_UPDATES, 0), 4);
    expect(leaf(SEXPR_RESULT, 0), 0.25);
    expect(leaf(SEXPR_STATE, 0), 1.5);
    expect(op3(OP_add, s, v, NULL), -0.5);
    expect(op3(OP_div, s, v, NULL), 2.5 / -3);
    expect(op3(OP_rem, v, s, NULL), 2);
    expect(op3(OP_pow, s, number(0.3), NULL), pow(2.5, 0.3));
    expect(op3(OP_pow, s, number(2), NULL), 6.25);
    expect(op3(OP_exp, v, NULL, NULL), exp(-3));
    expect(op3(OP_log, s, NULL, NULL), log(2.5));
    expect(op3(OP_tanh, v, NULL, NULL), tanh(-3));
    expect(op3(OP_sigmoid, v, NULL, NULL), 1 / (1 + exp(3)));
    expect(op3(OP_softplus, v, NULL, NULL), softplus(-3));
    expect(op3(OP_cos, s, NULL, NULL), cos(2.5));
    expect(op3(OP_erf, s, NULL, NULL), erf(2.5));
    expect(op3(OP_sqrt, s, NULL, NULL), sqrt(2.5));
    expect(op3(OP_floor, v, NULL, NULL), -3);
    expect(op3(OP_sign, v, NULL, NULL), -1);
    expect(op3(OP_abs, v, NULL, NULL), 3);
    expect(op3(OP_max, s, v, NULL), 2.5);
    expect(op3(OP_min, s, v, NULL), -3);
    expect(op3(OP_le, s, v, NULL), 0);
    expect(op3(OP_where, op3(OP_gt, s, v, NULL), number(7), number(8)), 7);
    expect(logic(SEXPR_NOT, s, NULL), 0);
    expect(logic(SEXPR_AND, s, v), 1);
    expect(logic(SEXPR_AND, number(0), v), 0);
    expect(logic(SEXPR_OR, number(0), number(0)), 0);
    expect(logic(SEXPR_OR, logic(SEXPR_NOT, s, NULL), v), 1);
}

/* setting 0 = 2.5 fixed by the user or not, setting 1 = 2 * setting 0 */
static void make_program(void)
{
    struct program *p = &t.program;
    vec_push(t.g->mem, &p->settings, (struct setting){.name = "k", .value = number(2.5)});
    vec_push(t.g->mem, &p->settings, (struct setting){.name = "double", .value = op3(OP_mul, number(2), leaf(SEXPR_SETTING, 0), NULL)});
    vec_push(t.g->mem, &p->settings, (struct setting){.name = "mode", .text = "same", .fixed = true});
    vec_push(t.g->mem, &p->tensors, (struct tensor){.name = "fade", .kind = TENSOR_SCHEDULE_STATE, .net = -1, .of = -1, .f64 = true});
    vec_push(t.g->mem, &t.k.tensors, (struct storage){.kind = STORAGE_TENSOR, .name = "fade", .elements = 1, .size = 8});
    t.k.tensor_bytes = t.k.arena_bytes = 64;
    vec_push(t.g->mem, &p->counters, "a");
    vec_push(t.g->mem, &p->results, "V");

    struct train train = {.name = "train", .batch = 4, .steps = number(10), .vars = 3, .epoch_data = -1};
    struct schedule *let = statement(SCHEDULE_LET, op3(OP_add, leaf(SEXPR_STEP, 0), number(0.5), NULL), 2);
    struct schedule *repeat = statement(SCHEDULE_REPEAT, leaf(SEXPR_VAR, 2), 0), *run = statement(SCHEDULE_RUN, NULL, 0);
    struct schedule *every = statement(SCHEDULE_EVERY, number(3), 0), *choice = statement(SCHEDULE_IF, op3(OP_gt, leaf(SEXPR_STEP, 0), number(4), NULL), 0);
    vec_push(t.g->mem, &run->counters, 0);
    vec_push(t.g->mem, &repeat->body, run);
    vec_push(t.g->mem, &every->body, statement(SCHEDULE_SET, op3(OP_add, leaf(SEXPR_STATE, 0), number(1), NULL), 0));
    vec_push(t.g->mem, &choice->body, statement(SCHEDULE_LET, number(1), 0));
    vec_push(t.g->mem, &choice->otherwise, statement(SCHEDULE_LET, number(2), 0));
    struct schedule *all[] = {let, repeat, every, choice, statement(SCHEDULE_EVERY, number(0), 0)};
    vec_push(t.g->mem, &all[4]->body, statement(SCHEDULE_LET, number(99), 0));
    for (int i = 0; i < 5; i++) vec_push(t.g->mem, &train.body, all[i]);
    vec_push(t.g->mem, &train.counters, 0);
    vec_push(t.g->mem, &p->trains, train);
    vec_push(t.g->mem, &p->setup, statement(SCHEDULE_SET, number(0.75), 0));
}

/* A graph whose one kernel doubles scalar 0 into the objective's storage, and a second that INIT runs. */
static struct output objective = {.kind = OUTPUT_OBJECTIVE, .name = "V", .sign = -1, .result = 0};
static struct graph init = {.kind = GRAPH_INIT, .name = "init", .batch = 1};

static void make_graphs(void)
{
    uint32_t to = kit_storage(&t, 1, 4);
    struct kernel *k = kit_kernel(&t, 1, (int64_t[]){1});
    uint32_t s = kit_insn(&t, k, (struct insn){.kind = INSN_SCALAR, .index = 3});
    uint32_t twice = kit_insn(&t, k, (struct insn){.kind = INSN_OP, .op = OP_add, .nargs = 2, .arg = {s, s}});
    kit_insn(&t, k, (struct insn){.kind = INSN_STORE, .nargs = 1, .arg = {twice}, .at = KIT_AT(to, 0, 0)});
    for (unsigned i = 0; i < count; i++) vec_push(t.g->mem, &kit_graph(&t)->scalars, expressions[i]);
    vec_push(t.g->mem, &kit_graph(&t)->outputs, (struct kernel_output){&objective, to});
    vec_push(t.g->mem, &t.program.graphs, &init);
    vec_push(t.g->mem, &t.k.graphs, (struct kernel_graph){.graph = &init});
}

int main(void)
{
    kit_open(&t, false);
    make_expressions();
    make_program();
    make_graphs();
    CHECK(kit_load(&t));
    if (!t.model) return check_done();
    double scalars[40], *state = (double *)t.frame.arena;
    t.frame.scalars = scalars;

    uint8_t given[3] = {0, 0, 0};
    t.model->defaults(&t.frame, given);
    CHECK_NEAR(t.settings[1], 5, 0);
    given[0] = 1, t.settings[0] = 4;
    t.model->defaults(&t.frame, given);
    CHECK_NEAR(t.settings[0], 4, 0);
    CHECK_NEAR(t.settings[1], 8, 0);
    t.settings[0] = 2.5;

    t.model->graphs[1].run(&t.frame);
    CHECK_NEAR(*state, 0.75, 0);
    *state = 1.5;
    t.frame.step = 6, t.frame.epoch = 2;
    t.vars[1] = -3, t.counters[0] = 4, t.results[0] = 0.25;
    kit_begun = 0;
    t.model->graphs[0].run(&t.frame);
    CHECK(kit_begun == 1);
    for (unsigned i = 0; i < count; i++) CHECK_NEAR(scalars[i], wanted[i], 1e-15 * fabs(wanted[i]));
    CHECK_NEAR(t.results[0], -5, 0);
    CHECK(kit_serial == 0);
    t.frame.timed = 1;
    t.model->graphs[0].run(&t.frame);
    CHECK(kit_serial == 1);
    t.frame.timed = 0;

    kit_begun = 0, t.counters[0] = 0;
    t.model->trains[0].pass(&t.frame); /* step 6: 6.5 rounds are 7; divisible by 3 */
    CHECK(kit_begun == 7);
    CHECK_NEAR(t.counters[0], 7, 0);
    CHECK_NEAR(*state, 2.5, 0);
    CHECK_NEAR(t.vars[0], 1, 0);
    t.frame.step = 4;
    t.model->trains[0].pass(&t.frame);
    CHECK_NEAR(*state, 2.5, 0);
    CHECK_NEAR(t.vars[0], 2, 0);
    CHECK(t.model->trains[0].epochs == NULL);
    CHECK_NEAR(t.model->trains[0].steps(&t.frame), 10, 0);
    kit_close(&t);
    return check_done();
}
