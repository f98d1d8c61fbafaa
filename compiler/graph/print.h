/* print.h: a program's text being written, for print.c (declarations and schedule), print_graph.c (graphs) and schedule/print.c (kernels). */
#ifndef GANC_GRAPH_PRINT_H
#define GANC_GRAPH_PRINT_H

#include "base/buffer.h"
#include "graph/text.h"

struct printer {
    struct buffer *to;
    const struct ganc *g;
    const struct program *p;
    const struct text_names *names;
    size_t line;         /* where in `to` the present line begins */
    uint32_t model;      /* the file that holds the model: program->source; 0: none */
    size_t folder;       /* bytes of its name up to the last slash: left out of all names */
    bool *mentioned;     /* by file: a place in it was printed */
    const uint32_t *number; /* by id: what a value of the graph is called; NULL: its id */
};

void print_line(struct printer *t);                                /* ends a line */
void print_place(struct printer *t, uint32_t column, struct span s); /* "  @12:5+3", nothing where there is no place */
void print_column(struct printer *t, uint32_t column);             /* spaces up to there; at least one */
void print_type(struct printer *t, struct type type);              /* [B, 784] */
void print_interval(struct printer *t, double low, double high, bool low_open, bool high_open);
const char *print_file_name(const struct printer *t, uint32_t file);
void print_attributes(struct printer *t, const struct node *n);     /* " stream 3 p 0.5" */
void print_graph(struct printer *t, const struct graph *graph);
void print_graph_head(struct printer *t, const struct graph *graph); /* "graph 3 step NAME batch 100", no line's end */
void print_output(struct printer *t, const struct output *o, const char *value); /* "objective V = %8 result V" */
struct printer printer_new(struct buffer *to, const struct ganc *g, const struct program *p, struct arena *mem);

/* A program's text of any stage: part(NULL) prints what the stage adds to the declarations, part(graph) a whole graph. */
typedef void print_part(struct printer *t, const struct graph *graph, void *self);
void program_print_as(struct buffer *to, const struct ganc *g, const struct program *p, const char *stage, print_part *part, void *self);

#endif
