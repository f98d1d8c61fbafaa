/* call.c: calls: arguments to parameters, functions inlined, layers instantiated, nets applied. */
#include "elaborate/internal.h"

#include <string.h>

#define CALL_DEPTH 200

/* A layer or net in a first value: there is no example to apply it to. */
static bool in_first_value(struct elaboration *e, struct span span)
{
    if (!e->graph || e->graph->kind != GRAPH_INIT) return false;
    diag(e->g, E0503, span);
    return true;
}

bool arguments_evaluate(struct elaboration *e, struct environment *env, const struct value *first, struct span first_span,
                        const struct ast *args, struct span span, struct arguments *out)
{
    *out = (struct arguments){.span = span};
    bool good = true;
    if (first) {
        vec_push(e->g->mem, &out->positional, *first);
        vec_push(e->g->mem, &out->spans, first_span);
    }
    for (uint32_t i = 0; args && i < args->n; i++) {
        const struct ast *a = args->kids[i];
        if (a->kids[0]->kind == A_EXCEPT) {
            diag(e->g, E0401, a->span, "a value", "a part of a net");
            diag_help(e->g, "parts of nets stand after over and project, and in sumsq, grad and ema");
            good = false;
            continue;
        }
        struct value v = value_read(e, evaluate(e, env, a->kids[0]), a->kids[0]->span);
        if (v.kind == VALUE_ERROR) good = false;
        if (a->name) {
            for (uint32_t k = 0; k < out->named.n; k++)
                if (out->named.at[k]->name == a->name) {
                    diag(e->g, E0405, a->span, a->name);
                    good = false;
                }
            vec_push(e->g->mem, &out->named, a);
            vec_push(e->g->mem, &out->named_values, v);
        } else if (out->named.n) {
            diag(e->g, E0417, a->span);
            good = false;
        } else {
            vec_push(e->g->mem, &out->positional, v);
            vec_push(e->g->mem, &out->spans, a->kids[0]->span);
        }
    }
    return good;
}

/* Binds parameter p of `what` to v in env, its shape pattern included. */
static bool bind_parameter(struct elaboration *e, struct environment *env, const struct ast *p, struct value v, struct span at, const char *what)
{
    if (p->kids[0]) {
        struct type t = type_scalar();
        if (v.kind == VALUE_NODE) t = v.node->type;
        else if (!value_is_scalar(&v)) {
            diag(e->g, E0401, at, "a tensor", value_describe(e, &v));
            return false;
        }
        if (p->kids[0]->kind == A_SHAPE && p->kids[0]->n == 0 && v.kind == VALUE_NODE) { /* [1] serves where [] is wanted */
            v = value_scalar(e, v, at, p->name);
            if (v.kind == VALUE_ERROR) return false;
        } else {
            uint32_t errors = diag_errors(e->g);
            if (!match_shape(e, env, p->kids[0], t, at, arena_format(e->g->mem, "the argument %s of %s", p->name, what))) {
                bool one_axis = p->kids[0]->kind == A_SHAPE && p->kids[0]->n == 1 && p->kids[0]->kids[0]->kind != A_ELLIPSIS;
                if (one_axis && t.rank > 1 && diag_errors(e->g) > errors) diag_help(e->g, "flatten it first: ... |> flatten |> %s(...)", what);
                return false;
            }
        }
    }
    environment_bind(e, env, p->name, v);
    return true;
}

/* Of x |> f(a): the count of arguments may surprise. */
static void piped_help(struct elaboration *e, const struct arguments *args)
{
    if (args->spans.n && args->spans.at[0].file == args->span.file && args->spans.at[0].at < args->span.at)
        diag_help(e->g, "what stands left of |> is the first of the %d", (int)args->positional.n);
}

