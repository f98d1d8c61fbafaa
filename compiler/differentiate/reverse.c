/* reverse.c: reverse-mode differentiation by source transformation.
 *
 * A graph is copied node by node, operands first. Where a grad(y, x) stands, everything that y is made of has been copied
 * already and holds no grad any more (so inner ones go first by themselves), and the walk appends y's gradient to the
 * copy. All grads of one y share a walk: its x's are the points that it has to reach.
 *
 * In a walk the gradient of a node always has that node's type. A rule (text: rule.h; or C: ops.h) turns it into gradients of the
 * operands as if nothing had been broadcast; the walk undoes broadcasting and adds gradients that meet. Only nodes between an x and y,
 * along operands that a gradient flows to, take part. */
#include "differentiate/differentiate.h"

#include "base/diag.h"
#include "differentiate/rule.h"
#include "ops/ops.h"
#include "passes/passes.h"

struct walk {
    struct ganc *g;
    const struct rules *rules;
    struct graph *graph;     /* being built */
    struct arena *scratch;
    struct node *y;
    uint32_t first;          /* nodes from here on are the walk's own */
    bool *active;            /* [0..y->id]: does a wanted x lie there or beneath? */
    struct node **gradient;  /* [0..y->id] */
};

/* ---- shapes ---- */

static struct node *expanded_number(struct ganc *g, struct graph *graph, double x, struct type t, struct span span)
{
    struct node *c = graph_constant(g, graph, x, span);
    return type_equal(c->type, t) ? c : graph_expand(g, graph, c, t);
}

/* Undoes broadcasting: e has the elements of `full` (or broadcasts to it); the result has type `want`, each element the sum of
 * those that it was broadcast to. */
static struct node *unbroadcast(struct walk *w, struct node *e, struct type full, struct type want)
{
    if (!type_equal(e->type, full)) e = graph_expand(w->g, w->graph, e, full);
    if (type_equal(full, want)) return e;
    int64_t axes[MAX_RANK];
    uint32_t count = 0, lead = full.rank - want.rank;
    for (uint32_t a = 0; a < full.rank; a++)
        if (a < lead || (want.dim[a - lead] == 1 && full.dim[a] > 1)) axes[count++] = a;
    bool over_batch = full.batched && !want.batched;
    if (count || over_batch) e = graph_sum(w->g, w->graph, e, axes, count, over_batch);
    return type_equal(e->type, want) ? e : graph_reshape(w->g, w->graph, e, want);
}

/* ---- the walk ---- */

static void deliver(struct walk *w, const struct node *from, uint32_t i, struct node *e)
{
    struct node *x = from->arg[i], **to = &w->gradient[x->id];
    e = unbroadcast(w, e, op_info[from->op].class == CLASS_MAP ? from->type : x->type, x->type);
    *to = *to ? graph_binary(w->g, w->graph, OP_add, *to, e) : e;
}

/* Sends n's gradient to its operands by the rule of its operation. */
static void send(struct walk *w, struct node *n)
{
    struct node *dy = w->gradient[n->id];
    const struct derivative *d = &w->rules->derivative[n->op];
    if (d->present) {
        struct node *bound[RULE_VARIABLES];
        for (uint32_t i = 0; i < n->nargs; i++) bound[i] = n->arg[i];
        bound[n->nargs] = n;
        bound[n->nargs + 1] = dy;
        for (uint32_t i = 0; i < n->nargs; i++)
            if (d->dx[i] && w->active[n->arg[i]->id])
                deliver(w, n, i, term_build(w->g, w->graph, d->dx[i], bound, n->span));
        return;
    }
    struct node **dx = NEW_ARRAY(w->scratch, struct node *, n->nargs);
    struct derive c = {w->g, w->graph, n, dy, n->arg, dx};
    op_hooks[n->op].derive(&c);
    for (uint32_t i = 0; i < n->nargs; i++)
        if (dx[i] && w->active[n->arg[i]->id]) deliver(w, n, i, dx[i]);
}

