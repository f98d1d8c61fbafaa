/* train.c: a train block: its options, and its statements as a schedule. */
#include "elaborate/internal.h"

#include <string.h>

#define MOST_GRAPHS 5000 /* each is a program of its own */

static void build_statements(struct elaboration *e, struct environment *outer, const struct ast *block, struct train *t, struct schedule_list *into);

static void add(struct elaboration *e, struct schedule_list *list, struct schedule *s)
{
    vec_push(e->g->mem, list, s);
}

/* A number that the schedule can evaluate between graphs. */
static const struct sexpr *schedule_value(struct elaboration *e, struct environment *env, const struct ast *a)
{
    struct value v = evaluate(e, env, a);
    return v.kind == VALUE_ERROR ? NULL : value_to_sexpr(e, v, a->span);
}

static void build_let(struct elaboration *e, struct environment *env, const struct ast *s, struct train *t, struct schedule_list *list)
{
    struct value v = s->flags & AST_TILDE ? value_error() : value_read(e, evaluate(e, env, s->kids[1]), s->kids[1]->span);
    if (s->flags & AST_TILDE) diag(e->g, E0505, s->span);
    if (v.kind == VALUE_SCHEDULE) {
        struct schedule *x = NEW(e->g->mem, struct schedule);
        *x = (struct schedule){.kind = SCHEDULE_LET, .value = v.sexpr, .index = t->vars++, .span = s->span};
        add(e, list, x);
        v = value_schedule(sexpr_leaf(e->g, SEXPR_VAR, x->index));
    }
    environment_bind(e, env, s->name, v);
}

static void build_if(struct elaboration *e, struct environment *env, const struct ast *s, struct train *t, struct schedule_list *list)
{
    struct value c = value_read(e, evaluate(e, env, s->kids[0]), s->kids[0]->span);
    if (c.kind == VALUE_ERROR) return;
    if (c.kind == VALUE_BOOLEAN || c.kind == VALUE_NUMBER) {
        const struct ast *taken = c.number != 0 ? s->kids[1] : s->kids[2];
        if (!taken) return;
        if (taken->kind == A_IF) build_if(e, env, taken, t, list);
        else build_statements(e, env, taken, t, list);
        return;
    }
    struct schedule *x = NEW(e->g->mem, struct schedule);
    *x = (struct schedule){.kind = SCHEDULE_IF, .value = value_to_sexpr(e, c, s->kids[0]->span), .span = s->span};
    if (!x->value) return;
    build_statements(e, env, s->kids[1], t, &x->body);
    if (s->kids[2] && s->kids[2]->kind == A_IF) build_if(e, env, s->kids[2], t, &x->otherwise);
    else if (s->kids[2]) build_statements(e, env, s->kids[2], t, &x->otherwise);
    add(e, list, x);
}

static void build_for(struct elaboration *e, struct environment *env, const struct ast *s, struct train *t, struct schedule_list *list)
{
    int64_t a, b;
    if (!value_to_integer(e, evaluate(e, env, s->kids[0]), s->kids[0]->span, "the start of a for", INT64_MIN / 2, &a)) return;
    if (!value_to_integer(e, evaluate(e, env, s->kids[1]), s->kids[1]->span, "the end of a for", INT64_MIN / 2, &b)) return;
    if (b - a > 1000) {
        diag(e->g, E0414, s->span, (long long)(b - a), 1000LL);
        return;
    }
    uint32_t errors = diag_errors(e->g);
    for (int64_t i = a; i < b && diag_errors(e->g) == errors; i++) { /* one round's errors are enough */
        struct environment *round = NEW(e->g->mem, struct environment);
        round->outer = env;
        environment_bind(e, round, s->name, value_number((double)i));
        build_statements(e, round, s->kids[2], t, list);
    }
}

static const char *statement_kind(const struct ast *s)
{
    switch (s->kind) {
    case A_PROJECT: return "project";
    case A_REPEAT: return "repeat";
    case A_EVERY: return "every";
    case A_IF: return "if";
    case A_FOR: return "for";
    case A_TOGETHER: return "together";
    case A_VAR: return "var";
    case A_ASSIGN: return "a var's assignment";
    case A_PARAM:
    case A_STATE: return "a declaration";
    default: return "an expression";
    }
}

/* Everything inside reads what was there before: numbers of the schedule go through a slot, so that states set together may exchange their values. */
static void build_together(struct elaboration *e, struct environment *outer, const struct ast *s, struct train *t, struct schedule_list *list)
{
    VEC(const struct ast *) inside = {0};
    const struct ast *block = s->kids[0];
    struct environment *env = NEW(e->g->mem, struct environment);
    env->outer = outer;
    for (uint32_t i = 0; i < block->n; i++) {
        const struct ast *x = block->kids[i];
        if (x->kind == A_OPTIMIZE || x->kind == A_SET) vec_push(e->g->mem, &inside, x);
        else if (x->kind == A_LET) build_let(e, env, x, t, list);
        else diag(e->g, E0513, x->span, statement_kind(x));
    }
    if (!block->n) diag(e->g, E0514, s->span);
    if (!inside.n) return;
    struct assignment *sets = NEW_ARRAY(e->g->mem, struct assignment, inside.n);
    struct schedule *run = NEW(e->g->mem, struct schedule);
    run->span = s->span;
    bool runs = optimize_build(e, env, inside.at, inside.n, s->span, run, sets);
    for (uint32_t i = 0; i < inside.n; i++) {
        if (!sets[i].scalar || sets[i].value) continue;
        struct schedule *x = NEW(e->g->mem, struct schedule);
        *x = (struct schedule){.kind = SCHEDULE_LET, .value = sets[i].scalar, .index = t->vars++, .span = sets[i].statement->span};
        add(e, list, x);
        sets[i].scalar = sexpr_leaf(e->g, SEXPR_VAR, x->index);
    }
    if (runs) add(e, list, run);
    for (uint32_t i = 0; i < inside.n; i++) assignment_schedule(e, &sets[i], list);
}