bool parameters_bind(struct elaboration *e, struct environment *env, const struct ast *parameters, uint32_t from, struct arguments *args,
                     const char *what, struct span declared)
{
    uint32_t taken = 0;
    uint32_t room = parameters->n - from;
    if (args->positional.n > room) {
        diag(e->g, E0403, args->span, what, (int)room, (int)args->positional.n);
        if (declared.file) diag_note(e->g, declared, "%s is declared here", what);
        piped_help(e, args);
        return false;
    }
    for (uint32_t k = 0; k < args->named.n; k++) {
        const char *known[64];
        uint32_t n = 0;
        int position = -1;
        for (uint32_t i = from; i < parameters->n; i++) {
            if (n < 64) known[n++] = parameters->kids[i]->name;
            if (parameters->kids[i]->name == args->named.at[k]->name) position = (int)i;
        }
        if (position < 0) {
            diag(e->g, E0404, args->named.at[k]->span, what, args->named.at[k]->name);
            const char *near = nearest_name(args->named.at[k]->name, known, n);
            if (near) diag_help(e->g, "did you mean %s?", near);
            else if (declared.file) diag_note(e->g, declared, "%s is declared here", what);
            return false;
        }
        if ((uint32_t)position - from < args->positional.n) {
            diag(e->g, E0405, args->named.at[k]->span, args->named.at[k]->name);
            diag_note(e->g, args->spans.at[(uint32_t)position - from], "here, by its place among the arguments");
            return false;
        }
    }
    for (uint32_t i = from; i < parameters->n; i++) {
        const struct ast *p = parameters->kids[i];
        struct value v = {0};
        struct span at = args->span;
        bool found = false;
        if (taken < args->positional.n) {
            v = args->positional.at[taken];
            at = args->spans.at[taken++];
            found = true;
        }
        for (uint32_t k = 0; k < args->named.n && !found; k++)
            if (args->named.at[k]->name == p->name) {
                v = args->named_values.at[k];
                at = args->named.at[k]->kids[0]->span;
                found = true;
            }
        if (!found && p->kids[1] && !(p->flags & AST_TILDE)) {
            v = value_read(e, evaluate(e, env, p->kids[1]), p->kids[1]->span);
            at = p->kids[1]->span;
            found = true;
        }
        if (!found) {
            diag(e->g, E0406, args->span, what, p->name);
            if (declared.file) diag_note(e->g, declared, "%s is declared here", what);
            return false;
        }
        if (v.kind == VALUE_ERROR || !bind_parameter(e, env, p, v, at, what)) return false;
    }
    return true;
}

void call_enter(struct elaboration *e, struct call *c, const struct declaration *d, struct arguments *args)
{
    *c = (struct call){.callee = d, .span = args->span, .outer = e->calls};
    c->graph = e->graph;
    c->nodes = e->graph ? e->graph->nodes.n : 0;
    if (args->positional.n) c->argument = args->positional.at[0];
    e->calls = c;
    e->depth++;
}

/* What a call of the library from the user's file made: the place that warnings about it have. */
static void note_made(struct elaboration *e, const struct call *c)
{
    bool outward = c->callee->ast->span.file != c->span.file && c->span.file == e->file->span.file;
    if (!outward || !c->graph || c->graph != e->graph || c->graph->kind == GRAPH_INIT || c->nodes == c->graph->nodes.n) return;
    struct noted_graph *here = &e->notes.here;
    while (here->made.n && here->made.at[here->made.n - 1].from >= c->nodes) here->made.n--; /* made by calls back into the file */
    vec_push(e->g->mem, &here->made, (struct made){c->nodes, c->graph->nodes.n, c->span, c->callee->name});
}

/* What a call from the user's text made in the library is known by that call, too. */
static void mark_made(struct elaboration *e, const struct call *c)
{
    if (!c->graph || c->graph != e->graph || scope_in_library(e, c->span) || !scope_in_library(e, c->callee->ast->span)) return;
    uint32_t call = 0;
    for (uint32_t i = c->nodes; i < c->graph->nodes.n; i++) {
        struct span *place = &c->graph->nodes.at[i]->span;
        if (place->call || !scope_in_library(e, *place)) continue;
        if (!call) call = span_call(e->g, c->span);
        place->call = call;
    }
}

void call_leave(struct elaboration *e)
{
    note_made(e, e->calls);
    mark_made(e, e->calls);
    e->calls = e->calls->outer;
    e->depth--;
}

