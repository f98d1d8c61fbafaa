/* advice.c: the help lines below messages about values of the wrong kind or shape: what a model that got there usually meant. Each adds at most
 * one help to the message just reported. */
#include "elaborate/internal.h"

static const char *dimensions(struct elaboration *e, struct type t)
{
    const char *text = "";
    for (uint32_t i = 0; i < t.rank; i++) text = arena_format(e->g->mem, "%s%s%lld", text, i ? ", " : "", (long long)t.dim[i]);
    return text;
}

/* One field of a data set was wanted; `name`: what was written instead, or NULL. */
void advice_fields(struct elaboration *e, const struct declaration *data, const char *name)
{
    const struct ast *type = data->ast->kids[0];
    const char *fields = "", *known[16] = {NULL}, *near = NULL;
    uint32_t n = 0;
    for (uint32_t i = 0; i < type->n && n < 16; i++) {
        known[n++] = type->kids[i]->name;
        fields = arena_format(e->g->mem, "%s%s%s.%s", fields, i ? ", " : "", data->name, type->kids[i]->name);
    }
    if (name) near = nearest_name(name, known, n);
    if (near) diag_help(e->g, "did you mean .%s?", near);
    else if (n) diag_help(e->g, "its fields are %s", fields);
}

/* A number or tensor was wanted, and v found. */
void advice_kind(struct elaboration *e, const struct value *v)
{
    switch (v->kind) {
    case VALUE_RECORD: {
        const char *fields = "";
        for (uint32_t i = 0; i < v->record->n && i < 6; i++) fields = arena_format(e->g->mem, "%s%s.%s", fields, i ? ", " : "", v->record->names[i]);
        diag_help(e->g, "name one of its fields: %s", fields);
        break;
    }
    case VALUE_SOURCE: diag_help(e->g, "%s is drawn from: E[x ~ %s] f(x)", v->declaration->name, v->declaration->name); break;
    case VALUE_DISTRIBUTION: diag_help(e->g, "a distribution is drawn from: let e : [100] ~ normal(0, 1)"); break;
    case VALUE_FUNCTION:
        if (v->declaration->kind != A_OPTIMIZER) diag_help(e->g, "it is called with arguments: %s(x), or x |> %s", v->declaration->name, v->declaration->name);
        break;
    case VALUE_BUILTIN:
    case VALUE_OPERATION: diag_help(e->g, "it is called with arguments: f(x), or x |> f"); break;
    default: break;
    }
}

/* `have` stands where `want` should, as what comes out of a pipe or goes into `call` (NULL: a result). */
void advice_shape(struct elaboration *e, struct type want, struct type have, const char *call)
{
    if (want.rank == have.rank || type_elements(want) != type_elements(have)) return;
    const char *how = want.rank == 1 ? "flatten" : arena_format(e->g->mem, "reshape(%s)", dimensions(e, want));
    if (call) diag_help(e->g, "%s it first: %s(... |> %s)", want.rank == 1 ? "flatten" : "reshape", call, how);
    else diag_help(e->g, "the elements are as many: end with |> %s", how);
}

/* A whole shape of numbers, as it is written for a result. */
void advice_result(struct elaboration *e, const struct ast *shape, struct type have)
{
    struct type want = type_scalar();
    if (shape->kind != A_SHAPE || shape->n > MAX_RANK) return;
    for (uint32_t i = 0; i < shape->n; i++) {
        double d = shape->kids[i]->kind == A_NUMBER ? shape->kids[i]->number : 0;
        if (d < 1 || d > 1e6 || d != floor(d)) return;
        want.dim[want.rank++] = (int64_t)d;
    }
    advice_shape(e, want, have, NULL);
}

/* The axes that a tensor has, for a wrong one. */
void advice_axes(struct elaboration *e, struct type t)
{
    if (!t.rank) diag_help(e->g, "a scalar has no axes");
    else if (t.rank == 1) diag_help(e->g, "it has one axis: 0");
    else diag_help(e->g, t.rank == 2 ? "its axes are 0 and %d, or -1 for the last" : "its axes are 0 to %d, or -1 for the last", t.rank - 1);
}

/* a @ b of shapes that do not fit. */
void advice_product(struct elaboration *e, struct type a, struct type b)
{
    if (!a.rank || !b.rank) diag_help(e->g, "a number multiplies by `*`");
    else diag_help(e->g, "the left ends with %lld, the right begins with %lld", (long long)a.dim[a.rank - 1], (long long)b.dim[0]);
}

/* A name that is not known here, but was drawn in this statement: an E reaches over one product only. True: said so. */
bool advice_drawn(struct elaboration *e, const char *name)
{
    for (uint32_t i = 0; e->graph && i < e->draws.n; i++)
        if (e->draws.at[i].name == name) {
            diag_help(e->g, "E[%s ~ ...] reaches over one product: put the whole sum in parentheses, E[%s ~ ...] (a + b)", name, name);
            return true;
        }
    return false;
}

/* `path` should have named a net. */
void advice_nets(struct elaboration *e)
{
    const char *nets = "";
    uint32_t n = 0;
    for (uint32_t i = 0; i < e->p->nets.n && n < 6; i++)
        if (e->p->nets.at[i].name) nets = arena_format(e->g->mem, "%s%s%s", nets, n++ ? ", " : "", e->p->nets.at[i].name);
    if (n) diag_help(e->g, n == 1 ? "the net of this file is %s" : "the nets of this file are %s", nets);
}
