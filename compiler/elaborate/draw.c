/* draw.c: draws: distributions to nodes, names bound by E, sample and let, and expectations.
 *
 * In one statement a name that E binds twice to the same source is one draw (LANGUAGE section 8, "Draws"). */
#include "elaborate/internal.h"

#include <ganrt/random.h>

static struct node *random_node(struct elaboration *e, enum op op, struct type t, const struct sexpr *p, double n, struct span span)
{
    if (e->p->streams >= GANRT_STREAM_RUNTIME) {
        if (e->p->streams++ == GANRT_STREAM_RUNTIME) diag(e->g, E0813, span, (int)GANRT_STREAM_RUNTIME);
        return NULL;
    }
    int64_t examples = t.batched ? e->graph->batch : 1;
    struct type own = t;
    own.batched = 0;
    if (type_total(e->graph, t) <= MAX_ELEMENTS && (type_elements(own) > GANRT_DRAW_ELEMENTS || examples > GANRT_DRAW_EXAMPLES)) {
        diag(e->g, E0814, span, type_text(e, own), (long long)examples);
        return NULL;
    }
    struct node like = {.index = e->p->streams++, .type = t, .scalar = p, .number = n};
    return graph_node(e->g, e->graph, op, 0, NULL, &like, span);
}

static struct node *shift_scale(struct elaboration *e, struct node *x, struct value scale, struct value shift, struct span span)
{
    struct value y = value_node(e, x);
    if (scale.kind != VALUE_NUMBER || scale.number != 1) y = arithmetic_map(e, OP_mul, 2, (struct value[]){y, scale}, span);
    if (y.kind != VALUE_ERROR && (shift.kind != VALUE_NUMBER || shift.number != 0)) y = arithmetic_map(e, OP_add, 2, (struct value[]){y, shift}, span);
    return y.kind == VALUE_NODE ? y.node : NULL;
}

/* A draw of distribution(f, ...): what f gives for the shape. Each is a draw of its own, so no call is remembered beyond it. */
static struct node *draw_function(struct elaboration *e, const struct distribution *d, struct type t, struct span span)
{
    struct value *args = NEW_ARRAY(e->g->mem, struct value, d->n + 1);
    args[0] = value_shape(t);
    for (uint32_t i = 0; i < d->n; i++) args[i + 1] = d->rest[i];
    struct memos outer = e->memos;
    e->memos = (struct memos){0};
    struct value v = call_with(e, d->a, d->n + 1, args, span);
    e->memos = outer;
    struct node *n = v.kind == VALUE_ERROR ? NULL : value_to_node(e, v, span);
    if (!n || type_equal(n->type, t)) return n;
    struct type both;
    if (!type_broadcast(n->type, t, &both) || !type_equal(both, t)) {
        diag(e->g, E0204, span, "the draw", type_text(e, t), type_text(e, n->type));
        return NULL;
    }
    return node_make(e, OP_expand, 1, &n, &(struct node){.type = t}, span);
}

