/* passes.h: the pass pipeline over graphs. STAGE_GRAD -> STAGE_OPT. */
#ifndef GANC_PASSES_H
#define GANC_PASSES_H

#include "base/buffer.h"
#include "graph/program.h"

/* Rewrites one graph in place, value for value; true where that changed something. */
typedef bool pass_run(struct ganc *g, const struct program *p, struct graph *graph);

/* Rewrites a whole program; true where that changed something. */
typedef bool program_pass_run(struct ganc *g, struct program *p);

struct pass {
    const char *name;
    pass_run *run;
    uint32_t requires, gives, breaks; /* sets of properties, see passes.def */
    const char *doc;
    program_pass_run *whole; /* a program's pass; then run is NULL */
};
extern const struct pass passes[];
extern const uint32_t pass_count;

#define PASS(name, requires, gives, breaks, doc) pass_run pass_##name;
#define PROGRAM_PASS(name, doc) program_pass_run pass_##name;
#include "passes/passes.def"
#undef PASS
#undef PROGRAM_PASS

/* Runs the pipeline over all graphs; the graphs are verified after each pass. `after`: a pass's name, NULL for the whole: stops
 * after that pass of the first round. `off`: names of passes to leave out. Returns false after an error: a name that is no pass
 * (E0652), a pass that broke a graph (E0651). */
bool passes_run(struct ganc *g, struct program *p, const char *after, const char *const *off, uint32_t off_count);

/* docs/passes.md, generated from passes.def. */
void passes_print_docs(struct buffer *to);

/* What differentiate/ does to a forward graph first: sink, views and rewrite until nothing changes, around the nodes with respect to which
 * gradients are taken. */
void stabilize_graph(struct ganc *g, const struct program *p, struct graph *graph);

#endif
