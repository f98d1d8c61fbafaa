/* elaborate.h: from syntax trees to graphs: compile-time evaluation.
 *
 * Functions are inlined, layers instantiated, loops unrolled, fixed settings folded; what is left are tensors (graph nodes) and
 * expressions of the schedule. The language is specified in compiler/docs/language.md. */
#ifndef GANC_ELABORATE_H
#define GANC_ELABORATE_H

#include "graph/program.h"
#include "syntax/ast.h"

/* The program of a parsed file, at STAGE_GRAPH, or NULL after reporting errors. `name` is the model's. */
struct program *elaborate(struct ganc *g, const struct ast *file, const char *name);

/* The text of a model as one file that stands alone: each import of a file has become its text. Of a program that was read back, too. */
const char *model_text(struct ganc *g, const struct program *p);

#endif
