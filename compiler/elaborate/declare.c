/* declare.c: settings, data, priors, states of the schedule, and nets: what the rest of the model is made of. */
#include "elaborate/internal.h"

#include <ganrt/random.h>
#include <stdlib.h>
#include <string.h>

static struct definition *definition_of(struct elaboration *e, const char *name)
{
    struct definition *found = NULL;
    for (uint32_t i = 0; i < e->g->definitions.n; i++)
        if (!strcmp(e->g->definitions.at[i].name, name)) {
            e->g->definitions.at[i].used = true;
            found = &e->g->definitions.at[i]; /* the last one stands */
        }
    return found;
}

static struct value parse_definition(struct elaboration *e, const char *text, enum value_kind kind, struct span span, const char *name)
{
    char *end;
    double x = strtod(text, &end);
    bool boolean = !strcmp(text, "true") || !strcmp(text, "false");
    if (kind == VALUE_STRING) return value_string(text);
    if (boolean && kind == VALUE_BOOLEAN) return value_boolean(text[0] == 't');
    if (boolean || kind == VALUE_BOOLEAN || !*text || *end || !isfinite(x) || strspn(text, "+-.eE0123456789") != strlen(text)) {
        diag(e->g, E0003, span, name, text, kind == VALUE_BOOLEAN ? "true or false" : "a number");
        return value_error();
    }
    return value_number(x);
}

bool declare_setting(struct elaboration *e, struct declaration *d)
{
    if (d->busy) return false;
    if (d->evaluated) return true;
    d->busy = true;
    struct setting s = {.name = d->name, .doc = d->ast->text, .span = d->ast->span};
    struct environment env = {0};
    struct graph *graph = e->graph;
    e->graph = NULL;
    struct value v = value_read(e, evaluate(e, &env, d->ast->kids[0]), d->ast->kids[0]->span);
    e->graph = graph;
    struct definition *given = definition_of(e, d->name);
    if (given && v.kind != VALUE_ERROR) v = parse_definition(e, given->value, v.kind, d->ast->span, d->name);
    if (v.kind == VALUE_STRING) s.text = v.text, s.fixed = true;
    else if (v.kind == VALUE_SCHEDULE && !sexpr_settings_only(v.sexpr)) diag(e->g, E0402, d->ast->kids[0]->span, "a setting", "the schedule");
    else if (value_is_scalar(&v)) {
        s.boolean = v.kind == VALUE_BOOLEAN;
        s.value = value_to_sexpr(e, v, d->ast->kids[0]->span);
    } else if (v.kind != VALUE_ERROR) diag(e->g, E0401, d->ast->kids[0]->span, "a number, true, false or a text", value_describe(e, &v));
    for (uint32_t k = 0; k < e->fixed.n; k++) s.fixed = s.fixed || e->fixed.at[k] == d->name;
    d->index = e->p->settings.n; /* after those it mentions: a setting's value reads the ones before it */
    vec_push(e->g->mem, &e->p->settings, s);
    d->busy = false;
    return d->evaluated = true;
}

void declare_settings(struct elaboration *e)
{
    for (uint32_t i = 0; i < e->user.n; i++)
        if (e->user.at[i]->kind == A_SETTING) declare_setting(e, e->user.at[i]);
    for (uint32_t i = 0; i < e->g->definitions.n; i++) {
        if (e->g->definitions.at[i].used) continue;
        const char *known[128];
        uint32_t n = 0;
        for (uint32_t k = 0; k < e->p->settings.n && n < 128; k++) known[n++] = e->p->settings.at[k].name;
        diag(e->g, E0004, (struct span){0}, e->g->definitions.at[i].name);
        const char *near = nearest_name(e->g->definitions.at[i].name, known, n);
        if (near) diag_help(e->g, "did you mean %s?", near);
    }
}

