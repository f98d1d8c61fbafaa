/* join.c: runs of graphs that follow each other become one run: `maximize W over critic` and then `project critic with clip(c)`.
 *
 * Between the two nothing happens but the first one's effects. So the second one's reads of a tensor that the first one sets are the values that it
 * sets, its effects stand in place of the first one's or beside them, and it needs no pass over the weights of its own. Only what is elementwise
 * in tensors and numbers of the schedule is joined: no random numbers, no minibatch, no outputs, and no number that the first one changes. A norm of
 * new weights needs all of them first: they would be kept aside, beside the tensor, and no pass be saved.
 *
 * The second graph keeps its place in the list, empty, and the first says whom it joins: reports and nets name graphs by their positions, `ganc
 * compare` finds in them what the program says, and a run still advances the tick of the random numbers once for each, so that all numbers
 * drawn later are those of the runs apart. */
#include "passes/passes.h"

#include <string.h>

struct joining {
    struct ganc *g;
    struct program *p;
    struct arena *scratch;
    uint32_t *runs; /* by graph: statements that run it */
    bool changed;
};

static void count_runs(struct joining *j, const struct schedule_list *list)
{
    for (uint32_t i = 0; i < list->n; i++) {
        const struct schedule *s = list->at[i];
        if (s->kind == SCHEDULE_RUN) j->runs[s->index]++;
        count_runs(j, &s->body);
        count_runs(j, &s->otherwise);
    }
}

static struct effect *effect_on(const struct graph *graph, uint32_t tensor)
{
    for (uint32_t i = 0; i < graph->effects.n; i++)
        if (graph->effects.at[i].tensor == tensor) return &graph->effects.at[i];
    return NULL;
}

/* Is a number of the schedule another once the graph has run? */
static bool changed_by(const struct graph *graph, const struct sexpr *e)
{
    if (e->kind == SEXPR_STATE && effect_on(graph, e->index)) return true;
    for (uint32_t i = 0; i < graph->outputs.n && e->kind == SEXPR_RESULT; i++)
        if (output_is_number(graph->outputs.at[i].kind) && graph->outputs.at[i].result == e->index) return true;
    for (uint32_t i = 0; i < e->nargs; i++)
        if (changed_by(graph, e->arg[i])) return true;
    return false;
}

static bool follows(const struct graph *first, const struct node *n)
{
    if (n->type.batched) return false;
    if (op_info[n->op].class != CLASS_LEAF) return op_info[n->op].class == CLASS_MAP || n->op == OP_expand;
    if (n->op == OP_scalar) return !changed_by(first, n->scalar);
    return n->op == OP_tensor || n->op == OP_constant || n->op == OP_iota;
}

/* May the statement's graph be done at the end of the first one's run? */
static bool joins(const struct joining *j, const struct graph *first, const struct schedule *s)
{
    if (s->kind != SCHEDULE_RUN || s->counters.n || j->runs[s->index] != 1) return false;
    const struct graph *next = j->p->graphs.at[s->index];
    if (next == first || next->kind != GRAPH_STEP || next->outputs.n || next->keep.n || next->joins.n || !next->effects.n) return false;
    const bool *live = graph_live(j->scratch, next);
    for (uint32_t i = 0; i < next->nodes.n; i++)
        if (live[i] && !follows(first, next->nodes.at[i])) return false;
    return true;
}

/* The choice by look() that an effect of a statement is (elaborate/watch.c); NULL where it is none. */
static const struct node *looked(const struct node *value)
{
    return value->op == OP_where && value->arg[0]->op == OP_scalar && value->arg[0]->scalar->kind == SEXPR_LOOK ? value : NULL;
}

static struct node *look_of(const struct graph *graph)
{
    for (uint32_t i = 0; i < graph->effects.n; i++)
        if (looked(graph->effects.at[i].value)) return graph->effects.at[i].value->arg[0];
    return NULL;
}

/* A tensor's value where the runtime looks: the gradient that the first graph has of it, or what it was. */
static struct node *seen(struct joining *j, struct graph *first, const struct effect *old, const struct effect *e)
{
    if (old && looked(old->value)) return old->value->arg[1];
    struct node like = {.index = e->tensor, .type = e->value->type};
    return graph_node(j->g, first, OP_tensor, 0, NULL, &like, e->span);
}

