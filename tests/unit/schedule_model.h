/* schedule_model.h: graphs made by hand, scheduled, interpreted and compared with the reference evaluator; for schedule.c and schedule_random.c. */
#ifndef SCHEDULE_MODEL_H
#define SCHEDULE_MODEL_H

#include "base/buffer.h"
#include "base/diag.h"
#include "check.h"
#include "evaluate/bounds.h"
#include "schedule/interpret.h"

#include <stdlib.h>

struct model {
    struct ganc *g;
    struct program p;
    struct graph *graph;
    bool bounded;   /* rounding may decide it, or make much of little: values are held within bounds, none where it is undecided */
    bool undecided; /* that was so */
    VEC(struct node *) made;
};

static inline struct model *model_new(int64_t batch)
{
    struct ganc *g = ganc_new();
    struct model *m = NEW(g->mem, struct model);
    m->g = g;
    m->p.name = "test", m->p.source = "", m->p.f64 = g->f64 = true;
    m->graph = NEW(g->mem, struct graph);
    m->graph->kind = GRAPH_STEP, m->graph->name = "test", m->graph->batch = batch;
    vec_push(g->mem, &m->p.graphs, m->graph);
    return m;
}

static inline struct node *node(struct model *m, enum op op, uint32_t nargs, struct node *const *args, struct node like)
{
    struct node *n = graph_node(m->g, m->graph, op, nargs, args, &like, (struct span){0});
    if (n) vec_push(m->g->mem, &m->made, n);
    return n;
}

static inline struct node *unary(struct model *m, enum op op, struct node *a) { return node(m, op, 1, &a, (struct node){0}); }

static inline struct node *binary(struct model *m, enum op op, struct node *a, struct node *b)
{
    return node(m, op, 2, (struct node *[]){a, b}, (struct node){0});
}

static inline struct node *number(struct model *m, double x) { return graph_constant(m->g, m->graph, x, (struct span){0}); }

static inline struct node *matmul(struct model *m, struct node *a, struct node *b, bool ta, bool tb)
{
    return node(m, OP_matmul, 2, (struct node *[]){a, b}, (struct node){.ta = ta, .tb = tb});
}

static inline struct node *sum(struct model *m, struct node *x, uint32_t axes, bool batch) /* axes: bits */
{
    struct node like = {.over_batch = batch};
    for (uint32_t a = 0; a < x->type.rank; a++)
        if (axes >> a & 1) like.axes[like.axis_count++] = a;
    return node(m, OP_sum, 1, &x, like);
}

static inline struct node *tensor(struct model *m, uint32_t rank, int64_t a, int64_t b)
{
    struct tensor t = {.kind = TENSOR_PARAMETER, .type = type_of(false, rank, (int64_t[]){a, b}), .net = -1, .of = -1};
    t.name = arena_format(m->g->mem, "t%u", m->p.tensors.n);
    vec_push(m->g->mem, &m->p.tensors, t);
    return node(m, OP_tensor, 0, NULL, (struct node){.index = m->p.tensors.n - 1, .type = t.type});
}

static inline struct node *minibatch(struct model *m, uint32_t rank, int64_t a, int64_t b)
{
    struct data d = {.name = "data", .type = type_of(false, rank, (int64_t[]){a, b}), .any = true};
    vec_push(m->g->mem, &m->p.data, d);
    return node(m, OP_data, 0, NULL, (struct node){.index = m->p.data.n - 1, .type = type_of(true, rank, d.type.dim)});
}

static inline void effect(struct model *m, struct node *t, struct node *value)
{
    vec_push(m->g->mem, &m->graph->effects, (struct effect){t->index, value, {0}});
}

static inline void show(struct model *m, struct node *value)
{
    vec_push(m->g->mem, &m->graph->outputs, (struct output){.kind = OUTPUT_PICTURE, .name = "picture", .value = value, .sign = 1});
}

/* ---- kernels against the evaluator ---- */

static inline void data_fill(void *self, const struct graph *graph, uint64_t tick, uint32_t data, uint32_t draw, double *to)
{
    const struct program *p = self;
    (void)tick;
    for (int64_t i = 0; i < graph->batch * type_elements(p->data.at[data].type); i++) to[i] = sin(1.0 + i * 0.7 + data + 2.0 * draw);
}

