/* scope.c: what a name means: local names, the file's declarations, the library's, and what is built in. */
#include "elaborate/internal.h"
#include "elaborate/library.h"

#include <string.h>

static struct declaration *find(struct declaration *const *at, uint32_t n, const char *name)
{
    for (uint32_t i = 0; i < n; i++)
        if (at[i]->name == name) return at[i];
    return NULL;
}

static void declare(struct elaboration *e, const struct ast *a, bool library)
{
    if (a->kind == A_DERIVATIVE || a->kind == A_REWRITE) return;
    const char *name = a->name;
    if (!name) name = a->kind == A_TRAIN ? intern(e->g, "train") : a->kind == A_REPORT ? intern(e->g, "report") : intern(e->g, "picture");
    struct declaration *old = library ? find(e->library.at, e->library.n, name) : find(e->user.at, e->user.n, name);
    if (old && a->name && old->ast->name) {
        diag(e->g, E0301, a->name_span, name);
        diag_note(e->g, old->ast->name_span, "the first %s is here", name);
        return;
    }
    struct declaration *d = NEW(e->g->mem, struct declaration);
    *d = (struct declaration){.kind = a->kind, .name = name, .ast = a, .library = library};
    if (library) vec_push(e->g->mem, &e->library, d);
    else vec_push(e->g->mem, &e->user, d);
}

static void declare_library(struct elaboration *e, const struct library_file *f)
{
    uint32_t file;
    struct source *s = source_add(e->g, arena_format(e->g->mem, "<stdlib/%s>", f->name), f->text, f->length, &file);
    s->library = true;
    struct ast *tree = ast_parse(e->g, file, false);
    for (uint32_t k = 0; tree && k < tree->n; k++) declare(e, tree->kids[k], true);
}

void scope_declare(struct elaboration *e)
{
    if (!e->library.n) {
        for (unsigned i = 0; i < library_count; i++)
            if (!library_files[i].module && !library_is_rules(&library_files[i])) declare_library(e, &library_files[i]);
        for (uint32_t i = 0; i < e->imports.modules.n; i++) declare_library(e, e->imports.modules.at[i]);
    }
    for (uint32_t i = 0; i < e->file->n; i++) declare(e, e->file->kids[i], false);
}

bool scope_in_library(const struct elaboration *e, struct span from)
{
    return from.file && e->g->sources.at[from.file]->library;
}

const struct declaration *scope_find(struct elaboration *e, const char *name, struct span from)
{
    if (!scope_in_library(e, from)) {
        const struct declaration *d = find(e->user.at, e->user.n, name);
        if (d && d->kind != A_TRAIN && d->kind != A_REPORT && d->kind != A_PICTURE) return d;
    }
    return find(e->library.at, e->library.n, name);
}

struct binding *environment_find(struct environment *env, const char *name)
{
    for (; env; env = env->outer)
        for (struct binding *b = env->names; b; b = b->next)
            if (b->name == name) return b;
    return NULL;
}

struct binding *environment_bind(struct elaboration *e, struct environment *env, const char *name, struct value v)
{
    struct binding *b = NEW(e->g->mem, struct binding);
    *b = (struct binding){.name = name, .value = v, .next = env->names};
    env->names = b;
    return b;
}

uint32_t scope_names(struct elaboration *e, struct environment *env, struct span from, const char ***names)
{
    VEC(const char *) all = {0};
    for (; env; env = env->outer)
        for (struct binding *b = env->names; b; b = b->next) vec_push(e->g->mem, &all, b->name);
    if (!scope_in_library(e, from))
        for (uint32_t i = 0; i < e->user.n; i++) vec_push(e->g->mem, &all, e->user.at[i]->name);
    for (uint32_t i = 0; i < e->library.n; i++) vec_push(e->g->mem, &all, e->library.at[i]->name);
    for (int op = 0; op < OP_COUNT; op++)
        if (op_info[op].class == CLASS_MAP) vec_push(e->g->mem, &all, op_info[op].name);
    const char *built[128];
    uint32_t n = builtin_names(built, 128);
    for (uint32_t i = 0; i < n; i++) vec_push(e->g->mem, &all, built[i]);
    *names = all.at;
    return all.n;
}