/* `first` has lists of its own by now: a snapshot may share the old ones. */
static void append(struct joining *j, struct graph *first, struct graph *next)
{
    struct ganc *g = j->g;
    const bool *live = graph_live(j->scratch, next);
    struct node **map = NEW_ARRAY(j->scratch, struct node *, next->nodes.n), *look = look_of(first);
    for (uint32_t i = 0; i < next->nodes.n; i++) {
        const struct node *n = next->nodes.at[i];
        if (!live[i]) continue;
        struct node **args = NEW_ARRAY(j->scratch, struct node *, n->nargs);
        for (uint32_t k = 0; k < n->nargs; k++) args[k] = map[n->arg[k]->id];
        const struct effect *set = n->op == OP_tensor ? effect_on(first, n->index) : NULL;
        if (set) map[i] = looked(set->value) ? set->value->arg[2] : set->value;
        else map[i] = graph_copy_node(g, first, n, args);
    }
    for (uint32_t i = 0; i < next->effects.n; i++) { /* each tensor is set once: these do not see each other */
        const struct effect *e = &next->effects.at[i];
        struct effect *old = effect_on(first, e->tensor);
        struct node *value = map[e->value->id];
        if (look) value = graph_where(g, first, look, seen(j, first, old, e), value);
        if (old) old->value = value;
        else vec_push(g->mem, &first->effects, (struct effect){e->tensor, value, e->span});
    }
    vec_push(g->mem, &first->joins, next->index);
    next->nodes = (__typeof__(next->nodes)){0};
    next->effects = (__typeof__(next->effects)){0};
    j->changed = true;
}

static void own_lists(struct ganc *g, struct graph *graph)
{
    graph->nodes.at = arena_copy(g->mem, graph->nodes.at, graph->nodes.n * sizeof *graph->nodes.at);
    graph->nodes.capacity = graph->nodes.n;
    graph->effects.at = arena_copy(g->mem, graph->effects.at, graph->effects.n * sizeof *graph->effects.at);
    graph->effects.capacity = graph->effects.n;
    graph->joins.at = arena_copy(g->mem, graph->joins.at, graph->joins.n * sizeof *graph->joins.at);
    graph->joins.capacity = graph->joins.n;
}

/* The statements again, without those that were joined. */
static struct schedule_list join_list(struct joining *j, const struct schedule_list *list)
{
    struct schedule_list to = {0};
    for (uint32_t i = 0; i < list->n; i++) {
        struct schedule *s = arena_copy(j->g->mem, list->at[i], sizeof *s);
        vec_push(j->g->mem, &to, s);
        s->body = join_list(j, &s->body);
        s->otherwise = join_list(j, &s->otherwise);
        if (s->kind != SCHEDULE_RUN || j->runs[s->index] != 1) continue;
        struct graph *first = j->p->graphs.at[s->index];
        if (first->kind != GRAPH_STEP) continue;
        for (bool own = false; i + 1 < list->n && joins(j, first, list->at[i + 1]); i++) {
            if (!own) own_lists(j->g, first);
            own = true;
            append(j, first, j->p->graphs.at[list->at[i + 1]->index]);
        }
    }
    return to;
}

bool pass_join(struct ganc *g, struct program *p)
{
    struct joining j = {.g = g, .p = p, .scratch = arena_new()};
    j.runs = NEW_ARRAY(j.scratch, uint32_t, p->graphs.n + 1);
    count_runs(&j, &p->setup);
    for (uint32_t i = 0; i < p->trains.n; i++) count_runs(&j, &p->trains.at[i].body);
    p->trains.at = arena_copy(g->mem, p->trains.at, p->trains.n * sizeof *p->trains.at);
    p->trains.capacity = p->trains.n;
    for (uint32_t i = 0; i < p->trains.n; i++) p->trains.at[i].body = join_list(&j, &p->trains.at[i].body);
    arena_free(j.scratch);
    return j.changed;
}
