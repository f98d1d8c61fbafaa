/* optimize.c: maximize and minimize, alone or together, and project: one graph each, from the draws to the updates.
 *
 * A summand of the objective that does not depend on the trained nets is left out and draws nothing (LANGUAGE section 8): the
 * objective is elaborated whole, its dependent summands are kept, and where a net application that sets states stands in
 * dropped summands only, the whole is elaborated again with that application's states held still. */
#include "elaborate/internal.h"

#include <string.h>

#define ATTEMPTS 16

struct objective {
    const struct ast *statement;
    bool *trained;        /* by tensor */
    uint32_t tensors;     /* there are so many then: optimizers add theirs later */
    struct node *value;   /* with the kept summands; NULL after an error */
};

static bool depends_on_trained(struct elaboration *e, const struct node *n, const bool *trained)
{
    for (uint32_t t = 0; t < e->tensor_capacity && t < e->p->tensors.n; t++)
        if (trained[t] && e->tensor_nodes[t] && graph_depends(e->g->mem, e->graph, n, e->tensor_nodes[t])) return true;
    return false;
}

static bool is_expectation(struct elaboration *e, const struct node *n)
{
    for (uint32_t i = 0; i < e->expectations.n; i++)
        if (e->expectations.at[i].result == n) return true;
    return false;
}

static bool is_factor(const struct node *n)
{
    return n->op == OP_constant || n->op == OP_scalar;
}

/* The part of n that depends on the trained nets, or NULL where nothing does. */
static struct node *keep_summands(struct elaboration *e, struct node *n, const bool *trained)
{
    if (is_expectation(e, n)) return depends_on_trained(e, n, trained) ? n : NULL;
    switch (n->op) {
    case OP_add:
    case OP_sub: {
        struct node *a = keep_summands(e, n->arg[0], trained), *b = keep_summands(e, n->arg[1], trained);
        if (a == n->arg[0] && b == n->arg[1]) return n;
        if (!b) return a;
        if (!a) return n->op == OP_add ? b : graph_unary(e->g, e->graph, OP_neg, b);
        return graph_binary(e->g, e->graph, n->op, a, b);
    }
    case OP_neg:
    case OP_reshape: {
        struct node *a = keep_summands(e, n->arg[0], trained);
        if (!a || a == n->arg[0]) return a ? n : NULL;
        return n->op == OP_neg ? graph_unary(e->g, e->graph, OP_neg, a) : graph_reshape(e->g, e->graph, a, n->type);
    }
    case OP_mul:
    case OP_div: {
        bool left = n->op == OP_mul && is_factor(n->arg[0]);
        if (!left && !is_factor(n->arg[1])) break;
        struct node *a = keep_summands(e, n->arg[left], trained);
        if (!a || a == n->arg[left]) return a ? n : NULL;
        return left ? graph_binary(e->g, e->graph, OP_mul, n->arg[0], a) : graph_binary(e->g, e->graph, n->op, a, n->arg[1]);
    }
    default: break;
    }
    return depends_on_trained(e, n, trained) ? n : NULL;
}

static void no_gradient(struct elaboration *e, const struct ast *s)
{
    diag(e->g, E0701, s->kids[0]->span, expression_text(e, s->kids[0]), expression_text(e, s->kids[1]->kids[0]->kids[0]));
    if (s->kids[1]->n == 1)
        diag_help(e->g, "the objective must depend on %s by way of something that has a derivative (stop, comparisons and floor have none)",
                  expression_text(e, s->kids[1]->kids[0]->kids[0]));
}

static bool build_objective(struct elaboration *e, struct environment *env, struct objective *o)
{
    const struct ast *s = o->statement;
    struct value v = value_scalar(e, evaluate(e, env, s->kids[0]), s->kids[0]->span, "an objective");
    if (v.kind == VALUE_ERROR) {
        if (v.text) diag(e->g, E0409, s->kids[0]->span);
        return false;
    }
    struct node *n = value_to_node(e, v, s->kids[0]->span);
    if (!n) return false;
    if (n->type.batched) {
        diag(e->g, E0510, s->kids[0]->span);
        diag_help(e->g, "average it over the minibatch: E[x ~ ...] ...");
        return false;
    }
    o->tensors = e->p->tensors.n;
    o->trained = NEW_ARRAY(e->g->mem, bool, o->tensors + 1);
    if (!parts_tensors(e, s->kids[1], o->trained)) return false;
    o->value = keep_summands(e, n, o->trained);
    if (!o->value) no_gradient(e, s);
    return o->value != NULL;
}

