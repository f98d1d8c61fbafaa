/* expression.c: evaluates expressions and the statements of blocks. */
#include "elaborate/internal.h"

#include <string.h>

#define LOOP_LIMIT 100000 /* rounds of one compile-time for */

#define WORK_LIMIT 2000000 /* expressions evaluated for one model */
#define NESTING_LIMIT 800 /* expressions inside each other, through calls: some 5 KB of stack each where sanitizers watch */

/* The condition of an if. In a graph one made of settings alone picks its branch when the model is compiled, and fixes them; between
 * graphs, in a train block, and in an optimizer's options and body it stays a flag's. */
static struct value condition(struct elaboration *e, struct environment *env, const struct ast *a)
{
    struct value c = value_read(e, evaluate(e, env, a), a->span);
    bool b;
    if (c.kind != VALUE_SCHEDULE || !e->graph || e->counter != UINT32_MAX || !sexpr_settings_only(c.sexpr)) return c;
    return value_to_boolean(e, c, a->span, &b) ? value_boolean(b) : value_error();
}

static struct value evaluate_choice(struct elaboration *e, struct environment *env, const struct ast *a, struct value c)
{
    if (c.kind == VALUE_BOOLEAN || c.kind == VALUE_NUMBER) {
        const struct ast *taken = c.number != 0 ? a->kids[1] : a->kids[2];
        if (!taken) return value_error();
        return evaluate(e, env, taken);
    }
    if (c.kind == VALUE_STRING || (c.kind != VALUE_SCHEDULE && c.kind != VALUE_NODE)) {
        diag(e->g, E0401, a->kids[0]->span, "true or false", value_describe(e, &c));
        return value_error();
    }
    if (!a->kids[2]) {
        diag(e->g, E0411, a->span);
        return value_error();
    }
    struct value x = value_read(e, evaluate(e, env, a->kids[1]), a->kids[1]->span);
    struct value y = value_read(e, evaluate(e, env, a->kids[2]), a->kids[2]->span);
    if (x.kind == VALUE_ERROR || y.kind == VALUE_ERROR) return value_error();
    bool tensors = (value_is_scalar(&x) || x.kind == VALUE_NODE) && (value_is_scalar(&y) || y.kind == VALUE_NODE);
    if (!tensors) { /* distributions, functions: only a choice at compile time will do */
        bool b;
        if (!value_to_boolean(e, c, a->kids[0]->span, &b)) return value_error();
        return b ? x : y;
    }
    return arithmetic_map(e, OP_where, 3, (struct value[]){c, x, y}, a->span);
}

static struct value evaluate_if(struct elaboration *e, struct environment *env, const struct ast *a)
{
    struct value c = condition(e, env, a->kids[0]);
    return c.kind == VALUE_ERROR ? c : evaluate_choice(e, env, a, c);
}

static struct value evaluate_call(struct elaboration *e, struct environment *env, const struct value *first, struct span first_span,
                                  const struct ast *callee, const struct ast *args, struct span span)
{
    struct value f = evaluate(e, env, callee);
    if (f.kind == VALUE_ERROR) return f;
    if (f.kind == VALUE_FUNCTION && f.declaration->kind == A_OPTIMIZER) {
        struct optimizer_value *o = NEW(e->g->mem, struct optimizer_value);
        *o = (struct optimizer_value){.declaration = f.declaration, .arguments = args, .where = env};
        if (first) { /* options are evaluated at each update: a value made before cannot be one */
            diag(e->g, E0407, span, arena_format(e->g->mem, "the optimizer %s, by |>,", f.declaration->name));
            diag_help(e->g, "its options stand in parentheses: %s(...)", f.declaration->name);
            return value_error();
        }
        return (struct value){.kind = VALUE_OPTIMIZER, .optimizer = o};
    }
    struct value v;
    if (f.kind == VALUE_BUILTIN && builtin_of_part(e, env, f.builtin, first, first_span, args, span, &v)) return v;
    struct arguments evaluated;
    if (!arguments_evaluate(e, env, first, first_span, args, span, &evaluated)) return value_error();
    return call(e, f, &evaluated, span);
}

struct value evaluate_piped(struct elaboration *e, struct environment *env, struct value first, struct span first_span, const struct ast *right)
{
    if (right->kind == A_CALL) return evaluate_call(e, env, &first, first_span, right->kids[0], right->kids[1], right->span);
    return evaluate_call(e, env, &first, first_span, right, NULL, right->span);
}

