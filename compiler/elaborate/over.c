/* over.c: report(over=all), report(over=test): a number over every example of its data, or of another data set in its place.
 *
 * The expression is elaborated twice. The first graph computes, for a minibatch, what stands under each E, an example a row; the runtime runs it
 * over all of the data and averages each over its examples. In the second graph each E is that average, an input. So e may be any function of
 * its expectations: none is an average of averages. What a body asks of its minibatch (batch(x), batch_mean) is asked of one minibatch. */
#include "elaborate/internal.h"

bool over_option(struct elaboration *e, const struct ast *value)
{
    struct environment env = {0};
    e->over = (struct over){.on = true};
    if (value->kind == A_NAME && value->name == intern(e->g, "all") && !scope_find(e, value->name, value->span)) return true;
    struct value v = evaluate(e, &env, value);
    if (v.kind == VALUE_SOURCE && v.declaration->kind == A_DATA) {
        e->over.data = v.declaration;
        e->over.field = v.field;
        return true;
    }
    if (v.kind != VALUE_ERROR) diag(e->g, E0528, value->span, value_describe(e, &v));
    e->over.on = false;
    return false;
}

static bool same_type(struct elaboration *e, const struct declaration *a, const struct ast *ta, const struct declaration *b, const struct ast *tb)
{
    struct data x = describe_data(e, a, ta), y = describe_data(e, b, tb);
    return type_equal(x.type, y.type) && x.onehot == y.onehot && x.any == y.any && x.low == y.low && x.high == y.high;
}

/* The tensor's type, or the record's. */
static const struct ast *type_of_source(const struct declaration *d, const char *field)
{
    const struct ast *type = d->ast->kids[0];
    for (uint32_t i = 0; field && i < type->n; i++)
        if (type->kids[i]->name == field) return type->kids[i]->kids[0];
    return type;
}

static bool same_source(struct elaboration *e, const struct declaration *a, const struct ast *ta, const struct declaration *b, const struct ast *tb)
{
    if (ta->kind != tb->kind) return false;
    if (ta->kind != A_RECORD) return same_type(e, a, ta, b, tb);
    bool same = ta->n == tb->n;
    for (uint32_t i = 0; i < ta->n && same; i++)
        same = ta->kids[i]->name == tb->kids[i]->name && same_type(e, a, ta->kids[i]->kids[0], b, tb->kids[i]->kids[0]);
    return same;
}

static void type_put(struct elaboration *e, struct buffer *to, const struct declaration *d, const struct ast *type)
{
    struct data x = describe_data(e, d, type);
    buffer_put(to, "%s", x.onehot ? expression_text(e, type->kids[0]) : type_text(e, x.type));
    if (x.any || x.onehot) return;
    buffer_put(to, " in [");
    buffer_number(to, x.low);
    buffer_put(to, ", ");
    buffer_number(to, x.high);
    buffer_put(to, "]");
}

static const char *source_text(struct elaboration *e, const struct declaration *d, const char *field)
{
    const struct ast *type = type_of_source(d, field);
    struct buffer b = {0};
    bool record = type->kind == A_RECORD;
    for (uint32_t i = 0; record && i < type->n; i++) {
        buffer_put(&b, "%s%s : ", i ? ", " : "{ ", type->kids[i]->name);
        type_put(e, &b, d, type->kids[i]->kids[0]);
    }
    if (record) buffer_put(&b, " }");
    else type_put(e, &b, d, type);
    const char *text = arena_string(e->g->mem, b.text, b.length);
    buffer_free(&b);
    return text;
}

static const char *source_name(struct elaboration *e, const struct declaration *d, const char *field)
{
    return field ? arena_format(e->g->mem, "%s.%s", d->name, field) : d->name;
}

