/* command_compile.c: `ganc MODEL.gan -o TRAINER`, `--emit`, and `ganc run`. */
#include "base/buffer.h"
#include "command.h"
#include "place.h"

#include <ganrt/model.h>
#include <string.h>

static const char *runtime_library(struct ganc *g)
{
    char path[PLACE_LENGTH];
    return place_find("libganrt.a", path) ? arena_format(g->mem, "%s", path) : NULL;
}

int command_run(struct compilation *c, struct options *o)
{
    void *handle = NULL;
    c->path = o->files.at[0];
    c->cached = !o->no_cache;
    const struct ganrt_model *model = compile(c, AT_OBJ) ? jit_load(c->g, &c->object, &handle) : NULL;
    int status = command_finish(c, o, model ? 0 : 1);
    if (!status) {
        char **arguments = NEW_ARRAY(c->g->mem, char *, o->argc - o->rest + 2);
        arguments[0] = arena_format(c->g->mem, "ganc run %s", c->path);
        for (int i = o->rest; i < o->argc; i++) arguments[i - o->rest + 1] = o->argv[i];
        status = ganrt_main(model, o->argc - o->rest + 1, arguments);
    }
    jit_unload(handle);
    return status;
}

/* --diff: which program is kept, to be compared with the one of `stage`. */
static int set_diff(struct compilation *c, const struct options *o, enum stage_id stage)
{
    if (stage != AT_GRAD && stage != AT_OPT) return usage_error("%s", "--diff goes with --emit=grad and --emit=opt");
    c->keep = stage == AT_GRAD ? AT_GRAPH : c->after ? AT_OPT : AT_GRAD;
    if (!strcmp(o->diff, "graph")) c->keep = AT_GRAPH;
    else if (!strcmp(o->diff, "grad") && stage == AT_OPT) c->keep = AT_GRAD;
    else if (*o->diff) return usage_error("--diff=%s: a stage before the one that is printed: graph or grad", o->diff);
    return 0;
}

static void print_diff(struct compilation *c, enum stage_id stage, struct buffer *to)
{
    bool pass = c->keep == AT_OPT, after = c->after && stage == AT_OPT;
    if (!c->kept) {
        diag(c->g, E0005, (struct span){0}, pass ? "grad" : stage_names[c->keep], "the file is a text of a later stage");
        return;
    }
    const char *old = arena_format(c->g->mem, "%s %s", pass ? "before" : "at", pass ? c->after : stage_names[c->keep]);
    const char *new = arena_format(c->g->mem, "%s %s", after ? "after" : "at", after ? c->after : stage_names[stage]);
    program_difference(to, c->g, c->kept, c->program, old, new);
}

int command_compile(struct compilation *c, struct options *o)
{
    enum stage_id stage = STAGE_COUNT;
    if (o->files.n != 1) return usage_error("%s", "one model at a time");
    c->path = o->files.at[0];
    if (o->emit) {
        int i = 0;
        while (i < STAGE_COUNT && strcmp(o->emit, stage_names[i])) i++;
        if (i == STAGE_COUNT) return usage_error("--emit=%s: the stages are ast graph grad opt kernels plan llvm asm obj dot", o->emit);
        stage = (enum stage_id)i;
    } else if (!o->output) return usage_error("%s", "say where the trainer goes: -o TRAINER, or `ganc run`");
    c->cached = !o->no_cache && stage == STAGE_COUNT;
    if (c->tune && (stage < AT_KERNELS || stage == AT_DOT)) return usage_error("--tune does not go with --emit=%s, which comes before the kernels", o->emit);
    int status = o->diff ? set_diff(c, o, stage) : 0;
    if (status) return status;
    if (!compile(c, stage == STAGE_COUNT ? AT_OBJ : stage)) return command_finish(c, o, 1);
    if (stage == STAGE_COUNT) {
        const char *library = runtime_library(c->g);
        if (!library) diag(c->g, E0006, (struct span){0});
        else object_link(c->g, &c->object, o->output, library);
    } else {
        struct buffer b = {0};
        if (o->diff) print_diff(c, stage, &b);
        else stage_print(c, stage, &b);
        if (!diag_errors(c->g)) write_file(c->g, o->output ? o->output : "-", b.text ? b.text : "", b.length);
        buffer_free(&b);
    }
    return command_finish(c, o, 0);
}
