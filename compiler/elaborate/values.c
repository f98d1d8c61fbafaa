/* values.c: making values, and asking them to be what a place in the language wants. */
#include "elaborate/internal.h"

#include <string.h>

struct value value_error(void)
{
    return (struct value){.kind = VALUE_ERROR};
}

struct value value_number(double x)
{
    return (struct value){.kind = VALUE_NUMBER, .number = x};
}

struct value value_boolean(bool b)
{
    return (struct value){.kind = VALUE_BOOLEAN, .number = b};
}

struct value value_string(const char *text)
{
    return (struct value){.kind = VALUE_STRING, .text = text};
}

struct value value_schedule(const struct sexpr *s)
{
    return s->kind == SEXPR_NUMBER ? value_number(s->number) : (struct value){.kind = VALUE_SCHEDULE, .sexpr = s};
}

struct value value_node(struct elaboration *e, struct node *n)
{
    return n ? (struct value){.kind = VALUE_NODE, .node = n, .home = e->graph} : value_error();
}

struct value value_shape(struct type t)
{
    t.batched = false;
    return (struct value){.kind = VALUE_SHAPE, .shape = t};
}

bool value_is_scalar(const struct value *v)
{
    return v->kind == VALUE_NUMBER || v->kind == VALUE_BOOLEAN || v->kind == VALUE_SCHEDULE;
}

static bool distribution_equal(const struct distribution *a, const struct distribution *b)
{
    if (a == b) return true;
    if (a->kind != b->kind || a->n != b->n || !value_equal(&a->a, &b->a) || !value_equal(&a->b, &b->b)) return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (!value_equal(&a->rest[i], &b->rest[i])) return false;
    return true;
}

bool value_equal(const struct value *a, const struct value *b)
{
    if (a->kind != b->kind) return false;
    switch (a->kind) {
    case VALUE_ERROR: return true;
    case VALUE_NUMBER:
    case VALUE_BOOLEAN: return memcmp(&a->number, &b->number, sizeof a->number) == 0;
    case VALUE_STRING: return strcmp(a->text, b->text) == 0;
    case VALUE_SHAPE: return type_equal(a->shape, b->shape);
    case VALUE_SCHEDULE: return sexpr_equal(a->sexpr, b->sexpr);
    case VALUE_NODE: return a->node == b->node;
    case VALUE_STATE: return a->tensor == b->tensor;
    case VALUE_DISTRIBUTION: return distribution_equal(a->distribution, b->distribution);
    case VALUE_SOURCE: return a->declaration == b->declaration && a->field == b->field;
    case VALUE_FUNCTION: return a->declaration == b->declaration;
    case VALUE_BUILTIN: return a->builtin == b->builtin;
    case VALUE_OPERATION: return a->op == b->op;
    case VALUE_RECORD: return a->record == b->record;
    case VALUE_OPTIMIZER: return a->optimizer == b->optimizer;
    case VALUE_GRADIENTS: return a->gradients == b->gradients;
    }
    return false;
}

const char *type_text(struct elaboration *e, struct type t)
{
    struct buffer b = {0};
    type_print(&b, t);
    const char *text = arena_string(e->g->mem, b.text, b.length);
    buffer_free(&b);
    return text;
}

static const char *number_text(struct elaboration *e, double x)
{
    struct buffer b = {0};
    buffer_number(&b, x);
    const char *text = arena_string(e->g->mem, b.text, b.length);
    buffer_free(&b);
    return text;
}

