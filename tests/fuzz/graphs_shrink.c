/* graphs_shrink.c: see graphs.h: what fails is made smaller as long as it fails: an output or effect less; a node that becomes a new tensor, so that
 * all before it goes; a node that gives way to its operand. Greedy, largest cuts first, until nothing more can go. */
#include "graphs.h"

#include "base/diag.h"

#include <stdio.h>
#include <string.h>

enum cut { CUT_OUTPUT, CUT_EFFECT, CUT_TENSOR, CUT_OPERAND };

struct attempt {
    enum cut cut;
    uint32_t at; /* output, effect, or node's id */
};

struct program *graph_read(struct ganc *g, const char *text)
{
    uint32_t file;
    source_add(g, "graph", text, strlen(text), &file);
    return program_parse(g, file);
}

static struct node *as_tensor_of(struct ganc *g, struct program *p, struct graph *to, const struct node *n)
{
    struct type type = n->type;
    bool batched = type.batched == 1 && type.rank < MAX_RANK;
    if (type.batched && !batched) return NULL;
    if (batched) { /* a tensor of all examples, seen by as_batch */
        for (uint32_t a = type.rank; a > 0; a--) type.dim[a] = type.dim[a - 1];
        type.dim[0] = to->batch, type.rank++, type.batched = 0;
    }
    struct tensor t = {.kind = TENSOR_PARAMETER, .type = type, .net = -1, .of = -1, .name = arena_format(g->mem, "cut%u", p->tensors.n)};
    vec_push(g->mem, &p->tensors, t);
    struct node *leaf = graph_node(g, to, OP_tensor, 0, NULL, &(struct node){.index = p->tensors.n - 1, .type = type}, (struct span){0});
    struct graph *init = p->graphs.at[0];
    struct node like = {.index = p->streams++, .type = type};
    struct node *draw = graph_node(g, init, OP_rand_normal, 0, NULL, &like, (struct span){0});
    vec_push(g->mem, &init->effects, (struct effect){p->tensors.n - 1, draw, {0}});
    return batched && leaf ? graph_unary(g, to, OP_as_batch, leaf) : leaf;
}

/* p's second graph again, without what the attempt cuts; NULL where it cannot be cut so. */
static bool rebuilt(struct ganc *g, struct program *p, const struct attempt *a)
{
    const struct graph *from = p->graphs.at[1];
    struct graph *to = NEW(g->mem, struct graph);
    *to = (struct graph){.kind = from->kind, .name = from->name, .index = 1, .batch = from->batch};
    struct node **map = NEW_ARRAY(g->mem, struct node *, from->nodes.n);
    struct graph trial = *from; /* live without the outputs and effects that go */
    trial.outputs.n = trial.effects.n = 0;
    trial.outputs.at = NULL, trial.effects.at = NULL, trial.outputs.capacity = trial.effects.capacity = 0;
    for (uint32_t i = 0; i < from->outputs.n; i++)
        if (a->cut != CUT_OUTPUT || a->at != i) vec_push(g->mem, &trial.outputs, from->outputs.at[i]);
    for (uint32_t i = 0; i < from->effects.n; i++)
        if (a->cut != CUT_EFFECT || a->at != i) vec_push(g->mem, &trial.effects, from->effects.at[i]);
    if (!trial.outputs.n && !trial.effects.n) return false;
    const bool *live = graph_live(g->mem, &trial);
    for (uint32_t i = 0; i < from->nodes.n; i++) {
        struct node *n = from->nodes.at[i], **args = NEW_ARRAY(g->mem, struct node *, n->nargs);
        if (!live[i]) continue;
        for (uint32_t k = 0; k < n->nargs; k++) args[k] = map[n->arg[k]->id];
        if (a->cut == CUT_TENSOR && a->at == i) map[i] = as_tensor_of(g, p, to, n);
        else if (a->cut == CUT_OPERAND && a->at == i) map[i] = type_equal(n->type, n->arg[0]->type) ? args[0] : NULL;
        else map[i] = graph_copy_node(g, to, n, args);
        if (!map[i] || !type_equal(map[i]->type, n->type)) return false;
    }
    for (uint32_t i = 0; i < trial.outputs.n; i++) {
        struct output o = trial.outputs.at[i];
        o.value = map[o.value->id];
        vec_push(g->mem, &to->outputs, o);
    }
    for (uint32_t i = 0; i < trial.effects.n; i++) {
        struct effect f = trial.effects.at[i];
        f.value = map[f.value->id];
        vec_push(g->mem, &to->effects, f);
    }
    p->graphs.at[1] = to;
    return true;
}

/* The text with that cut, if it fails still; in `to`. */
static bool cut(const char *text, const struct attempt *a, bool (*tries)(void *self, const char *text), void *self, struct buffer *to)
{
    struct ganc *g = ganc_new();
    struct program *p = graph_read(g, text);
    bool smaller = p && rebuilt(g, p, a) && !diag_errors(g) && !program_verify(g, p);
    to->length = 0;
    if (smaller) program_print(to, g, p);
    ganc_free(g);
    return smaller && tries(self, to->text);
}

struct counts {
    uint32_t outputs, effects, nodes;
    bool *inner; /* by node: it has operands, and is live */
};

static struct counts counts_of(struct ganc *g, const char *text)
{
    const struct program *p = graph_read(g, text);
    if (!p) return (struct counts){0};
    const struct graph *graph = p->graphs.at[1];
    struct counts c = {graph->outputs.n, graph->effects.n, graph->nodes.n, NEW_ARRAY(g->mem, bool, graph->nodes.n)};
    const bool *live = graph_live(g->mem, graph);
    for (uint32_t i = 0; i < graph->nodes.n; i++) c.inner[i] = live[i] && graph->nodes.at[i]->nargs > 0;
    return c;
}

/* Tries every cut of a kind once, from the end; each that fails still becomes the text. */
static bool round_of(enum cut kind, struct buffer *text, bool (*tries)(void *self, const char *text), void *self)
{
    struct ganc *g = ganc_new();
    struct counts c = counts_of(g, text->text);
    uint32_t n = kind == CUT_OUTPUT ? c.outputs : kind == CUT_EFFECT ? c.effects : c.nodes;
    struct buffer next = {0};
    bool any = false;
    for (uint32_t i = n; i-- > 0 && !any;) { /* numbers change with each cut that succeeds: then all over again */
        if (kind >= CUT_TENSOR && !c.inner[i]) continue;
        if (!cut(text->text, &(struct attempt){kind, i}, tries, self, &next)) continue;
        if (next.length >= text->length && kind >= CUT_TENSOR) continue; /* no gain */
        any = true;
        text->length = 0;
        buffer_bytes(text, next.text, next.length);
    }
    buffer_free(&next);
    ganc_free(g);
    return any;
}

void graph_shrunk(const char *text, bool (*tries)(void *self, const char *text), void *self, struct buffer *to)
{
    static const enum cut order[] = {CUT_OUTPUT, CUT_EFFECT, CUT_TENSOR, CUT_OPERAND};
    buffer_bytes(to, text, strlen(text));
    for (bool again = true; again;) {
        again = false;
        for (unsigned i = 0; i < sizeof order / sizeof *order; i++)
            while (round_of(order[i], to, tries, self)) again = true;
    }
}