static struct value call_function(struct elaboration *e, const struct declaration *d, struct arguments *args)
{
    struct environment *env = NEW(e->g->mem, struct environment);
    const struct ast *parameters = d->ast->kids[0];
    struct call c;
    call_enter(e, &c, d, args);
    struct value v = value_error();
    if (parameters_bind(e, env, parameters, 0, args, d->name, d->ast->name_span)) {
        /* the same function of the same values is the same value: what it draws is drawn once. Not where it makes or sets tensors: a
         * layer's call site makes new parameters each time. */
        struct value *bound = NEW_ARRAY(e->g->mem, struct value, parameters->n + 1);
        for (uint32_t i = 0; i < parameters->n; i++) bound[i] = environment_find(env, parameters->kids[i]->name)->value;
        struct memo *m = e->graph ? memo_find(e, d, parameters->n, bound) : NULL;
        uint32_t touched = e->touched;
        if (m) v = m->result;
        else {
            v = value_read(e, evaluate(e, env, d->ast->kids[1]), d->ast->kids[1]->span);
            if (touched == e->touched && e->graph) memo_add(e, d, parameters->n, bound, v);
        }
    }
    call_leave(e);
    return v;
}

static struct value check_output(struct elaboration *e, struct environment *env, const struct ast *shape, struct value v, const struct ast *body,
                                 const char *what)
{
    if (v.kind == VALUE_ERROR) {
        if (v.text) diag(e->g, E0409, body->span);
        return value_error();
    }
    if (!shape) return v;
    struct node *n = value_to_node(e, v, body->span);
    if (!n) return value_error();
    if (shape->kind == A_SHAPE && shape->n == 0) n = node_scalar(e, n);
    struct span at = body->kind == A_BLOCK && body->n ? body->kids[body->n - 1]->span : body->span;
    uint32_t errors = diag_errors(e->g);
    if (!match_shape(e, env, shape, n->type, at, arena_format(e->g->mem, "the result of %s", what))) {
        if (diag_errors(e->g) > errors) {
            diag_note(e->g, shape->span, "%s says here what it gives", what);
            advice_result(e, shape, n->type);
        }
        return value_error();
    }
    return value_node(e, n);
}

static struct value call_layer(struct elaboration *e, const struct declaration *d, struct arguments *args)
{
    if (!e->instance) {
        diag(e->g, E0418, args->span, d->name);
        return value_error();
    }
    if (in_first_value(e, args->span)) return value_error();
    e->touched++;
    uint32_t number = 0;
    struct instance *outer = e->instance;
    uint32_t i = 0;
    while (i < outer->counts.n && outer->counts.at[i].name != d->name) i++;
    if (i == outer->counts.n) {
        vec_push(e->g->mem, &outer->counts, (__typeof__(*outer->counts.at)){d->name, 0});
    }
    number = ++outer->counts.at[i].n;
    struct instance *own = NEW(e->g->mem, struct instance);
    own->path = arena_format(e->g->mem, "%s.%s%u", outer->path, d->name, number);
    own->outer = outer;
    struct environment *env = NEW(e->g->mem, struct environment);
    struct call c;
    call_enter(e, &c, d, args);
    struct value v = value_error();
    if (parameters_bind(e, env, d->ast->kids[0], 0, args, d->name, d->ast->name_span)) {
        e->instance = own;
        v = evaluate_block(e, env, d->ast->kids[2]);
        e->instance = outer;
        v = check_output(e, env, d->ast->kids[1], v, d->ast->kids[2], d->name);
    }
    call_leave(e);
    if (v.kind == VALUE_NODE && !v.node->name && v.home == e->graph) v.node->name = intern(e->g, own->path);
    return v;
}

static struct span place_of_net(const struct declaration *d)
{
    return d->average ? d->average->ast->name_span : d->ast->name_span;
}

/* Do the arguments have the shapes that the net declares? E0203 says both, and where the net is. */
static bool check_net_inputs(struct elaboration *e, const struct declaration *d, struct arguments *args)
{
    const struct net_info *net = &e->p->nets.at[d->index];
    if (args->named.n) {
        diag(e->g, E0404, args->named.at[0]->span, d->name, args->named.at[0]->name);
        diag_help(e->g, "a net takes its inputs by their places: %s(a, b)", d->name);
        return false;
    }
    if (args->positional.n != net->inputs.n) {
        diag(e->g, E0403, args->span, d->name, (int)net->inputs.n, (int)args->positional.n);
        diag_note(e->g, place_of_net(d), "%s is declared here", d->name);
        return false;
    }
    for (uint32_t i = 0; i < net->inputs.n; i++) {
        struct value *v = &args->positional.at[i];
        struct node *n = value_to_node(e, *v, args->spans.at[i]);
        if (!n) return false;
        struct type want = net->inputs.at[i].type;
        if (want.rank == 0) n = node_scalar(e, n);
        want.batched = n->type.batched;
        if (!type_equal(want, n->type)) {
            struct buffer b = {0};
            const char *giver = "the argument";
            if (n->name) giver = n->name;
            diag(e->g, E0203, args->spans.at[i], d->name, type_text(e, want), giver, type_text(e, n->type));
            buffer_free(&b);
            diag_note(e->g, place_of_net(d), "%s is declared here, %s having the shape %s", d->name, net->inputs.at[i].name, type_text(e, want));
            advice_shape(e, want, n->type, d->name);
            return false;
        }
        *v = value_node(e, n);
    }
    return true;
}

