/* driver.c: see driver.h. */
#include "driver.h"

#include "base/buffer.h"
#include "base/times.h"
#include "codegen/cache.h"
#include "differentiate/differentiate.h"
#include "elaborate/elaborate.h"
#include "passes/passes.h"
#include "tune.h"

#include <string.h>

const char *const stage_names[STAGE_COUNT] = {"ast", "graph", "grad", "opt", "kernels", "plan", "llvm", "asm", "obj", "dot"};

static const char *model_name(struct ganc *g, const char *path)
{
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path, *dot = strrchr(base, '.');
    return arena_string(g->mem, base, dot && dot > base ? (size_t)(dot - base) : strlen(base));
}

static struct source *read_source(struct compilation *c, uint32_t *file)
{
    struct timing t;
    time_begin(c->g, &t);
    struct source *s = source_read(c->g, c->path, file);
    if (s && kernels_is_text(s->text, s->length)) c->kernels = kernels_parse(c->g, *file, &c->program);
    else if (s && program_is_text(s->text, s->length)) c->program = program_parse(c->g, *file);
    else if (s) c->tree = ast_parse(c->g, *file, false);
    time_end(c->g, &t, "read");
    return s;
}

static void elaborate_model(struct compilation *c)
{
    struct timing t;
    time_begin(c->g, &t);
    c->program = elaborate(c->g, c->tree, model_name(c->g, c->path));
    time_end(c->g, &t, "elaborate");
}

static bool read_model(struct compilation *c, enum stage_id last)
{
    uint32_t file, errors = diag_errors(c->g); /* of files before: `ganc check` takes several */
    struct source *s = read_source(c, &file);
    if (!s) return false;
    if (kernels_is_text(s->text, s->length)) {
        c->kernels_read = c->kernels != NULL;
        if (c->kernels && last == AT_AST) diag(c->g, E0005, (struct span){0}, "ast", "the file is a text of a later stage");
        return c->kernels && last != AT_AST;
    }
    if (program_is_text(s->text, s->length)) {
        if (c->program && last == AT_AST) diag(c->g, E0005, (struct span){0}, "ast", "the file is a text of a later stage");
        return c->program && last != AT_AST;
    }
    if (!c->tree || c->tree->flags & AST_BROKEN) return false;
    if (last != AT_AST) elaborate_model(c); /* what was only misspelt hides no other error */
    return diag_errors(c->g) == errors && (last == AT_AST || c->program);
}

/* The program as it is now, for --diff. */
static void keep(struct compilation *c, enum stage_id at, enum stage stage)
{
    if (c->keep == at && c->program->stage == stage) c->kept = program_snapshot(c->g, c->program);
}

/* The same for a pass: up to the one before it. A name that is no pass is an error of the run that follows. */
static bool keep_before_pass(struct compilation *c)
{
    if (c->keep != AT_OPT) return true;
    keep(c, AT_OPT, STAGE_GRAD);
    for (uint32_t i = 1; c->kept && i < pass_count; i++)
        if (!strcmp(passes[i].name, c->after)) return passes_run(c->g, c->kept, passes[i - 1].name, c->off.at, c->off.n);
    return true;
}

bool compile(struct compilation *c, enum stage_id last)
{
    c->kernels = NULL;
    c->kernels_read = false;
    return read_model(c, last) && (last == AT_AST || last == AT_GRAPH || compile_on(c, last));
}

static bool differentiate_program(struct compilation *c)
{
    struct timing t;
    time_begin(c->g, &t);
    bool good = differentiate(c->g, c->program);
    time_end(c->g, &t, "differentiate");
    return good;
}

static bool optimize_program(struct compilation *c)
{
    struct timing t;
    time_begin(c->g, &t);
    bool good = passes_run(c->g, c->program, c->after, c->off.at, c->off.n);
    time_end(c->g, &t, "passes: verify, and the rest");
    return good;
}

static bool make_kernels(struct compilation *c)
{
    struct timing t;
    uint32_t errors = diag_errors(c->g);
    time_begin(c->g, &t);
    c->kernels = kernels_make(c->g, c->program);
    time_end(c->g, &t, "schedule");
    return c->kernels && diag_errors(c->g) == errors;
}

/* In the cache? *error: not to go on. */
static bool find_object(struct compilation *c, struct cache *cache, bool *error)
{
    struct timing t;
    time_begin(c->g, &t);
    *error = !cache_open(c->g, cache, c->kernels);
    bool found = !*error && cache_find(c->g, cache, &c->object);
    time_end(c->g, &t, "cache");
    return found;
}

static void keep_object(struct compilation *c, const struct cache *cache)
{
    struct timing t;
    time_begin(c->g, &t);
    cache_keep(c->g, cache, &c->object);
    time_end(c->g, &t, "cache");
}

static bool make_object(struct compilation *c)
{
    struct cache cache = {0};
    bool broken = false;
    if (c->cached && find_object(c, &cache, &broken)) return true;
    if (broken) return false;
    struct timing t;
    time_begin(c->g, &t);
    bool good = codegen_object(c->g, c->kernels, &c->object);
    time_end(c->g, &t, "LLVM: anything else");
    if (good && c->cached) keep_object(c, &cache);
    return good;
}

/* From a text of kernels on: no stage before them is there. */
static bool compile_kernels(struct compilation *c, enum stage_id last)
{
    if (c->tune) {
        diag(c->g, E0862, (struct span){0}, "the file is a text of kernels, which says what tiles they have");
        return false;
    }
    if (last >= AT_KERNELS && last != AT_DOT) return last != AT_OBJ || make_object(c);
    diag(c->g, E0005, (struct span){0}, stage_names[last], "the file is a text of a later stage");
    return false;
}

bool compile_on(struct compilation *c, enum stage_id last)
{
    uint32_t errors = diag_errors(c->g);
    if (c->kernels_read) return compile_kernels(c, last);
    keep(c, AT_GRAPH, STAGE_GRAPH);
    if (c->program->stage == STAGE_GRAPH && !differentiate_program(c)) return false;
    keep(c, AT_GRAD, STAGE_GRAD);
    if (!keep_before_pass(c)) return false;
    if (last == AT_GRAD) return true;
    if (c->program->stage == STAGE_GRAD && !optimize_program(c)) return false;
    if (last == AT_OPT || last == AT_DOT) return true;
    if (!make_kernels(c) || diag_errors(c->g) > errors) return false;
    if (c->tune && !tune_kernels(c)) return false;
    return last != AT_OBJ || make_object(c);
}

void stage_print(struct compilation *c, enum stage_id stage, struct buffer *to)
{
    switch (stage) {
    case AT_AST: ast_print(to, c->g, c->tree); break;
    case AT_GRAPH:
        if (c->kernels_read) {
            diag(c->g, E0005, (struct span){0}, "graph", "the file is a text of a later stage");
            break;
        } /* fall through */
    case AT_GRAD:
    case AT_OPT: program_print(to, c->g, c->program); break;
    case AT_KERNELS: kernels_print(to, c->g, c->kernels); break;
    case AT_PLAN: plan_print(to, c->g, c->kernels); break;
    case AT_LLVM: codegen_print_llvm(c->g, c->kernels, to); break;
    case AT_ASM: codegen_print_asm(c->g, c->kernels, to); break;
    case AT_OBJ: buffer_bytes(to, c->object.bytes, c->object.length); break;
    case AT_DOT: program_dot(to, c->g, c->program); break;
    case STAGE_COUNT: break;
    }
}
