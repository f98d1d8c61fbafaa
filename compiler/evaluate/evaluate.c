/* evaluate.c: runs one graph: the values of its live nodes, their tangents along a direction, and grad nodes by forward mode. */
#include "evaluate/evaluate.h"

#include "ops/ops.h"

#include <string.h>

struct minibatch { /* one that was asked for in this run */
    uint32_t data, draw;
    double *examples;
};

/* A run of a graph. Its memory is its own. */
struct evaluator_run {
    struct arena *mem;
    const struct graph *graph;
    uint64_t tick;
    double **value;                 /* by node id; NULL: dead */
    double **tangent;               /* by node id; NULL: zeros */
    const double *const *direction; /* by tensor; NULL where no tangents are wanted */
    struct evaluation_world world;
    const struct node *node;        /* the one at hand */
    const double **x, **dx;         /* room for its operands */
    VEC(struct minibatch) minibatches;
    const char *error;
};

struct evaluator *evaluator_new(const struct program *p)
{
    struct arena *mem = arena_new();
    struct evaluator *e = NEW(mem, struct evaluator);
    *e = (struct evaluator){.p = p, .mem = mem, .epoch = 1, .most_directions = 4096};
    e->tensors = NEW_ARRAY(mem, double *, p->tensors.n);
    for (uint32_t i = 0; i < p->tensors.n; i++) e->tensors[i] = NEW_ARRAY(mem, double, type_elements(p->tensors.at[i].type));
    e->settings = NEW_ARRAY(mem, double, p->settings.n);
    e->counters = NEW_ARRAY(mem, double, p->counters.n);
    e->results = NEW_ARRAY(mem, double, p->results.n);
    uint32_t vars = 0;
    for (uint32_t i = 0; i < p->trains.n; i++) vars = p->trains.at[i].vars > vars ? p->trains.at[i].vars : vars;
    e->vars = NEW_ARRAY(mem, double, vars);
    evaluator_defaults(e, NULL);
    return e;
}

void evaluator_free(struct evaluator *e)
{
    if (!e) return;
    if (e->run) arena_free(e->run->mem);
    arena_free(e->mem);
}

/* ---- the world, as operations see it ---- */

static void fail(struct evaluator *e, const char *message)
{
    if (!e->run->error) e->run->error = message;
}

static const double *world_tensor(void *self, uint32_t tensor)
{
    return ((struct evaluator *)self)->tensors[tensor];
}

static const double *world_tensor_tangent(void *self, uint32_t tensor)
{
    return ((struct evaluator *)self)->run->direction[tensor];
}

static double *run_array(struct evaluator *e, struct type t)
{
    return NEW_ARRAY(e->run->mem, double, type_total(e->run->graph, t));
}

static const double *world_data(void *self, uint32_t data, uint32_t draw)
{
    struct evaluator *e = self;
    struct evaluator_run *run = e->run;
    for (uint32_t i = 0; i < run->minibatches.n; i++)
        if (run->minibatches.at[i].data == data && run->minibatches.at[i].draw == draw) return run->minibatches.at[i].examples;
    struct type t = e->p->data.at[data].type;
    t.batched = true;
    double *examples = run_array(e, t);
    if (e->source.data) e->source.data(e->source.self, run->graph, run->tick, data, draw, examples);
    else fail(e, arena_format(e->mem, "graph %s draws %s, but nothing was given to draw from", run->graph->name, e->p->data.at[data].name));
    vec_push(run->mem, &run->minibatches, (struct minibatch){data, draw, examples});
    return examples;
}

static const double *world_data_mean(void *self, uint32_t data)
{
    struct evaluator *e = self;
    double *mean = run_array(e, e->p->data.at[data].type);
    if (e->source.data_mean) e->source.data_mean(e->source.self, data, mean);
    else fail(e, arena_format(e->mem, "graph %s wants the mean of %s, which was not given", e->run->graph->name, e->p->data.at[data].name));
    return mean;
}

