/* arithmetic.c: operators and elementwise functions on values of any kind: numbers fold, expressions of the schedule
 * stay such, and as soon as a tensor takes part a node is made. */
#include "elaborate/internal.h"
#include "ops/ops.h"

#include <string.h>

struct node *node_make(struct elaboration *e, enum op op, uint32_t n, struct node *const *x, const struct node *like, struct span span)
{
    for (uint32_t i = 0; i < n; i++)
        if (!x[i]) return NULL;
    return graph_node(e->g, e->graph, op, n, x, like, span);
}

/* An operation as the language writes it. */
static const struct spelling {
    const char *text;
    enum op op;
} spellings[] = {{"+", OP_add}, {"-", OP_sub}, {"*", OP_mul}, {"/", OP_div}, {"%", OP_rem}, {"^", OP_pow}, {"==", OP_eq}, {"!=", OP_ne},
                 {"<", OP_lt},  {"<=", OP_le}, {">", OP_gt},  {">=", OP_ge}, {"-", OP_neg}, {"a choice", OP_where}};

static const char *spelling_of(enum op op)
{
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
        if (spellings[i].op == op) return spellings[i].text;
    return op_info[op].name;
}

/* Reports what is neither a number nor a tensor. */
static bool operand(struct elaboration *e, const char *what, const struct value *v, struct span span)
{
    if (v->kind == VALUE_ERROR) return false;
    if (value_is_scalar(v) || v->kind == VALUE_NODE) return true;
    diag(e->g, E0408, span, what, value_describe(e, v));
    advice_kind(e, v);
    return false;
}

struct value arithmetic_map(struct elaboration *e, enum op op, uint32_t n, const struct value *x, struct span span)
{
    struct value v[3];
    bool numbers = true, scalars = true, gradients = false;
    for (uint32_t i = 0; i < n; i++) {
        v[i] = value_read(e, x[i], span);
        gradients = gradients || v[i].kind == VALUE_GRADIENTS;
        if (v[i].kind != VALUE_GRADIENTS && !operand(e, spelling_of(op), &v[i], span)) return value_error();
        numbers = numbers && (v[i].kind == VALUE_NUMBER || v[i].kind == VALUE_BOOLEAN);
        scalars = scalars && value_is_scalar(&v[i]);
    }
    if (gradients) return gradients_map(e, op, spelling_of(op), v, span);
    bool comparison = op >= OP_eq && op <= OP_ge;
    if (numbers) {
        double d[3] = {0};
        for (uint32_t i = 0; i < n; i++) d[i] = v[i].number;
        double y = op_hooks[op].fold(d);
        return comparison ? value_boolean(y != 0) : value_number(y);
    }
    if (scalars) {
        const struct sexpr *s[3];
        for (uint32_t i = 0; i < n; i++) s[i] = value_to_sexpr(e, v[i], span);
        return value_schedule(sexpr_op(e->g, op, n, s));
    }
    struct node *nodes[3];
    for (uint32_t i = 0; i < n; i++)
        if (!(nodes[i] = value_to_node(e, v[i], span))) return value_error();
    return value_node(e, node_make(e, op, n, nodes, &(struct node){0}, span));
}

static struct value logic(struct elaboration *e, bool is_and, struct value a, struct value b, struct span span)
{
    a = value_read(e, a, span);
    b = value_read(e, b, span);
    if (!operand(e, is_and ? "and" : "or", &a, span) || !operand(e, is_and ? "and" : "or", &b, span)) return value_error();
    if ((a.kind == VALUE_BOOLEAN || a.kind == VALUE_NUMBER) && (b.kind == VALUE_BOOLEAN || b.kind == VALUE_NUMBER))
        return value_boolean(is_and ? a.number != 0 && b.number != 0 : a.number != 0 || b.number != 0);
    if (value_is_scalar(&a) && value_is_scalar(&b))
        return value_schedule(sexpr_logic(e->g, is_and ? SEXPR_AND : SEXPR_OR, value_to_sexpr(e, a, span), value_to_sexpr(e, b, span)));
    return arithmetic_map(e, is_and ? OP_min : OP_max, 2, (struct value[]){a, b}, span);
}

struct value arithmetic_not(struct elaboration *e, struct value a, struct span span)
{
    a = value_read(e, a, span);
    if (!operand(e, "not", &a, span)) return value_error();
    if (a.kind == VALUE_BOOLEAN || a.kind == VALUE_NUMBER) return value_boolean(a.number == 0);
    if (a.kind == VALUE_SCHEDULE) return value_schedule(sexpr_logic(e->g, SEXPR_NOT, a.sexpr, NULL));
    return arithmetic_map(e, OP_sub, 2, (struct value[]){value_number(1), a}, span);
}

