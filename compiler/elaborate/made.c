/* made.c: sources made by a block: a data set made of another, a prior that draws, one example at a time.
 *
 * A record is made by a block that gives one (`let x ~ mnist; x`), or by one whose lets bind the fields (`let image = ...; let label = ...`). */
#include "elaborate/internal.h"

/* v as one example of the declared shape, one for each of the minibatch. */
static struct value as_example(struct elaboration *e, struct environment *env, struct value v, const struct ast *shape, const char *what, struct span span)
{
    struct node *n = v.kind == VALUE_ERROR ? NULL : value_to_node(e, v, span);
    struct type want;
    if (!n || !evaluate_shape(e, env, shape, &want)) return value_error();
    if (want.rank == 0) n = node_scalar(e, n);
    want.batched = n->type.batched;
    if (!type_equal(want, n->type)) {
        diag(e->g, E0204, span, what, type_text(e, want), type_text(e, n->type));
        return value_error();
    }
    want.batched = e->graph->kind != GRAPH_INIT;
    return value_node(e, n->type.batched == want.batched ? n : node_make(e, OP_expand, 1, &n, &(struct node){.type = want}, span));
}

static const struct value *field_of(const struct value *v, const struct environment *env, const char *name)
{
    if (v->kind == VALUE_RECORD) {
        for (uint32_t i = 0; i < v->record->n; i++)
            if (v->record->names[i] == name) return &v->record->fields[i];
        return NULL;
    }
    for (const struct binding *b = env->names; b; b = b->next) /* the block's own: no outer one */
        if (b->name == name) return &b->value;
    return NULL;
}

static struct value make_record(struct elaboration *e, struct environment *env, const struct declaration *d, struct value v, const struct ast *block)
{
    const struct ast *type = d->ast->kids[0];
    if (v.kind != VALUE_RECORD && v.kind != VALUE_ERROR) {
        diag(e->g, E0533, block->span, d->name, arena_format(e->g->mem, "gives %s", value_describe(e, &v)));
        diag_help(e->g, "give a record that was drawn, or end the block with a let for each field");
        return value_error();
    }
    struct record_value *r = NEW(e->g->mem, struct record_value);
    r->n = type->n;
    r->names = NEW_ARRAY(e->g->mem, const char *, type->n);
    r->fields = NEW_ARRAY(e->g->mem, struct value, type->n);
    for (uint32_t i = 0; i < type->n; i++) {
        const char *name = r->names[i] = type->kids[i]->name;
        const struct value *field = field_of(&v, env, name);
        if (!field) {
            diag(e->g, E0533, block->span, d->name, arena_format(e->g->mem, "gives no %s", name));
            return value_error();
        }
        r->fields[i] = as_example(e, env, *field, type->kids[i]->kids[0]->kids[0], arena_format(e->g->mem, "%s.%s", d->name, name), block->span);
        if (r->fields[i].kind == VALUE_ERROR) return value_error();
    }
    return (struct value){.kind = VALUE_RECORD, .record = r};
}

struct value made_draw(struct elaboration *e, const struct declaration *d, const char *field, struct span span)
{
    struct declaration *busy = (struct declaration *)d;
    const struct ast *type = d->ast->kids[0], *block = d->ast->kids[d->kind == A_DATA ? 3 : 2];
    if (busy->busy) {
        diag(e->g, E0303, span, d->name);
        return value_error();
    }
    struct environment *env = NEW(e->g->mem, struct environment);
    bool record = type->kind == A_RECORD;
    busy->busy = true;
    struct value v = evaluate_block_in(e, env, block);
    busy->busy = false;
    if (v.kind == VALUE_ERROR && !v.text) return v;
    if (record) v = make_record(e, env, d, v, block);
    else if (v.kind == VALUE_ERROR) diag(e->g, E0409, block->span), v = value_error();
    else v = as_example(e, env, v, d->kind == A_DATA ? type->kids[0] : type, d->name, block->span);
    for (uint32_t i = 0; field && v.kind == VALUE_RECORD && i < v.record->n; i++)
        if (v.record->names[i] == field) return v.record->fields[i];
    return v;
}
