/* program.h: a whole model after elaboration: tensors, data, nets, graphs, and the schedule that runs them.
 *
 * The texts `graph`, `grad`, `opt` are this structure printed (graph/print.c); graph/parse.c reads them back. Memory: the compilation's. */
#ifndef GANC_PROGRAM_H
#define GANC_PROGRAM_H

#include "graph/graph.h"

/* An expression of the schedule: scalars in double, evaluated between graphs. Booleans are 0 and 1. */
enum sexpr_kind {
    SEXPR_NUMBER,  /* number */
    SEXPR_SETTING, /* index: program->settings */
    SEXPR_STEP,    /* the train block's pass, from 1 */
    SEXPR_EPOCH,   /* from 1 */
    SEXPR_LOOK,    /* 1 where the runtime runs the graph to look at its gradients (elaborate/watch.c), else 0 */
    SEXPR_UPDATES, /* index: program->counters; of the update under way, from 1 */
    SEXPR_VAR,     /* index: a let of the train block (slot in frame->vars) */
    SEXPR_STATE,   /* index: program->tensors, a schedule state of shape [] */
    SEXPR_RESULT,  /* index: an output of a graph that has run (frame->results) */
    SEXPR_OP,      /* op (a MAP operation, evaluated in double; also the logic below), arg[0..nargs) */
    SEXPR_NOT,     /* arg[0] == 0 */
    SEXPR_AND,     /* both not 0; the second is not evaluated where the first decides */
    SEXPR_OR,
};

struct sexpr {
    enum sexpr_kind kind;
    double number;
    uint32_t index;
    enum op op;
    uint32_t nargs;
    const struct sexpr *arg[3];
};

struct setting {
    const char *name, *doc;       /* doc may be NULL */
    const struct sexpr *value;    /* the default; may read settings before it */
    bool fixed;                   /* part of the compiled shapes: the trainer refuses --NAME, and says how to recompile */
    bool boolean;
    const char *text;             /* of a string setting (always fixed), else NULL */
    struct span span;
};

struct data {
    const char *name, *field;     /* field: NULL, or the field of a record (each field is one `data` of its own; same `source`) */
    uint32_t source;              /* data with the same source number are fields of one record, drawn together */
    struct type type;             /* unbatched; of one example */
    bool any;                     /* in any */
    bool onehot;                  /* a class label */
    double low, high;
    const char *from;             /* default path, or NULL */
    bool sliced;
    int64_t slice_low, slice_high; /* slice_high -1: to the end */
    struct span span;
};

struct prior_info { /* for `info` and the tools */
    const char *name;
    struct type type;
    const char *text; /* the distribution as written */
};

enum tensor_kind { TENSOR_PARAMETER, TENSOR_NET_STATE, TENSOR_OPTIMIZER_STATE, TENSOR_SCHEDULE_STATE, TENSOR_AVERAGE };

struct tensor {
    const char *name;     /* G.dense1.W; momentum.v.G.dense1.W for an optimizer's state */
    enum tensor_kind kind;
    struct type type;     /* unbatched */
    int32_t net;          /* whose it is: program->nets, or -1 */
    int32_t of;           /* OPTIMIZER_STATE: the parameter's tensor; AVERAGE: the one that it follows; else -1 */
    bool f64;             /* SCHEDULE_STATE of shape []: held as a double, read by SEXPR_STATE. All else has the program's element type */
    struct span span;
};

struct net_input {
    const char *name;
    struct type type;  /* unbatched: of an example */
    int32_t prior;     /* its usual source, program->priors; or -1 */
    int32_t data;      /* or program->data; or -1 */
};

/* A call in a net's body that gives a tensor: of a layer, function or net. For `ganc info`; not in the texts. */
struct net_step {
    const char *path;  /* of a layer or net: its tensors' names begin so; else NULL */
    const char *what;  /* what is called */
    struct type type;  /* of its result */
    struct span span;
};

struct net_info {
    const char *name;
    VEC(struct net_input) inputs;
    struct type output;          /* unbatched */
    VEC(uint32_t) tensors;       /* parameters and states, those of nets it calls included, in the order of the text */
    int32_t graph;               /* its forward program (GRAPH_NET), or -1 */
    VEC(struct net_step) steps;
    struct span span;
};

/* The schedule of a train block. */
enum schedule_kind {
    SCHEDULE_RUN,    /* graph, then its effects; counters[0..ncounters) advance before */
    SCHEDULE_REPEAT, /* value times the body */
    SCHEDULE_EVERY,  /* the body where step is divisible by value */
    SCHEDULE_IF,     /* value: body, else otherwise */
    SCHEDULE_LET,    /* vars[index] = value */
    SCHEDULE_SET,    /* tensors[index] (a schedule state of shape []) = value */
};

struct schedule_list {            /* used as a VEC(struct schedule *) */
    struct schedule **at;
    uint32_t n, capacity;
};