struct value over_source(struct elaboration *e, struct value source, struct span span)
{
    const struct declaration *d = source.declaration, *o = e->over.data;
    if (source.kind != VALUE_SOURCE || d->kind != A_DATA || !o || o->busy) return source;
    if (d == o) return source;
    bool whole = !source.field || (!e->over.field && o->ast->kids[0]->kind == A_RECORD); /* of its record, one field is drawn */
    const struct ast *theirs = type_of_source(o, e->over.field);
    if (same_source(e, d, type_of_source(d, whole ? NULL : source.field), o, theirs)) {
        source.declaration = o;
        if (!whole || !source.field) source.field = e->over.field;
        return source;
    }
    if (d->ast->kids[3]) return source; /* what it is made of may be replaced */
    diag(e->g, E0529, span, source_name(e, o, e->over.field), source_name(e, d, source.field), source_text(e, o, e->over.field),
         source_text(e, d, source.field));
    return value_error();
}

/* The data set whose examples the body has: of its E's names the first that comes from one, else what the body draws by itself. *batched: is it
 * made of anything that examples have? */
static int32_t data_of(struct elaboration *e, const struct expectation *x, const struct node *body, bool *batched)
{
    struct arena *scratch = arena_new();
    bool *needed = NEW_ARRAY(scratch, bool, body->id + 1);
    int32_t found = -1;
    *batched = false;
    needed[body->id] = true;
    for (uint32_t i = body->id + 1; i-- > 0;) {
        const struct node *n = e->graph->nodes.at[i];
        if (!needed[i]) continue;
        if (n->op == OP_data) found = (int32_t)n->index;
        *batched = *batched || n->type.batched;
        for (uint32_t k = 0; k < n->nargs; k++) needed[n->arg[k]->id] = true;
    }
    arena_free(scratch);
    return x->data.n ? (int32_t)x->data.at[0]->index : found;
}

/* A body that is one number for its minibatch (batch_mean(x)) stands in every row. */
void over_gather(struct elaboration *e, const struct ast *a, const struct expectation *x, struct node *body)
{
    if (!e->over.on || e->over.finishing) return;
    struct gathered g = {.name = expression_text(e, a), .data = -1};
    bool batched = false;
    if (body) g.data = data_of(e, x, body, &batched);
    if (batched && !body->type.batched) {
        struct type t = body->type;
        t.batched = true;
        body = graph_expand(e->g, e->graph, body, t);
    }
    if (batched) g.body = body;
    else g.data = -1;
    vec_push(e->g->mem, &e->over.all, g);
}

bool over_inner(struct elaboration *e, const struct ast *a)
{
    if (!e->over.on || e->over.finishing || !e->expectation_depth) return false;
    diag(e->g, E0527, a->span);
    return true;
}

bool over_gathered(struct elaboration *e, struct span span, struct value *v)
{
    if (!e->over.finishing || e->expectation_depth) return false;
    uint32_t i = e->over.next++, input = 0;
    const struct gathered *g = i < e->over.all.n ? &e->over.all.at[i] : NULL;
    if (!g || !g->body) return false; /* not batched: its own expectation */
    for (uint32_t k = 0; k < i; k++) input += e->over.all.at[k].body != NULL;
    struct node like = {.index = input, .type = g->body->type, .range = g->body->range, .name = g->name};
    like.type.batched = false;
    *v = value_node(e, graph_node(e->g, e->graph, OP_input, 0, NULL, &like, span));
    return true;
}

bool over_finish_gathering(struct elaboration *e, struct graph *graph, const struct declaration *d)
{
    bool data = false;
    for (uint32_t i = 0; i < e->over.all.n; i++) {
        const struct gathered *g = &e->over.all.at[i];
        if (g->body)
            vec_push(e->g->mem, &graph->outputs, (struct output){.kind = OUTPUT_GATHER, .name = g->name, .value = g->body, .sign = 1, .data = g->data});
        data = data || g->data >= 0;
    }
    if (data) graph_finish(e, graph, arena_format(e->g->mem, "report %s, by minibatches", d->name));
    else diag(e->g, E0526, d->ast->kids[1]->span, expression_text(e, d->ast->kids[1]));
    return data;
}
