/* graphs.h: machine-made graphs, compiled, against the reference evaluator; what the files of graphs*.c share.
 *
 *     graphs.c          the command: draws, counts, reports
 *     graphs_make.c     a random program of two graphs: first values of its tensors, and what is looked at
 *     graphs_check.c    a program through evaluator and compiled code, within bounds (compiler/evaluate/bounds.h)
 *     graphs_shrink.c   a smaller program that fails still */
#ifndef FUZZ_GRAPHS_H
#define FUZZ_GRAPHS_H

#include "base/buffer.h"
#include "graph/program.h"

#include <stdint.h>

/* What one graph is made of; every choice in it follows from the seed. */
struct recipe {
    uint64_t seed;
    uint32_t nodes;    /* operations drawn */
    uint32_t grads;    /* gradients drawn; the later ones may be gradients of the earlier */
    bool second;       /* at least one gradient of a gradient */
    const char *off;   /* a pass or rule that is left out, or NULL */
};

enum verdict {
    AGREES,
    UNDECIDED, /* a comparison, floor or maximum within the bounds, or a number that is none: drawn again */
    DIFFERS,
    REFUSED,   /* ganc reports an error, or the evaluator cannot: a bug of either */
};

/* A program at STAGE_GRAPH in g: graphs 0 (INIT) and 1 (STEP), whose outputs are pictures or nets' values, and whose effects set tensors. */
struct program *graph_made(struct ganc *g, const struct recipe *r);

/* Differentiates, optimises and compiles p (which is used up), and compares; what differs, or the error, goes to `why`. */
enum verdict graph_checked(struct ganc *g, struct program *p, const char *off, struct buffer *why);

/* The text of the smallest program found that fails as `text` does; in `to`. tries(self, text): does it fail still? */
void graph_shrunk(const char *text, bool (*tries)(void *self, const char *text), void *self, struct buffer *to);

struct program *graph_read(struct ganc *g, const char *text); /* NULL: errors, in g */

#endif