static inline double scalar_of(void *self, const struct sexpr *e) { return evaluator_scalar(self, e); }

/* bound: of each element, or NULL */
static inline bool agree(const struct interpretation *in, const struct storage *s, const double *want, const double *bound)
{
    for (int64_t i = 0; i < s->elements; i++) {
        double x = *interpret_cell(in, s, i), y = want[i];
        if (!(fabs(x - y) <= (bound ? 4 * bound[i] : 1e-9 * (1 + fabs(y)))) && !(isnan(x) && isnan(y)) && x != y) {
            printf("%s[%lld] is %.17g, not %.17g\n", s->name, (long long)i, x, y);
            return false;
        }
    }
    return true;
}

static inline bool runs_equal(struct model *m, const struct kernels *k, bool backwards)
{
    struct evaluator *e = evaluator_new(&m->p);
    e->source.self = &m->p, e->source.data = data_fill;
    for (uint32_t t = 0; t < m->p.tensors.n; t++)
        for (int64_t i = 0; i < type_elements(m->p.tensors.at[t].type); i++) e->tensors[t][i] = cos(t + 0.3 * i);
    struct interpretation in = {.k = k, .scalar = scalar_of, .self = e, .backwards = backwards};
    in.cells = NEW_ARRAY(m->g->mem, double, interpret_cells(k) + 1);
    for (int64_t i = 0; i < interpret_cells(k); i++) in.cells[i] = NAN;
    for (uint32_t t = 0; t < k->tensors.n; t++)
        for (int64_t i = 0; i < k->tensors.at[t].elements; i++) *interpret_cell(&in, &k->tensors.at[t], i) = e->tensors[t][i];
    const struct kernel_graph *kg = &k->graphs.at[m->graph->index];
    for (uint32_t j = 0; j < kg->storages.n; j++) {
        const struct storage *s = &kg->storages.at[j];
        if (s->kind != STORAGE_BATCH) continue;
        double *x = NEW_ARRAY(m->g->mem, double, s->elements);
        data_fill(&m->p, m->graph, 0, s->index, s->draw, x);
        for (int64_t i = 0; i < s->elements; i++) *interpret_cell(&in, s, i) = x[i];
    }
    const char *wrong = evaluator_graph(e, m->graph);
    in.seed[0] = e->seed[0], in.seed[1] = e->seed[1], in.tick = e->tick;
    if (!wrong) wrong = kernels_interpret(m->g->mem, &in, m->graph->index);
    if (wrong) printf("%s\n", wrong);
    bool fine = !wrong;
    struct bounds bounds = {0};
    if (fine && m->bounded) bounds = bounds_make(e, m->g->mem, 0x1p-53, 1e300);
    const struct node **set = NEW_ARRAY(m->g->mem, const struct node *, k->tensors.n);
    for (uint32_t i = 0; i < m->graph->effects.n; i++) set[m->graph->effects.at[i].tensor] = m->graph->effects.at[i].value;
    for (uint32_t t = 0; t < k->tensors.n && fine && !bounds.undecided; t++)
        fine = agree(&in, &k->tensors.at[t], e->tensors[t], bounds.of && set[t] ? bounds.of[set[t]->id] : NULL);
    for (uint32_t o = 0; o < kg->outputs.n && fine && !bounds.undecided; o++) {
        const struct node *value = kg->outputs.at[o].output->value;
        fine = agree(&in, kernels_storage(k, kg, kg->outputs.at[o].storage), evaluator_node(e, value), bounds.of ? bounds.of[value->id] : NULL);
    }
    m->undecided = bounds.undecided != NULL;
    evaluator_free(e);
    return fine;
}

/* Checks that the kernels of m, `most` or fewer, compute what the evaluator does; prints both where not. */
static inline const struct kernel_graph *model_check(struct model *m, uint32_t most)
{
    struct kernels *k = kernels_make(m->g, &m->p);
    const struct kernel_graph *kg = &k->graphs.at[m->graph->index];
    bool fine = runs_equal(m, k, false) && runs_equal(m, k, true) && kg->kernels.n <= most;
    CHECK(fine);
    if (!fine) {
        struct buffer b = {0};
        program_print(&b, m->g, &m->p);
        kernels_print(&b, m->g, k);
        printf("%s\n", b.text);
        buffer_free(&b);
    }
    return kg;
}

#endif