/* The type of an input is its node's. */
static const double *world_input(void *self, uint32_t index)
{
    struct evaluator *e = self;
    double *x = run_array(e, e->run->node->type);
    if (e->source.input) e->source.input(e->source.self, e->run->graph, index, x);
    else fail(e, arena_format(e->mem, "graph %s has an input, which was not given", e->run->graph->name));
    return x;
}

static double world_scalar(void *self, const struct sexpr *s)
{
    return evaluator_scalar(self, s);
}

/* ---- nodes ---- */

/* Evaluates n into y, and dy where it is not NULL, from the values and the given tangents (by node id; NULL: none) of its operands. */
static void evaluate_node(struct evaluator *e, const struct node *n, double *const *tangent, double *y, double *dy)
{
    struct evaluator_run *run = e->run;
    for (uint32_t k = 0; k < n->nargs; k++) {
        run->x[k] = run->value[n->arg[k]->id];
        run->dx[k] = tangent ? tangent[n->arg[k]->id] : NULL;
    }
    run->node = n;
    struct evaluation evaluation = {run->graph, n, run->x, run->dx, y, dy, &run->world};
    op_hooks[n->op].evaluate(&evaluation);
}

static bool any_marked(const struct node *n, double *const *by_id)
{
    for (uint32_t k = 0; k < n->nargs; k++)
        if (by_id[n->arg[k]->id]) return true;
    return false;
}

static double sum(const double *x, int64_t n)
{
    double s = 0;
    for (int64_t i = 0; i < n; i++) s += x[i];
    return s;
}

/* Room for the tangents of the live nodes between x and y that x's value reaches, x and y included; NULL after an error. */
static double **tangents_between(struct evaluator *e, struct arena *scratch, const struct node *x, const struct node *y)
{
    struct evaluator_run *run = e->run;
    double **tangent = NEW_ARRAY(scratch, double *, y->id + 1);
    tangent[x->id] = NEW_ARRAY(scratch, double, type_total(run->graph, x->type));
    for (uint32_t id = x->id + 1; id <= y->id; id++) {
        const struct node *n = run->graph->nodes.at[id];
        if (!run->value[id] || !any_marked(n, tangent)) continue;
        if (n->op == OP_grad) {
            fail(e, arena_format(e->mem, "graph %s: a gradient of a gradient (%%%u): differentiate the program first", run->graph->name, id));
            return NULL;
        }
        tangent[id] = NEW_ARRAY(scratch, double, type_total(run->graph, n->type));
    }
    return tangent;
}

/* grad(y, x): for each element of x the tangent of y's sum along it. The values between are computed again, into themselves. */
static void evaluate_grad_node(struct evaluator *e, const struct node *n, double *to)
{
    struct evaluator_run *run = e->run;
    const struct node *y = n->arg[0], *x = n->arg[1];
    int64_t directions = type_total(run->graph, x->type);
    memset(to, 0, (size_t)directions * sizeof *to);
    if (x->id > y->id) return;
    if (directions > e->most_directions) {
        fail(e, arena_format(e->mem, "graph %s: a gradient of %lld elements (%%%u) is too large to take one by one: differentiate the program first",
                             run->graph->name, (long long)directions, n->id));
        return;
    }
    struct arena *scratch = arena_new();
    double **tangent = tangents_between(e, scratch, x, y);
    for (int64_t i = 0; i < directions && tangent && tangent[y->id]; i++) {
        tangent[x->id][i] = 1;
        for (uint32_t id = x->id + 1; id <= y->id; id++)
            if (tangent[id]) evaluate_node(e, run->graph->nodes.at[id], tangent, run->value[id], tangent[id]);
        to[i] = sum(tangent[y->id], type_total(run->graph, y->type));
        tangent[x->id][i] = 0;
    }
    arena_free(scratch);
}

static bool wants_tangent(const struct evaluator_run *run, const struct node *n)
{
    if (!run->direction) return false;
    return n->op == OP_tensor ? run->direction[n->index] != NULL : any_marked(n, run->tangent);
}