const char *value_describe(struct elaboration *e, const struct value *v)
{
    struct arena *m = e->g->mem;
    switch (v->kind) {
    case VALUE_ERROR: return "an error";
    case VALUE_NUMBER: return number_text(e, v->number);
    case VALUE_BOOLEAN: return v->number != 0 ? "true" : "false";
    case VALUE_STRING: return arena_format(m, "the text \"%s\"", v->text);
    case VALUE_SHAPE: return arena_format(m, "the shape %s", type_text(e, v->shape));
    case VALUE_SCHEDULE: return sexpr_settings_only(v->sexpr) ? "a number" : "a number that is known only when the model trains";
    case VALUE_NODE: return arena_format(m, "a tensor %s", type_text(e, v->node->type));
    case VALUE_STATE: return arena_format(m, "a tensor %s", type_text(e, e->p->tensors.at[v->tensor].type));
    case VALUE_DISTRIBUTION: return "a distribution";
    case VALUE_SOURCE: return arena_format(m, "%s %s", v->declaration->kind == A_DATA ? "the data" : "the prior", v->declaration->name);
    case VALUE_RECORD: return "a record";
    case VALUE_FUNCTION:
        return arena_format(m, "the %s %s",
                            v->declaration->kind == A_FN      ? "function"
                            : v->declaration->kind == A_LAYER ? "layer"
                            : v->declaration->kind == A_NET   ? "net"
                                                              : "optimizer",
                            v->declaration->name);
    case VALUE_BUILTIN: return "a built-in function";
    case VALUE_OPERATION: return arena_format(m, "the function %s", op_info[v->op].name);
    case VALUE_OPTIMIZER: return "an optimizer";
    case VALUE_GRADIENTS: return "the gradients of a net";
    }
    return "a value";
}

bool sexpr_settings_only(const struct sexpr *s)
{
    for (uint32_t i = 0; i < s->nargs; i++)
        if (!sexpr_settings_only(s->arg[i])) return false;
    return s->kind == SEXPR_NUMBER || s->kind == SEXPR_SETTING || s->kind >= SEXPR_OP;
}

struct value value_read(struct elaboration *e, struct value v, struct span span)
{
    if (v.kind != VALUE_STATE) return v;
    const struct tensor *t = &e->p->tensors.at[v.tensor];
    if (t->f64) return value_schedule(sexpr_leaf(e->g, SEXPR_STATE, v.tensor));
    if (!e->graph) {
        diag(e->g, E0401, span, "a number", value_describe(e, &v));
        return value_error();
    }
    return value_node(e, tensor_value(e, v.tensor, span));
}

struct node *value_to_node(struct elaboration *e, struct value v, struct span span)
{
    v = value_read(e, v, span);
    if (!e->graph && v.kind != VALUE_ERROR) { /* between graphs: no tensor can be made */
        diag(e->g, E0505, span);
        return NULL;
    }
    switch (v.kind) {
    case VALUE_ERROR: return NULL;
    case VALUE_NUMBER:
    case VALUE_BOOLEAN: return graph_constant(e->g, e->graph, v.number, span);
    case VALUE_SCHEDULE:
        if (e->graph->kind == GRAPH_INIT && !sexpr_settings_only(v.sexpr)) {
            diag(e->g, E0503, span);
            return NULL;
        }
        return graph_node(e->g, e->graph, OP_scalar, 0, NULL, &(struct node){.scalar = v.sexpr, .type = type_scalar()}, span);
    case VALUE_NODE: return v.home == e->graph ? v.node : node_import(e, v.node, span);
    default:
        diag(e->g, E0401, span, "a number or a tensor", value_describe(e, &v));
        advice_kind(e, &v);
        return NULL;
    }
}

const struct sexpr *value_to_sexpr(struct elaboration *e, struct value v, struct span span)
{
    v = value_read(e, v, span);
    if (v.kind == VALUE_NUMBER || v.kind == VALUE_BOOLEAN) return sexpr_number(e->g, v.number);
    if (v.kind == VALUE_SCHEDULE) return v.sexpr;
    if (v.kind != VALUE_ERROR) diag(e->g, E0401, span, "a number of the schedule", value_describe(e, &v));
    return NULL;
}

