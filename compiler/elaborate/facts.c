/* facts.c: what the checks of the game know of a graph: ranges as good as they get, where in the file a node comes from, and what a
 * value ends in. One sweep a graph; operands come first. */
#include "elaborate/internal.h"
#include "ops/interval.h"

#include <string.h>

#define MOST_TEXT 60      /* bytes of the file that a message quotes */
#define MOST_SCHEDULE 200 /* parts of a schedule's expression looked at */
#define SAME_DEPTH 8      /* of expressions compared */
#define GIVEN_DEPTH 4     /* of branches looked at again in the light of their condition */

uint64_t net_bit(uint32_t net)
{
    return (uint64_t)1 << (net % 64); /* nets that share a bit are one to the checks: they may say less */
}

/* ---- ranges ---- */

/* Of an expression of the schedule, settings at their defaults. */
static struct range schedule_range(struct elaboration *e, const struct sexpr *s, uint32_t *budget)
{
    if (!s || !*budget) return range_all();
    --*budget;
    switch (s->kind) {
    case SEXPR_NUMBER: return interval_point(s->number);
    case SEXPR_SETTING: return schedule_range(e, e->p->settings.at[s->index].value, budget);
    case SEXPR_STEP:
    case SEXPR_EPOCH:
    case SEXPR_UPDATES: return interval_of(1, INFINITY);
    case SEXPR_LOOK:
    case SEXPR_NOT:
    case SEXPR_AND:
    case SEXPR_OR: return interval_of(0, 1);
    case SEXPR_OP: {
        struct node args[3], *at[3] = {&args[0], &args[1], &args[2]}, n = {.op = s->op, .nargs = s->nargs, .arg = at};
        for (uint32_t i = 0; i < s->nargs; i++) args[i] = (struct node){.op = OP_scalar, .range = schedule_range(e, s->arg[i], budget)};
        op_hooks[s->op].range(NULL, &n);
        return n.range;
    }
    default: return range_all();
    }
}

/* Certainly the same value, though written twice. */
static bool same_value(const struct node *a, const struct node *b, int depth)
{
    if (a == b) return true;
    if (a->op != b->op || !depth || a->nargs != b->nargs || !type_equal(a->type, b->type)) return false;
    if (a->op == OP_constant) return a->number == b->number;
    if (op_info[a->op].class != CLASS_MAP) return false;
    for (uint32_t i = 0; i < a->nargs; i++)
        if (!same_value(a->arg[i], b->arg[i], depth - 1)) return false;
    return true;
}

/* n's range where `known` has the range r. */
static struct range range_given(const struct graph *graph, const struct node *n, const struct node *known, struct range r, int depth)
{
    if (same_value(n, known, SAME_DEPTH)) return r;
    if (!depth || !n->nargs || op_info[n->op].class != CLASS_MAP) return n->range;
    struct node copy = *n, args[3], *at[3] = {&args[0], &args[1], &args[2]};
    for (uint32_t i = 0; i < n->nargs; i++) {
        args[i] = *n->arg[i];
        args[i].range = range_given(graph, n->arg[i], known, r, depth - 1);
    }
    copy.arg = at;
    op_hooks[n->op].range(graph, &copy);
    return copy.range;
}

/* What is left of range x above k, or below it. */
static struct range half(struct range x, double k, bool above, bool open)
{
    if (above && x.low <= k && k < x.high) x.low_open = open || (x.low == k && x.low_open), x.low = k;
    if (!above && x.high >= k && k > x.low) x.high_open = open || (x.high == k && x.high_open), x.high = k;
    return x;
}

/* The range of a choice by a comparison with a number: each branch where the comparison holds, or does not. */
static struct range range_of_choice(const struct graph *graph, const struct node *n)
{
    const struct node *c = n->arg[0];
    bool greater = c->op == OP_gt || c->op == OP_ge, less = c->op == OP_lt || c->op == OP_le;
    if (!greater && !less) return n->range;
    bool second = interval_is_point(c->arg[0]->range); /* k < x rather than x > k */
    const struct node *x = c->arg[second];
    if (!interval_is_point(c->arg[!second]->range)) return n->range;
    double k = c->arg[!second]->range.low;
    bool above = greater != second, open = c->op == OP_gt || c->op == OP_lt;
    struct range yes = range_given(graph, n->arg[1], x, half(x->range, k, above, open), GIVEN_DEPTH);
    return interval_hull(yes, range_given(graph, n->arg[2], x, half(x->range, k, !above, !open), GIVEN_DEPTH));
}

/* One element of its one axis is 1, the others 0. */
static bool is_onehot(struct elaboration *e, const struct node *n)
{
    if (n->type.rank != 1) return false;
    if (n->op == OP_data) return e->p->data.at[n->index].onehot;
    return n->op == OP_eq && n->arg[0]->op == OP_iota && n->arg[1]->op == OP_rand_index;
}