struct schedule {
    enum schedule_kind kind;
    const struct sexpr *value;
    uint32_t index;               /* RUN: graph; LET: slot; SET: tensor */
    VEC(uint32_t) counters;       /* RUN: update counters that advance by one before the graph runs */
    struct schedule_list body, otherwise;
    struct span span;
};

struct train {
    const char *name;             /* "train" where it has none */
    int64_t batch;
    const struct sexpr *steps, *epochs; /* one of them NULL */
    uint32_t vars;                /* slots that its lets use */
    int32_t epoch_data;           /* program->data whose passes `epoch` counts; -1: none, epoch stays 1 */
    struct schedule_list body;
    VEC(uint32_t) counters;       /* counters that start again at 0 with this block */
    struct span span;
};

struct report {
    const char *name;
    uint32_t graph;
    int32_t gather;               /* a graph that runs over all of the data first: its outputs' averages are the inputs of `graph`; -1: none */
    const struct sexpr *every;    /* NULL: whenever a line is logged */
    struct span span;
};

struct picture {
    const char *name;
    uint32_t graph;
    const struct sexpr *every;    /* NULL: at the end, and whenever --pictures-every says */
    int64_t rows, columns;        /* rows * columns = the graph's batch */
    bool image;                   /* else it is written as CSV */
    struct type type;             /* of one tile: [h, w], [h, w, 1], [h, w, 3], or [n] of a data set that is drawn as an h x w image */
    bool any;                     /* scaled by the largest absolute value */
    double low, high;             /* what is black and what is white */
    struct span span;
};

enum stage { STAGE_GRAPH, STAGE_GRAD, STAGE_OPT };

struct program {
    enum stage stage;
    const char *name;             /* of the model: the file's name without folder and ending */
    bool f64;
    const char *source;           /* the text of the .gan file, for the run's folder */
    VEC(uint32_t) imports;        /* the files that it imports, of ganc->sources, in the order in which they were first met */
    VEC(struct setting) settings;
    VEC(struct data) data;
    VEC(struct prior_info) priors;
    VEC(struct tensor) tensors;
    VEC(struct net_info) nets;
    VEC(const char *) counters;   /* update counters: a name for readers */
    VEC(struct graph *) graphs;
    VEC(const char *) results;    /* names of frame->results */
    struct schedule_list setup; /* SETs that run once after the INIT graphs: first values of schedule states of shape [] */
    VEC(struct train) trains;
    VEC(struct report) reports;
    VEC(struct picture) pictures;
    uint32_t streams;             /* random streams in use: 0 .. streams - 1 */
};

/* Does the graph run as a part of another (graph->joins)? */
bool program_is_part(const struct program *p, uint32_t graph);

/* schedule expressions (graph/sexpr.c): constants fold. sexpr_number_of: its value where it is a number. */
const struct sexpr *sexpr_number(struct ganc *g, double x);
const struct sexpr *sexpr_leaf(struct ganc *g, enum sexpr_kind kind, uint32_t index);
const struct sexpr *sexpr_op(struct ganc *g, enum op op, uint32_t nargs, const struct sexpr *const *args);
const struct sexpr *sexpr_logic(struct ganc *g, enum sexpr_kind kind, const struct sexpr *a, const struct sexpr *b);
bool sexpr_equal(const struct sexpr *a, const struct sexpr *b);
void sexpr_print(struct buffer *to, const struct program *p, const struct sexpr *e);
struct sexpr_context { /* where the leaves get their values */
    const double *settings, *vars, *results, *counters;
    double step, epoch, look;
    const double *(*state)(void *self, uint32_t tensor);
    void *self;
};
double sexpr_evaluate(const struct sexpr *e, const struct sexpr_context *c);

/* texts (graph/print.c, graph/parse.c). program_parse reports E06xx and returns NULL. */
void program_print(struct buffer *to, const struct ganc *g, const struct program *p);
void graph_print(struct buffer *to, const struct ganc *g, const struct program *p, const struct graph *graph);
struct program *program_parse(struct ganc *g, uint32_t file);
bool program_is_text(const char *text, size_t length); /* does it start with `ganc graph`, `ganc grad` or `ganc opt`? */
void program_dot(struct buffer *to, const struct ganc *g, const struct program *p);

/* What happened to a program between two of its states (graph/difference.c). A snapshot shares what never changes: nodes and tables. The difference is a
 * unified diff for each graph that is not the same; `old_name`, `new_name` say what the states are: "grad", "after cse". */
struct program *program_snapshot(struct ganc *g, const struct program *p);
void program_difference(struct buffer *to, struct ganc *g, const struct program *old, const struct program *new, const char *old_name, const char *new_name);

/* Checks everything graph.h and this page promise; returns a message (arena memory) that names graph and node, or NULL. */
const char *program_verify(struct ganc *g, const struct program *p);
const char *graph_verify(struct ganc *g, const struct program *p, const struct graph *graph);

#endif