/* Marks the settings in s as fixed. False where s holds more than settings; *leaf then says what. */
static bool fix_settings(struct elaboration *e, const struct sexpr *s, const char **leaf)
{
    switch (s->kind) {
    case SEXPR_NUMBER: return true;
    case SEXPR_SETTING:
        vec_push(e->g->mem, &e->fixed, e->p->settings.at[s->index].name);
        return true;
    case SEXPR_STEP: *leaf = "step"; return false;
    case SEXPR_EPOCH: *leaf = "epoch"; return false;
    case SEXPR_LOOK: return false;
    case SEXPR_UPDATES: *leaf = "updates"; return false;
    case SEXPR_VAR: *leaf = "a let of the train block"; return false;
    case SEXPR_STATE: *leaf = e->p->tensors.at[s->index].name; return false;
    case SEXPR_RESULT: *leaf = "a result of training"; return false;
    default: break;
    }
    for (uint32_t i = 0; i < s->nargs; i++)
        if (!fix_settings(e, s->arg[i], leaf)) return false;
    return true;
}

double settings_value(struct elaboration *e, const struct sexpr *s)
{
    uint32_t n = e->p->settings.n;
    double *values = NEW_ARRAY(e->g->mem, double, n + 1);
    struct sexpr_context c = {.settings = values};
    for (uint32_t i = 0; i < n; i++)
        if (e->p->settings.at[i].value) values[i] = sexpr_evaluate(e->p->settings.at[i].value, &c);
    return sexpr_evaluate(s, &c);
}

static bool compile_time(struct elaboration *e, struct value *v, struct span span, const char *what)
{
    *v = value_read(e, *v, span);
    if (v->kind == VALUE_SCHEDULE) {
        const char *leaf = NULL;
        if (!fix_settings(e, v->sexpr, &leaf)) {
            diag(e->g, E0402, span, what, leaf);
            return false;
        }
        *v = value_number(settings_value(e, v->sexpr));
    }
    return v->kind != VALUE_ERROR;
}

bool value_to_number(struct elaboration *e, struct value v, struct span span, double *x)
{
    if (!compile_time(e, &v, span, "this number")) return false;
    if (v.kind != VALUE_NUMBER) {
        diag(e->g, E0401, span, "a number", value_describe(e, &v));
        return false;
    }
    *x = v.number;
    return true;
}

bool value_to_integer(struct elaboration *e, struct value v, struct span span, const char *what, int64_t least, int64_t *x)
{
    if (!compile_time(e, &v, span, what)) return false;
    if (v.kind != VALUE_NUMBER) {
        diag(e->g, E0401, span, "a whole number", value_describe(e, &v));
        return false;
    }
    if (v.number != floor(v.number) || fabs(v.number) > 1e15) {
        diag(e->g, E0201, span, what, number_text(e, v.number));
        if (fabs(v.number) > 1e15) diag_help(e->g, "it may be 1e15 at most");
        return false;
    }
    if (v.number < (double)least) {
        diag(e->g, E0202, span, what, (long long)least, number_text(e, v.number));
        return false;
    }
    *x = (int64_t)v.number;
    return true;
}

bool value_to_boolean(struct elaboration *e, struct value v, struct span span, bool *b)
{
    if (!compile_time(e, &v, span, "this condition")) return false;
    if (v.kind != VALUE_BOOLEAN && v.kind != VALUE_NUMBER) {
        diag(e->g, E0401, span, "true or false", value_describe(e, &v));
        return false;
    }
    *b = v.number != 0;
    return true;
}

struct node *node_scalar(struct elaboration *e, struct node *n)
{
    if (!n || n->type.rank == 0 || type_elements(n->type) != 1) return n;
    return graph_reshape(e->g, e->graph, n, type_of(n->type.batched, 0, NULL));
}

struct value value_scalar(struct elaboration *e, struct value v, struct span span, const char *what)
{
    v = value_read(e, v, span);
    if (v.kind == VALUE_ERROR || value_is_scalar(&v)) return v;
    struct node *n = node_scalar(e, value_to_node(e, v, span));
    if (!n) return value_error();
    if (n->type.rank) {
        diag(e->g, E0205, span, what, type_text(e, n->type));
        diag_help(e->g, "sum(x), mean(x) and norm(x) make one number of each example");
        return value_error();
    }
    return value_node(e, n);
}
