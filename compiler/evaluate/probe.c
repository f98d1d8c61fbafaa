/* probe.c: see probe.h. */
#include "evaluate/probe.h"

#include "evaluate/run.h"

#include <string.h>

struct view {
    struct probe *probe;
    const struct node *y;
    struct evaluator_run *moved;   /* shares the values that do not depend on the moved tensors with the probe */
    struct evaluator_run *tangent; /* shares all values */
    const bool *is_moved;          /* by tensor */
    double **tensors;              /* by tensor; NULL where it is not moved */
    const struct node **list;      /* what depends on them, and y needs */
    uint32_t n;
};

/* The nodes that the targets need. */
static bool *needed(struct arena *mem, const struct graph *graph, struct node *const *targets, uint32_t n)
{
    bool *need = NEW_ARRAY(mem, bool, graph->nodes.n);
    for (uint32_t i = 0; i < n; i++) need[targets[i]->id] = true;
    for (uint32_t id = graph->nodes.n; id-- > 0;)
        for (uint32_t k = 0; need[id] && k < graph->nodes.at[id]->nargs; k++) need[graph->nodes.at[id]->arg[k]->id] = true;
    return need;
}

struct probe *probe_new(struct evaluator *e, const struct graph *graph, uint64_t tick, struct node *const *targets, uint32_t n)
{
    struct evaluator_run *run = evaluator_run_new(e, graph, tick);
    struct probe *p = NEW(run->mem, struct probe);
    p->run = run;
    run->borrows = true;
    run->most_levels = JET_LEVELS - 1; /* a view's tangent takes one */
    run->branches = NEW_ARRAY(run->mem, uint64_t, graph->nodes.n);
    evaluator_run_nodes(run, needed(run->mem, graph, targets, n));
    p->error = run->error;
    return p;
}

void probe_free(struct probe *p)
{
    if (p) evaluator_run_free(p->run);
}

const double *probe_value(const struct probe *p, const struct node *n)
{
    return p->run->value[n->id].jets.part[0];
}

double probe_along(struct probe *p, const struct node *y, const struct node *x, const double *seed)
{
    int64_t total = type_total(p->run->graph, y->type);
    struct arena *scratch = arena_new();
    double *tangent = NEW_ARRAY(scratch, double, total), sum = 0;
    evaluator_run_along(p->run, y, x, seed, tangent);
    for (int64_t i = 0; i < total; i++) sum += tangent[i];
    arena_free(scratch);
    return sum;
}

static struct evaluator_run *run_beside(const struct evaluator_run *of)
{
    struct evaluator_run *run = evaluator_run_new(of->e, of->graph, of->tick);
    memcpy(run->value, of->value, of->graph->nodes.n * sizeof *run->value);
    run->borrows = true;
    return run;
}

/* Marks what depends on the moved tensors and is needed for y; stop's value is a constant. */
static void list_nodes(struct view *v)
{
    const struct graph *graph = v->moved->graph;
    struct arena *scratch = arena_new();
    const bool *need = needed(scratch, graph, &(struct node *){graph->nodes.at[v->y->id]}, 1);
    bool *depends = NEW_ARRAY(scratch, bool, graph->nodes.n);
    v->list = NEW_ARRAY(v->moved->mem, const struct node *, graph->nodes.n);
    for (uint32_t id = 0; id <= v->y->id; id++) {
        const struct node *n = graph->nodes.at[id];
        if (!need[id] || n->op == OP_stop) continue;
        depends[id] = n->op == OP_tensor && v->is_moved[n->index];
        for (uint32_t k = 0; k < n->nargs; k++) depends[id] = depends[id] || depends[n->arg[k]->id];
        if (depends[id]) v->list[v->n++] = n;
    }
    arena_free(scratch);
}

struct view *view_new(struct probe *p, const struct node *y, const bool *moved)
{
    struct evaluator_run *run = run_beside(p->run);
    const struct program *program = p->run->e->p;
    struct view *v = NEW(run->mem, struct view);
    *v = (struct view){.probe = p, .y = y, .moved = run, .tangent = run_beside(p->run), .is_moved = moved};
    v->tensors = NEW_ARRAY(run->mem, double *, program->tensors.n);
    for (uint32_t t = 0; t < program->tensors.n; t++)
        if (moved[t]) v->tensors[t] = arena_copy(run->mem, run->e->tensors[t], (size_t)type_elements(program->tensors.at[t].type) * sizeof(double));
    run->branches = NEW_ARRAY(run->mem, uint64_t, run->graph->nodes.n);
    list_nodes(v);
    for (uint32_t i = 0; i < v->n; i++) {
        const struct node *n = v->list[i];
        run->value[n->id].jets = (struct jets){{n->op == OP_tensor ? v->tensors[n->index] : evaluator_run_array(run, n->type)}};
    }
    return v;
}

void view_free(struct view *v)
{
    if (!v) return;
    evaluator_run_free(v->tangent);
    evaluator_run_free(v->moved);
}

double *view_tensor(struct view *v, uint32_t tensor)
{
    return v->tensors[tensor];
}

double view_value(struct view *v, bool *same)
{
    const uint64_t *at_point = v->probe->run->branches;
    struct evaluator_run *run = v->moved;
    bool agree = true;
    run->work = 0;
    for (uint32_t i = 0; i < v->n; i++) {
        const struct node *n = v->list[i];
        if (n->op == OP_tensor) continue;
        run->branches[n->id] = 0;
        evaluator_run_node(run, n, 0);
        agree = agree && run->branches[n->id] == at_point[n->id];
    }
    if (same) *same = agree;
    return run->value[v->y->id].jets.part[0][0];
}

double view_tangent(struct view *v, const double *const *direction)
{
    struct evaluator_run *run = v->tangent;
    run->direction = direction;
    run->levels = 1;
    run->work = 0;
    for (uint32_t i = 0; i < v->n; i++) evaluator_run_node(run, v->list[i], 1);
    run->direction = NULL;
    if (run->error) return NAN;
    return v->n && run->value[v->y->id].levels & 1 ? run->value[v->y->id].jets.part[1][0] : 0;
}
