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
    bool *updated;        /* of the trained, those that the objective reaches */
    uint32_t updates;     /* the graph had so many nodes before */
    struct node **gradients; /* by tensor */
};

/* By node: does it depend on a trained parameter, by way of something that has a derivative? Operands come first: one sweep. */
static bool *dependent(struct elaboration *e, struct arena *mem, const bool *trained, uint32_t tensors)
{
    bool *depends = NEW_ARRAY(mem, bool, e->graph->nodes.n + 1);
    for (uint32_t i = 0; i < e->graph->nodes.n; i++) {
        const struct node *n = e->graph->nodes.at[i];
        depends[i] = n->op == OP_tensor && n->index < tensors && trained[n->index];
        for (uint32_t k = 0; k < n->nargs && !depends[i]; k++) depends[i] = depends[n->arg[k]->id] && graph_flows(n, k);
    }
    return depends;
}

static bool is_factor(const struct node *n)
{
    return n->op == OP_constant || n->op == OP_scalar;
}

/* The operands of n that stand for summands: 0 where n is a summand itself. Bit k: operand k. */
static uint32_t summands_of(const struct node *n)
{
    switch (n->op) {
    case OP_add:
    case OP_sub: return 3;
    case OP_neg:
    case OP_reshape: return 1;
    case OP_mul: return is_factor(n->arg[0]) ? 2 : is_factor(n->arg[1]) ? 1 : 0;
    case OP_div: return is_factor(n->arg[1]) ? 1 : 0;
    default: return 0;
    }
}

/* n with the summands kept[] that its operands have become; NULL where nothing is left. */
static struct node *kept_sum(struct elaboration *e, struct node *n, struct node *const *kept)
{
    struct node *a = kept[n->arg[0]->id], *b = n->nargs > 1 ? kept[n->arg[1]->id] : NULL;
    uint32_t of = summands_of(n);
    if (of == 1 ? a == n->arg[0] : of == 2 ? b == n->arg[1] : a == n->arg[0] && b == n->arg[1]) return n;
    switch (n->op) {
    case OP_add: return a && b ? graph_binary(e->g, e->graph, OP_add, a, b) : a ? a : b;
    case OP_sub: return a && b ? graph_binary(e->g, e->graph, OP_sub, a, b) : b ? graph_unary(e->g, e->graph, OP_neg, b) : a;
    case OP_neg: return a ? graph_unary(e->g, e->graph, OP_neg, a) : NULL;
    case OP_reshape: return a ? graph_reshape(e->g, e->graph, a, n->type) : NULL;
    case OP_mul:
        if (of == 2) return b ? graph_binary(e->g, e->graph, OP_mul, n->arg[0], b) : NULL;
        return a ? graph_binary(e->g, e->graph, OP_mul, a, n->arg[1]) : NULL;
    default: return a ? graph_binary(e->g, e->graph, n->op, a, n->arg[1]) : NULL;
    }
}

/* The part of an objective that depends on the trained nets, or NULL where nothing does. A sweep down finds the sums, none inside an E
 * (its product is one summand); a sweep up says what is left of each. */
static struct node *keep_summands(struct elaboration *e, struct node *root, const bool *trained, uint32_t tensors)
{
    struct arena *scratch = arena_new();
    uint32_t n = root->id + 1;
    bool *depends = dependent(e, scratch, trained, tensors), *whole = NEW_ARRAY(scratch, bool, e->graph->nodes.n), *met = NEW_ARRAY(scratch, bool, n);
    struct node **kept = NEW_ARRAY(scratch, struct node *, n);
    for (uint32_t i = 0; i < e->expectations.n; i++) whole[e->expectations.at[i].result->id] = true;
    met[root->id] = true;
    for (uint32_t i = n; i-- > 0;) {
        struct node *x = e->graph->nodes.at[i];
        uint32_t of = met[i] && !whole[i] ? summands_of(x) : 0;
        for (uint32_t k = 0; k < x->nargs; k++)
            if (of >> k & 1) met[x->arg[k]->id] = true;
    }
    for (uint32_t i = 0; i < n; i++) {
        struct node *x = e->graph->nodes.at[i];
        if (met[i]) kept[i] = !whole[i] && summands_of(x) ? kept_sum(e, x, kept) : depends[i] ? x : NULL;
    }
    struct node *result = kept[root->id];
    arena_free(scratch);
    return result;
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
    o->tensors = e->p->tensors.n;
    o->trained = NEW_ARRAY(e->g->mem, bool, o->tensors + 1);
    bool named = parts_tensors(e, env, s->kids[1], o->trained);
    struct node *n = v.kind == VALUE_ERROR ? NULL : value_to_node(e, v, s->kids[0]->span);
    if (!n || !named) {
        evaluate(e, env, s->kids[2]); /* for what it may say of names */
        return false;
    }
    if (n->type.batched) {
        diag(e->g, E0510, s->kids[0]->span);
        diag_help(e->g, "average it over the minibatch: E[x ~ ...] ...");
        return false;
    }
    o->value = keep_summands(e, n, o->trained, o->tensors);
    if (!o->value) no_gradient(e, s);
    return o->value != NULL;
}

