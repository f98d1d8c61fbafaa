/* average.c: `net A = ema(G, decay=0.999)`: a net that computes what G computes, with running averages of G's parameters.
 *
 * A has a tensor of its own for each of G's, those of nets that G calls included. Its body is G's: while it is evaluated, each tensor
 * that it would declare is exchanged for A's. After each statement that trains any of G's parameters, in the same graph, A's parameters
 * move towards the new ones and its states become G's new ones. Nothing else changes them. */
#include "elaborate/internal.h"

#include <string.h>

/* The arguments of ema, by position or name; a pipe gives the first. */
static bool arguments(struct elaboration *e, struct average *a, const struct ast *args, const struct ast **part, const struct ast **decay)
{
    uint32_t position = *part ? 1 : 0;
    for (uint32_t i = 0; args && i < args->n; i++) {
        const struct ast *x = args->kids[i];
        const struct ast **to = x->name && !strcmp(x->name, "decay") ? decay : !x->name && position == 0 ? part : !x->name && position == 1 ? decay : NULL;
        if (!x->name) position++;
        if (!to && x->name) diag(e->g, E0404, x->span, "ema", x->name);
        else if (!to) diag(e->g, E0403, a->ast->kids[0]->span, "ema", 2, (int)position);
        else if (*to) diag(e->g, E0405, x->span, "decay");
        if (!to || *to) return false;
        *to = x->kids[0];
    }
    if (!*part) diag(e->g, E0406, a->ast->kids[0]->span, "ema", "net");
    return *part != NULL;
}

/* Does a name stand for the ema that is built in? */
static bool is_ema(struct elaboration *e, const struct ast *name)
{
    return name->kind == A_NAME && !strcmp(name->name, "ema") && !scope_find(e, name->name, name->span);
}

static bool parse(struct elaboration *e, struct average *a, const struct ast **decay)
{
    const struct ast *x = a->ast->kids[0], *part = NULL, *args = NULL;
    if (x->kind == A_PIPE) part = x->kids[0], x = x->kids[1];
    bool call = x->kind == A_CALL;
    if (!is_ema(e, call ? x->kids[0] : x)) {
        diag(e->g, E0429, a->ast->kids[0]->span, a->ast->name);
        return false;
    }
    if (call) args = x->kids[1];
    if (!arguments(e, a, args, &part, decay)) return false;
    bool except = part->kind == A_EXCEPT;
    a->path = except ? part->kids[0] : part;
    a->except = except ? part->kids[1] : NULL;
    return true;
}

static bool decay_of(struct elaboration *e, struct average *a, const struct ast *decay)
{
    struct environment env = {0};
    struct value v = decay ? value_read(e, evaluate(e, &env, decay), decay->span) : value_number(0.999);
    struct span at = decay ? decay->span : a->ast->span;
    if (v.kind == VALUE_ERROR || !(a->decay = value_to_sexpr(e, v, at))) return false;
    if (!sexpr_settings_only(a->decay)) return true;
    struct value known = value_number(settings_value(e, a->decay));
    if (known.number >= 0 && known.number < 1) return true;
    diag(e->g, E0428, at, value_describe(e, &known));
    return false;
}

/* From here on the name is a net's; without a name in its net_info where that failed, so that its uses are silent. */
void average_declare(struct elaboration *e, struct declaration *d)
{
    struct average *a = NEW(e->g->mem, struct average);
    struct net_info net = {.name = d->name, .graph = -1, .span = d->ast->span};
    struct environment env = {0};
    const struct ast *decay = NULL;
    *a = (struct average){.ast = d->ast, .net = e->p->nets.n};
    bool good = parse(e, a, &decay) && (a->of = part_net(e, &env, a->path)) != NULL;
    if (good && a->of->average) {
        diag(e->g, E0521, a->path->span, a->of->name);
        good = false;
    }
    good = good && decay_of(e, a, decay);
    if (!good || !e->p->nets.at[a->of->index].name) net.name = NULL;
    d->kind = A_NET;
    d->average = a;
    d->index = a->net;
    d->evaluated = true;
    if (net.name) {
        const struct net_info *of = &e->p->nets.at[a->of->index];
        d->ast = a->of->ast;
        for (uint32_t i = 0; i < of->inputs.n; i++) vec_push(e->g->mem, &net.inputs, of->inputs.at[i]);
    }
    vec_push(e->g->mem, &e->p->nets, net);
    vec_push(e->g->mem, &e->averages, a);
}

/* Which of the tensors that there are now are averaged; false after reporting. */
static bool mark(struct elaboration *e, struct average *a)
{
    struct environment env = {0};
    a->nmarked = e->p->tensors.n;
    a->marked = NEW_ARRAY(e->g->mem, bool, a->nmarked + 1);
    return part_tensors(e, &env, a->path, a->except, a->marked, false);
}

