/* read.h: the text of kernels being read, for read.c (memory, graphs, storages) and read_kernel.c (kernels).
 *
 * The sections of the program are read by graph/parse.c. Here too an error ends its line, and what was read of it counts for nothing: where there
 * was one, no kernels are made. A reference is to what stands above it. */
#ifndef GANC_SCHEDULE_READ_H
#define GANC_SCHEDULE_READ_H

#include "schedule/fields.h"
#include "schedule/verify.h"

struct reading { /* parse->self */
    struct kernels *k;
    bool memory, checked;
    struct span head;
    VEC(struct span) tensors;
    VEC(struct graph_places) graphs;
    /* of the graph being read */
    struct kernel_graph *kg;
    struct key_map names;       /* of its own storages, by interned name: position */
    VEC(bool) twice;            /* by position: another has that name */
    VEC(struct span) storages, outputs;
    VEC(struct kernel_places) kernels;
    VEC(struct output) values;  /* program's outputs, once it is verified: their places in struct graph */
};

static inline struct reading *reading_of(struct parse *s) { return s->self; }

uint32_t read_storage(struct parse *s);  /* a reference; its id */
void read_kernel(struct parse *s);       /* behind the word `kernel`, with the end of its last line */

#endif