static void run_nodes(struct evaluator *e)
{
    struct evaluator_run *run = e->run;
    bool *live = graph_live(run->mem, run->graph);
    for (uint32_t id = 0; id < run->graph->nodes.n && !run->error; id++) {
        const struct node *n = run->graph->nodes.at[id];
        if (!live[id]) continue;
        run->value[id] = run_array(e, n->type);
        if (wants_tangent(run, n)) run->tangent[id] = run_array(e, n->type);
        if (n->op != OP_grad) evaluate_node(e, n, run->tangent, run->value[id], run->tangent[id]);
        else if (!run->tangent[id]) evaluate_grad_node(e, n, run->value[id]);
        else fail(e, arena_format(e->mem, "graph %s: the tangent of a gradient (%%%u): differentiate the program first", run->graph->name, id));
    }
}

static void run_begin(struct evaluator *e, const struct graph *graph, uint64_t tick, const double *const *direction)
{
    if (e->run) arena_free(e->run->mem);
    struct arena *mem = arena_new();
    struct evaluator_run *run = e->run = NEW(mem, struct evaluator_run);
    *run = (struct evaluator_run){.mem = mem, .graph = graph, .tick = tick, .direction = direction};
    run->value = NEW_ARRAY(mem, double *, graph->nodes.n);
    run->tangent = NEW_ARRAY(mem, double *, graph->nodes.n);
    run->world = (struct evaluation_world){e, world_tensor, direction ? world_tensor_tangent : NULL, world_data, world_data_mean, world_input, world_scalar,
                                           {e->seed[0], e->seed[1]}, tick};
    uint32_t most = 0;
    for (uint32_t i = 0; i < graph->nodes.n; i++) most = graph->nodes.at[i]->nargs > most ? graph->nodes.at[i]->nargs : most;
    run->x = NEW_ARRAY(mem, const double *, most);
    run->dx = NEW_ARRAY(mem, const double *, most);
}

/* ---- graphs ---- */

static void apply(struct evaluator *e, const struct graph *graph)
{
    for (uint32_t i = 0; i < graph->outputs.n; i++) {
        const struct output *o = &graph->outputs.at[i];
        if (o->kind == OUTPUT_PICTURE || o->kind == OUTPUT_NET) continue;
        e->results[o->result] = (o->kind == OUTPUT_OBJECTIVE ? o->sign : 1) * e->run->value[o->value->id][0];
    }
    for (uint32_t i = 0; i < graph->effects.n; i++) { /* values are apart from tensors: nothing is read late */
        const struct effect *f = &graph->effects.at[i];
        memcpy(e->tensors[f->tensor], e->run->value[f->value->id], (size_t)type_elements(e->p->tensors.at[f->tensor].type) * sizeof(double));
    }
}

static const char *check_effects(struct evaluator *e, const struct graph *graph)
{
    for (uint32_t i = 0; i < graph->effects.n; i++) {
        const struct tensor *t = &e->p->tensors.at[graph->effects.at[i].tensor];
        if (!type_equal(t->type, graph->effects.at[i].value->type))
            return arena_format(e->mem, "graph %s sets %s to a value of another type", graph->name, t->name);
    }
    return NULL;
}

const char *evaluator_graph(struct evaluator *e, const struct graph *graph)
{
    const char *error = check_effects(e, graph);
    if (error) return error;
    if (graph->kind == GRAPH_STEP) e->tick++;
    run_begin(e, graph, graph->kind == GRAPH_STEP ? e->tick : e->tick_else, NULL);
    run_nodes(e);
    if (!e->run->error) apply(e, graph);
    return e->run->error;
}

const char *evaluator_graph_tangent(struct evaluator *e, const struct graph *graph, const double *const *direction)
{
    run_begin(e, graph, graph->kind == GRAPH_STEP ? e->tick + 1 : e->tick_else, direction);
    run_nodes(e);
    return e->run->error;
}

const double *evaluator_node(const struct evaluator *e, const struct node *n)
{
    return e->run ? e->run->value[n->id] : NULL;
}

const double *evaluator_tangent(const struct evaluator *e, const struct node *n)
{
    return e->run ? e->run->tangent[n->id] : NULL;
}