/* A's own tensor for one of G's: A.dense1.W for G.dense1.W, A.T.dense1.W for one of a net T that G calls. */
static uint32_t own_tensor(struct elaboration *e, struct average *a, uint32_t of)
{
    for (uint32_t i = 0; i < a->pairs.n; i++)
        if (a->pairs.at[i].of == of) return a->pairs.at[i].own;
    struct tensor t = e->p->tensors.at[of];
    bool parameter = t.kind == TENSOR_PARAMETER;
    size_t prefix = strlen(a->of->name);
    bool gs = !strncmp(t.name, a->of->name, prefix) && t.name[prefix] == '.';
    const char *name = intern(e->g, arena_format(e->g->mem, "%s.%s", a->ast->name, gs ? t.name + prefix + 1 : t.name));
    while (tensor_called(e, name) < e->p->tensors.n) name = intern(e->g, arena_format(e->g->mem, "%s'", name));
    t.name = name;
    t.net = (int32_t)a->net;
    t.kind = parameter ? TENSOR_AVERAGE : TENSOR_NET_STATE;
    t.of = parameter ? (int32_t)of : -1;
    uint32_t own = e->p->tensors.n;
    vec_push(e->g->mem, &e->p->tensors, t);
    for (uint32_t i = 0; i < e->init->effects.n; i++)
        if (e->init->effects.at[i].tensor == of) {
            vec_push(e->g->mem, &e->init->effects, (struct effect){own, e->init->effects.at[i].value, t.span});
            break;
        }
    bool known = of < a->nmarked || mark(e, a);
    vec_push(e->g->mem, &a->pairs, (struct average_pair){of, own, parameter && known && a->marked[of]});
    return own;
}

/* Called once G's parameters are known. */
void average_prepare(struct elaboration *e, struct average *a)
{
    struct net_info *net = &e->p->nets.at[a->net];
    a->ready = true;
    if (!net->name) return;
    const struct net_info *of = &e->p->nets.at[a->of->index];
    if (!of->name || !mark(e, a)) {
        net->name = NULL;
        return;
    }
    net->output = of->output;
    for (uint32_t i = 0; i < of->tensors.n; i++) {
        const struct tensor *t = &e->p->tensors.at[of->tensors.at[i]];
        bool anothers = false; /* of an average that G calls: A calls it, too */
        for (uint32_t k = 0; k < e->averages.n; k++) anothers = anothers || (t->net >= 0 && (uint32_t)t->net == e->averages.at[k]->net);
        if (!anothers) own_tensor(e, a, of->tensors.at[i]);
    }
}

/* The tensor that stands for G's of that name where the average at work is applied. */
uint32_t average_tensor(struct elaboration *e, struct environment *env, const char *name, enum tensor_kind kind, struct type t, const struct ast *s)
{
    struct average *a = e->average;
    uint32_t of = tensor_called(e, intern(e->g, name));
    if (of == e->p->tensors.n) { /* one that G declares only where it does not train */
        __typeof__(e->nets) outer = e->nets;
        uint32_t index = a->of->index;
        bool made;
        e->nets.at = &index, e->nets.n = e->nets.capacity = 1;
        of = tensor_declare(e, name, kind, t, -1, s->span, &made);
        e->nets = outer;
        tensor_initialise(e, env, of, s->kids[1], s->flags & AST_TILDE, s->span);
    } else if (!type_equal(e->p->tensors.at[of].type, t)) {
        diag(e->g, E0251, s->span, name, type_text(e, e->p->tensors.at[of].type), type_text(e, t));
    }
    uint32_t own = own_tensor(e, a, of);
    for (uint32_t k = 0; k < e->average_nets; k++) net_add_tensor(e, e->nets.at[k], own);
    return own;
}

/* What a tensor will hold when the present graph has run. */
static struct node *new_value(struct elaboration *e, uint32_t tensor, uint32_t changes, struct span span)
{
    for (uint32_t i = changes; i-- > 0;)
        if (e->changes.at[i].tensor == tensor) return e->changes.at[i].value;
    return tensor_node(e, tensor, span);
}

/* In the graph of a statement that trains, when its updates are there. a + (1 - decay) (new - a): what does not move stays to the bit. */
void averages_update(struct elaboration *e)
{
    uint32_t changes = e->changes.n;
    for (uint32_t i = 0; i < e->averages.n; i++) {
        const struct average *a = e->averages.at[i];
        bool trained = false;
        for (uint32_t k = 0; k < a->pairs.n; k++)
            for (uint32_t c = 0; c < changes && !trained; c++)
                trained = a->pairs.at[k].of == e->changes.at[c].tensor && e->p->tensors.at[a->pairs.at[k].of].kind == TENSOR_PARAMETER;
        for (uint32_t k = 0; trained && k < a->pairs.n; k++) {
            struct span span = a->ast->span;
            struct node *new = new_value(e, a->pairs.at[k].of, changes, span);
            if (a->pairs.at[k].averaged) {
                struct value old = value_node(e, tensor_node(e, a->pairs.at[k].own, span));
                struct value rest = arithmetic_map(e, OP_sub, 2, (struct value[]){value_number(1), value_schedule(a->decay)}, span);
                struct value way = arithmetic_map(e, OP_sub, 2, (struct value[]){value_node(e, new), old}, span);
                struct value move = arithmetic_map(e, OP_mul, 2, (struct value[]){rest, way}, span);
                new = value_to_node(e, arithmetic_map(e, OP_add, 2, (struct value[]){old, move}, span), span);
            }
            if (new) tensor_set(e, a->pairs.at[k].own, new, span);
        }
    }
}
