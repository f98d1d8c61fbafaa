/* rewrite.c: applies the rules of stdlib/rewrites.gan.
 *
 * A pattern is matched from its root downwards, operands in either order where the operation commutes. All values in a pattern but the root and
 * what names stand for are passed over; so none of them may be a node with respect to which a gradient is taken. */
#include "differentiate/rule.h"
#include "passes/passes.h"
#include "passes/rebuild.h"

#include <string.h>

#define AGAIN 16 /* rules in a row at one root; the next round goes on */

static bool same_value(const struct node *a, const struct node *b)
{
    double x, y;
    return a == b || (type_equal(a->type, b->type) && node_number(a, &x) && node_number(b, &y) && x == y);
}

static bool match(const struct rebuild *r, const struct term *t, struct node *n, struct node **bound);

/* Matches t's operands with n's, in their order or the other; bound is as before where neither fits. */
static bool match_operands(const struct rebuild *r, const struct term *t, const struct node *n, struct node **bound)
{
    struct node *saved[RULE_VARIABLES];
    memcpy(saved, bound, sizeof saved);
    uint32_t i = 0;
    while (i < t->nargs && match(r, t->arg[i], n->arg[i], bound)) i++;
    if (i == t->nargs) return true;
    memcpy(bound, saved, sizeof saved);
    if (n->op != OP_add && n->op != OP_mul) return false;
    if (match(r, t->arg[0], n->arg[1], bound) && match(r, t->arg[1], n->arg[0], bound)) return true;
    memcpy(bound, saved, sizeof saved);
    return false;
}

static bool match(const struct rebuild *r, const struct term *t, struct node *n, struct node **bound)
{
    double x;
    switch (t->kind) {
    case TERM_VARIABLE:
        if (!bound[t->variable]) bound[t->variable] = n;
        return same_value(bound[t->variable], n);
    case TERM_NUMBER: return node_number(n, &x) && x == t->number && !rebuild_wanted(r, n);
    case TERM_OP: break;
    }
    return n->op == t->op && !rebuild_wanted(r, n) && match_operands(r, t, n, bound);
}

static struct node *rewrite_root(struct rebuild *r, const struct node *at, struct node *n)
{
    const struct rules *rules = r->self;
    for (uint32_t i = 0; i < rules->by_op[n->op].n; i++) {
        const struct rewrite *rule = &rules->rewrites.at[rules->by_op[n->op].at[i]];
        struct node *bound[RULE_VARIABLES] = {0};
        if (match(r, rule->pattern, n, bound)) return term_build(r->g, r->to, rule->replacement, bound, at->span);
    }
    return NULL;
}

static struct node *rewrite(struct rebuild *r, const struct node *n, struct node *const *args)
{
    if (op_info[n->op].class != CLASS_MAP) return NULL;
    struct node root = *n, *m = NULL; /* n with its new operands, as the matcher wants to see it */
    root.arg = (struct node **)args;
    for (uint32_t i = 0; i < AGAIN; i++) {
        struct node *next = rewrite_root(r, n, m ? m : &root);
        if (!next) break;
        m = next;
        if (op_info[m->op].class != CLASS_MAP || rebuild_wanted(r, m)) break;
    }
    return m;
}

bool pass_rewrite(struct ganc *g, const struct program *p, struct graph *graph)
{
    const struct rules *rules = rules_of(g);
    return rules && rebuild_graph(g, p, graph, rewrite, (void *)rules);
}