static struct node *draw_kind(struct elaboration *e, const struct distribution *d, struct type t, struct span span)
{
    switch (d->kind) {
    case DIST_UNIFORM: {
        struct value width = arithmetic_map(e, OP_sub, 2, (struct value[]){d->b, d->a}, span);
        if (width.kind == VALUE_ERROR) return NULL;
        return shift_scale(e, random_node(e, OP_rand_uniform, t, NULL, 0, span), width, d->a, span);
    }
    case DIST_NORMAL: return shift_scale(e, random_node(e, OP_rand_normal, t, NULL, 0, span), d->b, d->a, span);
    case DIST_SPHERE: {
        struct node *x = random_node(e, OP_rand_normal, t, NULL, 0, span);
        if (!x) return NULL;
        struct node *s = graph_sum(e->g, e->graph, graph_binary(e->g, e->graph, OP_mul, x, x), (int64_t[]){0}, 1, false);
        return graph_binary(e->g, e->graph, OP_div, x, graph_unary(e->g, e->graph, OP_sqrt, s));
    }
    case DIST_BERNOULLI: {
        struct value p = value_read(e, d->a, span);
        if (p.kind == VALUE_NODE)
            return node_make(e, OP_lt, 2, (struct node *[]){random_node(e, OP_rand_uniform, t, NULL, 0, span), value_to_node(e, p, span)}, &(struct node){0},
                             span);
        const struct sexpr *s = value_to_sexpr(e, p, span);
        return s ? random_node(e, OP_rand_bernoulli, t, s, 0, span) : NULL;
    }
    case DIST_ONEHOT: {
        int64_t n;
        if (!value_to_integer(e, d->a, span, "a number of classes", 1, &n)) return NULL;
        struct node *i = random_node(e, OP_rand_index, type_of(t.batched, 0, NULL), NULL, (double)n, span);
        struct node *all = graph_node(e->g, e->graph, OP_iota, 0, NULL, &(struct node){.type = type_of(false, 1, &n)}, span);
        return node_make(e, OP_eq, 2, (struct node *[]){all, i}, &(struct node){0}, span);
    }
    case DIST_CONSTANT: {
        struct node *c = value_to_node(e, d->a, span);
        struct type both;
        if (!c) return NULL;
        if (!type_broadcast(c->type, t, &both) || !type_equal(both, t)) {
            diag(e->g, E0204, span, "the constant", type_text(e, t), type_text(e, c->type));
            return NULL;
        }
        return type_equal(c->type, t) ? c : node_make(e, OP_expand, 1, &c, &(struct node){.type = t}, span);
    }
    case DIST_FUNCTION: return draw_function(e, d, t, span);
    }
    return NULL;
}

/* The shape that a distribution has by itself. */
static bool natural_shape(struct elaboration *e, const struct distribution *d, struct type *t, struct span span)
{
    *t = type_scalar();
    if (d->kind == DIST_ONEHOT || d->kind == DIST_SPHERE) {
        int64_t n;
        if (!value_to_integer(e, d->a, span, "a number of classes", 1, &n)) return false;
        *t = type_of(false, 1, &n);
    } else if (d->kind == DIST_CONSTANT && d->a.kind == VALUE_NODE) {
        *t = d->a.node->type;
        t->batched = false;
    }
    return true;
}

/* A draw of type t. onehot and sphere have a shape of their own; of the others a parameter may be a tensor, which must not widen t. */
struct node *draw_distribution(struct elaboration *e, const struct distribution *d, struct type t, struct span span)
{
    struct type own;
    if (!natural_shape(e, d, &own, span)) return NULL;
    own.batched = t.batched;
    bool fixed = d->kind == DIST_ONEHOT || d->kind == DIST_SPHERE;
    struct node *n = fixed && !type_equal(t, own) ? NULL : draw_kind(e, d, t, span);
    if (n) own = n->type;
    if ((!n && !fixed) || type_equal(own, t)) return n;
    const char *what = d->kind == DIST_ONEHOT ? "onehot" : d->kind == DIST_SPHERE ? "sphere" : "the draw";
    diag(e->g, E0204, span, what, type_text(e, t), type_text(e, own));
    return NULL;
}

static struct value draw_value(struct elaboration *e, const struct distribution *d, const struct type *shape, struct span span)
{
    struct type t;
    if (shape) t = *shape;
    else if (!natural_shape(e, d, &t, span)) return value_error();
    t.batched = e->graph->kind != GRAPH_INIT;
    return value_node(e, draw_distribution(e, d, t, span));
}

struct value draw_as_distribution(struct elaboration *e, struct value v, struct span span)
{
    if (v.kind == VALUE_FUNCTION && v.declaration->kind == A_FN) v = call_with(e, v, 0, NULL, span);
    if (v.kind != VALUE_DISTRIBUTION && v.kind != VALUE_ERROR) {
        diag(e->g, E0401, span, "a distribution", value_describe(e, &v));
        return value_error();
    }
    return v;
}

