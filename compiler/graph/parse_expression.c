/* parse_expression.c: expressions of the schedule, by precedence climbing; sexpr.c prints what this reads. */
#include "graph/parse.h"

#include <string.h>

/* Bounds that no program of ours comes near; they keep the recursion of this file, and of all that walk expressions, shallow. */
enum { MOST_DEPTH = 200, MOST_OPERATORS = 4000 };

static const struct sexpr *parse_binary(struct parse *s, int least);

struct operator {
    int token;
    const char *word; /* TOKEN_WORD */
    enum sexpr_kind kind;
    enum op op;
    int binds, right; /* how tightly; how tightly its right operand must at least */
};

static const struct operator operators[] = {
    {TOKEN_WORD, "or", SEXPR_OR, 0, 1, 2},
    {TOKEN_WORD, "and", SEXPR_AND, 0, 2, 3},
    {TOKEN_EQUAL, NULL, SEXPR_OP, OP_eq, 4, 5},
    {TOKEN_UNEQUAL, NULL, SEXPR_OP, OP_ne, 4, 5},
    {'<', NULL, SEXPR_OP, OP_lt, 4, 5},
    {TOKEN_AT_MOST, NULL, SEXPR_OP, OP_le, 4, 5},
    {'>', NULL, SEXPR_OP, OP_gt, 4, 5},
    {TOKEN_AT_LEAST, NULL, SEXPR_OP, OP_ge, 4, 5},
    {'+', NULL, SEXPR_OP, OP_add, 5, 6},
    {'-', NULL, SEXPR_OP, OP_sub, 5, 6},
    {'*', NULL, SEXPR_OP, OP_mul, 6, 7},
    {'/', NULL, SEXPR_OP, OP_div, 6, 7},
    {'%', NULL, SEXPR_OP, OP_rem, 6, 7},
    {'^', NULL, SEXPR_OP, OP_pow, 8, 7},
};

static const struct operator *next_operator(const struct parse *s)
{
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (operators[i].word ? parse_is_word(s, operators[i].word) : parse_is(s, operators[i].token))
            return &operators[i];
    return NULL;
}

/* state(NAME), updates(NAME), result(NAME), or an elementwise operation as a call. */
static const struct sexpr *parse_call(struct parse *s)
{
    static const struct {
        const char *word;
        enum sexpr_kind kind;
        enum name_space space;
    } leaves[] = {{"updates", SEXPR_UPDATES, NAME_COUNTER}, {"state", SEXPR_STATE, NAME_TENSOR}, {"result", SEXPR_RESULT, NAME_RESULT}};
    const struct token *name = parse_next(s);
    parse_expect(s, '(');
    for (size_t i = 0; i < sizeof leaves / sizeof *leaves; i++) {
        if (strcmp(name->text, leaves[i].word))
            continue;
        uint32_t index = parse_reference(s, leaves[i].space);
        parse_expect(s, ')');
        return s->bad ? NULL : sexpr_leaf(s->g, leaves[i].kind, index);
    }
    enum op op = op_find(name->text);
    if (op == OP_COUNT || op_info[op].class != CLASS_MAP) {
        diag(s->g, E0607, parse_span(s, name), name->text);
        s->bad = true;
        return NULL;
    }
    const struct sexpr *x[3] = {0};
    for (int i = 0; i < op_info[op].operands; i++) {
        if (i)
            parse_expect(s, ',');
        x[i] = parse_binary(s, 0);
    }
    parse_expect(s, ')');
    return s->bad ? NULL : sexpr_op(s->g, op, (uint32_t)op_info[op].operands, x);
}

static const struct sexpr *parse_operand(struct parse *s)
{
    if (parse_accept(s, '(')) {
        const struct sexpr *e = parse_binary(s, 0);
        parse_expect(s, ')');
        return e;
    }
    const struct token *t = parse_peek(s, 0);
    if (parse_is(s, TOKEN_NUMBER) || parse_is_word(s, "inf") || parse_is_word(s, "nan"))
        return sexpr_number(s->g, parse_number(s));
    if (parse_accept(s, TOKEN_SLOT))
        return sexpr_leaf(s->g, SEXPR_VAR, t->index);
    if (parse_accept_word(s, "step"))
        return sexpr_leaf(s->g, SEXPR_STEP, 0);
    if (parse_accept_word(s, "epoch"))
        return sexpr_leaf(s->g, SEXPR_EPOCH, 0);
    if (parse_is_word(s, "look") && parse_peek(s, 1)->kind == '(' && parse_peek(s, 2)->kind == ')') {
        s->at += 3;
        return sexpr_leaf(s->g, SEXPR_LOOK, 0);
    }
    if (parse_is(s, TOKEN_WORD) && parse_peek(s, 1)->kind == '(')
        return parse_call(s);
    if (!parse_is(s, TOKEN_WORD) && !parse_is(s, TOKEN_STRING) && !parse_is(s, TOKEN_INDEX)) {
        parse_failed(s, "an expression");
        return NULL;
    }
    uint32_t index = parse_reference(s, NAME_SETTING);
    return s->bad ? NULL : sexpr_leaf(s->g, SEXPR_SETTING, index);
}

static const struct sexpr *parse_prefix(struct parse *s, int least)
{
    if (parse_is_word(s, "not") && least <= 3) {
        s->at++;
        return sexpr_logic(s->g, SEXPR_NOT, parse_binary(s, 3), NULL);
    }
    if (!parse_accept(s, '-'))
        return parse_operand(s);
    const struct sexpr *x = parse_binary(s, 7);
    if (x && x->kind == SEXPR_NUMBER)
        return sexpr_number(s->g, -x->number);
    return sexpr_op(s->g, OP_neg, 1, &x);
}

/* An expression whose outermost operator binds at least as tightly as `least`. */
static const struct sexpr *parse_binary(struct parse *s, int least)
{
    if (s->bad)
        return NULL;
    if (++s->depth > MOST_DEPTH || ++s->operators > MOST_OPERATORS) {
        diag(s->g, E0612, parse_span(s, parse_peek(s, 0)), "an expression", s->depth > MOST_DEPTH ? MOST_DEPTH : MOST_OPERATORS);
        s->bad = true;
        s->depth--;
        return NULL;
    }
    const struct sexpr *x = parse_prefix(s, least);
    const struct operator *o;
    int compared = 0;
    while (x && (o = next_operator(s)) && o->binds >= least && !(o->binds == 4 && compared++)) {
        s->at++;
        const struct sexpr *y = parse_binary(s, o->right);
        x = o->kind == SEXPR_OP ? sexpr_op(s->g, o->op, 2, (const struct sexpr *const[]){x, y}) : sexpr_logic(s->g, o->kind, x, y);
    }
    s->depth--;
    return s->bad ? NULL : x;
}

const struct sexpr *parse_expression(struct parse *s)
{
    s->operators = 0;
    s->depth = 0;
    return parse_binary(s, 0);
}
