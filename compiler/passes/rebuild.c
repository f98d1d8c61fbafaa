/* rebuild.c: the frame of all passes. */
#include "passes/rebuild.h"

bool rebuild_wanted(const struct rebuild *r, const struct node *n)
{
    return n->id < r->wanted.n && r->wanted.at[n->id] == n;
}

struct node *rebuild_node(struct rebuild *r, const struct node *n, enum op op, uint32_t nargs, struct node *const *args, const struct node *like)
{
    static const struct node none;
    return graph_node(r->g, r->to, op, nargs, args, like ? like : &none, n->span);
}

struct node *rebuild_unary(struct rebuild *r, const struct node *n, enum op op, struct node *a)
{
    return rebuild_node(r, n, op, 1, &a, NULL);
}

struct node *rebuild_binary(struct rebuild *r, const struct node *n, enum op op, struct node *a, struct node *b)
{
    return rebuild_node(r, n, op, 2, (struct node *[]){a, b}, NULL);
}

struct node *rebuild_constant(struct rebuild *r, const struct node *n, double x)
{
    return graph_constant(r->g, r->to, x, n->span);
}

struct node *rebuild_reshape(struct rebuild *r, const struct node *n, struct node *x, struct type to)
{
    struct node like = {.type = to};
    return type_equal(x->type, to) ? x : rebuild_node(r, n, OP_reshape, 1, &x, &like);
}

struct node *rebuild_expand(struct rebuild *r, const struct node *n, struct node *x, struct type to)
{
    struct node like = {.type = to};
    return type_equal(x->type, to) ? x : rebuild_node(r, n, OP_expand, 1, &x, &like);
}

struct node *rebuild_sum(struct rebuild *r, const struct node *n, struct node *x, const int64_t *axes, uint32_t count, bool over_batch)
{
    struct node like = {.axis_count = (uint8_t)count, .over_batch = over_batch};
    for (uint32_t i = 0; i < count; i++) like.axes[i] = axes[i];
    return count || over_batch ? rebuild_node(r, n, OP_sum, 1, &x, &like) : x;
}

static uint32_t *count_uses(struct arena *scratch, const struct graph *graph, const bool *live)
{
    uint32_t *uses = NEW_ARRAY(scratch, uint32_t, graph->nodes.n);
    for (uint32_t i = 0; i < graph->nodes.n; i++) {
        const struct node *n = graph->nodes.at[i];
        for (uint32_t k = 0; live[i] && k < n->nargs; k++) uses[n->arg[k]->id]++;
    }
    for (uint32_t i = 0; i < graph->effects.n; i++) uses[graph->effects.at[i].value->id]++;
    for (uint32_t i = 0; i < graph->outputs.n; i++) uses[graph->outputs.at[i].value->id]++;
    for (uint32_t i = 0; i < graph->keep.n; i++) uses[graph->keep.at[i]->id]++;
    return uses;
}

static struct node *replace(struct rebuild *r, rebuild_rule *rule, const struct node *n, struct node *const *args)
{
    uint32_t first = r->to->nodes.n;
    struct node *m = rule(r, n, args);
    if (!m) return NULL;
    if (!type_equal(m->type, n->type)) m = rebuild_expand(r, n, m, n->type);
    for (uint32_t i = first; i < r->to->nodes.n; i++) r->to->nodes.at[i]->span = n->span;
    if (n->name && !m->name) m->name = n->name;
    r->changed = true;
    return m;
}

bool rebuild_graph(struct ganc *g, const struct program *p, struct graph *graph, rebuild_rule *rule, void *self)
{
    struct arena *scratch = arena_new();
    struct graph to = *graph;
    to.nodes.at = NULL;
    to.nodes.n = to.nodes.capacity = 0;
    bool *live = graph_live(scratch, graph), *wanted = NEW_ARRAY(scratch, bool, graph->nodes.n);
    struct rebuild r = {.g = g, .p = p, .from = graph, .to = &to, .scratch = scratch, .self = self};
    r.map = NEW_ARRAY(scratch, struct node *, graph->nodes.n);
    r.uses = count_uses(scratch, graph, live);
    for (uint32_t i = 0; i < graph->nodes.n; i++) {
        const struct node *n = graph->nodes.at[i];
        if (live[i] && n->op == OP_grad) wanted[n->arg[1]->id] = true;
    }
    for (uint32_t i = 0; i < graph->nodes.n; i++) {
        const struct node *n = graph->nodes.at[i];
        if (!live[i]) continue;
        struct node **args = NEW_ARRAY(scratch, struct node *, n->nargs), *m = NULL;
        for (uint32_t k = 0; k < n->nargs; k++) args[k] = r.map[n->arg[k]->id];
        if (!wanted[i]) m = replace(&r, rule, n, args);
        r.map[i] = m ? m : graph_copy_node(g, &to, n, args);
        if (!wanted[i]) continue;
        while (r.wanted.n <= r.map[i]->id) vec_push(scratch, &r.wanted, NULL);
        r.wanted.at[r.map[i]->id] = r.map[i];
    }
    /* the vectors' memory is the old graph's, which nothing reads any more */
    for (uint32_t i = 0; i < to.effects.n; i++) to.effects.at[i].value = r.map[to.effects.at[i].value->id];
    for (uint32_t i = 0; i < to.outputs.n; i++) to.outputs.at[i].value = r.map[to.outputs.at[i].value->id];
    for (uint32_t i = 0; i < to.keep.n; i++) to.keep.at[i] = r.map[to.keep.at[i]->id];
    *graph = to;
    arena_free(scratch);
    return r.changed;
}
