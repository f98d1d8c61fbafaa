/* parts.c: nets and their parts, as `over`, `project` and sumsq name them: G, G.dense1, G.dense1.W, D except trunk. */
#include "elaborate/internal.h"

#include <string.h>

/* The path as text, with `root` for its first name. */
static const char *path_text(struct elaboration *e, const struct ast *path, const char *root)
{
    if (path->kind == A_NAME) return root;
    if (path->kind != A_FIELD) return NULL;
    const char *base = path_text(e, path->kids[0], root);
    return base ? arena_format(e->g->mem, "%s.%s", base, path->name) : NULL;
}

static const char *root_of(const struct ast *path)
{
    while (path->kind == A_FIELD) path = path->kids[0];
    return path->kind == A_NAME ? path->name : NULL;
}

/* The declaration that a path begins with, or NULL; *bound: the local name that it is, or NULL. */
static const struct declaration *net_of(struct elaboration *e, struct environment *env, const struct ast *path, const struct binding **bound)
{
    const char *root = root_of(path);
    const struct binding *b = *bound = root ? environment_find(env, root) : NULL; /* a function's parameter may be a net */
    return b && b->value.kind == VALUE_FUNCTION ? b->value.declaration : root && !b ? scope_find(e, root, path->span) : NULL;
}

bool part_is_named(struct elaboration *e, struct environment *env, const struct ast *a)
{
    const struct binding *b;
    if (a->kind == A_EXCEPT) return true;
    if (!root_of(a)) return false;
    const struct declaration *d = net_of(e, env, a, &b);
    return d ? d->kind == A_NET : !b;
}

/* An average's parameters can be read, and no more. */
static bool changeable(struct elaboration *e, const struct declaration *d, struct span span)
{
    if (!d->average) return true;
    diag(e->g, E0427, span, d->name, d->average->of ? d->average->of->name : "a net");
    diag_note(e->g, d->average->ast->name_span, "%s is declared here", d->name);
    return false;
}

static bool is_parameter(const struct tensor *t, const struct declaration *of)
{
    return t->kind == TENSOR_PARAMETER || (of->average && t->kind == TENSOR_AVERAGE);
}

bool net_parameters(struct elaboration *e, const struct declaration *d, bool *marked, bool reading, struct span span)
{
    const struct net_info *net = &e->p->nets.at[d->index];
    if (!net->name || (!reading && !changeable(e, d, span))) return false;
    for (uint32_t i = 0; i < net->tensors.n; i++)
        if (is_parameter(&e->p->tensors.at[net->tensors.at[i]], d)) marked[net->tensors.at[i]] = true;
    return true;
}

const struct declaration *part_net(struct elaboration *e, struct environment *env, const struct ast *path)
{
    const struct binding *b;
    const struct declaration *d = net_of(e, env, path, &b);
    if (b && b->value.kind == VALUE_ERROR) return NULL;
    if (d && d->kind == A_NET) return d;
    if (d && d->kind == A_NET_ALIAS) { /* the net of another average, which stands below */
        diag(e->g, E0521, path->span, d->name);
        return NULL;
    }
    const char *text = path_text(e, path, d ? d->name : root_of(path));
    diag(e->g, E0508, path->span, text ? text : "this");
    const char *nets[64];
    uint32_t n = 0;
    for (uint32_t i = 0; i < e->p->nets.n && n < 64; i++)
        if (e->p->nets.at[i].name) nets[n++] = e->p->nets.at[i].name;
    const char *near = text ? nearest_name(text, nets, n) : NULL;
    if (near) diag_help(e->g, "did you mean %s?", near);
    else advice_nets(e);
    return NULL;
}

/* Marks the parameters that a path names with `value`; returns how many it names, -1 after reporting. */
static int mark(struct elaboration *e, struct environment *env, const struct ast *path, bool *marked, bool value, bool reading)
{
    const struct declaration *d = part_net(e, env, path);
    if (!d) return -1;
    const char *text = path_text(e, path, d->name);
    const struct net_info *net = &e->p->nets.at[d->index];
    if (!net->name || (!reading && !changeable(e, d, path->span))) return -1;
    size_t length = strlen(text);
    int found = 0;
    for (uint32_t i = 0; i < net->tensors.n; i++) {
        const struct tensor *t = &e->p->tensors.at[net->tensors.at[i]];
        if (!is_parameter(t, d)) continue;
        bool whole = path->kind == A_NAME;
        if (!whole && (strncmp(t->name, text, length) || (t->name[length] && t->name[length] != '.'))) continue;
        marked[net->tensors.at[i]] = value;
        found++;
    }
    if (!found && path->kind == A_FIELD) {
        diag(e->g, E0509, path->span, text, net->name);
        for (uint32_t i = 0; i < net->tensors.n; i++)
            if (is_parameter(&e->p->tensors.at[net->tensors.at[i]], d)) {
                diag_help(e->g, "its parameters are named like %s", e->p->tensors.at[net->tensors.at[i]].name);
                break;
            }
        return -1;
    }
    return found;
}

bool part_tensors(struct elaboration *e, struct environment *env, const struct ast *path, const struct ast *except, bool *marked, bool reading)
{
    bool *own = NEW_ARRAY(e->g->mem, bool, e->p->tensors.n + 1);
    if (mark(e, env, path, own, true, reading) < 0 || (except && mark(e, env, except, own, false, true) < 0)) return false;
    for (uint32_t i = 0; i < e->p->tensors.n; i++) marked[i] = marked[i] || own[i];
    return true;
}

bool parts_tensors(struct elaboration *e, struct environment *env, const struct ast *parts, bool *marked)
{
    bool good = true;
    for (uint32_t i = 0; i < parts->n; i++) good = part_tensors(e, env, parts->kids[i]->kids[0], parts->kids[i]->kids[1], marked, false) && good;
    return good;
}
