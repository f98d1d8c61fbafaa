/* rule.c: reads the rule files of the standard library into terms, and builds terms into graphs. */
#include "differentiate/rule.h"

#include "base/diag.h"
#include "elaborate/library.h"
#include "ops/ops.h"
#include "syntax/ast.h"

#include <string.h>

struct reader {
    struct ganc *g;
    const char *file;
    const char *names[RULE_VARIABLES];
    uint32_t names_count;
    bool binds; /* an unknown name is a new variable (patterns), rather than an error */
    bool failed;
    bool given; /* the file is the user's, and its derivatives replace those before */
};

static const struct {
    const char *spelling;
    enum op op;
} operators[] = {{"+", OP_add}, {"-", OP_sub}, {"*", OP_mul}, {"/", OP_div}, {"%", OP_rem}, {"^", OP_pow},
                 {"==", OP_eq}, {"!=", OP_ne}, {"<", OP_lt},  {"<=", OP_le}, {">", OP_gt},  {">=", OP_ge}};

static void refuse(struct reader *r, struct span span, const char *why)
{
    if (!r->failed) diag(r->g, r->given ? E0707 : E0650, span, r->file, why);
    r->failed = true;
}

/* ---- expressions to terms ---- */

static const struct term *read_term(struct reader *r, const struct ast *e);

static const struct term *term_number(struct reader *r, double x)
{
    struct term *t = NEW(r->g->mem, struct term);
    t->kind = TERM_NUMBER;
    t->number = x;
    return t;
}

static const struct term *term_op(struct reader *r, const struct ast *e, enum op op, uint32_t n, const struct ast *const *args)
{
    if (op == OP_COUNT || op_info[op].class != CLASS_MAP || op_info[op].operands != (int)n) {
        refuse(r, e->span, "this is not an elementwise operation with so many operands");
        return NULL;
    }
    struct term *t = NEW(r->g->mem, struct term);
    t->kind = TERM_OP;
    t->op = op;
    t->nargs = n;
    for (uint32_t i = 0; i < n; i++) t->arg[i] = read_term(r, args[i]);
    return t;
}

static const struct term *read_name(struct reader *r, const struct ast *e)
{
    struct term *t = NEW(r->g->mem, struct term);
    t->kind = TERM_VARIABLE;
    for (t->variable = 0; t->variable < r->names_count; t->variable++)
        if (r->names[t->variable] == e->name) return t;
    if (!r->binds)
        refuse(r, e->span, "this name is not bound by the left side");
    else if (r->names_count == RULE_VARIABLES)
        refuse(r, e->span, "too many names");
    else
        r->names[r->names_count++] = e->name;
    return t;
}

/* The callee and the arguments of a call by name, without options; false where e is something else. */
static bool read_call(const struct ast *e, const char **callee, const struct ast **args, uint32_t *n)
{
    if (e->kind != A_CALL || e->n != 2 || e->kids[0]->kind != A_NAME || !e->kids[1] || e->kids[1]->n > 3) return false;
    *callee = e->kids[0]->name;
    *n = e->kids[1]->n;
    for (uint32_t i = 0; i < *n; i++) {
        const struct ast *a = e->kids[1]->kids[i];
        if (a->kind == A_ARGUMENT) {
            if (a->name) return false;
            a = a->kids[0];
        }
        args[i] = a;
    }
    return true;
}

static const struct term *read_term(struct reader *r, const struct ast *e)
{
    const struct ast *args[3];
    const char *callee;
    uint32_t n;
    switch (e->kind) {
    case A_NUMBER: return term_number(r, e->number);
    case A_NAME: return read_name(r, e);
    case A_NEGATE:
        if (e->kids[0]->kind == A_NUMBER) return term_number(r, -e->kids[0]->number);
        return term_op(r, e, OP_neg, 1, (const struct ast *const *)e->kids);
    case A_BINARY:
        for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
            if (!strcmp(operators[i].spelling, e->name))
                return term_op(r, e, operators[i].op, 2, (const struct ast *const *)e->kids);
        break;
    case A_CALL:
        if (read_call(e, &callee, args, &n)) return term_op(r, e, op_find(callee), n, args);
        break;
    default: break;
    }
    refuse(r, e->span, "rules are made of numbers, names and elementwise operations");
    return NULL;
}

/* ---- declarations ---- */