static struct value evaluate_field(struct elaboration *e, struct environment *env, const struct ast *a)
{
    if (scope_foreign(e, env, a)) return value_error();
    struct value base = evaluate(e, env, a->kids[0]);
    if (base.kind == VALUE_ERROR) return base;
    if (base.kind == VALUE_RECORD) {
        for (uint32_t i = 0; i < base.record->n; i++)
            if (base.record->names[i] == a->name) return base.record->fields[i];
        diag(e->g, E0413, a->name_span, "the record", a->name);
        const char *near = nearest_name(a->name, base.record->names, base.record->n);
        if (near) diag_help(e->g, "did you mean .%s?", near);
        return value_error();
    }
    const struct ast *record = base.kind == VALUE_SOURCE && base.declaration->kind == A_DATA ? base.declaration->ast->kids[0] : NULL;
    if (record && !base.field) {
        const struct ast *type = record;
        for (uint32_t i = 0; type->kind == A_RECORD && i < type->n; i++)
            if (type->kids[i]->name == a->name) {
                base.field = a->name;
                return base;
            }
    }
    diag(e->g, E0413, a->name_span, value_describe(e, &base), a->name);
    if (!strcmp(a->name, "shape")) diag_help(e->g, "write shape(x)");
    else if (record && record->kind == A_RECORD) advice_fields(e, base.declaration, a->name);
    else scope_method_help(e, env, a);
    return value_error();
}

/* The right side of a pipe whose left had an error: what it names is looked up all the same. */
static void evaluate_unpiped(struct elaboration *e, struct environment *env, const struct ast *right)
{
    struct value f = evaluate(e, env, right->kind == A_CALL ? right->kids[0] : right);
    const struct ast *args = right->kind == A_CALL && (f.kind != VALUE_FUNCTION || f.declaration->kind != A_OPTIMIZER) ? right->kids[1] : NULL;
    for (uint32_t i = 0; args && i < args->n; i++)
        if (args->kids[i]->kids[0]->kind != A_EXCEPT) evaluate(e, env, args->kids[i]->kids[0]);
}

/* a + b + c ... and x |> f |> g ... lean to the left as deep as they are long: from the innermost on. */
static struct value evaluate_chain(struct elaboration *e, struct environment *env, const struct ast *a)
{
    uint32_t n = 0;
    for (const struct ast *x = a; x->kind == a->kind; x = x->kids[0]) n++;
    const struct ast **chain = NEW_ARRAY(e->g->mem, const struct ast *, n);
    for (const struct ast *x = a; x->kind == a->kind; x = x->kids[0]) chain[--n] = x;
    struct value v = evaluate(e, env, chain[0]->kids[0]);
    for (;; n++) {
        const struct ast *x = chain[n];
        if (a->kind == A_BINARY) {
            struct value r = evaluate(e, env, x->kids[1]);
            v = v.kind == VALUE_ERROR || r.kind == VALUE_ERROR ? value_error() : arithmetic_binary(e, x->name, v, r, x->span);
        } else {
            v = value_read(e, v, x->kids[0]->span);
            if (v.kind != VALUE_ERROR) v = evaluate_piped(e, env, v, x->kids[0]->span, x->kids[1]);
            else evaluate_unpiped(e, env, x->kids[1]);
        }
        if (x == a) return v;
    }
}

static struct value evaluate_kind(struct elaboration *e, struct environment *env, const struct ast *a)
{
    switch (a->kind) {
    case A_NUMBER: return value_number(a->number);
    case A_STRING: return value_string(a->text);
    case A_BOOLEAN: return value_boolean(a->flags & AST_TRUE);
    case A_NAME: return scope_value(e, env, a);
    case A_NEGATE: {
        struct value x = evaluate(e, env, a->kids[0]);
        return arithmetic_map(e, OP_neg, 1, &x, a->span);
    }
    case A_NOT: return arithmetic_not(e, evaluate(e, env, a->kids[0]), a->span);
    case A_BINARY:
    case A_PIPE: return evaluate_chain(e, env, a);
    case A_CALL: return evaluate_call(e, env, NULL, a->span, a->kids[0], a->kids[1], a->span);
    case A_FIELD: return evaluate_field(e, env, a);
    case A_INDEX: {
        struct value v = value_error(), base = value_read(e, evaluate(e, env, a->kids[0]), a->kids[0]->span);
        if (base.kind == VALUE_ERROR || !evaluate_index(e, env, a, base, &v)) return value_error();
        return v;
    }
    case A_IF: return evaluate_if(e, env, a);
    case A_BLOCK: {
        struct value v = evaluate_block(e, env, a);
        if (v.kind != VALUE_ERROR || !v.text) return v;
        diag(e->g, E0409, a->span);
        return value_error();
    }
    case A_EXPECTATION: return evaluate_expectation(e, env, a);
    case A_SAMPLE: return evaluate_sample(e, env, a);
    case A_SHAPE: {
        struct type t;
        return evaluate_shape(e, env, a, &t) ? value_shape(t) : value_error();
    }
    default: diag(e->g, E0401, a->span, "an expression", "something else"); return value_error();
    }
}

