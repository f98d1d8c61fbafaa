/* schedule.c: what runs between graphs: settings, expressions of the schedule, first values, passes of a train block. */
#include "evaluate/evaluate.h"

#define MOST_ROUNDS 1e9 /* of a repeat: beyond, it is taken for a mistake of the program */

static const double *state_value(void *self, uint32_t tensor)
{
    return ((struct evaluator *)self)->tensors[tensor];
}

double evaluator_scalar(struct evaluator *e, const struct sexpr *s)
{
    struct sexpr_context c = {e->settings, e->vars, e->results, e->counters, e->step, e->epoch, 0, state_value, e};
    return sexpr_evaluate(s, &c);
}

void evaluator_defaults(struct evaluator *e, const bool *given)
{
    for (uint32_t i = 0; i < e->p->settings.n; i++) {
        const struct setting *s = &e->p->settings.at[i];
        if (s->value && !(given && given[i])) e->settings[i] = evaluator_scalar(e, s->value);
    }
}

static const char *run_list(struct evaluator *e, struct schedule *const *list, uint32_t n);

static const char *run_statement(struct evaluator *e, const struct schedule *s)
{
    double value = s->value ? evaluator_scalar(e, s->value) : 0;
    const char *broken;
    switch (s->kind) {
    case SCHEDULE_RUN:
        for (uint32_t i = 0; i < s->counters.n; i++) e->counters[s->counters.at[i]]++;
        broken = evaluator_graph(e, e->p->graphs.at[s->index]);
        e->tick += e->p->graphs.at[s->index]->joins.n;
        return broken;
    case SCHEDULE_REPEAT:
        if (value > MOST_ROUNDS) return arena_format(e->mem, "a repeat of %g rounds", value);
        for (double i = 0; i < value; i++) {
            const char *error = run_list(e, s->body.at, s->body.n);
            if (error) return error;
        }
        return NULL;
    case SCHEDULE_EVERY: /* a count of 0 divides nothing: the remainder is no number */
        return fmod(e->step, value) == 0 ? run_list(e, s->body.at, s->body.n) : NULL;
    case SCHEDULE_IF:
        return value != 0 ? run_list(e, s->body.at, s->body.n) : run_list(e, s->otherwise.at, s->otherwise.n);
    case SCHEDULE_LET: e->vars[s->index] = value; return NULL;
    case SCHEDULE_SET: e->tensors[s->index][0] = value; return NULL;
    }
    return NULL;
}

static const char *run_list(struct evaluator *e, struct schedule *const *list, uint32_t n)
{
    const char *error = NULL;
    for (uint32_t i = 0; i < n && !error; i++) error = run_statement(e, list[i]);
    return error;
}

const char *evaluator_start(struct evaluator *e)
{
    for (uint32_t i = 0; i < e->p->graphs.n; i++) {
        const struct graph *graph = e->p->graphs.at[i];
        const char *error = graph->kind == GRAPH_INIT ? evaluator_graph(e, graph) : NULL;
        if (error) return error;
    }
    return run_list(e, e->p->setup.at, e->p->setup.n);
}

void evaluator_train_begin(struct evaluator *e, uint32_t train)
{
    const struct train *t = &e->p->trains.at[train];
    for (uint32_t i = 0; i < t->counters.n; i++) e->counters[t->counters.at[i]] = 0;
    e->step = 0;
    e->epoch = 1;
}

const char *evaluator_train_pass(struct evaluator *e, uint32_t train)
{
    const struct train *t = &e->p->trains.at[train];
    e->step++;
    return run_list(e, t->body.at, t->body.n);
}