struct data describe_data(struct elaboration *e, const struct declaration *d, const struct ast *type)
{
    struct environment env = {0};
    struct data x = {.name = d->name, .any = true, .slice_high = -1, .span = d->ast->span};
    if (!evaluate_shape(e, &env, type->kids[0], &x.type)) x.type = type_scalar();
    const struct ast *shape = type->kids[0]; /* onehot(10), or shape(x), or [784] */
    x.onehot = shape->kind == A_CALL && !(shape->kids[0]->kind == A_NAME && !strcmp(shape->kids[0]->name, "shape"));
    if (type->kids[1]) {
        double low, high;
        x.any = false;
        if (value_to_number(e, evaluate(e, &env, type->kids[1]), type->kids[1]->span, &low) &&
            value_to_number(e, evaluate(e, &env, type->kids[2]), type->kids[2]->span, &high)) {
            if (!(low < high)) diag(e->g, E0421, type->span);
            x.low = low, x.high = high;
        }
    } else if (x.onehot) x.any = false, x.high = 1;
    if (d->ast->kids[1]) x.from = d->ast->kids[1]->text;
    const struct ast *slice = d->ast->kids[2];
    if (slice) {
        x.sliced = true;
        if (slice->kids[0]) value_to_integer(e, evaluate(e, &env, slice->kids[0]), slice->span, "the start of a slice", 0, &x.slice_low);
        if (slice->kids[1]) value_to_integer(e, evaluate(e, &env, slice->kids[1]), slice->span, "the end of a slice", 1, &x.slice_high);
        if (x.slice_high >= 0 && x.slice_high <= x.slice_low) diag(e->g, E0422, slice->span);
    }
    return x;
}

static void declare_one_data(struct elaboration *e, const struct declaration *d, const struct ast *type, const char *field, uint32_t source)
{
    struct data x = describe_data(e, d, type);
    x.field = field, x.source = source;
    vec_push(e->g->mem, &e->p->data, x);
}

void declare_data(struct elaboration *e)
{
    uint32_t sources = 0;
    for (uint32_t i = 0; i < e->user.n; i++) {
        struct declaration *d = e->user.at[i];
        struct environment env = {0};
        if (d->kind == A_DATA) {
            d->index = e->p->data.n;
            const struct ast *type = d->ast->kids[0];
            if (d->ast->kids[3]) { /* made of another: evaluated where it is drawn */
                d->evaluated = true;
                continue;
            }
            if (type->kind == A_RECORD)
                for (uint32_t k = 0; k < type->n; k++) declare_one_data(e, d, type->kids[k]->kids[0], type->kids[k]->name, sources);
            else declare_one_data(e, d, type, NULL, sources);
            if (sources++ == GANRT_SOURCES) diag(e->g, E0815, d->ast->span, (int)GANRT_SOURCES);
            d->evaluated = true;
        } else if (d->kind == A_PRIOR) {
            struct prior_info p = {.name = d->name};
            d->index = e->p->priors.n;
            if (!evaluate_shape(e, &env, d->ast->kids[0], &p.type)) p.type = type_scalar();
            p.text = d->ast->kids[1] ? expression_text(e, d->ast->kids[1]) : "{ ... }";
            vec_push(e->g->mem, &e->p->priors, p);
            d->evaluated = true;
        }
    }
}

void declare_states(struct elaboration *e)
{
    for (uint32_t i = 0; i < e->user.n; i++) {
        struct declaration *d = e->user.at[i];
        struct environment env = {0};
        struct type t;
        bool made;
        if (d->kind != A_STATE) continue;
        if (!evaluate_shape(e, &env, d->ast->kids[0], &t)) t = type_scalar();
        d->index = tensor_declare(e, d->name, TENSOR_SCHEDULE_STATE, t, -1, d->ast->span, &made);
        if (t.rank) {
            tensor_initialise(e, &env, d->index, d->ast->kids[1], d->ast->flags & AST_TILDE, d->ast->span);
            continue;
        }
        e->p->tensors.at[d->index].f64 = true;
        struct value v = evaluate(e, &env, d->ast->kids[1]);
        if (v.kind == VALUE_SCHEDULE && !sexpr_settings_only(v.sexpr)) {
            diag(e->g, E0503, d->ast->kids[1]->span);
            continue;
        }
        struct schedule *s = NEW(e->g->mem, struct schedule);
        *s = (struct schedule){.kind = SCHEDULE_SET, .index = d->index, .span = d->ast->span};
        if (v.kind != VALUE_ERROR && (s->value = value_to_sexpr(e, v, d->ast->kids[1]->span))) vec_push(e->g->mem, &e->p->setup, s);
    }
    for (uint32_t i = 0; i < e->user.n; i++) /* a first value reads no state: they are known from here on */
        if (e->user.at[i]->kind == A_STATE) e->user.at[i]->evaluated = true;
}

