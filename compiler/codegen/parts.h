/* parts.h: a module compiled in parts, on several threads, to one object. */
#ifndef GANC_CODEGEN_PARTS_H
#define GANC_CODEGEN_PARTS_H

#include "codegen/codegen.h"

/* One object of several; *out is malloc'ed whatever comes back: NULL, or what was wrong with them. */
const char *objects_merge(const struct object *parts, unsigned count, struct object *out);

#endif