/* Does a gradient flow from n to an operand that is or rests on a wanted x? */
static bool sends(const struct walk *w, const struct node *n)
{
    for (uint32_t i = 0; i < n->nargs; i++)
        if (w->active[n->arg[i]->id] && rules_send(w->rules, n, i)) return true;
    return false;
}

/* Gradient nodes are placed where their forward node is, and the gradient of a named node is named after it. */
static void label(struct walk *w, uint32_t from, const struct node *n)
{
    struct span span = n->span;
    span.role = span.role == ROLE_FORWARD ? ROLE_BACK : ROLE_TWICE;
    for (uint32_t i = from; i < w->graph->nodes.n; i++) w->graph->nodes.at[i]->span = span;
    struct node *d = w->gradient[n->id];
    if (n->name && d && d->id >= w->first && !d->name)
        d->name = intern(w->g, arena_format(w->scratch, "d.%s", n->name));
}

/* w->active holds true at the wanted x's alone when this begins. */
static void walk(struct walk *w)
{
    uint32_t lowest = w->y->id;
    for (uint32_t id = w->y->id + 1; id-- > 0;)
        if (w->active[id]) lowest = id;
    for (uint32_t id = lowest; id <= w->y->id; id++)
        if (!w->active[id]) w->active[id] = sends(w, w->graph->nodes.at[id]);
    if (!w->active[w->y->id]) return;
    w->first = w->graph->nodes.n;
    w->gradient[w->y->id] = expanded_number(w->g, w->graph, 1, w->y->type, w->y->span);
    for (uint32_t id = w->y->id + 1; id-- > lowest;) {
        struct node *n = w->graph->nodes.at[id];
        uint32_t from = w->graph->nodes.n;
        if (!w->gradient[id]) continue;
        label(w, from, n);
        if (sends(w, n)) send(w, n);
        label(w, from, n);
    }
}

/* ---- graphs ---- */

/* Is a gradient with respect to this node wanted? */
static bool is_sought(const struct graph *from, const struct node *n)
{
    for (uint32_t i = n->id; i < from->nodes.n; i++)
        if (from->nodes.at[i]->op == OP_grad && from->nodes.at[i]->arg[1] == n) return true;
    return false;
}

/* n's copy. What is made of a constant is one, too, and no way would lead back to it: so one that is sought is a number of the schedule. */
static struct node *kept_apart(struct ganc *g, const struct graph *from, const struct node *n, struct graph *to, struct node *copy)
{
    if (copy->op != OP_constant || !is_sought(from, n)) return copy;
    return graph_node(g, to, OP_scalar, 0, NULL, &(struct node){.scalar = sexpr_number(g, copy->number)}, n->span);
}

/* Expands the grads of `from` that share y with its node `at`, as far as their x's are known: those that come later cannot be part of y. */
static void expand_grads(struct ganc *g, const struct rules *rules, const struct graph *from, uint32_t at, struct graph *to, struct node **map)
{
    const struct node *y = from->nodes.at[at]->arg[0];
    struct walk w = {.g = g, .rules = rules, .graph = to, .scratch = arena_new(), .y = map[y->id]};
    w.active = NEW_ARRAY(w.scratch, bool, w.y->id + 1);
    w.gradient = NEW_ARRAY(w.scratch, struct node *, w.y->id + 1);
    for (uint32_t i = at; i < from->nodes.n; i++) {
        const struct node *n = from->nodes.at[i];
        if (n->op != OP_grad || n->arg[0] != y) continue;
        const struct node *x = map[n->arg[1]->id];
        if (x && x->id <= w.y->id) w.active[x->id] = true;
    }
    walk(&w);
    for (uint32_t i = at; i < from->nodes.n; i++) {
        const struct node *n = from->nodes.at[i];
        if (n->op != OP_grad || n->arg[0] != y) continue;
        struct node *x = map[n->arg[1]->id];
        if (!x) continue;
        struct node *d = x->id <= w.y->id ? w.gradient[x->id] : NULL;
        map[n->id] = d ? d : expanded_number(g, to, 0, x->type, n->span);
        map[n->id] = kept_apart(g, from, n, to, map[n->id]);
    }
    arena_free(w.scratch);
}

