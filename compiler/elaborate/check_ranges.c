/* check_ranges.c: operations on numbers that they have no value for (domain), and gradients of examples that batch statistics mix
 * (penalty-batchnorm).
 *
 * A range speaks for a node only as far as it is known: what a state, a projected parameter or undeclared data goes into is vague, and
 * says nothing; nor does a difference. Of several bad operations with one cause (log D and log(1 - D) where D ends in no sigmoid), the first is
 * reported, and the others noted. */
#include "elaborate/internal.h"
#include "ops/interval.h"

#include <string.h>

#define MOST_HELP 30     /* bytes of an argument that the help repeats */
#define MOST_FINDINGS 50 /* of one graph: the rest shows when these are mended */

struct finding {
    const struct node *node, *argument;
    const char *needs;
    struct span place, cause; /* of the operation; of what its argument ends in */
};

/* Of a range without an end nothing is certain: too much is divided by what is never 0. What only touches 0, as a mean of distances does, is
 * hardly ever there. */
static bool crosses_zero(struct range x)
{
    return isfinite(x.low) && isfinite(x.high) && interval_has(x, 0) && ((x.low < 0 && x.high > 0) || x.low == x.high);
}

/* What n needs of an operand that may not give it: *argument; or NULL. */
static const char *unmet(const struct node *n, const struct node **argument)
{
    struct range x = n->nargs ? n->arg[0]->range : range_all();
    *argument = n->nargs ? n->arg[0] : NULL;
    if (n->op == OP_log) return interval_positive(x) ? NULL : "numbers above 0";
    if (n->op == OP_sqrt) return x.low >= 0 ? NULL : "numbers from 0 on";
    if (n->op == OP_div) {
        *argument = n->arg[1];
        return crosses_zero(n->arg[1]->range) ? "a divisor other than 0" : NULL;
    }
    if (n->op != OP_pow || !interval_is_point(n->arg[1]->range)) return NULL;
    double c = n->arg[1]->range.low;
    if (floor(c) != c) return x.low >= 0 && (c > 0 || !interval_has(x, 0)) ? NULL : c > 0 ? "numbers from 0 on" : "numbers above 0";
    return c < 0 && crosses_zero(x) ? "numbers other than 0" : NULL;
}

static const char *operation_text(const struct node *n)
{
    return n->op == OP_div ? "a division" : n->op == OP_pow ? "this power" : op_info[n->op].name;
}

static void help(const struct facts *f, const struct finding *x)
{
    const char *text = facts_text(f, x->argument);
    if (strlen(text) > MOST_HELP) text = "...";
    if (x->node->op == OP_sqrt) diag_help(f->e->g, "keep it from 0 on: max(%s, 0)", text);
    else if (x->node->op != OP_log) diag_help(f->e->g, "keep it away from there by adding a number, or choose another value there by if");
    else if (isinf(x->argument->range.low) && f->use[x->argument->id])
        diag_help(f->e->g, "if %s is meant to be a probability, let the net end in |> sigmoid", text);
    else diag_help(f->e->g, "keep it above 0: max(%s, 1e-7)", text);
}

/* A difference of two values that both change may be of one sign for a reason that ranges do not see: E x^2 - (E x)^2. */
static bool is_difference(const struct node *n)
{
    return n->op == OP_sub || (n->op == OP_add && (n->arg[0]->op == OP_neg || n->arg[1]->op == OP_neg));
}

static bool same_span(struct span a, struct span b)
{
    return a.file == b.file && a.at == b.at && a.length == b.length;
}

/* Written out several times (a loop, a net applied twice), it is one finding; and a cause that an earlier graph had told is no news. */
static bool is_news(struct facts *f, const struct finding *x, const struct finding *found, uint32_t n)
{
    const struct notes *notes = &f->e->notes;
    for (uint32_t i = 0; i < n; i++)
        if (same_span(found[i].place, x->place)) return false;
    for (uint32_t i = 0; i < notes->told.n; i++)
        if (same_span(notes->told.at[i], x->cause)) return false;
    return true;
}

