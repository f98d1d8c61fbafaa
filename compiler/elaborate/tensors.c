/* tensors.c: parameters and states: declared by name, read, set, and given their first values in the INIT graph. */
#include "elaborate/internal.h"

#include <string.h>

static void reserve(struct elaboration *e, uint32_t tensor)
{
    if (tensor < e->tensor_capacity) return;
    uint32_t capacity = (tensor + 1) * 2;
    struct node **nodes = NEW_ARRAY(e->g->mem, struct node *, capacity), **states = NEW_ARRAY(e->g->mem, struct node *, capacity);
    if (e->tensor_capacity) {
        memcpy(nodes, e->tensor_nodes, e->tensor_capacity * sizeof *nodes);
        memcpy(states, e->state_nodes, e->tensor_capacity * sizeof *states);
    }
    e->tensor_nodes = nodes;
    e->state_nodes = states;
    e->tensor_capacity = capacity;
}

/* Tensors by name, and which net has which: a table of both, open addressing, at most half full. */
struct tensor_entry {
    const char *key; /* the tensor's name, interned; NULL: free */
    uint32_t tensor, net; /* net: its number + 1; 0: the entry says which tensor has the name */
};

struct tensor_index {
    struct tensor_entry *at;
    uint32_t size, used;
    uint32_t named; /* tensors whose names are in it: more may have been declared since */
};

static struct tensor_entry *index_slot(const struct tensor_index *x, struct tensor_entry e)
{
    uint64_t hash = ((uint64_t)(uintptr_t)e.key ^ (e.net ? (uint64_t)e.tensor << 20 | e.net : 0)) * 0x9E3779B97F4A7C15u; /* 2^64 / golden ratio */
    uint32_t at = (uint32_t)(hash >> 32) & (x->size - 1);
    for (; x->at[at].key; at = (at + 1) & (x->size - 1))
        if (x->at[at].key == e.key && x->at[at].net == e.net && (!e.net || x->at[at].tensor == e.tensor)) break;
    return &x->at[at];
}

/* The entry equal to e, or e, newly put there: then *made. */
static const struct tensor_entry *index_find(struct elaboration *e, struct tensor_entry entry, bool *made)
{
    if (!e->tensor_index) e->tensor_index = NEW(e->g->mem, struct tensor_index);
    struct tensor_index *x = e->tensor_index;
    if (2 * (x->used + 1) > x->size) {
        struct tensor_index old = *x;
        x->size = old.size ? 2 * old.size : 64;
        x->at = NEW_ARRAY(e->g->mem, struct tensor_entry, x->size);
        for (uint32_t i = 0; i < old.size; i++)
            if (old.at[i].key) *index_slot(x, old.at[i]) = old.at[i];
    }
    struct tensor_entry *slot = index_slot(x, entry);
    *made = !slot->key;
    if (*made) *slot = entry, x->used++;
    return slot;
}

uint32_t tensor_called(struct elaboration *e, const char *id)
{
    bool made;
    uint32_t named = e->tensor_index ? e->tensor_index->named : 0, n = e->p->tensors.n;
    for (; named < n; named++) index_find(e, (struct tensor_entry){.key = e->p->tensors.at[named].name, .tensor = named}, &made);
    if (n) e->tensor_index->named = n;
    const struct tensor_entry *found = n ? index_slot(e->tensor_index, (struct tensor_entry){.key = id}) : NULL;
    return found && found->key ? found->tensor : n;
}

void net_add_tensor(struct elaboration *e, uint32_t net, uint32_t tensor)
{
    bool first;
    index_find(e, (struct tensor_entry){.key = e->p->tensors.at[tensor].name, .tensor = tensor, .net = net + 1}, &first);
    if (first) vec_push(e->g->mem, &e->p->nets.at[net].tensors, tensor);
}

uint32_t tensor_declare(struct elaboration *e, const char *name, enum tensor_kind kind, struct type t, int32_t of, struct span span, bool *made)
{
    const char *id = intern(e->g, name);
    uint32_t i = tensor_called(e, id);
    *made = i == e->p->tensors.n;
    if (*made) {
        int32_t net = e->nets.n ? (int32_t)e->nets.at[e->nets.n - 1] : -1;
        vec_push(e->g->mem, &e->p->tensors, (struct tensor){.name = id, .kind = kind, .type = t, .net = net, .of = of, .span = span});
    } else if (!type_equal(e->p->tensors.at[i].type, t)) {
        diag(e->g, E0251, span, name, type_text(e, e->p->tensors.at[i].type), type_text(e, t));
    }
    for (uint32_t k = 0; k < e->nets.n; k++) net_add_tensor(e, e->nets.at[k], i); /* a net's tensors include those of the nets it calls */
    return i;
}