/* a @ b: the last axis of a with the first of b (LANGUAGE section 5). The graph's product is of matrices with the batch among a's rows,
 * so an unbatched a with a batched b is turned round, and further axes of b are folded into its columns. */
struct value arithmetic_matmul(struct elaboration *e, struct value av, struct value bv, struct span span)
{
    struct node *a = value_to_node(e, av, span), *b = value_to_node(e, bv, span);
    if (!a || !b) return value_error();
    struct type ta = a->type, tb = b->type;
    if (!ta.rank || !tb.rank || ta.dim[ta.rank - 1] != tb.dim[0]) {
        diag(e->g, E0206, span, type_text(e, ta), type_text(e, tb));
        advice_product(e, ta, tb);
        return value_error();
    }
    if (ta.rank + tb.rank - 2 > MAX_RANK) {
        diag(e->g, E0208, span, MAX_RANK);
        return value_error();
    }
    if (ta.rank == 1 && tb.rank == 1) { /* a dot product */
        struct node *m = node_make(e, OP_mul, 2, (struct node *[]){a, b}, &(struct node){0}, span);
        return !m ? value_error() : value_node(e, graph_sum(e->g, e->graph, m, (int64_t[]){0}, 1, false));
    }
    if (!tb.batched) {
        struct node *w = b;
        if (tb.rank == 1) w = graph_reshape(e->g, e->graph, b, type_of(false, 2, (int64_t[]){tb.dim[0], 1}));
        else if (tb.rank > 2) w = graph_reshape(e->g, e->graph, b, type_of(false, 2, (int64_t[]){tb.dim[0], type_elements(tb) / tb.dim[0]}));
        struct node *y = node_make(e, OP_matmul, 2, (struct node *[]){a, w}, &(struct node){0}, span);
        if (!y || tb.rank == 2) return value_node(e, y);
        struct type t = {.batched = ta.batched};
        for (int i = 0; i + 1 < ta.rank; i++) t.dim[t.rank++] = ta.dim[i];
        for (int i = 1; i < tb.rank; i++) t.dim[t.rank++] = tb.dim[i];
        return value_node(e, graph_reshape(e->g, e->graph, y, t));
    }
    if (!ta.batched && ta.rank == 2 && tb.rank == 1) /* W x = x W', example by example */
        return value_node(e, node_make(e, OP_matmul, 2, (struct node *[]){b, a}, &(struct node){.tb = true}, span));
    /* one product for each example: sum over k of a[., k, .] b[., k, .]; no kernel stores the terms */
    int64_t k = tb.dim[0], m = type_elements(ta) / k, n = type_elements(tb) / k;
    struct node *x = graph_reshape(e->g, e->graph, a, type_of(ta.batched, 3, (int64_t[]){m, k, 1}));
    struct node *y = graph_reshape(e->g, e->graph, b, type_of(tb.batched, 3, (int64_t[]){1, k, n}));
    struct node *products = node_make(e, OP_mul, 2, (struct node *[]){x, y}, &(struct node){0}, span); /* may be too large */
    if (!products) return value_error();
    struct node *s = graph_sum(e->g, e->graph, products, (int64_t[]){1}, 1, false);
    struct type t = {.batched = true};
    for (int i = 0; i + 1 < ta.rank; i++) t.dim[t.rank++] = ta.dim[i];
    for (int i = 1; i < tb.rank; i++) t.dim[t.rank++] = tb.dim[i];
    return value_node(e, graph_reshape(e->g, e->graph, s, t));
}

struct value arithmetic_binary(struct elaboration *e, const char *operator, struct value a, struct value b, struct span span)
{
    if (!strcmp(operator, "and") || !strcmp(operator, "or")) return logic(e, operator[0] == 'a', a, b, span);
    if (!strcmp(operator, "@")) return arithmetic_matmul(e, a, b, span);
    bool equal = !strcmp(operator, "=="), unequal = !strcmp(operator, "!=");
    if (equal || unequal) {
        if (a.kind == VALUE_STRING && b.kind == VALUE_STRING) return value_boolean((strcmp(a.text, b.text) == 0) == equal);
        if (a.kind == VALUE_SHAPE && b.kind == VALUE_SHAPE) return value_boolean(type_equal(a.shape, b.shape) == equal);
        if (a.kind == VALUE_STRING || b.kind == VALUE_STRING) return value_boolean(!equal); /* an option may be a text or something else */
    }
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
        if (!strcmp(operator, spellings[i].text)) return arithmetic_map(e, spellings[i].op, 2, (struct value[]){a, b}, span);
    return value_error();
}