static void read_derivative(struct reader *r, struct rules *rules, const struct ast *d)
{
    const struct ast *args[3];
    const char *callee;
    uint32_t n;
    if (d->n == 0 || !read_call(d->kids[0], &callee, args, &n)) {
        refuse(r, d->span, "a derivative is of an operation's call");
        return;
    }
    enum op op = op_find(callee);
    if (op == OP_COUNT || op_info[op].class != CLASS_MAP || op_info[op].operands != (int)n || d->n != n + 1) {
        refuse(r, d->span, "a derivative names an elementwise operation, its operands, and a gradient for each");
        return;
    }
    if (rules->derivative[op].present && !r->given) refuse(r, d->span, "this operation has a derivative already");
    struct derivative *to = &rules->derivative[op];
    to->present = true;
    to->span = d->span;
    r->names_count = 0;
    r->binds = true;
    for (uint32_t i = 0; i < n; i++) {
        if (args[i]->kind != A_NAME) refuse(r, args[i]->span, "an operand is a name here");
        else read_name(r, args[i]);
    }
    if (r->names_count != n) refuse(r, d->span, "operands have different names");
    r->names[n] = intern(r->g, "y");
    r->names[n + 1] = intern(r->g, "dy");
    r->names_count = n + 2;
    r->binds = false;
    for (uint32_t i = 0; i < n; i++) {
        const struct ast *e = d->kids[i + 1];
        to->dx[i] = e->kind == A_NUMBER && e->number == 0 ? NULL : read_term(r, e);
    }
}

static void read_rewrite(struct reader *r, struct rules *rules, const struct ast *d)
{
    struct rewrite w = {.span = d->span};
    r->names_count = 0;
    r->binds = true;
    w.pattern = read_term(r, d->kids[0]);
    r->binds = false;
    w.replacement = read_term(r, d->kids[1]);
    w.variables = r->names_count;
    if (!w.pattern || w.pattern->kind != TERM_OP) {
        refuse(r, d->span, "a pattern is an operation");
        return;
    }
    vec_push(r->g->mem, &rules->by_op[w.pattern->op], rules->rewrites.n);
    vec_push(r->g->mem, &rules->rewrites, w);
}

static bool read_rules(struct reader *r, struct rules *rules, uint32_t file)
{
    uint32_t errors = diag_errors(r->g);
    const struct ast *tree = ast_parse(r->g, file, true);
    if (!tree || diag_errors(r->g) != errors) return false;
    for (uint32_t k = 0; k < tree->n; k++) {
        const struct ast *d = tree->kids[k];
        if (d->kind == A_DERIVATIVE) read_derivative(r, rules, d);
        else if (d->kind == A_REWRITE) read_rewrite(r, rules, d);
        else refuse(r, d->span, "only rules stand in this file");
    }
    return !r->failed;
}

static bool read_given(struct ganc *g, struct rules *rules)
{
    struct reader r = {.g = g, .file = g->rules_file, .given = true};
    uint32_t file;
    return source_read(g, g->rules_file, &file) && read_rules(&r, rules, file);
}

static bool read_file(struct ganc *g, struct rules *rules, const char *name)
{
    struct reader r = {.g = g, .file = name};
    for (unsigned i = 0; i < library_count; i++) {
        const struct library_file *f = &library_files[i];
        if (strcmp(f->name, name)) continue;
        uint32_t file;
        struct source *s = source_add(g, arena_format(g->mem, "<stdlib/%s>", name), f->text, f->length, &file);
        s->library = true;
        return read_rules(&r, rules, file);
    }
    refuse(&r, (struct span){0}, "it is not in the library");
    return false;
}

const struct rules *rules_of(struct ganc *g)
{
    if (g->rules) return g->rules;
    struct rules *rules = NEW(g->mem, struct rules);
    if (!read_file(g, rules, "derivatives.gan") || !read_file(g, rules, "rewrites.gan")) return NULL;
    if (g->rules_file && !read_given(g, rules)) return NULL;
    g->rules = rules;
    return rules;
}

/* ---- use ---- */

bool rules_send(const struct rules *rules, const struct node *n, uint32_t i)
{
    if (rules->derivative[n->op].present) return rules->derivative[n->op].dx[i] != NULL;
    return op_hooks[n->op].derive != NULL;
}

struct node *term_build(struct ganc *g, struct graph *graph, const struct term *t, struct node *const *bound, struct span span)
{
    if (t->kind == TERM_VARIABLE) return bound[t->variable];
    if (t->kind == TERM_NUMBER) return graph_constant(g, graph, t->number, span);
    struct node *args[3], like = {0};
    for (uint32_t i = 0; i < t->nargs; i++) {
        args[i] = term_build(g, graph, t->arg[i], bound, span);
        if (!args[i]) return NULL;
    }
    return graph_node(g, graph, t->op, t->nargs, args, &like, span);
}

bool node_number(const struct node *n, double *number)
{
    while (n->op == OP_expand) n = n->arg[0];
    if (n->op != OP_constant) return false;
    *number = n->number;
    return true;
}