struct node *tensor_node(struct elaboration *e, uint32_t tensor, struct span span)
{
    if (e->graph->kind == GRAPH_INIT) { /* the first values of tensors do not depend on each other */
        diag(e->g, E0503, span);
        return NULL;
    }
    reserve(e, tensor);
    if (!e->tensor_nodes[tensor]) {
        struct node like = {.index = tensor, .type = e->p->tensors.at[tensor].type, .range = range_all(), .name = NULL};
        e->tensor_nodes[tensor] = graph_node(e->g, e->graph, OP_tensor, 0, NULL, &like, span);
    }
    return e->tensor_nodes[tensor];
}

struct node *tensor_value(struct elaboration *e, uint32_t tensor, struct span span)
{
    reserve(e, tensor);
    return e->state_nodes[tensor] ? e->state_nodes[tensor] : tensor_node(e, tensor, span);
}

void tensor_set(struct elaboration *e, uint32_t tensor, struct node *value, struct span span)
{
    struct type want = e->p->tensors.at[tensor].type;
    if (value->type.batched) {
        diag(e->g, E0252, span, e->p->tensors.at[tensor].name);
        diag_help(e->g, "E[...], batch_mean or batch_var give one value for the whole minibatch");
        return;
    }
    if (!type_equal(value->type, want)) {
        struct type both;
        if (want.rank == 0) value = node_scalar(e, value);
        if (!type_broadcast(value->type, want, &both) || !type_equal(both, want)) {
            diag(e->g, E0204, span, e->p->tensors.at[tensor].name, type_text(e, want), type_text(e, value->type));
            return;
        }
        if (!type_equal(value->type, want)) value = node_make(e, OP_expand, 1, &value, &(struct node){.type = want}, span);
        if (!value) return;
    }
    reserve(e, tensor);
    e->touched++;
    e->state_nodes[tensor] = graph_unary(e->g, e->graph, OP_stop, value);
    if (e->average) return; /* its states are its net's: where it is applied they stay */
    for (uint32_t i = 0; i < e->skipped.n; i++)
        if (e->skipped.at[i] == e->current_application) return;
    vec_push(e->g->mem, &e->changes, (struct state_change){tensor, e->current_application, value, span});
}

/* What n is made of, from its graph's first node up: operands come first in a graph, so a sweep down marks what is needed and a sweep up
 * copies it. */
struct node *node_import(struct elaboration *e, struct node *n, struct span span)
{
    struct arena *scratch = arena_new();
    struct node **needed = NEW_ARRAY(scratch, struct node *, n->id + 1), **map = NEW_ARRAY(scratch, struct node *, n->id + 1);
    bool good = true;
    needed[n->id] = n;
    for (uint32_t i = n->id + 1; i-- > 0 && good;) {
        struct node *x = needed[i];
        if (!x) continue;
        good = !x->type.batched &&
               (op_info[x->op].class != CLASS_LEAF || x->op == OP_constant || x->op == OP_iota || x->op == OP_scalar || x->op == OP_data_mean);
        for (uint32_t k = 0; k < x->nargs; k++) needed[x->arg[k]->id] = x->arg[k];
    }
    for (uint32_t i = 0; i <= n->id && good; i++) {
        if (!needed[i]) continue;
        struct node **args = NEW_ARRAY(scratch, struct node *, needed[i]->nargs + 1);
        for (uint32_t k = 0; k < needed[i]->nargs; k++) args[k] = map[needed[i]->arg[k]->id];
        map[i] = graph_copy_node(e->g, e->graph, needed[i], args);
    }
    struct node *copy = good ? map[n->id] : NULL;
    arena_free(scratch);
    if (!good) {
        diag(e->g, E0503, span);
    }
    return copy;
}

/* How many parameters have no default. */
static uint32_t parameters_required(const struct declaration *d)
{
    const struct ast *parameters = d->ast->kids[0];
    uint32_t n = 0;
    for (uint32_t i = 0; i < parameters->n; i++) n += !parameters->kids[i]->kids[1];
    return n;
}

/* What a function that stands after ~ gives: called without arguments where it can be, else with (fan_in, fan_out). One that needs a single
 * argument is neither (`sparse` for `sparse(15)`), and stays what it is. */
