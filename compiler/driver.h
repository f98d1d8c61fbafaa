/* driver.h: the stages in order, from a file to an object, and what prints each. */
#ifndef GANC_DRIVER_H
#define GANC_DRIVER_H

#include "base/diag.h"
#include "codegen/codegen.h"
#include "graph/program.h"
#include "schedule/kernels.h"
#include "syntax/ast.h"

enum stage_id { AT_AST, AT_GRAPH, AT_GRAD, AT_OPT, AT_KERNELS, AT_PLAN, AT_LLVM, AT_ASM, AT_OBJ, AT_DOT, STAGE_COUNT };

struct compilation {
    struct ganc *g;
    const char *path;      /* of the model, as given */
    const char *after;     /* --after=PASS, or NULL */
    VEC(const char *) off; /* --no-pass=NAME */
    struct ast *tree;      /* NULL where a text of the compiler was given */
    struct program *program;
    enum stage_id keep;    /* for --diff: AT_GRAPH, AT_GRAD: the program of that stage is kept; AT_OPT: as it is before the pass `after`; AT_AST: none */
    struct program *kept;  /* NULL where the file is a text of a later stage */
    bool cached;           /* an object that was made before will do, and what is made is kept (codegen/cache.h) */
    bool tune;               /* --tune: grids of tiles are chosen by measuring (tune.h) */
    struct kernels *kernels;
    bool kernels_read;     /* they are the file: a text of kernels; no stage before them is there */
    struct object object;
};

extern const char *const stage_names[STAGE_COUNT];

/* Runs the stages up to `last`; false where there were errors (diagnostics are collected, not printed). A file may
 * hold a model, or a text of the stages graph, grad, opt, kernels, from which the rest goes on. */
bool compile(struct compilation *c, enum stage_id last);
bool compile_on(struct compilation *c, enum stage_id last); /* from c->program, as AT_GRAPH left it */
void stage_print(struct compilation *c, enum stage_id stage, struct buffer *to);

#endif
