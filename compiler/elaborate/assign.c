/* assign.c: `s <- e` in a train block: a state of the file takes a new value, by itself or with the updates of a together.
 *
 * A number of the schedule is computed in double, between graphs; what holds E or a tensor, by the graph at hand, at whose end it is set. */
#include "elaborate/internal.h"

bool assignment_evaluate(struct elaboration *e, struct environment *env, const struct ast *s, struct assignment *a)
{
    *a = (struct assignment){.statement = s};
    const struct declaration *d = scope_find(e, s->name, s->name_span);
    if (!d || d->kind != A_STATE) {
        diag(e->g, E0416, s->name_span, s->name);
        return false;
    }
    a->tensor = d->index;
    const struct tensor *t = &e->p->tensors.at[d->index];
    a->number = t->f64;
    struct span span = s->kids[0]->span;
    struct value v = value_read(e, evaluate(e, env, s->kids[0]), span);
    if (v.kind == VALUE_ERROR) return false;
    if (t->f64 && value_is_scalar(&v)) return (a->scalar = value_to_sexpr(e, v, s->span)) != NULL;
    struct node *n = value_to_node(e, v, span);
    if (n && t->f64) n = node_scalar(e, n);
    if (n && t->f64 && (n->type.rank || n->type.batched)) {
        diag(e->g, E0204, span, s->name, "[]", type_text(e, n->type));
        n = NULL;
    }
    a->value = n;
    return n != NULL;
}

void assignment_finish(struct elaboration *e, struct graph *graph, struct assignment *a)
{
    if (!a->value) return;
    if (a->number) {
        a->scalar = sexpr_leaf(e->g, SEXPR_RESULT, result_add(e, a->statement->name));
        vec_push(e->g->mem, &graph->outputs, (struct output){OUTPUT_STATE, a->statement->name, a->value, 1, a->scalar->index, -1});
    } else tensor_set(e, a->tensor, a->value, a->statement->span);
}

void assignment_schedule(struct elaboration *e, const struct assignment *a, struct schedule_list *list)
{
    if (!a->scalar) return;
    struct schedule *x = NEW(e->g->mem, struct schedule);
    *x = (struct schedule){.kind = SCHEDULE_SET, .value = a->scalar, .index = a->tensor, .span = a->statement->span};
    vec_push(e->g->mem, list, x);
}

void assignment_build(struct elaboration *e, struct environment *env, const struct ast *s, struct schedule_list *list)
{
    struct graph *graph = graph_begin(e, GRAPH_STEP, e->train->batch, s->span);
    struct assignment a;
    bool good = assignment_evaluate(e, env, s, &a);
    if (good && a.value) {
        keep_draws(e, graph);
        assignment_finish(e, graph, &a);
        graph_finish(e, graph, arena_format(e->g->mem, "%s <- %s", s->name, expression_text(e, s->kids[0])));
        struct schedule *x = NEW(e->g->mem, struct schedule);
        *x = (struct schedule){.kind = SCHEDULE_RUN, .index = graph->index, .span = s->span};
        vec_push(e->g->mem, list, x);
    }
    e->graph = NULL;
    e->training = false;
    if (good) assignment_schedule(e, &a, list);
}