/* What sum(p * y) picks from p where y is onehot; else NULL. */
static const struct node *picked(struct elaboration *e, const struct node *n)
{
    const struct node *m = n->op == OP_sum && !n->over_batch && n->type.rank == 0 ? n->arg[0] : NULL;
    if (!m || m->op != OP_mul || m->type.rank != 1) return NULL;
    bool first = is_onehot(e, m->arg[0]);
    return (first || is_onehot(e, m->arg[1])) && m->arg[first]->type.rank == 1 ? m->arg[first] : NULL;
}

static bool is_vague_leaf(struct elaboration *e, const struct node *n)
{
    switch (n->op) {
    case OP_scalar: return !range_known(n->range);
    case OP_tensor: return e->p->tensors.at[n->index].kind != TENSOR_PARAMETER || e->notes.projected[n->index];
    case OP_data:
    case OP_data_mean:
    case OP_input: return !range_known(n->range);
    default: return false;
    }
}

static void find_range(struct facts *f, struct node *n)
{
    uint32_t budget = MOST_SCHEDULE;
    if (n->op == OP_scalar) n->range = schedule_range(f->e, n->scalar, &budget);
    else if (n->nargs && n->op != OP_grad) op_hooks[n->op].range(f->noted->graph, n);
    if (n->op == OP_mul && same_value(n->arg[0], n->arg[1], SAME_DEPTH)) n->range = interval_pow(n->arg[0]->range, interval_point(2));
    if (n->op == OP_where) n->range = range_of_choice(f->noted->graph, n);
    if (n->op == OP_sum && picked(f->e, n)) n->range = picked(f->e, n)->range;
    bool vague = is_vague_leaf(f->e, n);
    enum op_class class = op_info[n->op].class;
    for (uint32_t k = 0; k < n->nargs && class != CLASS_PRODUCT && class != CLASS_GRAD; k++) vague = vague || f->vague[n->arg[k]->id];
    f->vague[n->id] = vague && (isinf(n->range.low) || isinf(n->range.high));
}

struct facts *facts_of(struct elaboration *e, struct arena *mem, const struct noted_graph *noted)
{
    struct facts *f = NEW(mem, struct facts);
    uint32_t n = noted->graph->nodes.n;
    *f = (struct facts){.e = e, .mem = mem, .noted = noted, .nodes = NEW_ARRAY(mem, struct node, n + 1), .vague = NEW_ARRAY(mem, bool, n + 1)};
    f->use = NEW_ARRAY(mem, uint32_t, n + 1);
    f->nets = NEW_ARRAY(mem, uint64_t, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        struct node *x = &f->nodes[i];
        *x = *noted->graph->nodes.at[i];
        if (x->nargs) x->arg = NEW_ARRAY(mem, struct node *, x->nargs);
        for (uint32_t k = 0; k < x->nargs; k++) {
            uint32_t id = noted->graph->nodes.at[i]->arg[k]->id;
            x->arg[k] = &f->nodes[id];
            f->nets[i] |= f->nets[id];
        }
        if (x->op == OP_tensor) f->nets[i] = e->notes.nets[x->index];
        find_range(f, x);
    }
    for (uint32_t i = 0; i < noted->uses.n; i++) f->use[noted->uses.at[i].result->id] = i + 1; /* of a net that gives what another gave, the outer */
    return f;
}

bool *facts_live(const struct facts *f, bool trains)
{
    const struct graph *graph = f->noted->graph;
    if (!trains) return graph_live(f->mem, graph);
    bool *live = NEW_ARRAY(f->mem, bool, graph->nodes.n + 1);
    for (uint32_t i = 0; i < graph->outputs.n; i++) live[graph->outputs.at[i].value->id] = true;
    for (uint32_t i = graph->nodes.n; i-- > 0;)
        for (uint32_t k = 0; live[i] && k < f->nodes[i].nargs; k++) live[f->nodes[i].arg[k]->id] = true;
    return live;
}

/* ---- places and texts ---- */

static const struct made *made_by(const struct facts *f, uint32_t id)
{
    uint32_t low = 0, high = f->noted->made.n;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (f->noted->made.at[middle].to <= id) low = middle + 1;
        else high = middle;
    }
    return low < f->noted->made.n && f->noted->made.at[low].from <= id ? &f->noted->made.at[low] : NULL;
}

struct span facts_place(const struct facts *f, const struct node *n)
{
    if (f->use[n->id]) return f->noted->uses.at[f->use[n->id] - 1].span;
    const struct made *m = made_by(f, n->id);
    if (m) return m->span;
    return n->span.file == f->e->file->span.file ? n->span : f->noted->graph->span;
}

/* White space, line ends included, becomes one blank. */
const char *place_text(struct elaboration *e, struct span span)
{
    const struct source *s = e->g->sources.at[span.file];
    char text[MOST_TEXT + 4];
    size_t n = 0;
    bool blank = false;
    for (uint32_t i = span.at; s && i < span.at + span.length; i++) {
        unsigned char c = (unsigned char)s->text[i];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            blank = n > 0;
            continue;
        }
        if (n + 2 > MOST_TEXT && (c & 0xc0) != 0x80) {
            memcpy(text + n, "...", 3);
            n += 3;
            break;
        }
        if (n + 2 > sizeof text - 4) break;
        if (blank) text[n++] = ' ';
        blank = false;
        text[n++] = (char)c;
    }
    return arena_string(e->g->mem, text, n);
}

