/* sexpr.c: expressions of the schedule: rates, repeat counts, conditions. Scalars in double, evaluated between graphs.
 *
 * They are folded as they are built, with the same arithmetic that graphs fold with (op_hooks), and print as the language
 * writes them, with no more parentheses than needed. */
#include "graph/program.h"

#include "base/buffer.h"
#include "graph/text.h"
#include "ops/ops.h"

#include <inttypes.h>
#include <stdlib.h>

const struct sexpr *sexpr_number(struct ganc *g, double x)
{
    struct sexpr *e = NEW(g->mem, struct sexpr);
    *e = (struct sexpr){.kind = SEXPR_NUMBER, .number = x};
    return e;
}

const struct sexpr *sexpr_leaf(struct ganc *g, enum sexpr_kind kind, uint32_t index)
{
    struct sexpr *e = NEW(g->mem, struct sexpr);
    *e = (struct sexpr){.kind = kind, .index = index};
    return e;
}

const struct sexpr *sexpr_op(struct ganc *g, enum op op, uint32_t nargs, const struct sexpr *const *args)
{
    struct sexpr *e = NEW(g->mem, struct sexpr);
    *e = (struct sexpr){.kind = SEXPR_OP, .op = op, .nargs = nargs};
    double x[3] = {0};
    bool constant = true;
    for (uint32_t i = 0; i < nargs; i++) {
        if (!args[i])
            return NULL;
        e->arg[i] = args[i];
        x[i] = args[i]->number;
        constant = constant && args[i]->kind == SEXPR_NUMBER;
    }
    return constant ? sexpr_number(g, op_hooks[op].fold(x)) : e;
}

const struct sexpr *sexpr_logic(struct ganc *g, enum sexpr_kind kind, const struct sexpr *a, const struct sexpr *b)
{
    if (!a || (kind != SEXPR_NOT && !b))
        return NULL;
    if (a->kind == SEXPR_NUMBER) {
        bool decided = kind == SEXPR_OR ? a->number != 0 : a->number == 0;
        if (kind == SEXPR_NOT || decided)
            return sexpr_number(g, kind == SEXPR_NOT ? a->number == 0 : kind == SEXPR_OR);
        if (b->kind == SEXPR_NUMBER)
            return sexpr_number(g, b->number != 0);
    }
    struct sexpr *e = NEW(g->mem, struct sexpr);
    *e = (struct sexpr){.kind = kind, .nargs = kind == SEXPR_NOT ? 1 : 2, .arg = {a, kind == SEXPR_NOT ? NULL : b}};
    return e;
}

bool sexpr_equal(const struct sexpr *a, const struct sexpr *b)
{
    if (a == b)
        return true;
    if (!a || !b || a->kind != b->kind || a->nargs != b->nargs)
        return false;
    switch (a->kind) {
    case SEXPR_NUMBER: /* as bits: 0 is not -0, and nan is nan */
        return (a->number == b->number && signbit(a->number) == signbit(b->number)) || (isnan(a->number) && isnan(b->number));
    case SEXPR_STEP:
    case SEXPR_EPOCH:
    case SEXPR_LOOK:
        return true;
    case SEXPR_SETTING:
    case SEXPR_UPDATES:
    case SEXPR_VAR:
    case SEXPR_STATE:
    case SEXPR_RESULT:
        return a->index == b->index;
    case SEXPR_OP:
        if (a->op != b->op)
            return false;
        break;
    case SEXPR_NOT:
    case SEXPR_AND:
    case SEXPR_OR:
        break;
    }
    for (uint32_t i = 0; i < a->nargs; i++)
        if (!sexpr_equal(a->arg[i], b->arg[i]))
            return false;
    return true;
}

double sexpr_evaluate(const struct sexpr *e, const struct sexpr_context *c)
{
    double x[3] = {0};
    switch (e->kind) {
    case SEXPR_NUMBER:
        return e->number;
    case SEXPR_SETTING:
        return c->settings[e->index];
    case SEXPR_STEP:
        return c->step;
    case SEXPR_EPOCH:
        return c->epoch;
    case SEXPR_LOOK:
        return c->look;
    case SEXPR_UPDATES:
        return c->counters[e->index];
    case SEXPR_VAR:
        return c->vars[e->index];
    case SEXPR_STATE:
        return *c->state(c->self, e->index);
    case SEXPR_RESULT:
        return c->results[e->index];
    case SEXPR_OP:
        for (uint32_t i = 0; i < e->nargs; i++)
            x[i] = sexpr_evaluate(e->arg[i], c);
        return op_hooks[e->op].fold(x);
    case SEXPR_NOT:
        return sexpr_evaluate(e->arg[0], c) == 0;
    case SEXPR_AND:
        return sexpr_evaluate(e->arg[0], c) != 0 && sexpr_evaluate(e->arg[1], c) != 0;
    case SEXPR_OR:
        return sexpr_evaluate(e->arg[0], c) != 0 || sexpr_evaluate(e->arg[1], c) != 0;
    }
    abort();
}