static bool has_grad(const struct graph *graph)
{
    for (uint32_t i = 0; i < graph->nodes.n; i++)
        if (graph->nodes.at[i]->op == OP_grad) return true;
    return false;
}

/* By node of `from`: is it made of gradients, and part of no objective, report or further gradient? Then it is an optimizer's. */
static bool *find_updates(struct arena *scratch, const struct graph *from)
{
    bool *sought = NEW_ARRAY(scratch, bool, from->nodes.n), *update = NEW_ARRAY(scratch, bool, from->nodes.n);
    for (uint32_t i = 0; i < from->outputs.n; i++) sought[from->outputs.at[i].value->id] = true;
    for (uint32_t i = from->nodes.n; i-- > 0;) {
        const struct node *n = from->nodes.at[i];
        if (n->op == OP_grad) sought[n->arg[0]->id] = true;
        for (uint32_t k = 0; sought[i] && k < n->nargs; k++) sought[n->arg[k]->id] = true;
    }
    for (uint32_t i = 0; i < from->nodes.n; i++) {
        const struct node *n = from->nodes.at[i];
        for (uint32_t k = 0; k < n->nargs; k++) update[i] = update[i] || update[n->arg[k]->id] || n->arg[k]->op == OP_grad;
    }
    for (uint32_t i = 0; i < from->nodes.n; i++) update[i] = update[i] && !sought[i];
    return update;
}

static void expand_graph(struct ganc *g, const struct rules *rules, struct graph *graph)
{
    struct arena *scratch = arena_new();
    struct node **map = NEW_ARRAY(scratch, struct node *, graph->nodes.n);
    bool *live = graph_live(scratch, graph), *update = find_updates(scratch, graph);
    struct graph to = *graph;
    to.nodes.at = NULL;
    to.nodes.n = to.nodes.capacity = 0;
    for (uint32_t i = 0; i < graph->nodes.n; i++) {
        const struct node *n = graph->nodes.at[i];
        if (!live[i] || map[i]) continue; /* a grad may have been expanded together with an earlier one */
        if (n->op == OP_grad) {
            expand_grads(g, rules, graph, i, &to, map);
            continue;
        }
        struct node **args = NEW_ARRAY(scratch, struct node *, n->nargs);
        for (uint32_t k = 0; k < n->nargs; k++) args[k] = map[n->arg[k]->id];
        map[i] = kept_apart(g, graph, n, &to, graph_copy_node(g, &to, n, args));
        if (update[i] && n->span.role == ROLE_FORWARD) map[i]->span.role = ROLE_UPDATE;
    }
    for (uint32_t i = 0; i < to.effects.n; i++) to.effects.at[i].value = map[to.effects.at[i].value->id];
    for (uint32_t i = 0; i < to.outputs.n; i++) to.outputs.at[i].value = map[to.outputs.at[i].value->id];
    for (uint32_t i = 0; i < to.keep.n; i++) to.keep.at[i] = map[to.keep.at[i]->id];
    *graph = to;
    arena_free(scratch);
}

bool differentiate(struct ganc *g, struct program *p)
{
    const struct rules *rules = rules_of(g);
    if (!rules) return false;
    for (uint32_t i = 0; i < p->graphs.n; i++) {
        struct graph *graph = p->graphs.at[i];
        stabilize_graph(g, p, graph);
        if (has_grad(graph)) {
            expand_graph(g, rules, graph);
            pass_dce(g, p, graph); /* rules in C send to every operand */
        }
        const char *wrong = graph_verify(g, p, graph);
        if (wrong) {
            diag(g, E0651, graph->span, "differentiate", graph->name, wrong);
            return false;
        }
    }
    p->stage = STAGE_GRAD;
    return true;
}