/* Is the application under way one whose states are held still (optimize.c)? */
static bool application_held(const struct elaboration *e)
{
    for (uint32_t i = 0; i < e->skipped.n; i++)
        if (e->skipped.at[i] == e->current_application) return true;
    return false;
}

struct value apply_net(struct elaboration *e, const struct declaration *d, struct arguments *args, struct span span)
{
    if (!e->graph) {
        diag(e->g, E0502, span, d->name);
        return value_error();
    }
    if (in_first_value(e, span)) return value_error();
    if (!e->p->nets.at[d->index].name) return value_error(); /* its declaration had an error */
    for (uint32_t i = 0; i < e->nets.n; i++)
        if (e->nets.at[i] == d->index) {
            diag(e->g, E0303, span, d->name);
            return value_error();
        }
    if (d->average && !d->average->ready) { /* its net is still being declared */
        e->postponed = true;
        return value_error();
    }
    if (!check_net_inputs(e, d, args)) return value_error();
    struct memo *m = memo_find(e, d, args->positional.n, args->positional.at);
    if (m) return m->result;

    uint32_t touched = e->touched; /* what its body makes is the net's, not the caller's: the caller may be remembered */
    struct instance own = {.path = d->average ? d->average->of->name : d->name}, *outer_instance = e->instance;
    struct environment *env = NEW(e->g->mem, struct environment);
    const struct ast *parameters = d->ast->kids[0];
    for (uint32_t i = 0; i < parameters->n; i++) {
        const struct ast *p = parameters->kids[i];
        environment_bind(e, env, p->name, args->positional.at[i]);
        if (p->kids[0]) { /* `x : [h, w, c]` names sizes */
            struct type t = args->positional.at[i].node->type;
            t.batched = false;
            if (!match_shape(e, env, p->kids[0], t, args->spans.at[i], p->name)) return value_error();
        }
    }
    uint32_t application = e->current_application;
    bool outermost = application == UINT32_MAX;
    if (outermost) {
        e->current_application = e->applications.n;
        vec_push(e->g->mem, &e->applications, (struct application){0});
    }
    bool held = d->average || (outermost && application_held(e));
    uint32_t states = held ? e->tensor_capacity : 0; /* what its body sets, its body alone reads */
    struct node **before = NEW_ARRAY(e->g->mem, struct node *, states + 1);
    for (uint32_t i = 0; i < states; i++) before[i] = e->state_nodes[i];
    struct call c;
    call_enter(e, &c, d, args);
    e->instance = &own;
    vec_push(e->g->mem, &e->nets, d->index);
    struct average *outer_average = e->average;
    uint32_t outer_nets = e->average_nets;
    if (d->average) e->average = d->average, e->average_nets = e->nets.n;
    struct value v = evaluate_block(e, env, d->ast->kids[2]);
    v = check_output(e, env, d->ast->kids[1], v, d->ast->kids[2], d->name);
    e->average = outer_average;
    e->average_nets = outer_nets;
    e->nets.n--;
    e->instance = outer_instance;
    e->touched = touched;
    call_leave(e);
    for (uint32_t i = 0; held && i < e->tensor_capacity; i++) e->state_nodes[i] = i < states ? before[i] : NULL;
    if (outermost) {
        if (v.kind == VALUE_NODE) e->applications.at[e->current_application].result = v.node;
        e->current_application = application;
    }
    if (v.kind == VALUE_NODE && v.home == e->graph) {
        struct value named = v;
        if (named.node->name == NULL && named.node->op != OP_tensor) named.node->name = d->name;
        memo_add(e, d, args->positional.n, args->positional.at, v);
        struct net_use use = {.net = d->index, .n = args->positional.n, .result = v.node, .span = span};
        use.inputs = NEW_ARRAY(e->g->mem, struct node *, use.n + 1);
        for (uint32_t i = 0; i < use.n; i++) use.inputs[i] = args->positional.at[i].node;
        vec_push(e->g->mem, &e->notes.here.uses, use);
    }
    return v;
}