/* "(a + b)" without its parentheses. */
static const char *bare(struct elaboration *e, const char *text)
{
    size_t n = strlen(text);
    int depth = 0;
    for (size_t i = 0; i < n; i++) {
        depth += (text[i] == '(') - (text[i] == ')');
        if (!depth && i + 1 < n) return text;
    }
    return n > 2 && text[0] == '(' && !depth ? arena_string(e->g->mem, text + 1, n - 2) : text;
}

const char *players_text(struct elaboration *e, const struct move *m, const char *without)
{
    const struct ast *parts = m->statement->kids[1];
    const char *text = NULL;
    for (uint32_t i = 0; i < parts->n; i++) {
        if (without && parts->kids[i]->kids[0]->name == without) continue;
        const char *one = expression_text(e, parts->kids[i]->kids[0]);
        text = text ? arena_format(e->g->mem, "%s and %s", text, one) : one;
    }
    return text ? text : "what it trains with it";
}

const char *facts_text(const struct facts *f, const struct node *n)
{
    const char *text = place_text(f->e, facts_place(f, n));
    for (uint32_t i = 0; n->op == OP_data && i < f->noted->drawn.n; i++)
        if (f->noted->drawn.at[i].node->id == n->id) return f->noted->drawn.at[i].name;
    if (n->name && !f->use[n->id] && !made_by(f, n->id)) return n->name; /* a let's, a draw's */
    if (f->use[n->id] && !strchr(text, '(')) /* x |> D */
        return arena_format(f->e->g->mem, "%s(...)", f->e->p->nets.at[f->noted->uses.at[f->use[n->id] - 1].net].name);
    return bare(f->e, text);
}

const char *range_text(struct elaboration *e, struct range r)
{
    struct buffer b = {0};
    buffer_put(&b, "%s", r.low_open ? "(" : "[");
    buffer_number(&b, r.low);
    buffer_put(&b, ", ");
    buffer_number(&b, r.high);
    buffer_put(&b, "%s", r.high_open ? ")" : "]");
    const char *text = arena_string(e->g->mem, b.text, b.length);
    buffer_free(&b);
    return text;
}

/* ---- what a value ends in ---- */

/* The one operand that n is a view, a shift or a multiple of; or NULL. */
const struct node *facts_step(const struct node *n)
{
    if (op_info[n->op].class == CLASS_VIEW && n->nargs == 1) return n->arg[0];
    if (n->op == OP_neg || n->op == OP_stop) return n->arg[0];
    if (n->op != OP_add && n->op != OP_sub && n->op != OP_mul && n->op != OP_div) return NULL;
    bool a = interval_is_point(n->arg[0]->range), b = interval_is_point(n->arg[1]->range);
    if (a == b || (n->op == OP_div && a)) return NULL;
    return n->arg[a];
}

const struct node *facts_end(const struct facts *f, const struct node *n)
{
    (void)f;
    const struct node *next;
    for (int steps = 0; steps < MOST_STEPS && (next = facts_step(n)); steps++) n = next;
    return n;
}

/* Where the operation itself stands, though the net ends in it. */
static struct span end_place(const struct facts *f, const struct node *n)
{
    return !made_by(f, n->id) && n->span.file == f->e->file->span.file ? n->span : facts_place(f, n);
}

static const char *end_text(const struct facts *f, const struct node *n)
{
    const struct made *m = made_by(f, n->id);
    if (m) return m->what;
    return op_info[n->op].class == CLASS_MAP && n->nargs == 1 && n->op != OP_neg ? op_info[n->op].name : place_text(f->e, end_place(f, n));
}

/* The net on the way from n to its end, or NULL. */
static const char *net_on_the_way(const struct facts *f, const struct node *n)
{
    for (int steps = 0; n && steps < MOST_STEPS; n = facts_step(n), steps++)
        if (f->use[n->id]) return f->e->p->nets.at[f->noted->uses.at[f->use[n->id] - 1].net].name;
    return NULL;
}

void facts_note_end(const struct facts *f, const struct node *n)
{
    struct elaboration *e = f->e;
    const struct node *end = facts_end(f, n);
    const char *net = net_on_the_way(f, n), *range = range_text(e, end->range);
    if (end->op == OP_data) {
        const struct data *d = &e->p->data.at[end->index];
        const char *name = d->field ? arena_format(e->g->mem, "%s.%s", d->name, d->field) : d->name;
        diag_note(e->g, d->span, "%s is declared here, in %s", name, range);
        return;
    }
    if (end->op == OP_tensor) {
        const struct tensor *t = &e->p->tensors.at[end->index];
        diag_note(e->g, t->span.file == e->file->span.file ? t->span : facts_place(f, end), "the parameter %s can take any value", t->name);
        return;
    }
    const char *what = end_text(f, end);
    if (net) diag_note(e->g, end_place(f, end), "%s ends in %s, which gives numbers in %s", net, what, range);
    else if (end != n || strcmp(what, facts_text(f, n))) diag_note(e->g, end_place(f, end), "%s gives numbers in %s", what, range);
}