/* Net applications that only dropped summands use: their states stay. True where that is news. */
static bool skip_dropped(struct elaboration *e, const struct objective *objectives, uint32_t n)
{
    struct arena *scratch = arena_new();
    bool *live = NEW_ARRAY(scratch, bool, e->graph->nodes.n + 1), news = false;
    for (uint32_t i = 0; i < n; i++) live[objectives[i].value->id] = true;
    for (uint32_t i = e->graph->nodes.n; i-- > 0;)
        for (uint32_t k = 0; live[i] && k < e->graph->nodes.at[i]->nargs; k++) live[e->graph->nodes.at[i]->arg[k]->id] = true;
    for (uint32_t i = 0; i < e->expectations.n; i++) {
        const struct expectation *x = &e->expectations.at[i];
        for (uint32_t k = 0; live[x->result->id] && k < x->data.n; k++) vec_push(e->g->mem, &e->graph->keep, x->data.at[k]);
    }
    for (uint32_t i = 0; i < e->changes.n; i++) {
        uint32_t a = e->changes.at[i].application;
        if (a == UINT32_MAX || (e->applications.at[a].result && live[e->applications.at[a].result->id])) continue;
        bool known = false;
        for (uint32_t k = 0; k < e->skipped.n && !known; k++) known = e->skipped.at[k] == a;
        if (!known) {
            vec_push(e->g->mem, &e->skipped, a);
            news = true;
        }
    }
    arena_free(scratch);
    return news;
}

static struct optimizer_instance *instance_of(struct elaboration *e, const struct optimizer_value *o, const void *statement)
{
    const void *key = o->shared ? (const void *)o->shared : statement;
    uint32_t same = 1;
    for (uint32_t i = 0; i < e->optimizers.n; i++) {
        if (e->optimizers.at[i]->key == key) return e->optimizers.at[i];
        same += e->optimizers.at[i]->declared == (o->shared ? o->shared->name : o->declaration->name);
    }
    struct optimizer_instance *x = NEW(e->g->mem, struct optimizer_instance);
    const char *name = o->shared ? o->shared->name : o->declaration->name;
    *x = (struct optimizer_instance){.key = key, .declared = name, .path = same > 1 ? arena_format(e->g->mem, "%s%u", name, same) : name, .counter = UINT32_MAX};
    vec_push(e->g->mem, &e->optimizers, x);
    return x;
}

static uint32_t counter_of(struct elaboration *e, struct optimizer_instance *x, const struct optimizer_value *o, uint32_t tensor)
{
    if (!o->shared && x->counter != UINT32_MAX) return x->counter;
    for (uint32_t i = 0; o->shared && i < e->shared_counters.n; i++)
        if (e->shared_counters.at[i].optimizer == o->shared && e->shared_counters.at[i].tensor == tensor) return e->shared_counters.at[i].counter;
    uint32_t c = e->p->counters.n;
    const char *name = o->shared ? arena_format(e->g->mem, "%s.%s", x->path, e->p->tensors.at[tensor].name) : x->path;
    vec_push(e->g->mem, &e->p->counters, name);
    if (o->shared) vec_push(e->g->mem, &e->shared_counters, (struct shared_counter){o->shared, tensor, c});
    else x->counter = c;
    return c;
}

static void count(struct elaboration *e, struct schedule *run, uint32_t counter)
{
    for (uint32_t i = 0; i < run->counters.n; i++)
        if (run->counters.at[i] == counter) return;
    vec_push(e->g->mem, &run->counters, counter);
    for (uint32_t i = 0; i < e->train->counters.n; i++)
        if (e->train->counters.at[i] == counter) return;
    vec_push(e->g->mem, &e->train->counters, counter);
}

/* The optimizer's body for one parameter and its gradient. */
static bool update(struct elaboration *e, const struct optimizer_value *o, const struct ast *statement, uint32_t tensor, struct node *gradient, struct schedule *run)
{
    const struct ast *body = o->declaration->ast;
    struct optimizer_instance *x = instance_of(e, o, statement);
    uint32_t errors = diag_errors(e->g);
    e->counter = counter_of(e, x, o, tensor);
    count(e, run, e->counter);
    e->optimizer_path = x->path;
    e->optimizer_of = tensor;
    struct environment *env = NEW(e->g->mem, struct environment);
    struct arguments args;
    struct environment empty = {0};
    struct span span = statement->kids[2]->span;
    bool good = arguments_evaluate(e, o->where ? o->where : &empty, NULL, span, o->arguments, span, &args) &&
                parameters_bind(e, env, body->kids[0], 0, &args, o->declaration->name, body->name_span);
    const struct ast *tensors = body->kids[1];
    if (good && tensors->n != 2) {
        diag(e->g, E0511, body->name_span, o->declaration->name);
        good = false;
    }
    if (good) {
        environment_bind(e, env, tensors->kids[0]->name, (struct value){.kind = VALUE_STATE, .tensor = tensor});
        environment_bind(e, env, tensors->kids[1]->name, value_node(e, gradient));
        struct value v = evaluate_block(e, env, body->kids[2]);
        good = v.kind != VALUE_ERROR || v.text;
    }
    e->counter = UINT32_MAX;
    e->optimizer_path = NULL;
    return good && diag_errors(e->g) == errors;
}

