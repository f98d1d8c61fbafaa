/* elaborate.c: the order of elaboration, and its repetition.
 *
 * Which settings are fixed shows only when one is met in a shape, a loop, a compile-time if or a batch: it is noted, and when all is
 * done the file is elaborated again with that setting known. There are at most as many rounds as settings, and one. */
#include "elaborate/internal.h"

static void check_unused_values(struct elaboration *e)
{
    for (uint32_t i = 0; i < e->user.n && !elaboration_failed(e); i++) {
        struct declaration *d = e->user.at[i];
        if (d->kind != A_VALUE) continue;
        graph_begin(e, GRAPH_REPORT, 1, d->ast->span);
        declaration_value(e, d, d->ast->name_span);
        e->graph = NULL;
    }
}

static struct program *elaborate_once(struct elaboration *e, const char *name)
{
    struct program *p = NEW(e->g->mem, struct program);
    e->p = p;
    p->stage = STAGE_GRAPH;
    p->name = name;
    p->f64 = e->g->f64;
    p->source = e->g->sources.at[e->file->span.file]->text;
    for (uint32_t i = 0; i < e->imports.files.n; i++) vec_push(e->g->mem, &p->imports, e->imports.files.at[i]);
    e->counter = e->current_application = UINT32_MAX;
    scope_declare(e);
    e->init = NEW(e->g->mem, struct graph);
    e->init->kind = GRAPH_INIT;
    e->init->name = "initial values";
    e->init->batch = 1;
    vec_push(e->g->mem, &p->graphs, e->init);
    declare_settings(e);
    declare_data(e);
    declare_states(e);
    declare_nets(e);
    bool trains = false;
    for (uint32_t i = 0; i < e->user.n; i++)
        if (e->user.at[i]->kind == A_TRAIN) train_build(e, e->user.at[i]), trains = true;
    if (!trains && !elaboration_failed(e) && !(e->file->flags & AST_MISSPELT)) diag(e->g, E0520, span_at(e->file->span.file, 0, 0));
    declare_reports(e);
    check_unused_values(e);
    if (!elaboration_failed(e)) check_game(e);
    return p;
}

struct program *elaborate(struct ganc *g, const struct ast *file, const char *name)
{
    struct elaboration e = {.g = g, .errors = diag_errors(g)};
    e.file = imports_read(g, file, &e.imports);
    if (diag_errors(g) > e.errors) return NULL;
    struct diag_guide guide = trail_guide(&e);
    diag_guide(g, &guide);
    for (;;) {
        uint32_t mark = diag_mark(g), errors = diag_errors(g), fixed = e.fixed.n;
        struct program *p = elaborate_once(&e, name);
        bool news = false; /* settings noted in this round that were not fixed in it */
        for (uint32_t i = fixed; i < e.fixed.n; i++) {
            bool known = false;
            for (uint32_t k = 0; k < i && !known; k++) known = e.fixed.at[k] == e.fixed.at[i];
            news = news || !known;
        }
        if (!news) {
            diag_guide(g, NULL);
            return diag_errors(g) > errors ? NULL : p;
        }
        diag_rewind(g, mark);
        struct elaboration again = {.g = g, .file = e.file, .imports = e.imports, .errors = errors};
        for (uint32_t i = 0; i < e.fixed.n; i++) vec_push(g->mem, &again.fixed, e.fixed.at[i]);
        again.library.at = e.library.at, again.library.n = e.library.n, again.library.capacity = e.library.capacity;
        for (uint32_t i = 0; i < again.library.n; i++) again.library.at[i]->evaluated = again.library.at[i]->busy = false;
        e = again;
    }
}