/* `optimizer NAME = call`, `net NAME = call`, `value NAME = e`: the names' values. */
struct value declaration_value(struct elaboration *e, struct declaration *d, struct span from)
{
    switch (d->kind) {
    case A_SETTING: {
        if (!declare_setting(e, d)) {
            diag(e->g, E0303, d->ast->name_span, d->name);
            return value_error();
        }
        const struct setting *s = &e->p->settings.at[d->index];
        if (s->text) return value_string(s->text);
        if (!s->value) return value_error();
        for (uint32_t i = 0; i < e->fixed.n; i++)
            if (e->fixed.at[i] == d->name) {
                double x;
                struct value v = {.kind = VALUE_SCHEDULE, .sexpr = s->value};
                if (s->value->kind == SEXPR_NUMBER) v = value_number(s->value->number);
                if (!value_to_number(e, v, from, &x)) return value_error();
                return s->boolean ? value_boolean(x != 0) : value_number(x);
            }
        return (struct value){.kind = VALUE_SCHEDULE, .sexpr = sexpr_leaf(e->g, SEXPR_SETTING, d->index)};
    }
    case A_DATA:
    case A_PRIOR: return (struct value){.kind = VALUE_SOURCE, .declaration = d};
    case A_STATE:
        if (!d->evaluated) { /* settings, ranges, shapes and first values do not know states */
            diag(e->g, E0402, from, "this value", d->name);
            return value_error();
        }
        return (struct value){.kind = VALUE_STATE, .tensor = d->index};
    case A_FN:
    case A_LAYER:
    case A_NET:
    case A_OPTIMIZER: return (struct value){.kind = VALUE_FUNCTION, .declaration = d};
    case A_OPTIMIZER_ALIAS: {
        if (d->evaluated) return d->value;
        if (d->busy) {
            diag(e->g, E0303, d->ast->name_span, d->name);
            return value_error();
        }
        d->busy = true;
        struct environment *env = NEW(e->g->mem, struct environment);
        struct value v = evaluate(e, env, d->ast->kids[0]);
        d->busy = false;
        if (v.kind == VALUE_FUNCTION && v.declaration->kind == A_OPTIMIZER) {
            struct arguments none = {.span = d->ast->kids[0]->span};
            v = call(e, v, &none, d->ast->kids[0]->span);
        }
        if (v.kind == VALUE_OPTIMIZER) {
            struct optimizer_value *o = NEW(e->g->mem, struct optimizer_value);
            *o = *v.optimizer;
            o->shared = d;
            v.optimizer = o;
        } else if (v.kind != VALUE_ERROR) {
            diag(e->g, E0401, d->ast->kids[0]->span, "an optimizer", value_describe(e, &v));
            v = value_error();
        }
        d->evaluated = true;
        d->value = v;
        return v;
    }
    case A_VALUE: {
        if (d->busy) {
            diag(e->g, E0303, d->ast->name_span, d->name);
            return value_error();
        }
        /* A value has no arguments: in one graph it is one value, its draws are drawn once. Not under an optimizer, where `updates`
         * may mean another count the next time. */
        bool remember = e->graph && e->counter == UINT32_MAX;
        struct memo *m = remember ? memo_find(e, d, 0, NULL) : NULL;
        if (m) return m->result;
        d->busy = true;
        struct environment *env = NEW(e->g->mem, struct environment);
        struct value v = evaluate(e, env, d->ast->kids[0]);
        d->busy = false;
        if (remember) memo_add(e, d, 0, NULL, v);
        return v;
    }
    default: diag(e->g, E0401, from, "a value", arena_format(e->g->mem, "%s", d->name)); return value_error();
    }
}