static bool net_input(struct elaboration *e, const struct ast *p, struct net_input *in)
{
    struct environment env = {0};
    *in = (struct net_input){.name = p->name, .prior = -1, .data = -1};
    if (p->kids[0]) return evaluate_shape(e, &env, p->kids[0], &in->type);
    if (!(p->flags & AST_TILDE)) {
        diag(e->g, E0423, p->span, p->name);
        return false;
    }
    struct value v = evaluate(e, &env, p->kids[1]);
    if (v.kind != VALUE_SOURCE) {
        if (v.kind != VALUE_ERROR) diag(e->g, E0401, p->kids[1]->span, "a data set or a prior", value_describe(e, &v));
        return false;
    }
    const struct declaration *d = v.declaration;
    if (d->kind == A_PRIOR) {
        in->prior = (int32_t)d->index;
        in->type = e->p->priors.at[d->index].type;
        return true;
    }
    const struct ast *type = d->ast->kids[0];
    uint32_t field = 0;
    if (type->kind == A_RECORD) {
        while (field < type->n && type->kids[field]->name != v.field) field++;
        if (field == type->n) {
            diag(e->g, E0401, p->kids[1]->span, "one field of the record", d->name);
            advice_fields(e, d, NULL);
            return false;
        }
    }
    if (d->ast->kids[3]) return evaluate_shape(e, &env, type->kind == A_RECORD ? type->kids[field]->kids[0]->kids[0] : type->kids[0], &in->type);
    in->data = (int32_t)(d->index + field);
    in->type = e->p->data.at[in->data].type;
    return true;
}

#define NET_BATCH 64 /* examples that a net's forward program takes at once */

/* A net whose inputs had an error: what its body names is looked up all the same, with inputs that are errors. */
static void net_body(struct elaboration *e, const struct declaration *d)
{
    struct environment *env = NEW(e->g->mem, struct environment);
    struct instance own = {.path = d->name};
    const struct ast *parameters = d->ast->kids[0];
    if (d->ast->kind != A_NET) return; /* an average has no body of its own */
    for (uint32_t i = 0; i < parameters->n; i++) {
        const struct ast *p = parameters->kids[i], *shape = p->kids[0];
        environment_bind(e, env, p->name, value_error());
        for (uint32_t k = 0; shape && k < shape->n; k++)
            if (shape->kids[k]->kind == A_NAME) environment_bind(e, env, shape->kids[k]->name, value_error());
    }
    graph_begin(e, GRAPH_NET, NET_BATCH, d->ast->span);
    e->instance = &own;
    evaluate_block(e, env, d->ast->kids[2]);
    e->instance = NULL;
    e->graph = NULL;
}

/* A net's forward program: inputs drawn from their priors, or supplied; in training mode (thrown away) it declares the parameters. */
static void net_program(struct elaboration *e, struct declaration *d, bool training)
{
    struct net_info *net = &e->p->nets.at[d->index];
    struct graph *graph = graph_begin(e, GRAPH_NET, NET_BATCH, d->ast->span);
    struct value inputs[16];
    e->training = training;
    const struct ast *parameters = d->ast->kids[0];
    uint32_t n = net->inputs.n;
    for (uint32_t i = 0; i < n; i++) {
        struct net_input *in = &net->inputs.at[i];
        struct node like = {.index = i, .type = in->type, .range = range_all(), .name = in->name};
        like.type.batched = true;
        if (in->data >= 0 && !e->p->data.at[in->data].any) like.range = (struct range){e->p->data.at[in->data].low, e->p->data.at[in->data].high, false, false};
        struct environment env = {0};
        if (in->prior >= 0) inputs[i] = draw_source(e, in->name, evaluate(e, &env, parameters->kids[i]->kids[1]), NULL, false, parameters->kids[i]->span);
        else {
            struct node *x = graph_node(e->g, graph, OP_input, 0, NULL, &like, parameters->kids[i]->span);
            if (x) x->name = in->name;
            inputs[i] = value_node(e, x);
        }
        if (inputs[i].kind != VALUE_NODE) {
            e->graph = NULL;
            e->training = false;
            net_body(e, d);
            return;
        }
    }
    struct value v = call_with(e, (struct value){.kind = VALUE_FUNCTION, .declaration = d}, n, inputs, d->ast->name_span);
    net = &e->p->nets.at[d->index];
    if (v.kind != VALUE_NODE || training) {
        if (v.kind == VALUE_NODE) net->output = v.node->type, net->output.batched = false;
        e->graph = NULL;
        e->training = false;
        return;
    }
    struct node *y = v.node;
    if (!y->type.batched) {
        struct type t = y->type;
        t.batched = true;
        y = graph_expand(e->g, graph, y, t);
    }
    vec_push(e->g->mem, &graph->outputs, (struct output){OUTPUT_NET, d->name, y, 1, 0, -1});
    graph_finish(e, graph, arena_format(e->g->mem, "net %s", d->name));
    net->graph = (int32_t)graph->index;
}

