/* stages.h: what the fuzz targets share: the stages from a program on, and what must hold of each. */
#ifndef FUZZ_STAGES_H
#define FUZZ_STAGES_H

#include "base/buffer.h"
#include "base/diag.h"
#include "differentiate/differentiate.h"
#include "graph/program.h"
#include "passes/passes.h"
#include "schedule/kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void must(bool holds, const char *what, const struct buffer *text)
{
    if (holds) return;
    fprintf(stderr, "%s:\n%.*s\n", what, text ? (int)text->length : 0, text && text->text ? text->text : "");
    abort();
}

static inline void must_hold(struct ganc *g, const struct program *p)
{
    const char *fault = program_verify(g, p);
    must(!fault, fault ? fault : "", NULL);
}

static inline void later_stages(struct ganc *g, struct program *p)
{
    must_hold(g, p);
    if (p->stage == STAGE_GRAPH && !differentiate(g, p)) return;
    must_hold(g, p);
    if (p->stage == STAGE_GRAD && !passes_run(g, p, NULL, NULL, 0)) return;
    must_hold(g, p);
    struct kernels *k = kernels_make(g, p);
    if (!k) return;
    struct buffer b = {0};
    kernels_print(&b, g, k);
    plan_print(&b, g, k);
    buffer_free(&b);
}

/* Messages are printed too: an excerpt of odd bytes is where printing goes wrong. */
static inline void print_diagnostics(struct ganc *g)
{
    static FILE *nowhere;
    if (!nowhere) nowhere = fopen("/dev/null", "w");
    diag_print(g, nowhere, COLOR_NEVER);
}

#endif