static struct node *data_node(struct elaboration *e, uint32_t data, uint32_t draw, struct span span)
{
    const struct data *d = &e->p->data.at[data];
    struct node like = {.index = data, .draw = draw, .type = d->type, .range = range_all()};
    like.type.batched = true;
    if (d->onehot) like.range = (struct range){0, 1, false, false};
    else if (!d->any) like.range = (struct range){d->low, d->high, false, false};
    struct node *n = graph_node(e->g, e->graph, OP_data, 0, NULL, &like, span);
    if (n && !n->name) n->name = d->field ? d->field : d->name;
    return n;
}

static struct value draw_data(struct elaboration *e, struct value source, struct span span)
{
    const struct declaration *d = source.declaration;
    const struct ast *type = d->ast->kids[0];
    if (e->graph->kind == GRAPH_INIT) {
        diag(e->g, E0503, span);
        return value_error();
    }
    if (d->ast->kids[3]) return made_draw(e, d, source.field, span);
    uint32_t draw = e->data_draws++;
    if (type->kind != A_RECORD) return value_node(e, data_node(e, d->index, draw, span));
    struct record_value *r = NEW(e->g->mem, struct record_value);
    r->n = type->n;
    r->names = NEW_ARRAY(e->g->mem, const char *, type->n);
    r->fields = NEW_ARRAY(e->g->mem, struct value, type->n);
    for (uint32_t i = 0; i < type->n; i++) {
        r->names[i] = type->kids[i]->name;
        bool wanted = !source.field || source.field == r->names[i];
        r->fields[i] = wanted ? value_node(e, data_node(e, d->index + i, draw, span)) : value_error();
        if (source.field == r->names[i]) return r->fields[i];
    }
    return (struct value){.kind = VALUE_RECORD, .record = r};
}

struct value draw_source(struct elaboration *e, const char *name, struct value source, const struct type *shape, bool fresh, struct span span)
{
    if (!e->graph) {
        diag(e->g, E0505, span);
        return value_error();
    }
    source = over_source(e, source, span);
    if (source.kind == VALUE_ERROR) return source;
    struct type wanted = shape ? *shape : (struct type){.rank = UINT8_MAX};
    for (uint32_t i = 0; i < e->draws.n && !fresh; i++) {
        struct draw *d = &e->draws.at[i];
        bool same_shape = d->shape.rank == wanted.rank && (!shape || type_equal(d->shape, wanted));
        if (d->name == name && same_shape && value_equal(&d->source, &source)) return d->result;
    }
    struct value v;
    if (source.kind == VALUE_SOURCE && source.declaration->kind == A_DATA) v = draw_data(e, source, span);
    else if (source.kind == VALUE_SOURCE) {
        const struct ast *p = source.declaration->ast;
        if (p->kids[2]) v = made_draw(e, source.declaration, NULL, span);
        else {
            struct environment *env = NEW(e->g->mem, struct environment);
            struct type t;
            v = draw_as_distribution(e, evaluate(e, env, p->kids[1]), p->kids[1]->span);
            if (v.kind == VALUE_DISTRIBUTION) v = evaluate_shape(e, env, p->kids[0], &t) ? draw_value(e, v.distribution, &t, p->kids[1]->span) : value_error();
        }
    } else {
        v = draw_as_distribution(e, source, span);
        if (v.kind == VALUE_DISTRIBUTION) v = draw_value(e, v.distribution, shape, span);
    }
    if (v.kind == VALUE_NODE && shape && source.kind == VALUE_SOURCE) {
        struct type have = v.node->type;
        have.batched = false;
        if (!type_equal(have, *shape)) {
            diag(e->g, E0204, span, name, type_text(e, *shape), type_text(e, have));
            v = value_error();
        }
    }
    if (!fresh) v = tile_draw(e, name, source, v, span);
    if (v.kind == VALUE_NODE && !v.node->name) v.node->name = name;
    if (v.kind == VALUE_NODE && v.node->op == OP_data) vec_push(e->g->mem, &e->notes.here.drawn, (struct drawn){v.node, name});
    if (!fresh) vec_push(e->g->mem, &e->draws, (struct draw){name, source, wanted, v});
    return v;
}