static bool update_all(struct elaboration *e, struct environment *env, struct objective *o, bool *done, struct schedule *run)
{
    const struct ast *s = o->statement;
    struct value v = evaluate(e, env, s->kids[2]);
    if (v.kind == VALUE_FUNCTION && v.declaration->kind == A_OPTIMIZER) v = call_with(e, v, 0, NULL, s->kids[2]->span);
    if (v.kind != VALUE_OPTIMIZER) {
        if (v.kind != VALUE_ERROR) diag(e->g, E0401, s->kids[2]->span, "an optimizer", value_describe(e, &v));
        return false;
    }
    struct node *loss = o->value;
    if (s->flags & AST_MAXIMIZE) loss = graph_unary(e->g, e->graph, OP_neg, loss);
    uint32_t tensors = o->tensors, reached = 0;
    struct node **gradients = NEW_ARRAY(e->g->mem, struct node *, tensors + 1);
    for (uint32_t t = 0; t < tensors; t++) {
        struct node *w = t < e->tensor_capacity && o->trained[t] ? e->tensor_nodes[t] : NULL;
        if (!w || !graph_depends(e->g->mem, e->graph, loss, w)) continue;
        if (done[t]) {
            diag(e->g, E0512, s->span, e->p->tensors.at[t].name);
            return false;
        }
        done[t] = true;
        reached++;
        gradients[t] = node_make(e, OP_grad, 2, (struct node *[]){loss, w}, &(struct node){0}, s->span);
    }
    if (!reached) {
        no_gradient(e, s);
        return false;
    }
    for (uint32_t t = 0; t < tensors; t++)
        if (gradients[t] && !update(e, v.optimizer, s, t, gradients[t], run)) return false;
    return true;
}

static const char *statement_name(struct elaboration *e, const struct ast *s)
{
    const char *over = "";
    for (uint32_t i = 0; i < s->kids[1]->n; i++)
        over = arena_format(e->g->mem, "%s%s%s", over, i ? ", " : "", expression_text(e, s->kids[1]->kids[i]->kids[0]));
    return arena_format(e->g->mem, "%s %s over %s", s->flags & AST_MAXIMIZE ? "maximize" : "minimize", expression_text(e, s->kids[0]), over);
}

void optimize_build(struct elaboration *e, struct environment *env, const struct ast *const *statements, uint32_t n, struct span span, struct schedule *into)
{
    struct objective *objectives = NEW_ARRAY(e->g->mem, struct objective, n);
    struct graph *graph = NULL;
    e->skipped.n = 0;
    bool good = true;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        graph = graph_begin(e, GRAPH_STEP, e->train->batch, span);
        for (uint32_t i = 0; i < n; i++) {
            objectives[i] = (struct objective){.statement = statements[i]};
            good = build_objective(e, env, &objectives[i]) && good;
        }
        if (!good || !skip_dropped(e, objectives, n)) break;
    }
    if (good) {
        bool *done = NEW_ARRAY(e->g->mem, bool, e->p->tensors.n + 1);
        for (uint32_t i = 0; i < n && good; i++) good = update_all(e, env, &objectives[i], done, into);
    }
    e->skipped.n = 0;
    if (!good) {
        e->graph = NULL;
        e->training = false;
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        const char *name = expression_text(e, statements[i]->kids[0]);
        vec_push(e->g->mem, &graph->outputs, (struct output){OUTPUT_OBJECTIVE, name, objectives[i].value, 1, result_add(e, name)});
    }
    const char *name = statement_name(e, statements[0]);
    for (uint32_t i = 1; i < n; i++) name = arena_format(e->g->mem, "%s; %s", name, statement_name(e, statements[i]));
    graph_finish(e, graph, n > 1 ? arena_format(e->g->mem, "together { %s }", name) : name);
    into->kind = SCHEDULE_RUN;
    into->index = graph->index;
}

void project_build(struct elaboration *e, struct environment *env, const struct ast *s, struct schedule *into)
{
    struct graph *graph = graph_begin(e, GRAPH_STEP, 1, s->span);
    bool *marked = NEW_ARRAY(e->g->mem, bool, e->p->tensors.n + 1);
    if (parts_tensors(e, s->kids[0], marked))
        for (uint32_t t = 0; t < e->p->tensors.n; t++) {
            if (!marked[t]) continue;
            struct value w = value_node(e, tensor_node(e, t, s->span));
            uint32_t errors = diag_errors(e->g);
            struct value v = evaluate_piped(e, env, w, s->kids[1]->span, s->kids[1]);
            struct node *n = v.kind == VALUE_ERROR ? NULL : value_to_node(e, v, s->kids[1]->span);
            if (n) tensor_set(e, t, n, s->kids[1]->span);
            if (diag_errors(e->g) > errors) break;
        }
    graph_finish(e, graph, arena_format(e->g->mem, "project %s with %s", expression_text(e, s->kids[0]->kids[0]->kids[0]), expression_text(e, s->kids[1])));
    into->kind = SCHEDULE_RUN;
    into->index = graph->index;
}