static struct value initialiser_call(struct elaboration *e, struct value f, struct type t, struct span span)
{
    double spread = 1;
    for (int i = 0; i + 2 < t.rank; i++) spread *= (double)t.dim[i];
    double in = t.rank > 1 ? spread * (double)t.dim[t.rank - 2] : t.rank ? (double)t.dim[0] : 1;
    double out = t.rank ? spread * (double)t.dim[t.rank - 1] : 1;
    uint32_t required = parameters_required(f.declaration);
    if (required == 1) return f;
    return call_with(e, f, required ? 2 : 0, (struct value[]){value_number(in), value_number(out)}, span);
}

/* Evaluates in the INIT graph, with nothing of the present graph at hand. */
void tensor_initialise(struct elaboration *e, struct environment *env, uint32_t tensor, const struct ast *value, bool tilde, struct span span)
{
    struct elaboration saved = *e;
    e->graph = e->init;
    e->tensor_nodes = e->state_nodes = NULL;
    e->tensor_capacity = 0;
    e->memos = (struct memos){0};
    e->draws.at = NULL, e->draws.n = e->draws.capacity = 0;
    struct type t = e->p->tensors.at[tensor].type;
    struct value v = evaluate(e, env, value);
    if (tilde && v.kind == VALUE_FUNCTION && v.declaration->kind == A_FN) v = initialiser_call(e, v, t, value->span);
    struct node *n = NULL;
    if (tilde && v.kind == VALUE_DISTRIBUTION) n = draw_distribution(e, v.distribution, t, value->span);
    else if (tilde) {
        if (v.kind != VALUE_ERROR) {
            diag(e->g, E0401, value->span, "a distribution, or a function of (fan_in, fan_out) that returns one", value_describe(e, &v));
            if (v.kind == VALUE_FUNCTION && v.declaration->kind == A_FN)
                diag_help(e->g, "an initialiser that needs an argument is given it: %s(...)", v.declaration->name);
        }
    } else n = value_to_node(e, v, value->span);
    struct type both;
    if (n && !type_equal(n->type, t)) {
        if (!type_broadcast(n->type, t, &both) || !type_equal(both, t)) {
            diag(e->g, E0204, value->span, e->p->tensors.at[tensor].name, type_text(e, t), type_text(e, n->type));
            n = NULL;
        } else n = node_make(e, OP_expand, 1, &n, &(struct node){.type = t}, span); /* t may be too large */
    }
    if (n) vec_push(e->g->mem, &e->init->effects, (struct effect){tensor, n, span});
    e->graph = saved.graph;
    e->tensor_nodes = saved.tensor_nodes;
    e->state_nodes = saved.state_nodes;
    e->tensor_capacity = saved.tensor_capacity;
    e->memos = saved.memos;
    e->draws.at = saved.draws.at, e->draws.n = saved.draws.n, e->draws.capacity = saved.draws.capacity;
}

bool declare_tensor_statement(struct elaboration *e, struct environment *env, const struct ast *s)
{
    bool parameter = s->kind == A_PARAM;
    if (e->optimizer_path ? parameter : !e->instance) {
        diag(e->g, E0504, s->span, parameter ? "param" : "state");
        environment_bind(e, env, s->name, value_error());
        return true;
    }
    struct type t;
    if (!evaluate_shape(e, env, s->kids[0], &t)) {
        environment_bind(e, env, s->name, value_error());
        return false; /* the next parameter's shape would be wrong for the same reason */
    }
    bool made = false;
    uint32_t tensor;
    if (e->average && !e->optimizer_path) {
        const char *name = arena_format(e->g->mem, "%s.%s", e->instance->path, s->name);
        tensor = average_tensor(e, env, name, parameter ? TENSOR_PARAMETER : TENSOR_NET_STATE, t, s);
    } else if (e->optimizer_path) {
        const char *name = arena_format(e->g->mem, "%s.%s.%s", e->optimizer_path, s->name, e->p->tensors.at[e->optimizer_of].name);
        tensor = tensor_declare(e, name, TENSOR_OPTIMIZER_STATE, t, (int32_t)e->optimizer_of, s->span, &made);
    } else {
        const char *name = arena_format(e->g->mem, "%s.%s", e->instance->path, s->name);
        tensor = tensor_declare(e, name, parameter ? TENSOR_PARAMETER : TENSOR_NET_STATE, t, -1, s->span, &made);
    }
    e->touched++;
    if (made) tensor_initialise(e, env, tensor, s->kids[1], s->flags & AST_TILDE, s->span);
    if (parameter) environment_bind(e, env, s->name, value_node(e, tensor_value(e, tensor, s->span)));
    else environment_bind(e, env, s->name, (struct value){.kind = VALUE_STATE, .tensor = tensor});
    return true;
}