static struct value call_value(struct elaboration *e, struct value f, struct arguments *args, struct span span)
{
    if (f.kind == VALUE_ERROR) return f;
    if (e->depth > CALL_DEPTH) {
        diag(e->g, E0412, span, CALL_DEPTH);
        return value_error();
    }
    switch (f.kind) {
    case VALUE_OPERATION: {
        uint32_t want = (uint32_t)op_info[f.op].operands;
        const char *name = op_info[f.op].name;
        if (args->named.n) {
            diag(e->g, E0404, args->named.at[0]->span, name, args->named.at[0]->name);
            return value_error();
        }
        bool folds = (f.op == OP_max || f.op == OP_min) && args->positional.n > 2;
        if (args->positional.n != want && !folds) {
            diag(e->g, E0403, span, name, (int)want, (int)args->positional.n);
            return value_error();
        }
        if (!folds) return arithmetic_map(e, f.op, want, args->positional.at, span);
        struct value v = args->positional.at[0];
        for (uint32_t i = 1; i < args->positional.n && v.kind != VALUE_ERROR; i++)
            v = arithmetic_map(e, f.op, 2, (struct value[]){v, args->positional.at[i]}, span);
        return v;
    }
    case VALUE_BUILTIN: return builtin_call(e, f.builtin, args, span);
    case VALUE_FUNCTION:
        switch (f.declaration->kind) {
        case A_FN: return call_function(e, f.declaration, args);
        case A_LAYER: return call_layer(e, f.declaration, args);
        case A_NET: return apply_net(e, f.declaration, args, span);
        case A_OPTIMIZER: {
            struct optimizer_value *o = NEW(e->g->mem, struct optimizer_value);
            *o = (struct optimizer_value){.declaration = f.declaration};
            return (struct value){.kind = VALUE_OPTIMIZER, .optimizer = o};
        }
        default: break;
        }
        break;
    default: break;
    }
    diag(e->g, E0407, span, value_describe(e, &f));
    return value_error();
}

/* Notes a call in the body of the net whose forward program is being made: not one inside what that body calls. */
static void step_note(struct elaboration *e, const struct value *f, struct node *result, struct span span)
{
    if (!e->graph || e->graph->kind != GRAPH_NET || e->training || e->nets.n != 1 || !e->calls || e->calls->outer || !e->instance) return;
    struct net_step step = {.type = result->type, .span = span};
    const struct declaration *d = f->declaration;
    struct net_info *net = &e->p->nets.at[e->nets.at[0]];
    bool average = net->name != e->instance->path; /* the body is another net's: A.dense1 for its G.dense1, A.T for a net T that it calls */
    if (f->kind == VALUE_OPERATION) step.what = op_info[f->op].name;
    else if (f->kind == VALUE_BUILTIN) step.what = builtin_name(f->builtin);
    else step.what = d->name;
    if (f->kind == VALUE_FUNCTION && d->kind == A_NET) step.path = average ? arena_format(e->g->mem, "%s.%s", net->name, d->name) : d->name;
    for (uint32_t i = 0; f->kind == VALUE_FUNCTION && d->kind == A_LAYER && i < e->instance->counts.n; i++)
        if (e->instance->counts.at[i].name == d->name) step.path = arena_format(e->g->mem, "%s.%s%u", net->name, d->name, e->instance->counts.at[i].n);
    vec_push(e->g->mem, &net->steps, step);
}

struct value call(struct elaboration *e, struct value f, struct arguments *args, struct span span)
{
    struct value v = call_value(e, f, args, span);
    if (v.kind == VALUE_NODE) step_note(e, &f, v.node, span);
    return v;
}

struct value call_with(struct elaboration *e, struct value f, uint32_t n, const struct value *positional, struct span span)
{
    struct arguments args = {.span = span};
    for (uint32_t i = 0; i < n; i++) {
        vec_push(e->g->mem, &args.positional, positional[i]);
        vec_push(e->g->mem, &args.spans, span);
    }
    return call(e, f, &args, span);
}
