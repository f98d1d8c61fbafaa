/* difference.c: two states of a program, graph by graph, as unified diffs.
 *
 * Values are numbered as they are printed, so one value more renumbers all that follow. Here a value of the new graph keeps the number of the value of
 * the old one that it stands for; what the new graph alone has is numbered from where the old one ends. Who stands for whom:
 *   1. values made by equal operations from equal operands, all the way down (the first such with the first, the second with the second);
 *   2. from effects and outputs down: what is set, shown or an operand in the same place, made by an equal operation;
 *   3. as 2, but whatever made it: no pass changes what a value is, so the operand of the same user in the same place is the same value;
 *   4. of the rest, those made by equal operations, in the order of the graphs (a longest common subsequence); and once more 3.
 * An equal operation has equal attributes and an equal type. */
#include "base/diff.h"
#include "graph/print.h"

#include <stdlib.h>
#include <string.h>

struct program *program_snapshot(struct ganc *g, const struct program *p)
{
    struct program *copy = arena_copy(g->mem, p, sizeof *p);
    copy->graphs.at = NEW_ARRAY(g->mem, struct graph *, p->graphs.n + 1);
    for (uint32_t i = 0; i < p->graphs.n; i++) {
        struct graph *graph = copy->graphs.at[i] = arena_copy(g->mem, p->graphs.at[i], sizeof *graph);
        graph->effects.at = arena_copy(g->mem, graph->effects.at, graph->effects.n * sizeof *graph->effects.at);
        graph->outputs.at = arena_copy(g->mem, graph->outputs.at, graph->outputs.n * sizeof *graph->outputs.at);
        graph->keep.at = arena_copy(g->mem, graph->keep.at, graph->keep.n * sizeof *graph->keep.at);
        graph->effects.capacity = graph->effects.n, graph->outputs.capacity = graph->outputs.n, graph->keep.capacity = graph->keep.n;
        graph->joins.capacity = graph->joins.n;
    }
    copy->graphs.capacity = copy->graphs.n;
    return copy;
}

enum { OLD, LATER };

struct side {
    const struct graph *graph;
    const char **operation, **value; /* by id, interned: equal where the operation is; where the operands are, too */
    uint32_t *match;                 /* by id: on the other side, or DIFF_NONE */
};

struct matching {
    struct ganc *g;
    struct arena *mem;
    struct side side[2];
};

static void describe(struct matching *m, int which, const struct program *p)
{
    struct side *s = &m->side[which];
    struct buffer b = {0};
    struct printer t = printer_new(&b, m->g, p, m->mem);
    uint32_t n = s->graph->nodes.n;
    s->operation = NEW_ARRAY(m->mem, const char *, n + 1);
    s->value = NEW_ARRAY(m->mem, const char *, n + 1);
    s->match = NEW_ARRAY(m->mem, uint32_t, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        const struct node *x = s->graph->nodes.at[i];
        b.length = 0;
        buffer_put(&b, "%s", op_info[x->op].name);
        print_attributes(&t, x);
        buffer_put(&b, ":%u", x->nargs);
        print_type(&t, x->type);
        s->operation[i] = intern_bytes(m->g, b.text, b.length);
        for (uint32_t k = 0; k < x->nargs; k++) buffer_put(&b, " %p", (const void *)s->value[x->arg[k]->id]); /* never shown */
        s->value[i] = intern_bytes(m->g, b.text, b.length);
        s->match[i] = DIFF_NONE;
    }
    buffer_free(&b);
}

static void pair(struct matching *m, uint32_t old, uint32_t new)
{
    m->side[OLD].match[old] = new;
    m->side[LATER].match[new] = old;
}

/* Two values in one place: made by equal operations, or at least of one type. */
static void pair_place(struct matching *m, const struct node *old, const struct node *new, bool equal)
{
    const struct side *a = &m->side[OLD], *b = &m->side[LATER];
    if (a->match[old->id] != DIFF_NONE || b->match[new->id] != DIFF_NONE) return;
    if (equal ? a->operation[old->id] == b->operation[new->id] : type_equal(old->type, new->type)) pair(m, old->id, new->id);
}

/* ---- 1: equal values ---- */

struct entry {
    const char *value;
    uint32_t id;
};

static int by_value(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->value != y->value) return (uintptr_t)x->value < (uintptr_t)y->value ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static struct entry *sorted(struct matching *m, const struct side *s)
{
    uint32_t n = s->graph->nodes.n;
    struct entry *e = NEW_ARRAY(m->mem, struct entry, n + 1);
    for (uint32_t i = 0; i < n; i++) e[i] = (struct entry){s->value[i], i};
    qsort(e, n, sizeof *e, by_value);
    return e;
}

static void match_values(struct matching *m)
{
    struct entry *a = sorted(m, &m->side[OLD]), *b = sorted(m, &m->side[LATER]);
    uint32_t n = m->side[OLD].graph->nodes.n, k = m->side[LATER].graph->nodes.n;
    for (uint32_t i = 0, j = 0; i < n && j < k;) {
        if (a[i].value == b[j].value) pair(m, a[i++].id, b[j++].id);
        else if ((uintptr_t)a[i].value < (uintptr_t)b[j].value) i++;
        else j++;
    }
}

/* ---- 2 and 3: what stands in the same place ---- */