/* Words of the schedule, and constants of the language. */
static bool special(struct elaboration *e, const char *name, struct value *v)
{
    if (!strcmp(name, "step")) *v = value_schedule(sexpr_leaf(e->g, SEXPR_STEP, 0));
    else if (!strcmp(name, "epoch")) *v = value_schedule(sexpr_leaf(e->g, SEXPR_EPOCH, 0));
    else if (!strcmp(name, "training")) *v = value_boolean(e->training);
    else if (!strcmp(name, "updates") && e->counter != UINT32_MAX) *v = value_schedule(sexpr_leaf(e->g, SEXPR_UPDATES, e->counter));
    else return false;
    return true;
}

/* Is there anything of this name? Evaluates nothing. */
static bool known_name(struct elaboration *e, struct environment *env, const char *name, struct span from)
{
    struct value v;
    enum op op = op_find(name);
    return environment_find(env, name) || scope_find(e, name, from) || special(e, name, &v) || (op != OP_COUNT && op_info[op].class == CLASS_MAP) ||
           builtin_find(name);
}

/* nn.Linear, torch.nn.functional.relu, self.fc: of a module that other languages have. Reports and returns true. */
bool scope_foreign(struct elaboration *e, struct environment *env, const struct ast *field)
{
    const struct ast *root = field;
    while (root->kind == A_FIELD) root = root->kids[0];
    if (root->kind != A_NAME || !foreign_module(root->name) || known_name(e, env, root->name, root->span)) return false;
    diag(e->g, E0302, field->span, expression_text(e, field));
    const char *elsewhere = foreign_help(field->name), *near = NULL;
    if (!elsewhere) {
        const char **known;
        uint32_t n = scope_names(e, env, field->span, &known);
        near = nearest_name(field->name, known, n);
    }
    if (elsewhere) diag_help(e->g, "%s", elsewhere);
    else if (near) diag_help(e->g, "functions stand by their name alone: %s", near);
    else diag_help(e->g, "functions and layers stand by their name alone, as in x |> dense(100) |> relu");
    return true;
}

/* x.relu(), x.view(...): what is no method here, but a function. */
void scope_method_help(struct elaboration *e, struct environment *env, const struct ast *field)
{
    const char *elsewhere = foreign_help(field->name);
    if (known_name(e, env, field->name, field->span)) {
        diag_help(e->g, "a function is called so: %s |> %s", field->kids[0]->kind == A_NAME ? field->kids[0]->name : "x", field->name);
    } else if (elsewhere) diag_help(e->g, "%s", elsewhere);
}

struct value scope_value(struct elaboration *e, struct environment *env, const struct ast *a)
{
    struct binding *b = environment_find(env, a->name);
    if (b) {
        if (b->hidden_in && e->expectation_depth > b->hidden_in) {
            diag(e->g, E0304, a->span, a->name);
            return value_error();
        }
        return b->value;
    }
    const struct declaration *d = scope_find(e, a->name, a->span);
    if (d) return declaration_value(e, (struct declaration *)d, a->span);
    struct value v;
    if (special(e, a->name, &v)) return v;
    enum op op = op_find(a->name);
    if (op != OP_COUNT && op_info[op].class == CLASS_MAP) return (struct value){.kind = VALUE_OPERATION, .op = op};
    const struct builtin *built = builtin_find(a->name);
    if (built) return (struct value){.kind = VALUE_BUILTIN, .builtin = built};
    const char **known;
    uint32_t n = scope_names(e, env, a->span, &known);
    diag(e->g, E0302, a->span, a->name);
    const char *elsewhere = foreign_help(a->name), *near = nearest_name(a->name, known, n);
    if (advice_drawn(e, a->name)) return value_error();
    if (elsewhere) diag_help(e->g, "%s", elsewhere);
    else if (near) diag_help(e->g, "did you mean %s?", near);
    else if (!strcmp(a->name, "updates")) diag_help(e->g, "updates counts an optimizer's updates: it is known in its body and its options");
    return value_error();
}
