/* watch.c: what the runtime sees of training when it looks (runtime/looks.c): gradients, and how well a net tells data from samples.
 *
 * A look is a run of a statement's graph besides the one that trains, of the same minibatch. The number look() is 1 then: each parameter that the
 * statement trains becomes its gradient, in the signs that its optimizer sees, and nothing else changes. Otherwise look() is 0, and every effect is what it
 * was. That costs a choice by one number where an update is written, and no memory: the gradient of a weight is mostly nowhere but in registers.
 *
 * A net that the statement trains, whose output is a probability or a logit, and which judges one value that other nets made and one that none did, gets two
 * outputs: the shares of examples on the right side. Their kernels run in looks only (schedule/looks.c). */
#include "elaborate/internal.h"

/* What stands for look(), once a graph. */
static struct node *look_node(struct elaboration *e, struct graph *graph)
{
    return graph_node(e->g, graph, OP_scalar, 0, NULL, &(struct node){.scalar = sexpr_leaf(e->g, SEXPR_LOOK, 0)}, graph->span);
}

static struct node *present(struct elaboration *e, struct graph *graph, uint32_t tensor)
{
    if (tensor < e->tensor_capacity && e->tensor_nodes[tensor]) return e->tensor_nodes[tensor];
    struct node like = {.index = tensor, .type = e->p->tensors.at[tensor].type};
    return graph_node(e->g, graph, OP_tensor, 0, NULL, &like, graph->span);
}

void watch_effects(struct elaboration *e, struct graph *graph, struct node *const *gradients, uint32_t tensors)
{
    struct node *look = look_node(e, graph);
    for (uint32_t i = 0; i < graph->effects.n; i++) {
        struct effect *x = &graph->effects.at[i];
        struct node *seen = x->tensor < tensors && gradients[x->tensor] ? gradients[x->tensor] : present(e, graph, x->tensor);
        x->value = graph_node(e->g, graph, OP_where, 3, (struct node *[]){look, seen, x->value}, &(struct node){0}, x->value->span);
    }
}

/* ---- which net judges ---- */

struct judging {
    struct elaboration *e;
    struct graph *graph;
    struct arena *mem;
    bool *direct;      /* by node: the objective reads it, otherwise than by a gradient */
    bool *made;        /* by node: parameters that are not trained here went into it */
};

static void mark(struct judging *j, const struct node *objective, const bool *updated, uint32_t tensors)
{
    uint32_t n = objective->id + 1;
    j->direct = NEW_ARRAY(j->mem, bool, n);
    j->made = NEW_ARRAY(j->mem, bool, n);
    j->direct[objective->id] = true;
    for (uint32_t i = n; i-- > 0;) {
        const struct node *x = j->graph->nodes.at[i];
        for (uint32_t k = 0; j->direct[i] && x->op != OP_grad && k < x->nargs; k++) j->direct[x->arg[k]->id] = true;
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct node *x = j->graph->nodes.at[i];
        j->made[i] = x->op == OP_tensor && j->e->p->tensors.at[x->index].kind == TENSOR_PARAMETER && !(x->index < tensors && updated[x->index]);
        for (uint32_t k = 0; k < x->nargs; k++) j->made[i] = j->made[i] || j->made[x->arg[k]->id];
    }
}

/* Does the objective read x as a logit, by sigmoid or softplus, and by nothing else? */
static bool is_logit(const struct judging *j, const struct node *x, uint32_t last, int depth)
{
    bool any = false;
    for (uint32_t i = x->id + 1; i <= last; i++) {
        const struct node *n = j->graph->nodes.at[i];
        bool reads = false;
        for (uint32_t k = 0; k < n->nargs; k++) reads = reads || n->arg[k] == x;
        if (!reads || !j->direct[i]) continue;
        any = true;
        if (n->op == OP_sigmoid || n->op == OP_softplus) continue;
        if (!depth || (n->op != OP_neg && n->op != OP_reshape) || !is_logit(j, n, last, depth - 1)) return false;
    }
    return any;
}

/* The share of the minibatch whose output is above (below) the middle. */
static struct node *share(struct judging *j, struct node *output, double middle, bool above)
{
    struct ganc *g = j->e->g;
    struct node *side = graph_binary(g, j->graph, above ? OP_gt : OP_lt, output, graph_constant(g, j->graph, middle, output->span));
    int64_t axes[MAX_RANK];
    for (uint32_t a = 0; a < side->type.rank; a++) axes[a] = a;
    struct node *sum = graph_sum(g, j->graph, side, axes, side->type.rank, true);
    return graph_binary(g, j->graph, OP_mul, sum, graph_constant(g, j->graph, 1.0 / (double)j->graph->batch, output->span));
}

/* The applications of a net on data and on what was made: one of each, or none that counts. */
static bool find_uses(const struct judging *j, const struct node *objective, uint32_t net, struct node **real, struct node **made)
{
    *real = *made = NULL;
    for (uint32_t i = 0; i < j->e->notes.here.uses.n; i++) {
        const struct net_use *u = &j->e->notes.here.uses.at[i];
        if (u->net != net || u->result->id > objective->id || !j->direct[u->result->id]) continue;
        if (u->result->type.batched != 1 || type_elements(u->result->type) != 1) return false;
        bool others = false;
        for (uint32_t k = 0; k < u->n; k++) others = others || j->made[u->inputs[k]->id];
        struct node **to = others ? made : real;
        if (*to && *to != u->result) return false;
        *to = u->result;
    }
    return *real && *made;
}

void watch_judges(struct elaboration *e, struct graph *graph, struct node *objective, const bool *updated, uint32_t tensors)
{
    struct judging j = {.e = e, .graph = graph, .mem = arena_new()};
    mark(&j, objective, updated, tensors);
    for (uint32_t n = 0; n < e->p->nets.n; n++) {
        const struct net_info *net = &e->p->nets.at[n];
        struct node *real, *made;
        bool trained = false;
        for (uint32_t i = 0; i < net->tensors.n && !trained; i++) trained = net->tensors.at[i] < tensors && updated[net->tensors.at[i]];
        if (!trained || !find_uses(&j, objective, n, &real, &made)) continue;
        bool probability = real->range.low >= 0 && real->range.high <= 1 && made->range.low >= 0 && made->range.high <= 1;
        if (!probability && !(is_logit(&j, real, objective->id, 4) && is_logit(&j, made, objective->id, 4))) continue;
        double middle = probability ? 0.5 : 0;
        const char *names[] = {arena_format(e->g->mem, "%s of data", net->name), arena_format(e->g->mem, "%s of samples", net->name)};
        struct node *shares[] = {share(&j, real, middle, true), share(&j, made, middle, false)};
        for (int i = 0; i < 2; i++)
            vec_push(e->g->mem, &graph->outputs, (struct output){.kind = OUTPUT_LOOK, .name = names[i], .value = shares[i], .sign = 1, .data = -1});
    }
    arena_free(j.mem);
}