static void match_places(struct matching *m, bool equal)
{
    const struct graph *a = m->side[OLD].graph, *b = m->side[LATER].graph;
    for (uint32_t i = 0; i < a->effects.n && i < b->effects.n; i++)
        if (a->effects.at[i].tensor == b->effects.at[i].tensor) pair_place(m, a->effects.at[i].value, b->effects.at[i].value, equal);
    for (uint32_t i = 0; i < a->outputs.n && i < b->outputs.n; i++) pair_place(m, a->outputs.at[i].value, b->outputs.at[i].value, equal);
    for (uint32_t i = b->nodes.n; i-- > 0;) { /* operands come before who uses them: one sweep reaches all */
        const struct node *new = b->nodes.at[i];
        if (m->side[LATER].match[i] == DIFF_NONE) continue;
        const struct node *old = a->nodes.at[m->side[LATER].match[i]];
        if (m->side[OLD].operation[old->id] != m->side[LATER].operation[new->id]) continue; /* its operands mean something else */
        for (uint32_t k = 0; k < old->nargs && k < new->nargs; k++) pair_place(m, old->arg[k], new->arg[k], equal);
    }
}

/* ---- 4: the rest, in order ---- */

struct rest {
    uint32_t *id, *name, n;
};

static struct rest rest_of(struct matching *m, const struct side *s)
{
    struct rest r = {.id = NEW_ARRAY(m->mem, uint32_t, s->graph->nodes.n + 1), .name = NEW_ARRAY(m->mem, uint32_t, s->graph->nodes.n + 1)};
    for (uint32_t i = 0; i < s->graph->nodes.n; i++)
        if (s->match[i] == DIFF_NONE) r.id[r.n++] = i;
    return r;
}

static int by_pointer(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t) * (const char *const *)a, y = (uintptr_t) * (const char *const *)b;
    return x < y ? -1 : x > y;
}

/* Numbers the operations of both rests: equal ones alike. */
static void number_operations(struct matching *m, struct rest *a, struct rest *b)
{
    const char **all = NEW_ARRAY(m->mem, const char *, a->n + b->n + 1);
    uint32_t n = 0;
    for (uint32_t i = 0; i < a->n; i++) all[n++] = m->side[OLD].operation[a->id[i]];
    for (uint32_t i = 0; i < b->n; i++) all[n++] = m->side[LATER].operation[b->id[i]];
    qsort(all, n, sizeof *all, by_pointer);
    for (int which = 0; which < 2; which++) {
        struct rest *r = which ? b : a;
        for (uint32_t i = 0; i < r->n; i++) { /* the first of its equals */
            const char *x = m->side[which].operation[r->id[i]];
            uint32_t low = 0, high = n;
            while (low < high) {
                uint32_t middle = low + (high - low) / 2;
                if ((uintptr_t)all[middle] < (uintptr_t)x) low = middle + 1;
                else high = middle;
            }
            r->name[i] = low;
        }
    }
}

static void match_rest(struct matching *m)
{
    struct rest a = rest_of(m, &m->side[OLD]), b = rest_of(m, &m->side[LATER]);
    uint32_t *match = NEW_ARRAY(m->mem, uint32_t, a.n + 1);
    number_operations(m, &a, &b);
    diff_match(a.name, a.n, b.name, b.n, match);
    for (uint32_t i = 0; i < a.n; i++)
        if (match[i] != DIFF_NONE) pair(m, a.id[i], b.id[match[i]]);
}

/* ---- the texts ---- */

static void graph_text(struct buffer *to, struct matching *m, const struct program *p, const struct graph *graph, const uint32_t *number)
{
    struct printer t = printer_new(to, m->g, p, m->mem);
    t.number = number;
    print_graph(&t, graph);
}

static void graph_difference(struct buffer *to, struct ganc *g, const struct program *old, const struct program *new, uint32_t index, const char *const *names)
{
    struct matching m = {.g = g, .mem = arena_new()};
    const struct graph *a = m.side[OLD].graph = old->graphs.at[index], *b = m.side[LATER].graph = new->graphs.at[index];
    describe(&m, OLD, old);
    describe(&m, LATER, new);
    match_values(&m);
    match_places(&m, true);
    match_places(&m, false);
    match_rest(&m);
    match_places(&m, false);
    uint32_t *number = NEW_ARRAY(m.mem, uint32_t, b->nodes.n + 1), next = a->nodes.n;
    for (uint32_t i = 0; i < b->nodes.n; i++) number[i] = m.side[LATER].match[i] != DIFF_NONE ? m.side[LATER].match[i] : next++;
    struct buffer before = {0}, after = {0}, heads[2] = {{0}};
    graph_text(&before, &m, old, a, NULL);
    graph_text(&after, &m, new, b, number);
    for (int which = 0; which < 2; which++) {
        buffer_put(&heads[which], "graph %u ", index);
        buffer_quoted(&heads[which], a->name ? a->name : "");
        buffer_put(&heads[which], " %s", names[which]);
    }
    diff_unified(to, (struct diff_text){heads[0].text, before.text, before.length}, (struct diff_text){heads[1].text, after.text, after.length});
    for (int which = 0; which < 2; which++) buffer_free(&heads[which]);
    buffer_free(&before);
    buffer_free(&after);
    arena_free(m.mem);
}

void program_difference(struct buffer *to, struct ganc *g, const struct program *old, const struct program *new, const char *old_name, const char *new_name)
{
    for (uint32_t i = 0; i < old->graphs.n && i < new->graphs.n; i++) graph_difference(to, g, old, new, i, (const char *const[]){old_name, new_name});
}