static void build_statement(struct elaboration *e, struct environment *env, const struct ast *s, struct train *t, struct schedule_list *list)
{
    if (e->p->graphs.n > MOST_GRAPHS) {
        if (!elaboration_failed(e)) diag(e->g, E0426, s->span, MOST_GRAPHS);
        return;
    }
    struct schedule *x = NEW(e->g->mem, struct schedule);
    x->span = s->span;
    switch (s->kind) {
    case A_LET: build_let(e, env, s, t, list); return;
    case A_SET: assignment_build(e, env, s, list); return;
    case A_IF: build_if(e, env, s, t, list); return;
    case A_FOR: build_for(e, env, s, t, list); return;
    case A_TOGETHER: build_together(e, env, s, t, list); return;
    case A_REPEAT:
    case A_EVERY:
        x->kind = s->kind == A_REPEAT ? SCHEDULE_REPEAT : SCHEDULE_EVERY;
        x->value = schedule_value(e, env, s->kids[0]);
        build_statements(e, env, s->kids[1], t, &x->body);
        add(e, list, x);
        return;
    case A_OPTIMIZE:
        optimize_build(e, env, &s, 1, s->span, x, NULL);
        add(e, list, x);
        return;
    case A_PROJECT:
        project_build(e, env, s, x);
        add(e, list, x);
        return;
    default:
        diag(e->g, E0515, s->span);
        diag_help(e->g, "it holds maximize, minimize, project, together, repeat, every, for, if, let, and states that are set by <-");
        return;
    }
}

static void build_statements(struct elaboration *e, struct environment *outer, const struct ast *block, struct train *t, struct schedule_list *into)
{
    struct environment *env = NEW(e->g->mem, struct environment);
    env->outer = outer;
    for (uint32_t i = 0; i < block->n; i++) build_statement(e, env, block->kids[i], t, into);
}

/* The data whose passes `epoch` counts: the first that the block's graphs draw. What only left-out summands name is not drawn, and
 * would never come to the end of a pass. */
static int32_t epoch_data(const struct program *p, uint32_t first_graph)
{
    struct arena *scratch = arena_new();
    int32_t found = -1;
    for (uint32_t g = first_graph; g < p->graphs.n && found < 0; g++) {
        const struct graph *graph = p->graphs.at[g];
        const bool *live = graph_live(scratch, graph);
        for (uint32_t i = 0; i < graph->nodes.n && found < 0; i++)
            if (live[i] && graph->nodes.at[i]->op == OP_data) found = (int32_t)graph->nodes.at[i]->index;
    }
    arena_free(scratch);
    return found;
}

void train_build(struct elaboration *e, const struct declaration *d)
{
    const struct ast *a = d->ast;
    struct train t = {.name = a->name ? a->name : intern(e->g, "train"), .batch = 100, .epoch_data = -1, .span = a->span};
    struct environment *env = NEW(e->g->mem, struct environment);
    for (uint32_t i = 0; i < a->kids[0]->n; i++) {
        const struct ast *arg = a->kids[0]->kids[i];
        if (!arg->name) {
            diag(e->g, E0516, arg->span);
            continue;
        }
        if (!strcmp(arg->name, "batch")) value_to_integer(e, evaluate(e, env, arg->kids[0]), arg->kids[0]->span, "batch", 1, &t.batch);
        else if (!strcmp(arg->name, "steps")) t.steps = schedule_value(e, env, arg->kids[0]);
        else if (!strcmp(arg->name, "epochs")) t.epochs = schedule_value(e, env, arg->kids[0]);
        else {
            diag(e->g, E0404, arg->span, "train", arg->name);
            const char *near = nearest_name(arg->name, (const char *[]){"batch", "steps", "epochs"}, 3);
            if (near) diag_help(e->g, "did you mean %s?", near);
            else diag_help(e->g, "its options are batch, steps and epochs");
        }
    }
    if (e->g->most_batch && t.batch > e->g->most_batch) t.batch = e->g->most_batch;
    options_once(e, a->kids[0]);
    if (!t.steps == !t.epochs && !elaboration_failed(e)) {
        diag(e->g, E0517, a->span);
        return;
    }
    e->train = &t;
    uint32_t first_graph = e->p->graphs.n;
    build_statements(e, env, a->kids[1], &t, &t.body);
    t.epoch_data = epoch_data(e->p, first_graph);
    if (t.epochs && t.epoch_data < 0 && !elaboration_failed(e)) diag(e->g, E0518, a->span);
    e->train = NULL;
    vec_push(e->g->mem, &e->p->trains, t);
}
