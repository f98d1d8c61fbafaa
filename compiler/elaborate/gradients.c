/* gradients.c: grad(v, D): the gradient of one number with respect to the parameters of a net or of a part of one, as one value: a
 * node for each parameter. It can be added, subtracted, negated, scaled by a number, stopped, and given to sumsq. */
#include "elaborate/internal.h"

static struct value make(struct elaboration *e, uint32_t room, struct gradients **g)
{
    *g = NEW(e->g->mem, struct gradients);
    (*g)->tensors = NEW_ARRAY(e->g->mem, uint32_t, room + 1);
    (*g)->nodes = NEW_ARRAY(e->g->mem, struct node *, room + 1);
    (*g)->home = e->graph;
    return (struct value){.kind = VALUE_GRADIENTS, .gradients = *g};
}

static void push(struct gradients *g, uint32_t tensor, struct node *n)
{
    g->tensors[g->n] = tensor;
    g->nodes[g->n++] = n;
}

/* Of the parameters marked, those that v does not reach have a gradient of zero, and are left out. */
struct value gradients_make(struct elaboration *e, struct value v, struct span at, const bool *marked, struct span span)
{
    struct node *y = value_to_node(e, v, at);
    if (!y) return value_error();
    if (e->over.on) { /* the averages over all of the data are numbers by now */
        diag(e->g, E0524, span);
        return value_error();
    }
    if (y->type.batched) {
        diag(e->g, E0522, at);
        diag_help(e->g, "average it over the minibatch first: grad(E[x ~ ...] ..., D)");
        return value_error();
    }
    uint32_t room = e->p->tensors.n < e->tensor_capacity ? e->p->tensors.n : e->tensor_capacity;
    const bool *reached = reached_from(e, y);
    struct gradients *g;
    struct value result = make(e, room, &g);
    for (uint32_t t = 0; t < room; t++) {
        struct node *w = marked[t] ? e->tensor_nodes[t] : NULL;
        if (!w || w->id > y->id || !reached[w->id]) continue;
        struct node *n = node_make(e, OP_grad, 2, (struct node *[]){y, w}, &(struct node){0}, span);
        if (!n) return value_error();
        push(g, t, n);
    }
    if (g->n) return result;
    diag(e->g, E0507, span);
    return value_error();
}

/* a + b or a - b, tensor by tensor in their order; what only one has stands for itself. */
static struct value sum(struct elaboration *e, enum op op, const struct gradients *a, const struct gradients *b, struct span span)
{
    struct gradients *g;
    struct value result = make(e, a->n + b->n, &g);
    for (uint32_t i = 0, k = 0; i < a->n || k < b->n;) {
        bool left = i < a->n && (k == b->n || a->tensors[i] <= b->tensors[k]), right = k < b->n && (i == a->n || b->tensors[k] <= a->tensors[i]);
        uint32_t t = left ? a->tensors[i] : b->tensors[k];
        struct node *x = left ? a->nodes[i++] : NULL, *y = right ? b->nodes[k++] : NULL, *n = x;
        if (x && y) n = node_make(e, op, 2, (struct node *[]){x, y}, &(struct node){0}, span);
        else if (y) n = op == OP_sub ? node_make(e, OP_neg, 1, &y, &(struct node){0}, span) : y;
        push(g, t, n);
    }
    return result;
}

/* Each node by itself, with the single number `by` where there is one. */
static struct value each(struct elaboration *e, enum op op, const struct gradients *a, struct node *by, struct span span)
{
    struct gradients *g;
    struct value result = make(e, a->n, &g);
    for (uint32_t i = 0; i < a->n; i++) push(g, a->tensors[i], node_make(e, op, by ? 2 : 1, (struct node *[]){a->nodes[i], by}, &(struct node){0}, span));
    return result;
}

static void help(struct elaboration *e)
{
    diag_help(e->g, "gradients g of a net can be added, subtracted, scaled by a number, and given to stop and sumsq; their norm is sqrt(sumsq(g))");
}

static struct value wanted(struct elaboration *e, const char *what, const struct value *v, struct span span)
{
    diag(e->g, E0401, span, what, value_describe(e, v));
    help(e);
    return value_error();
}

struct value gradients_map(struct elaboration *e, enum op op, const char *what, const struct value *v, struct span span)
{
    bool first = v[0].kind == VALUE_GRADIENTS;
    if (op == OP_neg || op == OP_stop) return each(e, op, v[0].gradients, NULL, span);
    if (op == OP_add || op == OP_sub) {
        const struct value *other = &v[first ? 1 : 0];
        if (other->kind != VALUE_GRADIENTS) return wanted(e, "gradients of a net", other, span);
        return sum(e, op, v[0].gradients, v[1].gradients, span);
    }
    if (op == OP_mul || (op == OP_div && first)) {
        struct value other = v[first ? 1 : 0];
        if (other.kind == VALUE_GRADIENTS) return wanted(e, "a number", &other, span);
        struct node *by = node_scalar(e, value_to_node(e, other, span));
        if (!by) return value_error();
        if (by->type.batched) return wanted(e, "one number for the whole minibatch", &other, span);
        if (by->type.rank) return wanted(e, "a single number", &other, span);
        return each(e, op, v[first ? 0 : 1].gradients, by, span);
    }
    diag(e->g, E0408, span, what, "the gradients of a net");
    help(e);
    return value_error();
}

/* The sum of the squares of all elements of n. */
struct value sum_of_squares(struct elaboration *e, struct node *const *nodes, uint32_t n, struct span span)
{
    struct value total = value_number(0);
    for (uint32_t i = 0; i < n; i++) {
        struct node *s = graph_binary(e->g, e->graph, OP_mul, nodes[i], nodes[i]);
        int64_t axes[MAX_RANK];
        for (int64_t k = 0; k < s->type.rank; k++) axes[k] = k;
        if (s->type.rank) s = graph_sum(e->g, e->graph, s, axes, s->type.rank, false);
        total = arithmetic_map(e, OP_add, 2, (struct value[]){total, value_node(e, s)}, span);
    }
    return total;
}
