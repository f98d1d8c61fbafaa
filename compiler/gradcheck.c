/* gradcheck.c: see gradcheck.h: from a model to its statements, and to the values that their checks start from. */
#include "gradcheck.h"

#include "differentiate/differentiate.h"
#include "evaluate/made_up.h"
#include "passes/passes.h"

#include <string.h>

#define TICK 1            /* the draws of the first step */
#define MOST_WORK 2e7     /* multiplications in one evaluation of the gradients inside an objective */
#define SHAKE 0x1p-26

/* ---- three programs ---- */

/* A program whose graphs can be rewritten without touching p's: nodes never change, lists do. */
static struct program *copy(struct ganc *g, const struct program *p)
{
    struct program *q = arena_copy(g->mem, p, sizeof *p);
    q->graphs.at = arena_copy(g->mem, p->graphs.at, p->graphs.n * sizeof *p->graphs.at);
    for (uint32_t i = 0; i < q->graphs.n; i++) {
        struct graph *graph = q->graphs.at[i] = arena_copy(g->mem, p->graphs.at[i], sizeof *graph);
        graph->nodes.at = arena_copy(g->mem, graph->nodes.at, graph->nodes.n * sizeof *graph->nodes.at);
        graph->effects.at = arena_copy(g->mem, graph->effects.at, graph->effects.n * sizeof *graph->effects.at);
        graph->outputs.at = arena_copy(g->mem, graph->outputs.at, graph->outputs.n * sizeof *graph->outputs.at);
        graph->keep.at = arena_copy(g->mem, graph->keep.at, graph->keep.n * sizeof *graph->keep.at);
        graph->nodes.capacity = graph->nodes.n;
        graph->effects.capacity = graph->effects.n;
        graph->outputs.capacity = graph->outputs.n;
        graph->keep.capacity = graph->keep.n;
    }
    return q;
}

/* A statement: the grads of one objective, and where its nodes are kept in each program's graph: y, then the gradients, then the
 * gradients inside the objective, each with its two operands. */
struct statement {
    uint32_t graph, first;
    struct span span;
    VEC(const struct node *) gradients, inner;
    const struct node *y;
};

struct check {
    struct compilation *c;
    const struct gradcheck_options *o;
    struct ganc *g;
    struct program *stage[3]; /* graph, grad, opt */
    struct evaluator *e;
    VEC(struct statement) statements;
};

/* By node of the graph: does y need it? */
static bool *needed_by(struct arena *mem, const struct graph *graph, const struct node *y)
{
    bool *need = NEW_ARRAY(mem, bool, graph->nodes.n);
    need[y->id] = true;
    for (uint32_t id = y->id + 1; id-- > 0;)
        for (uint32_t k = 0; need[id] && k < graph->nodes.at[id]->nargs; k++) need[graph->nodes.at[id]->arg[k]->id] = true;
    return need;
}

/* Is n a gradient that a statement follows: of a number, with respect to a parameter, and no part of an objective? */
static bool is_outer(const struct check *x, const struct node *n, const bool *live, const bool *in_objective)
{
    if (n->op != OP_grad || !live[n->id] || in_objective[n->id] || n->arg[1]->op != OP_tensor) return false;
    return !n->arg[0]->type.rank && !n->arg[0]->type.batched && x->stage[0]->tensors.at[n->arg[1]->index].kind == TENSOR_PARAMETER;
}

static struct statement *statement_of(struct check *x, uint32_t graph, const struct node *n)
{
    for (uint32_t i = 0; i < x->statements.n; i++) {
        struct statement *s = &x->statements.at[i];
        if (s->graph == graph && s->y == n->arg[0] && s->span.at == n->span.at && s->span.file == n->span.file) return s;
    }
    vec_push(x->g->mem, &x->statements, (struct statement){.graph = graph, .span = n->span, .y = n->arg[0]});
    return &x->statements.at[x->statements.n - 1];
}