struct value evaluate(struct elaboration *e, struct environment *env, const struct ast *a)
{
    if (e->work >= WORK_LIMIT) { /* said once; all that is under way ends */
        if (e->work++ == WORK_LIMIT) diag(e->g, E0425, a->span, WORK_LIMIT);
        return value_error();
    }
    if (e->nesting >= NESTING_LIMIT) {
        diag(e->g, E0117, a->span, NESTING_LIMIT);
        e->work = WORK_LIMIT + 1;
        return value_error();
    }
    e->work++;
    e->nesting++;
    struct value v = evaluate_kind(e, env, a);
    e->nesting--;
    return v;
}

struct value evaluate_block(struct elaboration *e, struct environment *outer, const struct ast *block)
{
    struct environment *env = NEW(e->g->mem, struct environment);
    env->outer = outer;
    return evaluate_block_in(e, env, block);
}

struct value evaluate_block_in(struct elaboration *e, struct environment *env, const struct ast *block)
{
    struct value result = {.kind = VALUE_ERROR};
    bool has_value = false;
    for (uint32_t i = 0; i < block->n; i++) {
        const struct ast *s = block->kids[i];
        bool last = i + 1 == block->n;
        struct value v = value_error();
        if (!evaluate_statement(e, env, s, &v)) return value_error();
        bool statement = s->kind == A_LET || s->kind == A_VAR || s->kind == A_PARAM || s->kind == A_STATE || s->kind == A_ASSIGN ||
                         s->kind == A_SET || s->kind == A_FOR;
        if (last && !statement) result = v, has_value = true;
        else if (!statement && s->kind != A_IF && v.kind != VALUE_ERROR) diag(e->g, E0415, s->span);
    }
    if (!has_value) result = (struct value){.kind = VALUE_ERROR, .text = "no value"};
    return result;
}

static bool evaluate_for(struct elaboration *e, struct environment *env, const struct ast *s)
{
    struct value low = evaluate(e, env, s->kids[0]), high = evaluate(e, env, s->kids[1]);
    int64_t a, b;
    if (!value_to_integer(e, low, s->kids[0]->span, "the start of a for", INT64_MIN / 2, &a)) return false;
    if (!value_to_integer(e, high, s->kids[1]->span, "the end of a for", INT64_MIN / 2, &b)) return false;
    if (b - a > LOOP_LIMIT) {
        diag(e->g, E0414, s->span, (long long)(b - a), (long long)LOOP_LIMIT);
        return false;
    }
    uint32_t errors = diag_errors(e->g);
    for (int64_t i = a; i < b && e->work <= WORK_LIMIT; i++, e->work++) {
        struct environment *round = NEW(e->g->mem, struct environment);
        round->outer = env;
        environment_bind(e, round, s->name, value_number((double)i));
        for (uint32_t k = 0; k < s->kids[2]->n; k++) {
            struct value ignored = value_error();
            if (!evaluate_statement(e, round, s->kids[2]->kids[k], &ignored)) return false;
        }
        if (diag_errors(e->g) > errors) return true; /* one round's errors are enough */
    }
    return true;
}