/* The draws of data that v was made of. */
static void collect_data(struct elaboration *e, const struct value *v, struct expectation *x)
{
    if (v->kind == VALUE_RECORD) {
        for (uint32_t i = 0; i < v->record->n; i++) collect_data(e, &v->record->fields[i], x);
        return;
    }
    if (v->kind != VALUE_NODE) return;
    struct arena *scratch = arena_new();
    bool *seen = NEW_ARRAY(scratch, bool, v->node->id + 1);
    seen[v->node->id] = true;
    for (uint32_t i = v->node->id + 1; i-- > 0;) {
        struct node *n = e->graph->nodes.at[i];
        if (!seen[i]) continue;
        if (n->op == OP_data) vec_push(e->g->mem, &x->data, n);
        for (uint32_t k = 0; k < n->nargs; k++) seen[n->arg[k]->id] = true;
    }
    arena_free(scratch);
}

static bool bind_draws(struct elaboration *e, struct environment *env, struct environment *outer, const struct ast *draws, uint32_t depth,
                       struct expectation *x)
{
    bool good = true;
    for (uint32_t i = 0; i < draws->n; i++) {
        const struct ast *d = draws->kids[i];
        struct type t;
        struct value source = evaluate(e, outer, d->kids[1]);
        struct value v = value_error();
        if (source.kind != VALUE_ERROR && (!d->kids[0] || evaluate_shape(e, outer, d->kids[0], &t)))
            v = draw_source(e, d->name, source, d->kids[0] ? &t : NULL, false, d->kids[1]->span);
        for (uint32_t k = 0; k < i; k++)
            if (draws->kids[k]->name == d->name) {
                diag(e->g, E0301, d->name_span, d->name);
                diag_note(e->g, draws->kids[k]->name_span, "the first %s is here", d->name);
                good = false;
            }
        if (v.kind == VALUE_ERROR) good = false;
        environment_bind(e, env, d->name, v)->hidden_in = depth;
        if (x) collect_data(e, &v, x);
    }
    return good;
}

struct value evaluate_expectation(struct elaboration *e, struct environment *outer, const struct ast *a)
{
    if (!e->graph || e->graph->kind == GRAPH_INIT) {
        diag(e->g, e->graph ? E0503 : E0505, a->span);
        return value_error();
    }
    struct value v;
    if (over_inner(e, a)) return value_error();
    if (over_gathered(e, a->span, &v)) return v;
    struct environment *env = NEW(e->g->mem, struct environment);
    env->outer = outer;
    struct expectation x = {0};
    e->expectation_depth++;
    bool good = bind_draws(e, env, outer, a->kids[0], e->expectation_depth, &x);
    v = value_read(e, evaluate(e, env, a->kids[1]), a->kids[1]->span);
    e->expectation_depth--;
    if (!good || v.kind == VALUE_ERROR) return value_error();
    struct node *n = value_is_scalar(&v) ? NULL : value_to_node(e, v, a->kids[1]->span);
    if (!n && !value_is_scalar(&v)) return value_error();
    over_gather(e, a, &x, n);
    if (!n) return v;
    if (n->type.batched) {
        n = graph_sum(e->g, e->graph, n, NULL, 0, true);
        n = graph_binary(e->g, e->graph, OP_mul, n, graph_constant(e->g, e->graph, 1.0 / (double)e->graph->batch, a->span));
        n->span = a->span;
    }
    x.result = n;
    vec_push(e->g->mem, &e->expectations, x);
    return value_node(e, n);
}

struct value evaluate_sample(struct elaboration *e, struct environment *outer, const struct ast *a)
{
    if (!e->graph || e->graph->kind != GRAPH_PICTURE) {
        diag(e->g, E0506, a->span);
        return value_error();
    }
    struct environment *env = NEW(e->g->mem, struct environment);
    env->outer = outer;
    tile_bound(e, a->kids[0]);
    if (!bind_draws(e, env, outer, a->kids[0], 0, NULL)) return value_error();
    return evaluate(e, env, a->kids[1]);
}