static void find_statements(struct check *x, struct arena *scratch, uint32_t index)
{
    struct graph *graph = x->stage[0]->graphs.at[index];
    uint32_t first = x->statements.n;
    bool *live = graph_live(scratch, graph), *in_objective = NEW_ARRAY(scratch, bool, graph->nodes.n);
    for (uint32_t i = 0; i < graph->outputs.n; i++) {
        if (graph->outputs.at[i].kind != OUTPUT_OBJECTIVE) continue;
        const bool *need = needed_by(scratch, graph, graph->outputs.at[i].value);
        for (uint32_t id = 0; id < graph->nodes.n; id++) in_objective[id] = in_objective[id] || need[id];
    }
    for (uint32_t id = 0; id < graph->nodes.n; id++)
        if (is_outer(x, graph->nodes.at[id], live, in_objective))
            vec_push(x->g->mem, &statement_of(x, index, graph->nodes.at[id])->gradients, graph->nodes.at[id]);
    for (uint32_t i = first; i < x->statements.n; i++) {
        struct statement *s = &x->statements.at[i];
        const bool *need = needed_by(scratch, graph, s->y);
        for (uint32_t id = 0; id < s->y->id; id++)
            if (need[id] && graph->nodes.at[id]->op == OP_grad) vec_push(x->g->mem, &s->inner, graph->nodes.at[id]);
        s->first = graph->keep.n;
        vec_push(x->g->mem, &graph->keep, (struct node *)s->y);
        for (uint32_t k = 0; k < s->gradients.n; k++) vec_push(x->g->mem, &graph->keep, (struct node *)s->gradients.at[k]);
        for (uint32_t k = 0; k < s->inner.n; k++) {
            vec_push(x->g->mem, &graph->keep, (struct node *)s->inner.at[k]);
            vec_push(x->g->mem, &graph->keep, s->inner.at[k]->arg[0]);
            vec_push(x->g->mem, &graph->keep, s->inner.at[k]->arg[1]);
        }
    }
}

/* Elaborates in double with small minibatches; a model that needs its own (its shapes count on them) keeps them. */
static bool elaborate_small(struct check *x)
{
    struct compilation small = {.g = ganc_new(), .path = x->c->path};
    small.g->most_batch = x->o->batch;
    bool good;
    for (uint32_t i = 0; i < x->c->g->definitions.n; i++) vec_push(small.g->mem, &small.g->definitions, x->c->g->definitions.at[i]);
    good = compile(&small, AT_GRAPH) && !diag_errors(small.g);
    ganc_free(small.g);
    x->g->most_batch = good ? x->o->batch : 0;
    x->g->f64 = true;
    return compile(x->c, AT_GRAPH) && !diag_errors(x->g);
}

static bool make_programs(struct check *x)
{
    struct ganc *g = x->g;
    if (!elaborate_small(x)) return false;
    x->stage[0] = x->c->program;
    if (x->stage[0]->stage != STAGE_GRAPH) {
        diag(g, E0703, (struct span){0}, "the text is of a later stage");
        return false;
    }
    struct arena *scratch = arena_new();
    for (uint32_t i = 0; i < x->stage[0]->graphs.n; i++)
        if (x->stage[0]->graphs.at[i]->kind == GRAPH_STEP) find_statements(x, scratch, i);
    arena_free(scratch);
    if (!x->statements.n) {
        diag(g, E0703, (struct span){0}, "no statement trains anything");
        return false;
    }
    x->stage[1] = copy(g, x->stage[0]);
    if (!differentiate(g, x->stage[1])) return false;
    x->stage[2] = copy(g, x->stage[1]);
    return passes_run(g, x->stage[2], NULL, x->c->off.at, x->c->off.n);
}

/* ---- the first step ---- */

static void give_data(void *self, const struct graph *graph, uint64_t tick, uint32_t data, uint32_t draw, double *to)
{
    const struct data *d = &((struct check *)self)->stage[0]->data.at[data];
    (void)tick;
    made_up_examples(d, true, 1 + data * 97 + draw * 7919, graph->batch * type_elements(d->type), to);
}

static void give_mean(void *self, uint32_t data, double *to)
{
    const struct data *d = &((struct check *)self)->stage[0]->data.at[data];
    made_up_examples(d, true, 1, type_elements(d->type), to);
}

/* The lets of a train block, as the first step finds them; results of statements are 0. */
static void set_lets(struct evaluator *e, const struct schedule_list *list)
{
    for (uint32_t i = 0; i < list->n; i++) {
        const struct schedule *s = list->at[i];
        if (s->kind == SCHEDULE_LET) e->vars[s->index] = evaluator_scalar(e, s->value);
        set_lets(e, &s->body);
        set_lets(e, &s->otherwise);
    }
}

static bool runs(const struct schedule_list *list, uint32_t graph)
{
    for (uint32_t i = 0; i < list->n; i++) {
        const struct schedule *s = list->at[i];
        if ((s->kind == SCHEDULE_RUN && s->index == graph) || runs(&s->body, graph) || runs(&s->otherwise, graph)) return true;
    }
    return false;
}

static bool start(struct check *x)
{
    struct evaluator *e = x->e = evaluator_new(x->stage[0]);
    e->source = (struct evaluator_source){.self = x, .data = give_data, .data_mean = give_mean};
    e->seed[0] = 20, e->seed[1] = 26;
    e->step = e->epoch = 1;
    for (uint32_t i = 0; i < x->stage[0]->counters.n; i++) e->counters[i] = 1;
    const char *error = evaluator_start(e);
    if (error) diag(x->g, E0651, (struct span){0}, "gradcheck", x->stage[0]->name, error);
    return !error;
}

/* ---- one statement ---- */

