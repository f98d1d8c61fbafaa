/* differentiate.h: every `grad` of a program becomes an ordinary graph. STAGE_GRAPH -> STAGE_GRAD. */
#ifndef GANC_DIFFERENTIATE_H
#define GANC_DIFFERENTIATE_H

#include "graph/program.h"

/* First the forward graphs are brought into stable form (passes/stabilize.c), so that gradients come from it; then each grad(y, x),
 * innermost first, is replaced by the gradient of the sum of y, over example and batch, with respect to x. It has x's
 * type; zeros where y does not depend on x. Returns false after an error (a broken rule file, a bug). */
bool differentiate(struct ganc *g, struct program *p);

#endif
