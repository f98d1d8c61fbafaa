/* pipeline.c: differentiation and the pass pipeline on random graphs, the pipeline whole and with each pass left out: the values stay, those of
 * the gradients too, and a second run of the pipeline finds nothing to do. */
#include "check.h"
#include "differentiate/differentiate.h"
#include "fixture.h"

#include <string.h>

#define NODES 24

static struct node *pick(struct fixture *f, struct node *const *pool, uint32_t n)
{
    (void)f;
    return pool[(uint32_t)fixture_random(0, n)];
}

static bool same_values(const double *a, int64_t n, const double *b, int64_t m)
{
    bool same = n == m;
    for (int64_t i = 0; i < n && same; i++) same = !(fabs(a[i] - b[i]) > 1e-9 * (1 + fabs(a[i])));
    return same;
}

/* A value that differs from the pool's by one random operation. All have type [4], [2, 2] or [], and stay of moderate size. */
static struct node *grow(struct fixture *f, struct node *const *pool, uint32_t n)
{
    static const enum op unary[] = {OP_neg, OP_tanh, OP_sigmoid, OP_softplus, OP_sin, OP_abs, OP_stop, OP_sign};
    static const enum op binary[] = {OP_add, OP_sub, OP_mul, OP_max, OP_min};
    struct node *a = pick(f, pool, n), *b = pick(f, pool, n), *c;
    struct type t;
    int64_t all[2] = {0, 1};
    switch ((int)fixture_random(0, 12)) {
    case 0:
    case 1:
    case 2: return fixture_unary(f, unary[(int)fixture_random(0, 8)], a);
    case 3:
    case 4:
        if (!type_broadcast(a->type, b->type, &t)) return a;
        c = fixture_binary(f, binary[(int)fixture_random(0, 5)], a, b);
        return c->op == OP_mul || c->op == OP_add ? fixture_unary(f, OP_tanh, c) : c;
    case 5: return fixture_binary(f, OP_mul, a, fixture_number(f, (double)(int)fixture_random(-2, 3)));
    case 6: return fixture_binary(f, OP_add, a, fixture_number(f, (double)(int)fixture_random(-2, 3)));
    case 7:
        if (type_elements(a->type) != 4) return graph_expand(f->g, f->graph, a, fixture_type(true, 1, 4, 0));
        return graph_reshape(f->g, f->graph, a, a->type.rank == 1 ? fixture_type(a->type.batched, 2, 2, 2) : fixture_type(a->type.batched, 1, 4, 0));
    case 8: return a->type.rank == 2 ? fixture_node(f, OP_transpose, 1, &a, (struct node){.axes = {1, 0}}) : a;
    case 9: return fixture_unary(f, OP_sin, graph_sum(f->g, f->graph, a, all, a->type.rank, a->type.batched && fixture_random(0, 1) < 0.5));
    case 10: return fixture_unary(f, OP_log, fixture_unary(f, OP_sigmoid, a));
    default:
        if (a->type.rank != 2 || b->type.rank != 2 || b->type.batched) return a;
        return fixture_unary(f, OP_tanh, graph_matmul(f->g, f->graph, a, b, false, fixture_random(0, 1) < 0.5));
    }
}

static struct fixture *random_program(uint64_t seed)
{
    fixture_seed = seed * 0x9E3779B97F4A7C15u + 1;
    struct fixture *f = fixture_new(3);
    struct node *pool[4 + NODES], *x[4];
    pool[0] = x[0] = fixture_input(f, fixture_type(true, 1, 4, 0));
    pool[1] = x[1] = fixture_input(f, fixture_type(false, 2, 2, 2));
    pool[2] = x[2] = fixture_input(f, fixture_type(false, 1, 4, 0));
    pool[3] = x[3] = fixture_input(f, type_scalar());
    for (uint32_t i = 4; i < 4 + NODES; i++) pool[i] = grow(f, pool, i);
    struct node *y = pool[3 + NODES];
    for (uint32_t i = 0; i < 4; i++) fixture_result(f, fixture_node(f, OP_grad, 2, (struct node *[]){y, x[i]}, (struct node){0}));
    struct node *w = pick(f, pool, 4 + NODES); /* with respect to something in between */
    fixture_result(f, fixture_node(f, OP_grad, 2, (struct node *[]){y, w}, (struct node){0}));
    fixture_result(f, y);
    return f;
}

static void check_program(uint64_t seed, const char *off)
{
    struct fixture *f = random_program(seed);
    int64_t n, m;
    const double *before = fixture_run(f, &n, NULL); /* the evaluator takes grads by dual numbers */
    CHECK(differentiate(f->g, &f->p));
    CHECK(fixture_count(f, OP_grad) == 0);
    const double *after = fixture_run(f, &m, NULL);
    bool same = same_values(before, n, after, m);
    CHECK(same);
    CHECK(passes_run(f->g, &f->p, NULL, &off, off ? 1 : 0));
    after = fixture_run(f, &m, NULL);
    same &= same_values(before, n, after, m);
    CHECK(same);
    if (!same) printf("in program %d without %s\n", (int)seed, off ? off : "nothing");
    uint32_t nodes = f->graph->nodes.n;
    f->p.stage = STAGE_GRAD;
    CHECK(passes_run(f->g, &f->p, NULL, &off, off ? 1 : 0));
    CHECK(f->graph->nodes.n == nodes);
    fixture_free(f);
}

static void check_runner(void)
{
    struct fixture *f = random_program(1);
    CHECK(differentiate(f->g, &f->p));
    const char *off[1] = {"nothing"};
    CHECK(passes_run(f->g, &f->p, "views", NULL, 0) && f->p.stage == STAGE_OPT);
    f->p.stage = STAGE_GRAD;
    uint32_t mark = diag_mark(f->g);
    CHECK(!passes_run(f->g, &f->p, "vievs", NULL, 0) && diag_errors(f->g) == 1);
    diag_rewind(f->g, mark);
    CHECK(!passes_run(f->g, &f->p, NULL, off, 1) && diag_errors(f->g) == 1);
    diag_rewind(f->g, mark);
    fixture_free(f);
    struct buffer docs = {0};
    passes_print_docs(&docs);
    for (uint32_t i = 0; i < pass_count; i++) CHECK(strstr(docs.text, passes[i].doc) != NULL);
    buffer_free(&docs);
}

int main(void)
{
    for (uint64_t seed = 1; seed <= 60; seed++) {
        check_program(seed, NULL);
        check_program(seed, passes[seed % pass_count].name);
    }
    check_runner();
    return check_done();
}