/* ---- printing ---- */

enum { ATOM = 9 };

/* How an operator is written, how tightly it binds, and how tightly its operands must at least. */
struct spelling {
    const char *text;
    int binds, left, right;
};

static struct spelling spelling_of(const struct sexpr *e)
{
    static const struct {
        enum op op;
        struct spelling s;
    } infix[] = {
        {OP_eq, {" == ", 4, 5, 5}}, {OP_ne, {" != ", 4, 5, 5}}, {OP_lt, {" < ", 4, 5, 5}},  {OP_le, {" <= ", 4, 5, 5}},
        {OP_gt, {" > ", 4, 5, 5}},  {OP_ge, {" >= ", 4, 5, 5}}, {OP_add, {" + ", 5, 5, 6}}, {OP_sub, {" - ", 5, 5, 6}},
        {OP_mul, {" * ", 6, 6, 7}}, {OP_div, {" / ", 6, 6, 7}}, {OP_rem, {" % ", 6, 6, 7}}, {OP_neg, {"-", 7, 7, 7}},
        {OP_pow, {" ^ ", 8, 9, 7}},
    };
    switch (e->kind) {
    case SEXPR_OR:
        return (struct spelling){" or ", 1, 1, 2};
    case SEXPR_AND:
        return (struct spelling){" and ", 2, 2, 3};
    case SEXPR_NOT:
        return (struct spelling){"not ", 3, 3, 3};
    case SEXPR_NUMBER:
        return (struct spelling){NULL, signbit(e->number) && !isnan(e->number) ? 7 : ATOM, 0, 0};
    case SEXPR_OP:
        for (size_t i = 0; i < sizeof infix / sizeof *infix; i++)
            if (infix[i].op == e->op)
                return infix[i].s;
        break;
    default:
        break;
    }
    return (struct spelling){NULL, ATOM, 0, 0};
}

/* A setting's name stands bare, unless it would be read as something else. */
static void print_setting(struct buffer *to, const struct text_names *names, uint32_t index)
{
    if (index < names->program->settings.n && text_is_reserved(names->program->settings.at[index].name))
        buffer_quoted(to, names->program->settings.at[index].name);
    else
        text_reference(to, names, NAME_SETTING, index);
}

static void print_atom(struct buffer *to, const struct text_names *names, const struct sexpr *e)
{
    static const struct {
        const char *word;
        enum name_space space;
    } named[] = {
        [SEXPR_UPDATES] = {"updates", NAME_COUNTER},
        [SEXPR_STATE] = {"state", NAME_TENSOR},
        [SEXPR_RESULT] = {"result", NAME_RESULT},
    };
    switch (e->kind) {
    case SEXPR_NUMBER:
        buffer_number(to, e->number);
        break;
    case SEXPR_SETTING:
        print_setting(to, names, e->index);
        break;
    case SEXPR_STEP:
        buffer_put(to, "step");
        break;
    case SEXPR_EPOCH:
        buffer_put(to, "epoch");
        break;
    case SEXPR_LOOK:
        buffer_put(to, "look()");
        break;
    case SEXPR_VAR:
        buffer_put(to, "$%" PRIu32, e->index);
        break;
    case SEXPR_UPDATES:
    case SEXPR_STATE:
    case SEXPR_RESULT:
        buffer_put(to, "%s(", named[e->kind].word);
        text_reference(to, names, named[e->kind].space, e->index);
        buffer_put(to, ")");
        break;
    default: /* an operation written as a call */
        buffer_put(to, "%s(", op_info[e->op].name);
        for (uint32_t i = 0; i < e->nargs; i++) {
            buffer_put(to, "%s", i ? ", " : "");
            text_sexpr(to, names, e->arg[i]);
        }
        buffer_put(to, ")");
    }
}

static void print_tight(struct buffer *to, const struct text_names *names, const struct sexpr *e, int least)
{
    struct spelling s = spelling_of(e);
    bool parentheses = s.binds < least;
    if (parentheses)
        buffer_put(to, "(");
    if (!s.text)
        print_atom(to, names, e);
    else {
        if (e->nargs == 2)
            print_tight(to, names, e->arg[0], s.left);
        buffer_put(to, "%s", s.text);
        print_tight(to, names, e->arg[e->nargs - 1], s.right);
    }
    if (parentheses)
        buffer_put(to, ")");
}

void text_sexpr(struct buffer *to, const struct text_names *names, const struct sexpr *e)
{
    print_tight(to, names, e, 0);
}

void sexpr_print(struct buffer *to, const struct program *p, const struct sexpr *e)
{
    struct arena *mem = arena_new();
    text_sexpr(to, text_names_new(mem, p), e);
    arena_free(mem);
}