/* A statement's own `if`: its branch's statements work on the names outside (var h; if c { h = ... }). */
static bool evaluate_if_statement(struct elaboration *e, struct environment *env, const struct ast *s, struct value *result)
{
    struct value c = condition(e, env, s->kids[0]);
    if (c.kind == VALUE_ERROR) return true;
    bool compile_time = c.kind == VALUE_BOOLEAN || c.kind == VALUE_NUMBER;
    if (!compile_time) {
        if (s->kids[2]) { /* a choice between values */
            *result = evaluate_choice(e, env, s, c);
            return true;
        }
        bool b;
        if (c.kind == VALUE_NODE) {
            diag(e->g, E0411, s->span);
            return true;
        }
        if (!value_to_boolean(e, c, s->kids[0]->span, &b)) return true;
        c = value_boolean(b);
    }
    const struct ast *taken = c.number != 0 ? s->kids[1] : s->kids[2];
    if (!taken) return true;
    if (taken->kind == A_IF) return evaluate_if_statement(e, env, taken, result);
    *result = evaluate_block(e, env, taken);
    return true;
}

static bool evaluate_let(struct elaboration *e, struct environment *env, const struct ast *s)
{
    const struct ast *shape = s->kids[0], *value = s->kids[1];
    struct value v;
    if (s->flags & AST_TILDE) {
        struct type t;
        struct value source = evaluate(e, env, value);
        if (source.kind != VALUE_ERROR && shape && !evaluate_shape(e, env, shape, &t)) source = value_error();
        v = source.kind == VALUE_ERROR ? source : draw_source(e, s->name, source, shape ? &t : NULL, true, value->span);
    } else {
        v = value_read(e, evaluate(e, env, value), value->span);
        if (shape && v.kind != VALUE_ERROR) {
            struct type t = type_scalar();
            if (v.kind == VALUE_NODE) t = v.node->type;
            else if (v.kind == VALUE_RECORD || !value_is_scalar(&v)) {
                diag(e->g, E0401, value->span, "a tensor", value_describe(e, &v));
                v = value_error();
            }
            if (v.kind != VALUE_ERROR && !match_shape(e, env, shape, t, shape->span, s->name)) v = value_error();
        }
        if (shape && v.kind == VALUE_ERROR) sizes_unknown(e, env, shape);
    }
    if (v.kind == VALUE_NODE && v.home == e->graph && !v.node->name && v.node->op != OP_constant) v.node->name = s->name;
    struct binding *b = environment_bind(e, env, s->name, v);
    b->var = s->kind == A_VAR;
    return true;
}

bool evaluate_statement(struct elaboration *e, struct environment *env, const struct ast *s, struct value *result)
{
    switch (s->kind) {
    case A_LET:
    case A_VAR: return evaluate_let(e, env, s);
    case A_PARAM:
    case A_STATE: return declare_tensor_statement(e, env, s);
    case A_ASSIGN: {
        struct binding *b = environment_find(env, s->name);
        struct value v = value_read(e, evaluate(e, env, s->kids[0]), s->kids[0]->span);
        if (!b || !b->var) {
            diag(e->g, E0410, s->name_span, s->name);
            if (b && b->value.kind == VALUE_STATE) diag_help(e->g, "a state is set by `%s <- ...`", s->name);
            else if (b) diag_help(e->g, "declare it by `var %s = ...`", s->name);
            else {
                diag_help(e->g, "declare it: let %s = ...", s->name);
                environment_bind(e, env, s->name, value_error());
            }
            return true;
        }
        b->value = v;
        return true;
    }
    case A_SET: {
        struct binding *b = environment_find(env, s->name);
        struct value v = evaluate(e, env, s->kids[0]);
        if (!b || b->value.kind != VALUE_STATE) {
            diag(e->g, E0416, s->name_span, s->name);
            if (b && b->var) diag_help(e->g, "a var is assigned by `%s = ...`", s->name);
            else if (b) diag_help(e->g, "if `%s < -...` was meant, a space tells it from an arrow", s->name);
            return true;
        }
        struct node *n = value_to_node(e, v, s->kids[0]->span);
        if (n) tensor_set(e, b->value.tensor, n, s->span);
        return true;
    }
    case A_FOR: return evaluate_for(e, env, s);
    case A_IF: return evaluate_if_statement(e, env, s, result);
    case A_REPEAT:
    case A_EVERY:
    case A_TOGETHER:
    case A_OPTIMIZE:
    case A_PROJECT: {
        const char *what = s->kind == A_REPEAT ? "repeat" : s->kind == A_EVERY ? "every" : s->kind == A_TOGETHER ? "together" : "project";
        diag(e->g, E0501, s->span, s->kind == A_OPTIMIZE ? "maximize and minimize" : what);
        return true;
    }
    default: *result = evaluate(e, env, s); return true;
    }
}