/* False where it applies an average whose net is not known yet. */
static bool net_try(struct elaboration *e, struct declaration *d, bool training)
{
    uint32_t errors = diag_errors(e->g);
    e->postponed = false;
    net_program(e, d, training);
    if (diag_errors(e->g) > errors) e->p->nets.at[d->index].name = NULL; /* its uses are not to be reported again */
    else return !e->postponed;
    return true;
}

/* Nets in the order of the text, but for those that apply an average: these come after its net. */
static void declare_parameters(struct elaboration *e)
{
    bool *known = NEW_ARRAY(e->g->mem, bool, e->p->nets.n + 1), news = true;
    for (uint32_t i = 0; i < e->p->nets.n; i++) known[i] = !e->p->nets.at[i].name;
    while (news) {
        news = false;
        for (uint32_t i = 0; i < e->user.n; i++) {
            struct declaration *d = e->user.at[i];
            if (d->kind != A_NET || d->average || known[d->index] || !net_try(e, d, true)) continue;
            known[d->index] = news = true;
        }
        for (uint32_t i = 0; i < e->averages.n; i++) {
            struct average *a = e->averages.at[i];
            if (a->ready || (a->of && !known[a->of->index])) continue;
            average_prepare(e, a);
            known[a->net] = news = true;
        }
    }
    for (uint32_t i = 0; i < e->user.n; i++) {
        struct declaration *d = e->user.at[i];
        if (d->kind != A_NET || known[d->index]) continue;
        if (!d->average) diag(e->g, E0303, d->ast->name_span, d->name);
        e->p->nets.at[d->index].name = NULL;
    }
}

void declare_nets(struct elaboration *e)
{
    for (uint32_t i = 0; i < e->user.n; i++) {
        struct declaration *d = e->user.at[i];
        if (d->kind != A_NET) continue;
        struct net_info net = {.name = d->name, .graph = -1, .span = d->ast->span};
        const struct ast *parameters = d->ast->kids[0];
        bool good = parameters->n <= 16;
        if (!good) diag(e->g, E0424, parameters->span, 16);
        for (uint32_t k = 0; k < parameters->n && good; k++) {
            struct net_input in;
            good = net_input(e, parameters->kids[k], &in);
            vec_push(e->g->mem, &net.inputs, in);
        }
        if (!good) net.name = NULL;
        d->index = e->p->nets.n;
        d->evaluated = true;
        vec_push(e->g->mem, &e->p->nets, net);
    }
    for (uint32_t i = 0; i < e->user.n; i++)
        if (e->user.at[i]->kind == A_NET_ALIAS) average_declare(e, e->user.at[i]);
    for (uint32_t i = 0; i < e->user.n; i++) {
        const struct declaration *d = e->user.at[i];
        if (d->kind == A_NET && !e->p->nets.at[d->index].name) net_body(e, d);
    }
    declare_parameters(e);
    for (uint32_t i = 0; i < e->user.n; i++) {
        struct declaration *d = e->user.at[i];
        if (d->kind == A_NET && e->p->nets.at[d->index].name) net_try(e, d, false);
    }
}