/* Net applications that only dropped summands use: their states stay. True where that is news. */
static bool skip_dropped(struct elaboration *e, const struct objective *objectives, const struct assignment *sets, uint32_t n)
{
    struct arena *scratch = arena_new();
    bool *live = NEW_ARRAY(scratch, bool, e->graph->nodes.n + 1), news = false;
    for (uint32_t i = 0; i < n; i++) {
        const struct node *root = objectives[i].value ? objectives[i].value : sets[i].value;
        if (root) live[root->id] = true;
    }
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
    *x = (struct optimizer_instance){.key = key, .declared = name, .path = name, .counter = UINT32_MAX};
    if (same > 1) x->path = arena_format(e->g->mem, "%s%u", name, same);
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
static bool update(struct elaboration *e, const struct optimizer_value *o, const struct ast *statement, uint32_t tensor, struct node *gradient,
                   struct schedule *run)
{
    const struct ast *body = o->declaration->ast;
    struct optimizer_instance *x = instance_of(e, o, statement);
    uint32_t errors = diag_errors(e->g);
    e->counter = counter_of(e, x, o, tensor);
    count(e, run, e->counter);
    e->optimizer_path = x->path;
    e->optimizer_of = tensor;
    struct environment *env = NEW(e->g->mem, struct environment);
    struct arguments args = {0};
    struct environment empty = {0};
    struct span span = statement->kids[2]->span;
    struct arguments to = {.span = span};
    struct call c;
    call_enter(e, &c, o->declaration, &to);
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
    call_leave(e);
    e->counter = UINT32_MAX;
    e->optimizer_path = NULL;
    return good && diag_errors(e->g) == errors;
}

/* By node: does a gradient of `from` flow to it? */
bool *reached_from(struct elaboration *e, const struct node *from)
{
    bool *reached = NEW_ARRAY(e->g->mem, bool, from->id + 1);
    reached[from->id] = true;
    for (uint32_t i = from->id + 1; i-- > 0;) {
        const struct node *n = e->graph->nodes.at[i];
        for (uint32_t k = 0; reached[i] && k < n->nargs; k++)
            if (graph_flows(n, k)) reached[n->arg[k]->id] = true;
    }
    return reached;
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
    bool *needed = reached_from(e, loss);
    o->updates = e->graph->nodes.n;
    o->updated = NEW_ARRAY(e->g->mem, bool, tensors + 1);
    struct node **gradients = o->gradients = NEW_ARRAY(e->g->mem, struct node *, tensors + 1);
    for (uint32_t t = 0; t < tensors; t++) {
        struct node *w = t < e->tensor_capacity && o->trained[t] ? e->tensor_nodes[t] : NULL;
        if (!w || w->id > loss->id || !needed[w->id]) continue;
        if (done[t]) {
            diag(e->g, E0512, s->span, e->p->tensors.at[t].name);
            return false;
        }
        done[t] = o->updated[t] = true;
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

static const char *over_text(struct elaboration *e, const struct ast *s)
{
    const char *over = "";
    for (uint32_t i = 0; i < s->kids[1]->n; i++)
        over = arena_format(e->g->mem, "%s%s%s", over, i ? ", " : "", expression_text(e, s->kids[1]->kids[i]->kids[0]));
    return over;
}

static const char *statement_name(struct elaboration *e, const struct ast *s)
{
    if (s->kind == A_SET) return arena_format(e->g->mem, "%s <- %s", s->name, expression_text(e, s->kids[0]));
    return arena_format(e->g->mem, "%s %s over %s", s->flags & AST_MAXIMIZE ? "maximize" : "minimize", expression_text(e, s->kids[0]), over_text(e, s));
}

/* An objective is reported under its text, V; a further statement with that text under V over G. */
static void report_objective(struct elaboration *e, struct graph *graph, const struct objective *o)
{
    const char *name = expression_text(e, o->statement->kids[0]);
    for (uint32_t i = 0; i < e->p->results.n; i++)
        if (!strcmp(e->p->results.at[i], name)) {
            name = arena_format(e->g->mem, "%s over %s", name, over_text(e, o->statement));
            break;
        }
    vec_push(e->g->mem, &graph->outputs, (struct output){OUTPUT_OBJECTIVE, name, o->value, 1, result_add(e, name), -1});
}

/* A state is set once in a together, from what was there before. */
static bool set_once(struct elaboration *e, const struct assignment *sets, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < i && sets[i].statement; k++)
            if (sets[k].statement && sets[k].tensor == sets[i].tensor) {
                diag(e->g, E0525, sets[i].statement->span, sets[i].statement->name);
                diag_note(e->g, sets[k].statement->span, "it is set here first");
                return false;
            }
    return true;
}

/* For the checks: what the statement trains, and which parts of its `over` it cannot reach. */
static void note_move(struct elaboration *e, struct environment *env, const struct objective *o)
{
    const struct ast *parts = o->statement->kids[1];
    struct move m = {
        .statement = o->statement, .noted = e->notes.graphs.n, .objective = o->value, .updated = o->updated, .tensors = o->tensors, .updates = o->updates};
    m.idle = NEW_ARRAY(e->g->mem, bool, parts->n + 1);
    for (uint32_t i = 0; i < parts->n; i++) {
        bool *own = NEW_ARRAY(e->g->mem, bool, e->p->tensors.n + 1), any = false, reached = false;
        part_tensors(e, env, parts->kids[i]->kids[0], parts->kids[i]->kids[1], own, false);
        for (uint32_t t = 0; t < o->tensors; t++) any = any || own[t], reached = reached || (own[t] && o->updated[t]);
        m.idle[i] = any && !reached;
    }
    vec_push(e->g->mem, &e->notes.moves, m);
}

bool optimize_build(struct elaboration *e, struct environment *env, const struct ast *const *statements, uint32_t n, struct span span, struct schedule *into,
                    struct assignment *sets)
{
    struct objective *objectives = NEW_ARRAY(e->g->mem, struct objective, n);
    struct graph *graph = NULL;
    e->skipped.n = 0;
    bool good = true;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        graph = graph_begin(e, GRAPH_STEP, e->train->batch, span);
        for (uint32_t i = 0; i < n; i++) {
            objectives[i] = (struct objective){.statement = statements[i]};
            if (statements[i]->kind == A_SET) good = assignment_evaluate(e, env, statements[i], &sets[i]) && good;
            else good = build_objective(e, env, &objectives[i]) && good;
        }
        if (!good || !skip_dropped(e, objectives, sets, n)) break;
    }
    good = good && (!sets || set_once(e, sets, n));
    bool *done = NEW_ARRAY(e->g->mem, bool, e->p->tensors.n + 1), tensors = false;
    for (uint32_t i = 0; i < n && good; i++) {
        if (objectives[i].value) good = update_all(e, env, &objectives[i], done, into);
        tensors = tensors || objectives[i].value || sets[i].value;
    }
    e->skipped.n = 0;
    if (good) averages_update(e);
    for (uint32_t i = 0; i < n && good; i++) {
        if (objectives[i].value) report_objective(e, graph, &objectives[i]);
        else assignment_finish(e, graph, &sets[i]);
    }
    if (!good || !tensors) {
        for (uint32_t i = 0; i < n && !good && sets; i++) sets[i] = (struct assignment){0};
        e->graph = NULL;
        e->training = false;
        return false;
    }
    for (uint32_t i = 0; i < n; i++)
        if (objectives[i].value) note_move(e, env, &objectives[i]);
    uint32_t most = e->p->tensors.n;
    struct node **gradients = NEW_ARRAY(e->g->mem, struct node *, most + 1);
    bool trains = false;
    for (uint32_t i = 0; i < n; i++) {
        if (!objectives[i].value) continue;
        trains = true;
        for (uint32_t t = 0; t < objectives[i].tensors; t++)
            if (objectives[i].gradients[t]) gradients[t] = objectives[i].gradients[t];
        watch_judges(e, graph, objectives[i].value, objectives[i].updated, objectives[i].tensors);
    }
    const char *name = statement_name(e, statements[0]);
    for (uint32_t i = 1; i < n; i++) name = arena_format(e->g->mem, "%s; %s", name, statement_name(e, statements[i]));
    graph_finish(e, graph, sets ? arena_format(e->g->mem, "together { %s }", name) : name);
    if (trains) watch_effects(e, graph, gradients, most);
    into->kind = SCHEDULE_RUN;
    into->index = graph->index;
    return true;
}

void project_build(struct elaboration *e, struct environment *env, const struct ast *s, struct schedule *into)
{
    struct graph *graph = graph_begin(e, GRAPH_STEP, e->train->batch, s->span);
    bool *marked = NEW_ARRAY(e->g->mem, bool, e->p->tensors.n + 1), batched = false;
    vec_push(e->g->mem, &e->notes.projections, (struct projection){marked, e->p->tensors.n, s->span});
    if (parts_tensors(e, env, s->kids[0], marked))
        for (uint32_t t = 0; t < e->p->tensors.n; t++) {
            if (!marked[t]) continue;
            struct value w = value_node(e, tensor_node(e, t, s->span));
            uint32_t errors = diag_errors(e->g);
            struct value v = evaluate_piped(e, env, w, s->kids[1]->span, s->kids[1]);
            struct node *n = v.kind == VALUE_ERROR ? NULL : value_to_node(e, v, s->kids[1]->span);
            if (n) tensor_set(e, t, n, s->kids[1]->span);
            if (diag_errors(e->g) > errors) break;
        }
    for (uint32_t i = 0; i < graph->nodes.n && !batched; i++) batched = graph->nodes.at[i]->type.batched;
    if (!batched) graph->batch = 1; /* but an argument may hold an E */
    keep_draws(e, graph);
    graph_finish(e, graph, arena_format(e->g->mem, "project %s with %s", expression_text(e, s->kids[0]->kids[0]->kids[0]), expression_text(e, s->kids[1])));
    into->kind = SCHEDULE_RUN;
    into->index = graph->index;
}