static struct node *kept(const struct check *x, const struct statement *s, int stage, uint32_t i)
{
    return x->stage[stage]->graphs.at[s->graph]->keep.at[s->first + i];
}

static double root_mean_square(const double *a, const double *b, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (a[i] - (b ? b[i] : 0)) * (a[i] - (b ? b[i] : 0));
    return sqrt(sum / (double)n);
}

/* The values of y, the gradients and inner gradients in a stage; they belong to the probe. */
static struct probe *probe_stage(struct check *x, const struct statement *s, int stage)
{
    x->e->p = x->stage[stage];
    struct probe *p = probe_new(x->e, x->stage[stage]->graphs.at[s->graph], TICK, &x->stage[stage]->graphs.at[s->graph]->keep.at[s->first],
                                1 + s->gradients.n + 3 * s->inner.n);
    if (p->error) diag(x->g, E0651, s->span, "gradcheck", x->stage[stage]->graphs.at[s->graph]->name, p->error);
    return p;
}

static void take_gradients(struct check *x, const struct statement *s, struct checked *to, struct probe *p, int stage)
{
    for (uint32_t k = 0; k < s->gradients.n; k++) to->tensors[k].gradient[stage - 1] = probe_value(p, kept(x, s, stage, 1 + k));
}

/* How far the gradients move when each rounded value on the way to them does, and so the size of the terms they are sums of. */
static double terms_of(const double *shaken, const double *gradient, int64_t n)
{
    return root_mean_square(shaken, gradient, n) * sqrt(3) / SHAKE;
}

static void measure_terms(struct check *x, const struct statement *s, struct checked *to, struct probe *shaken)
{
    for (uint32_t k = 0; k < s->gradients.n; k++) {
        int64_t n = type_elements(s->gradients.at[k]->type);
        to->tensors[k].norm = root_mean_square(to->tensors[k].gradient[0], NULL, n);
        to->tensors[k].terms = terms_of(probe_value(shaken, kept(x, s, 1, 1 + k)), to->tensors[k].gradient[0], n);
    }
}

/* How far rounding alone moves the objective. */
static void measure_rounding(struct check *x, struct checked *to)
{
    double moved = 0, y = probe_value(to->objective, to->y)[0];
    x->e->p = x->stage[to->by_rules ? 1 : 0];
    x->e->shake = SHAKE;
    for (x->e->shaken = 1; x->e->shaken <= 4; x->e->shaken++) {
        struct probe *p = probe_new(x->e, to->graph, TICK, &(struct node *){to->graph->nodes.at[to->y->id]}, 1);
        if (!p->error) moved = fmax(moved, fabs(probe_value(p, to->y)[0] - y));
        probe_free(p);
    }
    x->e->shake = x->e->shaken = 0;
    to->rounding = fmax(moved * 0x1p-53 / SHAKE, fabs(y) * 0x1p-53);
}

static bool all_finite(struct check *x, const struct statement *s, struct probe *p, int stage)
{
    double y = probe_value(p, kept(x, s, stage, 0))[0];
    if (!isfinite(y)) {
        diag(x->g, E0705, s->span, "the objective");
        return false;
    }
    for (uint32_t k = 0; k < s->gradients.n; k++) {
        const double *v = probe_value(p, kept(x, s, stage, 1 + k));
        for (int64_t i = 0; i < type_elements(s->gradients.at[k]->type); i++)
            if (!isfinite(v[i])) {
                diag(x->g, E0705, s->span, arena_format(x->g->mem, "the gradient of %s", x->stage[0]->tensors.at[s->gradients.at[k]->arg[1]->index].name));
                return false;
            }
    }
    return true;
}

/* The gradients inside the objective, each along a few directions: against the tangent of its y, by forward mode. */
static bool check_inner(struct check *x, const struct statement *s, struct checked *to, struct probe *grad, struct probe *shaken)
{
    struct probe *p = to->objective;
    uint32_t errors = diag_errors(x->g);
    for (uint32_t i = 0; i < s->inner.n; i++) {
        const struct node *n = s->inner.at[i];
        struct arena *scratch = arena_new();
        int64_t total = type_total(to->graph, n->type);
        double *seed = NEW_ARRAY(scratch, double, total);
        uint32_t at = 1 + s->gradients.n + 3 * i;
        int stage = to->by_rules ? 1 : 0;
        const double *gradient = probe_value(grad, kept(x, s, 1, at));
        double least = GRADCHECK_TERMS * sqrt((double)total) * terms_of(probe_value(shaken, kept(x, s, 1, at)), gradient, total);
        to->inner[i].span = n->span;
        for (uint64_t d = 0; d < GRADCHECK_DIRECTIONS; d++) {
            double want = 0, size = 0;
            for (int64_t k = 0; k < total; k++) {
                seed[k] = gradcheck_random(500 + d, (uint64_t)k);
                want += seed[k] * gradient[k];
                size += seed[k] * seed[k] * gradient[k] * gradient[k];
            }
            double error = fabs(probe_along(p, kept(x, s, stage, at + 1), kept(x, s, stage, at + 2), seed) - want),
                   scale = fmax(fmax(fabs(want), sqrt(size)), least);
            to->inner[i].error = fmax(to->inner[i].error, error == 0 ? 0 : error / scale);
        }
        arena_free(scratch);
        if (!(to->inner[i].error <= GRADCHECK_DUAL)) diag(x->g, E0706, n->span, to->inner[i].error, GRADCHECK_DUAL);
    }
    return diag_errors(x->g) == errors;
}