static void report(struct facts *f, struct finding *found, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct finding *x = &found[i];
        if (!x->node) continue;
        diag(f->e->g, W0704, x->place, operation_text(x->node), x->needs, facts_text(f, x->argument), range_text(f->e, x->argument->range));
        facts_note_end(f, x->argument);
        for (uint32_t k = i + 1; k < n; k++) {
            if (!found[k].node || !same_span(found[k].cause, x->cause)) continue;
            diag_note(f->e->g, found[k].place, "the same holds here");
            found[k].node = NULL;
        }
        help(f, x);
        vec_push(f->e->g->mem, &f->e->notes.told, x->cause);
    }
}

void check_ranges(struct facts *f, const bool *live)
{
    uint32_t nodes = f->noted->graph->nodes.n;
    struct finding *found = NEW_ARRAY(f->mem, struct finding, MOST_FINDINGS);
    uint32_t n = 0;
    bool *bad = NEW_ARRAY(f->mem, bool, nodes + 1); /* it, or what it is made of: its range says nothing more */
    for (uint32_t i = 0; i < nodes && n < MOST_FINDINGS; i++) {
        struct finding x = {.node = &f->nodes[i]};
        bool product = op_info[x.node->op].class == CLASS_PRODUCT;
        for (uint32_t k = 0; k < x.node->nargs && !product; k++) bad[i] = bad[i] || bad[x.node->arg[k]->id];
        if (!live[i] || bad[i] || !(x.needs = unmet(x.node, &x.argument)) || f->vague[x.argument->id]) continue;
        const struct node *end = facts_end(f, x.argument);
        if (is_difference(end)) continue;
        bad[i] = true;
        x.place = facts_place(f, x.node);
        x.cause = facts_place(f, end);
        if (is_news(f, &x, found, n)) found[n++] = x;
    }
    report(f, found, n);
}

/* ---- gradients of examples that are mixed ---- */

/* The node by which the examples of x meet on the way to y: one for all that depends on x, and goes into one for each; or NULL. */
static const struct node *meeting(struct facts *f, const struct node *y, const struct node *x)
{
    uint32_t first = x->id, n = y->id - first + 1;
    bool *from = NEW_ARRAY(f->mem, bool, n), *to = NEW_ARRAY(f->mem, bool, n);
    from[0] = to[n - 1] = true;
    for (uint32_t i = 1; i < n; i++) {
        const struct node *u = &f->nodes[first + i];
        for (uint32_t k = 0; k < u->nargs; k++)
            if (u->arg[k]->id >= first && graph_flows(u, k)) from[i] = from[i] || from[u->arg[k]->id - first];
    }
    for (uint32_t i = n; i-- > 1;) {
        const struct node *u = &f->nodes[first + i];
        for (uint32_t k = 0; to[i] && k < u->nargs; k++)
            if (u->arg[k]->id >= first && graph_flows(u, k)) to[u->arg[k]->id - first] = true;
    }
    for (uint32_t i = 1; i < n; i++) {
        const struct node *u = &f->nodes[first + i];
        for (uint32_t k = 0; to[i] && u->type.batched && k < u->nargs; k++) {
            const struct node *all = u->arg[k];
            if (all->id > first && !all->type.batched && from[all->id - first]) return all;
        }
    }
    return NULL;
}

void check_penalties(struct facts *f, const bool *live)
{
    for (uint32_t i = 0; i < f->noted->graph->nodes.n; i++) {
        const struct node *n = &f->nodes[i];
        if (!live[i] || n->op != OP_grad || !n->arg[1]->type.batched) continue;
        const struct node *all = meeting(f, n->arg[0], n->arg[1]);
        if (!all) continue;
        diag(f->e->g, W0709, facts_place(f, n), facts_text(f, n->arg[0]), facts_text(f, n->arg[1]));
        diag_note(f->e->g, facts_place(f, all), "here the whole minibatch goes into each example's value");
        diag_help(f->e->g, "let the net work on each example alone, normalising over its features instead (Gulrajani et al. 2017, section 4)");
    }
}
