/* command_compile.c: `ganc MODEL.gan -o TRAINER`, `--emit`, and `ganc run`. */
#include "base/buffer.h"
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* libganrt.a: beside ganc (build tree), or where it was installed. */
static const char *runtime_library(struct ganc *g)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0) return NULL;
    self[n] = 0;
    char *slash = strrchr(self, '/');
    if (slash) *slash = 0;

    for (int i = 0; i < 2; i++) {
        char path[4200];
        snprintf(path, sizeof path, i ? "%s/../" GANC_LIBDIR "/ganc/libganrt.a" : "%s/libganrt.a", self);
        if (access(path, R_OK) == 0) return arena_format(g->mem, "%s", path);
    }
    return NULL;
}

int command_run(struct compilation *c, struct options *o)
{
    c->path = o->files.at[0];
    bool good = compile(c, AT_OBJ);
    int status = command_finish(c, o, good ? 0 : 1);
    if (status) return status;
    char **arguments = NEW_ARRAY(c->g->mem, char *, o->argc - o->rest + 2);
    arguments[0] = arena_format(c->g->mem, "ganc run %s", c->path);
    for (int i = o->rest; i < o->argc; i++) arguments[i - o->rest + 1] = o->argv[i];
    status = jit_run(c->g, &c->object, o->argc - o->rest + 1, arguments);
    int late = command_finish(c, o, 0);
    return late ? late : status;
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
    if (!compile(c, stage == STAGE_COUNT ? AT_OBJ : stage)) return command_finish(c, o, 1);
    if (stage == STAGE_COUNT) {
        const char *library = runtime_library(c->g);
        if (!library) diag(c->g, E0006, (struct span){0});
        else object_link(c->g, &c->object, o->output, library);
    } else {
        struct buffer b = {0};
        stage_print(c, stage, &b);
        write_file(c->g, o->output ? o->output : "-", b.text ? b.text : "", b.length);
        buffer_free(&b);
    }
    return command_finish(c, o, 0);
}