/* The objective as it is written; where its gradients are too large for nested dual numbers, as differentiated, with the
 * operands of these gradients at hand all the same. */
static bool find_objective(struct check *x, const struct statement *s, struct checked *to)
{
    x->e->p = x->stage[0];
    x->e->most_work = MOST_WORK;
    to->graph = x->stage[0]->graphs.at[s->graph];
    to->y = s->y;
    to->objective = probe_new(x->e, to->graph, TICK, &(struct node *){(struct node *)s->y}, 1);
    x->e->most_work = INFINITY;
    if (!to->objective->error) return true;
    probe_free(to->objective);
    to->by_rules = true;
    to->graph = x->stage[1]->graphs.at[s->graph];
    to->y = kept(x, s, 1, 0);
    to->objective = probe_stage(x, s, 1);
    return !to->objective->error;
}

static bool same_objective(struct check *x, const struct statement *s, const struct checked *to, struct probe *p, int stage)
{
    double want = probe_value(to->objective, to->y)[0], is = probe_value(p, kept(x, s, stage, 0))[0];
    if (fabs(is - want) <= 1e-9 * fmax(fabs(want), 1e-3)) return true;
    diag(x->g, E0704, s->span, want, is, stage == 1 ? "once differentiated" : "after the passes");
    return false;
}

/* The graph's name; of one among several taken together, that of its objective. */
static const char *name_of(const struct check *x, const struct statement *s)
{
    const struct graph *graph = x->stage[0]->graphs.at[s->graph];
    for (uint32_t i = 0; graph->outputs.n > 1 && i < graph->outputs.n; i++) {
        const struct output *o = &graph->outputs.at[i];
        bool negated = s->y->op == OP_neg && s->y->arg[0] == o->value;
        if (negated || s->y == o->value) return arena_format(x->g->mem, "together: %s %s", negated ? "maximize" : "minimize", o->name);
    }
    return graph->name;
}

static void check_statement(struct check *x, const struct statement *s)
{
    struct arena *mem = arena_new();
    struct checked to = {
        .g = x->g, .p = x->stage[0], .e = x->e, .name = name_of(x, s), .span = s->span, .n = s->gradients.n, .inner_n = s->inner.n, .elements = x->o->elements};
    to.tensors = NEW_ARRAY(mem, struct checked_tensor, to.n);
    to.inner = NEW_ARRAY(mem, struct checked_inner, to.inner_n);
    for (uint32_t k = 0; k < to.n; k++) to.tensors[k].tensor = s->gradients.at[k]->arg[1]->index;
    for (uint32_t t = 0; t < x->stage[0]->trains.n; t++)
        if (runs(&x->stage[0]->trains.at[t].body, s->graph)) set_lets(x->e, &x->stage[0]->trains.at[t].body);
    struct probe *grad = probe_stage(x, s, 1), *opt = probe_stage(x, s, 2);
    x->e->shake = SHAKE;
    struct probe *shaken = probe_stage(x, s, 1);
    x->e->shake = 0;
    if (!grad->error && !opt->error && !shaken->error && find_objective(x, s, &to)) {
        if (all_finite(x, s, grad, 1) && all_finite(x, s, opt, 2) && check_inner(x, s, &to, grad, shaken) && same_objective(x, s, &to, grad, 1) &&
            same_objective(x, s, &to, opt, 2)) {
            take_gradients(x, s, &to, grad, 1);
            take_gradients(x, s, &to, opt, 2);
            measure_terms(x, s, &to, shaken);
            measure_rounding(x, &to);
            gradcheck_points(&to);
            gradcheck_report(&to);
        }
    }
    probe_free(to.objective);
    probe_free(shaken);
    probe_free(grad);
    probe_free(opt);
    arena_free(mem);
}

void gradcheck_model(struct compilation *c, const struct gradcheck_options *o)
{
    struct check x = {.c = c, .o = o, .g = c->g};
    if (make_programs(&x) && start(&x))
        for (uint32_t i = 0; i < x.statements.n; i++) check_statement(&x, &x.statements.at[i]);
    evaluator_free(x.e);
}
